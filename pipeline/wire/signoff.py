"""The sign-off under a report, `(Reporting by A in Kyiv; Writing by B; Editing by C)`: who did what, and where.

The clauses are found by their role words, as agencies part them by semicolons, commas, full stops or dashes. Pure text in,
authors out; where the sign-off stands in a body is furniture.py's business.
"""

import re
from typing import Literal

from msgspec import Struct

from pipeline.article import Author
from pipeline.wire.byline import Person, people

SIGNOFF_CHARS_MAX = 900  # twenty names in eight clauses; a longer text is a report
CLAUSES_MAX = 12
BARE_CHARS_MAX = 400  # without brackets

Role = Literal["reporter", "writer", "editor", "additional_reporter", "photographer", ""]


class RoleWords(Struct, frozen=True):
    """Words that open a clause; role "" is for work without a role in the record (graphics, translation)."""

    rule: str
    role: Role
    pattern: str
    example: str


# The longer words before the shorter ones they begin with; ids in `rules`.
ROLE_WORDS = (
    RoleWords(
        "signoff.en.additional",
        "additional_reporter",
        r"(?:additional|further)(?: \w+(?:,| and))? reporting(?: and (?:writing|editing))?(?: was contributed)? (?:by|from)",
        "(Additional reporting by Jan Roe)",
    ),
    RoleWords(
        "signoff.en.additional",
        "additional_reporter",
        r"(?:with )?(?:contributions? (?:by|from)|contributed by)",
        "(Contributions by Jan Roe)",
    ),
    RoleWords(
        "signoff.en.editing",
        "editor",
        r"(?:(?:additional|further) )?edit(?:ing|ed)(?: and (?:writing|rewriting))? by",
        "(Editing by Jan Roe)",
    ),
    RoleWords(
        "signoff.en.other",
        "",
        (
            r"(?:graphics?|graphics and (?:reporting|data)|data|translat(?:ion|ed|ing)|produc(?:tion|ed|ing)|"
            r"video|illustrations?|research) by"
        ),
        "(Graphic by Jan Roe)",
    ),
    RoleWords("signoff.en.photos", "photographer", r"(?:photographs?|photos?|photography|pictures?) by", "(Photos by Jan Roe)"),
    RoleWords(
        "signoff.en.reporting",
        "reporter",
        r"(?:reporting(?:(?:,| and) (?:writing|editing|photography|filming|research))?|reported|report) by",
        "(Reporting by Jan Roe)",
    ),
    RoleWords(
        "signoff.en.writing",
        "writer",
        r"(?:(?:additional|further) )?(?:writing(?: and (?:editing|reporting))?|written|compil(?:ed|ing)|by-?lined) by",
        "(Writing by Jan Roe)",
    ),
    RoleWords(
        "signoff.de.additional",
        "additional_reporter",
        r"mitarbeit(?: von)?(?::|(?= ))|unter mitarbeit von",
        "(Mitarbeit: Jan Roe)",
    ),
    RoleWords(
        "signoff.de.editing", "editor", r"(?:redigiert von|redaktion:|redaktion von|redigatur:)", "(Redigiert von Jan Roe)"
    ),
    RoleWords(
        "signoff.de.reporting",
        "reporter",
        r"(?:bericht(?:e|et)?(?: von|:)|reporter:|autor(?:en|in|/in)?:|reporterin:|text:)",
        "(Bericht von Jan Roe)",
    ),
    RoleWords(
        "signoff.de.writing", "writer", r"(?:geschrieben von|verfasst von|zusammengestellt von)", "(Geschrieben von Jan Roe)"
    ),
    RoleWords(
        "signoff.es.additional",
        "additional_reporter",
        r"(?:(?:reporte|información|redacción) adicional (?:de|por)|con (?:aportes|información|la colaboración) de)",
        "(Reporte adicional de Jan Roe)",
    ),
    RoleWords(
        "signoff.es.editing",
        "editor",
        r"(?:editad[oa](?: en español)? por|edición(?: en español)? (?:de|por))",
        "(Editado en español por Jan Roe)",
    ),
    RoleWords(
        "signoff.es.reporting", "reporter", r"(?:reporte|reportaje|información|reporteo)(?:s)? (?:de|por)", "(Reporte de Jan Roe)"
    ),
    RoleWords(
        "signoff.es.writing",
        "writer",
        r"(?:escrito por|redacción (?:de|por)|redactado por|traducido por)",
        "(Escrito por Jan Roe)",
    ),
    RoleWords(
        "signoff.fr.additional",
        "additional_reporter",
        r"avec(?: la contribution de)?(?= [A-ZÀ-Þ])",
        "(Rédigé par Ann Doe, avec Jan Roe)",
    ),
    RoleWords("signoff.fr.editing", "editor", r"(?:édité par|édition de)", "(Édité par Jan Roe)"),
    RoleWords("signoff.fr.reporting", "reporter", r"reportages? (?:de|par|d')", "(Reportage de Jan Roe)"),
    RoleWords(
        "signoff.fr.writing", "writer", r"(?:rédigé par|version française(?: de| par)?|écrit par)", "(Version française Jan Roe)"
    ),
    RoleWords("signoff.it.editing", "editor", r"(?:a cura di|editing di|in redazione)", "(Editing di Jan Roe)"),
    RoleWords("signoff.pt.editing", "editor", r"(?:edição (?:de|por)|editado por)", "(Edição de Jan Roe)"),
    RoleWords("signoff.pt.reporting", "reporter", r"reportagem (?:adicional )?(?:de|por)", "(Reportagem de Jan Roe)"),
)
MARKER = re.compile(
    r"(?:(?<=^)|(?<=[\s(;,.*•–—/-]))(?:" + "|".join(f"(?P<r{at}>{row.pattern})" for at, row in enumerate(ROLE_WORDS)) + r")\s*",
    re.IGNORECASE,
)
START = re.compile(r"[\s(*•–—\[-]*" + MARKER.pattern, re.IGNORECASE)
# What stands in a sign-off beside names: addresses, numbers, how to reach the desk.
CONTACT = re.compile(
    (
        r"(?:\S{0,80}@|\+?\d[\d\s()/.-]{5,}|(?:Reuters |Refinitiv )?Messaging|Twitter|Bei Rückfragen|"
        r"Tel\b|https?://|Click|For more)"
    ),
    re.IGNORECASE,
)
STRIPPED = " ,;:.-–—*•"
JUNK = re.compile(r"[<(\[{]?\S{1,80}@\S{1,80}|\+?\d[\d\s()/.-]{5,40}")

# "Lindqvist reported from Oslo. Associated Press writer Jan Roe in London contributed to this report."
CONTRIBUTED = re.compile(
    r"(?:(?P<wire>(?:The )?[A-Z][\w ]{1,30}?) (?:\w+ )?(?:writers?|journalists?|reporters?|"
    r"correspondents?|staff(?: writers?)?) )?"
    r"(?P<names>[^\W\d_a-z].{3,300}?) (?:also )?contributed(?: (?:reporting|to this report|"
    r"to this story))*(?: from (?P<place>(?:St\. )?[^\W\d_a-z][^.]{1,40}))?\."
)
REPORTED_FROM = re.compile(
    r"(?P<name>[^\W\d_a-z][^\W\d_]*(?:[-' ][^\W\d_]+){0,3}) reported from (?P<place>(?:St\. )?[^\W\d_a-z][^.]{1,60})\."
)


class Signoff(Struct, frozen=True):
    """`authors` in the order of the text; `rules` that fired; `filed_from` gives places by family name."""

    authors: tuple[Author, ...]
    rules: tuple[str, ...]
    filed_from: tuple[Person, ...] = ()


def read_signoff(text: str) -> Signoff | None:
    """A text that is a sign-off as a whole; None for everything else. Without brackets every clause must be names."""
    line = " ".join(text.split())
    if not 8 <= len(line) <= SIGNOFF_CHARS_MAX or not START.match(line):
        return None
    is_bracketed = line[0] in "([" and line.rstrip(" .")[-1:] in ")]"
    if not is_bracketed and len(line) > BARE_CHARS_MAX:
        return None
    return _clauses(line[1:].rstrip(" .")[:-1] if is_bracketed else line.strip(" *•"), is_strict=not is_bracketed)


def read_contributed(text: str) -> Signoff | None:
    """`Lindqvist reported from Oslo. Associated Press writers A in Kyiv and B contributed to this report.`, and nothing else."""
    line = " ".join(text.split())
    if len(line) > BARE_CHARS_MAX or ("contributed" not in line and "reported from" not in line):
        return None
    filed: list[Person] = []
    authors: list[Author] = []
    position = 0
    while position < len(line):
        if found := REPORTED_FROM.match(line, position):
            filed.append(Person(found["name"], found["place"]))
        elif found := CONTRIBUTED.match(line, position):
            names = people(found["names"])
            if names is None:
                return None
            authors.extend(
                Author(name=p.name, role="additional_reporter", place=p.place or found["place"] or "", evidence="signoff")
                for p in names
            )
        else:
            return None
        position = found.end() + 1
    return Signoff(tuple(authors), ("signoff.contributed",), tuple(filed))


def _clauses(line: str, *, is_strict: bool) -> Signoff | None:
    markers = list(MARKER.finditer(line))[:CLAUSES_MAX]
    if not markers:
        return None
    authors: list[Author] = []
    rules: list[str] = []
    ends = [marker.start() for marker in markers[1:]] + [len(line)]
    for marker, end in zip(markers, ends, strict=True):
        row = ROLE_WORDS[int((marker.lastgroup or "r0")[1:])]
        names = _names(line[marker.end() : end])
        if names is None:
            if is_strict:
                return None
            continue
        rules.append(row.rule)
        if row.role:
            authors.extend(Author(name=p.name, role=row.role, place=p.place, evidence="signoff") for p in names)
    return Signoff(tuple(dict.fromkeys(authors)), tuple(dict.fromkeys(rules))) if rules else None


def _names(clause: str) -> tuple[Person, ...] | None:
    """The persons of one clause; what comes after a semicolon or an address in it is no name."""
    clause = JUNK.sub(",", clause).strip(STRIPPED)
    clause = re.split(r"\s*;|\.\s+(?=Bei|For|Reuters|Click)", clause, maxsplit=1)[0]
    if found := CONTACT.search(clause):
        clause = clause[: found.start()]
    clause = clause.removeprefix("the ").strip(STRIPPED)
    return people(clause) if clause else None


# (rule id, a sign-off on which it fires), sorted; and texts that are none.
RULES = tuple(
    sorted(
        {(row.rule, row.example) for row in ROLE_WORDS} | {("signoff.contributed", "Jan Roe in Oslo contributed to this report.")}
    )
)
NOT_SIGNOFFS = (
    "Reporting by the newspaper showed that the mill had closed years ago.",
    "Editing by hand is slow.",
    "(Photos by visitors are welcome at the mill.)",
    "Writing by candlelight, the miller kept a diary for forty years.",
    "The miller contributed to this report by the council, which was never printed.",
)
