"""Kills through the whole service: what readers see, what the store keeps, and what `newswire recall` finds of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result
from msgspec import structs

from pipeline import codec, kafka, provision
from pipeline.cli import root
from pipeline.config import Config, Recall, to_environment
from pipeline.metrics import Metrics
from pipeline.poll.feeds import import_feeds, read_states, send, specs
from pipeline.recall import service
from pipeline.recall.barrier import has_passed, written_ends
from pipeline.recall.service import RecallService
from pipeline.records import Command
from pipeline.sinks.forms import DOCUMENTS, EVENTS, unpack
from pipeline.sinks.manifests import manifests_of, topic_ids_in
from pipeline.sinks.stores import FileStore, Put, Store, StoreError, StoreRefused, open_store
from pipeline.sinks.verify import Options, verify
from pipeline.stages.dedup import item_uri
from pipeline.story import Retraction, Withdrawn
from pipeline.topics import full_name
from tests.builders import NOW, article
from tests.kafka.test_service import with_feeds
from tests.poll.site import FakeSite, Reply
from tests.service import Workers, contents
from tests.sinks.test_redaction import KEY, filled

SECRETS = {
    "a": "The mayor of Brackwater said the dam had failed twice in spring.",
    "b": "Prosecutors in Ostrava named the wrong accountant on Tuesday.",
    "c": "Ferries between the northern islands sail again from Monday.",
}
URI = "urn:newsml:agency.example:20260301:story-{}"
PATIENCE_S = 40.0
AGAIN_S = 5.0


def message(name: str, version: int, status: str = "usable") -> Reply:
    """A story of one of the feeds, in ninjs 1."""
    body = {
        "uri": URI.format(name), "version": str(version), "type": "text", "pubstatus": status, "language": "en",
        "versioncreated": f"2026-03-01T07:{version:02d}:00Z", "headline": f"Report {name} from the wire",
        "body_text": SECRETS[name],
    }  # fmt: skip
    return Reply(body=codec.dumps(body))


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():
            await asyncio.sleep(0.05)


def stored(config: Config, name: str) -> set[Path]:
    """The objects below the store's folder that hold the story's text, under whatever name."""
    found = set()
    for path in Path(config.objects.store.removeprefix("file:")).rglob("*.*"):
        for suffix, form in ((".jsonl.zst", EVENTS), (".warc.gz", DOCUMENTS)):
            try:
                if path.name.endswith(suffix) and SECRETS[name].encode() in unpack(path.read_bytes(), form)[0]:
                    found.add(path)
            except FileNotFoundError:  # erased meanwhile
                continue
    return found


async def public(config: Config, name: str) -> bytes | None:
    """What a reader of the public topic has."""
    newest = {record.key: record.value for record in await contents(config, "out.en")}
    return newest.get(URI.format(name).encode())


async def poll_until(config: Config, feed: str, holds: Callable[[], Awaitable[bool]]) -> None:
    """Asks for a poll until it shows: a worker that has just started, or changes partitions, may not hear the first time."""
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():
            order = Command(verb="poll-now", feed=feed, id=feed, at=time.time())
            await send(config, "ops.command", [(feed, codec.encode(order))])
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await eventually(holds)


async def kill(config: Config, site: FakeSite, name: str) -> float:
    """The source kills the story; when the feed was polled since (seconds since 1970)."""
    site.script[f"/{name}"] = message(name, 2, "canceled")
    told_at = time.time()

    async def is_polled() -> bool:
        return (await read_states(config))[name].polled_at > told_at

    await poll_until(config, name, is_polled)
    return (await read_states(config))[name].polled_at


def recall(config: Config, *arguments: str) -> Result:
    return CliRunner(env=to_environment(config)).invoke(root, ["recall", *arguments])


async def proved(config: Config, name: str, *flags: str) -> Result:
    return await asyncio.to_thread(recall, config, "prove", URI.format(name), *flags)


async def are_stored(config: Config, name: str, objects: int) -> bool:
    return len(await asyncio.to_thread(stored, config, name)) >= objects


async def test_a_kill_leaves_topics_and_store_and_that_is_proved(config: Config, tmp_path: Path) -> None:
    config = with_feeds(config)
    await provision.apply(config)
    async with FakeSite({f"/{name}": message(name, 1) for name in SECRETS}) as site:
        await import_feeds(
            config, specs([{"id": n, "url": site.url(f"/{n}"), "interval_s": 3600.0} for n in SECRETS], "the test")
        )
        without = replace(config, recall=Recall(enabled=False))
        async with Workers(without, tmp_path) as workers:
            await eventually(lambda: _all_public(config))
            await kill(config, site, "a")
            await eventually(lambda: _is_null(config, "a"))
            await eventually(lambda: are_stored(config, "a", 3))
            await eventually(lambda: _all_sealed(config))
            originals = {path: path.read_bytes() for path in stored(config, "a")}
            assert workers.ended() == []
        before = await proved(config, "a")
        assert before.exit_code == 1, before.output
        assert "STILL STORED" in before.output
        assert "STILL PUBLIC" not in before.output
        async with Workers(config, tmp_path, ["w1"]) as workers:  # with a redactor, which begins where none has been
            await eventually(lambda: _has_no(config, "a"))
            polled_at = await kill(config, site, "b")
            await eventually(lambda: _is_null(config, "b"))
            public_s = time.time() - polled_at
            await eventually(lambda: _recall_has_passed(config))
            gone_s = time.time() - polled_at
            assert await _has_no(config, "b")
            assert workers.ended() == []
    assert (public_s < 5, gone_s < 10) == (True, True), (public_s, gone_s)
    await _assert_gone(config, "a")
    await _assert_gone(config, "b")
    assert (await proved(config, "c")).exit_code == 1
    assert "STILL PUBLIC" in (await proved(config, "c")).output
    assert len(stored(config, "c")) == 3
    await _sabotage(config, originals)


# ── the service alone ────────────────────────────────────────────────────────────────────────────────────────────────


class Sick(FileStore):
    """Creates nothing while it is sick."""

    error: StoreError | None = None
    tries = 0

    async def put_new(self, key: str, body: bytes) -> Put:
        if self.error is not None:
            self.tries += 1
            raise self.error
        return await super().put_new(key, body)


class Sinks:
    """What the redactor needs of the object sinks."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.wanted: list[Mapping[str, Sequence[int]]] = []

    def hurry(self, ends: Mapping[str, Sequence[int]]) -> None:
        self.wanted.append(ends)


async def told(config: Config, kind: str = "kill") -> None:
    """A retraction on the topic, behind a record that nobody can read."""
    message = article(key=KEY)
    retraction = Retraction(kind=kind, items=(Withdrawn(uri=item_uri(KEY)),), by=message.uri, at=NOW)  # type: ignore[arg-type]
    message = structs.replace(message, pipeline=structs.replace(message.pipeline, retraction=retraction))
    name = full_name(config.kafka.prefix, "retractions")
    producer = AIOKafkaProducer(**kafka.connection(config.kafka), acks="all")
    await producer.start()
    for value in (b"{", codec.encode(message)):
        await producer.send_and_wait(name, value, key=b"story", partition=0)
    await producer.stop()


async def committed(config: Config) -> int:
    async with kafka.admin(config.kafka) as client:
        try:
            offsets = await kafka.group_offsets(client, f"{config.kafka.app}-recall")
        except kafka.NoGroups:
            return 0
    return max((position.offset for position in offsets.values()), default=0)


@pytest.mark.parametrize("error", [StoreError("no answer"), StoreRefused("no room: make some")], ids=["away", "refuses"])
async def test_a_retraction_is_committed_after_its_redaction_and_not_before(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: StoreError
) -> None:
    monkeypatch.setattr(service, "RETRY_S_MAX", 0.3)
    await provision.apply(config)
    store = Sick(tmp_path / "objects")
    for key, body in (await filled()).objects.items():
        await store.put_new(key, body)
    store.error = error
    config = replace(config, objects=replace(config.objects, prefix="news"), recall=Recall(days=36_500))
    await told(config)
    sinks = Sinks(store)
    redactor = RecallService(config, Metrics(), sinks)  # type: ignore[arg-type]
    await redactor.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while store.tries < 3:
                await asyncio.sleep(0.05)
            assert await committed(config) <= 1  # the unreadable one may be
            assert redactor.stopped_because == ("no room: make some" if isinstance(error, StoreRefused) else "")
            store.error = None
            while await committed(config) < 2:
                await asyncio.sleep(0.05)
    finally:
        await redactor.stop()
    assert redactor.stopped_because == ""
    report = await verify(store, "news", ["newswire.enriched"], Options(killed=item_uri(KEY)))
    assert report.is_good, report.findings


async def test_a_hold_is_passed_and_the_store_left_alone(config: Config, tmp_path: Path) -> None:
    await provision.apply(config)
    store = Sick(tmp_path / "objects")
    for key, body in (await filled()).objects.items():
        await store.put_new(key, body)
    store.error = StoreError("nobody may write")
    config = replace(config, objects=replace(config.objects, prefix="news"), recall=Recall(days=36_500))
    await told(config, "hold")
    redactor = RecallService(config, Metrics(), Sinks(store))  # type: ignore[arg-type]
    await redactor.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await committed(config) < 2:
                await asyncio.sleep(0.05)
    finally:
        await redactor.stop()
    assert store.tries == 0


async def _assert_gone(config: Config, name: str) -> None:
    result = await proved(config, name)
    assert result.exit_code == 0, result.output
    assert "gone: no reader gets it, since 20" in result.output.splitlines()[-1]
    assert "kill at" in result.output
    assert (await proved(config, name, "--strict")).exit_code == 1  # the topics inside keep it for days
    document = codec.loads((await proved(config, name, "--json", "--deep")).stdout)
    assert (document["is_gone"], document["is_forgotten"], document["uris"]) == (True, False, [URI.format(name)])
    assert document["store"]["gone"] == {"events": 2, "raw": 2, "documents": 2}
    inside = {"documents", "raw", "normalized", "linked", "enriched", "retractions", "state.link"}
    assert {held["topic"] for held in document["inside"]} == inside


async def _sabotage(config: Config, originals: dict[Path, bytes]) -> None:
    """Somebody brings the objects back: at their old names, and at one that no manifest names."""
    for path, body in originals.items():
        path.write_bytes(body)
    result = await proved(config, "a")
    assert result.exit_code == 1, result.output
    assert result.output.count("with content: offsets") == len(originals)
    assert all(path.name in result.output for path in originals)
    taken = await asyncio.to_thread(recall, config, "run", URI.format("a"), "--reason", "it came back")
    assert taken.exit_code == 0, taken.output
    assert stored(config, "a") == set()
    events = {path: _lines(body, "a") for path, body in originals.items() if "enriched" in str(path)}
    assert sum(events.values()) == 2  # the text and its kill, in one segment or in two
    event, lines = next(iter(events.items()))
    stray = event.with_name(f"{900:020d}-{999:020d}.jsonl.zst")
    stray.write_bytes(originals[event])
    result = await proved(config, "a")
    assert (result.exit_code, f"{stray.name}: {lines} records" in result.output) == (1, True), result.output
    assert "no manifest names it: delete it" in result.output
    stray.unlink()
    await _assert_gone(config, "a")


def _lines(segment: bytes, name: str) -> int:
    """The records of a segment of events that hold the story's text."""
    return sum(SECRETS[name].encode() in line for line in unpack(segment, EVENTS)[0].splitlines())


async def _all_public(config: Config) -> bool:
    newest = {record.key for record in await contents(config, "out.en") if record.value}
    return newest == {URI.format(name).encode() for name in SECRETS}


async def _is_null(config: Config, name: str) -> bool:
    return await public(config, name) is None


async def _has_no(config: Config, name: str) -> bool:
    return not await asyncio.to_thread(stored, config, name)


async def _all_sealed(config: Config) -> bool:
    """Every record of the stored topics is in a segment."""
    store = open_store(config.objects.store)
    for topic in config.objects.topics:
        name = full_name(config.kafka.prefix, topic)
        ids = await topic_ids_in(store, config.objects.prefix, name)
        kept = sum([each.count for i in ids async for each in manifests_of(store, config.objects.prefix, name, i)])
        if kept < len(await contents(config, topic)):
            return False
    return True


async def _recall_has_passed(config: Config) -> bool:
    return await has_passed(config.kafka, f"{config.kafka.app}-recall", await written_ends(config.kafka, "retractions"))
