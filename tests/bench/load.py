"""Into Kafka at full speed or at a pace, and a tap at the other end: when did how many records become visible?"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from pipeline import codec, kafka
from pipeline.config import Config
from pipeline.records import RawItem
from tests.bench.ground import WORK_S_MAX, Process

Message = tuple[bytes, bytes, list[tuple[str, bytes]]]


def raw_messages(items: Iterable[RawItem]) -> list[Message]:
    """Items as the poller writes them."""
    return [(item.key.encode(), item.value, codec.raw_headers(item)) for item in items]


@asynccontextmanager
async def producer(config: Config) -> AsyncIterator[AIOKafkaProducer]:
    """A plain one: at rest it sends at once."""
    client = AIOKafkaProducer(**kafka.connection(config.kafka), acks="all", compression_type="zstd", max_batch_size=512 << 10)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def publish(config: Config, topic: str, messages: Sequence[Message], to: int | None = None) -> None:
    """All at once, by whole batches, to one partition or to those of the keys; the order of each key is kept."""
    async with producer(config) as client:
        count = len(await client.partitions_for(topic))
        batches, sent = {}, []
        for key, value, headers in messages:
            partition = kafka.partition_of(key, count) if to is None else to
            batch = batches.get(partition) or batches.setdefault(partition, client.create_batch())
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                batch.close()
                sent.append(await client.send_batch(batch, topic, partition=partition))
                batch = batches[partition] = client.create_batch()
                batch.append(key=key, value=value, timestamp=None, headers=headers)
        for partition, batch in batches.items():
            batch.close()
            sent.append(await client.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*sent)


async def drip(config: Config, topic: str, messages: Sequence[Message], per_s: float) -> list[float]:
    """One after the other at an even pace; gives the moment (monotonic) each was handed to the producer."""
    moments: list[float] = []
    async with producer(config) as client:
        count = len(await client.partitions_for(topic))
        began = time.monotonic()
        for number, (key, value, headers) in enumerate(messages):
            await asyncio.sleep(max(0.0, began + number / per_s - time.monotonic()))
            moments.append(time.monotonic())
            await client.send(topic, value, key=key, partition=kafka.partition_of(key, count), headers=headers)
    return moments


class Tap:
    """Counts what a reader of committed records sees; `name_of` gives the name under which each one's moment is noted."""

    def __init__(self, consumer: AIOKafkaConsumer, name_of: Callable[[ConsumerRecord], bytes]) -> None:
        self._consumer, self._name_of = consumer, name_of
        self.count = 0
        self.last_at = 0.0
        self.seen_at: dict[bytes, float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for records in (await self._consumer.getmany(timeout_ms=500)).values():
                self.last_at = time.monotonic()
                self.count += len(records)
                self.seen_at.update((self._name_of(record), self.last_at) for record in records)

    async def reach(self, count: int, process: Process) -> float:
        """Waits for that many in all; the moment (monotonic) the last one became visible."""
        give_up_at = time.monotonic() + WORK_S_MAX
        while self.count < count:
            process.check()
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"{self.count:,} of {count:,} records after {WORK_S_MAX:.0f} s; see {process.log}")
            await asyncio.sleep(0.01)
        return self.last_at


@asynccontextmanager
async def tap(config: Config, topic: str, name_of: Callable[[ConsumerRecord], bytes]) -> AsyncIterator[Tap]:
    """A tap on the topic from its start."""
    async with kafka.admin(config.kafka) as client:
        partitions = (await kafka.partition_counts(client, [topic]))[topic]
    async with kafka.reader(config.kafka) as consumer:
        consumer.assign([TopicPartition(topic, partition) for partition in range(partitions)])
        found = Tap(consumer, name_of)
        running = asyncio.create_task(found.run())
        try:
            yield found
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
