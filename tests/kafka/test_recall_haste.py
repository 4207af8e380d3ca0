"""Kills in time: all workers seal for one, long before their segments are old; and nothing depends on the command for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import codec, provision
from pipeline.config import Config
from pipeline.poll.feeds import import_feeds, specs
from pipeline.recall import haste
from pipeline.recall.barrier import has_passed, written_ends
from pipeline.recall.haste import Haste
from pipeline.records import Command
from pipeline.sinks.forms import DOCUMENTS, EVENTS, unpack
from tests.kafka.test_recall import eventually, poll_until
from tests.kafka.test_service import with_feeds
from tests.poll.site import FakeSite, Reply
from tests.service import Workers, contents

WORKERS = ("w0", "w1")
KILLS = 3


def text_of(name: str) -> str:
    return f"The whole harbour of {name} stands under water since the morning."


def message(name: str, version: int, status: str = "usable") -> Reply:
    body = {
        "uri": f"urn:newsml:agency.example:20260301:{name}", "version": str(version), "type": "text", "pubstatus": status,
        "language": "en", "versioncreated": f"2026-03-01T07:{version:02d}:00Z", "headline": f"Harbour of {name} flooded",
        "body_text": text_of(name),
    }  # fmt: skip
    return Reply(body=codec.dumps(body))


def holding(config: Config, name: str) -> list[str]:
    """The objects that hold the story's text."""
    found = []
    for path in Path(config.objects.store.removeprefix("file:")).rglob("*.*"):
        for suffix, form in ((".jsonl.zst", EVENTS), (".warc.gz", DOCUMENTS)):
            if path.name.endswith(suffix) and text_of(name).encode() in unpack(path.read_bytes(), form)[0]:
                found.append(str(path))
    return found


async def kills(config: Config, folder: Path, count: int) -> AsyncIterator[tuple[float, list[str]]]:
    """Seconds from the poll of each kill until it is carried out, one after the other; and what then holds it."""
    await provision.apply(config)
    names = [f"town-{number:02d}" for number in range(count)]
    async with FakeSite({f"/{name}": message(name, 1) for name in names}) as site:
        feeds = [{"id": name, "url": site.url(f"/{name}"), "interval_s": 3600.0} for name in names]
        await import_feeds(config, specs(feeds, "the test"))
        async with Workers(config, folder, WORKERS) as workers:
            await eventually(lambda: _are_public(config, count))
            for done, name in enumerate(names, 1):
                site.script[f"/{name}"] = message(name, 2, "canceled")
                began = time.monotonic()
                await poll_until(config, name, lambda left=count - done: _are_public(config, left))  # type: ignore[misc]
                await eventually(lambda: _is_carried_out(config))
                yield time.monotonic() - began, await asyncio.to_thread(holding, config, name)
            assert workers.ended() == []


async def _are_public(config: Config, count: int) -> bool:
    newest = {record.key: record.value for record in await contents(config, "out.en")}
    return sum(value is not None for value in newest.values()) == count


async def _is_carried_out(config: Config) -> bool:
    return await has_passed(config.kafka, f"{config.kafka.app}-recall", await written_ends(config.kafka, "retractions"))


async def test_two_workers_carry_out_a_kill_long_before_their_segments_are_old(config: Config, tmp_path: Path) -> None:
    config = with_feeds(config)
    config = replace(config, objects=replace(config.objects, age_s=600.0))
    found = [each async for each in kills(config, tmp_path, KILLS)]
    assert [left for _, left in found] == [[]] * KILLS
    assert max(seconds for seconds, _ in found) < 30, found
    orders = [codec.decode(record.value, Command) for record in await contents(config, "ops.command")]
    asked = [order for order in orders if order.verb == "seal"]
    assert 1 <= len(asked) <= 4 * KILLS
    assert {topic for order in asked for topic in order.ends} <= set(config.objects.topics)


# ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Sinks:
    """Those of this worker."""

    def __init__(self) -> None:
        self.wanted: list[Mapping[str, Sequence[int]]] = []

    def hurry(self, ends: Mapping[str, Sequence[int]]) -> None:
        self.wanted.append(ends)


async def asked(config: Config) -> list[Mapping[str, tuple[int, ...]]]:
    return [codec.decode(record.value, Command).ends for record in await contents(config, "ops.command")]


async def test_the_same_wish_is_one_command_and_a_further_one_another(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(haste, "GAP_S", 0.0)
    await provision.apply(config)
    sinks = Sinks()
    found = Haste(config, sinks)
    for ends in ({}, {"raw": (0, 0)}, {"raw": (7, 0)}, {"raw": (7, 0)}, {"raw": (7, 3)}, {"raw": (6, 3)}):
        await found.ask(ends)
    assert await asked(config) == [{"raw": (7, 0)}, {"raw": (7, 3)}]
    assert len(sinks.wanted) == 4  # this worker's are asked each time: it costs nothing


async def test_the_same_wish_is_said_again_later_and_later(config: Config) -> None:
    await provision.apply(config)
    found = Haste(config, Sinks(), iter(map(float, range(40))).__next__)
    for _ in range(40):
        await found.ask({"raw": (7, 0)})
    assert len(await asked(config)) == 5  # at 0, 2, 6, 14 and 30 s


async def test_without_a_broker_the_sinks_of_this_worker_are_asked_all_the_same(config: Config) -> None:
    sinks = Sinks()
    await Haste(replace(config, kafka=replace(config.kafka, bootstrap="127.0.0.1:1")), sinks).ask({"raw": (7,)})
    assert sinks.wanted == [{"raw": (7,)}]
