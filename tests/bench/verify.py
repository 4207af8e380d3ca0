"""v: `newswire verify` of a store on disk, beside expanding and hashing the same objects, which no proof can do without.

The store is synthetic: articles of about 5 KB that compress to 1.45 KB like real ones, in segments of 32 MiB, on four partitions.
A million take 1.5 GB, which are removed in the end. The disk's cache is warm: what is measured is the machine, not the disk.
"""

import asyncio
import base64
import hashlib
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import zstandard
from msgspec import Struct

from pipeline import codec
from pipeline.sinks.buffer import Buffer
from pipeline.sinks.forms import pack
from pipeline.sinks.inspection import Depth
from pipeline.sinks.segment import Limits, Place
from pipeline.sinks.stores import FileStore
from pipeline.sinks.verify import Options, Report, verify
from tests.bench.ground import ROOT
from tests.bench.table import AT_MOST, Goal, Row
from tests.sinks.records import TOPIC_ID, Rec

TOPIC = "newswire.enriched"
PARTITIONS = 4
MILLION_S = Goal(AT_MOST, 60)
PROSE_CHARS, FACTS_BYTES = 4000, 100  # tuned to the 1.45 KB that real articles take when compressed
POOL = 6500  # articles of one segment; all segments hold the same ones under other offsets, which zstd cannot see


class Size(Struct, frozen=True):
    """How much: records of the store, and of the deep look (the first so many)."""

    records: int
    deep: int


def measure(size: Size) -> list[Row]:
    """The rows of v."""
    jobs = os.cpu_count() or 1
    with _store(size.records) as (store, body_bytes):
        plain_s = _timed(lambda: _expand_and_hash(store.root, jobs))
        seconds = _timed(lambda: _verify(store, "full", jobs, size.records))
        quick_s = _timed(lambda: _verify(store, "quick", jobs, size.records))
    with _store(size.deep) as (store, _):
        one_s = _timed(lambda: _verify(store, "full", 1, size.deep))
        deep_s = _timed(lambda: _verify(store, "deep", jobs, size.deep))
    million = 1e6 / size.records
    deep_million = 1e6 / size.deep

    def row(what: str, measured: float, baseline: float | None = None, goal: Goal | None = None) -> Row:
        return Row(part="v", what=what, unit="s per million records", measured=measured, baseline=baseline, goal=goal,
                   versus="zstd and SHA-256 alone" if baseline else "")  # fmt: skip

    what = f"verify, {size.records:,} records of {body_bytes / size.records:,.0f} B compressed, {jobs} cores"
    return [
        row(what, seconds * million, plain_s * million, MILLION_S),
        row(f"verify, one core, {size.deep:,} records", one_s * deep_million),
        row(f"verify --deep, {size.deep:,} records, {jobs} cores", deep_s * deep_million, goal=MILLION_S),
        row("verify --quick", quick_s * million),
    ]


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _verify(store: FileStore, depth: Depth, jobs: int, expected: int) -> None:
    report: Report = asyncio.run(verify(store, "bench", [TOPIC], Options(depth=depth, jobs=jobs)))
    assert report.findings == []
    assert sum(each.stored for partition in report.partitions for each in partition.ranges) == expected


def _expand_and_hash(root: Path, jobs: int) -> None:
    def one(path: Path) -> None:
        hashlib.sha256(zstandard.ZstdDecompressor().decompress(path.read_bytes())).hexdigest()

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, sorted(root.rglob("*.zst"))))


# ── the store ────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _store(records: int) -> Iterator[tuple[FileStore, int]]:
    """A good store of so many records, and the bytes of its objects."""
    folder = ROOT / "var" / "bench-verify"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        store = FileStore(folder)
        yield store, asyncio.run(_fill(store, records))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _fill(store: FileStore, records: int) -> int:
    values, limits, body_bytes = articles(seed=7, count=POOL), Limits(), 0
    for partition in range(PARTITIONS):
        place = Place("bench", TOPIC, TOPIC_ID, partition)
        start, end = 0, records // PARTITIONS + (partition < records % PARTITIONS)
        while start < end:
            buffer = Buffer(TOPIC, partition, start)
            while buffer.next < end and buffer.bytes < limits.bytes_max:
                buffer.add(Rec(offset=buffer.next, value=values[buffer.count % POOL]))
            body, sha256 = await asyncio.to_thread(pack, buffer.content)
            manifest = buffer.manifest(place, sha256, "bytes", "bench")
            await store.put_new(manifest.key, body)
            await store.put_new(place.manifest_key(start, buffer.next - 1), codec.encode(manifest))
            start, body_bytes = buffer.next, body_bytes + len(body)
    return body_bytes


def articles(seed: int, count: int) -> list[bytes]:
    """Articles of about 5 KB: prose of a vocabulary, and what hardly compresses, such as digests."""
    dice = random.Random(seed)
    words = ["".join(dice.choices("etaoinshrdlucmfwypvbgk", k=dice.randint(2, 10))) for _ in range(4000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    values = []
    for number in range(count):
        prose = " ".join(dice.choices(words, weights, k=PROSE_CHARS // 6))
        facts = base64.b64encode(dice.randbytes(FACTS_BYTES)).decode()
        values.append(codec.dumps({"uri": f"urn:bench:{number}", "bodies": [{"value": prose}], "pipeline": {"facts": facts}}))
    return values
