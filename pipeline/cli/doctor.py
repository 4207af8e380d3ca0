"""`newswire doctor`."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from pipeline.cli.context import cache_dir, console, print_json, settings

if TYPE_CHECKING:
    from pipeline.doctor import Check

SIGNS = {"pass": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "bold red")}


@click.command()
@click.option(
    "--fetch", "feeds_fetched", type=click.IntRange(0, 1000), default=0, metavar="N", help="Also fetch the first N feeds."
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def doctor(ctx: click.Context, feeds_fetched: int, as_json: bool) -> None:
    """Check this machine, the broker, topics, store and feeds; say what to do.

    Exit status 0 when nothing fails (warnings are fine), 1 when something does. Writes a probe object, deleted at once, and
    one record to ops.report; fetches nothing without --fetch.
    """
    from pipeline.doctor import examine

    config = settings(ctx)
    config = replace(config, broker=replace(config.broker, cache=str(cache_dir(config))))
    checks = asyncio.run(examine(config, feeds_fetched=feeds_fetched))
    counts = {state: sum(check.state == state for check in checks) for state in SIGNS}
    if as_json:
        print_json({"checks": checks, "counts": counts})
    else:
        _show(checks, counts)
    if counts["fail"]:
        raise SystemExit(1)


def _show(checks: "list[Check]", counts: dict[str, int]) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table.grid(padding=(0, 2))
    for check in checks:
        sign, style = SIGNS[check.state]
        found = Text(check.found)
        if check.cure:
            found.append(f"\n→ {check.cure}", style="cyan")
        table.add_row(Text(f"{sign} {check.state}", style=style), Text(check.name, style="bold"), found)
    out.print(table, width=None if out.is_terminal else 1000)
    out.print(", ".join(f"{count} {state}" for state, count in counts.items()))
