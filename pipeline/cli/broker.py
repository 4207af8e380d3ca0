"""`newswire broker`: start, stop and look at the local Kafka. The work is in `pipeline.broker.local`, imported when needed."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.context import cache_dir, console, print_json, settings

if TYPE_CHECKING:
    from pipeline.broker.local import BrokerStatus

EXIT_NOT_RUNNING = 3

folder_option = click.option("--folder", type=click.Path(file_okay=False), help="Where its data and log are (broker.folder).")


@click.group()
def broker() -> None:
    """The local Kafka: up, down, status."""


@broker.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="Default: the folder's own; at first any free one (broker.port).")
@folder_option
@click.pass_context
def up(ctx: click.Context, port: int | None, folder: str | None) -> None:
    """Start it, or say that it runs; the first time fetches Kafka (45 MB)."""
    from pipeline.broker import local

    config = settings(ctx, broker__port=port, broker__folder=folder)
    with fetch_progress() as progress:
        running = local.start(
            Path(config.broker.folder), cache_dir=cache_dir(config), port=config.broker.port or None, progress=progress
        )
    click.echo(f"broker runs on {running.bootstrap} (pid {running.pid}) in {running.folder}")


@broker.command()
@folder_option
@click.pass_context
def down(ctx: click.Context, folder: str | None) -> None:
    """Stop it in order; its data stay."""
    from pipeline.broker import local

    config = settings(ctx, broker__folder=folder)
    pid = local.stop(Path(config.broker.folder))
    click.echo(f"broker stopped (pid {pid})" if pid else f"no broker runs in {config.broker.folder}")


@broker.command()
@folder_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def status(ctx: click.Context, folder: str | None, as_json: bool) -> None:
    """Tell whether it runs: exit status 0 when it does, else 3."""
    from pipeline.broker import local

    found = local.status(Path(settings(ctx, broker__folder=folder).broker.folder))
    if as_json:
        print_json(dataclasses.asdict(found) | {"folder": str(found.folder), "log": str(found.log)})
    else:
        click.echo(_describe(found))
    ctx.exit(0 if found.state == "running" else EXIT_NOT_RUNNING)


@contextmanager
def fetch_progress() -> Iterator[Callable[[int, int, str], None]]:
    """What to tell the user while jars are fetched: a bar on a terminal, one line at the end elsewhere. On stderr."""
    from rich.progress import Progress

    def line(done_count: int, count: int, coordinates: str) -> None:
        if done_count == count:
            click.echo(f"fetched {count} jars for the local broker", err=True)

    def advance(done_count: int, count: int, coordinates: str) -> None:
        bar.update(task, completed=done_count, total=count, visible=True)

    terminal = console(stderr=True)
    if not terminal.is_terminal:
        yield line
        return
    with Progress(console=terminal, transient=True) as bar:
        task = bar.add_task("fetching Kafka", total=None, visible=False)
        yield advance


def _describe(found: "BrokerStatus") -> str:
    meaning = {
        "running": f"running on 127.0.0.1:{found.port} (pid {found.pid}), up {_duration(found.uptime_s)}",
        "starting": f"starting on 127.0.0.1:{found.port} (pid {found.pid}) for {_duration(found.uptime_s)}, no answer yet",
        "stopped": "not running",
        "stale": "not running, though nobody stopped it: it crashed or was killed; `newswire broker up` brings it back",
        "foreign": f"not running, and its port {found.port} is taken by another process (pid {found.pid or 'unknown'})",
    }[found.state]
    return f"broker {meaning}\ndata   {found.data_bytes / 1e6:.1f} MB in {found.folder}\nlog    {found.log}"


def _duration(seconds: float | None) -> str:
    """`3 d 4 h`, `12 min`, `5 s`."""
    whole = int(seconds or 0)
    if whole >= 86_400:
        return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min" if whole >= 60 else f"{whole} s"
