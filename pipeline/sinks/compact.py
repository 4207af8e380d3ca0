"""Rewrites closed hours of segments as Parquet by event date, so that months can be scanned. Knows stores, not Kafka.

    <prefix>/v1/<topic>/g=<topic-id>/_compact/dt=2026-03-01/hh=07/000.plan.json      which segments, decided before anything else
    <prefix>/v1/<topic>/parquet/event_date=2026-03-01/part-2026-03-01T07-000.parquet
    <prefix>/v1/<topic>/g=<topic-id>/_compact/dt=2026-03-01/hh=07/000.json           the same, and what became of them

1. Plan: the segments of an hour that no plan holds yet, create-only. Whoever loses the race follows the winner.
2. Write one file per event date, create-only. A name that is taken must hold the same lines: then it was we, before a crash.
3. Conclude, the same way. From now on the Parquet stands for the segments.
4. Once the grace period is over the segments' objects are deleted; their manifests stay, so that tiling remains provable.

Segments that come after their hour was compacted become files of their own (`late-`). Promise: each line of a concluded plan
stands in exactly one Parquet file; a run that is repeated, or broken off anywhere and repeated, changes nothing of that.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct

from pipeline import codec
from pipeline.sinks import parquet
from pipeline.sinks.forms import BadSegment, form_of, unpack
from pipeline.sinks.manifests import read_manifest, topic_ids_in
from pipeline.sinks.segment import BadName, Manifest, parse_data_key, topic_root
from pipeline.sinks.stores import Put, Store

CONTENT_BYTES_MAX = 1 << 30  # of one plan, uncompressed: its files are made in memory, a third of that when compressed
NUMBERS_MAX = 1000  # plans of one hour: 3 digits


class CompactError(Exception):
    """The store contradicts the protocol, or a segment is damaged; nothing was deleted. The message names the object."""


class Input(Struct, frozen=True, kw_only=True):
    """A segment: its object, its manifest, and what the manifest says of it."""

    key: str
    manifest: str
    sha256: str
    count: int
    bytes: int


class Output(Struct, frozen=True, kw_only=True):
    """A Parquet file. `lines_sha256` is the digest of its lines in their order."""

    key: str
    event_date: str
    count: int
    bytes: int
    lines_sha256: str


class Compaction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A plan (`outputs` empty) or what became of it. `hour` is `2026-03-01T07`, `at` RFC 3339."""

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


class Report(Struct):
    """What a run did."""

    plans: int = 0
    segments: int = 0
    rows: int = 0
    files: int = 0
    bytes: int = 0
    deleted: int = 0
    open_hours: int = 0
    waiting: int = 0  # segments whose grace period is not over


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


class Compactor:
    """One topic of one store. `at` is told each step, for crash tests."""

    def __init__(
        self, store: Store, prefix: str, topic: str, *, writer: str = "", at: Callable[[str], None] = lambda point: None
    ) -> None:
        self._store, self._root, self._topic, self._writer, self._at = store, topic_root(prefix, topic), topic, writer, at
        self._prefix = prefix

    async def run(
        self, now: datetime, *, settle: timedelta, grace: timedelta | None, progress: Callable[[str], None] = lambda hour: None
    ) -> Report:
        """Compacts every hour that ended `settle` ago; deletes sources concluded `grace` ago (None: keeps them)."""
        report = Report()
        async for hour, keys in self._hours():
            if hour.ends_at + settle > now:
                report.open_hours += 1
                continue
            progress(hour.name)
            done = await self._compact(hour, keys, now, report)
            for compaction in done:
                await self._delete(compaction, keys, now, grace, report)
        return report

    async def plan(self, now: datetime, *, settle: timedelta) -> list[Compaction]:
        """What `run` would compact; nothing is written."""
        found = []
        async for hour, keys in self._hours():
            if hour.ends_at + settle <= now:
                known = await self._known(hour)
                found += list(await self._plans(hour, keys, known, is_late=bool(known)))
        return found

    async def compactions(self) -> AsyncIterator[Compaction]:
        """Everything concluded, of all topic ids."""
        for topic_id in await topic_ids_in(self._store, self._prefix, self._topic):
            async for key in self._store.list(f"{self._root}g={topic_id}/_compact/"):
                if not key.endswith(".plan.json"):
                    yield await self._read(key)

    # ── what there is ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _hours(self) -> AsyncIterator[tuple[Hour, list[str]]]:
        """Every hour that has segments, with their keys; the hours of a topic id come in order."""
        for topic_id in await topic_ids_in(self._store, self._prefix, self._topic):
            root = f"{self._root}g={topic_id}/"
            by_hour: dict[Hour, list[str]] = defaultdict(list)
            async for key in self._store.list(f"{root}dt="):
                day, hour = key.removeprefix(f"{root}dt=").split("/")[:2]
                by_hour[Hour(root, day, hour.removeprefix("hh="))].append(key)
            for each in sorted(by_hour):
                yield each, by_hour[each]

    async def _known(self, hour: Hour) -> dict[int, Compaction]:
        """The hour's plans by number, concluded or not."""
        found: dict[int, Compaction] = {}
        async for key in self._store.list(hour.folder):
            number = int(key.removeprefix(hour.folder)[:3])
            if number not in found or not key.endswith(".plan.json"):
                found[number] = await self._read(key)
        return found

    async def _read(self, key: str) -> Compaction:
        body = await self._store.get(key)
        try:
            return codec.decode(body, Compaction)
        except codec.Undecodable as error:
            raise CompactError(f"{key} is no compaction manifest ({error}); restore it from a backup of the store") from error

    # ── plan, write, conclude ────────────────────────────────────────────────────────────────────────────────────────

    async def _compact(self, hour: Hour, keys: Sequence[str], now: datetime, report: Report) -> list[Compaction]:
        """All plans of the hour, each concluded."""
        known = await self._known(hour)
        is_late = any(plan.outputs for plan in known.values())
        while True:
            for number in sorted(known):
                if not known[number].outputs:
                    known[number] = await self._finish(hour, known[number], now, report)
            following = next(iter(await self._plans(hour, keys, known, is_late=is_late)), None)
            if following is None:
                return [known[number] for number in sorted(known)]
            self._at("before_plan")
            await self._store.put_new(f"{hour.folder}{following.number:03d}.plan.json", codec.encode(following))
            self._at("after_plan")
            known = await self._known(hour)  # whoever won, the plan under this number is what comes next

    async def _plans(
        self, hour: Hour, keys: Sequence[str], known: dict[int, Compaction], *, is_late: bool
    ) -> Iterator[Compaction]:
        """The segments that no plan holds, in plans of bounded size."""
        planned = {part.key for plan in known.values() for part in plan.inputs}
        inputs = [part for key in sorted(keys, key=_by_range) if key not in planned and (part := await self._input(key))]
        topic_id = hour.root.rstrip("/").rpartition("g=")[2]

        def plans() -> Iterator[Compaction]:
            number = max(known, default=-1) + 1
            for chunk in _chunks(inputs):
                if number >= NUMBERS_MAX:
                    raise CompactError(f"{hour.folder} has {NUMBERS_MAX} plans; compact less often")
                yield Compaction(
                    topic=self._topic,
                    topic_id=topic_id,
                    hour=hour.name,
                    number=number,
                    is_late=is_late,
                    inputs=tuple(chunk),
                    writer=self._writer,
                )
                number += 1

        return plans()

    async def _input(self, key: str) -> Input | None:
        """The segment of this object; None for one that is not sealed: readers trust manifests only."""
        try:
            name = parse_data_key(key)
        except BadName as error:
            raise CompactError(f"{error}; remove it from the store's folder of segments") from error
        manifest_key = name.place.manifest_key(name.start, name.end)
        if await self._store.head(manifest_key) is None:
            return None
        manifest = await read_manifest(self._store, manifest_key)
        if manifest.key != key:
            return None
        return Input(key=key, manifest=manifest_key, sha256=manifest.sha256, count=manifest.count, bytes=manifest.bytes)

    async def _finish(self, hour: Hour, plan: Compaction, now: datetime, report: Report) -> Compaction:
        writers: dict[str, parquet.Writer] = defaultdict(parquet.Writer)
        for part in plan.inputs:
            manifest, content = await self._content(part)
            await asyncio.to_thread(_fill, writers, manifest, content)
        outputs = [await self._put(plan, date, writers[date]) for date in sorted(writers)]
        concluded = Compaction(
            **{name: getattr(plan, name) for name in ("topic", "topic_id", "hour", "number", "is_late", "inputs")},
            outputs=tuple(outputs),
            writer=self._writer,
            at=now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )
        self._at("before_manifest")
        key = f"{hour.folder}{plan.number:03d}.json"
        if await self._store.put_new(key, codec.encode(concluded)) is Put.EXISTS:
            return await self._read(key)
        self._at("after_manifest")
        report.plans += 1
        report.segments += len(plan.inputs)
        report.rows += sum(output.count for output in outputs)
        report.files += len(outputs)
        report.bytes += sum(output.bytes for output in outputs)
        return concluded

    async def _content(self, part: Input) -> tuple[Manifest, bytes]:
        manifest = await read_manifest(self._store, part.manifest)
        body = await self._store.get(part.key)
        if body is None:
            raise CompactError(f"{part.key} is gone before it was compacted; see `newswire verify`, restore it from a backup")
        try:
            content, sha256 = await asyncio.to_thread(unpack, body, form_of(manifest))
        except BadSegment as error:
            raise CompactError(f"{part.key}: {error}; see `newswire verify`") from error
        if sha256 != part.sha256:
            raise CompactError(f"{part.key} has SHA-256 {sha256}, its manifest says {part.sha256}; see `newswire verify`")
        return manifest, content

    async def _put(self, plan: Compaction, date: str, writer: parquet.Writer) -> Output:
        kind = "late" if plan.is_late else "part"
        # The topic id keeps a recreated topic's hours apart; its first half is enough beside the hour.
        key = f"{self._root}parquet/event_date={date}/{kind}-{plan.hour}-{plan.number:03d}-{plan.topic_id[:11]}.parquet"
        facts = {
            "topic": plan.topic,
            "topic_id": plan.topic_id,
            "hour": plan.hour,
            "number": str(plan.number),
            "event_date": date,
        }
        body = await asyncio.to_thread(writer.close, facts)
        self._at("before_parquet")
        if await self._store.put_new(key, body) is Put.EXISTS:
            body = await self._same(key, writer.digest)
        self._at("after_parquet")
        return Output(key=key, event_date=date, count=writer.count, bytes=len(body), lines_sha256=writer.digest)

    async def _same(self, key: str, digest: str) -> bytes:
        """The object under a name that is taken, which must hold our lines."""
        body = await self._store.get(key)
        try:
            found = parquet.facts_of(body or b"").get("lines_sha256")
        except ValueError as error:
            raise CompactError(f"{key}: {error}; move it away and compact again") from error
        if found != digest:
            raise CompactError(f"{key} holds other lines than the plan; move it away and compact again")
        return body or b""

    # ── deleting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _delete(
        self, done: Compaction, keys: Sequence[str], now: datetime, grace: timedelta | None, report: Report
    ) -> None:
        left = {part.key for part in done.inputs} & set(keys)
        if not left or grace is None:
            return
        if datetime.fromisoformat(done.at) + grace > now:
            report.waiting += len(left)
            return
        for output in done.outputs:
            if await self._store.head(output.key) != output.bytes:
                raise CompactError(f"{output.key} is not what was written; its segments stay. See `newswire verify`")
        for key in sorted(left):
            self._at("before_delete")
            await self._store.delete(key)
            report.deleted += 1


def _fill(writers: dict[str, parquet.Writer], manifest: Manifest, content: bytes) -> None:
    form = form_of(manifest)
    lines = content.splitlines(keepends=True)
    try:
        for line, record in zip(lines, form.decode(content), strict=True):
            date, row = parquet.row(record, line)
            writers[date].add(row)
    except ValueError as error:
        raise CompactError(f"{manifest.key}: {error}; see `newswire verify`") from error


def _by_range(key: str) -> tuple[int, int]:
    try:
        name = parse_data_key(key)
    except BadName:
        return -1, 0
    return name.place.partition, name.start


def _chunks(inputs: Sequence[Input]) -> Iterator[list[Input]]:
    chunk: list[Input] = []
    size = 0
    for part in inputs:
        if chunk and size + part.bytes > CONTENT_BYTES_MAX:
            yield chunk
            chunk, size = [], 0
        chunk.append(part)
        size += part.bytes
    if chunk:
        yield chunk
