"""Items for benchmarks and fault tests: standalone, distinct, in order, deterministic."""

import io
from collections import Counter, defaultdict

import feedparser

from pipeline.simulator.bulk import raw_items


def test_items_are_standalone_documents():
    for item in raw_items(3, 200):
        parsed = feedparser.parse(io.BytesIO(item.value))
        assert not parsed.bozo
        assert [(entry.link, entry.id) for entry in parsed.entries] == [(item.link, item.guid)]
        assert parsed.feed.language == item.language
        assert 1000 < len(item.value) < 6144


def test_the_same_seed_gives_the_same_items():
    assert list(raw_items(3, 300)) == list(raw_items(3, 300))
    assert list(raw_items(3, 300))[:100] == list(raw_items(3, 100))
    assert {item.value for item in raw_items(3, 50)}.isdisjoint(item.value for item in raw_items(4, 50))


def test_versions_come_in_order_and_differ():
    chains = defaultdict(list)
    for item in raw_items(8, 2000, updates=0.2):
        chains[item.link].append(item)
    assert all([item.version for item in chain] == list(range(1, len(chain) + 1)) for chain in chains.values())
    assert len({item.value for chain in chains.values() for item in chain}) == 2000
    assert 0.15 < sum(len(chain) - 1 for chain in chains.values()) / 2000 < 0.25


def test_without_updates_every_item_is_a_story_of_its_own():
    items = list(raw_items(8, 1000, updates=0.0))
    assert len({item.link for item in items}) == 1000
    assert {item.version for item in items} == {1}
    assert set(Counter(item.language for item in items)) == {"en", "de", "fr", "es"}


def test_repeats_are_the_same_bytes():
    counts = Counter(item.value for item in raw_items(8, 2000, repeats=0.2))
    assert 0.15 < sum(count - 1 for count in counts.values()) / 2000 < 0.25
