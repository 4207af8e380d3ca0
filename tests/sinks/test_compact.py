"""Compaction: each line in exactly one Parquet file, whatever breaks off and however often it runs."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline import codec
from pipeline.cli import root
from pipeline.sinks import parquet
from pipeline.sinks.buffer import Buffer
from pipeline.sinks.compact import Compactor, Report
from pipeline.sinks.compactions import CompactError
from pipeline.sinks.forms import pack
from pipeline.sinks.line import encode_line
from pipeline.sinks.segment import Place
from pipeline.sinks.stores import FileStore, MemoryStore, Store
from tests.builders import article
from tests.sinks.records import TOPIC_ID, Rec
from tests.sinks.world import Crash, crash_at

pytest.importorskip("pyarrow", reason="pyarrow (the extra `parquet`) is not installed")

TOPIC = "newswire.enriched"
HOUR = datetime(2026, 3, 1, 7, tzinfo=UTC)
LATER = HOUR + timedelta(hours=3)
DAY, HOUR_S = timedelta(days=1), timedelta(hours=1)
POINTS = ("before_plan", "after_plan", "before_parquet", "after_parquet", "before_manifest", "after_manifest")


def event(number: int, published: str = "2026-03-01T07:00:00Z") -> bytes:
    made = article(headline=f"Story {number}", body=f"Text “{number}”.\n\nMore of it.", key=f"https://example.test/{number}")
    facts = codec.loads(codec.encode(made))
    facts["pipeline"]["times"]["published"] = published
    return codec.dumps(facts)


def segment(values: Sequence[bytes | None], start: int, partition: int = 0, at: datetime = HOUR) -> list[Rec]:
    timestamp = int(at.timestamp() * 1000)
    return [Rec(offset=start + n, timestamp=timestamp + n, value=value) for n, value in enumerate(values)]


async def store_segment(store: Store, records: Sequence[Rec], partition: int = 0) -> bytes:
    """Seals the records as one segment; gives its content."""
    place = Place("news", TOPIC, TOPIC_ID, partition)
    buffer = Buffer(TOPIC, partition, records[0].offset)
    for record in records:
        buffer.add(record)
    body, sha256 = pack(buffer.content)
    manifest = buffer.manifest(place, sha256, "age", "test")
    await store.put_new(manifest.key, body)
    await store.put_new(place.manifest_key(manifest.start, manifest.end), codec.encode(manifest))
    return bytes(buffer.content)


def run(store: Store, now: datetime = LATER, grace: timedelta | None = None, at: str = "") -> Report:
    compactor = Compactor(store, "news", TOPIC, at=crash_at(at))
    return asyncio.run(compactor.run(now, settle=HOUR_S, grace=grace))


def parquet_files(store: MemoryStore) -> dict[str, bytes]:
    return {key: body for key, body in store.objects.items() if key.endswith(".parquet")}


def lines(store: MemoryStore) -> dict[tuple[int, int], bytes]:
    """(partition, offset) → line, over all Parquet files; a place that stands twice fails."""
    found: dict[tuple[int, int], bytes] = {}
    for body in parquet_files(store).values():
        for partition, offset, line in parquet.lines_of(body):
            assert (partition, offset) not in found
            found[partition, offset] = line
    return found


def filled() -> tuple[MemoryStore, dict[tuple[int, int], bytes]]:
    """Two partitions, three segments, two event dates, one tombstone and one value that is no event of ours."""
    store = MemoryStore()
    segments = {
        0: [
            segment([event(1), event(2, "2026-02-28T23:00:00Z"), None], 0),
            segment([event(3)], 10, at=HOUR + timedelta(minutes=9)),
        ],
        1: [segment([event(4), b'{"uri": 7}', b"[1, 2]"], 5)],
    }
    expected = {}
    for partition, several in segments.items():
        for records in several:
            asyncio.run(store_segment(store, records, partition))
            expected |= {(partition, record.offset): encode_line(TOPIC, partition, record) for record in records}
    return store, expected


def test_every_line_once() -> None:
    store, expected = filled()
    report = run(store)
    assert lines(store) == expected
    assert (report.plans, report.segments, report.rows, report.files) == (1, 3, 7, 3)
    assert sorted(key.rpartition("/parquet/")[2] for key in parquet_files(store)) == [
        f"event_date={day}/part-2026-03-01T07-000-{TOPIC_ID[:11]}.parquet" for day in ("2026-02-28", "2026-03-01", "unknown")
    ]


def test_again_changes_nothing() -> None:
    store, _ = filled()
    run(store)
    before = dict(store.objects)
    assert run(store).plans == 0
    assert store.objects == before


@pytest.mark.parametrize("point", POINTS)
def test_broken_off_anywhere(point: str) -> None:
    store, expected = filled()
    with pytest.raises(Crash):
        run(store, at=point)
    run(store)
    assert lines(store) == expected
    whole, _ = filled()
    run(whole)
    assert store.objects == whole.objects


def test_an_open_hour_waits() -> None:
    store, _ = filled()
    assert run(store, HOUR + timedelta(minutes=90)).open_hours == 1
    assert not parquet_files(store)


def test_late_segments_become_files_of_their_own() -> None:
    store, expected = filled()
    run(store)
    before = parquet_files(store)
    records = segment([event(9)], 20)
    asyncio.run(store_segment(store, records))
    report = run(store)
    assert (report.plans, report.segments) == (1, 1)
    late = set(parquet_files(store)) - set(before)
    assert [key.rpartition("/")[2][:23] for key in late] == ["late-2026-03-01T07-001-"]
    assert lines(store) == expected | {(0, 20): encode_line(TOPIC, 0, records[0])}


def test_two_at_once() -> None:
    store, expected = filled()

    class Yielding(MemoryStore):
        async def put_new(self, key: str, body: bytes) -> Any:
            await asyncio.sleep(0)
            return await super().put_new(key, body)

    both = Yielding()
    both.objects = store.objects

    async def race() -> None:
        compactors = [Compactor(both, "news", TOPIC) for _ in range(2)]
        await asyncio.gather(*(each.run(LATER, settle=HOUR_S, grace=None) for each in compactors))

    asyncio.run(race())
    assert lines(both) == expected


def test_sources_go_after_the_grace_period_and_their_manifests_stay() -> None:
    store, expected = filled()
    sources = {key for key in store.objects if key.endswith(".jsonl.zst")}
    assert run(store, grace=DAY).waiting == 3
    assert sources <= set(store.objects)
    assert run(store, LATER + DAY, grace=None).deleted == 0
    with pytest.raises(Crash):
        run(store, LATER + DAY, grace=DAY, at="before_delete")
    assert run(store, LATER + DAY, grace=DAY).deleted == 3
    assert not sources & set(store.objects)
    assert sum("/_manifest/" in key for key in store.objects) == 3
    assert lines(store) == expected
    assert run(store, LATER + 2 * DAY, grace=DAY) == Report()


def test_nothing_is_deleted_when_a_file_is_not_what_was_written() -> None:
    store, _ = filled()
    run(store)
    key = min(parquet_files(store))
    store.objects[key] = store.objects[key][:-1]
    with pytest.raises(CompactError, match="its segments stay"):
        run(store, LATER + DAY, grace=DAY)
    assert sum(key.endswith(".jsonl.zst") for key in store.objects) == 3


def test_a_damaged_segment_stops_it() -> None:
    store, _ = filled()
    key = min(key for key in store.objects if key.endswith(".jsonl.zst"))
    store.objects[key] = store.objects[key][:-3]
    with pytest.raises(CompactError, match="newswire verify"):
        run(store)
    assert not parquet_files(store)


def test_a_name_that_is_taken_by_other_lines() -> None:
    store, _ = filled()
    run(store)
    other, _ = filled()
    key = min(parquet_files(store))
    other.objects[key] = parquet_files(store)[max(parquet_files(store))]
    with pytest.raises(CompactError, match="other lines"):
        run(other)


def test_unsealed_objects_are_left_alone() -> None:
    store, expected = filled()
    place = Place("news", TOPIC, TOPIC_ID, 0)
    store.objects[place.data_key(50, 51, int(HOUR.timestamp() * 1000))] = b"half"
    run(store)
    assert lines(store) == expected


def test_lines_hash_to_the_digest_of_their_segment() -> None:
    """After the segments are gone the Parquet still proves what their manifests say."""
    import hashlib

    store, _ = filled()
    manifests = [codec.loads(body) for key, body in store.objects.items() if "/_manifest/" in key]
    run(store)
    found = lines(store)
    for manifest in manifests:
        own = [found[place] for place in sorted(found) if place[0] == manifest["partition"]
               and manifest["start"] <= place[1] <= manifest["end"]]  # fmt: skip
        assert hashlib.sha256(b"".join(own)).hexdigest() == manifest["sha256"]


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("2026-03-01T23:59:59Z", "2026-03-01"),
        ("2026-03-01T23:30:00-05:00", "2026-03-02"),
        ("2026-03-04T00:00:00Z", "unknown"),
        ("1066-10-14T09:00:00Z", "unknown"),
        ("9999-12-31T23:59:59-23:59", "2026-03-01"),
        ("yesterday", "2026-03-01"),
        ("", "2026-03-01"),
    ],
)
def test_event_dates(published: str, expected: str) -> None:
    record = Rec(offset=0, timestamp=int(HOUR.timestamp() * 1000), value=event(1, published))
    stored = parquet.StoredRecord(
        topic=TOPIC, partition=0, offset=0, timestamp=record.timestamp, key=b"", value=record.value, headers=()
    )
    assert parquet.row(stored, b"{}\n")[0] == expected


def test_duckdb_and_pandas_read_it(tmp_path: Path) -> None:
    duckdb, pandas = pytest.importorskip("duckdb"), pytest.importorskip("pandas")
    store = FileStore(tmp_path)
    asyncio.run(store_segment(store, segment([event(1), event(2, "2026-02-28T23:00:00Z")], 0)))
    run(store)
    folder = tmp_path / "news" / "v1" / TOPIC / "parquet"
    rows = duckdb.sql(
        f"SELECT event_date, headline, body FROM read_parquet('{folder}/**/*.parquet', hive_partitioning=true) ORDER BY headline"
    ).fetchall()
    assert rows == [
        (date(2026, 3, 1), "Story 1", "Text “1”.\n\nMore of it."),
        (date(2026, 2, 28), "Story 2", "Text “2”.\n\nMore of it."),
    ]
    frame = pandas.read_parquet(folder, filters=[("event_date", "==", "2026-03-01")], columns=["headline", "published"])
    assert frame.headline.tolist() == ["Story 1"]
    assert str(frame.published[0]) == "2026-03-01 07:00:00+00:00"


def test_metadata_names_the_plan() -> None:
    store, _ = filled()
    run(store)
    facts = parquet.facts_of(max(parquet_files(store).items())[1])
    assert (facts["hour"], facts["number"], facts["topic_id"]) == ("2026-03-01T07", "0", TOPIC_ID)
    assert BytesIO(max(parquet_files(store).items())[1]).read(4) == b"PAR1"


def test_the_command(tmp_path: Path) -> None:
    place = tmp_path / "store"
    asyncio.run(store_segment(FileStore(place), segment([event(1)], 0)))
    base = ["--set", "objects.prefix=news", "compact", "--store", f"file:{place}"]
    dry = CliRunner().invoke(root, [*base, "--dry-run", "--json"])
    assert codec.loads(dry.output) == [{"hour": "2026-03-01T07", "late": False, "segments": 1, "rows": 1}]
    done = CliRunner().invoke(root, [*base, "--json"])
    assert codec.loads(done.stdout)["rows"] == 1, done.output
    assert "1 segments wait" in CliRunner().invoke(root, base).output
    wrong = CliRunner().invoke(root, [*base, "--topic", "raw"])
    assert wrong.exit_code == 2
    assert "choose from enriched" in wrong.output


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--store", "file:nowhere"], 2, "no object store at"),
        (["--store", "ftp://x"], 2, "give --store or set objects.store"),
        (["--store", "memory:"], 2, "of another process"),
        (["--store", "file:foreign"], 1, "dt=today/notes.txt'; remove it"),
        (["--store", "file:spoilt"], 1, "see `newswire verify`"),
    ],
)
def test_a_mistake_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("foreign", "spoilt"):
        asyncio.run(store_segment(FileStore(tmp_path / name), segment([event(1)], 0)))
    [root_folder] = Path("foreign").glob("news/v1/*/g=*")
    (root_folder / "dt=today").mkdir()
    (root_folder / "dt=today" / "notes.txt").write_text("of somebody")
    [manifest] = Path("spoilt").rglob("_manifest/*/*.json")
    manifest.write_text("{}")
    result = CliRunner().invoke(root, ["--set", "objects.prefix=news", "compact", *arguments])
    assert (result.exit_code, sentence in result.stderr) == (status, True), result.output
    assert not Path("nowhere").exists()
