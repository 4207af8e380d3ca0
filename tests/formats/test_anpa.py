"""ANPA 1312: header lines, copy about the text, paragraphs, tables, identity; whole, without control bytes, several in a file."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import anpa
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from pipeline.wire.urgency import ANPA_LETTERS
from tests.builders import NOW, raw_item

DAY = (Path(__file__).parent / "wires" / "anpa_day.wire").read_bytes()
HEAD = b"\x16\x16\x01V0412\x1fabcd-\r\nr i\x13\x11 BC-Example 02-10 0416\r\n\x02"
TAIL = b"\r\n\t   AP-WF-02-10-16 0423GMT<\r\n\x03\x04"


def parsed(body: bytes, *, head: bytes = HEAD, tail: bytes = TAIL, **over: object) -> Parsed:
    """The facts of a message with this inside."""
    found = anpa.parse(raw_item(value=head + body + tail, format="anpa", **over))
    assert isinstance(found, Parsed)
    return found


def test_a_whole_message_field_by_field() -> None:
    found = anpa.parse(raw_item(value=anpa.items(DAY)[0], format="anpa"))
    assert isinstance(found, Parsed)
    assert found.headline == "Harbor ferry returns after a winter of repairs"
    assert found.summary == "The ferry between the two banks of the lagoon sails again."
    assert (found.slugline, found.signals) == ("BC-AF--Harbor Ferry", ("1st Ld-Writethru",))
    assert found.ed_notes == ("AP Photo XEX101, XEX102", "Eds: Updates with quotes. With AP Photos.")
    assert (found.byline, found.credit_line) == ("By JANE DOE and JOHN ROE", "Associated Press")
    assert (found.priority, found.urgency, found.urgency_scale) == ("r", "r", "anpa")
    assert (found.category, found.service) == ("i", "V abcd")
    assert found.published == "2016-02-10T04:23:00 GMT"
    assert found.guid == "urn:newswire:anpa:ap:v:0412:2016-02-10"
    assert found.body_text.split("\n\n") == [
        "PORTO-NOVO, Benin (AP) — The ferry came back on Wednesday, and “it was about time,” said its master.",
        "Its well-known horn was heard at noon.",
        "___",
        "AP writer Ann Example contributed to this report.",
    ]
    assert set(found.rules) >= {"anpa.tail", "anpa.ed_note", "anpa.photo_line", "anpa.byline", "anpa.quotes", "anpa.dash"}


def test_a_table_keeps_its_rows_and_is_preformatted() -> None:
    found = anpa.parse(raw_item(value=anpa.items(DAY)[1], format="anpa"))
    assert isinstance(found, Parsed)
    assert found.body_text == "Crew; W; L; Pts\nRed; 3; 1; 10\nBlue; 2; 2; 7"
    assert found.body_html == "<pre>Crew; W; L; Pts\nRed; 3; 1; 10\nBlue; 2; 2; 7</pre>"
    assert found.embargo == "For Release MON AMs"
    assert (found.urgency, found.published) == ("u", "2016-02-10T05:00:00 GMT")


def test_rows_amid_prose_are_a_table_and_a_sentence_with_semicolons_is_none() -> None:
    found = parsed(b"^A<\r\n\t   One; two; three.\r\n\t   Prose.\r\na; 1; <2>\r\nb; 3; 4\r\n\t   The end.")
    assert found.body_text == "One; two; three.\n\nProse.\n\na; 1; <2>\nb; 3; 4\n\nThe end."
    assert "<pre>a; 1; &lt;2&gt;\nb; 3; 4</pre>" in found.body_html
    assert found.rules.count("anpa.agate_table") == 1


@pytest.mark.parametrize("letter", ANPA_LETTERS)
def test_priority_letters_are_kept_as_they_are(letter: str) -> None:
    found = parsed(b"^A<\r\n\t B", head=HEAD.replace(b"\nr ", b"\n" + letter.encode() + b" "))
    assert (found.priority, found.urgency) == (letter, letter)


def test_a_letter_off_the_scale_is_a_priority_without_urgency() -> None:
    found = parsed(b"^A<\r\n\t B", head=HEAD.replace(b"\nr ", b"\nz "))
    assert (found.priority, found.urgency, found.urgency_scale) == ("z", "", "")


@pytest.mark.parametrize(
    ("slug_line", "slug", "signals"),
    [
        (b"^BC-AS--Sea Wall, 3rd Ld-Writethru,827<", "BC-AS--Sea Wall", ("3rd Ld-Writethru",)),
        (b"^BC-AS--Sea Wall,827<", "BC-AS--Sea Wall", ()),
        (b"^AM-Sea Wall, ADV03, 1st Add<", "AM-Sea Wall", ("ADV03, 1st Add",)),
        (b"^BC-Sea-Wall 2nd Ld<", "BC-Sea-Wall", ("2nd Ld",)),
        (b"", "BC-Example", ()),
    ],
)
def test_slug_take_key_and_version(slug_line: bytes, slug: str, signals: tuple[str, ...]) -> None:
    found = parsed(slug_line + b"\r\n^Head<\r\n\t Text.")
    assert (found.slugline, found.signals, found.headline) == (slug, signals, "Head")


def test_gateways_that_drop_control_bytes_and_bend_line_ends() -> None:
    whole = anpa.parse(raw_item(value=anpa.items(DAY)[0], format="anpa"))
    for end in (b"\r\r\n", b"\n", b"\r\n"):
        bare = anpa.items(DAY)[0].translate(None, b"\x01\x02\x03\x04\x11\x13\x16").replace(b"\x1f", b"").replace(b"\r\n", end)
        assert anpa.is_anpa(bare)
        assert anpa.parse(raw_item(value=bare, format="anpa")) == whole


def test_messages_of_a_file_come_apart_with_or_without_control_bytes() -> None:
    bare = DAY.translate(None, b"\x01\x02\x03\x04\x11\x12\x13\x14\x16")
    for document in (DAY, bare, b"\r\n" + DAY):
        pieces = anpa.items(document)
        assert [anpa.guid(piece) for piece in pieces] == [
            "urn:newswire:anpa:ap:v:0412:2016-02-10",
            "urn:newswire:anpa:ap:v:0413:2016-02-10",
        ]
    assert anpa.items(b"A note.") == (b"A note.",)


def test_a_guid_has_its_day_from_the_tail_else_from_the_header_and_the_ingest_time() -> None:
    message = HEAD.replace(b"02-10", b"12-31") + b"^A<\r\n\t B\r\n\x03"
    assert anpa.guid(message, "2026-01-01T00:30:00Z") == "urn:newswire:anpa::v:0412:2025-12-31"
    assert anpa.guid(message, "2025-12-30T23:30:00Z") == "urn:newswire:anpa::v:0412:2025-12-31"  # a day ahead in Sydney
    assert anpa.guid(message) == "urn:newswire:anpa::v:0412:12-31"
    assert anpa.guid(message + TAIL, "2026-01-01T00:30:00Z") == "urn:newswire:anpa:ap:v:0412:2016-02-10"
    assert anpa.guid(b"A note.") == ""


def test_charsets_with_evidence() -> None:
    body = "^A<\r\n\t Die Fähre fährt für König Jörg über den Rhein."
    for charset, evidence in (("utf-8", "utf-8 (valid)"), ("latin-1", "cp1252 (default)"), ("cp850", "cp850 (letters)")):
        found = parsed(body.encode(charset))
        assert found.body_text == "Die Fähre fährt für König Jörg über den Rhein."
        assert found.charset == evidence
    assert parsed(b"^A<\r\n\t B").charset == "ascii (7 bit)"
    assert parsed("^A<\r\n\t Кома".encode("cp1251"), charset="cp1251").body_text == "Кома"


@pytest.mark.parametrize(
    ("rule", "pattern", "example"), [(rule, pattern, example) for rule, pattern, example in anpa.HEADER_RULES]
)
def test_each_rule_of_the_header_matches_its_example_first(rule: str, pattern: object, example: str) -> None:
    assert next(rule_ for rule_, pattern_, _ in anpa.HEADER_RULES if pattern_.match(example)) == rule


@pytest.mark.parametrize(("rule", "pattern", "mark", "example"), anpa.MARK_RULES)
def test_each_typewriter_mark_becomes_its_own(rule: str, pattern: object, mark: str, example: str) -> None:
    found = parsed(b"^A<\r\n\t " + example.encode())
    assert mark in found.body_text
    assert rule in found.rules


def test_what_is_no_message_is_refused() -> None:
    found = anpa.parse(raw_item(value=b"A note.\n\nAbout nothing.", format="anpa"))
    assert found == Reject(Reason.UNKNOWN_FORMAT, "no ANPA header lines")
    large = anpa.parse(raw_item(value=HEAD + b"x" * (3 << 20), format="anpa"))
    assert isinstance(large, Reject)
    assert large.reason is Reason.ITEM_TOO_LARGE


@given(
    st.lists(
        st.sampled_from(
            [b"^", b"<\r\n", b"=\r\n", b"\t ", b";", b"``", b"_", b"\x01", b"\x03", b"By A B", b"Eds: x", b"\x80\xff"]
        )
        | st.binary(max_size=9),
        max_size=40,
    ).map(b"".join)
)
def test_no_bytes_make_it_raise_and_messages_lose_nothing(body: bytes) -> None:
    value = HEAD + body + TAIL
    pieces = anpa.items(value)
    assert b"".join(pieces) in (value, value[2:])  # the SYN bytes before the first SOH
    for piece in pieces:
        found = anpa.parse(raw_item(value=piece, format="anpa", fetched_at=NOW))
        assert isinstance(found, Parsed | Reject)


@pytest.mark.parametrize(
    "piece", [b"\x16", b"\r", b" ", b"^<\r\n", b"a;b;c\r\n", b"``", b"V0412\n", b"\x01V0412\x1fa\nr i ", b"<", b"^Eds: a<\n"]
)
def test_a_hostile_megabyte_costs_what_a_megabyte_costs(piece: bytes) -> None:
    """Seconds of CPU, where anything quadratic in a run of one thing takes minutes."""
    value = HEAD + piece * ((1 << 20) // len(piece))
    began = time.process_time()
    for part in anpa.items(value)[:3]:
        anpa.parse(raw_item(value=part, format="anpa"))
    assert time.process_time() - began < 3.0
