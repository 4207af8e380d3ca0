"""When a source says something was published. Own layer over the raw strings: a feed parser's word is not taken for it.

feedparser 6.0.14 reads CET, BST, JST and others as UTC, makes the year 1760 of a Unix time, and 2027 of a zone -99999999.
What cannot be read has no value: nothing is invented here, least of all "now".

Promises: the same text and `now` give the same answer; nothing raises; no value is later than `now` by more than SKEW.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from pipeline.wire.date_words import FEED_MONTHS, WALL_CLOCKS, ZONES

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # older than any feed
SKEW = timedelta(minutes=5)  # how far a publisher's clock may go ahead of ours; mail and tickets allow the same
AHEAD_MAX = timedelta(hours=24)  # a zone error is at most 14 h; what lies further ahead is no publication date
LENGTH_MAX = 64  # the longest real form has 52 characters
OFFSET_MINUTES_MAX = 14 * 60  # UTC+14 is the furthest zone there is
ONE_DATE = "feed.one_date"  # the problem of a document whose items all have the same date
FOREVER = (
    "9999-12-30T00:00:00Z"  # as `now`, for dates that lie in the future by their nature (a day before the last one there is)
)


class Instant(Struct, frozen=True):
    """`value` is RFC 3339 in UTC, "" when there is none.

    Of quality "date" only the day is certain and the time stands at 00:00; "build_time" is the instant of the document, not the
    item. `problem` says what is wrong with the date: "date.unreadable", "date.too_old" or "date.in_future".
    """

    value: str = ""
    quality: Literal["exact", "date", "build_time", "none"] = "none"
    problem: str = ""


NOTHING = Instant()
UNREADABLE = Instant(problem="date.unreadable")
TOO_OLD = Instant(problem="date.too_old")

CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{1,2})(?P<fraction>[.,]\d{1,9})?)?"
ZONE = r"\s*(?P<zone>(?:Etc/)?[A-Za-z]{1,5}(?=\s*$)|(?:GMT|UTC|UT)?\s*[+\-−]\d{1,2}(?::?\d{2})?)?"
WEEKDAY = r"(?:[^\W\d](?:[^\W\d]|['’\-]){1,14}\.?(?:,\s*|\s+))?"
NAME = r"(?P<name>[^\W\d]{3,12})"
DAY = r"(?P<day>\d{1,2})"
YEAR = r"(?P<year>\d{4})"
YEAR_WORD = r"(?:\s?[гр]\.?)?"  # Russian and Ukrainian "year"
AT = r"(?:,?\s+(?:(?:at|um|om|à|às|a las|alle|в|о|o|kl\.?|[|–-])\s+)?|,)"  # what stands before the time
FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        # RFC 822 and its relatives: [Sun,] 31 Dec 2023 [10:00[:00] [GMT|+0100]]
        rf"{WEEKDAY}{DAY}\.?[\s\-](?:de\s+)?{NAME}\.?,?[\s\-](?:de\s+)?(?P<year>\d{{4}}|\d{{2}}){YEAR_WORD}(?:{AT}{CLOCK}{ZONE})?",
        # ISO 8601 and RFC 3339: 2023-12-31[T10:00[:00[.000]][Z|+01:00| EST]]; also with slashes, and a month by name
        rf"{WEEKDAY}{YEAR}[\-/](?:(?P<month>\d{{1,2}})|{NAME})[\-/]{DAY}(?:[Tt\s]\s*{CLOCK}{ZONE})?",
        # ISO 8601, basic: 20231231[T100000Z]
        rf"{YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})(?:T?(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}}){ZONE})?",
        # Day first with dots, as all who write dots do: [So.,] 31.12.2023 [10:00[:00] [MEZ]]
        rf"{WEEKDAY}{DAY}\.(?P<month>\d{{1,2}})\.{YEAR}{YEAR_WORD}(?:{AT}{CLOCK}{ZONE})?",
        # Chinese, Japanese, Korean: 2023年12月31日 10:00
        rf"{YEAR}[年년]\s*(?P<month>\d{{1,2}})[月월]\s*{DAY}[日일](?:\s*{CLOCK}{ZONE})?",
        # asctime: [Sun] Dec 31 10:00:00 [EST|+0000] 2023
        rf"{WEEKDAY}{NAME}\.?\s+{DAY},?\s+{CLOCK}(?:\s+(?P<zone>[A-Z]{{1,5}}|[+\-]\d{{4}}))?\s+{YEAR}",
        # American prose: [Sunday,] December 31, 2023 [[at] 10:00 [EST]]
        rf"{WEEKDAY}{NAME}\.?\s+{DAY},?\s+{YEAR}(?:{AT}{CLOCK}{ZONE})?",
    )
)
EPOCH = re.compile(r"([0-9]{9,10})(?:\.[0-9]{1,9}|[0-9]{3})?")  # seconds since 1970, or milliseconds
COMMENT = re.compile(r"\s*\([^()]*\)\s*$")  # RFC 822 allows one after the zone: +0100 (CET)


@lru_cache(maxsize=64)  # an item's own few dates are asked for several times, and all items of a poll share the feed's
def read_date(raw: str, now: str) -> Instant:
    """The instant that `raw` names; `now` (RFC 3339) is when it was fetched. An empty text has no value and no problem.

    A time without a zone, or with an unknown one, is of quality "date": it may be 14 hours off. So is an instant up to 24 h after
    `now`, an error of zone. A day counts once it has begun in UTC. What lies further ahead, or before 1990, has no value.
    """
    raw = raw.strip()
    if not raw:
        return NOTHING
    at, is_exact = _read(raw)
    if at is None:
        return UNREADABLE
    if at < EARLIEST:
        return TOO_OLD
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    latest = parse_instant(now)
    if (at if is_exact else day) <= latest + SKEW:
        return Instant(_rfc3339(at), "exact") if is_exact else Instant(_rfc3339(day), "date")
    is_zone_error = is_exact and day <= latest and at <= latest + AHEAD_MAX
    return Instant(_rfc3339(day), "date", "date.in_future") if is_zone_error else Instant(problem="date.in_future")


def first_date(raws: tuple[str, ...], now: str) -> Instant:
    """The first of several dates that has a value, with the problem of the first that has one."""
    found = [read_date(raw, now) for raw in raws]
    chosen = next((instant for instant in found if instant.value), NOTHING)
    return Instant(chosen.value, chosen.quality, next((instant.problem for instant in found if instant.problem), ""))


def with_build_time(instant: Instant, built: tuple[str, ...]) -> Instant:
    """The instant of an item of a feed whose items all have one date; `built` are the dates of the feed itself, raw.

    That one date is when the feed was built, if the feed says so. A single item with the feed's date proves nothing: most feeds
    take their date from their newest item.
    """
    is_built = instant.quality == "exact" and any(read_date(raw, FOREVER).value == instant.value for raw in built)
    return Instant(instant.value, "build_time", instant.problem) if is_built else instant


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant of our own making; raises ValueError for anything else."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return at


def _read(raw: str) -> tuple[datetime | None, bool]:
    """The instant, if there is one, and whether its zone is known."""
    if len(raw) > LENGTH_MAX:
        return None, False
    if epoch := EPOCH.fullmatch(raw):
        return datetime.fromtimestamp(int(epoch[1]), UTC), True
    if raw.endswith(")"):
        raw = COMMENT.sub("", raw)
    found = next((match for form in FORMS if (match := form.fullmatch(raw))), None)
    return _instant(found.groupdict()) if found else (None, False)


def _instant(parts: dict[str, str | None]) -> tuple[datetime | None, bool]:
    local = _local(parts)
    if local is None:
        return None, False
    offset = _offset_minutes(parts.get("zone"), local) if parts.get("hour") else None
    if offset is None:
        return local, False
    if abs(offset) > OFFSET_MINUTES_MAX:
        return None, False
    try:
        return local - timedelta(minutes=offset), True
    except OverflowError:
        return None, False


def _local(parts: dict[str, str | None]) -> datetime | None:
    """What the calendar and the clock say, as if in UTC."""
    month = int(parts.get("month") or 0) or FEED_MONTHS.get((parts.get("name") or "").casefold())
    year, day, hour = int(parts["year"] or 0), int(parts["day"] or 0), int(parts.get("hour") or 0)
    if month is None:
        return None
    if year < 100:
        year += 1900 if year >= 50 else 2000  # RFC 2822, section 4.3
    minute, second = int(parts.get("minute") or 0), int(parts.get("second") or 0)
    fraction = int(float("0." + (parts.get("fraction") or ".0")[1:]) * 1000) * 1000
    days, hour = (1, 0) if (hour, minute, second) == (24, 0, 0) else (0, hour)
    second = 59 if second == 60 else second  # a leap second is one second early
    try:
        return datetime(year, month, day, hour, minute, second, fraction, tzinfo=UTC) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None


def _offset_minutes(zone: str | None, local: datetime) -> int | None:
    """Minutes east of Greenwich; None when there is no zone or an unknown one."""
    if not zone:
        return None
    zone = zone.strip().casefold().removeprefix("etc/")
    if zone in WALL_CLOCKS:
        return WALL_CLOCKS[zone] + 60 * _is_american_summer(local)
    if zone in ZONES:
        return ZONES[zone]
    sign = next((character for character in zone if character in "+-−"), None)
    if sign is None:
        return None
    digits = zone[zone.index(sign) + 1 :].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    if int(minutes) > 59:
        return OFFSET_MINUTES_MAX + 1
    return (int(hours) * 60 + int(minutes)) * (1 if sign == "+" else -1)


def _is_american_summer(local: datetime) -> bool:
    """Whether daylight saving time holds at a local time in the United States; the hour that comes twice counts as its first.

    15 U.S.C. 260a: since 2007 from the second Sunday in March to the first in November, since 1987 from the first in April to the
    last in October, both at 2 o'clock.
    """
    if local.year >= 2007:
        return _sunday(local.year, 3, 8) <= local < _sunday(local.year, 11, 1)
    return _sunday(local.year, 4, 1) <= local < _sunday(local.year, 10, 25)


def _sunday(year: int, month: int, day: int) -> datetime:
    """The first Sunday from that day on, at 2 o'clock."""
    at = datetime(year, month, day, 2, tzinfo=UTC)
    return at + timedelta(days=6 - at.weekday())


def rfc3339_ms(at: datetime) -> str:
    """UTC as all times of our own are written: `2026-03-01T07:30:00.123Z`."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds").replace("+00:00", "Z")
