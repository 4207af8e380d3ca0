"""Faults of the object sinks, with real processes and a real broker, over all forms of segments.

    fault                                      here                          besides, in tests/sinks
    kill -9 at each step                       test_a_killed_sink…           test_objects (in process), test_seal (any schedule)
    SIGSTOP beyond the session, then SIGCONT   test_a_stopped_sink…          test_objects, test_seal (a zombie at each step)
    two sinks on one partition                 test_two_owners…              test_protocol_model
    members come and go                                                      test_objects (members that come and go)
    topic deleted and made again               test_a_recreated_topic…       test_objects (while down, while running)
    retention passes the sink                  test_retention…               test_objects (three ways), test_seal (each step)
    records that no form can hold              test_poison…                  test_segment (no JSON), test_forms (no response)
    dead-letter topic unavailable              test_without_dead_letters…    test_objects (the writer fails)

Invariants are checked by `tests/sinks/tiling.py`: no record in two segments, no hole, digests and counts as the manifests say.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import MessageSizeTooLargeError

from pipeline import codec
from pipeline.config import Config
from pipeline.sinks.buffer import Buffer
from pipeline.sinks.forms import FORMS
from pipeline.sinks.manifests import manifests_of, topic_ids_in
from pipeline.sinks.objects import ObjectSink
from pipeline.sinks.progress import parse_metadata
from pipeline.sinks.segment import Limits, Manifest
from pipeline.sinks.stores import MemoryStore, Put, open_store
from pipeline.topics import BY_NAME, sink_name
from tests.faults.sink_process import Order, Process
from tests.faults.storing import Storing
from tests.service import contents
from tests.sinks.corner import Corner, events, until
from tests.sinks.records import Rec, document
from tests.sinks.tiling import stored_records

POINTS = ("before_intent", "after_intent", "after_put", "after_manifest", "after_commit")


@pytest.fixture
async def admin(broker: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=broker)
    await client.start()
    yield client
    await client.close()


@pytest.fixture(params=["file", "s3"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path, unique: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder, or a bucket of a real S3 server, for this process and those it starts."""
    if request.param == "file":
        return f"file:{tmp_path}"
    server = request.getfixturevalue("s3")
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return f"s3://{server.make_bucket(unique)}"


@pytest.fixture
def run(store_url: str) -> Iterator[Callable[[Corner, str, str], Process]]:
    """Starts sink processes; whatever is left of them at the end is ended."""
    processes: list[Process] = []

    def begin(there: Corner, at: str, number: str) -> Process:
        settings = there.settings
        order = Order(
            bootstrap=there.bootstrap,
            topic=there.topic,
            group=settings.group,
            form=settings.form.name,
            store=store_url,
            at=at,
            signal=number,
        )
        processes.append(Process(order))
        return processes[-1]

    yield begin
    for process in processes:
        process.end()


async def manifests(there: Corner) -> list[Manifest]:
    [topic_id] = await topic_ids_in(there.store, "news", there.topic)
    return [manifest async for manifest in manifests_of(there.store, "news", there.topic, topic_id)]


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.faults
async def test_a_killed_sink_loses_and_doubles_nothing(
    broker: str, unique: str, store_url: str, admin: AIOKafkaAdminClient, run: Callable[..., Process]
) -> None:
    """kill -9 at each step, each form at some; all side by side, as a dead member is noticed after its session only."""
    store = open_store(store_url)

    async def kill(form: str, point: str) -> None:
        there = Corner(broker, f"{unique}.{form}.{point}", store, admin, FORMS[form])
        await there.create()
        await there.send(events(range(40)))
        process = run(there, point, "KILL")
        assert await process.until_dead() == -signal.SIGKILL
        assert (await there.committed() == {}) == (point == "before_intent")
        await there.send(events(range(40, 50)))
        async with there.running(there.sink(limits=Limits(records_max=30, age_s=0.3))):
            await there.until_committed(p0=50)
        assert ((await there.check()).stored, await there.values()) == (50, list(range(50)))
        first = (await manifests(there))[0]
        assert (first.end, first.form) == (29 if point == "before_intent" else 24, form)  # a decided range keeps its end

    cases = [("events", point) for point in POINTS] + [
        ("raw", "after_put"),
        ("documents", "after_intent"),
        ("documents", "after_put"),
    ]
    await asyncio.gather(*(kill(form, point) for form, point in cases))


@pytest.mark.faults
async def test_a_stopped_sink_is_fenced_when_it_goes_on(
    broker: str, unique: str, store_url: str, admin: AIOKafkaAdminClient, run: Callable[..., Process]
) -> None:
    """SIGSTOP in the middle of a seal, for longer than the session; another one takes over; SIGCONT changes no object."""
    store = open_store(store_url)

    async def stop(form: str, point: str) -> None:
        there = Corner(broker, f"{unique}.{form}.{point}", store, admin, FORMS[form])
        await there.create()
        await there.send(events(range(30)))
        zombie = run(there, point, "STOP")
        assert await zombie.line() == "assigned 0\n"
        await zombie.until_stopped()
        async with there.running(there.sink(limits=Limits(records_max=10, age_s=0.3))):
            await there.until_committed(p0=30)
            before = await _objects(there)
            zombie.send(signal.SIGCONT)
            assert (await zombie.line()).startswith("assigned")  # it has found out and joined again
            assert await _objects(there) == before
            await there.send(events(range(30, 35)))
            await there.until_committed(p0=35)  # by whichever of them owns it now
            zombie.send(signal.SIGTERM)
            assert await zombie.until_dead() == 0
        assert ((await there.check()).stored, await there.values()) == (35, list(range(35)))
        assert before.items() <= (await _objects(there)).items()

    await asyncio.gather(stop("events", "after_intent"), stop("raw", "after_put"), stop("documents", "after_manifest"))


async def _objects(there: Corner) -> dict[str, bytes | None]:
    """Those of one topic: its neighbours in the store go on meanwhile."""
    return {key: await there.store.get(key) async for key in there.store.list(f"news/v1/{there.topic}/")}


# ── in this process ──────────────────────────────────────────────────────────────────────────────────────────────────


class Deaf(ObjectSink):
    """Does not hear that partitions are taken from it: what it had under way for them goes on."""

    async def _drop_lanes(self) -> None:
        if self._is_leaving:
            await super()._drop_lanes()
        else:
            self.lanes.clear()


class Gate(MemoryStore):
    """Holds back writes of one kind until it opens."""

    def __init__(self, objects: dict[str, bytes], word: str) -> None:
        super().__init__()
        self.objects, self._word = objects, word
        self.held: list[str] = []
        self.opened = asyncio.Event()

    async def put_new(self, key: str, body: bytes) -> Put:
        if self._word in key and not self.opened.is_set():
            self.held.append(key)
            await self.opened.wait()
        return await super().put_new(key, body)


@pytest.mark.parametrize("word", ["/dt=", "/_manifest/"])
async def test_two_owners_of_a_partition_write_the_same_and_one_is_refused(
    broker: str, unique: str, admin: AIOKafkaAdminClient, word: str
) -> None:
    there = Corner(broker, unique, MemoryStore(), admin)
    assert isinstance(there.store, MemoryStore)
    await there.create(partitions=4)
    for partition in range(4):
        await there.send(events(range(100 * partition, 100 * partition + 20)), partition)
    gate = Gate(there.store.objects, word)
    deaf = there.sink(Deaf, limits=Limits(records_max=20))
    deaf._tools = replace(deaf._tools, store=gate)
    async with there.running(deaf):
        await until(lambda: len(gate.held) == 4)
        async with there.running(there.sink(limits=Limits(records_max=5, age_s=0.3))) as heir:
            await until(lambda: heir.counts["sealed"] >= 2)  # the ranges that the other one had decided
            for partition in range(4):
                await there.send(events(range(100 * partition + 20, 100 * partition + 30)), partition)
            await until(lambda: heir.counts["records"] >= 60)
            gate.opened.set()
            await until(lambda: deaf.counts["fenced"] == 4)  # each of its first tasks, those of partitions it kept as well
            deaf.seal_now()
            await there.until_committed(p0=30, p1=30, p2=30, p3=30)
    assert (await there.check()).stored == 120
    assert sorted(await there.values()) == [100 * partition + n for partition in range(4) for n in range(30)]


@pytest.mark.parametrize("form", ["raw", "documents"])
async def test_a_recreated_topic_leaves_the_old_segments_alone(
    broker: str, unique: str, admin: AIOKafkaAdminClient, form: str
) -> None:
    there = Corner(broker, unique, MemoryStore(), admin, FORMS[form])
    await there.create()
    await there.send(events(range(10)))
    async with there.running(there.sink()):
        await there.until_committed(p0=10)
        old = await there.objects()
        await there.recreate()
        await there.send(events(range(100, 115)))
        await there.until_committed(p0=15)
    assert old.items() <= (await there.objects()).items()
    assert len(await topic_ids_in(there.store, "news", there.topic)) == 2
    assert sorted(await there.values()) == [*range(10), *range(100, 115)]
    await there.check()


# ── the service ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def storing(config: Config, admin: AIOKafkaAdminClient) -> Storing:
    return Storing(config, admin)


POISON: dict[str, list[Rec]] = {
    "enriched": [
        Rec(0, value=b"{"),
        Rec(0, value=b"\x00"),
        Rec(0, value=b""),
        Rec(0, value=b'"\xff"'),
        Rec(0, value=b"[" * 100_000),
        Rec(0, value=b"x" * (2_000_000)),
    ],
    "raw": [],  # any bytes will do
    "documents": [document(0, url=""), document(0, url="file:///etc/passwd"), document(0, status="0"), document(0, value=None)],
}
GOOD: dict[str, list[Rec]] = {
    "enriched": [Rec(0), Rec(0, value=None), Rec(0, headers=(("ce_dataschema", b"urn:nobody:knows"),))],
    "raw": [Rec(0, value=b"\xff\x00"), Rec(0, key=b"\xff", value=b"{"), Rec(0, value=None), Rec(0, value=b"<" * 2_000_000)],
    "documents": [document(0, value=b"\xff" * 5_000_000), document(0, key=None, fetched_at="soon"), document(0, value=b"")],
}


async def test_poison_is_one_dead_letter_each_and_all_else_is_stored(storing: Storing) -> None:
    await storing.create("dead", *POISON)
    for topic, poison in POISON.items():
        await storing.send(topic, [GOOD[topic][0], *poison, *GOOD[topic][1:]])
    with pytest.raises(MessageSizeTooLargeError):  # 20 MB do not even get into a topic
        await storing.send("enriched", [Rec(0, value=b"x" * 20_000_000)])
    async with storing.running():
        for topic, poison in POISON.items():
            await storing.until_stored(topic, len(poison) + len(GOOD[topic]))
            good = len(GOOD[topic])
            await until(lambda name=topic, count=good: storing.metric("records_total", topic=name) == count)  # type: ignore[misc]
            assert storing.metric("segments_total", topic=topic, why="age") >= 1
            assert storing.metric("lanes", topic=topic, state="open") == 1
    letters = await contents(storing.config, "dead")
    store = open_store(storing.config.objects.store)
    for topic, poison in POISON.items():
        stage = sink_name(topic).encode()
        dead = [letter for letter in letters if dict(letter.headers)["dead.stage"] == stage]
        assert [(letter.key, letter.value) for letter in dead] == [(record.key, record.value) for record in poison]
        assert [dict(letter.headers)["dead.offset"] for letter in dead] == [b"%d" % n for n in range(1, len(poison) + 1)]
        assert await storing.check(topic) == ({"bad_record": len(poison)} if poison else {})
        stored = await stored_records(store, storing.config.objects.prefix, storing.name(topic))
        assert [(r.key, r.value, r.headers) for r in stored] == [(r.key, r.value, r.headers) for r in GOOD[topic]]
    assert len(letters) == sum(map(len, POISON.values()))


@pytest.mark.parametrize("topic", POISON)
def test_no_record_holds_up_the_others(topic: str) -> None:
    buffer = Buffer("t", 0, 0, FORMS[BY_NAME[topic].archive])
    for offset, record in enumerate(POISON[topic] + GOOD[topic]):
        began = time.process_time()
        buffer.add(replace(record, offset=offset))
        assert time.process_time() - began < 1.0


async def test_without_dead_letters_the_partition_stops_and_skips_nothing(storing: Storing) -> None:
    await storing.create("enriched", partitions=2)
    await storing.create("raw", "documents")
    await storing.send("enriched", [Rec(0), Rec(0, value=b"{"), Rec(0)], 0)
    await storing.send("enriched", [Rec(0)], 1)
    await storing.send("raw", [Rec(0)])
    async with storing.running():
        await storing.until_stored("enriched", 1, partition=1)  # the others go on
        await storing.until_stored("raw", 1)
        while not (found := (await storing.committed("enriched")).get(0)):
            await asyncio.sleep(0.05)
        progress = parse_metadata(found[1])
        assert (found[0], progress is not None and progress.intent is not None) == (0, True)
        await storing.create("dead")
        await storing.until_stored("enriched", 3)
    [letter] = await contents(storing.config, "dead")
    assert (letter.value, dict(letter.headers)["dead.stage"]) == (b"{", b"objects")
    assert await storing.check("enriched") == {"bad_record": 1}


async def test_retention_that_passes_a_sink_is_a_gap_and_an_alarm(storing: Storing) -> None:
    await storing.create("enriched", "raw", "documents")
    await storing.send("raw", [Rec(0, value=value) for value in events(range(10))])
    async with storing.running():
        await storing.until_stored("raw", 10)
    await storing.send("raw", [Rec(0, value=value) for value in events(range(10, 30))])
    partition = TopicPartition(storing.name("raw"), 0)
    await storing.admin.delete_records({partition: RecordsToDelete(before_offset=25)})
    async with storing.running():
        await storing.until_stored("raw", 30)
        await until(lambda: storing.metric("incidents_total", topic="raw", what="gaps") == 1)
        assert storing.metric("incidents_total", topic="enriched", what="gaps") == 0
    store, prefix, name = open_store(storing.config.objects.store), storing.config.objects.prefix, storing.name("raw")
    stored = [codec.loads(record.value or b"") for record in await stored_records(store, prefix, name)]
    assert [event["n"] for event in stored] == [*range(10), *range(25, 30)]
    [topic_id] = await topic_ids_in(store, prefix, name)
    ranges = [(m.kind, m.start, m.end) async for m in manifests_of(store, prefix, name, topic_id)]
    assert ("gap", 10, 24) in ranges
    await storing.check("raw")
