"""The poller: a hop without input. Whoever is assigned a partition of the catalogue polls its feeds.

Promise: the fetched document, its new items and the feed's next state are one transaction; polls that end within 100 ms share it.
A lane's catalogue partition is read from its start whenever it is assigned; a zombie poller is fenced like any zombie.
"""

import asyncio
import heapq
import random
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import faust
import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from pipeline import codec, kafka
from pipeline.config import Config
from pipeline.formats import WIRES, detect
from pipeline.formats.split import Split, split
from pipeline.hop import Bundle
from pipeline.intake import REBALANCE_S, Lanes
from pipeline.lane import Lane, Retired, Wiring
from pipeline.ledger import Account
from pipeline.metrics import Metrics
from pipeline.poll.decide import Decision, Poll, decide, digest, rfc3339
from pipeline.poll.fetch import Fetcher
from pipeline.poll.outcome import Fetched, FetchFailed
from pipeline.poll.slice import Cut, Refusal, cut
from pipeline.records import Command, FeedSpec, FeedState

log = structlog.get_logger()

STAGE = "poll"
TICK_S = 0.05  # how precisely polls start
GATHER_S = 0.1  # polls that end within this time share a transaction
CLOSE_S = 8.0
CUT_INLINE_BYTES_MAX = 1 << 20  # 1 MiB takes about 15 ms, as long as the event loop may be held


class FeedLane:
    """One catalogue partition: its feeds, when each is due, and the polls waiting for their transaction."""

    def __init__(self, poller: "Poller", tp: TopicPartition) -> None:
        self.poller, self.tp = poller, tp
        self.lane = Lane(poller.wiring, tp)
        self.feeds: dict[str, FeedSpec] = {}
        self.done: asyncio.Queue[Poll | Command] = asyncio.Queue()
        self.is_caught_up = False
        self._due: list[tuple[float, str]] = []
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._task = asyncio.create_task(self._run())

    def state(self, feed: str) -> FeedState:
        """The feed's committed state."""
        value = self.lane.states[STAGE].get(feed.encode())
        return codec.decode(value, FeedState) if value else FeedState()

    def update(self, feed: str, spec: FeedSpec | None) -> None:
        """The catalogue says: this is the feed now (None: gone)."""
        if spec is None:
            self.feeds.pop(feed, None)
        else:
            self.feeds[feed] = spec
            heapq.heappush(self._due, (0.0, feed))  # looked at soon; `_start_due` knows when it is really due

    def is_idle(self) -> bool:
        """Nothing fetched that is not committed."""
        return not self._in_flight and self.done.empty()

    async def close(self) -> None:
        """Gives up what is not committed: its validators are not saved, so nothing is lost."""
        self._task.cancel()
        for task in list(self._in_flight.values()):
            task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.lane.close()

    async def _run(self) -> None:
        try:
            await self.lane.open()
            while not self.lane.is_closed:
                if self.is_caught_up and not self.poller.is_quiet:
                    self._start_due(time.time())
                if self.done.empty():
                    await asyncio.sleep(TICK_S)
                    continue
                await asyncio.sleep(0 if self.poller.is_quiet else GATHER_S)
                await self._settle([self.done.get_nowait() for _ in range(self.done.qsize())])
        except Retired:
            if self.lane.is_fenced:
                self.poller.replace(self)
        except Exception as error:
            log.error("feed_lane_failed", partition=self.tp.partition, cause=repr(error))
            self.poller.replace(self)

    def _start_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now and len(self._in_flight) < self.poller.config.poll.in_flight_max:
            _, feed = heapq.heappop(self._due)
            spec = self.feeds.get(feed)
            if spec is None or feed in self._in_flight:
                continue
            state = self.state(feed)
            if is_paused(spec, state):
                continue
            if state.next_poll_at > now:
                heapq.heappush(self._due, (state.next_poll_at, feed))
            else:
                self._in_flight[feed] = asyncio.create_task(self._fetch(spec, state))

    async def _fetch(self, spec: FeedSpec, state: FeedState) -> None:
        at = max(time.time(), state.polled_at + 0.001)
        try:
            result = await self.poller.fetcher.get(
                spec.url,
                etag=state.etag or None,
                last_modified=state.last_modified or None,
                now=at,
                ports=spec.ports,
                user_agent=spec.user_agent or self.poller.config.poll.user_agent,
            )
            document, found = await _taken_apart(result, state, at)
            self.done.put_nowait(Poll(spec.id, at, result, random.random(), document, found))
        except Exception as error:
            log.error("poll_failed", feed=spec.id, cause=repr(error))
            self._again(spec.id, at + self.poller.config.poll.interval_s)
        except asyncio.CancelledError:
            self._in_flight.pop(spec.id, None)

    async def _settle(self, finished: list[Poll | Command]) -> None:
        await self.lane.settle(partial(self._work, finished))
        for each in finished:
            if isinstance(each, Poll):
                self._again(each.feed, self.state(each.feed).next_poll_at)
            else:
                self._again(each.feed, 0.0)

    def _again(self, feed: str, at: float) -> None:
        self._in_flight.pop(feed, None)
        heapq.heappush(self._due, (at, feed))

    async def _work(self, finished: Sequence[Poll | Command], lane: Lane) -> Bundle | None:
        """The transaction of these polls, as far as the state does not hold them already (a commit whose answer got lost)."""
        bundle = Bundle()
        for each in finished:
            spec, state = self.feeds.get(each.feed), self.state(each.feed)
            if isinstance(each, Command):
                after = obeyed(each, state)
            elif spec is None or state.polled_at >= each.at:
                continue
            else:
                poll = self.poller.config.poll
                decision = decide(spec, state, each, max(spec.interval_s or poll.interval_s, 0.1))
                bundle.messages.extend(decision.messages)
                bundle.ledger.account(STAGE).add(decision.account)
                bundle.ledger.account("fetch").add(_documents(decision))
                self.poller.metrics.fetches.labels(decision.outcome).inc()
                after = decision.state
                await asyncio.sleep(0)
            lane.states[STAGE].stage((each.feed.encode(), codec.encode(after)))
        return bundle if lane.states[STAGE].pending else None


def _documents(decision: Decision) -> Account:
    """The account of changed bodies: each is kept, whatever becomes of its items."""
    count = sum(message.topic == "documents" for message in decision.messages)
    return Account(received=count, emitted=count)


async def _taken_apart(result: Fetched | FetchFailed, state: FeedState, at: float) -> tuple[str, Cut | Split | Refusal | None]:
    """The body's digest, and the body's items if the digest is new; those of a large one in a thread, off the event loop."""
    if isinstance(result, FetchFailed) or result.body is None:
        return "", None
    document = digest(result.body)
    if document == state.document:
        return document, None
    if len(result.body) < CUT_INLINE_BYTES_MAX:
        return document, items(result.body, result.charset, at)
    return document, await asyncio.to_thread(items, result.body, result.charset, at)


def items(body: bytes, charset: str | None, at: float) -> Cut | Split | Refusal:
    """A wire's document is split, everything else is cut as a feed, or refused as none."""
    format_ = detect(body, "")
    if format_ in WIRES:
        return Split(format=format_, items=split(body, format_, rfc3339(at)), charset=charset or "")
    return cut(body, charset=charset)


def is_paused(spec: FeedSpec, state: FeedState) -> bool:
    """The operator's word, else the catalogue's."""
    return spec.is_paused if state.paused is None else state.paused


def obeyed(order: Command, state: FeedState) -> FeedState:
    """The feed's state after a command."""
    if order.verb == "poll-now":
        return msgspec.structs.replace(state, next_poll_at=0.0)
    return msgspec.structs.replace(state, paused=order.verb == "pause")


class Poller(faust.Service):
    """Polls the feeds of the catalogue partitions that this worker is assigned."""

    def __init__(self, config: Config, wiring: Wiring, metrics: Metrics, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config, self.wiring, self.metrics = config, wiring, metrics
        self.fetcher = Fetcher(allow=config.poll.allow)
        self.lanes: dict[TopicPartition, FeedLane] = {}
        self.is_quiet = False
        self.consumer: AIOKafkaConsumer | None = None

    async def on_start(self) -> None:
        """Joins the group of pollers."""
        await self.fetcher.__aenter__()
        self.consumer = AIOKafkaConsumer(
            **kafka.connection(self.config.kafka),
            group_id=self.wiring.group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(self.config.kafka.session_timeout_s * 1000),
            heartbeat_interval_ms=1500,
            rebalance_timeout_ms=int(REBALANCE_S * 1000),
        )
        self.consumer.subscribe(topics=[self.wiring.topic("feeds")], listener=Lanes(self))
        await self.consumer.start()

    async def quiesce(self) -> None:
        """Starts no more polls and waits until those under way are committed."""
        self.is_quiet = True
        deadline = time.monotonic() + CLOSE_S
        while time.monotonic() < deadline and not all(lane.is_idle() for lane in self.lanes.values()):
            await asyncio.sleep(TICK_S)

    async def on_stop(self) -> None:
        """Leaves the group."""
        await self.quiesce()
        if self.consumer is not None:
            await self.consumer.stop()
        await self.close_lanes(list(self.lanes))
        await self.fetcher.__aexit__(None, None, None)

    @faust.Service.task
    async def follow_catalogue(self) -> None:
        """Reads the assigned catalogue partitions and tells each lane what its feeds are."""
        assert self.consumer is not None
        while not self.should_stop:
            try:
                fetched = await self.consumer.getmany(timeout_ms=200)
                for tp, records in fetched.items():
                    if tp in self.lanes:
                        for record in records:
                            spec = codec.decode(record.value, FeedSpec) if record.value is not None else None
                            self.lanes[tp].update(record.key.decode(), spec)
                await self._note_caught_up()
            except (IllegalStateError, KafkaError, codec.Undecodable) as error:
                log.warning("catalogue_read_failed", cause=repr(error))
                await self.sleep(0.2)

    async def _note_caught_up(self) -> None:
        """A lane polls only once it has read its whole catalogue partition: an older spec must not be polled first."""
        assert self.consumer is not None
        behind = [tp for tp, lane in self.lanes.items() if not lane.is_caught_up]
        if behind:
            ends = await self.consumer.end_offsets(behind)
            for tp in behind:
                if tp in self.lanes and await self.consumer.position(tp) >= ends[tp]:
                    self.lanes[tp].is_caught_up = True
        self.metrics.feeds.labels("assigned").set(sum(len(lane.feeds) for lane in self.lanes.values()))

    def obey(self, order: Command) -> None:
        """Takes a command if the feed is one of ours."""
        for lane in self.lanes.values():
            if order.feed in lane.feeds:
                lane.done.put_nowait(order)

    def open_lanes(self, partitions: Sequence[TopicPartition]) -> None:
        """Makes a lane for each new catalogue partition and reads the partition from its start."""
        assert self.consumer is not None
        for tp in partitions:
            self.lanes[tp] = FeedLane(self, tp)
            self.consumer.seek(tp, 0)
        self.wiring.metrics.lanes.set(len(self.lanes))
        log.info("partitions_assigned", hop=STAGE, partitions=sorted(tp.partition for tp in partitions))

    async def close_lanes(self, partitions: Sequence[TopicPartition]) -> None:
        """Closes the lanes of partitions that go away."""
        lanes = [self.lanes.pop(tp) for tp in partitions if tp in self.lanes]
        self.wiring.metrics.lanes.set(len(self.lanes))
        await asyncio.gather(*(_close(lane) for lane in lanes))

    def replace(self, failed: FeedLane) -> None:
        """Fenced although still assigned, or failed: begin again from the committed state."""
        self.add_future(self._reopen(failed))

    async def _reopen(self, failed: FeedLane) -> None:
        await _close(failed)
        if self.lanes.get(failed.tp) is failed and not self.should_stop:
            self.open_lanes([failed.tp])


async def _close(lane: FeedLane) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await lane.close()
    except TimeoutError:
        log.warning("lane_abandoned", hop=STAGE, partition=lane.tp.partition)  # its successor fences it
