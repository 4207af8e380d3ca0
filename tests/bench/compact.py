"""k: compaction of one closed hour, in memory: rows a second and core, beside writing the same table with pyarrow alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from time import process_time

from pipeline import codec
from pipeline.records import Emit
from pipeline.sinks import parquet
from pipeline.sinks.buffer import Buffer
from pipeline.sinks.compact import Compactor
from pipeline.sinks.forms import pack
from pipeline.sinks.segment import Place
from pipeline.sinks.stores import MemoryStore
from pipeline.stages.normalize import normalize
from tests.bench.table import Row
from tests.faults.world import items
from tests.sinks.records import TOPIC_ID, Rec

PER_SEGMENT = 2_500
HOUR = datetime(2026, 3, 1, 7, tzinfo=UTC)
TOPIC = "newswire.enriched"


def measure(segments: int) -> list[Row]:
    """The row of k."""
    values = [
        codec.encode(verdict.record)
        for item in items(seed=7, count=PER_SEGMENT)
        if isinstance(verdict := normalize(item, {}, item.fetched_at), Emit)
    ]
    store = MemoryStore()
    asyncio.run(_fill(store, values, segments))
    began = process_time()
    report = asyncio.run(
        Compactor(store, "bench", TOPIC).run(HOUR + timedelta(days=1), settle=timedelta(hours=1), grace=timedelta(days=1))
    )
    ours_s = process_time() - began
    files = [body for key, body in store.objects.items() if key.endswith(".parquet")]
    return [
        Row(
            part="k",
            what=f"compaction ({report.rows:,} rows, {report.bytes / report.rows:.0f} B each)",
            unit="rows/s/core",
            measured=report.rows / ours_s,
            baseline=report.rows / _rewrite_s(files),
            versus="pyarrow rewriting the files",
        )
    ]


async def _fill(store: MemoryStore, values: list[bytes], segments: int) -> None:
    place = Place("bench", TOPIC, TOPIC_ID, 0)
    for number in range(segments):
        buffer = Buffer(TOPIC, 0, number * len(values))
        for n, value in enumerate(values):
            buffer.add(Rec(offset=buffer.start + n, timestamp=int(HOUR.timestamp() * 1000), value=value))
        body, sha256 = pack(buffer.content)
        manifest = buffer.manifest(place, sha256, "records", "bench")
        await store.put_new(manifest.key, body)
        await store.put_new(place.manifest_key(manifest.start, manifest.end), codec.encode(manifest))


def _rewrite_s(files: list[bytes]) -> float:
    """CPU seconds to read the files into tables and write them again: what no compaction can save."""
    from io import BytesIO

    pa = parquet.arrow()
    began = process_time()
    for body in files:
        table = pa.parquet.read_table(BytesIO(body))
        pa.parquet.write_table(table, BytesIO(), compression="zstd", compression_level=3)
    return process_time() - began
