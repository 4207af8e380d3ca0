"""Whatever order the messages of a story come in, its items, texts and state end up the same, and nothing killed comes back.

Small sets in every order through `link`; many random sets in random orders through the merge alone, with repeats.
"""

import random
from collections.abc import Sequence
from itertools import permutations
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.article import Article
from pipeline.stages.link import chain, kills
from pipeline.stages.link.chain import HISTORY_MAX, ITEMS_MAX, NOTHING, Chain, Entry, Item
from pipeline.stages.link.memory import Memory
from tests.stages.link.texts import BANK, CORRECTED, FIRST, GROWN, HEADLINE, REWRITTEN, ROUNDUP, TWIN
from tests.stages.link.wire import Desk, item

OWN = {"agency": "Meridian", "provider": "meridian.example"}
COPY = {"agency": "Meridian", "provider": "courier.example", "is_copy": True}
Snapshot = dict[str, tuple[str, bytes, str]]

SETS: dict[str, tuple[Article, ...]] = {
    "a kill between versions": (
        item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
        item("urn:x:1", HEADLINE, GROWN, version="2", hours=1, **OWN),
        item("urn:x:1", "", "", version="3", hours=2, pub_status="canceled", **OWN),
        item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
        item("urn:x:2", HEADLINE, FIRST, hours=1.5, **COPY),
    ),
    "a kill that is overtaken": (
        item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
        item("urn:x:1", "", "", version="2", hours=1, pub_status="canceled", **OWN),
        item("urn:x:1", HEADLINE, CORRECTED, version="3", hours=2, **OWN),
        item("urn:x:1", "", "", version="4", hours=3, pub_status="withheld", **OWN),
        item("urn:x:1", HEADLINE, GROWN, version="5", hours=4, **OWN),
    ),
    "updates under new guids, a copy, a kill of the first": (
        item("urn:x:1", HEADLINE, FIRST, slug="MILL/", **OWN),
        item("urn:x:2", "UPDATE 1-Toll may rise at Varnholt mill", GROWN, hours=1, slug="MILL/", **OWN),
        item("urn:x:3", "UPDATE 2-Survivors in ruins", REWRITTEN, hours=3, slug="MILL/", **OWN),
        item("urn:x:4", HEADLINE, FIRST, hours=2, **COPY),
        item("urn:x:1", "WITHDRAWAL: " + HEADLINE, "The figures were wrong.", hours=4, slug="MILL/", **OWN),
    ),
    "two twins, a round-up, another story": (
        item("urn:x:1", HEADLINE, FIRST, city="VARNHOLT", **OWN),
        item("urn:x:2", "Drones strike grain mill in Ostby, 12 dead", TWIN, hours=1, city="OSTBY", **OWN),
        item("urn:x:3", "Norland central bank keeps rate", BANK, hours=1, **OWN),
        item("urn:x:4", "WRAPUP 1-Mill struck, rate kept", ROUNDUP, hours=2, **OWN),
        item("urn:x:5", HEADLINE, GROWN, hours=3, **COPY),
    ),
    "a kill by description that is ambiguous": (
        item("urn:x:1", HEADLINE, FIRST, **OWN),
        item("urn:x:2", HEADLINE, BANK, hours=1, **OWN),
        item("urn:x:9", "WITHDRAWAL: " + HEADLINE, "The figures were wrong.", hours=2, **OWN),
        item("urn:x:3", HEADLINE, FIRST, hours=1.5, **COPY),
    ),
    "an embargo, a hold and a release": (
        item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
        item("urn:x:1", HEADLINE, FIRST, version="2", hours=1, pub_status="withheld", **OWN),
        item("urn:x:1", HEADLINE, FIRST, version="2", hours=2, **OWN),
        item("urn:x:1", HEADLINE, GROWN, version="3", hours=3, **OWN),
    ),
    "dates alone": tuple(
        item("urn:x:1", HEADLINE, body, hours=hours, **OWN)
        for hours, body in enumerate((FIRST, GROWN, CORRECTED, FIRST, REWRITTEN, GROWN))
    ),
}  # fmt: skip


def snapshot(desk: Desk, uris: Sequence[str]) -> Snapshot:
    """Of every item: its story, that story's packed row, and its state with all that is said about it."""
    memory = Memory(desk.state)
    found = {}
    for uri in uris:
        key = desk.place(uri)
        story = memory.story(key)
        assert story is not None
        found[uri] = key.hex(), desk.state[b"s" + key], kills.standing(memory, story)
    return found


@pytest.mark.parametrize("name", SETS)
def test_every_order_of_arrival_ends_in_the_same_stories(name: str) -> None:
    messages = SETS[name]
    uris = sorted({one.uri for one in messages})
    ends = {}
    for order in permutations(range(len(messages))):
        desk = Desk()
        desk.run(messages[at] for at in order)
        ends.setdefault(str(snapshot(desk, uris)), order)
    assert len(ends) == 1, list(ends.items())[:2]


@pytest.mark.parametrize("name", SETS)
def test_the_whole_set_again_adds_nothing(name: str) -> None:
    messages = SETS[name]
    uris = sorted({one.uri for one in messages})
    desk = Desk()
    desk.run(messages)
    before = snapshot(desk, uris)
    desk.run(messages)
    assert snapshot(desk, uris) == before


@pytest.mark.parametrize("name", ["a kill between versions", "updates under new guids, a copy, a kill of the first"])
def test_in_every_order_what_was_shown_of_a_killed_story_is_withdrawn(name: str) -> None:
    messages = SETS[name]
    for order in permutations(range(len(messages))):
        desk, shown = Desk(), set[str]()
        for at in order:
            told = len(desk.told("retractions"))
            found = desk.take(messages[at])
            if found is not None and found.pub_status == "usable":
                shown.add(found.uri)
            for one in desk.told("retractions")[told:]:
                assert isinstance(one, Article)
                assert one.pipeline.retraction is not None
                assert one.pipeline.retraction.kind == "kill"
                shown -= {each.uri for each in one.pipeline.retraction.items}
        assert not shown, order


def test_what_a_message_says_of_the_present_is_the_state_of_the_set_so_far() -> None:
    for name, messages in SETS.items():
        for order in permutations(range(min(4, len(messages)))):
            desk = Desk()
            for at in order:
                found = desk.take(messages[at])
                if found is not None and found.pipeline.story and len(desk.told("ops.alert")) == 0:
                    key = bytes.fromhex(found.pipeline.story.id.rpartition(":")[2])
                    story = Memory(desk.state).story(key)
                    assert story is not None
                    assert kills.standing(Memory(desk.state), story) == found.pipeline.story.state, (name, order)


# ── the merge alone ──────────────────────────────────────────────────────────────────────────────────────────────────

contents = st.sampled_from([bytes([n]) * 16 for n in range(4)])
marks = st.none() | st.tuples(st.integers(0, 4), st.integers(0, 6))
entries = st.builds(Entry, st.integers(0, 3), st.integers(0, 5), st.integers(1, 6), contents, st.booleans())
items = st.builds(
    Item,
    uri=st.sampled_from(["a", "b", "c"]),
    publisher=st.just(b"P"),
    entries=st.lists(entries, max_size=1).map(tuple),
    kill=marks,
    hold=marks,
    release=marks,
)
chains = st.builds(Chain, items.map(lambda one: (one,)))


@given(chains, chains, chains)
def test_the_merge_is_a_join(one: Chain, two: Chain, three: Chain) -> None:
    joined = chain.join(one, two)
    assert joined == chain.join(two, one)
    assert chain.join(joined, three) == chain.join(one, chain.join(two, three))
    assert chain.join(joined, one) == joined
    assert chain.unpack(chain.pack(joined)) == joined


@given(st.lists(chains, min_size=1, max_size=6))
def test_all_orders_of_six_give_one_state(messages: list[Chain]) -> None:
    expected = chain.merged(messages)
    orders = random.Random(len(messages)).sample(list(permutations(messages)), min(24, len(list(permutations(messages)))))
    for order in orders:
        assert chain.merged(order) == expected
        assert chain.state(chain.merged(order)) == chain.state(expected)


def test_ten_thousand_interleavings_with_repeats() -> None:
    dice = random.Random(7)
    began = perf_counter()
    for _ in range(10_000):
        messages = [message(dice) for _ in range(dice.randint(2, 12))]
        expected = chain.merged(messages)
        repeated = messages + dice.choices(messages, k=dice.randint(0, 6))
        dice.shuffle(repeated)
        found = NOTHING
        for one in repeated:
            found = chain.join(found, one)
        assert found == expected
        assert_no_resurrection(found)
    assert perf_counter() - began < 60


def message(dice: random.Random) -> Chain:
    """One message about one of three items: mostly texts, some kills, holds and releases."""
    number, stamp = dice.randint(0, 4), dice.randint(0, 9)
    what = dice.choice(("text", "text", "text", "kill", "hold", "release"))
    entry = Entry(number, stamp, stamp + 1, bytes([dice.randint(0, 5)]) * 16, dice.random() < 0.1)
    mark = (number, stamp or 1)
    return Chain((
        Item(
            uri=dice.choice("abc"),
            publisher=dice.choice((b"P", b"Q")),
            is_own=dice.random() < 0.5,
            entries=(entry,) if what == "text" else (),
            kill=mark if what == "kill" else None,
            hold=mark if what == "hold" else None,
            release=mark if what == "release" else None,
        ),
    ))  # fmt: skip


def assert_no_resurrection(found: Chain) -> None:
    """A text at or below a kill that nothing released is not live."""
    released = max((one.release[1] for one in found.items if one.release), default=-1)
    for one in found.items:
        if one.kill is None or one.kill[1] <= released:
            continue
        for entry in one.entries:
            if entry.number and entry.number <= one.kill[0]:
                assert chain.state_of(found, one, entry) == "killed"


def test_history_is_bounded_and_versions_go_on_counting() -> None:
    found = NOTHING
    for at in range(3 * HISTORY_MAX):
        found = chain.join(found, Chain((Item("a", entries=(Entry(0, at + 1, 1, at.to_bytes(16, "big")),)),)))
    (one,) = found.items
    assert len(one.entries) == HISTORY_MAX
    assert chain.ordinal(one, one.entries[-1]) == chain.revisions(one) == 3 * HISTORY_MAX
    assert chain.join(found, Chain((Item("a", entries=(Entry(0, 1, 1, bytes(16)),)),))) == found


def test_a_full_story_keeps_its_marks_and_its_own_items() -> None:
    copies = [
        Chain((Item(f"copy-{at}", publisher=b"Q", entries=(Entry(0, at + 2, 1, bytes(16)),)),)) for at in range(2 * ITEMS_MAX)
    ]
    own = Chain((Item("own", is_own=True, entries=(Entry(0, 999, 1, bytes(16)),)),))
    killed = Chain((Item("killed", kill=(0, 5)),))
    found = chain.merged([*copies, own, killed])
    assert len(found.items) == ITEMS_MAX
    assert found.item("own")
    assert found.item("killed")


def test_a_row_of_another_codec_is_absent() -> None:
    assert chain.unpack(b"\x01" + chain.pack(NOTHING)[1:]) is None
    assert chain.unpack(None) is None
