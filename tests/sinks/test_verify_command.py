"""The command `newswire verify`: what it says, its document for machines, its exit status."""

import asyncio
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline import codec
from pipeline.broker.s3proxy import RunningS3
from pipeline.cli import root
from pipeline.sinks.findings import BY_ID, RULES
from pipeline.sinks.stores import open_store
from tests.sinks.planted import good


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good store on disk, and nothing of ours around it."""
    monkeypatch.chdir(tmp_path)
    world = asyncio.run(good())
    for key, body in world.store.objects.items():
        path = tmp_path / "store" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return tmp_path / "store"


def newswire(*arguments: str) -> Result:
    return CliRunner().invoke(root, ["--set", "objects.prefix=news", "verify", *arguments])


def test_the_command_says_what_it_proved(folder: Path) -> None:
    result = newswire("--store", f"file:{folder}")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("no violation: 30 records in 3 segments")
    assert result.stderr == ""


def test_looking_leaves_no_trace(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    assert newswire("--store", f"file:{folder}", "--deep", "--jobs", "1").exit_code == 0
    assert sorted(folder.rglob("*")) == before


def test_the_command_names_what_is_wrong_where_and_the_cure(folder: Path) -> None:
    [path] = folder.glob("**/dt=*/**/*010-*.jsonl.zst")
    path.unlink()
    result = newswire("--store", f"file:{folder}", "--quick")
    assert result.exit_code == 1
    assert "missing (I1): an object that a manifest names is not there: 1" in result.stdout
    assert "t-0 10..19: 10 records" in result.stdout
    assert path.name in result.stdout
    assert BY_ID["missing"].cure in result.stdout
    assert result.stdout.splitlines()[-1].startswith("1 violation: ")


def test_the_document_for_machines_is_stable(folder: Path) -> None:
    [path] = folder.glob("**/dt=*/**/*010-*.jsonl.zst")
    path.write_bytes(path.read_bytes()[:-5])
    result = newswire("--store", f"file:{folder}", "--json")
    assert result.exit_code == 1
    document = codec.loads(result.stdout)
    assert list(document) == ["version", "store", "depth", "is_good", "partitions", "violations", "notes"]
    assert (document["version"], document["is_good"], document["notes"]) == (1, False, [])
    assert [(each["rule"], each["invariant"], each["start"], each["end"]) for each in document["violations"]] == [
        ("damaged", "I4", 10, 19)
    ]
    assert set(document["violations"][0]) == {
        "rule", "invariant", "topic", "topic_id", "partition", "start", "end", "key", "what", "cure",
    }  # fmt: skip
    assert newswire("--store", f"file:{folder}", "--json", "--jobs", "3").stdout == result.stdout


def test_what_could_not_be_searched_is_not_said_to_be_gone(folder: Path) -> None:
    absent = ("--store", f"file:{folder}", "--killed", "urn:newswire:article:99")
    assert "is in no object of the store" in newswire(*absent).stdout
    [path] = folder.glob("**/dt=*/**/*010-*.jsonl.zst")
    path.write_bytes(path.read_bytes()[:-5])
    result = newswire(*absent)
    assert (result.exit_code, "is in no object of the store" in result.stdout) == (1, False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--store", "file:nowhere"], "no object store at"),
        (["--store", "ftp://x"], "give --store or set objects.store"),
        (["--store", "memory:"], "of another process"),
        (["--store", "file:store", "--topic", "tt"], "there is t"),
        (["--store", "file:store", "--quick", "--killed", "urn:x"], "leave --quick out"),
        (["--store", "file:store", "--jobs", "0"], "--jobs"),
    ],
)
def test_a_mistake_is_status_2_and_a_sentence(folder: Path, arguments: list[str], sentence: str) -> None:
    result = newswire(*arguments)
    assert (result.exit_code, sentence in result.stderr) == (2, True), result.output
    assert not (folder.parent / "nowhere").exists()


def test_one_topic_may_be_chosen(folder: Path) -> None:
    result = newswire("--store", f"file:{folder}", "--topic", "t", "--json")
    assert (result.exit_code, len(codec.loads(result.stdout)["partitions"])) == (0, 1)
    result = newswire("--store", f"file:{folder}", "--topic", "enriched", "--json")  # the sink has not begun with it
    assert (result.exit_code, codec.loads(result.stdout)["partitions"]) == (0, [])


def test_a_store_on_s3_is_read_like_a_folder(folder: Path, s3: RunningS3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    url = f"s3://{s3.make_bucket(uuid.uuid4().hex)}/some/where"
    asyncio.run(copy(folder, url))
    deep = newswire("--store", url, "--deep", "--jobs", "1", "--json")
    assert deep.exit_code == 0, deep.output
    assert (
        codec.loads(deep.stdout)["partitions"]
        == codec.loads(newswire("--store", f"file:{folder}", "--json").stdout)["partitions"]
    )
    assert newswire("--store", f"{url}/else").stdout.startswith(f"{url}/else holds nothing yet")
    refused = newswire("--store", f"s3://{uuid.uuid4().hex}")
    assert (refused.exit_code, "nothing is proved" in refused.stderr) == (2, True)


async def copy(folder: Path, url: str) -> None:
    store = open_store(url)
    for path in folder.rglob("*.*"):
        if path.is_file():
            await store.put_new(path.relative_to(folder).as_posix(), path.read_bytes())


def test_an_empty_folder_holds_nothing_yet(folder: Path) -> None:
    (folder.parent / "empty").mkdir()
    result = newswire("--store", f"file:{folder.parent / 'empty'}")
    assert (result.exit_code, "holds nothing yet" in result.stdout) == (0, True)


def test_every_rule_has_a_meaning_and_every_violation_a_cure() -> None:
    assert len(BY_ID) == len(RULES)
    assert all(rule.meaning and (rule.cure or not rule.invariant) for rule in RULES)
