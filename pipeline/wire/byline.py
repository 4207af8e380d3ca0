"""Who wrote it: names out of `By A, B and C`, out of author fields and out of lists with places (`A in Kyiv and B in London`).

Persons only; an organisation is never an author, but a byline that names one is evidence for an agency.
"""

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from pipeline.article import Author, CreditEvidence
from pipeline.wire.agencies import AGENCY, is_agency, lookup

NAMES_MAX = 12
NAME_CHARS_MAX = 80  # longer than any name: a sentence, or a biography
WORDS_MAX = 6  # "Maria del Carmen de la Cruz" has six
BYLINE_CHARS_MAX = 200  # six names with their places
REMEMBERED = 4_096  # the same desks sign all day; 2 MB
PREFIX = re.compile(r"^(?:by|von|par|por|di|door)\s+", re.IGNORECASE)
SEPARATOR = re.compile(r"\s*(?:,\s*(?:and\s+)?|;|\s(?:and|und|et|y|e|en|&)\s)\s*")
MARKS = re.compile(r"@|https?:|www\.|[<>{}\[\]|\d]")  # e-mail addresses, links, markup, ids
ORGANISATION = re.compile(
    r"\b(?:staff|team|desk|agenc(?:y|ies)|newsroom|bureaus?|news|editors?|editorial|redaktion|redacción|rédaction|admin|administrator|"
    r"webmaster|correspondents?|reporters?|press|services?|writers?|contributors?|online|media|magazine|times|post|tv|unknown|guest|"
    r"various|observer|herald|tribune|gazette|journal|daily|radio|network|presents|inc|ltd|llc|gmbh|institute|university|ministry|"
    r"company|foundation|group|board|check)\b",
    re.IGNORECASE,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PARTICLES = _words(
    "de der den del della di da do dos das du van von vom zu zum zur ten ter la le el al bin ibn ben bint e y af av dela st mac"
)
# What a headline or a heading can begin with where a name would: "By The Numbers", "By Friday Evening".
NO_NAMES = _words(
    """the a an our your their this that these my his her its all any no new monday tuesday wednesday thursday friday saturday
    sunday january february march april may june july august september october november december noon midnight late early
    law"""
)
FIRST_NAMES = frozenset({"april", "may", "june", "august", "law"})  # of those, names all the same: June Carter

# How a byline begins. The second column says which language's "and" joins the names ("en" is "in" in Spanish).
OPENERS = (
    ("byline.by", re.compile(r"(?:By|BY)\s+"), "By Mara Lindqvist"),
    ("byline.di", re.compile(r"(?:Di|DI)\s+"), "Di Carla Rossetti"),
    ("byline.door", re.compile(r"(?:Door|DOOR)\s+"), "Door Joost Zandvliet"),
    ("byline.par", re.compile(r"(?:Par|PAR)\s+"), "Par Odile Marchand"),
    ("byline.por", re.compile(r"(?:Por|POR)\s+"), "Por Lucía Herrero"),
    ("byline.von", re.compile(r"(?:Von|VON)\s+"), "Von Jutta Brandhorst"),
)
WORK = (
    r"(?:(?:Staff|Senior|Chief|Special|Foreign|National|Political|Sports|Business|Science|Health|Economics|Technology|Medical|Diplomatic|"
    r"Entertainment|Religion|Education|Environmental|Military|[A-Z][a-z]+)\s)?(?:Writers?|Correspondents?|Reporters?|Staff|Editors?)"
)
AT_END = re.compile(
    rf"(?:\s*[,|/]\s*|\s+[-–—]\s+|\s+(?:of|for)\s+|\s+(?=[\w.]+ [\w.]+))(?:the |The |THE )?(?P<agency>{AGENCY})(?:\s{WORK})?$"
)
TITLE = re.compile(rf"(?:(?:The |THE )?(?P<agency>{AGENCY})(?:\s(?:{WORK}|WRITERS?))?|{WORK})\s?=?")
TITLE_CHARS_MAX = 60  # "The Associated Press Diplomatic Correspondent" has 44
TITLE_RULE = ("byline.title_line", "Associated Press Writer")
DESK = re.compile(
    rf"(?:{AGENCY})(?: (?:Staff|staff|News|Newsroom|Bureau))?|(?:our )?(?:staff|agencies|wire services)", re.IGNORECASE
)

JOINT = re.compile(r"\s*(?:[,;]\s*(?:(?:and|und|et|y|e|&)\s+)?|\s(?:and|und|et|y|e|&|with|mit|avec|con)\s|\s?/\s?)\s*")
PLACED = re.compile(
    r"(?P<name>.{3,80}?)\s(?:in|aus|from|en|à|at|near|bei|a|em)\s(?:the\s)?(?P<place>[^\W\d_a-zß-öø-ÿа-яё].{1,40})"
)
IN_BRACKETS = re.compile(r"(?P<name>[^()]{3,80}?)\s?\((?P<place>[^()]{2,40})\)")


class Person(Struct, frozen=True):
    """A name as printed, and where its bearer worked, "" when that is not said."""

    name: str
    place: str = ""


class Byline(Struct, frozen=True, kw_only=True):
    """`authors` are reporters; `evidence` names the agency that the line or its end names."""

    rule: str
    authors: tuple[Author, ...] = ()
    evidence: tuple[CreditEvidence, ...] = ()


def read_byline(line: str, language: str = "") -> Byline | None:
    """A line that is a byline and nothing else; None for every other line, "By noon the river had risen" among them.

    `language` (BCP 47) settles what "en" means between names: "and" in Dutch.
    """
    line = " ".join(line.split()).rstrip("=").rstrip()
    if not 6 <= len(line) <= BYLINE_CHARS_MAX:
        return None
    opening = next(((rule, found) for rule, opener, _ in OPENERS if (found := opener.match(line))), None)
    if opening is None:
        return None
    rule, found = opening
    names = line[found.end() :]
    if rule == "byline.door" or language.startswith("nl"):
        names = names.replace(" en ", " and ")
    return _organisation(line, names) or _persons(rule, line, names)


def is_title_line(line: str) -> bool:
    """Whether a line is the one under a byline: `Associated Press Writer`."""
    return len(line) <= TITLE_CHARS_MAX and TITLE.fullmatch(line.strip()) is not None


def title_evidence(line: str) -> tuple[CreditEvidence, ...]:
    """What the line under a byline says about the agency."""
    found = TITLE.fullmatch(line.strip())
    return (CreditEvidence(kind="byline", text=found["agency"]),) if found and found["agency"] else ()


@lru_cache(maxsize=REMEMBERED)
def people(names: str) -> tuple[Person, ...] | None:
    """`A and B in Kyiv, C in London` → the persons with their places; a place counts for all names since the one before.

    None when a part is neither a name nor a place nor a desk: then this is no list of names, but a sentence.
    """
    found: list[Person] = []
    placed = 0
    for part in JOINT.split(names.strip(" .,;"))[: 2 * NAMES_MAX]:
        chunk = part.strip(" .")
        if not chunk:
            continue
        match = IN_BRACKETS.fullmatch(chunk) or PLACED.fullmatch(chunk)
        name, place = (match["name"], match["place"]) if match else (chunk, "")
        if reads_as_name(name):
            found.append(Person(name))
        elif not (is_desk(name) or (placed and placed == len(found) and not match)):
            return None
        if place:
            found[placed:] = [Person(person.name, place.strip(" .")) for person in found[placed:]]
            placed = len(found)
    return tuple(found[:NAMES_MAX])


def reads_as_name(text: str) -> bool:
    """Whether words in running text look like a person's name: capitals, no organisation, no heading."""
    words = text.split()
    if not 2 <= len(words) <= WORDS_MAX:
        return len(words) == 1 and len(text) <= NAME_CHARS_MAX and text.upper() == text.lower() and text.isalpha()
    first = words[0].casefold()
    if first in NO_NAMES and first not in FIRST_NAMES:
        return False
    return all(map(_is_name_word, words)) and not (words[-1].islower() and words[-1] in PARTICLES) and is_person(text)


def is_desk(text: str) -> bool:
    """Whether the words name a desk or an organisation in the place of a person: `Moscow bureau`, `Reuters Staff`."""
    return len(text) <= NAME_CHARS_MAX and (is_agency(text) or ORGANISATION.search(text) is not None)


def persons(raw: str) -> tuple[str, ...]:
    """The persons that a byline or an author field names, as printed; () when it names none."""
    line = PREFIX.sub("", raw.strip().rstrip("="))
    if not line or len(line) > NAMES_MAX * NAME_CHARS_MAX:
        return ()
    names = [name.strip(" .") for name in SEPARATOR.split(line)]
    if not all(" " in name or is_agency(name) for name in names):  # "Doe, Jane": not a list of full names
        names = [line]
    return tuple(dict.fromkeys(name for name in names[:NAMES_MAX] if is_person(name)))


def is_person(name: str) -> bool:
    """Whether a name can be a person's: no agency, no desk, no address, and no user name (one word in an alphabet with cases)."""
    return (
        len(name) <= NAME_CHARS_MAX
        and (" " in name or name.upper() == name.lower() != "")
        and any(character.isalpha() for character in name)
        and not is_agency(name)
        and not MARKS.search(name)
        and not ORGANISATION.search(name)
    )


def joined(names: tuple[str, ...]) -> str:
    """`A, B and C`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def as_authors(
    found: tuple[Person, ...],
    role: Literal["reporter", "writer", "editor", "additional_reporter", "photographer"],
    evidence: Literal["byline", "signoff", "metadata", "caption"],
) -> tuple[Author, ...]:
    """The same persons as authors."""
    return tuple(Author(name=person.name, role=role, place=person.place, evidence=evidence) for person in found)


def _organisation(line: str, names: str) -> Byline | None:
    """`By Reuters`, `By The Associated Press`, `By Reuters Staff`, `By our staff`."""
    if not DESK.fullmatch(names):
        return None
    is_known = lookup(names) or AT_START.match(names)
    evidence = (CreditEvidence(kind="byline", text=line),) if is_known else ()
    return Byline(rule="byline.organisation", evidence=evidence)


AT_START = re.compile(rf"(?:{AGENCY})\b")


def _persons(rule: str, line: str, names: str) -> Byline | None:
    agency = ""
    if found := AT_END.search(names):
        agency, names = found["agency"], names[: found.start()]
    if line[-1] in '.!?:…"”’»' and not re.search(r"\b(?:[JS]r|Dr|[A-Z])\.$", line):
        return None
    reporters = people(names)
    if not reporters:
        return None
    evidence = (CreditEvidence(kind="byline", text=agency),) if agency else ()
    return Byline(rule=rule, authors=as_authors(reporters, "reporter", "byline"), evidence=evidence)


def _is_name_word(word: str) -> bool:
    bare = word.strip(".,'’\"“”«»")
    if not bare[:1].isalpha() or any(character.isdigit() or character in "():;=" for character in bare):
        return False
    return (
        bare in PARTICLES
        or not bare[0].islower()
        or bare[:2] in ("d'", "d’", "l'", "l’")
        or bare[:3] in ("al-", "el-", "as-", "ad-")
    )


# (rule id, a line on which it fires), sorted; and lines on which none does.
RULES = tuple(
    sorted([(rule, example) for rule, _, example in OPENERS] + [("byline.organisation", "By Reuters Staff"), TITLE_RULE])
)
NOT_BYLINES = (
    "By noon the river had risen by a metre",
    "By The Numbers",
    "By Friday evening the road was open",
    "By Mara Lindqvist's count, nine mills remain.",
    "By law, mills must close at night",
    "Von Montag an gilt der neue Fahrplan",
)
