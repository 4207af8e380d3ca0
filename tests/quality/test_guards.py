"""Each guard is needed: without it, pairs of different stories merge. So no guard can be lost without a test that fails.

The bars themselves, no false merge and at most one miss in ten, are test_story_pairs.py's.
"""

from collections import Counter
from collections.abc import Callable
from types import ModuleType

import pytest
from msgspec.structs import replace

from pipeline.stages.link import alike, place
from tests.quality import guard_pairs, story_pairs
from tests.quality.story_pairs import Family, pairs
from tests.quality.test_story_pairs import merges

SEEDS = (1, 2)
FAMILIES = {family: (family, count, is_same) for family, count, is_same in (*story_pairs.TABLE, *guard_pairs.TABLE)}
# (guard, a family that nothing else keeps apart)
NEEDS: tuple[tuple[str, Family], ...] = (
    ("headlines_differ", guard_pairs.same_background),
    ("places_differ", guard_pairs.verbatim_warnings),
    ("numbers_differ", guard_pairs.tallies),
    ("periods_differ", story_pairs.market_reports),
    ("periods_differ", story_pairs.daily_tables),
    ("second_clause", guard_pairs.long_round_up),
    ("second_clause", guard_pairs.round_up_of_its_kind),
    ("names_differ", story_pairs.twin_events),
    ("names_differ", story_pairs.banks),
    ("names_differ", story_pairs.price_notices),
    ("names_differ", story_pairs.fund_family),
    ("names_differ", story_pairs.weather_warnings),
    ("names_differ", story_pairs.match_reports),
    ("names_differ", guard_pairs.near_names),
)
# (module, what it asks, a family that nothing else keeps apart): the parts of guards, and what is asked of sketches alone
QUESTIONS: tuple[tuple[ModuleType, str, Family], ...] = (
    (alike, "_names_another", guard_pairs.two_turns),
    (alike, "_opens_with_another", guard_pairs.one_word_firms),
    (alike, "_substituted", story_pairs.fund_family),
    (place, "_are_apart", guard_pairs.tagged_round_up),
    (place, "_are_apart", guard_pairs.one_statement),
)


def merged(*families: Family) -> Counter[str]:
    """How many pairs of each family end in one story, whichever came first."""
    drawn = [pair for seed in SEEDS for pair in pairs(seed, tuple(FAMILIES[family] for family in families))]
    return Counter(pair.family for pair in drawn for backwards in (False, True) if merges(pair, backwards=backwards))


def test_every_guard_has_a_family_that_needs_it() -> None:
    assert {name for name, _ in NEEDS} == {name for name, _ in alike.GUARDS}
    assert {family for family, _, is_same in guard_pairs.TABLE if not is_same} <= {
        *(family for _, family in NEEDS), *(family for _, _, family in QUESTIONS), guard_pairs.trading_halts
    }  # fmt: skip


@pytest.mark.parametrize(("guard", "family"), NEEDS)
def test_without_the_guard_they_merge(guard: str, family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not merged(family)
    monkeypatch.setattr(alike, "GUARDS", tuple(row for row in alike.GUARDS if row[0] != guard))
    assert merged(family)[family.__name__] > 0


@pytest.mark.parametrize(("module", "question", "family"), QUESTIONS)
def test_without_the_question_they_merge(
    module: ModuleType, question: str, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not merged(family)
    never: Callable[..., bool] = lambda *_: False  # noqa: E731
    monkeypatch.setattr(module, question, never)
    assert merged(family)[family.__name__] > 0


def test_a_text_word_for_word_the_same_is_still_asked_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not merged(guard_pairs.verbatim_warnings)
    monkeypatch.setattr(alike, "OF_VERBATIM", ("nothing",))
    assert merged(guard_pairs.verbatim_warnings).total() > 0


def test_other_tickers_are_no_matter_of_likeness(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = alike.passes
    assert not merged(guard_pairs.trading_halts)
    monkeypatch.setattr(alike, "passes", lambda found: passes(_without_tickers(found)))
    assert merged(guard_pairs.trading_halts).total() > 0


def test_numbers_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not merged(story_pairs.quakes)
    monkeypatch.setattr(alike, "NUMBERS_MIN", 0.0)
    assert merged(story_pairs.quakes).total() > 0


def _without_tickers(found: alike.Measured) -> alike.Measured:
    return replace(found, tickers="")
