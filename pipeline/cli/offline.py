"""`newswire offline`: files in, one JSON record a line out."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.offline import Dropped, Explained

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
@click.option("--explain", "is_explained", is_flag=True, help="Show instead which rule took which characters of each text.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...|-")
@click.pass_context
def offline(
    ctx: click.Context, through: str, now: str | None, feed: str, provider: str, is_explained: bool, paths: tuple[str, ...]
) -> None:
    """Run the pure stages over files (- is stdin) without Kafka and print one JSON record a line.

    Every format of `newswire formats` is read, also files of several items; a folder recursively, by name, without hidden files.
    Rejects go to stderr as JSON with their `reason`, and so does what a stage drops (`dropped`: repeat, unchanged, late).
    Exit status: 0 all good, 3 some rejected, 2 usage.
    """
    from pipeline import codec, stages
    from pipeline.hop import install_cpu_timer
    from pipeline.offline import Explained, Rejected, Unreadable, explain, read, run

    at = _instant(now) if now else ""
    stages.warm()
    install_cpu_timer()
    is_good = True
    try:
        documents = read(paths, at)
        if is_explained:
            results = explain(documents, feed=feed, provider=provider)
        else:
            results = run(documents, through=through, feed=feed, provider=provider, tell=_say)  # type: ignore[arg-type,assignment]
        for result in results:
            is_good = is_good and not isinstance(result, Rejected)
            stream = sys.stderr if isinstance(result, Rejected) else sys.stdout
            line = _shown(result) if isinstance(result, Explained) else codec.encode(result)
            stream.buffer.write(line + b"\n")
    except Unreadable as error:
        raise click.UsageError(str(error)) from error
    sys.stdout.flush()
    if not is_good:
        ctx.exit(REJECTED_EXIT)


def _say(dropped: "Dropped") -> None:
    from pipeline import codec

    sys.stderr.buffer.write(codec.encode(dropped) + b"\n")


def _shown(explained: "Explained") -> bytes:
    """One text for people: where it is from, headline and body with their marks, then what was taken by which rule."""
    from pipeline.marked import Brackets, Colours, listing, marked
    from pipeline.rules import fired

    style = Colours() if sys.stdout.isatty() else Brackets()
    article, texts = explained.article, ((explained.headline, explained.headline_ranges), (explained.body, explained.body_ranges))
    where = f"── {explained.path} item {explained.part} · {article.pipeline.source.format} · {article.uri}"
    shown = [marked(text, ranges, style) for text, ranges in texts if text]
    taken = [line for text, ranges in texts for line in listing(text, ranges, style)]
    rules = f"rules: {', '.join(fired(article)) or 'none'}"
    return ("\n\n".join((where, *shown, "\n".join(taken) or "nothing was taken away", rules)) + "\n").encode("utf-8", "replace")


def _instant(raw: str) -> str:
    from pipeline.wire.dates import read_date

    found = read_date(raw, "9999-12-30T00:00:00Z")
    if found.quality != "exact":
        raise click.UsageError(f"--now wants an instant such as 2026-03-01T07:30:00Z, not {raw!r}")
    return found.value
