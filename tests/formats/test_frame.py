"""An item parsed alone between the tags around it gives what it gives as part of its whole document: no field may differ."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.formats import frame, syndication
from pipeline.poll.slice import Cut, cut
from pipeline.records import RawItem
from pipeline.simulator.bulk import raw_items as bulk_items
from tests.builders import raw_item
from tests.strategies import documents, fields

HERE = Path(__file__).parent
# Frames that say much: language and base in all places, people, pictures, other vocabularies, metadata after the items.
HEADS = (
    '<rss version="2.0"{ns}><channel><title>Fen &amp; Dyke</title><link>https://fen.example/</link><language>nl</language>'
    "<copyright>Fen</copyright>{item}</channel></rss>",
    '<rss version="2.0"{ns}><channel><title><![CDATA[<item> of note]]></title>'
    "<managingEditor>ed@fen.example (Ed)</managingEditor>"
    "<image><url>https://fen.example/i.png</url><title>Fen</title><link>https://fen.example/</link></image>{item}"
    "<lastBuildDate>Sun, 01 Mar 2026 07:00:00 GMT</lastBuildDate></channel></rss>",
    '<rss version="0.91"{ns} xml:base="https://base.example/a/"><channel xml:lang="de-AT"><title>T</title>{item}</channel></rss>',
    '<rss version="2.0"{ns}><channel><itunes:author>A Host</itunes:author><dc:creator>C</dc:creator><dc:language>fr</dc:language>'
    "<author>a@b.example</author><category>World</category>{item}</channel></rss>",
    '<?xml version="1.0" encoding="UTF-8"?><!-- <item> --><rss version="2.0"{ns}><channel><title>T</title>{item}</channel></rss>',
    '<!DOCTYPE rss [<!ENTITY fen "Fen">]><rss version="2.0"{ns}><channel><title>&fen;</title>{item}</channel></rss>',
    '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"{ns}>'
    "<channel><title>R</title><dc:language>it</dc:language><dc:rights>R</dc:rights></channel>{item}</rdf:RDF>",
    '<a:feed xmlns:a="http://www.w3.org/2005/Atom"{ns} xml:lang="es"><a:author><a:name>Feed Author</a:name></a:author>'
    '<a:rights>All</a:rights><a:link rel="self" href="https://atom.example/f"/>{entry}<a:updated>2026-03-01T07:00:00Z</a:updated></a:feed>',
    "<rss><channel><title>unclosed{item}</channel></rss>",
)
NAMESPACES = (
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)
ENTRY = (
    "<a:entry><a:title>T</a:title><a:id>urn:e</a:id><a:link href='b'/>"
    "<a:content type='html'>&lt;p&gt;x&lt;/p&gt;</a:content></a:entry>"
)
# feedparser takes such an item's title for the feed's, of the whole document; read alone, the frame keeps its own.
ENTRY_IN_AN_ENTRY = {"missing-self.xml", "source-entry.xml"}


def whole(item: RawItem, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the document as a whole gives."""
    with monkeypatch.context() as patched:
        patched.setattr(frame, "place", lambda document: None)
        return syndication.parse(item)


def framed(head: str, inside: str) -> bytes:
    return head.format(ns=NAMESPACES, item=f"<item>{inside}</item>", entry=ENTRY).encode()


@pytest.mark.parametrize("head", HEADS)
def test_every_frame(head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = (
        "<title>A</title><link>/x</link><description>&lt;a href='y'&gt;z&lt;/a&gt; text &lt;p&gt;more&lt;/p&gt;</description>"
    )
    item = raw_item(value=framed(head, inside))
    assert syndication.parse(item) == whole(item, monkeypatch)


@settings(max_examples=150)
@given(head=st.sampled_from(HEADS), inside=fields(), value=documents())
def test_hostile_items_in_every_frame(head: str, inside: str, value: bytes) -> None:
    for document in (framed(head, inside), value):
        item = raw_item(value=document)
        with pytest.MonkeyPatch.context() as patched:
            assert syndication.parse(item) == whole(item, patched)


@pytest.mark.parametrize("path", sorted(HERE.glob("*.xml")), ids=lambda path: path.stem)
def test_every_golden(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for item in items_of(path.read_bytes()):
        assert syndication.parse(item) == whole(item, monkeypatch)


def test_the_simulated_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    for simulated in bulk_items(seed=11, n=60):
        item = raw_item(value=simulated.value, language=simulated.language)
        assert frame.place(item.value) is not None
        assert syndication.parse(item) == whole(item, monkeypatch)


def test_real_feeds(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    for path in sorted((shared / "feeds").rglob("*")):
        if path.is_file() and path.suffix in ("", ".xml", ".rss", ".atom") and path.name != "LICENSE":
            for item in items_of(path.read_bytes())[:3]:
                alone, together = syndication.parse(item), whole(item, monkeypatch)
                if path.name in ENTRY_IN_AN_ENTRY:
                    together = replace(together, source_title=alone.source_title)
                assert alone == together, path
                compared += 1
    assert compared > 1000


def test_the_frame_is_read_once() -> None:
    syndication._frame.cache_clear()
    for number in range(5):
        assert not isinstance(syndication.parse(raw_item(value=framed(HEADS[0], f"<title>Story {number}</title>"))), Iterator)
    assert syndication._frame.cache_info().misses == 1


@pytest.mark.parametrize(
    "document",
    [
        b"<rss><channel><title>no item</title></channel></rss>",
        b"<rss><channel><item/></channel></rss>",
        b"<rss><channel><item><title>open</title></channel></rss>",
        b"<rss><channel>" + b"<title>large</title>" * 4000 + b"<item><title>x</title></item></channel></rss>",
    ],
)
def test_what_cannot_be_placed(document: bytes) -> None:
    assert frame.place(document) is None


@pytest.mark.parametrize(
    "document",
    [
        framed(HEADS[1], "").replace(b"of note]]>", b"of note"),  # the bytes that look like an item stand in a CDATA section
        framed(HEADS[5], ""),
        framed(HEADS[8], "<title>x</title>"),
    ],
)
def test_frames_that_cannot_be_left_out(document: bytes) -> None:
    placed = frame.place(document)
    assert placed is None or frame.bare(placed[0]) is None


def items_of(document: bytes) -> list[RawItem]:
    found = cut(document)
    return [raw_item(value=part.value, format=found.format) for part in found.items] if isinstance(found, Cut) else []
