"""Faults of object stores against the sealing protocol. A failure prints its seed; three seeds run with every test run,
more with `make faults`.

    fault                                         here                        besides
    13  503 and 500 in bursts, for long           storm, outage               tests/sinks/test_s3_store
    14  hang, reset, ack lost, ack hang           storm, lost answers         tests/sinks/test_s3_store
    15  409 ConditionalRequestConflict            conflict                    tests/sinks/test_s3_store
    16  deaf server, half an answer               lost answers                tests/sinks/test_s3_store
    17  conditions pass for nothing               without conditions
    18  short body, wrong bytes                   other bytes                 tests/sinks/test_seal
    19  403, missing bucket                       refusal                     tests/sinks/test_s3_store
    20  LIST truncated, stale, unsorted           bad listings                tests/sinks/test_s3_store
    21  disk full, read-only, I/O errors          failing disk                tests/sinks/test_file_store
    22  power cut                                 power cut                   tests/sinks/test_file_store
    23  wrong clocks                              clocks
    24  impossible dates                          dates

Most run without Kafka: one partition's log and a fenced offset stand in for it (`tests/sinks/world.py`). The last ones are the
whole sink on a real broker. Invariants (no loss, no double, tiling, digests) by `tests/sinks/tiling.py`.
"""

import asyncio
import errno
import os
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiokafka.admin import AIOKafkaAdminClient

from pipeline import codec
from pipeline.broker.s3proxy import RunningS3
from pipeline.sinks.manifests import manifests_from
from pipeline.sinks.progress import parse_metadata
from pipeline.sinks.seal import Fenced, Halt
from pipeline.sinks.segment import Limits
from pipeline.sinks.stores import FileStore, MemoryStore, Store
from tests.sinks import fault_proxy as faults
from tests.sinks.corner import Corner, events, until
from tests.sinks.disk import Disk, PowerCut
from tests.sinks.fault_proxy import DATA, MANIFEST, REQUEST_S, Exchange, Fault, FaultProxy, Where
from tests.sinks.records import Rec, records
from tests.sinks.tiling import stored_records
from tests.sinks.world import PLACE, Crash, World, crash_at

FIRST_SEED = int(os.environ.get("FAULT_SEED", "1"))
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("FAULT_SEEDS", "3")))
POINTS = ("before_intent", "after_intent", "after_put", "after_manifest", "after_commit")
LOG = 200


@pytest.fixture
async def proxy(s3: RunningS3) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(s3) as proxy:
        yield proxy


def world_on(store: Store, log: list[Rec] | None = None) -> World:
    return World(log=log or records(range(LOG)), store=store)  # type: ignore[arg-type]  # any store serves


async def everything_is_there(world: World) -> None:
    """All of the log, once, in order."""
    report = await world.check()
    assert [record.offset for record in await stored_records(world.store, "news", "t")] == [record.offset for record in world.log]
    assert report.gaps == 0


# ── 13 to 16: an unreliable server ───────────────────────────────────────────────────────────────────────────────────


def storm(dice: random.Random, share: float) -> Fault:
    """Each request may meet one of the faults that pass by themselves."""
    kinds = [
        *[faults.refuse(503, "SlowDown"), faults.refuse(500, "InternalError"), faults.reset, faults.ack_lost] * 4,
        faults.refuse(409, "ConditionalRequestConflict"),
        faults.hang,
        faults.ack_hang,
        faults.half_answer,
    ]

    async def stormy(exchange: Exchange) -> web.StreamResponse:
        if dice.random() > share:
            return exchange.reply(await exchange.forward())
        return await dice.choice(kinds)(exchange)

    return stormy


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_storm_and_crashes_lose_and_double_nothing(proxy: FaultProxy, seed: int) -> None:
    print(f"seed {seed}")
    dice = random.Random(seed)
    world = world_on(proxy.store())
    proxy.inject(storm(dice, 0.3))
    while (world.committed or (0, ""))[0] < LOG:
        try:
            sealer = await world.member(crash_at(dice.choice(("", "", *POINTS))))
            for _ in range(3):
                if sealer.start < LOG:
                    await world.seal(sealer, min(LOG - 1, sealer.start + dice.randint(0, 40)))
        except Crash as crash:
            print(f"crash {crash}, offset {world.committed and world.committed[0]}")
    proxy.heal()
    await everything_is_there(world)


@pytest.mark.parametrize("where", [DATA, MANIFEST], ids=["data", "manifest"])
@pytest.mark.parametrize(
    ("fault", "is_ours"),
    [
        (faults.hang, False),
        (faults.deaf, False),
        (faults.reset, False),
        (faults.ack_lost, True),
        (faults.ack_hang, True),
        (faults.half_answer, False),  # a PUT's answer has no body to miss
    ],
)
async def test_a_lost_answer_is_neither_failure_nor_duplicate(
    proxy: FaultProxy, fault: Fault, is_ours: bool, where: Where
) -> None:
    world = world_on(proxy.store())
    proxy.inject(fault, where, times=1)
    sealer = await world.member()
    began = time.monotonic()
    await world.seal(sealer, LOG - 1)
    assert time.monotonic() - began < 10 * REQUEST_S
    assert proxy.met[fault.__name__] == 1
    assert sealer._tools.counts["verified"] == (is_ours and where is DATA)
    await everything_is_there(world)


async def test_a_conflict_is_tried_again(proxy: FaultProxy) -> None:
    world = world_on(proxy.store())
    proxy.inject(faults.refuse(409, "ConditionalRequestConflict"), faults.puts(), times=3)
    sealer = await world.member()
    await world.seal(sealer, LOG - 1)
    assert sealer._tools.counts["retries"] == 3
    await everything_is_there(world)


# ── 17, 18: a server that does not do what it says ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("point", POINTS)
async def test_exactly_once_without_conditions(proxy: FaultProxy, point: str) -> None:
    """The server takes every write. A zombie stops at the point, its heir works on, then the zombie finishes its write."""
    world = world_on(proxy.store())
    proxy.inject(faults.unconditional, faults.puts())
    with pytest.raises(Crash):
        await world.seal(await world.member(crash_at(point)), 99)
    zombie = world.sealer(world.owner)
    await zombie.recover(world.committed, 0)
    heir = await world.member()
    await world.seal(heir, 149)
    if zombie.redo is not None:
        with pytest.raises(Fenced):
            await zombie.finish(world.read(zombie, zombie.redo))
    else:
        with pytest.raises(Fenced):
            await world.seal(zombie, 120)
    await world.seal(heir, LOG - 1)
    await everything_is_there(world)


@pytest.mark.parametrize("where", [DATA, MANIFEST], ids=["data", "manifest"])
@pytest.mark.parametrize("fault", [faults.short_body, faults.wrong_bytes], ids=lambda fault: fault.__name__)
async def test_other_bytes_behind_a_good_answer_stop_the_partition(proxy: FaultProxy, fault: Fault, where: Where) -> None:
    world = world_on(proxy.store())
    await world.seal(await world.member(), 49)
    proxy.inject(fault, where, times=1)
    with pytest.raises(Halt, match="exists"):
        await world.seal(await world.member(), 99)
    [first] = await manifests_from(world.store, PLACE, 0) if where is DATA else [None]
    assert first is None or first.end == 49  # nothing says that the second range is there
    assert world.committed is not None
    assert world.committed[0] == 50
    with pytest.raises(Halt):  # and the next owner stops there too, until a person has looked
        await world.member()
    await remove_what_is_wrong(world)
    await world.seal(await world.member(), LOG - 1)
    await everything_is_there(world)


async def remove_what_is_wrong(world: World) -> None:
    """What the person does: the log still has the records."""
    wrong = [key async for key in world.store.list("news/") if "00000000000000000050-" in key]
    assert wrong
    for key in wrong:
        await world.store.delete(key)


# ── 19, 20: refusals, bad listings ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "code", "cure"), [(403, "AccessDenied", "s3:PutObject"), (404, "NoSuchBucket", "the bucket does not exist")]
)
async def test_a_refusal_is_told_with_its_cure_and_nothing_is_lost(proxy: FaultProxy, status: int, code: str, cure: str) -> None:
    world = world_on(proxy.store())
    sealer = await world.member()
    proxy.inject(faults.refuse(status, code))
    sealing = asyncio.create_task(world.seal(sealer, LOG - 1))
    await until(lambda: bool(sealer._tools.refusals))
    assert cure in sealer._tools.refusals["put"]
    assert sealer._tools.counts["retries"] == 0  # it is not taken for something that passes
    proxy.heal()
    await sealing
    assert sealer._tools.refusals == {}
    await everything_is_there(world)


@pytest.mark.parametrize("fault", [faults.truncated(0), faults.truncated(1), faults.stale(1), faults.unsorted])
@pytest.mark.parametrize("point", ["after_put", "after_manifest", "after_commit"])
async def test_a_bad_listing_does_not_mislead_recovery(proxy: FaultProxy, fault: Fault, point: str) -> None:
    world = world_on(proxy.store())
    for end in (29, 59):
        await world.seal(await world.member(), end)
    proxy.inject(fault, faults.lists)
    with pytest.raises(Crash):
        await world.seal(await world.member(crash_at(point)), 99)
    await world.seal(await world.member(), LOG - 1)
    proxy.heal()
    await everything_is_there(world)


@pytest.mark.parametrize("fault", [faults.truncated(1), faults.unsorted])
async def test_forgotten_offsets_are_found_in_a_bad_listing(proxy: FaultProxy, fault: Fault) -> None:
    world = world_on(proxy.store())
    for end in (29, 59, 99):
        await world.seal(await world.member(), end)
    world.committed = None
    proxy.inject(fault, faults.lists)
    sealer = await world.member()
    assert sealer.start == 100
    await world.seal(sealer, LOG - 1)
    proxy.heal()
    await everything_is_there(world)


# ── 21, 22: a bad disk ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", ["fdatasync", "link", "fsync", "mkdir"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO], ids=errno.errorcode.get)
async def test_sealing_goes_on_when_the_disk_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    world = world_on(FileStore(tmp_path))
    await world.seal(await world.member(), 49)
    real, failures = getattr(os, step), iter([OSError(number, os.strerror(number))] * 3)

    def failing(*arguments: object, **named: object) -> object:
        for error in failures:
            assert partial_names(tmp_path) == []
            raise error
        return real(*arguments, **named)

    monkeypatch.setattr(os, step, failing)
    sealer = await world.member()
    world.log = world.log[:50] + [
        Rec(record.offset, record.timestamp + 3_600_000, value=record.value) for record in world.log[50:]
    ]
    await world.seal(sealer, LOG - 1)  # into a folder of another hour, which has to be made
    assert sealer._tools.counts["retries"] + sealer._tools.counts["refused"] == 3
    await everything_is_there(world)


def partial_names(root: Path) -> list[Path]:
    """Objects that a reader could see and that are not whole: all of ours are zstd frames or JSON."""
    visible = [path for path in root.rglob("*.*") if path.is_file() and ".tmp" not in path.parts]
    return [path for path in visible if not path.read_bytes().startswith((b"\x28\xb5\x2f\xfd", b"{"))]


async def test_a_power_cut_anywhere_loses_nothing_committed(tmp_path: Path) -> None:
    """The disk loses what was not synced; Kafka is another machine, so the committed offset stays."""
    step, steps = 0, 10**9
    while step <= steps:
        step += 1
        (machine := tmp_path / str(step)).mkdir()
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(machine, patch, cut_at=step)
            world = world_on(FileStore(machine / "objects"))
            try:
                for end in (29, 59):
                    await world.seal(await world.member(), end)
            except PowerCut:
                pass
        steps = disk.steps
        world.store = FileStore(disk.restore(tmp_path / f"{step}.after") / "objects")  # type: ignore[assignment]
        await world.seal(await world.member(), LOG - 1)
        await everything_is_there(world)
    assert steps > 20


# ── 23, 24: clocks and dates ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("off_s", [-86_400, -3_600, 3_600, 86_400])
async def test_a_wrong_clock_changes_nothing_in_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off_s: int) -> None:
    """Also not when another process, whose clock is right, is in the middle of a write."""
    right, wrong = world_on(MemoryStore()), world_on(FileStore(tmp_path))
    await right.seal(await right.member(), LOG - 1)
    writing = tmp_path / ".tmp" / "another"
    writing.parent.mkdir()
    writing.write_bytes(b"half")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + off_s)
    await wrong.seal(await wrong.member(), LOG - 1)
    assert {key: await wrong.store.get(key) async for key in wrong.store.list("")} == right.store.objects
    await everything_is_there(wrong)


async def test_a_write_whose_temporary_file_was_cleared_away_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a process whose clock is hours ahead, which takes it for a leftover."""
    world = world_on(FileStore(tmp_path))
    real, cleared = os.fdatasync, []

    def sync_and_lose(descriptor: int) -> None:
        real(descriptor)
        if not cleared:
            cleared.extend((tmp_path / ".tmp").iterdir())
            for path in cleared:
                path.unlink()

    monkeypatch.setattr(os, "fdatasync", sync_and_lose)
    await world.seal(await world.member(), LOG - 1)
    assert cleared
    await everything_is_there(world)


async def test_impossible_dates_make_no_folders_and_are_told() -> None:
    times = (b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00Z", b"2026-13-45", b"yesterday", b"\xff\xfe", b"", None)
    stamps = (-1, 0, 2**62, Rec.timestamp)
    log = [
        Rec(offset=n, timestamp=stamps[n % 4], value=codec.dumps({"n": n}), headers=(("ce_time", times[n % 7]),))
        for n in range(LOG)
    ]
    world = world_on(MemoryStore(), log)
    sealer = await world.member()
    for end in range(0, LOG, 7):
        await world.seal(sealer, end)
    await world.seal(sealer, LOG - 1)
    folders = {key.partition("/dt=")[2].partition("/")[0] for key in world.store.objects if "/dt=" in key}
    assert folders == {"1970-01-01", "2026-01-01"}
    found = await manifests_from(world.store, PLACE, 0)
    assert max(manifest.max_event_time for manifest in found) == "9999-12-31T23:59:59.000Z"
    assert min(manifest.min_event_time for manifest in found) == "1970-01-01T00:00:00.000Z"  # nothing is older
    await everything_is_there(world)


# ── the whole sink on a real broker ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def corner(broker: str, unique: str, proxy: FaultProxy) -> AsyncIterator[Corner]:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        yield Corner(broker, f"{unique}.enriched", proxy.store(), admin)
    finally:
        await admin.close()


async def test_an_outage_longer_than_the_session_costs_no_membership_and_no_record(corner: Corner, proxy: FaultProxy) -> None:
    await corner.create(partitions=2)
    proxy.inject(faults.refuse(503, "SlowDown"))
    async with corner.running(corner.sink(limits=Limits(records_max=50, age_s=0.3))) as sink:
        await until(lambda: len(sink.lanes) == 2)
        membership = {partition: lane.membership for partition, lane in sink.lanes.items()}
        began = time.monotonic()
        for partition in (0, 1):
            await corner.send(events(range(partition * 200, partition * 200 + 200)), partition)
        await asyncio.sleep(1.3 * corner.settings.session_timeout_ms / 1000)  # longer than a member may be silent
        assert proxy.met["refused"] > 10
        assert sink.counts["sealed"] == 0
        assert sum(report.count for report in sink.report().values()) <= 100  # paused: a segment each, and no more
        assert {offset for offset, _ in (await corner.committed()).values()} <= {0}
        proxy.heal()
        await corner.until_committed(p0=200, p1=200)
        assert {partition: lane.membership for partition, lane in sink.lanes.items()} == membership
        assert (sink.counts["fenced"], sink.counts["sessions_lost"]) == (0, 0)
        print(f"outage and recovery took {time.monotonic() - began:.1f} s")
    assert sorted(await corner.values()) == list(range(400))
    assert (await corner.check()).stored == 400


async def test_lost_answers_and_hangs_under_the_whole_sink(corner: Corner, proxy: FaultProxy) -> None:
    await corner.create()
    await corner.send(events(range(500)))
    for fault in (faults.ack_lost, faults.hang, faults.ack_hang, faults.reset):
        proxy.inject(fault, DATA, times=2)
        proxy.inject(fault, MANIFEST, times=1)
    async with corner.running(corner.sink(limits=Limits(records_max=50, age_s=0.3))) as sink:
        await corner.until_committed(p0=500)
        assert sink.counts["verified"] > 0
    assert proxy.met.keys() >= {"ack_lost", "hang", "ack_hang", "reset"}
    assert await corner.values() == list(range(500))
    assert (await corner.check()).stored == 500


async def test_revoked_credentials_stop_the_sink_with_a_word_until_they_are_back(corner: Corner, proxy: FaultProxy) -> None:
    await corner.create()
    async with corner.running(corner.sink()) as sink:
        await corner.send(events(range(20)))
        await corner.until_committed(p0=20)
        proxy.inject(faults.refuse(403, "AccessDenied"))
        await corner.send(events(range(20, 40)))
        await until(lambda: "s3:PutObject" in sink.stopped_because)
        [(offset, metadata)] = (await corner.committed()).values()
        progress = parse_metadata(metadata)
        assert progress is not None
        assert (offset, progress.intent is not None) == (20, True)
        proxy.heal()
        await corner.until_committed(p0=40)
        await until(lambda: sink.stopped_because == "")
    assert await corner.values() == list(range(40))
    await corner.check()
