"""The names of a source in its own datelines: which there are, which there are not, and what a dateline with one says."""

import pytest

from pipeline.wire.dateline import read_dateline
from pipeline.wire.dateline_forms import OWN_SOURCE
from pipeline.wire.house import is_own, own_names

PUBLISHED = "2026-03-05T09:30:00Z"
LEDE = "Le pont est ouvert depuis lundi, a indiqué la mairie."


@pytest.mark.parametrize(
    ("title", "host", "printed"),
    [
        ("Agence Cévenole : l'actualité", "cevenole.example", "Cévenole"),
        ("Agence Cévenole : l'actualité", "cevenole.example", "AGENCE CÉVENOLE"),
        ("", "https://www.cevenole.example/une", "Cévenole"),
        ("Le Quotidien du Fleuve | à la une", "", "Fleuve"),
        ("The Harbour Courier - World", "", "HC"),
        ("Meridian: Top stories", "", "meridian"),
        ("", "news.harbour.co.uk", "Harbour"),
    ],
)
def test_own_names(title: str, host: str, printed: str) -> None:
    assert is_own(printed, own_names(title, host))


@pytest.mark.parametrize(
    ("title", "printed"),
    [
        ("Texas Tribune", "Texas"),  # Paris (Texas) is a town
        ("Paris Soir", "Paris"),
        ("Kölner Rundschau Köln", "Köln"),
        ("Meridian: World", "World"),
        ("The Harbour Courier", "The"),
        ("Meridian", "Nordpress"),
        ("", ""),
    ],
)
def test_what_is_no_name_of_its_own(title: str, printed: str) -> None:
    assert not is_own(printed, own_names(title, ""))


def test_a_registry_of_sites_is_no_name() -> None:
    assert not is_own("com", own_names("", "harbour.com.au"))


def test_its_own_source_makes_a_dateline() -> None:
    rule, example = OWN_SOURCE
    assert read_dateline(example, published=PUBLISHED) is None
    found = read_dateline(example, published=PUBLISHED, house=own_names("Agence Cévenole : l'actualité", "cevenole.example"))
    assert found
    assert rule in found.rules
    assert (found.dateline.places, found.dateline.sources, found.dateline.separator) == (("Nantes",), ("Cévenole",), "-")


@pytest.mark.parametrize(
    ("text", "places", "date"),
    [
        (f"Chiang Mai (Cévenole) – {LEDE}", ("Chiang Mai",), ""),
        (f"NANTES, 2 mars (Cévenole) - {LEDE}", ("NANTES",), "2026-03-02"),
        (f"Nantes (Cévenole).- {LEDE}", ("Nantes",), ""),
        (f"Nantes, France (Cévenole) — {LEDE}", ("Nantes",), ""),
    ],
)
def test_forms_with_the_own_source(text: str, places: tuple[str, ...], date: str) -> None:
    found = read_dateline(text, published=PUBLISHED, house=own_names("Agence Cévenole", ""))
    assert found
    assert (found.dateline.places, found.dateline.date) == (places, date)


@pytest.mark.parametrize(
    "text",
    [
        f"Nantes (Loire) - {LEDE}",
        f"La revue (Cévenole) - {LEDE}",
        "Nantes (Cévenole) - pour la première fois - accueille la course.",
        f"Agence Cévenole (Cévenole) {LEDE}",
        f"Le maire de Nantes (Cévenole) - {LEDE}",
    ],
)
def test_what_stays_none(text: str) -> None:
    assert read_dateline(text, published=PUBLISHED, house=own_names("Agence Cévenole", "cevenole.example")) is None
