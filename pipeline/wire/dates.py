"""When a source says something was published. Own layer over the raw strings: a feed parser's word is not taken for it.

feedparser 6.0.14 reads CET, BST, JST and others as UTC, makes the year 1760 of a Unix time, and 2027 of a zone -99999999
(polling.md, section 5). What cannot be read has no value: nothing is invented here, least of all "now".
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # older than any feed
AHEAD_MAX = timedelta(hours=24)  # a zone error is at most 14 h; what lies further ahead is no publication date
LENGTH_MAX = 64  # the longest real form has 44 characters
OFFSET_MINUTES_MAX = 14 * 60  # UTC+14 is the furthest zone there is


class Instant(Struct, frozen=True):
    """`value` is RFC 3339 in UTC, "" when there is none. Of quality "date" only the day is known and the time stands at 00:00."""

    value: str = ""
    quality: Literal["exact", "date", "none"] = "none"


NOTHING = Instant()

# Minutes east of Greenwich. Where a name has two meanings, the one newsrooms use: IST India, BST Britain, CST and MST America.
ZONES: dict[str, int] = {
    name: int(hours * 60)
    for hours, names in {
        0: "z ut utc gmt wet",
        1: "bst cet met mez wat west",
        2: "cest mest mesz eet cat sast",
        3: "eest msk eat trt idt",
        3.5: "irst",
        4: "gst msd",
        5: "pkt uzt",
        5.5: "ist slst",
        5.75: "npt",
        6: "bdt",
        6.5: "mmt",
        7: "ict wib",
        8: "hkt sgt myt pht awst wita",
        9: "jst kst wit",
        9.5: "acst",
        10: "aest chst",
        10.5: "acdt",
        11: "aedt",
        12: "nzst",
        13: "nzdt",
        -2.5: "ndt",
        -3: "brt art uyt adt",
        -3.5: "nst",
        -4: "edt ast clt",
        -5: "est cdt pet cot",
        -6: "cst mdt",
        -7: "mst pdt",
        -8: "pst akdt",
        -9: "akst",
        -10: "hst",
    }.items()
    for name in names.split()
}

# In the languages feeds are most often localised into; the first three letters of each count too where they mean one month.
MONTH_NAMES = (
    "january januar jänner janvier enero gennaio janeiro januari",
    "february februar février fevrier febrero febbraio fevereiro februari",
    "march märz maerz mars marzo março marco maart mrz",
    "april avril abril aprile",
    "may mai mayo maggio maio mei",
    "june juni juin junio giugno junho",
    "july juli juillet julio luglio julho",
    "august août aout agosto augustus",
    "september septembre septiembre settembre setembro sept",
    "october oktober octobre octubre ottobre outubro",
    "november novembre noviembre novembro",
    "december dezember décembre decembre diciembre dicembre dezembro",
)


def _months() -> dict[str, int]:
    table: dict[str, int] = {}
    for number, names in enumerate(MONTH_NAMES, 1):
        for name in names.split():
            table[name] = number
            table.setdefault(name[:3], number)
    # "jui" and "juil" are June or July in French; "mar", "mai" are settled by the order above.
    table.pop("jui")
    return table | {"juil": 7, "janv": 1, "févr": 2, "avr": 4, "déc": 12}


MONTHS = _months()

CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{1,2})(?P<fraction>[.,]\d{1,9})?)?"
ZONE = r"\s*(?P<zone>(?:Etc/)?[A-Za-z]{1,5}(?=\s*$)|(?:GMT|UTC|UT)?\s*[+\-−]\d{1,2}(?::?\d{2})?)?"
WEEKDAY = r"(?:[^\W\d]{2,12}\.?(?:,\s*|\s+))?"
NAME = r"(?P<name>[^\W\d]{3,10})"
DAY = r"(?P<day>\d{1,2})"
YEAR = r"(?P<year>\d{4})"
FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        # RFC 822 and its relatives: [Sun,] 31 Dec 2023 [10:00[:00] [GMT|+0100]]
        rf"{WEEKDAY}{DAY}\.?[\s\-](?:de\s+)?{NAME}\.?,?[\s\-](?:de\s+)?(?P<year>\d{{4}}|\d{{2}})(?:,?\s+{CLOCK}{ZONE})?",
        # ISO 8601 and RFC 3339: 2023-12-31[T10:00[:00[.000]][Z|+01:00| EST]]; also with slashes, and a month by name
        rf"{WEEKDAY}{YEAR}[\-/](?:(?P<month>\d{{1,2}})|{NAME})[\-/]{DAY}(?:[Tt\s]\s*{CLOCK}{ZONE})?",
        # ISO 8601, basic: 20231231[T100000Z]
        rf"{YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})(?:T(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}}){ZONE})?",
        # asctime: [Sun] Dec 31 10:00:00 [EST|+0000] 2023
        rf"{WEEKDAY}{NAME}\.?\s+{DAY},?\s+{CLOCK}(?:\s+(?P<zone>[A-Z]{{1,5}}|[+\-]\d{{4}}))?\s+{YEAR}",
        # American prose: [Sunday,] December 31, 2023 [10:00 [EST]]
        rf"{WEEKDAY}{NAME}\.?\s+{DAY},?\s+{YEAR}(?:,?\s+{CLOCK}{ZONE})?",
    )
)
COMMENT = re.compile(r"\s*\([^()]*\)\s*$")  # RFC 822 allows one after the zone: +0100 (CET)


def read_date(raw: str, now: str) -> Instant:
    """The instant that `raw` names, if it lies between 1990 and 24 h after `now` (RFC 3339).

    A time without a zone, or with an unknown one, is of quality "date": it may be 14 hours off.
    """
    raw = raw.strip()
    if not raw or len(raw) > LENGTH_MAX:
        return NOTHING
    if raw.endswith(")"):
        raw = COMMENT.sub("", raw)
    found = next((match for form in FORMS if (match := form.fullmatch(raw))), None)
    if found is None:
        return NOTHING
    parts = found.groupdict()
    at = _instant(parts)
    if at is None or not EARLIEST <= at <= parse_instant(now) + AHEAD_MAX:
        return NOTHING
    if parts.get("hour") is None or _offset_minutes(parts.get("zone")) is None:
        return Instant(_rfc3339(at.replace(hour=0, minute=0, second=0, microsecond=0)), "date")
    return Instant(_rfc3339(at), "exact")


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant of our own making; raises ValueError for anything else."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return at


def _instant(parts: dict[str, str | None]) -> datetime | None:
    month = int(parts.get("month") or 0) or MONTHS.get((parts.get("name") or "").casefold())
    year, day, hour = int(parts["year"] or 0), int(parts["day"] or 0), int(parts.get("hour") or 0)
    if month is None:
        return None
    if year < 100:
        year += 1900 if year >= 50 else 2000  # RFC 2822, section 4.3
    offset = _offset_minutes(parts.get("zone"))
    if offset is not None and abs(offset) > OFFSET_MINUTES_MAX:
        return None
    minute, second = int(parts.get("minute") or 0), int(parts.get("second") or 0)
    fraction = int(float("0." + (parts.get("fraction") or ".0")[1:]) * 1000) * 1000
    days, hour = (1, 0) if (hour, minute, second) == (24, 0, 0) else (0, hour)
    second = 59 if second == 60 else second  # a leap second is one second early
    try:
        local = datetime(year, month, day, hour, minute, second, fraction, tzinfo=UTC)
        return local + timedelta(days=days) - timedelta(minutes=offset or 0)
    except (ValueError, OverflowError):
        return None


def _offset_minutes(zone: str | None) -> int | None:
    """Minutes east of Greenwich; None when there is no zone or an unknown one."""
    if not zone:
        return None
    zone = zone.strip().casefold().removeprefix("etc/")
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


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds").replace("+00:00", "Z")
