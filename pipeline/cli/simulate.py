"""`newswire simulate`: the simulated wire in the foreground."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.simulator.server import Simulator

_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """`90`, `90s`, `1.5m`, `2h` or `1d` to seconds."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", value.strip().lower())
    if not match:
        raise click.BadParameter(f"{value!r} is not a duration such as 90s, 5m or 1.5h")
    return float(match[1]) * _UNITS_S[match[2]]


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed is the same world.")
@click.option("--speed", type=click.FloatRange(0.01, 10_000), default=10.0, show_default=True, help="Virtual seconds a second.")
@click.option(
    "--truth", type=click.Path(dir_okay=False, path_type=Path), help="Append the ground truth to this file (JSON lines)."
)
@click.option("--for", "for_s", callback=seconds, metavar="DURATION", help="Stop after 90s, 5m, 1h …; default: Ctrl-C.")
def simulate(port: int, seed: int, speed: float, truth: Path | None, for_s: float | None) -> None:
    """Serve a dozen simulated news feeds on loopback, with ground truth.

    Prints the base URL and the feeds. BASE/feeds.toml is the catalogue, BASE/truth.jsonl the truth so far.
    """
    import asyncio

    from pipeline.simulator.server import Simulator, live_wire

    try:
        simulator = Simulator(live_wire(seed, speed=speed), truth=truth)
        asyncio.run(_serve(simulator, port, for_s))
    except OSError as error:
        raise click.ClickException(str(error)) from error


async def _serve(simulator: "Simulator", port: int, for_s: float | None) -> None:
    import asyncio
    import signal

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    _print_feeds(await simulator.start(port))
    try:
        async with asyncio.timeout(for_s):
            await stopped.wait()
    except TimeoutError:
        pass
    finally:
        await simulator.close()


def _print_feeds(base_url: str) -> None:
    """The base URL on the first line; then the feeds, as a table for people and tab-separated for programs."""
    import sys

    from pipeline.simulator.server import catalogue

    feeds = catalogue(base_url)
    click.echo(base_url)
    if not sys.stdout.isatty():
        for feed in feeds:
            click.echo(f"{feed['id']}\t{feed['language']}\t{feed['url']}")
        sys.stdout.flush()
        return
    from rich.console import Console
    from rich.table import Table

    table = Table()
    table.add_column("feed", no_wrap=True)
    table.add_column("language")
    table.add_column("url", overflow="fold")  # never cut: it is there to be copied
    for feed in feeds:
        table.add_row(feed["id"], feed["language"], feed["url"])
    Console().print(table)
