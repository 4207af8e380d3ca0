"""`newswire verify`: each thing that can be wrong is planted in a good store, found, and called by its name."""

from collections.abc import Callable

import pytest
from msgspec import structs

from pipeline import codec
from pipeline.sinks.forms import DOCUMENTS, RAW, Form, unpack
from pipeline.sinks.inspection import Depth
from pipeline.sinks.segment import Place
from pipeline.sinks.stores import MemoryStore, StoreError
from tests.sinks.planted import event, good, looked, manifest_of, object_of, put, refill, rewrite, rules
from tests.sinks.records import TOPIC_ID, Rec, records
from tests.sinks.world import PLACE, Crash, World, crash_at

# ── a good store ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("depth", ["quick", "full", "deep"])
async def test_a_good_store_passes(depth: Depth) -> None:
    world = await good()
    report = await looked(world.store, depth)
    assert report.findings == []
    [partition] = report.partitions
    assert partition.to_builtins() | {"bytes": 0} == {
        "topic": "t", "topic_id": TOPIC_ID, "partition": 0, "next_offset": 30, "segments": 3, "gaps": 0, "redactions": 0,
        "compacted": 0, "records": 30, "rejected": 0, "bytes": 0, "leftovers": 0,
    }  # fmt: skip
    assert partition.bytes > 0


async def test_an_empty_store_passes() -> None:
    report = await looked(MemoryStore())
    assert (report.is_good, report.partitions) == (True, [])


@pytest.mark.parametrize("form", [RAW, DOCUMENTS], ids=lambda form: form.name)
@pytest.mark.parametrize("depth", ["full", "deep"])
async def test_every_form_is_read(form: Form, depth: Depth) -> None:
    store = MemoryStore()
    facts = (("url", b"https://example.test/feed"), ("status", b"200"), ("fetched-at", b"2026-01-01T00:00:00Z"))
    put(store, [Rec(n, value=b"<item>\xff%d</item>" % n, headers=facts) for n in range(5)], 6, form=form)
    assert (await looked(store, depth)).findings == []
    key, manifest = manifest_of(store, 0)
    store.objects[key] = codec.encode(structs.replace(manifest, count=4))
    assert rules(await looked(store, depth)) == ["count"]


async def test_rejects_gaps_and_markers_are_told_and_no_violation() -> None:
    log = [Rec(5), Rec(6, value=b"{"), Rec(8)]
    world = World(log=log, log_start=5)
    await world.seal(await world.member(), 9)
    report = await looked(world.store, "deep")
    assert (report.is_good, rules(report)) == (True, ["gap"])
    facts = report.partitions[0].to_builtins()
    assert (facts["records"], facts["rejected"], facts["gaps"], facts["next_offset"]) == (2, 1, 1, 10)


# ── what can be wrong ────────────────────────────────────────────────────────────────────────────────────────────────


def missing_object(store: MemoryStore) -> None:
    del store.objects[object_of(store, 10)]


def flipped_byte(store: MemoryStore) -> None:
    refill(store, 10, lambda lines: [lines[0].replace(b"story", b"stora"), *lines[1:]], is_signed=False)


def damaged_frame(store: MemoryStore) -> None:
    key = object_of(store, 10)
    body = bytearray(store.objects[key])
    body[len(body) // 2] ^= 1
    store.objects[key] = bytes(body)


def truncated(store: MemoryStore) -> None:
    key = object_of(store, 10)
    store.objects[key] = store.objects[key][:-7]


def empty_object(store: MemoryStore) -> None:
    store.objects[object_of(store, 10)] = b""


def hole(store: MemoryStore) -> None:
    del store.objects[manifest_of(store, 10)[0]], store.objects[object_of(store, 10)]


def hole_at_the_start(store: MemoryStore) -> None:
    del store.objects[manifest_of(store, 0)[0]], store.objects[object_of(store, 0)]


def overlap(store: MemoryStore) -> None:
    put(store, [event(offset) for offset in range(15, 20)], 19)


def overlap_without_records(store: MemoryStore) -> None:
    key = PLACE.manifest_key(25, 34)
    manifest = structs.replace(manifest_of(store, 20)[1], start=25, end=34, next_offset=35, count=0, bytes=0, sha256="", key="")
    store.objects[key] = codec.encode(manifest)


def doubled_line(store: MemoryStore) -> None:
    refill(store, 10, lambda lines: [*lines[:5], lines[4], *lines[6:]])


def wrong_count(store: MemoryStore) -> None:
    rewrite(store, 10, count=9)


def lost_line(store: MemoryStore) -> None:
    refill(store, 10, lambda lines: lines[:-1])


def line_of_another_range(store: MemoryStore) -> None:
    content, _ = unpack(store.objects[object_of(store, 20)])
    refill(store, 10, lambda lines: [*lines[:-1], content.splitlines(keepends=True)[0]])


def lines_out_of_order(store: MemoryStore) -> None:
    refill(store, 10, lambda lines: lines[::-1])


def line_of_another_partition(store: MemoryStore) -> None:
    refill(store, 10, lambda lines: [lines[0].replace(b'"partition":0', b'"partition":1'), *lines[1:]])


def line_cut_off(store: MemoryStore) -> None:
    refill(store, 10, lambda lines: [*lines[:-1], lines[-1][:-1]])


def wrong_size(store: MemoryStore) -> None:
    rewrite(store, 10, bytes=1)


def foreign_manifest(store: MemoryStore) -> None:
    key, _ = manifest_of(store, 10)
    store.objects[key] = store.objects[manifest_of(store, 20)[0]]


def manifest_of_another_topic(store: MemoryStore) -> None:
    rewrite(store, 10, topic="other")


def broken_manifest(store: MemoryStore) -> None:
    store.objects[manifest_of(store, 10)[0]] = b'{"kind":"segment"'


def version_of_the_future(store: MemoryStore) -> None:
    rewrite(store, 10, form_version=99)


PLANTED: tuple[tuple[Callable[[MemoryStore], None], list[str]], ...] = (
    (missing_object, ["missing"]),
    (flipped_byte, ["digest"]),
    (damaged_frame, ["damaged"]),
    (truncated, ["damaged"]),
    (empty_object, ["damaged"]),
    (hole, ["hole"]),
    (hole_at_the_start, ["hole"]),
    (overlap, ["doubled", "overlap"]),
    (overlap_without_records, ["overlap"]),
    (doubled_line, ["doubled"]),
    (wrong_count, ["count"]),
    (lost_line, ["count"]),
    (line_of_another_range, ["misplaced"]),
    (lines_out_of_order, ["misplaced"]),
    (line_of_another_partition, ["damaged"]),
    (line_cut_off, ["damaged"]),
    (wrong_size, ["described"]),
    (foreign_manifest, ["foreign_manifest", "hole"]),
    (manifest_of_another_topic, ["foreign_manifest", "hole"]),
    (broken_manifest, ["bad_manifest", "hole"]),
    (version_of_the_future, ["unreadable"]),
)


@pytest.mark.parametrize(("plant", "expected"), PLANTED, ids=lambda value: getattr(value, "__name__", ""))
async def test_what_is_wrong_is_found_and_named(plant: Callable[[MemoryStore], None], expected: list[str]) -> None:
    world = await good()
    plant(world.store)
    report = await looked(world.store)
    assert (rules(report), report.is_good) == (expected, False)
    assert {finding.rule for finding in (await looked(world.store, "deep")).findings} >= set(expected)
    assert all(finding.start >= 0 and (finding.topic, finding.partition) == ("t", 0) for finding in report.findings)


async def test_doubled_records_are_counted() -> None:
    world = await good()
    overlap(world.store)
    [finding] = [each for each in (await looked(world.store)).findings if each.rule == "doubled"]
    assert (finding.start, finding.end, finding.what) == (15, 19, "5 records that stand in 10..19 too, from offset 15")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"schemas": ("urn:newswire:schema:other:1.0.0",)}, ["described"]),
        ({"max_event_time": "2031-01-01T00:00:00.000Z"}, ["described"]),
    ],
)
async def test_deep_reads_what_full_believes(change: dict[str, object], expected: list[str]) -> None:
    world = await good()
    rewrite(world.store, 10, **change)
    assert rules(await looked(world.store)) == []
    assert rules(await looked(world.store, "deep")) == expected


async def test_deep_encodes_again() -> None:
    world = await good()
    refill(
        world.store,
        10,
        lambda lines: [lines[0].replace(b'"value":{', b'"value":{ ').replace(b'"headers":{', b'"headers":{ '), *lines[1:]],
    )
    assert rules(await looked(world.store)) == []
    assert rules(await looked(world.store, "deep")) == ["reencoded"]


async def test_quick_looks_at_names_only() -> None:
    world = await good()
    truncated(world.store)
    assert rules(await looked(world.store, "quick")) == []
    missing_object(world.store)
    assert rules(await looked(world.store, "quick")) == ["missing"]


async def test_deep_in_processes_says_the_same() -> None:
    world = await good()
    for plant in (truncated, foreign_object):
        plant(world.store)
    assert (await looked(world.store, "deep", jobs=2)).findings == (await looked(world.store, "deep")).findings


def foreign_object(store: MemoryStore) -> None:
    store.objects[f"{PLACE.root}/dt=2026-01-01/hh=00/p=000/notes.txt"] = b"mine"


async def test_what_is_none_of_ours_is_told() -> None:
    world = await good()
    foreign_object(world.store)
    report = await looked(world.store)
    assert (report.is_good, rules(report)) == (True, ["foreign"])


async def test_an_object_that_the_store_does_not_give_is_named_and_the_rest_is_read() -> None:
    world = await good()
    broken, real = object_of(world.store, 10), world.store.get

    async def get(key: str) -> bytes | None:
        if key == broken:
            raise StoreError(f"{key}: Input/output error")
        return await real(key)

    world.store.get = get  # type: ignore[method-assign]
    report = await looked(world.store)
    assert (rules(report), report.partitions[0].segments) == (["unreadable"], 3)


async def test_every_topic_id_and_partition_is_looked_at() -> None:
    world = await good()
    others = [Place("news", "t", "A" * 22, 0), Place("news", "t", TOPIC_ID, 7), Place("news", "u", "B" * 22, 0)]
    for place in others:
        put(world.store, records(range(3)), 2, place)
    report = await looked(world.store)
    assert [partition.place for partition in report.partitions] == sorted([PLACE, *others])
    del world.store.objects[others[1].manifest_key(0, 2)]
    assert rules(await looked(world.store)) == ["leftover"]


# ── a store that is being written ────────────────────────────────────────────────────────────────────────────────────


async def crashed(point: str) -> World:
    world = World(log=[event(offset) for offset in range(30)])
    await world.seal(await world.member(), 9)
    with pytest.raises(Crash):
        await world.seal(await world.member(crash_at(point)), 19)
    return world


async def test_an_object_without_manifest_is_told() -> None:
    world = await crashed("after_put")
    report = await looked(world.store)
    assert (report.is_good, rules(report)) == (True, ["leftover"])
    assert len(report.partitions[0].leftovers) == 1


@pytest.mark.parametrize("point", ["before_intent", "after_intent", "after_manifest", "after_commit"])
async def test_a_crash_at_any_other_point_leaves_nothing_to_tell(point: str) -> None:
    assert (await looked((await crashed(point)).store)).findings == []


class Busy(MemoryStore):
    """The sink seals on while the store is read: one more range after each list."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.ends = world, iter((39, 49, 59, 69))

    async def list(self, prefix: str, start_after: str = ""):  # type: ignore[no-untyped-def]
        keys = [key async for key in MemoryStore.list(self, prefix, start_after)]
        if prefix.endswith(("/_manifest/", "/dt=")):
            await self.world.seal(await self.world.member(), next(self.ends))
        for key in keys:
            yield key


async def test_what_is_sealed_meanwhile_is_no_finding() -> None:
    world = World(log=[event(offset) for offset in range(80)])
    busy = world.store = Busy(world)
    await world.seal(await world.member(), 29)
    report = await looked(busy)
    assert report.findings == []
    assert len([key for key in busy.objects if "/dt=" in key]) > report.partitions[0].segments  # it was sealing
