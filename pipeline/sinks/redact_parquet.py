"""Takes killed records out of Parquet files. Knows stores, not Kafka; segments are `redact.py`'s business.

Like a segment, a file is written again: each row keeps its place (topic, partition, offset, timestamp), an erased one has its
tombstone as `line` and nothing else. A new conclusion of the compaction names the new files, then the old ones are deleted.
For that moment a scan of the folder sees rows twice; whoever cannot have that reads the files that the conclusions name.

Segments are redacted before Parquet, and a compaction looks for redactions after it was concluded (`follow`): so one of the two
sees the other, and no killed line comes back by being compacted.
"""

import asyncio
from collections.abc import Callable

from msgspec import Struct, structs

from pipeline import codec
from pipeline.sinks import parquet
from pipeline.sinks.compactions import Compaction, Course, Hour, Input, Output, courses_of
from pipeline.sinks.erasure import Judge, Mark, blank, is_erased, mark_of, reason_of, record_id
from pipeline.sinks.forms import EVENTS, records_in
from pipeline.sinks.line import decode_line
from pipeline.sinks.manifests import standing_of
from pipeline.sinks.redact import ROUNDS_MAX, RedactError, now
from pipeline.sinks.stores import Store, StoreError, read_written


class Rewritten(Struct, frozen=True, kw_only=True):
    """A file without what had to go."""

    body: bytes
    digest: str
    ids: tuple[str, ...]
    marks: tuple[Mark, ...]


class ParquetRedactor:
    """One store. `at` is told each step, for crash tests."""

    def __init__(self, store: Store, *, writer: str = "", at: Callable[[str], None] = lambda point: None) -> None:
        self._store, self._writer, self._at = store, writer, at

    async def redact(self, hour: Hour, judge: Judge) -> int:
        """Erases what the judge condemns in all Parquet files of an hour; how many records. Needs pyarrow where there are any."""
        return sum([await self._redact(hour, number, judge) for number in await courses_of(self._store, hour)])

    async def follow(self, hour: Hour, number: int) -> int:
        """Erases what redactions took from a compaction's segments after it had read them."""
        course = (await courses_of(self._store, hour))[number]
        erased: dict[tuple[int, int], Mark] = {}
        for part in course.now.inputs:
            found = await _current(self._store, part)
            if found.key != part.key:
                erased |= await self._erased_in(found)
        return await self._redact(hour, number, lambda record: erased.get((record.partition, record.offset))) if erased else 0

    async def tidy(self, hour: Hour) -> int:
        """Deletes files of an hour that were replaced and are there again; how many."""
        return sum([await self._sweep(course) for course in (await courses_of(self._store, hour)).values()])

    async def _erased_in(self, part: Input) -> dict[tuple[int, int], Mark]:
        manifest = (await standing_of(self._store, part.key)).manifest
        body = await self._store.get(manifest.key)
        if body is None:
            raise StoreError(f"{manifest.key}: redacted once more while it was compacted")
        records = await asyncio.to_thread(lambda: list(filter(is_erased, records_in(manifest, body))))
        return {(record.partition, record.offset): mark_of(record) for record in records}

    async def _redact(self, hour: Hour, number: int, judge: Judge) -> int:
        erased = 0
        for _ in range(ROUNDS_MAX):
            course = (await courses_of(self._store, hour))[number]
            if not course.concluded:
                return erased  # whoever concludes it follows the redactions
            done = await self._next(hour, course, judge)
            if done == 0:
                await self._sweep(course)
                return erased
            erased += max(done, 0)
        raise RedactError(f"{hour.folder}{number:03d}: redacted by others again and again; run it once more when they rest")

    async def _next(self, hour: Hour, course: Course, judge: Judge) -> int:
        """One more revision of the files; the records erased, 0 when none had to go, -1 when somebody else was quicker."""
        before = course.now
        outputs: list[Output] = []
        ids: list[str] = []
        marks: set[Mark] = set()
        for output in before.outputs:
            body = await self._store.get(output.key)
            if body is None:
                if (await courses_of(self._store, hour))[before.number].now != before:
                    return -1
                raise RedactError(f"{output.key} is not there; see `newswire verify`, restore it from a backup, and redact again")
            try:
                rewritten = await asyncio.to_thread(rewrite, body, judge, before.revision + 1)
            except ValueError as error:
                raise RedactError(f"{output.key} cannot be read: {error}; see `newswire verify`") from error
            if rewritten is None:
                outputs.append(output)
                continue
            outputs.append(await self._put(output, rewritten, before.revision + 1))
            ids += rewritten.ids
            marks |= set(rewritten.marks)
        if not ids:
            return 0
        after = structs.replace(
            before,
            inputs=tuple([await _current(self._store, part) for part in before.inputs]),
            outputs=tuple(outputs),
            writer=self._writer,
            revision=before.revision + 1,
            redacted_at=now(),
            ids=tuple(ids),
            reason=reason_of(sorted(marks)),
        )
        return len(ids) if await self._conclude(hour, after) else -1

    async def _put(self, before: Output, rewritten: Rewritten, revision: int) -> Output:
        folder, _, name = before.key.removesuffix(".parquet").rpartition("/")
        key = f"{folder}/{name.partition('.r')[0]}.r{revision}-{rewritten.digest[:12]}.parquet"
        self._at("before_file")
        await self._store.put_new(key, rewritten.body)
        found = await read_written(self._store, key)
        if parquet.facts_of(found).get("lines_sha256") != rewritten.digest:
            raise RedactError(f"{key} holds other lines than its name says; move it away and redact again")
        self._at("after_file")
        return structs.replace(before, key=key, bytes=len(found), lines_sha256=rewritten.digest, replaces=before.lines_sha256)

    async def _conclude(self, hour: Hour, after: Compaction) -> bool:
        """Whether it was ours that counts."""
        key = hour.conclusion_key(after.number, after.revision)
        await self._store.put_new(key, codec.encode(after))
        self._at("after_conclusion")
        course = (await courses_of(self._store, hour))[after.number]
        named = {output.key for each in course.concluded for output in each.outputs}
        is_ours = _substance(course.concluded[after.revision]) == _substance(after)
        for output in after.outputs:
            if output.key not in named:
                await self._store.delete(output.key)
        await self._sweep(course)
        return is_ours

    async def _sweep(self, course: Course) -> int:
        found = [key for key in sorted(course.superseded) if await self._store.head(key) is not None]
        for key in found:
            self._at("before_sweep")
            await self._store.delete(key)
        return len(found)


async def _current(store: Store, part: Input) -> Input:
    """The segment as it now stands."""
    manifest = (await standing_of(store, part.key)).manifest
    return structs.replace(part, key=manifest.key, sha256=manifest.sha256, bytes=manifest.bytes)


def rewrite(body: bytes, judge: Judge, revision: int) -> Rewritten | None:
    """The file without what the judge condemns, None when that is nothing. Meant for a thread."""
    lines = [(line, decode_line(line)) for _, _, line in parquet.lines_of(body)]
    marks = [mark if record.value is not None else None for _, record in lines for mark in (judge(record),)]
    if not any(marks):
        return None
    writer = parquet.Writer()
    for (line, record), mark in zip(lines, marks, strict=True):
        if mark is not None:
            record = blank(record, mark)
            line = EVENTS.encode(record.topic, record.partition, record)
        writer.add(parquet.row(record, line)[1])
    facts = {name: fact for name, fact in parquet.facts_of(body).items() if name not in ("lines_sha256", "rows")}
    told = writer.close({**facts, "revision": str(revision)})
    ids = tuple(record_id(record) for (_, record), mark in zip(lines, marks, strict=True) if mark)
    return Rewritten(body=told, digest=writer.digest, ids=ids, marks=tuple(sorted({mark for mark in marks if mark})))


def _substance(compaction: Compaction) -> Compaction:
    return structs.replace(compaction, redacted_at="", writer="")
