"""`newswire topics ls|plan|apply|tail`."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import connected, console, print_json, settings
from pipeline.cli.duration import SECONDS
from pipeline.config import Config, ConfigError
from pipeline.topics import full_name, with_public

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

HEADERS_SHOWN = ("ce_type", "ce_subject", "feed", "dead.stage", "dead.reason", "dead.detail")
VALUE_CHARS = 400


@click.group()
def topics() -> None:
    """The topic table: list, plan, apply, tail."""


@topics.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def ls(ctx: click.Context, as_json: bool) -> None:
    """List every topic with its meaning."""
    from pipeline.provision import partitions_of

    config = settings(ctx)
    rows = [
        {
            "topic": full_name(config.kafka.prefix, topic.name),
            "key": topic.key,
            "partitions": partitions_of(topic, config),
            "cleanup": topic.cleanup,
            "retention_ms": topic.retention_ms,
            "owner": topic.owner,
            "meaning": topic.meaning,
        }
        for topic in with_public(config.routes.topics)
    ]
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table("topic", "key", "parts", "cleanup", "written by", "meaning", box=None, pad_edge=False)
    for row in rows:
        kept = row["cleanup"] if row["cleanup"] == "compact" else f"{int(str(row['retention_ms'])) // 86_400_000} d"
        table.add_row(*(str(cell) for cell in (row["topic"], row["key"], row["partitions"], kept, row["owner"], row["meaning"])))
    console().print(table)


@topics.command("plan")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def plan(ctx: click.Context, as_json: bool) -> None:
    """Show how the cluster differs from the table; exit status 3 when it does."""
    from pipeline import provision

    changes = asyncio.run(provision.plan(connected(settings(ctx))))
    _show_changes(changes, as_json, "the cluster is as the table says")
    if changes:
        raise SystemExit(3)


@topics.command("apply")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def apply(ctx: click.Context, as_json: bool) -> None:
    """Create and change topics until the cluster is as the table says."""
    from pipeline import provision

    config = connected(settings(ctx))
    _show_changes(asyncio.run(provision.apply(config)), as_json, "nothing to do")
    left = asyncio.run(provision.plan(config))
    if left:
        _show_changes(left, as_json, "")
        raise click.ClickException("the rows marked manual need a decision: keyed topics cannot grow without moving their state")


def _show_changes(changes: list[Any], as_json: bool, none: str) -> None:
    if as_json:
        print_json(changes)
    elif not changes:
        click.echo(none)
    else:
        from rich.table import Table

        table = Table("topic", "change", "what", "found", "wanted", box=None, pad_edge=False)
        for change in changes:
            table.add_row(change.topic, change.kind, change.name, change.found, change.wanted)
        console().print(table)


@topics.command("tail")
@click.argument("topic")
@click.option("--from", "where", type=click.Choice(["start", "end"]), default="end", help="Begin at the oldest or next record.")
@click.option("--grep", default="", help="Only records whose value or key contains this text (any case).")
@click.option("--header", "headers", multiple=True, metavar="NAME[=TEXT]", help="Only records with this header; repeatable.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after this many records.")
@click.option("--for", "seconds", type=SECONDS, help="Stop after this time (30s, 5m).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def tail(ctx: click.Context, /, topic: str, **options: Any) -> None:
    """Print records of TOPIC (`raw` or `newswire.raw`) as they come; Ctrl-C ends."""
    config = connected(settings(ctx))
    short = topic.removeprefix(config.kafka.prefix + ".")
    known = [each.name for each in with_public(config.routes.topics)]
    if short not in known:
        import difflib

        near = difflib.get_close_matches(short, known, n=3)
        raise ConfigError(f"no topic {topic!r}; " + (f"did you mean {', '.join(near)}?" if near else "see `newswire topics ls`"))
    try:
        asyncio.run(_tail(config, full_name(config.kafka.prefix, short), options))
    except KeyboardInterrupt:
        return


async def _tail(config: Config, topic: str, options: dict[str, Any]) -> None:
    from aiokafka import TopicPartition

    from pipeline import kafka

    shown = 0
    deadline = time.monotonic() + options["seconds"] if options["seconds"] else float("inf")
    async with kafka.admin(config.kafka) as client:
        count = (await kafka.partition_counts(client, [topic])).get(topic, 0)
    if not count:
        raise ConfigError(f"topic {topic} does not exist yet; create the topics with `newswire topics apply`")
    async with kafka.reader(config.kafka) as consumer:
        partitions = [TopicPartition(topic, p) for p in range(count)]
        consumer.assign(partitions)
        await (consumer.seek_to_beginning if options["where"] == "start" else consumer.seek_to_end)(*partitions)
        while time.monotonic() < deadline:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    if not matches(record, options["grep"], options["headers"]):
                        continue
                    _print(record, options["as_json"])
                    shown += 1
                    if shown == options["count"]:
                        return


def matches(record: "ConsumerRecord", text: str, headers: tuple[str, ...]) -> bool:
    """Whether the record holds the text in key or value, and every wanted header (NAME, or NAME=TEXT as a part of it)."""
    found = {name: value.decode(errors="replace") for name, value in record.headers}
    for wanted in headers:
        name, _, part = wanted.partition("=")
        if name not in found or part not in found[name]:
            return False
    hay = (record.key or b"") + b"\n" + (record.value or b"")
    return text.lower() in hay.decode(errors="replace").lower()


def _print(record: "ConsumerRecord", as_json: bool) -> None:
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    value = (record.value or b"").decode(errors="replace")
    if as_json:
        from pipeline import codec

        facts = {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.timestamp,
            "key": (record.key or b"").decode(errors="replace"),
            "headers": headers,
            "value": codec.loads(value) if value[:1] in "{[" and value else value or None,
        }
        click.echo(codec.dumps(facts).decode())
        return
    from rich.text import Text

    at = time.strftime("%H:%M:%S", time.localtime(record.timestamp / 1000))
    line = Text(f"{at}  {record.partition}/{record.offset}  ", style="dim")
    line.append((record.key or b"").decode(errors="replace"), style="bold cyan")
    kept = {name: headers[name] for name in HEADERS_SHOWN if name in headers}
    line.append("  " + "  ".join(f"{name}={text}" for name, text in kept.items()), style="green")
    console().print(line)
    console().print(Text("    " + summary(value) if record.value is not None else "    (tombstone)"))


def summary(value: str) -> str:
    """An article's headline and size, else the value's beginning without control characters."""
    if value.startswith("{"):
        from pipeline import codec

        try:
            document = codec.loads(value)
        except codec.Undecodable:
            document = {}
        if document.get("headlines"):
            version = document.get("version", "–")
            return f"{document['headlines'][0]['value']}  [{document.get('language', '')} v{version}, {len(value)} bytes]"
    plain = " ".join("".join(c if c.isprintable() else " " for c in value[: VALUE_CHARS * 2]).split())
    is_cut = len(plain) > VALUE_CHARS or len(value) > VALUE_CHARS * 2
    return plain[:VALUE_CHARS] + (f" … ({len(value)} characters)" if is_cut else "")
