"""The register of agencies: complete rows, no name twice, and the questions asked of it."""

from collections import Counter

import pytest

from pipeline.wire.agencies import AGENCIES, AGENCY, SITES, is_agency, lookup


def test_the_register_is_complete() -> None:
    assert len(AGENCIES) >= 30
    assert all(agency.separators and len(agency.country) == 2 and agency.country.isupper() for agency in AGENCIES)
    assert {agency.kind for agency in AGENCIES} == {"agency", "press_release"}


def test_every_printed_name_means_one_agency() -> None:
    names = Counter(alias.text.casefold() for agency in AGENCIES for alias in agency.aliases)
    assert [name for name, count in names.items() if count > 1] == []
    assert not {site.casefold() for site in SITES} & names.keys()


def test_periods_of_use_are_in_order() -> None:
    periods = [alias for agency in AGENCIES for alias in agency.aliases if alias.since and alias.until]
    assert periods
    assert all(alias.since < alias.until for alias in periods)


@pytest.mark.parametrize(
    ("printed", "name", "kind"),
    [
        ("Reuters", "Reuters", "agency"), ("REUTERS", "Reuters", "agency"), ("The Associated Press", "AP", "agency"),
        ("The  Associated\xa0Press", "AP", "agency"), ("ТАСС", "TASS", "agency"), ("ITAR-TASS", "TASS", "agency"),
        ("Europa Press", "Europa Press", "agency"), ("GLOBE NEWSWIRE", "GlobeNewswire", "press_release"),
        ("BUSINESS WIRE", "Business Wire", "press_release"), ("PRNewswire", "PR Newswire", "press_release"),
    ],
)  # fmt: skip
def test_a_printed_name_leads_to_its_agency(printed: str, name: str, kind: str) -> None:
    found = lookup(printed)
    assert found
    assert (found.name, found.kind) == (name, kind)


@pytest.mark.parametrize("printed", ["", "Nordpress", "Reuters said", "A", "Investing.com"])
def test_other_names_lead_nowhere(printed: str) -> None:
    assert lookup(printed) is None


def test_a_name_out_of_use_is_unknown_on_that_date() -> None:
    assert lookup("ITAR-TASS", on="2010-05-01")
    assert lookup("ITAR-TASS", on="2020-05-01") is None
    assert lookup("TASS", on="2020-05-01")


def test_sites_are_organisations_too() -> None:
    assert is_agency("Investing.com")
    assert is_agency(" reuters ")
    assert not is_agency("Mara Lindqvist")


def test_the_pattern_takes_the_longest_name() -> None:
    import re

    found = re.match(AGENCY, "The Associated Press said")
    assert found
    assert found[0] == "The Associated Press"
