"""The IPTC's own ninjs examples and test suites: our tables agree with the official schemas, and every fact comes through."""

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from pipeline import codec
from pipeline.formats import ninjs
from pipeline.formats.json_tree import violations
from pipeline.formats.ninjs_shapes import SHAPES, major_version
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import raw_item
from tests.formats.json_items import facts

SCHEMAS = {1: "1.6", 2: "2.2", 3: "3.1"}


@pytest.fixture(scope="module")
def cases(shared: Path) -> list[tuple[Path, Any]]:
    """Every item of the test suites and examples that is JSON."""
    folder = shared / "ninjs"
    found = []
    for path in sorted([*folder.glob("test_suite/*/should_*/*.json"), *folder.glob("examples/*/*.json")]):
        try:
            found.append((path, codec.loads(path.read_bytes())))
        except codec.Undecodable:
            assert ninjs.parse(raw_item(value=path.read_bytes(), format="ninjs")).reason is Reason.BROKEN_JSON  # type: ignore[union-attr]
    assert len(found) > 250
    return found


@pytest.fixture(scope="module")
def schemas(shared: Path) -> dict[int, Any]:
    """The official schemas, as an oracle; dates and addresses unchecked, as by our tables."""
    geojson = codec.loads((shared / "ninjs" / "test_suite" / "GeoJSON-schema.json").read_bytes())
    registry = jsonschema_rs.Registry([("https://geojson.org/schema/GeoJSON.json", geojson)])
    made = {}
    for major, version in SCHEMAS.items():
        schema = codec.loads((shared / "ninjs" / "specification" / f"ninjs-schema_{version}.json").read_bytes())
        made[major] = jsonschema_rs.validator_for(schema, registry=registry, validate_formats=False)
    return made


def test_our_tables_agree_with_the_official_schemas(cases: list[tuple[Path, Any]], schemas: dict[int, Any]) -> None:
    disputed = []
    for path, tree in cases:
        major = major_version(tree)
        if schemas[major].is_valid(tree) == bool(violations(tree, SHAPES[major], "ninjs")):
            disputed.append(path)
    assert not disputed


def test_what_should_pass_passes_with_its_facts(cases: list[tuple[Path, Any]]) -> None:
    compared = 0
    for path, tree in cases:
        if "should_fail" in path.parts:
            continue
        found = facts(ninjs.parse(raw_item(value=path.read_bytes(), format="ninjs")))
        lower = {name.lower(): value for name, value in tree.items()}
        assert not found.problems or "_dev" in path.parts[-3], path
        for ours, theirs in SAME.items():
            if theirs in lower:
                assert getattr(found, ours) == " ".join(str(lower[theirs]).split()), (path, ours)
                compared += 1
        compared += _compare_lists(path, found, lower)
    assert compared > 1_000, compared


SAME = {
    "uri": "uri", "version": "version", "type": "type", "profile": "profile", "pub_status": "pubstatus", "urgency": "urgency",
    "item_language": "language", "slugline": "slugline", "located": "located", "first_created": "firstcreated",
    "updated": "versioncreated", "content_created": "contentcreated", "expires": "expires", "copyright_holder": "copyrightholder",
    "rights": "copyrightnotice", "title": "title", "embargo": "embargoed",
}  # fmt: skip
LISTS = {
    "people": ("people", "person"), "organisations": ("organisations", "organisation"), "places": ("places", "place"),
    "categories": ("subjects", "subject"), "genres": ("genres", "genre"), "info_sources": ("infosources", "infosource"),
    "trust_indicators": ("trustindicators", "trustindicator"),
}  # fmt: skip


def _compare_lists(path: Path, found: Parsed, lower: dict[str, Any]) -> int:
    """Names in order; headlines, bodies and associations by what they hold."""
    compared = 0
    for ours, names in LISTS.items():
        for entries in (lower[name] for name in names if name in lower):
            got = [getattr(entry, "name", "") or getattr(entry, "title", "") for entry in getattr(found, ours)]
            assert got == [entry.get("name") or entry.get("title") or "" for entry in entries], (path, ours)
            compared += len(got)
    headlines = [entry["value"] for entry in lower.get("headlines", [])] + [
        value for name, value in lower.items() if name == "headline" or name.startswith("headline_")
    ]
    if headlines:
        without_tags = sorted(re.sub(r"</?\w+>", "", headline) for headline in headlines)
        assert sorted([found.headline, *(text.value for text in found.headlines)]) == without_tags, path
        compared += len(headlines)
    if "bodies" in lower or any(name.startswith("body_") for name in lower):
        assert found.body_text, path
        compared += 1
    associations = lower.get("associations", [])
    uris = [entry["uri"] for entry in (associations.values() if isinstance(associations, dict) else associations)]
    assert [association.uri for association in found.associations] == uris, path
    return compared + len(uris)


def test_what_should_fail_never_passes_unnoticed(cases: list[tuple[Path, Any]], schemas: dict[int, Any]) -> None:
    """But for properties that a later minor version allows: there is one table per major version."""
    noticed = 0
    for path, tree in cases:
        if "should_fail" not in path.parts:
            continue
        found = ninjs.parse(raw_item(value=path.read_bytes(), format="ninjs"))
        if isinstance(found, Reject):
            assert found.detail.startswith("ninjs."), path
        elif not found.problems:
            assert schemas[1].is_valid(tree), path
            continue
        noticed += 1
    assert noticed > 50
