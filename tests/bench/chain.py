"""a, b and d: raw → enriched with one worker process, beside an idiomatic Faust chain of the same three hops in the same run.

The CPU of an article is split into pure stage compute (`run_chain` over the same items in this process, states in dicts, no
codec) and everything else, the transport share. Rounds of both alternate, so that a slow minute of the machine hits both.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median, quantiles

from aiokafka import ConsumerRecord
from msgspec import Struct

from pipeline import provision, stages
from pipeline.config import Config
from pipeline.hop import run_chain
from pipeline.ledger import Ledger
from pipeline.records import RawItem
from pipeline.stages.dedup import item_uri
from pipeline.topics import full_name
from tests.bench.ground import Ground, Process
from tests.bench.load import Tap, drip, publish, raw_messages, tap
from tests.bench.table import Row
from tests.faults.world import items

CHAIN = (stages.DEDUP, stages.NORMALIZE, stages.LINK, stages.ENRICH)
SEED = 1
LATENCY_PER_S = 50.0
FAUST = "Faust chain, at least once"


class Size(Struct, frozen=True):
    """How much: items per round and rounds, and seconds of the latency run."""

    warm: int
    articles: int
    rounds: int
    latency_s: float


class Spent(Struct, frozen=True):
    """What one round came to, per article that was put in."""

    seconds: float
    cpu_us: float


class System:
    """A worker process with topics of its own, and a tap on its `enriched`."""

    def __init__(self, config: Config, process: Process, output: Tap) -> None:
        self.config, self.process, self._output = config, process, output
        self._expected = 0

    async def work_off(self, raw: Sequence[RawItem], emitted: int) -> Spent:
        """Puts the items in at full speed and waits until `emitted` more articles are visible and the process rests."""
        messages = raw_messages(raw)
        began, cpu_s = time.monotonic(), self.process.cpu_s
        await publish(self.config, full_name(self.config.kafka.prefix, "raw"), messages)
        self._expected += emitted
        ended = await self._output.reach(self._expected, self.process)
        await self.process.quiet()
        return Spent((ended - began) / len(raw), (self.process.cpu_s - cpu_s) / len(raw) * 1e6)

    async def latencies(self, raw: Sequence[RawItem]) -> list[float]:
        """Milliseconds from the send of each item until its article is visible."""
        sent = await drip(self.config, full_name(self.config.kafka.prefix, "raw"), raw_messages(raw), LATENCY_PER_S)
        self._expected += len(raw)
        await self._output.reach(self._expected, self.process)
        seen_at = self._output.seen_at
        return [(seen_at[item_uri(item.key).encode()] - moment) * 1000 for item, moment in zip(raw, sent, strict=True)]


class Pure:
    """The stages and nothing else, in this process."""

    def __init__(self) -> None:
        self._states: dict[str, dict[bytes, bytes]] = {stage.name: {} for stage in CHAIN if stage.stateful}
        self._ledger = Ledger()

    def run(self, raw: Sequence[RawItem]) -> tuple[float, int]:
        """CPU µs per item, and how many articles came out."""
        emitted, began = 0, time.thread_time()
        for item in raw:
            outcome = run_chain(CHAIN, item, self._states, item.fetched_at, self._ledger)
            for stage, (key, value) in outcome.writes:
                assert value is not None, "none of these stages deletes"
                self._states[stage][key] = value
            emitted += outcome.record is not None
        return (time.thread_time() - began) / len(raw) * 1e6, emitted


async def measure(ground: Ground, size: Size, parts: Sequence[str]) -> list[Row]:
    """The rows of a and b (one measurement) and of d, as asked for."""
    stages.warm()
    rows: list[Row] = []
    raw = items(SEED, size.warm + size.articles * (size.rounds + 1))
    async with (
        _system(ground, "worker", "pipeline", "worker") as whole,
        _system(ground, "threehops", "tests.bench.three_hops") as ours,
        _system(ground, "chain", "tests.bench.faust_chain") as theirs,
    ):
        pure = Pure()
        warm = raw[: size.warm]
        _, emitted = pure.run(warm)
        for system in (whole, ours, theirs):
            await system.work_off(warm, emitted)
        if "a" in parts or "b" in parts:
            rows += await _throughput(pure, (whole, ours, theirs), [raw[at : at + size.articles] for at in range(size.warm, len(raw), size.articles)])
        if "d" in parts:
            rows += await _latency(whole, theirs, round(size.latency_s * LATENCY_PER_S))
    return rows


@asynccontextmanager
async def _system(ground: Ground, prefix: str, module: str, *arguments: str) -> AsyncIterator[System]:
    config = ground.config(prefix)
    await provision.apply(config)
    process = ground.start(prefix, module, *arguments, config=config)
    async with tap(config, full_name(prefix, "enriched"), _uri) as output:
        yield System(config, process, output)
    await process.end()


def _uri(record: ConsumerRecord) -> bytes:
    return dict(record.headers)["ce_subject"]


async def _throughput(pure: Pure, systems: tuple[System, System, System], rounds: list[list[RawItem]]) -> list[Row]:
    whole, ours, theirs = systems
    compute, our_rounds, their_rounds = [], [], []
    for raw in rounds[:-1]:
        compute_us, emitted = pure.run(raw)
        compute.append(compute_us)
        our_rounds.append(await ours.work_off(raw, emitted))
        their_rounds.append(await theirs.work_off(raw, emitted))
        print(compute_us, our_rounds[-1], their_rounds[-1])
    return []
