"""NewsML-G2: fields of our own fixtures, one row per habit, messages cut into items."""

from pathlib import Path

import pytest

from pipeline.article import AltId, Genre, InfoSource, Party, Place, Rendition, Subject
from pipeline.formats import newsml
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import raw_item

WIRES = Path(__file__).parent / "wires"
STORY = (WIRES / "g2_story.xml").read_bytes()
MESSAGE = (WIRES / "g2_message.xml").read_bytes()


def parsed(document: bytes) -> Parsed:
    found = newsml.parse(raw_item(value=document, format="newsmlg2"))
    assert isinstance(found, Parsed), found
    return found


def rejected(document: bytes) -> Reject:
    found = newsml.parse(raw_item(value=document, format="newsmlg2"))
    assert isinstance(found, Reject), found
    return found


def item(meta: str = "", about: str = "", content: str = "", attributes: str = 'guid="urn:x:1" version="1"') -> bytes:
    """A small newsItem without a namespace, of which a test names what matters."""
    return (
        f'<newsItem standard="NewsML-G2" {attributes}><itemMeta><itemClass qcode="ninat:text"/><provider literal="x"/>'
        f"<versionCreated>2026-03-01T07:00:00Z</versionCreated>{meta}</itemMeta><contentMeta>{about}</contentMeta>"
        f"<contentSet>{content}</contentSet></newsItem>"
    ).encode()


def test_a_story_with_everything() -> None:
    story = parsed(STORY)
    assert story.problems == ()
    assert (story.guid, story.version, story.type) == ("urn:newsml:wire.example:20260301:river-road", "1132689232", "text")
    assert (story.pub_status, story.urgency, story.urgency_scale) == ("usable", "3", "iptc")
    assert story.embargo == "2026-03-01T12:00:00Z"
    assert story.signals == ("sig:correction", "sig:newscontent")
    assert story.headline == "CORRECTED-Floods close the river road"
    assert [(text.role, text.value) for text in story.headlines] == [("short", "River road shut")]
    assert (story.slugline, story.slugline_separator) == ("UA-RIVER-ROAD", "-")
    assert (story.byline, story.dateline, story.credit_line) == ("By Olena Vasylenko", "KYIV (Example Wire) -", "EXW")
    assert (story.summary, story.located) == ("The river road is closed until Monday.", "Kyiv")
    assert [(text.role, text.value) for text in story.descriptions] == [("caption", "Sandbags on the bridge.")]
    assert (story.rights, story.copyright_holder) == ("© 2026 Example Wire Ltd", "Example Wire Ltd")
    assert (story.usage_terms, story.service, story.category) == ("Not for use in print.", "home, world", "home")
    assert (story.content_created, story.first_created) == ("2026-03-01T05:55:00Z", "2026-03-01T06:00:00Z")
    assert (story.updated, story.item_language, story.profile) == ("2026-03-01T08:10:00+01:00", "en", "text-with-links")


def test_a_story_about_many_things() -> None:
    story = parsed(STORY)
    mediatopic, codes = "http://cv.iptc.org/newscodes/mediatopic/", "https://codes.wire.example/"
    assert story.categories == (
        Subject(name="flood", uri=mediatopic + "20000151", relevance=90, confidence=80),
        Subject(name="disaster", rel="broader", uri=mediatopic + "03000000"),
        Subject(name="flood (old code)", uri="http://cv.iptc.org/newscodes/subjectcode/03005000"),
        Subject(uri=codes + "desk/home"),
        Subject(name="bridges", literal="nowhere:1"),
        Subject(name="flood", rel="keyword"),
        Subject(name="road", rel="keyword"),
    )
    assert story.people == (Party(name="Iryna Kovalenko", uri=codes + "who#mayor"),)
    assert story.organisations == (Party(name="Town Council", uri=codes + "who#council"),)
    assert story.places == (Place(name="Ukraine", uri="http://cvx.iptc.org/iso3166-1a2/UA"),)
    assert story.genres == (Genre(name="Current", uri="http://cv.iptc.org/newscodes/genre/Current"),)
    assert story.authors == ("Olena Vasylenko",)
    assert story.contributors == (Party(name="P. Marsh", rel="editor", uri=codes + "desk/pm"),)
    assert [(source.role, source.name) for source in story.info_sources] == [
        ("provider", "Example Wire"),
        ("originfo", "Local Press Office"),
        ("creator", "County Desk"),
    ]
    assert story.alt_ids == (AltId(role="fileName", value="river-road.xml"), AltId(role="usn", value="L1N0RR001"))


def test_a_story_with_nitf_and_links() -> None:
    story = parsed(STORY)
    assert story.body_text == (
        "KYIV (Example Wire) - Water rose over the river road on Sunday.\n\n"
        "The mayor said: <stay home>.\n\n(Reporting by Olena Vasylenko; Editing by P. Marsh)"
    )
    assert story.body_html.startswith("<p>KYIV (Example Wire) - Water rose over the <em>river road</em> on Sunday.</p>")
    assert [(a.name, a.type, a.uri) for a in story.associations] == [
        ("link-1", "picture", "urn:newsml:wire.example:20260301:river-photo"),
        ("link-2", "", "https://wire.example/levels"),
        ("picture-1", "picture", "https://files.wire.example/bags.jpg"),
    ]
    photo = story.associations[0]
    assert (photo.rel, photo.version, photo.descriptions[0].value) == ("seeAlso", "3", "Cars turn back at the river road.")
    assert photo.renditions == (
        Rendition(name="main", href="https://files.wire.example/river.jpg", content_type="image/jpeg", size_in_bytes=48_000),
    )


def test_notes_for_editors_only_are_kept_apart() -> None:
    story = parsed(STORY)
    assert story.ed_notes == ("Adds the mayor's words, paragraph 2",)
    assert story.not_for_publication == ("Desk: call the bridge warden before noon",)
    notepad = parsed((WIRES / "g2_xhtml.xml").read_bytes())
    assert notepad.ed_notes == ("Uhrzeit berichtigt", "Hinweise\n\nFotos folgen")
    assert notepad.not_for_publication == ("Redaktion: +49 30 000000", "Nicht zur Veröffentlichung bestimmt")


def test_a_note_that_lays_out_the_others_is_not_a_note_of_its_own() -> None:
    pad = '<edNote><ul xmlns="x"><li>Photo follows</li><li class="np-nonpublic">Call Ann</li></ul></edNote>'
    alone = parsed(item(pad))
    assert (alone.ed_notes, alone.not_for_publication) == (("Photo follows",), ("Call Ann",))
    beside = parsed(item(f'{pad}<edNote>Photo follows</edNote><edNote role="r:private">Call Ann</edNote>'))
    assert (beside.ed_notes, beside.not_for_publication) == (("Photo follows",), ("Call Ann",))


def test_xhtml_loses_what_the_metadata_says_and_is_made_safe() -> None:
    story = parsed((WIRES / "g2_xhtml.xml").read_bytes())
    assert story.body_text == "Waldheim (agx) - Das Wasser steigt & steigt.\n\nBrücke\n\nDie Brücke hält."
    assert story.rules == ("newsml.header_repeats_metadata", "newsml.teaser_is_description")
    assert not any(word in story.body_html for word in ("javascript", "onclick", "alert"))
    assert 'href="https://example.test/karte"' in story.body_html
    assert (story.headline, [text.value for text in story.headlines]) == ("Hochwasser sperrt Uferstraße", ["Wetter"])
    assert story.summary == "Die Straße am Fluss bleibt bis Montag zu."


def test_a_picture_has_renditions_and_a_caption() -> None:
    photo = parsed((WIRES / "g2_picture.xml").read_bytes())
    assert (photo.type, photo.headline, photo.authors) == ("picture", "La route inondée", ("Zoë Duval",))
    assert photo.charset == "cp1252 (prolog)"
    assert [text.role for text in photo.descriptions] == ["caption"]
    assert photo.renditions == (
        Rendition(
            name="highRes", href="https://files.wire.example/p.jpg?sig=a%2Bb&x=1", content_type="image/jpeg", width=1500,
            height=1001, size_in_bytes=346_071,
        ),
        Rendition(name="thumb", content_type="image/gif", width=80),
        Rendition(name="web", href="https://example.test/photos/p-web.jpg"),
    )  # fmt: skip


def test_a_package_lists_its_members() -> None:
    package = parsed(MESSAGE)
    assert (package.type, package.headline, package.priority) == ("composite", "Top stories", "4")
    assert [(a.name, a.rel, a.uri, a.version) for a in package.associations] == [
        ("main-1", "main", "tag:wire.example,2026:one", "7"),
        ("sidebar-1", "sidebar", "urn:newswire:ref:picture%E2%80%94B", ""),
    ]
    assert package.problems == ("newsml.further_items",)


def test_a_message_is_cut_into_its_items() -> None:
    pieces = newsml.items(MESSAGE)
    assert len(pieces) == 3
    package, story = parsed(pieces[0]), parsed(pieces[1])
    assert (package.guid, package.problems) == ("tag:wire.example,2026:top", ())
    assert (story.guid, story.version, story.pub_status) == ("tag:wire.example,2026:one", "7", "canceled")
    assert (story.priority, story.item_language) == ("4", "de")
    assert story.body_text == "Erster Absatz.\n\nZweiter Absatz."
    assert story.categories == (Subject(uri="https://codes.wire.example/desk/home"),), "the message's catalog came along"
    assert rejected(pieces[2]).reason is Reason.NO_CONTENT
    assert all(newsml.items(piece) == (piece,) for piece in pieces)


@pytest.mark.parametrize(
    "document", [STORY, b"", b"<newsMessage><itemSet/></newsMessage>", b"<newsMessage><itemSet><newsItem/>", b"no"]
)
def test_what_is_no_message_of_several_items_stays_whole(document: bytes) -> None:
    assert newsml.items(document) == (document,)


def test_a_message_whose_pieces_would_dwarf_it_stays_whole() -> None:
    head = b"<header>" + b"x" * 100_000 + b"</header>"
    document = b"<newsMessage>" + head + b"<itemSet>" + b"<newsItem/>" * 1_000 + b"</itemSet></newsMessage>"
    assert newsml.items(document) == (document,)


def test_an_entity_of_the_message_still_holds_in_its_items() -> None:
    document = (
        b'<!DOCTYPE newsMessage [<!ENTITY town "Kyiv">]><newsMessage><itemSet><newsItem guid="a"/>'
        b'<newsItem guid="b"><contentMeta><headline>&town; floods</headline></contentMeta></newsItem></itemSet></newsMessage>'
    )
    assert parsed(newsml.items(document)[1]).headline == "Kyiv floods"


# ── status, embargo, version: one row each ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ("", None),
        ("<embargoed/>", ""),
        ("<embargoed> </embargoed>", ""),
        ("<embargoed>12noon on Friday</embargoed>", "12noon on Friday"),
        ("<embargoed>2026-03-01T12:00:00Z</embargoed>", "2026-03-01T12:00:00Z"),
    ],
)
def test_embargo_is_absent_empty_or_as_stated(meta: str, expected: str | None) -> None:
    assert parsed(item(meta)).embargo == expected


@pytest.mark.parametrize(
    ("meta", "status", "signals", "problems"),
    [
        ('<pubStatus qcode="stat:canceled"/><signal qcode="sig:update"/>', "canceled", ("sig:update",), ()),
        ('<pubStatus qcode="stat:withheld"/>', "withheld", (), ()),
        ('<pubStatus uri="http://cv.iptc.org/newscodes/pubstatusg2/canceled"/>', "canceled", (), ()),
        ('<pubStatus qcode="stat:live"/>', "live", (), ("newsml.bad_pub_status",)),
        ('<signal uri="http://cv.iptc.org/newscodes/signal/correction"/><signal/>', "", ("sig:correction",), ()),
        ('<signal qcode="sig:update"/><signal qcode="update:append-major-content"/>', "",
         ("sig:update", "update:append-major-content"), ()),
        ('<signal qcode="sig:update"/><signal qcode="sig:correction"/>', "", ("sig:update", "sig:correction"),
         ("newsml.signals_disagree",)),
    ],
)  # fmt: skip
def test_status_and_signals(meta: str, status: str, signals: tuple[str, ...], problems: tuple[str, ...]) -> None:
    found = parsed(item(meta))
    assert (found.pub_status, found.signals, found.problems) == (status, signals, problems)


@pytest.mark.parametrize(
    ("attributes", "version", "problems"),
    [
        ('guid="a" version="7"', "7", ()),
        ('guid="a" version="007"', "7", ()),
        ('guid="a" version="1.2"', "", ("newsml.bad_version",)),
        ('guid="a" version="0"', "", ("newsml.bad_version",)),
        ('guid="a" version="-3"', "", ("newsml.bad_version",)),
        ('guid="a" version="٣"', "", ("newsml.bad_version",)),
        (f'guid="a" version="{"9" * 40}"', "", ("newsml.bad_version",)),
        ('guid="a"', "", ("newsml.missing_version",)),
        ('version="2"', "2", ("newsml.no_guid",)),
    ],
)
def test_versions_and_guids(attributes: str, version: str, problems: tuple[str, ...]) -> None:
    found = parsed(item(about="<headline>Still a story</headline>", attributes=attributes))
    assert (found.version, found.problems) == (version, problems)


@pytest.mark.parametrize(
    ("document", "reason", "detail"),
    [
        (b"<newsItem/>", Reason.NO_CONTENT, "/newsItem: no guid, no headline, no text, no files"),
        (b"<newsMessage><itemSet/></newsMessage>", Reason.NO_CONTENT, "/newsMessage/itemSet: no item"),
        (b'<knowledgeItem guid="k"/>', Reason.NO_CONTENT, "/knowledgeItem k: a vocabulary, not an article"),
        (b'<catalogItem guid="c"/>', Reason.NO_CONTENT, "/catalogItem c: a vocabulary, not an article"),
        (b'<conceptItem guid="p"><concept><name>A person</name></concept></conceptItem>', Reason.NO_CONTENT,
         "/conceptItem p: a concept, not an article"),
        (b'<planningItem guid="p"/>', Reason.NO_CONTENT, "/planningItem p: no headline and no text"),
        (b"<rss/>", Reason.UNKNOWN_FORMAT, "/rss is no NewsML-G2 item"),
        (b"<newsItem>\n<a></b></newsItem>", Reason.BROKEN_XML, "mismatched tag: line 2, column 5"),
    ],
)  # fmt: skip
def test_rejects_name_the_place(document: bytes, reason: Reason, detail: str) -> None:
    assert rejected(document) == Reject(reason, detail)


def test_an_event_and_a_plan_are_accepted_as_what_they_are() -> None:
    event = parsed(
        b'<conceptItem guid="e" version="1"><concept><type qcode="cpnat:event"/><name>Bridge reopens</name>'
        b"<definition>The mayor cuts a ribbon.</definition></concept></conceptItem>"
    )
    assert (event.type, event.headline, event.summary) == ("event", "Bridge reopens", "The mayor cuts a ribbon.")
    plan = parsed(b'<planningItem guid="p" version="1"><contentMeta><headline>Floods</headline></contentMeta></planningItem>')
    assert (plan.type, plan.headline) == ("planning", "Floods")


@pytest.mark.parametrize(
    ("content", "text", "problems"),
    [
        ('<inlineData contenttype="text/plain">One.\n\nTwo.</inlineData>', "One.\n\nTwo.", ()),
        ('<inlineData contenttype="text/html">&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;</inlineData>', "One.\n\nTwo.", ()),
        ('<inlineData encoding="encd:base64">T25l</inlineData>', "", ("newsml.encoded_content",)),
        ("<inlineXML/><inlineXML><div><p>One.</p></div></inlineXML>", "One.", ()),
        ("<inlineXML><sports-content/></inlineXML>", "", ("newsml.unread_content",)),
        ("<inlineXML><nitf><body><body.content><p>One.</p></body.content></body></nitf></inlineXML>", "One.", ()),
        ("<inlineXML><p>A.</p><p>B.</p></inlineXML>", "A.\n\nB.", ()),
    ],
)
def test_content_comes_in_several_ways(content: str, text: str, problems: tuple[str, ...]) -> None:
    found = parsed(item(content=content))
    assert (found.body_text, found.problems) == (text, problems)


@pytest.mark.parametrize(("problem", "example"), [check[:2] for check in newsml.CHECKS])
def test_each_problem_is_seen_in_its_example_and_not_in_a_sound_item(problem: str, example: str) -> None:
    assert problem in parsed(example.encode()).problems
    assert parsed(item()).problems == ()


def test_a_fragment_is_read_and_says_so() -> None:
    found = parsed(
        b"<contentSet><inlineXML><nitf><body><body.content><p>One.</p></body.content></body></nitf></inlineXML></contentSet>"
    )
    assert found.body_text == "One."
    assert {"newsml.fragment", "newsml.no_guid", "newsml.missing_version", "newsml.no_item_meta"} <= set(found.problems)


def test_headline_falls_back_to_the_content_and_the_title() -> None:
    nitf = "<inlineXML><nitf><body><body.head><hedline><hl1>Inner</hl1></hedline></body.head></body></nitf></inlineXML>"
    xhtml = "<inlineXML><html><body><h1>Inner</h1><p>Text.</p></body></html></inlineXML>"
    assert parsed(item(content=xhtml)).headline == "Inner"
    assert parsed(item("<title>Outer</title>", content=nitf)).headline == "Outer", "an NITF without text is no alternative"
    assert parsed(item(about='<headline role="hl:kicker">K</headline><headline>M</headline>')).headline == "M"


def test_an_unresolvable_source_is_kept_as_it_is() -> None:
    found = parsed(item("", '<infoSource literal="a desk"/><infoSource qcode="nowhere:x" role="r:supplier"/>'))
    assert found.info_sources[1:] == (InfoSource(literal="a desk"), InfoSource(role="supplier", literal="nowhere:x"))
