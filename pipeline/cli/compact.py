"""`newswire compact`: closed hours of segments as Parquet."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from pipeline.cli.context import print_json, settings
from pipeline.cli.duration import SECONDS
from pipeline.cli.stored import opened

if TYPE_CHECKING:
    from pipeline.sinks.compact import Compactor, Report


@click.command()
@click.option("--store", metavar="URL", help="The object store (default: objects.store).")
@click.option("--topic", default="enriched", show_default=True, help="A topic of articles that the object sink stores.")
@click.option("--settle", type=SECONDS, default="1h", show_default=True, help="How long after its end an hour counts as closed.")
@click.option("--grace", type=SECONDS, default="1d", show_default=True, help="How long segments outlive their Parquet.")
@click.option("--keep-sources", is_flag=True, help="Delete no segments, however old.")
@click.option("--dry-run", is_flag=True, help="Say what would be compacted; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
@click.pass_context
def compact(
    ctx: click.Context,
    store: str | None,
    topic: str,
    settle: float,
    grace: float,
    keep_sources: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Rewrite closed hours of stored segments as Parquet files by event date, for DuckDB, pandas and the like.

    May run at any time, twice at once, and be broken off anywhere: each line ends in exactly one Parquet file. Segments that
    arrive after their hour was compacted become `late-` files at the next run. Once --grace is over the segments are deleted;
    their manifests stay. Needs pyarrow: pip install 'newswire[parquet]'.
    """
    from pipeline.hop import CODE_VERSION
    from pipeline.sinks import parquet
    from pipeline.sinks.compact import Compactor
    from pipeline.topics import BY_NAME, full_name

    config = settings(ctx, objects__store=store)
    short = topic.removeprefix(f"{config.kafka.prefix}.")
    if short not in BY_NAME or BY_NAME[short].archive != "events":
        choices = ", ".join(each.name for each in BY_NAME.values() if each.archive == "events")
        raise click.UsageError(f"topic {topic!r} is not stored as articles; choose from {choices}")
    parquet.arrow()
    compactor = Compactor(opened(config), config.objects.prefix, full_name(config.kafka.prefix, short), writer=CODE_VERSION)
    if dry_run:
        asyncio.run(_say_plans(compactor, timedelta(seconds=settle), as_json=as_json))
        return
    report = asyncio.run(
        compactor.run(
            datetime.now(UTC),
            settle=timedelta(seconds=settle),
            grace=None if keep_sources else timedelta(seconds=grace),
            progress=lambda hour: None if as_json else click.echo(f"{hour} …", err=True),
        )
    )
    if as_json:
        print_json(asdict(report))
    else:
        for line in sentences(report):
            click.echo(line)


def sentences(report: "Report") -> list[str]:
    """What a run did, as a person would say it."""
    lines = ["nothing new to compact"]
    if report.plans:
        lines = [
            f"{report.rows:,} rows of {report.segments:,} segments in {report.files:,} Parquet files ({_size(report.bytes)})"
        ]
    if report.deleted:
        lines.append(f"{report.deleted:,} segments deleted: their Parquet has stood for the grace period")
    if report.waiting:
        lines.append(f"{report.waiting:,} segments wait for the end of the grace period")
    if report.open_hours:
        lines.append(f"{report.open_hours:,} hours are not closed yet")
    return lines


def _size(size_bytes: int) -> str:
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


async def _say_plans(compactor: "Compactor", settle: timedelta, *, as_json: bool) -> None:
    plans = await compactor.plan(datetime.now(UTC), settle=settle)
    facts = [
        {"hour": plan.hour, "late": plan.is_late, "segments": len(plan.inputs), "rows": sum(part.count for part in plan.inputs)}
        for plan in plans
    ]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        click.echo(f"{fact['hour']}  {fact['rows']:>10,} rows  {fact['segments']:>6,} segments{'  late' if fact['late'] else ''}")
    if not facts:
        click.echo("nothing new to compact")
