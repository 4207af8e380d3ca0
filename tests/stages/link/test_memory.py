"""What link remembers, in how many bytes, and that it forgets all of it in event time, a little with every record."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.link import sketch
from pipeline.stages.link.memory import NAMED, POSTED_MAX, POSTING, TEXTS_MAX, Memory
from pipeline.stages.link.sketch import draw
from pipeline.stages.link.weave import ALIASES_MAX
from tests.quality.story_pairs import TOWNS, report
from tests.stages.link.texts import FIRST, GROWN, HEADLINE
from tests.stages.link.wire import Desk, item
from tests.strategies import hostile_text

SKETCH_BYTES_MAX = 450
TEXT_WINDOW_H, ITEM_WINDOW_H = 72, 30 * 24
OWN = {"agency": "Meridian", "provider": "meridian.example"}


def reports(count: int, hours: float = 0.0, every: float = 0.01) -> list[object]:
    """Different reports, one after the other."""
    dice = random.Random(count)
    return [item(f"urn:x:{hours}:{at}", *report(dice, dice.choice(TOWNS)), hours=hours + at * every, guid=f"{hours}/{at}", **OWN)
            for at in range(count)]  # fmt: skip


def kinds(desk: Desk) -> dict[str, int]:
    """Rows by their letter."""
    found: dict[str, int] = {}
    for key in desk.state:
        found[chr(key[0])] = found.get(chr(key[0]), 0) + 1
    return found


def test_texts_are_forgotten_after_three_days_and_items_after_thirty() -> None:
    desk = Desk()
    desk.run(reports(40))  # type: ignore[arg-type]
    desk.run(reports(60, hours=TEXT_WINDOW_H + 5))  # type: ignore[arg-type]
    assert kinds(desk)["p"] == 60
    assert kinds(desk)["u"] == 100
    desk.run(reports(90, hours=TEXT_WINDOW_H + ITEM_WINDOW_H + 20))  # type: ignore[arg-type]
    later = reports(40, hours=TEXT_WINDOW_H + 2 * ITEM_WINDOW_H + 60, every=1.0)
    desk.run(later)  # type: ignore[arg-type]
    assert {letter: count for letter, count in kinds(desk).items() if letter in "usa"}["u"] <= 40 + 90
    again = reports(130, hours=TEXT_WINDOW_H + 4 * ITEM_WINDOW_H, every=0.01)
    desk.run(again)  # type: ignore[arg-type]
    left = kinds(desk)
    assert left["u"] == left["s"] == 130
    assert left["p"] == left["t"] == 130
    postings = [POSTING.iter_unpack(row) for key, row in desk.state.items() if key[:1] == b"f"]
    assert postings
    assert all(any(b"p" + ref in desk.state for ref, _ in posted) for posted in postings)


def test_no_name_of_an_item_outlives_it_however_many_it_had() -> None:
    desk = Desk()
    for at in range(2 * ALIASES_MAX):
        desk.take(item("urn:x:1", HEADLINE, f"{FIRST} {at}", hours=at, guid=f"guid/{at}", **OWN))
    assert kinds(desk)["a"] >= ALIASES_MAX
    desk.run(reports(40, hours=2 * ITEM_WINDOW_H))  # type: ignore[arg-type]
    desk.run(reports(40, hours=4 * ITEM_WINDOW_H))  # type: ignore[arg-type]
    left = kinds(desk)
    assert left["a"] == left["u"]


def test_rows_of_today_name_the_same_buckets_tomorrow() -> None:
    today = ("", "en", "de", "fr", "es", "it", "pt", "nl", "ru", "uk", "pl", "ar", "zh", "ja", "other")
    assert NAMED[: len(today)] == today, "rows hold the number of a bucket: put a new one behind the others"


def test_work_per_record_is_bounded() -> None:
    desk = Desk()
    desk.run(reports(300))  # type: ignore[arg-type]
    most = 0
    for one in reports(300, hours=TEXT_WINDOW_H + 3):
        before = dict(desk.state)
        desk.take(one)  # type: ignore[arg-type]
        gone = before.keys() - desk.state.keys()
        most = max(most, len(gone))
    assert 0 < most <= 8 * 14 + 4  # one chunk of texts, each with its keys


def test_a_live_blog_keeps_but_its_newest_texts() -> None:
    desk = Desk()
    for at in range(30):
        desk.take(item("urn:x:blog", "Live: storm", f"Post {at} of the day. " * 5 + GROWN[at * 20 :], hours=at / 10, **OWN))
    assert kinds(desk)["p"] == kinds(desk)["t"] == TEXTS_MAX


def test_sketches_of_another_version_are_absent_and_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, **OWN))
    monkeypatch.setattr(sketch, "VERSION", sketch.VERSION + 1)
    copy = {"provider": "courier.example", "agency": "Meridian", "is_copy": True}
    desk.take(item("urn:y:1", HEADLINE, FIRST, hours=1, **copy))
    desk.take(item("urn:y:2", HEADLINE, FIRST, hours=2, **copy))
    assert desk.place("urn:x:1") != desk.place("urn:y:1") == desk.place("urn:y:2"), "what is drawn anew is found, the rest not"
    desk.run(reports(20, hours=TEXT_WINDOW_H + 5))  # type: ignore[arg-type]
    assert kinds(desk)["p"] == kinds(desk)["t"] == 20


def test_a_key_that_everybody_has_is_ignored_until_it_is_rare_again() -> None:
    memory = Memory({})
    for at in range(POSTED_MAX + 5):
        drawn = draw(item=bytes(16), hour=1, publisher=1, agency=1, headline="", body=f"word {at}", language="en", posted=(7,))
        memory.put(b"p" + at.to_bytes(8, "big"), sketch.pack(drawn))
        memory._post(7, at.to_bytes(8, "big"), 0)
    assert memory.posted(7) == []
    for at in range(POSTED_MAX - 3):
        memory.put(b"p" + at.to_bytes(8, "big"), None)
    memory._post(7, b"another1", 0)
    assert len(memory.posted(7)) == 4


def test_a_repeat_writes_nothing() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, **OWN))
    before = dict(desk.state)
    assert desk.take(item("urn:x:1", HEADLINE, FIRST, **OWN)) is None
    assert desk.state == before


@given(hostile_text, hostile_text, st.sampled_from(["en", "de", "zh", "", "und"]))
def test_sketches_are_small_and_come_back(headline: str, body: str, language: str) -> None:
    drawn = draw(item=bytes(16), hour=5, publisher=1, agency=2, headline=headline, body=body, language=language, posted=(1, 2))
    row = sketch.pack(drawn)
    assert len(row) <= SKETCH_BYTES_MAX
    back = sketch.unpack(row)
    assert back is not None
    assert (back.keys, back.sample, back.numbers, back.shingles) == (drawn.keys, drawn.sample, drawn.numbers, drawn.shingles)
    assert sketch.unpack(b"\x00" + row[1:]) is None


def test_the_longest_sketch_is_small_too() -> None:
    dice = random.Random(1)
    body = " ".join(f"word{dice.randint(0, 9**9)} {dice.randint(0, 9**9)} (ABC{at}.N)" for at in range(3000))
    for count in (100, 1000, len(body)):
        drawn = draw(item=bytes(16), hour=5, publisher=1, agency=2, headline="a b c d e f", body=body[:count], language="en",
                     title=9, posted=(1, 2))  # fmt: skip
        assert len(sketch.pack(drawn)) <= SKETCH_BYTES_MAX
