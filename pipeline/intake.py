"""A hop's consumer group in a Faust worker: fetches batches per partition, and hands each to its lane through the hop's agent.

One batch of a partition is one event on the hop's Faust channel, so Faust's cost is paid per batch. A partition with a batch in
hand is not fetched from, the others go on. Lanes come with an assignment and go, after their batch in flight, with a revocation.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import faust
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from pipeline import kafka
from pipeline.config import Config
from pipeline.hop import Breaker, Bundle, Hop, drive
from pipeline.lane import Lane, Retired, StopWork, Wiring

log = structlog.get_logger()

FETCH_S = 0.2  # how long an idle fetch waits; a new record ends it at once
FETCH_BUSY_S = 0.02  # while other lanes work: how soon a lane that becomes idle is fetched for again
CLOSE_S = 8.0  # below the rebalance timeout; a lane that cannot end its transaction by then is left to be fenced
REBALANCE_S = 15.0


class BatchChannel(faust.Channel[Any]):
    """A Faust channel that keeps what is in it while Faust's own (control) group rebalances.

    Faust's channels share the app's flow control: each rebalance of the control topics suspends them, then *clears* their queues.
    A batch cleared away would never resolve, and its partition would stand still for ever.
    """

    @property
    def queue(self) -> ThrowableQueue[Any]:
        """The queue behind the channel, under a flow control of its own that nobody suspends."""
        if self._queue is None:
            self._queue = ThrowableQueue(maxsize=self.maxsize or 0, flow_control=FlowControlEvent(initially_suspended=False))
        return self._queue


class Batch:
    """Records of one partition from one fetch; `done` resolves when they are committed, given up, or the hop stops."""

    def __init__(self, lane: Lane, records: Sequence[ConsumerRecord]) -> None:
        self.lane, self.records = lane, records
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Intake(faust.Service):
    """One hop in one worker. `stopped_because` is set, and nothing more is taken in, once the dead-letter limit is reached."""

    def __init__(self, hop: Hop, config: Config, wiring: Wiring, batches: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hop, self.config, self.wiring = hop, config, wiring
        self.topic = wiring.topic(hop.source)
        self.lanes: dict[TopicPartition, Lane] = {}
        self.stopped_because = ""
        self._batches = batches
        self._busy: dict[TopicPartition, Batch] = {}
        self._quiet = False
        limits = config.dead_letters
        self._breaker = Breaker(share_max=limits.share_max, window=limits.window, run_max=limits.run_max)
        self.consumer: AIOKafkaConsumer | None = None

    async def on_start(self) -> None:
        """Joins the group."""
        self.consumer = AIOKafkaConsumer(
            **kafka.connection(self.config.kafka),
            group_id=self.wiring.group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=1 << 20,
            session_timeout_ms=int(self.config.kafka.session_timeout_s * 1000),
            heartbeat_interval_ms=1500,
            rebalance_timeout_ms=int(REBALANCE_S * 1000),
            max_poll_interval_ms=900_000,  # a lane may wait for its broker or restore its state for minutes; heartbeats go on
        )
        self.consumer.subscribe(topics=[self.topic], listener=Lanes(self))
        await self.consumer.start()

    async def quiesce(self) -> None:
        """Takes nothing more in and waits for the batches in hand: a clean stop leaves no transaction half done."""
        self._quiet = True
        pending = [batch.done for batch in self._busy.values()]
        if pending:
            await asyncio.wait(pending, timeout=CLOSE_S)

    async def on_stop(self) -> None:
        """Leaves the group, closing the lanes."""
        await self.quiesce()
        if self.consumer is not None:
            await self.consumer.stop()
        await self.close_lanes(list(self.lanes))

    @faust.Service.task
    async def pump(self) -> None:
        """Fetches for idle lanes and puts each list on the channel."""
        assert self.consumer is not None
        while not self.should_stop:
            idle = [tp for tp in self.lanes if tp not in self._busy]
            if self._quiet or self.stopped_because or not idle:
                await self._wait_for_a_lane()
                continue
            timeout_s = FETCH_BUSY_S if self._busy else FETCH_S
            try:
                fetched = await self.consumer.getmany(
                    *idle, timeout_ms=int(timeout_s * 1000), max_records=self.config.hops.records_max
                )
            except (IllegalStateError, KafkaError) as error:  # the assignment changed under the call, or the broker is away
                log.debug("fetch_failed", hop=self.hop.name, cause=repr(error))
                await self.sleep(FETCH_S)
                continue
            for tp, records in fetched.items():
                if tp in self.lanes and records:
                    batch = self._busy[tp] = Batch(self.lanes[tp], records)
                    batch.done.add_done_callback(partial(self._release, batch))
                    await self._batches.put(batch)

    async def _wait_for_a_lane(self) -> None:
        pending = [batch.done for batch in self._busy.values()]
        if pending:
            await asyncio.wait(pending, timeout=FETCH_S, return_when=asyncio.FIRST_COMPLETED)
        else:
            await self.sleep(FETCH_S / 4)

    def _release(self, batch: Batch, _done: object) -> None:
        if self._busy.get(batch.lane.tp) is batch:
            del self._busy[batch.lane.tp]

    async def run_batches(self, stream: Any) -> None:
        """The agent: takes a batch and runs its lane. Every batch resolves, whatever happens."""
        async for batch in stream:
            try:
                await self._run(batch)
            finally:
                if not batch.done.done():
                    batch.done.set_result(None)

    async def _run(self, batch: Batch) -> None:
        lane: Lane = batch.lane
        try:
            for part in _bounded(batch.records, self.config.hops.bytes_max):
                await lane.settle(partial(self._work, part))
        except StopWork as error:
            self._stop_taking_in(str(error))
        except Retired:
            if lane.is_fenced and self.lanes.get(lane.tp) is lane:
                await self._replace(lane)

    async def _work(self, records: Sequence[ConsumerRecord], lane: Lane) -> Bundle | None:
        fresh = [record for record in records if record.offset >= lane.floor]
        if not fresh:
            return None
        began = time.thread_time()
        bundle = await drive(self.hop, fresh, lane.states, self.config.hops.slice_s)
        self.wiring.metrics.compute_seconds.inc(time.thread_time() - began)
        reason = self._breaker.check(bundle.rejects)
        if reason:
            raise StopWork(reason)
        bundle.on_commit = lambda: self._breaker.accept(bundle.rejects)
        return bundle

    def _stop_taking_in(self, reason: str) -> None:
        self.stopped_because = reason
        self.wiring.metrics.stopped.set(1)
        log.error("hop_stopped", hop=self.hop.name, reason=reason,
                  cure="nothing is lost: mend the cause or raise the limit, then restart this worker")  # fmt: skip

    async def _replace(self, fenced: Lane) -> None:
        """Fenced although still assigned (a zombie came back to life): start again from the committed offset."""
        lane = self.lanes[fenced.tp] = Lane(self.wiring, fenced.tp)
        await fenced.close()
        try:
            await lane.open()
        except Retired:
            return
        assert self.consumer is not None
        if self.lanes.get(lane.tp) is lane and lane.tp in self.consumer.assignment():
            self.consumer.seek(lane.tp, lane.floor)

    async def close_lanes(self, partitions: Sequence[TopicPartition]) -> None:
        """Closes the lanes of partitions that go away, each after its transaction in flight."""
        lanes = [self.lanes.pop(tp) for tp in partitions if tp in self.lanes]
        self.wiring.metrics.lanes.set(len(self.lanes))
        await asyncio.gather(*(_close(lane) for lane in lanes))

    def open_lanes(self, partitions: Sequence[TopicPartition]) -> None:
        """Makes a lane for each new partition; it opens at its first batch."""
        self.lanes.update((tp, Lane(self.wiring, tp)) for tp in partitions)
        self.wiring.metrics.lanes.set(len(self.lanes))
        log.info("partitions_assigned", hop=self.hop.name, partitions=sorted(tp.partition for tp in partitions))


class Lanes(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells whoever owns lanes what the group decided."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Before the rebalance."""
        await self._owner.close_lanes(list(revoked))

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """After it."""
        self._owner.open_lanes(list(assigned))


async def _close(lane: Lane) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await lane.close()
    except TimeoutError:
        log.warning("lane_abandoned", hop=lane.wiring.name, partition=lane.tp.partition)  # its successor fences it


def _bounded(records: Sequence[ConsumerRecord], bytes_max: int) -> Iterator[list[ConsumerRecord]]:
    """Cuts a fetch into batches of at most `bytes_max` (one record at least)."""
    part: list[ConsumerRecord] = []
    size = 0
    for record in records:
        if part and size + len(record.value or b"") > bytes_max:
            yield part
            part, size = [], 0
        part.append(record)
        size += len(record.value or b"")
    if part:
        yield part
