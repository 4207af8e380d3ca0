"""The schemas as tools ask for them: the reading half of Confluent's Schema Registry REST API (version 7), without the HTTP.

A subject is named as those tools expect, after its full topic: `newswire.enriched-value`, `newswire.raw-headers`; what has no
topic keeps our name (`newswire.manifest.segment`). Versions count from 1. Nothing is registered here: the files are the truth.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from pipeline.contract import library
from pipeline.contract.library import Row
from pipeline.contract.subjects import BY_NAME
from pipeline.topics import TOPICS, full_name

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
LATEST = ("latest", "-1")
DIGITS_MAX = 10  # of a version: 31 bits


class Answer(Struct, frozen=True):
    """Status and JSON body."""

    status: int
    body: Any


class Register:
    """The register of one `schemas/` folder under the names of one topic prefix."""

    def __init__(self, root: Path, prefix: str) -> None:
        self._root = root
        self._rows = library.rows(root)
        self._subjects = _names(prefix)

    def subjects(self) -> Answer:
        """Every subject, by name."""
        return Answer(200, sorted(self._subjects))

    def versions(self, subject: str) -> Answer:
        """The numbers of its versions."""
        rows = self._of(subject)
        return Answer(200, list(range(1, len(rows) + 1))) if rows else _no_subject(subject)

    def version(self, subject: str, number: str) -> Answer:
        """One version: its schema, and the id that it has everywhere."""
        found = self._numbered(subject, number)
        if isinstance(found, Answer):
            return found
        at, row = found
        body = {"subject": subject, "id": row.id, "version": at, "schemaType": "JSON", "schema": self._text(row)}
        return Answer(200, body)

    def bare(self, subject: str, number: str) -> Answer:
        """One version, the schema alone."""
        found = self._numbered(subject, number)
        return found if isinstance(found, Answer) else Answer(200, library.schema(self._root, found[1]))

    def by_id(self, number: str) -> Answer:
        """The schema with this id."""
        row = self._row(number)
        return Answer(200, {"schemaType": "JSON", "schema": self._text(row)}) if row else _no_schema(number)

    def users(self, number: str) -> Answer:
        """The subjects that use this id, and as which version."""
        row = self._row(number)
        if row is None:
            return _no_schema(number)
        names = sorted(name for name, ours in self._subjects.items() if ours == row.subject)
        return Answer(200, [{"subject": name, "version": self._of(name).index(row) + 1} for name in names])

    def config(self, subject: str = "") -> Answer:
        """How versions may change: of one subject, or what holds for all."""
        if not subject:
            return Answer(200, {"compatibilityLevel": "BACKWARD"})
        if not self._of(subject):
            return _no_subject(subject)
        return Answer(200, {"compatibilityLevel": BY_NAME[self._subjects[subject]].compatibility})

    def _of(self, subject: str) -> list[Row]:
        return [row for row in self._rows if row.subject == self._subjects.get(subject)]

    def _numbered(self, subject: str, number: str) -> tuple[int, Row] | Answer:
        rows = self._of(subject)
        if not rows:
            return _no_subject(subject)
        if number in LATEST:
            return len(rows), rows[-1]
        if not (number.isascii() and number.isdigit() and len(number) <= DIGITS_MAX and 0 < int(number) < 1 << 31):
            return error(422, 42202, f"The specified version '{number}' is not a valid version id.")
        at = int(number)
        return (at, rows[at - 1]) if at <= len(rows) else error(404, 40402, f"Version {number} not found.")

    def _row(self, number: str) -> Row | None:
        return next((row for row in self._rows if str(row.id) == number), None)

    def _text(self, row: Row) -> str:
        return library.text(self._root, row).decode()


# path → its answer; `{…}` are handed over in order
Route = Callable[..., Answer]


def routes(register: Register) -> dict[str, Route]:
    """Every path that is read, and what answers it."""
    return {
        "/subjects": register.subjects,
        "/subjects/{subject}/versions": register.versions,
        "/subjects/{subject}/versions/{version}": register.version,
        "/subjects/{subject}/versions/{version}/schema": register.bare,
        "/schemas/ids/{id}": register.by_id,
        "/schemas/ids/{id}/versions": register.users,
        "/schemas/types": lambda: Answer(200, ["JSON"]),
        "/config": register.config,
        "/config/{subject}": register.config,
        "/mode": lambda: Answer(200, {"mode": "READONLY"}),
    }


def error(status: int, code: int, message: str) -> Answer:
    """An error as registry clients read it."""
    return Answer(status, {"error_code": code, "message": message})


def read_only() -> Answer:
    """To whoever tries to change something."""
    return error(422, 42205, "This registry is read-only: schemas are changed by changing the records of newswire.")


def _no_subject(subject: str) -> Answer:
    return error(404, 40401, f"Subject '{subject}' not found.")


def _no_schema(number: str) -> Answer:
    return error(404, 40403, f"Schema {number} not found.")


def _names(prefix: str) -> dict[str, str]:
    """The name that tools use → ours."""
    topics = {
        f"{full_name(prefix, topic.name)}-{BY_NAME[subject].part}": subject
        for topic in TOPICS
        if (subject := topic.schema.partition(":")[0])
    }
    others = {f"{prefix}.{name}": name for name in BY_NAME if name not in topics.values()}
    return topics | others
