"""A text with marked ranges: bracketed or coloured, whatever the ranges, without loss."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.marked import Brackets, Colours, Range, fit, listing, marked

TEXT = "By A. Doe\n\nOSLO (AP) — Snow fell."
RANGES = (Range(11, 22, "dateline.source"), Range(0, 9, "byline.leading_block"))


def test_brackets_name_the_rule() -> None:
    assert marked(TEXT, RANGES, Brackets()) == "⟦byline.leading_block: By A. Doe⟧\n\n⟦dateline.source: OSLO (AP) —⟧ Snow fell."
    assert listing(TEXT, RANGES, Brackets()) == ["byline.leading_block  'By A. Doe'", "dateline.source       'OSLO (AP) —'"]


def test_a_terminal_shows_one_colour_a_rule_and_ends_it_on_each_line() -> None:
    style = Colours()
    shown = marked("one\ntwo three", [Range(0, 7, "a"), Range(8, 10, "b"), Range(10, 13, "a")], style)
    assert shown == "\x1b[9;33mone\x1b[0m\n\x1b[9;33mtwo\x1b[0m \x1b[9;36mth\x1b[0m\x1b[9;33mree\x1b[0m"
    assert listing("one", [Range(0, 3, "b")], style) == ["\x1b[36mb\x1b[0m  'one'"]


def test_what_could_make_a_terminal_lie_is_shown_as_marks() -> None:
    assert marked("a\x1b[2Jb\u202ec\x9b\td\n", [Range(1, 3, "r")], Brackets()) == "a⟦r: \ufffd[⟧2Jb\ufffdc\ufffd\td\n"


@pytest.mark.parametrize(
    ("ranges", "fitted"),
    [
        ([(0, 5), (3, 8)], [(0, 5), (5, 8)]),
        ([(2, 9), (3, 4)], [(2, 9)]),
        ([(3, 3), (5, 2), (90, 99)], []),
        ([(-4, 2), (30, 99)], [(0, 2), (30, 33)]),
    ],
)
def test_ranges_are_cut_to_fit(ranges: list[tuple[int, int]], fitted: list[tuple[int, int]]) -> None:
    assert [(each.start, each.end) for each in fit(TEXT, [Range(start, end, "r") for start, end in ranges])] == fitted


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=8))
def test_without_its_marks_the_text_is_the_same(text: str, places: list[tuple[int, int]]) -> None:
    ranges = [Range(start, end, "r") for start, end in places]
    text = "".join(character for character in text if character not in "⟦⟧")
    shown = marked(text, ranges, Brackets())
    assert len(re.sub("⟦r: |⟧", "", shown)) == len(text)
    assert marked(text, (), Brackets()) == re.sub("⟦r: |⟧", "", shown)
