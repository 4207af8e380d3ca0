"""The poller on a real broker against a site on loopback: document, items and feed state are one transaction."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from pipeline.config import Config
from pipeline.lane import Lane
from pipeline.metrics import Metrics
from pipeline.poll.feeds import import_feeds, read_states, specs
from pipeline.poll.poller import Poller
from pipeline.records import Command, FeedState
from tests.kafka import harness
from tests.poll.site import FakeSite, Reply
from tests.service import contents

FEED = "example-world"


def rss(*numbers: int) -> bytes:
    """A feed with these items, newest first."""
    items = "".join(
        f"<item><title>Story {n}</title><link>https://news.example/{n}</link><guid>g{n}</guid>"
        f"<description>Text of story number {n}.</description></item>"
        for n in numbers
    )
    return f'<rss version="2.0"><channel><title>Example</title>{items}</channel></rss>'.encode()


@asynccontextmanager
async def polling(config: Config, site: FakeSite, worker: str = "w0") -> AsyncIterator[Poller]:
    """A poller with one feed of the site in its catalogue."""
    config = replace(config, poll=replace(config.poll, allow=("127.0.0.0/8",)))
    row = {"id": FEED, "url": site.url("/feed"), "interval_s": 0.2, "provider": "news.example"}
    await import_feeds(config, specs([row], "the test"))
    metrics = Metrics()
    wiring = await harness.wiring(config, worker)
    wiring = replace_struct(wiring, name="poll", changelogs={"poll": "feeds.state"}, metrics=metrics.lane("poll"))
    poller = Poller(config, wiring, metrics)
    await poller.start()
    try:
        yield poller
    finally:
        await poller.stop()


def replace_struct(struct: object, **changes: object) -> object:
    """msgspec's replace."""
    import msgspec

    return msgspec.structs.replace(struct, **changes)


async def until(config: Config, holds: Callable[[FeedState], bool]) -> FeedState:
    """Waits for the feed's committed state."""
    async with asyncio.timeout(30):
        while True:
            state = (await read_states(config)).get(FEED, FeedState())
            if holds(state):
                return state


async def keys(config: Config) -> list[str]:
    """Keys on newswire.raw, sorted."""
    return sorted(r.key.decode() for r in await contents(config, "raw"))


async def test_new_items_once_and_the_document_beside_them(config: Config) -> None:
    await harness.prepare(config)
    async with FakeSite({"/feed": [Reply(body=rss(2, 1)), Reply(body=rss(3, 2, 1))]}) as site, polling(config, site):
        state = await until(config, lambda state: state.items == 5)
    raw = await contents(config, "raw")
    assert [r.key.decode().rsplit("/", 1)[-1] for r in raw if b"Story 3" in r.value] == ["3"]
    assert len(raw) == 3
    assert (state.emitted, state.dropped) == (3, {"seen": 2})
    headers = dict(raw[0].headers)
    assert (headers["feed"], headers["format"]) == (FEED.encode(), b"rss")
    documents = await contents(config, "documents")
    assert {r.key.decode() for r in documents} >= {headers["document"].decode()}
    assert {r.value for r in documents} == {rss(2, 1), rss(3, 2, 1)}


async def test_versions_of_a_wire_share_a_key(config: Config) -> None:
    """NewsML-G2 over HTTP: each version once, as an item of its own, all of them in one partition."""

    def message(*versions: int) -> bytes:
        inside = "".join(
            f'<newsItem guid="urn:a" version="{n}"><contentMeta><headline>{n}</headline></contentMeta></newsItem>'
            for n in versions
        )
        return f"<newsMessage><header/><itemSet>{inside}</itemSet></newsMessage>".encode()

    await harness.prepare(config)
    async with FakeSite({"/feed": [Reply(body=message(1)), Reply(body=message(2, 1))]}) as site, polling(config, site):
        state = await until(config, lambda state: state.items == 3)
    assert (state.emitted, state.dropped) == (2, {"seen": 1})
    raw = await contents(config, "raw")
    assert [r.key for r in raw] == [b"guid:news.example urn:a"] * 2
    assert len({r.partition for r in raw}) == 1
    assert {dict(r.headers)["format"] for r in raw} == {b"newsmlg2"}


async def test_validators_are_sent_back_and_a_304_changes_nothing(config: Config) -> None:
    await harness.prepare(config)
    first = Reply(body=rss(1), headers={"ETag": '"v1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"})
    async with FakeSite({"/feed": [first, Reply(status=304)]}) as site, polling(config, site):
        async with asyncio.timeout(30):
            while len(site.asked) < 3:
                await asyncio.sleep(0)
    assert site.asked[1].headers["If-None-Match"] == '"v1"'
    assert site.asked[1].headers["If-Modified-Since"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert len(await keys(config)) == 1


async def test_a_restart_and_a_lost_disk_do_not_publish_again(config: Config) -> None:
    await harness.prepare(config)
    async with FakeSite({"/feed": Reply(body=rss(2, 1))}) as site:
        for round_, worker in enumerate(("w0", "w0", "elsewhere")):
            async with polling(config, site, worker):
                asked = len(site.asked)
                async with asyncio.timeout(30):
                    while len(site.asked) < asked + 2:
                        await asyncio.sleep(0)
            assert len(await keys(config)) == 2, round_


async def test_a_lost_commit_answer_publishes_once(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    await harness.prepare(config)
    commit, lost = AIOKafkaProducer.commit_transaction, []

    async def forgetful(self: AIOKafkaProducer) -> None:
        await commit(self)
        if not lost:
            lost.append(1)
            raise KafkaError("the answer was lost")

    monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", forgetful)
    async with FakeSite({"/feed": Reply(body=rss(2, 1))}) as site, polling(config, site):
        await until(config, lambda state: state.emitted == 2)
    assert lost
    assert len(await keys(config)) == 2


async def test_a_fenced_poller_begins_again(config: Config) -> None:
    await harness.prepare(config)
    async with FakeSite({"/feed": [Reply(body=rss(1)), Reply(body=rss(2, 1))]}) as site, polling(config, site) as poller:
        await until(config, lambda state: state.emitted >= 1)
        zombie = next(lane for lane in poller.lanes.values() if lane.feeds)
        usurper = Lane(replace_struct(poller.wiring, open_store=harness.memory_stores), zombie.tp)
        await usurper.open()
        await usurper.close()
        async with asyncio.timeout(30):
            while poller.lanes.get(TopicPartition(*zombie.tp)) in (zombie, None):
                await asyncio.sleep(0)
        asked = len(site.asked)
        async with asyncio.timeout(30):
            while len(site.asked) < asked + 2:
                await asyncio.sleep(0)
    assert [key.rsplit("/", 1)[-1] for key in await keys(config)] == ["1", "2"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty_body"),
        (b"<!doctype html><html><head><title>Sorry</title></head><body>We moved</body></html>", "not_a_feed"),
        (b"<rss><channel><title>cut off", "broken_xml"),
        (b"<" * 5_000_000, None),
    ],
    ids=["empty", "html", "broken", "angle-brackets"],
)
async def test_a_document_that_is_no_feed_is_dead_lettered_once(config: Config, body: bytes, reason: str | None) -> None:
    await harness.prepare(config)
    async with FakeSite({"/feed": Reply(body=body)}) as site, polling(config, site):
        state = await until(config, lambda state: bool(state.rejected))
        async with asyncio.timeout(30):
            while len(site.asked) < 3:
                await asyncio.sleep(0)
    dead = await contents(config, "dead")
    assert [r.value for r in dead] == [body]
    headers = dict(dead[0].headers)
    assert headers["dead.stage"] == b"poll"
    assert state.rejected == {headers["dead.reason"].decode(): 1}
    assert reason is None or headers["dead.reason"].decode() == reason


async def test_pause_resume_and_poll_now(config: Config) -> None:
    await harness.prepare(config)
    async with FakeSite({"/feed": Reply(body=rss(1))}) as site, polling(config, site) as poller:
        await until(config, lambda state: state.emitted == 1)
        poller.obey(Command(verb="pause", feed=FEED, id="1", at=time.time()))
        await until(config, lambda state: state.paused is True)
        asked = len(site.asked)
        poller.obey(Command(verb="poll-now", feed=FEED, id="2", at=time.time()))
        poller.obey(Command(verb="resume", feed=FEED, id="3", at=time.time()))
        state = await until(config, lambda state: state.paused is False)
        await until(config, lambda after: after.polled_at > state.polled_at)
        assert len(site.asked) > asked
