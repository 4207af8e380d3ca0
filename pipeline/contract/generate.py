"""Records to JSON Schema 2020-12. A function of the tables alone: no file is read but the words that come with this module.

A schema says what *writers* do: no unknown key, no null, no empty text or list where the field may be absent. Readers are
milder: they ignore keys they do not know (`compatibility.opened`).
"""

import inspect
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.contract.subjects import Subject

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EMPTY_MIN = {"string": "minLength", "array": "minItems", "object": "minProperties"}  # absent when empty, so never shorter than 1

Schema = dict[str, Any]


def generate(subject: Subject) -> Schema:
    """The schema of the subject's newest version, whole: all references lead inside it."""
    definitions = definitions_of(subject.record)
    for name, fields in subject.demands.items():
        required = definitions[name]["required"]
        required += [field for field in fields if field not in required]
    for place, value in subject.fixed.items():
        record, field = place.split(".")
        definition = definitions[record]
        words = definition["properties"][field].get("description")
        definition["properties"][field] = {"description": words, "const": value} if words else {"const": value}
    root = definitions.pop(subject.record.__name__)
    if subject.is_open:
        root["additionalProperties"] = {"type": "string"}
    head = {"$schema": DIALECT, "$id": subject.schema_id}
    return {**head, **root, "$defs": definitions} if definitions else {**head, **root}


def definitions_of(record: type[Struct]) -> dict[str, Schema]:
    """This record and every record inside it, by name, with their words."""
    _, found = msgspec.json.schema_components((record,), ref_template="#/$defs/{name}")
    return {name: _definition(name, schema) for name, schema in found.items()}


def _definition(name: str, schema: Schema) -> Schema:
    words = words_of().get(name, {})
    properties = {field: {**_field(facts), **_words(words.get(field))} for field, facts in schema["properties"].items()}
    return {
        "title": schema["title"],
        "description": _paragraphs(schema["description"]),
        "type": "object",
        "properties": properties,
        "required": schema["required"],
        "additionalProperties": False,
    }


def _paragraphs(docstring: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in inspect.cleandoc(docstring).split("\n\n"))


def _field(facts: Schema) -> Schema:
    """What msgspec says of a field, without what stands for "absent": null, "", an empty list."""
    is_optional = "default" in facts
    facts = {name: fact for name, fact in facts.items() if name != "default"}
    if "anyOf" in facts:
        kinds = [kind for kind in facts["anyOf"] if kind != {"type": "null"}]
        facts = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if "enum" in facts:
        facts = {"type": "string", "enum": [word for word in facts["enum"] if word != "" or not is_optional]}
    elif is_optional and (shortest := EMPTY_MIN.get(facts.get("type", ""))):
        facts = {**facts, shortest: 1} if shortest not in facts else facts
    return facts


def _words(row: str | Mapping[str, Any] | None) -> Schema:
    """A row of `words.toml`: the description, and what the type cannot say (formats, ranges)."""
    if row is None:
        return {}
    if isinstance(row, str):
        return {"description": row}
    return {"description": row["says"], **{name: fact for name, fact in row.items() if name != "says"}}


@cache
def words_of() -> Mapping[str, Mapping[str, Any]]:
    """The words on every field, by record and name on the wire."""
    return tomllib.loads(resources.files("pipeline.contract").joinpath("words.toml").read_text(encoding="utf-8"))
