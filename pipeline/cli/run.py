"""`newswire run`: everything, with a live view."""

import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import console, print_json, settings
from pipeline.cli.duration import SECONDS
from pipeline.config import ConfigError

if TYPE_CHECKING:
    from pipeline.supervisor import Summary, Supervisor
    from pipeline.view import Live

LOOK_S = 2.0  # how often the accounts are read
DRAW_S = 0.5
SAY_S = 5.0  # how often a run without a terminal says where it is


@click.command()
@click.option("--for", "seconds", type=SECONDS, help="End by itself after this time (30s, 5m), drained, with a summary.")
@click.option("--simulate/--no-simulate", default=None, help="Serve and poll a simulated wire (simulator.enabled).")
@click.option("--workers", type=int, help="Worker processes (run.workers).")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON; no live view.")
@click.pass_context
def run(ctx: click.Context, seconds: float | None, simulate: bool | None, workers: int | None, as_json: bool) -> None:
    """Start everything: broker, topics, simulated wire, workers; show what happens.

    Ctrl-C or SIGTERM drains and exits 0; a second Ctrl-C exits at once.
    """
    from pipeline.logs import configure
    from pipeline.supervisor import Supervisor, require_work

    config = settings(ctx, simulator__enabled=simulate, run__workers=workers)
    require_work(config)
    is_live = sys.stdout.isatty() and not as_json
    folder = Path("var/log")
    folder.mkdir(parents=True, exist_ok=True)
    with alone(Path(config.state.folder)):
        configure(config.log, to=(folder / "run.log").open("a") if is_live else None)
        supervisor = Supervisor(config, log_folder=folder if is_live or as_json else None)
        summary = asyncio.run(_run(supervisor, seconds, is_live))
    _show(summary, as_json)
    if not summary.is_drained:
        raise SystemExit(1)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds a state folder for one run: a second one has workers of the same names, and its end would stop the polls of both.

    The lock goes with the process, however that ends. Raises ConfigError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "run.lock").open("a+")
    except OSError as error:
        raise ConfigError(f"cannot write to {folder}: {error.strerror}; choose another folder (state.folder)") from error
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise ConfigError(
                f"a `newswire run` (pid {lock.read() or 'unknown'}) is at work in {folder}; stop that one, or run in another "
                "folder; more workers for the same feeds: `newswire worker --name NAME`"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


async def _run(supervisor: "Supervisor", seconds: float | None, is_live: bool) -> "Summary":
    stop = asyncio.Event()
    _on_signals(stop, supervisor)
    try:
        if is_live:
            return await _with_view(supervisor, seconds, stop)
        return await _with_lines(supervisor, seconds, stop)
    except BaseException:
        supervisor.abandon()
        raise


def _on_signals(stop: asyncio.Event, supervisor: "Supervisor") -> None:
    def first_or_second() -> None:
        if stop.is_set():
            supervisor.abandon()
            os._exit(130)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, first_or_second)


async def _wait(stop: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), timeout_s)


async def _with_lines(supervisor: "Supervisor", seconds: float | None, stop: asyncio.Event) -> "Summary":
    import structlog

    from pipeline.cli.broker import fetch_progress

    log = structlog.get_logger()
    with fetch_progress() as progress:
        await supervisor.start(progress)
    deadline = time.monotonic() + (seconds or float("inf"))
    while not stop.is_set() and (left_s := deadline - time.monotonic()) > 0:
        await _wait(stop, min(SAY_S, left_s))
        snapshot = await supervisor.snapshot()
        if snapshot is not None:
            log.info("accounts", **snapshot.to_builtins())
    return await supervisor.finish(lambda text: log.info("finishing", step=text))


async def _with_view(supervisor: "Supervisor", seconds: float | None, stop: asyncio.Event) -> "Summary":
    from rich.live import Live as Screen

    from pipeline.cli.broker import fetch_progress
    from pipeline.view import Live

    terminal = console()
    with fetch_progress() as progress:
        await supervisor.start(progress)
    picture = Live()
    watchers = [asyncio.create_task(_look(supervisor, picture)), asyncio.create_task(_follow(supervisor, picture))]
    began = time.monotonic()
    try:
        with Screen(console=terminal, auto_refresh=False, transient=True) as screen:

            def draw() -> None:
                screen.update(picture.draw(_facts(supervisor, began, seconds)), refresh=True)

            picture.note = "Ctrl-C drains and stops"
            while not stop.is_set() and (seconds is None or time.monotonic() - began < seconds):
                draw()
                await _wait(stop, DRAW_S)
            drawing = asyncio.create_task(_keep_drawing(draw))
            try:
                return await supervisor.finish(lambda text: setattr(picture, "note", text))
            finally:
                drawing.cancel()
    finally:
        for watcher in watchers:
            watcher.cancel()


async def _keep_drawing(draw: Any) -> None:
    while True:
        draw()
        await asyncio.sleep(DRAW_S)


def _facts(supervisor: "Supervisor", began: float, seconds: float | None) -> list[str]:
    up_s = time.monotonic() - began
    alive = sum(child.is_alive for child in supervisor.children if child.name != "wire")
    clock = f"{up_s:.0f} s" + (f" of {seconds:.0f} s" if seconds else "")
    restarts = sum(child.restarts for child in supervisor.children)
    facts = [clock, f"Kafka {supervisor.config.kafka.bootstrap}", f"{alive}/{supervisor.config.run.workers} workers"]
    facts += [f"{restarts} restarts, see var/log"] if restarts else []
    return [*facts, *([f"wire {supervisor.wire_url}"] if supervisor.wire_url else [])]


async def _look(supervisor: "Supervisor", picture: "Live") -> None:
    while True:
        snapshot = await supervisor.snapshot()
        if snapshot is not None:
            picture.add(snapshot)
        await asyncio.sleep(LOOK_S)


async def _follow(supervisor: "Supervisor", picture: "Live") -> None:
    """The last headlines, from the enriched topic itself."""
    from aiokafka import TopicPartition

    from pipeline import kafka
    from pipeline.article import Article
    from pipeline.codec import Undecodable, decode
    from pipeline.topics import full_name

    config = supervisor.config
    topic = full_name(config.kafka.prefix, "enriched")
    async with kafka.reader(config.kafka) as consumer:
        consumer.assign([TopicPartition(topic, p) for p in range(config.kafka.partitions)])
        await consumer.seek_to_end()
        while True:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records[-3:]:
                    with suppress(Undecodable):
                        article = decode(record.value, Article)
                        at = time.strftime("%H:%M:%S", time.localtime(record.timestamp / 1000))
                        picture.headlines.append((at, article.language, article.headline))


def _show(summary: "Summary", as_json: bool) -> None:
    if as_json:
        print_json(summary.to_builtins())
        return
    from pipeline.view import stages_table, stops_lines, verdict_line

    out = console()
    out.print(stages_table(summary.snapshot))
    facts = summary.to_builtins()
    stored = ", ".join(f"{facts[f'{what}_stored']:,} {what}" for what in ("articles", "items", "documents"))
    out.print(
        f"{facts['seconds']} s: {facts['items_fetched']:,} items fetched, {facts['articles_enriched']:,} articles enriched; "
        f"stored {stored}; lag {facts['lag']['records']}" + ("" if summary.is_drained else ", NOT drained")
    )
    out.print(verdict_line(summary.snapshot))
    for line in () if summary.is_drained else stops_lines(summary.snapshot, is_drained=True):
        out.print(line, soft_wrap=True)
