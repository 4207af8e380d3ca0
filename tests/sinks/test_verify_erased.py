"""`newswire verify` of what was redacted, killed or compacted."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from pipeline import codec
from pipeline.sinks import parquet
from pipeline.sinks.buffer import Buffer
from pipeline.sinks.compact import Compactor
from pipeline.sinks.forms import EVENTS, RAW, pack, unpack
from pipeline.sinks.inspection import Depth
from pipeline.sinks.redaction import Redaction, parse_redaction, revised, split_revision
from pipeline.sinks.segment import BadManifest
from pipeline.sinks.stores import MemoryStore
from tests.sinks.planted import KILLED, T, event, good, looked, manifest_of, put, rules
from tests.sinks.records import Rec
from tests.sinks.world import PLACE, Crash, World, crash_at

# ── redactions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def redact(store: MemoryStore, start: int, *offsets: int, is_deleted: bool = True, **over: object) -> Redaction:
    """The next redaction of the range that starts there, of the records at these offsets."""
    key, manifest = manifest_of(store, start)
    revision, now = 1, manifest
    while (name := revised(key, revision)) in store.objects:
        now = parse_redaction(name, store.objects[name]).applied_to(now)
        revision += 1
    content, _ = unpack(store.objects[now.key])
    buffer = Buffer(now.topic, now.partition, now.start)
    for record in EVENTS.decode(content):
        erased = structs.replace(record, value=None) if record.offset in offsets else record
        buffer.add(erased)
    body, sha256 = pack(buffer.content)
    redaction = Redaction(
        topic=now.topic, topic_id=now.topic_id, partition=now.partition, start=now.start, end=now.end,
        next_offset=now.next_offset, revision=revision, ids=tuple(f"id-{offset}" for offset in offsets), reason="court order",
        at="2026-03-01T07:00:00Z", writer="test", count=now.count, bytes=len(buffer.content), sha256=sha256,
        replaces=now.sha256, key=revised(manifest.key, revision),
    )  # fmt: skip
    redaction = structs.replace(redaction, **over)
    store.objects[redaction.key] = body
    store.objects[name] = codec.encode(redaction)
    if is_deleted:
        del store.objects[now.key]
    return redaction


@pytest.mark.parametrize("depth", ["quick", "full", "deep"])
async def test_the_highest_redaction_stands_for_its_range(depth: Depth) -> None:
    world = await good()
    redact(world.store, 10, 12)
    redact(world.store, 10, 12, 17)
    report = await looked(world.store, depth)
    assert (report.is_good, rules(report)) == (True, ["redacted"])
    facts = report.partitions[0].to_builtins()
    assert (facts["records"], facts["segments"], facts["redactions"], facts["leftovers"]) == (30, 3, 2, 0)


async def test_a_redaction_that_follows_nothing_breaks_the_chain() -> None:
    world = await good()
    redact(world.store, 10, 12, replaces="0" * 64)
    assert rules(await looked(world.store)) == ["chain", "redacted"]
    again = await good()
    redact(again.store, 10, 12)
    redact(again.store, 10, 13)
    del again.store.objects[revised(manifest_of(again.store, 10)[0], 1)]
    assert "chain" in rules(await looked(again.store))


async def test_content_that_a_redaction_replaced_must_be_gone() -> None:
    world = await good()
    redact(world.store, 10, 12, is_deleted=False)
    report = await looked(world.store)
    assert (rules(report), report.is_good) == (["redacted", "superseded"], False)


async def test_a_redaction_that_erased_nothing_is_found() -> None:
    world = await good()
    redact(world.store, 10, 12, ids=("id-12", "id-13"))
    report = await looked(world.store)
    [finding] = [each for each in report.findings if each.is_violation]
    assert (finding.rule, finding.what) == ("killed", "1 record with content: offsets 13")


@pytest.mark.parametrize(
    "over", [{"revision": 2}, {"start": 11}, {"next_offset": 21}, {"sha256": "x"}, {"key": "elsewhere"}, {"topic": "u"}]
)
def test_a_redaction_that_contradicts_itself_is_refused(over: dict[str, object]) -> None:
    store = asyncio.run(good()).store
    redaction = redact(store, 10, 12)
    key = revised(PLACE.manifest_key(10, 19), 1)
    assert parse_redaction(key, codec.encode(redaction)) == redaction
    with pytest.raises((BadManifest, ValueError)):
        parse_redaction(key, codec.encode(structs.replace(redaction, **over)))


def test_names_of_redactions_parse_back() -> None:
    for key in (PLACE.manifest_key(5, 9), PLACE.data_key(5, 9, T), PLACE.data_key(5, 9, T, "documents")):
        assert split_revision(key) == (key, 0)
        assert split_revision(revised(key, 12)) == (key, 12)


# ── what was killed ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_was_killed_is_found_until_it_is_gone() -> None:
    world = await good()
    assert rules(await looked(world.store, killed="urn:newswire:article:99")) == []
    report = await looked(world.store, killed=KILLED)
    [finding] = report.findings
    assert (finding.rule, finding.what, report.is_good) == ("killed", "1 record with content: offsets 7", False)
    redact(world.store, 0, 7)
    assert (await looked(world.store, killed=KILLED)).is_good


@pytest.mark.parametrize("value", [b"<guid>urn:newswire:article:7</guid>", b"\xff<guid>urn:newswire:article:7</guid>"])
async def test_raw_bytes_that_mention_it_are_found(value: bytes) -> None:
    store = MemoryStore()
    put(store, [Rec(0, value=value), Rec(1, value=b"<guid>urn:newswire:article:8</guid>")], 1, form=RAW)
    assert rules(await looked(store, killed=KILLED)) == ["killed"]
    assert rules(await looked(store, killed="urn:newswire:article:6")) == []


async def test_an_article_that_mentions_it_is_not_it() -> None:
    world = await good([event(n, value=codec.dumps({"uri": f"urn:x:{n}", "replaces": KILLED})) for n in range(10, 40)])
    assert rules(await looked(world.store, killed=KILLED)) == []


# ── compaction ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def compacted(world: World) -> tuple[str, str]:
    """The segments as Parquet, and deleted; gives the names of the file and of the conclusion."""
    pytest.importorskip("pyarrow")
    late = datetime(2026, 1, 3, tzinfo=UTC)
    compactor = Compactor(world.store, "news", "t", writer="test")
    for _ in range(2):  # the second run deletes what the first has concluded
        await compactor.run(late, settle=timedelta(hours=1), grace=timedelta(0))
        late += timedelta(hours=1)
    assert not [key for key in world.store.objects if key.endswith(".zst")]
    [file] = [key for key in world.store.objects if key.endswith(".parquet")]
    [conclusion] = [key for key in world.store.objects if "/_compact/" in key and not key.endswith(".plan.json")]
    return file, conclusion


async def test_a_compacted_segment_is_not_missing_while_its_parquet_is_there() -> None:
    world = await good()
    file, _ = await compacted(world)
    for depth in ("quick", "full"):
        report = await looked(world.store, depth)  # type: ignore[arg-type]
        assert (report.findings, report.partitions[0].compacted) == ([], 3)
    del world.store.objects[file]
    assert rules(await looked(world.store)) == rules(await looked(world.store, "quick")) == ["parquet"]


@pytest.mark.parametrize("change", [b"", b"PAR1", b"line"])
async def test_a_parquet_file_that_is_not_what_was_written_is_found(change: bytes) -> None:
    world = await good()
    file, conclusion = await compacted(world)
    if change == b"line":
        told = codec.loads(world.store.objects[conclusion])
        told["outputs"][0]["lines_sha256"] = "0" * 64
        world.store.objects[conclusion] = codec.dumps(told)
    else:
        world.store.objects[file] = change
    assert rules(await looked(world.store)) == ["parquet"]


async def test_a_compaction_of_other_content_is_found() -> None:
    world = await good()
    _, conclusion = await compacted(world)
    told = codec.loads(world.store.objects[conclusion])
    told["inputs"][0]["sha256"] = "1" * 64
    world.store.objects[conclusion] = codec.dumps(told)
    assert rules(await looked(world.store)) == ["digest"]


async def test_what_was_killed_is_found_in_parquet_and_a_file_that_was_not_searched_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await good()
    await compacted(world)
    assert rules(await looked(world.store, killed=KILLED)) == ["killed"]
    assert rules(await looked(world.store, killed="urn:newswire:article:99")) == []

    def absent() -> None:
        raise parquet.NoParquet("pyarrow is not installed")

    monkeypatch.setattr(parquet, "arrow", absent)
    report = await looked(world.store, killed="urn:newswire:article:99")
    assert (rules(report), report.is_good) == (["unsearched"], False)
    report = await looked(world.store)
    assert (rules(report), report.is_good) == (["not_read"], True)


async def test_what_was_killed_is_found_in_an_object_that_nobody_reads() -> None:
    world = World(log=[event(offset) for offset in range(30)])
    with pytest.raises(Crash):
        await world.seal(await world.member(crash_at("after_put")), 19)
    assert rules(await looked(world.store, killed=KILLED)) == ["killed", "leftover"]
    assert rules(await looked(world.store, killed="urn:newswire:article:99")) == ["leftover"]
