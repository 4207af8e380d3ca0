"""Which ranges a catalog knows, and where a sweep goes on after a restart."""

from datetime import timedelta

from pipeline.sinks.catalog import SLACK, Catalog, Span
from pipeline.sinks.forms import EVENTS
from pipeline.sinks.names import may_name, pack_names, unpack_names
from pipeline.sinks.segment import Place
from pipeline.sinks.stores import MemoryStore
from tests.sinks.records import TOPIC_ID, Rec
from tests.sinks.test_redaction import HOUR, KEY, TOPICS, T, event, put

PLACE = Place("news", TOPICS["events"], TOPIC_ID, 0)


async def two_hours() -> Catalog:
    """A range of seven o'clock, and one of nine."""
    store = MemoryStore()
    await put(store, EVENTS, [event(0, KEY)], end=4)
    later = event(5, KEY)
    await put(store, EVENTS, [Rec(5, T + 2 * 3_600_000, later.key, later.value, later.headers)])
    catalog = Catalog(store, "news")
    await catalog.refresh(TOPICS["events"])
    return catalog


async def test_where_its_ranges_end_and_where_those_end_that_were_over_by_then() -> None:
    catalog = await two_hours()
    over = HOUR + timedelta(hours=1) + SLACK  # the hour of the first range, and the slack behind it
    assert catalog.ends() == {PLACE: 5}
    assert catalog.ends(over) == {PLACE: 4}
    assert catalog.ends(over - timedelta(seconds=1)) == {}


async def test_a_span_has_its_last_range_and_not_the_one_before_it() -> None:
    span = Span(after={PLACE: 4}, upto={PLACE: 9})
    assert [span.holds(PLACE, end) for end in (0, 4, 5, 9, 10)] == [False, False, True, True, False]
    assert not span.holds(Place("news", "another", TOPIC_ID, 0), 5)
    assert Span(upto={PLACE: 9}).holds(PLACE, 0)


def test_many_wanted_names_find_what_few_find() -> None:
    hashes = unpack_names(pack_names({3, 7, 2**32 - 1}))
    for wanted, is_there in (
        (frozenset({7}), True),
        (frozenset({8}), False),
        (frozenset(range(5)), True),
        (frozenset(range(8, 99)), False),
    ):
        assert may_name(hashes, wanted) is is_there
    assert may_name(unpack_names(""), frozenset({1}))  # an older manifest excludes nothing
