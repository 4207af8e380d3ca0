"""`newswire schemas` as a user meets it, and how records are found in files."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from pipeline import codec
from pipeline.cli import root
from pipeline.contract.entries import entries, short_name
from pipeline.sinks.line import encode_line, encode_raw_line
from tests.builders import article, raw_item
from tests.conftest import ROOT

VALID = ROOT / "schemas" / "examples" / "enriched" / "valid"
GOOD = codec.encode(article())
BAD = codec.dumps({**codec.loads(GOOD), "urgency": 12})


def newswire(*arguments: str, stdin: bytes = b"") -> Result:
    """What the command prints and how it ends."""
    return CliRunner().invoke(root, ["schemas", *arguments], input=stdin)


# ── ls, show ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ls_shows_every_schema_and_what_it_speaks_of() -> None:
    done = newswire("ls")
    assert done.exit_code == 0
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in done.stdout.splitlines()}
    assert lines["enriched"] == "1.0.0 FULL_TRANSITIVE newswire.enriched"
    assert lines["raw"] == "1.0.0 BACKWARD headers on newswire.raw"
    rows = codec.loads(newswire("ls", "--json").stdout)
    assert {row["subject"]: row["id"] for row in rows}["out"] == "urn:newswire:schema:out:1.0.0"


@pytest.mark.parametrize("name", ["enriched", "newswire.enriched", "enriched@1.0.0"])
def test_show_prints_the_file(name: str) -> None:
    assert newswire("show", name).stdout_bytes == (ROOT / "schemas" / "topics" / "enriched" / "1.0.0.json").read_bytes()


def test_show_knows_public_topics_and_manifests() -> None:
    for name in ("out.en", "newswire.out.sports-desk"):
        assert codec.loads(newswire("show", name).stdout)["$id"] == "urn:newswire:schema:out:1.0.0"
    assert codec.loads(newswire("show", "manifest.gap").stdout)["$id"] == "urn:newswire:schema:manifest.gap:1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "enrichd"), "no schema 'enrichd'; did you mean enriched?"),
        (("show", "enriched@7.0.0"), "enriched has no version '7.0.0'; it has 1.0.0"),
        (("check", "--topic", "nix", "-"), "no schema 'nix'"),
        (("check", "no-such-file"), "no such file: no-such-file"),
        (("check", str(VALID)), "is a folder; name its files"),
        (("check", "--ninjs", str(VALID), "-"), "no ninjs-schema_3.*.json"),
        (("check",), "Missing argument"),
    ],
)
def test_a_mistake_is_one_sentence_with_status_2(arguments: tuple[str, ...], said: str) -> None:
    done = newswire(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr


# ── check ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_good_records_are_good() -> None:
    done = newswire("check", *(str(path) for path in sorted(VALID.glob("*.json"))), "--topic", "enriched")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "4 records, all as promised\n"


def test_a_bad_record_is_named_by_file_line_and_path(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join((GOOD, b"", BAD, b"{", GOOD)))
    done = newswire("check", str(file))
    assert done.exit_code == 3
    first, second = done.stdout.splitlines()
    assert first == f"{file}:3: /urgency: 12 is greater than the maximum of 9"
    assert second.startswith(f"{file}:4: /: not JSON")
    assert done.stderr == "4 records, 2 not as promised\n"


def test_a_foreign_record_is_not_answered_with_a_thousand_lines() -> None:
    foreign = codec.dumps({**codec.loads(GOOD), "headlines": [{"role": 1}] * 50})
    lines = newswire("check", "-", stdin=foreign).stdout.splitlines()
    assert len(lines) == 6
    assert lines[-1] == "-:1: … and 95 more"


def test_a_record_of_a_topic_without_a_schema_is_named_like_any_other() -> None:
    done = newswire("check", "-", stdin=b'{"topic": "newswire.state.link", "offset": 1, "value": {}}\n' + GOOD)
    assert (done.exit_code, done.stdout.splitlines()) == (3, ["-:1: /: no schema 'state.link'; see `newswire schemas ls`"])
    assert done.stderr == "2 records, 1 not as promised\n"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ('{"$id": "urn:x", "$defs": 5}', "is not the JSON Schema of ninjs 2 or 3"),
        ('{"$id": "urn:x", "$defs": {"ninjsType": 5}}', "cannot be used as a JSON Schema: 5 is not of types"),
        ('{"$id": "http://[", "$defs": {"ninjsType": {}}}', "cannot be used as a JSON Schema: Invalid URI reference"),
        ('{"$id": "urn:x", "$defs": {"ninjsType": {"$ref": "urn:y"}}}', "cannot be used as a JSON Schema: Resource 'urn:y'"),
    ],
)
def test_a_broken_schema_of_ninjs_is_one_sentence_with_status_2(tmp_path: Path, schema: str, said: str) -> None:
    file = tmp_path / "ninjs.json"
    file.write_text(schema)
    done = newswire("check", "--ninjs", str(file), "-", stdin=GOOD)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_record_that_does_not_say_what_it_is_needs_the_topic() -> None:
    record = b'{"id": "example-world", "url": "https://example.test/feed"}'
    done = newswire("check", "-", stdin=record)
    assert done.exit_code == 3
    assert "name it with --topic" in done.stdout
    assert newswire("check", "--topic", "newswire.feeds", "-", stdin=record).exit_code == 0


def test_the_official_schema_is_asked_too(shared: Path) -> None:
    foreign = codec.dumps({**codec.loads(GOOD), "language": "en", "renditions": [{"name": "web", "href": "no address"}]})
    done = newswire("check", "--ninjs", str(shared / "ninjs"), "-", stdin=foreign)
    assert done.stdout.splitlines() == [
        '-:1: /renditions/0/href: "no address" is not a "uri"',
        '-:1: /renditions/0/href: ninjs: "no address" is not a "uri"',
    ]
    file = shared / "ninjs" / "specification" / "ninjs-schema_3.1.json"
    assert newswire("check", "--ninjs", str(file), "-", stdin=GOOD).exit_code == 0


# ── records in files ─────────────────────────────────────────────────────────────────────────────────────────────────


def found(text: bytes) -> list[tuple[int, str, str]]:
    """(line, topic, what is wrong) of every record."""
    return [(entry.line, entry.topic, entry.fault[:8]) for entry in entries(text.splitlines(keepends=True))]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"", []),
        (b"\n\n", []),
        (b'{"a":1}\n{"b":2}\n', [(1, "", ""), (2, "", "")]),
        (b'\n{\n  "a": 1\n}\n', [(2, "", "")]),
        (b'[{"a":1},{"b":2}]', [(1, "", ""), (1, "", "")]),
        (b'[\n {"a":1},\n {"b":2}\n]', [(1, "", ""), (1, "", "")]),
        (b'{"a":1\n{"b":2}\n', [(1, "", "not JSON"), (2, "", "")]),
        (b"nothing of the kind", [(1, "", "not JSON")]),
        (GOOD, [(1, "normalized", "")]),
        (b"7\n", [(1, "", "")]),
    ],
)
def test_lines_documents_and_lists(text: bytes, wanted: list[tuple[int, str, str]]) -> None:
    assert found(text) == wanted


def test_lines_of_segments_say_their_topic() -> None:
    event = SimpleNamespace(offset=7, timestamp=1, key=b"k", value=GOOD, headers=())
    item = SimpleNamespace(offset=8, timestamp=1, key=b"k", value=b"<rss/>", headers=tuple(codec.raw_headers(raw_item())))
    gone = SimpleNamespace(offset=9, timestamp=1, key=b"k", value=None, headers=())
    lines = [
        encode_line("a.prefix.enriched", 0, event),
        encode_raw_line("newswire.raw", 0, item),
        encode_line("newswire.out.en", 0, gone),
    ]
    read = list(entries(lines))
    assert [(entry.line, entry.topic) for entry in read] == [(1, "enriched"), (2, "raw")]
    assert codec.dumps(read[0].value) == GOOD
    done = newswire("check", "-", stdin=lines[1])
    assert (done.exit_code, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("name", "short"),
    [("enriched", "enriched"), ("my.own.feeds.state", "feeds.state"), ("newswire.out.en", "out.en"), ("nix", ""), ("", "")],
)
def test_any_prefix_is_taken_off(name: str, short: str) -> None:
    assert short_name(name) == short
