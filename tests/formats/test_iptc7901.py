"""IPTC 7901: header line, heading, paragraphs, the date-time group, charsets, identity; whole and without control bytes."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import iptc7901
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import NOW, raw_item

DAY = (Path(__file__).parent / "wires" / "iptc7901_day.wire").read_bytes()
HEAD = b"\x01abc0123 4 pl 210 xyz-tnt\r\n"
TIME = b"\r\n\x03131137 GMT Nov 13\r\n"


def parsed(value: bytes, **over: object) -> Parsed:
    """The facts of a message."""
    found = iptc7901.parse(raw_item(value=value, format="iptc7901", **over))
    assert isinstance(found, Parsed)
    return found


def test_a_whole_message_field_by_field() -> None:
    found = parsed(iptc7901.items(DAY)[0])
    assert found.headline == "Ferry returns after winter of repairs"
    assert found.slugline == "Harbour/Ferry"
    assert found.byline == "By Jane Doe, xyz"
    assert found.ed_notes == ("(Photo)",)
    assert found.body_text.split("\n\n") == [
        "Porto-Novo (xyz) - The ferry came back on Wednesday, and it was about time, said its master, André König.",
        "Its horn was heard at noon.",
    ]
    assert found.credit_line == "xyz jd"
    assert (found.priority, found.urgency, found.urgency_scale) == ("4", "4", "iptc")
    assert (found.category, found.service) == ("pl", "abc")
    assert found.published == "2013-11-13T11:37:00 GMT"
    assert found.guid == "urn:newswire:iptc7901:abc:0123:2013-11-13"
    assert found.charset == "cp850 (letters)"


def test_paragraphs_by_indent_and_a_slug_before_the_text() -> None:
    found = parsed(iptc7901.items(DAY)[1])
    assert (found.slugline, found.headline) == ("Rowing", "Red crew wins")
    assert found.body_text == "Porto-Novo (xyz) - The red crew won.\n\nBlue came second."


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "cp850"])
def test_the_day_of_the_id_is_known_in_every_charset_of_its_month(charset: str) -> None:
    message = HEAD + "\x02Fähre =\r\n\r\nText.\r\n\x03010810 GMT Mär 26\r\n".encode(charset)
    assert iptc7901.guid(message) == "urn:newswire:iptc7901:abc:0123:2026-03-01"


def test_headings_and_lists_of_a_notebook_keep_their_lines() -> None:
    """So that the line before what is for editors only is seen as one."""
    notes = b"\x02Ferry =\r\n\r\nText of\r\ntwo lines.\r\n\r\n## Contacts\r\n- Jane Doe\r\n- John Roe\r\n"
    assert parsed(HEAD + notes + TIME).body_text == "Text of two lines.\n\n## Contacts\n\n- Jane Doe\n\n- John Roe"


@pytest.mark.parametrize("end", [b"\r\r\n", b"\n", b"\r\n"])
def test_gateways_that_drop_control_bytes_and_bend_line_ends(end: bytes) -> None:
    whole = iptc7901.items(DAY)[0]
    bare = whole.replace(b"\r\r\n", end).translate(None, b"\x01\x02\x03")
    assert iptc7901.is_iptc7901(bare)
    found, expected = parsed(bare), parsed(whole)
    assert (found.headline, found.body_text, found.published, found.guid) == (
        expected.headline,
        expected.body_text,
        expected.published,
        expected.guid,
    )


@pytest.mark.parametrize(
    ("line", "now", "sent"),
    [
        ("131137 GMT Nov 13", "", "2013-11-13T11:37:00 GMT"),
        ("211259 Nov 18", "", "2018-11-21T12:59:00"),
        ("242200 GMT Jun 17", "", "2017-06-24T22:00:00 GMT"),
        ("241205 CET Dez 2025", "", "2025-12-24T12:05:00 CET"),
        ("131137Z Nov", "2026-03-01T00:00:00Z", "2025-11-13T11:37:00 Z"),
        ("311200 GMT Dec", "2026-01-01T00:00:00Z", "2025-12-31T12:00:00 GMT"),
        ("311200 GMT", "2026-03-01T00:00:00Z", "2026-01-31T12:00:00 GMT"),
        ("290000 GMT Feb", "2026-03-01T00:00:00Z", "2024-02-29T00:00:00 GMT"),
        ("310000 GMT Feb 20", "", ""),
        ("131137 GMT Foo 13", "", ""),
        ("131137", "2026-03-01T00:00:00Z", ""),
        ("131137 GMT Nov", "", ""),
    ],
)
def test_the_date_time_group(line: str, now: str, sent: str) -> None:
    found = parsed(HEAD + b"\x02A\r\n\r\nB\r\n\x03" + line.encode(), fetched_at=now)
    assert found.published == sent
    assert ("iptc7901.no_time" in found.problems) is (not sent)


def test_messages_of_a_file_come_apart() -> None:
    for document in (DAY, b"\x16\x16" + DAY, DAY.translate(None, b"\x01\x02\x03")):
        assert [iptc7901.guid(piece) for piece in iptc7901.items(document)] == [
            "urn:newswire:iptc7901:abc:0123:2013-11-13",
            "urn:newswire:iptc7901:abc:0124:2013-11-13",
        ]
    assert iptc7901.items(b"A note.") == (b"A note.",)


def test_a_message_without_a_time_is_named_by_source_and_serial() -> None:
    assert iptc7901.guid(HEAD + b"\x02A\r\n\x03", NOW) == "urn:newswire:iptc7901:abc:0123"


@pytest.mark.parametrize(
    ("charset", "evidence"), [("utf-8", "utf-8 (valid)"), ("cp1252", "cp1252 (default)"), ("cp850", "cp850 (letters)")]
)
def test_charsets_with_evidence(charset: str, evidence: str) -> None:
    text = "Fähren für Söhne: la señora, l’été, fünf Höfe" if charset != "cp850" else "Fähren für Söhne: la señora, fünf Höfe"
    found = parsed(HEAD + b"\x02Kopf\r\n\r\n" + text.encode(charset) + TIME)
    assert (found.body_text, found.charset) == (text, evidence)


def test_what_is_no_message_is_refused() -> None:
    found = iptc7901.parse(raw_item(value=b"A note.", format="iptc7901"))
    assert found == Reject(Reason.UNKNOWN_FORMAT, "no IPTC 7901 header line")


@given(
    st.lists(
        st.sampled_from([b"\r\n", b"\x02", b"\x03", b"   ", b"=", b"/", b"By A B", b"(x)", b"131137 GMT", b"\x01abc0123 4 pl 1"])
        | st.binary(max_size=9),
        max_size=40,
    ).map(b"".join)
)
def test_no_bytes_make_it_raise_and_messages_lose_nothing(body: bytes) -> None:
    value = HEAD + body + TIME
    pieces = iptc7901.items(value)
    assert b"".join(pieces) == value
    for piece in pieces:
        assert isinstance(iptc7901.parse(raw_item(value=piece, format="iptc7901", fetched_at=NOW)), Parsed | Reject)


@pytest.mark.parametrize(
    "piece", [b"\t \n", b"\r", b" ", b"=\n", b"By A B\n", b"\n131137 GMT Nov 13", b"\x01abc0123 4 pl 1\n", b"a\x84b", b"\x03"]
)
def test_a_hostile_megabyte_costs_what_a_megabyte_costs(piece: bytes) -> None:
    """Seconds of CPU, where anything quadratic in a run of one thing takes minutes."""
    value = HEAD + b"\x02" + piece * ((1 << 20) // len(piece))
    began = time.process_time()
    for part in iptc7901.items(value)[:3]:
        iptc7901.parse(raw_item(value=part, format="iptc7901"))
    assert time.process_time() - began < 3.0


def test_a_file_of_too_many_messages_stays_whole_and_says_so() -> None:
    value = HEAD * 10_001
    assert iptc7901.items(value) == (value,)
    assert "iptc7901.further_messages" in parsed(value).problems
    assert "iptc7901.further_messages" not in parsed(HEAD).problems
