"""A headline without what republishers add to it. The grammar of wire tags (UPDATE 1-, CORRECTED-) is not in here yet."""

import re

from msgspec import Struct

from pipeline.wire.agencies import AGENCY
from pipeline.wire.plain import folded

# (rule id, pattern, an example of what it takes away); tried in this order until none fires
SUFFIXES = (
    ("headline.suffix_by_agency", re.compile(rf"\s+By {AGENCY}$"), "Quake hits north By Reuters"),
    ("headline.suffix_dash_agency", re.compile(rf"\s+[-–—|]\s+{AGENCY}$"), "Quake hits north - Reuters"),
)
DOUBLED = "headline.doubled"
SEPARATORS = " -–—|:·"


class Headline(Struct, frozen=True):
    """`value` to show, `key` under which variants group, `rules` that fired."""

    value: str
    key: str
    rules: tuple[str, ...] = ()


def clean_headline(raw: str) -> Headline:
    """`raw` is one line. Idempotent: a cleaned headline stays as it is."""
    value, rules = _without_suffix(raw)
    half = _half(value)
    if half:
        value, more = _without_suffix(half)
        rules = (*rules, DOUBLED, *more)
    return Headline(value, folded(value), tuple(dict.fromkeys(rules)))


def _without_suffix(value: str) -> tuple[str, tuple[str, ...]]:
    for rule, pattern, _ in SUFFIXES:
        shorter = pattern.sub("", value)
        if shorter and shorter != value:
            rest, rules = _without_suffix(shorter)
            return rest, (rule, *rules)
    return value, ()


def _half(value: str) -> str:
    """`XX`, `X X`, `X - X` and `X By ReutersX` → `X`; "" for a headline that is not doubled."""
    middle = len(value) // 2
    for end in range(middle, max(middle - 16, 0), -1):
        first = value[:end]
        second = value[len(value) - end :]
        between = value[end : len(value) - end]
        if first == second and len(first.split()) >= 3 and not between.strip(SEPARATORS):
            return first.rstrip(SEPARATORS)
        stripped, rules = _without_suffix(first)
        if rules and value.endswith(stripped) and not value[end : len(value) - len(stripped)].strip(SEPARATORS):
            return stripped
    return ""
