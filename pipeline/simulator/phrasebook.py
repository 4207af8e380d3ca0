"""The word lists of one language, compiled: templates such as `[Floods|Rains] hit {city}, {3..9} dead` become tuples of parts.

Reads the TOML files in `phrases/` (part of the package) once per language. Nothing is chosen here: that is `grammar.py`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from unicodedata import normalize

LANGUAGES = ("en", "de", "fr", "es")


@dataclass(frozen=True, slots=True)
class Slot:
    """`{name}`: a fact of the story, else a draw from the word list of that name."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """`[a|b]`: one of these templates."""

    options: "tuple[Template, ...]"


Template = tuple[str | Slot | Choice | range, ...]  # a range is `{3..9}`: one of these numbers
Templates = tuple[Template, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a story can be about. `n` is the range of the main figure, which every lead names; `m` of the second one."""

    name: str
    category: str
    n: range
    m: range
    headline: Templates
    sentences: Mapping[str, Templates]  # lead, detail, background, quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A city with its country, in the book's language; `slug` is ASCII."""

    city: str
    country: str
    country_in: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrasebook:
    """One language. `lists` are plain strings (roles, weekdays …), `words` and `shared` are templates."""

    language: str
    thousands: str
    on_day: str
    date: str
    byline: str
    lists: Mapping[str, tuple[str, ...]]
    words: Mapping[str, Templates]
    shared: Mapping[str, Templates]
    furniture: Mapping[str, Templates]  # dateline, signoff, correction_note, update_note
    topics: Mapping[str, Topic]
    countries: tuple[tuple[Place, ...], ...]


@cache
def phrasebook(language: str) -> Phrasebook:
    """The compiled book of one of `LANGUAGES`; raises ValueError for any other."""
    if language not in LANGUAGES:
        raise ValueError(f"no phrases for language {language!r}, only {', '.join(LANGUAGES)}")
    book = _read(language)
    names = _read("names")
    more = _read(f"{language}-more") if language == "en" else {}
    topics: dict[str, Any] = book["topic"] | more.get("topic", {})
    return Phrasebook(
        language=language,
        thousands=book["thousands"],
        on_day=book["on_day"],
        date=book["date"],
        byline=book["byline"],
        lists={key: _lines(book[key]) for key in ("role_f", "role_m", "expert_role", "witness_role")}
        | {key: tuple(book[key]) for key in ("weekdays", "months")}
        | {key: tuple(name.strip() for name in text.replace("\n", " ").split(",")) for key, text in names.items()},
        words={key: _templates(text) for key, text in book["words"].items()} | {"institute": _templates(book["institute"])},
        shared={key: _templates(text) for key, text in book["shared"].items()},
        furniture={key: _templates(book[key]) for key in ("dateline", "signoff", "correction_note", "update_note")},
        topics={name: _topic(name, table) for name, table in topics.items()},
        countries=_countries(LANGUAGES.index(language)),
    )


def compile_template(text: str) -> Template:
    """Parse one template line; raises ValueError where brackets do not match."""
    parts, end = _sequence(text, 0)
    if end != len(text):
        raise ValueError(f"stray {text[end]} at {end} in {text!r}")
    return parts


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("pipeline.simulator").joinpath("phrases", f"{name}.toml").read_text(encoding="utf-8"))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if line)


def _templates(text: str) -> Templates:
    return tuple(map(compile_template, _lines(text)))


def _topic(name: str, table: Mapping[str, Any]) -> Topic:
    return Topic(
        name=name,
        category=table["category"],
        n=range(table["n"][0], table["n"][1] + 1),
        m=range(table["m"][0], table["m"][1] + 1),
        headline=_templates(table["headline"]),
        sentences={key: _templates(table[key]) for key in ("lead", "detail", "background", "quote")},
    )


def _countries(index: int) -> tuple[tuple[Place, ...], ...]:
    countries = []
    for entry in _read("places").values():
        country = _translated(entry["names"], index)
        cities = [Place(city=_translated(names, index), country=country, country_in=entry["fr_in"], slug=_slug(names))
                  for names in entry["cities"]]  # fmt: skip
        countries.append(tuple(cities))
    return tuple(countries)


def _translated(names: str, index: int) -> str:
    translations = names.split("|")
    return translations[index] if len(translations) > 1 else names


def _slug(names: str) -> str:
    plain = normalize("NFKD", names.split("|")[0]).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "-")


def _sequence(text: str, start: int) -> tuple[Template, int]:
    """Parts from `start` up to a closing character (not consumed) or the end."""
    parts: list[str | Slot | Choice | range] = []
    literal_from = position = start
    while position < len(text) and text[position] not in "|]}":
        if text[position] not in "[{":
            position += 1
            continue
        if position > literal_from:
            parts.append(text[literal_from:position])
        part, position = _choice(text, position) if text[position] == "[" else _slot(text, position)
        parts.append(part)
        literal_from = position
    if position > literal_from:
        parts.append(text[literal_from:position])
    return tuple(parts), position


def _choice(text: str, start: int) -> tuple[Choice, int]:
    options = []
    position = start
    while text[position] != "]":
        option, position = _sequence(text, position + 1)
        options.append(option)
        if position == len(text) or text[position] == "}":
            raise ValueError(f"[ without ] at {start} in {text!r}")
    return Choice(tuple(options)), position + 1


def _slot(text: str, start: int) -> tuple[Slot | range, int]:
    end = text.index("}", start)
    name = text[start + 1 : end]
    low, dots, high = name.partition("..")
    return (range(int(low), int(high) + 1) if dots else Slot(name)), end + 1
