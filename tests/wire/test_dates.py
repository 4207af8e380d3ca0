"""Dates as feeds write them, and what must not be made of them."""

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wire.date_words import FEED_MONTHS, WALL_CLOCKS, ZONES
from pipeline.wire.dates import EARLIEST, NOTHING, SKEW, Instant, first_date, parse_instant, read_date, with_build_time
from tests.builders import NOW

Quality = Literal["exact", "date", "build_time", "none"]

EXACT = {
    "Sun, 01 Mar 2026 07:00:00 GMT": "2026-03-01T07:00:00Z",
    "Sun, 01 Mar 2026 07:00 +0100": "2026-03-01T06:00:00Z",
    "Sun,01 Mar 2026 07:00:00 -0000": "2026-03-01T07:00:00Z",
    "1 Mar 26 07:00:00 UT": "2026-03-01T07:00:00Z",
    "Sun, 01 Mar 2026 07:00:00 +02:00": "2026-03-01T05:00:00Z",
    "Sun, 01 Mar 2026 07:00:00 GMT+2": "2026-03-01T05:00:00Z",
    "Sun, 01 Mar 2026 07:00:00 +0100 (CET)": "2026-03-01T06:00:00Z",
    "Monday, 01-Dec-97 07:00:00 EST": "1997-12-01T12:00:00Z",
    "So, 01 März 2026 08:00:00 MEZ": "2026-03-01T07:00:00Z",
    "dim., 01 mars 2026 08:00:00 +0100": "2026-03-01T07:00:00Z",
    "Sun Mar  1 07:00:00 UTC 2026": "2026-03-01T07:00:00Z",
    "Sun Mar 01 07:00:00 +0000 2026": "2026-03-01T07:00:00Z",
    "2026-03-01T07:00:00Z": "2026-03-01T07:00:00Z",
    "2026-03-01t07:00:00.5+01:00": "2026-03-01T06:00:00.500Z",
    "2026-03-01 07:00 +0100": "2026-03-01T06:00:00Z",
    "20260301T070000Z": "2026-03-01T07:00:00Z",
    "2026-02-28T24:00:00Z": "2026-03-01T00:00:00Z",
    "2025-12-31T23:59:60Z": "2025-12-31T23:59:59Z",
    "March 1, 2026 02:00 EST": "2026-03-01T07:00:00Z",
    "March 1, 2026 at 02:00 EST": "2026-03-01T07:00:00Z",
    "1760429730": "2025-10-14T08:15:30Z",
    "1760429730.5": "2025-10-14T08:15:30Z",
    "1760429730123": "2025-10-14T08:15:30Z",
    "01.03.2026, 08:00 MEZ": "2026-03-01T07:00:00Z",
    "28 lutego 2026 23:30 +0100": "2026-02-28T22:30:00Z",
    "Вс, 01 мар 2026 07:00:00 +0300": "2026-03-01T04:00:00Z",
    "za, 28 mrt 2020 10:00:00 +0100": "2020-03-28T09:00:00Z",
    "Sunday, March 8, 2020 01:59 ET": "2020-03-08T06:59:00Z",
    "Sunday, March 8, 2020 02:00 ET": "2020-03-08T06:00:00Z",
    "Sun, 01 Nov 2020 01:59:59 ET": "2020-11-01T05:59:59Z",
    "Sun, 01 Nov 2020 02:00:00 ET": "2020-11-01T07:00:00Z",
    "Sun, 28 Oct 2001 01:00:00 PT": "2001-10-28T08:00:00Z",
    "Sun, 28 Oct 2001 02:00:00 PT": "2001-10-28T10:00:00Z",
    "Sun, 01 Apr 2001 02:00:00 CT": "2001-04-01T07:00:00Z",
    "Sat, 28 Feb 2026 23:30:00 MT": "2026-03-01T06:30:00Z",
}
NAMED_ZONES = {  # read as UTC by feedparser 6.0.14, all but the first and the last
    "EST": -5, "CET": 1, "CEST": 2, "BST": 1, "MSK": 3, "IST": 5.5, "JST": 9, "AEST": 10, "AEDT": 11, "NZDT": 13, "PDT": -7,
}  # fmt: skip
ONLY_A_DATE = {
    "2026-02-28": "2026-02-28T00:00:00Z",
    "28 février 2026": "2026-02-28T00:00:00Z",
    "28 de febrero de 2026": "2026-02-28T00:00:00Z",
    "Sat, 28 Feb 2026": "2026-02-28T00:00:00Z",
    "February 28, 2026": "2026-02-28T00:00:00Z",
    "2026-02-28T23:30:00": "2026-02-28T00:00:00Z",
    "Sat, 28 Feb 2026 23:30:00 XYZ": "2026-02-28T00:00:00Z",
    "2026年2月28日 10:00": "2026-02-28T00:00:00Z",
    "28.02.2026": "2026-02-28T00:00:00Z",
    "20260228233000": "2026-02-28T00:00:00Z",
    "sabato, 28 febbraio 2026 alle 23:30": "2026-02-28T00:00:00Z",
    "sábado, 28 de fevereiro de 2026 às 23:30": "2026-02-28T00:00:00Z",
    "segunda-feira, 16 de fevereiro de 2026": "2026-02-16T00:00:00Z",
    "п'ятниця, 27 лютого 2026 р., 10:00": "2026-02-27T00:00:00Z",
    "28 февраля 2026 г. в 10:00": "2026-02-28T00:00:00Z",
    "28. Februar 2026 um 10:00 Uhr": "2026-02-28T00:00:00Z",
    "Sun, 01 Mar 2026 10:00:00": "2026-03-01T00:00:00Z",
}
UNREADABLE = (
    "yesterday", "2026", "2026-03", "2026-02-30", "2026-02-28T25:00:00Z", "2026-02-28T10:61:00Z",
    "2026-02-28T10:00:00-99999999", "2026-02-28T10:00:00+15:00", "2026-02-28T10:00:00+01:75", "01/02/2026", "x" * 5000,
    "Sun, 31 Dec 9999 23:59:59 -9999", "17604297301", "31 Quintober 2025",
)  # fmt: skip
TOO_OLD = ("Thu, 01 Jan 1970 00:00:00 GMT", "1989-12-31", "176042973", "Thu, 01 Jan 0100 00:00:01 +0100")
AHEAD = {  # NOW is 07:30
    "2026-03-01T07:35:00Z": ("2026-03-01T07:35:00Z", "exact", ""),
    "2026-03-01T07:35:01Z": ("2026-03-01T00:00:00Z", "date", "date.in_future"),
    "Sun, 01 Mar 2026 21:30:00 +0000": ("2026-03-01T00:00:00Z", "date", "date.in_future"),
    "2026-03-02T00:00:00Z": ("", "none", "date.in_future"),
    "2026-03-02": ("", "none", "date.in_future"),
    "2026-03-02T08:00:00": ("", "none", "date.in_future"),
    "Sat, 01 Mar 2036 07:00:00 GMT": ("", "none", "date.in_future"),
    "9999999999": ("", "none", "date.in_future"),
}
# 28 <month> 2025 as each language writes it, January first.
LOCAL_MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "el": "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου Δεκεμβρίου",
    "hu": "január február március április május június július augusztus szeptember október november december",
    "de, short": "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "fr, short": "janv févr mars avr mai juin juil août sept oct nov déc",
    "es, short": "ene feb mar abr may jun jul ago sep oct nov dic",
    "it, short": "gen feb mar apr mag giu lug ago set ott nov dic",
    "pt, short": "jan fev mar abr mai jun jul ago set out nov dez",
    "nl, short": "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "ru, short": "янв фев мар апр май июн июл авг сен окт ноя дек",
    "uk, short": "січ лют бер кві тра чер лип сер вер жов лис гру",
    "pl, short": "sty lut mar kwi maj cze lip sie wrz paź lis gru",
}


@pytest.mark.parametrize(("raw", "value"), EXACT.items())
def test_exact_instants_come_out_in_utc(raw: str, value: str) -> None:
    assert read_date(raw, NOW) == Instant(value, "exact")


@pytest.mark.parametrize(("zone", "hours"), NAMED_ZONES.items())
def test_named_zones_are_not_utc(zone: str, hours: float) -> None:
    value = read_date(f"Thu, 15 Jan 2026 12:00:00 {zone}", NOW).value
    assert parse_instant(value) == datetime(2026, 1, 15, 12, tzinfo=timezone(timedelta(hours=hours)))


@pytest.mark.parametrize(("raw", "value"), ONLY_A_DATE.items())
def test_a_time_without_a_known_zone_is_only_a_date(raw: str, value: str) -> None:
    assert read_date(raw, NOW) == Instant(value, "date")


@pytest.mark.parametrize("raw", UNREADABLE)
def test_what_is_no_date_has_no_value(raw: str) -> None:
    assert read_date(raw, NOW) == Instant("", "none", "date.unreadable")


@pytest.mark.parametrize("raw", TOO_OLD)
def test_what_is_older_than_feeds_has_no_value(raw: str) -> None:
    assert read_date(raw, NOW) == Instant("", "none", "date.too_old")


@pytest.mark.parametrize("raw", ["", "   "])
def test_no_date_is_no_problem(raw: str) -> None:
    assert read_date(raw, NOW) == NOTHING


@pytest.mark.parametrize(("raw", "expected"), AHEAD.items())
def test_a_date_in_the_future_is_flagged_and_no_longer_exact(raw: str, expected: tuple[str, Quality, str]) -> None:
    assert read_date(raw, NOW) == Instant(*expected)


@pytest.mark.parametrize("language", LOCAL_MONTHS)
def test_months_in_the_languages_of_feeds(language: str) -> None:
    names = LOCAL_MONTHS[language].split()
    assert [read_date(f"28 {name} 2025", NOW).value[:7] for name in names] == [f"2025-{month:02}" for month in range(1, 13)]


BUILT = "Sun, 01 Mar 2026 07:00:00 GMT"


@pytest.mark.parametrize(
    ("raw", "built", "quality"),
    [
        (BUILT, (BUILT,), "build_time"),
        (BUILT, ("2026-02-01T00:00:00Z", "2026-03-01T08:00:00+01:00"), "build_time"),
        (BUILT, ("Sun, 01 Mar 2026 07:00:01 GMT",), "exact"),
        (BUILT, (), "exact"),
        (BUILT, ("nonsense",), "exact"),
        ("2026-03-01", ("2026-03-01",), "date"),
        ("nonsense", ("nonsense",), "none"),
    ],
)
def test_the_feeds_own_date_is_its_build_time(raw: str, built: tuple[str, ...], quality: str) -> None:
    found = read_date(raw, NOW)
    graded = with_build_time(found, built)
    assert (graded.value, graded.quality, graded.problem) == (found.value, quality, found.problem)


def test_the_first_date_that_can_be_read_counts_and_the_bad_one_is_told() -> None:
    assert first_date(("nonsense", BUILT), NOW) == Instant("2026-03-01T07:00:00Z", "exact", "date.unreadable")
    assert first_date((BUILT, "2026-02-28"), NOW) == Instant("2026-03-01T07:00:00Z", "exact")
    assert first_date(("", ""), NOW) == NOTHING


@given(st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(2026, 2, 28)), st.integers(-14 * 60, 14 * 60))
def test_rfc822_and_rfc3339_agree_with_the_standard_library(naive: datetime, offset: int) -> None:
    at = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    rfc822 = at.strftime("%a, %d %b %Y %H:%M:%S %z")
    for raw in (rfc822, at.isoformat()):
        found = read_date(raw, NOW)
        assert (parse_instant(found.value), found.quality) == (at, "exact")


ANYTHING = st.text(alphabet="0123456789-:/+., TZabcdeJFMASONDnrpyulgtvGMUEST()", max_size=70) | st.text(max_size=20)
INSTANTS = st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(9999, 12, 29)).map(
    lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z"
)
NAMED = st.builds(
    "{} {} {} {:02}:{:02} {}".format,
    st.integers(1, 31), st.sampled_from(sorted(FEED_MONTHS)), st.integers(1950, 2030), st.integers(0, 24), st.integers(0, 60),
    st.sampled_from((*sorted(ZONES), *sorted(WALL_CLOCKS), "XYZ", "+1400", "-1400", "+9999")),
)  # fmt: skip


@given(ANYTHING | INSTANTS | NAMED | st.integers(0, 10**14).map(str), INSTANTS)
def test_whatever_it_is_the_answer_is_not_later_than_now(raw: str, now: str) -> None:
    found = read_date(raw, now)
    assert found == read_date(raw, now)
    assert (found.value == "") == (found.quality == "none")
    if found.value:
        assert EARLIEST <= parse_instant(found.value) <= parse_instant(now) + SKEW
        assert found.quality == "exact" or found.value.endswith("T00:00:00Z")
        assert read_date(found.value, now).value == found.value


# feedparser's own cases. A general reader may accept what one of its formats refuses; the share is of the dates that it reads.
FLOOR = tomllib.loads((Path(__file__).parent.parent / "quality" / "feedparser_floor.toml").read_text())["dates"]
SHORT = "a year of two digits, or a day counted from New Year, may be anything: no feed writes so"
NO_DAY = "a month or a year without a day is no date"
DIFFERENCES = {
    **dict.fromkeys(("031231", "03-12-31", "03335"), SHORT),
    **dict.fromkeys(("-0312", "-03-12", "2003-12", "2003"), NO_DAY),
    "2003-012-31T10:14:55+00:00": "a month of three digits is a mistake of which nobody knows what it means",
    "2004-05-25 오후 11:23:17": "feedparser takes Korean forms for Korean time; this names no zone",
    "2004년 05월 28일  01:31:15": "feedparser takes Korean forms for Korean time; this names no zone, so its day counts",
    "Thu, 01 Jan 0100 00:00:01 +0100": "older than feeds",
}


def _agrees(case: dict[str, Any]) -> bool:
    """The same instant; without a zone, which feedparser takes for UTC, the same day."""
    found = read_date(case["input"] or "", NOW)
    expected = datetime(*case["expected"][:6], tzinfo=UTC)
    if found.quality == "date":
        expected = expected.replace(hour=0, minute=0, second=0)
    return bool(found.value) and parse_instant(found.value).replace(microsecond=0) == expected


def test_feedparsers_date_cases(shared: Path, record_property: Callable[[str, object], None]) -> None:
    cases = json.loads((shared / "feeds" / "feedparser" / "date_parsers.json").read_text())
    known = [case for case in cases if case["expected"]]
    failed = [case["input"] for case in known if not _agrees(case)]
    share = 1 - len(failed) / len(known)
    record_property("feedparser_dates_share", round(share, 4))
    assert sorted(set(failed)) == sorted(DIFFERENCES)
    assert len(known) >= FLOOR["cases"]
    assert share >= FLOOR["share"]
