"""A headline without what republishers add to it. The grammar of wire tags (UPDATE 1-, CORRECTED-) is not in here yet."""

import re

from msgspec import Struct

from pipeline.wire.agencies import AGENCY
from pipeline.wire.plain import folded

# (rule id, pattern, an example of what it cuts)
SUFFIXES = (
    ("headline.suffix_by_agency", re.compile(rf"\s+By {AGENCY}$"), "Quake hits the north By Reuters"),
    ("headline.suffix_agency", re.compile(rf"\s+[-–—|]\s+{AGENCY}$"), "Quake hits the north - Reuters"),
)
DOUBLED = "headline.doubled"
BETWEEN = re.compile(rf"(?:\s+By {AGENCY}|\s+[-–—|]\s+{AGENCY})?[\s\-–—|:·]*")  # what may stand between the two halves
BETWEEN_CHARS_MAX = 32  # the longest agency name, "By " and separators
HALF_CHARS_MIN = 12  # "Bye bye", "New York, New York" are no doubled headlines


class Headline(Struct, frozen=True):
    """`value` to show, `key` under which variants group, `rules` that fired."""

    value: str
    key: str
    rules: tuple[str, ...] = ()


def clean_headline(raw: str) -> Headline:
    """`raw` is one line. A cleaned headline stays as it is."""
    value = raw
    rules: list[str] = []
    while True:
        for rule, pattern, _ in SUFFIXES:
            if (found := pattern.search(value)) and found.start():
                value, fired = value[: found.start()], rule
                break
        else:
            if not (half := _half(value)):
                return Headline(value, folded(value), tuple(dict.fromkeys(rules)))
            value, fired = half, DOUBLED
        rules.append(fired)


def _half(value: str) -> str:
    """`XX`, `X X`, `X | X` and `X By ReutersX` → `X`; "" for a headline that is not doubled."""
    if value.find(value[:HALF_CHARS_MIN], HALF_CHARS_MIN) < 0:
        return ""
    longest = len(value) // 2
    for size in range(longest, max(longest - BETWEEN_CHARS_MAX // 2, HALF_CHARS_MIN - 1), -1):
        if value[:size] == value[-size:] and BETWEEN.fullmatch(value, size, len(value) - size):
            return value[:size].rstrip()
    return ""
