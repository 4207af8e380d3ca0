"""Is this record as promised? The one place that knows jsonschema-rs; it asks no network, whatever a schema refers to.

`validate` is for trust edges: some microseconds a record once its schema is compiled.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import jsonschema_rs
from msgspec import Struct

from pipeline import codec
from pipeline.contract import library
from pipeline.contract.generate import Schema
from pipeline.contract.library import ContractError
from pipeline.topics import topic_of

GEOJSON = "https://geojson.org/schema/GeoJSON.json"  # what ninjs refers to; an identifier, never fetched
SAYS_CHARS_MAX = 240  # a validator quotes the value, which may be a whole story

Validator = jsonschema_rs.Validator


class Problem(Struct, frozen=True):
    """One breach: `at` is a JSON Pointer into the record ("" is the record itself)."""

    at: str
    says: str

    def __str__(self) -> str:
        return f"{self.at or '/'}: {self.says}"


def validate(topic: str, value: bytes | Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a record of this topic (short name) or subject; nothing for a good one.

    `value` is the topic's value, of topics of bytes the headers as text. Raises `ContractError` for a topic without a schema.
    """
    return problems(validator(subject_of(topic)), value)


def problems(against: Validator, value: bytes | Mapping[str, Any]) -> list[Problem]:
    """The same against any validator."""
    try:
        record = codec.loads(value) if isinstance(value, bytes) else value
    except codec.Undecodable as error:
        return [Problem("", str(error))]
    if against.is_valid(record):
        return []
    return [Problem(_pointer(error.instance_path), _short(error.message)) for error in against.iter_errors(record)]


def subject_of(topic: str) -> str:
    """`out.en`, or a public topic of the routes' rules → `out`; a subject is its own."""
    try:
        return topic_of(topic).schema.partition(":")[0] or topic
    except KeyError:
        return topic


@cache
def validator(name: str) -> Validator:
    """The compiled schema of `enriched` or `enriched@1.0.0`."""
    root = library.folder()
    return compiled(library.schema(root, library.find(root, name)))


def compiled(schema: Schema) -> Validator:
    """Formats are checked, references stay inside the schema."""
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, retriever=_refuse)


def official_ninjs(path: Path) -> Validator:
    """IPTC's own schema (a file, or a folder that holds it) with one object `pipeline` beside it and nothing else.

    Its one remote reference, GeoJSON, is taken from a file near it, or accepts any object. Raises `ContractError`.
    """
    file = path if path.is_file() else max(path.rglob("ninjs-schema_3.*.json"), default=None)
    if file is None:
        raise ContractError(f"{path}: no ninjs-schema_3.*.json; name the schema file or a folder that holds it")
    official = _read(file)
    identifier = str(official.get("$id", "")).rstrip("#")
    definitions = official.get("$defs")
    if not isinstance(definitions, dict) or "ninjsType" not in definitions or not identifier:
        raise ContractError(f"{file} is not the JSON Schema of ninjs 2 or 3")
    near = (*file.parent.glob("GeoJSON*.json"), *file.parent.parent.rglob("GeoJSON*.json"))
    geo = _read(near[0]) if near else {"type": "object"}
    ours: Schema = {
        "$ref": f"{identifier}#/$defs/ninjsType",
        "properties": {"pipeline": {"type": "object"}},
        "required": ["uri", "pipeline"],
        "unevaluatedProperties": False,
    }
    try:
        registry = jsonschema_rs.Registry([(identifier, official), (GEOJSON, geo)])
        return jsonschema_rs.Draft202012Validator(ours, validate_formats=True, registry=registry, retriever=_refuse)
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        says = _short(str(error).splitlines()[0])  # the rest quotes the schema
        raise ContractError(f"{file} cannot be used as a JSON Schema: {says}") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        found = codec.loads(file.read_bytes())
    except (OSError, codec.Undecodable) as error:
        raise ContractError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise ContractError(f"{file} is not a JSON Schema")
    return found


def _refuse(uri: str) -> NoReturn:
    """Stands where the network would be."""
    raise ContractError(f"the schema refers to {uri}, which is not at hand; nothing is fetched")


def _pointer(path: Iterable[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _short(words: str) -> str:
    return words if len(words) <= SAYS_CHARS_MAX else f"{words[: SAYS_CHARS_MAX // 2]} … {words[-SAYS_CHARS_MAX // 2 :]}"
