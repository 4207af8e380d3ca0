"""What runs in our process of c: one hop "seen before?" on Intake and Lane, its state in RocksDB behind a changelog.

`run` works until SIGTERM, `restore` opens the lanes with an empty disk, `restore-link` those of the link hop (part r). Each
leaves what it clocked in facts.json.
"""

import asyncio
import signal
import sys
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import uvloop
from aiokafka import TopicPartition
from msgspec.structs import replace

from pipeline import codec
from pipeline.cli.context import connected
from pipeline.config import Config, load
from pipeline.hop import Hop, Message
from pipeline.intake import Batch, Intake
from pipeline.lane import Lane, Wiring
from pipeline.logs import configure
from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, Stage, Verdict
from pipeline.state import KeyedState
from tests.bench.clock import Beginning
from tests.fakes import Channel
from tests.kafka.harness import wiring


class TimedIntake(Intake):
    """Notes how long each batch of an open lane is held: taken in, but not yet committed."""

    holds_ms: list[float]

    async def _run(self, batch: Batch) -> None:
        began, is_open = time.monotonic(), bool(batch.lane.states)
        await super()._run(batch)
        if is_open:
            self.holds_ms.append((time.monotonic() - began) * 1000)


def hop() -> Hop:
    """Emits the first record of each key."""
    beginning = Beginning(Path())

    def seen_before(record: tuple[bytes, bytes], state: KeyedState, now: str) -> Verdict:
        beginning.note()
        if record[0] in state:
            return Drop(Reason.REPEAT)
        return Emit(record, writes=((record[0], b"1"),))

    return Hop(
        name="ingest",
        source="raw",
        stages=(Stage(name="dedup", function=seen_before, version="1", stateful=True),),
        decode=lambda key, value, headers: (key, value),
        now_of=lambda record: "2026-01-01T00:00:00Z",
        encode=lambda record: [Message("normalized", *record)],
    )


async def run(config: Config) -> dict[str, Any]:
    """Until SIGTERM."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    channel = Channel()
    intake = TimedIntake(hop(), config, await wiring(config, "w0"), channel)
    intake.holds_ms = []
    agents = [asyncio.create_task(intake.run_batches(channel)) for _ in range(config.hops.concurrency)]
    await intake.start()
    await told.wait()
    cpu_s = time.process_time()
    await intake.stop()
    for agent in agents:
        agent.cancel()
    await asyncio.gather(*agents, return_exceptions=True)
    cuts = quantiles(intake.holds_ms, n=100) if len(intake.holds_ms) > 1 else [0.0] * 99
    return {"cpu_s": cpu_s, "held_p50_ms": cuts[49], "held_p99_ms": cuts[98], "transactions": len(intake.holds_ms)}


async def restore(config: Config) -> dict[str, Any]:
    """All lanes at once, as in a worker that lost its disk."""
    return await opened(await wiring(config, "lost"), "raw")


async def restore_link(config: Config) -> dict[str, Any]:
    """The same with the link hop's lanes."""
    wired = replace(await wiring(config, "lost"), name="link", changelogs={"link": "state.link"})
    return await opened(wired, "normalized")


async def opened(wired: Wiring, source: str) -> dict[str, Any]:
    """Opens a lane on each partition of the source."""
    topic = wired.topic(source)
    lanes = [Lane(wired, TopicPartition(topic, partition)) for partition in range(wired.partitions[topic])]
    began = time.monotonic()
    await asyncio.gather(*(lane.open() for lane in lanes))
    seconds = time.monotonic() - began
    records = sum(state.restored_count for lane in lanes for state in lane.states.values())
    for lane in lanes:
        await lane.close()
    return {"records": records, "seconds": seconds}


if __name__ == "__main__":
    config = connected(load())
    configure(config.log, "w0")
    uvloop.install()
    work = {"run": run, "restore": restore, "restore-link": restore_link}[sys.argv[1]]
    Path("facts.json").write_bytes(codec.dumps(asyncio.run(work(config))))
