"""Items for benchmarks and fault tests: standalone, distinct, in order, deterministic."""

import io
from collections import Counter, defaultdict

import feedparser

from pipeline.formats import parse
from pipeline.formats.parsed import Parsed
from pipeline.simulator.bulk import news, raw_items
from pipeline.simulator.families import FAMILIES
from tests.builders import raw_item


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
    for chain in chains.values():
        assert len({item.story for item in chain}) == 1
        assert chain[0].relation == "new"
        assert all(item.relation in ("update", "correction") for item in chain[1:])
        assert all(bool(item.corrected) == (item.relation == "correction") for item in chain)


def test_without_updates_every_item_is_a_story_of_its_own():
    items = list(raw_items(8, 1000, updates=0.0))
    assert len({item.link for item in items}) == 1000
    assert {item.version for item in items} == {1}
    assert set(Counter(item.language for item in items)) == {"en", "de", "fr", "es"}


def test_repeats_are_the_same_bytes():
    counts = Counter(item.value for item in raw_items(8, 2000, repeats=0.2))
    assert 0.15 < sum(count - 1 for count in counts.values()) / 2000 < 0.25


def test_news_come_in_order_and_repeatably():
    items = list(news(3, 1500, scripted=0.3))
    assert [item.at for item in items] == sorted(item.at for item in items)
    assert items == list(news(3, 1500, scripted=0.3))
    assert {item.format for item in items} == {"rss", "newsmlg2"}


def test_news_are_mostly_ordinary():
    items = list(news(3, 3000))
    stories = {item.story.split(".")[0]: item.family for item in items}
    assert 0.03 < sum(map(bool, stories.values())) / len(stories) < 0.07
    assert {item.family for item in news(3, 500, scripted=0.0)} == {""}


def test_news_have_every_family_and_relation():
    items = list(news(7, 5000, scripted=0.3, every_s=60))
    assert {item.family for item in items} == {"", *(family.name for family in FAMILIES)}
    assert {item.relation for item in items} == {
        "new", "update", "correction", "refile", "repeat", "kill", "hold", "release", "take", "syndicated_copy", "synthesis",
    }  # fmt: skip


def test_items_of_a_wire_carry_its_fields():
    """Version, status, embargo, slug and note arrive where the parser looks for them."""
    kinds = Counter[str]()
    for item in news(7, 5000, scripted=0.3, every_s=60):
        if item.format != "newsmlg2":
            continue
        parsed = parse(raw_item(key=item.guid, value=item.value, format="newsmlg2"), "newsmlg2")
        assert isinstance(parsed, Parsed)
        assert parsed.uri == item.guid
        assert parsed.version.isdigit()
        kinds[parsed.pub_status] += 1
        kinds["embargo"] += bool(parsed.embargo)
        kinds["slug"] += bool(parsed.slugline)
        kinds["note"] += bool(parsed.ed_notes)
    assert min(kinds[kind] for kind in ("usable", "withheld", "canceled", "embargo", "slug", "note")) > 10
