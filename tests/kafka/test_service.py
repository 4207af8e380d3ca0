"""Whole worker processes against sites on loopback: hostile feeds, real feeds, commands. Every item ends somewhere."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from pipeline import codec, provision
from pipeline.accounts import Snapshot
from pipeline.config import Config
from pipeline.poll.feeds import command, import_feeds, read_states, send, specs
from pipeline.records import Command, FeedState
from pipeline.sinks.stores import open_store
from pipeline.topics import full_name, sink_name
from pipeline.topology import STORED
from tests.poll.site import FakeSite, Reply
from tests.service import Workers, contents, settle
from tests.sinks.tiling import stored_records

ITEM = "<item><title>{title}</title><link>https://news.example/{n}</link><description>{text}</description>{more}</item>"


def rss(*items: str) -> bytes:
    """A feed around these items."""
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{"".join(items)}</channel></rss>'.encode()


def item(n: int, title: str = "A plain title", text: str = "A plain text of a few words.", more: str = "") -> str:
    """One item of the feed."""
    return ITEM.format(n=n, title=title, text=text, more=more)


HOSTILE: dict[str, tuple[bytes, dict[str, int]]] = {  # name: body, what the poll stage rejects
    "empty": (b"", {"empty_body": 1}),
    "html": (b"<!doctype html><html><body><p>We moved</p></body></html>", {"not_a_feed": 1}),
    "broken": (b"<rss><channel><item><title>cut", {"broken_xml": 1}),
    "brackets": (b"<" * 5_000_000, {"not_a_feed": 1}),
    "author": (rss(item(10, more=f"<author>{'a@b ' * 16_384}</author>"), item(11)), {"author_too_long": 1}),
    "attributes": (
        rss(item(20, more="<x " + " ".join(f'a{n}="1"' for n in range(32_000)) + "/>"), item(21)),
        {"too_many_attributes": 1},
    ),
    "bomb": (b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><rss><channel/></rss>', {"entity_bomb": 1}),
    "charset": (rss(item(30, title="Müller")).replace(b"<?xml version", b'<?xml encoding="x-nonsense" version'), {}),
    "nul": (rss(item(40, title="nul\x00and\x01bell")), {}),
    "nothing": (rss("<item><guid>only-a-guid</guid></item>"), {}),
}


def with_feeds(config: Config, **over: object) -> Config:
    """The test's settings, allowed to reach loopback and sealing soon."""
    return replace(
        config,
        poll=replace(config.poll, allow=("127.0.0.1/32",)),
        objects=replace(config.objects, age_s=1.0),
        log=replace(config.log, format="json"),
        **over,
    )


async def until(config: Config, holds: Callable[[dict[str, FeedState]], bool], timeout_s: float = 90) -> dict[str, FeedState]:
    """Waits for the committed states of all feeds."""
    async with asyncio.timeout(timeout_s):
        while not holds(states := await read_states(config)):
            await asyncio.sleep(0)
    return states


async def poll_all_again(config: Config) -> None:
    """Asks for a poll of every feed until each has had one: a worker that has just started does not hear the first time."""
    began = time.time()
    async with asyncio.timeout(90):
        while late := [feed for feed, state in (await read_states(config)).items() if state.polled_at < began]:
            orders = [Command(verb="poll-now", feed=feed, id=feed, at=time.time()) for feed in late]
            await send(config, "ops.command", [(order.feed, codec.encode(order)) for order in orders])
            await asyncio.sleep(1)


def assert_balanced(snapshot: Snapshot) -> None:
    """The ledger adds up to zero, stage by stage and from stage to stage."""
    assert not any(snapshot.unaccounted.values()), snapshot.unaccounted
    assert all(account.imbalance == 0 for account in snapshot.ledger.values())


async def assert_archived(config: Config, snapshot: Snapshot) -> None:
    """What the archive gives back is what the topics hold, record by record, and the accounts say so."""
    store = open_store(config.objects.store)
    for topic, upstream in STORED.items():
        name = full_name(config.kafka.prefix, topic)
        kept = [_facts(record) for record in await contents(config, topic)]
        found = [_facts(record) for record in await stored_records(store, config.objects.prefix, name)]
        assert sorted(found) == sorted(kept)
        assert len(found) == snapshot.ledger[upstream].emitted == snapshot.ledger[sink_name(topic)].emitted


def _facts(record: Any) -> tuple[object, ...]:
    return record.partition, record.offset, record.timestamp, record.key, record.value, tuple(record.headers)


async def test_hostile_feeds_end_with_a_reason_each(config: Config, tmp_path: Path) -> None:
    config = with_feeds(config)
    await provision.apply(config)
    async with FakeSite({f"/{name}": Reply(body=body) for name, (body, _) in HOSTILE.items()}) as site:
        rows = [{"id": name, "url": site.url(f"/{name}"), "interval_s": 3600.0} for name in HOSTILE]
        await import_feeds(config, specs(rows, "the test"))
        async with Workers(config, tmp_path) as workers:
            states = await until(config, lambda states: len(states) == len(HOSTILE) and all(s.polled_at for s in states.values()))
            snapshot = await settle(config)
            assert workers.ended() == []
    assert {name: dict(states[name].rejected) for name in HOSTILE} == {name: reasons for name, (_, reasons) in HOSTILE.items()}
    assert_balanced(snapshot)
    await assert_archived(config, snapshot)
    dead = {(dict(r.headers)["dead.stage"], dict(r.headers)["dead.reason"]) for r in await contents(config, "dead")}
    assert (b"normalize", b"no_content") in dead
    headlines = {a["headlines"][0]["value"] for a in [msgspec.json.decode(r.value) for r in await contents(config, "enriched")]}
    assert headlines == {"A plain title", "Müller", "nulandbell"}


async def test_real_feeds_every_item_ends_somewhere_and_a_second_run_adds_nothing(
    config: Config, tmp_path: Path, shared: Path
) -> None:
    config = with_feeds(config)
    await provision.apply(config)
    files = sorted(p for p in (shared / "feeds" / "real").rglob("*") if p.is_file() and p.suffix not in (".md", ".txt", ".json"))
    assert len(files) >= 40
    site = FakeSite({f"/{number}": Reply(body=path.read_bytes()) for number, path in enumerate(files)})
    async with site:
        rows = [{"id": f"real-{n}", "url": site.url(f"/{n}"), "interval_s": 3600.0} for n in range(len(files))]
        await import_feeds(config, specs(rows, "the test"))
        async with Workers(config, tmp_path):
            await until(config, lambda states: len(states) == len(files) and all(s.polled_at for s in states.values()))
            first = await settle(config)
        assert_balanced(first)
        await assert_archived(config, first)
        poll, stored = first.ledger["poll"], first.ledger["objects"].emitted
        assert poll.received > 1000
        assert stored == first.ledger["enrich"].emitted > 900
        async with Workers(config, tmp_path):
            await poll_all_again(config)
            second = await settle(config)
    assert_balanced(second)
    assert second.ledger["objects"].emitted == stored
    assert second.ledger["poll"].emitted == poll.emitted


async def test_commands_reach_the_worker_that_owns_the_feed(config: Config, tmp_path: Path) -> None:
    config = with_feeds(config)
    await provision.apply(config)
    async with FakeSite({"/a": Reply(body=rss(item(1))), "/b": Reply(body=rss(item(2)))}) as site:
        rows = [{"id": name, "url": site.url(f"/{name}"), "interval_s": 3600.0} for name in ("a", "b")]
        await import_feeds(config, specs(rows, "the test"))
        async with Workers(config, tmp_path, ["w0", "w1"]) as workers:
            before = await until(config, lambda states: len(states) == 2)
            await command(config, Command(verb="pause", feed="a", id="1", at=time.time()))
            await command(config, Command(verb="poll-now", feed="b", id="2", at=time.time()))
            since = before["b"].polled_at
            after = await until(config, lambda states: states["a"].paused is True and states["b"].polled_at > since)
            assert after["a"].polled_at == before["a"].polled_at
            assert workers.ended() == []
