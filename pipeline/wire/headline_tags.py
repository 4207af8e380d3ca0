"""The table of headline tags. Only what stands here is ever taken from a headline; everything else is the headline.

A tag is printed bare before a hyphen or a colon (`UPDATE 1-`, `Exclusive: `), in brackets (`(LEAD) `), or before a space
(`2nd LEAD `, `KILL KILL KILL `). In a headline all in capitals an ambiguous word (TABLE-TENNIS) needs a colon or a spaced dash.
"""

import re
from typing import Literal

from msgspec import Struct

Kind = Literal["status", "series", "genre", "topic"]


class Known(Struct, frozen=True):
    """`printed` are the ways to print the tag, in any of the cases `CORRECTED`, `Corrected`; `name` is what the record says."""

    kind: Kind
    name: str
    printed: tuple[str, ...]
    example: str
    is_plain: bool = True  # False: needs the words in exactly this case
    is_numbered: bool = False


def _each(kind: Kind, names: str, example: str, *, is_plain: bool = True, also_upper: bool = False) -> tuple[Known, ...]:
    """One row for each of a list of names that follow the same pattern; `{}` in the example is the name as printed."""
    found = []
    for name in (part.strip() for part in names.replace("\n", " ").split(",")):
        printed = (name, name.upper()) if also_upper else (name,)
        found.append(Known(kind, name, printed, example.format(name), is_plain))
    return tuple(found)


def _names(names: str) -> frozenset[str]:
    return frozenset(name.strip() for name in names.replace("\n", " ").split(","))


STATUS = (
    Known("status", "CORRECTED", ("CORRECTED", "CORRECTION", "CORRECTS"), "CORRECTED-Mill reopens after the flood"),
    Known("status", "CORRECTED (OFFICIAL)", ("CORRECTED (OFFICIAL)", "OFFICIAL CORRECTION"), "CORRECTED (OFFICIAL)-Mill reopens"),
    Known("status", "REFILE", ("REFILE", "REFILING", "REFILES"), "REFILE-Mill reopens after the flood"),
    Known("status", "RPT", ("RPT", "REPEAT", "WDHLG", "WDH"), "RPT-Mill reopens after the flood"),
    Known("status", "WITHDRAWAL", ("WITHDRAWAL", "WITHDRAWN"), "WITHDRAWAL: Mill reopens after the flood"),
    Known("status", "STORY WITHDRAWN", ("STORY WITHDRAWN",), "STORY WITHDRAWN-Mill reopens after the flood"),
    Known("status", "KORR", ("KORR", "KORREKTUR", "BERICHTIGUNG"), "KORR-Das Werk arbeitet wieder"),
    Known("status", "KILL", ("KILL KILL KILL", "KILL", "MANDATORY KILL"), "KILL KILL KILL Mill reopens after the flood"),
    Known("status", "HOLD", ("HOLD HOLD HOLD", "HOLD"), "HOLD HOLD HOLD Mill reopens after the flood"),
    Known("status", "ADVISORY", ("ADVISORY",), "ADVISORY: Mill story is withdrawn"),
)
SERIES = (
    Known("series", "UPDATE", ("UPDATE", "UPDATED", "AKTUALISIERUNG"), "UPDATE 2-Mill reopens after the flood", is_numbered=True),
    Known("series", "WRAPUP", ("WRAPUP", "WRAP-UP", "WRAP"), "WRAPUP 3-Mills reopen after the flood", is_numbered=True),
    Known("series", "ROUNDUP", ("ROUNDUP", "ZUSAMMENFASSUNG"), "ROUNDUP 2: Werke arbeiten wieder", is_numbered=True),
    Known("series", "INSTANT VIEW", ("INSTANT VIEW",), "INSTANT VIEW 2-Central bank keeps its rate", is_numbered=True),
    Known("series", "LEAD", ("LEAD",), "LEAD: Mill reopens after the flood", is_numbered=True),
    Known("series", "URGENT", ("URGENT", "URGENTE", "EIL", "EILMELDUNG"), "URGENT: Mill reopens after the flood"),
    Known("series", "ALERT", ("ALERT", "ALERTE", "FLASH", "NEWSBREAK", "BREAKING", "BREAKING NEWS"), "ALERT: Mill reopens"),
    Known("series", "WRITETHRU", ("WRITETHRU", "WRITE-THRU"), "WRITETHRU: Mill reopens after the flood"),
)
GENRES = (
    Known("genre", "EXCLUSIVE", ("EXCLUSIVE", "EXKLUSIV", "EXCLUSIF", "EXCLUSIVA"), "EXCLUSIVE-Mill to be sold, sources say"),
    Known("genre", "ANALYSIS", ("ANALYSIS", "ANALYSE", "NEWS ANALYSIS"), "ANALYSIS-What the flood did to the mills"),
    Known("genre", "BREAKINGVIEWS", ("Breakingviews", "BREAKINGVIEWS"), "Breakingviews - Mills are worth a look"),
    *_each(
        "genre",
        """BRIEF, FACTBOX, EXPLAINER, TIMELINE, GRAPHIC, BUZZ, TABLE, INTERVIEW, POLL, PREVIEW, INSIGHT, FEATURE,
        PROFILE, NEWSMAKER, SPECIAL REPORT, PRESS DIGEST, TAKE A LOOK, COLUMN, COMMENTARY, HIGHLIGHTS, DIARY,
        SNAPSHOT, TRANSCRIPT, DEALTALK, MOVES, Q+A""",
        "{}-Mills in the valley and their owners",
    ),
)
TOPICS = (
    *_each(
        "topic",
        """Soccer, Tennis, Golf, Cricket, Rugby, Rugby League, Rugby Union, Athletics, Motor racing, Formula One,
        Motorcycling, Cycling, Swimming, Basketball, Baseball, American football, NFL, NBA, NHL, MLB, Ice hockey,
        Olympics, Paralympics, Alpine skiing, Figure skating, Gymnastics, Badminton, Table tennis, Volleyball,
        Handball, Sailing, Rowing, Judo, Weightlifting, Wrestling, Boxing, Chess, Sumo, Horse racing, Equestrian,
        Triathlon, Biathlon, Snooker, Darts""",
        "{}-Norland beat Sudmark in the final",
        is_plain=False,
        also_upper=True,
    ),
    *_each(
        "topic",
        """PRECIOUS, FOREX, METALS, GRAINS, SOFTS, LIVESTOCK, VEGOILS, RUBBER, TREASURIES, US TREASURIES, JGBs,
        EURO GOVT, GLOBAL MARKETS, EMERGING MARKETS, GLOBAL ECONOMY, US STOCKS, US STOCKS SNAPSHOT, EUROPE STOCKS,
        EUROPEAN STOCKS, UK STOCKS, JAPAN STOCKS, CHINA STOCKS, HK STOCKS, INDIA STOCKS, CANADA STOCKS,
        AUSTRALIA STOCKS, MIDEAST STOCKS, SE ASIA STOCKS, ASIA STOCKS, STOCKS NEWS, CANADA FX DEBT, EM ASIA FX,
        EMERGING ASIA, INDIA RUPEE, INDIA BONDS, CHINA MONEY, ASIA GOLD, GOLD, OIL, COPPER, CEE MARKETS,
        LATAM MARKETS, MORNING BID, MORNING NEWS CALL""",
        "{}-Prices edge up before the decision",
        is_plain=False,
    ),
)
TAGS = (*STATUS, *SERIES, *GENRES, *TOPICS)

# In brackets before the headline: revisions and kinds of Yonhap. Others there, such as (Asiad), are part of the headline.
BRACKETED = (
    Known("series", "URGENT", ("URGENT",), "(URGENT) Mill reopens after the flood"),
    Known("series", "LEAD", ("LEAD", "LD"), "(LEAD) Mill reopens after the flood"),
    Known("genre", "NEWS FOCUS", ("News Focus",), "(News Focus) What the flood did to the mills"),
    Known("genre", "NEWS ANALYSIS", ("News Analysis",), "(News Analysis) What the flood did to the mills"),
    Known("genre", "INTERVIEW", ("Yonhap Interview", "Interview"), "(Yonhap Interview) Owner sees mills reopen"),
    Known("genre", "FEATURE", ("Yonhap Feature", "Feature"), "(Yonhap Feature) A mill and its river"),
    Known("genre", "EXCLUSIVE", ("EXCLUSIVE",), "(EXCLUSIVE) Mill to be sold, sources say"),
    Known(
        "genre", "EDITORIAL", ("EDITORIAL from Korea Herald", "EDITORIAL from Korea Times", "EDITORIAL"), "(EDITORIAL) On mills"
    ),
    Known("status", "CORRECTED", ("CORRECTED", "CORRECTION", "Corrected"), "(CORRECTED) Mill reopens after the flood"),
)
ORDINAL = r"(?P<ordinal>\d{1,2})(?:st|nd|rd|th|ST|ND|RD|TH)"
ORDINAL_TAG = re.compile(
    rf"(?P<open>\()?{ORDINAL}[\s-]?(?P<word>LEAD|Lead|lead|LD|Ld)s?(?:[-\s](?P<thru>Writethru|WRITETHRU))?(?(open)\)\s|(?:\s?[-:]\s?|\s))"
)
ORDINAL_EXAMPLES = ("(2nd LD) Mill reopens after the flood", "2ndlead - Mill reopens", "1st LEAD Mill reopens")
# ANPA: the version in the slug line, which some feeds give as the headline
SLUG_END = re.compile(rf",\s?(?:{ORDINAL}\s)?(?P<word>Ld(?:-Writethru)?|Writethru|Add)(?:,\s?\d{{1,5}})?<?$")
SLUG_EXAMPLE = "BC-NR--Mill Flood, 2nd Ld-Writethru,640"
TAKE_END = re.compile(r"(?:(?<=\S)\s|(?<=\w\w)|(?<=[.!?\"'”’)]))=(?P<take>[2-9]|1\d)$")
TAKE_EXAMPLE = "Mill reopens after the flood =2"

# Words that are ambiguous before a bare hyphen when the whole headline is in capitals: HOLD-UP, TABLE-TENNIS, MEDIA-SHY.
SURE = _names("CORRECTED, CORRECTED (OFFICIAL), REFILE, RPT, STORY WITHDRAWN, KORR, UPDATE, WRAPUP, INSTANT VIEW")
# Before a bare hyphen in other than capitals: Exclusive-Mill, but Lead-Acid, Flash-Flood, Gold-Plated.
TITLED = _names(
    """EXCLUSIVE, FACTBOX, EXPLAINER, ANALYSIS, TIMELINE, GRAPHIC, INSIGHT, INTERVIEW, COLUMN, BREAKINGVIEWS, SPECIAL REPORT,
    INSTANT VIEW, CORRECTED, REFILE, UPDATE, WRAPUP"""
)
# A compound, no tag: Boxing-Day, Cricket-Mad
NO_TAG_BEFORE = re.compile(r"(?:Day|Mad|Crazy|Related|Style|Friendly|Loving|Playing|Club|Themed|Inspired|Like|Free|Based)\b")
# These stand before a space too.
SPACED = frozenset({"KILL KILL KILL", "HOLD HOLD HOLD", "STORY WITHDRAWN", "MANDATORY KILL"})

# (rule id, an example on which it fires)
RULES = (
    ("headline.genre_tag", "FACTBOX-Mills in the valley"),
    ("headline.series_tag", "UPDATE 2-Mill reopens after the flood"),
    ("headline.status_tag", "CORRECTED-Mill reopens after the flood"),
    ("headline.take_mark", TAKE_EXAMPLE),
    ("headline.topic_tag", "PRECIOUS-Gold edges up"),
)
