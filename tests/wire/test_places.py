"""Countries and capitals: what is found, where exactly, and what must not be found."""

from itertools import pairwise

import pytest
from hypothesis import given

from pipeline.wire.places import find_places, names
from tests.strategies import hostile_text


def found(text: str) -> list[tuple[str, str]]:
    """(surface, country) of each mention."""
    return [(text[mention.start : mention.end], mention.named.country) for mention in find_places(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kyiv and Ukraine’s border", [("Kyiv", "UA"), ("Ukraine", "UA")]),
        ("In Guinea-Bissau, not Guinea", [("Guinea-Bissau", "GW"), ("Guinea", "GN")]),
        ("Papua New Guinea", [("Papua New Guinea", "PG")]),
        ("the U.S. and the UK", [("U.S.", "US"), ("UK", "GB")]),
        ("US-led talks in N’Djamena", [("US", "US"), ("N’Djamena", "TD")]),
        ("Bogotá or Bogota", [("Bogotá", "CO"), ("Bogota", "CO")]),
        ("Nigerians, Chinatown, Omanis and bus riders", []),
        ("kyiv, UKRAINE", []),
        ("New Mexico and the Gulf of Mexico, then Mexico", [("Mexico", "MX")]),
        ("Male voters met; Reunion followed", []),
        ("Michael Jordan", []),
    ],
)
def test_names_are_found_at_word_boundaries(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_a_capital_has_a_point_and_a_country_has_none() -> None:
    capital, country = list(find_places("Kyiv, Ukraine"))
    assert (capital.named.geonames, country.named.geonames) == (703448, 690791)
    assert capital.named.lat == pytest.approx(50.45, abs=0.1)
    assert capital.named.lon == pytest.approx(30.52, abs=0.1)
    assert country.named.lat is None


@pytest.mark.parametrize("name", ["Georgia", "Jordan", "Chad", "Washington", "Victoria"])
def test_names_with_several_meanings_are_not_sure(name: str) -> None:
    (mention,) = find_places(f"{name} won")
    assert mention.named.confidence <= 0.5


def test_every_country_of_the_map_is_in_the_tables() -> None:
    countries = {named.country for named in names().values() if named and named.lat is None}
    assert len(countries) >= 245
    capitals = {named.country for named in names().values() if named and named.lat is not None}
    assert len(capitals) >= 225


@given(hostile_text)
def test_mentions_are_in_order_and_apart(text: str) -> None:
    mentions = list(find_places(text))
    assert all(text[mention.start : mention.end] in names() for mention in mentions)
    assert all(first.end <= second.start for first, second in pairwise(mentions))
