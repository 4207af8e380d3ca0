"""`newswire recall` without a Kafka: what it needs, what it says, and a store that is redacted by hand."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline import codec
from pipeline.cli import root
from pipeline.sinks.forms import unpack
from pipeline.sinks.stores import FileStore
from tests.sinks.test_redaction import KEY, SECRET, URI, filled


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store on disk, and nothing of ours around it."""
    monkeypatch.chdir(tmp_path)
    for key, body in asyncio.run(filled()).objects.items():
        path = tmp_path / "store" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return tmp_path / "store"


def newswire(*arguments: str) -> Result:
    return CliRunner().invoke(root, ["--set", "objects.prefix=news", "recall", *arguments])


def events_with_the_secret(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*enriched*/**/dt=*/**/*.zst") if SECRET.encode() in unpack(path.read_bytes())[0]]


def test_by_hand_and_again(folder: Path) -> None:
    arguments = ("run", URI, "--reason", "court order", "--store", f"file:{folder}", "--store-only")
    result = newswire(*arguments)
    assert (result.exit_code, result.stdout) == (0, "erased 2 events, 2 raw items, 2 documents\n")
    assert events_with_the_secret(folder) == []
    again = newswire(*arguments)
    assert (again.exit_code, again.stdout.startswith("nothing to erase in ")) == (0, True)
    kept = b"".join(unpack(path.read_bytes())[0] for path in folder.rglob("*enriched*/**/*.r1.jsonl.zst"))
    assert b'"redacted-reason":"by hand: court order"' in kept


def test_by_hand_for_machines(folder: Path) -> None:
    result = newswire("run", URI, "--reason", "x", "--store", f"file:{folder}", "--store-only", "--json")
    document = codec.loads(result.stdout)
    assert {name: document[name] for name in ("withdrawn", "events", "raw", "documents", "rows", "problems", "missing")} == {
        "withdrawn": [], "events": 2, "raw": 2, "documents": 2, "rows": 0, "problems": [], "missing": [],
    }  # fmt: skip


def test_what_could_not_be_erased_is_status_1(folder: Path) -> None:
    [path, *_] = events_with_the_secret(folder)
    path.write_bytes(path.read_bytes()[:-9])
    result = newswire("run", URI, "--reason", "x", "--store", f"file:{folder}", "--store-only")
    assert result.exit_code == 1
    assert "not erased: " in result.stderr
    assert "see `newswire verify`" in result.stderr
    assert "erased 1 event, " in result.stdout  # the other one


def test_the_verifier_agrees(folder: Path) -> None:
    newswire("run", URI, "--reason", "x", "--store", f"file:{folder}", "--store-only")
    result = CliRunner().invoke(
        root,
        ["--set", "objects.prefix=news", "verify", "--store", f"file:{folder}", "--topic", "newswire.enriched", "--killed", URI],
    )
    assert result.exit_code == 0, result.output
    assert asyncio.run(_names(folder))


async def _names(folder: Path) -> list[str]:
    return [key async for key in FileStore(folder).list("news/v1/newswire.enriched/") if ".r1." in key]


@pytest.mark.parametrize("name", ["p=000/README", "p=abc/README", "p=000/00000000000000000000-00000000000000000002.json"])
def test_what_is_no_manifest_keeps_nothing_else_from_being_erased(folder: Path, name: str) -> None:
    [manifests] = folder.glob("**/newswire.documents/*/_manifest")
    (manifests / name).parent.mkdir(exist_ok=True)
    (manifests / name).write_bytes(b"{}")
    result = newswire("run", URI, "--reason", "x", "--store", f"file:{folder}", "--store-only")
    assert result.stdout.startswith("erased 2 events, 2 raw items"), result.output
    assert events_with_the_secret(folder) == []
    assert (result.exit_code, "not looked into: " in result.stderr) == ((0, False) if "abc" in name else (1, True))


def test_a_manifest_whose_time_is_none_is_named(folder: Path) -> None:
    [path] = folder.glob("**/newswire.enriched/*/_manifest/p=000/*5-*.json")
    path.write_bytes(codec.dumps({**codec.loads(path.read_bytes()), "max_event_time": "never"}))
    result = newswire("run", URI, "--reason", "x", "--store", f"file:{folder}", "--store-only")
    assert (result.exit_code, f"{path.name}: Invalid isoformat" in result.stderr) == (1, True), result.output


def test_parquet_that_cannot_be_redacted_keeps_nothing_else_from_being_erased(folder: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow (the extra `parquet`) is not installed")
    compact = ["--set", "objects.prefix=news", "compact", "--store", f"file:{folder}"]
    assert CliRunner().invoke(root, compact).exit_code == 0
    [path] = folder.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    result = newswire("run", URI, "--reason", "x", "--store", f"file:{folder}", "--store-only")
    assert result.stdout == "erased 2 events, 2 raw items, 2 documents\n"
    assert (result.exit_code, f"{path.name} cannot be read" in result.stderr) == (1, True), result.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", URI], "--reason"),
        (["run", URI, "--reason", " "], "say why"),
        (["run", " ", "--reason", "x", "--store", "file:store", "--store-only"], "is empty"),
        (["run", "--reason", "x"], "URI"),
        (["run", URI, "--reason", "x", "--store", "file:nowhere", "--store-only"], "no object store at"),
        (["run", URI, "--reason", "x", "--store", "ftp://x", "--store-only"], "give --store or set objects.store"),
        (["prove", URI, "--store", "memory:"], "of another process"),
        (["prove", URI, "--store", "file:nowhere"], "no object store at"),
        (["prove", " ", "--store", "file:store"], "is empty"),
    ],
)
def test_a_mistake_is_status_2_and_a_sentence(
    folder: Path, arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSWIRE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    result = newswire(*arguments)
    assert (result.exit_code, sentence in result.stderr) == (2, True), result.output
    assert not (folder.parent / "nowhere").exists()


def test_with_the_local_kafka_down_nothing_is_proved(folder: Path) -> None:
    result = newswire("prove", URI, "--store", f"file:{folder}")
    assert (result.exit_code, "nothing is proved: the local Kafka in " in result.stderr) == (2, True), result.output


def test_without_kafka_nothing_is_proved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSWIRE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    result = newswire("prove", URI, "--store", f"file:{folder}")
    assert (result.exit_code, "nothing is proved: no Kafka answers at 127.0.0.1:1" in result.stderr) == (2, True), result.output
    assert KEY not in result.stdout
