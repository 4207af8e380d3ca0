"""NewsML 1.2: the fields of our own fixture, and how components sort into an article and its pictures."""

from pathlib import Path

import pytest

from pipeline.article import AltId, Genre, Place, Subject
from pipeline.formats import newsml12
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import raw_item

STORY = (Path(__file__).parent / "wires" / "newsml12_story.xml").read_bytes()
CODES = "http://cv.iptc.org/newscodes/subjectcode/"
IDENTITY = (
    "<Identification><NewsIdentifier><ProviderId>x.example</ProviderId><DateId>20260301</DateId><NewsItemId>1</NewsItemId>"
    "<RevisionId>1</RevisionId></NewsIdentifier></Identification>"
)


def parsed(document: bytes) -> Parsed:
    found = newsml12.parse(raw_item(value=document, format="newsml12"))
    assert isinstance(found, Parsed), found
    return found


def item(component: str = "", management: str = '<Status FormalName="Usable"/>', identity: str = IDENTITY) -> bytes:
    """A small document, of which a test names what matters."""
    managed = f"<NewsManagement>{management}</NewsManagement>"
    return f"<NewsML><NewsItem>{identity}{managed}<NewsComponent>{component}</NewsComponent></NewsItem></NewsML>".encode()


def text(content: str, more: str = "") -> str:
    return f'<ContentItem><MediaType FormalName="Text"/>{more}<DataContent>{content}</DataContent></ContentItem>'


def file(href: str, kind: str = "Photo") -> str:
    return f'<ContentItem Href="{href}"><MediaType FormalName="{kind}"/></ContentItem>'


def part(content: str, role: str = "") -> str:
    named = f'<Role FormalName="{role}"/>' if role else ""
    return f"<NewsComponent>{named}{content}</NewsComponent>"


def test_identity_status_and_times() -> None:
    found = parsed(STORY)
    assert found.problems == ()
    assert (found.guid, found.version, found.type) == ("urn:newsml:wire.example:20260301:TX-RIV-1", "3", "text")
    assert (found.pub_status, found.embargo) == ("embargoed", "20260301T120000Z")
    assert (found.urgency, found.priority, found.service) == ("3", "2", "DGTE, HOME")
    assert (found.first_created, found.updated) == ("20260301T060000Z", "20260301T071000Z")
    assert found.signals == ("update:U", "sig:correction", "instruction:Rectify:Canceled")
    assert found.alt_ids == (
        AltId(role="publicIdentifier", value="urn:newsml:wire.example:20260301:TX-RIV-1:3U"),
        AltId(role="nameLabel", value="river-road"),
        AltId(role="fileName", value="TX-RIV-1.xml"),
    )


def test_lines_and_metadata() -> None:
    found = parsed(STORY)
    assert (found.headline, found.headlines[0].value) == ("Floods close the river road", "Bridge holds")
    assert (found.byline, found.dateline, found.credit_line) == ("Olena Vasylenko", "KYIV, March 1 (EXW)", "EXW")
    assert (found.slugline, found.rights, found.copyright_holder) == ("UA-river-road", "© Example Wire", "Example Wire Ltd")
    assert (found.item_language, found.ed_notes, found.authors) == ("en", ("Check the toll",), ("Olena Vasylenko",))
    assert found.categories == (
        Subject(uri=CODES + "03005000"),
        Subject(rel="broader", uri=CODES + "03000000"),
        Subject(name="flood", rel="keyword"),
        Subject(name="road", rel="keyword"),
    )
    assert found.genres == (Genre(name="Current"),)
    assert found.places == (Place(name="Kyiv", rel="event", literal="UKR"),)
    assert [(source.role, source.name) for source in found.info_sources] == [
        ("provider", "EXW"),
        ("source", "Town Council"),
    ]


def test_the_text_and_its_picture() -> None:
    found = parsed(STORY)
    assert found.body_text == "KYIV, March 1 (EXW) - Water rose over the river road.\n\nThe bridge holds."
    (photo,) = found.associations
    assert (photo.type, photo.rel, photo.by) == ("picture", "Photo", "Marta Bilous")
    assert (photo.headlines[0].value, photo.descriptions[0].value) == ("Cars turn back", "Cars turn back at the bridge.")
    assert [(r.href, r.width, r.size_in_bytes) for r in photo.renditions] == [
        ("https://files.wire.example/cars.jpg", 512, 41_000),
        ("https://example.test/cars-small.jpg", None, None),
    ]


@pytest.mark.parametrize(
    ("component", "body", "associations"),
    [
        (text("Plain.\n\nText."), "Plain.\n\nText.", []),
        (text("<p>A.</p><p>B.</p>"), "A.\n\nB.", []),
        (text("&lt;p&gt;A.&lt;/p&gt;&lt;p&gt;B.&lt;/p&gt;", '<MimeType FormalName="text/html"/>'), "A.\n\nB.", []),
        (text("<html><head><title>T</title></head><body><h1>H</h1><p>A.</p></body></html>"), "H\n\nA.", []),
        (text("<body.content><p>A.</p></body.content>"), "A.", []),
        (text("", "<Encoding/>") + text("B."), "B.", []),
        (part(text("A.")) + part(file("https://f.example/1.jpg")), "A.", ["https://f.example/1.jpg"]),
        (text("A.") + file("https://f.example/1.jpg") + file("https://f.example/2.mp3", "Audio"), "A.",
         ["https://f.example/1.jpg", "https://f.example/2.mp3"]),
        (part(part(text("A."), "Main") + part(text("Legend."), "Caption")), "A.", []),
        (part(part(file("https://f.example/1.jpg")) + part(text("C."), "Legend")) + part(text("A.")), "A.",
         ["https://f.example/1.jpg"]),
        (file("bad href—", "Photo") + text("A."), "A.", ["https://example.test/bad%20href%E2%80%94"]),
    ],
)  # fmt: skip
def test_components_sort_into_a_text_and_its_media(component: str, body: str, associations: list[str]) -> None:
    found = parsed(item(component))
    assert found.body_text == body
    assert [association.uri for association in found.associations] == associations


def test_a_picture_alone_is_the_item() -> None:
    found = parsed(item(part(file("https://f.example/1.jpg")) + part(text("<p>Legend.</p>"), "Caption")))
    assert (found.type, found.body_text, found.associations) == ("picture", "", ())
    assert [rendition.href for rendition in found.renditions] == ["https://f.example/1.jpg"]
    assert [(text.role, text.value) for text in found.descriptions] == [("caption", "Legend.")]


@pytest.mark.parametrize(
    ("management", "status", "embargo", "signals", "problems"),
    [
        ('<Status FormalName="Usable"/>', "usable", None, (), ()),
        ('<Status FormalName="Embargoed"/>', "embargoed", "", (), ()),
        ('<Status FormalName="Withheld"/>', "withheld", None, (), ()),
        ('<Status FormalName="Canceled"/>', "canceled", None, (), ()),
        ('<Status FormalName="Cancelled"/>', "canceled", None, (), ()),
        ('<Status FormalName="Spiked"/>', "spiked", None, (), ("newsml12.bad_status",)),
        ("", "", None, (), ("newsml12.no_status",)),
        ('<Status FormalName="Embargoed"/><StatusWillChange><FutureStatus FormalName="Canceled"/>'
         "<DateAndTime>20260301</DateAndTime></StatusWillChange>", "embargoed", "", (), ()),
        ('<Status FormalName="Usable"/><Instruction FormalName="Update"/><Instruction FormalName="Delete"/>', "usable", None,
         ("sig:update", "instruction:Delete"), ()),
    ],
)  # fmt: skip
def test_management(
    management: str, status: str, embargo: str | None, signals: tuple[str, ...], problems: tuple[str, ...]
) -> None:
    found = parsed(item(text("A."), management))
    assert (found.pub_status, found.embargo, found.signals, found.problems) == (status, embargo, signals, problems)


@pytest.mark.parametrize(
    ("identifier", "guid", "version"),
    [
        ("<PublicIdentifier>urn:newsml:x:2026:a:2N</PublicIdentifier><RevisionId>2</RevisionId>", "urn:newsml:x:2026:a", "2"),
        ("<ProviderId>x</ProviderId><DateId>2026</DateId><NewsItemId>a b/ü</NewsItemId><RevisionId>07</RevisionId>",
         "urn:newsml:x:2026:a b/ü", "7"),
        ("<NewsItemId>only</NewsItemId><RevisionId>0</RevisionId>", "only", "0"),
        ("<NewsItemId>only</NewsItemId><RevisionId>two</RevisionId>", "only", ""),
    ],
)  # fmt: skip
def test_all_revisions_of_an_item_share_its_guid(identifier: str, guid: str, version: str) -> None:
    identity = f"<Identification><NewsIdentifier>{identifier}</NewsIdentifier></Identification>"
    found = parsed(item(identity=identity))
    assert (found.guid, found.version) == (guid, version)
    assert ("newsml12.missing_revision" in found.problems) == (not version)


def test_a_document_of_two_items_is_cut() -> None:
    second = item(text("Second.")).decode().replace("<NewsItemId>1<", "<NewsItemId>2<")
    second = second.removeprefix("<NewsML>").removesuffix("</NewsML>")
    both = STORY.replace(b"</NewsML>", second.encode() + b"</NewsML>")
    assert "newsml12.further_items" in parsed(both).problems
    first, other = (parsed(piece) for piece in newsml12.items(both))
    assert (first.guid, first.problems) == ("urn:newsml:wire.example:20260301:TX-RIV-1", ())
    assert (other.guid, other.body_text, other.priority) == ("urn:newsml:x.example:20260301:2", "Second.", "2")
    assert newsml12.items(STORY) == (STORY,)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b"<NewsML/>", Reject(Reason.NO_CONTENT, "/NewsML: no NewsItem")),
        (b"<NewsML><NewsItem/></NewsML>",
         Reject(Reason.NO_CONTENT, "/NewsML/NewsItem: no identification, no headline, no text, no files")),
        (b"<newsItem/>", Reject(Reason.UNKNOWN_FORMAT, "/newsItem is no NewsML 1 item")),
    ],
)  # fmt: skip
def test_rejects_name_the_place(document: bytes, expected: Reject) -> None:
    assert newsml12.parse(raw_item(value=document, format="newsml12")) == expected


def test_a_kill_needs_no_component_and_a_partial_update_says_so() -> None:
    kill = f'<NewsItem>{IDENTITY}<NewsManagement><Status FormalName="Canceled"/></NewsManagement></NewsItem>'
    assert parsed(kill.encode()).pub_status == "canceled"
    partial = f'<NewsItem>{IDENTITY}<NewsManagement><Status FormalName="Usable"/></NewsManagement><Update/></NewsItem>'
    assert parsed(partial.encode()).problems == ("newsml12.partial_update",)
