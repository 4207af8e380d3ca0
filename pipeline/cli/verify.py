"""`newswire verify`."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import connected, console, print_json, settings
from pipeline.cli.stored import opened, proving
from pipeline.config import Config

if TYPE_CHECKING:
    from pipeline.sinks.findings import Finding
    from pipeline.sinks.stores import Store
    from pipeline.sinks.verify import Options, Report

SHOWN_MAX = 10  # findings of one kind; --json has all
JSON_VERSION = 1
COLUMNS = ("partitions", "segments", "records", "rejected", "gaps", "redactions", "compacted", "leftovers")


@click.command()
@click.option("--store", metavar="URL", help="The object store (default: objects.store).")
@click.option(
    "--topic", "topics", multiple=True, metavar="T", help="Only this topic (`enriched`); repeatable (default: all there)."
)
@click.option("--against-kafka", is_flag=True, help="Also compare with the sinks' offsets and with the log.")
@click.option("--quick", "depth", flag_value="quick", help="Only names and manifests: is everything there? Reads no object.")
@click.option("--deep", "depth", flag_value="deep", help="Also decode every record, encode it again and compare.")
@click.option(
    "--killed",
    metavar="URI",
    default="",
    help="Also prove that this article's content is gone (from public topics too: --against-kafka).",
)
@click.option("--jobs", type=click.IntRange(1, 256), default=os.cpu_count() or 1, show_default="cores", help="Objects at a time.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def verify(ctx: click.Context, /, store: str | None, topics: tuple[str, ...], **flags: Any) -> None:
    """Prove the object store: nothing lost, nothing twice, nothing changed.

    Manifests follow each other from offset 0, every object is there with the digest, the records and the offsets that its
    manifest says, redactions chain. Reads only; workers may go on writing. Exit status 0 when all is well, 1 when something is
    violated, 2 when it could not be found out.
    """
    from pipeline.sinks.verify import Options

    if flags["killed"] and flags["depth"] == "quick":
        raise click.UsageError("--killed reads every object: leave --quick out")
    options = Options(depth=flags["depth"] or "full", jobs=flags["jobs"], killed=flags["killed"])
    is_compared: bool = flags["against_kafka"]
    began = time.monotonic()
    with proving(is_connected=is_compared):
        config = settings(ctx, objects__store=store)
        config = connected(config) if is_compared else config
        there = opened(config)
        with _progress() as progress:
            report = asyncio.run(_verify(config, there, topics, options, progress, is_compared))
    if flags["as_json"]:
        print_json(to_builtins(report, config.objects.store, options))
    else:
        _show(report, config.objects.store, options, time.monotonic() - began, is_compared=is_compared)
    if not report.is_good:
        raise SystemExit(1)


async def _verify(
    config: Config,
    store: "Store",
    wanted: tuple[str, ...],
    options: "Options",
    progress: Callable[[int, int], None],
    is_compared: bool,
) -> "Report":
    from pipeline.sinks.survey import topics_in
    from pipeline.sinks.verify import verify

    stored = await topics_in(store, config.objects.prefix)
    topics = [_topic(config, name, stored) for name in wanted] or stored
    if not is_compared:
        return await verify(store, config.objects.prefix, topics, options, progress)
    from pipeline.sinks import against
    from pipeline.sinks.forms import FORMS
    from pipeline.topics import BY_NAME, full_name, sink_name

    names = {full_name(config.kafka.prefix, name): name for name in config.objects.topics}
    compared = [topic for topic in names if topic in topics or not wanted]
    befores = [
        await against.standing(
            config.kafka, topic, f"{config.kafka.app}-{sink_name(names[topic])}", FORMS[BY_NAME[names[topic]].archive].name
        )
        for topic in compared
    ]
    report = await verify(store, config.objects.prefix, topics, options, progress)
    for before in befores:
        await against.compare(config.kafka, store, config.objects.prefix, report, before)
    if options.killed:
        report.findings += await against.killed_in_public_topics(config.kafka, config.kafka.prefix, options.killed)
    return report


def _topic(config: Config, name: str, stored: list[str]) -> str:
    """The full name; one that the store does not hold is a mistake, unless the sinks are to store it and have not begun."""
    full = name if name in stored else f"{config.kafka.prefix}.{name.removeprefix(f'{config.kafka.prefix}.')}"
    if full in stored or full.removeprefix(f"{config.kafka.prefix}.") in config.objects.topics:
        return full
    there = ", ".join(stored) or "nothing yet"
    raise click.UsageError(f"no topic {name!r} in {config.objects.store} below {config.objects.prefix!r}; there is {there}")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's stderr, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.progress import Progress

    with Progress(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("objects", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=max(done, total))


# ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────────


def to_builtins(report: "Report", store: str, options: "Options") -> dict[str, Any]:
    """The report for a machine: same store, same document."""
    findings = [finding.to_builtins() for finding in report.findings]
    return {
        "version": JSON_VERSION,
        "store": store,
        "depth": options.depth,
        "is_good": report.is_good,
        "partitions": [partition.to_builtins() for partition in report.partitions],
        "violations": [each for each in findings if each["invariant"]],
        "notes": [each for each in findings if not each["invariant"]],
    }


def _show(report: "Report", store: str, options: "Options", seconds: float, *, is_compared: bool) -> None:
    rows = [partition.to_builtins() for partition in report.partitions]
    if rows:
        _show_partitions(rows)
    else:
        click.echo(f"{store} holds nothing yet")
    by_rule: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    for findings in by_rule.values():
        _show_rule(findings)
    total: Counter[str] = Counter()
    for row in rows:
        total.update({name: row[name] for name in ("segments", "records", "bytes")})
    looked = {"quick": "there, contents not read", "full": "read", "deep": "read, decoded and encoded again"}[options.depth]
    rate = f", {total['records'] / seconds:,.0f} records/s" if seconds > 1 and options.depth != "quick" else ""
    bad = sum(finding.is_violation for finding in report.findings)
    verdict = f"{bad} violation{'s' if bad > 1 else ''}" if bad else "no violation"
    click.echo(
        f"{verdict}: {total['records']:,} records in {total['segments']:,} segments ({total['bytes'] / 1e9:,.2f} GB) {looked}"
        f" in {seconds:.1f} s{rate}"
    )
    if options.killed and report.is_good:  # what could not be read or searched proves nothing
        click.echo(f"the content of {options.killed} is in no object of the store" + " and in no public topic" * is_compared)


def _show_partitions(rows: list[dict[str, Any]]) -> None:
    """A line for each topic id, since partitions are many and alike; what is 0 everywhere has no column."""
    from rich.table import Table

    by_id: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        sums = by_id.setdefault((row["topic"], row["topic_id"]), Counter())
        sums.update({"partitions": 1} | {name: row[name] for name in COLUMNS[1:]})
    columns = [name for name in COLUMNS if any(sums[name] for sums in by_id.values())]
    has_old_ids = len({topic for topic, _ in by_id}) < len(by_id)
    table = Table("topic", *(["topic id"] if has_old_ids else []), *columns, box=None, pad_edge=False)
    for (topic, topic_id), sums in by_id.items():
        table.add_row(topic, *([topic_id] if has_old_ids else []), *(f"{sums[name]:,}" for name in columns))
    console().print(table)


def _show_rule(findings: "list[Finding]") -> None:
    from pipeline.sinks.findings import BY_ID

    rule = BY_ID[findings[0].rule]
    sign, label = ("✗", f"{rule.id} ({rule.invariant})") if rule.invariant else ("·", rule.id)
    click.echo(f"{sign} {label}: {rule.meaning}: {len(findings)}")
    for finding in findings[:SHOWN_MAX]:
        where = finding.topic + (f"-{finding.partition}" if finding.partition >= 0 else "")
        span = f" {finding.start}..{finding.end}" if finding.start >= 0 else ""
        click.echo(f"    {where}{span}: {finding.what}" + (f"\n      {finding.key}" if finding.key else ""))
    if len(findings) > SHOWN_MAX:
        click.echo(f"    … and {len(findings) - SHOWN_MAX} more (--json has all)")
    if rule.cure:
        click.echo(f"    → {rule.cure}")
