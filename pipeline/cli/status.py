"""`newswire status`."""

import asyncio
import time

import click

from pipeline.cli.context import connected, console, print_json, settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option("--watch", is_flag=True, help="Look again every two seconds until Ctrl-C.")
@click.pass_context
def status(ctx: click.Context, as_json: bool, watch: bool) -> None:
    """Accounts per stage, lag in records and seconds, what is unaccounted for.

    Exit status 3 when something is unaccounted for.
    """
    from pipeline import accounts

    config = connected(settings(ctx))
    snapshot = asyncio.run(accounts.take(config))
    if as_json:
        print_json(snapshot.to_builtins())
    else:
        from rich.live import Live

        from pipeline import view

        if watch:
            try:
                with Live(view.status(snapshot), console=console(), auto_refresh=False) as screen:
                    while True:
                        time.sleep(2)
                        snapshot = asyncio.run(accounts.take(config))
                        screen.update(view.status(snapshot), refresh=True)
            except KeyboardInterrupt:
                return
        console().print(view.status(snapshot))
    if any(snapshot.unaccounted.values()):
        raise SystemExit(3)
