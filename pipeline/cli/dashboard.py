"""`newswire dashboard`: what is served for people and their tools, in the foreground."""

import asyncio

import click

from pipeline.cli.context import serve, settings
from pipeline.cli.duration import SECONDS


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

    if not host.strip():
        raise click.BadParameter("is empty; name an address of this machine (0.0.0.0 is all of them)", param_hint="--host")
    server = Server(settings(ctx).kafka.prefix)
    try:
        asyncio.run(serve(server.start(host, port), server.close, for_s, click.echo))
    except UnicodeError as error:
        raise click.BadParameter(f"{host!r} is no host name: {error}", param_hint="--host") from error
    except OSError as error:
        raise click.ClickException(
            f"{error.strerror or error}; take another address with --host or --port (0: a free one)"
        ) from error
