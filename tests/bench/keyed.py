"""c: one hop that asks "seen before?" per key (RocksDB, changelog in the transaction), beside Quix Streams, both exactly once.

Each round starts a process on records that wait for it; the clock runs from the first record it takes until the last output is
visible to readers of committed records, its last commit included. Quix commits every 5 s, as it does by default.
"""

import asyncio
import random
import shutil
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median, quantiles
from typing import Any

from aiokafka.admin import NewTopic
from msgspec import Struct

from pipeline import codec, kafka, provision
from pipeline.config import Config
from pipeline.topics import full_name
from tests.bench import clock
from tests.bench.ground import PARTITIONS, Ground, Process
from tests.bench.load import Message, Tap, drip, publish, tap
from tests.bench.table import AT_LEAST, AT_MOST, Goal, Row

REPEATS = 0.2
VALUE_BYTES = 200
PACE_PER_S = 500.0
QUIX, QUIX_FAST = "Quix Streams, commits every 5 s", "Quix Streams, commits every 0.1 s"
QUIX_COMMIT_MS, QUIX_FAST_S = 5000.0, 0.1
RATE, COMMIT_MS, RESTORED = Goal(AT_LEAST, 1, of_ratio=True), Goal(AT_MOST, 100), Goal(AT_LEAST, 100_000)


class Size(Struct, frozen=True):
    """How much: records per round, rounds, and seconds of the run at a pace."""

    records: int
    rounds: int
    pace_s: float


class Spent(Struct, frozen=True):
    """What one round came to."""

    records_per_s: float
    cpu_us: float
    facts: dict[str, Any]


def records(seed: int, count: int) -> tuple[list[Message], int]:
    """Records of which a fifth repeats an earlier key, and how many are the first of their key."""
    dice = random.Random(seed)
    keys: list[bytes] = []
    rows: list[Message] = []
    for number in range(count):
        is_repeat = bool(keys) and dice.random() < REPEATS
        key = dice.choice(keys) if is_repeat else b"key-%08d-%08d" % (seed, number)
        if not is_repeat:
            keys.append(key)
        rows.append((key, dice.randbytes(VALUE_BYTES // 2).hex().encode(), []))
    return rows, len(keys)


async def measure(ground: Ground, size: Size) -> list[Row]:
    """The rows of c."""
    async with (
        _side(ground, Ours, "keyed") as ours,
        _side(ground, Quix, "quix") as theirs,
        _side(ground, FastQuix, "quixfast") as fast,
    ):
        our_rounds, their_rounds = [], []
        for number in range(size.rounds):
            rows, firsts = records(number, size.records)
            our_rounds.append(await ours.work_off(rows, firsts))
            their_rounds.append(await theirs.work_off(rows, firsts))
        often = await fast.work_off(rows, firsts)
        paced, firsts = records(size.rounds, round(size.pace_s * PACE_PER_S))
        our_ms, their_ms = await ours.latencies(paced, firsts), await theirs.latencies(paced, firsts)
        restored, their_restored = await ours.restore(), await theirs.restore()

    def row(what: str, unit: str, measured: float, baseline: float, goal: Goal | None = None, versus: str = QUIX) -> Row:
        return Row(part="c", what=what, unit=unit, measured=measured, baseline=baseline, versus=versus, goal=goal)

    rate, their_rate = (median(spent.records_per_s for spent in rounds) for rounds in (our_rounds, their_rounds))
    cpu_us, their_cpu_us = (median(spent.cpu_us for spent in rounds) for rounds in (our_rounds, their_rounds))
    held_ms = median(spent.facts["held_p99_ms"] for spent in our_rounds)
    pace = f"at {PACE_PER_S:.0f} records/s: sent → committed and visible"
    return [
        row("hop with keyed state", "records/s", rate, their_rate, RATE),
        row("hop with keyed state", "records/s", rate, often.records_per_s, versus=QUIX_FAST),
        row("hop with keyed state", "CPU µs/record", cpu_us, their_cpu_us),
        row("at full speed: taken in → committed, p99", "ms", held_ms, QUIX_COMMIT_MS, COMMIT_MS),
        row(f"{pace}, p50", "ms", our_ms[0], their_ms[0], COMMIT_MS),
        row(f"{pace}, p99", "ms", our_ms[1], their_ms[1]),
        row("restore from the changelog, empty disk", "records/s", restored, their_restored, RESTORED),
    ]


class Side(ABC):
    """One of the two: topics, state, and a process for each round."""

    def __init__(self, ground: Ground, config: Config, output: Tap) -> None:
        self.ground, self.config, self._output = ground, config, output
        self.name = config.kafka.prefix
        self.source, self.target = full_name(self.name, "raw"), full_name(self.name, "normalized")
        self.folder = ground.folder / self.name
        self.expected = 0

    @abstractmethod
    def start(self, count: int) -> Process:
        """A process that works on what comes. It may end by itself after `count` outputs, and leaves facts.json at its end."""

    @abstractmethod
    async def restore(self) -> float:
        """Records per second with which a process without local state reads its changelog, which has every key once."""

    async def work_off(self, rows: Sequence[Message], firsts: int) -> Spent:
        """Publishes, starts a process, and ends it when all outputs are committed."""
        await publish(self.config, self.source, rows)
        process = self.start(firsts)
        self.expected += firsts
        ended = await self._output.reach(self.expected, process)
        await process.end()
        began, cpu_before_s = clock.beginning(self.folder)
        facts = self.facts()
        return Spent(len(rows) / (ended - began), (facts["cpu_s"] - cpu_before_s) / len(rows) * 1e6, facts)

    async def latencies(self, rows: Sequence[Message], firsts: int) -> tuple[float, float]:
        """Milliseconds from the send of a record until its output is visible: p50, p99."""
        warm_up, _ = records(-1, 1)
        await publish(self.config, self.source, warm_up)
        process = self.start(0)
        self.expected += 1
        await self._output.reach(self.expected, process)
        sent = await drip(self.config, self.source, rows, PACE_PER_S)
        self.expected += firsts
        await self._output.reach(self.expected, process)
        await process.end()
        first_sent = {key: moment for (key, *_), moment in zip(reversed(rows), reversed(sent), strict=True)}
        cuts = quantiles(((self._output.seen_at[key] - moment) * 1000 for key, moment in first_sent.items()), n=100)
        return cuts[49], cuts[98]

    def facts(self) -> dict[str, Any]:
        """What the last process left."""
        facts: dict[str, Any] = codec.loads((self.folder / "facts.json").read_bytes())
        return facts


class Ours(Side):
    """An intake and its lanes."""

    def start(self, count: int) -> Process:
        """Works until it is ended."""
        return self.ground.start(self.name, "tests.bench.keyed_ours", "run", config=self.config)

    async def restore(self) -> float:
        """All lanes at once; opening them is part of it."""
        process = self.ground.start(self.name, "tests.bench.keyed_ours", "restore", config=self.config)
        await process.wait()
        facts = self.facts()
        assert facts["records"] == self.expected, f"{facts['records']} of {self.expected} records restored"
        return self.expected / float(facts["seconds"])


class Quix(Side):
    """Its defaults, but exactly once."""

    arguments: tuple[str, ...] = ()

    def start(self, count: int) -> Process:
        """Ends by itself after `count` outputs with a last commit, since otherwise up to 5 s of waiting would count."""
        words = (self.config.kafka.bootstrap, self.source, self.target, "--count", str(count), *self.arguments)
        return self.ground.start(self.name, "tests.bench.keyed_quix", *words)

    async def restore(self) -> float:
        """From the log line that says it begins to the one that says it is done."""
        shutil.rmtree(self.folder / "state")
        (self.folder / "restored.json").unlink(missing_ok=True)
        process = self.start(0)
        await process.leaves(self.folder / "restored.json")
        await process.end()
        return self.expected / float(codec.loads((self.folder / "restored.json").read_bytes())["seconds"])


class FastQuix(Quix):
    """Commits as often as we do."""

    arguments = ("--commit-interval", str(QUIX_FAST_S))


@asynccontextmanager
async def _side(ground: Ground, kind: type[Side], prefix: str) -> AsyncIterator[Side]:
    config = ground.config(prefix)
    if kind is Ours:
        await provision.apply(config)
    else:
        async with kafka.admin(config.kafka) as client:
            names = (full_name(prefix, "raw"), full_name(prefix, "normalized"))
            await client.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
            while len(await kafka.partition_counts(client, names)) < len(names):
                await asyncio.sleep(0.05)
    async with tap(config, full_name(prefix, "normalized"), lambda record: record.key) as output:
        yield kind(ground, config, output)
