"""What every command needs first: the settings, and the address of a Kafka that runs."""

import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.config import Config, ConfigError, load, parse_assignments

PIPE_COLUMNS = 200  # a pipe has no width: tables must not be cut

if TYPE_CHECKING:
    from rich.console import Console


def settings(ctx: click.Context, **flags: Any) -> Config:
    """The settings with this command's own flags ({"kafka__bootstrap": value}) on top of the common ones."""
    path, assignments = ctx.find_root().obj or (None, ())
    own = {name.replace("__", "."): value for name, value in flags.items() if value is not None}
    return load(path, flags={**parse_assignments(assignments), **own})


def cache_dir(config: Config) -> Path:
    """Where the broker's jars are kept."""
    from pipeline.broker.jars import default_cache_dir

    return Path(config.broker.cache) if config.broker.cache else default_cache_dir(os.environ)


def connected(config: Config) -> Config:
    """The same settings with `kafka.bootstrap` "local" replaced by the address of the local broker, which must run."""
    if config.kafka.bootstrap != "local":
        return config
    from pipeline.broker import local

    status = local.status(Path(config.broker.folder))
    if status.state != "running":
        raise ConfigError(
            f"the local Kafka in {config.broker.folder} is {status.state}; start it with `newswire broker up` "
            "(or `newswire run`), or set kafka.bootstrap to a cluster"
        )
    return at(config, f"127.0.0.1:{status.port}")


def at(config: Config, bootstrap: str) -> Config:
    """The same settings with this Kafka."""
    return replace(config, kafka=replace(config.kafka, bootstrap=bootstrap))


async def serve(
    start: Awaitable[str], stop: Callable[[], Awaitable[None]], for_s: float | None, say: Callable[[str], None]
) -> None:
    """Starts, says the address, stops at Ctrl-C, SIGTERM or the end of the seconds. Signals count from the first word on."""
    import asyncio
    import signal

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    say(await start)
    try:
        async with asyncio.timeout(for_s):
            await stopped.wait()
    except TimeoutError:
        pass
    finally:
        await stop()


def console(*, stderr: bool = False) -> "Console":
    """A rich console that honours NO_COLOR and pipes."""
    from rich.console import Console

    is_piped = not (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, highlight=False, width=PIPE_COLUMNS if is_piped else None)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    from pipeline import codec

    click.echo(codec.dumps_readable(value).decode())


def printable(text: str) -> str:
    """Without control characters: what a feed wrote must not steer the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
