"""Bylines and lists of names: what is a name, what is a desk, what is a sentence."""

import pytest
from hypothesis import given

from pipeline.wire import byline
from pipeline.wire.byline import Person, is_title_line, joined, people, persons, read_byline
from tests.strategies import hostile_text

BYLINES = [
    ("By Vera Sandoval", ["Vera Sandoval"], ""),
    ("By Vera Sandoval and Tom Quill", ["Vera Sandoval", "Tom Quill"], ""),
    ("By Vera Sandoval, Tom Quill and Åsa Öberg", ["Vera Sandoval", "Tom Quill", "Åsa Öberg"], ""),
    ("By Vera Sandoval, Tom Quill, and Åsa Öberg", ["Vera Sandoval", "Tom Quill", "Åsa Öberg"], ""),
    ("By VERA SANDOVAL and TOM QUILL=", ["VERA SANDOVAL", "TOM QUILL"], ""),
    ("BY VERA SANDOVAL", ["VERA SANDOVAL"], ""),
    ("By Vera Sandoval, Associated Press", ["Vera Sandoval"], "Associated Press"),
    ("By Vera Sandoval, AP Science Writer", ["Vera Sandoval"], "AP"),
    ("By Vera Sandoval of The Associated Press", ["Vera Sandoval"], "Associated Press"),
    ("By Vera Sandoval | Reuters", ["Vera Sandoval"], "Reuters"),
    ("By Vera Sandoval and agencies", ["Vera Sandoval"], ""),
    ("Von Jutta Brandhorst und Olaf Diem, dpa", ["Jutta Brandhorst", "Olaf Diem"], "dpa"),
    ("Par Odile Marchand et Luc Thibodeaux", ["Odile Marchand", "Luc Thibodeaux"], ""),
    ("Por Lucía Herrero y Juan Gil", ["Lucía Herrero", "Juan Gil"], ""),
    ("Di Carla Rossetti e Pietro Zanetti", ["Carla Rossetti", "Pietro Zanetti"], ""),
    ("Door Joost Zandvliet en Bram Vermeulen", ["Joost Zandvliet", "Bram Vermeulen"], ""),
    ("By J. P. Hartley and D'Arcy Bell", ["J. P. Hartley", "D'Arcy Bell"], ""),
    ("By Ludwig van der Meer", ["Ludwig van der Meer"], ""),
    ("By Fatima al-Zahrani", ["Fatima al-Zahrani"], ""),
    ("By June Carver", ["June Carver"], ""),
    ("By Sam Ortega Jr.", ["Sam Ortega Jr"], ""),
]
ORGANISATIONS = ["By Reuters", "By The Associated Press", "By Reuters Staff", "By AFP", "Von dpa"]
NO_BYLINES = [
    *byline.NOT_BYLINES,
    "",
    "By",
    "By Monday",
    "By Vera Sandoval said on Monday that the mill was closed.",
    "By train, the trip takes two hours",
    "By Order of the Council",
    "By 2030, nine mills will be left",
    "Von Oslo nach Bergen fahren wieder Züge",
    "Par conséquent, la route est fermée",
    "Byzantium and Rome",
    "By " + "Vera Sandoval, " * 40,
]


@pytest.mark.parametrize(("line", "names", "agency"), BYLINES, ids=[row[0] for row in BYLINES])
def test_bylines(line: str, names: list[str], agency: str) -> None:
    found = read_byline(line)
    assert found is not None
    assert [author.name for author in found.authors] == names
    assert {(author.role, author.evidence) for author in found.authors} == {("reporter", "byline")}
    assert [piece.text for piece in found.evidence] == ([agency] if agency else [])


@pytest.mark.parametrize("line", ORGANISATIONS)
def test_an_organisation_is_evidence_and_no_author(line: str) -> None:
    found = read_byline(line)
    assert found is not None
    assert (found.rule, found.authors) == ("byline.organisation", ())
    assert [piece.text for piece in found.evidence] == [line]


@pytest.mark.parametrize("line", NO_BYLINES)
def test_sentences_are_no_bylines(line: str) -> None:
    assert read_byline(line) is None


def test_every_rule_fires_on_its_example() -> None:
    assert [rule for rule, _ in byline.RULES] == sorted(rule for rule, _ in byline.RULES)
    for rule, example in byline.RULES:
        found = read_byline(example)
        assert (found.rule if found else "byline.title_line" if is_title_line(example) else "") == rule


def test_places_of_a_byline() -> None:
    found = read_byline("By Vera Sandoval in Kyiv and Tom Quill in London")
    assert found is not None
    assert [(author.name, author.place) for author in found.authors] == [("Vera Sandoval", "Kyiv"), ("Tom Quill", "London")]


LISTS = [
    (
        "Vera Sandoval and Tom Quill in Kyiv, Åsa Öberg in London",
        (("Vera Sandoval", "Kyiv"), ("Tom Quill", "Kyiv"), ("Åsa Öberg", "London")),
    ),
    ("Vera Sandoval in Kyiv and Tom Quill", (("Vera Sandoval", "Kyiv"), ("Tom Quill", ""))),
    ("Vera Sandoval in Washington, D.C., and Tom Quill in Oslo", (("Vera Sandoval", "Washington"), ("Tom Quill", "Oslo"))),
    ("Vera Sandoval (Berlin), Tom Quill (Kiel)", (("Vera Sandoval", "Berlin"), ("Tom Quill", "Kiel"))),
    ("Vera Sandoval and the Oslo newsroom", (("Vera Sandoval", ""),)),
    ("Moscow bureau", ()),
    ("李明", (("李明", ""),)),
]


@pytest.mark.parametrize(("names", "expected"), LISTS, ids=[row[0] for row in LISTS])
def test_lists_with_places(names: str, expected: tuple[tuple[str, str], ...]) -> None:
    assert people(names) == tuple(Person(*pair) for pair in expected)


@pytest.mark.parametrize("names", ["the newspaper showed", "hand is slow", "Vera Sandoval, who lives in Oslo", "Oslo"])
def test_what_is_no_list_of_names(names: str) -> None:
    assert people(names) is None


def test_author_fields_and_back() -> None:
    assert persons("By Vera Sandoval, Tom Quill and Reuters") == ("Vera Sandoval", "Tom Quill")
    assert joined(("Vera Sandoval", "Tom Quill", "Åsa Öberg")) == "Vera Sandoval, Tom Quill and Åsa Öberg"
    assert (joined(("Vera Sandoval",)), joined(())) == ("Vera Sandoval", "")


@given(hostile_text)
def test_never_raises(text: str) -> None:
    for line in (text, f"By {text}", f"By Vera Sandoval, {text}"):
        found = read_byline(line)
        assert found is None or all(author.name in " ".join(line.split()) for author in found.authors)
