"""The decision table, rule by rule; takes; what tells the others; alarms; one partition or four."""

import random

import pytest
from msgspec.structs import replace

from pipeline.article import Article
from pipeline.records import Alert, Sighting
from pipeline.stages.link.message import NOTES, read
from pipeline.stages.link.relation import RULES, Rule, decide
from tests import contract
from tests.stages.link.texts import BANK, CORRECTED, FIRST, GROWN, HEADLINE, REWRITTEN
from tests.stages.link.wire import Desk, item, relations, story

OWN = {"agency": "Meridian", "provider": "meridian.example"}
COPY = {"agency": "Meridian", "is_copy": True}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_every_rule_decides_its_own_example(rule: Rule) -> None:
    assert decide(rule.example) is rule


def test_rules_have_ids_of_their_own_and_the_last_one_takes_all() -> None:
    assert len({rule.rule for rule in RULES}) == len(RULES)
    assert RULES[-1].rule == "new"


@pytest.mark.parametrize(("says", "_", "example"), NOTES, ids=lambda each: each if isinstance(each, str) else "")
def test_notes_to_editors_say_what_a_message_is(says: str, _: object, example: str) -> None:
    assert read(item("urn:x:1", note=example), "2026-03-01T09:00:00Z").says == says


@pytest.mark.parametrize(
    ("headline", "alt_version", "says", "take"),
    [
        ("CORRECTED-UPDATE 1-Mill reopens in Ostby", "", "correction", 0),
        ("UPDATE 2-Mill reopens in Ostby", "", "update", 0),
        ("(2nd LD) Mill reopens in Ostby", "", "update", 0),
        ("WRAPUP 2-Mills reopen in Ostby and Rusten", "", "synthesis", 0),
        ("RPT-Mill reopens in Ostby", "", "repeat", 0),
        ("REFILE-Mill reopens in Ostby", "", "refile", 0),
        ("Mill reopens in Ostby =2", "", "", 2),
        ("Mill reopens in Ostby", "1st Add", "update", 2),
        ("Mill reopens in Ostby", "2nd Ld-Writethru", "update", 0),
        ("UK-Australia deal reopens mill", "", "", 0),
    ],
)
def test_tags_say_what_a_message_is(headline: str, alt_version: str, says: str, take: int) -> None:
    found = read(item("urn:x:1", headline, FIRST, alt_version=alt_version), "2026-03-01T09:00:00Z")
    assert (found.says, found.take) == (says, take)


# ── takes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def takes() -> list[Article]:
    """A text in three parts."""
    return [
        item("urn:x:1", HEADLINE, "First part.", version="1", **OWN),
        item("urn:x:2", HEADLINE + " =2", "Second part.", hours=0.1, **OWN),
        item("urn:x:3", HEADLINE + " =3", "Third part.", hours=0.2, **OWN),
    ]


def test_takes_are_put_together_in_their_order_whichever_came_first() -> None:
    one, two, three = takes()
    for order in ((one, two, three), (one, three, two), (three, one, two), (two, three, one)):
        desk = Desk()
        last = [desk.take(message) for message in order][-1]
        assert last is not None
        assert (last.uri, last.version) == ("urn:x:1", "1")
        assert last.body_text == "First part.\n\nSecond part.\n\nThird part."
        assert contract.faults(last) == []


def test_a_repeated_take_is_dropped_and_a_writethru_stands_alone() -> None:
    one, two, _ = takes()
    desk = Desk()
    desk.run([one, two])
    assert desk.take(two) is None
    whole = desk.take(item("urn:x:1", HEADLINE, "The whole text anew.", version="2", hours=2, **OWN))
    assert whole is not None
    assert whole.body_text == "The whole text anew."


def test_a_take_of_a_killed_text_is_not_shown() -> None:
    one, two, _ = takes()
    desk = Desk()
    kill = item("urn:x:1", "", "", version="2", hours=1, pub_status="canceled", **OWN)
    found = desk.run([one, kill, two])
    assert story(found[2]).state == "killed"
    assert found[2] is not None
    assert found[2].pub_status == "canceled"


# ── states ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_hold_is_lifted_by_a_higher_version_and_by_a_note() -> None:
    for lift in (
        item("urn:x:1", HEADLINE, GROWN, version="3", hours=2, **OWN),
        item("urn:x:1", HEADLINE, CORRECTED, version="2", hours=2, note="The hold on this story is lifted.", **OWN),
    ):
        desk = Desk()
        held = desk.run([
            item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
            item("urn:x:1", HEADLINE, FIRST, version="2", hours=1, pub_status="withheld", **OWN),
        ])[1]  # fmt: skip
        assert (story(held).relation, story(held).state) == ("hold", "held")
        assert (story(desk.take(lift)).relation, story(desk.take(lift) or held).state)[0] == "release"


def test_an_equal_version_lifts_nothing() -> None:
    desk = Desk()
    desk.run([
        item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
        item("urn:x:1", HEADLINE, FIRST, version="2", hours=1, pub_status="withheld", **OWN),
    ])  # fmt: skip
    assert desk.take(item("urn:x:1", HEADLINE, GROWN, version="2", hours=2, **OWN)) is None


def test_a_kill_that_was_overtaken_is_late_and_names_the_versions_it_meant() -> None:
    desk = Desk()
    desk.run(
        [item("urn:x:1", HEADLINE, FIRST, version="1", **OWN), item("urn:x:1", HEADLINE, GROWN, version="3", hours=2, **OWN)]
    )
    assert desk.take(item("urn:x:1", "", "", version="2", hours=1, seen=3, pub_status="canceled", **OWN)) is None
    retraction = desk.told("retractions")[0].pipeline.retraction  # type: ignore[attr-defined]
    assert [(each.uri, each.versions) for each in retraction.items] == [("urn:x:1", ("1",))]


def test_an_embargoed_update_leaves_the_story_open() -> None:
    desk = Desk()
    found = desk.run([
        item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
        item("urn:x:1", HEADLINE, GROWN, version="2", hours=1, embargo="2026-03-05T00:00:00Z", **OWN),
    ])  # fmt: skip
    assert story(found[1]).state == "live"
    assert found[1] is not None
    assert found[1].pub_status == "withheld"
    assert desk.told("retractions") == []


def test_a_copy_of_a_killed_text_that_comes_late_is_not_shown() -> None:
    desk = Desk()
    found = desk.run([
        item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
        item("urn:x:1", "", "", version="2", hours=1, pub_status="canceled", **OWN),
        item("urn:x:2", HEADLINE, FIRST, hours=5, provider="courier.example", **COPY),
    ])  # fmt: skip
    assert relations(found) == ["new", "kill", "syndicated_copy"]
    assert found[2] is not None
    assert found[2].pub_status == "canceled"


def test_a_text_that_another_agency_tells_is_related_and_not_merged() -> None:
    desk = Desk()
    found = desk.run([
        item("urn:x:1", HEADLINE, FIRST, **OWN),
        item("urn:x:2", HEADLINE, GROWN, hours=1, agency="Nordpress", provider="nordpress.example"),
    ])  # fmt: skip
    assert relations(found) == ["new", "new"]
    assert story(found[1]).related == (story(found[0]).id,)


def test_a_better_match_that_comes_late_takes_its_texts_over() -> None:
    """The rewrite is nearer to the grown text than to the first one; when that comes last, the rewrite hangs on it."""
    desk = Desk()
    rewrite = REWRITTEN + "\n\n" + GROWN.split("\n\n")[-1]
    desk.run([
        item("urn:x:1", HEADLINE, FIRST, **OWN),
        item("urn:x:3", HEADLINE, rewrite, hours=3, **OWN),
        item("urn:x:2", HEADLINE, GROWN, hours=1, seen=4, **OWN),
    ])  # fmt: skip
    (last,) = (one for one in desk.chain("urn:x:3").items if one.uri == "urn:x:3")
    in_order = Desk()
    in_order.run([
        item("urn:x:1", HEADLINE, FIRST, **OWN),
        item("urn:x:2", HEADLINE, GROWN, hours=1, **OWN),
        item("urn:x:3", HEADLINE, rewrite, hours=3, **OWN),
    ])  # fmt: skip
    (expected,) = (one for one in in_order.chain("urn:x:3").items if one.uri == "urn:x:3")
    assert (last.parent, last.score) == (expected.parent, expected.score)


# ── side events ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_story_that_grows_beyond_belief_raises_one_alarm() -> None:
    desk = Desk()
    for at in range(14):
        desk.take(item(f"urn:x:{at}", HEADLINE, FIRST + "\n\nMore." * at, hours=at / 10, **OWN))
    (alarm,) = desk.told("ops.alert")
    assert isinstance(alarm, Alert)
    assert alarm.kind == "cluster_overgrown"


def test_a_sighting_says_whether_the_copy_is_the_same_to_the_letter() -> None:
    desk = Desk()
    desk.run([
        item("urn:x:1", HEADLINE, FIRST, **OWN),
        item("urn:x:2", HEADLINE, FIRST, hours=1, provider="courier.example", **COPY),
        item("urn:x:3", HEADLINE, GROWN, hours=2, provider="ledger.example", **COPY),
    ])  # fmt: skip
    seen = desk.told("sightings")
    assert [(one.uri, one.identical) for one in seen if isinstance(one, Sighting)] == [("urn:x:2", True), ("urn:x:3", False)]


def test_a_copy_without_a_credit_is_a_copy_and_no_repeat() -> None:
    desk = Desk()
    found = desk.run([item("urn:x:1", HEADLINE, FIRST), item("urn:x:2", HEADLINE, FIRST, hours=1, provider="courier.example")])
    assert relations(found) == ["new", "syndicated_copy"]


def test_one_partition_or_four_by_language_decide_the_same() -> None:
    dice = random.Random(5)
    stream = []
    for at in range(60):
        language = dice.choice(("en", "de", "fr", "es"))
        name = f"urn:x:{language}:{dice.randint(0, 7)}"
        text = dice.choice((FIRST, GROWN, CORRECTED, BANK, REWRITTEN))
        stream.append(item(name, dice.choice((HEADLINE, "UPDATE 1-" + HEADLINE)), text, hours=at / 4, language=language, **OWN))
    one = Desk()
    whole = one.run(stream)
    desks = {language: Desk() for language in ("en", "de", "fr", "es")}
    parts = [desks[message.language].take(message) for message in stream]
    assert [found and story(found) for found in whole] == [found and story(found) for found in parts]


def test_linked_articles_keep_the_contract_and_the_sources_word() -> None:
    desk = Desk()
    found = desk.run([
        item("urn:x:1", HEADLINE, FIRST, **OWN),
        item("urn:x:1", "CORRECTED-" + HEADLINE, CORRECTED, hours=1, note="Corrects toll", **OWN),
        item("urn:x:1", "", "", hours=2, pub_status="canceled", **OWN),
    ])  # fmt: skip
    for one in found:
        assert one is not None
        assert contract.faults(one) == []
    assert found[2] is not None
    assert replace(found[2], pipeline=found[2].pipeline).pipeline.vendor.pub_status == "canceled"  # type: ignore[union-attr]
