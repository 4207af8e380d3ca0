"""Proves a store: what its manifests promise is there, once, and unchanged. Reads only; the store may be written meanwhile.

For each partition of each topic id: manifests follow each other (`tiling.py`), redactions chain (`history.py`), every object is
there and is what its manifest says (`inspection.py`), and no object lies about that stands for nothing. What can be found is the
table of `findings.py`; `against.py` adds what only the log and the group know.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TypeVar

from msgspec import Struct, structs

from pipeline.sinks.compactions import Output
from pipeline.sinks.findings import Finding
from pipeline.sinks.forms import likely_form
from pipeline.sinks.history import History
from pipeline.sinks.inspection import Depth, Inspection, Question, inspect, inspect_parquet, search
from pipeline.sinks.manifests import standing, topic_ids_in
from pipeline.sinks.redaction import Redaction, parse_redaction, split_revision
from pipeline.sinks.segment import BadManifest, Manifest, Place, parse_manifest
from pipeline.sinks.stores import Store, StoreError
from pipeline.sinks.survey import Survey, manifest_key_of, manifest_name, object_name, survey
from pipeline.sinks.tiling import Range, doubled, found, ranges, tiling_problems

T = TypeVar("T")

READERS_PER_JOB = 2  # one object is read while another is inspected; each is up to 32 MiB when expanded
Progress = Callable[[int, int], None]  # told (objects done, objects known)


class Options(Struct, frozen=True, kw_only=True):
    """How closely to look, on how many cores, and the uri of what was killed ("": nothing)."""

    depth: Depth = "full"
    jobs: int = 1
    killed: str = ""


class Partition(Struct, kw_only=True):
    """What is there of one partition. Counts are those of its manifests; `compacted` segments stand in Parquet only."""

    place: Place
    segments: int = 0
    redactions: int = 0
    compacted: int = 0
    bytes: int = 0
    ranges: list[Range] = []
    leftovers: list[str] = []

    @property
    def next_offset(self) -> int:
        """Where the last range ends."""
        return max((each.end + 1 for each in self.ranges), default=0)

    def to_builtins(self) -> dict[str, object]:
        """For a machine."""
        return {
            "topic": self.place.topic,
            "topic_id": self.place.topic_id,
            "partition": self.place.partition,
            "next_offset": self.next_offset,
            "segments": self.segments,
            "gaps": sum(each.is_gap for each in self.ranges),
            "redactions": self.redactions,
            "compacted": self.compacted,
            "records": sum(each.stored for each in self.ranges),
            "rejected": sum(each.rejected for each in self.ranges),
            "bytes": self.bytes,
            "leftovers": len(self.leftovers),
        }


@dataclass
class Report:
    """All partitions by place, and what was found."""

    partitions: list[Partition] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """No invariant is broken, as far as the depth of the look goes."""
        return not any(finding.is_violation for finding in self.findings)


async def verify(
    store: Store, prefix: str, topics: Sequence[str], options: Options, progress: Progress = lambda done, total: None
) -> Report:
    """Looks at everything of these topics (full names). Raises `StoreError` when the store does not even give its names."""
    report = Report()
    with _executor(options) as executor:
        look = _Look(store, options, executor, report, progress)
        places = [Place(prefix, topic, topic_id, 0) for topic in topics for topic_id in await topic_ids_in(store, prefix, topic)]
        surveys = [await survey(store, place) for place in places]
        look.total = sum(len(objects) for each in surveys for objects in each.objects.values())
        for each in surveys:
            report.findings += each.findings
            await look.at(each)
    report.findings.sort()
    return report


def _executor(options: Options) -> Executor:
    """Threads do where zstd and SHA-256 have the work; decoding every record is Python, which only processes share."""
    if options.depth == "deep" and options.jobs > 1:
        return ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn"))
    return ThreadPoolExecutor(options.jobs)


async def for_all(items: Iterable[T], work: Callable[[T], Awaitable[None]], width: int) -> None:
    """Works on all, `width` at a time; the first error ends it."""
    left = iter(items)

    async def take() -> None:
        for item in left:
            await work(item)

    tasks = [asyncio.create_task(take()) for _ in range(width)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


class _Look:
    """One run over the store."""

    def __init__(self, store: Store, options: Options, executor: Executor, report: Report, progress: Progress) -> None:
        self._store, self._options, self._executor, self._report = store, options, executor, report
        self._progress, self._width = progress, READERS_PER_JOB * options.jobs
        self.done = self.total = 0

    async def at(self, names: Survey) -> None:
        """One topic id."""
        for number in names.partitions:
            place = Place(names.place.prefix, names.place.topic, names.place.topic_id, number)
            await self._partition(names, Partition(place=place))
        await for_all(names.parquet.values(), lambda output: self._parquet(names.place, output), self._width)
        for key in sorted(names.superseded):
            if await self._store.head(key) is not None:
                self._add(names.place, key, (("superseded", "replaced by a redaction"),))

    async def _parquet(self, place: Place, output: Output) -> None:
        if self._options.depth == "quick":
            seen = Inspection() if await self._store.head(output.key) is not None else None
        else:
            body = await self._store.get(output.key)
            seen = None if body is None else await self._run(inspect_parquet, output, self._options.killed, body)
        if seen is None and output.key in (await survey(self._store, place)).superseded:
            return  # redacted since the names were listed
        self._add(place, output.key, (("parquet", "not there"),) if seen is None else seen.problems)

    def _add(self, place: Place, key: str, problems: Iterable[tuple[str, str]]) -> None:
        """About an object that belongs to no partition."""
        self._report.findings += (
            Finding(rule=rule, topic=place.topic, topic_id=place.topic_id, key=key, what=what) for rule, what in problems
        )

    async def _partition(self, names: Survey, partition: Partition) -> None:
        place = partition.place
        self._report.partitions.append(partition)
        manifests, redactions = await self._manifests(place, names.manifests[place.partition])
        manifests.sort(key=lambda manifest: (manifest.start, manifest.end))
        partition.ranges = ranges(manifests)
        self._report.findings += tiling_problems(place, manifests)
        objects = names.objects[place.partition]
        history = History(manifests, redactions)
        for finding in history.problems(place, objects):
            if finding.rule != "superseded" or await self._store.head(finding.key) is not None:
                self._report.findings.append(finding)
        partition.redactions = len(redactions)
        offsets: dict[tuple[int, int], Iterable[int]] = {}

        async def look(question: Question) -> None:
            shared = await self._object(partition, question, names)
            if shared is not None:
                offsets[question.manifest.start, question.manifest.end] = shared

        await for_all(history.questions(self._options.depth, self._options.killed), look, self._width)
        self._report.findings += doubled(place, offsets)
        await self._leftovers(partition, objects - history.keys)

    async def _manifests(self, place: Place, keys: Sequence[str]) -> tuple[list[Manifest], list[Redaction]]:
        manifests: list[Manifest] = []
        redactions: list[Redaction] = []

        async def read(key: str) -> None:
            try:
                body = await self._store.get(key)
                if body is None:
                    raise BadManifest(f"{key}: not there any more")
                if split_revision(key)[1]:
                    redactions.append(parse_redaction(key, body))
                else:
                    manifests.append(parse_manifest(key, body))
            except (ValueError, StoreError) as error:
                rule = "foreign_manifest" if "stands at the name of another" in str(error) else "bad_manifest"
                name = manifest_name(key)
                what = str(error).removeprefix(f"{key}: ")
                self._report.findings.append(found(rule, place, name.start, name.end, what, key))

        await for_all(keys, read, self._width)
        return manifests, redactions

    async def _object(self, partition: Partition, question: Question, names: Survey) -> Iterable[int] | None:
        """The offsets in it, where they are asked for."""
        manifest, place = question.manifest, partition.place
        try:
            seen = await self._ask(question, manifest.key in names.objects[place.partition])
        except StoreError as error:
            seen = Inspection(problems=(("unreadable", str(error)),))
        if seen is None and (now := await self._redacted_since(place, question)) is not None:
            return await self._object(partition, now, names)
        partition.segments += 1
        partition.bytes += manifest.bytes
        self.done += 1
        self._progress(self.done, self.total)
        if seen is None:
            digest = names.compacted.get(manifest.key)
            partition.compacted += digest is not None
            seen = Inspection(problems=() if digest == manifest.sha256 else (_absence(manifest, digest),))
        self._report.findings += (
            found(rule, place, manifest.start, manifest.end, what, manifest.key) for rule, what in seen.problems
        )
        return seen.offsets

    async def _ask(self, question: Question, is_listed: bool) -> Inspection | None:
        """None when the object is not there, whatever a list said."""
        key = question.manifest.key
        if question.depth == "quick":
            return Inspection() if is_listed or await self._store.head(key) is not None else None
        body = await self._store.get(key)
        if body is None:
            return None
        return await self._run(inspect, question, body)

    async def _redacted_since(self, place: Place, question: Question) -> Question | None:
        """What is to be asked instead, where a redaction has taken the object away since the names were listed."""
        manifest = question.manifest
        try:
            now = await standing(self._store, place, manifest.start, manifest.end)
        except ValueError:  # a manifest that is none: a finding of its own
            return None
        if now.revision <= split_revision(manifest.key)[1]:
            return None
        erased = {each for redaction in now.redactions for each in redaction.ids}
        return structs.replace(question, manifest=now.manifest, erased=tuple(sorted(erased)))

    async def _run(self, work: Callable[..., Inspection], *arguments: object) -> Inspection:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)

    async def _leftovers(self, partition: Partition, keys: Iterable[str]) -> None:
        """Objects that stand for no range. One whose manifest has come since the names were listed is none of them."""
        place, killed = partition.place, self._options.killed
        for key in sorted(keys):
            if await self._store.head(manifest_key_of(place, key)) is not None:
                continue
            partition.leftovers.append(key)
            problems: tuple[tuple[str, str], ...] = (("leftover", "no manifest names it"),)
            body = await self._store.get(key) if killed else None
            if body is not None:
                problems += (await self._run(search, likely_form(place.topic, key), killed, body)).problems
            name = object_name(key)
            self._report.findings += (found(rule, place, name.start, name.end, what, key) for rule, what in problems)


def _absence(manifest: Manifest, compacted: str | None) -> tuple[str, str]:
    if compacted is None:
        return "missing", f"{manifest.count} records"
    return "digest", f"it was compacted with SHA-256 {compacted}, its manifest says {manifest.sha256}"
