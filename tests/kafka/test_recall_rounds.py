"""Kills for good: what comes into the store after its kill goes with the next sweep, across restarts, and all can see that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec import structs

from pipeline import accounts, codec, provision
from pipeline.cli import root
from pipeline.config import Config, Recall, to_environment
from pipeline.metrics import Metrics
from pipeline.poll.feeds import import_feeds, specs
from pipeline.recall import service
from pipeline.recall.account import Account, parse_account, together
from pipeline.recall.patrol import accounts_of
from pipeline.recall.service import RecallService
from pipeline.recall.watch import Watch
from pipeline.sinks.forms import DOCUMENTS, EVENTS, RAW, unpack
from pipeline.sinks.stores import StoreError, StoreRefused
from pipeline.stages.dedup import item_uri
from pipeline.story import Retraction, Story, Withdrawn
from pipeline.topics import sink_name
from tests.builders import article
from tests.kafka.test_recall import PATIENCE_S, Sick, Sinks, committed, eventually, poll_until, proved, public, stored, told
from tests.kafka.test_recall import message as wire
from tests.kafka.test_recall_prove import pass_by, produce
from tests.kafka.test_service import with_feeds
from tests.poll.site import FakeSite, Reply
from tests.service import Workers, contents
from tests.sinks.test_redaction import KEY, OTHER, SECRET, document, filled, put, raw
from tests.sinks.test_returning import event

AFTER = "2099-01-01T00:00:00Z"  # fetched after every kill
URI = item_uri(KEY)


@pytest.fixture
async def swept(config: Config, tmp_path: Path) -> Config:
    """A store in which the item stands, and a recall that sweeps often."""
    await provision.apply(config)
    for key, body in (await filled()).objects.items():
        await Sick(tmp_path / "objects").put_new(key, body)
    return replace(config, objects=replace(config.objects, prefix="news"), recall=Recall(days=36_500, sweep_s=0.2))


@asynccontextmanager
async def recalling(config: Config, store: Sick) -> AsyncIterator[RecallService]:
    """The recall of one worker."""
    running = RecallService(config, Metrics(), Sinks(store))  # type: ignore[arg-type]
    await running.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield running
    finally:
        await running.stop()


def holding(store: Sick) -> list[Path]:
    """Objects with the killed text, but for those of another feed, of which no article tells."""
    found = []
    for path in store.root.rglob("*.*"):
        for suffix, form in ((".jsonl.zst", EVENTS), (".warc.gz", DOCUMENTS)):
            if path.name.endswith(suffix) and SECRET.encode() in (content := unpack(path.read_bytes(), form)[0]):
                found += [path] * (b"another-feed" not in content)
    return found


async def until_gone(store: Sick) -> None:
    while await asyncio.to_thread(holding, store):
        await asyncio.sleep(0.05)


async def account(config: Config) -> Account:
    return together((await accounts_of(config)).values())


async def until_swept(config: Config, beyond: str = "") -> Account:
    """Until a later sweep is committed that had another before it."""
    while not (found := await account(config)).swept_to > beyond:
        await asyncio.sleep(0.05)
    return found


async def test_what_comes_again_is_erased_and_counted_across_a_restart(swept: Config, tmp_path: Path) -> None:
    store = Sick(tmp_path / "objects")
    await told(swept)
    async with recalling(swept, store):
        while await committed(swept) < 2:
            await asyncio.sleep(0.05)
        await until_gone(store)
        await put(store, RAW, [raw(3, KEY, at=AFTER), raw(4, OTHER, at=AFTER)])
        await put(store, DOCUMENTS, [document(4, KEY, OTHER, at=AFTER)])
        await until_gone(store)
        while (await account(swept)).erased < 2:
            await asyncio.sleep(0.05)
        first = await until_swept(swept)
    assert (first.raw >= 1, first.documents >= 1, first.waits_for) == (True, True, "")
    late = replace(raw(5, KEY, "0", at=AFTER), timestamp=int(datetime.now(UTC).timestamp() * 1000))
    await put(store, RAW, [late])  # while no worker runs, and no message tells of it
    async with recalling(swept, store):
        await until_gone(store)
        second = await until_swept(swept, first.swept_to)
        while second.raw == first.raw:
            second = await account(swept)
    assert (second.raw, second.documents) == (first.raw + 1, first.documents)
    assert second.sweeps > first.sweeps
    assert (await accounts.take(swept)).recall == second


async def test_what_lives_again_stays(swept: Config, tmp_path: Path) -> None:
    store = Sick(tmp_path / "objects")
    await told(swept)
    await put(store, EVENTS, [event(8, "3", AFTER)])
    await put(store, RAW, [raw(3, KEY, "3", at=AFTER)])
    kept = {path: path.read_bytes() for path in holding(store) if path.name.startswith((f"{8:020d}", f"{3:020d}-{3:020d}.jsonl"))}
    async with recalling(swept, store):
        first = await until_swept(swept)
        await until_swept(swept, first.swept_to)
    assert len(kept) == 2
    assert {path: path.read_bytes() for path in kept} == kept


@pytest.mark.parametrize(
    ("error", "outcome"), [(StoreError("no answer"), "retried"), (StoreRefused("no room: make some"), "blocked")]
)
async def test_a_store_that_is_away_stops_the_sweep_and_that_is_told(
    swept: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: StoreError, outcome: str
) -> None:
    monkeypatch.setattr(service, "RETRY_S_MAX", 0.3)
    store = Sick(tmp_path / "objects")
    await told(swept)
    async with recalling(swept, store) as running:
        await until_swept(swept)
        store.error = error
        await put(Sick(store.root), RAW, [raw(3, KEY, at=AFTER)])
        while not running.metrics.registry.get_sample_value("newswire_recall_sweeps_total", {"outcome": outcome}):
            await asyncio.sleep(0.05)
        assert holding(store)
        assert running.stopped_because == ("no room: make some" if outcome == "blocked" else "")
        while outcome == "blocked" and (await account(swept)).waits_for != "no room: make some":
            await asyncio.sleep(0.05)
        store.error = None
        await until_gone(store)
        while (await account(swept)).waits_for:
            await asyncio.sleep(0.05)
        assert running.stopped_because == ""


async def test_a_round_waits_for_what_is_on_its_way_and_says_so(swept: Config, tmp_path: Path) -> None:
    """Only then is it known whether a raw item is one of a version that lives again."""
    store = Sick(tmp_path / "objects")
    config = replace(swept, objects=replace(swept.objects, age_s=0.1))
    await told(config)
    async with recalling(config, store):
        while await committed(config) < 2:
            await asyncio.sleep(0.05)
        await produce(config, ("raw", raw(0, OTHER)))
        while (await account(config)).waits_for != "hops":
            await asyncio.sleep(0.05)
        await put(store, RAW, [raw(3, KEY, at=AFTER)])
        await pass_by(config, "ingest", "raw")
        while (await account(config)).waits_for != "raw sealed":
            await asyncio.sleep(0.05)
        assert holding(store)
        await pass_by(config, sink_name("raw"), "raw")
        await until_gone(store)
        while (await account(config)).waits_for:
            await asyncio.sleep(0.05)


# ── which kills are in force ─────────────────────────────────────────────────────────────────────────────────────────


def message(kind: str, at: str, state: str = "killed", uri: str = URI):  # type: ignore[no-untyped-def]
    found = article(key=KEY)
    about = Retraction(kind=kind, items=(Withdrawn(uri=uri),), by="urn:desk", at=at)  # type: ignore[arg-type]
    story = Story(id="s", relation="kill", canonical=uri, revision=1, state=state)  # type: ignore[arg-type]
    return structs.replace(found, pipeline=structs.replace(found.pipeline, retraction=about, story=story))


def ms(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp() * 1000)


EARLY, MIDDLE, LATE = "2026-03-01T07:00:00+00:00", "2026-03-01T08:00:00+00:00", "2026-03-01T09:00:00+00:00"
NIGHT = datetime(2026, 3, 1, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("messages", "kills"),
    [
        ([("kill", EARLY, "killed")], 1),
        ([("hold", EARLY, "held")], 0),
        ([("kill", EARLY, "killed"), ("release", LATE, "live")], 0),
        ([("release", LATE, "live"), ("kill", EARLY, "killed")], 0),
        ([("kill", EARLY, "killed"), ("release", MIDDLE, "live"), ("kill", LATE, "killed")], 1),
        ([("kill", EARLY, "killed"), ("release", LATE, "killed")], 1),  # a release of something older changes nothing
        ([("kill", EARLY, "killed"), ("kill", EARLY, "killed")], 1),
    ],
)
def test_kills_in_force(messages: list[tuple[str, str, str]], kills: int) -> None:
    watch = Watch(timedelta(days=35))
    for kind, at, state in messages:
        watch.hear(message(kind, at, state), ms(at))
    assert len(watch.in_force(NIGHT)) == kills
    assert watch.in_force(NIGHT + timedelta(days=36)) == []


STORY = "urn:newswire:story:" + "a" * 32


def of_a_story(kind: str, at: str, uri: str = URI, story: str = STORY):  # type: ignore[no-untyped-def]
    found = message(kind, at, "killed" if kind == "kill" else "live", uri)
    told = structs.replace(found.pipeline.retraction, stories=(story,), is_partial=kind == "kill")
    return structs.replace(found, pipeline=structs.replace(found.pipeline, retraction=told))


@pytest.mark.parametrize("order", [1, -1])
def test_a_whole_story_is_watched_until_it_is_released(order: int) -> None:
    watch = Watch(timedelta(days=35))
    for at, found in [(EARLY, of_a_story("kill", EARLY)), (LATE, of_a_story("release", LATE))][::order]:
        watch.hear(found, ms(at))
    assert watch.in_force(NIGHT) == []
    again = "2026-03-01T10:00:00+00:00"
    watch.hear(of_a_story("kill", again), ms(again))
    assert [(target.uri, target.is_story) for target in watch.in_force(NIGHT)] == [(URI, False), (STORY, True)]


def test_a_release_under_another_name_of_the_story_spares_the_items_that_it_names() -> None:
    watch = Watch(timedelta(days=35))
    watch.hear(of_a_story("kill", EARLY), ms(EARLY))
    watch.hear(of_a_story("release", MIDDLE, story="urn:newswire:story:" + "b" * 32), ms(MIDDLE))
    [whole] = watch.in_force(NIGHT)
    assert (whole.uri, URI in whole.spared) == (STORY, True)


def test_too_many_kills_are_watched_as_far_as_memory_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.recall.watch.WATCHED_MAX", 2)
    watch = Watch(timedelta(days=35))
    for at, uri in ((MIDDLE, "urn:b"), (EARLY, "urn:a"), (LATE, "urn:c")):
        watch.hear(message("kill", at, uri=uri), ms(at))
    assert [target.uri for target in watch.in_force(NIGHT)] == ["urn:b", "urn:c"]


# ── what is committed ────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_account_comes_back_and_a_foreign_one_is_empty() -> None:
    said = Account(swept_to=EARLY, swept_at=LATE, sweeps=3, raw=2, waits_for="x" * 600)
    assert parse_account(said.to_metadata()) == structs.replace(said, waits_for="x" * 500)
    assert len(said.to_metadata()) < 1000
    assert [parse_account(foreign) for foreign in ("", "offset reset by hand", '{"sweeps":"many"}')] == [Account()] * 3


def test_together_they_are_as_far_as_the_last() -> None:
    found = together([Account(swept_to=MIDDLE, raw=1, sweeps=2), Account(swept_to=EARLY, documents=4)])
    assert (found.swept_to, found.raw, found.documents, found.sweeps, found.erased) == (EARLY, 1, 4, 2, 5)
    assert together([Account(swept_to=MIDDLE), Account()]).swept_to == ""
    assert together([]) == Account()


async def test_kills_told_before_this_worker_are_looked_for(swept: Config, tmp_path: Path) -> None:
    """Committed long ago, by a worker that did not sweep yet."""
    store = Sick(tmp_path / "objects")
    await told(swept)
    await pass_by(swept, "recall", "retractions")
    await put(store, RAW, [raw(3, KEY, at=AFTER)])
    async with recalling(swept, store):
        await until_gone(store)
        assert (await until_swept(swept)).raw == 3


# ── the whole service ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_source_that_shows_a_killed_story_again_does_not_bring_it_back(config: Config, tmp_path: Path) -> None:
    """Killed bytes in another feed, which dedup drops; a late lower version, which link drops; a document of killed bytes."""
    config = replace(with_feeds(config), recall=Recall(sweep_s=0.5))
    await provision.apply(config)
    async with FakeSite({"/a": wire("a", 3), "/z": wire("c", 1)}) as site:
        await import_feeds(config, specs([{"id": n, "url": site.url(f"/{n}"), "interval_s": 3600.0} for n in "az"], "the test"))
        async with Workers(config, tmp_path) as workers:
            await eventually(lambda: _is_public(config))
            await show(config, site, "a", wire("a", 4, "canceled"), raw=3, documents=3)
            await eventually(lambda: _is_gone(config))
            await show(config, site, "z", wire("a", 3), raw=4, documents=4)
            await show(config, site, "a", wire("a", 2), raw=5, documents=5)
            await show(config, site, "a", wire("a", 3), raw=5, documents=6)
            await eventually(lambda: _has_erased(config, raw=2, documents=3))
            erased = await account(config)
            await eventually(lambda: _is_gone(config))
            assert await public(config, "a") is None
            assert workers.ended() == []
    result = await proved(config, "a", "--deep", "--json")
    assert (result.exit_code, codec.loads(result.stdout)["store"]["gone"]) == (0, {"events": 2, "raw": 4, "documents": 5})
    assert len(await asyncio.to_thread(stored, config, "c")) == 3
    shown = await asyncio.to_thread(CliRunner(env=to_environment(config)).invoke, root, ["status"])
    assert f"sweeps erased {erased.raw} raw items, {erased.documents} documents" in " ".join(shown.output.split()), shown.output


async def show(config: Config, site: FakeSite, feed: str, reply: Reply, raw: int, documents: int) -> None:
    """The feed shows it, until it is polled: then there are so many raw items and documents."""
    site.script[f"/{feed}"] = reply
    await poll_until(config, feed, lambda: _are_fetched(config, raw, documents))


async def _are_fetched(config: Config, raw: int, documents: int) -> bool:
    return (len(await contents(config, "raw")), len(await contents(config, "documents"))) == (raw, documents)


async def _is_public(config: Config) -> bool:
    return await public(config, "a") is not None


async def _is_gone(config: Config) -> bool:
    return await public(config, "a") is None and not await asyncio.to_thread(stored, config, "a")


async def _has_erased(config: Config, raw: int, documents: int) -> bool:
    found = await account(config)
    return found.raw >= raw and found.documents >= documents
