"""The tables of what stands around a report: notes, corrections, end matter, lines for editors only. The walk is furniture.py's.

A rule is tried on one paragraph (or line) as a whole, its line breaks as spaces. `kind` says what becomes of the text:
`tail` is dropped, `note` goes to the editors' notes, `correction` to the correction notes; after a `private` line nothing is ever
published. `zone` says where the rule holds: `tail` after the report, `edge` before or after it, `any` wherever it stands.
"""

import re
from typing import Literal

from msgspec import Struct

from pipeline.wire.agencies import AGENCY
from pipeline.wire.headline import advisory_line

LINE_CHARS_MAX = 700  # the longest correction remarks and copyright notices have 500

Kind = Literal["tail", "note", "correction", "private"]
Zone = Literal["tail", "edge", "any"]


class Rule(Struct, frozen=True):
    """`pattern` covers the whole line; `example` is a line on which the rule fires, `counter` one on which it does not."""

    rule: str
    kind: Kind
    zone: Zone
    pattern: re.Pattern[str]
    example: str
    counter: str


def _rule(rule: str, zone: Zone, pattern: str, example: str, counter: str, *, kind: Kind = "tail", flags: int = 0) -> Rule:
    return Rule(rule, kind, zone, re.compile(pattern, flags), example, counter)


REPORT = r"(?:story|article|item|version|report|dispatch|copy)"
DAY = r"(?:[A-Z][a-z]{2,8}\.? \d{1,2},? (?:\d{4},? )?)?"
ANY_CASE = re.IGNORECASE
AMOUNT = r"(?:[A-Z]{1,3})?[$€£¥₹₩₽]?\s?\d[\d.,]{0,14}(?:\s[^\W\d_]{2,20}){0,3}"
RATE = rf"{AMOUNT}\s?=\s?{AMOUNT}"

PRIVATE = (
    _rule(
        "private.de",
        "any",
        (
            r"\W{0,9}(?:(?:die )?(?:nach)?folgenden? (?:informationen|angaben|hinweise|zeilen) (?:sind|ist) )"
            r"?nicht (?:zur|für die) veröffentlichung(?: bestimmt)?\W{0,5}"
        ),
        "* Die folgenden Informationen sind nicht zur Veröffentlichung bestimmt",
        "Der Brief war nicht zur Veröffentlichung bestimmt, sagte sie.",
        kind="private",
        flags=ANY_CASE,
    ),
    _rule(
        "private.dpa_contacts",
        "any",
        (
            r"[#*]{1,3}\s?(?:(?:dpa|ap|afp)[- ])?(?:kontakte?|contacts?|ansprechpartner)\s?:?|(?:dpa|ap|afp)"
            r"[- ](?:kontakte?|contacts?)\s?:?"
        ),
        "## dpa-Kontakte",
        "Kontakte nach Oslo gab es kaum",
        kind="private",
        flags=ANY_CASE,
    ),
    _rule(
        "private.en",
        "any",
        (
            r"\W{0,5}(?:(?:the )?(?:following|attached)(?: \w+){0,4} (?:is|are) )?not (?:intended |meant )"
            r"?for (?:publication|broadcast|print)(?: or (?:broadcast|publication|transmission))?(?:\W{0,5}|\s?[:–—]\s.{1,200})"
        ),
        "* The following information is not intended for publication",
        "The letter was not intended for publication, the mayor said.",
        kind="private",
        flags=ANY_CASE,
    ),
    _rule(
        "private.fr_es",
        "any",
        (
            r"\W{0,5}(?:ne pas publier|non destiné à la publication|no publicar|(?:información )?no (?:apta )"
            r"?para (?:su )?publicación)\W{0,5}"
        ),
        "(Ne pas publier)",
        "Ne pas publier les noms, a dit la juge.",
        kind="private",
        flags=ANY_CASE,
    ),
)

NOTES = (
    _rule(
        "correction.de",
        "edge",
        (
            r"\(?(?:Berichtigung|Korrektur|Korrigiert|Richtigstellung)(?: der Meldung [^:]{1,120})"
            r"?:\s.{5,500}|\(?(?:In (?:einer|der) (?:früheren|vorigen) (?:Version|Fassung)|Diese (?:Meldung|"
            r"Fassung)) .{0,80}(?:berichtigt|korrigiert|hieß es).{0,400}"
        ),
        "Berichtigung: Im zweiten Absatz muss es richtig heißen: zwölf Mühlen",
        "Diese Meldung des Ministers überraschte in Oslo niemanden.",
        kind="correction",
    ),
    _rule(
        "correction.en",
        "edge",
        (
            rf"\(?(?:In )?(?:[Tt]h(?:is|e) |[Aa]n? )(?:earlier |previous |original )?{DAY}(?:{REPORT}|headline)"
            rf"(?: of this story)?(?: published (?:on )?[^.]{{3,60}}?)?,? (?:has been |have been |was |is |"
            rf"has |had |incorrectly |mistakenly )*(?:been )?(?:corrected|corrects|misstated|misspelled|"
            rf"misidentified|incorrect|erroneously|wrongly|said incorrectly|gave)\b.{{0,500}}"
        ),
        "This story has been corrected to show that the mill opened in 1902, not 1920.",
        "The report was released on Monday.",
        kind="correction",
    ),
    _rule(
        "correction.label",
        "edge",
        (
            r"\(?(?:CORRECTIONS?|Corrections?|Corrects|CORRECTS)\s?[:—–-]\s?\S.{5,500}|"
            r"\(?Corrects? (?:[\w’'-]+ ){1,8}(?:in|to|of|from)\b.{3,300}\)"
        ),
        "CORRECTION: The mill opened in 1902, not 1920.",
        "Corrections officers in Oslo went on strike.",
        kind="correction",
    ),
    _rule(
        "note.notebook",
        "any",
        r"#{0,3} ?(?:Notizblock|Notebook)|#{1,3} ?(?:Redaktionelle Hinweise|Editorial notes?)",
        "# Notizblock",
        "Notizblock und Stift lagen bereit",
        kind="note",
    ),
    _rule(
        "note.first_published",
        "tail",
        rf"\(?This {REPORT} was (?:first|originally|initially) (?:published|filed|posted) .{{3,300}}",
        "This story was first published on March 3, 2026.",
        "This story was told in Oslo for years.",
        kind="note",
    ),
    _rule(
        "note.fr",
        "edge",
        r"\((?:Nouveaux? bilans?|Nouvelles? précisions?|Précisions|Réactions|Avec|Chapeau|Titre|Détails)[^()]{3,200}\)",
        "(Nouveau bilan, contexte)",
        "(Nouveau pont, vieille route: une chronique)",
        kind="note",
    ),
    _rule(
        "note.updated",
        "tail",
        (
            rf"\(?This {REPORT} (?:has been|was|is being) (?:updated|revised|refiled|clarified|amended|edited|"
            rf"changed)(?: (?:with|to|at|on|after|throughout|for|since)\b.{{0,400}}|\.?\)?)"
        ),
        "This story has been updated with comments from the mayor.",
        "This story was updated by generations of storytellers.",
        kind="note",
    ),
)

TAILS = (
    _rule("tail.agency_mark", "tail", rf"\(?(?:Source|Quelle|Fuente): ?{AGENCY}\)?", "Source: Reuters", "Source: the river"),
    _rule(
        "tail.contact_details",
        "tail",
        (
            r"\(\([^\s()@]+@[^\s()@]+\.\w{2,}[^()]{0,300}\)\)|\S+@\S+\.\w{2,}|[^\W\d_][\w .'-]{2,40}[,:;] \S+@\S+\.\w{2,}|"
            r"(?:Phone|Tel\.?|Telefon)\s?:? \+?[\d\s()/.-]{6,30}"
        ),
        "desk@example.test",
        "Write to the mayor at desk@example.test by Monday.",
    ),
    _rule(
        "tail.copyright",
        "tail",
        (
            r"\(?(?:©|\(c\)|\(C\)|Copyright|COPYRIGHT)\s?(?:©|\(c\)|\(C\))?\s?(?:by )?(?:(?:19|20)\d\d\b|"
            r"[^.]{2,60}(?:19|20)\d\d\b|[^.]{2,60}\. All rights).{0,600}"
        ),
        "© 2026 Nordpress. All rights reserved.",
        "Copyright law is old in Oslo, the court said.",
    ),
    _rule(
        "tail.currency",
        "any",
        rf"[(\[]\s?{RATE}(?:[;,]\s{RATE}){{0,4}}\s?[)\]]\.?(?:\s?[(\[]\s?{RATE}\s?[)\]]){{0,3}}",
        "($1 = 0.8812 euros)",
        "(1 mill = 40 jobs, the mayor's rule of thumb, was never true in Oslo)",
    ),
    _rule(
        "tail.dpa_notice",
        "tail",
        r"©\s?dpa(?:-\w{3,12})?, dpa:\d{6}-\d{2,3}-\d{1,6}/\d{1,3}",
        "© dpa-infocom, dpa:260302-930-000088/1",
        "© dpa, die Agentur in Oslo",
    ),
    _rule(
        "tail.dpa_signature",
        "tail",
        r"(?:dpa|lby|lni|afx)(?:[-/]\w{2,6})?(?: [a-zäöüß]{1,4}\d?(?:/[a-zäöüß]{2,4})*){1,7}",
        "dpa kre/su yysw a3 mda",
        "dpa meldet das.",
    ),
    _rule(
        "tail.end_mark",
        "tail",
        r"\(?(?:END|Ends?|ENDS|ENDITEM|Enditem|FIN|ENDE|ENDIT|-30-|-0-|### ?)\)?\.?",
        "Enditem",
        "End of an era",
    ),
    _rule(
        "tail.follow",
        "tail",
        (
            rf"(?:(?:Follow|Read|See|Find|More|Full|Explore) (?:more of |all of |more |the )?(?:{AGENCY}|"
            rf"[^\W\d_]\w{{2,20}} ?on)\b.{{0,300}}|(?:More )?AP [\w ]{{3,30}}: (?:and )?https?://.{{3,300}}|"
            rf".{{3,80}} (?:is|are) on (?:Twitter|X|Facebook)(?: at)?:? .{{3,100}})"
        ),
        "Follow AP's coverage of rivers at https://example.test/rivers",
        "Follow the river to Oslo.",
    ),
    _rule(
        "tail.initials",
        "tail",
        r"[a-z]{2,4}(?:[/-][a-z]{2,4}){1,6}(?:/[A-Z]{2,3})?|(?:PTI|ANI|IANS)(?: [A-Z]{2,4}){1,6}",
        "bur-mli/jro",
        "and/or",
    ),
    _rule("tail.ruler", "tail", r"[_*#=~–—-]{2,}|\*(?:\s\*){1,6}|_(?:\s_){1,6}|\^", "___", "_Oslo_"),
    _rule(
        "tail.sign_up",
        "tail",
        r"(?:Sign up|Subscribe|Register|Click|Join us|Download)\b.{0,160}(?:here|newsletters?|app|subscribe)\b.{0,60}",
        "Sign up here.",
        "Sign language is taught in Oslo.",
    ),
    _rule(
        "tail.syndication",
        "tail",
        (
            rf"[(\[]?(?:(?:Except for|With the exception of|Apart from) the headline, ?|Disclaimer:? ?)"
            rf"?(?:[Tt]h(?:is|e)(?: above)? {REPORT}|[Tt]he (?:headline|content)) .{{0,80}}?(?:has|have|was|is|"
            rf"are)(?: not)?(?: been)? (?:edited|modified|created|published|auto-generated|syndicated)"
            rf"\b.{{0,200}}(?:staff|feed|syndicat|agency|wire).{{0,200}}"
        ),
        "(This story has not been edited by our staff and is published from a syndicated feed.)",
        "This report surprised the wire mill in Oslo.",
    ),
    _rule(
        "tail.trust_principles",
        "any",
        (
            r"(?:Our Standards ?: ?)?(?:The )?(?:Thomson )?Reuters Trust Principles(?: ?, opens new tab)?\.?|"
            r"Our Standards ?:.{0,80}"
        ),
        "Our Standards: The Thomson Reuters Trust Principles.",
        "Our standards are high, the mayor said.",
    ),
    _rule(
        "tail.with_inputs",
        "tail",
        rf"\(?With (?:agency )?inputs from (?:{AGENCY}|agencies)(?:(?:,| and) {AGENCY}){{0,3}}\)?\.?",
        "(With inputs from PTI)",
        "With inputs from all sides, the plan grew.",
    ),
)
COUNTER_TAILS = frozenset({"and/or", "he/she", "his/her", "she/he", "either/or", "off/on", "on/off"})  # words, not initials

RULES = tuple(sorted((*PRIVATE, *NOTES, *TAILS), key=lambda rule: rule.rule))
ADVISORY_RULES = (  # found by headline.advisory_line
    ("correction.bracket", "(Corrects date in paragraph 3)"),
    ("note.advisory", "(Adds comments, detail)"),
)
CORRECTION = re.compile(
    r"\b[Cc]orrect(?:s|ed|ing|ion|ions)\b|CORRECT(?:S|ED|ION)|[Bb]erichtig|[Kk]orrigier|\b[Cc]orrige|"
    r"\bBien lire|\b[Ss]e corrige|[Rr]ichtigstell"
)
# One look at a paragraph that says whether any rule for the middle of a text can fire.
IN_THE_MIDDLE = re.compile(r"\S{0,4}(?:[(\[]\s?\S{0,4}\d|Our Standards|(?:The )?(?:Thomson )?Reuters Trust|#)")
# one of these is in every line that opens a private part, in lower case
NOTE_START = re.compile(
    r"\(?(?:[NPRACTD][a-zé]{3,}|In |[Tt]h(?:is|e) |[Aa]n? |Diese |Berichtigung|Korr|Richtig|Notizblock|Notebook|"
    r"C[Oo][Rr][Rr][Ee][Cc][Tt]|#)"
)


def private_rule(line: str) -> str:
    """The rule that makes this line the beginning of what is for editors only; "" for every other line."""
    return next((rule.rule for rule in PRIVATE if rule.pattern.fullmatch(line)), "")


def note_rule(line: str, zones: tuple[Zone, ...]) -> tuple[str, Kind, str]:
    """The rule of a note or correction, its kind, and the note without its brackets; ("", …) for a line that is none."""
    if len(line) > LINE_CHARS_MAX:
        return "", "note", ""
    if note := advisory_line(line):
        is_correction = CORRECTION.search(note) is not None
        return ("correction.bracket", "correction", note) if is_correction else ("note.advisory", "note", note)
    if not NOTE_START.match(line):
        return "", "note", ""
    rule = next((rule for rule in NOTES if rule.zone in zones and rule.pattern.fullmatch(line)), None)
    return (rule.rule, rule.kind, line.strip("() ")) if rule else ("", "note", "")


def tail_rule(line: str, zones: tuple[Zone, ...]) -> str:
    """The rule of a line of end matter; "" for a line of the report."""
    if len(line) > LINE_CHARS_MAX or line in COUNTER_TAILS:
        return ""
    return next((rule.rule for rule in TAILS if rule.zone in zones and rule.pattern.fullmatch(line)), "")


PRIVATE_MARKS = (
    "publication",
    "veröffentlichung",
    "kontakt",
    "contact",
    "publier",
    "publicar",
    "publicación",
    "broadcast",
    "for print",
    "ansprechpartner",
)


def has_private_mark(text: str) -> bool:
    """Whether a text, or HTML, can hold such a line at all; cheap to know."""
    lower = text.lower()
    return any(mark in lower for mark in PRIVATE_MARKS)


def has_private_line(text: str) -> bool:
    """Whether a line of the text says that what follows is for editors only."""
    lines = text.split("\n") if has_private_mark(text) else ()
    return any(private_rule(line.strip()) for line in lines if len(line) <= LINE_CHARS_MAX)
