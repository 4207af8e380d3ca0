"""A text with marked ranges, for people: which rule took which characters. Pure; knows neither articles nor terminals.

On a terminal the ranges are coloured, elsewhere they stand in brackets with the rule's id. Control and direction
characters, which could make a terminal lie, are shown as marks; all else is the text itself.
"""

import re
from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

COLOURS = (33, 36, 35, 32, 34, 31)  # yellow, cyan, magenta, green, blue, red: one a rule, in order of appearance
RESET = "\x1b[0m"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
SHOWN_CHARS_MAX = 70  # of a range in the list


class Range(Struct, frozen=True):
    """Characters `start`..`end` (code points, half open) and the rule that took them."""

    start: int
    end: int
    rule: str


class Style(Protocol):
    """How what a rule took is shown, in the text and in the list."""

    def taken(self, rule: str, text: str) -> str:
        """The characters themselves."""

    def name(self, rule: str) -> str:
        """The rule in the list."""


class Brackets:
    """For files and pipes."""

    def taken(self, rule: str, text: str) -> str:
        """`⟦rule: text⟧`."""
        return f"⟦{rule}: {text}⟧"

    def name(self, rule: str) -> str:
        """As it is."""
        return rule


class Colours:
    """For terminals: a colour a rule, in the order in which the rules appear."""

    def __init__(self) -> None:
        self._colours: dict[str, int] = {}

    def taken(self, rule: str, text: str) -> str:
        """Struck through; each line for itself, so that a pager that cuts lines shows the right colours."""
        return "\n".join(f"\x1b[9;{self._colour(rule)}m{line}{RESET}" if line else line for line in text.split("\n"))

    def name(self, rule: str) -> str:
        """In its colour."""
        return f"\x1b[{self._colour(rule.strip())}m{rule}{RESET}"

    def _colour(self, rule: str) -> int:
        return self._colours.setdefault(rule, COLOURS[len(self._colours) % len(COLOURS)])


def marked(text: str, ranges: Iterable[Range], style: Style) -> str:
    """The text with its ranges marked. Ranges that reach beyond the text, are empty or lie in an earlier one are cut to fit."""
    pieces: list[str] = []
    at = 0
    for each in fit(text, ranges):
        pieces += (_safe(text[at : each.start]), style.taken(each.rule, _safe(text[each.start : each.end])))
        at = each.end
    return "".join((*pieces, _safe(text[at:])))


def listing(text: str, ranges: Iterable[Range], style: Style) -> list[str]:
    """One line a range: the rule and what it took, in the order of the text."""
    fitted = fit(text, ranges)
    width = max((len(each.rule) for each in fitted), default=0)
    return [f"{style.name(f'{each.rule:{width}}')}  {_short(text, each)}" for each in fitted]


def fit(text: str, ranges: Iterable[Range]) -> list[Range]:
    """The ranges in order, inside the text, none of them empty or overlapping."""
    fitted, at = [], 0
    for each in sorted(ranges, key=lambda each: (each.start, -each.end)):
        start, end = max(each.start, at), min(each.end, len(text))
        if start < end:
            fitted.append(Range(start, end, each.rule))
            at = end
    return fitted


def _short(text: str, each: Range) -> str:
    taken = _safe(" ".join(text[each.start : each.end].split()))
    return repr(taken if len(taken) <= SHOWN_CHARS_MAX else taken[: SHOWN_CHARS_MAX - 1] + "…")


def _safe(text: str) -> str:
    return UNSAFE.sub("\ufffd", text)
