"""`newswire schemas ls|show|check`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.context import console, print_json, settings

if TYPE_CHECKING:
    from pipeline.contract.check import Problem, Validator
    from pipeline.contract.entries import Entry
    from pipeline.contract.library import Row

STDIN = "-"
INVALID_EXIT = 3  # 0 all good, 2 usage
PROBLEMS_SHOWN_MAX = 5  # of one record: the first say it, a foreign record has hundreds


@click.group()
def schemas() -> None:
    """The public contract: list, show, check records against it."""


@schemas.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def ls(ctx: click.Context, as_json: bool) -> None:
    """List every version of every schema, and what it speaks of."""
    from pipeline.contract import library
    from pipeline.contract.subjects import BY_NAME

    prefix = settings(ctx).kafka.prefix
    rows = [
        {
            "id": row.schema_id,
            "subject": row.subject,
            "version": row.version,
            "compatibility": BY_NAME[row.subject].compatibility if row.subject in BY_NAME else "",
            "speaks_of": _speaks_of(row.subject, prefix),
            "sha256": row.sha256,
            "release": row.release,
        }
        for row in library.rows(library.folder())
    ]
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table("schema", "version", "compatibility", "speaks of", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["subject"], row["version"], row["compatibility"], row["speaks_of"])
    console().print(table)


@schemas.command("show")
@click.argument("name", metavar="TOPIC[@VERSION]")
def show(name: str) -> None:
    """Print a JSON Schema: `enriched`, `newswire.out.en`, `manifest.segment`, `enriched@1.0.0`."""
    from pipeline.contract import library
    from pipeline.contract.check import subject_of

    root = library.folder()
    topic, at, version = name.partition("@")
    row = _found(root, subject_of(_short(topic)) + at + version)
    sys.stdout.buffer.write(library.text(root, row))


@schemas.command("check")
@click.option("--topic", metavar="TOPIC", help="What the records are (default: what each says of itself).")
@click.option(
    "--ninjs",
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    help="Also check articles against IPTC's ninjs schema: its file, or a folder that holds it.",
)
@click.argument("paths", nargs=-1, required=True, metavar="FILE...|-")
@click.pass_context
def check(ctx: click.Context, topic: str | None, ninjs: Path | None, paths: tuple[str, ...]) -> None:
    """Check records in files (- is stdin): JSON lines, one JSON document, or a list.

    Reads what `newswire offline`, `topics tail --json` and unpacked segments give. Prints FILE:LINE: /path: what is wrong.
    Exit status: 0 all good, 3 some are not, 2 usage.
    """
    from pipeline.contract.check import official_ninjs
    from pipeline.contract.library import ContractError

    try:
        official = official_ninjs(ninjs) if ninjs else None
        if topic:
            _validator(topic)
    except ContractError as error:
        raise click.UsageError(str(error)) from error
    count = bad = 0
    for path in _readable(paths):
        for entry in _entries(path):
            problems = list(_problems(entry, topic or entry.topic, official))
            count, bad = count + 1, bad + bool(problems)
            for problem in problems[:PROBLEMS_SHOWN_MAX]:
                click.echo(f"{path}:{entry.line}: {problem}")
            if len(problems) > PROBLEMS_SHOWN_MAX:
                click.echo(f"{path}:{entry.line}: … and {len(problems) - PROBLEMS_SHOWN_MAX} more")
    click.echo(f"{count} records, {bad} not as promised" if bad else f"{count} records, all as promised", err=True)
    if bad:
        ctx.exit(INVALID_EXIT)


def _problems(entry: "Entry", topic: str, official: "Validator | None") -> "Iterator[Problem]":
    from pipeline.contract.check import Problem, problems
    from pipeline.contract.library import ContractError

    if entry.fault:
        yield Problem("", entry.fault)
        return
    if not topic:
        yield Problem("", "nothing in the record says what it is: name it with --topic")
        return
    try:
        against = _validator(topic)
    except ContractError as error:
        yield Problem("", str(error))
        return
    yield from problems(against, entry.value)
    if official is not None and isinstance(entry.value, dict) and "pipeline" in entry.value:
        yield from (Problem(found.at, f"ninjs: {found.says}") for found in problems(official, entry.value))


def _validator(topic: str) -> "Validator":
    from pipeline.contract.check import subject_of, validator

    return validator(subject_of(_short(topic)))


def _found(root: Path, name: str) -> "Row":
    from pipeline.contract import library

    try:
        return library.find(root, name)
    except library.ContractError as error:
        raise click.UsageError(str(error)) from error


def _readable(paths: tuple[str, ...]) -> tuple[str, ...]:
    """All are looked at before the first is read."""
    for path in paths:
        if path != STDIN and not Path(path).exists():
            raise click.UsageError(f"no such file: {path}")
        if Path(path).is_dir():
            raise click.UsageError(f"{path} is a folder; name its files, for instance {path.rstrip('/')}/*.json")
    return paths


def _entries(path: str) -> "Iterator[Entry]":
    from pipeline.contract.entries import entries

    if path == STDIN:
        yield from entries(sys.stdin.buffer)
        return
    try:
        with open(path, "rb") as lines:
            yield from entries(lines)
    except OSError as error:
        raise click.UsageError(f"cannot read {path}: {error.strerror}") from error


def _short(topic: str) -> str:
    """`newswire.enriched` → `enriched`, whatever the prefix of an installation."""
    from pipeline.contract.entries import short_name

    return short_name(topic) or topic


def _speaks_of(subject: str, prefix: str) -> str:
    from pipeline.contract.subjects import BY_NAME
    from pipeline.topics import TOPICS, full_name

    topics = [full_name(prefix, topic.name) for topic in TOPICS if topic.schema.startswith(f"{subject}:")]
    if subject not in BY_NAME:
        return "nothing any more"
    part = BY_NAME[subject].part
    if not topics:
        return {"manifest": "manifests of stored segments"}.get(part, "headers of every article")
    named = topics[0] if len(topics) == 1 else f"{full_name(prefix, f'{subject}.en')} and {len(topics) - 1} more languages"
    return f"headers on {named}" if part == "headers" else named
