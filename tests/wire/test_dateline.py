"""Datelines: each rule on its own example, the table of forms field by field, what is none, and properties for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wire.dateline import GLUED_CHARS, SEARCH_CHARS, read_dateline, read_dateline_field
from pipeline.wire.dateline_forms import OWN_FIELD, RULES, Day, resolved
from tests.strategies import hostile_text

PUBLISHED = "2026-03-05T09:30:00Z"
LONG = "The old bridge over the river opened again on Monday after three years of repairs."


@pytest.mark.parametrize(("rule", "example"), RULES)
def test_each_rule_fires_on_its_own_example(rule: str, example: str) -> None:
    found = read_dateline(example, published=PUBLISHED)
    assert found
    assert rule in found.rules


def test_rules_are_sorted_and_named_once() -> None:
    ids = [rule for rule, _ in RULES]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    ("text", "places", "region", "country", "date", "sources", "separator"),
    [
        ("PORT ALMADA, Norland (Reuters) -A storm", ("PORT ALMADA",), "Norland", "", "", ("Reuters",), "-"),
        ("IRPIN, Ukraine (Reuters) -A storm", ("IRPIN",), "", "Ukraine", "", ("Reuters",), "-"),
        ("PARIS, Oct 22 (Reuters) - A", ("PARIS",), "", "", "2025-10-22", ("Reuters",), "-"),
        ("Oct 22 (Reuters) - A", (), "", "", "2025-10-22", ("Reuters",), "-"),
        ("KYIV/KHARKIV (Reuters) – A", ("KYIV", "KHARKIV"), "", "", "", ("Reuters",), "–"),
        ("NEW YORK (AP) — A", ("NEW YORK",), "", "", "", ("AP",), "—"),
        ("BUENOS AIRES, Argentina (AP) _ A", ("BUENOS AIRES",), "", "Argentina", "", ("AP",), "_"),
        ("ATLANTA, Georgia (AP) — A", ("ATLANTA",), "Georgia", "", "", ("AP",), "—"),
        ("TBILISI, Georgia (AP) — A", ("TBILISI",), "", "Georgia", "", ("AP",), "—"),
        ("LIVE OAK, Fla. (AP) — A", ("LIVE OAK",), "Fla.", "", "", ("AP",), "—"),
        ("BEIJING, March 31 (Xinhua) -- A", ("BEIJING",), "", "", "2025-03-31", ("Xinhua",), "--"),
        ("SEOUL, Jan. 2 (Yonhap) -- A", ("SEOUL",), "", "", "2026-01-02", ("Yonhap",), "--"),
        (f"SEOUL -- {LONG}", ("SEOUL",), "", "", "", (), "--"),
        ("MOSCOW, January 21. /TASS/. A", ("MOSCOW",), "", "", "2026-01-21", ("TASS",), "."),
        ("Frankfurt (Oder) (dpa) - A", ("Frankfurt (Oder)",), "", "", "", ("dpa",), "-"),
        ("Peine (dpa/lni) - A", ("Peine",), "", "", "", ("dpa",), "-"),
        ("San Diego (tca/dpa) - A", ("San Diego",), "", "", "", ("tca", "dpa"), "-"),
        ("Berlin (KNA) Die Brücke", ("Berlin",), "", "", "", ("KNA",), ""),
        ("Manchester (United Kingdom) (AFP) – A", ("Manchester",), "", "United Kingdom", "", ("AFP",), "–"),
        ("MOSCOW. Jan 2 (Interfax) - A", ("MOSCOW",), "", "", "2026-01-02", ("Interfax",), "-"),
        ("Dushanbe. (Interfax) - A", ("Dushanbe",), "", "", "", ("Interfax",), "-"),
        ("Madrid, 5 ene (EFE).-La", ("Madrid",), "", "", "2026-01-05", ("EFE",), ".-"),
        ("MADRID 27 Nov. (EUROPA PRESS) - \n\nEl", ("MADRID",), "", "", "2025-11-27", ("Europa Press",), "-"),
        ("New Delhi, Jan 2 (PTI) The", ("New Delhi",), "", "", "2026-01-02", ("PTI",), ""),
        ("Mumbai (Maharashtra) [India], March 2 (ANI): A", ("Mumbai",), "Maharashtra", "India", "2026-03-02", ("ANI",), ":"),
        ("(ANSA) - ROMA, 02 GEN - Il", ("ROMA",), "", "", "2026-01-02", ("ANSA",), "-"),
        ("CHARLEROI 19/06 (BELGA) = Le", ("CHARLEROI",), "", "", "2025-06-19", ("Belga",), "="),
        ("RENO, Nev.--(BUSINESS WIRE)--Jan. 2, 2008--A", ("RENO",), "Nev.", "", "2008-01-02", ("Business Wire",), "--"),
        ("RENO, Jan. 2, 2024 /PRNewswire/ -- eHarbour", ("RENO",), "", "", "2024-01-02", ("PR Newswire",), "--"),
        ("RENO, NV / ACCESSWIRE / June 2, 2024 / A", ("RENO",), "NV", "", "2024-06-02", ("ACCESS Newswire",), "/"),
        ("Toronto, Ontario--(Newsfile Corp. - June 2, 2024) - A", ("Toronto",), "Ontario", "", "2024-06-02", ("Newsfile",), "-"),
        ("(GLOBE NEWSWIRE) -- A", (), "", "", "", ("GlobeNewswire",), "--"),
        ("Berlin\xa0<b>(dpa)</b>&nbsp;-\u202fA", ("Berlin",), "", "", "", ("dpa",), "-"),
        ("МОСКВА, 2 января. /ТАСС/. Порт", ("МОСКВА",), "", "", "2026-01-02", ("TASS",), "."),
        ("PARIS, 1er janvier (Reuters) - A", ("PARIS",), "", "", "2026-01-01", ("Reuters",), "-"),
    ],
)  # fmt: skip
def test_what_a_dateline_says(
    text: str, places: tuple[str, ...], region: str, country: str, date: str, sources: tuple[str, ...], separator: str
) -> None:
    found = read_dateline(text, published=PUBLISHED)
    assert found
    said = found.dateline
    assert (said.places, said.region, said.country, said.date, said.sources, said.separator) == (
        places, region, country, date, sources, separator
    )  # fmt: skip


def test_offsets_and_remark_lead_to_the_text() -> None:
    text = "By Mara Lindqvist\n\nPARIS (Reuters) - (This Oct. 30 story has been corrected (paragraph 2)) The bridge opened."
    found = read_dateline(text)
    assert found
    assert text[found.dateline.start : found.dateline.end] == found.dateline.text == "PARIS (Reuters) -"
    assert text[found.remark_start : found.remark_end] == found.remark
    assert found.remark == "(This Oct. 30 story has been corrected (paragraph 2))"
    assert text[found.lede_start :] == "The bridge opened."
    assert found.located == "PARIS"


def test_a_bracket_that_is_no_remark_belongs_to_the_lede() -> None:
    text = "PARIS (Reuters) - (Some) readers may know the bridge."
    found = read_dateline(text)
    assert found
    assert (found.remark, text[found.lede_start :]) == ("", "(Some) readers may know the bridge.")


@pytest.mark.parametrize(
    "front",
    [
        "By Mara Lindqvist\n\n",
        "By Mara Lindqvist\n",
        "(Adds comments, detail)\n\n",
        "© Reuters. A ferry. REUTERS/Ana Quist\n\nBy Mara Lindqvist\n\n",
        "* Point one\n\n* Point two\n\n* Point three\n\n* Point four\n\n",
        "By MARA LINDQVIST=\nAssociated Press=\n",
        "Bridge opens after three years\n\n",
        "  \n\n",
    ],
)
def test_furniture_may_stand_before_it(front: str) -> None:
    found = read_dateline(f"{front}PARIS (Reuters) - {LONG}")
    assert found
    assert found.dateline.start == len(front)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("By Mara Lindqvist PARIS (Reuters) - A", "PARIS (Reuters) -"),
        ("By Mara Lindqvist and Tom Okafor IRPIN, Ukraine (Reuters) -A", "IRPIN, Ukraine (Reuters) -"),
        ("By Mara Lindqvist (Reuters) - A", "(Reuters) -"),
        (f"3/3 © Reuters. FILE PHOTO: {'A ferry at sea. ' * 20}2/3 By Mara Lindqvist (Reuters) - A", "(Reuters) -"),
    ],
)
def test_a_byline_may_be_glued_to_it(text: str, expected: str) -> None:
    found = read_dateline(text)
    assert found
    assert found.dateline.text == expected
    assert "dateline.glued_to_byline" in found.rules


@pytest.mark.parametrize(
    ("field", "places", "sources"),
    [
        ("Waghäusel (dpa) - ", ("Waghäusel",), ("dpa",)),
        ("MADRID, 21 Nov. 2024 (Europa Press) -", ("MADRID",), ("Europa Press",)),
        ("Berlin, 2. März", ("Berlin",), ()),
    ],
)
def test_a_field_of_its_own(field: str, places: tuple[str, ...], sources: tuple[str, ...]) -> None:
    found = read_dateline_field(field, published=PUBLISHED)
    assert found
    assert (found.dateline.places, found.dateline.sources, found.dateline.in_) == (places, sources, "dateline")
    assert field[found.dateline.start : found.dateline.end] == found.dateline.text


def test_an_own_field_without_source_has_a_rule() -> None:
    found = read_dateline_field(OWN_FIELD[1])
    assert found
    assert found.rules == (OWN_FIELD[0],)
    assert read_dateline_field("") is None


@pytest.mark.parametrize(
    ("day", "published", "expected"),
    [
        (Day(12, 31), "2026-01-01T00:10:00Z", "2025-12-31"),
        (Day(1, 1), "2025-12-31T20:00:00Z", "2026-01-01"),  # Tokyo is ahead
        (Day(1, 2), "2025-12-31T20:00:00Z", "2025-01-02"),
        (Day(12, 31), "2025-12-31T01:00:00Z", "2025-12-31"),
        (Day(2, 29), "2027-03-01T00:00:00Z", "2024-02-29"),
        (Day(2, 29), "1904-02-01T00:00:00Z", "1896-02-29"),
        (Day(3, 2, 2019), "", "2019-03-02"),
        (Day(3, 2), "", ""),
        (Day(3, 2), "yesterday", ""),
        (Day(3, 2), "0001-01-01T00:00:00Z", ""),
        (Day(3, 2), "9999-12-31T00:00:00Z", "9999-03-02"),
    ],
)
def test_the_year_is_the_last_one_possible(day: Day, published: str, expected: str) -> None:
    assert resolved(day, published) == expected


pieces = st.sampled_from(
    ("PARIS", "Paris", " (Reuters)", "(AP)", " - ", "-", " — ", "--", "/TASS/", ", Oct 22", "Feb 31", "\n\n", "\n", "By ",
     "(Adds x)", "(", ")", "©", "<b>", "&nbsp;", "\xa0", "Lede that goes on", LONG, "(This story ", "ß", "İ", "\ud800")
)  # fmt: skip
line_texts = st.lists(pieces, max_size=10).map("".join) | hostile_text


@given(line_texts, st.sampled_from((PUBLISHED, "", "2026")))
def test_it_never_raises_and_its_spans_hold_what_they_claim(text: str, published: str) -> None:
    for found in (read_dateline(text, published=published), read_dateline_field(text, published=published)):
        if found:
            assert text[found.dateline.start : found.dateline.end] == found.dateline.text != ""
            assert text[found.remark_start : found.remark_end] == found.remark
            assert found.dateline.end <= found.lede_start <= len(text)
            assert found.rules


@pytest.mark.parametrize(
    "piece", ["(", "A", "A ", "PARIS (AP) ", "A/", " ", "\n", "By A (AP)", "<a ", "(Adds ", "Jan 1 ", "--(", "/TASS"]
)
def test_only_the_beginning_is_looked_at(piece: str) -> None:
    text = piece * (2 * SEARCH_CHARS)
    short = text[: SEARCH_CHARS + 2 * GLUED_CHARS]
    assert read_dateline(text) == read_dateline(short)
