"""Compactions as they lie in a store: plans, what became of them, and what redactions made of that. Nothing here writes.

<prefix>/v1/<topic>/g=<topic-id>/_compact/dt=2026-03-01/hh=07/000.plan.json    which segments, decided before anything else
…/000.json                                                                    the same, and the Parquet files made of them
…/000.r1.json                                                                 the same after a redaction; the highest stands
"""

import re
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, structs

from pipeline import codec
from pipeline.sinks.segment import BadName
from pipeline.sinks.stores import Store

NAME = re.compile(r"(?P<number>\d{3})(?:(?P<plan>\.plan)|\.r(?P<revision>[1-9]\d{0,5}))?\.json", re.ASCII)
HOUR = re.compile(r"(?P<root>.+/)dt=(?P<day>\d{4}-\d\d-\d\d)/hh=(?P<hour>\d\d)/", re.ASCII)


class CompactError(Exception):
    """The store contradicts the protocol, or a segment is damaged; nothing was deleted. The message names the object."""


class Input(Struct, frozen=True, kw_only=True):
    """A segment: its object, its manifest, and what the manifest says of it."""

    key: str
    manifest: str
    sha256: str
    count: int
    bytes: int


class Output(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Parquet file. `lines_sha256` is the digest of its lines in their order, `replaces` that of them before a redaction."""

    key: str
    event_date: str
    count: int
    bytes: int
    lines_sha256: str
    replaces: str = ""


class Compaction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A plan (`outputs` empty) or what became of it. `hour` is `2026-03-01T07`, `at` RFC 3339.

    `revision` counts the redactions of its files: the last of them erased the records with these `ids`, for that `reason`. `at`
    stays what it was, since the sources' grace period counts from it.
    """

    kind: Literal["compaction"] = "compaction"
    topic: str
    topic_id: str
    hour: str
    number: int
    is_late: bool = False
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...] = ()
    writer: str = ""
    at: str = ""
    revision: int = 0
    redacted_at: str = ""
    ids: tuple[str, ...] = ()
    reason: str = ""


class Course(Struct, frozen=True, kw_only=True):
    """All that is written of one compaction: its plan, and what became of it, by revision."""

    plan: Compaction | None = None
    concluded: tuple[Compaction, ...] = ()

    @property
    def now(self) -> Compaction:
        """What counts."""
        newest = self.concluded[-1] if self.concluded else self.plan
        assert newest is not None
        return newest

    @property
    def superseded(self) -> set[str]:
        """Names of Parquet files that must be gone."""
        return {output.key for each in self.concluded for output in each.outputs} - {output.key for output in self.now.outputs}


class Hour(Struct, frozen=True, order=True):
    """One hour of one topic id, as the segments' folders name it."""

    root: str
    day: str
    hour: str

    @property
    def name(self) -> str:
        """`2026-03-01T07`"""
        return f"{self.day}T{self.hour}"

    @property
    def folder(self) -> str:
        """Where its plans lie."""
        return f"{self.root}_compact/dt={self.day}/hh={self.hour}/"

    @property
    def ends_at(self) -> datetime:
        """The first instant after it."""
        return datetime.fromisoformat(f"{self.name}:00:00+00:00") + timedelta(hours=1)

    def conclusion_key(self, number: int, revision: int) -> str:
        """Where it is written what became of a plan."""
        return f"{self.folder}{number:03d}{f'.r{revision}' if revision else ''}.json"


def hour_of(data_key: str) -> Hour:
    """The hour in which a segment's object lies; raises `BadName`."""
    found = HOUR.match(data_key)
    if found is None:
        raise BadName(f"not a name of ours: {data_key!r}")
    return Hour(found["root"], found["day"], found["hour"])


async def courses(store: Store, folder: str) -> dict[tuple[str, int], Course]:
    """Every compaction below the folder, by the folder and number of its hour. Raises `CompactError` for what is none."""
    found: dict[tuple[str, int], Course] = {}
    async for key in store.list(folder):
        where, _, name = key.rpartition("/")
        parts = NAME.fullmatch(name)
        if parts is None:
            raise CompactError(f"{key} is no name of a compaction; move it out of the store's folders")
        compaction = await read_compaction(store, key)
        course = found.get((where, int(parts["number"])), Course())
        if parts["plan"]:
            course = structs.replace(course, plan=compaction)
        else:
            ordered = sorted((*course.concluded, compaction), key=lambda each: each.revision)
            course = structs.replace(course, concluded=tuple(ordered))
        found[where, int(parts["number"])] = course
    return found


async def courses_of(store: Store, hour: Hour) -> dict[int, Course]:
    """Every compaction of an hour, by number."""
    return {number: course for (_, number), course in sorted((await courses(store, hour.folder)).items())}


async def read_compaction(store: Store, key: str) -> Compaction:
    """The compaction at this name; raises `CompactError`."""
    body = await store.get(key)
    try:
        return codec.decode(body, Compaction)
    except codec.Undecodable as error:
        raise CompactError(f"{key} is no compaction manifest ({error}); restore it from a backup of the store") from error
