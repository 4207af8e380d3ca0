"""What comes into a store after its kill goes with the next sweep: again, late, or brought back; and what lives is left alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from pipeline import codec
from pipeline.sinks.catalog import Span
from pipeline.sinks.erasure import is_erased
from pipeline.sinks.forms import DOCUMENTS, EVENTS, RAW
from pipeline.sinks.kill import Target
from pipeline.sinks.redact import Redactor
from pipeline.sinks.redaction import split_revision
from pipeline.sinks.returning import Returning
from pipeline.sinks.segment import Place
from pipeline.sinks.stores import MemoryStore, Store
from pipeline.sinks.sweep import Sweeper, Swept
from pipeline.stages.dedup import item_uri
from pipeline.story import Story, StoryState
from tests.sinks.records import Rec
from tests.sinks.test_redaction import (
    KEY,
    MARK,
    OTHER,
    TOPICS,
    URI,
    Steps,
    T,
    compacted,
    contents,
    document,
    filled,
    killing,
    looked,
    made,
    places_of_the_secret,
    put,
    raw,
    sweeper,
    timeless,
)
from tests.sinks.world import Crash

TOLD = datetime(2026, 3, 1, 7, 40, tzinfo=UTC)
AFTER, LATER = "2026-03-01T07:45:00Z", "2026-03-01T07:50:00Z"
ALL = Target(uri=URI, until=TOLD, mark=MARK)


def kills(**over: object) -> list[Target]:
    return [structs.replace(ALL, **over)]


def event(offset: int, version: str, at: str, state: StoryState = "live", key: str = KEY) -> Rec:
    """An event with its story, as `link` writes it."""
    found = made(key, version, at=at)
    source = structs.replace(found.pipeline.source, fetched_at=at)
    story = Story(id="urn:newswire:story:1", relation="update", canonical=found.uri, revision=1, state=state)
    found = structs.replace(found, pipeline=structs.replace(found.pipeline, source=source, story=story))
    return Rec(offset, T + offset, b"story", codec.encode(found), headers=tuple(codec.article_headers(found, "enriched")))


async def before() -> MemoryStore:
    """A store up to offset 9 of every topic, the item in it."""
    store = await filled()
    await put(store, EVENTS, [event(8, "2", "2026-03-01T07:30:00Z", key=OTHER)], end=9)
    await put(store, RAW, [raw(3, OTHER, "2")], end=9)
    await put(store, DOCUMENTS, [document(4, OTHER)], end=9)
    return store


async def killed() -> MemoryStore:
    """The same after the kill."""
    store = await before()
    await sweeper(store).sweep(killing(until=TOLD))
    return store


async def follow(store: Store, targets: list[Target] | None = None, at: Callable[[str], None] = lambda point: None) -> Swept:
    """A sweep of the whole store, as after a restart."""
    found = Sweeper(Redactor(store, "news", writer="test", at=at), at=at)
    await found.prepare()
    return await found.follow(Returning(kills() if targets is None else targets), Span(upto=found.catalog.ends()))


async def erased(store: Store, since: int = 0) -> set[tuple[str, int]]:
    """(form, offset) of erased records, from this offset on."""
    forms = {topic: form for form, topic in TOPICS.items()}
    return {
        (forms[topic], offset)
        for (topic, offset), record in (await contents(store)).items()
        if is_erased(record) and offset >= since
    }


NEW = 10


# ── what comes again ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_same_bytes_a_late_version_and_their_documents_go() -> None:
    store = await killed()
    await put(store, RAW, [raw(10, KEY, at=AFTER), raw(11, OTHER, at=AFTER), raw(12, KEY, "0", at=LATER)])
    await put(store, DOCUMENTS, [document(10, KEY, OTHER, at=AFTER), document(11, OTHER, at=LATER)])
    assert places_of_the_secret(store)
    done = await follow(store)
    assert (done.events, done.raw, done.documents) == (0, 2, 1)
    assert await erased(store, NEW) == {("raw", 10), ("raw", 12), ("documents", 10)}
    assert len(places_of_the_secret(store)) == 1  # another feed's document, of which no article of this item tells
    assert (await looked(store)).is_good
    swept = dict(store.objects)
    assert (await follow(store)).erased == 0
    assert store.objects == swept


@pytest.mark.parametrize("versions", [frozenset[str](), frozenset({"1", "2"})], ids=["all", "named"])
async def test_a_version_that_lives_again_stays_and_what_was_killed_does_not(versions: frozenset[str]) -> None:
    store = await killed()
    await put(store, EVENTS, [event(10, "3", AFTER)])
    await put(store, RAW, [raw(10, KEY, "3", at=AFTER), raw(11, KEY, "1", at=LATER), raw(12, KEY, "new-markup", at=LATER)])
    await put(store, DOCUMENTS, [document(10, KEY, at="2026-03-01T07:42:00Z"), document(11, KEY, at=AFTER)])
    await follow(store, kills(versions=versions))
    assert await erased(store, NEW) == {("raw", 11), ("documents", 10)}


@pytest.mark.parametrize("state", ["killed", "held"])
async def test_a_message_in_a_dead_story_is_no_life(state: StoryState) -> None:
    store = await killed()
    await put(store, EVENTS, [event(10, "3", AFTER, state)])
    await put(store, RAW, [raw(10, KEY, "0", at=LATER)])
    await follow(store)
    assert await erased(store, NEW) == {("raw", 10)}


async def test_an_item_that_lives_on_keeps_what_nobody_knows() -> None:
    store = MemoryStore()
    await put(store, EVENTS, [event(0, "1", "2026-03-01T07:30:00Z"), event(1, "2", "2026-03-01T07:31:00Z")])
    await put(store, RAW, [raw(0, KEY, "1"), raw(1, KEY, "2"), raw(2, KEY, "1", at=LATER), raw(3, KEY, "2b", at=LATER)])
    await follow(store, kills(versions=frozenset({"1"})))
    assert await erased(store) == {("events", 0), ("raw", 0), ("raw", 2)}


async def test_a_kill_of_something_never_stored_takes_it_when_it_comes() -> None:
    store = MemoryStore()
    await put(store, RAW, [raw(0, KEY, at=LATER)])
    await follow(store)
    assert await erased(store) == {("raw", 0)}


async def test_documents_of_another_feed_that_carried_it_go_too() -> None:
    """No event tells of that feed: dedup dropped its item, whose raw bytes name the feed."""
    store = await killed()
    carried = raw(10, KEY, at=AFTER)
    headers = {**dict(carried.headers), "feed": b"another-feed", "document": b"sha256:carrier"}
    await put(store, RAW, [replace(carried, headers=tuple(headers.items()))])
    await put(
        store, DOCUMENTS, [document(10, KEY, feed="another-feed", at=AFTER), document(11, OTHER, feed="another-feed", at=AFTER)]
    )
    await follow(store)
    assert await erased(store, NEW) == {("raw", 10), ("documents", 10)}


async def test_what_nobody_killed_is_left_alone() -> None:
    store = await filled()
    untouched = dict(store.objects)
    assert (await follow(store, [])).ranges == 0
    assert store.objects == untouched


async def test_of_two_killed_items_in_a_document_one_is_enough() -> None:
    """The first lives again; the document shows the other one, too."""
    store = await before()
    other = Target(uri=item_uri(OTHER), until=TOLD, mark=MARK)
    await put(store, EVENTS, [event(10, "3", AFTER)])
    await put(store, DOCUMENTS, [document(10, KEY, OTHER, at=LATER), document(11, KEY, at=LATER)])
    await follow(store, [*kills(), other])
    assert {place for place in await erased(store, NEW) if place[0] == "documents"} == {("documents", 10)}


# ── only what is new, and what was learned before ────────────────────────────────────────────────────────────────────


async def test_only_new_ranges_that_may_name_it_are_read() -> None:
    store = await killed()
    found = Sweeper(Redactor(store, "news", writer="test"))
    await found.prepare()
    targets, first = Returning(kills()), found.catalog.ends()
    await found.follow(targets, Span(upto=first))
    await put(store, RAW, [raw(10, OTHER, at=AFTER)])
    await put(store, RAW, [raw(11, KEY, at=AFTER)])
    await found.prepare()
    done = await found.follow(Returning(kills(), targets), Span(after=first, upto=found.catalog.ends()))
    assert (done.ranges, done.raw) == (1, 1)


async def test_what_is_not_sealed_before_the_barrier_waits_for_the_next_sweep() -> None:
    store = await killed()
    found = Sweeper(Redactor(store, "news", writer="test"))
    await found.prepare()
    noted = found.catalog.ends()
    await put(store, RAW, [raw(10, KEY, at=AFTER)])
    await found.prepare()
    assert (await found.follow(Returning(kills()), Span(upto=noted))).raw == 0
    assert (await found.follow(Returning(kills()), Span(after=noted, upto=found.catalog.ends()))).raw == 1


async def test_another_kill_of_the_item_is_another_question() -> None:
    """It lived again, and was killed again: what was learned of its life counts no more."""
    store = await killed()
    await put(store, EVENTS, [event(10, "3", AFTER)])
    await put(store, RAW, [raw(10, KEY, "3", at=AFTER)])
    first = Returning(kills())
    found = Sweeper(Redactor(store, "news", writer="test"))
    await found.prepare()
    await found.follow(first, Span(upto=found.catalog.ends()))
    assert await erased(store, NEW) == set()
    await put(store, RAW, [raw(20, KEY, "3", at="2026-03-01T08:10:00Z"), raw(21, KEY, "2", at="2026-03-01T08:10:00Z")])
    again = structs.replace(ALL, until=datetime(2026, 3, 1, 8, tzinfo=UTC))
    await found.prepare()
    await found.follow(Returning([*kills(), again], first), Span(upto=found.catalog.ends()))
    assert await erased(store, NEW) == {("events", 10), ("raw", 10), ("raw", 20), ("raw", 21)}


def test_a_released_item_is_forgotten() -> None:
    watched = Returning(kills())
    watched.unknown.clear()
    after = Returning([], watched)
    assert (after.uris, after.names("raw"), after.unknown) == ([], frozenset(), set())
    assert Returning(kills(), after).unknown == {URI}


# ── what is brought back ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_sink_that_wakes_up_after_the_redaction_brings_its_segment_back_for_one_sweep() -> None:
    """Its object is created anew under the name that was deleted; its manifest is there already, its commit is refused."""
    store = await before()
    originals = {key: body for key, body in store.objects.items() if "/dt=" in key}
    await sweeper(store).sweep(killing(until=TOLD))
    gone = [key for key in originals if key not in store.objects]
    for key in gone:
        await store.put_new(key, originals[key])
    assert {finding.rule for finding in (await looked(store)).findings if finding.is_violation} == {"superseded"}
    assert (await follow(store)).restored == len(gone) > 0
    assert not [key for key in gone if key in store.objects]
    assert (await looked(store)).is_good


async def test_the_same_of_a_compaction() -> None:
    store = await before()
    await compacted(store)
    originals = {key: body for key, body in store.objects.items() if key.endswith(".parquet")}
    await sweeper(store).sweep(killing(until=TOLD))
    gone = [key for key in originals if key not in store.objects]
    for key in gone:
        await store.put_new(key, originals[key])
    found = sweeper(store)
    await found.prepare()
    assert (await found.follow(Returning([]), Span(upto={}))).restored == len(gone) > 0  # nothing is looked for by name
    assert (await looked(store)).is_good


async def test_redacted_ranges_are_looked_at_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.sinks.sweep.TIDIED_MAX", 2)
    store = await before()
    found = sweeper(store)
    originals = dict(store.objects)
    await found.sweep(killing(until=TOLD))
    gone = [key for key in originals if key not in store.objects]
    for key in gone:
        await store.put_new(key, originals[key])
    restored = []
    while sum(restored) < len(gone):
        restored.append((await found.follow(Returning([]), Span(upto={}))).restored)
        assert 1 <= restored[-1] <= 2
    assert len(gone) == 5


async def test_a_redaction_that_somebody_else_made_is_known_at_the_next_start() -> None:
    store = await killed()
    found = Sweeper(Redactor(store, "news", writer="test"))
    await found.prepare()
    redacted = {place.manifest_key(start, end) for place, start, end in found.catalog.redacted}
    assert redacted == {split_revision(key)[0] for key in store.objects if "/_manifest/" in key and split_revision(key)[1]}


# ── crashes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def came_again() -> MemoryStore:
    """After the kill: the same bytes, a late version, a document, and an object that a late sink brought back."""
    store = await before()
    original = min(key for key in store.objects if "/newswire.raw/" in key and "/dt=" in key)
    body = store.objects[original]
    await sweeper(store).sweep(killing(until=TOLD))
    await put(store, RAW, [raw(10, KEY, at=AFTER), raw(11, OTHER, at=AFTER), raw(12, KEY, "0", at=LATER)])
    await put(store, EVENTS, [event(10, "3", AFTER, "held"), event(11, "2", "2026-03-01T07:39:00Z")])
    await put(store, DOCUMENTS, [document(10, KEY, OTHER, at=AFTER)])
    await store.put_new(original, body)
    return store


async def test_broken_off_at_every_step_and_finished_by_the_next() -> None:
    whole = await came_again()
    await follow(whole)
    seen: list[str] = []
    for number in range(1, 100):
        store, steps = await came_again(), Steps(number)
        try:
            await follow(store, at=steps)
            break
        except Crash:
            seen.append(steps.taken[-1])
        assert (await contents(store)).keys() == (await contents(whole)).keys()  # readers have every record meanwhile
        await follow(store)
        assert timeless(store) == timeless(whole)
        assert (await looked(store)).is_good
    assert set(seen) == {"before_put", "after_put", "after_manifest", "after_delete", "before_sweep"}
    assert len(seen) == 3 * 4 + 1  # three ranges, and the object that was brought back
    assert len(places_of_the_secret(whole)) == 2  # the held version lives on in its story; another feed's document


ARRIVALS = st.lists(
    st.tuples(
        st.sampled_from(["raw", "documents"]), st.sampled_from([KEY, OTHER]), st.sampled_from(["0", "1", "2"]), st.booleans()
    ),
    max_size=8,
)


@given(arrivals=ARRIVALS, crash=st.integers(0, 12))
@settings(max_examples=60, deadline=None)
async def test_whatever_comes_in_whatever_sweeps_and_crashes(arrivals: list[tuple[str, str, str, bool]], crash: int) -> None:
    """However arrivals, sweeps and a crash are mixed, the last sweep leaves nothing of the killed and all of the others."""
    store, targets, after, steps = await killed(), Returning(kills()), dict[Place, int](), Steps(crash)
    found = Sweeper(Redactor(store, "news", writer="test", at=steps), at=steps)
    expected, following = set(), {"raw": NEW, "documents": NEW}
    for form, key, version, is_swept in arrivals:
        offset = following[form]
        following[form] += 1
        expected |= {(form, offset)} if key == KEY else set()
        if form == "raw":
            await put(store, RAW, [raw(offset, key, version, at=AFTER)])
        else:
            await put(store, DOCUMENTS, [document(offset, key, at=AFTER)])
        if not is_swept:
            continue
        await found.prepare()
        upto = found.catalog.ends()
        try:
            await found.follow(targets, Span(after=after, upto=upto))
            after = upto
        except Crash:  # another process goes on with what was committed
            found, targets = Sweeper(Redactor(store, "news", writer="test")), Returning(kills())
    steps.last = 0
    await found.prepare()
    await found.follow(targets, Span(after=after, upto=found.catalog.ends()))
    assert await erased(store, NEW) == expected
    assert (await looked(store)).is_good
