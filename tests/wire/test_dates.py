"""Dates as feeds write them, and what must not be made of them."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wire.dates import EARLIEST, NOTHING, Instant, parse_instant, read_date
from tests.builders import NOW

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
    "March 1, 2026 07:00 EST": "2026-03-01T12:00:00Z",
}
ZONES = {  # read as UTC by feedparser 6.0.14, all but the first and the last
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
    "Sat, 28 Feb 2026 23:30:00 ET": "2026-02-28T00:00:00Z",
}
NO_DATE = (
    "", "   ", "yesterday", "1760429730", "2026", "2026-03", "2026-02-30", "2026-02-28T25:00:00Z",
    "2026-02-28T10:61:00Z", "2026-02-28T10:00:00-99999999", "2026-02-28T10:00:00+15:00", "2026-02-28T10:00:00+01:75",
    "Sun, 31 Dec 9999 23:59:59 -9999", "Thu, 01 Jan 1970 00:00:00 GMT", "1989-12-31", "2026-03-02T07:30:01Z",
    "Sat, 01 Mar 2036 07:00:00 GMT", "01/02/2026", "x" * 5000,
)  # fmt: skip


@pytest.mark.parametrize(("raw", "value"), EXACT.items())
def test_exact_instants_come_out_in_utc(raw: str, value: str) -> None:
    assert read_date(raw, NOW) == Instant(value, "exact")


@pytest.mark.parametrize(("zone", "hours"), ZONES.items())
def test_named_zones_are_not_utc(zone: str, hours: float) -> None:
    value = read_date(f"Thu, 15 Jan 2026 12:00:00 {zone}", NOW).value
    assert parse_instant(value) == datetime(2026, 1, 15, 12, tzinfo=timezone(timedelta(hours=hours)))


@pytest.mark.parametrize(("raw", "value"), ONLY_A_DATE.items())
def test_a_time_without_a_known_zone_is_only_a_date(raw: str, value: str) -> None:
    assert read_date(raw, NOW) == Instant(value, "date")


@pytest.mark.parametrize("raw", NO_DATE)
def test_what_is_no_date_stays_none(raw: str) -> None:
    assert read_date(raw, NOW) == NOTHING


def test_a_zone_error_of_hours_is_tolerated_and_more_is_not() -> None:
    assert read_date("2026-03-02T07:30:00Z", NOW).quality == "exact"
    assert read_date("2026-03-02T07:30:01Z", NOW) == NOTHING


@given(st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(2026, 2, 28)), st.integers(-14 * 60, 14 * 60))
def test_rfc822_and_rfc3339_agree_with_the_standard_library(naive: datetime, offset: int) -> None:
    at = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    rfc822 = at.strftime("%a, %d %b %Y %H:%M:%S %z")
    for raw in (rfc822, at.isoformat()):
        found = read_date(raw, NOW)
        assert (parse_instant(found.value), found.quality) == (at, "exact")


@given(st.text(alphabet="0123456789-:/+., TZabcdeJFMASONDnrpyulgtvGMUEST()", max_size=70))
def test_whatever_it_is_the_answer_lies_in_range(raw: str) -> None:
    found = read_date(raw, NOW)
    if found.quality != "none":
        assert EARLIEST <= parse_instant(found.value) <= parse_instant(NOW) + timedelta(hours=24)
        assert read_date(found.value, NOW).value == found.value


# What feedparser's own tests expect and we refuse on purpose: a missing zone is not UTC, a month without a day is no date;
# two-digit ISO years and Greek, Hungarian and Korean forms are not read.
OTHERWISE = {"greek", "hungarian", "nate", "onblog", "iso8601"}


def test_feedparsers_date_cases_agree_where_the_zone_is_known(shared: Path) -> None:
    cases = json.loads((shared / "feeds" / "feedparser" / "date_parsers.json").read_text())
    read = 0
    for case in cases:
        found = read_date(case["input"] or "", NOW)
        if found.quality != "exact":
            continue
        read += 1
        assert case["expected"], case
        assert parse_instant(found.value).replace(microsecond=0, tzinfo=None) == datetime(*case["expected"][:6]), case
    known = [case for case in cases if case["expected"] and case["parser"] not in OTHERWISE]
    missed = [case["input"] for case in known if read_date(case["input"], NOW) == NOTHING]
    assert missed == ["Thu, 01 Jan 0100 00:00:01 +0100", "2003-12", "2003"]
    assert read >= 20
