"""Which format a document has, by its bytes alone; a declaration counts as far as the bytes do not contradict it."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import KNOWN, MODULES, WIRES, detect
from pipeline.formats.sniff import MARKER_RULES, MEMBER_RULES
from pipeline.formats.table import FORMATS
from tests.builders import raw_item
from tests.strategies import hostile_text

WIRE_FILES = sorted((Path(__file__).parent / "wires").iterdir())
FORMAT_OF_PREFIX = {"g2": "newsmlg2"}
G2 = b'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:example:1" version="1"/>'
NINJS = b'{"uri": "urn:example:1", "type": "text", "pubStatus": "usable"}'
AP_ITEM = b'{"uri": "https://api.example.test/1", "altids": {"itemid": "1"}, "version": 1, "headline": "x"'
DETECTED = {
    "rss": (
        b"<rss version='2.0'>",
        b"\xef\xbb\xbf \n<?xml version='1.0'?><!-- c --><rss>",
        "<?xml version='1.0'?><rss>".encode("utf-16"),
        b"<rss version='2.0'><channel><item><description>&lt;newsItem> and <nitf></description>",
    ),
    "rdf": (b"<rdf:RDF xmlns:rdf='x'>",),
    "atom": (
        b"<feed xmlns='http://www.w3.org/2005/Atom'>",
        b"<a:feed xmlns:a='x'>",
        b"<entry>",
        b"Warning: x in y.php\n<?xml version='1.0'?><feed>",
    ),
    "newsmlg2": (
        G2,
        b"<?xml version='1.0'?>\n<!-- <rss> --><nar:newsMessage xmlns:nar='x'><nar:header/>",
        G2.decode().encode("utf-16"),
        b"<packageItem>",
        b"<conceptItem >",
        b"<contentSet>",
    ),
    "newsml12": (b'<?xml version="1.0"?><!DOCTYPE NewsML SYSTEM "NewsML_1.2.dtd" [<!ENTITY a "]">]><NewsML>',),
    "nitf": (b'<!DOCTYPE nitf SYSTEM "nitf-3-2.dtd">\n<nitf><head>', b"<nitf:nitf xmlns:nitf='x'>"),
    "jsonfeed": (
        b'{"version": "https://jsonfeed.org/version/1.1", "items": []}',
        b'{"version": "https:\\/\\/jsonfeed.org\\/version\\/1", "items": [',
        b'{"version": "1.0", "home_page_url": "https://example.test/", "items": []}',
        '{"version": "https://jsonfeed.org/version/1", "title": "x"}'.encode("utf-16"),
    ),
    "ninjs": (
        NINJS,
        b"[" + NINJS + b"," + NINJS + b"]",
        NINJS + b"\n" + NINJS + b"\n",
        b'{"items": [' + NINJS + b"]}",
        b'{"uri": "urn:example:1", "altids": {"itemid": "1", "etag": "2"}, "headline": "made of an AP item"}',
        b'{"uri": "urn:example:1", "pubStatus": "usable", broken',
        b'{"uri": "urn:example:1", "body_xhtml": "<?xml version=\'1.0\'?><rss><html>", "type": "text"}',
    ),
    "digitalwires": (b'{"format": "digitalwires@0.9.1", "urn": "urn:newsml:example"}', b'{"format": "digitalwires@0.9.1", '),
    "ap": (
        b'{"data": {"item": ' + AP_ITEM + b"}}}",
        b'{"data": {"items": [{"meta": {}, "item": ' + AP_ITEM + b"}}]}}",
        b'{"item": ' + AP_ITEM + b"}}",
        AP_ITEM + b', "bylines": []}',
    ),
    "anpa": (
        b"\x16\x16\x01V0412\x1fabcd-\r\nr i\x13\x11 BC-Example 02-10 0416\r\n\x02^A<",
        b"V0412abcd\nr i BC-Example 02-10 0416\n^A",
    ),
    "iptc7901": (
        b"\x01abc0123 4 pl 210 xyz\r\n\x02A\r\n\x03131137 GMT Nov 13",
        b"\r\nabc0123 4 pl 210  xyz-tnt 0908\r\n\r\nA/\r\nB =",
    ),
    "html": (b"<!DOCTYPE html><html><body><p>rss", b"<html><head><link type='application/rss+xml'><rss >"),
    "xml": (
        b"<?xml version='1.0'?><newsitems/>",
        b"<?xml version='1.0'?><opml><head/><body/></opml>",
        b"<urlset xmlns='x'>",
        b"<newsml>",
    ),
    "json": (
        b"[1, 2]",
        b'{"a": 1}',
        b'{"@context": "x", "uri": "urn:example:scheme", "type": "x"}',
        b'{"uri": 1}',
        b"{" * 5000,
        b'{"',
    ),
    "text": (
        b"A headline\n\nA text about <rss> and <b>.",
        b"[Editor's note] x",
        "Überschrift".encode("cp1252"),
        "x".encode("utf-16"),
        b"A0412 is a road\nr i met there 02-10",
        b"abc0123 4 parts of it were sold",
    ),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"PK\x03\x04\x00\x01"),
    "empty": (b"", b" \n\xef\xbb\xbf"[:2]),
}


def test_each_format_is_shown_here_and_in_the_table() -> None:
    assert [row.name for row in FORMATS] == list(KNOWN)
    assert set(DETECTED) >= set(KNOWN)
    assert set(WIRES) < set(MODULES)


@pytest.mark.parametrize(("format_", "value"), [(name, value) for name, values in DETECTED.items() for value in values])
def test_formats_are_known_by_their_first_bytes(format_: str, value: bytes) -> None:
    assert detect(value, "") == format_
    assert detect(value, "nonsense") == format_


@pytest.mark.parametrize("path", WIRE_FILES, ids=lambda path: path.name)
def test_every_wire_fixture_is_what_its_name_says(path: Path) -> None:
    prefix = path.stem.partition("_")[0]
    assert detect(path.read_bytes(), "") == FORMAT_OF_PREFIX.get(prefix, prefix)


@pytest.mark.parametrize("declared", KNOWN)
def test_a_known_declaration_is_believed_where_nothing_contradicts_it(declared: str) -> None:
    for value in (b"\x00", b"", b"<unknown/>", b"{}", b"A note about nothing."):
        assert detect(value, declared) == declared


@pytest.mark.parametrize(
    ("declared", "value", "format_"),
    [
        ("text", G2, "newsmlg2"),
        ("rss", NINJS, "ninjs"),
        ("ninjs", DETECTED["jsonfeed"][0], "jsonfeed"),
        ("newsmlg2", DETECTED["nitf"][0], "nitf"),
        ("anpa", DETECTED["iptc7901"][0], "iptc7901"),
        ("rss", DETECTED["atom"][0], "rss"),  # one parser reads both
        ("nitf", DETECTED["html"][0], "nitf"),  # its parser says what is wrong
    ],
)
def test_the_bytes_win_over_a_wrong_declaration(declared: str, value: bytes, format_: str) -> None:
    assert detect(value, declared) == format_


@pytest.mark.parametrize(("format_", "holds", "example"), MEMBER_RULES)
def test_each_rule_about_members_holds_for_its_example_first(format_: str, holds: object, example: dict[str, object]) -> None:
    assert next(rule for rule in MEMBER_RULES if rule[1](example))[1] is holds
    assert detect(json.dumps(example).encode(), "") == format_


@pytest.mark.parametrize(("format_", "pattern", "example"), MARKER_RULES)
def test_broken_json_is_known_by_its_markers(format_: str, pattern: object, example: bytes) -> None:
    assert detect(example + b", broken", "") == format_


@given(st.binary(max_size=200) | hostile_text.map(lambda text: text.encode("utf-8", "replace")), st.sampled_from(("", *KNOWN)))
def test_no_bytes_make_it_raise(value: bytes, declared: str) -> None:
    assert detect(value, declared) in (*KNOWN, "html", "json", "xml", "binary", "empty")
    raw_item(value=value)


EXPECTED = {  # folder → formats its data files may have; what is no news there (schemas, expectations) is named by its suffix
    "dpa-digitalwires/input": {"digitalwires"},
    "dpa-digitalwires/output": {"newsmlg2"},
    "newsml-g2/examples": {"newsmlg2"},
    "feeds/real": {"rss", "atom", "rdf"},
    "ninjs/examples": {"ninjs"},
}


@pytest.mark.parametrize("folder", EXPECTED)
def test_sample_folders_are_what_they_are(shared: Path, folder: str) -> None:
    files = [
        path
        for path in (shared / folder).rglob("*")
        if path.suffix in (".xml", ".json", ".rss") and "schema" not in path.name and not path.name.endswith("expected.json")
    ]
    found = Counter(detect(path.read_bytes(), "") for path in files)
    assert found
    assert set(found) <= EXPECTED[folder]


def test_valid_ninjs_of_all_versions_is_ninjs(shared: Path) -> None:
    files = [path for path in (shared / "ninjs" / "test_suite").rglob("*.json") if path.parent.name == "should_pass"]
    assert {detect(path.read_bytes(), "") for path in files} == {"ninjs"}
