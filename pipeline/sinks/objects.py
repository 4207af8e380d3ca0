"""An object sink: reads one topic and seals it into an object store, each record in exactly one segment.

A consumer group of its own; a *lane* per assigned partition. A lane reads into its buffer until a trigger fires, then a
task seals the buffer (`seal.py` is the protocol) while the partition is paused and the loop keeps polling, so that slow
stores never cost the membership. On revoke the buffer is dropped: the next owner reads it again, or finishes the range
that was decided. Offsets are committed through `offsets.py` and in no other way.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError, UnknownTopicOrPartitionError

from pipeline.sinks.forms import EVENTS, Form
from pipeline.sinks.lane import Lane, LaneReport, LaneState, Memory
from pipeline.sinks.offsets import GroupOffsets
from pipeline.sinks.seal import RETRY_FIRST_S, RETRY_S_MAX, DeadLetter, Fenced, Halt, Sealer, Tools
from pipeline.sinks.segment import Limits, Place, should_seal
from pipeline.sinks.stores import Store, StoreError
from pipeline.topic_ids import topic_ids

POLL_MS = 200  # how late a trigger by age may fire
FETCH_BYTES = 8 << 20  # one fetch of all partitions, compressed
REQUEST_MS_MAX = 10_000  # a commit that takes longer is sent again
METADATA_MS_MAX = 5_000  # how long a topic's deletion or new partitions may go unnoticed
FETCH_WAIT_MS = 100  # a partition that reads on after a seal waits for the fetch of the idle ones on the same broker
CLOSE_S_MAX = 5.0  # leaving the group politely; a dead broker must not hold up a shutdown
STOP_S = 20.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSettings:
    """Which topic goes where, in which form. `security` are more arguments of every aiokafka client (`security_protocol`, …)."""

    bootstrap: str
    group: str
    topic: str
    form: Form = EVENTS
    prefix: str = ""
    limits: Limits = field(default_factory=Limits)
    session_timeout_ms: int = 6_000
    heartbeat_interval_ms: int = 1_500
    retry_s_max: float = RETRY_S_MAX
    security: Mapping[str, Any] = field(default_factory=dict)


class ObjectSink:
    """`run` in a task until `stop`. `counts`: sealed, records, bytes, verified, retries, refused, gaps, halted, fenced,
    sessions_lost; `seals` by trigger. `memory` is shared with other sinks; without one, all of the limit is this sink's.

    `dead` receives each record that the form cannot hold; it is awaited, and repeated on errors, before the offset moves on,
    so a dead letter topic that is down halts the partition. `at` is told each step of the protocol (crash tests).
    """

    def __init__(
        self,
        settings: ObjectSettings,
        store: Store,
        dead: DeadLetter,
        at: Callable[[str], None] = lambda point: None,
        memory: Memory | None = None,
    ) -> None:
        self.settings = settings
        self.counts, self.seals = Counter[str](), Counter[str]()
        self.lanes: dict[int, Lane] = {}
        self._memory = memory or Memory(settings.limits.memory_bytes_max)
        self._memory.share(self.lanes)
        self._tools = Tools(
            store=store,
            dead=dead,
            writer=f"newswire {version('newswire')}",
            form=settings.form,
            transient=(StoreError, OSError, KafkaError),
            at=at,
            retry_s_max=settings.retry_s_max,
            counts=self.counts,
            seals=self.seals,
        )
        self._is_draining = False
        self._stopping, self._stopped = asyncio.Event(), asyncio.Event()
        self._stopped.set()
        self._stop_s = STOP_S

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Consumes until `stop`. Lost sessions (broker gone, group error) are opened again with back-off."""
        delay_s = RETRY_FIRST_S
        self._stopped.clear()
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                try:
                    await self._session()
                except (KafkaError, OSError) as error:
                    self.counts["sessions_lost"] += 1
                    log.error("objects.session_lost", error=f"{type(error).__name__}: {error}", delay_s=delay_s)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._stopping.wait(), delay_s)
                is_stable = time.monotonic() - began > self.settings.retry_s_max
                delay_s = RETRY_FIRST_S if is_stable else min(delay_s * 2, self.settings.retry_s_max)
        finally:
            self._stopped.set()

    async def stop(self, deadline_s: float = STOP_S) -> None:
        """Seals what is buffered (trigger `shutdown`) as far as the deadline allows, leaves the group, ends `run`.

        Final: a stopped sink does not run again. Returns late by a few seconds at most, even if the broker hangs.
        """
        self._stop_s = deadline_s
        self._stopping.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), deadline_s + CLOSE_S_MAX + 1)

    def seal_now(self) -> None:
        """Seals everything buffered, and from now on whatever comes as soon as the partition is caught up (drain)."""
        self._is_draining = True
        for lane in self.lanes.values():
            lane.is_forced = True

    def hurry(self, ends: Sequence[int]) -> None:
        """Seals what lies below these offsets (by partition) as soon as it is read. What is sealed already is left alone."""
        for partition, end in enumerate(ends):
            if (lane := self.lanes.get(partition)) is not None:
                lane.wanted_to = max(lane.wanted_to, end)

    @property
    def is_settled(self) -> bool:
        """True while every assigned partition is caught up and sealed to its end."""
        return bool(self.lanes) and all(
            lane.state == "open" and lane.buffer.span == 0 and self._is_caught_up(lane) for lane in self.lanes.values()
        )

    @property
    def stopped_because(self) -> str:
        """Why a person must act: the store refuses us, or contradicts the protocol. "" while all is well."""
        halted = (lane.detail for lane in self.lanes.values() if lane.state == "halted")
        return next(iter(self._tools.refusals.values()), "") or next(halted, "")

    def report(self) -> dict[int, LaneReport]:
        """The assigned partitions."""
        return {partition: lane.report() for partition, lane in sorted(self.lanes.items())}

    async def _session(self) -> None:
        """One membership of the group, from joining to leaving."""
        settings = self.settings
        connection = {"bootstrap_servers": settings.bootstrap, **settings.security}
        self._client = AIOKafkaClient(**connection | {"request_timeout_ms": REQUEST_MS_MAX})
        self._offsets = GroupOffsets(self._client, settings.group)
        self._consumer = AIOKafkaConsumer(
            **connection | {"request_timeout_ms": 3 * settings.session_timeout_ms},  # a rebalance holds the join
            group_id=settings.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            rebalance_timeout_ms=2 * settings.session_timeout_ms,
            metadata_max_age_ms=METADATA_MS_MAX,
            fetch_max_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        self._is_leaving = False
        tasks: list[asyncio.Task[Any]] = []
        try:
            await self._client.bootstrap()
            self._client.set_topics([settings.topic])
            await self._consumer.start()
            self._consumer.subscribe([settings.topic], listener=_Assignments(self))
            tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._stopping.wait())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                tasks[0].result()
            tasks[0].cancel()
            await self._seal_rest()
        finally:
            for task in tasks:
                task.cancel()
            await self._close()

    async def _seal_rest(self) -> None:
        for lane in self.lanes.values():
            if lane.is_reading and lane.redo is None and lane.buffer.span:
                self._begin(lane, "sealing", self._seal(lane, "shutdown"))
        unfinished = [lane.task for lane in self.lanes.values() if lane.state == "sealing" and lane.task]
        try:
            async with asyncio.timeout(self._stop_s):
                await asyncio.gather(*unfinished)
        except TimeoutError:  # the decided ranges are finished by the next owner, the others read again
            log.warning("objects.stopped_late", partitions=len(unfinished), deadline_s=self._stop_s)

    async def _close(self) -> None:
        self._is_leaving = True  # a rebalance under way may still assign partitions
        await self._drop_lanes()
        try:
            async with asyncio.timeout(CLOSE_S_MAX):
                await self._consumer.stop()
        except (KafkaError, OSError) as error:
            log.warning("objects.left_roughly", error=f"{type(error).__name__}: {error}")
            await self._cut_off()
        await self._client.close()

    async def _cut_off(self) -> None:
        """Ends a consumer that did not stop in time: its heartbeats would hold partitions that nobody reads."""
        if self._consumer._coordinator is not None:
            await self._consumer._coordinator._stop_heartbeat_task()
            await self._consumer._coordinator._stop_commit_offsets_refresh_task()
        if self._consumer._fetcher is not None:
            await self._consumer._fetcher.close()
        await self._consumer._client.close()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _poll(self) -> None:
        while True:
            try:
                fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=self.settings.form.batch_max)
            except OffsetOutOfRangeError as error:
                self._out_of_range(error.args[0])
                continue
            except NoOffsetForPartitionError:  # recovery, which decides where to start, is still at work
                await asyncio.sleep(POLL_MS / 1000)
                continue
            now = time.monotonic()
            for lane in tuple(self.lanes.values()):
                if lane.is_reading:  # then its position is known, and no await below gives way to a rebalance
                    lane.take(fetched.get(lane.tp, ()), await self._consumer.position(lane.tp), now, self.settings.limits)
                    self._settle(lane, now)
                elif lane.task is not None and lane.task.done():
                    lane.task.result()  # an error that nobody foresaw ends the session
            self._relieve()

    def _settle(self, lane: Lane, now: float) -> None:
        if lane.redo is not None:
            if lane.buffer.next > lane.redo:
                self._begin(lane, "sealing", self._seal(lane, None))
            return
        why = should_seal(lane.facts(self._is_draining, self._is_caught_up(lane)), now, self.settings.limits)
        if why is not None:
            self._begin(lane, "sealing", self._seal(lane, why))

    def _relieve(self) -> None:
        """Keeps all buffers within the memory budget: the largest partition waits; at the limit all do, and it is sealed."""
        waiting, full = self._memory.relieve()
        for lane in self.lanes.values():
            if not lane.is_reading or lane.redo is not None:
                continue
            if lane.tp == full:
                self._begin(lane, "sealing", self._seal(lane, "memory"))
            elif lane.tp in waiting:
                self._consumer.pause(lane.tp)
            else:
                self._consumer.resume(lane.tp)

    def _is_caught_up(self, lane: Lane) -> bool:
        end = self._consumer.last_stable_offset(lane.tp)
        return end is not None and lane.buffer.next >= end

    def _out_of_range(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Retention passed us, or the topic is another one: seal what was read, then let recovery find out."""
        for tp, offset in offsets.items():
            lane = self.lanes.get(tp.partition)
            if lane is None or not lane.is_reading:
                continue
            lane.strikes += 1
            log.error("objects.out_of_range", topic=tp.topic, partition=tp.partition, offset=offset, strikes=lane.strikes)
            if lane.redo is None and lane.buffer.span:
                self._begin(lane, "sealing", self._seal(lane, "out_of_range"))
            else:
                self._begin(lane, "recovering", self._recover(lane))

    # ── lanes ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def open_lanes(self, assigned: Iterable[TopicPartition]) -> None:
        """After a rebalance. Returns at once, because aiokafka sends no heartbeat meanwhile."""
        if self._is_leaving:
            return
        membership = (self._consumer._coordinator.generation, self._consumer._coordinator.member_id)
        for tp in assigned:
            lane = self.lanes[tp.partition] = Lane(tp, membership)
            lane.is_forced = self._is_draining
            self._begin(lane, "recovering", self._recover(lane))

    async def _drop_lanes(self) -> None:
        """Before a rebalance: buffers go, and nothing of this generation is under way when it returns."""
        tasks = [lane.task for lane in self.lanes.values() if lane.task is not None]
        self.lanes.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, lane: Lane, state: LaneState, work: Coroutine[Any, Any, None]) -> None:
        self._consumer.pause(lane.tp)
        self._consumer.seek(lane.tp, lane.buffer.next)  # lets go of what was fetched beyond; it would hold up the others
        lane.state = state
        lane.task = asyncio.create_task(self._guard(lane, work))

    async def _guard(self, lane: Lane, work: Coroutine[Any, Any, None]) -> None:
        """Runs the work; the lane reads on after it, or ends as fenced (the rebalance follows) or halted (a person must)."""
        try:
            await work
        except Fenced as error:
            lane.state, lane.detail = "fenced", str(error)
            lane.let_go()
            self.counts["fenced"] += 1
            log.warning("objects.fenced", topic=lane.tp.topic, partition=lane.tp.partition, error=lane.detail)
        except Halt as error:
            lane.state, lane.detail = "halted", str(error)
            lane.let_go()
            self.counts["halted"] += 1
            log.critical("objects.halted", topic=lane.tp.topic, partition=lane.tp.partition, error=lane.detail)
        else:
            lane.state, lane.is_forced = "open", False
            lane.buffer = lane.sealer.new_buffer()
            self._consumer.seek(lane.tp, lane.buffer.next)
            self._consumer.resume(lane.tp)

    async def _seal(self, lane: Lane, why: str | None) -> None:
        """Seals the buffer; None: it was decided before. What was read under another topic id is not sealed at all."""
        if await self._tools.persist(self._topic_id, "topic_id") != lane.sealer.place.topic_id:
            log.warning("objects.topic_recreated", topic=lane.tp.topic, partition=lane.tp.partition)
            await self._recover(lane)
        elif why is None:
            await lane.sealer.finish(lane.buffer)
        else:
            await lane.sealer.seal(lane.buffer, why)

    async def _recover(self, lane: Lane) -> None:
        if lane.strikes > 1:
            await asyncio.sleep(min(RETRY_FIRST_S * 2**lane.strikes, self.settings.retry_s_max))
        persist = self._tools.persist
        topic_id = await persist(self._topic_id, "topic_id")
        committed = await persist(lambda: self._offsets.committed(lane.tp), "committed")
        log_start = await persist(lambda: self._consumer.beginning_offsets([lane.tp]), "log_start")
        place = Place(self.settings.prefix, lane.tp.topic, topic_id, lane.tp.partition)
        lane.sealer = Sealer(place, self._tools, partial(self._offsets.commit, lane.tp, lane.membership))
        await lane.sealer.recover(committed, log_start[lane.tp])

    async def _topic_id(self) -> str:
        ids = await topic_ids(self._client, [self.settings.topic])
        if self.settings.topic not in ids:
            raise UnknownTopicOrPartitionError(self.settings.topic)
        return ids[self.settings.topic]


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, sink: ObjectSink) -> None:
        self._sink = sink

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._sink._drop_lanes()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._sink.open_lanes(assigned)
