"""a, b and d: raw → enriched with one worker process, beside an idiomatic Faust chain of the same three hops in the same run.

The CPU of an article is split into pure stage compute (`run_chain` over the same items in this process, states in dicts, no
codec) and everything else, the transport share, codec included. Rounds of both alternate, so that a slow minute of the machine
hits both. Beside the broker a stage costs more CPU than alone, which the difference books as transport: so the stages are clocked
inside the two processes as well.
"""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from statistics import median, quantiles

from aiokafka import ConsumerRecord
from msgspec import Struct
from msgspec.structs import replace

from pipeline import provision, stages
from pipeline.config import Config
from pipeline.hop import run_chain
from pipeline.ledger import Ledger
from pipeline.records import RawItem
from pipeline.stages.dedup import item_uri
from pipeline.topics import full_name
from pipeline.topology import ENRICH, INGEST, LINK
from tests.bench import clock
from tests.bench.ground import Ground, Process
from tests.bench.load import Tap, drip, publish, raw_messages, tap
from tests.bench.table import AT_MOST, Goal, Row
from tests.faults.world import items

CHAIN = (*INGEST.stages, *LINK.stages, *ENRICH.stages)
LATENCY_PER_S = 50.0
FAUST = "Faust chain, at least once"
TRANSPORT_RATIO, TRANSPORT_US = Goal(AT_MOST, 0.35, of_ratio=True), Goal(AT_MOST, 150)
P50_MS, P99_MS = Goal(AT_MOST, 100), Goal(AT_MOST, 500)


class Size(Struct, frozen=True):
    """How much: items of the warm-up and of each round, rounds, and seconds of the latency run."""

    warm: int
    articles: int
    rounds: int
    latency_s: float


class Spent(Struct, frozen=True):
    """What one round came to, per item that was put in; `stages_us` as clocked inside the process."""

    seconds: float
    cpu_us: float
    stages_us: float


class System:
    """A worker process with topics of its own, and a tap on its `enriched`."""

    def __init__(self, config: Config, process: Process, output: Tap) -> None:
        self.config, self.process, self._output = config, process, output
        self._expected = 0

    async def work_off(self, raw: Sequence[RawItem], emitted: int) -> Spent:
        """Puts the items in at full speed and waits until `emitted` more articles are visible."""
        messages = raw_messages(raw)
        began, cpu_s, stages_s = time.monotonic(), self.process.cpu_s, self._stages_s
        await publish(self.config, full_name(self.config.kafka.prefix, "raw"), messages)
        self._expected += emitted
        ended = await self._output.reach(self._expected, self.process)
        cpu_s, stages_s = self.process.cpu_s - cpu_s, self._stages_s - stages_s
        clocks_us = self._clocks_us() if stages_s else 0.0
        return Spent((ended - began) / len(raw), cpu_s / len(raw) * 1e6 - clocks_us, stages_s / len(raw) * 1e6)

    @property
    def _stages_s(self) -> float:
        folder = self.process.log.parent
        return clock.read(folder) if (folder / clock.FILE).exists() else 0.0

    def _clocks_us(self) -> float:
        """What the clocks themselves cost per article, which is no part of the work."""
        return len(CHAIN) * clock.cost_us(self.process.log.parent.parent)

    async def latencies(self, raw: Sequence[RawItem]) -> list[float]:
        """Milliseconds from the send of each item until its article is visible."""
        sent = await drip(self.config, full_name(self.config.kafka.prefix, "raw"), raw_messages(raw), LATENCY_PER_S)
        self._expected += len(raw)
        await self._output.reach(self._expected, self.process)
        seen_at = self._output.seen_at
        return [(seen_at[item_uri(item.key).encode()] - moment) * 1000 for item, moment in zip(raw, sent, strict=True)]


async def measure(ground: Ground, size: Size, parts: str) -> list[Row]:
    """The rows of a and b (one measurement) and of d, as asked for."""
    stages.warm()
    rows: list[Row] = []
    async with (
        _system(ground, "worker", "pipeline", "worker") as whole,
        _system(ground, "threehops", "tests.bench.three_hops") as ours,
        _system(ground, "chain", "tests.bench.faust_chain") as theirs,
    ):
        warm = _items(0, size.warm)
        _, emitted = pure(warm)
        for system in (whole, ours, theirs):
            await system.work_off(warm, emitted)
        if "a" in parts or "b" in parts:
            rows += await _throughput(whole, ours, theirs, size)
        if "d" in parts:
            rows += await _latency(whole, theirs, round(size.latency_s * LATENCY_PER_S))
    return rows


@asynccontextmanager
async def _system(ground: Ground, prefix: str, module: str, *arguments: str) -> AsyncIterator[System]:
    config = ground.config(prefix)
    await provision.apply(config)
    process = ground.start(prefix, module, *arguments, config=config)
    async with tap(config, full_name(prefix, "enriched"), lambda record: _header(record, "ce_subject")) as output:
        yield System(config, process, output)
    await process.end()


def _header(record: ConsumerRecord, name: str) -> bytes:
    return next(value for key, value in record.headers if key == name)


def _items(seed: int, count: int) -> list[RawItem]:
    """10 % new versions, 5 % repeats; no key occurs under two seeds."""
    return [replace(item, key=f"{item.key}?round={seed}") for item in items(seed, count)]


def pure(raw: Sequence[RawItem]) -> tuple[float, int]:
    """The stages and nothing else, in this process: CPU µs per item, and how many articles come out."""
    began = time.thread_time()
    emitted = sum(1 for _ in _passing(raw))
    return (time.thread_time() - began) / len(raw) * 1e6, emitted


def _passing(raw: Sequence[RawItem]) -> Iterator[RawItem]:
    """The items of which an article comes out: no repeats, under whatever key."""
    states: dict[str, dict[bytes, bytes]] = {stage.name: {} for stage in CHAIN if stage.stateful}
    ledger = Ledger()
    for item in raw:
        outcome = run_chain(CHAIN, item, states, item.fetched_at, ledger)
        outcome.apply(states)
        if outcome.record is not None:
            yield item


async def _throughput(whole: System, ours: System, theirs: System, size: Size) -> list[Row]:
    compute, our_rounds, their_rounds = [], [], []
    for number in range(1, size.rounds + 1):
        raw = _items(number, size.articles)
        before_us, emitted = pure(raw)
        our_rounds.append(await ours.work_off(raw, emitted))
        between_us, _ = pure(raw)
        their_rounds.append(await theirs.work_off(raw, emitted))
        compute.append((before_us + between_us) / 2)
    cpu_s = whole.process.cpu_s
    everything = await whole.work_off(raw, emitted)
    await whole.process.quiet()  # routes and object sink come after what is visible
    whole_cpu_us = (whole.process.cpu_s - cpu_s) / size.articles * 1e6

    def row(part: str, what: str, unit: str, ours: float, theirs: float | None = None, goal: Goal | None = None) -> Row:
        return Row(part=part, what=what, unit=unit, measured=ours, baseline=theirs, versus=FAUST if theirs else "", goal=goal)

    def both(figure: str) -> tuple[float, float]:
        return median(getattr(r, figure) for r in our_rounds), median(getattr(r, figure) for r in their_rounds)

    def transport(rounds: Sequence[Spent]) -> float:
        return median(spent.cpu_us - compute_us for spent, compute_us in zip(rounds, compute, strict=True))

    def clocked_transport(rounds: Sequence[Spent]) -> float:
        return median(spent.cpu_us - spent.stages_us for spent in rounds)

    seconds, cpu_us = both("seconds"), both("cpu_us")
    shares = transport(our_rounds), transport(their_rounds)
    return [
        row("a", "`newswire worker`, routes and object sink included", "articles/s", 1 / everything.seconds),
        row("a", "`newswire worker`, routes and object sink included", "CPU µs/article", whole_cpu_us),
        row("a", "three hops", "articles/s", 1 / seconds[0], 1 / seconds[1]),
        row("a", "three hops", "CPU µs/article", *cpu_us),
        row("a", "of it pure stage compute, alone", "CPU µs/article", median(compute)),
        row("a", "of it pure stage compute, clocked inside", "CPU µs/article", *both("stages_us")),
        row("a", "transport share over three hops, exactly once", "CPU µs/article", shares[0], goal=TRANSPORT_US),
        row("b", "transport share", "CPU µs/article", *shares, goal=TRANSPORT_RATIO),
        row("b", "transport share, stages clocked inside", "CPU µs/article",
            clocked_transport(our_rounds), clocked_transport(their_rounds)),
    ]  # fmt: skip


async def _latency(whole: System, theirs: System, count: int) -> list[Row]:
    """One after the other; only items that come out at the other end."""
    raw = [replace(item, key=f"{item.key}&number={number}") for number, item in enumerate(_items(-1, count))]
    raw = list(_passing(raw))
    percentiles = []
    for system in (whole, theirs):
        cuts = quantiles(await system.latencies(raw), n=100)
        percentiles.append((cuts[49], cuts[98]))
    (p50, p99), (their_p50, their_p99) = percentiles
    what = f"raw → enriched at {LATENCY_PER_S:.0f} articles/s"
    return [
        Row(part="d", what=f"{what}, p50", unit="ms", measured=p50, baseline=their_p50, versus=FAUST, goal=P50_MS),
        Row(part="d", what=f"{what}, p99", unit="ms", measured=p99, baseline=their_p99, versus=FAUST, goal=P99_MS),
    ]
