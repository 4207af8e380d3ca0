"""Who wrote it: names out of `By A, B and C` and out of author fields. Persons only; an organisation is never an author."""

import re

from pipeline.wire.agencies import is_agency

NAMES_MAX = 12
NAME_CHARS_MAX = 80  # longer than any name: a sentence, or a biography
PREFIX = re.compile(r"^(?:by|von|par|por|di|door)\s+", re.IGNORECASE)
SEPARATOR = re.compile(r"\s*(?:,\s*(?:and\s+)?|;|\s(?:and|und|et|y|e|en|&)\s)\s*")
MARKS = re.compile(r"@|https?:|www\.|[<>{}\[\]|\d]")  # e-mail addresses, links, markup, ids
ORGANISATION = re.compile(
    r"\b(?:staff|team|desk|agenc(?:y|ies)|newsroom|news|editors?|editorial|redaktion|redacción|rédaction|admin|administrator|"
    r"webmaster|correspondents?|reporters?|press|services?|writers?|contributors?|online|media|magazine|times|post|tv|unknown|guest|"
    r"various|observer|herald|tribune|gazette|journal|daily|radio|network|presents|inc|ltd|llc|gmbh|institute|university|ministry|"
    r"company|foundation|group|board|check)\b",
    re.IGNORECASE,
)


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
