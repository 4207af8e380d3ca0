"""`newswire run`: starts what is needed, keeps it running, drains it, and says what became of every item.

Children (simulated wire, workers) are processes of their own; one that dies is started again with back-off. Only processes
started here are ever ended, by pid. Nothing here touches records.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import structlog
from aiokafka.errors import KafkaError
from msgspec import Struct, structs

from pipeline import accounts, provision
from pipeline.accounts import Snapshot
from pipeline.broker import local
from pipeline.cli.context import at, cache_dir
from pipeline.config import Config, ConfigError, to_environment
from pipeline.kafka import Unreachable
from pipeline.poll.feeds import command, import_feeds, load_catalogue, specs
from pipeline.records import Command, Report

log = structlog.get_logger()

BACKOFF_S, BACKOFF_S_MAX = 0.5, 30.0  # a child that dies at once is not started a thousand times a minute
STABLE_S = 30.0  # a child that lived this long has earned a fresh back-off
TERM_S = 25.0  # a worker finishes its batch and seals its segments within this
OTHERS_S, REPORTS_AWAITED = 5.0, 3  # who is silent for so long, and for so many reports, is not at work
DRAIN_AGAIN_S = 3.0  # the command is repeated: a worker that just started has not heard it


UNANSWERED = (KafkaError, OSError, Unreachable)


class Summary(Struct, frozen=True):
    """What a run came to. `is_drained`: nothing was left in flight that nobody else is at work on."""

    seconds: float
    is_drained: bool
    snapshot: Snapshot
    restarts: dict[str, int]

    def to_builtins(self) -> dict[str, Any]:
        """For --json."""
        facts = self.snapshot.to_builtins()
        ledger = self.snapshot.ledger
        return {
            "seconds": round(self.seconds, 1),
            "drained": self.is_drained,
            "items_fetched": ledger.account("poll").received,
            "articles_enriched": ledger.account("enrich").emitted,
            "articles_stored": ledger.account("objects").emitted,
            "items_stored": ledger.account("objects-raw").emitted,
            "documents_stored": ledger.account("objects-documents").emitted,
            "stages": facts["stages"],
            "lag": facts["lag"],
            "unaccounted": facts["unaccounted"],
            "restarts": self.restarts,
        }


class Child:
    """One process of ours, started again when it dies."""

    def __init__(self, name: str, arguments: Sequence[str], environ: Mapping[str, str], log_to: Path | None) -> None:
        self.name, self._arguments, self._environ, self._log_to = name, list(arguments), dict(environ), log_to
        self.process: subprocess.Popen[bytes] | None = None
        self.pids: set[int] = set()
        self.restarts = 0
        self._began = 0.0
        self._delay_s = BACKOFF_S

    @property
    def is_alive(self) -> bool:
        """The process runs."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Starts the process in a session of its own: a Ctrl-C in the terminal is for the supervisor, which drains first."""
        output: IO[bytes] | None = None
        if self._log_to is not None:
            self._log_to.parent.mkdir(parents=True, exist_ok=True)
            output = self._log_to.open("ab")
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", *self._arguments],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        self.pids.add(self.process.pid)
        if output is not None:
            output.close()

    async def keep(self) -> None:
        """Starts it again whenever it dies, later each time."""
        while True:
            if not self.is_alive:
                lived_s = time.monotonic() - self._began
                self._delay_s = BACKOFF_S if lived_s > STABLE_S else min(self._delay_s * 2, BACKOFF_S_MAX)
                status = self.process.returncode if self.process else None
                log.warning("child_died", child=self.name, status=status, restart_in_s=self._delay_s, log=str(self._log_to or ""))
                await asyncio.sleep(self._delay_s)
                self.restarts += 1
                self.start()
            await asyncio.sleep(0.2)

    def terminate(self) -> None:
        """Asks it to finish."""
        if self.is_alive and self.process is not None:
            self.process.terminate()

    async def wait(self, timeout_s: float) -> None:
        """Waits for its end; past the timeout it is killed (its transactions are aborted by its successor)."""
        deadline = time.monotonic() + timeout_s
        while self.is_alive and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        if self.is_alive and self.process is not None:
            log.warning("child_killed", child=self.name, pid=self.process.pid)
            self.process.kill()
            self.process.wait()


class Supervisor:
    """Start, then `watch` until told to stop, then `finish`. `config.kafka.bootstrap` is an address once started."""

    def __init__(self, config: Config, *, log_folder: Path | None = None) -> None:
        self.config = config
        self.children: list[Child] = []
        self.wire_url = ""
        self._log_folder = log_folder
        self._owns_broker = False
        self._keepers: list[asyncio.Task[None]] = []
        self._began = time.monotonic()

    async def start(self, progress: Callable[[int, int, str], None] | None = None) -> None:
        """Broker, topics, wire, catalogue, workers, in this order."""
        if self.config.kafka.bootstrap == "local":
            await self._start_broker(progress)
        await provision.apply(self.config)
        if self.config.simulator.enabled:
            self.config = reaching_loopback(self.config)
            self._start_wire()
        await self._import_feeds()
        for number in range(self.config.run.workers):
            self._start_child(f"w{number}", ["worker", "--name", f"w{number}"])
        self._began = time.monotonic()

    async def _start_broker(self, progress: Callable[[int, int, str], None] | None) -> None:
        folder = Path(self.config.broker.folder)
        self._owns_broker = local.status(folder).state != "running"
        port = self.config.broker.port or None
        running = await asyncio.to_thread(local.start, folder, cache_dir=cache_dir(self.config), port=port, progress=progress)
        self.config = at(self.config, running.bootstrap)
        log.info("broker_ready", bootstrap=running.bootstrap, pid=running.pid)

    def _start_wire(self) -> None:
        simulator = self.config.simulator
        port = simulator.port or _free_port()
        self.wire_url = f"http://127.0.0.1:{port}"
        arguments = ["simulate", "--port", str(port), "--seed", str(simulator.seed), "--speed", str(simulator.speed)]
        self._start_child("wire", [*arguments, *(["--truth", simulator.truth] if simulator.truth else [])])

    def _start_child(self, name: str, arguments: list[str]) -> None:
        environ = {**os.environ, **to_environment(self.config)}
        child = Child(name, arguments, environ, self._log_folder / f"{name}.log" if self._log_folder else None)
        child.start()
        self.children.append(child)
        self._keepers.append(asyncio.create_task(child.keep()))

    async def _import_feeds(self) -> None:
        feeds = []
        if self.config.simulator.enabled:
            from pipeline.simulator.server import catalogue

            feeds += specs(catalogue(self.wire_url), "the simulated wire")
        if has_catalogue(self.config):
            feeds += load_catalogue(Path(self.config.poll.catalogue))
        if feeds:
            found = await import_feeds(self.config, feeds)
            log.info("catalogue_imported", **{word: len(ids) for word, ids in found.items()})

    async def snapshot(self) -> Snapshot | None:
        """The accounts now; None while the broker does not answer."""
        try:
            return await accounts.take(self.config)
        except UNANSWERED as error:
            log.debug("accounts_unreadable", cause=repr(error))
            return None

    async def finish(self, tell: Callable[[str], None] = lambda text: None) -> Summary:
        """Drains, stops the workers, takes the last account, stops the rest."""
        for keeper in self._keepers:
            keeper.cancel()
        others = await self._others()
        if others:
            tell(f"{', '.join(others)} of another run go on: stopping our own workers only")
        else:
            tell("draining: no more polls, waiting for what is under way")
        is_drained = bool(others) or await self._drain(tell)
        workers = await self._at_work()  # asked now: a worker that ends forgets what had stopped it
        tell("stopping the workers")
        for child in self.children:
            child.terminate()
        await asyncio.gather(*(child.wait(TERM_S) for child in self.children))
        snapshot = structs.replace(await accounts.take(self.config), workers=workers)
        summary = Summary(
            time.monotonic() - self._began,
            is_drained and (bool(others) or not snapshot.lag_records),
            snapshot,
            {child.name: child.restarts for child in self.children if child.restarts},
        )
        if not others:
            self.stop_broker()
        return summary

    async def _others(self) -> list[str]:
        """Workers on this Kafka that are not ours and report still. A drain would stop their polls, and our broker is theirs."""
        before, found = await self._foreign(), set[str]()
        deadline = time.monotonic() + max(OTHERS_S, REPORTS_AWAITED * self.config.run.report_s)
        while len(found) < len({worker for worker, _ in before}) and time.monotonic() < deadline:
            await asyncio.sleep(self.config.run.report_s)
            found |= {worker for (worker, pid), at in (await self._foreign()).items() if at > before.get((worker, pid), at)}
        return sorted(found)

    async def _foreign(self) -> dict[tuple[str, int], float]:
        """When workers that are not ours reported last; one that has just ended is among them."""
        ours = {pid for child in self.children for pid in child.pids}
        return {(one.worker, one.pid): one.at for one in await self._at_work() if one.pid not in ours}

    async def _at_work(self) -> tuple[Report, ...]:
        """Those that report; none while the broker does not answer."""
        try:
            return await accounts.at_work(self.config)
        except UNANSWERED as error:
            log.debug("reports_unreadable", cause=repr(error))
            return ()

    async def _drain(self, tell: Callable[[str], None]) -> bool:
        """Until two looks in a row show no lag and the same accounts."""
        deadline = time.monotonic() + self.config.run.drain_s
        before: Snapshot | None = None
        asked_at = 0.0
        while time.monotonic() < deadline and any(child.is_alive for child in self.children if child.name != "wire"):
            if time.monotonic() - asked_at > DRAIN_AGAIN_S:
                asked_at = time.monotonic()
                await command(self.config, Command(verb="drain", id=uuid.uuid4().hex, at=time.time()))
            now = await self.snapshot()
            if now and before and not now.lag_records and now.ledger.to_builtins() == before.ledger.to_builtins():
                return True
            if now:
                tell(f"draining: {now.lag_records} offsets behind")
            before = now
            await asyncio.sleep(1.0)
        return False

    def stop_broker(self) -> None:
        """Stops the local broker if this run started it."""
        if self._owns_broker:
            local.stop(Path(self.config.broker.folder))

    def abandon(self) -> None:
        """Ends everything at once: what was under way is aborted and done again by the next run."""
        for child in self.children:
            if child.is_alive and child.process is not None:
                child.process.kill()
        self.stop_broker()


def reaching_loopback(config: Config) -> Config:
    """The same settings with the simulated wire's address among those that may be polled."""
    return replace(config, poll=replace(config.poll, allow=(*config.poll.allow, "127.0.0.1/32")))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_work(config: Config) -> None:
    """Fails early, with the cure, when a run would have nothing to poll, or a catalogue that cannot be read."""
    if not config.simulator.enabled and not has_catalogue(config):
        raise ConfigError(
            f"nothing to poll: {config.poll.catalogue} does not exist; write [[feed]] tables into it, or run with --simulate"
        )
    if has_catalogue(config):
        load_catalogue(Path(config.poll.catalogue))


def has_catalogue(config: Config) -> bool:
    """There is a file of feeds."""
    return Path(config.poll.catalogue).exists()
