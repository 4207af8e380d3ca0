"""address: one language bucket for all messages of an item, and what every bucket is told."""

import pytest
from msgspec.structs import replace

from pipeline.article import Article
from pipeline.kafka import partition_of
from pipeline.records import Emit
from pipeline.stages.address import DIGEST_BYTES, KEPT, REFRESH_HOURS, address
from pipeline.stages.bucket import BUCKETS, bucket, bucket_of
from pipeline.topology import INGEST
from tests.builders import article
from tests.stages.link.wire import at, item

State = dict[bytes, bytes]


def sent(one: Article, state: State | None = None, now: str = at(0)) -> tuple[Article, list[Article]]:
    """The article as it goes on, and its copies."""
    state = {} if state is None else state
    verdict = address(one, state, now)
    for key, value in verdict.writes:
        if value is None:
            del state[key]
        else:
            state[key] = value
    assert isinstance(verdict.record, Article)
    assert {side.topic for side in verdict.also} <= {"normalized"}
    copies = [side.value for side in verdict.also if isinstance(side.value, Article)]
    assert [side.key for side in verdict.also] == [bucket(copy) for copy in copies]
    return verdict.record, copies


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "en"), ("pt-BR", "pt"), ("sv", "other"), ("und", "other"), ("", "other"), ("other-x", "other")],
)
def test_every_language_has_a_bucket_of_a_closed_set(language: str, expected: str) -> None:
    assert bucket_of(language) == expected
    assert expected in BUCKETS


def test_an_ordinary_article_goes_on_as_it_is_in_the_bucket_of_its_language() -> None:
    one = replace(article(), language="de")
    passed, copies = sent(one)
    assert passed is one
    assert copies == []
    assert INGEST.encode(passed)[0].key == b"de"


def test_a_later_text_travels_in_the_bucket_of_the_first_whatever_it_is_taken_for() -> None:
    state: State = {}
    sent(item("urn:x:1", language="de"), state)
    for language in ("und", "nl", "de"):
        passed, copies = sent(item("urn:x:1", body=language, language=language), state)
        assert (bucket(passed), passed.language) == ("de", language)
        assert passed.pipeline.identity.bucket == ("" if language == "de" else "de")
        assert copies == []
    assert bucket(sent(item("urn:x:2", language="nl"), state)[0]) == "nl"


def test_what_comes_after_a_kill_that_came_first_follows_it() -> None:
    state: State = {}
    kill, _ = sent(item("urn:x:1", "", "", pub_status="canceled", language="und"), state)
    text, _ = sent(item("urn:x:1", language="fr"), state)
    assert bucket(kill) == bucket(text) == "other"


@pytest.mark.parametrize(
    "told",
    [
        item("urn:x:1", "", "", pub_status="canceled", language="und"),
        item("urn:x:1", "", "", pub_status="withheld", language="en"),
        item("urn:x:1", "WITHDRAWAL: Floods close the river road", "The figures were wrong.", language="en"),
        item("urn:x:1", note="The hold on this story is lifted.", language="en"),
    ],
    ids=["kill", "hold", "kill by text", "release"],
)
def test_what_withdraws_or_releases_is_told_to_every_bucket_its_own_first(told: Article) -> None:
    state: State = {}
    sent(item("urn:x:1", language="de"), state)
    own, copies = sent(told, state)
    assert (bucket(own), own.pipeline.identity.echo) == ("de", "")
    assert sorted(["de", *(copy.pipeline.identity.echo for copy in copies)]) == sorted(BUCKETS)
    for copy in copies:
        identity = replace(copy.pipeline.identity, echo="")
        assert replace(copy, pipeline=replace(copy.pipeline, identity=identity)) == own


def test_buckets_reach_every_partition_of_a_small_topic() -> None:
    for count in (1, 2, 4):
        assert {partition_of(name.encode(), count) for name in BUCKETS} == set(range(count))


def test_an_embargo_with_an_end_and_a_message_to_editors_are_told_to_nobody_else() -> None:
    for one in (
        item("urn:x:1", pub_status="withheld", embargo=at(9)),
        item(
            "urn:x:2", "ADVISORY: Plans for Monday", "The hold on this story is lifted.", note="The hold on this story is lifted."
        ),
    ):
        assert sent(one)[1] == [], one.pipeline.status


def test_an_item_is_known_for_thirty_days_after_its_last_message() -> None:
    state: State = {}
    sent(item("urn:x:1", language="de"), state)
    sent(item("urn:x:1", language="und"), state, at(20 * 24))
    assert bucket(sent(item("urn:x:1", language="und"), state, at(45 * 24))[0]) == "de"
    for hours in range(76 * 24, 78 * 24):
        sent(item(f"urn:x:{hours}"), state, at(hours))
    assert bucket(sent(item("urn:x:1", language="und"), state, at(78 * 24))[0]) == "other"


def test_thirty_days_count_from_the_last_message_even_where_that_was_not_written() -> None:
    state: State = {}
    sent(item("urn:x:1", language="de"), state)
    sent(item("urn:x:1", language="de"), state, at(REFRESH_HOURS - 1))
    for hours in range(29 * 24, 30 * 24 + REFRESH_HOURS - 1):
        sent(item(f"urn:x:{hours}"), state, at(hours))
    assert bucket(sent(item("urn:x:1", language="und"), state, at(30 * 24 + REFRESH_HOURS - 1))[0]) == "de"


def test_state_is_small_and_bounded() -> None:
    state: State = {}
    for hours in range(0, 4 * KEPT.hours, 4):
        sent(item(f"urn:x:{hours}"), state, at(hours))
        sent(item(f"urn:x:{hours}"), state, at(hours))
    items = {key: row for key, row in state.items() if len(key) == DIGEST_BYTES}
    assert len(items) <= KEPT.hours / 4 + 8
    assert max(map(len, items.values())) <= 12
    assert isinstance(address(item("urn:x:0"), state, at(9)), Emit)
