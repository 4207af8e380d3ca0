"""What everybody needs from Kafka and nobody should write twice: connection arguments, group offsets, lag, bounded reads.

No stage logic and no loops over live streams here (`intake.py` has those).
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NodeNotReadyError,
    NoError,
    NotCoordinatorForGroupError,
    for_code,
)
from aiokafka.partitioner import murmur2
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Schema, TaggedFields
from aiokafka.structs import OffsetAndMetadata
from msgspec import Struct

from pipeline.config import Kafka
from pipeline.topic_ids import topic_ids

log = structlog.get_logger()

COORDINATOR_S = 10.0  # loading a group's offsets after a restart takes a moment
COORDINATOR_MOVES = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)
REQUEST_S = 10.0  # a local broker answers in ms; a cluster under election within a few seconds
RETRY_S = 1.0
FAILURES = (KafkaError, OSError)  # what a request to a broker may raise
NoGroups = GroupCoordinatorNotAvailableError  # what a cluster that never had a consumer group says when asked for one's offsets


class Unreachable(RuntimeError):
    """No broker answers; the message names the address and the cure."""


class Lag(Struct, frozen=True):
    """How far a group is behind on one partition: `records` in offsets, `seconds` = age of the oldest unprocessed one."""

    group: str
    topic: str
    partition: int
    committed: int
    end: int
    records: int
    seconds: float


def connection(kafka: Kafka) -> dict[str, Any]:
    """Keyword arguments that every aiokafka client of ours takes."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap,
        "security_protocol": kafka.security_protocol,
        "request_timeout_ms": int(REQUEST_S * 1000),
    }
    if kafka.security_protocol.endswith("SSL"):
        arguments["ssl_context"] = ssl.create_default_context(cafile=kafka.ssl_cafile or None)
    if kafka.security_protocol.startswith("SASL"):
        arguments |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password,
        }
    return arguments


def partition_of(key: bytes | None, partitions: int) -> int:
    """Kafka's own default partitioner (murmur2), so that other clients agree; no key goes to partition 0."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions if key else 0


@asynccontextmanager
async def admin(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client for a few requests; raises `Unreachable` when no broker answers."""
    client = AIOKafkaAdminClient(**connection(kafka))
    try:
        await client.start()
    except (KafkaError, OSError) as error:
        await client.close()
        raise Unreachable(
            f"no Kafka answers at {kafka.bootstrap} ({error}); start one with `newswire broker up` or set kafka.bootstrap"
        ) from error
    try:
        yield client
    finally:
        await client.close()


async def awaited(kafka: Kafka, within_s: float) -> None:
    """Returns once a broker answers; raises `Unreachable` when none has by then. A service often starts before its Kafka."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            async with admin(kafka):
                return
        except Unreachable as error:
            if time.monotonic() >= deadline:
                raise
            log.warning("waiting_for_kafka", bootstrap=kafka.bootstrap, cause=str(error.__cause__))
        await asyncio.sleep(RETRY_S)


async def group_offsets(
    client: AIOKafkaAdminClient, group: str, partitions: Sequence[TopicPartition] | None = None
) -> dict[TopicPartition, OffsetAndMetadata]:
    """Committed offsets with their metadata; partitions never committed are left out.

    A coordinator that is still loading is asked again for a while, then its error raised: aiokafka's own
    `list_consumer_group_offsets` passes over the error code, so that a restarting broker looks like a group that never committed.
    """
    deadline = time.monotonic() + COORDINATOR_S
    while True:
        try:
            return await _group_offsets(client, group, partitions)
        except COORDINATOR_MOVES:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


async def _group_offsets(
    client: AIOKafkaAdminClient, group: str, partitions: Sequence[TopicPartition] | None
) -> dict[TopicPartition, OffsetAndMetadata]:
    wanted: dict[str, list[int]] = {}
    for topic, partition in partitions or ():
        wanted.setdefault(topic, []).append(partition)
    node = await client.find_coordinator(group)
    request = OffsetFetchRequest(group, list(wanted.items()) if partitions is not None else None)
    response = await client._send_request(request, node)
    _raise_for(response.error_code)
    found = {}
    for topic, rows in response.topics:
        for partition, offset, metadata, error_code in rows:
            _raise_for(error_code)
            if offset >= 0:
                found[TopicPartition(topic, partition)] = OffsetAndMetadata(offset, metadata)
    return found


def _raise_for(error_code: int) -> None:
    error = for_code(error_code)
    if error is not NoError:
        raise error()


async def partition_counts(client: AIOKafkaAdminClient, topics: Iterable[str] | None = None) -> dict[str, int]:
    """How many partitions each existing topic has."""
    wanted = None if topics is None else set(topics)
    described = await client.describe_topics()
    return {t["topic"]: len(t["partitions"]) for t in described if wanted is None or t["topic"] in wanted}


@asynccontextmanager
async def reader(kafka: Kafka, **over: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer outside every group that sees committed records only."""
    settings: dict[str, Any] = {
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "max_partition_fetch_bytes": 4 << 20,
    }
    consumer = AIOKafkaConsumer(**connection(kafka), **(settings | over))
    try:
        await consumer.start()
    except (KafkaError, OSError) as error:
        await consumer.stop()
        raise Unreachable(f"no Kafka answers at {kafka.bootstrap} ({error})") from error
    try:
        yield consumer
    finally:
        await consumer.stop()


async def read_range(
    consumer: AIOKafkaConsumer, starts: Mapping[TopicPartition, int | None], ends: Mapping[TopicPartition, int]
) -> AsyncIterator[list[ConsumerRecord]]:
    """Batches of committed records of each partition from its start (None: the earliest) up to its end, then stops.

    Ends are last stable offsets, so transaction markers and aborted records are passed over without waiting. The consumer
    must be assigned the partitions, once: aiokafka can hang on a second assignment while the first is looking for its offsets.
    """
    earliest = [tp for tp, start in starts.items() if start is None]
    if earliest:  # all at once: one by one, each waits behind the long poll (500 ms) of those before it
        await consumer.seek_to_beginning(*earliest)
    for tp, start in starts.items():
        if start is not None:
            consumer.seek(tp, start)
    open_ = set(starts)
    while open_:
        for tp in [tp for tp in open_ if await consumer.position(tp) >= ends.get(tp, 0)]:
            open_.discard(tp)
            consumer.pause(tp)
        if not open_:
            return
        for tp, records in (await consumer.getmany(*open_, timeout_ms=200)).items():
            within = [record for record in records if record.offset < ends[tp]]
            if within:
                yield within


async def read_topics(kafka: Kafka, topics: Iterable[str], **over: Any) -> AsyncIterator[ConsumerRecord]:
    """Every committed record now on `topics`, partition by partition as they come, then stops. Unknown topics are passed over."""
    async with admin(kafka) as client:
        counts = await partition_counts(client, topics)
    partitions = [TopicPartition(topic, p) for topic, count in counts.items() for p in range(count)]
    if not partitions:
        return
    async with reader(kafka, **over) as consumer:
        consumer.assign(partitions)  # first: end_offsets would wait 100 ms for the metadata of each topic, one by one
        ends = await consumer.end_offsets(partitions)
        async for records in read_range(consumer, dict.fromkeys(partitions), ends):
            for record in records:
                yield record


async def log_ranges(kafka: Kafka, topic: str) -> dict[int, tuple[int, int]]:
    """Partition to (first offset that the log still has, last stable offset); {} for a topic that does not exist."""
    async with admin(kafka) as client:
        count = (await partition_counts(client, [topic])).get(topic, 0)
    partitions = [TopicPartition(topic, p) for p in range(count)]
    if not partitions:
        return {}
    async with reader(kafka) as consumer:
        consumer.assign(partitions)
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    return {tp.partition: (begins[tp], ends[tp]) for tp in partitions}


async def read_offsets(kafka: Kafka, topic: str, spans: Mapping[int, tuple[int, int]]) -> dict[int, list[int]]:
    """The offsets of the committed records in [start, end) of each partition, in their order."""
    found: dict[int, list[int]] = {partition: [] for partition, (start, end) in spans.items() if start < end}
    starts = {TopicPartition(topic, partition): spans[partition][0] for partition in found}
    if not starts:
        return found
    async with reader(kafka) as consumer:
        consumer.assign(list(starts))
        async for records in read_range(consumer, starts, {tp: spans[tp.partition][1] for tp in starts}):
            found[records[0].partition] += (record.offset for record in records)
    return found


async def lags(kafka: Kafka, groups: Mapping[str, str]) -> list[Lag]:
    """Lag of each group ({group: topic}) per partition. Markers at the end do not count: a probe reads the next real record."""
    async with admin(kafka) as client:
        counts = await partition_counts(client, groups.values())
        committed = {group: await group_offsets(client, group) for group in groups}
    found: list[Lag] = []
    async with reader(kafka, max_partition_fetch_bytes=64 << 10) as consumer:
        for group, topic in groups.items():
            partitions = [TopicPartition(topic, p) for p in range(counts.get(topic, 0))]
            if not partitions:
                continue
            ends, begins = await consumer.end_offsets(partitions), await consumer.beginning_offsets(partitions)
            positions = {tp: max(committed[group][tp].offset if tp in committed[group] else 0, begins[tp]) for tp in partitions}
            oldest = await _oldest(consumer, positions, ends)
            for tp in partitions:
                behind = ends[tp] - positions[tp] if tp in oldest else 0
                age_s = max(0.0, time.time() - oldest[tp] / 1000) if tp in oldest else 0.0
                found.append(Lag(group, tp.topic, tp.partition, positions[tp], ends[tp], behind, age_s))
    return found


async def _oldest(
    consumer: AIOKafkaConsumer, positions: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Timestamp (ms) of the first record at or after each position; partitions with none before their end are left out."""
    open_ = {tp for tp, position in positions.items() if position < ends[tp]}
    oldest: dict[TopicPartition, int] = {}
    if not open_:
        return oldest
    consumer.assign(list(open_))
    for tp in open_:
        consumer.seek(tp, positions[tp])
    while open_:
        for tp, records in (await consumer.getmany(*open_, timeout_ms=100, max_records=len(open_))).items():
            oldest[tp] = records[0].timestamp
        for tp in [tp for tp in open_ if tp in oldest or await consumer.position(tp) >= ends[tp]]:
            open_.discard(tp)
            consumer.pause(tp)
    return oldest


# ── what a broker says of itself ─────────────────────────────────────────────────────────────────────────────────────


class Features(Struct, frozen=True):
    """A broker's ApiVersions: the highest `metadata.version` it knows and the one in force (0: it does not say), and its APIs."""

    metadata_known: int
    metadata_in_force: int
    api_versions: dict[int, int]


class ApiVersionsResponse_v3(Response):  # type: ignore[misc]  # aiokafka has no types
    """What the broker can do; its features are read."""

    API_KEY = 18
    API_VERSION = 3
    SCHEMA = Schema(
        ("error_code", Int16),
        ("api_keys", CompactArray(("api_key", Int16), ("min", Int16), ("max", Int16), ("tags", TaggedFields))),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class ApiVersionsRequest_v3(RequestStruct):  # type: ignore[misc]
    """Asks what the broker can do."""

    FLEXIBLE_VERSION = True
    API_KEY = 18
    API_VERSION = 3
    RESPONSE_TYPE = ApiVersionsResponse_v3
    SCHEMA = Schema(("software", CompactString("utf-8")), ("version", CompactString("utf-8")), ("tags", TaggedFields))

    def parse_response_header(self, read_buffer: BytesIO | bytes) -> Any:
        """The one API whose flexible answer has the old header (KIP-511)."""
        return ResponseHeader_v0.decode(read_buffer)


class ApiVersionsRequest(Request[ApiVersionsRequest_v3]):  # type: ignore[misc]
    """Features come with version 3 (KIP-584); aiokafka stops at 2."""

    API_KEY = 18

    def build(self, request_struct_class: type[Any]) -> Any:
        return request_struct_class("newswire", "0", {})


FEATURES = CompactArray(("name", CompactString("utf-8")), ("first", Int16), ("second", Int16), ("tags", TaggedFields))
LOG_APPEND_TIME = 1  # a record's timestamp type
SUPPORTED, FINALIZED = 0, 2  # tags of the answer; the first holds (min, max), the other (max, min)


@asynccontextmanager
async def plain_client(kafka: Kafka) -> AsyncIterator[AIOKafkaClient]:
    """A client for requests that aiokafka does not wrap; raises aiokafka's KafkaError."""
    client = AIOKafkaClient(**connection(kafka))
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()


async def features(kafka: Kafka) -> Features:
    """What one broker of the cluster says of its version. Kafka never tells its release; `metadata.version` comes nearest."""
    async with plain_client(kafka) as client:
        node = client.get_random_node()
        if node is None:
            raise NodeNotReadyError("no broker is known")
        answer = await client.send(node, ApiVersionsRequest())
    known, in_force = _levels(answer.tags.get(SUPPORTED)), _levels(answer.tags.get(FINALIZED))
    api_versions = {key: most for key, _, most, _ in answer.api_keys}
    return Features(known.get("metadata.version", 0), in_force.get("metadata.version", 0), api_versions)


def _levels(tag: bytes | None) -> dict[str, int]:
    """Feature name to its highest level."""
    rows = FEATURES.decode(BytesIO(tag)) if tag else []
    return {name: max(first, second) for name, first, second, _ in rows}


async def identities(kafka: Kafka, topics: Iterable[str]) -> dict[str, str]:
    """Topic name to topic id, as in the names of segments; topics that do not exist are left out."""
    async with plain_client(kafka) as client:
        return await topic_ids(client, topics)


async def append_time(kafka: Kafka, topic: str, key: bytes, value: bytes) -> float | None:
    """Writes one record and gives the broker's clock at its append (s), None when the topic keeps the producer's times."""
    producer = AIOKafkaProducer(**connection(kafka), acks="all")
    await producer.start()
    try:
        written = await producer.send_and_wait(topic, value, key=key)
    finally:
        await producer.stop()
    return written.timestamp / 1000 if written.timestamp_type == LOG_APPEND_TIME else None
