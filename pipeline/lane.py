"""A lane: one owner of one input partition, and its transactions.

Promise (exactly once, design of the whole service): a batch's outputs, its changelog records, its accounts and its offset are one
Kafka transaction. Opening a lane fences any earlier owner through the transactional id, then reads the committed offset again:
records below that floor are skipped. State is applied after the commit. Any error that is not fencing drops the producer, reopens
(which aborts our own half-done transaction and shows whether it held) and runs the same records again. Nothing is ever skipped.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced
from aiokafka.structs import OffsetAndMetadata
from msgspec import Struct

from pipeline import codec, kafka
from pipeline.config import Kafka
from pipeline.hop import Bundle, Message
from pipeline.ledger import METADATA_BYTES_MAX, Ledger
from pipeline.metrics import LaneMetrics
from pipeline.state import KeyedState, StoreOpener
from pipeline.topics import full_name

log = structlog.get_logger()

BACKOFF_S, BACKOFF_S_MAX = 0.05, 5.0  # a leader election takes about a second; a dead broker is asked every few seconds
STOP_S = 5.0  # closing a producer whose broker is gone
BATCH_BYTES = 512 << 10  # one produce batch; larger single messages travel alone


class Retired(Exception):
    """This lane does not own its partition any more (fenced, revoked, or shutting down): the batch in hand is given up."""


class Wiring(Struct, frozen=True, kw_only=True):
    """What all lanes of one hop share. `changelogs`: stage → topic of its state; the rest by full topic name."""

    name: str
    kafka: Kafka
    changelogs: Mapping[str, str]
    partitions: Mapping[str, int]
    identities: Mapping[str, str]
    open_store: StoreOpener
    transaction_timeout_s: float
    metrics: LaneMetrics

    @property
    def group(self) -> str:
        """The hop's consumer group; its commits carry the accounts."""
        return f"{self.kafka.app}-{self.name}"

    def topic(self, name: str) -> str:
        """Full name of a topic of the table."""
        return full_name(self.kafka.prefix, name)


Work = Callable[["Lane"], Awaitable[Bundle | None]]  # builds the transaction from the lane's state; None: nothing left to do


class Lane:
    """Opens lazily at its first work. `floor` is the next input offset, `ledger` the accounts since the beginning of time."""

    def __init__(self, wiring: Wiring, tp: TopicPartition) -> None:
        self.wiring, self.tp = wiring, tp
        self.floor = 0
        self.ledger = Ledger()
        self.states: dict[str, KeyedState] = {}
        self.is_closed = False
        self.is_fenced = False
        self._producer: AIOKafkaProducer | None = None
        self._known: set[str] = set()
        self._busy = asyncio.Lock()

    # ── work ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def settle(self, work: Work) -> None:
        """Runs `work` and commits its bundle, as often as it takes. Raises `Retired` when the partition is not ours any more."""
        delay_s = BACKOFF_S
        async with self._busy:
            while not self.is_closed:
                try:
                    if self._producer is None:
                        await self._open()
                    bundle = await work(self)
                    if bundle is not None:
                        await self._transact(bundle)
                    return
                except ProducerFenced:
                    self.is_fenced = self.is_closed = True
                    self.wiring.metrics.fenced.inc()
                    log.warning("lane_fenced", hop=self.wiring.name, partition=self.tp.partition)
                except StopWork:
                    raise
                except Exception as error:
                    self.wiring.metrics.reopened.inc()
                    log.warning("lane_reopens", hop=self.wiring.name, partition=self.tp.partition, cause=repr(error)[:300])
                    await self._drop_producer()
                    await asyncio.sleep(delay_s * (0.5 + random.random() / 2))
                    delay_s = min(delay_s * 2, BACKOFF_S_MAX)
                finally:
                    for state in self.states.values():
                        state.discard()
            raise Retired

    async def open(self) -> None:
        """Opens now, retrying like any work: for lanes that must know their state before there is work."""
        await self.settle(_nothing)

    async def close(self) -> None:
        """Lets the transaction in flight end, then releases producer and stores."""
        self.is_closed = True
        async with self._busy:
            await self._drop_producer()
            self._close_states()

    # ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        began = time.monotonic()
        producer = AIOKafkaProducer(
            **kafka.connection(self.wiring.kafka),
            transactional_id=f"{self.wiring.group}-{self.tp.topic}-{self.tp.partition}",
            compression_type="zstd",
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=16 << 20,
            linger_ms=0,
            transaction_timeout_ms=int(self.wiring.transaction_timeout_s * 1000),
        )
        try:
            async with asyncio.timeout(self.wiring.transaction_timeout_s * 2):
                await producer.start()  # InitProducerId: fences, and aborts what an earlier owner left open
                await self._read_floor()
            await self._restore()  # as long as it takes: the log says how far it is
        except BaseException:
            await _stop(producer)
            raise
        self._producer, self._known = producer, set()
        seconds = round(time.monotonic() - began, 3)
        log.info("lane_open", hop=self.wiring.name, partition=self.tp.partition, floor=self.floor, seconds=seconds)

    async def _read_floor(self) -> None:
        async with kafka.admin(self.wiring.kafka) as client:
            position = (await kafka.group_offsets(client, self.wiring.group, [self.tp])).get(self.tp)
        self.floor = position.offset if position else 0
        self.ledger = Ledger.from_builtins(codec.loads(position.metadata)) if position and position.metadata else Ledger()

    async def _restore(self) -> None:
        if not self.wiring.changelogs:
            return
        async with kafka.reader(self.wiring.kafka) as consumer:
            for stage, topic in self.wiring.changelogs.items():
                changelog = TopicPartition(self.wiring.topic(topic), self.tp.partition)
                if stage not in self.states:
                    store = self.wiring.open_store(stage, self.tp.partition)
                    self.states[stage] = KeyedState(store, changelog, self.wiring.identities.get(changelog.topic, ""))
                await self.states[stage].restore(consumer)

    # ── one transaction ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _transact(self, bundle: Bundle) -> None:
        assert self._producer is not None
        began = time.monotonic()
        total = Ledger.total([self.ledger, bundle.ledger])
        metadata = codec.dumps(total.to_builtins())
        assert len(metadata) <= METADATA_BYTES_MAX, "the accounts outgrew the offset commit's metadata"
        following = self.floor if bundle.following is None else bundle.following
        async with asyncio.timeout(self.wiring.transaction_timeout_s):
            await self._producer.begin_transaction()
            changelog_ends = await self._send(bundle.messages)
            await self._producer.send_offsets_to_transaction(
                {self.tp: OffsetAndMetadata(following, metadata.decode())}, self.wiring.group
            )
            await self._producer.commit_transaction()
        self.floor, self.ledger = following, total
        for stage, state in self.states.items():
            if stage in changelog_ends:
                state.commit(changelog_ends[stage])
        bundle.on_commit()
        self.wiring.metrics.book(bundle.ledger, bundle.rules, time.monotonic() - began)

    async def _send(self, messages: Sequence[Message]) -> dict[str, int]:
        """Sends outputs and changelogs by whole batches; gives each written changelog's following offset."""
        outbox = Outbox(self)
        for message in messages:
            await outbox.add(self.wiring.topic(message.topic), None, message.key, message.value, message.headers)
        changelogs = {}
        for stage, state in self.states.items():
            for key, value in state.pending.items():
                await outbox.add(state.changelog.topic, state.changelog.partition, key, value, [])
                changelogs[(state.changelog.topic, state.changelog.partition)] = stage
        ends = await outbox.flush()
        return {stage: ends[place] for place, stage in changelogs.items()}

    async def producer_for(self, topic: str) -> AIOKafkaProducer:
        """The open producer, with the topic's metadata known to it."""
        assert self._producer is not None
        if topic not in self._known:
            await self._producer.partitions_for(topic)
            self._known.add(topic)
        return self._producer

    # ── closing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer)

    def _close_states(self) -> None:
        for state in self.states.values():
            state.close()
        self.states = {}


class StopWork(Exception):
    """Work refuses to go on although nothing is wrong with Kafka (the dead-letter limit); the message says why."""


class Outbox:
    """Messages of one transaction, gathered into produce batches per partition."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._open: dict[tuple[str, int], Any] = {}
        self._sent: list[tuple[tuple[str, int], int, Any]] = []

    async def add(
        self, topic: str, partition: int | None, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> None:
        """Appends; a full batch is sent and a new one begun."""
        if partition is None:
            partition = kafka.partition_of(key, self._lane.wiring.partitions[topic])
        place = (topic, partition)
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = (await self._lane.producer_for(topic)).create_batch()
        if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
            await self._send(place, batch)
            batch = self._open[place] = (await self._lane.producer_for(topic)).create_batch()
            appended = batch.append(key=key, value=value, timestamp=None, headers=headers)
            assert appended is not None, "an empty batch takes any message"

    async def flush(self) -> dict[tuple[str, int], int]:
        """Sends the rest and waits for all acks; gives the offset after the last record per place."""
        for place, batch in self._open.items():
            await self._send(place, batch)
        ends = {}
        for place, count, future in self._sent:
            ends[place] = (await future).offset + count
        return ends

    async def _send(self, place: tuple[str, int], batch: Any) -> None:
        batch.close()
        producer = await self._lane.producer_for(place[0])
        self._sent.append((place, batch.record_count(), await producer.send_batch(batch, place[0], partition=place[1])))


async def _nothing(_lane: Lane) -> None:
    return None


async def _stop(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(STOP_S):
            await producer.stop()
    except Exception as error:
        log.debug("producer_stop_failed", cause=repr(error))  # its successor's InitProducerId cleans up
