"""The sealing protocol over a memory store and a stand-in for the group's offsets: every crash point, zombies, and odd finds."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import codec
from pipeline.reasons import Reason
from pipeline.sinks.forms import pack
from pipeline.sinks.manifests import manifests_from, stored_count
from pipeline.sinks.seal import Fenced, Halt
from pipeline.sinks.segment import Place
from pipeline.sinks.stores import Put, StoreError
from tests.sinks.records import Rec, records
from tests.sinks.tiling import check_tiling, stored_records
from tests.sinks.world import PLACE, Crash, World, crash_at

POINTS = ("before_intent", "after_intent", "after_put", "after_manifest", "after_commit")


async def test_ranges_follow_each_other() -> None:
    world = World()
    sealer = await world.member()
    for end in (0, 9, 29):
        await world.seal(sealer, end)
    report = await world.check()
    assert (report.segments, report.stored, world.committed and world.committed[0]) == (3, 30, 30)
    assert [record.offset for record in await stored_records(world.store, "news", "t")] == list(range(30))


@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_anywhere_loses_and_doubles_nothing(point: str) -> None:
    world = World()
    await world.seal(await world.member(), 4)
    with pytest.raises(Crash):
        await world.seal(await world.member(crash_at(point)), 14)
    decided = point != "before_intent"
    sealer = await world.member()
    assert sealer.start == (15 if decided else 5)  # a decided range is finished exactly, an undecided one forgotten
    await world.seal(sealer, 29)
    report = await world.check()
    assert (report.stored, report.orphans) == (30, [])


@pytest.mark.parametrize("point", POINTS)
async def test_a_zombie_that_goes_on_changes_nothing(point: str) -> None:
    """It stops dead at the point, the next owner works on, then it continues."""
    world = World()
    zombie = world.sealer(1)
    world.owner = 1
    await zombie.recover(None, 0)
    there, go = asyncio.Event(), asyncio.Event()
    real_put, real_commit = world.store.put_new, zombie._commit

    async def put(key: str, body: bytes) -> Put:
        if (point == "after_intent" and "/dt=" in key) or (point == "after_put" and "/_manifest/" in key):
            there.set()
            await go.wait()
        return await real_put(key, body)

    async def commit(offset: int, metadata: str) -> None:
        is_intent = '"end"' in metadata
        if (point == "before_intent" and is_intent) or (point in ("after_manifest", "after_commit") and not is_intent):
            there.set()
            await go.wait()
        await real_commit(offset, metadata)

    zombie._commit = commit
    world.store.put_new = put  # type: ignore[method-assign]
    work = asyncio.create_task(world.seal(zombie, 14))
    await there.wait()
    world.store.put_new = real_put  # type: ignore[method-assign]
    heir = await world.member()
    await world.seal(heir, 19)
    before = dict(world.store.objects)
    go.set()
    with pytest.raises(Fenced):
        await work
    assert world.store.objects == before
    await world.seal(heir, 29)
    assert (await world.check()).stored == 30


schedules = st.lists(st.tuples(st.sampled_from(("", *POINTS)), st.integers(0, 6)), max_size=12)


@settings(max_examples=150, deadline=None)
@given(schedules)
def test_any_schedule_of_crashes_tiles(schedule: list[tuple[str, int]]) -> None:
    """Each entry: seal that many more offsets (some hold no JSON, some no record), crash at that point."""
    asyncio.run(_tiles(schedule))


async def _tiles(schedule: list[tuple[str, int]]) -> None:
    log = [Rec(n, value=b"{" if n % 7 == 3 else codec.dumps({"n": n})) for n in range(80) if n % 5]
    world = World(log=log)
    for point, more in schedule:
        try:
            sealer = await world.member(crash_at(point))
            await world.seal(sealer, sealer.start + more)
        except Crash:
            continue
    sealer = await world.member()
    await world.seal(sealer, 99)
    report = await world.check()
    good = [record.offset for record in log if record.value != b"{"]
    assert [record.offset for record in await stored_records(world.store, "news", "t")] == good
    assert report.rejected == {"bad_record": len(log) - len(good)}
    assert {offset for offset, _ in world.dead} == {record.offset for record in log} - set(good)


async def test_rejects_are_dead_letters_before_the_offset_moves() -> None:
    world = World(log=[Rec(0), Rec(1, value=b"{"), Rec(2)])
    seen: list[int] = []

    def at(point: str) -> None:
        if point == "after_manifest":
            seen.extend(offset for offset, _ in world.dead)

    await world.seal(await world.member(at), 2)
    assert seen == [1]
    assert world.dead == [(1, Reason.BAD_RECORD)]
    assert (await world.check()).rejected == {"bad_record": 1}


async def test_a_range_of_markers_has_a_manifest_and_no_object() -> None:
    world = World(log=[Rec(0)])
    sealer = await world.member()
    await world.seal(sealer, 0)
    await world.seal(sealer, 3, "drain")
    report = await world.check()
    assert (report.segments, report.stored, sealer.start) == (1, 1, 4)


# ── the store answers badly ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_lost_answer_is_no_failure_and_no_duplicate() -> None:
    """Stored, but the answer never came; and a store that is down for a while."""
    world = World()
    real = world.store.put_new
    answers = iter([StoreError("down"), StoreError("down"), None, StoreError("down"), None])

    async def put(key: str, body: bytes) -> Put:
        error = next(answers, None)
        outcome = await real(key, body)  # happens in any case
        if error:
            raise error
        return outcome

    world.store.put_new = put  # type: ignore[method-assign]
    sealer = await world.member()
    await world.seal(sealer, 29)
    assert sealer._tools.counts["verified"] == 1
    assert (await world.check()).stored == 30


@pytest.mark.parametrize(
    "body", [b"junk", b"", pack(b"{}\n")[0], pack(b"".join([b"x\n"] * 9))[0][:-3]], ids=["junk", "empty", "other", "cut"]
)
async def test_other_bytes_at_the_name_stop_the_partition(body: bytes) -> None:
    world = World()
    key = PLACE.data_key(0, 29, world.log[0].timestamp)
    await world.store.put_new(key, body)
    with pytest.raises(Halt, match="exists"):
        await world.seal(await world.member(), 29)
    assert world.store.objects == {key: body}  # not overwritten, no manifest
    with pytest.raises(Halt, match="exists"):  # and the next owner stops there too
        await world.member()


async def test_another_manifest_at_the_name_stops_the_partition() -> None:
    world = World()
    with pytest.raises(Crash):
        await world.seal(await world.member(crash_at("after_put")), 29)
    other = World(log=records(range(29)))
    await other.seal(await other.member(), 29)
    key = PLACE.manifest_key(0, 29)
    sealer = world.sealer(world.owner)
    await sealer.recover(world.committed, 0)
    world.store.objects[key] = other.store.objects[key]
    with pytest.raises(Halt, match="says something else"):
        await sealer.finish(world.read(sealer, 29))


async def test_the_same_object_packed_differently_is_the_same() -> None:
    """Identity is the digest of the lines: another zstd version or level gives other bytes."""
    import zstandard

    world = World()
    with pytest.raises(Crash):
        await world.seal(await world.member(crash_at("after_put")), 29)
    [key] = world.store.objects
    lines = zstandard.decompress(world.store.objects[key])
    world.store.objects[key] = zstandard.ZstdCompressor(level=9).compress(lines)
    await world.member()
    assert (await world.check()).stored == 30


# ── recovery ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_forgotten_offsets_are_found_in_the_store() -> None:
    """Kafka forgets an idle group's offsets after a week."""
    world = World()
    await world.seal(await world.member(), 9)
    world.committed = None
    sealer = await world.member()
    assert (sealer.start, sealer.progress.stored) == (10, 10)
    await world.seal(sealer, 29)
    assert (await world.check()).stored == 30


@pytest.mark.parametrize("back", [0, 5])
async def test_offsets_set_back_do_not_double(back: int) -> None:
    world = World()
    sealer = await world.member()
    await world.seal(sealer, 4)
    await world.seal(sealer, 9)
    world.committed = (back, "")
    sealer = await world.member()
    assert sealer.start == 10
    await world.seal(sealer, 29)
    assert (await world.check()).stored == 30


async def test_an_old_commit_with_an_intent_does_not_double() -> None:
    world = World()
    sealer = await world.member()
    await world.seal(sealer, 4)
    await world.seal(sealer, 9)
    with pytest.raises(Crash):
        await world.seal(await world.member(crash_at("after_intent")), 12)
    decided = world.committed
    await world.seal(await world.member(), 20)
    world.committed = decided  # as a broker that restores an old state would
    sealer = await world.member()
    assert sealer.start == 21
    await world.seal(sealer, 29)
    assert (await world.check()).stored == 30


async def test_offsets_set_forward_leave_a_said_gap() -> None:
    world = World()
    await world.seal(await world.member(), 4)
    world.committed = (10, "")
    sealer = await world.member()
    await world.seal(sealer, 29)
    report = await world.check()
    assert (report.gaps, report.stored) == (1, 25)


@pytest.mark.parametrize("lost", ["tail", "middle"])
async def test_a_store_that_lacks_what_was_promised_stops_the_partition(lost: str) -> None:
    world = World()
    sealer = await world.member()
    for end in (4, 9, 14):
        await world.seal(sealer, end)
    if lost == "tail":
        del world.store.objects[PLACE.manifest_key(10, 14)]
    else:
        del world.store.objects[PLACE.manifest_key(5, 9)]
        world.committed = None
    with pytest.raises(Halt, match="not there" if lost == "tail" else "none from 5"):
        await world.member()


async def test_a_recreated_topic_starts_anew_beside_the_old_one() -> None:
    world = World()
    await world.seal(await world.member(), 9)
    before = dict(world.store.objects)
    other = Place("news", "t", "X" * 22, 0)
    world.log = records(range(5))
    sealer = await world.member(place=other)  # the committed offset still is the old topic's
    assert sealer.start == 0
    await world.seal(sealer, 4)
    assert world.committed is not None
    assert (await check_tiling(world.store, "news", "t", {0: 5}, "X" * 22)).problems == []
    assert before.items() <= world.store.objects.items()
    assert await stored_count(world.store, "news", "t") == 15
    assert await stored_count(world.store, "news", "t", "X" * 22) == 5


# ── what retention took ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_late_first_start_says_what_it_never_saw() -> None:
    world = World(log_start=12)
    sealer = await world.member()
    assert sealer.start == 12
    await world.seal(sealer, 29)
    report = await world.check()
    assert (report.gaps, report.stored) == (1, 18)
    [gap, _] = await manifests_from(world.store, PLACE, 0)
    assert (gap.kind, gap.why, gap.start, gap.end) == ("gap", "before_start", 0, 11)


@pytest.mark.parametrize("point", ["", "before_intent", "after_intent", "after_manifest", "after_commit"])
async def test_a_gap_is_said_once_whatever_crashes(point: str) -> None:
    world = World()
    await world.seal(await world.member(), 4)
    world.log_start = 12
    try:
        await world.member(crash_at(point))
    except Crash:
        world.log_start = 14  # and it goes on meanwhile
    sealer = await world.member()
    await world.seal(sealer, 29)
    report = await world.check()
    start = 12 if point == "" else 14
    assert (report.stored, report.gaps) == (5 + 30 - start, 1 if point in ("", "before_intent") else 2)


@pytest.mark.parametrize(("log_start", "stored"), [(3, 27), (30, 0), (40, 0)])
async def test_a_decided_range_that_lost_its_beginning_is_finished_under_its_name(log_start: int, stored: int) -> None:
    world = World()
    with pytest.raises(Crash):
        await world.seal(await world.member(crash_at("after_intent")), 29)
    world.log_start = log_start
    await world.member()
    assert (await world.check()).stored == stored
    [first, *_] = await manifests_from(world.store, PLACE, 0)
    assert (first.start, first.end) == (0, 29)
    assert first.lost_to == (log_start - 1 if log_start < 30 else None)


async def test_a_decided_range_whose_object_stands_needs_no_log() -> None:
    world = World()
    with pytest.raises(Crash):
        await world.seal(await world.member(crash_at("after_put")), 29)
    world.log_start = 20
    await world.member()
    report = await world.check()
    assert (report.stored, report.gaps) == (30, 0)
