"""Real worker processes for tests: started with a configuration, watched, settled, ended by pid."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from pipeline import accounts, kafka
from pipeline.accounts import Snapshot
from pipeline.config import Config, to_environment
from pipeline.poll.feeds import command
from pipeline.records import Command
from pipeline.topics import full_name


class Workers:
    """`async with Workers(config, folder, ["w0"])`: worker processes with their logs in the folder."""

    def __init__(self, config: Config, folder: Path, names: Sequence[str] = ("w0",)) -> None:
        self.config, self.folder, self.names = config, folder, list(names)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    async def __aenter__(self) -> "Workers":
        for name in self.names:
            self.start(name)
        return self

    async def __aexit__(self, *_error: object) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                await asyncio.to_thread(process.wait, 30)
            except subprocess.TimeoutExpired:
                process.kill()

    def start(self, name: str) -> None:
        """A worker process of its own."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "pipeline", "worker", "--name", name],
                env={**os.environ, **to_environment(self.config)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def ended(self) -> list[str]:
        """Workers that do not run."""
        return [name for name, process in self.processes.items() if process.poll() is not None]


async def settle(config: Config, timeout_s: float = 180.0, *, drain: bool = True) -> Snapshot:
    """Until nothing is behind (polls stopped and segments sealed when `drain`) and nothing changes any more."""
    deadline = time.monotonic() + timeout_s
    before: Snapshot | None = None
    while time.monotonic() < deadline:
        try:
            if drain:
                await command(config, Command(verb="drain", id="settle", at=time.time()))
            now = await accounts.take(config)
        except (KafkaError, kafka.Unreachable):
            await asyncio.sleep(1)
            continue
        if before and not now.lag_records and now.ledger.to_builtins() == before.ledger.to_builtins():
            return now
        before = now
        await asyncio.sleep(1)
    raise AssertionError(f"not settled after {timeout_s} s: {before.to_builtins() if before else 'no answer'}")


async def contents(config: Config, *topics: str) -> list[ConsumerRecord]:
    """Everything committed on the topics."""
    return [r async for r in kafka.read_topics(config.kafka, [full_name(config.kafka.prefix, topic) for topic in topics])]
