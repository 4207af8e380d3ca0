"""Documents of several items come apart into ones that stand alone, each with the name that its parser gives it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import WIRES, detect, parse
from pipeline.formats.parsed import Parsed
from pipeline.formats.split import split
from tests.builders import NOW, raw_item
from tests.formats.test_detect import DETECTED, WIRE_FILES

G2_MESSAGE = """<?xml version="1.0"?><newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><header><sent>{sent}</sent></header><itemSet>
<newsItem guid="urn:example:a&amp;1" version="7"><contentMeta><headline>One</headline></contentMeta></newsItem>
<newsItem version='2' guid='urn:example:b'><contentMeta><headline>Two</headline></contentMeta></newsItem>
</itemSet></newsMessage>"""


def names(document: bytes, format_: str) -> list[tuple[int, str, str]]:
    """Part, guid and version of each item."""
    return [(item.part, item.guid, item.version) for item in split(document, format_, NOW)]


def test_a_newsml_message() -> None:
    assert names(G2_MESSAGE.format(sent=NOW).encode(), "newsmlg2") == [(0, "urn:example:a&1", "7"), (1, "urn:example:b", "2")]


def test_an_items_own_bytes_do_not_change_with_the_message_around_it() -> None:
    """A message that is made anew for each poll says a new time of sending each time."""
    one, two = (split(G2_MESSAGE.format(sent=sent).encode(), "newsmlg2") for sent in (NOW, "2026-03-01T08:00:00Z"))
    assert [item.item for item in one] == [item.item for item in two]
    assert [item.value for item in one] != [item.value for item in two]


def test_a_json_feed_and_its_pages() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "T",
        "items": [{"id": "a", "url": "https://example.test/a"}, {"id": 2}],
    }
    items = split(json.dumps(feed).encode(), "jsonfeed")
    assert [(item.guid, item.link) for item in items] == [("a", "https://example.test/a"), ("2", "")]
    assert split(json.dumps(feed | {"title": "U"}).encode(), "jsonfeed")[0].item == items[0].item
    assert split(b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "jsonfeed") == ()


@pytest.mark.parametrize(
    ("format_", "document"),
    [
        ("ninjs", b'[{"uri": "urn:x:1", "version": "3"}, {"uri": "urn:x:2"}]'),
        ("ninjs", b'{"items": [{"uri": "urn:x:1", "version": 3}, {"uri": "urn:x:2"}]}'),
        ("ninjs", b'{"uri": "urn:x:1", "version": "3"}\n{"uri": "urn:x:2"}\n'),
        (
            "ap",
            b'{"data": {"items": [{"item": {"altids": {"itemid": "urn:x:1"}, "version": 3}},'
            b' {"item": {"altids": {"itemid": "urn:x:2"}}}]}}',
        ),
    ],
)
def test_lists_of_json_items(format_: str, document: bytes) -> None:
    assert names(document, format_) == [(0, "urn:x:1", "3"), (1, "urn:x:2", "")]


@pytest.mark.parametrize("path", WIRE_FILES, ids=lambda path: path.name)
def test_the_name_is_the_parsers_and_a_piece_is_whole(path: Path) -> None:
    document = path.read_bytes()
    format_ = detect(document, "")
    for item in split(document, format_, NOW):
        assert detect(item.value, "") == format_
        found = parse(raw_item(value=item.value, format=format_, fetched_at=NOW))
        if isinstance(found, Parsed):
            assert (found.guid, found.version) == (item.guid, item.version)
            assert [piece.guid for piece in split(item.value, format_, NOW)] == [item.guid]


@pytest.mark.parametrize(
    ("key", "version"),
    [
        ('generation="1" version="4"', "4"),
        ("version='3' generation='2'", "2003"),
        ('generation="3"', "3000"),
        ('key="FERRY" part="2"', ""),
        ('version="x"', ""),
    ],
)
def test_a_nitf_document_counts_its_generations_as_its_parser_does(key: str, version: str) -> None:
    document = f"<nitf><head><docdata><doc-id id-string='a'/><du-key {key}/></docdata></head><body/></nitf>".encode()
    found = parse(raw_item(value=document, format="nitf"))
    assert isinstance(found, Parsed)
    assert names(document, "nitf") == [(0, "a", version)]
    assert found.version == version


def test_what_cannot_be_taken_apart_comes_back_whole() -> None:
    for format_ in WIRES:
        for value in (b"", b"\x00\xff", b"A note.", b"{" * 9000, b"<newsMessage><itemSet><newsItem guid='a'>"):
            assert [item.value for item in split(value, format_)] == [value]


@given(
    st.sampled_from(WIRES),
    st.binary(max_size=200) | st.sampled_from([value for format_ in WIRES for value in DETECTED[format_]]),
    st.integers(0, 60),
)
def test_no_bytes_make_it_raise(format_: str, value: bytes, cut: int) -> None:
    for item in split(value[:-cut] if cut else value, format_, NOW):
        assert item.guid.strip() == item.guid


def test_every_sample_item_is_named_as_its_parser_names_it(shared: Path) -> None:
    named = 0
    for folder in ("newsml-g2", "ninjs", "dpa-digitalwires", "feeds/gofeed/json"):
        for path in (each for each in (shared / folder).rglob("*") if each.is_file()):
            document = path.read_bytes()
            format_ = detect(document, "")
            for item in split(document, format_, NOW) if format_ in WIRES else ():
                found = parse(raw_item(value=item.value, format=format_))
                if isinstance(found, Parsed):
                    assert found.guid == item.guid, path.name
                    named += bool(item.guid)
    assert named > 300
