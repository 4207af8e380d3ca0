"""A whole service under attack: a broker of its own, real worker processes, items produced while faults strike, and the judge.

`judge.py` runs the same stages over the same records in this process and compares: outputs, state, accounts; here the segments.
"""

import asyncio
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aiokafka import AIOKafkaProducer

from pipeline import codec, kafka, provision
from pipeline.accounts import Snapshot
from pipeline.broker import local
from pipeline.cli.context import at, cache_dir
from pipeline.config import Config
from pipeline.records import RawItem
from pipeline.simulator.bulk import raw_items
from pipeline.sinks.stores import open_store
from pipeline.topics import full_name, sink_name
from tests.builders import raw_of
from tests.faults.judge import faults_of
from tests.service import Workers, contents, settle
from tests.sinks.tiling import check_tiling

INPUT_PARTITIONS = 4


def items(seed: int, count: int) -> list[RawItem]:
    """Raw items as the poller would write them: 10 % new versions, 5 % repeats."""
    return [
        raw_of(sim, f"2026-03-01T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000Z")
        for number, sim in enumerate(raw_items(seed, count, updates=0.1, repeats=0.05))
    ]


class World:
    """`async with World(folder, seed) as world`, then `strike`, `settle`, `judge`."""

    def __init__(self, folder: Path, seed: int, *, workers: int = 2) -> None:
        self.folder, self.seed, self.dice = folder, seed, random.Random(seed)
        base = Config()
        self.config = replace(
            base,
            kafka=replace(base.kafka, partitions=INPUT_PARTITIONS, session_timeout_s=6.0),
            broker=replace(base.broker, folder=str(folder / "broker")),
            state=replace(base.state, folder=str(folder / "state")),
            objects=replace(base.objects, store=f"file:{folder / 'objects'}", age_s=3.0, records_max=500),
            hops=replace(base.hops, records_max=100),
            log=replace(base.log, format="json", level="info"),
        )
        self.workers = Workers(self.config, folder, [f"w{number}" for number in range(workers)])
        self.diary: list[str] = []

    async def __aenter__(self) -> "World":
        await self.start_broker()
        await provision.apply(self.config)
        self.workers.config = self.config
        await self.workers.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.workers.__aexit__(*error)
        await asyncio.to_thread(local.stop, Path(self.config.broker.folder))

    async def start_broker(self) -> None:
        """Starts it, or starts it again on its ports."""
        folder = Path(self.config.broker.folder)
        running = await asyncio.to_thread(local.start, folder, cache_dir=cache_dir(self.config))
        self.config = at(self.config, running.bootstrap)

    # ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def produce(self, raw: Sequence[RawItem], seconds: float) -> None:
        """Writes the items in order, spread over the time, across broker restarts (idempotent, so in order and once)."""
        settings = kafka.connection(self.config.kafka) | {"request_timeout_ms": 120_000}
        producer = AIOKafkaProducer(**settings, acks="all", enable_idempotence=True, linger_ms=5)
        await producer.start()
        topic = full_name(self.config.kafka.prefix, "raw")
        count = len(await producer.partitions_for(topic))
        began, pending = time.monotonic(), []
        try:
            for number, item in enumerate(raw):
                key = item.key.encode()
                partition = kafka.partition_of(key, count)
                headers = codec.raw_headers(item)
                pending.append(await producer.send(topic, item.value, key=key, partition=partition, headers=headers))
                ahead_s = seconds * number / len(raw) - (time.monotonic() - began)
                if ahead_s > 0.05:
                    await asyncio.sleep(ahead_s)
            await asyncio.gather(*pending)
        finally:
            await producer.stop()

    async def strike(self, seconds: float) -> None:
        """kill -9 and SIGSTOP (1 to 14 s) at random until the time is over."""
        ends = time.monotonic() + seconds
        thaws: list[asyncio.Task[None]] = []
        while time.monotonic() < ends:
            await asyncio.sleep(self.dice.uniform(0.5, 5.0))
            name = self.dice.choice(self.workers.names)
            process = self.workers.processes[name]
            if self.dice.random() < 0.5:
                self.diary.append(f"kill -9 {name}")
                process.kill()
                await asyncio.to_thread(process.wait)
                await asyncio.sleep(self.dice.uniform(0.0, 2.0))
                self.workers.start(name)
            else:
                frozen_s = self.dice.uniform(1.0, 14.0)
                self.diary.append(f"SIGSTOP {name} {frozen_s:.1f} s")
                process.send_signal(signal.SIGSTOP)
                thaws.append(asyncio.create_task(self._thaw(process, frozen_s)))
        await asyncio.gather(*thaws)

    async def _thaw(self, process: subprocess.Popen[bytes], after_s: float) -> None:
        await asyncio.sleep(after_s)
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)

    async def crash_broker(self, after_s: float, down_s: float) -> None:
        """kill -9 in the middle, back after a while."""
        await asyncio.sleep(after_s)
        self.diary.append(f"kill -9 broker, back after {down_s:.1f} s")
        await asyncio.to_thread(local.kill, Path(self.config.broker.folder))
        await asyncio.sleep(down_s)
        await self.start_broker()

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def settle(self) -> Snapshot:
        """Until nothing is behind and nothing changes any more."""
        try:
            return await settle(self.config)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.story()}") from error

    def story(self) -> str:
        """What to print when something is wrong."""
        return f"seed {self.seed}; " + ", ".join(self.diary) + f"; logs in {self.folder}"

    async def judge(self, raw: Sequence[RawItem], snapshot: Snapshot) -> None:
        """Every promise, each with its own sentence."""
        written = Counter((record.key, record.value) for record in await contents(self.config, "raw"))
        assert written == Counter((item.key.encode(), item.value) for item in raw), "the producer itself lost or doubled items"
        faults = await faults_of(self.config, snapshot)
        assert not faults, f"{'; '.join(faults)}; {self.story()}"
        assert not any(snapshot.unaccounted.values()), f"{snapshot.unaccounted}; {self.story()}"
        await self._judge_segments("enriched", len(await contents(self.config, "enriched")))
        await self._judge_segments("raw", len(raw))
        dead = self.workers.ended()
        assert not dead, f"workers ended by themselves: {dead}; {self.story()}"

    async def _judge_segments(self, name: str, count: int) -> None:
        topic, prefix = full_name(self.config.kafka.prefix, name), self.config.objects.prefix
        async with kafka.admin(self.config.kafka) as client:
            offsets = await kafka.group_offsets(client, f"{self.config.kafka.app}-{sink_name(name)}")
        committed = {tp.partition: position.offset for tp, position in offsets.items()}
        report = await check_tiling(open_store(self.config.objects.store), prefix, topic, committed)
        assert not report.problems, f"{report.problems[:3]}; {self.story()}"
        assert report.stored == count, f"{report.stored} records of {name} in segments, {count} written; {self.story()}"
