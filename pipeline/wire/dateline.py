"""The dateline of a report: `KHARKIV, Ukraine (Reuters) -`. Finds it in the first blocks of a body and says what each part is.

The forms are the table in dateline_forms.py, the names those of dateline_names.py and agencies.toml. Nothing is cut here: offsets
lead to the printed text. Cost is linear in the first 6,000 characters, whatever they are.
"""

import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Dateline
from pipeline.wire.agencies import Agency, lookup
from pipeline.wire.dateline_forms import (
    AFTER_DASHES,
    BRACKET,
    DASHES,
    FORMS,
    FURNITURE,
    LEFT_CHARS,
    NO_SOURCE,
    OWN_FIELD,
    OWN_SOURCE,
    SEPARATOR,
    SOURCE_PARTS,
    WINDOW_CHARS,
    WITHOUT_SOURCE,
    flattened,
    printed_day,
    resolved,
)
from pipeline.wire.dateline_names import PARTICLES
from pipeline.wire.dateline_place import Where, read_place
from pipeline.wire.headline import advisory_line
from pipeline.wire.house import is_own

SEARCH_CHARS = 6_000  # headline, three captions, byline and advisory line together have less
BLOCKS_MAX = 3  # that are no furniture: a dateline further down belongs to another report
LINES_MAX = 16  # furniture included
GLUED_CHARS = 1_200  # a caption with the byline and the source glued to it (wire-conventions, section 4)
REMARK_CHARS = 600
ABBREVIATION_CHARS = 4  # dpa, tca, afx; a longer word in small letters is a word
LEDE_FOR_FIELDS = "Lede that is long enough to follow a dateline in any of the forms there are."
LEDE_CHARS = 60  # without a source, a shorter block is a heading or a list entry
OPENERS = "\"'“”„«‘’‚`([$€£¥¿¡#*"
BRANDS = re.compile(r"(?:al|el|as|ad|de|von|van|bin|ben|d|l|e|i)[-\s'’]|\w*[^\W\d_a-zß-öø-ÿа-яё]", re.UNICODE)  # al-Assad, iPhone
LEADING_NAME = re.compile(r"\b(?:By|Von|Par|Por)\s")
HOUSE = Agency(name="", kind="agency", country="", separators=(), aliases=())  # the source itself, which no register has
STRANGER: frozenset[str] = frozenset()  # nothing is known of the source


class Found(Struct, frozen=True, kw_only=True):
    """`rules` that fired, `located` as printed without the date, `remark` (with its span) between dateline and lede.

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
        """Where the report begins, for callers that cut it there."""
        return self.lede_start


class Reading(Struct, frozen=True, kw_only=True):
    """One form that fits a block: offsets in the block."""

    rule: str
    start: int
    end: int
    where: Where
    agencies: tuple[Agency, ...] = ()
    sources: tuple[str, ...] = ()
    separator: str = ""
    is_tight: bool = False  # no space after the separator


def read_dateline(text: str, *, published: str = "", within: str = "body_raw", house: frozenset[str] = STRANGER) -> Found | None:
    """The dateline of a body whose blocks are separated by blank lines; None when its first blocks have none. Never raises.

    `published` (RFC 3339) gives the year; `within` names `text` in the record; `house` are the source's own names (house.py).
    """
    for start, end in _blocks(text):
        window = flattened(text[start : min(end, start + GLUED_CHARS)])
        if reading := _read(window, house):
            found = _found(text, start, reading, published, within)
            if found.lede_start < len(text) or found.remark:
                return found
    return None


def read_dateline_field(field: str, *, published: str = "", within: str = "dateline") -> Found | None:
    """The dateline in a field of its own (`Waghäusel (dpa) - `), where no lede follows."""
    flat = flattened(field[:WINDOW_CHARS]).rstrip()
    if reading := _read(f"{flat} {LEDE_FOR_FIELDS}"):
        return _found(field, 0, reading, published, within)
    where = read_place(flat)
    if where is None or not where.places:
        return None
    start = len(flat) - len(flat.lstrip())
    return _found(field, 0, Reading(rule=OWN_FIELD[0], start=start, end=len(flat), where=where), published, within)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Where a dateline can stand: at the start of a block, or of a line after furniture. Furniture does not count as a block.

    In a text without blank lines each line is a block.
    """
    position = blocks = 0
    is_open = True
    by_line = "\n\n" not in text[:SEARCH_CHARS]
    for _ in range(LINES_MAX):
        if blocks >= BLOCKS_MAX or position >= min(len(text), SEARCH_CHARS):
            return
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position : min(end, position + GLUED_CHARS)]
        stripped = line.strip()
        if not stripped:
            is_open = True
        else:
            is_furniture = bool(FURNITURE.match(stripped)) or bool(advisory_line(stripped)) or stripped.endswith("=")
            if is_open:
                start = position + len(line) - len(line.lstrip())
                yield start, end if is_furniture or by_line else _block_end(text, start)
                blocks += not is_furniture
            is_open = is_furniture or by_line
        position = end + 1


def _block_end(text: str, start: int) -> int:
    end = text.find("\n\n", start, start + GLUED_CHARS)
    return min(len(text), start + GLUED_CHARS) if end < 0 else end


# ── one block ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read(block: str, house: frozenset[str] = STRANGER) -> Reading | None:
    head = block[:WINDOW_CHARS]
    return _by_form(head) or _by_bracket(head, house) or _glued(block) or _without_source(block)


def _by_form(head: str) -> Reading | None:
    for form in FORMS:
        found = form.pattern.match(head) if form.mark in head else None
        if not found:
            continue
        agencies, sources = _agencies(found["source"])
        where = read_place(found["left"])
        if not agencies or where is None or not (where.places or form.rule == "dateline.source_in_slashes"):
            continue
        end = found.end("sep")
        after = AFTER_DASHES.match(head, end)
        printed = after["date"] if after else found["date"]
        day = printed_day(printed) if printed else None
        if after and day:
            end = after.end()
        if form.rule.startswith("dateline.press") or _opens(head[end:].lstrip()):
            return Reading(
                rule=form.rule,
                start=len(head) - len(head.lstrip()),
                end=end,
                where=replace(where, day=where.day or day),
                agencies=agencies,
                sources=sources,
                separator=found["sep"],
            )
    return None


def _by_bracket(head: str, house: frozenset[str]) -> Reading | None:
    """`[place][, date] (SOURCE) sep lede`: the first bracket that names an agency, else the first that can be a source."""
    brackets = list(BRACKET.finditer(head, 0, LEFT_CHARS + 62))
    for bracket in brackets:
        agencies, sources = _agencies(bracket["source"])
        if agencies:
            return _at_bracket(head, 0, bracket, agencies, sources)
    if not brackets or not _can_be_source(source := brackets[0]["source"].strip()):
        return None
    return _at_bracket(head, 0, brackets[0], (HOUSE,) if is_own(source, house) else (), (source,))


def _at_bracket(
    head: str, start: int, bracket: re.Match[str], agencies: tuple[Agency, ...], sources: tuple[str, ...]
) -> Reading | None:
    separator, end, is_tight = _separator(head, bracket.end(), agencies)
    where = read_place(head[start : bracket.start()])
    lede = head[end:].lstrip()
    if where is None or not _opens(lede) or (is_tight and separator in DASHES and lede[:1].isdigit()):
        return None
    if not (
        (agencies and _fits(where, bracket["source"], agencies, separator)) or _stands_alone(where, sources, separator, lede)
    ):
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
    if separator in (".", ":") and not any(
        habit.lstrip().startswith(separator) for agency in agencies for habit in agency.separators
    ):
        return "", position, False
    separator = separator.replace(" ", "")
    following = head[found.end() : found.end() + 1]
    return separator, found.end(), bool(following) and not following.isspace()


def _fits(where: Where, printed: str, agencies: tuple[Agency, ...], separator: str) -> bool:
    """Whether a known source is a dateline's: with a dash, or without one where the agency has that habit."""
    if where.places and (_expands(where, printed) or _is_doubtful(where, agencies)):
        return False
    if separator in DASHES or (separator and where.places):
        return True
    return not separator and bool(where.places) and any("" in agency.separators for agency in agencies)


def _expands(where: Where, printed: str) -> bool:
    """`Action Party (AP)`, `Press Trust of India (PTI)`: the bracket abbreviates what precedes it, or the place is an agency."""
    words = [word for word in re.split(r"[\s\-]+", where.located) if word and word.casefold() not in PARTICLES]
    initials = "".join(word[0] for word in words).casefold()
    return (len(words) > 1 and initials == printed.strip().casefold()) or any(lookup(place) for place in where.places)


def _is_doubtful(where: Where, agencies: tuple[Agency, ...]) -> bool:
    """Several words that nothing vouches for, before an agency not yet seen so: rather a term with its abbreviation."""
    is_known = where.is_shouted or where.day or where.is_vouched or any(agency.confirmed for agency in agencies)
    return not is_known and " " in where.located


def _stands_alone(where: Where, sources: tuple[str, ...], separator: str, lede: str) -> bool:
    """Whether an unknown source is a dateline's: with a date or `.-` before a sentence, or after a place in capitals we know."""
    if separator not in DASHES or not where.places:
        return False
    if where.day or separator.startswith("."):
        return where.is_shouted or len(lede) >= LEDE_CHARS
    is_word = len(sources) == 1 and " " not in sources[0] and sources[0][0].isupper()
    return where.is_shouted and where.is_vouched and (is_word or bool(where.region or where.country))


def _can_be_source(printed: str) -> bool:
    """A short name without digits: capitalised words, or one abbreviation such as `rpd`."""
    words = printed.split()
    if not words or len(words) > 3 or not all(word.replace("-", "").replace(".", "").isalpha() for word in words):
        return False
    return all(word[0].isupper() for word in words) or (len(words) == 1 and len(printed) <= ABBREVIATION_CHARS)


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
            return replace(reading, rule="dateline.glued_to_byline")
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


# ── source and result ────────────────────────────────────────────────────────────────────────────────────────────────


def _agencies(printed: str) -> tuple[tuple[Agency, ...], tuple[str, ...]]:
    """The agencies a source names (`tca/dpa` two, `dpa/lni` one and its desk), and their names; () when it names none."""
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
    if not reading.separator and reading.sources:
        yield "dateline.no_separator"
    if len(reading.agencies) > 1:
        yield "dateline.joint_sources"
    if reading.sources and not reading.agencies:
        yield "dateline.unknown_source"
    if HOUSE in reading.agencies:
        yield OWN_SOURCE[0]
    if any(not agency.confirmed for agency in reading.agencies):
        yield "dateline.unconfirmed_habit"
    if remark:
        yield "dateline.remark"


def _skip_spaces(text: str, position: int) -> int:
    while position < len(text) and (text[position].isspace() or text[position] in "\u200b\ufeff"):
        position += 1
    return position


def _remark(text: str, start: int) -> tuple[str, int]:
    """`(This Oct. 30 story …)` at `start`, brackets inside it balanced, and where it ends; "" where the lede begins instead."""
    if text[start : start + 1] != "(":
        return "", 0
    depth = 0
    for position in range(start, min(len(text), start + REMARK_CHARS)):
        depth += (text[position] == "(") - (text[position] == ")")
        if depth == 0:
            remark = text[start : position + 1]
            return (remark, position + 1) if advisory_line(remark) else ("", 0)
    return "", 0
