"""The rules of the routes sink: what a user may write under `[[routes.rules]]`. How they are applied is `stages/route.py`."""

import dataclasses
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from pipeline.topics import PUBLIC_NAME

URGENCY = re.compile(r"([1-9])(?:-([1-9]))?")


class BadRule(ValueError):
    """A rule that cannot be used; the message names its number, the key and the cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule:
    """An article goes to the topic `to` (`out.<name>`) when every key that is given matches; of a list, one word is enough.

    `language` BCP 47 (`pt` matches `pt-BR`), `subject` the code or uri of an IPTC media topic, `provider` and `agency` names,
    `place` a country code or a name, `urgency` `1-3` or `2`, `relation` as in `pipeline.story`. `projection` says what of it:
    the whole event, ninjs without `pipeline`, or ninjs without texts.
    """

    to: str
    language: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    agency: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    urgency: str = ""
    relation: tuple[str, ...] = ()
    projection: Literal["full", "ninjs-only", "headline-only"] = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Where finished events are published: by language (`out.en` …) when `by_language`, and by every rule that matches."""

    by_language: bool = True
    rules: tuple[RouteRule, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that the rules name."""
        return tuple(dict.fromkeys(rule.to for rule in self.rules))


BY_LANGUAGE = Routes()


def read_rules(value: Any) -> tuple[RouteRule, ...]:
    """TOML tables, or the text of a JSON array of them (environment, flags). Raises `BadRule`."""
    try:
        tables = msgspec.json.decode(value or "[]") if isinstance(value, str) else value
    except msgspec.DecodeError as error:
        raise BadRule(f"routes.rules is no JSON array of rules: {error}") from error
    if not isinstance(tables, list | tuple):
        raise BadRule("routes.rules must be tables, each written under [[routes.rules]]")
    return tuple(_rule(table, f"rule {number} of [[routes.rules]]") for number, table in enumerate(tables, 1))


def _rule(table: Any, name: str) -> RouteRule:
    if isinstance(table, RouteRule):
        return table
    if not isinstance(table, Mapping):
        raise BadRule(f"{name} is no table; write its keys under [[routes.rules]]")
    for key in table:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.5)
            cure = f"did you mean {near[0]}?" if near else f"known are {', '.join(KEYS)}"
            raise BadRule(f"{name}: unknown key {key}; {cure}")
    lists = {key: (word,) if isinstance(word, str) and key not in WORDS else word for key, word in table.items()}
    try:
        rule = msgspec.convert(lists, RouteRule)
    except msgspec.ValidationError as error:
        raise BadRule(f"{name}: {error}") from error
    if not PUBLIC_NAME.fullmatch(rule.to):
        raise BadRule(
            f"{name}: to = {rule.to!r} is no public topic; name it out.<name>, in lower case letters, digits and hyphens"
        )
    if rule.urgency and not URGENCY.fullmatch(rule.urgency):
        raise BadRule(f'{name}: urgency = {rule.urgency!r}; write one number of 1 to 9, or a range such as "1-3"')
    return rule


KEYS = tuple(each.name for each in dataclasses.fields(RouteRule))
WORDS = frozenset({"to", "urgency", "projection"})  # the others are lists, of which one word may stand alone
