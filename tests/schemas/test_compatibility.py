"""What may follow what: every way to break a reader fails, what breaks nobody passes, and published versions never change."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import codec
from pipeline.contract import library
from pipeline.contract.compatibility import breaches
from pipeline.contract.generate import Schema, generate
from pipeline.contract.library import ContractError, Row
from pipeline.contract.subjects import BY_NAME
from pipeline.contract.write import faults, registered, write
from tests.conftest import ROOT

BACK, BOTH = "BACKWARD", "FULL_TRANSITIVE"
Edit = Callable[[Schema], Any]


def enriched(edit: Edit | None = None) -> Schema:
    """The schema of enriched, edited."""
    schema = generate(BY_NAME["enriched"])
    if edit:
        edit(schema)
    return schema


def fields(schema: Schema, name: str) -> Schema:
    """The properties of a record inside the schema."""
    return (schema if name == "Article" else schema["$defs"][name])["properties"]


def required(schema: Schema, name: str) -> list[str]:
    """Its required fields."""
    return (schema if name == "Article" else schema["$defs"][name])["required"]


# edit, the directions in which it breaks somebody, where the message points
EDITS: dict[str, tuple[Edit, set[str], str]] = {
    "nothing": (lambda s: None, set(), ""),
    "other words": (lambda s: fields(s, "Article")["by"].update(description="Else"), set(), ""),
    "an optional field more": (lambda s: fields(s, "Article").update(mood={"type": "string"}), set(), ""),
    "an optional field more, inside": (lambda s: fields(s, "Story").update(mood={"type": "integer"}), set(), ""),
    "an optional field less": (lambda s: fields(s, "Article").pop("slugline"), set(), ""),
    "a required field more": (
        lambda s: (fields(s, "Story").update(mood={"type": "string"}), required(s, "Story").append("mood")),
        {"BACKWARD"},
        "Story, its required fields",
    ),
    "a required field becomes optional": (lambda s: required(s, "Identity").remove("feed"), {"FORWARD"}, "Identity"),
    "a required field less": (
        lambda s: (fields(s, "Article").pop("uri"), required(s, "Article").remove("uri")),
        {"FORWARD"},
        "Article",
    ),
    "an optional field becomes required": (lambda s: required(s, "Article").append("language"), {"BACKWARD"}, "Article, its"),
    "a type changes": (
        lambda s: fields(s, "Article").update(urgency={"type": "string"}),
        {"BACKWARD", "FORWARD"},
        "Article.urgency",
    ),
    "a type narrows": (lambda s: fields(s, "Credit")["confidence"].update(type="integer"), {"BACKWARD"}, "Credit.confidence"),
    "a type widens": (lambda s: fields(s, "Story")["revision"].update(type="number"), {"FORWARD"}, "Story.revision"),
    "a range narrows": (lambda s: fields(s, "Article")["urgency"].update(maximum=5), {"BACKWARD"}, "Article.urgency"),
    "a word less": (lambda s: fields(s, "Article")["pubStatus"]["enum"].remove("withheld"), {"BACKWARD"}, "Article.pubStatus"),
    "a word more": (lambda s: fields(s, "Article")["pubStatus"]["enum"].append("rumoured"), {"FORWARD"}, "Article.pubStatus"),
    "a form taken on": (lambda s: fields(s, "Identity")["link"].update(format="uri"), {"BACKWARD"}, "Identity.link"),
    "a form given up": (lambda s: fields(s, "Article")["uri"].pop("format"), {"FORWARD"}, "Article.uri"),
    "another form": (lambda s: fields(s, "Times")["ingested"].update(format="date"), {"BACKWARD", "FORWARD"}, "Times.ingested"),
    "a pattern taken on": (lambda s: fields(s, "Identity")["feed"].update(pattern="^[a-z]+$"), {"BACKWARD"}, "Identity.feed"),
    "a list becomes one": (
        lambda s: fields(s, "Article").update(genres={"$ref": "#/$defs/Genre"}),
        {"BACKWARD", "FORWARD"},
        "Article.genres",
    ),
    "a tuple grows": (
        lambda s: fields(s, "Pipeline")["body_map"]["items"].update(
            minItems=4, maxItems=4, prefixItems=[{"type": "integer"}] * 4
        ),
        {"BACKWARD", "FORWARD"},
        "Pipeline.body_map",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_breaks_whom_it_breaks(name: str) -> None:
    edit, broken, place = EDITS[name]
    found = breaches(enriched(), enriched(edit), BOTH)
    assert {breach.partition(":")[0] for breach in found} == broken
    assert all(place in breach for breach in found)
    assert {breach.partition(":")[0] for breach in breaches(enriched(), enriched(edit), BACK)} == broken - {"FORWARD"}


# ── on files ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of `schemas/`, all of it published by release 0.9.0."""
    copied = tmp_path / "schemas"
    shutil.copytree(ROOT / "schemas", copied)
    register(copied, [row_of(row, release="0.9.0") for row in library.rows(copied)])
    write(copied, "0.9.0")
    return copied


def row_of(row: Row, **over: str) -> Row:
    """The row with some of it changed."""
    return Row(
        **{"id": row.id, "subject": row.subject, "version": row.version, "sha256": row.sha256, "release": row.release} | over
    )


def register(root: Path, rows: list[Row]) -> None:
    """Writes the register."""
    (root / "registry.json").write_bytes(b"[\n" + b",\n".join(b"  " + codec.encode(row) for row in rows) + b"\n]\n")


def publish_before(root: Path, subject: str, version: str, edit: Edit) -> None:
    """As if that version of the subject, today's schema edited, had been published first."""
    schema = generate(BY_NAME[subject])
    edit(schema)
    body = codec.dumps_readable(schema)
    (root / library.path_of(subject, version)).write_bytes(body)
    rows = library.rows(root)
    register(root, [*rows, Row(id=len(rows) + 1, subject=subject, version=version, sha256=library.digest(body), release="0.8.0")])


def test_the_published_files_are_without_fault_in_any_later_release(root: Path) -> None:
    assert list(faults(root, "0.9.0")) == []
    assert write(root, "1.0.0") == ["asyncapi.yaml"]  # which names the release
    assert list(faults(root, "1.0.0")) == []


def test_a_new_version_may_not_drop_what_an_older_one_promised(root: Path) -> None:
    publish_before(root, "enriched", "0.9.0", lambda s: required(s, "Article").append("language"))
    (fault,) = [fault for fault in faults(root, "0.9.0") if "may not follow" in fault]
    assert fault.startswith("enriched 1.0.0 may not follow 0.9.0 (FULL_TRANSITIVE): FORWARD: Article")
    assert "Add optional fields" in fault


def test_every_older_version_is_looked_at_not_only_the_last(root: Path) -> None:
    publish_before(root, "enriched", "0.8.0", lambda s: fields(s, "Article").update(slugline={"type": "integer"}))
    publish_before(root, "enriched", "0.9.0", lambda s: fields(s, "Article").pop("slugline"))
    assert [fault for fault in faults(root, "0.9.0") if "enriched 1.0.0 may not follow 0.8.0" in fault and "slugline" in fault]


def test_an_optional_field_may_be_added(root: Path) -> None:
    publish_before(root, "enriched", "0.9.0", lambda s: fields(s, "Article").pop("slugline"))
    assert list(faults(root, "0.9.0")) == []


def test_what_was_a_valid_example_stays_valid(root: Path) -> None:
    example = root / "examples" / "sightings" / "valid" / "of-old.json"
    example.write_text('{"uri": "urn:newswire:item:1", "seen_at": "2026-03-01T07:41:00Z", "identical": true}')
    (fault,) = faults(root, "0.9.0")
    assert "of-old.json" in fault
    assert '"feed" is a required property' in fault


# ── published is published ───────────────────────────────────────────────────────────────────────────────────────────

ROW = Row(id=7, subject="enriched", version=BY_NAME["enriched"].version, sha256="a" * 64, release="0.9.0")


def test_a_published_version_cannot_be_rewritten() -> None:
    with pytest.raises(
        ContractError, match=r"when release 0\.9\.0 published it: bump its version in pipeline/topics\.py, then run"
    ):
        registered([ROW], {"enriched": "b" * 64}, "1.0.0")


def test_until_its_release_is_out_a_version_follows_its_records() -> None:
    assert registered([ROW], {"enriched": "b" * 64}, "0.9.0") == [row_of(ROW, sha256="b" * 64)]


def test_the_register_only_grows() -> None:
    old = row_of(ROW, version="0.1.0")
    assert registered([old], {"enriched": "b" * 64}, "1.0.0") == [
        old,
        Row(id=2, subject="enriched", version=ROW.version, sha256="b" * 64, release="1.0.0"),
    ]


def test_a_version_goes_up() -> None:
    with pytest.raises(ContractError, match="give it a higher version"):
        registered([row_of(ROW, version="1.10.0")], {"enriched": "b" * 64}, "1.0.0")


def test_a_file_that_was_changed_by_hand_is_found(root: Path) -> None:
    publish_before(root, "enriched", "0.9.0", lambda s: None)
    path = root / "topics" / "enriched" / "0.9.0.json"
    path.write_bytes(path.read_bytes() + b" ")
    (fault,) = faults(root, "0.9.0")
    assert "0.9.0.json is not what registry.json registered" in fault
    assert "bump the version of enriched and run `make schemas`" in fault
    path.unlink()
    (fault,) = faults(root, "0.9.0")
    assert "is registered but missing; restore it" in fault


def test_a_published_version_that_the_records_left_behind_is_found(root: Path) -> None:
    rows = [row_of(row, sha256="0" * 64) if row.subject == "out" else row for row in library.rows(root)]
    register(root, rows)
    (fault,) = faults(root, "1.0.0")
    assert "bump its version in pipeline/topics.py" in fault
    with pytest.raises(ContractError, match="the records no longer say what out"):
        write(root, "1.0.0")


def test_a_file_that_nobody_registered_is_found(root: Path) -> None:
    (root / "topics" / "enriched" / "9.0.0.json").write_text("{}")
    (fault,) = faults(root, "0.9.0")
    assert "9.0.0.json is not registered" in fault
