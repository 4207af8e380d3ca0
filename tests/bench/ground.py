"""What a benchmark stands on: a broker in a folder of its own, processes that are ended by pid, and the CPU they used."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import psutil

from pipeline.broker import local
from pipeline.cli.context import at, cache_dir
from pipeline.config import Config, to_environment

ROOT = Path(__file__).resolve().parents[2]
PARTITIONS = 4
END_S = 30.0
WORK_S_MAX = 180.0
QUIET_LOOK_S, QUIET_SHARE = 0.25, 0.15  # a worker at rest uses some 3 % of a core
QUIET_S_MAX = 60.0


class Ended(RuntimeError):
    """A process of the bench ended by itself; the message holds the end of its log."""


class Process:
    """One process of the bench, its output in `log`."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.popen, self.log = popen, log
        self._process = psutil.Process(popen.pid)

    @property
    def cpu_s(self) -> float:
        """User and system time of all its threads since its start."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def check(self) -> None:
        """Raises `Ended` when it failed."""
        if self.popen.poll():
            tail = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise Ended(f"{self.popen.args} ended with status {self.popen.returncode}:\n{tail}")

    async def quiet(self) -> None:
        """Waits until it rests: what it does after the last output is visible belongs to the work."""
        give_up_at = time.monotonic() + QUIET_S_MAX
        while time.monotonic() < give_up_at:
            before = self.cpu_s
            await asyncio.sleep(QUIET_LOOK_S)
            if self.cpu_s - before < QUIET_LOOK_S * QUIET_SHARE:
                return

    async def wait(self) -> None:
        """Until it ends by itself; raises `Ended` when it failed."""
        await asyncio.to_thread(self.popen.wait, WORK_S_MAX)
        self.check()

    async def leaves(self, file: Path) -> None:
        """Until it has written that file."""
        give_up_at = time.monotonic() + WORK_S_MAX
        while not file.exists():
            self.check()
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"no {file.name} after {WORK_S_MAX:.0f} s; see {self.log}")
            await asyncio.sleep(0.05)

    async def end(self) -> None:
        """SIGTERM, and SIGKILL to what does not listen."""
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            await asyncio.to_thread(self.popen.wait, END_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Ground:
    """`async with Ground(folder) as ground`: the broker runs; what was started is ended in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[Process] = []
        self.bootstrap = ""

    async def __aenter__(self) -> "Ground":
        broker = self.folder / "broker"
        await asyncio.to_thread(local.stop, broker)  # left by a bench that was killed
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        running = await asyncio.to_thread(local.start, broker, cache_dir=cache_dir(Config()))
        self.bootstrap = running.bootstrap
        return self

    async def __aexit__(self, *_error: object) -> None:
        await asyncio.gather(*(process.end() for process in self._processes))
        await asyncio.to_thread(local.stop, self.folder / "broker")

    def config(self, prefix: str) -> Config:
        """Default settings with topics, groups and files of their own."""
        base = Config()
        config = replace(
            base,
            kafka=replace(base.kafka, prefix=prefix, app=prefix, partitions=PARTITIONS),
            state=replace(base.state, folder=str(self.folder / "state")),
            objects=replace(base.objects, store=f"file:{self.folder / prefix / 'objects'}"),
            log=replace(base.log, format="json"),
        )
        return at(config, self.bootstrap)

    def start(self, name: str, module: str, *arguments: str, config: Config | None = None) -> Process:
        """`python -m module` in a folder of its own, since Faust leaves folders where it stands."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return self._start([sys.executable, "-m", module, *arguments], folder, to_environment(config) if config else {})

    def _start(self, command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Process:
        log = folder / "log.txt"
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        with log.open("ab") as output:
            popen = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in reversed(paths) if path), **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C is for the bench, which ends what it started
            )
        process = Process(popen, log)
        self._processes.append(process)
        return process
