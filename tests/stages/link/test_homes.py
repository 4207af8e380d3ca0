"""Homes: an item travels where it was first announced, and what is withdrawn is told at every home that has some of it."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.article import Article
from pipeline.reasons import Reason
from pipeline.records import Emit
from pipeline.stages.bucket import BUCKETS
from pipeline.stages.link import story_id
from pipeline.stages.link.chain import ITEMS_MAX
from pipeline.stages.link.memory import HOUR_MAX, Memory, Place
from pipeline.stages.route import Routed, home_key, is_public, route
from tests import contract
from tests.stages.link.texts import BANK, FIRST, GROWN, HEADLINE, REWRITTEN
from tests.stages.link.wire import Desk, item, story

OWN = {"agency": "Meridian", "provider": "meridian.example", "slug": "MILL/"}
COPY = {"agency": "Meridian", "is_copy": True}
LATER = item("urn:x:2", "UPDATE 1-Toll may rise at Varnholt mill", GROWN, hours=1, **OWN)
EARLIER = item("urn:x:1", HEADLINE, FIRST, version="1", **OWN)
NEXT = item("urn:x:2", "UPDATE 2-Toll may rise at Varnholt mill", REWRITTEN, hours=2, **OWN)
KILL = item("urn:x:1", "", "", version="2", hours=3, pub_status="canceled", **OWN)
HOMES = [story_id("urn:x:1"), story_id("urn:x:2")]


class Readers:
    """What stands on public topics when all that came out of a desk is routed, home by home."""

    def __init__(self, desk: Desk) -> None:
        self.state, self.standing = dict[bytes, bytes](), set[str]()
        for one in desk.linked:
            verdict = route(one, self.state, one.pipeline.times.ingested)
            self.state |= {key: row for key, row in verdict.writes if row is not None}
            for key in [key for key, row in verdict.writes if row is None]:
                self.state.pop(key, None)
            if isinstance(verdict, Emit):
                assert isinstance(verdict.record, Routed)
                self.standing |= {one.uri for _ in verdict.record.to}
                self.standing -= {uri for _, uri in verdict.record.withdrawn}


def test_an_item_that_moves_to_another_story_travels_on_as_before() -> None:
    desk = Desk()
    first, _, second = desk.run([LATER, EARLIER, NEXT])
    assert (story(first).id, story(first).home) == (HOMES[1], "")
    assert (story(second).id, story(second).home) == tuple(HOMES)
    assert first is not None
    assert second is not None
    assert home_key(first) == home_key(second) == HOMES[1]


def test_a_kill_is_told_once_at_every_home_of_its_story() -> None:
    desk = Desk()
    desk.run([LATER, EARLIER])
    killed = desk.take(KILL)
    assert killed is not None
    retraction = killed.pipeline.retraction
    assert retraction is not None
    assert [(one.uri, one.home) for one in retraction.items] == [("urn:x:1", ""), ("urn:x:2", HOMES[1])]
    own, echo = desk.linked[-2:]
    assert [home_key(own), home_key(echo)] == HOMES
    assert (story(own).is_echo, story(echo).is_echo) == (False, True)
    assert replace(story(echo), home="", is_echo=False) == story(own)
    assert len(desk.told("retractions")) == 1
    assert contract.faults(own) == contract.faults(echo) == []
    assert Readers(desk).standing == set()


def test_a_kill_leaves_what_has_moved_from_its_home_to_a_story_that_lives() -> None:
    """urn:x:2 begins, urn:x:1 turns out to be older, and urn:x:2 is killed under its old home: urn:x:3 lives there too."""
    desk = Desk()
    desk.run([LATER, EARLIER, item("urn:x:3", "Norland central bank keeps rate", BANK, hours=1, **(OWN | {"slug": ""}))])
    other = desk.linked[-1]
    moved = replace(other, pipeline=replace(other.pipeline, story=replace(story(other), home=HOMES[1])))
    desk.linked[-1] = moved
    desk.take(KILL)
    assert Readers(desk).standing == {"urn:x:3"}


def test_a_late_kill_takes_the_copies_that_it_covers_whatever_came_first() -> None:
    copy = item("urn:x:4", HEADLINE, FIRST, hours=1, provider="courier.example", **COPY)
    kill = item("urn:x:1", "", "", version="2", hours=2, pub_status="canceled", **OWN)
    newest = item("urn:x:1", HEADLINE, GROWN, version="3", hours=3, **OWN)
    for order in ((EARLIER, copy, newest, kill), (EARLIER, copy, kill, newest), (EARLIER, kill, newest, copy)):
        desk = Desk()
        desk.run(order)
        assert Readers(desk).standing == {"urn:x:1"}, [one.version for one in order]
    assert [drop.reason for drop in desk.drops] == [Reason.LATE]


def test_a_late_kill_that_covers_nothing_which_stands_is_told_nowhere() -> None:
    desk = Desk()
    desk.run([EARLIER, item("urn:x:1", HEADLINE, GROWN, version="3", hours=4, **OWN), KILL])
    assert len(desk.linked) == 2
    (told,) = desk.told("retractions")
    assert isinstance(told, Article)
    assert told.pipeline.retraction is not None
    assert [one.versions for one in told.pipeline.retraction.items] == [("1",)]


def test_a_text_that_joins_stories_takes_what_the_kill_of_one_covers_in_the_other() -> None:
    desk = Desk()
    kill = item("urn:x:2", "", "", hours=2, pub_status="canceled", **OWN)
    desk.run([EARLIER, kill, item("urn:x:2", "UPDATE 1-Toll may rise at Varnholt mill", GROWN, hours=2.5, **OWN)])
    assert desk.members("urn:x:2") == {"urn:x:1", "urn:x:2"}
    assert Readers(desk).standing == {"urn:x:2"}


def test_an_echo_is_no_publication() -> None:
    desk = Desk()
    shown = desk.take(EARLIER)
    assert shown is not None
    assert is_public(shown)
    assert not is_public(replace(shown, pipeline=replace(shown.pipeline, story=replace(story(shown), is_echo=True))))


def test_a_kill_of_a_story_that_may_have_more_items_than_it_can_name_takes_all_of_its_home() -> None:
    desk = Desk()
    desk.take(EARLIER)
    for at in range(ITEMS_MAX - 1):
        desk.take(item(f"urn:x:copy:{at}", HEADLINE, FIRST, hours=at / 100, provider=f"p{at}.example", **COPY))
    unnamed = replace(desk.linked[-1], uri="urn:x:copy:unnamed")
    desk.linked.append(unnamed)
    killed = desk.take(KILL)
    assert killed is not None
    assert killed.pipeline.retraction is not None
    assert killed.pipeline.retraction.is_partial
    assert unnamed.uri not in {one.uri for one in killed.pipeline.retraction.items}
    assert Readers(desk).standing == set()


digests = st.binary(min_size=16, max_size=16)


@given(
    digests,
    st.integers(0, HOUR_MAX),
    st.lists(st.integers(0, 2**64 - 1), max_size=6).map(tuple),
    st.just(b"") | digests,
    st.sampled_from(("", *BUCKETS)),
)
def test_a_place_comes_back_as_it_was_kept(story_: bytes, hour: int, aliases: tuple[int, ...], home: bytes, bucket: str) -> None:
    memory = Memory({})
    place = Place(story_, hour, aliases, home, bucket)
    memory.put_place(b"i" * 16, place)
    assert memory.place(b"i" * 16) == place


@given(st.lists(digests, min_size=1, max_size=4), digests)
def test_however_often_it_moves_its_home_is_the_first(stories: list[bytes], first: bytes) -> None:
    place = Place(first, 0)
    for each in stories:
        place = place.moved(each)
        assert place.story == each
        assert (place.home or place.story) == first
