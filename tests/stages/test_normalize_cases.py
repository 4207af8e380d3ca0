"""The golden cases of wire language that concern one message, each with texts of its own; those about chains are `link`'s.

Numbers are those of the list in the conventions: 1 seed by shape, 3 to 6 tags, 8 and 9 what must be held, 10 advisories, 16 dates
in the past, 17 glued captions, 18 desk metadata, 20 the year in a dateline.
"""

from html import escape
from typing import Any

import pytest

from pipeline import codec
from pipeline.article import Article, Author
from pipeline.records import Emit
from pipeline.stages.normalize import normalize
from tests import contract
from tests.builders import NOW, raw_item, rss

REPORT = "The harbour bridge opened again on Sunday, the port office said.\n\nTwo ferries went back to the old pier."


def told(headline: str, text: str, *, at: str = "Sun, 01 Mar 2026 07:00:00 GMT", now: str = NOW) -> Article:
    """The article of an RSS item with this headline and these paragraphs."""
    body = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
    inside = f"<title>{escape(headline)}</title><content:encoded>{escape(body)}</content:encoded><pubDate>{at}</pubDate>"
    return _article(normalize(raw_item(value=rss(inside)), {}, now))


def sent(**over: Any) -> Article:
    """The article of a ninjs item."""
    item = {"uri": "urn:example:1", "type": "text", "version": "3", "headline": "Bridge opens", "body_text": REPORT, **over}
    return _article(normalize(raw_item(value=codec.dumps(item), format="ninjs"), {}, NOW))


def _article(verdict: object) -> Article:
    assert isinstance(verdict, Emit), verdict
    assert isinstance(verdict.record, Article)
    assert contract.faults(verdict.record) == []
    return verdict.record


def tags(article: Article) -> list[tuple[str, str, int | None]]:
    """The headline's tags."""
    parts = article.pipeline.headline
    return [(tag.kind, tag.text, tag.number) for tag in parts.tags] if parts else []


def key(article: Article) -> str:
    """The headline's key."""
    assert article.pipeline.headline is not None
    return article.pipeline.headline.key


# ── 1: the seed, by its shape ────────────────────────────────────────────────────────────────────────────────────────

SEED_HEADLINE = "Gale tears roof off Lviv market hall, mayor says"
SEED = (
    "© Reuters. Traders look up at the torn roof of the market hall, after a gale, in Lviv, Ukraine February 28, 2026. "
    "REUTERS/Olena Tkach\n\n"
    "By Bohdan Savchuk\n\n"
    "LVIV, Ukraine (Reuters) -A gale tore the roof off the market hall of Lviv on Saturday, the mayor said, and hurt at least "
    "14 people.\n\n"
    "“It sounded like a train,” said Hanna Moroz, 52, who sells cheese.\n\n"
    "Local officials said the hall would stay closed."
)


def test_the_seed_has_its_headline_once_and_the_raw_one_beside_it() -> None:
    raw = f"{SEED_HEADLINE} By Reuters{SEED_HEADLINE} By Reuters"
    found = told(raw, SEED)
    assert found.headline == SEED_HEADLINE
    assert found.pipeline.headline is not None
    assert found.pipeline.headline.raw == raw
    assert {"headline.suffix_by_agency", "headline.doubled", "dateline.no_space_after_dash"} <= set(found.pipeline.rules)


def test_the_seed_has_its_report_and_nothing_of_what_stood_around_it() -> None:
    found = told(f"{SEED_HEADLINE} By Reuters", SEED)
    assert found.body_text.startswith("A gale tore the roof")
    assert found.body_text.endswith("the hall would stay closed.")
    assert not any(word in found.body_text for word in ("©", "REUTERS", "(Reuters)", "Bohdan Savchuk"))


def test_the_seed_has_its_dateline() -> None:
    found = told(f"{SEED_HEADLINE} By Reuters", SEED)
    dateline = found.pipeline.dateline
    assert dateline is not None
    assert (dateline.text, dateline.places, dateline.country) == ("LVIV, Ukraine (Reuters) -", ("LVIV",), "Ukraine")
    assert (dateline.sources, dateline.separator, dateline.date, dateline.in_) == (("Reuters",), "-", "", "body_raw")
    assert SEED[dateline.start : dateline.end] == dateline.text
    assert found.located == "LVIV, Ukraine"


def test_the_seed_has_its_author_and_never_the_agency_as_a_person() -> None:
    found = told(f"{SEED_HEADLINE} By Reuters", SEED)
    assert found.by == "Bohdan Savchuk"
    assert found.pipeline.authors[0] == Author(name="Bohdan Savchuk", role="reporter", evidence="byline")
    assert Author(name="Olena Tkach", role="photographer", evidence="caption") in found.pipeline.authors


def test_the_seed_is_the_agencys_by_four_pieces_of_evidence() -> None:
    credit = told(f"{SEED_HEADLINE} By Reuters", SEED).pipeline.credit
    assert credit is not None
    assert (credit.agency, credit.republisher) == ("Reuters", "example.test")
    assert {evidence.kind for evidence in credit.evidence} == {"headline_suffix", "copyright_line", "photo_credit", "dateline"}
    assert credit.confidence > 0.95


def test_the_seed_has_its_photo() -> None:
    (photo,) = told(f"{SEED_HEADLINE} By Reuters", SEED).associations
    assert (photo.type, photo.by, photo.info_sources[0].name) == ("picture", "Olena Tkach", "REUTERS")
    assert photo.descriptions[0].value.startswith("Traders look up at the torn roof")


def test_the_agencys_own_copy_and_the_republishers_say_the_same() -> None:
    """2: what `link` compares is equal, whatever stood around it."""
    copy = told(f"{SEED_HEADLINE} By Reuters{SEED_HEADLINE} By Reuters", SEED)
    own = told(SEED_HEADLINE, SEED.partition("\n\n")[2].replace("-A gale", "- A gale"))
    assert copy.pipeline.dedup.content == own.pipeline.dedup.content
    assert key(copy) == key(own)


# ── 3 to 6: tags ─────────────────────────────────────────────────────────────────────────────────────────────────────

ROOT = "Harbour bridge opens again"
TAGGED = (
    ("UPDATE 1-{}", [("series", "UPDATE", 1)]),
    ("UPDATE 3-{}", [("series", "UPDATE", 3)]),
    ("RPT-{}", [("status", "RPT", None)]),
    ("REFILE-{}", [("status", "REFILE", None)]),
    ("REFILE-UPDATE 1-{}", [("status", "REFILE", None), ("series", "UPDATE", 1)]),
    ("CORRECTED-{}", [("status", "CORRECTED", None)]),
    ("CORRECTED-UPDATE 2-{}", [("status", "CORRECTED", None), ("series", "UPDATE", 2)]),
    ("CORRECTED (OFFICIAL)-{}", [("status", "CORRECTED (OFFICIAL)", None)]),
    ("WRAPUP 2-{}", [("series", "WRAPUP", 2)]),
    ("Exclusive: {}", [("genre", "EXCLUSIVE", None)]),
    ("RPT-EXPLAINER-{}", [("status", "RPT", None), ("genre", "EXPLAINER", None)]),
    ("(3rd LD) {}", [("series", "LEAD", 3)]),
    ("KORR-{}", [("status", "KORR", None)]),
)


@pytest.mark.parametrize(("form", "expected"), TAGGED, ids=[form for form, _ in TAGGED])
@pytest.mark.parametrize("suffix", ["", " By Reuters", " - Reuters", " | Reuters"])
def test_tags_are_data_and_all_variants_share_a_key(form: str, expected: list[tuple[str, str, int | None]], suffix: str) -> None:
    found = told(form.format(ROOT) + suffix, REPORT)
    assert (found.headline, tags(found), key(found)) == (ROOT, expected, ROOT.casefold())
    assert (found.body_text, found.pub_status) == (REPORT, "usable")


@pytest.mark.parametrize(
    "headline", ["UK-Australia deal splits farmers", "Cabinet clears the bill (with conditions)", "Table-tennis: Norland win"]
)
def test_what_is_no_tag_stays(headline: str) -> None:
    found = told(headline, REPORT)
    assert (found.headline, tags(found)) == (headline, [])


def test_a_repeat_has_the_content_of_what_it_repeats() -> None:
    """4."""
    assert told(f"RPT-{ROOT}", REPORT).pipeline.dedup.content == told(ROOT, REPORT).pipeline.dedup.content


def test_a_refile_of_one_letter_is_another_content_under_the_same_key() -> None:
    """5."""
    first, second = told(ROOT, REPORT.replace("pier", "peir")), told(f"REFILE-{ROOT}", REPORT)
    assert first.pipeline.dedup.content != second.pipeline.dedup.content
    assert key(first) == key(second)


@pytest.mark.parametrize(
    ("front", "note"),
    [
        (
            "(Corrects death toll to 11, not 12, in paragraph 1)\n\nOSLO (Reuters) - ",
            "Corrects death toll to 11, not 12, in paragraph 1",
        ),
        (
            "OSLO, March 1 (Reuters) - (This Feb. 28 story has been corrected to say 11 died, not 12, in paragraph 1) ",
            "This Feb. 28 story has been corrected to say 11 died, not 12, in paragraph 1",
        ),
    ],
)
def test_the_remark_on_a_correction_is_a_note_and_once(front: str, note: str) -> None:
    """6."""
    found = told("CORRECTED-Storm kills 11 in Oslo", front + "A storm killed 11 people in Oslo, police said.")
    assert found.body_text == "A storm killed 11 people in Oslo, police said."
    assert found.ed_note == note
    assert tags(found) == [("status", "CORRECTED", None)]


def test_a_correction_by_signal_alone_is_kept_as_the_source_says_it() -> None:
    vendor = sent(signals=["sig:correction"]).pipeline.vendor
    assert vendor is not None
    assert vendor.signals == ("sig:correction",)


# ── 7 to 10: what must not be shown, or not as a report ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headline", "text"),
    [
        (
            "ADVISORY: Norland dam story on Saturday is withdrawn",
            "The story headlined “Norland dam to be raised” is withdrawn. The dam office denies it.",
        ),
        ("WITHDRAWAL: Norland dam to be raised", "The Nordpress story on the dam is withdrawn and should not be used."),
        ("STORY WITHDRAWN-Norland dam to be raised", "The dam office denies it."),
        ("KILL KILL KILL Damm in Norland wird erhöht", "Die Meldung dpa 0312 („Damm wird erhöht“) ist falsch."),
        ("Norland dam", "Editors: Please kill the story slugged DAM/ sent at 0712 GMT. The dam office denies it."),
    ],
)
def test_a_kill_by_description_cancels_and_keeps_what_it_describes(headline: str, text: str) -> None:
    """8: the description is all that leads to the victim, so nothing of it may go."""
    found = told(headline, text)
    assert found.pub_status == "canceled"
    assert found.pipeline.status is not None
    assert found.pipeline.status.kind == "article"
    assert found.body_text == text


def test_a_kill_of_one_id_needs_no_text() -> None:
    """7: version and status are enough for `link`; an update signal makes nothing usable."""
    found = sent(headline="", body_text="", pubstatus="canceled", signals=["sig:update"])
    assert (found.uri, found.version, found.pub_status, found.body_text) == ("urn:example:1", "3", "canceled", "")


@pytest.mark.parametrize("pub_status", ["withheld", "embargoed", "a word nobody knows"])
def test_a_hold_is_a_hold(pub_status: str) -> None:
    found = sent(pubstatus=pub_status)
    assert found.pub_status == "withheld"
    assert found.pipeline.status is not None
    assert found.pipeline.status.is_held


@pytest.mark.parametrize(
    "words", ["12noon on Friday, or when the minister has spoken", "", "bis Redebeginn", "2026-13-45", "tomorrow", "0900 GMT"]
)
def test_an_embargo_in_words_holds_until_further_notice(words: str) -> None:
    """9: and is never usable, whatever the status says."""
    found = sent(embargoed=words, pubstatus="usable")
    assert (found.pub_status, found.embargoed_until) == ("withheld", "")
    assert found.pipeline.status is not None
    assert found.pipeline.status.is_held
    assert found.pipeline.status.reasons in (("embargo.free_text",), ("embargo.empty",))


@pytest.mark.parametrize(
    ("until", "pub_status"),
    [("2026-03-01T07:30:01Z", "withheld"), ("2026-03-01T16:29:59+09:00", "usable"), ("2026-02-01T00:00:00Z", "usable")],
)
def test_an_embargo_with_a_time_ends(until: str, pub_status: str) -> None:
    assert sent(embargoed=until).pub_status == pub_status


@pytest.mark.parametrize(
    ("headline", "text"),
    [
        ("AP News Digest 3 p.m.", "Here are the stories of the hour."),
        ("ADVISORY-Coverage of the summit", "Nordpress plans to cover the summit."),
        ("Bridge story", "Editors: A story on the bridge will move at 6 p.m."),
        ("Die Themen des Tages von dpa", "Oslo: Brücke wird geöffnet."),
    ],
)
def test_an_advisory_is_no_article(headline: str, text: str) -> None:
    """10."""
    found = told(headline, text)
    assert found.pipeline.status is not None
    assert (found.pipeline.status.kind, found.pub_status) == ("advisory", "usable")


@pytest.mark.parametrize(("signals", "kind"), [(["newscontent"], "article"), (["singlesource"], "advisory")])
def test_an_agency_item_without_newscontent_is_an_advisory(signals: list[str], kind: str) -> None:
    item = {"altids": {"itemid": "0a"}, "type": "text", "headline": "Bridge opens", "signals": signals, "bylines": []}
    found = _article(normalize(raw_item(value=codec.dumps({"data": {"item": item}}), format="ap"), {}, NOW))
    assert (found.pipeline.status.kind if found.pipeline.status else "article") == kind


def test_what_editors_get_reaches_no_field_of_the_record() -> None:
    private = "Autorin: Jutta Brandhorst, +49 431 000 111, <brandhorst@wire.example.test>"
    text = (
        f"Kiel (dpa) - {REPORT}\n\n* Die folgenden Informationen sind nicht zur Veröffentlichung bestimmt\n\n"
        f"## dpa-Kontakte\n\n- {private}"
    )
    found = told("Hafenbrücke wieder offen", text)
    assert found.body_text == REPORT
    printed = codec.encode(found).decode()
    assert "000 111" not in printed
    assert "brandhorst@" not in printed
    assert found.by == "Jutta Brandhorst"


PRIVATE = "Not for publication\n\nTom Quill, +47 000 0000"


@pytest.mark.parametrize(
    "over",
    [
        {
            "body_text": f"{REPORT}\n\n{PRIVATE}",
            "body_html": "<p>The bridge.</p><p>Not for publication</p><p>Tom Quill, +47 000 0000</p>",
        },
        {"body_html": "<p>The bridge opened.</p><p>Not for publication</p><p>Tom Quill, +47 000 0000</p>"},
        {"description_summary": f"The bridge opened.\n\n{PRIVATE}"},
        {"description_long": f"The bridge opened.\n\n{PRIVATE}"},
        {"body_sidebar": f"What the bridge cost.\n\n{PRIVATE}"},
    ],
)
def test_what_editors_get_in_one_of_several_texts_reaches_no_field_either(over: dict[str, str]) -> None:
    found = sent(**over)
    assert found.body_text == REPORT
    assert "000 0000" not in codec.encode(found).decode()
    assert {"html.not_for_publication", "text.not_for_publication"} & set(found.pipeline.rules)


def test_a_word_about_publication_takes_no_text_away() -> None:
    html = "<p>The letter was not for publication, the mayor said.</p><p>Contacts to Oslo were few.</p>"
    found = sent(body_html=html, description_summary="A letter that was not for publication leaks.")
    assert [text.value for text in found.bodies if text.content_type == "text/html"] == [html]
    assert [text.value for text in found.descriptions] == ["A letter that was not for publication leaks."]


# ── 16: dates in the past, 20: the year that a dateline does not say ─────────────────────────────────────────────────


def test_a_back_dated_item_keeps_its_date_and_when_it_was_seen() -> None:
    """16: published is the source's word, ingested ours; neither is bent towards the other."""
    times = told(ROOT, REPORT, at="Mon, 04 Mar 2019 07:00:00 GMT").pipeline.times
    assert (times.published, times.published_quality) == ("2019-03-04T07:00:00Z", "exact")
    assert (times.first_seen, times.ingested) == (NOW, NOW)


@pytest.mark.parametrize(
    ("printed", "at", "expected"),
    [
        ("Dec 31", "Thu, 01 Jan 2026 00:40:00 GMT", "2025-12-31"),
        ("Jan 1", "Thu, 01 Jan 2026 00:40:00 GMT", "2026-01-01"),
        ("Feb 29", "Sun, 01 Mar 2026 07:00:00 GMT", "2024-02-29"),
        ("March 1", "Sun, 01 Mar 2026 07:00:00 GMT", "2026-03-01"),
    ],
)
def test_the_year_of_a_dateline_is_the_last_that_fits(printed: str, at: str, expected: str) -> None:
    """20."""
    dateline = told(ROOT, f"OSLO, {printed} (Reuters) - {REPORT}", at=at).pipeline.dateline
    assert dateline is not None
    assert dateline.date == expected


# ── 17: glued captions, 18: desks ────────────────────────────────────────────────────────────────────────────────────

GLUED = (
    "3/3 © Reuters. FILE PHOTO: Traders sweep up glass in Lviv, Ukraine May 2, 2025. REUTERS/Olena Tkach 2/3 "
    "By Bohdan Savchuk LVIV, Ukraine (Reuters) - ",
    "© Reuters. Traders sweep up glass in Lviv. REUTERS/Olena Tkach By Bohdan Savchuk LVIV, Ukraine (Reuters) - ",
    "FILE PHOTO: Traders sweep up glass in Lviv. REUTERS/Olena Tkach\n\nBy Bohdan Savchuk (Reuters) - ",
    "[1/3]Traders sweep up glass in Lviv. REUTERS/Olena Tkach Acquire Licensing Rights\n\nBy Bohdan Savchuk\n\nLVIV (Reuters) - ",
    "Traders sweep up glass in Lviv. REUTERS/Olena Tkach\n\n2/3\n\nBy Bohdan Savchuk\n\nLVIV (Reuters) - ",
)


@pytest.mark.parametrize("front", GLUED)
def test_captions_and_bylines_come_apart_however_they_are_glued(front: str) -> None:
    """17."""
    found = told("Shell hits market hall", front + REPORT)
    assert found.body_text == REPORT
    assert found.by == "Bohdan Savchuk"
    assert [photo.by for photo in found.associations] == ["Olena Tkach"]
    assert "Traders sweep up glass" in found.associations[0].descriptions[0].value
    assert "Bohdan" not in found.associations[0].descriptions[0].value


@pytest.mark.parametrize("desk", ["Bangalore", "Gdansk", "BENGALURU"])
def test_a_dateline_beats_the_production_desk(desk: str) -> None:
    """18."""
    found = sent(located=desk, body_text=f"TAMPERE, Finland, March 1 (Reuters) - {REPORT}", versioncreated="2026-03-01T07:00:00Z")
    assert found.located == "TAMPERE, Finland"
    assert found.pipeline.dateline is not None
    assert (found.pipeline.dateline.places, found.pipeline.dateline.country) == (("TAMPERE",), "Finland")
    assert sent(located=desk).located == desk
