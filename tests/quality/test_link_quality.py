"""Stories over generated news with known truth: pairs, look-alikes, corrections, withdrawals, against pinned floors.

`pytest tests/quality/test_link_quality.py -s` prints the figures by family.
"""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.quality.stories import GUARDS, Pairs, Result, Run, run, table

SETTINGS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("link_floors.toml").read_text())
STREAM, FLOORS = SETTINGS["stream"], SETTINGS["floors"]


@pytest.fixture(scope="module", params=STREAM["seeds"])
def done(request: pytest.FixtureRequest) -> Run:
    """The whole stream of each seed, once."""
    found = run(request.param, STREAM["items"], scripted=STREAM["scripted"], every_s=STREAM["every_s"])
    print(f"\nseed {request.param}\n{table(found)}")
    return found


def test_pairs(done: Run) -> None:
    total = Pairs()
    for pairs in done.pairs().values():
        total.right, total.false, total.missed = total.right + pairs.right, total.false + pairs.false, total.missed + pairs.missed
    print(f"\npairs: precision {total.precision:.4f}, recall {total.recall:.4f}, of {total.right + total.missed}")
    assert total.right + total.missed > 1000
    assert total.precision >= FLOORS["precision"], table(done)
    assert total.recall >= FLOORS["recall"], table(done)


def test_look_alikes_are_never_merged(done: Run) -> None:
    merges = {name: pairs.false for name, pairs in done.pairs().items() if name in GUARDS and pairs.false}
    print(f"\nlook-alikes: {done.guard_pairs()} pairs, merged {merges}")
    assert done.guard_pairs() >= FLOORS["guard_pairs"]
    assert sum(merges.values()) <= FLOORS["guard_merges"], merges


def test_rewrites_stay_together(done: Run) -> None:
    pairs = done.rewrites()
    print(f"\nrewrites: {pairs.missed} of {pairs.right + pairs.missed} pairs missed")
    assert pairs.right + pairs.missed >= FLOORS["guard_pairs"]
    assert 1 - pairs.recall <= FLOORS["rewrite_misses"], table(done)


def test_corrections_tell_exactly_what_was_corrected(done: Run) -> None:
    share, wrong = _share(done.corrections())
    print(f"\ncorrections: {share:.4f} exact; wrong {Counter((one.item.family, one.item.language) for one in wrong)}")
    told = [(one.item.corrected, one.article.pipeline.correction if one.article else None) for one in wrong[:5]]
    assert share >= FLOORS["corrections"], told


def test_withdrawn_stories_are_withdrawn(done: Run) -> None:
    share, wrong = _share(done.withdrawals())
    print(f"\nwithdrawals: {share:.4f} right; wrong {Counter(one.item.family for one in wrong)}")
    assert share >= FLOORS["withdrawals"], [(one.item.family, one.item.story, one.item.state) for one in wrong]


def _share(judged: list[tuple[Result, bool]]) -> tuple[float, list[Result]]:
    assert len(judged) > 50, "too few to say anything"
    wrong = [one for one, is_right in judged if not is_right]
    return 1 - len(wrong) / len(judged), wrong
