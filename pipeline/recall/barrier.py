"""When is everything that was known at a kill in the store? Asks Kafka where topics end and where groups have come to.

`link` wrote the victims to `newswire.linked` before or with the retraction, and their raw items and documents stood on their
topics before that. So once `enrich` has passed where `newswire.linked` ended when the retraction was seen, and the sinks have
passed where their topics ended after that, nothing of the victims is on the way any more.
"""

from collections.abc import Mapping

from aiokafka import TopicPartition

from pipeline import kafka
from pipeline.config import Config, Kafka
from pipeline.topics import full_name, sink_name

SOURCE, HOP, RESULT = "linked", "enrich", "enriched"

Ends = Mapping[TopicPartition, int]


class Barrier:
    """One moment's. `is_enriched` and `is_passed` turn true once and stay so."""

    def __init__(self, config: Config, linked: Ends, stored: Mapping[str, Ends]) -> None:
        self._config, self._linked, self._stored = config, linked, dict(stored)
        self.is_enriched = self.is_passed = False

    @classmethod
    async def now(cls, config: Config) -> "Barrier":
        """Raises `kafka.Unreachable` and aiokafka's errors, as all here do."""
        linked = await written_ends(config.kafka, SOURCE)
        return cls(config, linked, {topic: await written_ends(config.kafka, topic) for topic in config.objects.topics})

    async def look(self) -> bool:
        """Whether it is passed now."""
        settings = self._config.kafka
        if not self.is_enriched and await has_passed(settings, f"{settings.app}-{HOP}", self._linked):
            if RESULT in self._stored:
                self._stored[RESULT] = await written_ends(settings, RESULT)
            self.is_enriched = True
        while self.is_enriched and self._stored:
            topic = next(iter(self._stored))
            if not await has_passed(settings, f"{settings.app}-{sink_name(topic)}", self._stored[topic]):
                return False
            del self._stored[topic]
        self.is_passed = self.is_enriched
        return self.is_passed


async def written_ends(settings: Kafka, topic: str) -> Ends:
    """Where each partition of a topic (short name) ends now, open transactions included; {} where it does not exist."""
    name = full_name(settings.prefix, topic)
    async with kafka.admin(settings) as client:
        count = (await kafka.partition_counts(client, [name])).get(name, 0)
    partitions = [TopicPartition(name, number) for number in range(count)]
    if not partitions:
        return {}
    async with kafka.reader(settings, isolation_level="read_uncommitted") as consumer:
        consumer.assign(partitions)
        ends: Ends = await consumer.end_offsets(partitions)
        return ends


async def has_passed(settings: Kafka, group: str, ends: Ends) -> bool:
    """Whether the group has committed every record below these ends. Markers count for nothing; open transactions are awaited."""
    async with kafka.admin(settings) as client:
        try:
            committed = await kafka.group_offsets(client, group)
        except kafka.NoGroups:
            committed = {}
    positions = {tp: committed[tp].offset if tp in committed else 0 for tp in ends}
    behind = {tp: position for tp, position in positions.items() if position < ends[tp]}
    if not behind:
        return True
    async with kafka.reader(settings, max_partition_fetch_bytes=64 << 10) as consumer:
        consumer.assign(list(behind))
        begins = await consumer.beginning_offsets(list(behind))
        starts = {tp: max(position, begins[tp]) for tp, position in behind.items()}
        async for _ in kafka.read_range(consumer, starts, ends):
            return False
    return True
