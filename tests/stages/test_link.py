"""link: versions of one uri by changed content. Stories, kills, corrections and the order of arrival: tests/stages/link/."""

from msgspec.structs import replace

from pipeline.article import Article
from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, Verdict
from pipeline.stages.link import VERSION, link, story_id
from pipeline.story import Story, Version
from tests.builders import NOW, article


def judge(articles: list[Article]) -> list[Verdict]:
    """The verdicts over a stream, each write applied before the next article."""
    state: dict[bytes, bytes] = {}
    verdicts: list[Verdict] = []
    for one in articles:
        verdict = link(one, state, NOW)
        verdicts.append(verdict)
        state |= {key: value for key, value in verdict.writes if value is not None}
    return verdicts


def linked(verdict: Verdict) -> Article:
    """The article of an Emit."""
    assert isinstance(verdict, Emit)
    assert isinstance(verdict.record, Article)
    return verdict.record


def test_a_first_version_begins_a_story() -> None:
    one = article()
    (verdict,) = judge([one])
    assert linked(verdict).version == "1"
    assert linked(verdict).pipeline.story == Story(
        id=story_id(one.uri), relation="new", canonical=one.uri, revision=1, state="live"
    )
    assert linked(verdict).pipeline.provenance.stages["link"] == VERSION


def test_changed_content_is_the_next_version_of_the_same_story() -> None:
    one, two, three = judge([article(), article(body="Water rose again."), article(headline="Floods recede")])
    assert [linked(verdict).version for verdict in (one, two, three)] == ["1", "2", "3"]
    story = linked(three).pipeline.story
    assert story == Story(
        id=story_id(article().uri),
        relation="update",
        previous=Version(uri=article().uri, version="2"),
        canonical=article().uri,
        revision=3,
        state="live",
        reasons=("same_uri",),
    )


def test_new_markup_around_the_same_words_is_no_version() -> None:
    _, again = judge([article(body="Water  rose\n\nin KYIV."), article(body="water rose in Kyiv.")])
    assert isinstance(again, Drop)
    assert again.reason is Reason.UNCHANGED


def test_a_text_that_goes_back_is_a_repeat_where_nothing_orders_it() -> None:
    verdicts = judge([article(body="A."), article(body="B."), article(body="A.")])
    assert [linked(verdict).version for verdict in verdicts[:2]] == ["1", "2"]
    assert isinstance(verdicts[2], Drop)
    assert verdicts[2].reason is Reason.UNCHANGED


def test_a_text_that_goes_back_by_the_sources_own_date_is_the_newest_again() -> None:
    a, b = article(body="A."), article(body="B.")
    dates = ("2026-03-01T07:00:00Z", "2026-03-01T07:10:00Z", "2026-03-01T07:20:00Z")
    dated = [replace(one, version_created=date) for one, date in zip((a, b, a), dates, strict=True)]
    assert [linked(verdict).version for verdict in judge(dated)] == ["1", "2", "3"]


def test_the_wires_own_number_wins_and_an_older_one_comes_late() -> None:
    seven, nine = replace(article(), version="7"), replace(article(body="Nine."), version="9")
    eight, again = replace(article(body="Eight."), version="8"), replace(article(body="Nine, differently."), version="9")
    first, second, late, _ = judge([seven, nine, eight, again])
    assert [linked(first).version, linked(second).version] == ["7", "9"]
    assert linked(second).pipeline.story.previous == Version(uri=seven.uri, version="7")  # type: ignore[union-attr]
    assert isinstance(late, Drop)
    assert late.reason is Reason.LATE


def test_of_one_number_the_later_date_wins() -> None:
    nine = replace(article(body="Nine."), version="9", version_created="2026-03-01T07:00:00Z")
    again = replace(article(body="Nine, put right."), version="9", version_created="2026-03-01T07:10:00Z")
    assert [linked(verdict).version for verdict in judge([nine, again])] == ["9", "9"]
    late = judge([again, nine])[1]
    assert isinstance(late, Drop)
    assert late.reason is Reason.LATE


def test_a_version_that_is_no_number_is_counted() -> None:
    odd = [replace(article(), version="final"), replace(article(body="Two."), version="9" * 40)]
    assert [linked(verdict).version for verdict in judge(odd)] == ["1", "2"]


def test_two_uris_are_two_stories() -> None:
    one, two = judge([article(key="x"), article(key="y")])
    assert linked(one).pipeline.story != linked(two).pipeline.story
