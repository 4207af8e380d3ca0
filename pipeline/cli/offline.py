"""`newswire offline`: files in, one JSON record a line out."""

import sys

import click

REJECTED_EXIT = 3  # 0 all good, 2 usage


@click.command()
@click.option(
    "--through",
    type=click.Choice(["normalize", "link", "enrich"]),
    default="enrich",
    show_default=True,
    help="The last stage to run.",
)
@click.option("--now", metavar="RFC3339", help="Ingest time of every item (default: its file's modification time).")
@click.option("--feed", default="offline", show_default=True, help="Feed id the items are said to come from.")
@click.option("--provider", default="", help="Who publishes them, for instance example.test.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...|-")
@click.pass_context
def offline(ctx: click.Context, through: str, now: str | None, feed: str, provider: str, paths: tuple[str, ...]) -> None:
    """Run the pure stages over files (RSS, Atom, RDF, plain text; - is stdin) without Kafka and print one JSON record a line.

    A folder is read recursively, by name, without hidden files. Rejects go to stderr as JSON with their reason.
    Exit status: 0 all good, 3 some rejected, 2 usage.
    """
    from pipeline import codec, stages
    from pipeline.hop import install_cpu_timer
    from pipeline.offline import Rejected, Unreadable, read, run

    at = _instant(now) if now else ""
    stages.warm()
    install_cpu_timer()
    is_good = True
    try:
        for result in run(read(paths, at), through=through, feed=feed, provider=provider):  # type: ignore[arg-type]
            is_good = is_good and not isinstance(result, Rejected)
            stream = sys.stderr if isinstance(result, Rejected) else sys.stdout
            stream.buffer.write(codec.encode(result) + b"\n")
    except Unreadable as error:
        raise click.UsageError(str(error)) from error
    sys.stdout.flush()
    if not is_good:
        ctx.exit(REJECTED_EXIT)


def _instant(raw: str) -> str:
    from pipeline.wire.dates import read_date

    found = read_date(raw, "9999-12-30T00:00:00Z")
    if found.quality != "exact":
        raise click.UsageError(f"--now wants an instant such as 2026-03-01T07:30:00Z, not {raw!r}")
    return found.value
