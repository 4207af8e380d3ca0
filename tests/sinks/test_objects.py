"""The object sink against a real broker: the happy way, crashes, zombies, recreated topics, retention, transactions."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from pipeline import codec
from pipeline.reasons import Reason
from pipeline.sinks.forms import RAW
from pipeline.sinks.lane import Memory
from pipeline.sinks.line import Record
from pipeline.sinks.manifests import manifests_of, topic_ids_in
from pipeline.sinks.objects import ObjectSink
from pipeline.sinks.progress import parse_metadata
from pipeline.sinks.seal import Fenced
from pipeline.sinks.segment import Limits, Place
from pipeline.sinks.stores import MemoryStore
from pipeline.topic_ids import topic_ids
from tests.sinks.corner import Abandoned, Corner, Crash, events, producer, real_id, until

POINTS = ("before_intent", "after_intent", "after_put", "after_manifest", "after_commit")
PATIENT = Limits(age_s=3600.0)


async def test_records_become_segments_and_a_restart_goes_on(corner: Corner) -> None:
    await corner.create(partitions=2)
    await corner.send(events(range(100)), 0)
    await corner.send(events(range(100, 150)), 1)
    async with corner.running(corner.sink()):
        await corner.until_committed(p0=100, p1=50)
        await corner.send(events(range(150, 160)), 0)
        await corner.until_committed(p0=110)
    await corner.send(events(range(160, 170)), 0)
    async with corner.running(corner.sink()):
        await corner.until_committed(p0=120)
    report = await corner.check()
    assert (report.stored, report.segments, report.gaps) == (170, 4, 0)
    assert sorted(await corner.values()) == list(range(170))


async def test_a_full_segment_is_cut_exactly(corner: Corner) -> None:
    await corner.create()
    await corner.send(events(range(95)))
    async with corner.running(corner.sink(limits=Limits(records_max=20, age_s=0.3))):
        await corner.until_committed(p0=95)
    [topic_id] = await topic_ids_in(corner.store, "news", corner.topic)
    found = [(m.start, m.end, m.why) async for m in manifests_of(corner.store, "news", corner.topic, topic_id)]
    assert found == [(0, 19, "records"), (20, 39, "records"), (40, 59, "records"), (60, 79, "records"), (80, 94, "age")]
    await corner.check()


async def test_stop_seals_what_is_buffered(corner: Corner) -> None:
    await corner.create()
    await corner.send(events(range(10)))
    async with corner.running(corner.sink(limits=PATIENT)) as sink:
        await until(lambda: any(report.count == 10 for report in sink.report().values()))
        assert await corner.committed() == {}
    assert (await corner.check()).stored == 10
    [topic_id] = await topic_ids_in(corner.store, "news", corner.topic)
    assert [m.why async for m in manifests_of(corner.store, "news", corner.topic, topic_id)] == ["shutdown"]


async def test_seal_now_seals_at_once_and_from_then_on_whatever_comes(corner: Corner) -> None:
    await corner.create()
    await corner.send(events(range(10)))
    async with corner.running(corner.sink(limits=PATIENT)) as sink:
        await until(lambda: any(report.count == 10 for report in sink.report().values()))
        sink.seal_now()
        await corner.until_committed(p0=10)
        await corner.send(events(range(10, 15)))
        await corner.until_committed(p0=15)
        await until(lambda: sink.is_settled)
    assert (await corner.check()).stored == 15


async def test_transaction_markers_and_aborted_records_lie_inside_ranges(corner: Corner) -> None:
    await corner.create()
    async with producer(corner.bootstrap, f"{corner.topic}-tx") as to:
        for first, is_aborted in ((0, False), (10, True), (20, False), (30, True)):
            await to.begin_transaction()
            await asyncio.gather(*[await to.send(corner.topic, value, partition=0) for value in events(range(first, first + 10))])
            await (to.abort_transaction() if is_aborted else to.commit_transaction())
    async with corner.running(corner.sink(limits=Limits(records_max=15, age_s=0.3))) as sink:
        sink.seal_now()
        await corner.until_committed(p0=44)  # 40 records and 4 markers: the lag goes to zero
    assert await corner.values() == [*range(10), *range(20, 30)]
    report = await corner.check()
    assert (report.stored, report.gaps) == (20, 0)


async def test_an_open_transaction_is_waited_for(corner: Corner) -> None:
    await corner.create()
    async with producer(corner.bootstrap, f"{corner.topic}-tx") as to:
        await corner.send(events(range(3)))
        await to.begin_transaction()
        await asyncio.gather(*[await to.send(corner.topic, value, partition=0) for value in events(range(3, 6))])
        await corner.send(events(range(6, 9)))
        async with corner.running(corner.sink()):
            await corner.until_committed(p0=3)
            await to.commit_transaction()
            await corner.until_committed(p0=10)
    assert await corner.values() == list(range(9))
    await corner.check()


async def test_what_is_no_json_goes_to_the_dead_letters(corner: Corner) -> None:
    await corner.create()
    await corner.send([*events(range(3)), b"{", *events(range(4, 6)), b""])
    async with corner.running(corner.sink()):
        await corner.until_committed(p0=7)
    assert corner.dead == [(3, Reason.BAD_RECORD), (6, Reason.BAD_RECORD)]
    report = await corner.check()
    assert (report.stored, dict(report.rejected)) == (5, {"bad_record": 2})


async def test_dead_letters_that_cannot_be_written_hold_the_offset(corner: Corner) -> None:
    await corner.create()
    await corner.send([b"{"])
    is_down = True
    attempts = 0

    async def dead(record: Record, reason: Reason, detail: str) -> None:
        nonlocal attempts
        attempts += 1
        if is_down:
            raise OSError("the dead letter topic is down")

    async with corner.running(ObjectSink(corner.settings, corner.store, dead)):
        await until(lambda: attempts > 1)
        [(offset, metadata)] = (await corner.committed()).values()
        assert (offset, (parse_metadata(metadata) or pytest.fail("no progress")).intent is not None) == (0, True)
        is_down = False
        await corner.until_committed(p0=1)
    await corner.check()


@pytest.mark.parametrize("is_killed", [False, True], ids=["leaves", "is_killed"])
async def test_a_crash_at_any_step_loses_and_doubles_nothing(broker: str, unique: str, is_killed: bool, corner: Corner) -> None:
    """All five points side by side, as a killed member is noticed after its session timeout only."""

    async def crash(point: str) -> None:
        there = Corner(broker, f"{unique}.{point}", MemoryStore(), corner.admin)
        await there.create()
        await there.send(events(range(40)))

        def at(reached: str) -> None:
            if reached == point:
                raise Crash(point)

        first = there.sink(Abandoned if is_killed else ObjectSink, at, limits=Limits(records_max=25, age_s=0.3))
        with pytest.raises(Crash):
            await first.run()
        committed = await there.committed()
        assert (committed == {}) == (point == "before_intent")
        await there.send(events(range(40, 50)))
        async with there.running(there.sink(limits=Limits(records_max=30, age_s=0.3))):
            await there.until_committed(p0=50)
        report = await there.check()
        assert (report.stored, report.orphans) == (50, [])
        assert await there.values() == list(range(50))
        [topic_id] = await topic_ids_in(there.store, "news", there.topic)
        ends = [manifest.end async for manifest in manifests_of(there.store, "news", there.topic, topic_id)]
        assert ends[0] == (29 if point == "before_intent" else 24)  # a decided range keeps its end

    await asyncio.gather(*(crash(point) for point in POINTS))


@pytest.mark.parametrize("point", ["after_intent", "after_manifest"])
async def test_a_zombie_is_fenced_and_changes_nothing(corner: Corner, point: str) -> None:
    """A sink in a thread of its own stops (its heartbeats too) for longer than its session, then goes on."""
    await corner.create()
    await corner.send(events(range(30)))
    stopped, go_on = threading.Event(), threading.Event()

    def at(reached: str) -> None:
        if reached == point and not stopped.is_set():
            stopped.set()
            go_on.wait(60)

    zombie = corner.sink(at=at, limits=Limits(records_max=20, age_s=0.3))
    thread = threading.Thread(target=lambda: asyncio.run(zombie.run()), daemon=True)
    thread.start()
    await until(stopped.is_set)
    task, membership = zombie.lanes[0].task, zombie.lanes[0].membership
    async with corner.running(corner.sink(limits=Limits(records_max=10, age_s=0.3))) as heir:
        await corner.until_committed(p0=30)
        await corner.send(events(range(30, 35)))
        await corner.until_committed(p0=35)
        with pytest.raises(Fenced):
            await heir._offsets.commit(TopicPartition(corner.topic, 0), membership, 20, "")
        before = await corner.objects()
        go_on.set()
        await until(lambda: task is not None and task.done())  # refused, or cancelled by the rebalance that it missed
        assert await corner.objects() == before
        await corner.send(events(range(35, 40)))
        await corner.until_committed(p0=40)  # by whichever of them owns it now
        zombie._stopping.set()
        await until(lambda: not thread.is_alive())
    assert await corner.values() == list(range(40))
    assert (await corner.check()).stored == 40


async def test_members_that_come_and_go_lose_and_double_nothing(corner: Corner) -> None:
    await corner.create(partitions=4)
    done = asyncio.Event()

    async def feed() -> None:
        async with producer(corner.bootstrap) as to:
            n = 0
            while not done.is_set():
                await asyncio.gather(
                    *[await to.send(corner.topic, value, partition=n // 10 % 4) for value in events(range(n, n + 10))]
                )
                n += 10
                await asyncio.sleep(0.02)
            ends.append(n)

    ends: list[int] = []
    feeding = asyncio.create_task(feed())
    async with corner.running(corner.sink()):
        for _ in range(3):
            async with corner.running(corner.sink()) as guest:
                await until(lambda: guest.counts["sealed"] > 0)
    async with corner.running(corner.sink()) as last:
        done.set()
        await feeding
        last.seal_now()
        await until(lambda: last.is_settled and len(last.lanes) == 4)
    assert sorted(await corner.values()) == list(range(ends[0]))
    await corner.check()


@pytest.mark.parametrize("close_s", [0.0, 5.0])
async def test_a_stopped_sink_leaves_nothing_running(corner: Corner, monkeypatch: pytest.MonkeyPatch, close_s: float) -> None:
    """Nor when it cannot leave the group in time: its heartbeats would hold partitions that nobody reads."""
    monkeypatch.setattr("pipeline.sinks.objects.CLOSE_S_MAX", close_s)
    await corner.create()
    await corner.send(events(range(5)))
    before = asyncio.all_tasks()
    async with corner.running(corner.sink()):
        await corner.until_committed(p0=5)
    await until(lambda: asyncio.all_tasks() <= before)


async def test_other_bytes_at_the_name_stop_that_partition_only(corner: Corner) -> None:
    await corner.create(partitions=2)
    await corner.send(events(range(10)), 0)
    await corner.send(events(range(10)), 1)
    ids = await topic_ids(corner.bootstrap, [corner.topic])
    now = int(time.time() * 1000)
    for at in (now, now - 60_000):  # the hour may turn meanwhile
        await corner.store.put_new(Place("news", corner.topic, ids[corner.topic], 0).data_key(0, 9, at), b"other bytes")
    async with corner.running(corner.sink()) as sink:
        await until(lambda: sink.counts["halted"] == 1)
        await corner.until_committed(p1=10)
        await corner.send(events(range(10, 20)), 1)
        await corner.until_committed(p1=20)
        report = sink.report()[0]
        assert (report.state, "exists" in report.detail) == ("halted", True)
    [(offset, _), (other, _)] = [found for _, found in sorted((await corner.committed()).items())]
    assert (offset, other) == (0, 20)
    found = [m async for m in manifests_of(corner.store, "news", corner.topic, ids[corner.topic])]
    assert {manifest.partition for manifest in found} == {1}


@pytest.mark.parametrize("is_running", [False, True], ids=["while_down", "while_running"])
async def test_a_recreated_topic_gets_its_own_place(corner: Corner, is_running: bool) -> None:
    await corner.create()
    await corner.send(events(range(10)))

    async def recreate() -> None:
        await corner.recreate()
        await corner.send(events(range(100, 115)))

    async with corner.running(corner.sink()):
        await corner.until_committed(p0=10)
        if is_running:
            await recreate()
            await corner.until_committed(p0=15)
    if not is_running:
        await recreate()
        async with corner.running(corner.sink()):
            await corner.until_committed(p0=15)
    assert len(await topic_ids_in(corner.store, "news", corner.topic)) == 2
    assert sorted(await corner.values()) == [*range(10), *range(100, 115)]
    assert (await corner.check()).stored == 25


async def test_what_was_read_under_another_topic_id_is_not_sealed(corner: Corner) -> None:
    """The topic was recreated so quickly that the consumer saw nothing of it."""
    await corner.create()
    await corner.send(events(range(10)))
    sink = corner.sink()
    real, answers = sink._topic_id, iter(["X" * 22])

    async def topic_id() -> str:
        return next(answers, None) or await real()

    sink._topic_id = topic_id  # type: ignore[method-assign]
    async with corner.running(sink):
        await corner.until_committed(p0=10)
    assert await topic_ids_in(corner.store, "news", corner.topic) == [await real_id(corner)]
    assert await corner.values() == list(range(10))
    await corner.check()


@pytest.mark.parametrize("is_first_start", [False, True])
async def test_what_retention_took_is_a_said_gap(corner: Corner, is_first_start: bool) -> None:
    await corner.create()
    await corner.send(events(range(30)))
    if not is_first_start:
        async with corner.running(corner.sink()):
            await corner.until_committed(p0=30)
    await corner.send(events(range(30, 60)))
    await corner.admin.delete_records({TopicPartition(corner.topic, 0): RecordsToDelete(before_offset=40)})
    async with corner.running(corner.sink()) as sink:
        await corner.until_committed(p0=60)
        assert sink.counts["gaps"] == 1
    report = await corner.check()
    assert (report.gaps, report.stored) == (1, 20 if is_first_start else 50)


async def test_retention_that_passes_a_running_sink_is_a_said_gap(corner: Corner) -> None:
    """The sink has read up to 10 and not sealed it when the log loses everything before 40."""
    await corner.create()
    await corner.send(events(range(10)))
    async with corner.running(corner.sink(limits=PATIENT)) as sink:
        await until(lambda: any(report.count == 10 for report in sink.report().values()))
        sink._consumer.pause(TopicPartition(corner.topic, 0))
        sink._relieve = lambda: None  # type: ignore[method-assign]  # which would resume it
        await corner.send(events(range(10, 60)))
        await corner.admin.delete_records({TopicPartition(corner.topic, 0): RecordsToDelete(before_offset=40)})
        sink._consumer.resume(TopicPartition(corner.topic, 0))
        await until(lambda: any((report.start, report.count) == (40, 20) for report in sink.report().values()))
    assert await corner.values() == [*range(10), *range(40, 60)]
    assert (await corner.check()).gaps == 1


async def test_memory_is_bounded_and_nothing_waits_for_ever(corner: Corner) -> None:
    await corner.create(partitions=3)
    for partition in range(3):
        await corner.send([codec.dumps({"n": n, "text": "x" * 1000}) for n in range(200)], partition)
    limits = Limits(age_s=3600.0, memory_bytes_max=100_000)
    async with corner.running(corner.sink(limits=limits)) as sink:
        await until(lambda: sink.counts["sealed"] == 3)  # by the budget: nothing else would
        assert sum(report.bytes for report in sink.report().values()) < 2_000_000  # a poll's worth above the budget
    report = await corner.check()
    assert (report.stored, report.gaps) == (600, 0)


async def test_sinks_of_several_topics_share_one_budget(broker: str, unique: str, corner: Corner) -> None:
    """Neither of them comes near the limit alone."""
    other = Corner(broker, f"{unique}.raw", corner.store, corner.admin, RAW)
    memory = Memory(100_000)
    sinks = [each.sink(limits=PATIENT, memory=memory) for each in (corner, other)]
    for each, count in ((corner, 50), (other, 60)):
        await each.create()
        await each.send([codec.dumps({"n": n, "text": "x" * 1000}) for n in range(count)])
    async with corner.running(sinks[0]), other.running(sinks[1]):
        await until(lambda: sinks[0].seals + sinks[1].seals == {"memory": 1})
    for each, count in ((corner, 50), (other, 60)):
        assert sorted(await each.values()) == list(range(count))
        await each.check()


async def test_a_broker_that_is_not_there_yet_is_waited_for(corner: Corner) -> None:
    await corner.create()
    await corner.send(events(range(5)))
    sink = corner.sink()
    sink.settings = replace(sink.settings, bootstrap="127.0.0.1:9")
    run = asyncio.create_task(sink.run())
    await until(lambda: sink.counts["sessions_lost"] > 1)
    sink.settings = corner.settings
    await corner.until_committed(p0=5)
    await sink.stop()
    await run
    await corner.check()


async def test_topic_ids_are_kafkas_own(corner: Corner) -> None:
    assert await topic_ids(corner.bootstrap, [corner.topic, "no.such"]) == {}
    await corner.create()
    [first] = (await topic_ids(corner.bootstrap, [corner.topic])).values()
    assert len(first) == 22
    await corner.recreate()
    [second] = (await topic_ids(corner.bootstrap, [corner.topic])).values()
    assert first != second
