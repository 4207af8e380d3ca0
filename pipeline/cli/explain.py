"""`newswire explain`: the work is in `pipeline.explain`; this draws it."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import connected, console, print_json, printable, settings

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.explain import Explanation
    from pipeline.explain.wanted import Found

INDENT = " " * 4


@click.command()
@click.argument("article", metavar="URI")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option("--raw", is_flag=True, help="Print the bytes of the newest item as they were fetched, nothing else.")
@click.pass_context
def explain(ctx: click.Context, article: str, as_json: bool, raw: bool) -> None:
    """Everything known about one article, in time order.

    URI is its uri, its link, its guid, its raw key, or the id of its story. Reads the topics to their present end, so a big
    log takes a while; what is past retention is not known here. Exit status 1 when nothing is known.
    """
    if not article.strip():
        raise click.BadParameter("is empty; name a uri, a link, a guid, a raw key or a story id", param_hint="URI")
    found = asyncio.run(_look(connected(settings(ctx)), article.strip()))
    if as_json:
        print_json(found.to_builtins())
    elif raw and found.chain:
        _write_raw(found)
    elif found.chain:
        _show(found)
    if not found.chain:
        if as_json:
            raise SystemExit(1)
        raise click.ClickException(
            f"nothing is known about {article.strip()!r} (older is past retention); searched {_searched(found)}"
        )


async def _look(config: "Config", article: str) -> "Explanation":
    """With a line of progress on a terminal's stderr."""
    from pipeline.explain import explain as look

    terminal = console(stderr=True)
    if not terminal.is_terminal:
        return await look(config, article)
    with terminal.status("reading the topics") as status:
        return await look(config, article, lambda topic, count: status.update(f"reading {topic}: {count:,} records"))


def _write_raw(found: "Explanation") -> None:
    if not found.originals:
        raise click.ClickException("its raw records are past retention; the articles made of it are still there (without --raw)")
    newest = found.originals[-1]
    if len(found.originals) > 1:
        click.echo(f"{len(found.originals)} raw records; this is the newest, {newest.place}", err=True)
    click.get_binary_stream("stdout").write(newest.value or b"")


def _show(found: "Explanation") -> None:
    from rich.text import Text

    from pipeline.explain.fate import is_idle_echo
    from pipeline.explain.wanted import instant

    out = console()
    articles = found.of("normalized", "linked", "enriched") or [each for each in found.chain if each.topic.startswith("out.")]
    headlines = [each.facts["headline"] for each in articles if "headline" in each.facts]
    stories = dict.fromkeys(each.facts["story"] for each in articles if "story" in each.facts)
    lines = [Text(printable(headlines[-1] if headlines else "no article was made of it"), style="bold")]
    for name, values in (("uri", found.uris), ("key", found.keys), ("story", list(stories))):
        lines += [Text.assemble((f"{name:<6}", "dim"), (printable(value), "cyan")) for value in values]
    idle = [each for each in found.chain if is_idle_echo(each)]
    for each in found.chain:
        if each in idle:
            continue
        lines += [Text(), Text.assemble((instant(each.at), "dim"), "  ", (each.place, "bold"))]
        lines += [Text(INDENT + printable(line)) for line in describe(each)]
        if each.place in found.segments:
            lines.append(Text(f"{INDENT}segment {found.segments[each.place]}"))
        if each.fate:
            lines.append(Text(INDENT + printable(each.fate), style="green" if each.fate.startswith("→") else "yellow"))
    if idle:
        buckets = ", ".join(sorted({each.facts["echo"] for each in idle}))
        lines += [Text(), Text(f"told to other languages too; it changes nothing that link holds in {buckets}", style="dim")]
    for line in (*lines, Text(), Text(f"searched {_searched(found)}", style="dim")):
        out.print(line, soft_wrap=True)


def describe(found: "Found") -> Iterator[str]:
    """What a record says, in lines for people."""
    facts, size = found.facts, len(found.value or b"")
    if "undecodable" in facts:
        yield f"{size:,} bytes that do not decode: {facts['undecodable']}"
    elif found.topic == "raw":
        yield f"{facts['format']} item from {facts['feed']}, part {facts['part']} of its document, {size:,} bytes"
        yield f"fetched {facts['fetched_at']} from {facts['url']}"
        yield f"item {facts['item']}"
        yield f"document {facts['document']}"
    elif found.topic == "dead":
        yield f"rejected by {facts.get('stage')}: {facts.get('reason')}" + (f" ({facts['detail']})" if "detail" in facts else "")
        yield f"{size:,} bytes kept" + (f", from {facts['from']}" if "from" in facts else f", of feed {facts.get('feed', '?')}")
    elif found.topic == "sightings":
        is_other = facts.get("identical") is False
        yield f"seen again in {facts.get('feed')}, fetched {facts.get('seen_at')}" + (", in an earlier form" if is_other else "")
    elif "tombstone" in facts:
        by = f" by the {facts.get('relation', 'message')} {facts['withdrawn_by']}" if "withdrawn_by" in facts else ""
        yield f"tombstone: withdrawn from the public topic{by}"
    else:
        yield from _describe_article(found.topic, facts, size)


def _describe_article(topic: str, facts: dict[str, Any], size: int) -> Iterator[str]:
    words = [f"version {facts['version']}"] if "version" in facts else []
    words += [f"{facts['dedup']} bytes"] if topic == "normalized" else []
    yield ", ".join([*words, f"language {facts.get('language', '–')}", f"{size:,} bytes long"])
    if topic == "normalized":
        yield str(facts.get("headline", "no headline"))
        yield f"rules: {', '.join(facts.get('rules', [])) or 'none'}"
        yield f"content {facts.get('content', '–')}"
    if topic == "linked" and "relation" in facts:
        reasons = f" ({', '.join(facts['reasons'])})" if "reasons" in facts else ""
        yield f"{facts['relation']}{_after(facts)}, revision {facts['revision']} of its story{reasons}"


def _after(facts: dict[str, Any]) -> str:
    """` after version 1`, with the uri where that is another one."""
    previous = facts.get("previous")
    if previous is None:
        return ""
    return f" after version {previous['version']}" + (f" of {previous['uri']}" if previous["uri"] != facts["uri"] else "")


def _searched(found: "Explanation") -> str:
    """`raw 466 since 2026-11-24T18:49Z (keeps 30 d) · …`, the public topics as one."""
    from pipeline.explain.wanted import instant

    public = [reading for reading in found.searched if reading.topic.startswith("out.")]
    parts = []
    for reading in found.searched:
        if reading not in public:
            since = f"{reading.records:,} since {instant(reading.oldest)[:16]}Z" if reading.oldest is not None else "nothing"
            parts.append(f"{reading.topic} {since} (keeps {reading.kept})")
    names = public[0].topic if len(public) == 1 else f"{len(public)} topics out.*"
    return " · ".join([*parts, f"{names} {sum(reading.records for reading in public):,} (newest of each uri)"])
