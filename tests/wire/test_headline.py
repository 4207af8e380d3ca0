"""Headlines: every tag on its example, variants under one key, what must stay, and properties for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wire.headline import ADVISORY_EXAMPLES, SUFFIXES, advisory_line, clean_headline
from pipeline.wire.headline_tags import BRACKETED, ORDINAL_EXAMPLES, RULES, SLUG_EXAMPLE, TAGS, TAKE_EXAMPLE, Known
from pipeline.wire.plain import folded, one_line
from tests.strategies import hostile_text

PLAIN = "Grain ships leave the port at last"


@pytest.mark.parametrize("known", [*TAGS, *BRACKETED], ids=lambda known: known.example)
def test_every_tag_is_taken_from_its_example(known: Known) -> None:
    found = clean_headline(known.example)
    assert [(tag.kind, tag.text) for tag in found.tags] == [(known.kind, known.name)]
    assert found.value in known.example
    assert found.rules == (f"headline.{known.kind}_tag",)


@pytest.mark.parametrize(("rule", "example"), [*RULES, *((rule, example) for rule, _, example in SUFFIXES)])
def test_each_rule_fires_on_its_own_example(rule: str, example: str) -> None:
    assert clean_headline(example).rules == (rule,)


# raw, tags as kind:text:number
STACKED = [
    (f"UPDATE 1-{PLAIN}", "series:UPDATE:1"),
    (f"UPDATE 12-{PLAIN}", "series:UPDATE:12"),
    (f"UPDATE: {PLAIN}", "series:UPDATE:"),
    (f"CORRECTED-{PLAIN}", "status:CORRECTED:"),
    (f"Corrected: {PLAIN}", "status:CORRECTED:"),
    (f"CORRECTED (OFFICIAL)-{PLAIN}", "status:CORRECTED (OFFICIAL):"),
    (f"CORRECTED-UPDATE 1-{PLAIN}", "status:CORRECTED: series:UPDATE:1"),
    (f"REFILE-UPDATE 1-{PLAIN}", "status:REFILE: series:UPDATE:1"),
    (f"RPT-EXPLAINER-{PLAIN}", "status:RPT: genre:EXPLAINER:"),
    (f"CORRECTED-US STOCKS-{PLAIN}", "status:CORRECTED: topic:US STOCKS:"),
    (f"RPT-UPDATE 2-Soccer-{PLAIN}", "status:RPT: series:UPDATE:2 topic:Soccer:"),
    (f"REFILE-CORRECTED-UPDATE 3-{PLAIN} By Reuters", "status:REFILE: status:CORRECTED: series:UPDATE:3"),
    (f"WRAPUP 3-{PLAIN}", "series:WRAPUP:3"),
    (f"INSTANT VIEW 2-{PLAIN}", "series:INSTANT VIEW:2"),
    (f"Exclusive: {PLAIN}", "genre:EXCLUSIVE:"),
    (f"Exclusive-{PLAIN}", "genre:EXCLUSIVE:"),
    (f"EXCLUSIVE - {PLAIN}", "genre:EXCLUSIVE:"),
    (f"Factbox: {PLAIN}", "genre:FACTBOX:"),
    (f"BRIEF-{PLAIN}", "genre:BRIEF:"),
    (f"Breakingviews - {PLAIN}", "genre:BREAKINGVIEWS:"),
    (f"PRECIOUS-{PLAIN}", "topic:PRECIOUS:"),
    (f"Motor racing-{PLAIN}", "topic:Motor racing:"),
    (f"(URGENT) {PLAIN}", "series:URGENT:"),
    (f"(LEAD) {PLAIN}", "series:LEAD:"),
    (f"(2nd LD) {PLAIN}", "series:LEAD:2"),
    (f"(LEAD) (News Focus) {PLAIN}", "series:LEAD: genre:NEWS FOCUS:"),
    (f"(Yonhap Interview) {PLAIN}", "genre:INTERVIEW:"),
    (f"1st LEAD {PLAIN}", "series:LEAD:1"),
    (f"2ndlead - {PLAIN}", "series:LEAD:2"),
    (f"1st Ld-Writethru: {PLAIN}", "series:WRITETHRU:1"),
    (f"KORREKTUR/ROUNDUP 2: {PLAIN}", "status:KORR: series:ROUNDUP:2"),
    (f"KORR-{PLAIN}", "status:KORR:"),
    (f"WITHDRAWAL: {PLAIN}", "status:WITHDRAWAL:"),
    (f"STORY WITHDRAWN - {PLAIN}", "status:STORY WITHDRAWN:"),
    (f"KILL KILL KILL {PLAIN}", "status:KILL:"),
    (f"ADVISORY-{PLAIN}", "status:ADVISORY:"),
    (f"{PLAIN} =2", "take:TAKE:2"),
    (f"{PLAIN}=3", "take:TAKE:3"),
    (f"UPDATE 1-{PLAIN} =2", "series:UPDATE:1 take:TAKE:2"),
    (f"{PLAIN}, 2nd Ld-Writethru,640", "series:WRITETHRU:2"),
    (f"{PLAIN}, 1st Add", "take:ADD:1"),
    (f"{PLAIN}, 3rd Ld", "series:LEAD:3"),
    (f"UPDATE 1-{PLAIN} UPDATE 1-{PLAIN}", "series:UPDATE:1"),
    (f"UPDATE 1-{PLAIN} By ReutersUPDATE 1-{PLAIN} By Reuters", "series:UPDATE:1"),
    (f"{PLAIN} By Reuters", ""),
    (f"{PLAIN} By The Associated Press", ""),
    (f"{PLAIN} - Reuters", ""),
    (f"{PLAIN} | Reuters", ""),
    (f"{PLAIN} – Investing.com", ""),
    (f"{PLAIN} | AP News", ""),
    (f"{PLAIN}{PLAIN}", ""),
    (f"{PLAIN} {PLAIN}", ""),
    (f"{PLAIN} | {PLAIN}", ""),
    (f"{PLAIN} By Reuters{PLAIN} By Reuters", ""),
    (f"{PLAIN} By Reuters - Reuters", ""),
]


@pytest.mark.parametrize(("raw", "tags"), [*STACKED, (ORDINAL_EXAMPLES[0], None), (SLUG_EXAMPLE, None), (TAKE_EXAMPLE, None)])
def test_tags_are_read_from_left_to_right(raw: str, tags: str | None) -> None:
    found = clean_headline(raw)
    read = " ".join(f"{tag.kind}:{tag.text}:{'' if tag.number is None else tag.number}" for tag in found.tags)
    if tags is None:
        assert read
    else:
        assert (found.value, found.key, read) == (PLAIN, folded(PLAIN), tags)


def test_all_republished_variants_share_one_key() -> None:
    variants = (f"{PLAIN} By Reuters", f"{PLAIN}{PLAIN}", f"UPDATE 2-{PLAIN}", f"CORRECTED-{PLAIN}", f"{PLAIN} | Reuters")
    assert {clean_headline(raw).key for raw in (PLAIN, *variants)} == {folded(PLAIN)}


@pytest.mark.parametrize(
    "raw",
    [
        "UK-Australia deal", "Cabinet clears the bill (with conditions)", "(Asiad) Norland win gold",
        "(Tentative) deal on ports", "Soccer-mad town buys its club", "Boxing-Day sales disappoint",
        "Golf: a love story", "Tennis elbow, explained", "Lead-Acid cells recalled", "LEAD poisoning in wells",
        "Lead poisoning: what to know?", "Flash-Flood warning", "HOLD-UP IN BANK", "TABLE-TENNIS CHAMPION WINS",
        "KILL switch", "Update on the bridge", "Gold-Plated taps", "1st lead in decades for the home side",
        "Exclusively: no", "Brief-case found", "E=2", "Poll-tax row", "Statement by AP members", "By Reuters",
        "Reuters", "New York, New York", "UPDATE 1-", "EXCLUSIVE", "BRIEF 2-Norland", "Ship-to-ship",
        "Why 1 + 1 = 2", "Alert-level raised", "Timeline of a flood", "Norland-Sudmark talks - what next", "",
    ],
)  # fmt: skip
def test_what_is_not_understood_stays(raw: str) -> None:
    found = clean_headline(raw)
    assert (found.value, found.tags, found.rules) == (raw, (), ())


@pytest.mark.parametrize("end", [" - Harbour Courier", " | Harbour Courier", " – HARBOUR COURIER", " :: Harbour Courier"])
def test_a_site_goes_only_when_the_caller_names_it(end: str) -> None:
    assert clean_headline(PLAIN + end).value == PLAIN + end
    found = clean_headline(PLAIN + end, site="Harbour Courier")
    assert (found.value, found.rules) == (PLAIN, ("headline.suffix_site",))
    assert clean_headline("Harbour Courier", site="Harbour Courier").value == "Harbour Courier"


@given(
    st.lists(
        st.sampled_from(("UPDATE 1-", "(LEAD) ", "CORRECTED-", PLAIN, " By Reuters", " - ", " =2", " | AP", "X")), max_size=8
    ).map("".join)
)
def test_stacks_of_pieces_are_stable(raw: str) -> None:
    once = clean_headline(one_line(raw))
    again = clean_headline(once.value)
    assert (again.value, again.key, again.tags, again.rules) == (once.value, once.key, (), ())


@given(hostile_text | st.text(), st.sampled_from(("", "Site", "ß")))
def test_a_cleaned_headline_stays_as_it_is(raw: str, site: str) -> None:
    once = clean_headline(one_line(raw), site=site)
    assert clean_headline(once.value, site=site).value == once.value
    assert once.value or not one_line(raw)


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("(Adds comments, detail)", "Adds comments, detail"),
        ("(Corrects date in paragraph 3 (not 4))", "Corrects date in paragraph 3 (not 4)"),
        ("(This Dec. 30 story has been corrected, in paragraph 8)", "This Dec. 30 story has been corrected, in paragraph 8"),
        ("(Refiles to fix typing error)", "Refiles to fix typing error"),
        ("Eds: Adds full-year results.", "Adds full-year results."),
        ("EDS: UPDATES throughout", "UPDATES throughout"),
        ("Editor's note: Replaces an earlier item", "Replaces an earlier item"),
        ("(Berichtigung: Zahl im ersten Absatz geändert)", "Berichtigung: Zahl im ersten Absatz geändert"),
        ("(Corrige le chiffre au premier paragraphe)", "Corrige le chiffre au premier paragraphe"),
        ("(Corrige la cifra del primer párrafo)", "Corrige la cifra del primer párrafo"),
        ("(Reporting by Mara Lindqvist; Editing by Tom Okafor)", ""),
        ("(Adds) and then goes on (in brackets)", ""),
        ("(with conditions)", ""),
        ("Adds comments", ""),
        ("Eds:", ""),
        ("(Adds " + "x" * 700 + ")", ""),
        ("", ""),
    ],
)
def test_notes_to_editors(line: str, note: str) -> None:
    assert advisory_line(line) == note


@pytest.mark.parametrize("example", ADVISORY_EXAMPLES)
def test_examples_of_notes_are_notes(example: str) -> None:
    assert advisory_line(example)


@given(hostile_text | st.text())
def test_a_note_is_part_of_its_line(text: str) -> None:
    assert advisory_line(text) in text
