"""A headline without what wires and republishers add to it: tags before it, agencies and sites after it, itself again.

What is taken away is kept as data: tags as a list, left to right, and the id of every rule that fired. Only known tags go
(headline_tags.py). The raw headline is the caller's to keep.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from pipeline.article import Tag
from pipeline.wire.agencies import AGENCY, NAME_CHARS_MAX
from pipeline.wire.headline_tags import (
    BRACKETED,
    NO_TAG_BEFORE,
    ORDINAL_TAG,
    SLUG_END,
    SPACED,
    SURE,
    TAGS,
    TAKE_END,
    TITLED,
    Known,
)
from pipeline.wire.plain import folded

# (rule id, pattern, an example of what it cuts)
SUFFIXES = (
    ("headline.suffix_by_agency", re.compile(rf"\s+By {AGENCY}$"), "Quake hits the north By Reuters"),
    ("headline.suffix_agency", re.compile(rf"\s+[-–—|]\s+{AGENCY}$"), "Quake hits the north - Reuters"),
)
SUFFIX_SITE = "headline.suffix_site"  # only when the caller names the site: "Quake hits the north | Harbour Courier"
SUFFIX_CHARS_MAX = NAME_CHARS_MAX + 16  # the longest name with "By " and separators
SITE_SEPARATOR = re.compile(r"\s+(?:[-–—|:·•»]|::|\|\|)\s+$")
DOUBLED = "headline.doubled"
BETWEEN = re.compile(rf"(?:\s+By {AGENCY}|\s+[-–—|]\s+{AGENCY})?[\s\-–—|:·]*")  # what may stand between the two halves
BETWEEN_CHARS_MAX = 32  # an agency name, "By " and separators
HALF_CHARS_MIN = 12  # "Bye bye", "New York, New York" are no doubled headlines

ADVISORY_CHARS_MAX = 600  # the longest real ones have 200; a longer bracket is text
# (language, how a note to editors in brackets begins)
ADVISORY_OPENINGS = (
    ("en", "Add(?:s|ing) |Recast(?:s|ing)?|Updat(?:es|ed|ing)|Correct(?:s|ed|ing|ion)|Clarif(?:ies|ied)|Refil(?:es|ed|ing)"),
    ("en", "Repeat(?:s|ing)|Re-?leads?|Rewrites|Writes? ?thr(?:u|ough)|Removes|Restores|Fixes|Changes|Deletes|Drops|Inserts"),
    ("en", "Replaces|Edits|Resends|Incorporates|Includes|Embeds|Attaches|Makes clear|Rpts|New throughout|No changes"),
    ("en", "Note to (?:editors|readers)|Story (?:has been )?(?:corrected|refiled|withdrawn)"),
    ("en", r"(?:In )?This (?:\w{3,9}\.? \d{1,2},? (?:\d{4} )?)?(?:story|article|item|version|report|dispatch)\b"),
    ("en", r"(?:The|An) (?:earlier|original|previous) (?:story|version)\b|ATTN: "),
    ("de", "Berichtigung|Berichtigt|Korrigiert|Ergänzt|Ergänzung|Aktualisiert|Neu:|neu:|Wiederholung|Fügt hinzu"),
    ("fr", "Ajoute|Actualise|Actualisé|Corrige|Bien lire|Répétition|Précise"),
    ("es", "Añade|Agrega|Actualiza|Corrige|Se corrige|Amplía|Repite"),
)
BRACKETED_NOTE = re.compile(rf"\(\s?(?:{'|'.join(opening for _, opening in ADVISORY_OPENINGS)})")
PREFIXED_NOTE = re.compile(r"(?:eds|editors|editor['’]?s note|editors['’] note|note to editors)\s?:\s?\S", re.IGNORECASE)
ADVISORY_EXAMPLES = (
    "(Adds comments, detail)",
    "(Corrects date in paragraph 3)",
    "Eds: Adds full-year results.",
    "(ATTN: UPDATES with more details in para 3)",
)


class Headline(Struct, frozen=True):
    """`value` to show, `key` under which variants group, `rules` that fired, `tags` from left to right."""

    value: str
    key: str
    rules: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()


def clean_headline(raw: str, *, site: str = "") -> Headline:
    """`raw` is one line, `site` the name of who carries it, if known. A cleaned headline stays as it is; linear in its length."""
    value = raw
    rules: list[str] = []
    leading: list[Tag] = []
    trailing: list[Tag] = []
    while True:
        before = value
        value = _without_suffixes(value, site, rules, trailing)
        if half := _half(value):
            value = half
            rules.append(DOUBLED)
        else:
            value = _without_tags(value, rules, leading)
        if value == before:
            return Headline(value, folded(value), tuple(dict.fromkeys(rules)), tuple(dict.fromkeys((*leading, *trailing))))


# ── after the headline ───────────────────────────────────────────────────────────────────────────────────────────────


def _without_suffixes(value: str, site: str, rules: list[str], tags: list[Tag]) -> str:
    """Names of agencies and of the site, and take and slug marks, while there are any. Looks at the end only."""
    end = len(value)
    while True:
        tail = value[max(0, end - SUFFIX_CHARS_MAX) : end]
        size, rule, tag = _suffix(tail, site) or (0, "", None)
        if not size or size >= end:
            return value[:end]
        end -= size
        rules.append(rule)
        if tag:
            tags.insert(0, tag)


def _suffix(tail: str, site: str) -> tuple[int, str, Tag | None] | None:
    """How many characters of the end a rule takes."""
    if site and (size := _site_length(tail, site)):
        return size, SUFFIX_SITE, None
    for rule, pattern, _ in SUFFIXES:
        if (found := pattern.search(tail)) and found.start():
            return len(tail) - found.start(), rule, None
    if (found := TAKE_END.search(tail)) and found.start():
        return len(tail) - found.start(), "headline.take_mark", Tag(kind="take", text="TAKE", number=int(found["take"]))
    if (found := SLUG_END.search(tail)) and found.start():
        number = int(found["ordinal"]) if found["ordinal"] else None
        if found["word"] == "Add":
            return len(tail) - found.start(), "headline.take_mark", Tag(kind="take", text="ADD", number=number)
        name = "WRITETHRU" if "Writethru" in found["word"] else "LEAD"
        return len(tail) - found.start(), "headline.series_tag", Tag(kind="series", text=name, number=number)
    return None


def _site_length(tail: str, site: str) -> int:
    """`… | Harbour Courier`, in any case: the length of separator and name."""
    if not tail.casefold().endswith(site.casefold()):
        return 0
    before = tail[: len(tail) - len(site)]
    found = SITE_SEPARATOR.search(before[-8:]) if tail[-len(site) :].casefold() == site.casefold() else None
    return len(site) + len(found[0]) if found else 0


def _half(value: str) -> str:
    """`XX`, `X X`, `X | X` and `X By ReutersX` → `X`; "" for a headline that is not doubled."""
    if value.find(value[:HALF_CHARS_MIN], HALF_CHARS_MIN) < 0:
        return ""
    longest = len(value) // 2
    for size in range(longest, max(longest - BETWEEN_CHARS_MAX // 2, HALF_CHARS_MIN - 1), -1):
        if value[:size] == value[-size:] and BETWEEN.fullmatch(value, size, len(value) - size):
            return value[:size].rstrip()
    return ""


# ── before the headline ──────────────────────────────────────────────────────────────────────────────────────────────


def _printed(known: Known) -> Iterator[str]:
    for text in known.printed:
        yield text
        if known.is_plain:
            yield text.capitalize()
            yield text.title()


def _forms(tags: tuple[Known, ...]) -> dict[str, Known]:
    return {text: known for known in tags for text in _printed(known)}


def _alternatives(forms: dict[str, Known]) -> str:
    return "|".join(re.escape(text) for text in sorted(forms, key=len, reverse=True))


BARE, IN_BRACKETS = _forms(TAGS), _forms(BRACKETED)
BARE_TAG = re.compile(
    rf"(?P<word>{_alternatives(BARE)})(?:\s(?P<number>\d{{1,2}}))?(?:(?P<colon>\s?:\s|\s[-–—]\s)|(?P<hyphen>\s?-)|(?P<slash>/)|(?P<space>\s))"
)
BRACKET_TAG = re.compile(rf"\((?P<word>{_alternatives(IN_BRACKETS)})\)\s")


def _without_tags(value: str, rules: list[str], tags: list[Tag]) -> str:
    """The headline after its leading tags. A headline that is nothing but tags keeps them."""
    position = 0
    is_shouted = value.isupper()
    found: list[Tag] = []
    while step := _tag_at(value, position, is_shouted):
        tag, position = step
        found.append(tag)
    rest = value[position:].strip()
    if not found or not rest:
        return value
    tags.extend(found)
    rules.extend(f"headline.{tag.kind}_tag" for tag in found)
    return rest


def _tag_at(value: str, position: int, is_shouted: bool) -> tuple[Tag, int] | None:
    if (found := ORDINAL_TAG.match(value, position)) and not value[found.end() : found.end() + 1].islower():
        return Tag(kind="series", text="WRITETHRU" if found["thru"] else "LEAD", number=int(found["ordinal"])), found.end()
    if found := BRACKET_TAG.match(value, position):
        known = IN_BRACKETS[found["word"]]
        return Tag(kind=known.kind, text=known.name), found.end()
    if (found := BARE_TAG.match(value, position)) and _is_tag(found, value[found.end() : found.end() + 1], is_shouted):
        known = BARE[found["word"]]
        return Tag(kind=known.kind, text=known.name, number=int(found["number"]) if found["number"] else None), found.end()
    return None


def _is_tag(found: re.Match[str], following: str, is_shouted: bool) -> bool:
    """Whether the word is a tag here: `Soccer-mad town`, `Golf: a love story`, `LEAD poisoning`, `HOLD-UP IN BANK` have none."""
    known = BARE[found["word"]]
    if (found["number"] and not known.is_numbered) or not following or following.islower():
        return False
    if found["space"]:
        return found["word"] in SPACED
    if found["slash"]:
        return BARE_TAG.match(found.string, found.end()) is not None  # KORREKTUR/ROUNDUP 2:
    if not found["hyphen"]:
        return not following.isspace()
    if is_shouted:
        return known.name in SURE or known.kind == "topic"
    if known.kind == "topic" or not found["word"].isupper():
        titled = known.kind == "topic" or known.name in TITLED
        return titled and found["hyphen"] == "-" and not NO_TAG_BEFORE.match(found.string, found.end())
    return not following.isspace()


# ── notes to editors ─────────────────────────────────────────────────────────────────────────────────────────────────


def advisory_line(text: str) -> str:
    """The note in a line that is one, without its brackets or `Eds:`; "" for a line that belongs to the report."""
    line = text[: ADVISORY_CHARS_MAX + 2].strip()
    if not line or len(text) > ADVISORY_CHARS_MAX:
        return ""
    if PREFIXED_NOTE.match(line):
        return line.partition(":")[2].strip()
    if line.endswith(")") and BRACKETED_NOTE.match(line) and _is_one_bracket(line):
        return line[1:-1].strip()
    return ""


def _is_one_bracket(line: str) -> bool:
    depth = 0
    for position, character in enumerate(line):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(line) - 1
    return False
