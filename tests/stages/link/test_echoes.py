"""Kills, holds and releases that every language is told: what they do where they hit something, and what where they do not."""

import pytest

from pipeline import codec
from pipeline.article import Article
from pipeline.contract import check
from pipeline.reasons import Reason
from pipeline.records import Alert, Emit
from pipeline.stages.address import address
from pipeline.stages.bucket import bucket
from pipeline.stages.link import kills
from pipeline.stages.link.memory import Memory
from tests import contract
from tests.stages.link.texts import BANK, FIRST, GROWN, HEADLINE
from tests.stages.link.wire import Desk, at, item, story

OWN = {"agency": "Meridian", "provider": "meridian.example"}
KILL = item("urn:x:1", "", "", version="2", hours=2, pub_status="canceled", language="und", **OWN)
BY_TEXT = item("urn:x:9", "WITHDRAWAL: " + HEADLINE, "The figures were wrong.", hours=2, language="und", agency="Meridian")


def copies(told: Article) -> dict[str, Article]:
    """The message in each bucket in which it travels, its own first."""
    verdict = address(told, {}, at(0))
    sent = [verdict.record, *(side.value for side in verdict.also)]
    return {bucket(one): one for one in sent if isinstance(one, Article)}


def named(one: Article | None) -> set[str]:
    """The uris that its retraction names."""
    assert one is not None
    assert one.pipeline.retraction is not None
    return {each.uri for each in one.pipeline.retraction.items}


def test_a_kill_of_no_language_kills_in_the_bucket_of_its_victim() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN))
    killed = desk.take(copies(KILL)["en"])
    assert (story(killed).relation, story(killed).state) == ("kill", "killed")
    assert named(killed) == {"urn:x:1"}
    assert desk.told("ops.alert") == []


def test_a_kill_by_text_of_its_own_item_has_its_victim_and_alerts_nobody() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN))
    killed = desk.take(item("urn:x:1", "WITHDRAWAL: " + HEADLINE, "The figures were wrong.", version="2", hours=1, **OWN))
    assert named(killed) == {"urn:x:1"}
    assert desk.told("ops.alert") == []


@pytest.mark.parametrize("told", [KILL, BY_TEXT], ids=["by id", "by text"])
def test_where_it_hits_nothing_it_ends_without_an_alert(told: Article) -> None:
    desk = Desk()
    assert desk.take(copies(told)["fr"]) is None
    assert [drop.reason for drop in desk.drops] == [Reason.NOT_HERE]
    assert desk.sides == []


def test_where_it_hit_nothing_it_waits_for_what_comes_late() -> None:
    desk = Desk()
    desk.take(copies(KILL)["en"])
    assert desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN)) is None
    assert story(desk.take(item("urn:x:1", HEADLINE, GROWN, version="3", hours=3, **OWN))).state == "live"
    desk.take(copies(BY_TEXT)["de"])
    late = item("urn:x:5", HEADLINE, FIRST, language="de", agency="Meridian")
    assert story(desk.take(late)).state == "killed"


def test_a_kill_by_text_asks_in_the_language_of_each_bucket() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, **OWN))
    own, hit = desk.take(copies(BY_TEXT)["other"]), desk.take(copies(BY_TEXT)["en"])
    assert named(own) == {"urn:x:9"}
    assert named(hit) == {"urn:x:1"}
    assert story(hit).state == "killed"
    assert [alert.kind for alert in desk.told("ops.alert") if isinstance(alert, Alert)] == ["kill_without_victim"]


def test_what_it_may_mean_in_each_bucket_is_told_by_each() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, **OWN))
    desk.take(item("urn:x:2", HEADLINE, BANK, hours=1, agency="Meridian"))
    desk.take(item("urn:x:3", HEADLINE, FIRST, hours=1, language="de", agency="Meridian"))
    told = copies(BY_TEXT)
    ambiguous, sure = desk.take(told["en"]), desk.take(told["de"])
    assert (story(ambiguous).state, named(ambiguous)) == ("held", {"urn:x:1", "urn:x:2"})
    assert (story(sure).state, named(sure)) == ("killed", {"urn:x:3"})


@pytest.mark.parametrize("count", [1, 2])
def test_where_buckets_share_a_partition_a_kill_passes_once_in_the_bucket_of_its_item(count: int) -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN))
    desk.take(item("urn:x:9", HEADLINE, BANK, version="1", language="und", agency="Meridian"))
    told = [copies(KILL), copies(item("urn:x:9", "WITHDRAWAL: " + HEADLINE, "Wrong.", version="2", hours=2, language="und"))][
        :count
    ]
    passed = [one for each in told for one in desk.run(each.values()) if one is not None]
    assert [one.uri for one in passed] == ["urn:x:1", "urn:x:9"][:count]
    assert [bucket(one) for one in passed] == ["en", "other"][:count]


def test_what_a_kill_describes_in_its_own_bucket_does_not_hide_that_it_kills_its_item_in_another() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN))
    desk.take(item("urn:x:5", HEADLINE, FIRST, hours=1, language="de", agency="Meridian"))
    told = copies(item("urn:x:1", "WITHDRAWAL: " + HEADLINE, "Wrong.", version="2", hours=2, language="de", **OWN))
    assert [(bucket(one), named(one)) for one in desk.run(told.values()) if one] == [("de", {"urn:x:5"}), ("en", {"urn:x:1"})]


def test_a_release_that_comes_to_another_bucket_first_is_one_where_its_item_is() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN))
    desk.take(item("urn:x:1", "", "", version="1", hours=1, pub_status="withheld", **OWN))
    release = item("urn:x:1", HEADLINE, FIRST, version="2", hours=2, note="The hold on this story is lifted.", **OWN)
    told = copies(release)
    assert desk.take(told["fr"]) is None
    assert story(desk.take(told["en"])).relation == "release"


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (1, 0, 2), (2, 1, 0)])
def test_a_kill_by_text_of_an_item_that_is_elsewhere_kills_its_copies_here_in_any_order(order: tuple[int, ...]) -> None:
    """The item is in `en`, a copy of it was taken for another language; one partition has both."""
    kill = item("urn:x:1", "WITHDRAWAL: " + HEADLINE, "The figures were wrong.", version="2", hours=2, **OWN)
    messages = (
        item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
        item("urn:x:2", HEADLINE, FIRST, hours=1, language="und", agency="Meridian", provider="courier.example", is_copy=True),
        copies(kill)["other"],
    )
    desk = Desk()
    desk.run(messages[each] for each in order)
    assert kills.standing(Memory(desk.state), desk.chain("urn:x:2")) == "killed"


def test_what_comes_before_its_item_keeps_the_contract() -> None:
    killed = Desk().take(KILL)
    assert killed is not None
    assert story(killed).revision == 0
    assert [contract.faults(one) for one in (killed, copies(KILL)["en"])] == [[], []]
    assert [check.validate("linked", codec.encode(killed)), check.validate("normalized", codec.encode(copies(KILL)["en"]))] == [
        [],
        [],
    ]


def test_a_release_lifts_what_was_withdrawn_in_every_bucket_and_brings_its_text_to_its_own() -> None:
    hold = item("urn:x:1", HEADLINE, FIRST, version="2", hours=1, pub_status="withheld", language="und", **OWN)
    release = item(
        "urn:x:1", HEADLINE, FIRST, version="2", hours=2, note="The hold on this story is lifted.", language="und", **OWN
    )
    desk = Desk()
    for told in (hold, release):
        assert desk.take(copies(told)["en"]) is None
    assert not any(one.entries for one in desk.chain("urn:x:1").items)
    assert story(desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN))).state == "live"


def test_a_release_that_comes_by_another_way_is_a_text_where_its_item_is() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN))
    desk.take(item("urn:x:1", "", "", version="2", hours=1, pub_status="withheld", **OWN))
    release = item(
        "urn:x:1", HEADLINE, GROWN, version="2", hours=2, note="The hold on this story is lifted.", language="und", **OWN
    )
    released = desk.take(copies(release)["en"])
    assert (story(released).relation, story(released).state) == ("release", "live")
    assert desk.take(copies(release)["en"]) is None
    assert desk.drops[-1].reason is Reason.UNCHANGED


def test_a_text_in_the_bucket_of_another_language_is_compared_in_that() -> None:
    desk, state = Desk(), dict[bytes, bytes]()
    passed = []
    for one in (
        item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
        item("urn:x:1", HEADLINE, GROWN, version="2", hours=1, language="und", **OWN),
    ):
        verdict = address(one, state, at(0))
        assert isinstance(verdict, Emit)
        state |= {key: row for key, row in verdict.writes if row is not None}
        assert isinstance(verdict.record, Article)
        passed.append(desk.take(verdict.record))
    copy = desk.take(item("urn:x:2", HEADLINE, GROWN, hours=2, agency="Meridian", provider="courier.example", is_copy=True))
    assert [story(one).relation for one in (*passed, copy)] == ["new", "update", "syndicated_copy"]
    memory = Memory(desk.state)
    assert kills.standing(memory, desk.chain("urn:x:2")) == "live"
