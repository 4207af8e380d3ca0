"""May one version follow another? The one place that knows jsoncompat (a tool of the development environment).

Writers are closed (no unknown keys), readers open (they ignore them): so a new optional field breaks nobody, and whatever a
reader could stumble over does. BACKWARD: all that the old writer wrote, the new reader takes. FORWARD: the other way round.
"""

from collections.abc import Iterator
from typing import Any, Literal

import jsoncompat

from pipeline import codec
from pipeline.contract.generate import Schema
from pipeline.contract.subjects import Compatibility

NOTES = ("$id", "title", "description")  # as texts; as schemas they are properties of that name

Direction = Literal["BACKWARD", "FORWARD"]
DIRECTIONS: dict[Compatibility, tuple[Direction, ...]] = {"BACKWARD": ("BACKWARD",), "FULL_TRANSITIVE": ("BACKWARD", "FORWARD")}


def breaches(older: Schema, newer: Schema, compatibility: Compatibility) -> list[str]:
    """What in the newer schema breaks the promise, by direction, record and field; nothing if it may follow the older one."""
    return [
        f"{direction}: {place}"
        for direction in DIRECTIONS[compatibility]
        if not _may_follow(older, newer, direction)
        for place in _places(older, newer, direction) or ["the whole"]
    ]


def _may_follow(older: Schema, newer: Schema, direction: Direction) -> bool:
    if direction == "BACKWARD":
        return _check(spoken(older), opened(spoken(newer)), "deserializer")
    return _check(opened(spoken(older)), spoken(newer), "serializer")


def _check(older: Schema, newer: Schema, role: Literal["deserializer", "serializer"]) -> bool:
    return bool(jsoncompat.check_compat(codec.dumps(older).decode(), codec.dumps(newer).decode(), role))


def opened(schema: Any) -> Any:
    """The schema as a reader applies it: unknown keys pass."""
    if isinstance(schema, dict):
        return {name: opened(value) for name, value in schema.items() if (name, value) != ("additionalProperties", False)}
    return [opened(value) for value in schema] if isinstance(schema, list) else schema


def spoken(schema: Any) -> Any:
    """The same promise in words that jsoncompat hears: it passes over `format` and `pattern`.

    A text of a form becomes a text of that one value, so that a form taken on narrows, one given up widens, another is foreign.
    """
    if isinstance(schema, list):
        return [spoken(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    form = [f"{word} {schema[word]}" for word in ("format", "pattern") if isinstance(schema.get(word), str)]
    if form and schema.get("type") == "string":
        return {"enum": [" ".join(form)]}
    return {name: spoken(value) for name, value in schema.items() if not (name in NOTES and isinstance(value, str))}


def _places(older: Schema, newer: Schema, direction: Direction) -> list[str]:
    """The fields that break it alone: each change is put, by itself, into the older schema."""
    return [place for place, mixed in _mixed(older, newer) if not _may_follow(older, mixed, direction)]


def _mixed(older: Schema, newer: Schema) -> Iterator[tuple[str, Schema]]:
    for name, after in _definitions(newer).items():
        before = _definitions(older).get(name)
        if before is None:
            continue
        properties = {**before["properties"], **after["properties"]}
        for field in properties:
            facts = after["properties"].get(field)
            if facts != before["properties"].get(field):
                without = {each: value for each, value in before["properties"].items() if each != field}
                demanded = [each for each in before["required"] if each != field or facts]
                changed = without | ({field: facts} if facts else {})
                yield f"{name}.{field}", _with(older, newer, name, {**before, "properties": changed, "required": demanded})
        if after["required"] != before["required"]:
            changed = {**before, "properties": after["properties"] | before["properties"], "required": after["required"]}
            yield f"{name}, its required fields", _with(older, newer, name, changed)


def _with(older: Schema, newer: Schema, name: str, definition: Schema) -> Schema:
    """The older schema with this definition, and those of the newer one that it may refer to."""
    definitions = {**newer.get("$defs", {}), **older.get("$defs", {})}
    if name == older["title"]:
        return {**definition, "$defs": definitions}
    return {**older, "$defs": {**definitions, name: definition}}


def _definitions(schema: Schema) -> dict[str, Schema]:
    return {schema["title"]: schema, **schema.get("$defs", {})}
