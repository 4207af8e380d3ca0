"""What the guards read in a text, and which names are one: tables of examples. Whole pairs are in tests/quality."""

import pytest

from pipeline.stages.link.alike import is_spelling
from pipeline.stages.link.telling import Telling, skeleton


def telling(headline: str, body: str = "", city: str = "", language: str = "en") -> Telling:
    """A text."""
    return Telling(headline, body, city, language)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kyiv", "Kiev"),
        ("Zelenskiy", "Zelensky"),
        ("Odesa", "Odessa"),
        ("Tirosund", "Tirosundt"),
        ("Tirosundt", "Tirosund"),
        ("Varnholt", "Vernholt"),
        ("Brașov", "BRASOV"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert is_spelling(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Iran", "Iraq"),
        ("Niger", "Nigeria"),
        ("Zambia", "Gambia"),
        ("Austria", "Australia"),
        ("Slovakia", "Slovenia"),
        ("Ostby", "Hexby"),
        ("Lund", "Lunde-Moe"),
    ],
)
def test_names_that_only_look_alike(one: str, other: str) -> None:
    assert not is_spelling(one, other)
    assert not is_spelling(other, one)


@pytest.mark.parametrize(
    ("word", "consonants"), [("Kyiv", "Kv"), ("odessa", "ods"), ("brașov", "brsv"), ("aune", "an"), ("", ""), ("a", "a")]
)
def test_skeletons(word: str, consonants: str) -> None:
    assert skeleton(word) == consonants


@pytest.mark.parametrize(
    ("headline", "count"),
    [
        ("Fire guts mill in Ostby; storm closes port of Rusten", 2),
        ("Fire guts mill in Ostby | Storm closes port of Rusten", 2),
        ("Fire guts mill in Ostby | The Daily Ledger", 0),
        ("Incendie dans une papeterie | Le Quotidien du Fleuve", 0),
        ("Fire Guts Mill | Two Are Hurt", 2),
        ("Fire guts mill | 12 dead in port", 2),
        ("Fire guts mill; toll rises", 1),
        ("Fire guts mill in Ostby", 0),
    ],
)
def test_clauses_of_a_headline(headline: str, count: int) -> None:
    assert len(telling(headline).clauses) == count


@pytest.mark.parametrize(
    ("headline", "is_list"),
    [
        ("Storm kills 3 in Ostby; storm kills 4 in Rusten", True),
        ("Storm kills 3 in Ostby; minister resigns over dam", False),
        ("Storm kills 3 in Ostby", False),
    ],
)
def test_lists_of_like_events(headline: str, is_list: bool) -> None:
    assert telling(headline).is_list is is_list


@pytest.mark.parametrize(
    ("word", "is_known"),
    [
        ("varnholt", True),
        ("vernholt", True),  # another spelling of a word with a capital
        ("ostby", True),  # the dateline's city
        ("aune", False),  # `an` has the same consonants, and is no name
        ("niger", False),
    ],
)
def test_what_a_text_knows(word: str, is_known: bool) -> None:
    text = telling("Mill burns", "The mill in Varnholt burned for an hour. It feeds Nigeria too.", "OSTBY")
    assert text.knows(word) is is_known


def test_whom_a_text_names() -> None:
    alert = telling("PARLIAMENT OF NORLAND PASSES BUDGET")
    assert {"norland", "budget"} <= alert.named  # an alert has nothing but capitals: any of them can be a name
    report = telling("Court jails Lund", "A judge in Ostby sent Petra Lund to prison. The court sits again on Monday.")
    assert report.named == {"lund"}
    assert telling("Helvex cuts price", "Helvex said on Monday it would cut its price.").subject == {"helvex"}
    assert telling("Helvex cuts price", "On Monday Helvex cut its price.").subject == frozenset()
