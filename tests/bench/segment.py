"""f: sealing segments: what an article costs from the topic to the store, and what the buffers hold while a store is stalled.

The segment path is `Buffer.add` (a line each), zstd with SHA-256, and the put with its reading back, as the sink does them: CPU
of all threads of this process, so S3Proxy's own is not in it. The best of several rounds counts. Needs no Kafka; the stalled
store is measured on sealers and lanes without one, fed faster than any broker.
"""

import asyncio
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from pipeline import codec, stages
from pipeline.broker import s3proxy
from pipeline.broker.jars import default_cache_dir
from pipeline.hop import run_chain
from pipeline.ledger import Ledger
from pipeline.sinks.buffer import Buffer
from pipeline.sinks.forms import pack
from pipeline.sinks.lane import Lane, Memory
from pipeline.sinks.seal import Sealer, Tools
from pipeline.sinks.segment import MIB, Limits, Place, should_seal
from pipeline.sinks.stores import FileStore, MemoryStore, Put, S3Store, Store
from pipeline.sinks.stores.s3 import S3Options
from tests.bench.table import AT_LEAST, AT_MOST, Goal, Row
from tests.faults.world import items
from tests.sinks.records import TOPIC_ID, Rec

PER_S, BUDGET = Goal(AT_LEAST, 20_000), Goal(AT_MOST, 1.3, of_ratio=True)
PARTITIONS = 12
POLL = 1000  # records that one poll brings
HEADERS = (
    *((f"ce_{name}", b"x" * 24) for name in ("id", "source", "type", "subject", "specversion", "dataschema")),
    ("ce_time", b"2026-03-01T07:30:00.123Z"),
)


class Size(Struct, frozen=True):
    """How many different articles, records in a segment, rounds, and the memory budget (MiB) of the stalled store."""

    articles: int
    records: int
    rounds: int
    budget_mib: int


def measure(size: Size) -> list[Row]:
    """The rows of f."""
    values = list(articles(size.articles))
    log = [Rec(n, value=values[n % len(values)], headers=HEADERS) for n in range(size.records)]
    kb = sum(map(len, values)) / len(values) / 1000
    with tempfile.TemporaryDirectory() as folder, s3_server(Path(folder) / "s3") as server:
        stores: dict[str, Store] = {
            "file": FileStore(Path(folder) / "objects"),
            "S3Proxy": S3Store(server.make_bucket("bench"), "", S3Options(settings=server.environment())),
        }
        costs = {
            name: min((one_segment(store, log, round_) for round_ in range(size.rounds)), key=total)
            for name, store in stores.items()
        }
    rows = []
    for name, cost in costs.items():
        rows.append(_row(f"segment path to {name} ({kb:.1f} kB articles)", "articles/s/core", 1e6 / total(cost), goal=PER_S))
        rows += [_row(f"of it {part}", "CPU us/article", us) for part, us in cost.items()]
    return [*rows, *stalled(values, size.budget_mib)]


def articles(count: int) -> Iterator[bytes]:
    """Finished events of the simulated wire, as they lie on `newswire.enriched`."""
    chain = (stages.NORMALIZE, stages.LINK, stages.ENRICH)
    states: dict[str, dict[bytes, bytes]] = {stage.name: {} for stage in chain if stage.stateful}
    for item in items(1, count):
        outcome = run_chain(chain, item, states, item.fetched_at, Ledger())
        outcome.apply(states)
        if outcome.record is not None:
            yield codec.encode(outcome.record)


@contextmanager
def s3_server(folder: Path) -> Iterator[s3proxy.RunningS3]:
    """A server of its own, so that nobody else's requests count."""
    server = s3proxy.start(folder, cache_dir=default_cache_dir(os.environ))
    try:
        yield server
    finally:
        s3proxy.stop(folder)


# ── the way of one segment ───────────────────────────────────────────────────────────────────────────────────────────

Cost = dict[str, float]


def total(cost: Cost) -> float:
    """CPU us per article over all steps."""
    return sum(cost.values())


def one_segment(store: Store, log: list[Rec], round_: int) -> Cost:
    """CPU us per article of each step."""
    buffer = Buffer("t", 0, 0)
    cost: Cost = {}

    def step(name: str, work: Callable[[], object]) -> object:
        began = time.process_time()
        done = work()
        cost[name] = (time.process_time() - began) / len(log) * 1e6
        return done

    def encode() -> None:
        for record in log:
            buffer.add(record)

    step("line", encode)
    body, _ = step("zstd and SHA-256", lambda: pack(buffer.content))  # type: ignore[misc]
    key = f"news/{round_}.jsonl.zst"

    async def put() -> None:
        assert await store.put_new(key, body) is Put.CREATED
        assert await store.get(key) == body

    step("put and reading back", lambda: asyncio.run(put()))
    return cost


# ── a stalled store ──────────────────────────────────────────────────────────────────────────────────────────────────


class Stalled(MemoryStore):
    """Never answers a write."""

    async def put_new(self, key: str, body: bytes) -> Put:
        await asyncio.Event().wait()
        raise AssertionError


def stalled(values: list[bytes], budget_mib: int) -> list[Row]:
    """What 12 partitions hold while the store takes nothing and the log never ends."""
    before_mib = resident_mib()
    held_mib, peak_mib = asyncio.run(_fill(values, budget_mib * MIB))
    what = f"{PARTITIONS} partitions, stalled store"
    return [
        _row(f"{what}: bytes in buffers", "MiB", held_mib, baseline=budget_mib, goal=BUDGET),
        _row(f"{what}: growth of the process", "MiB", peak_mib - before_mib, baseline=budget_mib),
    ]


async def _fill(values: list[bytes], bytes_max: int) -> tuple[float, float]:
    """(bytes in buffers, resident memory) in MiB when nothing is read any more."""
    store, memory, lanes = Stalled(), Memory(bytes_max), dict[int, Lane]()
    memory.share(lanes)
    limits = Limits(memory_bytes_max=bytes_max)
    tasks: list[asyncio.Task[None]] = []
    for partition in range(PARTITIONS):
        lane = lanes[partition] = Lane(_TopicPartition("t", partition), (1, "member"))
        lane.sealer = Sealer(
            Place("news", "t", TOPIC_ID, partition), Tools(store=store, dead=_no_dead, writer="bench"), _no_commit
        )
        lane.state = "open"
    is_reading = True
    while is_reading:
        is_reading = False
        waiting, full = memory.relieve()
        for lane in lanes.values():
            if lane.tp == full or (lane.is_reading and should_seal(lane.facts(False, False), 0.0, limits)):
                lane.state = "sealing"
                tasks.append(asyncio.create_task(lane.sealer.seal(lane.buffer, "bench")))
            elif lane.is_reading and lane.tp not in waiting:
                first = lane.buffer.next
                batch = [Rec(n, value=values[n % len(values)], headers=HEADERS) for n in range(first, first + POLL)]
                lane.take(batch, first + POLL, 0.0, limits)
                is_reading = True
        await asyncio.sleep(0)
    await asyncio.sleep(0.5)  # the last segments are packed in threads
    held, resident = sum(lane.buffer.bytes for lane in lanes.values()) / MIB, resident_mib()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return held, resident


class _TopicPartition(NamedTuple):
    topic: str
    partition: int


async def _no_dead(*_: object) -> None:
    raise AssertionError("every record of the bench has a line")


async def _no_commit(offset: int, metadata: str) -> None:
    return None


def resident_mib() -> float:
    """Resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MIB


def _row(what: str, unit: str, measured: float, baseline: float | None = None, goal: Goal | None = None) -> Row:
    versus = "budget" if baseline is not None else ""
    return Row(part="f", what=what, unit=unit, measured=measured, baseline=baseline, versus=versus, goal=goal)
