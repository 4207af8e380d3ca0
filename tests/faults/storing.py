"""The object sinks of a worker over topics of their own, without the rest of the worker: what they commit, store and show."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from pipeline import kafka
from pipeline.config import Config
from pipeline.metrics import Metrics
from pipeline.sinks.service import ObjectsSink
from pipeline.sinks.stores import open_store
from pipeline.topic_ids import topic_ids
from pipeline.topics import BY_NAME, full_name, sink_name
from tests.sinks.records import Rec
from tests.sinks.tiling import check_tiling

WAIT_S = 30.0


class Storing:
    """The sinks of a worker over topics of their own, without the rest of the worker."""

    def __init__(self, config: Config, admin: AIOKafkaAdminClient) -> None:
        self.config = replace(config, objects=replace(config.objects, age_s=0.3))
        self.admin, self.metrics = admin, Metrics()

    def name(self, topic: str) -> str:
        return full_name(self.config.kafka.prefix, topic)

    async def create(self, *topics: str, partitions: int = 1) -> None:
        await self.admin.create_topics(
            [NewTopic(self.name(topic), partitions, 1, topic_configs=BY_NAME[topic].settings()) for topic in topics]
        )
        while len(await topic_ids(self.config.kafka.bootstrap, map(self.name, topics))) < len(topics):
            await asyncio.sleep(0.05)

    async def send(self, topic: str, records: Sequence[Rec], partition: int = 0) -> None:
        producer = AIOKafkaProducer(**kafka.connection(self.config.kafka), max_request_size=32 << 20)
        await producer.start()
        try:
            for record in records:
                headers = [(name, value) for name, value in record.headers if value is not None]
                await producer.send_and_wait(self.name(topic), record.value, key=record.key, partition=partition, headers=headers)
        finally:
            await producer.stop()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ObjectsSink]:
        service = ObjectsSink(self.config, self.metrics)
        await service.start()
        try:
            yield service
        finally:
            await service.quiesce()
            await service.stop()

    async def committed(self, topic: str) -> dict[int, tuple[int, str]]:
        async with kafka.admin(self.config.kafka) as client:
            found = await kafka.group_offsets(client, f"{self.config.kafka.app}-{sink_name(topic)}")
        return {tp.partition: (position.offset, position.metadata) for tp, position in found.items()}

    async def until_stored(self, topic: str, end: int, partition: int = 0) -> None:
        async with asyncio.timeout(WAIT_S):
            while (await self.committed(topic)).get(partition, (0, ""))[0] < end:
                await asyncio.sleep(0.05)

    async def check(self, topic: str) -> Counter[str]:
        """The invariants; gives what was rejected."""
        offsets = {partition: offset for partition, (offset, _) in (await self.committed(topic)).items()}
        report = await check_tiling(open_store(self.config.objects.store), self.config.objects.prefix, self.name(topic), offsets)
        assert report.problems == []
        return report.rejected

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"newswire_sink_{name}", labels) or 0.0
