"""Which kills are in force: told within the window and not released since. The topic `newswire.retractions` is what knows it.

It keeps 90 days, it also tells of kills whose content was never stored, and it is there when the store is not; redactions in the
store only tell what was found. A worker reads its partitions again whenever they are assigned, some thousand records at most.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from msgspec import structs

from pipeline import kafka
from pipeline.article import Article
from pipeline.config import Kafka
from pipeline.sinks.kill import Target, targets_of
from pipeline.sinks.segment import moment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WATCHED_MAX = 20_000  # items and whole stories: 33 MB with the names they are found by; a wire kills some hundred a month

log = structlog.get_logger()


class Watch:
    """The kills that a worker has heard of. Hearing one again changes nothing; the order of hearing does not matter.

    A release lets go of the items that it names and of its story as a whole.
    """

    def __init__(self, window: timedelta) -> None:
        self._window = window
        self._kills: dict[str, set[Target]] = {}
        self._released: dict[str, datetime] = {}

    def hear(self, article: Article, told_at: int) -> None:
        """A message of the topic; `told_at` is the broker's time of it (ms)."""
        told, story = article.pipeline.retraction, article.pipeline.story
        for target in targets_of(article, told_at):
            self._kills.setdefault(target.uri, set()).add(target)
        if told is not None and told.kind == "release" and (story is None or story.state == "live"):
            at = moment(told.at) or EPOCH
            released = (*(item.uri for item in told.items), *told.stories)
            self._released |= {uri: max(at, self._released.get(uri, at)) for uri in released}

    def in_force(self, now: datetime) -> list[Target]:
        """The kills to look for, those of the longest watched items left out where there are too many; forgets what is over."""
        begins = now - self._window if self._window else EPOCH
        self._kills = {uri: kept for uri, targets in self._kills.items() if (kept := {t for t in targets if t.until >= begins})}
        self._released = {uri: at for uri, at in self._released.items() if at >= begins}
        if len(self._kills) > WATCHED_MAX:
            newest = sorted(self._kills, key=lambda uri: max(target.until for target in self._kills[uri]))[-WATCHED_MAX:]
            log.error("recall.unwatched", items=len(self._kills) - WATCHED_MAX, cure="lower recall.days")
            self._kills = {uri: self._kills[uri] for uri in newest}
        found = [self._sparing(t) for targets in self._kills.values() for t in targets if not self._is_released(t, t.uri)]
        return sorted(found, key=lambda target: (target.uri, target.mark, target.until))

    def _sparing(self, target: Target) -> Target:
        """Of a whole story without the items that were released by name."""
        if not target.is_story:
            return target
        return structs.replace(target, spared=frozenset(uri for uri in self._released if self._is_released(target, uri)))

    def _is_released(self, target: Target, uri: str) -> bool:
        released = self._released.get(uri)
        return released is not None and released >= (moment(target.mark.at) or target.until)


async def told_before(settings: Kafka, positions: Mapping[TopicPartition, int], since: datetime) -> AsyncIterator[ConsumerRecord]:
    """What stands below these positions of `newswire.retractions`, from an instant on (by the broker's clock)."""
    if not positions:
        return
    async with kafka.reader(settings) as consumer:
        consumer.assign(list(positions))
        found = await consumer.offsets_for_times(dict.fromkeys(positions, max(0, int(since.timestamp() * 1000))))
        starts = {tp: min(found[tp].offset if found.get(tp) else end, end) for tp, end in positions.items()}
        async for records in kafka.read_range(consumer, starts, positions):
            for record in records:
                yield record
