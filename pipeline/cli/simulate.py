"""`newswire simulate`: the simulated wire in the foreground."""

from pathlib import Path

import click

from pipeline.cli.duration import SECONDS


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed is the same world.")
@click.option("--speed", type=click.FloatRange(0.01, 10_000), default=10.0, show_default=True, help="Virtual seconds a second.")
@click.option(
    "--truth", type=click.Path(dir_okay=False, path_type=Path), help="Append the ground truth to this file (JSON lines)."
)
@click.option("--for", "for_s", type=SECONDS, metavar="DURATION", help="Stop after 90s, 5m, 1h …; default: Ctrl-C.")
def simulate(port: int, seed: int, speed: float, truth: Path | None, for_s: float | None) -> None:
    """Serve a dozen simulated news feeds on loopback, with ground truth.

    Prints the base URL and the feeds. BASE/feeds.toml is the catalogue, BASE/truth.jsonl the truth so far.
    """
    import asyncio

    from pipeline.cli.context import serve
    from pipeline.simulator.server import Simulator, live_wire

    try:
        simulator = Simulator(live_wire(seed, speed=speed), truth=truth)
        asyncio.run(serve(simulator.start(port), simulator.close, for_s, _print_feeds))
    except OSError as error:
        raise click.ClickException(str(error)) from error


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
