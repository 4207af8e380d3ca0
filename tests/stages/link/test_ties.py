"""What ties a text to an earlier one where the words alone would not, or would tie it to the wrong one."""

from tests.stages.link.texts import BANK, FIRST, GROWN, HEADLINE
from tests.stages.link.wire import Desk, item, story

OWN = {"provider": "meridian.example", "agency": "Meridian"}
ALERT = "PARLIAMENT PASSES HOUSING BUDGET WITH 57 VOTES IN NORLAND"


def passed(votes: int, town: str) -> str:
    """A report on a vote, in the words that all of them have."""
    return (
        f"Parliament passed the budget on Sunday with {votes} votes after a debate that went on through the night in {town}.\n\n"
        "The law takes effect next year. Opposition lawmakers had tabled amendments, and most of them were turned down before the"
        " vote. The finance minister thanked his own party and said that the work had only begun."
    )


def test_the_same_headline_over_other_news_ties_nothing() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", "Central bank of Norland cuts rates by 25 points", FIRST, **OWN))
    again = desk.take(
        item(
            "urn:x:2",
            "UPDATE 1-Central bank of Norland cuts rates by 25 points",
            BANK.replace("Tuesday", "Sunday"),
            hours=9,
            **OWN,
        )
    )
    assert desk.members("urn:x:1") == {"urn:x:1"}
    assert story(again).reasons == ()


def test_an_alert_has_only_its_headline_and_is_found_among_many_likelier_texts() -> None:
    desk = Desk()
    towns = ("Ostby", "Eskdal", "Marlow", "Hexby", "Rusten", "Solvik", "Kelvia", "Doranto", "Brennau", "Quarnby", "Pelagos")
    for at, town in enumerate(towns):
        desk.take(item(f"urn:x:{town}", f"Budget passed in {town}", passed(60 + at, town), city=town.upper(), **OWN))
    desk.take(item("urn:x:alert", ALERT, "", hours=1, **OWN))
    text = passed(57, "Varnholt")
    update = desk.take(item("urn:x:update", "UPDATE 1-" + ALERT.capitalize(), text, hours=2, city="VARNHOLT", **OWN))
    assert story(update).reasons[:2] == ("same_headline", "revision_tag")
    assert desk.members("urn:x:alert") == {"urn:x:alert", "urn:x:update"}


def test_two_alerts_that_name_different_countries_are_two_stories() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", ALERT, "", **OWN))
    desk.take(item("urn:x:2", ALERT.replace("NORLAND", "SUDMARK"), "", hours=1, **OWN))
    assert desk.members("urn:x:1") == {"urn:x:1"}


def test_takes_behind_the_first_belong_to_it_without_the_agency_that_its_dateline_names() -> None:
    desk = Desk()
    carried = {"provider": "meridian.example", "slug": "MILL-FIRE/"}
    desk.take(item("urn:x:1", HEADLINE, FIRST, agency="Reuters", is_copy=True, **carried))  # type: ignore[arg-type]
    last = desk.take(item("urn:x:2", HEADLINE + " =2", "Second part.", hours=0.1, **carried))  # type: ignore[arg-type]
    assert last is not None
    assert (last.uri, last.body_text) == ("urn:x:1", f"{FIRST}\n\nSecond part.")


def test_a_text_in_takes_tells_the_revision_of_its_story() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, **OWN))
    update = desk.take(item("urn:x:2", "UPDATE 1-" + HEADLINE, GROWN, hours=1, **OWN))
    whole = desk.take(item("urn:x:3", HEADLINE + " =2", "Second part.", hours=1.1, **OWN))
    assert [story(one).revision for one in (update, whole)] == [2, 2]


def test_an_agencys_own_text_without_a_credit_is_of_its_house() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, provider="reuters.com", agency="Reuters"))
    update = desk.take(item("urn:x:2", "UPDATE 1-" + HEADLINE, GROWN, hours=1, provider="reuters.com"))
    assert desk.members("urn:x:1") == {"urn:x:1", "urn:x:2"}
    assert "same_headline" in story(update).reasons
