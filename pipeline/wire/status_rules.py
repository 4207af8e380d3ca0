"""The tables behind status.py: vendor words, and how kills, holds, advisories and test messages look in headline and text.

Every text rule has an example and a counter-example; ids end in the article's status. No decision is made here.
"""

import re
from typing import Literal

from msgspec import Struct

Says = Literal["kill", "hold", "advisory", "test"]
Where = Literal["headline", "text", "whole"]  # `text`: the first paragraph; `whole`: a text of one short paragraph or two

# pubStatus ← vendor words (after any scheme prefix, case-folded)
_WORDS: tuple[tuple[Literal["usable", "withheld", "canceled"], str], ...] = (
    ("usable", "usable publish published republish released active final corrected updated new"),
    ("withheld", "withheld withhold hold held embargoed draft unpublished pending scheduled stoppublish"),
    ("canceled", "canceled cancelled cancel killed kill deleted delete withdrawn recalled retracted spiked"),
)
PUB_STATUS = {word: status for status, words in _WORDS for word in words.split()}


class Rule(Struct, frozen=True):
    """`example` and `counter` are what stands at `where`."""

    rule: str
    says: Says
    where: Where
    pattern: re.Pattern[str]
    example: str
    counter: str


def _rule(rule: str, says: Says, where: Where, pattern: str, example: str, counter: str, flags: int = 0) -> Rule:
    return Rule(rule, says, where, re.compile(pattern, flags), example, counter)


ANY_CASE = re.IGNORECASE
EDITORS = (
    r"(?:Eds?|Editors?|EDITORS|EDS|Note to editors|NOTE TO EDITORS|Attention editors|Editors?[’'] ?[nN]ote|"
    r"EDITOR[’']?S[’']? NOTE|An die Redaktionen|Redaktionshinweis|Achtung Redaktionen|Hinweis an die Redaktionen)"
)
PLACED = r"(?:[^\n()]{2,60} \([A-Za-z/ ]{2,30}\)\s?[-–—_]{0,2}\s?)?"  # a dateline in front
RULES = (
    _rule(
        "advisory.digest",
        "advisory",
        "headline",
        (
            r"(?:AP|AFP|Reuters|dpa|UPI|[A-Z]{2,6}) (?:(?:Top )?News|Sports|Business|World|Photo|Morning|"
            r"Evening) (?:Digest|Budget|Advisory|Planner|Schedule|Agenda|Lineup)\b.*|"
            r"(?:NEWS )?BUDGET|(?:NEWS )?(?:DIGEST|DAY ?BOOK|PLANNER)(?:\s?[:,-].*)?"
        ),
        "AP News Digest 6 p.m.",
        "Budget vote splits the council",
    ),
    _rule(
        "advisory.digest_de",
        "advisory",
        "headline",
        (
            r"(?:Die )?(?:Themen|Termine)(?: des Tages| des Abends| der Woche|vorschau|übersicht|planung|plan)"
            r"\b.*|(?:dpa[- ])?(?:Tages|Wochen|Termin|Themen)(?:vorschau|übersicht|planung|plan|kalender)\b.*|"
            r"Die wichtigsten (?:Themen|Meldungen|Termine) (?:des|vom|am|heute)\b.*"
        ),
        "Die Themen des Tages von dpa",
        "Themen der Kunst im Museum",
    ),
    _rule(
        "advisory.eds_only",
        "advisory",
        "whole",
        (
            rf"{EDITORS}\s?[:,](?:(?!\n\s?\n).){{5,}}|"
            rf"{EDITORS}\s?[:,].{{5,}}\n\n(?:The (?:AP|Associated Press|editors?)|AP|AFP|Reuters|dpa|Ihre? .{{2,30}})\.?"
        ),
        "Editors: A story on the mill will move at 6 p.m.",
        "Editors in Oslo went on strike.",
        re.DOTALL,
    ),
    _rule(
        "advisory.headline",
        "advisory",
        "headline",
        (
            r"(?:[A-Z ]{2,20}[- ])?ADVISORY(?:\s?[-–—:,].*|$)|(?:Media|Photo|Video|News|Editorial|Customer|"
            r"Service|Coverage) [Aa]dvisory\b.*|\(ADVISORY\).*"
        ),
        "ADVISORY-Coverage of the summit",
        "Advisory board resigns over mill",
    ),
    _rule(
        "advisory.planned",
        "advisory",
        "headline",
        (
            r"(?:DIARY|DAYBOOK|Daybook|SCHEDULE|SKED|NEWS SCHEDULE|NEWS PLAN|(?:World |Europe |"
            r"Asia )?News Schedule|Planungshinweis|PLANUNGSHINWEIS|Coverage plans?)(?:\s?[-–—:,].*| at \d.*|"
            r" for .*|$)"
        ),
        "News Schedule at 0600 GMT",
        "Diary of a miller found in Oslo",
    ),
    _rule(
        "advisory.slug",
        "advisory",
        "headline",
        r"(?:BC|AM|PM|AP)-.*(?:Advisory|News Digest|News Budget|Daybook|Photo-Lineup)\b.*",
        "BC-NR--News Digest,0310",
        "BC-NR--River Flood,0310",
    ),
    _rule(
        "embargo.headline",
        "hold",
        "headline",
        (
            r"(?:STRICTLY )?EMBARGO(?:ED)?(?:\s?[:–—]| ?-(?=\s|[A-Z][a-z])| (?:UNTIL|TILL|FOR)\b).*|"
            r"(?:Strictly )?[Ee]mbargoed (?:until|for)\b.{2,60}?(?:\s[-–—]|\s?[:–—])\s.*|(?:SPERRFRIST|Sperrfrist)\b.*[:–—-]\s.*"
        ),
        "EMBARGOED UNTIL NOON FRIDAY - Mill to reopen",
        "Embargoed until Friday, report on mill leaks",
    ),
    _rule(
        "embargo.text",
        "hold",
        "text",
        (
            rf"\W{{0,3}}{PLACED}(?:STRICTLY )?(?:EMBARGOED\b|EMBARGO\s?[:–—-]|NOT FOR (?:RELEASE|PUBLICATION|BROADCAST|USE) "
            r"(?:BEFORE|UNTIL)\b|SPERRFRIST\b).*|"
            r"\W{0,3}(?:(?:[Ss]trictly )?[Ee]mbargoed (?:until|for)\b|"
            r"[Ee]mbargo\s?:\s?(?:until\b|till\b|not\b|\d|noon\b|midnight\b|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b)|"
            r"[Nn]ot for (?:release|publication|broadcast|use)(?: or \w+)? (?:before|until)\b|"
            r"(?:For [Rr]elease|FOR RELEASE) (?:(?:at|on|after|AT|ON|AFTER) |(?:MON|TUE|WED|THU|FRI|SAT|SUN)|\d)|"
            r"[Ss]perrfrist\b|(?:Sous e|E)mbargo (?:jusqu|hasta\b)).{1,100}"
        ),
        "Not for release before 0600 GMT on Nov 23",
        "Embargo or not, the mill sells its flour.",
        re.DOTALL,
    ),
    _rule(
        "hold.repeated",
        "hold",
        "headline",
        (
            r".{0,40}\b(?:HOLD|SPERREN)[ !,]+(?:HOLD|SPERREN)\b.*|MANDATORY HOLD\b.*|"
            r"(?:STORY )?HOLD\s?[-–—:](?!UP\b|OUT|ING|ER)\s?\S.*"
        ),
        "HOLD HOLD HOLD Mill reopens",
        "HOLD-UP AT THE MILL",
    ),
    _rule(
        "hold.text",
        "hold",
        "text",
        (
            r"\W{0,3}(?:HOLD[ !,]+HOLD\b|SPERREN[ !,]+SPERREN|(?:Eds?|Editors?): ?(?:Please )?(?:hold|"
            r"withhold) (?:this|the) (?:story|item)).*"
        ),
        "HOLD HOLD HOLD: item dpa 0123 must not be used for now.",
        "Hold the line, the mayor said.",
        re.DOTALL,
    ),
    _rule(
        "kill.advisory_withdrawn",
        "kill",
        "headline",
        (
            r"(?:ADVISORY|Advisory)\s?[-–—:]\s?.{0,160}\b(?:story|stories|item|report|alerts?|headline|brief|"
            r"article|snap)\b.{0,80}\b(?:is|are|has been|have been|was|were)? ?(?:withdrawn|retracted|killed|"
            r"deleted)\b.*"
        ),
        "ADVISORY: Norland mill story on Tuesday is withdrawn",
        "Advisers say the story of the mill is withdrawn from schools",
    ),
    _rule(
        "kill.headline_tag",
        "kill",
        "headline",
        (
            r"(?:[A-Z0-9 ]{2,20}-)?(?:WITHDRAWAL|WITHDRAWN|STORY WITHDRAWN|(?:MANDATORY |BULLETIN )?KILL|"
            r"STORNO|RETRACTION|RETRACTED|ANNULE|ANULADO|ANULA)\s?(?:[-–—:]|$)(?!UP\b|JOY).*|STORY WITHDRAWN\b.*|"
            r"MANDATORY KILL\b.*"
        ),
        "WITHDRAWAL: Mill reopens after the flood",
        "WITHDRAWAL SYMPTOMS HIT NORLAND MILL",
    ),
    _rule(
        "kill.repeated", "kill", "headline", r".{0,40}\bKILL[ !,]+KILL\b.*", "KILL KILL KILL Mill reopens", "How to kill a mill"
    ),
    _rule(
        "kill.slug",
        "kill",
        "headline",
        r"(?:BC|AM|PM|AP)-.*(?:-|_|, ?)KILL\b.*",
        "BC-NR--River Flood-KILL,0040",
        "BC-NR--Road Kill,0310",
    ),
    _rule(
        "kill.text",
        "kill",
        "text",
        (
            r"\W{0,3}(?:KILL[ !,]+KILL\b|(?:Eds?|Editors?|EDITORS): ?(?:Please )?(?:[Kk]ill|KILL)\b|"
            r"(?:STORY WITHDRAWN|MANDATORY KILL|BULLETIN KILL)\b|"
            r"\((?:Withdraws|WITHDRAWS) (?:the |this )?(?:story|item|alert)\b).*"
        ),
        "KILL KILL KILL: item dpa 0123 is wrong.",
        "Kill or cure, the miller said.",
        re.DOTALL,
    ),
    _rule(
        "kill.text_withdrawn",
        "kill",
        "text",
        (
            r"\W{0,3}(?:(?:Please )?(?:be advised|note) that )?(?:The|This|Our) .{0,160}?\b(?:story|item|"
            r"report|article|alert|headline)s?\b.{0,200}?\b(?:(?:is|are|has been|have been) (?:hereby )"
            r"?(?:being )?(?:withdrawn|killed|retracted)(?: and (?:should|must) not be used| as | because |\.|"
            r",|$)|wurde zurückgezogen).*"
        ),
        "The story headlined “Mill reopens” has been withdrawn as the date was wrong.",
        "The report said that troops had been withdrawn.",
        re.DOTALL,
    ),
    _rule(
        "kill.text_withdrawn_de",
        "kill",
        "text",
        (
            r"\W{0,3}(?:Die|Unsere) Meldung .{0,200}?\b(?:(?:ist|wird|wurde) (?:hiermit )?(?:zurückgezogen|"
            r"storniert|ungültig|gegenstandslos|zu streichen)|darf nicht (?:mehr )?verwendet werden).*"
        ),
        "Die Meldung «Mühle öffnet wieder» wird zurückgezogen.",
        "Die Meldung überraschte Oslo.",
        re.DOTALL,
    ),
    _rule(
        "test.headline",
        "test",
        "headline",
        (
            r"(?:(?:THIS IS A|PLEASE IGNORE)[ :,-]+)?TEST(?:[ ,!.-]+TEST)*(?: (?:MESSAGE|ONLY|STORY|ITEM|"
            r"ALERT|FILE|ARTICLE|PAGE|\d{1,4}))?[ .!]*|test(?: message| story| item| only)?[.!]?|"
            r"Test(?: message| story| item| article|-?[Aa]rtikel|[- ]?[Mm]eldung| only)?[.!]?|Testmeldung\b.*|"
            r"(?:TEST|Test)\s?[-–—:(,]+ ?(?:please )?(?:ignore|disregard|do not use|not for (?:use|"
            r"publication)|bitte ignorieren|nicht verwenden|IGNORE|DISREGARD|DO NOT).*|(?:Please |PLEASE )"
            r"?(?:ignore|IGNORE|disregard)[ :,-]+(?:this |THIS )?(?:is a )?(?:test|TEST)\b.*"
        ),
        "TEST TEST TEST",
        "TEST-Norland beat Sudmark by four wickets",
    ),
    _rule(
        "test.text",
        "test",
        "whole",
        (
            r"\W{0,3}(?:This is (?:only )?a (?:system |technical |transmission )?test(?: (?:message|story|"
            r"item|file|transmission|of the (?:wire|system|feed|transmission)\b.*))?(?:\s?[.,;:!-].*|$)|"
            r"(?:Dies|Das|Hier) ist (?:nur )?ein(?:e)? Test(?:meldung|artikel|nachricht|text)"
            r"?(?:\s?[.,;:!-].*|$)|Testmeldung\b.*|(?:TEST[ ,.!-]*){1,9}|Ceci est un (?:message de )?test\b.*|"
            r"Esto es una prueba\b.*)"
        ),
        "This is a test. Please ignore.",
        "This is a test of wills, the mayor said.",
        re.IGNORECASE | re.DOTALL,
    ),
)
# Kind of message by the genre a vendor names.
ADVISORY_GENRES = frozenset(
    (
        "advisory",
        "daybook",
        "digest",
        "planning",
        "planungshinweis",
        "terminvorschau",
        "tagesvorschau",
        "news digest",
        "news budget",
    )
)
