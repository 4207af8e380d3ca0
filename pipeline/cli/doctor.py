"""`newswire doctor`."""

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from pipeline.cli.context import cache_dir, console, print_json, settings

if TYPE_CHECKING:
    from pipeline.doctor.check import Check

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

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it would say is said by a check
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
    """A table on a terminal; elsewhere a line a check and a line a cure, never wrapped."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table.grid(padding=(0, 2))
    for check in checks:
        sign, style = SIGNS[check.state]
        state, cure = f"{sign} {check.state}", f"→ {check.cure}" if check.cure else ""
        if not out.is_terminal:
            click.echo(f"{state}  {check.name}: {check.found}" + (f"\n        {cure}" if cure else ""))
            continue
        found = Text(check.found)
        if cure:
            found.append(f"\n{cure}", style="cyan")
        table.add_row(Text(state, style=style), Text(check.name, style="bold"), found)
    if out.is_terminal:
        out.print(table)
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items()))
