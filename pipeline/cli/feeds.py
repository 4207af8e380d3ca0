"""`newswire feeds import|ls|poll-now|pause|resume`."""

import asyncio
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click

from pipeline.cli.context import connected, console, print_json, settings
from pipeline.config import Config, ConfigError
from pipeline.records import Command, FeedSpec, FeedState

AGAIN_S = 4.0
ACK_S = 15.0  # a poll may be waiting for a slow site; commands are taken between two polls


@click.group()
def feeds() -> None:
    """The catalogue: import, list, poll now, pause, resume."""


@feeds.command("import")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--prune", is_flag=True, help="Remove feeds that the file does not name.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def import_(ctx: click.Context, path: Path | None, prune: bool, as_json: bool) -> None:
    """Load [[feed]] tables from PATH (default: poll.catalogue) into the catalogue topic."""
    from pipeline.poll.feeds import import_feeds, load_catalogue

    config = connected(settings(ctx))
    wanted = load_catalogue(path or Path(config.poll.catalogue))
    result = asyncio.run(import_feeds(config, wanted, prune=prune))
    if as_json:
        print_json(result)
        return
    click.echo(", ".join(f"{len(ids)} {word}" for word, ids in result.items()))


@feeds.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def ls(ctx: click.Context, as_json: bool) -> None:
    """List feeds with their state and accounts."""
    from pipeline.poll.feeds import read_catalogue, read_states

    config = connected(settings(ctx))

    async def both() -> tuple[dict[str, FeedSpec], dict[str, FeedState]]:
        return await read_catalogue(config), await read_states(config)

    catalogue, states = asyncio.run(both())
    rows = [_row(spec, states.get(feed, FeedState())) for feed, spec in sorted(catalogue.items())]
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table("feed", "state", "last poll", "next", "items", "new", "rejected", "url", box=None, pad_edge=False)
    for row in rows:
        counts = [str(row[name]) for name in ("items", "emitted", "rejected")]
        table.add_row(row["feed"], row["state"], row["polled"], row["next"], *counts, row["url"])
    console().print(table if rows else "no feeds yet: write [[feed]] tables into feeds.toml and run `newswire feeds import`")


def _row(spec: FeedSpec, state: FeedState) -> dict[str, Any]:
    now = time.time()
    is_paused = spec.is_paused if state.paused is None else state.paused
    cure = "; to allow it, add its network to poll.allow" if state.last_error.startswith("address_refused") else ""
    failing = f"failing: {state.last_error}{cure}" if state.last_error else ""
    word = "paused" if is_paused else failing or ("ok" if state.polled_at else "new")
    return {
        "feed": spec.id,
        "state": word,
        "polled": f"{now - state.polled_at:.0f} s ago" if state.polled_at else "never",
        "next": "–" if is_paused else f"in {max(0.0, state.next_poll_at - now):.0f} s",
        "items": state.items,
        "emitted": state.emitted,
        "dropped": dict(state.dropped),
        "rejected": sum(state.rejected.values()),
        "url": spec.url,
    }


def _order(verb: Literal["poll-now", "pause", "resume"], help_: str, holds: Callable[[FeedState, float], bool]) -> click.Command:
    @click.command(verb, help=help_)
    @click.argument("feed")
    @click.pass_context
    def order(ctx: click.Context, feed: str) -> None:
        config = connected(settings(ctx))
        asyncio.run(_send_and_await(config, Command(verb=verb, feed=feed, id=uuid.uuid4().hex, at=time.time()), holds))
        click.echo(f"{feed}: {verb} done")

    return order


async def _send_and_await(config: Config, order: Command, holds: Callable[[FeedState, float], bool]) -> None:
    """A command is done when the feed's committed state shows its effect: that is the worker's receipt."""
    from pipeline.poll.feeds import command, read_catalogue, read_states

    catalogue = await read_catalogue(config)
    if order.feed not in catalogue:
        import difflib

        near = difflib.get_close_matches(order.feed, catalogue, n=1)
        raise ConfigError(f"no feed {order.feed!r} in the catalogue" + (f"; did you mean {near[0]}?" if near else ""))
    deadline, sent_at = time.monotonic() + ACK_S, 0.0
    while time.monotonic() < deadline:
        if time.monotonic() - sent_at > AGAIN_S:  # a worker that is just taking over the feed has not heard it
            sent_at = time.monotonic()
            await command(config, order)
        state = (await read_states(config)).get(order.feed)
        if state is not None and holds(state, order.at):
            return
        await asyncio.sleep(0.2)
    raise ConfigError(f"no worker took {order.verb} for {order.feed} within {ACK_S:.0f} s; is one running? (`newswire status`)")


feeds.add_command(
    _order("poll-now", "Poll FEED at once, and wait until the poll is committed.", lambda state, at: state.polled_at >= at)
)
feeds.add_command(_order("pause", "Stop polling FEED until resumed.", lambda state, _at: state.paused is True))
feeds.add_command(_order("resume", "Poll FEED again.", lambda state, _at: state.paused is False))
