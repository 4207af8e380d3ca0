"""The agencies whose names stand in headlines, datelines, bylines and credits; organisations, never persons.

The register itself is `agencies.toml`. This reads it and answers questions about names; it knows no grammar.
"""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Literal

from msgspec import Struct


class Alias(Struct, frozen=True):
    """A printed name, in use from `since` (inclusive) to `until` (exclusive); ISO dates, "" for an open end."""

    text: str
    since: str = ""
    until: str = ""

    def holds(self, on: str) -> bool:
        """Whether the name was in use on an ISO date; "" asks for no date in particular."""
        return not on or (self.since <= on and (not self.until or on < self.until))


class Agency(Struct, frozen=True, kw_only=True):
    """`separators` as they stand between the source and the lede, commonest first; "" where the lede follows without any."""

    name: str
    kind: Literal["agency", "press_release"]
    country: str
    separators: tuple[str, ...]
    aliases: tuple[Alias, ...]
    confirmed: bool = True


def lookup(text: str, on: str = "") -> Agency | None:
    """The agency of that printed name, whatever its case and spacing; `on` (ISO) leaves names out that were not in use then."""
    found = BY_NAME.get(" ".join(text.split()).casefold())
    return found[0] if found and found[1].holds(on) else None


def is_agency(name: str) -> bool:
    """Whether a byline names an agency, or a site that republishes them."""
    folded = " ".join(name.split()).casefold()
    return folded in BY_NAME or folded in FOLDED_SITES


def _read() -> dict[str, Any]:
    return tomllib.loads(files("pipeline.wire").joinpath("agencies.toml").read_text(encoding="utf-8"))


def _agency(row: dict[str, Any]) -> Agency:
    aliases = (Alias(alias) if isinstance(alias, str) else Alias(**alias) for alias in (row["name"], *row["aliases"]))
    return Agency(
        name=row["name"],
        kind=row["class"],
        country=row["country"],
        separators=tuple(row["separators"]),
        aliases=tuple(aliases),
        confirmed=row.get("confirmed", True),
    )


def _by_name(agencies: tuple[Agency, ...]) -> Iterator[tuple[str, tuple[Agency, Alias]]]:
    for agency in agencies:
        for alias in agency.aliases:
            yield alias.text.casefold(), (agency, alias)


_TABLE = _read()
AGENCIES = tuple(_agency(row) for row in _TABLE["agency"])
SITES = tuple(_TABLE["sites"])
BY_NAME = dict(_by_name(AGENCIES))
FOLDED_SITES = frozenset(site.casefold() for site in SITES)
NAMES = (*(alias.text for agency in AGENCIES for alias in agency.aliases), *SITES)
NAME_CHARS_MAX = max(len(name) for name in NAMES)

# Longest first, so that "The Associated Press" is not read as "The"; case counts ("AP" is one, "ap" is not), but all may shout.
AGENCY = "(?:" + "|".join(re.escape(name) for name in sorted({*NAMES, *map(str.upper, NAMES)}, key=len, reverse=True)) + ")"
