"""`newswire dashboard`: what is served for people and their tools, in the foreground."""

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from pipeline.cli.context import settings
from pipeline.cli.duration import SECONDS

if TYPE_CHECKING:
    from pipeline.dashboard.server import Server


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to bind; others than loopback are open to the network."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--for", "for_s", type=SECONDS, metavar="DURATION", help="Stop after 90s, 5m, 1h …; default: Ctrl-C.")
@click.pass_context
def dashboard(ctx: click.Context, host: str, port: int, for_s: float | None) -> None:
    """Serve the schemas to tools that know a Schema Registry, read-only. Needs no Kafka.

    Prints its URL; the page there lists what is served.
    """
    from pipeline.dashboard.server import Server

    try:
        asyncio.run(_serve(Server(settings(ctx).kafka.prefix), host, port, for_s))
    except OSError as error:
        raise click.ClickException(
            f"{error.strerror or error}; take another address with --host or --port (0: a free one)"
        ) from error


async def _serve(server: "Server", host: str, port: int, for_s: float | None) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    click.echo(await server.start(host, port))
    try:
        async with asyncio.timeout(for_s):
            await stopped.wait()
    except TimeoutError:
        pass
    finally:
        await server.close()
