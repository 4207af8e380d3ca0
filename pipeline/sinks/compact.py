"""Rewrites closed hours of segments as Parquet by event date, so that months can be scanned. Knows stores, not Kafka.

    <prefix>/v1/<topic>/g=<topic-id>/_compact/dt=2026-03-01/hh=07/000.plan.json      which segments, decided before anything else
    <prefix>/v1/<topic>/parquet/event_date=2026-03-01/part-2026-03-01T07-000.parquet
    <prefix>/v1/<topic>/g=<topic-id>/_compact/dt=2026-03-01/hh=07/000.json           the same, and what became of them

1. Plan: the segments of an hour that no plan holds yet, create-only. Whoever loses the race follows the winner.
2. Write one file per event date, create-only. A name that is taken must hold the same lines: then it was we, before a crash.
3. Conclude, the same way. From now on the Parquet stands for the segments.
4. Once the grace period is over the segments' objects are deleted; their manifests stay, so that tiling remains provable.

Segments that come after their hour was compacted become files of their own (`late-`). What is killed is redacted before it is
compacted; a redaction that comes between a plan and its conclusion is followed (`redact_parquet.py`). Promise: each line of a
concluded plan stands in exactly one Parquet file; a run that is repeated, or broken off anywhere and repeated, changes nothing of
that.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct, structs

from pipeline import codec
from pipeline.sinks import parquet
from pipeline.sinks.compactions import CompactError, Compaction, Course, Hour, Input, Output, courses_of, hour_of, read_compaction
from pipeline.sinks.forms import BadSegment, form_of, unpack
from pipeline.sinks.manifests import Standing, standing_of, topic_ids_in
from pipeline.sinks.redact_parquet import ParquetRedactor
from pipeline.sinks.redaction import split_revision
from pipeline.sinks.segment import BadManifest, BadName, Manifest, parse_data_key, topic_root
from pipeline.sinks.stores import Put, Store, read_written

CONTENT_BYTES_MAX = 1 << 30  # of one plan, uncompressed: its files are made in memory, a third of that when compressed
NUMBERS_MAX = 1000  # plans of one hour: 3 digits


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
                known = await courses_of(self._store, hour)
                found += list(await self._plans(hour, keys, known, is_late=bool(known)))
        return found

    # ── what there is ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _hours(self) -> AsyncIterator[tuple[Hour, list[str]]]:
        """Every hour that has segments, with their keys; the hours of a topic id come in order."""
        for topic_id in await topic_ids_in(self._store, self._prefix, self._topic):
            root = f"{self._root}g={topic_id}/"
            by_hour: dict[Hour, list[str]] = defaultdict(list)
            async for key in self._store.list(f"{root}dt="):
                try:
                    by_hour[hour_of(key)].append(key)
                except BadName as error:
                    raise _foreign(error) from error
            for each in sorted(by_hour):
                yield each, by_hour[each]

    # ── plan, write, conclude ────────────────────────────────────────────────────────────────────────────────────────

    async def _compact(self, hour: Hour, keys: Sequence[str], now: datetime, report: Report) -> list[Compaction]:
        """All plans of the hour, each concluded."""
        known = await courses_of(self._store, hour)
        is_late = any(course.concluded for course in known.values())
        done: dict[int, Compaction] = {}
        while True:
            for number, course in known.items():
                done[number] = course.now if course.concluded else await self._finish(hour, course.now, now, report)
            following = next(iter(await self._plans(hour, keys, known, is_late=is_late)), None)
            if following is None:
                return [done[number] for number in sorted(done)]
            self._at("before_plan")
            await self._store.put_new(f"{hour.folder}{following.number:03d}.plan.json", codec.encode(following))
            self._at("after_plan")
            known = await courses_of(self._store, hour)  # whoever won, the plan under this number is what comes next

    async def _plans(self, hour: Hour, keys: Sequence[str], known: dict[int, Course], *, is_late: bool) -> Iterator[Compaction]:
        """The segments that no plan holds, in plans of bounded size."""
        left = set(map(_first, keys)) - {_first(part.key) for course in known.values() for part in course.now.inputs}
        inputs = [part for key in sorted(left, key=_by_range) if (part := await self._input(key))]
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
        """The segment whose first object has this name; None for one that is not sealed: readers trust manifests only."""
        try:
            name = parse_data_key(key)
        except BadName as error:
            raise _foreign(error) from error
        manifest_key = name.place.manifest_key(name.start, name.end)
        if await self._store.head(manifest_key) is None:
            return None
        found = await self._standing(key)
        return _as_input(found.manifest, manifest_key) if found.first.key == key else None

    async def _standing(self, key: str) -> Standing:
        try:
            return await standing_of(self._store, key)
        except BadManifest as error:
            raise CompactError(f"{error}; see `newswire verify`") from error

    async def _finish(self, hour: Hour, plan: Compaction, now: datetime, report: Report) -> Compaction:
        writers: dict[str, parquet.Writer] = defaultdict(parquet.Writer)
        inputs = []
        for part in plan.inputs:
            manifest, content = await self._content(part)
            await asyncio.to_thread(_fill, writers, manifest, content)
            inputs.append(_as_input(manifest, part.manifest))
        plan = structs.replace(plan, inputs=tuple(inputs)) if tuple(inputs) != plan.inputs else plan
        is_overtaken = any(split_revision(part.key)[1] for part in inputs)
        outputs = [await self._put(plan, date, writers[date], may_rename=is_overtaken) for date in sorted(writers)]
        concluded = structs.replace(
            plan,
            outputs=tuple(outputs),
            writer=self._writer,
            at=now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )
        self._at("before_manifest")
        key = hour.conclusion_key(plan.number, 0)
        if await self._store.put_new(key, codec.encode(concluded)) is Put.EXISTS:
            concluded = await read_compaction(self._store, key)
        else:
            self._at("after_manifest")
            report.plans += 1
            report.segments += len(plan.inputs)
            report.rows += sum(output.count for output in outputs)
            report.files += len(outputs)
            report.bytes += sum(output.bytes for output in outputs)
        if is_overtaken:
            await self._remove_strays(plan, {output.key for output in concluded.outputs})
        await ParquetRedactor(self._store, writer=self._writer, at=self._at).follow(hour, plan.number)
        return (await courses_of(self._store, hour))[plan.number].now

    async def _content(self, part: Input) -> tuple[Manifest, bytes]:
        """What stands for the segment, which may have been redacted since it was planned."""
        found = await self._standing(part.key)
        manifest = found.manifest
        body = await self._store.get(manifest.key)
        if body is None:
            if (await self._standing(part.key)).revision != found.revision:
                return await self._content(part)
            raise CompactError(f"{manifest.key} is gone before it was compacted; see `newswire verify`, restore it from a backup")
        try:
            content, sha256 = await asyncio.to_thread(unpack, body, form_of(manifest))
        except BadSegment as error:
            raise CompactError(f"{manifest.key}: {error}; see `newswire verify`") from error
        if sha256 != manifest.sha256 or (manifest.key == part.key and sha256 != part.sha256):
            raise CompactError(f"{manifest.key} has SHA-256 {sha256}, its manifest says {manifest.sha256}; see `newswire verify`")
        return manifest, content

    async def _remove_strays(self, plan: Compaction, named: set[str]) -> None:
        """Files that an attempt before the redaction left: of this plan, and named by nothing."""
        stem = f"/{_stem(plan)}"
        async for key in self._store.list(f"{self._root}parquet/"):
            if stem in key and ".r" not in key.rpartition(stem)[2] and key not in named:
                await self._store.delete(key)

    async def _put(self, plan: Compaction, date: str, writer: parquet.Writer, *, may_rename: bool) -> Output:
        folder = f"{self._root}parquet/event_date={date}/{_stem(plan)}"
        # beside a redaction there may be files of an attempt before it: then the digest tells them apart
        key = f"{folder}-{writer.digest[:12]}.parquet" if may_rename else f"{folder}.parquet"
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
        body = await read_written(self._store, key)
        try:
            found = parquet.facts_of(body).get("lines_sha256")
        except ValueError as error:
            raise CompactError(f"{key}: {error}; move it away and compact again") from error
        if found != digest:
            raise CompactError(f"{key} holds other lines than the plan; move it away and compact again")
        return body

    # ── deleting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _delete(
        self, done: Compaction, keys: Sequence[str], now: datetime, grace: timedelta | None, report: Report
    ) -> None:
        compacted = {_first(part.key) for part in done.inputs}
        left = {key for key in keys if _first(key) in compacted}
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


def _foreign(error: BadName) -> CompactError:
    return CompactError(f"{error}; remove it from the store's folder of segments")


def _first(key: str) -> str:
    """The name of a segment's object before any redaction."""
    return split_revision(key)[0]


def _stem(plan: Compaction) -> str:
    """How the names of a plan's files begin. Half a topic id is enough, beside the hour, to keep a recreated topic apart."""
    return f"{'late' if plan.is_late else 'part'}-{plan.hour}-{plan.number:03d}-{plan.topic_id[:11]}"


def _as_input(manifest: Manifest, manifest_key: str) -> Input:
    return Input(key=manifest.key, manifest=manifest_key, sha256=manifest.sha256, count=manifest.count, bytes=manifest.bytes)


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
