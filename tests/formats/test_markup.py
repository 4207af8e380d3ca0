"""HTML: what comes out is safe, its text is readable, and no input takes long."""

import re
import time
from collections.abc import Callable

import nh3
import pytest
from hypothesis import given

from pipeline.formats import markup
from pipeline.formats.markup import HTML_CHARS_MAX, HTML_TAGS_MAX, safe_html, text_of_html, text_of_safe
from tests.strategies import hostile_text

BASE = "https://example.test/a/"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div>two<br>three<br><br>four", "One\n\ntwo\nthree\n\nfour"),
        ("<ul><li>a</li>\n<li>b</li></ul>", "a\n\nb"),
        ("in<b>li</b>ne &amp; <i>so</i>\n on", "inline & so on"),
        ("1 < 2 &lt;b&gt; 3 &gt; 2", "1 < 2 <b> 3 > 2"),
        ("a<script>x</script>b<style>y</style>c<!-- z -->d", "abcd"),
        ("&nbsp;&#8220;q&#8221;&#x201d;&hellip;", "“q””…"),
        ("&#xD800;&#99999999999999999999;", "��"),
        ("", ""),
    ],
)
def test_both_ways_to_the_text_agree(html: str, text: str) -> None:
    assert text_of_safe(safe_html(html, BASE) or "") == text
    assert text_of_html(html).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("html", ['cut <a href="http://x', "cut <!-- never closed", "cut <script>never closed", "cut <b"])
def test_a_text_cut_inside_a_tag_keeps_what_stands_before(html: str) -> None:
    assert text_of_html(html) == "cut"


@given(hostile_text)
def test_nothing_dangerous_survives(raw: str) -> None:
    html = safe_html(raw, BASE)
    assert html is not None
    attributes = {name: {*kept, "rel"} for name, kept in markup.ATTRIBUTES.items()}
    again = nh3.clean(html, tags=markup.TAGS, attributes=attributes, link_rel=None)
    assert again.replace("\ufeff", "") == html.replace("\ufeff", "")  # a parser drops a mark at the beginning
    assert not re.search(r"<(?:script|style|iframe|svg|form|input)\b|\son\w+=|(?:href|src)=\"(?!https?:)", html)


@given(hostile_text)
def test_texts_have_no_tags_left_but_those_that_were_escaped(raw: str) -> None:
    if "&" not in raw:
        assert not re.search(r"<(?:p|br|b|script|div|img)\b", text_of_html(raw))


HOSTILE: dict[str, Callable[[int], str]] = {
    "tags": lambda n: "<" * n,
    "open tags": lambda n: "<p " * (n // 3),
    "quotes": lambda n: '<a "' * (n // 4),
    "nested": lambda n: "<div>" * (n // 5),
    "references": lambda n: "&a" * (n // 2),
    "comments": lambda n: "<!--" * (n // 4),
    "scripts": lambda n: "<script>" * (n // 8),
    "script ends": lambda n: "<script></scrip" * (n // 15),
    "spaces": lambda n: " \n" * (n // 2),
    "one attribute": lambda n: '<a href="' + "x" * n,
    "attributes": lambda n: "<a " + "".join(f"a{i} " for i in range(n // 7)) + ">",
    "digits": lambda n: "&#" + "9" * n + ";",
    "half data": lambda n: ";base64," + "data:a" * (n // 6),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_cost_grows_in_proportion(make: Callable[[int], str]) -> None:
    """Eight times the text may take sixteen times as long, not sixty-four; and nh3 is never given what it cannot do quickly."""

    def cost(size: int) -> float:
        html = make(size)
        best = 9.0
        for _ in range(3):
            start = time.process_time()
            text_of_html(html)
            safe_html(html, BASE)
            best = min(best, time.process_time() - start)
        return best

    small, large = cost(64 << 10), cost(512 << 10)
    assert large < 16 * max(small, 0.002)


@pytest.mark.parametrize("html", ["<b>" * (HTML_TAGS_MAX + 1), "x" * (HTML_CHARS_MAX + 1)])
def test_what_is_too_large_to_clean_is_not_cleaned(html: str) -> None:
    assert safe_html(html, BASE) is None


def test_an_embedded_picture_does_not_make_a_text_too_large() -> None:
    html = f'<p>Text <img src="data:image/png;base64,{"A" * HTML_CHARS_MAX}" alt="map"></p>'
    assert safe_html(html, BASE) == "<p>Text </p>"
