"""How one partition's ranges get into the store exactly once. Knows stores and commits, not Kafka.

1. Decide: commit the range's start with an intent (its end) in the metadata. The commit is fenced by the consumer group,
   so only the owner decides; a crash from here on is finished by whoever owns the partition next, with the same range.
2. Write the object, create-only, and read it back, whatever the store answered: a server may store half of it, or pass over
   the condition. What lies there must have our digest; then we wrote it, or somebody did (we, before a crash or a lost
   answer) who wrote the same. Any other content stops the partition; nothing is ever overwritten.
3. Hand rejected records to the dead letters. A crash before step 5 repeats this: they carry their offset, so that a
   reader can tell.
4. Write the manifest the same way. Readers trust manifests only.
5. Done: commit end + 1 without an intent.

Every step is repeated until it succeeds; an outage of the store or the broker stops offsets and drops nothing.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from pipeline import codec
from pipeline.reasons import Reason
from pipeline.sinks.buffer import Buffer, read_back
from pipeline.sinks.forms import EVENTS, BadSegment, Form, pack, unpack
from pipeline.sinks.line import Record
from pipeline.sinks.manifests import manifests_from, read_manifest
from pipeline.sinks.progress import GAPS, Intent, Progress, parse_metadata
from pipeline.sinks.segment import BadManifest, BadName, Manifest, Place, parse_manifest
from pipeline.sinks.stores import Put, Store, StoreError, StoreRefused, read_written

T = TypeVar("T")

Commit = Callable[[int, str], Awaitable[None]]  # (offset, metadata); raises Fenced when the partition is not ours any more
DeadLetter = Callable[[Record, Reason, str], Awaitable[None]]  # durable when it returns

RETRY_FIRST_S = 0.1
RETRY_S_MAX = 30.0

log = structlog.get_logger()


class Fenced(Exception):
    """Another member of the group owns the partition now."""


class Halt(Exception):
    """The store contradicts the protocol: going on would lose or double records. A person has to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What all partitions of a sink share. `at` is told each step, for crash tests; `transient` are errors worth repeating."""

    store: Store
    dead: DeadLetter
    writer: str
    form: Form = EVENTS
    transient: tuple[type[Exception], ...] = (StoreError, OSError)
    at: Callable[[str], None] = lambda point: None
    retry_s_max: float = RETRY_S_MAX
    counts: Counter[str] = field(default_factory=Counter)
    seals: Counter[str] = field(default_factory=Counter)
    refusals: dict[str, str] = field(default_factory=dict)

    async def persist(self, step: Callable[[], Awaitable[T]], name: str) -> T:
        """The step's result, however often it takes: capped, jittered back-off. Other errors pass.

        A refusal waits as long as can be, and stands in `refusals` until the step succeeds: a person has to act.
        """
        delay_s = min(RETRY_FIRST_S, self.retry_s_max)
        while True:
            try:
                result = await step()
                self.refusals.pop(name, None)
                return result
            except StoreRefused as error:
                self.counts["refused"] += 1
                self.refusals[name], delay_s = str(error), self.retry_s_max
                log.error("objects.refused", step=name, delay_s=delay_s, error=str(error))
            except self.transient as error:
                self.counts["retries"] += 1
                log.warning("objects.retry", step=name, delay_s=delay_s, error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(delay_s * random.uniform(0.5, 1))
            delay_s = min(delay_s * 2, self.retry_s_max)


class Sealer:
    """One partition during one assignment. After `recover`, `start` is where the next range begins.

    If `redo` is set then, the range [start, redo] is decided already: read it, and only it, and call `finish`.
    """

    def __init__(self, place: Place, tools: Tools, commit: Commit) -> None:
        self.place, self._tools, self._commit = place, tools, commit
        self.start = 0
        self.read_from = 0
        self.progress = Progress(topic_id=place.topic_id)

    @property
    def redo(self) -> int | None:
        """The last offset of a decided range, None when nothing is decided."""
        return self.progress.intent.end if self.progress.intent else None

    def new_buffer(self) -> Buffer:
        """An empty buffer at `start` (after what the log has lost of a decided range)."""
        buffer = Buffer(self.place.topic, self.place.partition, self.start, self._tools.form)
        buffer.skip_to(self.read_from)
        return buffer

    # ── the ordinary way ─────────────────────────────────────────────────────────────────────────────────────────────

    async def seal(self, buffer: Buffer, why: str) -> None:
        """Decides on the buffer's range and seals it."""
        await self._decide(Intent(end=buffer.next - 1, why=why, at=buffer.first_timestamp))
        await self.finish(buffer)

    async def finish(self, buffer: Buffer) -> None:
        """Seals the decided range, which the buffer holds exactly."""
        intent = self.progress.intent
        assert intent is not None
        assert (buffer.start, buffer.next) == (self.start, intent.end + 1), "the buffer is not the decided range"
        if intent.at is not None:
            buffer.first_timestamp = intent.at
        body, sha256 = await asyncio.to_thread(pack, buffer.content, buffer.form)
        lost_to = self.read_from - 1 if self.read_from > self.start else None
        manifest = buffer.manifest(self.place, sha256, intent.why, self._tools.writer, lost_to)
        if manifest.key:
            await self._tools.persist(lambda: self._put_data(manifest, body), "put")
        self._tools.at("after_put")
        for reject in buffer.rejects:
            await self._tools.persist(lambda r=reject: self._tools.dead(r.record, r.reason, r.detail), "dead")  # type: ignore[misc]
        await self._conclude(manifest)

    async def _decide(self, intent: Intent) -> None:
        self._tools.at("before_intent")
        decided = self.progress.decided(intent)
        await self._tools.persist(lambda: self._commit(self.start, decided.to_metadata()), "commit")
        self.progress = decided
        self._tools.at("after_intent")

    async def _put_data(self, manifest: Manifest, body: bytes) -> None:
        if await self._tools.store.put_new(manifest.key, body) is Put.EXISTS:
            self._tools.counts["verified"] += 1
        found = await read_written(self._tools.store, manifest.key)
        if found == body:
            return
        try:
            _, sha256 = await asyncio.to_thread(unpack, found, self._tools.form)
        except BadSegment as error:
            raise Halt(f"{manifest.key} exists and is damaged: {error}") from error
        if sha256 != manifest.sha256:
            raise Halt(f"{manifest.key} exists with content of SHA-256 {sha256}, ours have {manifest.sha256}")

    async def _conclude(self, manifest: Manifest) -> None:
        await self._tools.persist(lambda: self._put_manifest(manifest), "manifest")
        self._tools.at("after_manifest")
        sealed = self.progress.sealed(manifest)
        await self._tools.persist(lambda: self._commit(manifest.next_offset, sealed.to_metadata()), "commit")
        self._advance(manifest)
        self._tools.counts.update(sealed=1, records=manifest.count, bytes=manifest.bytes)
        self._tools.seals[manifest.why] += 1
        log.info(
            "objects.sealed",
            **_facts(self.place),
            start=manifest.start,
            end=manifest.end,
            count=manifest.count,
            why=manifest.why,
        )
        self._tools.at("after_commit")

    async def _put_manifest(self, manifest: Manifest) -> None:
        key, body = self.place.manifest_key(manifest.start, manifest.end), codec.encode(manifest)
        await self._tools.store.put_new(key, body)
        found = await read_written(self._tools.store, key)
        if found == body:
            return
        try:
            agrees = parse_manifest(key, found).agrees_with(manifest)
        except BadManifest as error:
            raise Halt(f"a damaged manifest exists: {error}") from error
        if not agrees:
            raise Halt(f"{key} exists and says something else of this range")

    def _advance(self, manifest: Manifest) -> None:
        self.progress = self.progress.sealed(manifest)
        self.start = self.read_from = manifest.next_offset

    # ── recovery ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def recover(self, committed: tuple[int, str] | None, log_start: int) -> None:
        """Finds `start` from the committed (offset, metadata), the store, and the first offset that the log still has.

        Raises `Halt` if the store lacks what the offset promises, or holds ranges that do not follow each other.
        """
        offset, progress = committed[0] if committed else 0, parse_metadata(committed[1]) if committed else None
        if progress is not None and progress.topic_id != self.place.topic_id:  # offsets of a topic that was deleted since
            offset, progress = 0, None
        try:
            if progress is None:
                await self._follow_store()
            else:
                self.start, self.progress = offset, progress
                await self._tools.persist(self._check_tail, "tail")
                await self._follow_store()
        except (BadManifest, BadName) as error:
            raise Halt(str(error)) from error
        self.read_from = self.start
        intent = self.progress.intent
        if intent is not None and intent.why in GAPS:
            await self._conclude(self._gap(intent))
        elif intent is not None and log_start > self.start:
            await self._recover_from_loss(intent, log_start)
        if self.redo is None and max(log_start, offset) > self.start:
            await self._skip(offset, log_start)

    async def _check_tail(self) -> None:
        """The manifest that ends just before the committed offset must be there."""
        if self.start == 0:
            return
        if self.progress.tail is None:
            raise Halt(f"offset {self.start} is committed without naming the range before it")
        await read_manifest(self._tools.store, self.place.manifest_key(self.progress.tail, self.start - 1))

    async def _follow_store(self) -> None:
        """Ranges sealed at or after the committed offset: a crash before the last commit, or an offset that was set back."""
        found = await self._tools.persist(lambda: manifests_from(self._tools.store, self.place, self.start), "list")
        for manifest in found:
            if manifest.start != self.start:
                raise Halt(f"the store has a range from {manifest.start}, but none from {self.start}")
            intent = self.progress.intent
            if intent is not None and intent.end != manifest.end:
                log.warning("objects.intent_overtaken", **_facts(self.place), intended=intent.end, stored=manifest.end)
            self._advance(manifest)
        if found:
            await self._tools.persist(lambda: self._commit(self.start, self.progress.to_metadata()), "commit")

    async def _skip(self, offset: int, log_start: int) -> None:
        """A range that will not be read: the log lost it, or somebody else's commit (a reset by hand) jumps over it."""
        why = "skipped" if offset > log_start else "gap" if self.start or offset else "before_start"
        await self._decide(Intent(end=max(offset, log_start) - 1, why=why))
        assert self.progress.intent is not None
        await self._conclude(self._gap(self.progress.intent))

    def _gap(self, intent: Intent) -> Manifest:
        self._alarm("objects.gap", intent.end, intent.why)
        return Manifest(
            kind="gap",
            topic=self.place.topic,
            topic_id=self.place.topic_id,
            partition=self.place.partition,
            start=self.start,
            end=intent.end,
            next_offset=intent.end + 1,
            why=intent.why,
            writer=self._tools.writer,
        )

    async def _recover_from_loss(self, intent: Intent, log_start: int) -> None:
        """A decided range of which retention took the beginning, or all. It is finished under its own name nevertheless."""
        if intent.at is not None:
            key = self.place.data_key(self.start, intent.end, intent.at, self._tools.form.name)
            body = await self._tools.persist(lambda: self._tools.store.get(key), "get")
            if body is not None:
                await self._conclude(await asyncio.to_thread(self._describe, key, body, intent))
                return
        self._alarm("objects.lost", min(intent.end, log_start - 1), intent.why)
        if log_start > intent.end:
            await self._conclude(self._gap(intent))
        else:
            self.read_from = log_start

    def _describe(self, key: str, body: bytes, intent: Intent) -> Manifest:
        """The manifest of an object that stands already."""
        try:
            content, sha256 = unpack(body, self._tools.form)
            buffer = read_back(self.place.topic, self.place.partition, self.start, content, self._tools.form)
            buffer.skip_to(intent.end + 1)
        except (BadSegment, AssertionError) as error:
            raise Halt(f"{key} exists and is damaged: {error}") from error
        buffer.first_timestamp = intent.at
        return buffer.manifest(self.place, sha256, intent.why, self._tools.writer)

    def _alarm(self, event: str, end: int, why: str) -> None:
        self._tools.counts["gaps"] += 1
        say = log.warning if why == "before_start" else log.error
        say(event, **_facts(self.place), start=self.start, end=end, why=why)


def _facts(place: Place) -> dict[str, object]:
    return {"topic": place.topic, "partition": place.partition}
