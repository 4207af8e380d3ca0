"""The small grammars of wire copy: example tables, and the properties that hold for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wire.byline import joined, persons
from pipeline.wire.language import guess, language_tag
from pipeline.wire.links import absolute
from pipeline.wire.plain import content_digest, paragraphs
from tests.strategies import hostile_text


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ("By Mara Lindqvist", ("Mara Lindqvist",)),
        ("By Mara Lindqvist, Tom Okafor and Ana Quist", ("Mara Lindqvist", "Tom Okafor", "Ana Quist")),
        ("Mara Lindqvist, Tom Okafor, and Ana Quist", ("Mara Lindqvist", "Tom Okafor", "Ana Quist")),
        ("Von Jana Brandt und Léa Martin", ("Jana Brandt", "Léa Martin")),
        ("Lindqvist, Mara", ("Lindqvist, Mara",)),
        ("Mara Lindqvist and Reuters", ("Mara Lindqvist",)),
        ("田中太郎", ("田中太郎",)),
        ("By Reuters", ()),
        ("The Associated Press", ()),
        ("Gazette Staff", ()),
        ("admin", ()),
        ("coast_fan77", ()),
        ("mara@example.test", ()),
        ("", ()),
    ],
)
def test_bylines_name_persons_only(raw: str, names: tuple[str, ...]) -> None:
    assert persons(raw) == names


def test_names_are_joined_as_they_are_printed() -> None:
    assert [joined(names) for names in ((), ("A",), ("A", "B"), ("A", "B", "C"))] == ["", "A", "A and B", "A, B and C"]


@pytest.mark.parametrize(
    ("link", "base", "expected"),
    [
        ("https://example.test/a?b=1&c=2", "", "https://example.test/a?b=1&c=2"),
        ("/a b", "https://example.test/c/d", "https://example.test/a%20b"),
        ("//other.example.test/x", "https://example.test/", "https://other.example.test/x"),
        ("?q=1", "https://example.test/a", "https://example.test/a?q=1"),
        ("http://exämple.test/ü", "", "http://xn--exmple-cua.test/%C3%BC"),
        ("https://user:secret@example.test/", "", "https://example.test/"),
        ("java\nscript:alert(1)", "https://example.test/", ""),
        ("JAVASCRIPT:alert(1)", "https://example.test/", ""),
        ("data:text/html,x", "https://example.test/", ""),
        ("mailto:a@example.test", "", ""),
        ("ftp://example.test/", "", ""),
        ("http:///nohost", "", ""),
        ("http://<script>/", "", ""),
        ("http://[::1", "", ""),
        ("http://example.test:99999/", "", ""),
        ("/relative", "", ""),
        ("/relative", "file:feed.xml", ""),
        ("https://example.test/" + "a" * 5000, "", ""),
    ],
)
def test_links(link: str, base: str, expected: str) -> None:
    assert absolute(link, base) == expected


@given(hostile_text)
def test_a_link_is_http_or_nothing_and_stays_as_it_is(raw: str) -> None:
    link = absolute(raw, "https://example.test/a/")
    assert link == "" or link.startswith(("http://", "https://"))
    assert link.isascii()
    assert absolute(link) == link or len(link) > 4096


@pytest.mark.parametrize(
    ("raw", "tag"),
    [
        ("en-us", "en-US"), ("EN", "en"), ("pt_BR", "pt-BR"), ("zh-hans-cn", "zh-Hans-CN"), ("de-AT-1996", "de-AT-1996"),
        ("deu", "de"), ("iw", "he"), ("english", ""), ("us", ""), ("x-default", ""), ("und", ""), ("en us", ""), ("", ""),
        ("e", ""), ("en-" * 99, ""),
    ],
)  # fmt: skip
def test_language_tags(raw: str, tag: str) -> None:
    assert language_tag(raw) == tag


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The harbour stays closed on Monday, the ministry said", "en"),
        ("Der Hafen bleibt am Montag geschlossen, teilte das Ministerium mit", "de"),
        ("Порт залишиться зачиненим у понеділок, повідомило міністерство", "uk"),
        ("4711 / 12", "und"),
        ("", "und"),
    ],
)
def test_language_is_guessed_or_left_open(text: str, language: str) -> None:
    assert guess(text).language == language


@given(hostile_text | st.text())
def test_plain_text_is_clean_and_idempotent(raw: str) -> None:
    text = paragraphs(raw)
    assert paragraphs(text) == text
    assert "\n\n\n" not in text
    assert text == text.strip()
    assert text.encode("utf-8").decode() == text
    assert not set(text) & {chr(code) for code in range(32) if code != 10}


def test_content_is_the_same_whatever_its_spacing_case_and_width() -> None:
    assert content_digest("Ｆull  width", "a\n\nb…") == content_digest("full width", "A b...")
    assert content_digest("a", "b") != content_digest("ab", "")
