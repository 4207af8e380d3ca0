"""The part of a dateline before its source: `KYIV/KHARKIV, Ukraine, Oct 22` as cities, region, country and day."""

import re
from functools import lru_cache

from msgspec import Struct

from pipeline.wire.dateline_forms import DATE_AT_END, LEFT_CHARS, Day, day_of
from pipeline.wire.dateline_names import (
    CITIES,
    COUNTRIES,
    DOUBTFUL_WORDS,
    GEORGIAN_CITIES,
    NOT_PLACE_WORDS,
    NOT_PLACES,
    PARTICLES,
    REGIONS,
)

CITY_CHARS, CITY_WORDS = 45, 6  # "ABOARD THE USS ABRAHAM LINCOLN"
CITIES_MAX = 4
REMEMBERED = 4_096  # a wire files from some hundred places a day; 1 MB
APART = re.compile(r"\s?,\s?")
IN_BRACKETS = re.compile(r"\s(?:\(([^()]{2,30})\)|\[([^\[\]]{2,30})\])$")


class Where(Struct, frozen=True, kw_only=True):
    """The part before the source: `located` as printed, what it consists of, and the `day` in it."""

    located: str = ""
    places: tuple[str, ...] = ()
    region: str = ""
    country: str = ""
    day: Day | None = None
    is_shouted: bool = False  # all cities in capitals

    @property
    def is_vouched(self) -> bool:
        """Whether something besides its look says that this is a place."""
        return (
            self.country.casefold() in COUNTRIES
            or self.region.casefold() in REGIONS
            or all(place.casefold() in CITIES for place in self.places)
        )


def read_place(left: str) -> Where | None:
    """What stands before the source as `CITY[/CITY][, Region][, Country][, date]`, or nothing at all; None for anything else."""
    left = left[-LEFT_CHARS:].strip().rstrip(" ,-–—") if len(left) <= LEFT_CHARS else "("
    dated = DATE_AT_END.search(left)
    day = day_of(dated) if dated else None
    base = left[: dated.start()] if dated and day else left
    base = base.strip().rstrip(",")
    if base.endswith(".") and ("," not in base or (dated and day and (dated["join"] or "").startswith("."))):
        base = base if base.count(".") > 1 else base[:-1]
    if not base:
        return Where(day=day)
    return _places(" ".join(base.split()), day)


@lru_cache(maxsize=REMEMBERED)
def _places(base: str, day: Day | None) -> Where | None:
    located = base
    region = country = ""
    while (inner := IN_BRACKETS.search(base)) and (inner[2] or country or inner[1].casefold() in COUNTRIES | REGIONS):
        as_region, as_country = _kind(inner[1] or inner[2], "")  # Manchester (United Kingdom); Mumbai (Maharashtra) [India]
        region, country = region or as_region, country or as_country
        base = base[: inner.start()]
    places: list[str] = []
    for piece in base.split("/"):
        city, *more = APART.split(piece.strip())
        places.append(city)
        for part in more:
            if part.casefold() in CITIES and part.isupper() and len(part) > 3:
                places.append(part)
            elif not _is_name(part):
                return None
            else:
                as_region, as_country = _kind(part, city)
                region, country = region or as_region, country or as_country
        if len(more) > 3:
            return None
    is_vouched = country.casefold() in COUNTRIES or region.casefold() in REGIONS
    if len(places) > CITIES_MAX or not all(_is_city(place, is_vouched) for place in places):
        return None
    is_shouted = all(_is_shouted(place) for place in places)
    return Where(located=located, places=tuple(places), region=region, country=country, day=day, is_shouted=is_shouted)


def _kind(part: str, city: str) -> tuple[str, str]:
    """A part after the city as (region, country): one of the two."""
    folded = part.casefold()
    if folded == "georgia" and city.casefold() in GEORGIAN_CITIES:
        return part, ""
    return ("", part) if folded in COUNTRIES else (part, "")


def _is_city(name: str, is_vouched: bool) -> bool:
    """Capitals or capitalised words, no word that no place has, no acronym that is an organisation."""
    plain = IN_BRACKETS.sub("", name)  # Frankfurt (Oder)
    words = plain.split()
    folded = [word.strip(".,'’") for word in re.split(r"[\s\-]+", plain.casefold())]
    if not words or len(plain) > CITY_CHARS or len(words) > CITY_WORDS or plain.casefold() in NOT_PLACES:
        return False
    if any(word in NOT_PLACE_WORDS or (word in DOUBTFUL_WORDS and not is_vouched) for word in folded):
        return False
    if sum(character.isalpha() for character in plain) < 2:
        return False
    return _is_name(plain) and (_is_shouted(plain) or len(words) <= 4)


def _is_name(name: str) -> bool:
    words = re.split(r"[\s\-‐‑]+", name)
    return (
        0 < len(name) <= CITY_CHARS
        and all(character.isalpha() or character in " .'’‘`´-‐‑" for character in name)
        and any(character.isalpha() for character in name)
        and all(not word or not word[0].islower() or word.casefold() in PARTICLES or word[1:2] in ("'", "’") for word in words)
        and not words[-1].islower()
    )


def _is_shouted(name: str) -> bool:
    """All words in capitals, but for particles (RIO de JANEIRO) and Mc."""
    words = [word for word in re.split(r"[\s\-]+", name) if word.casefold() not in PARTICLES or word.isupper()]
    return any(len(word) > 1 for word in words) and all(word.removeprefix("Mc").isupper() for word in words if word.strip(".'’"))
