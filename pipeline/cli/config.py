"""`newswire config show`."""

import click

from pipeline.cli.context import console, print_json, settings
from pipeline.config import rows


@click.group()
def config() -> None:
    """Show settings and where each comes from."""


@config.command()
@click.option("--origin", is_flag=True, help="Also tell where each value comes from.")
@click.option("--changed", is_flag=True, help="Only what differs from the defaults.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def show(ctx: click.Context, origin: bool, changed: bool, as_json: bool) -> None:
    """Print every setting as it is in force; secrets are masked."""
    found = [row for row in rows(settings(ctx)) if not changed or row[2] != "default"]
    if as_json:
        print_json({key: {"value": value, "origin": source} if origin else value for key, value, source in found})
        return
    from rich.table import Table

    table = Table("setting", "value", *(["origin"] if origin else []), box=None, pad_edge=False)
    for key, value, source in found:
        shown = ", ".join(value) if isinstance(value, tuple) else str(value)
        table.add_row(key, shown, *([source] if origin else []))
    console().print(table)
