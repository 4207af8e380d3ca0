"""The dateline of a report: `KHARKIV, Ukraine (Reuters) -`. Finds it in the first blocks of a body and says what each part is.

The forms are the table in dateline_forms.py, the names those of dateline_places.py and agencies.toml. Nothing is cut here: offsets
lead to the printed text. Cost is linear in the first 6,000 characters, whatever they are.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from pipeline.article import Dateline
from pipeline.wire.agencies import Agency, lookup
from pipeline.wire.dateline_forms import (
    BRACKET,
    DASHES,
    DATE_AT_END,
    FORMS,
    FURNITURE,
    LEFT_CHARS,
    NO_SOURCE,
    SEPARATOR,
    SOURCE_PARTS,
    WINDOW_CHARS,
    WITHOUT_SOURCE,
    Day,
    day_of,
    flattened,
    printed_day,
    resolved,
)
from pipeline.wire.dateline_places import CITIES, COUNTRIES, GEORGIAN_CITIES, NOT_PLACE_WORDS, NOT_PLACES, PARTICLES, REGIONS
from pipeline.wire.headline import advisory_line

SEARCH_CHARS = 6_000  # headline, three captions, byline and advisory line together have less
BLOCKS_MAX = 3  # that are no furniture: a dateline further down belongs to another report
LINES_MAX = 16  # furniture included
GLUED_CHARS = 1_200  # a caption with the byline and the source glued to it (wire-conventions, section 4)
CITY_CHARS, CITY_WORDS = 45, 6  # "ABOARD THE USS ABRAHAM LINCOLN"
REMARK_CHARS = 600
LEDE_CHARS = 60  # without a source, a shorter block is a heading or a list entry
OPENERS = "\"'“”„«‘’‚`([$€£¥¿¡#*"
BRANDS = re.compile(r"(?:al|el|as|ad|de|von|van|bin|ben|d|l|e|i)[-\s'’]|\w*[^\W\d_a-zß-öø-ÿа-яё]", re.UNICODE)  # al-Assad, iPhone
LEADING_NAME = re.compile(r"\b(?:By|Von|Par|Por)\s")
APART = re.compile(r"\s?,\s?")
IN_BRACKETS = re.compile(r"\s\(([^()]{2,30})\)$")


class Found(Struct, frozen=True, kw_only=True):
    """`rules` that fired, `located` as printed without the date, the remark between dateline and lede (`remark_start`..`remark_end`).

    The report begins at `lede_start`; all offsets count in the text that was searched.
    """

    dateline: Dateline
    rules: tuple[str, ...]
    lede_start: int
    located: str = ""
    remark: str = ""
    remark_start: int = 0
    remark_end: int = 0

    @property
    def end(self) -> int:
        """Where the report begins."""
        return self.lede_start


class Where(Struct, frozen=True, kw_only=True):
    """The part before the source: `located` as printed, what it consists of, and the `day` in it."""

    located: str = ""
    places: tuple[str, ...] = ()
    region: str = ""
    country: str = ""
    day: Day | None = None
    is_shouted: bool = False  # all cities in capitals

    @property
    def is_vouched(self) -> bool:
        """Whether something besides its look says that this is a place."""
        return (
            self.country.casefold() in COUNTRIES
            or self.region.casefold() in REGIONS
            or all(place.casefold() in CITIES for place in self.places)
        )


class Reading(Struct, frozen=True, kw_only=True):
    """One form that fits a block: offsets in the block."""

    rule: str
    start: int
    end: int
    where: Where
    agencies: tuple[Agency, ...] = ()
    sources: tuple[str, ...] = ()
    separator: str
    is_tight: bool = False  # no space after the separator


def read_dateline(text: str, *, published: str = "", within: str = "body_raw") -> Found | None:
    """The dateline of a body whose blocks are separated by blank lines; None when its first blocks have none. Never raises.

    `published` (RFC 3339) gives the year; `within` names `text` in the record.
    """
    for start, end in _lines(text):
        window = flattened(text[start : min(end, start + GLUED_CHARS)])
        if reading := _read(window):
            found = _found(text, start, reading, published, within)
            if found.lede_start < len(text) or found.remark:
                return found
    return None


def read_dateline_field(field: str, *, published: str = "", within: str = "dateline") -> Found | None:
    """The dateline in a field of its own (`Waghäusel (dpa) - `), where no lede follows."""
    flat = flattened(field[:WINDOW_CHARS])
    reading = _read(f"{flat.rstrip()} {LEDE_FOR_FIELDS}") or _read(f"{flat.rstrip()} - {LEDE_FOR_FIELDS}")
    if reading is None or reading.start > len(field):
        return None
    found = _found(field, 0, reading, published, within)
    return found


LEDE_FOR_FIELDS = "Lede that is long enough to follow a dateline in any of the forms there are."


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Where a dateline can stand: at the start of a block, or of a line after furniture. Furniture does not count as a block."""
    position = blocks = 0
    is_open = True
    for _ in range(LINES_MAX):
        if blocks >= BLOCKS_MAX or position >= min(len(text), SEARCH_CHARS):
            return
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position : position + GLUED_CHARS if end - position > GLUED_CHARS else end]
        stripped = line.strip()
        if not stripped:
            is_open = True
        else:
            is_furniture = bool(FURNITURE.match(stripped)) or bool(advisory_line(stripped)) or stripped.endswith("=")
            if is_open:
                yield position + len(line) - len(line.lstrip()), end
                blocks += not is_furniture
            is_open = is_furniture
        position = end + 1


# ── one block ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read(block: str) -> Reading | None:
    head = block[:WINDOW_CHARS]
    return _by_form(head) or _by_bracket(head) or _glued(block) or _without_source(block)


def _by_form(head: str) -> Reading | None:
    for form in FORMS:
        found = form.pattern.match(head)
        if not found:
            continue
        agencies, sources = _agencies(found["source"])
        day = printed_day(found["date"]) if "date" in form.pattern.groupindex and found["date"] else None
        where = read_place(found["left"])
        if agencies and where and (where.places or form.rule == "dateline.source_in_slashes"):
            where = where if where.day or not day else _dated(where, day)
            end = found.end("sep") + _date_after(head[found.end("sep") :])
            start = len(head) - len(head.lstrip())
            reading = Reading(
                rule=form.rule, start=start, end=end, where=where, agencies=agencies, sources=sources,
                separator=found["sep"], is_tight=False,
            )  # fmt: skip
            if form.rule.startswith("dateline.press") or _opens(head[end:].lstrip()):
                return reading
    return None


def _date_after(rest: str) -> int:
    """`--(BUSINESS WIRE)--Jan. 2, 2008--`: how many characters the old form takes more."""
    day, dashes, _ = rest.partition("--")
    return len(day) + 2 if dashes and len(day) <= 25 and printed_day(day) else 0


def _by_bracket(head: str) -> Reading | None:
    """`[place][, date] (SOURCE) sep lede`: the first bracket that names an agency, else the first that can be a source."""
    brackets = list(BRACKET.finditer(head, 0, LEFT_CHARS + 62))
    for bracket in brackets:
        agencies, sources = _agencies(bracket["source"])
        if agencies:
            return _at_bracket(head, 0, bracket, agencies, sources)
    if brackets and _can_be_source(brackets[0]["source"]):
        return _at_bracket(head, 0, brackets[0], (), (brackets[0]["source"].strip(),))
    return None


def _at_bracket(
    head: str, start: int, bracket: re.Match[str], agencies: tuple[Agency, ...], sources: tuple[str, ...]
) -> Reading | None:
    separator, end, is_tight = _separator(head, bracket.end(), agencies)
    where = read_place(head[start : bracket.start()])
    lede = head[end:].lstrip()
    if where is None or not _opens(lede) or (is_tight and separator in DASHES and lede[:1].isdigit()):
        return None
    if not (agencies and _fits(where, bracket["source"], agencies, separator) or _stands_alone(where, sources, separator)):
        return None
    rule = "dateline.place_source" if where.places else "dateline.date_source" if where.day else "dateline.source_only"
    start += len(head[start:]) - len(head[start:].lstrip())
    return Reading(
        rule=rule, start=start, end=end, where=where, agencies=agencies, sources=sources, separator=separator, is_tight=is_tight
    )


def _separator(head: str, position: int, agencies: tuple[Agency, ...]) -> tuple[str, int, bool]:
    """The separator, where it ends, and whether the lede follows it without a space. `.` and `:` only where it is a habit."""
    found = SEPARATOR.match(head, position)
    separator = found["sep"] or "" if found else ""
    if not found or not separator:
        return "", position, False
    if separator in (".", ":") and not any(habit.lstrip().startswith(separator) for agency in agencies for habit in agency.separators):
        return "", position, False
    separator = separator.replace(" ", "")
    return separator, found.end(), not head[found.end() : found.end() + 1].isspace()


def _fits(where: Where, printed: str, agencies: tuple[Agency, ...], separator: str) -> bool:
    """Whether a known source is a dateline's: with a dash, or without one where the agency has that habit."""
    if where.places and _expands(where, printed):
        return False
    if separator in DASHES or (separator and where.places):
        return True
    return not separator and bool(where.places) and any("" in agency.separators for agency in agencies)


def _expands(where: Where, printed: str) -> bool:
    """`Action Party (AP)`, `Press Trust of India (PTI)`: the bracket abbreviates what stands before it, or the place is an agency."""
    words = [word for word in re.split(r"[\s\-]+", where.located) if word and word.casefold() not in PARTICLES]
    initials = "".join(word[0] for word in words).casefold()
    return (len(words) > 1 and initials == printed.strip().casefold()) or any(lookup(place) for place in where.places)


def _stands_alone(where: Where, sources: tuple[str, ...], separator: str) -> bool:
    """An unknown source needs a dash and a place in capitals that is vouched for."""
    is_word = len(sources) == 1 and " " not in sources[0]
    vouched = where.is_vouched and (is_word or bool(where.region or where.country or where.day))
    return separator in DASHES and bool(where.places) and where.is_shouted and (vouched or where.day is not None)


def _can_be_source(printed: str) -> bool:
    """A short name without digits, all words capitalised."""
    words = printed.split()
    return len(words) <= 3 and all(word[0].isupper() and word.replace("-", "").replace(".", "").isalpha() for word in words)


def _glued(block: str) -> Reading | None:
    """`By Mara Lindqvist PARIS (Reuters) -`, also at the end of a caption: the place is what follows the name in capitals."""
    if not FURNITURE.match(block.lstrip()):
        return None
    for bracket in BRACKET.finditer(block):
        agencies, sources = _agencies(bracket["source"])
        left = block[max(0, bracket.start() - LEFT_CHARS) : bracket.start()]
        names = [found.end() for found in LEADING_NAME.finditer(left)]
        if not agencies or not names:
            continue
        start = bracket.start() - len(left) + names[-1] + _name_length(left[names[-1] :])
        head = block[: bracket.end() + WINDOW_CHARS]
        reading = _at_bracket(head, start, bracket, agencies, sources)
        if reading and reading.separator in DASHES:
            return Reading(
                rule="dateline.glued_to_byline", start=reading.start, end=reading.end, where=reading.where, agencies=agencies,
                sources=sources, separator=reading.separator, is_tight=reading.is_tight,
            )  # fmt: skip
    return None


def _name_length(text: str) -> int:
    """How much of `Mara Lindqvist and J. Doe PARIS, France ` is names: all up to the first word of capitals, or everything."""
    words = list(re.finditer(r"\S+", text))
    for number, word in enumerate(words):
        letters = word[0].strip(",.")
        if number >= 2 and len(letters) > 2 and letters.isupper():
            return word.start()
    return len(text)


def _without_source(block: str) -> Reading | None:
    """`SEOUL -- The …`: only for cities known to stand alone, or with a date or a known country; only before a sentence."""
    found = NO_SOURCE.match(block[:WINDOW_CHARS])
    if not found or block.isupper():
        return None
    group = "sep" if found["sep"] else "tight"
    lede = block[found.end() :].strip()
    where = read_place(found["left"])
    if where is None or not where.places or not where.is_shouted or len(lede) < LEDE_CHARS or not _opens(lede):
        return None
    if not where.is_vouched and not (where.day and not where.region):
        return None
    if found[group] in ("—", "–", "-") and lede[0].isdigit():  # "LONDON - 14 March": a list of dates
        return None
    return Reading(
        rule=WITHOUT_SOURCE[0], start=len(block) - len(block.lstrip()), end=found.end(group), where=where, separator=found[group]
    )


def _opens(lede: str) -> bool:
    """Whether a sentence can begin like this: no small letter, unless it is a brand's or a name's."""
    lede = lede.lstrip(OPENERS)
    return not lede[:1].islower() or bool(BRANDS.match(lede))


# ── place ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_place(left: str) -> Where | None:
    """What stands before the source, read as `CITY[/CITY][, Region][, Country][, date]`; None when it cannot be that. Empty is fine."""
    left = left[-LEFT_CHARS:].strip().rstrip(" ,-–—") if len(left) <= LEFT_CHARS else "("
    dated = DATE_AT_END.search(left)
    day = day_of(dated) if dated else None
    base = left[: dated.start()] if dated and day else left
    base = base.strip().rstrip(",")
    if base.endswith(".") and ("," not in base or (dated and day and (dated["join"] or "").startswith("."))):
        base = base if base.count(".") > 1 else base[:-1]
    if not base:
        return Where(day=day)
    return _places(" ".join(base.split()), day)


def _places(base: str, day: Day | None) -> Where | None:
    located = base
    region = country = ""
    if (inner := IN_BRACKETS.search(base)) and (inner[1].casefold() in COUNTRIES or inner[1].casefold() in REGIONS):
        region, country = _kind(inner[1], "")
        base = base[: inner.start()]
    places: list[str] = []
    for piece in base.split("/"):
        city, *more = APART.split(piece.strip())
        places.append(city)
        for part in more:
            if part.casefold() in CITIES and part.isupper() and len(part) > 3:
                places.append(part)
            elif not _is_name(part):
                return None
            else:
                as_region, as_country = _kind(part, city)
                region, country = region or as_region, country or as_country
        if len(more) > 3:
            return None
    if len(places) > 4 or not all(_is_city(place) for place in places):
        return None
    is_shouted = all(_is_shouted(place) for place in places)
    return Where(
        located=located, places=tuple(places), region=region, country=country, day=day, is_shouted=is_shouted
    )


def _kind(part: str, city: str) -> tuple[str, str]:
    """A part after the city as (region, country): one of the two."""
    folded = part.casefold()
    if folded == "georgia" and city.casefold() in GEORGIAN_CITIES:
        return part, ""
    return ("", part) if folded in COUNTRIES else (part, "")


def _is_city(name: str) -> bool:
    """Capitals or capitalised words, no word that no place has, no acronym that is an organisation."""
    plain = IN_BRACKETS.sub("", name)  # Frankfurt (Oder)
    words = plain.split()
    folded = [word.casefold().strip(".,'’") for word in words]
    if not words or len(plain) > CITY_CHARS or len(words) > CITY_WORDS or plain.casefold() in NOT_PLACES:
        return False
    if any(word in NOT_PLACE_WORDS for word in folded) or sum(character.isalpha() for character in plain) < 2:
        return False
    return _is_name(plain) and (_is_shouted(plain) or len(words) <= 4)


def _is_name(name: str) -> bool:
    words = re.split(r"[\s\-‐‑]+", name)
    return (
        0 < len(name) <= CITY_CHARS
        and all(character.isalpha() or character in " .'’‘`´-‐‑" for character in name)
        and any(character.isalpha() for character in name)
        and all(not word or not word[0].islower() or word.casefold() in PARTICLES or word[1:2] in ("'", "’") for word in words)
        and not words[-1].islower()
    )


def _is_shouted(name: str) -> bool:
    """All words in capitals, but for particles (RIO de JANEIRO) and Mc."""
    words = [word for word in re.split(r"[\s\-]+", name) if word.casefold() not in PARTICLES or word.isupper()]
    return any(len(word) > 1 for word in words) and all(word.removeprefix("Mc").isupper() for word in words if word.strip(".'’"))


def _dated(where: Where, day: Day) -> Where:
    return Where(
        located=where.located, places=where.places, region=where.region, country=where.country, day=day, is_shouted=where.is_shouted
    )


# ── source and result ────────────────────────────────────────────────────────────────────────────────────────────────


def _agencies(printed: str) -> tuple[tuple[Agency, ...], tuple[str, ...]]:
    """The agencies a source names (`tca/dpa` two, `dpa/lni` one and its desk) with their canonical names; () when it names none."""
    if agency := lookup(printed):
        return (agency,), (agency.name,)
    parts = [part for part in SOURCE_PARTS.split(printed.strip()) if part]
    found = dict.fromkeys(agency.name for part in parts if (agency := lookup(part)))
    if not found or len(parts) > 4 or any(len(part) > 20 or not part.replace(" ", "").isalnum() for part in parts):
        return (), ()
    if any(" " in part and not lookup(part) for part in parts):
        return (), ()
    known = tuple(agency for name in found if (agency := lookup(name)))
    return known, tuple(found)


def _found(text: str, offset: int, reading: Reading, published: str, within: str) -> Found:
    where = reading.where
    start, end = offset + reading.start, min(offset + reading.end, len(text))
    end = start + len(text[start:end].rstrip())
    lede_start = _skip_spaces(text, end)
    remark, remark_end = _remark(text, lede_start)
    dateline = Dateline(
        text=text[start:end],
        in_=within,
        start=start,
        end=end,
        places=where.places,
        region=where.region,
        country=where.country,
        date=resolved(where.day, published) if where.day else "",
        sources=reading.sources,
        separator=reading.separator,
    )
    return Found(
        dateline=dateline,
        rules=tuple(_rules(reading, remark)),
        lede_start=_skip_spaces(text, remark_end) if remark else lede_start,
        located=where.located,
        remark=remark,
        remark_start=lede_start if remark else 0,
        remark_end=remark_end,
    )


def _rules(reading: Reading, remark: str) -> Iterator[str]:
    yield reading.rule
    if reading.is_tight and reading.separator in DASHES:
        yield "dateline.no_space_after_dash"
    if not reading.separator:
        yield "dateline.no_separator"
    if len(reading.agencies) > 1:
        yield "dateline.joint_sources"
    if reading.sources and not reading.agencies:
        yield "dateline.unknown_source"
    if any(not agency.confirmed for agency in reading.agencies):
        yield "dateline.unconfirmed_habit"
    if remark:
        yield "dateline.remark"


def _skip_spaces(text: str, position: int) -> int:
    while position < len(text) and (text[position].isspace() or text[position] in "\u200b\ufeff"):
        position += 1
    return position


def _remark(text: str, start: int) -> tuple[str, int]:
    """`(This Oct. 30 story …)` at `start`, with brackets inside it balanced, and where it ends; "" when what stands there is the lede."""
    if text[start : start + 1] != "(":
        return "", 0
    depth = 0
    for position in range(start, min(len(text), start + REMARK_CHARS)):
        depth += (text[position] == "(") - (text[position] == ")")
        if depth == 0:
            remark = text[start : position + 1]
            return (remark, position + 1) if advisory_line(remark) else ("", 0)
    return "", 0
