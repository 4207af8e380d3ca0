"""normalize: one ninjs article of one item. The goldens in `tests/formats` show whole records; here are rules and properties."""

from xml.sax.saxutils import escape

import pytest
from hypothesis import given

from pipeline import codec
from pipeline.article import Article
from pipeline.reasons import Reason
from pipeline.records import Emit, RawItem, Reject
from pipeline.stages import dedup
from pipeline.stages.dedup import item_uri
from pipeline.stages.normalize import normalize
from tests import contract
from tests.builders import KEY, NOW, atom, raw_item, rss, rss_item
from tests.strategies import raw_items


def normalized(item: RawItem) -> Article:
    """The article of an item that can be used."""
    verdict = normalize(item, {}, NOW)
    assert isinstance(verdict, Emit), verdict
    assert isinstance(verdict.record, Article)
    return verdict.record


def of(inside: str, **over: object) -> Article:
    """The article of an RSS item with this inside."""
    return normalized(raw_item(value=rss(inside), **over))


def test_an_ordinary_item() -> None:
    found = normalized(raw_item(verdict="changed", part=3))
    assert (found.uri, found.headline, found.body_text) == (
        item_uri(KEY),
        "Floods close the river road",
        "Water rose in Kyiv on Sunday.",
    )
    assert (found.version, found.type, found.pub_status, found.language) == ("", "text", "usable", "en")
    assert (found.pipeline.dedup.verdict, found.pipeline.source.part) == ("changed", 3)
    assert found.pipeline.times.ingested == NOW
    assert found.pipeline.provenance.stages == {"dedup": dedup.VERSION, "normalize": "4"}


def test_the_uri_is_a_function_of_identity_and_nothing_else() -> None:
    one = normalized(raw_item())
    other = of(rss_item(title="Another"), feed="b", provider="c", fetched_at="2026-03-02T00:00:00Z", document="d", part=9)
    assert one.uri == other.uri
    assert normalized(raw_item(key="another")).uri != one.uri


def test_content_ignores_markup_and_spacing() -> None:
    one = of(rss_item(body="<p>Water  rose.</p>"))
    assert one.pipeline.dedup.content == of(rss_item(body="<div><b>Water</b> rose.</div>")).pipeline.dedup.content
    assert one.pipeline.dedup.content != of(rss_item(body="Water fell.")).pipeline.dedup.content


@pytest.mark.parametrize(
    "inside", ["", "<link>https://example.test/a</link>", "<title> </title><description><![CDATA[<img src='x'>]]></description>"]
)
def test_neither_headline_nor_text_is_refused(inside: str) -> None:
    verdict = normalize(raw_item(value=rss(inside)), {}, NOW)
    assert isinstance(verdict, Reject)
    assert verdict.reason is Reason.NO_CONTENT


@pytest.mark.parametrize(
    ("body", "representation"),
    [
        ("Short summary.", "partial"),
        ("word " * 400, "full"),
        ("word " * 400 + "[…]", "partial"),
        ("word " * 400 + "Continue reading →", "partial"),
    ],
)
def test_a_summary_is_partial_unless_it_is_the_text(body: str, representation: str) -> None:
    assert of(rss_item(body=body)).representation_type == representation


@pytest.mark.parametrize(
    ("summary", "kept"),
    [("Boats sail again.", True), ("Ferries left the pier on Sunday…", False), ("FERRIES left", False), ("", False)],
)
def test_a_summary_that_is_the_beginning_of_the_text_is_no_description(summary: str, kept: bool) -> None:
    text = "<p>Ferries left the pier on Sunday, three days late.</p>"
    inside = f"<title>Ferry</title><description>{summary}</description><content:encoded>{escape(text)}</content:encoded>"
    assert [text.value for text in of(inside).descriptions] == ([summary] if kept else [])


@pytest.mark.parametrize(
    ("feed", "configured", "language"),
    [("de-de", "", "de-DE"), ("", "fr", "fr"), ("de", "en-GB", "en-GB"), ("English", "", "en"), ("", "", "en")],
)
def test_a_declared_language_comes_before_a_guess(feed: str, configured: str, language: str) -> None:
    value = rss(rss_item(), channel=f"<language>{feed}</language>")
    assert normalized(raw_item(value=value, language=configured)).language == language


def test_a_doubtful_declaration_is_kept_and_the_doubt_recorded() -> None:
    german = rss_item(title="Der Hafen bleibt geschlossen", body="Das teilte das Ministerium am Sonntag mit.")
    found = normalized(raw_item(value=rss(german, channel="<language>en-US</language>")))
    assert found.language == "en-US"
    assert "language.disputed" in found.pipeline.rules
    assert found.pipeline.annotations is not None
    (guess,) = found.pipeline.annotations.language
    assert (guess.value, guess.method) == ("de", "eldc@0.4")
    assert 0.5 < guess.confidence <= 1.0


def test_a_language_nobody_knows_is_undetermined() -> None:
    found = of("<title>4711/12</title>")
    assert (found.language, found.pipeline.annotations) == ("und", None)


def test_without_a_publication_date_the_last_change_counts() -> None:
    entry = "<title>x</title><updated>2026-02-28T10:00:00Z</updated>"
    found = normalized(raw_item(value=atom(entry), format="atom"))
    assert (found.pipeline.times.published, found.version_created, found.content_created) == ("2026-02-28T10:00:00Z",) * 2 + ("",)


def test_a_date_without_a_time_is_no_instant() -> None:
    found = of("<title>x</title><pubDate>28 Feb 2026</pubDate>")
    assert (found.pipeline.times.published, found.pipeline.times.published_quality) == ("2026-02-28T00:00:00Z", "date")
    assert (found.version_created, found.content_created) == ("", "")


def test_a_feed_that_signs_with_its_own_title_names_no_person() -> None:
    found = normalized(
        raw_item(value=rss("<title>x</title><author>Harbour Life</author>", channel="<title>Harbour Life</title>"))
    )
    assert (found.by, found.pipeline.authors) == ("", ())


DPA = {
    "format": "digitalwires@0.9.1",
    "type": "composite",
    "urn": "urn:newsml:dpa.example:1",
    "version": 3,
    "headline": "Schiff sinkt",
}


def dpa(**over: object) -> Article:
    """The article of a dpa entry."""
    return normalized(raw_item(value=codec.dumps(DPA | over), format="digitalwires"))


@pytest.mark.parametrize("body", ["Hamburg (dpa/lno) - auf der Elbe sank ein Schiff.", "auf der Elbe sank ein Schiff."])
def test_a_dateline_in_a_field_and_in_the_text_is_one(body: str) -> None:
    found = dpa(dateline="Hamburg (dpa/lno) - ", article_html=f"<p>{body}</p>")
    assert (found.body_text, found.located) == ("auf der Elbe sank ein Schiff.", "Hamburg")
    assert found.pipeline.dateline is not None
    assert (found.pipeline.dateline.text, found.pipeline.dateline.sources) == ("Hamburg (dpa/lno) -", ("dpa",))
    assert found.pipeline.rules == ("dateline.place_source",)


@pytest.mark.parametrize(
    ("dateline", "body", "located"),
    [
        ("", "HAMBURG, Germany (Reuters) - A ship sank.", "HAMBURG, Germany"),  # as printed, before the desk's metadata
        ("", "WASHINGTON, Oct 31 (Reuters) - A ship sank.", "WASHINGTON"),  # without the date
        ("Kiel (dpa) - ", "A ship sank.", "Kiel"),
        ("", "A ship sank.", "Gdansk"),
    ],
)
def test_located_is_the_dateline_as_printed_else_the_source_s_own_word(dateline: str, body: str, located: str) -> None:
    desk = [{"type": "dnltype:located", "name": "Gdansk", "qcode": ""}]
    assert dpa(dateline=dateline, article_html=f"<p>{body}</p>", categories=desk).located == located


CREATED, CHANGED = "2026-02-27T10:00:00Z", "2026-02-28T10:00:00Z"


def test_a_wire_is_published_when_its_version_was_and_a_feed_s_item_when_it_first_was() -> None:
    wire = dpa(article_html="<p>Text.</p>", content_created=CREATED, version_created=CHANGED)
    assert (wire.pipeline.times.published, wire.version_created, wire.content_created) == (CHANGED, CHANGED, CREATED)
    entry = f"<title>x</title><published>{CREATED}</published><updated>{CHANGED}</updated>"
    feed = normalized(raw_item(value=atom(entry), format="atom"))
    assert (feed.pipeline.times.published, feed.version_created) == (CREATED, CHANGED)
    undated = dpa(article_html="<p>Text.</p>", content_created=CREATED, version_created="soon")
    assert undated.pipeline.times.published == CREATED


def test_a_wire_item_is_its_id_and_says_that_it_shows_nothing() -> None:
    found = normalized(raw_item(value=b'{"uri": "urn:x:1", "version": "1.2"}', format="ninjs"))
    assert (found.uri, found.version, found.representation_type) == ("urn:x:1", "", "partial")
    assert [(other.role, other.value) for other in found.alt_ids] == [("version", "1.2")]
    assert found.pipeline.source.problems == ("item.nothing_to_show",)


def test_what_was_put_right_in_the_document_is_told_of_its_items() -> None:
    found = normalized(raw_item(value=rss("<title>\u202ex</title>"), problems=("xml.junk_before_root",)))
    assert found.pipeline.source.problems == ("xml.junk_before_root", "text.bidi_controls")


def test_an_embargo_that_is_over_is_still_told() -> None:
    over = dpa(article_html="<p>Text.</p>", embargoed="2026-02-28T11:00:00+01:00")
    assert (over.pub_status, over.embargoed_until) == ("usable", "2026-02-28T10:00:00Z")
    free = dpa(article_html="<p>Text.</p>", embargoed="Freitag Mittag")
    assert (free.pub_status, free.embargoed_until) == ("withheld", "")


def test_direction_marks_are_kept_and_flagged() -> None:
    found = of("<title>\u202egnp.exe</title>")
    assert found.headline == "\u202egnp.exe"
    assert found.pipeline.source.problems == ("text.bidi_controls",)


@given(raw_items)
def test_it_never_raises_and_says_the_same_twice(item: RawItem) -> None:
    first, second = normalize(item, {}, NOW), normalize(item, {}, NOW)
    assert first == second
    if isinstance(first, Emit):
        assert isinstance(first.record, Article)
        value = codec.encode(first.record)
        assert value == codec.encode(second.record)  # type: ignore[arg-type, union-attr]
        assert codec.decode(value, Article) == first.record
        assert contract.faults(first.record) == []


@given(raw_items)
def test_ids_are_functions_of_content(item: RawItem) -> None:
    from msgspec.structs import replace

    later = replace(
        item, fetched_at="2026-03-05T00:00:00Z", first_seen="2026-03-05T00:00:00Z", document="sha256:1", feed="elsewhere"
    )
    one, two = normalize(item, {}, NOW), normalize(later, {}, "2026-03-05T00:00:00Z")
    if isinstance(one, Emit) and isinstance(two, Emit):
        assert isinstance(one.record, Article)
        assert isinstance(two.record, Article)
        assert (one.record.uri, one.record.pipeline.dedup.content) == (two.record.uri, two.record.pipeline.dedup.content)
