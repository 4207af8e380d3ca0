"""Killed content leaves a store whole: at every crash point, under every race, and the digests say what was done."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from pipeline import codec
from pipeline.article import Article
from pipeline.sinks import parquet
from pipeline.sinks.buffer import Buffer
from pipeline.sinks.compact import Compactor
from pipeline.sinks.erasure import Mark, is_erased
from pipeline.sinks.forms import DOCUMENTS, EVENTS, FORMS, RAW, Form, pack, read_segment, unpack
from pipeline.sinks.kill import Target, targets_of
from pipeline.sinks.line import StoredRecord, decode_line
from pipeline.sinks.manifests import manifests_of, standing, topic_ids_in
from pipeline.sinks.redact import RedactError, Redactor, restricted
from pipeline.sinks.redaction import parse_redaction, revised, split_revision
from pipeline.sinks.segment import Manifest, Place
from pipeline.sinks.stores import MemoryStore, Put, Store
from pipeline.sinks.survey import topics_in
from pipeline.sinks.sweep import Sweeper
from pipeline.sinks.targets import Targets
from pipeline.sinks.verify import Options, Report, verify
from pipeline.stages.dedup import item_uri
from pipeline.story import Retraction, Withdrawn
from tests.builders import NOW, article
from tests.sinks.records import TOPIC_ID, Rec
from tests.sinks.world import Crash, crash_at

KEY, OTHER, THIRD = (f"https://example.test/stories/{name}" for name in ("killed-one", "other-one", "third-one"))
URI = item_uri(KEY)
SECRET = "Nobody may read this sentence."
HOUR = datetime(2026, 3, 1, 7, tzinfo=UTC)
T = int(HOUR.timestamp() * 1000) + 30 * 60_000
LATER = HOUR + timedelta(hours=3)
MARK = Mark(by="urn:newswire:item:kill", at=NOW, reason="kill: court order")
TOPICS = {"events": "newswire.enriched", "raw": "newswire.raw", "documents": "newswire.documents"}


def killing(uri: str = URI, **over: object) -> Targets:
    return Targets([structs.replace(Target(uri=uri, mark=MARK), **over)])


def made(key: str, version: str = "1", body: str = SECRET, at: str = NOW) -> Article:
    found = article(headline=f"Headline of {key}", body=body if key == KEY else "Anyone may read this.", key=key, version=version)
    source = structs.replace(found.pipeline.source, document=f"sha256:{key[-9:]}", item=f"{version}{key[-9:]}")
    times = structs.replace(found.pipeline.times, ingested=at)
    return structs.replace(found, pipeline=structs.replace(found.pipeline, source=source, times=times))


def event(offset: int, key: str, version: str = "1", at: str = NOW) -> Rec:
    found = made(key, version, at=at)
    return Rec(offset, T + offset, b"story", codec.encode(found), headers=tuple(codec.article_headers(found, "enriched")))


def raw(offset: int, key: str, version: str = "1", at: str = NOW) -> Rec:
    facts = {"feed": "example-world", "fetched-at": at, "item": f"{version}{key[-9:]}", "document": f"sha256:{key[-9:]}"}
    headers = tuple((name, text.encode()) for name, text in facts.items())
    return Rec(offset, T + offset, key.encode(), f"<item>{key} {SECRET if key == KEY else ''}</item>".encode(), headers=headers)


def document(offset: int, *keys: str, feed: str = "example-world", at: str = NOW) -> Rec:
    body = "".join(f"<item><link>{key}</link>{SECRET if key == KEY else ''}</item>" for key in keys)
    facts = {"feed": feed, "url": "https://example.test/feed", "fetched-at": at, "status": "200"}
    headers = tuple((name, text.encode()) for name, text in facts.items())
    return Rec(offset, T + offset, b"sha256:%d" % offset, body.encode(), headers=headers)


async def put(store: Store, form: Form, records: list[Rec], partition: int = 0, end: int | None = None) -> Manifest:
    """Seals the records as one segment."""
    place = Place("news", TOPICS[form.name], TOPIC_ID, partition)
    buffer = Buffer(place.topic, partition, records[0].offset, form)
    for record in records:
        buffer.add(record)
    buffer.skip_to((records[-1].offset if end is None else end) + 1)
    assert not buffer.rejects
    body, sha256 = pack(buffer.content, form)
    manifest = buffer.manifest(place, sha256, "age", "test")
    await store.put_new(manifest.key, body)
    await store.put_new(place.manifest_key(manifest.start, manifest.end), codec.encode(manifest))
    return manifest


async def filled(store: Store | None = None) -> MemoryStore:
    """Three forms; the killed item stands in two event segments, one raw segment and two documents of its feed."""
    found = store or MemoryStore()
    await put(found, EVENTS, [event(0, KEY), event(1, OTHER), event(2, THIRD)], end=4)
    await put(found, EVENTS, [event(5, OTHER, "2"), event(6, KEY, "2")])
    await put(found, EVENTS, [event(7, THIRD, "2")])
    await put(found, RAW, [raw(0, KEY), raw(1, OTHER), raw(2, KEY, "2")])
    await put(found, DOCUMENTS, [document(0, KEY, OTHER), document(1, OTHER), document(2, KEY, feed="another-feed")])
    await put(found, DOCUMENTS, [document(3, KEY, THIRD)])
    assert isinstance(found, MemoryStore)
    return found


def sweeper(store: Store, point: str = "", **over: object) -> Sweeper:
    at = crash_at(point)
    return Sweeper(Redactor(store, "news", writer="test", at=at, **over), at=at)  # type: ignore[arg-type]


async def looked(store: Store, killed: str = "") -> Report:
    return await verify(store, "news", await topics_in(store, "news"), Options(depth="deep", killed=killed))


async def contents(store: Store) -> dict[tuple[str, int], StoredRecord]:
    """(topic, offset) → record, as readers get them."""
    found = {}
    for topic in TOPICS.values():
        for topic_id in await topic_ids_in(store, "news", topic):
            async for manifest in manifests_of(store, "news", topic, topic_id):
                async for record in read_segment(store, manifest):
                    assert (topic, record.offset) not in found
                    found[topic, record.offset] = record
    return found


async def erased_events(store: Store) -> set[int]:
    """The offsets of erased events."""
    return {offset for (topic, offset), each in (await contents(store)).items() if topic == TOPICS["events"] and is_erased(each)}


def places_of_the_secret(store: MemoryStore) -> list[str]:
    """Objects whose content still holds what was killed, wherever they lie."""
    found = []
    for key, body in store.objects.items():
        if key.endswith(".parquet"):
            content = b"".join(line for _, _, line in parquet.lines_of(body)) + body
        else:
            content = b"".join(_expanded(key, body))
        if SECRET.encode() in content:
            found.append(key)
    return found


def _expanded(key: str, body: bytes) -> Iterator[bytes]:
    for suffix, form in ((".jsonl.zst", EVENTS), (".warc.gz", DOCUMENTS)):
        if key.endswith(suffix):
            yield unpack(body, form)[0]


ERASED = {
    *((TOPICS["events"], offset) for offset in (0, 6)),
    *((TOPICS["raw"], offset) for offset in (0, 2)),
    *((TOPICS["documents"], offset) for offset in (0, 3)),
}


# ── what goes and what stays ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_kill_takes_content_and_leaves_places() -> None:
    store = await filled()
    before = await contents(store)
    done = await sweeper(store).sweep(killing())
    after = await contents(store)
    assert (done.events, done.raw, done.documents) == (2, 2, 2)
    assert after.keys() == before.keys()
    assert {place for place, record in after.items() if is_erased(record)} == ERASED
    assert {place: after[place] for place in after.keys() - ERASED} == {place: before[place] for place in before.keys() - ERASED}
    told = dict(after[TOPICS["events"], 6].headers)
    assert (told["ce_subject"], told["version"], told["redacted-by"]) == (URI.encode(), b"2", MARK.by.encode())
    assert (told["redacted-at"], told["redacted-reason"]) == (NOW.encode(), b"kill: court order")


async def test_nothing_of_it_is_left_in_any_object_of_its_feed() -> None:
    store = await filled()
    assert len(places_of_the_secret(store)) == 5
    await sweeper(store).sweep(killing())
    [left] = places_of_the_secret(store)  # another feed's document, of which no article of this item tells
    assert "newswire.documents" in left
    assert sorted(split_revision(key)[1] for key in store.objects if "/dt=" in key) == [0, 1, 1, 1, 1, 1]


async def test_the_store_is_proved_after_it_and_the_chain_says_what_was_done() -> None:
    store = await filled()
    originals = {manifest.start: manifest async for manifest in manifests_of(store, "news", TOPICS["events"], TOPIC_ID)}
    await sweeper(store).sweep(killing())
    report = await looked(store)
    assert (report.is_good, {finding.rule for finding in report.findings}) == (True, {"redacted"})
    place = Place("news", TOPICS["events"], TOPIC_ID, 0)
    found = await standing(store, place, 0, 4)
    [redaction] = found.redactions
    assert (redaction.replaces, redaction.reason, len(redaction.ids)) == (originals[0].sha256, "kill: court order", 1)
    assert redaction.sha256 == unpack(store.objects[redaction.key])[1] != redaction.replaces
    assert found.first == originals[0]


async def test_a_second_kill_of_a_range_is_a_second_redaction() -> None:
    store = await filled()
    await sweeper(store).sweep(killing())
    await sweeper(store).sweep(killing(item_uri(OTHER)))
    found = await standing(store, Place("news", TOPICS["events"], TOPIC_ID, 0), 0, 4)
    first, second = found.redactions
    assert (second.revision, second.replaces) == (2, first.sha256)
    assert (await looked(store)).is_good
    assert await erased_events(store) == {0, 1, 5, 6}


async def test_again_changes_nothing() -> None:
    store = await filled()
    await sweeper(store).sweep(killing())
    before = dict(store.objects)
    assert (await sweeper(store).sweep(killing())).erased == 0
    assert store.objects == before


async def test_named_versions_go_and_the_others_stay() -> None:
    store = await filled()
    done = await sweeper(store).sweep(killing(versions=frozenset({"1"})))
    found = await contents(store)
    assert (done.events, done.raw) == (1, 1)
    assert not is_erased(found[TOPICS["events"], 6])
    assert not is_erased(found[TOPICS["raw"], 2])


async def test_what_came_after_the_kill_lives() -> None:
    store = MemoryStore()
    after = "2026-03-01T07:45:00Z"
    await put(store, EVENTS, [event(0, KEY), event(1, KEY, "2", after)])
    await put(store, RAW, [raw(0, KEY), raw(1, KEY, "2", after)])
    await put(store, DOCUMENTS, [document(0, KEY), document(1, KEY, at=after)])
    await sweeper(store).sweep(killing(until=datetime(2026, 3, 1, 7, 40, tzinfo=UTC)))
    assert {place for place, record in (await contents(store)).items() if is_erased(record)} == {
        (topic, 0) for topic in TOPICS.values()
    }


@pytest.mark.parametrize("order", [1, -1])
async def test_of_two_kills_of_an_item_that_come_together_both_count(order: int) -> None:
    """Killed, issued again, killed again, all told in one fetch."""
    store = MemoryStore()
    again, last = "2026-03-01T07:45:00Z", "2026-03-01T07:55:00Z"
    await put(store, EVENTS, [event(0, KEY), event(1, KEY, "2", again), event(2, KEY, "3", last)])
    await put(store, RAW, [raw(0, KEY), raw(1, KEY, "2", again), raw(2, KEY, "3", last)])
    await put(store, DOCUMENTS, [document(0, KEY), document(1, KEY, at=again), document(2, KEY, at=last)])
    kills = [Target(uri=URI, until=datetime(2026, 3, 1, 7, minute, tzinfo=UTC), mark=MARK) for minute in (40, 50)]
    await sweeper(store).sweep(Targets(kills[::order]))
    assert {place for place, record in (await contents(store)).items() if is_erased(record)} == {
        (topic, offset) for topic in TOPICS.values() for offset in (0, 1)
    }


async def test_manifests_without_names_are_looked_into() -> None:
    store = await filled()
    for key, body in store.objects.items():
        if "/_manifest/" in key:
            store.objects[key] = codec.encode(structs.replace(codec.decode(body, Manifest), names=""))
    done = await sweeper(store).sweep(killing())
    assert (done.events, done.raw, done.documents) == (2, 2, 2)


def event_segments_read(store: Store) -> set[int]:
    """The first offsets of the segments of events that are read from now on."""
    read, real = set[int](), store.get

    async def get(key: str) -> bytes | None:
        if "/newswire.enriched/" in key and "/dt=" in key:
            read.add(int(key.rpartition("/")[2][:20]))
        return await real(key)

    store.get = get  # type: ignore[method-assign]
    return read


async def test_only_segments_that_may_name_it_are_read() -> None:
    store = await filled()
    read = event_segments_read(store)
    await sweeper(store).sweep(killing(item_uri(THIRD), versions=frozenset({"2"})))
    assert read == {0, 7}


async def test_originals_are_kept_where_that_is_wanted() -> None:
    store = await filled()
    originals = {key: body for key, body in store.objects.items() if "/dt=" in key}
    await sweeper(store, keeps_raw=True).sweep(killing())
    kept = {key: body for key, body in store.objects.items() if "/restricted/" in key}
    assert {key.split("/")[3] for key in kept} == {TOPICS["raw"], TOPICS["documents"]}
    assert all(originals[key] == kept[restricted("news", key)] for key in originals if restricted("news", key) in kept)
    assert (await looked(store)).is_good


def test_a_hold_and_a_release_leave_the_store_alone() -> None:
    told = Retraction(kind="hold", items=(Withdrawn(uri=URI),), by=URI, at=NOW)
    for kind in ("hold", "release"):
        message = made(OTHER)
        held = structs.replace(message, pipeline=structs.replace(message.pipeline, retraction=structs.replace(told, kind=kind)))
        assert targets_of(held, T) == ()


def test_what_a_kill_condemns() -> None:
    told = Retraction(
        kind="kill", items=(Withdrawn(uri=URI), Withdrawn(uri="urn:copy", versions=("2",))), by=URI, at=NOW, note="wrong"
    )
    message = made(KEY)
    own, copy = targets_of(structs.replace(message, pipeline=structs.replace(message.pipeline, retraction=told)), T + 60_000)
    assert (own.until, own.versions, own.mark.reason) == (datetime(2026, 3, 1, 7, 30, tzinfo=UTC), frozenset(), "kill: wrong")
    assert (copy.until, copy.versions) == (datetime(2026, 3, 1, 7, 31, tzinfo=UTC), {"2"})


# ── crashes and races ────────────────────────────────────────────────────────────────────────────────────────────────

POINTS = ("before_put", "after_put", "after_manifest", "after_delete")


class Steps:
    """Crashes at the step of this number; `taken` are the steps until then."""

    def __init__(self, last: int) -> None:
        self.last, self.taken = last, list[str]()

    def __call__(self, point: str) -> None:
        self.taken.append(point)
        if len(self.taken) == self.last:
            raise Crash(point)


async def test_broken_off_at_every_step_and_finished() -> None:
    """Raw items and documents are found although the events that told of them are erased already."""
    whole = await filled()
    await sweeper(whole).sweep(killing())
    seen: list[str] = []
    for number in range(1, 100):
        store, steps = await filled(), Steps(number)
        try:
            await Sweeper(Redactor(store, "news", writer="test", at=steps), at=steps).sweep(killing())
            break
        except Crash:
            seen.append(steps.taken[-1])
        assert (await contents(store)).keys() == (await contents(whole)).keys()  # readers have every record meanwhile
        assert {finding.rule for finding in (await looked(store)).findings if finding.is_violation} <= {"superseded"}
        await sweeper(store).sweep(killing())
        assert timeless(store) == timeless(whole)
    assert (set(seen), len(seen)) == (set(POINTS), 5 * len(POINTS))  # five ranges


def timeless(store: MemoryStore) -> dict[str, object]:
    """What lies in the store, without the moments of redactions."""
    return {
        key: structs.replace(parse_redaction(key, body), at="") if split_revision(key)[1] and key.endswith(".json") else body
        for key, body in store.objects.items()
    }


async def test_another_kill_after_a_crash_finishes_the_first_one() -> None:
    store = await filled()
    with pytest.raises(Crash):
        await sweeper(store, "after_put").sweep(killing())
    await sweeper(store).sweep(killing(item_uri(OTHER)))
    found = await standing(store, Place("news", TOPICS["events"], TOPIC_ID, 0), 0, 4)
    assert [redaction.ids for redaction in found.redactions] == [
        (dict(event(0, KEY).headers)["ce_id"].decode(),), (dict(event(1, OTHER).headers)["ce_id"].decode(),),
    ]  # fmt: skip
    assert (await looked(store)).is_good


class Late(MemoryStore):
    """The first put of a redacted object waits until `go` is set: its writer sleeps while others work."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted, self.reached, self.go = wanted, asyncio.Event(), asyncio.Event()

    async def put_new(self, key: str, body: bytes) -> Put:
        if self.wanted and key.endswith(self.wanted) and "/dt=" in key:
            self.wanted = ""
            self.reached.set()
            await self.go.wait()
        return await super().put_new(key, body)


async def test_a_redactor_that_wakes_up_late_brings_nothing_back() -> None:
    late = Late(f"{0:020d}-{4:020d}.r1.jsonl.zst")
    store = await filled(late)
    sleeper = asyncio.create_task(sweeper(store).sweep(killing(item_uri(OTHER))))
    await late.reached.wait()
    await sweeper(store).sweep(killing())
    await sweeper(store).sweep(killing(item_uri(THIRD)))
    late.go.set()
    await sleeper
    report = await looked(store)
    assert report.is_good, report.findings
    assert await erased_events(store) == OFFSETS


async def test_many_at_once_end_as_one_after_the_other() -> None:
    store = await filled()
    await asyncio.gather(*(sweeper(store).sweep(killing(item_uri(key))) for key in (KEY, OTHER, THIRD)))
    assert all(is_erased(record) for (topic, _), record in (await contents(store)).items() if topic == TOPICS["events"])
    assert (await looked(store)).is_good


async def test_a_sink_that_wakes_up_late_is_swept() -> None:
    """A zombie may write a decided object again after its redaction: the next run takes it, `verify` names it until then."""
    store = await filled()
    [(key, body)] = [
        (key, body)
        for key, body in store.objects.items()
        if "/newswire.enriched/" in key and f"{0:020d}-{4:020d}.j" in key and "/dt=" in key
    ]
    await sweeper(store).sweep(killing())
    await store.put_new(key, body)
    assert [finding.rule for finding in (await looked(store)).findings if finding.is_violation] == ["superseded"]
    await sweeper(store).sweep(killing())
    assert (await looked(store)).is_good


async def test_something_else_under_the_name_stops_it() -> None:
    store = await filled()
    manifest = (await standing(store, Place("news", TOPICS["events"], TOPIC_ID, 0), 0, 4)).first
    content, _ = unpack(store.objects[manifest.key])
    foreign, _ = pack(content.replace(b"Anyone", b"Nobody"))
    await store.put_new(revised(manifest.key, 1), foreign)
    done = await sweeper(store).sweep(killing())
    assert "no erasure of it" in done.problems[0]
    assert store.objects[manifest.key]
    assert (done.events, done.raw) == (1, 2)  # the others are erased nevertheless
    with pytest.raises(RedactError, match="no erasure of it"):
        done.raise_problems()


class Rival(MemoryStore):
    """Somebody else's manifest is a little quicker, and says something else of the same object."""

    async def put_new(self, key: str, body: bytes) -> Put:
        if "/_manifest/" in key and split_revision(key)[1]:
            await super().put_new(key, codec.encode(structs.replace(parse_redaction(key, body), sha256="0" * 64)))
        return await super().put_new(key, body)


async def test_another_manifest_under_the_name_stops_it() -> None:
    store = await filled(Rival())
    originals = [key for key in store.objects if "/newswire.enriched/" in key and "/dt=" in key]
    done = await sweeper(store).sweep(killing())
    assert all("says something else" in problem for problem in done.problems)
    assert len(done.problems) == 5
    assert set(originals) <= store.objects.keys()


async def test_where_the_new_object_is_lost_the_old_one_is_not_deleted() -> None:
    store = await filled()
    with pytest.raises(Crash):
        await sweeper(store, "after_manifest").sweep(killing())
    [new] = [key for key in store.objects if "/dt=" in key and split_revision(key)[1]]
    del store.objects[new]
    done = await sweeper(store).sweep(killing())
    assert done.missing == [new]
    assert split_revision(new)[0] in store.objects


# ── Parquet ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def compacted(store: Store, point: str = "", grace: timedelta | None = None, now: datetime = LATER) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow (the extra `parquet`) is not installed")
    compactor = Compactor(store, "news", TOPICS["events"], at=crash_at(point))
    await compactor.run(now, settle=timedelta(hours=1), grace=grace)


def rows(store: MemoryStore) -> dict[int, StoredRecord]:
    """Offset → record of every row of every Parquet file; one that stands twice fails."""
    found: dict[int, StoredRecord] = {}
    for key, body in store.objects.items():
        if key.endswith(".parquet"):
            for _, offset, line in parquet.lines_of(body):
                assert offset not in found
                found[offset] = decode_line(line)
    return found


def erased_rows(store: MemoryStore) -> set[int]:
    return {offset for offset, record in rows(store).items() if is_erased(record)}


OFFSETS = {0, 1, 2, 5, 6, 7}
NO_GRACE = timedelta(0)


@pytest.mark.parametrize("grace", [None, NO_GRACE], ids=["segments stay", "segments deleted"])
async def test_parquet_loses_the_content_and_keeps_the_rows(grace: timedelta | None) -> None:
    store = await filled()
    await compacted(store, grace=grace)
    assert places_of_the_secret(store)
    done = await sweeper(store).sweep(killing())
    assert done.rows == 2
    assert (rows(store).keys(), erased_rows(store)) == (OFFSETS, {0, 6})
    assert not [key for key in places_of_the_secret(store) if "documents" not in key]
    assert (await looked(store)).is_good
    before = dict(store.objects)
    assert (await sweeper(store).sweep(killing())).erased == 0
    assert store.objects == before


async def test_the_columns_of_an_erased_row_are_empty() -> None:
    store = await filled()
    await compacted(store)
    await sweeper(store).sweep(killing())
    from io import BytesIO

    tables = [
        parquet.arrow().parquet.read_table(BytesIO(body)) for key, body in store.objects.items() if key.endswith(".parquet")
    ]
    found = {row["offset"]: row for table in tables for row in table.to_pylist()}
    assert found[1]["body"] == "Anyone may read this."
    assert {name for name, value in found[0].items() if value is not None} == {
        "topic",
        "partition",
        "offset",
        "timestamp",
        "line",
    }


@pytest.mark.parametrize("point", ["before_file", "after_file", "after_conclusion", "before_sweep"])
async def test_parquet_broken_off_anywhere_and_finished(point: str) -> None:
    store = await filled()
    await compacted(store, grace=NO_GRACE)
    with pytest.raises(Crash):
        await sweeper(store, point).sweep(killing())
    await sweeper(store).sweep(killing())
    assert (rows(store).keys(), erased_rows(store)) == (OFFSETS, {0, 6})
    assert not [key for key in places_of_the_secret(store) if "documents" not in key]
    assert (await looked(store)).is_good


async def test_what_is_redacted_is_compacted_redacted_and_deleted_in_time() -> None:
    store = await filled()
    await sweeper(store).sweep(killing())
    await compacted(store)
    assert (rows(store).keys(), erased_rows(store)) == (OFFSETS, {0, 6})
    await compacted(store, grace=NO_GRACE)
    assert not [key for key in store.objects if "/newswire.enriched/" in key and "/dt=2026-03-01/hh=07/p=" in key]
    assert (await looked(store)).is_good
    assert not [key for key in store.objects if "/late-" in key]


async def test_a_redaction_in_the_grace_period_brings_no_late_file() -> None:
    store = await filled()
    await compacted(store)
    await sweeper(store).sweep(killing())
    await compacted(store)
    assert rows(store).keys() == OFFSETS
    await compacted(store, grace=NO_GRACE)
    assert (rows(store).keys(), erased_rows(store)) == (OFFSETS, {0, 6})
    assert (await looked(store)).is_good


@pytest.mark.parametrize("point", ["after_plan", "before_parquet", "after_parquet", "before_manifest", "after_manifest"])
async def test_a_redaction_in_the_middle_of_a_compaction_is_followed(point: str) -> None:
    store = await filled()
    with pytest.raises(Crash):
        await compacted(store, point)
    await sweeper(store).sweep(killing())
    await compacted(store)
    await sweeper(store).sweep(killing())
    assert (rows(store).keys(), erased_rows(store)) == (OFFSETS, {0, 6})
    assert not [key for key in places_of_the_secret(store) if "documents" not in key]
    assert (await looked(store)).is_good


@pytest.mark.parametrize("point", ["before_parquet", "before_manifest"])
async def test_a_compaction_that_read_before_the_redaction_corrects_itself(point: str) -> None:
    store = await filled()

    def at(reached: str) -> None:
        if reached == point and not split_any(store):
            # the whole redaction happens while the compaction stands at this point
            asyncio.run_coroutine_threadsafe(sweeper(store).sweep(killing()), loop).result(10)

    loop = asyncio.new_event_loop()
    import threading

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        pytest.importorskip("pyarrow", reason="pyarrow (the extra `parquet`) is not installed")
        await Compactor(store, "news", TOPICS["events"], at=at).run(LATER, settle=timedelta(hours=1), grace=None)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert (rows(store).keys(), erased_rows(store)) == (OFFSETS, {0, 6})
    assert not [key for key in places_of_the_secret(store) if "documents" not in key]
    assert (await looked(store)).is_good


def split_any(store: MemoryStore) -> bool:
    return any(split_revision(key)[1] for key in store.objects)


class Redacting(MemoryStore):
    """Everything is redacted while somebody reads: once the names are listed, or once the manifests are."""

    after = ""

    async def list(self, prefix: str, start_after: str = "") -> AsyncIterator[str]:
        keys = [key async for key in MemoryStore.list(self, prefix, start_after)]
        for key in keys:
            yield key
        if self.after and prefix.endswith(self.after):
            self.after = ""
            await sweeper(self).sweep(killing())


@pytest.mark.parametrize("after", ["/_manifest/", "/dt=", "/_compact/"])
async def test_a_store_that_is_redacted_meanwhile_is_proved(after: str) -> None:
    store = Redacting()
    await filled(store)
    await compacted(store)
    store.after = after
    report = await looked(store)
    assert store.after == ""
    assert report.is_good, report.findings


def test_forms_are_all_covered() -> None:
    assert TOPICS.keys() == FORMS.keys()
