"""`newswire recall prove|run`."""

import asyncio
from typing import TYPE_CHECKING

import click

from pipeline.cli.context import connected, console, print_json, settings
from pipeline.cli.stored import opened, proving
from pipeline.config import Config
from pipeline.wire.plain import counted

if TYPE_CHECKING:
    from pipeline.recall.prove import Held, Proof
    from pipeline.sinks.stores import Store
    from pipeline.sinks.sweep import Swept

SHOWN_MAX = 10  # of one kind; --json has all


@click.group()
def recall() -> None:
    """Recall of what was killed: prove that it is gone, or take it back by hand."""


@recall.command("prove")
@click.argument("uri", metavar="URI")
@click.option("--store", metavar="URL", help="The object store (default: objects.store).")
@click.option("--deep", "is_deep", is_flag=True, help="Read every object: believe no manifest.")
@click.option("--strict", "is_strict", is_flag=True, help="Count what topics inside keep until their retention is over, too.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def prove(ctx: click.Context, uri: str, store: str | None, is_deep: bool, is_strict: bool, as_json: bool) -> None:
    """Look for an article's content everywhere: public topics, segments, documents, Parquet, dead letters, topics inside, and the
    texts that `link` compares with.

    URI is its uri, or the id of its story. Exit status 0 when no reader gets it any more, 1 when it is still somewhere, 2 when it
    could not be found out. Of what is inside it says until when; what cannot be looked into is named: files of the workers'
    state, backups, and what readers copied.
    """
    wanted = _named(uri)
    with proving(is_connected=True):
        config = settings(ctx, objects__store=store)
        found = asyncio.run(_prove(connected(config), opened(config), wanted, is_deep))
    if as_json:
        print_json(found.to_builtins())
    else:
        for line in sentences(found):
            click.echo(line)
    if not (found.is_forgotten if is_strict else found.is_gone):
        raise SystemExit(1)


@recall.command("run")
@click.argument("uris", metavar="URI…", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; stands in every record that is erased.")
@click.option("--store", metavar="URL", help="The object store (default: objects.store).")
@click.option("--store-only", is_flag=True, help="Leave the public topics alone; needs no Kafka.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def run(ctx: click.Context, uris: tuple[str, ...], reason: str, store: str | None, store_only: bool, as_json: bool) -> None:
    """Take articles back by hand: null on the public topics, and nothing of them in the object store.

    All versions that are there now go; one that comes later is published again unless its source killed it. May be broken off
    anywhere and run again. Workers need not stop.
    """
    if not reason.strip():
        raise click.BadParameter("is empty; say why", param_hint="--reason")
    config, named = settings(ctx, objects__store=store), [_named(uri) for uri in uris]
    there = opened(config)
    withdrawn = [] if store_only else asyncio.run(_withdraw(connected(config), named))
    done = asyncio.run(_run(config, there, named, reason.strip()))
    if as_json:
        from msgspec.structs import asdict

        print_json({"withdrawn": [{"topic": topic, "uri": uri} for topic, uri in withdrawn], **asdict(done)})
    else:
        _say(done, withdrawn)
    if done.problems or done.damaged:
        raise SystemExit(1)


def _named(uri: str) -> str:
    if not uri.strip():
        raise click.BadParameter("is empty; name a uri, as `newswire explain` and `newswire story` show it", param_hint="URI")
    return uri.strip()


# ── prove ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _prove(config: Config, store: "Store", uri: str, is_deep: bool) -> "Proof":
    """With a line of progress on a terminal's stderr."""
    from pipeline.recall.prove import prove as look

    terminal = console(stderr=True)
    if not terminal.is_terminal:
        return await look(config, store, uri, is_deep=is_deep)
    with terminal.status("reading the topics") as status:
        return await look(
            config,
            store,
            uri,
            is_deep=is_deep,
            progress=lambda topic, count: status.update(f"reading {topic}: {count:,} records"),
        )


def sentences(found: "Proof") -> list[str]:
    """What was found, as a person would say it."""
    from pipeline.recall.account import swept
    from pipeline.sinks.sweep import listed

    lines = [f"{found.asked}: {counted(len(found.uris), 'item')}"] if found.uris != [found.asked] else [found.asked]
    lines += [f"  {kill.kind} at {kill.at} by {kill.by}" + (f": {kill.note}" if kill.note else "") for kill in found.kills]
    lines += _listed("STILL PUBLIC", [f"{held.place} since {held.at}" for held in found.public])
    lines += _listed("STILL STORED", [f"{left.key}: {left.what}" for left in found.store.left])
    lines += _listed("NOT LOOKED INTO, so nothing is proved of", [f"{left.key}: {left.what}" for left in found.store.unread])
    lines += [f"  null on {each.topic} since {each.at}" for each in found.withdrawn]
    if erased := listed(found.store.gone):
        since = f", the last at {found.store.since}" if found.store.since else ""
        lines.append(f"  erased in the store: {erased}{since}")
    lines.append(f"  looked into {found.store.objects:,} objects, by the names in {found.store.manifests:,} manifests")
    if found.store.kept:
        lines.append(
            f"  {len(found.store.kept):,} originals are kept below restricted/ (recall.keep_raw): theirs is another lock"
        )
    lines += _inside(found)
    lines += _listed("ON ITS WAY INTO THE STORE", [f"{held.place} since {held.at}" for held in found.coming])
    if found.recalled.swept_at:
        lines.append(f"  what comes again after a kill is erased: {swept(found.recalled)}")
    if found.recalled.waits_for:
        lines.append(f"  the next sweep waits for {found.recalled.waits_for}")
    lines += [f"  not searched: {each.place}: {each.why}" for each in found.unsearched]
    return [*lines, verdict(found)]


def _listed(label: str, what: list[str]) -> list[str]:
    more = [f"    … and {len(what) - SHOWN_MAX} more (--json has all)"] if len(what) > SHOWN_MAX else []
    return [f"  {label}:", *(f"    {each}" for each in what[:SHOWN_MAX]), *more] if what else []


def _inside(found: "Proof") -> list[str]:
    topics: dict[str, list[Held]] = {}
    for held in found.inside:
        topics.setdefault(held.topic, []).append(held)
    lines = [
        f"  {topic} keeps {counted(len(held), 'record')} inside until {max(each.until for each in held)}"
        for topic, held in topics.items()
    ]
    if found.replaced:
        topics_named = ", ".join(sorted({held.topic for held in found.replaced}))
        lines.append(
            f"  {topics_named}: the log holds {counted(len(found.replaced), 'replaced record')} until the broker cleans it"
        )
    return lines


def verdict(found: "Proof") -> str:
    """The last line."""
    if found.is_forgotten:
        return "gone: no topic and no object has it" + (f", since {found.since}" if found.since else "")
    if found.is_gone:
        until = max((held.until for held in found.inside), default="")
        rest = f"; topics inside forget it by {until}" if until else "; only logs still have it"
        return "gone: no reader gets it" + (f", since {found.since}" if found.since else "") + rest
    if found.coming and not found.public and found.store.is_proved:
        return "NOT YET GONE: a sink will store it, the next sweep erases it; look again when both have passed"
    if not found.public and not found.store.left:
        return "not proved: something could not be looked into; see `newswire verify`"
    cure = (
        "the next sweep erases what came after the kill, `newswire recall run URI --reason …` takes it back at once"
        if found.kills
        else "nothing on the topics says that it was killed"
    )
    return f"NOT GONE: {cure}"


# ── run ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _withdraw(config: Config, uris: list[str]) -> list[tuple[str, str]]:
    """Null wherever one of them stands."""
    from pipeline.explain import Scan, public_topics
    from pipeline.explain.wanted import Wanted
    from pipeline.recall.prove import newest_of
    from pipeline.recall.withdraw import withdraw
    from pipeline.sinks.redact import now

    topics = await public_topics(config)
    scan = Scan(config, lambda topic, count: None)
    wanted = Wanted(uris[0], config.kafka.prefix)
    wanted.uris.update(uris)
    await scan.read(topics, wanted.public)
    standing = [place for place, found in newest_of(scan.found.values()).items() if found.value is not None]
    await withdraw(config, standing, now())
    return standing


async def _run(config: Config, store: "Store", uris: list[str], reason: str) -> "Swept":
    from pipeline.hop import CODE_VERSION
    from pipeline.recall.withdraw import OPERATOR
    from pipeline.sinks.erasure import Mark
    from pipeline.sinks.kill import Target
    from pipeline.sinks.redact import Redactor, now
    from pipeline.sinks.sweep import Sweeper
    from pipeline.sinks.targets import Targets

    mark = Mark(by=OPERATOR, at=now(), reason=f"by hand: {reason}")
    redactor = Redactor(store, config.objects.prefix, writer=f"newswire {CODE_VERSION}", keeps_raw=config.recall.keep_raw)
    return await Sweeper(redactor).sweep(Targets([Target(uri=uri, mark=mark) for uri in uris]))


def _say(done: "Swept", withdrawn: list[tuple[str, str]]) -> None:
    from pipeline.sinks.sweep import told

    for topic, uri in withdrawn:
        click.echo(f"withdrawn from {topic}: {uri}")
    for line in told(done):
        click.echo(line)
    for label, what in (("not erased", done.problems), ("not there", done.missing), ("not looked into", done.damaged)):
        for each in what:
            click.echo(f"{label}: {each}", err=True)
