"""The committed offsets and the log beside a store: where they contradict it. No broker."""

import pytest

from pipeline.sinks.against import Commit, count_problems, offset_problems
from pipeline.sinks.progress import Intent, Progress
from pipeline.sinks.tiling import Range
from tests.sinks.records import TOPIC_ID
from tests.sinks.world import PLACE

RANGES = [Range(0, 9, 10, 0), Range(10, 19, 8, 1)]


def commit(offset: int, end: int | None = None, stored: int = 18, rejected: int = 1) -> Commit:
    intent = None if end is None else Intent(end=end, why="age")
    return Commit(offset, Progress(topic_id=TOPIC_ID, stored=stored, rejected={"bad_record": rejected}, intent=intent))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (commit(20), commit(20), []),
        (commit(10, stored=10, rejected=0), commit(20), []),  # sealed meanwhile
        (None, commit(20), []),
        (commit(10, 19, stored=10, rejected=0), commit(10, 19, stored=10, rejected=0), []),  # manifest written, commit not yet
        (commit(20, 29), commit(20, 29), []),
        (commit(30), commit(30), ["unsealed"]),
        (commit(10, stored=10, rejected=0), commit(10, stored=10, rejected=0), ["ahead"]),
        (commit(10, 14, stored=10, rejected=0), commit(10, 14, stored=10, rejected=0), ["ahead"]),
        (None, None, ["ahead"]),
        (commit(20, stored=17), commit(20, stored=17), ["accounts"]),
        (commit(20, rejected=0), commit(20, rejected=0), ["accounts"]),
        (Commit(20, None), Commit(20, None), []),  # set by an operator: no accounts to compare with
    ],
)
def test_committed_offsets(before: Commit | None, after: Commit | None, expected: list[str]) -> None:
    assert [finding.rule for finding in offset_problems(PLACE, RANGES, before, after)] == expected


@pytest.mark.parametrize(
    ("offsets", "span", "expected"),
    [
        ([*range(10), *range(10, 19)], (0, 20), []),
        ([*range(10), *range(10, 18)], (0, 20), [(10, 19)]),
        ([*range(10), *range(10, 20)], (0, 20), [(10, 19)]),
        ([*range(5, 10), *range(10, 19)], (5, 20), []),  # the log has lost a part of the first range: not counted
        ([*range(10)], (0, 15), []),  # not a whole range
        ([], (0, 0), []),
    ],
)
def test_counts_of_the_log(offsets: list[int], span: tuple[int, int], expected: list[tuple[int, int]]) -> None:
    found = list(count_problems(PLACE, RANGES, offsets, span))
    assert [(finding.start, finding.end) for finding in found] == expected
