"""The table of dateline forms: how place, date, source and separator stand to each other. The reading itself is dateline.py's.

Every pattern is matched against at most WINDOW_CHARS characters and holds bounded repetitions only, so the cost is bounded too.
"""

import re
from datetime import date

from msgspec import Struct

from pipeline.wire.date_words import MONTHS as FEED_MONTHS

WINDOW_CHARS = 200  # the longest real dateline, a joint one of two cities with date and source, has about 120
LEFT_CHARS = 110

GENITIVES = (
    "января января січня", "февраля фев лютого", "марта мар березня", "апреля апр квітня", "мая мая травня", "июня июн червня",
    "июля июл липня", "августа авг серпня", "сентября сен вересня", "октября окт жовтня", "ноября ноя листопада",
    "декабря дек грудня",
)  # fmt: skip
MONTHS = (
    FEED_MONTHS | {name: number for number, names in enumerate(GENITIVES, 1) for name in names.split()} | {"янв": 1, "sett": 9}
)
PRINTED = (
    r"(?:(?P<{0}month>[^\W\d_]{{3,10}})\.?\s{{1,2}}(?P<{0}day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<{0}year>\d{{4}}))?"
    r"|(?P<{0}first>\d{{1,2}})(?:\.|er|º)?\s(?:de\s)?(?P<{0}name>[^\W\d_]{{3,10}})\.?(?:,?\s(?:de\s)?(?P<{0}later>\d{{4}}))?"
    r"|(?P<{0}dd>\d\d?)/(?P<{0}mm>\d\d?))"
)
WHOLE_DATE = re.compile(PRINTED.format(""))
DATE_AT_END = re.compile(rf"(?:^|(?P<join>\s?,\s{{0,3}}|\.\s{{1,3}}|\s))(?P<date>{PRINTED.format('')})[.,]?$")


class Form(Struct, frozen=True):
    """`pattern` names left (place and date), source, date (if it stands after the source) and sep."""

    rule: str
    mark: str  # not worth a look where this is absent
    pattern: re.Pattern[str]
    example: str


LEFT = rf"(?P<left>.{{3,{LEFT_CHARS}}}?)"
FORMS = (
    Form(
        "dateline.press_release",
        "--",
        re.compile(LEFT + r"\s?--\s?\((?P<source>[A-Za-z][\w. ]{2,30}?)(?:\s?-\s?(?P<date>[^()]{5,25}))?\)\s?(?P<sep>--|-|–)"),
        "NEW YORK--(BUSINESS WIRE)--Norland Paper opened a mill.",
    ),
    Form(
        "dateline.press_release_slashes",
        " / ",
        re.compile(LEFT + r"\s/\s(?P<source>[A-Za-z][\w ]{2,30}?)\s/\s(?P<date>[^/]{5,30}?)\s(?P<sep>/)"),
        "RENO, NV / ACCESSWIRE / March 2, 2026 / Norland Gold found silver.",
    ),
    Form(
        "dateline.source_in_slashes",
        "/",
        re.compile(rf"(?P<left>.{{0,{LEFT_CHARS}}}?)\s?/(?P<source>[^\W\d_][^/()]{{1,30}})/\s?(?P<sep>--|\.|-|–|—)(?P<date>)?"),
        "MOSCOW, January 21. /TASS/. The river froze.",
    ),
    Form(
        "dateline.source_first",
        "(",
        re.compile(rf"\((?P<source>[^()]{{2,30}})\)\s?[-–]\s?(?P<left>[^()\n]{{3,{LEFT_CHARS}}}?)\s?(?P<sep>[-–])\s(?P<date>)?"),
        "(ANSA) - ROMA, 02 MAR - Il porto resta chiuso.",
    ),
)  # fmt: skip
BY_BRACKETS = (  # found by the bracket, with or without what stands before it
    ("dateline.place_source", "PARIS, Oct 22 (Reuters) - The bridge opened."),
    ("dateline.date_source", "Oct 22 (Reuters) - The bridge opened."),
    ("dateline.source_only", "(Reuters) - The bridge opened."),
    ("dateline.glued_to_byline", "By Mara Lindqvist PARIS (Reuters) - The bridge opened."),
)
OWN_FIELD = ("dateline.own_field", "Berlin, 2. März")  # only in a field for it
OWN_SOURCE = ("dateline.own_source", "Nantes (Cévenole) - Le pont est ouvert.")  # only in a text from Agence Cévenole
WITHOUT_SOURCE = ("dateline.no_source", "SEOUL -- The old bridge over the river opened again after three years of repairs.")
MARKS = (  # fire beside the form's own rule
    ("dateline.no_space_after_dash", "PARIS (Reuters) -The bridge opened."),
    ("dateline.no_separator", "Berlin (KNA) Die Brücke ist offen."),
    ("dateline.remark", "PARIS (Reuters) - (This March 2 story has been corrected to fix a name) The bridge opened."),
    ("dateline.joint_sources", "San Diego (tca/dpa) - The bridge opened."),
    ("dateline.unknown_source", "PARIS, Oct 22 (Nordpress) - The bridge opened."),
    ("dateline.unconfirmed_habit", "Oslo (Ritzau) - The bridge opened."),
)
RULES = tuple(sorted([(form.rule, form.example) for form in FORMS] + [*BY_BRACKETS, WITHOUT_SOURCE, *MARKS]))

AFTER_DASHES = re.compile(r"(?<=--)(?P<date>[^-\n]{5,25})--")  # --(BUSINESS WIRE)--Jan. 2, 2008--, the old form
BRACKET = re.compile(r"\((?P<source>[^()\n]{2,60})\)")
SEPARATOR = re.compile(r"\s{0,130}(?P<sep>--|—|–|‒|―|-|_|=|:|\.\s?[-–—]{1,2}|\.)?")
DASHES = frozenset({"-", "--", "–", "—", "‒", "―", "_", "=", ".-", ".–", ".—", ". -", ". –", ".--", ". —"})
NO_SOURCE = re.compile(rf"(?P<left>[^\W\d_][^()\n]{{2,{LEFT_CHARS}}}?)(?:\s(?P<sep>--|—|–|-)\s|(?P<tight>--|—))")
SOURCE_PARTS = re.compile(r"\s?[/,+&]\s?|\s(?:and|und|et|y|e)\s|-")
TAG = re.compile(r"</?[A-Za-z][^<>]{0,120}>|&nbsp;|&#160;")
SPACES = str.maketrans(dict.fromkeys("\xa0\u2007\u202f\u2009\u200a\u2002\u2003\u200b\ufeff\t", " "))
FURNITURE = re.compile(
    r"\d+/\d+\s|©|\(c\)\s|FILE PHOTO\b|[*•·▪\d]|(?:By|Von|Par|Por|Di|Door)\s+\S|REUTERS/|Editing by|Reuters$|Associated Press"
)


def flattened(text: str) -> str:
    """The same length, with tags and every kind of space as plain spaces, so that offsets stay true."""
    text = text.translate(SPACES)
    return TAG.sub(lambda tag: " " * len(tag[0]), text) if "<" in text or "&" in text else text


class Day(Struct, frozen=True):
    """A printed day; `year` 0 where none is printed."""

    month: int
    day: int
    year: int = 0


def day_of(found: re.Match[str]) -> Day | None:
    """The day a date pattern found; None when it is none (`Act 5`, `Feb 31`)."""
    if found["mm"]:
        month, day, year = int(found["mm"]), int(found["dd"]), 0
    else:
        month = MONTHS.get((found["month"] or found["name"]).casefold(), 0)
        day, year = int(found["day"] or found["first"]), int(found["year"] or found["later"] or 0)
    return Day(month, day, year) if _exists(year or 2024, month, day) else None  # 2024 has all days there are


def printed_day(text: str) -> Day | None:
    """The day that a whole text names."""
    found = WHOLE_DATE.fullmatch(text.strip(" .,"))
    return day_of(found) if found else None


def resolved(day: Day, published: str) -> str:
    """ISO date. Without a printed year it is the last such day not after `published` (RFC 3339); "" when that is not known.

    One day of grace: at the date line it can be tomorrow already while UTC still has today.
    """
    if day.year:
        return date(day.year, day.month, day.day).isoformat()
    try:
        latest = date.fromisoformat(published[:10]).toordinal() + 1
    except ValueError:
        return ""
    year = date.fromisoformat(published[:10]).year
    days = (
        date(y, day.month, day.day) for y in range(min(year + 1, 9999), max(year - 9, 1), -1) if _exists(y, day.month, day.day)
    )
    return next((found.isoformat() for found in days if found.toordinal() <= latest), "")


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
