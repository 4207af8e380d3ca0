"""A kill that cannot name all of its story takes the rest too: by homes and moves; what lives in another story is left alone."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import pytest
from msgspec import structs

from pipeline import codec
from pipeline.records import Relink
from pipeline.sinks.catalog import Span
from pipeline.sinks.erasure import is_erased
from pipeline.sinks.forms import DOCUMENTS, EVENTS, RAW
from pipeline.sinks.kill import Target, targets_of
from pipeline.sinks.members import Members
from pipeline.sinks.names import name_hash, pack_names, unpack_names
from pipeline.sinks.redact import Redactor
from pipeline.sinks.returning import Returning
from pipeline.sinks.segment import Manifest
from pipeline.sinks.stores import MemoryStore, Store
from pipeline.sinks.sweep import Sweeper
from pipeline.sinks.targets import Targets
from pipeline.stages.dedup import item_uri
from pipeline.story import Retraction, Story, Withdrawn
from tests.builders import NOW
from tests.sinks.records import Rec
from tests.sinks.test_redaction import (
    KEY,
    MARK,
    NO_GRACE,
    OTHER,
    THIRD,
    TOPICS,
    Steps,
    T,
    compacted,
    contents,
    document,
    erased_rows,
    event_segments_read,
    looked,
    made,
    put,
    raw,
    timeless,
)
from tests.sinks.test_returning import AFTER, LATER, TOLD
from tests.sinks.world import Crash

HOME, ELSEWHERE, FIRST = (f"urn:newswire:story:{letter * 32}" for letter in "abc")
COPY, MOVED, JOINED, UNTOLD = (
    f"https://example.test/stories/{name}" for name in ("copy-one", "moved-one", "joined-one", "the-rest")
)
WHOLE = Target(uri=HOME, is_story=True, until=TOLD, mark=MARK)
NAMED = Target(uri=item_uri(KEY), until=TOLD, mark=MARK)
MOVE = Relink(story=HOME, to=ELSEWHERE, uris=(item_uri(MOVED),), at=NOW)
JOIN = Relink(story=FIRST, to=HOME, uris=(item_uri(JOINED),), at=NOW)


def event(
    offset: int, key: str, story: str = HOME, home: str = HOME, version: str = "1", at: str = NOW, *, is_echo: bool = False
) -> Rec:
    """An event with its story under its home, as `link` writes it."""
    found = made(key, version, at=at)
    said = Story(
        id=story, home=home if home != story else "", is_echo=is_echo,
        relation="syndicated_copy", canonical=item_uri(KEY), revision=1, state="live",
    )  # fmt: skip
    source = structs.replace(found.pipeline.source, fetched_at=at)
    found = structs.replace(found, pipeline=structs.replace(found.pipeline, source=source, story=said))
    return Rec(offset, T + offset, home.encode(), codec.encode(found), headers=tuple(codec.article_headers(found, "enriched")))


async def filled(store: Store | None = None) -> MemoryStore:
    """The kill names one item of the story. It has a copy, and one that joined it; another one began in it and moved away."""
    found = store or MemoryStore()
    await put(found, EVENTS, [event(0, KEY), event(1, COPY), event(2, OTHER, ELSEWHERE, ELSEWHERE)])
    await put(found, EVENTS, [event(3, MOVED), event(4, JOINED, FIRST, FIRST)])
    await put(found, EVENTS, [event(5, THIRD, ELSEWHERE, ELSEWHERE)])
    await put(found, RAW, [raw(offset, key) for offset, key in enumerate((KEY, COPY, OTHER, MOVED, JOINED, THIRD))])
    await put(found, DOCUMENTS, [document(0, COPY, OTHER), document(1, OTHER, THIRD), document(2, JOINED)])
    assert isinstance(found, MemoryStore)
    return found


def meant(*kills: Target, moves: tuple[Relink, ...] = (MOVE, JOIN)) -> Targets:
    found = Targets(kills or (NAMED, WHOLE))
    for move in moves:
        found.members.move(move)
    return found


def sweeper(store: Store, at: Callable[[str], None] = lambda point: None) -> Sweeper:
    return Sweeper(Redactor(store, "news", writer="test", at=at), at=at)


async def erased(store: Store, since: int = 0) -> set[tuple[str, int]]:
    """(form, offset) of erased records, from this offset on."""
    forms = {topic: form for form, topic in TOPICS.items()}
    found = (await contents(store)).items()
    return {(forms[topic], offset) for (topic, offset), record in found if is_erased(record) and offset >= since}


ERASED = {("events", 0), ("events", 1), ("events", 4), ("raw", 0), ("raw", 1), ("raw", 4), ("documents", 0), ("documents", 2)}


async def test_what_the_kill_could_not_name_goes_and_what_lives_in_another_story_stays() -> None:
    store = await filled()
    done = await sweeper(store).sweep(meant())
    assert (done.events, done.raw, done.documents, done.problems) == (3, 3, 2, [])
    assert await erased(store) == ERASED
    assert (await looked(store)).is_good


async def test_only_segments_of_its_homes_are_read() -> None:
    store = await filled()
    read = event_segments_read(store)
    await sweeper(store).sweep(meant())
    assert read == {0, 3}


@pytest.mark.parametrize("lacks", ["homes", "names"])
async def test_manifests_of_older_releases_are_looked_into(lacks: str) -> None:
    store = await filled()
    homes = {name_hash(home.encode()) for home in (HOME, ELSEWHERE, FIRST)}
    for key, body in store.objects.items():
        if "/_manifest/" not in key:
            continue
        manifest = codec.decode(body, Manifest)
        assert manifest.has_homes is (manifest.form == "events")
        kept = [] if lacks == "names" else [name for name in unpack_names(manifest.names) if name not in homes]
        store.objects[key] = codec.encode(structs.replace(manifest, names=pack_names(kept), has_homes=False))
    await sweeper(store).sweep(meant())
    assert await erased(store) == ERASED


@pytest.mark.parametrize("grace", [None, NO_GRACE], ids=["segments stay", "segments deleted"])
async def test_parquet_too(grace: timedelta | None) -> None:
    store = await filled()
    await compacted(store, grace=grace)
    done = await sweeper(store).sweep(meant())
    assert (done.rows, erased_rows(store)) == (3, {0, 1, 4})
    assert {place for place in await erased_in_forms(store) if place[0] != "events"} == {p for p in ERASED if p[0] != "events"}


async def erased_in_forms(store: MemoryStore) -> set[tuple[str, int]]:
    """Of raw items and documents only: segments of events may be gone."""
    found: set[tuple[str, int]] = set()
    for form in ("raw", "documents"):
        rest = MemoryStore()
        rest.objects = {key: body for key, body in store.objects.items() if f"/{TOPICS[form]}/" in key}
        found |= await erased(rest)
    return found


async def test_broken_off_at_every_step_and_finished() -> None:
    """Also where the events that told of an item are erased and its raw item is not."""
    whole = await filled()
    await sweeper(whole).sweep(meant())
    taken = 0
    for number in range(1, 200):
        store, steps = await filled(), Steps(number)
        try:
            await sweeper(store, steps).sweep(meant())
            break
        except Crash:
            taken += 1
        await sweeper(store).sweep(meant())
        assert timeless(store) == timeless(whole)
    assert taken == 4 * 4  # two ranges of events, one of raw items, one of documents


# ── whom it means ────────────────────────────────────────────────────────────────────────────────────────────────────


def told_by(*records: Rec, kill: Target = WHOLE, moves: tuple[Relink, ...] = ()) -> set[str]:
    """The uris that these events and moves give, in whatever order they are heard."""
    answers = []
    for order in (records, records[::-1]):
        members = Members([kill])
        for move in moves:
            members.move(move)
        for record in order:
            members.look(record)
        answers.append({target.uri for target in members.found()})
    assert answers[0] == answers[1]
    return answers[0]


def test_an_event_of_another_story_under_this_home_says_that_its_item_moved() -> None:
    moved = event(9, COPY, ELSEWHERE, HOME, "2", "2026-03-01T07:35:00Z")
    assert told_by(event(0, COPY)) == {item_uri(COPY)}
    assert told_by(event(0, COPY), moved) == set()


def test_a_move_after_the_kill_changes_nothing() -> None:
    assert told_by(event(0, COPY), event(9, COPY, ELSEWHERE, HOME, "2", AFTER)) == {item_uri(COPY)}
    late = structs.replace(MOVE, uris=(item_uri(COPY),), at=AFTER)
    assert told_by(event(0, COPY), moves=(late,)) == {item_uri(COPY)}


def test_of_several_moves_the_last_counts() -> None:
    uris = (item_uri(COPY),)
    there = Relink(story=HOME, to=ELSEWHERE, uris=uris, at="2026-03-01T07:31:00Z")
    back = Relink(story=ELSEWHERE, to=HOME, uris=uris, at="2026-03-01T07:32:00Z")
    assert told_by(event(0, COPY), moves=(there,)) == set()
    assert told_by(event(0, COPY), moves=(back, there)) == {item_uri(COPY)}


def test_what_came_after_the_kill_is_not_meant() -> None:
    assert told_by(event(0, COPY, at=AFTER)) == set()


def test_a_message_that_is_only_repeated_to_this_home_is_none_of_its_items() -> None:
    """A kill by description is told to every home, and has one of its own."""
    assert told_by(event(0, OTHER, is_echo=True)) == set()


def test_the_killing_item_goes_up_to_its_kill_and_the_others_up_to_when_it_was_told() -> None:
    own = structs.replace(WHOLE, mark=structs.replace(MARK, by=item_uri(KEY), at="2026-03-01T07:35:00Z"))
    members = Members([own])
    for record in (event(0, KEY), event(1, COPY)):
        members.look(record)
    until = {target.uri: target.until for target in members.found()}
    assert until == {item_uri(KEY): datetime.fromisoformat("2026-03-01T07:35:00Z"), item_uri(COPY): TOLD}


@pytest.mark.parametrize("is_partial", [True, False])
def test_only_a_kill_that_does_not_name_all_means_its_story(is_partial: bool) -> None:
    told = Retraction(kind="kill", items=(Withdrawn(uri="urn:a"),), stories=(HOME,), by="urn:a", at=NOW, is_partial=is_partial)
    message = made(KEY)
    targets = targets_of(structs.replace(message, pipeline=structs.replace(message.pipeline, retraction=told)), T)
    assert [target.uri for target in targets] == ["urn:a", *([HOME] if is_partial else [])]
    assert [target.is_story for target in targets] == [False, *([True] if is_partial else [])]


# ── what comes again ─────────────────────────────────────────────────────────────────────────────────────────────────


async def rounds(store: Store, targets: Returning) -> AsyncIterator[set[tuple[str, int]]]:
    """What each sweep of the ranges since the last one leaves erased."""
    found, after = sweeper(store), {}
    while True:
        await found.prepare()
        upto = found.catalog.ends()
        (await found.follow(targets, Span(after=after, upto=upto))).raise_problems()
        after = upto
        yield await erased(store)


def returning(*kills: Target, before: Returning | None = None) -> Returning:
    found = Returning(kills or (NAMED, WHOLE), before)
    for move in (MOVE, JOIN):
        found.members.move(move)
    return found


async def test_what_comes_again_of_an_item_that_was_not_named_goes() -> None:
    store = await filled()
    sweeps = rounds(store, returning())
    assert await anext(sweeps) == ERASED
    await put(store, RAW, [raw(10, COPY, at=AFTER), raw(11, OTHER, at=AFTER), raw(12, MOVED, at=AFTER)])
    await put(store, DOCUMENTS, [document(10, COPY, at=AFTER), document(11, MOVED, at=AFTER)])
    assert await anext(sweeps) == ERASED | {("raw", 10), ("documents", 10)}


async def test_an_event_that_is_sealed_later_tells_of_an_item_whose_raw_bytes_are_old() -> None:
    store = await filled()
    await put(store, RAW, [raw(10, UNTOLD)])
    sweeps = rounds(store, returning())
    assert await anext(sweeps) == ERASED
    await put(store, EVENTS, [event(10, UNTOLD)])
    await put(store, RAW, [raw(20, UNTOLD, at=LATER)])
    assert await anext(sweeps) == ERASED | {("events", 10), ("raw", 20)}


async def test_a_version_that_lives_again_stays() -> None:
    store = await filled()
    sweeps = rounds(store, returning())
    await anext(sweeps)
    await put(store, EVENTS, [event(10, COPY, version="2", at=AFTER)])
    await put(store, RAW, [raw(10, COPY, "2", at=AFTER), raw(11, COPY, "1", at=LATER)])
    assert await anext(sweeps) == ERASED | {("raw", 11)}


async def test_what_was_learned_is_kept_when_another_kill_comes() -> None:
    store = await filled()
    first = returning()
    await anext(rounds(store, first))
    second = returning(NAMED, WHOLE, structs.replace(NAMED, uri=item_uri(THIRD)), before=first)
    assert (second.unmet, second.unknown) == (frozenset(), {item_uri(THIRD)})
    assert item_uri(COPY) in second.uris
    assert returning(NAMED, structs.replace(WHOLE, until=datetime.fromisoformat(AFTER)), before=first).unmet == {HOME}


async def test_a_released_item_is_spared_and_a_released_story_forgotten() -> None:
    store = await filled()
    released = structs.replace(WHOLE, spared=frozenset({item_uri(COPY)}))
    await anext(rounds(store, returning(released)))
    assert {place for place in await erased(store) if place[0] == "events"} == {("events", 0), ("events", 4)}
    assert Returning([], returning()).members.stories == frozenset()
