"""The special cases of a wire: each family does what its name says, and the truth about it is the truth."""

import re
from collections import defaultdict
from datetime import date
from itertools import combinations, pairwise

import pytest

from pipeline.simulator.dice import Dice
from pipeline.simulator.families import FAMILIES, PLAIN, draw_family, perform
from pipeline.simulator.script import SPAN_S, Cast, Message
from pipeline.simulator.wire import VERSION_GAP_S

CARRIERS = ("Harbour Courier", "Daily Ledger")
BY_NAME = {family.name: family for family in FAMILIES}
TOLD = [(family, language) for family in (*FAMILIES, PLAIN) for language in family.languages]
DRAWS = 30


def script(name: str, number: int, language: str = "en") -> tuple[Message, ...]:
    family = BY_NAME.get(name, PLAIN)
    cast = Cast(name=f"1/{number}/{name}", language=language, agency="Meridian", publisher="Meridian", day=date(2026, 3, 3),
                carriers=CARRIERS)  # fmt: skip
    return perform(family, cast)


def scripts(name: str, language: str = "en") -> list[tuple[Message, ...]]:
    return [script(name, number, language) for number in range(DRAWS)]


def body(message: Message) -> str:
    return "\n".join(message.text.paragraphs)


def shingles(message: Message) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", body(message).lower())
    return {tuple(words[at : at + 3]) for at in range(len(words) - 2)}


@pytest.mark.parametrize(("family", "language"), TOLD, ids=lambda value: getattr(value, "name", value) or "plain")
def test_the_truth_holds_together(family, language):
    for messages in scripts(family.name, language):
        assert messages[0].after_s == 0
        assert family.is_slow or messages[-1].after_s <= SPAN_S
        seen = defaultdict(list)
        for message in messages:
            seen[message.carrier, message.item].append(message)
            assert (message.order == 0) == (message.relation in ("kill", "hold"))
            assert bool(message.corrected) == (message.relation == "correction")
        for versions in seen.values():
            assert all(later.after_s - earlier.after_s > VERSION_GAP_S for earlier, later in pairwise(versions))
        texts = [message for message in messages if message.carrier == 0 and message.order and message.relation != "repeat"]
        for story in {message.story for message in messages}:
            orders = sorted({message.order for message in messages if message.story == story and message.order})
            assert orders == list(range(1, len(orders) + 1))
        assert texts[0].relation == "new"


def test_the_same_name_is_the_same_script():
    assert scripts("rewrite") == scripts("rewrite")
    assert script("rewrite", 1) != script("rewrite", 2)


def test_rewrites_change_verbs_and_figures_and_keep_the_report():
    """The lead is told anew, most of the body is the same."""
    for messages in scripts("rewrite"):
        for earlier, later in pairwise(messages):
            assert later.text.headline.startswith("UPDATE ")
            assert later.text.paragraphs[0] != earlier.text.paragraphs[0]
            last = (re.sub(r"\d+", "#", message.text.paragraphs[-1]) for message in (earlier, later))
            assert len(set(last)) == 1
            assert len(later.text.paragraphs) == len(earlier.text.paragraphs) + 1
    leads = [re.sub(r"\d+", "#", message.text.paragraphs[0]) for messages in scripts("rewrite") for message in messages]
    assert len(set(leads)) / len(leads) > 0.9


def test_write_throughs_grow_from_a_headline():
    for alert, short, full in scripts("writethru"):
        assert alert.text.paragraphs == ()
        assert alert.text.headline.isupper()
        assert alert.text.headline.lower() == short.text.headline.removeprefix("UPDATE 1-").lower()
        assert len(short.text.paragraphs) <= 4 < len(full.text.paragraphs) + 1
        assert set(short.text.paragraphs[1:]) <= set(full.text.paragraphs)


def test_refiles_put_one_letter_right():
    for wrong, right in scripts("refiled"):
        differing = [(one, other) for one, other in zip(body(wrong), body(right), strict=True) if one != other]
        assert {one for one, _ in differing} <= {"x", "z"}
        assert len({other for _, other in differing}) == 1
        assert right.text.note


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_corrections_change_what_they_say(language):
    kinds = set()
    for wrong, right in scripts("corrected", language):
        kinds |= {corrected.kind for corrected in right.corrected}
        words = [re.findall(r"\d+(?:[.,]\d+)*|\w+", body(message)) for message in (wrong, right)]
        changed = {(one, other) for one, other in zip(*words, strict=True) if one != other}
        assert changed == {(corrected.before, corrected.after) for corrected in right.corrected}
        assert right.text.headline.startswith("CORRECTED-")
        assert right.text.note
    assert kinds == {"figure", "name"}


def test_kills_by_status_come_before_or_after_the_version_that_they_cover():
    orders = {tuple(message.version for message in messages) for messages in scripts("killed_by_status")}
    assert orders == {(1, 2, 3), (1, 3, 2)}
    for messages in scripts("killed_by_status"):
        assert messages[-1].state == "killed"
        late = messages[-1]
        if late.version == 2:
            assert late.dated_s is not None
            assert late.dated_s < messages[1].after_s < late.after_s


@pytest.mark.parametrize("language", ["en", "de"])
def test_kills_by_description_quote_their_victim_and_stand_alone(language):
    for victim, kill in scripts("killed_by_description", language):
        assert victim.text.headline in body(kill)
        assert victim.text.headline not in kill.text.headline
        assert kill.item != victim.item
        assert (kill.relation, kill.state) == ("kill", "killed")


def test_takes_are_parts_of_one_report():
    for messages in scripts("takes"):
        assert len({re.sub(r" =\d$", "", message.text.headline) for message in messages}) == 1
        assert [message.text.headline[-3:] for message in messages[1:]] == [
            f" ={number}" for number in range(2, len(messages) + 1)
        ]
        assert all(not set(one.text.paragraphs) & set(other.text.paragraphs) for one, other in combinations(messages, 2))


def test_copies_are_cut_and_framed():
    cut = framed = doubled = 0
    for original, *copies in scripts("copied"):
        assert [copy.relation for copy in copies] == ["syndicated_copy"] * len(CARRIERS)
        assert {copy.carrier for copy in copies} == {1, 2}
        for copy in copies:
            kept = [paragraph for paragraph in copy.text.paragraphs if paragraph in original.text.paragraphs]
            assert kept == list(original.text.paragraphs[: len(kept)])
            assert copy.text.headline.startswith(original.text.headline)
            cut += len(kept) < len(original.text.paragraphs)
            framed += len(kept) < len(copy.text.paragraphs)
            doubled += copy.text.headline.count(original.text.headline) == 2
    assert min(cut, framed, doubled) > 5


@pytest.mark.parametrize("name", ["banks", "prices", "funds", "strikes"])
def test_look_alikes_share_their_words_and_most_of_their_numbers(name):
    for messages in scripts(name):
        assert len({message.story for message in messages}) == len({message.item for message in messages}) == len(messages)
        for one, other in combinations(messages, 2):
            common = len(shingles(one) & shingles(other)) / min(len(shingles(one)), len(shingles(other)))
            assert common > 0.45
            assert one.text.headline != other.text.headline
            assert re.findall(r"\d+", body(one))[-2:] == re.findall(r"\d+", body(other))[-2:]


def test_there_are_thirteen_banks():
    assert {len(messages) for messages in scripts("banks")} == {13}


def test_a_live_blog_loses_its_beginning_under_one_address():
    for messages in scripts("live_blog"):
        assert {(message.item, message.story) for message in messages} == {(0, 0)}
        assert len({message.text.paragraphs for message in messages}) == len(messages)
    assert any(not set(messages[0].text.paragraphs) & set(messages[-1].text.paragraphs) for messages in scripts("live_blog"))


def test_guids_lie():
    for one, other in scripts("same_guid"):
        assert (one.item, one.guid, other.item, other.guid) == (0, 0, 1, 0)
        assert body(one) != body(other)
    for messages in scripts("new_guid"):
        assert len({body(message) for message in messages}) == 1
        assert len({(message.item, message.guid) for message in messages}) == 3


def test_a_feed_is_given_what_it_can_tell():
    dice = Dice("families")
    drawn = [draw_family(dice, language, 0, is_feed=True) for language in ("en", "de", "fr", "es") for _ in range(200)]
    assert not any(family.needs_fields or family.is_slow or family.min_carriers for family in drawn)
    assert all("fr" in draw_family(dice, "fr", 1, is_feed=False).languages for _ in range(200))
