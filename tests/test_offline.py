"""`newswire offline` as a user meets it: what is printed, in which order, with which exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import offline
from pipeline.article import Article
from tests.builders import NOW, rss, rss_item

MODIFIED_AT = 1_772_350_200.25  # 2026-03-01T07:30:00.250Z


def newswire(
    *arguments: str, stdin: bytes = b"", cwd: Path | None = None, **environment: str
) -> tuple[int, list[dict[str, object]], str]:
    """Exit status, the records printed, and what was said on stderr."""
    command = [sys.executable, "-m", "pipeline", "offline", *arguments]
    around = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), **environment}
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, cwd=cwd, env=around, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """b/two.xml, a.txt, c.bin and a hidden file, all of one modification time."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.xml").write_bytes(rss(rss_item(title="From the feed")))
    (tmp_path / "a.txt").write_text("From the note\n\nWater rose in Kyiv on Sunday, officials said.\n")
    (tmp_path / "c.bin").write_bytes(b"\x00\x01\x02")
    (tmp_path / ".hidden.txt").write_text("Nobody asked for this")
    for path in tmp_path.rglob("*"):
        os.utime(path, (MODIFIED_AT, MODIFIED_AT))
    return tmp_path


def headlines(records: list[dict[str, object]]) -> list[str]:
    """The main headline of each record."""
    return [record["headlines"][0]["value"] for record in records]  # type: ignore[index]


def test_a_folder_is_read_by_name_and_rejects_go_to_stderr(folder: Path) -> None:
    status, records, errors = newswire(".", cwd=folder)
    assert status == 3
    assert headlines(records) == ["From the note", "From the feed"]
    assert [json.loads(line) for line in errors.splitlines()] == [
        {
            "path": "c.bin",
            "part": 0,
            "stage": "normalize",
            "reason": "unknown_format",
            "detail": "declared 'binary', looks like binary",
        }
    ]
    assert {record["pipeline"]["times"]["ingested"] for record in records} == {"2026-03-01T07:30:00.250Z"}  # type: ignore[index]


def test_files_come_in_the_order_given_and_now_replaces_their_time(folder: Path) -> None:
    status, records, errors = newswire("--now", "Sun, 01 Mar 2026 09:00:00 +0100", "b/two.xml", "a.txt", cwd=folder)
    assert (status, errors) == (0, "")
    assert headlines(records) == ["From the feed", "From the note"]
    assert {record["pipeline"]["times"]["ingested"] for record in records} == {"2026-03-01T08:00:00Z"}  # type: ignore[index]


def test_stdin_and_the_last_stage(folder: Path) -> None:
    value = (folder / "b" / "two.xml").read_bytes()
    stages = {}
    for through in ("normalize", "link", "enrich"):
        status, (record,), _ = newswire("--through", through, "--provider", "example.test", "-", stdin=value)
        assert status == 0
        stages[through] = sorted(record["pipeline"]["provenance"]["stages"])  # type: ignore[index]
    assert stages == {
        "normalize": ["dedup", "normalize"],
        "link": ["dedup", "link", "normalize"],
        "enrich": ["dedup", "enrich", "link", "normalize"],
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere.xml",), "no such file or folder: nowhere.xml"),
        (("a.txt", "nowhere.xml"), "no such file or folder: nowhere.xml"),
        ((), "Missing argument"),
        (("--now", "soon", "a.txt"), "--now wants an instant such as 2026-03-01T07:30:00Z, not 'soon'"),
        (("--through", "print", "a.txt"), "'print' is not one of"),
    ],
)
def test_a_mistake_is_said_in_a_sentence_and_nothing_is_done(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    status, records, errors = newswire(*arguments, cwd=folder)
    assert (status, records) == (2, [])
    assert sentence in errors
    assert "Traceback" not in errors


def test_a_hostile_item_does_not_hold_up_its_neighbour(tmp_path: Path) -> None:
    """Three hundred kilobytes of nested tags, which nh3 would need minutes for, become plain text."""
    bomb = "<![CDATA[" + "<p>&x" * 60_000 + "]]>"
    value = rss(f"<title>bomb</title><description>{bomb}</description></item><item><title>Neighbour</title>")
    (tmp_path / "bomb.xml").write_bytes(value)
    status, records, errors = newswire(str(tmp_path / "bomb.xml"))
    assert (status, errors, headlines(records)) == (0, "", ["bomb", "Neighbour"])
    assert records[0]["pipeline"]["source"]["problems"] == ["html.too_large"]  # type: ignore[index]
    assert [body["contentType"] for body in records[0]["bodies"]] == ["text/plain"]  # type: ignore[attr-defined]


def test_repeats_and_unchanged_texts_give_no_record_and_are_told_with_their_reason(tmp_path: Path) -> None:
    one = offline.Document(path="one", value=rss(rss_item()), at=NOW)
    other_markup = offline.Document(path="two", value=rss(rss_item(body="<div>Water rose in Kyiv on Sunday.</div>")), at=NOW)
    changed = offline.Document(path="three", value=rss(rss_item(body="Water fell.")), at=NOW)
    documents = [one, one, other_markup, changed]
    told: list[offline.Dropped] = []
    found = list(offline.run(documents, through="enrich", feed="f", provider="", tell=told.append))
    assert [result.version for result in found if isinstance(result, Article)] == ["1", "2"]
    assert [(drop.path, drop.stage, drop.dropped) for drop in told] == [("one", "dedup", "repeat"), ("two", "link", "unchanged")]
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(rss(rss_item()))
    status, records, errors = newswire("one", "two", cwd=tmp_path)
    assert (status, len(records)) == (0, 1)
    assert json.loads(errors) == {"path": "two", "part": 0, "stage": "dedup", "dropped": "repeat"}


def test_two_processes_give_the_same_bytes(folder: Path) -> None:
    """With different hash seeds: no set's order may reach the output."""
    runs = [newswire("b", "a.txt", cwd=folder, PYTHONHASHSEED=seed)[1] for seed in ("1", "2")]
    assert json.dumps(runs[0]) == json.dumps(runs[1])
    assert len(runs[0]) == 2


def test_a_file_that_is_too_large_is_refused_not_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    path.write_bytes(rss(rss_item()) + b" " * (11 << 20))
    (found,) = offline.run(offline.read([str(path)], NOW), through="normalize", feed="f", provider="")
    assert isinstance(found, offline.Rejected)
    assert (found.stage, found.reason) == ("poll", "body_too_large")


def test_items_of_a_feed_come_in_its_order_with_the_refused_among_them() -> None:
    long_author = f"<title>b</title><author>{'x' * 9000}</author>"
    value = rss(f"<title>a</title></item><item>{long_author}</item><item><title>c</title>")
    document = offline.Document(path="mixed", value=value, at=NOW)
    found = list(offline.run([document], through="normalize", feed="f", provider=""))
    assert [result.headline if isinstance(result, Article) else result.reason for result in found] == [
        "a",
        "author_too_long",
        "c",
    ]
    assert isinstance(found[1], offline.Rejected)
    assert (found[1].part, found[1].stage) == (1, "poll")


# ── wires ────────────────────────────────────────────────────────────────────────────────────────────────────────────

WIRES = Path(__file__).parent / "formats" / "wires"


def test_a_folder_of_all_wire_formats_is_read() -> None:
    found = list(offline.run(offline.read([str(WIRES)], NOW), through="normalize", feed="f", provider="wire.example"))
    articles = [result for result in found if isinstance(result, Article)]
    assert {article.pipeline.source.format for article in articles} == {
        "anpa",
        "ap",
        "digitalwires",
        "iptc7901",
        "jsonfeed",
        "newsml12",
        "newsmlg2",
        "ninjs",
        "nitf",
    }
    rejects = [(result.path, result.reason) for result in found if isinstance(result, offline.Rejected)]
    assert {reason for _, reason in rejects} <= {"no_content"}  # vocabularies beside the items of a message


def test_a_file_of_several_messages_gives_its_items_in_order_and_each_its_part() -> None:
    for name in ("anpa_day.wire", "iptc7901_day.wire"):
        document = offline.Document(path=name, value=(WIRES / name).read_bytes(), at=NOW)
        found = list(offline.run([document], through="enrich", feed="f", provider="wire.example"))
        assert [result.pipeline.source.part for result in found if isinstance(result, Article)] == [0, 1]
        keys = [result.pipeline.identity.key for result in found if isinstance(result, Article)]
        assert len(set(keys)) == 2
        assert all(key.startswith("guid:wire.example urn:newswire:") for key in keys)


def test_versions_of_one_guid_are_versions_of_one_article() -> None:
    bodies = [
        b'{"uri": "urn:example:1", "type": "text", "version": "%d", "headline": "Sea wall %d", "body_text": "It rose by %d m."}'
        % (n, n, n)
        for n in (1, 2)
    ]
    documents = [offline.Document(path=str(n), value=body, at=NOW) for n, body in enumerate(bodies)]
    found = list(offline.run(documents, through="link", feed="f", provider="wire.example"))
    articles = [result for result in found if isinstance(result, Article)]
    assert len(articles) == 2
    assert len({article.uri for article in articles}) == 1


def test_explain_shows_each_text_and_what_was_taken_from_it(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Snow closes the pass By Reuters\n\nSnow fell on the pass on Sunday.\n")
    status, stdout, errors = explained(str(tmp_path / "note.txt"))
    assert (status, errors) == (0, "")
    assert "note.txt item 0 · text · urn:newswire:item:" in stdout
    assert "Snow closes the pass⟦headline.suffix:  By Reuters⟧" in stdout
    assert "headline.suffix  'By Reuters'" in stdout
    assert "\nrules: headline.suffix_by_agency\n" in stdout
    assert "\nSnow fell on the pass on Sunday.\n" in stdout
    assert "\x1b" not in stdout


def test_explain_goes_on_after_a_reject(folder: Path) -> None:
    status, stdout, errors = explained(str(folder))
    assert status == 3
    assert [json.loads(line)["reason"] for line in errors.splitlines()] == ["unknown_format"]
    assert stdout.count("── ") == 2


def explained(*arguments: str) -> tuple[int, str, str]:
    """Exit status, the text on stdout, and what was said on stderr."""
    command = [sys.executable, "-m", "pipeline", "offline", "--explain", *arguments]
    around = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(command, capture_output=True, timeout=60, env=around, check=False, text=True)
    return done.returncode, done.stdout, done.stderr
