"""Who wrote it and who carries it, from evidence of several kinds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.article import CreditEvidence, Dateline
from pipeline.wire.agencies import AGENCIES
from pipeline.wire.credit import (
    WEIGHTS,
    agencies_in,
    agency_of_host,
    attribute,
    dateline_evidence,
    headline_evidence,
    host_of,
    metadata_evidence,
)
from tests.strategies import hostile_text


def piece(kind: str, text: str) -> CreditEvidence:
    """A piece of evidence."""
    return CreditEvidence(kind=kind, text=text)  # type: ignore[arg-type]


SUFFIX, LINE = piece("headline_suffix", "By Reuters"), piece("copyright_line", "© Reuters.")
PHOTO, PLACE = piece("photo_credit", "REUTERS/Vera Sandoval"), piece("dateline", "Reuters")


def test_the_shape_of_the_seed() -> None:
    credit = attribute((SUFFIX, LINE, PHOTO, PLACE), host="https://www.markets.example.test/feed")
    assert credit is not None
    assert (credit.agency, credit.republisher) == ("Reuters", "markets.example.test")
    assert credit.evidence == (SUFFIX, LINE, PHOTO, PLACE)
    assert credit.confidence > 0.95


def test_more_kinds_are_better_than_more_of_a_kind() -> None:
    photos = tuple(piece("photo_credit", f"REUTERS/Vera {name}") for name in ("Sandoval", "Quill", "Marchuk"))
    once, thrice, two_kinds = attribute(photos[:1]), attribute(photos), attribute((PHOTO, LINE))
    assert once is not None
    assert thrice is not None
    assert two_kinds is not None
    assert once.confidence == thrice.confidence < two_kinds.confidence


def test_a_photo_of_another_agency_takes_nothing_away() -> None:
    credit, alone = attribute((PLACE, piece("photo_credit", "AP Photo/Tom Quill"))), attribute((PLACE,))
    assert credit is not None
    assert alone is not None
    assert (credit.agency, credit.evidence) == ("Reuters", (PLACE,))
    assert credit.confidence == alone.confidence


def test_contradiction_lowers_the_confidence() -> None:
    credit, alone = attribute((PLACE, piece("byline", "By AFP"))), attribute((PLACE,))
    assert credit is not None
    assert alone is not None
    assert credit.agency == "Reuters"
    assert credit.confidence < alone.confidence


def test_an_agency_on_its_own_site_is_no_republisher() -> None:
    for host in ("www.reuters.com", "https://www.reuters.com/world/", "reuters.com"):
        credit = attribute((PLACE,), host=host)
        assert credit is not None
        assert credit.republisher == ""


def test_nothing_is_invented() -> None:
    assert attribute(()) is None
    assert attribute((piece("metadata", "Harbour Courier"), piece("photo_credit", "Vera Sandoval"))) is None


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("Old ferry sails again By Reuters", ["By Reuters"]),
        ("Old ferry sails again - Reuters", ["Reuters"]),
        ("Old ferry sails again | AFP", ["AFP"]),
        ("Old ferry sails again", []),
        ("Old ferry sails again, by the harbour", []),
        ("", []),
    ],
)
def test_headline_suffixes(raw: str, found: list[str]) -> None:
    assert [evidence.text for evidence in headline_evidence(raw)] == found


def test_datelines_and_metadata() -> None:
    dateline = Dateline(text="San Diego (tca/dpa) -", in_="body_raw", start=0, end=21, sources=("tca", "dpa"))
    assert [evidence.text for evidence in dateline_evidence(dateline)] == ["tca", "dpa"]
    assert dateline_evidence(None) == ()
    assert [evidence.text for evidence in metadata_evidence("Harbour Courier", "", "The Associated Press")] == [
        "The Associated Press"
    ]


@pytest.mark.parametrize("agency", AGENCIES, ids=[agency.name for agency in AGENCIES])
def test_every_agency_can_be_attributed(agency: object) -> None:
    name = agency.name  # type: ignore[attr-defined]
    credit = attribute((piece("dateline", name), piece("copyright_line", f"© {name}.")), host="example.test")
    assert credit is not None
    assert (credit.agency, credit.republisher) == (name, "example.test")


@pytest.mark.parametrize(
    ("text", "names"),
    [("dpa", ("dpa",)), ("REUTERS/Vera Sandoval", ("Reuters",)), ("tca/dpa", ("tca", "dpa")), ("Rapport", ()), ("MAPS", ())],
)
def test_names_in_evidence(text: str, names: tuple[str, ...]) -> None:
    assert agencies_in(text) == names


@pytest.mark.parametrize(
    ("provider", "host", "agency"),
    [
        ("https://apnews.com/a", "apnews.com", "AP"),
        ("example.test", "example.test", ""),
        ("https://reuters.example.test", "reuters.example.test", ""),
        ("http://[", "", ""),
        ("", "", ""),
    ],
)
def test_hosts(provider: str, host: str, agency: str) -> None:
    assert (host_of(provider), agency_of_host(provider)) == (host, agency)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(WEIGHTS)), hostile_text | st.sampled_from(("Reuters", "AP", "dpa"))), max_size=30),
    hostile_text,
)
def test_never_raises_and_stays_a_probability(rows: list[tuple[str, str]], host: str) -> None:
    credit = attribute([piece(kind, text) for kind, text in rows], host=host)
    assert credit is None or (0 < credit.confidence < 1 and credit.evidence)
