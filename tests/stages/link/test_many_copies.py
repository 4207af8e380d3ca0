"""A report that a hundred sites carry word for word is one story, in whatever order they come."""

import random

import pytest

from pipeline.stages.link.chain import ITEMS_MAX
from tests.stages.link.test_golden_cases import HEADLINE, OWN
from tests.stages.link.texts import FIRST
from tests.stages.link.wire import Desk, item, story

COPIES = 100


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize("count", [ITEMS_MAX - 4, COPIES])
def test_all_copies_are_of_one_story(seed: int | None, count: int) -> None:
    order = list(range(count))
    if seed is not None:
        random.Random(seed).shuffle(order)
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN))
    for came, number in enumerate(order):
        uri, made, seen = f"urn:copy:{number}", 0.1 + number / 100, 2 + came / 100
        desk.take(
            item(uri, HEADLINE, FIRST, hours=made, seen=seen, provider=f"p{number}.example", agency="Meridian", is_copy=True)
        )
    assert {desk.place(f"urn:copy:{number}") for number in order} == {desk.place("urn:x:1")}


def test_a_kill_by_headline_finds_what_a_hundred_sites_carry() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN))
    for number in range(COPIES):
        desk.take(
            item(f"urn:copy:{number}", HEADLINE, FIRST, hours=1, provider=f"p{number}.example", agency="Meridian", is_copy=True)
        )
    killed = desk.take(item("urn:x:9", "WITHDRAWAL: " + HEADLINE, "The figures were wrong.", hours=3, agency="Meridian"))
    assert story(killed).state == "killed"
    assert desk.place("urn:x:1") == desk.place("urn:copy:99")
    assert not desk.told("ops.alert") or all(alert.kind != "kill_without_victim" for alert in desk.told("ops.alert"))
