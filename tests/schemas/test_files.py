"""`schemas/` is what the records say, whole, registered and shipped; its examples hold."""

import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
from msgspec import Struct

from pipeline import codec
from pipeline.contract import check, library
from pipeline.contract.generate import definitions_of, generate, words_of
from pipeline.contract.subjects import SUBJECTS, Subject
from pipeline.contract.write import faults
from pipeline.topics import BY_NAME, TOPICS
from tests.conftest import ROOT

SCHEMAS = ROOT / "schemas"
EXAMPLES = SCHEMAS / "examples"
VALID = sorted(EXAMPLES.glob("*/valid/*.json"))
INVALID = sorted(EXAMPLES.glob("*/invalid/*.json"))


def named(path: Path) -> str:
    """`enriched/withdrawn`"""
    return f"{path.parent.parent.name}/{path.stem}"


def test_the_files_are_what_the_records_say() -> None:
    """After a change of a record: `make schemas`, and look at the diff."""
    assert list(faults(SCHEMAS, version("newswire"))) == []


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_a_schema_is_sound_and_stands_alone(subject: Subject) -> None:
    schema = generate(subject)
    assert jsonschema_rs.meta.is_valid(schema)
    assert schema["$id"] == f"urn:newswire:schema:{subject.name}:{subject.version}"
    references = {part.split('"')[0] for part in codec.dumps(schema).decode().split('"$ref":"')[1:]}
    assert references == {f"#/$defs/{name}" for name in schema.get("$defs", {})}


def test_every_topic_of_ours_to_read_has_a_schema() -> None:
    without = {topic.name for topic in TOPICS if not topic.schema}
    assert {name for name in without if not name.startswith("state.")} == set()
    assert {topic.schema.partition(":")[0] for topic in TOPICS if topic.schema} <= {subject.name for subject in SUBJECTS}


def test_every_topic_stands_in_the_table_once() -> None:
    assert sorted(BY_NAME) == sorted(topic.name for topic in TOPICS)


def test_every_field_has_its_words_and_no_words_are_left_over() -> None:
    """A field without a row in `words.toml` has no description; a row without a field describes nothing."""
    fields: dict[str, set[str]] = {}
    for subject in SUBJECTS:
        for name, schema in definitions_of(subject.record).items():
            fields.setdefault(name, set()).update(schema["properties"])
    words = {name: set(rows) for name, rows in words_of().items()}
    assert {f"{name}.{field}" for name in fields for field in fields[name] - words.get(name, set())} == set()
    assert {f"{name}.{field}" for name in words for field in words[name] - fields.get(name, set())} == set()


def test_absent_is_never_null_and_never_empty() -> None:
    class Inner(Struct, omit_defaults=True):
        """Inside."""

        a: int

    class Outer(Struct, omit_defaults=True):
        """Outside,
        in two lines."""

        always: str
        text: str = ""
        inner: Inner | None = None
        many: tuple[Inner, ...] = ()
        counts: dict[str, int] = {}

    definitions = definitions_of(Outer)
    assert definitions["Outer"] == {
        "title": "Outer",
        "description": "Outside, in two lines.",
        "type": "object",
        "properties": {
            "always": {"type": "string"},
            "text": {"type": "string", "minLength": 1},
            "inner": {"$ref": "#/$defs/Inner"},
            "many": {"type": "array", "items": {"$ref": "#/$defs/Inner"}, "minItems": 1},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1},
        },
        "required": ["always"],
        "additionalProperties": False,
    }
    assert definitions["Inner"]["required"] == ["a"]


# ── examples ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_subject_has_examples_of_both_kinds() -> None:
    assert {path.parent.parent.name for path in VALID} == {subject.name for subject in SUBJECTS}
    assert {path.parent.parent.name for path in INVALID} == {subject.name for subject in SUBJECTS}


@pytest.mark.parametrize("path", VALID, ids=named)
def test_a_valid_example_is_valid(path: Path) -> None:
    subject = path.parent.parent.name
    assert check.validate(subject, path.read_bytes()) == []
    record = next(each.record for each in SUBJECTS if each.name == subject)
    decoded = codec.decode(path.read_bytes(), record)
    if record.__struct_config__.omit_defaults and subject != "dead":  # whose open headers carry more than the record knows
        assert codec.loads(codec.encode(decoded)) == codec.loads(path.read_bytes())


@pytest.mark.parametrize("path", INVALID, ids=named)
def test_an_invalid_example_is_refused_for_its_reason(path: Path) -> None:
    why = tomllib.loads((path.parent / "why.toml").read_text())[path.stem]
    (problem,) = check.validate(path.parent.parent.name, path.read_bytes())
    assert problem.at == why["at"]
    assert why["says"] in problem.says


def test_no_reason_is_left_without_its_example() -> None:
    told = {
        f"{why.parent.parent.name}/{name}"
        for why in EXAMPLES.glob("*/invalid/why.toml")
        for name in tomllib.loads(why.read_text())
    }
    assert told == {named(path) for path in INVALID}


# ── what goes out ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_wheel_carries_the_schemas(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if name.startswith("pipeline/schemas/")}
        assert shipped == {f"pipeline/{path.relative_to(ROOT).as_posix()}" for path in SCHEMAS.rglob("*") if path.is_file()}
        assert "pipeline/contract/words.toml" in archive.namelist()


def test_the_schemas_are_found_inside_an_installed_package_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "site" / "pipeline"
    (installed / "contract").mkdir(parents=True)
    monkeypatch.setattr(library, "__file__", str(installed / "contract" / "library.py"))
    find = library.folder.__wrapped__
    with pytest.raises(library.ContractError, match="install newswire anew"):
        find()
    for place in (tmp_path / "site" / "schemas", installed / "schemas"):
        place.mkdir()
        (place / "registry.json").write_text("[]")
        assert find() == place


def test_every_register_row_has_an_id_of_its_own_in_order() -> None:
    rows = library.rows(SCHEMAS)
    assert [row.id for row in rows] == list(range(1, len(rows) + 1))
    assert len({row.schema_id for row in rows}) == len(rows)


def test_events_name_a_registered_schema() -> None:
    known = {row.schema_id for row in library.rows(SCHEMAS)}
    assert {topic.schema_id for topic in TOPICS if topic.schema} <= known
    assert BY_NAME["out.en"].schema_id == "urn:newswire:schema:out:1.0.0"


# ── asyncapi.yaml ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, object]:
    """The document as a tool reads it."""
    return yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))


def test_asyncapi_has_every_topic_and_the_parts_that_version_3_asks_for(asyncapi: dict) -> None:
    assert asyncapi["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(asyncapi["info"])
    addresses = {channel["address"] for channel in asyncapi["channels"].values()}
    private = {f"newswire.{topic.name}" for topic in TOPICS if not topic.name.startswith("out.")}
    assert addresses == private | {"newswire.out.{language}"}
    for operation in asyncapi["operations"].values():
        assert operation["action"] in ("send", "receive")
        assert operation["messages"]
    for channel in asyncapi["channels"].values():
        assert channel["messages"]
        wanted = {part[1:-1] for part in channel["address"].split(".") if part.startswith("{")}
        assert set(channel.get("parameters", {})) == wanted


def test_asyncapi_refers_to_nothing_that_is_not_there(asyncapi: dict) -> None:
    references = list(_references(asyncapi))
    assert len(references) > 40
    for reference in references:
        file, _, pointer = reference.partition("#")
        if file:
            assert (SCHEMAS / file).is_file(), reference
            continue
        at = asyncapi
        for step in pointer.strip("/").split("/"):
            at = at[step]
    messages = {reference.rsplit("/", 1)[1] for reference in references if reference.startswith("#/components/messages/")}
    assert messages == set(asyncapi["components"]["messages"])


def _references(value: object):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
