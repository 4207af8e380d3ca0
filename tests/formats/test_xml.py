"""What the XML wires share: hostile documents end with a reason, soon; damaged ones never raise."""

from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.formats import newsml, newsml12, nitf, xml
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.uris import uri_of
from tests.builders import raw_item
from tests.strategies import hostile_text

PARSERS: dict[str, Callable[[RawItem], Parsed | Reject]] = {
    "newsmlg2": newsml.parse, "newsml12": newsml12.parse, "nitf": nitf.parse,
}  # fmt: skip
ROOTS = {"newsmlg2": "newsItem", "newsml12": "NewsML", "nitf": "nitf"}
SOUND = [path.read_bytes() for path in sorted((Path(__file__).parent / "wires").glob("*.xml"))]
LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
MANY = "".join(f'<!ENTITY e{n} "x">' for n in range(400))
DEFAULTS = "".join(f'<!ATTLIST a b{n} CDATA "x">' for n in range(400))
LONG = '<!ENTITY a "' + "x" * 65 + '">'
WORDS = [
    "itemMeta",
    "contentMeta",
    "newsItem",
    "headline",
    "subject",
    "nitf",
    "NewsComponent",
    "ContentItem",
    "media",
    "p",
    "docdata",
    "body.content",
    "qcode",
    "uri",
    "guid",
    "version",
    "FormalName",
    "stat:usable",
    "medtop:20000151",
]
OWN = '<!ENTITY a "' + "x" * 60 + '">'


def root(format_: str, inside: str, internal: str = "", attributes: str = "") -> bytes:
    name = ROOTS[format_]
    doctype = f"<!DOCTYPE {name} [{internal}]>" if internal else ""
    return f"{doctype}<{name}{attributes}>{inside}</{name}>".encode()


@pytest.mark.parametrize("format_", PARSERS)
@pytest.mark.parametrize(
    ("inside", "internal", "attributes", "reason"),
    [
        ("&l9;", '<!ENTITY l0 "ha">' + LAUGHS, "", Reason.ENTITY_BOMB),
        ("x", MANY, "", Reason.ENTITY_BOMB),
        ("<a/>", DEFAULTS, "", Reason.ENTITY_BOMB),
        ("&a;", LONG, "", Reason.ENTITY_BOMB),
        ("&a;" * 400_000, OWN, "", Reason.ENTITY_BOMB),
        ("<a>" * 200_000, "", "", Reason.TOO_DEEP),
        ("<a/>" * 200_000, "", "", Reason.TOO_MANY_CHILDREN),
        ("", "", "".join(f' a{n}=""' for n in range(100_000)), Reason.TOO_MANY_ATTRIBUTES),
        ("<!--" + "x" * (10 << 20) + "-->", "", "", Reason.ITEM_TOO_LARGE),
        ("<a>", "", "", Reason.BROKEN_XML),
        ("<a b='1' b='2'/>", "", "", Reason.BROKEN_XML),
    ],
    ids=["laughs", "entities", "defaults", "long_entity", "growth", "depth", "width", "attributes", "bytes", "open", "twice"],
)
def test_hostile_documents_end_with_a_reason(format_: str, inside: str, internal: str, attributes: str, reason: Reason) -> None:
    found = PARSERS[format_](raw_item(value=root(format_, inside, internal, attributes), format=format_))
    assert isinstance(found, Reject)
    assert found.reason is reason
    assert len(found.detail) <= 1_024


def test_a_bomb_is_not_cut() -> None:
    entities = f'<!DOCTYPE newsMessage [<!ENTITY l0 "ha">{LAUGHS}]>'
    attributes = f"<!DOCTYPE newsMessage [{DEFAULTS}]>"
    for internal in (entities, attributes):
        bomb = f"{internal}<newsMessage><itemSet><newsItem>&l9;</newsItem><newsItem/></itemSet></newsMessage>".encode()
        assert newsml.items(bomb) == (bomb,)


@pytest.mark.parametrize("format_", PARSERS)
@pytest.mark.parametrize("value", [b"", b"\0\0\0\0", b"\xff\xfe<\0", b"not xml", b"\x89PNG\r\n\x1a\n" + bytes(200)])
def test_what_is_no_xml_is_rejected(format_: str, value: bytes) -> None:
    found = PARSERS[format_](raw_item(value=value, format=format_))
    assert isinstance(found, Reject)
    assert found.reason in (Reason.BROKEN_XML, Reason.BAD_ENCODING)


def test_nothing_outside_the_document_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    internal = f'<!ENTITY s SYSTEM "{secret.as_uri()}"><!ENTITY % p SYSTEM "{secret.as_uri()}"> %p;'
    document = f"<!DOCTYPE nitf [{internal}]><nitf><body><body.content><p>A&s;B</p></body.content></body></nitf>".encode()
    found = nitf.parse(raw_item(value=document, format="nitf"))
    assert isinstance(found, Parsed)
    assert found.body_text == "AB"


@pytest.mark.parametrize(
    ("document", "text", "problems"),
    [
        (b"<a>x&nbsp;y &bogus; &amp;</a>", "x\xa0y &bogus; &", ("xml.undeclared_entity",)),
        (b'<!DOCTYPE a SYSTEM "a.dtd"><a>x&ndash;y</a>', "x–y", ()),
        (b"<a>bell\x07</a>", "bell", ("xml.control_characters",)),
        (b"<a>x</a>\n\n--end--", "x", ("xml.text_after_end",)),
        ("<?xml version='1.0' encoding='utf-16'?><a>é</a>".encode("utf-16"), "é", ()),
        ("<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>".encode("latin-1"), "é", ()),
        ("\ufeff<a>é</a>".encode(), "é", ()),
        (b"  <?xml version='1.0'?><a>x</a>", "x", ()),
    ],
)
def test_small_faults_are_put_right(document: bytes, text: str, problems: tuple[str, ...]) -> None:
    found = xml.read(document)
    assert isinstance(found, xml.Document)
    assert ("".join(found.root.itertext()), found.problems) == (text, problems)


def test_two_roots_are_no_document() -> None:
    assert xml.read(b"<a/><b/>") == Reject(Reason.BROKEN_XML, "junk after document element: line 1, column 4")


# ── damage ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sound document with a few places cut, doubled, exchanged or overwritten."""
    document = draw(st.sampled_from(SOUND))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(document)))
        end = draw(st.integers(start, min(len(document), start + 200)))
        inserted = draw(st.sampled_from((b"", document[start:end] * 2)) | st.binary(max_size=8) | hostile_text.map(_bytes))
        document = document[:start] + inserted + document[end:]
    return document


@st.composite
def rearranged(draw: st.DrawFn) -> bytes:
    """A sound document whose names, values and texts are exchanged for each other: well-formed, and wrong."""
    document = draw(st.sampled_from(SOUND))
    for _ in range(draw(st.integers(1, 3))):
        document = document.replace(draw(st.sampled_from(WORDS)).encode(), draw(st.sampled_from(WORDS)).encode())
    return document


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@settings(max_examples=300, deadline=None)
@given(
    value=damaged() | rearranged() | st.binary(max_size=200),
    format_=st.sampled_from(sorted(PARSERS)),
    charset=st.sampled_from(["", "utf-16", "x"]),
)
def test_no_damage_raises(value: bytes, format_: str, charset: str) -> None:
    found = PARSERS[format_](raw_item(value=value, format=format_, charset=charset))
    if isinstance(found, Parsed):
        assert (
            found.guid
            or found.headline
            or found.body_text
            or found.summary
            or found.associations
            or found.renditions
            or found.descriptions
        )
        assert all(association.uri for association in found.associations)
        assert "<script" not in found.body_html
    else:
        assert isinstance(found.reason, Reason)


@settings(max_examples=200, deadline=None)
@given(value=damaged() | rearranged())
def test_pieces_of_a_message_are_documents(value: bytes) -> None:
    for cut in (newsml.items, newsml12.items):
        pieces = cut(value)
        assert pieces
        assert pieces == (value,) or all(isinstance(xml.read(piece), xml.Document) for piece in pieces)


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(hostile_text, min_size=6, max_size=6))
def test_hostile_texts_in_sound_fields_are_made_safe(texts: list[str]) -> None:
    guid, headline, note, subject, href, body = (escape(text, {'"': "&quot;"}) for text in texts)
    about = f'<headline>{headline}</headline><subject qcode="medtop:{subject}"/>'
    document = (
        f'<newsItem guid="u{guid}" version="1"><itemMeta><edNote>{note}</edNote></itemMeta><contentMeta>{about}</contentMeta>'
        f'<contentSet><remoteContent href="{href}"/>'
        f'<inlineData contenttype="text/html">{body}</inlineData></contentSet></newsItem>'
    )
    found = newsml.parse(raw_item(value=document.encode("utf-8", "replace"), format="newsmlg2"))
    if isinstance(found, Parsed):
        assert "\n" not in found.headline + found.guid
        assert "<script" not in found.body_html
        assert all(uri_of(subject.uri) == subject.uri for subject in found.categories)
        assert all(not r.href or r.href.startswith(("http://", "https://")) for r in found.renditions)
