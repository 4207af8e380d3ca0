"""Runs one hop against the real broker, in this process: an intake with its agent loop, without the Faust worker around it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaProducer

from pipeline import kafka, provision
from pipeline.config import Config
from pipeline.directory import Directory
from pipeline.hop import Hop, Message
from pipeline.intake import Intake
from pipeline.lane import Wiring
from pipeline.metrics import Metrics
from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, Reject, Stage, Verdict
from pipeline.state import KeyedState, MemoryStore, Store, store_opener
from pipeline.topics import full_name
from tests.fakes import Channel


def first_of_its_key(record: tuple[bytes, bytes], state: KeyedState, now: str) -> Verdict:
    """Emits the first record of each key with its number in the order of arrival, drops repeats, rejects b"bad"."""
    key, value = record
    if value == b"bad":
        return Reject(Reason.NO_CONTENT, "the value says bad")
    if key.rjust(8) in state:
        return Drop(Reason.REPEAT)
    return Emit((key, value), writes=((key.rjust(8), value),))


FIRST = Stage(name="dedup", function=first_of_its_key, version="1", stateful=True)
HOP = Hop(
    name="ingest",
    source="raw",
    stages=(FIRST,),
    decode=lambda key, value, headers: (key, value),
    now_of=lambda record: "2026-01-01T00:00:00Z",
    encode=lambda record: [Message("normalized", *record)],
)


def memory_stores(stage: str, partition: int) -> Store:
    """For lanes that must not touch another lane's files."""
    return MemoryStore()


async def wiring(config: Config, worker: str) -> Wiring:
    """What topology.py gives a hop's lanes."""
    directory = Directory(config)
    await directory.on_start()
    return Wiring(
        name="ingest",
        kafka=config.kafka,
        changelogs={"dedup": "state.dedup"},
        partitions=directory.partitions,
        identities=directory.identities,
        open_store=store_opener(config.state.store, Path(config.state.folder) / worker),
        transaction_timeout_s=config.hops.transaction_timeout_s,
        metrics=Metrics().lane("ingest"),
    )


@asynccontextmanager
async def running(config: Config, worker: str = "w0", hop: Hop = HOP) -> AsyncIterator[Intake]:
    """One worker's intake, running until the block ends."""
    channel = Channel()
    intake = Intake(hop, config, await wiring(config, worker), channel)
    agents = [asyncio.create_task(intake.run_batches(channel)) for _ in range(config.hops.concurrency)]
    await intake.start()
    try:
        yield intake
    finally:
        await intake.stop()
        for agent in agents:
            agent.cancel()
        await asyncio.gather(*agents, return_exceptions=True)


async def prepare(config: Config) -> None:
    """Topics as the table says."""
    await provision.apply(config)


async def produce(config: Config, topic: str, rows: Iterable[tuple[bytes, bytes]]) -> None:
    """Writes rows by key and waits for the acks."""
    producer = AIOKafkaProducer(**kafka.connection(config.kafka), acks="all", linger_ms=5)
    await producer.start()
    try:
        name = full_name(config.kafka.prefix, topic)
        count = len(await producer.partitions_for(name))
        futures = [await producer.send(name, v, key=k, partition=kafka.partition_of(k, count)) for k, v in rows]
        await asyncio.gather(*futures)
    finally:
        await producer.stop()


async def until_caught_up(config: Config, groups: Sequence[str], timeout_s: float = 60) -> None:
    """Waits until each "group:topic" has nothing left to read."""
    pairs = {f"{config.kafka.app}-{g}": full_name(config.kafka.prefix, t) for g, t in (word.split(":") for word in groups)}
    async with asyncio.timeout(timeout_s):
        while any(lag.records for lag in await kafka.lags(config.kafka, pairs)):
            await asyncio.sleep(0)
