"""`newswire story`: the work is in `pipeline.explain.story`; this draws it."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from pipeline.cli.context import connected, console, print_json, printable, settings
from pipeline.wire.plain import counted

if TYPE_CHECKING:
    from rich.text import Text

    from pipeline.config import Config
    from pipeline.explain.story import Member, Tale, Told

INDENT = " " * 4
STYLES = {"kill": "red", "hold": "red", "release": "green", "correction": "yellow", "sighting": "dim", "syndicated_copy": "dim"}


@click.command()
@click.argument("name", metavar="URI|STORY")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def story(ctx: click.Context, name: str, as_json: bool) -> None:
    """One story as a person would tell it: its versions and what changed, who carried it, corrections, kills, with times.

    Name it by its id, or by the uri, link, guid or raw key of one of its items. Reads the topics to their present end; what is
    past retention is not known here. Exit status 1 when nothing is known.
    """
    if not name.strip():
        raise click.BadParameter(
            "is empty; name a story id, or a uri, a link or a guid of one of its items", param_hint="URI|STORY"
        )
    tale = asyncio.run(_tell(connected(settings(ctx)), name.strip()))
    if as_json:
        print_json(tale.to_builtins())
        if not tale.events:
            raise SystemExit(1)
    elif tale.events:
        for line in lines(tale):
            console().print(line, soft_wrap=True)
    else:
        raise click.ClickException(f"no story of {name.strip()!r} is known (older is past retention); see `newswire explain`")


async def _tell(config: "Config", name: str) -> "Tale":
    """With a line of progress on a terminal's stderr."""
    from pipeline.explain.story import tell

    terminal = console(stderr=True)
    if not terminal.is_terminal:
        return await tell(config, name)
    with terminal.status("reading the topics") as status:
        return await tell(config, name, lambda topic, count: status.update(f"reading {topic}: {count:,} records"))


def lines(tale: "Tale") -> Iterator["Text"]:
    """The tale, line by line."""
    from rich.text import Text

    yield Text(printable(tale.headline or "no text of it is known"), style="bold")
    for each in tale.stories:
        yield Text.assemble((f"{'story':<7}", "dim"), (each, "cyan"), f"  {tale.state}" if each == tale.stories[-1] else "")
    for member in tale.members:
        yield Text.assemble((f"{'item':<7}", "dim"), (printable(member.uri), "cyan"), f"  {printable(_member(member))}")
    yield Text()
    for told in tale.events:
        yield Text.assemble((f"{told.at[:19]}Z", "dim"), "  ", (printable(title(told)), STYLES.get(told.relation, "")))
        for line in told.what:
            yield Text(INDENT + printable(line))


def title(told: "Told") -> str:
    """`Meridian (meridian.example), version 2, corrected: Dam fails above Brackwater`"""
    from pipeline.explain.story import WORDS

    who = told.by + (f", version {told.version}" if told.version else "")
    if told.relation in ("sighting", "relink"):
        return who if told.relation == "sighting" else f"moved: {told.uri}"
    return f"{who}, {WORDS.get(told.relation, told.relation)}" + (f": {told.headline}" if told.headline else "")


def _member(member: "Member") -> str:
    word = "notice" if member.is_notice else "version"
    count = f"{counted(member.versions, word)} by {member.by}"
    stands = f", stands on {', '.join(member.stands_on)}" if member.stands_on else ""
    gone = f", withdrawn from {', '.join(member.withdrawn_from)}" if member.withdrawn_from else ""
    return count + stands + gone
