"""Kills, holds, embargoes, advisories and tests: by field and by text, with what only looks like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wire.status import judge
from pipeline.wire.status_rules import PUB_STATUS, RULES, Rule
from tests.strategies import hostile_text

NOW = "2026-03-01T07:30:00Z"
REPORT = "OSLO (AP) — The ferry sails again.\n\nIt is old."


@pytest.mark.parametrize("rule", RULES, ids=[rule.rule for rule in RULES])
def test_each_rule_has_its_example_and_counter_example(rule: Rule) -> None:
    def reasons(text: str) -> tuple[str, ...]:
        judged = judge(now=NOW, headline=text) if rule.where == "headline" else judge(now=NOW, text=text)
        return judged.reasons

    assert rule.rule in reasons(rule.example)
    assert reasons(rule.counter) == ()


def test_the_table_is_sorted() -> None:
    assert [rule.rule for rule in RULES] == sorted({rule.rule for rule in RULES})


@pytest.mark.parametrize(
    ("word", "status", "is_held"),
    [
        ("usable", "usable", False),
        ("stat:usable", "usable", False),
        ("http://cv.iptc.org/newscodes/pubstatusg2/canceled", "canceled", False),
        ("Cancelled", "canceled", False),
        ("stat:withheld", "withheld", True),
        ("embargoed", "withheld", True),
        ("killed", "canceled", False),
        ("", "usable", False),
        ("commissioned", "withheld", True),
        ("usable-ish", "withheld", True),
    ],
)
def test_status_fields(word: str, status: str, is_held: bool) -> None:
    judged = judge(now=NOW, headline="Ferry sails again", text=REPORT, pub_status=word)
    assert (judged.pub_status, judged.status.is_held, judged.status.kind) == (status, is_held, "article")


@pytest.mark.parametrize(
    ("embargo", "reason", "until"),
    [
        (None, "", ""),
        ("", "embargo.empty", ""),
        ("   ", "embargo.empty", ""),
        ("12noon on Friday, please", "embargo.free_text", ""),
        ("For Release MON AMs", "embargo.free_text", ""),
        ("2026-03-01T08:00:00Z", "embargo.future", "2026-03-01T08:00:00Z"),
        ("2026-03-01T08:00:00+02:00", "", ""),
        ("2026-03-01T09:00:00+01:00", "embargo.future", "2026-03-01T08:00:00Z"),
        ("20260301T080000Z", "embargo.future", "2026-03-01T08:00:00Z"),
        ("2026-03-01T07:30:00Z", "", ""),
        ("2026-03-01", "embargo.no_zone", ""),
        ("2026-02-27", "", ""),
        ("2026-03-01T06:00:00", "embargo.no_zone", ""),
        ("2026-02-28T06:00:00", "", ""),
        ("9999-12-31", "embargo.free_text", ""),
        ("2026-02-30T06:00:00Z", "embargo.free_text", ""),
    ],
)
def test_embargoes(embargo: str | None, reason: str, until: str) -> None:
    judged = judge(now=NOW, headline="Ferry sails again", text=REPORT, pub_status="usable", embargo=embargo)
    assert (judged.reasons, judged.embargoed_until) == ((reason,) if reason else (), until)
    assert (judged.pub_status == "usable", judged.status.is_held) == (not reason, bool(reason))


@pytest.mark.parametrize(
    ("headline", "text", "status"),
    [
        ("EMBARGOED UNTIL 12 NOON ON FRIDAY - Ferry sails again", REPORT, "withheld"),
        ("EMBARGO: Ferry sails again", REPORT, "withheld"),
        ("EMBARGO-Ferry sails again", REPORT, "withheld"),
        ("Embargoed until Friday noon: Ferry sails again", REPORT, "withheld"),
        ("Sperrfrist: Freitag 12 Uhr - Fähre fährt wieder", REPORT, "withheld"),
        ("Ferry sails again", f"EMBARGOED UNTIL 1200 GMT FRIDAY\n\n{REPORT}", "withheld"),
        ("Ferry sails again", "OSLO (NTB) - EMBARGOED UNTIL 12 NOON ON FRIDAY. The ferry sails again.", "withheld"),
        ("Ferry sails again", f"NOT FOR PUBLICATION BEFORE 6 A.M. EST MONDAY\n\n{REPORT}", "withheld"),
        ("Ferry sails again", f"For Release MON AMs\n\n{REPORT}", "withheld"),
        ("Fähre fährt wieder", f"Sperrfrist 20. November 12:00 Uhr\n\n{REPORT}", "withheld"),
        ("EU embargo on Sudmark oil begins Monday", "OSLO (AP) — An EU embargo on oil begins on Monday.", "usable"),
        ("EMBARGO-HIT SUDMARK LOOKS EAST FOR FLOUR", REPORT, "usable"),
        ("What the ban means for Sudmark", "Embargo: what the oil ban means for Sudmark.", "usable"),
        ("Ferry sails again", f"Embargo: 0600 GMT on Friday\n\n{REPORT}", "withheld"),
        ("Embargoed oil found on ferry", "Embargoed oil was found on the ferry, police said.", "usable"),
        ("Report embargoed until Friday leaked by aide", "A report embargoed until Friday leaked.", "usable"),
        ("Norland Mills opens a ferry", "FOR IMMEDIATE RELEASE\n\nOSLO--(BUSINESS WIRE)--Norland Mills opens a ferry.", "usable"),
        ("Ferry sails again", "(Withdraws story because of an error; there will be no substitute)", "canceled"),
        ("Fähre fährt wieder", "Die Meldung dpa 0123 ist zu streichen.", "canceled"),
        ("Ferry sails again", "(Withdraws in June, minister says)", "usable"),
    ],
)
def test_embargoes_and_kills_that_only_the_text_tells(headline: str, text: str, status: str) -> None:
    judged = judge(now=NOW, headline=headline, text=text, pub_status="usable")
    assert (judged.pub_status, judged.status.is_held, judged.status.kind) == (status, status == "withheld", "article")


def test_kill_by_description_only() -> None:
    judged = judge(
        now=NOW,
        headline="ADVISORY: Norland ferry story on Monday is withdrawn",
        text="The story headlined “Old ferry sails again” has been withdrawn as the date was wrong.",
        pub_status="usable",
        signals=("sig:update",),
    )
    assert (judged.pub_status, judged.status.kind) == ("canceled", "article")
    assert "kill.advisory_withdrawn" in judged.reasons


def test_a_kill_by_field_stays_one_whatever_the_signals_say() -> None:
    judged = judge(now=NOW, headline="Ferry sails again", text=REPORT, pub_status="canceled", signals=("sig:update",))
    assert (judged.pub_status, judged.signal) == ("canceled", "update")


@pytest.mark.parametrize(
    ("signals", "signal"),
    [((), ""), (("sig:update",), "update"), (("sig:correction",), "correction"), (("sig:update", "sig:correction"), "correction"),
     (("update:append-major-content",), "")],
)  # fmt: skip
def test_signals(signals: tuple[str, ...], signal: str) -> None:
    assert judge(now=NOW, headline="Ferry sails again", signals=signals).signal == signal


@pytest.mark.parametrize(
    ("headline", "text", "kind"),
    [
        ("AP News Digest 6 p.m.", "Here are the top stories at this hour.", "advisory"),
        ("ADVISORY-Coverage of the ferry strike", "We plan to move a story at 1200 GMT.", "advisory"),
        ("Die Themen des Tages von dpa", "Fähren: Streik in Kiel", "advisory"),
        ("dpa-Tagesvorschau Politik für Montag", "0900 Kiel", "advisory"),
        ("BC-NR--News Digest,0310", "The top stories.", "advisory"),
        ("", "Editors: A story on the ferry will move at 6 p.m.\n\nThe AP", "advisory"),
        ("", f"Eds: Adds AP Photos.\n\n{REPORT}", "article"),
        ("Ferry sails again", f"Eds: Adds AP Photos.\n\n{REPORT}", "article"),
        ("TEST TEST TEST", "", "test"),
        ("TEST - please ignore", "Lorem ipsum.", "test"),
        ("Testmeldung", "", "test"),
        ("", "This is a test. Please ignore.", "test"),
        ("", "Dies ist eine Testmeldung.", "test"),
        ("Banks pass stress test", REPORT, "article"),
        ("Test cricket: Norland beat Sudmark", REPORT, "article"),
        ("TEST-Norland beat Sudmark by four wickets", REPORT, "article"),
        ("Nuclear test shakes the islands", "This is a test of wills, the mayor said.", "article"),
        ("Advisory board resigns over ferry", REPORT, "article"),
        ("Kill Bill director visits Oslo", REPORT, "article"),
        ("Budget: what the minister said", REPORT, "article"),
        ("Army withdrawal from the valley begins", REPORT, "article"),
        ("Hold on to your hats: storm nears Oslo", REPORT, "article"),
    ],
)
def test_kinds(headline: str, text: str, kind: str) -> None:
    judged = judge(now=NOW, headline=headline, text=text, pub_status="usable")
    assert (judged.status.kind, judged.pub_status) == (kind, "usable")


@pytest.mark.parametrize(
    ("headline", "text", "status"),
    [
        ("WITHDRAWAL: Ferry sails again", "", "canceled"),
        ("STORY WITHDRAWN-Ferry sails again", "", "canceled"),
        ("KILL KILL KILL Fähre fährt wieder", "", "canceled"),
        ("", "KILL KILL KILL\n\nBitte verwenden Sie dpa 0123 («Fähre fährt wieder») nicht.", "canceled"),
        ("", "Die Meldung «Fähre fährt wieder» wird zurückgezogen.", "canceled"),
        ("", "EDITORS: Kill BC-NR--Ferry. The ferry does not sail.", "canceled"),
        ("HOLD HOLD HOLD Fähre fährt wieder", "", "withheld"),
        ("", "HOLD HOLD HOLD\n\ndpa 0123 bitte nicht verwenden.", "withheld"),
    ],
)
def test_kills_and_holds_by_text(headline: str, text: str, status: str) -> None:
    judged = judge(now=NOW, headline=headline, text=text, pub_status="usable")
    assert (judged.pub_status, judged.status.kind) == (status, "article")
    assert judged.status.is_held == (status == "withheld")


def test_items_of_the_ap_without_newscontent() -> None:
    for signals, kind in ((("singlesource",), "advisory"), (("newscontent", "singlesource"), "article"), ((), "article")):
        assert judge(now=NOW, headline="Ferry sails again", signals=signals, format_="ap").status.kind == kind
    assert judge(now=NOW, headline="Ferry sails again", signals=("sig:update",), format_="ninjs").status.kind == "article"


def test_genres() -> None:
    assert judge(now=NOW, headline="Ferry sails again", genres=("Advisory",)).status.kind == "advisory"
    assert judge(now=NOW, headline="Ferry sails again", genres=("Feature",)).status.kind == "article"


def test_vendor_words_are_folded() -> None:
    assert {word for word in PUB_STATUS if word != word.casefold()} == set()


@given(hostile_text, hostile_text, hostile_text, st.none() | hostile_text, st.lists(hostile_text, max_size=3))
def test_never_raises_and_only_makes_stricter(
    headline: str, text: str, word: str, embargo: str | None, signals: list[str]
) -> None:
    judged = judge(now=NOW, headline=headline, text=text, pub_status=word, embargo=embargo, signals=signals)
    assert judged.status.is_held == (judged.pub_status == "withheld")
    killed = judge(now=NOW, headline=headline, text=text, pub_status="canceled", embargo=embargo, signals=signals)
    assert killed.pub_status == "canceled"
