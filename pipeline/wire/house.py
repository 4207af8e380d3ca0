"""By which names a source calls itself in its own datelines: `Nantes (Cévenole) -` from Agence Cévenole.

A name that no register of agencies has says nothing in brackets, unless it is that of the house the text comes from.
"""

import re
from functools import lru_cache
from unicodedata import normalize

from pipeline.wire.credit import host_of, label_of
from pipeline.wire.dateline_names import CITIES, COUNTRIES, REGIONS

REMEMBERED = 4_096  # titles of feeds
TITLE_CHARS_MAX = 120
NAME_CHARS_MIN = 4  # shorter words of a title are articles, or say too little
SECTION = re.compile(r"\s*[:|»>]\s|\s[-–—]\s")  # `Agence Cévenole : l'actualité`, `Meridian - World`
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
ARTICLES = frozenset({"the", "der", "die", "das", "le", "la", "les", "el", "los", "las", "il", "lo"})


def _folded(text: str) -> str:
    """In small letters and without accents: hosts have none."""
    if text.isascii():
        return text.casefold()
    return "".join(one for one in normalize("NFD", text.casefold()) if one.isalnum() or one in " -'’")


PLACES = frozenset(map(_folded, COUNTRIES | REGIONS | CITIES))


@lru_cache(maxsize=REMEMBERED)
def own_names(title: str, host: str) -> frozenset[str]:
    """Folded: the feed's title without its section, each longer word of it, its initials, and the host's own label.

    A word that is also a place is none: in the Texas Tribune, `Paris (Texas) -` is no dateline of its own.
    """
    name = SECTION.split(title[:TITLE_CHARS_MAX], maxsplit=1)[0].strip()
    words = [word for word in WORD.findall(name) if word[0].isupper()]
    found = {_folded(name), *(_folded(word) for word in words if len(word) >= NAME_CHARS_MIN), label_of(host_of(host))}
    initials = "".join(word[0] for word in words if word.casefold() not in ARTICLES).casefold()
    return frozenset(one for one in (*found, initials) if len(one) > 1 and one not in PLACES)


def is_own(printed: str, names: frozenset[str]) -> bool:
    """Whether a source in brackets is one of these names."""
    return bool(names) and _folded(printed.strip()) in names
