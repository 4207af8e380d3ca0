"""Whole messages: what stays, what goes and what becomes of it. Golden cases of single messages, rules, properties."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wire import captions, furniture_rules, signoff
from pipeline.wire.furniture import Copy, read_copy
from pipeline.wire.furniture_rules import ADVISORY_RULES, RULES, note_rule, private_rule, tail_rule
from pipeline.wire.plain import paragraphs
from tests.strategies import hostile_text

PUBLISHED = "2026-03-05T09:30:00Z"
LEDE = "The old ferry will sail again in spring, the harbour office said on Monday."
MORE = "It had been laid up for two years.\n\nNo one was hurt."
REPORT = f"{LEDE}\n\n{MORE}"
FERRY = "The ferry leaves the harbour of Oslo, Norway, March 2, 2026."


def names(copy: Copy) -> list[tuple[str, str, str, str]]:
    """The authors as rows."""
    return [(author.name, author.role, author.place, author.evidence) for author in copy.authors]


# ── golden cases ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_shape_of_the_seed() -> None:
    headline = "Old ferry sails again, harbour office says By Reuters"
    photo = f"© Reuters. {FERRY} REUTERS/Vera Sandoval"
    raw = f"{headline}\n\n{photo}\n\nBy Tom Quill\n\nOSLO, Norway (Reuters) -{REPORT}"
    copy = read_copy(raw, headline=headline, published=PUBLISHED)
    assert copy.text == REPORT
    assert names(copy) == [("Tom Quill", "reporter", "", "byline"), ("Vera Sandoval", "photographer", "", "caption")]
    (association,) = copy.associations
    assert (association.name, association.type, association.by) == ("photo1", "picture", "Vera Sandoval")
    assert association.uri.startswith("urn:newswire:photo:")
    assert [(text.role, text.value) for text in association.descriptions] == [("caption", FERRY)]
    assert [(source.role, source.name) for source in association.info_sources] == [("creditline", "REUTERS")]
    assert [(piece.kind, piece.text) for piece in copy.evidence] == [
        ("copyright_line", "© Reuters."),
        ("photo_credit", "REUTERS/Vera Sandoval"),
    ]
    assert copy.dateline is not None
    assert raw[copy.dateline.start : copy.dateline.end] == copy.dateline.text == "OSLO, Norway (Reuters) -"
    assert {"headline.doubled", "caption.copyright_lead", "byline.by", "dateline.no_space_after_dash"} <= set(copy.rules)
    ranges = {rule: raw[start:end].strip() for start, end, rule in copy.body_map}
    assert ranges["caption.copyright_lead"] == photo
    assert ranges["byline.by"] == "By Tom Quill"


def test_caption_and_byline_glued() -> None:
    raw = f"3/3 © Reuters. FILE PHOTO: The ferry in Oslo, taken 2/3 By Tom Quill (Reuters) - {REPORT}"
    copy = read_copy(raw, published=PUBLISHED)
    assert copy.text == REPORT
    assert names(copy) == [("Tom Quill", "reporter", "", "byline")]
    assert copy.associations[0].descriptions[0].value == "FILE PHOTO: The ferry in Oslo, taken"
    assert copy.dateline is not None
    assert copy.dateline.sources == ("Reuters",)


def test_byline_and_dateline_glued() -> None:
    copy = read_copy(f"By Tom Quill and Vera Sandoval OSLO (Reuters) - {REPORT}", published=PUBLISHED)
    assert copy.text == REPORT
    assert [author.name for author in copy.authors] == ["Tom Quill", "Vera Sandoval"]
    assert copy.dateline is not None
    assert copy.dateline.places == ("OSLO",)


def test_a_correction_remark_can_be_the_whole_text() -> None:
    raw = "(This March 2 story has been corrected to say 1911, not 1912, in paragraph 8)"
    copy = read_copy(raw, published=PUBLISHED)
    assert (copy.text, copy.body_map) == (raw, ())
    assert copy.correction_notes == (raw[1:-1],)


def test_the_remark_after_the_dateline() -> None:
    remark = "(This March 2 story has been corrected to say 1911, not 1912, in paragraph 8)"
    copy = read_copy(f"OSLO, March 3 (Reuters) - {remark} {REPORT}", published=PUBLISHED)
    assert (copy.text, copy.remark, copy.correction_notes) == (REPORT, remark, (remark[1:-1],))


def test_only_private_text_leaves_nothing() -> None:
    copy = read_copy("Not for publication\n\nTom Quill, +47 000 0000", published=PUBLISHED)
    assert copy.text == ""
    assert copy.not_for_publication == ("Not for publication\n\nTom Quill, +47 000 0000",)


def test_what_editors_get_is_never_published() -> None:
    raw = (
        f"Kiel (dpa) - {REPORT}\n\n# Notizblock\n\n- [Fähre](Kiel)"
        "\n\n* Die folgenden Informationen sind nicht zur Veröffentlichung bestimmt\n\n"
        "## dpa-Kontakte\n\n- Autor: Jutta Brandhorst (Kiel)"
        ", +49 431 000 111, <brandhorst@wire.example.test>\n- Redaktion: Olaf Diem (Berlin)"
    )
    copy = read_copy(raw, published=PUBLISHED)
    assert copy.text == REPORT
    assert names(copy) == [("Jutta Brandhorst", "reporter", "Kiel", "signoff"), ("Olaf Diem", "editor", "Berlin", "signoff")]
    assert copy.ed_notes == ("- [Fähre](Kiel)",)
    public = repr((copy.text, copy.ed_notes, copy.correction_notes, copy.associations, copy.authors, copy.evidence))
    assert "000 111" not in public
    assert "@" not in public
    assert "000 111" in copy.not_for_publication[0]


def test_a_note_to_editors_before_and_a_correction_after() -> None:
    raw = (
        "Eds: Adds AP Photos.\n\nBy VERA SANDOVAL and TOM QUILL=\nAssociated Press=\n\n"
        f"OSLO (AP) _ {REPORT}\n\n___\n\nSandoval reported from Bergen. Associated Press writer Bo Li in "
        "Tokyo contributed to this report.\n\n"
        "___\n\nThis story has been corrected to show that the ferry was built in 1911, not 1912."
    )
    copy = read_copy(raw, published=PUBLISHED)
    assert copy.text == REPORT
    assert copy.ed_notes == ("Adds AP Photos.",)
    assert copy.correction_notes == ("This story has been corrected to show that the ferry was built in 1911, not 1912.",)
    assert names(copy) == [
        ("VERA SANDOVAL", "reporter", "Bergen", "byline"),
        ("TOM QUILL", "reporter", "", "byline"),
        ("Bo Li", "additional_reporter", "Tokyo", "signoff"),
    ]
    assert [piece.text for piece in copy.evidence] == ["Associated Press"]


def test_the_signoff_names_the_reporters_where_no_byline_does() -> None:
    raw = f"OSLO (Reuters) - {REPORT}\n\n(Reporting by Tom Quill in Bergen; Editing by Bo Li)"
    copy = read_copy(raw, published=PUBLISHED)
    assert copy.text == REPORT
    assert names(copy) == [("Tom Quill", "reporter", "Bergen", "signoff"), ("Bo Li", "editor", "", "signoff")]


# ── one message each: (what is around the report, before and after; the rules that fire) ─────────────────────────────

AROUND = [
    ("(Adds comments, detail)\n\n", "", {"note.advisory"}),
    ("(Corrects date in paragraph 3)\n\n", "", {"correction.bracket"}),
    ("Eds: Adds full-year results.\n\n", "", {"note.advisory"}),
    ("By Reuters\n\n", "", {"byline.organisation"}),
    ("By Tom Quill\nAssociated Press\n\n", "", {"byline.by"}),
    ("By Tom Quill\n\nAssociated Press Writer\n\n", "", {"byline.by", "byline.title_line"}),
    (f"{FERRY} (AP Photo/Vera Sandoval)\n\n", "", {"caption.credit_ap"}),
    (f"{FERRY}\n(AP Photo/Vera Sandoval)\n\n", "", {"caption.credit_ap"}),
    (f"© Reuters. {FERRY}\n\nREUTERS/Vera Sandoval\n\n", "", {"caption.copyright_lead", "caption.credit_reuters"}),
    ("AP Photo XNP101, XNP102\n\n", "", {"caption.photo_numbers"}),
    (f"FILE PHOTO: {FERRY}\n\nPicture taken March 2, 2026.\n\n", "", {"caption.file_photo_lead", "caption.picture_taken"}),
    (f"{FERRY} Vera Sandoval/AFP via Getty Images\n\nBy Tom Quill\n\n", "", {"caption.credit_via_getty", "byline.by"}),
    ("", "\n\n($1 = 0.8812 euros)", {"tail.currency"}),
    ("", "\n\n(1 euro = $1.13)\n\n(Reporting by Tom Quill)", {"tail.currency", "signoff.en.reporting"}),
    ("", " (Reporting by Tom Quill; Editing by Bo Li)", {"signoff.en.reporting", "signoff.en.editing"}),
    ("", " ($1 = 10.42 Norwegian crowns)", {"tail.currency"}),
    ("", "\n(Reporting by Tom Quill)", {"signoff.en.reporting"}),
    ("", "\n\n(Reporting by Tom Quill)\n\nOur Standards: The Thomson Reuters Trust Principles.", {"tail.trust_principles"}),
    ("", "\n\n___\n\nFollow AP's coverage of ferries at https://example.test/ferries", {"tail.ruler", "tail.follow"}),
    ("", "\n\nCopyright 2026 The Associated Press. All rights reserved.", {"tail.copyright"}),
    ("", "\n\nbur-mli/jro", {"tail.initials"}),
    ("", "\n\ndpa abc/de yyon z2 a3 xyz", {"tail.dpa_signature"}),
    ("", "\n\nEnditem", {"tail.end_mark"}),
    ("", "\n\nSign up here.", {"tail.sign_up"}),
    ("", "\n\n(With inputs from PTI)", {"tail.with_inputs"}),
    ("", "\n\n(This story has not been edited by our staff and is published from a syndicated feed.)", {"tail.syndication"}),
    ("", "\n\n(This March 2 story has been corrected to say 1911, not 1912, in paragraph 8)", {"correction.bracket"}),
    ("", "\n\nNOT FOR PUBLICATION: the desk is at +47 000 0000", {"private.en"}),
    ("", "\n\n* The following information is not intended for publication *\n\n- Tel: +47 000 0000", {"private.en"}),
]


@pytest.mark.parametrize(("before", "after", "rules"), AROUND, ids=[(row[0] or row[1]).strip()[:50] for row in AROUND])
def test_what_stands_around_a_report(before: str, after: str, rules: set[str]) -> None:
    raw = f"{before}OSLO (Reuters) - {REPORT}{after}"
    copy = read_copy(raw, published=PUBLISHED)
    assert copy.text == REPORT
    assert rules <= set(copy.rules)
    assert copy.dateline is not None


@pytest.mark.parametrize(
    "paragraph",
    [
        "Norland Paper <NPA.N> rose 3 percent, and Sudmark Steel (NYSE: SST ) fell.",
        "The crown fell to 10.42 per dollar ($1 = 10.42 crowns) after the decision, and stayed there.",
        "“By law, the mill must close,” she said.",
        "Editing the list took a month, the commission said.",
        "The letter was not intended for publication, the mayor said.",
        "The picture was taken in March, the museum said.",
        "(Not all of the mills are open.)",
        "1/3 of the fleet is laid up.",
        "Copyright law is old in Norland.",
    ],
)
def test_the_report_keeps_its_paragraphs(paragraph: str) -> None:
    for raw in (f"{REPORT}\n\n{paragraph}\n\n{MORE}", f"{LEDE}\n\n{paragraph}", f"{paragraph}\n\n{MORE}"):
        assert read_copy(raw, published=PUBLISHED).text == raw


def test_photos_in_the_middle() -> None:
    copy = read_copy(f"OSLO (Reuters) - {LEDE}\n\n{FERRY} REUTERS/Vera Sandoval\n\n{MORE}", published=PUBLISHED)
    assert copy.text == REPORT
    assert [photo.by for photo in copy.associations] == ["Vera Sandoval"]


def test_the_same_photo_twice_is_one() -> None:
    photo = f"© Reuters. {FERRY} REUTERS/Vera Sandoval"
    copy = read_copy(f"{photo}\n\n{photo}\n\nOSLO (Reuters) - {REPORT}", published=PUBLISHED)
    assert len(copy.associations) == 1
    assert [author.name for author in copy.authors] == ["Vera Sandoval"]


def test_a_summary_before_the_byline_stays() -> None:
    copy = read_copy(f"Ferries are back.\n\nBy Tom Quill\n\nOSLO (Reuters) - {REPORT}", published=PUBLISHED)
    assert copy.text == f"Ferries are back.\n\n{REPORT}"
    assert [author.name for author in copy.authors] == ["Tom Quill"]


def test_dutch_names() -> None:
    assert len(read_copy(f"Door Joost Zandvliet en Bram Vermeulen\n\n{REPORT}", language="nl").authors) == 2


# ── the rules ────────────────────────────────────────────────────────────────────────────────────────────────────────


def fired(line: str) -> set[str]:
    """Every rule of the tables that fires on a line, wherever it stands."""
    zones: tuple[furniture_rules.Zone, ...] = ("tail", "edge", "any")
    return {private_rule(line), note_rule(line, zones)[0], tail_rule(line, zones)} - {""}


@pytest.mark.parametrize("rule", RULES, ids=[rule.rule for rule in RULES])
def test_each_rule_has_its_example_and_counter_example(rule: furniture_rules.Rule) -> None:
    assert rule.rule in fired(rule.example)
    assert fired(rule.counter) == set()


def test_the_tables_are_sorted_and_ids_are_unique() -> None:
    ids = [rule.rule for rule in RULES]
    assert ids == sorted(set(ids))
    for rule, example in ADVISORY_RULES:
        assert rule in fired(example)


# ── properties ───────────────────────────────────────────────────────────────────────────────────────────────────────

BLOCKS = [row[0].strip() or row[1].strip() for row in AROUND]
BLOCKS += [
    LEDE,
    MORE,
    f"OSLO (Reuters) - {LEDE}",
    "",
    " ",
    "\n",
    "(",
    "By Tom Quill (Reuters) - ",
    "2/3",
    "©",
    "\u00a0",
    "\u2028",
]
messages = st.lists(st.sampled_from(BLOCKS) | hostile_text, max_size=8).flatmap(
    lambda blocks: st.sampled_from(("\n\n", "\n", " ", "\n \n")).map(lambda gap: gap.join(blocks))
)


def check(raw: str, copy: Copy) -> None:
    """Text and ranges make up the original, and every offset tells the truth."""
    position, kept = 0, []
    for start, end, rule in copy.body_map:
        assert position <= start < end <= len(raw)
        assert rule
        kept.append(raw[position:start])
        position = end
    assert "".join(kept) + raw[position:] == copy.text
    if copy.dateline:
        assert raw[copy.dateline.start : copy.dateline.end] == copy.dateline.text
    for private in copy.not_for_publication:
        assert private in raw
    assert len({photo.name for photo in copy.associations}) == len(copy.associations)


@given(messages, st.sampled_from(("", LEDE, "Old ferry sails again By Reuters")))
def test_text_and_ranges_make_up_the_original(raw: str, headline: str) -> None:
    check(raw, read_copy(raw, headline=headline, published=PUBLISHED))


@given(messages)
def test_a_normal_text_stays_normal(raw: str) -> None:
    raw = paragraphs(raw)
    copy = read_copy(raw, published=PUBLISHED)
    check(raw, copy)
    assert paragraphs(copy.text) == copy.text
    assert bool(copy.text) == bool(raw) or copy.not_for_publication


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "By A B ",
        "© Reuters. ",
        "1/3 ",
        " \n",
        "(AP Photo/",
        "A/AFP ",
        "___\n\n",
        "($1 = ",
        "Reporting by A B; ",
        "\n\n(Reporting by A B)",
        "© Reuters. A. REUTERS/A B\n\n",
        "not for publication\n",
        "A B reported from C. ",
        "Notizblock\n",
        "(This story ",
        "A in B, ",
    ],
)  # fmt: skip
def test_cost_is_linear(piece: str) -> None:
    """Eight times the text costs about eight times the time, and never a second."""
    times = []
    for size in (20_000, 160_000):
        raw = (piece * (size // len(piece) + 1))[:size]
        times.append(min(_cost(raw) for _ in range(2)))
    assert times[1] < 30 * max(times[0], 0.002), times
    assert times[1] < 1.0, times


def _cost(raw: str) -> float:
    began = time.perf_counter()
    read_copy(raw, headline="Old ferry sails again", published=PUBLISHED)
    return time.perf_counter() - began


@pytest.mark.parametrize(
    ("field", "raw", "text", "printed", "located"),
    [  # the field, the text, what stays of it, the dateline found in it, where that is
        ("Hamburg (dpa) - ", "Hamburg (dpa) - Ein Schiff sank.", "Ein Schiff sank.", "Hamburg (dpa) -", "Hamburg"),
        ("Hamburg (dpa/lno) - ", "Hamburg (dpa/lno) - auf der Elbe.", "auf der Elbe.", "Hamburg (dpa/lno) -", "Hamburg"),
        ("Hamburg (dpa) -", "Hamburg\u00a0(dpa) - auf der Elbe.", "auf der Elbe.", "Hamburg\u00a0(dpa) -", "Hamburg"),
        ("Kiel (dpa) - ", "Hamburg (dpa) - Ein Schiff sank.", "Ein Schiff sank.", "Hamburg (dpa) -", "Hamburg"),
        ("Hamburg (dpa) - ", "Ein Schiff sank.", "Ein Schiff sank.", "", ""),
        ("Hamburg", "Hamburg braucht Schiffe.", "Hamburg braucht Schiffe.", "", ""),
    ],
)
def test_a_dateline_that_a_field_states_too_is_cut_once(field: str, raw: str, text: str, printed: str, located: str) -> None:
    copy = read_copy(raw, dateline=field)
    assert (copy.text, copy.located) == (text, located)
    assert (copy.dateline.text if copy.dateline else "") == printed
    if copy.dateline:
        assert raw[copy.dateline.start : copy.dateline.end] == printed
        assert copy.dateline.in_ == "body_raw"


def test_rule_ids_are_those_of_the_tables() -> None:
    known = {rule.rule for rule in RULES} | {rule for rule, _ in (*ADVISORY_RULES, *captions.RULES, *signoff.RULES)}
    assert {"tail.currency", "note.advisory", "caption.credit_ap", "signoff.en.editing"} <= known
