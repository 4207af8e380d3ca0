"""When is everything that was written up to a moment in the store? Asks Kafka where topics end and where groups have come to.

Of a kill: `link` wrote the victims to `newswire.linked` before or with the retraction, and their raw items and documents stood on
their topics before that. So once `enrich` has passed where `newswire.linked` ended when the retraction was seen, and the sinks
have passed where their topics ended after that, nothing of the victims is on the way any more. Of raw items themselves the way is
longer: what becomes of them is known when every hop from `newswire.raw` on has passed where its topic ended.
"""

from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition

from pipeline import kafka
from pipeline.config import Config, Kafka
from pipeline.topics import full_name, sink_name

Ends = Mapping[TopicPartition, int]
Way = Sequence[tuple[str, str, str]]  # the topic a hop reads, the hop, the topic it writes: each begins where the one before ends

FROM_RAW: Way = (("raw", "ingest", "normalized"), ("normalized", "link", "linked"), ("linked", "enrich", "enriched"))
FROM_LINKED: Way = FROM_RAW[-1:]


class Barrier:
    """One moment's. `is_enriched` and `is_passed` turn true once and stay so; `stored` is what the sinks have yet to pass."""

    def __init__(self, config: Config, way: Way, ends: Ends, stored: Mapping[str, Ends]) -> None:
        self._config, self._way, self._ends, self.stored = config, list(way), ends, dict(stored)
        self.is_passed = False

    @classmethod
    async def now(cls, config: Config, way: Way = FROM_LINKED) -> "Barrier":
        """Raises `kafka.Unreachable` and aiokafka's errors, as all here do."""
        ends = await written_ends(config.kafka, way[0][0])
        return cls(config, way, ends, {topic: await written_ends(config.kafka, topic) for topic in config.objects.topics})

    @property
    def is_enriched(self) -> bool:
        """Whether all hops have passed it: what is not stored yet stands on the topics that are stored."""
        return not self._way

    async def look(self) -> bool:
        """Whether it is passed now."""
        settings = self._config.kafka
        while self._way:
            _, hop, result = self._way[0]
            if not await has_passed(settings, f"{settings.app}-{hop}", self._ends):
                return False
            self._ends = await written_ends(settings, result)
            if result in self.stored:
                self.stored[result] = self._ends
            del self._way[0]
        while self.stored:
            topic = next(iter(self.stored))
            if not await has_passed(settings, f"{settings.app}-{sink_name(topic)}", self.stored[topic]):
                return False
            del self.stored[topic]
        self.is_passed = True
        return True

    def outstanding(self) -> dict[str, tuple[int, ...]]:
        """By stored topic and partition, up to where the sinks must come; nothing before all hops have passed."""
        if not self.is_enriched:
            return {}
        return {topic: tuple(end for _, end in sorted(ends.items())) for topic, ends in self.stored.items()}


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
