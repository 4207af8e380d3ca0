"""One topic of the broker with its producer and the sinks that read it, for the tests of the object sink."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError

from pipeline import codec
from pipeline.reasons import Reason
from pipeline.sinks.forms import DOCUMENTS, EVENTS, Form
from pipeline.sinks.lane import Memory
from pipeline.sinks.line import Record
from pipeline.sinks.manifests import stored_count
from pipeline.sinks.objects import ObjectSettings, ObjectSink
from pipeline.sinks.progress import parse_metadata
from pipeline.sinks.segment import Limits
from pipeline.sinks.stores import Store
from pipeline.topic_ids import topic_ids
from tests.sinks.records import document
from tests.sinks.tiling import Report, check_tiling, stored_records

QUICK = Limits(age_s=0.3)
WAIT_S = 30.0


class Crash(BaseException):
    """The process ends here."""


class Abandoned(ObjectSink):
    """A sink whose process is killed: connections drop, nothing is sealed, the group is not left."""

    async def _close(self) -> None:
        await self._drop_lanes()
        coordinator = self._consumer._coordinator
        coordinator.generation = -1  # so that no LeaveGroup goes out
        await self._consumer.stop()
        await self._client.close()


class Corner:
    """One topic of the broker, its producer, and the sinks that read it. Its records suit the form."""

    def __init__(self, bootstrap: str, topic: str, store: Store, admin: AIOKafkaAdminClient, form: Form = EVENTS) -> None:
        self.bootstrap, self.topic, self.store, self.admin = bootstrap, topic, store, admin
        self.dead: list[tuple[int, Reason]] = []
        self.headers = list(document(0).headers) if form is DOCUMENTS else []
        self.settings = ObjectSettings(
            bootstrap=bootstrap, group=f"{topic}-objects", topic=topic, form=form, prefix="news", limits=QUICK, retry_s_max=1.0
        )

    async def create(self, partitions: int = 1) -> None:
        await self.admin.create_topics(
            [NewTopic(self.topic, partitions, 1, topic_configs={"message.timestamp.type": "LogAppendTime"})]
        )
        while self.topic not in await topic_ids(self.bootstrap, [self.topic]):
            await asyncio.sleep(0.05)

    async def send(self, values: Iterable[bytes], partition: int = 0) -> None:
        async with producer(self.bootstrap) as to:
            sent = [await to.send(self.topic, value, partition=partition, headers=self.headers) for value in values]
            await asyncio.gather(*sent)

    def sink(
        self,
        kind: type[ObjectSink] = ObjectSink,
        at: Callable[[str], None] = lambda point: None,
        memory: Memory | None = None,
        **over: object,
    ) -> ObjectSink:
        async def dead(record: Record, reason: Reason, detail: str) -> None:
            self.dead.append((record.offset, reason))

        return kind(replace(self.settings, **over), self.store, dead, at, memory)  # type: ignore[arg-type]

    @asynccontextmanager
    async def running(self, sink: ObjectSink) -> AsyncIterator[ObjectSink]:
        run = asyncio.create_task(sink.run())
        try:
            yield sink
        finally:
            await sink.stop()
            await run

    async def committed(self) -> dict[int, tuple[int, str]]:
        while True:
            try:
                offsets = await self.admin.list_consumer_group_offsets(self.settings.group)
                break
            except GroupCoordinatorNotAvailableError:  # the broker's first group of all
                await asyncio.sleep(0.1)
        return {tp.partition: (found.offset, found.metadata) for tp, found in offsets.items() if tp.topic == self.topic}

    async def until_committed(self, **ends: int) -> None:
        """Waits until each partition (p0=…, p1=…) is sealed to this offset."""
        wanted = {int(name[1:]): end for name, end in ends.items()}
        async with asyncio.timeout(WAIT_S):
            while True:
                found = await self.committed()
                if all(partition in found and found[partition][0] >= end for partition, end in wanted.items()):
                    break
                await asyncio.sleep(0.05)

    async def check(self) -> Report:
        """Invariants, and the accounts in the metadata against the store's."""
        committed = await self.committed()
        ids = await topic_ids(self.bootstrap, [self.topic])
        offsets = {partition: offset for partition, (offset, _) in committed.items()}
        report = await check_tiling(self.store, "news", self.topic, offsets, ids[self.topic])
        assert report.problems == []
        accounts = [parse_metadata(metadata) for _, metadata in committed.values()]
        assert all(account is not None and account.intent is None for account in accounts)
        stored = await stored_count(self.store, "news", self.topic, ids[self.topic])
        assert sum(account.stored for account in accounts if account) == stored
        assert sum(sum(account.rejected.values()) for account in accounts if account) == report.rejected.total()
        return report

    async def recreate(self) -> None:
        """Deletes the topic and makes it again: empty, of one partition, with another id."""
        await self.admin.delete_topics([self.topic])
        while self.topic in await topic_ids(self.bootstrap, [self.topic]):
            await asyncio.sleep(0.05)
        await self.create()

    async def objects(self) -> dict[str, bytes | None]:
        """Everything in the store."""
        return {key: await self.store.get(key) async for key in self.store.list("")}

    async def values(self) -> list[int]:
        """The numbers of all stored events, in the order of the store."""
        return [codec.loads(record.value)["n"] for record in await stored_records(self.store, "news", self.topic) if record.value]


@asynccontextmanager
async def producer(bootstrap: str, transactional_id: str | None = None) -> AsyncIterator[AIOKafkaProducer]:
    to = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=transactional_id, compression_type="zstd")
    await to.start()
    try:
        yield to
    finally:
        await to.stop()


def events(numbers: range) -> list[bytes]:
    return [codec.dumps({"n": n}) for n in numbers]


async def real_id(corner: Corner) -> str:
    return (await topic_ids(corner.bootstrap, [corner.topic]))[corner.topic]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not is_so():
            await asyncio.sleep(0.02)
