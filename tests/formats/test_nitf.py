"""NITF 3.x: the fields of our own fixture, and one row per habit of old documents."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.article import AltId, Genre, Party, Place, Subject
from pipeline.formats import nitf
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import raw_item

STORY = (Path(__file__).parent / "wires" / "nitf_story.xml").read_bytes()
CODES = "http://cv.iptc.org/newscodes/subjectcode/"


def parsed(document: bytes) -> Parsed:
    found = nitf.parse(raw_item(value=document, format="nitf"))
    assert isinstance(found, Parsed), found
    return found


def story(docdata: str = "", head: str = "", content: str = "<p>Text.</p>", end: str = "") -> bytes:
    """A small document, of which a test names what matters."""
    return (
        f'<nitf><head><docdata><doc-id id-string="a"/><date.issue norm="20260301T070000Z"/>{docdata}</docdata></head><body>'
        f"<body.head><hedline><hl1>Headline</hl1></hedline>{head}</body.head><body.content>{content}</body.content>"
        f"<body.end>{end}</body.end></body></nitf>"
    ).encode()


def test_identity_status_and_times() -> None:
    found = parsed(STORY)
    assert found.problems == (), "a document with a DTD of its own may use its entities"
    assert (found.guid, found.version, found.type) == ("exw-1000", "2003", "text")
    assert (found.pub_status, found.embargo, found.expires) == ("embargoed", "20260301T120000Z", "20260401T000000Z")
    assert (found.urgency, found.urgency_scale, found.published) == ("2", "iptc", "20260301T070000Z")
    assert found.signals == ("sig:correction", "ed-msg:advisory", "part:1")
    assert found.alt_ids == (AltId(role="regsrc", value="EXW"), AltId(role="corrects", value="exw-0999"))
    assert (found.slugline, found.category) == ("ua-river-road", "News")


def test_lines_and_notes() -> None:
    found = parsed(STORY)
    assert (found.headline, found.title) == ("Floods close the river road", "River road shut")
    assert [(text.role, text.value) for text in found.headlines] == [("sub", "Bridge holds")]
    assert (found.byline, found.dateline, found.located) == ("By Olena Vasylenko, Staff Writer", "KYIV, March 1", "KYIV")
    assert (found.credit_line, found.summary) == ("EXW", "The river road is closed.")
    assert found.ed_notes == ("Adds quote", "Corrects the day in paragraph 1", "Editors: photo to follow.")
    assert (found.rights, found.copyright_holder) == ("© 2026 Example Wire Ltd", "Example Wire Ltd")
    assert found.usage_terms == "owner: Example Wire Ltd; geography: not for use in print"


def test_codes_and_names() -> None:
    found = parsed(STORY)
    assert found.categories == (
        Subject(name="Flood", uri=CODES + "03005000"),
        Subject(name="Disaster", literal="DIS"),
        Subject(name="flood", rel="keyword"),
        Subject(name="road", rel="keyword"),
        Subject(name="Spring flood"),
        Subject(name="home"),
    )
    assert found.genres == (Genre(name="current"),)
    assert found.people == (Party(name="Iryna Kovalenko"),)
    assert found.organisations == (Party(name="Town Council", literal="exw"),)
    assert found.places == (Place(name="Kyiv, Ukraine"), Place(name="Kyiv", rel="event", literal="UA"))


def test_the_text_keeps_its_furniture_and_loses_its_media() -> None:
    found = parsed(STORY)
    assert found.body_text == (
        "KYIV (EXW) — Water rose over the river road.\n\nLevels\n\nPlace cm\n\nBridge 412\n\nSat 398\nSun 412\n\n"
        "(Reporting by Olena Vasylenko)"
    )
    assert "<h2>Levels</h2>" in found.body_html
    assert "<th>Place</th>" in found.body_html
    photo = found.associations[0]
    assert (photo.type, photo.by, photo.uri) == ("picture", "Marta Bilous", "https://example.test/cars.jpg")
    assert photo.descriptions[0].value == "Cars turn back."
    assert (photo.renditions[0].width, photo.renditions[0].content_type) == (512, "image/jpeg")


@pytest.mark.parametrize(
    ("docdata", "expected"),
    [
        ("", {"pub_status": "", "embargo": None}),
        ('<date.release norm="20260301T120000Z"/>', {"embargo": "20260301T120000Z"}),
        ("<date.release>Friday noon</date.release>", {"embargo": "Friday noon"}),
        ("<date.release/>", {"embargo": None}),
        ('<du-key generation="1" version="4"/>', {"version": "4"}),
        ('<du-key generation="2" version="1"/>', {"version": "2001"}),
        ('<du-key generation="3"/>', {"version": "3000"}),
        ('<du-key version="x"/>', {"version": ""}),
        ('<du-key part="0"/>', {"signals": ()}),
        ('<correction info="Fixes the sum"/>', {"signals": ("sig:correction",), "ed_notes": ("Fixes the sum",)}),
        ('<urgency ed-urg=" 5 "/>', {"urgency": "5"}),
        ('<fixture fix-id="evening-news"/>', {"slugline": "evening-news"}),
        ("<identified-content><person/><org> </org></identified-content>", {"people": (), "organisations": ()}),
    ],
)
def test_docdata(docdata: str, expected: dict[str, object]) -> None:
    found = parsed(story(docdata))
    assert replace(found, **expected) == found


@pytest.mark.parametrize(
    ("status", "word", "embargo"),
    [
        ("usable", "usable", None),
        ("embargoed", "embargoed", ""),
        ("withheld", "withheld", None),
        ("Canceled", "canceled", None),
        ("cancelled", "canceled", None),
        ("spiked", "spiked", None),
    ],
)
def test_management_status(status: str, word: str, embargo: str | None) -> None:
    document = story().replace(b"<docdata>", f'<docdata management-status="{status}">'.encode())
    assert (parsed(document).pub_status, parsed(document).embargo) == (word, embargo)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            "<p>A <org>B</org> <num><frac><frac-num>1</frac-num><frac-sep>/</frac-sep><frac-den>2</frac-den></frac></num></p>",
            "A B 1/2",
        ),
        ("<p>A<br/>B</p><hr/><p>C</p>", "A\nB\n\nC"),
        ("<bq><block><p>Quoted</p></block><credit>Somebody</credit></bq>", "Quoted\n\nSomebody"),
        ("<ol><li>One</li><li>Two</li></ol>", "One\n\nTwo"),
        ("<script>alert(1)</script><p>After</p>", "After"),
        ("<p>5 &lt; 6 &amp;amp; 7</p>", "5 < 6 &amp; 7"),
        ("Bare text", "Bare text"),
        ("<p>Lines\n   wrapped\tby a printer</p>", "Lines wrapped by a printer"),
        ("<media><media-caption>Only a caption</media-caption></media>", ""),
        ("", ""),
    ],
)
def test_bodies(content: str, text: str) -> None:
    assert parsed(story(content=content)).body_text == text


@pytest.mark.parametrize("between", ["", " ", ", ", "\n"])
def test_a_title_in_a_byline_is_set_apart(between: str) -> None:
    found = story(head=f"<byline>By <person>ANN EXAMPLE</person>{between}<byttl>Associated Press</byttl></byline>")
    assert parsed(found).byline == "By ANN EXAMPLE, Associated Press"


def test_two_bylines_and_a_tagline() -> None:
    found = parsed(story(head="<byline>By A</byline><byline>By B</byline>", end="<tagline>(Editing by C)</tagline>"))
    assert (found.byline, found.body_text) == ("By A / By B", "Text.\n\n(Editing by C)")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b"<nitf/>", Reject(Reason.NO_CONTENT, "/nitf: no doc-id, no headline, no text")),
        (b"<nitf><body><body.content/></body></nitf>", Reject(Reason.NO_CONTENT, "/nitf: no doc-id, no headline, no text")),
        (b"<html/>", Reject(Reason.UNKNOWN_FORMAT, "/html is not NITF")),
        (b"<nitf><body>\n<p></body></nitf>", Reject(Reason.BROKEN_XML, "mismatched tag: line 2, column 5")),
    ],
)
def test_rejects_name_the_place(document: bytes, expected: Reject) -> None:
    assert nitf.parse(raw_item(value=document, format="nitf")) == expected


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        (b"<nitf><body><body.content><p>A</p></body.content></body></nitf>",
         ("nitf.no_doc_id", "nitf.no_headline", "nitf.no_date")),
        (b'<nitf><head><docdata><doc-id id-string="a"/></docdata></head></nitf>', ("nitf.no_headline", "nitf.no_date")),
        (b"<body><body.head><hedline><hl1>A</hl1></hedline></body.head></body>", ("nitf.no_doc_id", "nitf.no_date")),
        (b"<nitf><body><body.head><hedline><hl1>A&nbsp;B</hl1></hedline></body.head></body></nitf>",
         ("xml.undeclared_entity", "nitf.no_doc_id", "nitf.no_date")),
    ],
)  # fmt: skip
def test_what_says_anything_is_taken_with_its_problems(document: bytes, problems: tuple[str, ...]) -> None:
    assert parsed(document).problems == problems
