"""The world: the same seed is the same bytes, every feed is well formed, and the truth is exactly what a poller can see."""

import hashlib
import io
import os
import re
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise

import eldc
import feedparser
import msgspec
import pytest

from pipeline.poll.identity import item_digest
from pipeline.poll.slice import Cut, cut
from pipeline.simulator.feeds import BY_ID, FEEDS
from pipeline.simulator.wire import VERSION_GAP_S, Wire

AT = 7200.0
PRINT_DIGEST = """
import hashlib
from pipeline.simulator.feeds import FEEDS
from pipeline.simulator.wire import Wire
wire = Wire(11)
print(hashlib.sha256(b"".join(wire.document(feed.id, 7200.0) for feed in FEEDS)).hexdigest())
"""


@pytest.fixture(scope="module")
def wire():
    return Wire(11)


@pytest.fixture(scope="module")
def half_a_day():
    return list(Wire(5).events(43_200))


def items_of(document: bytes) -> list[bytes]:
    """The items of a document, found by another way than the code under test makes them."""
    return re.findall(rb"<(?:item|entry)[ >].*?</(?:item|entry)>", document, re.DOTALL)


def test_the_table_is_a_dozen_feeds_of_all_forms():
    forms = [feed.form for feed in FEEDS]
    assert (forms.count("rss"), forms.count("atom"), forms.count("rdf")) == (7, 4, 1)
    assert {feed.language for feed in FEEDS} == {"en", "de", "fr", "es"}
    assert len({feed.path for feed in FEEDS}) == len(BY_ID) == 12


def test_repeating_feeds_write_items_as_their_sources_do():
    for feed in FEEDS:
        for source in (BY_ID[name] for name in feed.repeats):
            assert (source.form, source.body, source.encoding, source.provider) == (
                feed.form, feed.body, feed.encoding, feed.provider)  # fmt: skip
        assert all(BY_ID[name].provider != feed.provider and BY_ID[name].language == feed.language for name in feed.copies)


def test_same_seed_same_bytes_in_another_process(wire):
    environment = os.environ | {"PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    other = subprocess.run([sys.executable, "-c", PRINT_DIGEST], env=environment, capture_output=True, text=True, check=True)
    mine = hashlib.sha256(b"".join(wire.document(feed.id, AT) for feed in FEEDS)).hexdigest()
    assert other.stdout.strip() == mine


def test_the_past_does_not_depend_on_the_order_of_questions(wire):
    fresh = Wire(11)
    for at in (9000.0, 100.0, AT):
        assert fresh.document("sim-courier-news", at) == wire.document("sim-courier-news", at)
    assert list(fresh.events(3000, since=1500)) == [event for event in wire.events(3000) if event.at > 1500]


def test_another_seed_is_another_world(wire):
    mine = {event.headline for event in wire.events(3600)}
    other = {event.headline for event in Wire(12).events(3600)}
    assert len(mine & other) / len(mine) < 0.05


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.id)
def test_feeds_are_well_formed(wire, feed):
    document = wire.document(feed.id, AT)
    parsed = feedparser.parse(io.BytesIO(document))
    assert not parsed.bozo
    assert len(parsed.entries) == feed.window
    assert parsed.version == {"rss": "rss20", "atom": "atom10", "rdf": "rss10"}[feed.form]
    assert parsed.encoding == feed.encoding
    for entry in parsed.entries:
        assert entry.title
        assert entry.link.startswith(f"https://{feed.provider}/2026/")
        assert entry.get("published_parsed") or entry.get("updated_parsed")


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.id)
def test_feeds_speak_their_language(wire, feed):
    eldc.init()
    entries = feedparser.parse(io.BytesIO(wire.document(feed.id, AT))).entries
    texts = [re.sub(r"<[^>]+>", " ", entry.content[0].value if "content" in entry else entry.summary) for entry in entries]
    assert [eldc.detect(text) for text in texts].count(feed.language) / len(texts) >= 0.95


def test_habits_of_single_feeds(wire):
    parsed = {feed.id: feedparser.parse(io.BytesIO(wire.document(feed.id, AT))) for feed in FEEDS}
    assert all("content" not in entry for entry in parsed["sim-ledger-briefs"].entries)
    assert all(entry.content[0].value.count("<p>") >= 3 for entry in parsed["sim-meridian-world"].entries)
    assert b"<description><![CDATA[<p>" in wire.document("sim-courier-news", AT)
    german = wire.document("sim-rheinpost-nachrichten", AT)
    assert german.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>')
    assert "für".encode("iso-8859-1") in german
    assert any("„" in entry.summary for entry in parsed["sim-rheinpost-nachrichten"].entries)


def test_a_poller_at_fine_steps_sees_exactly_the_truth(wire):
    """15-second steps over two virtual hours from nothing; every new item of every feed, when and where the truth says so."""
    step = 15
    assert step < VERSION_GAP_S
    seen: dict[tuple[str, str], int] = {}
    for at in range(0, int(AT) + 1, step):
        for feed in FEEDS:
            for item in items_of(wire.document(feed.id, at)):
                seen.setdefault((feed.id, item_digest(item.decode(feed.encoding).encode())), at)
    truth = {(event.feed, event.item): event.at for event in wire.events(AT)}
    assert len(truth) == len(list(wire.events(AT))) > 500
    assert {key: -(-at // step) * step for key, at in truth.items()} == seen


def test_the_truth_is_what_the_poller_cuts_out(wire):
    """The digests of the truth are those of the poller's own slices, whatever the encoding; so are guids and links."""
    latest = {(event.feed, event.item): event for event in wire.events(AT)}
    for feed in FEEDS:
        slices = cut(wire.document(feed.id, AT))
        assert isinstance(slices, Cut)
        assert len(slices.items) == feed.window
        for piece in slices.items:
            event = latest[feed.id, item_digest(piece.item)]
            assert event.link == piece.link
            assert event.guid == (piece.guid or piece.link)


def test_the_opening_is_what_earlier_events_leave_in_the_windows(wire):
    windows = defaultdict(dict)
    for event in wire.events(AT):
        windows[event.feed].pop(event.link, None)
        windows[event.feed][event.link] = event
    expected = {(feed.id, event.item) for feed in FEEDS for event in list(windows[feed.id].values())[-feed.window :]}
    assert {(event.feed, event.item) for event in wire.opening(AT)} == expected


def test_titles_and_dates_in_the_feed_are_those_of_the_truth(wire):
    newest = {(event.feed, event.link): event for event in wire.events(AT)}
    for feed in FEEDS:
        for entry in feedparser.parse(io.BytesIO(wire.document(feed.id, AT))).entries:
            event = newest[feed.id, entry.link]
            assert entry.title == event.headline
            if feed.form == "rss":
                assert parsedate_to_datetime(entry.published) == datetime.fromisoformat(event.published_at)
            else:
                assert entry.updated == event.published_at
            if feed.form == "atom":
                assert entry.published == event.first_published_at


def test_all_kinds_happen_with_their_marks(wire):
    events = list(wire.events(AT))
    by_kind = defaultdict(list)
    for event in events:
        by_kind[event.kind].append(event)
    assert set(by_kind) == {"new", "repeat", "copy", "update", "correction", "script"}
    assert all(bool(event.family) == (event.kind == "script") for event in events)
    assert all(event.version == 1 and "UPDATE" not in event.headline for event in by_kind["new"])
    assert all(event.version > 1 and event.headline.startswith("UPDATE ") for event in by_kind["update"])
    assert all(event.version > 1 and event.headline.startswith("CORRECTED-") for event in by_kind["correction"])
    originals = {(event.story, event.version): event for event in events if event.kind not in ("repeat", "copy")}
    for event in by_kind["repeat"]:
        original = originals[event.story, event.version]
        assert (event.item, event.link, event.guid, event.provider) == (
            original.item, original.link, original.guid, original.provider)  # fmt: skip
        assert event.feed != original.feed
        assert event.at > original.at
    for event in by_kind["copy"]:
        original = originals[event.story, event.version]
        assert event.provider != original.provider
        assert event.link != original.link
        assert event.headline.startswith(original.headline)


def test_versions_keep_link_and_guid_and_change_the_content(wire):
    chains = defaultdict(list)
    for event in wire.events(AT):
        if event.kind != "script":
            chains[event.feed, event.story].append(event)
    revised = [chain for chain in chains.values() if len(chain) > 1]
    assert len(revised) > 50
    for chain in revised:
        assert [event.version for event in chain] == list(range(1, len(chain) + 1))
        assert len({(event.link, event.guid) for event in chain}) == 1
        assert len({event.item for event in chain}) == len(chain)
        assert all(later.at - earlier.at >= VERSION_GAP_S for earlier, later in pairwise(chain))


def test_special_cases_are_a_few_per_cent_of_the_news(half_a_day):
    events = half_a_day
    stories = {event.story.split(".")[0]: event.family for event in events}
    assert 0.02 < sum(map(bool, stories.values())) / len(stories) < 0.045
    assert len(set(stories.values())) > 12
    assert sum(event.kind == "script" for event in events) / len(events) < 0.1


def test_scripts_say_what_a_linker_should_make_of_them(half_a_day):
    events = [event for event in half_a_day if event.kind == "script"]
    for event in events:
        assert event.version > 0 or event.relation in ("kill", "hold")
        assert event.state == {"kill": "killed", "hold": "held"}.get(event.relation, "live")
        assert bool(event.corrected) == (event.relation == "correction")
    assert {"kill", "correction", "refile", "update", "repeat", "syndicated_copy", "take"} <= {event.relation for event in events}


def test_corrections_of_ordinary_news_say_what_was_wrong(wire):
    corrections = [event for event in wire.events(AT) if event.kind == "correction"]
    assert corrections
    for event in corrections:
        items = [item.decode(BY_ID[event.feed].encoding) for item in items_of(wire.document(event.feed, event.at))]
        (shown,) = (item for item in items if f"{event.link}<" in item or f'{event.link}"' in item)
        assert event.corrected
        assert all(each.after in shown and each.before != each.after for each in event.corrected)


def test_versions_change_the_text_under_the_same_guid(wire):
    update = next(event for event in wire.events(AT) if event.feed == "sim-nordpress-world" and event.kind == "update")
    entries = [
        next(entry for entry in feedparser.parse(io.BytesIO(wire.document(update.feed, at))).entries if entry.id == update.guid)
        for at in (update.at - 1, update.at)
    ]
    assert entries[0].content[0].value != entries[1].content[0].value
    assert entries[0].link == entries[1].link
    assert entries[0].published == entries[1].published
    assert entries[0].updated < entries[1].updated


def test_epoch_and_speed_only_date_the_items():
    slow, fast = Wire(3), Wire(3, epoch=1_800_000_000, speed=60.0)
    pairs = list(zip(slow.events(1800), fast.events(1800), strict=True))
    assert all((a.story, a.version, a.feed, a.at, a.kind) == (b.story, b.version, b.feed, b.at, b.kind) for a, b in pairs)
    assert fast.unix(3600) == 1_800_000_060
    assert {b.published_at[:10] for _, b in pairs} == {"2027-01-15"}


def test_the_rate_is_the_mean_number_of_stories_a_minute():
    stories = {event.story for event in Wire(5, rate=2.0).events(36_000) if event.kind == "new"}
    assert 0.9 < len(stories) / 1200 < 1.1


def test_a_wire_far_in_the_future_costs_no_more():
    wire = Wire(2)
    assert len(items_of(wire.document("sim-fleuve-une", 90 * 86_400.0))) == 20


@pytest.mark.parametrize("wrong", [{"speed": 0}, {"rate": 0}])
def test_senseless_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="speed must be above 0"):
        Wire(1, **wrong)


def test_truth_lines_are_json(wire):
    event = next(wire.events(AT))
    assert msgspec.json.decode(msgspec.json.encode(event))["story"] == event.story
