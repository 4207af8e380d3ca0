"""What a record offers as HTML can be shown as it is, whatever a feed sends: own attacks through every format that has HTML."""

from collections.abc import Callable
from xml.sax.saxutils import escape

import pytest

from pipeline import codec
from pipeline.article import Article
from pipeline.records import Emit, RawItem
from pipeline.stages.normalize import normalize
from tests.builders import NOW, atom, raw_item, rss
from tests.formats.xss_vectors import FAMILIES
from tests.safe_html import dangers, is_canonical

VECTORS = [(family, vector) for family, vectors in FAMILIES.items() for vector in vectors]
VECTORS_MIN = 120


def described(html: str) -> RawItem:
    """In an RSS description, escaped."""
    return raw_item(value=rss(f"<title>Bridge</title><description>{escape(html)}</description>"))


def encoded(html: str) -> RawItem:
    """In the content module, escaped."""
    return raw_item(value=rss(f"<title>Bridge</title><content:encoded>{escape(html)}</content:encoded>"))


def in_atom(html: str) -> RawItem:
    """In Atom content of type html."""
    return raw_item(value=atom(f'<title>Bridge</title><content type="html">{escape(html)}</content>'), format="atom")


def as_it_stands(html: str) -> RawItem:
    """In Atom content of type xhtml, well-formed or not."""
    content = f'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{html}</div></content>'
    return raw_item(value=atom(f"<title>Bridge</title>{content}"), format="atom")


def in_json_feed(html: str) -> RawItem:
    """In JSON Feed's content_html."""
    item = {"id": "1", "url": "https://example.test/1", "title": "Bridge", "content_html": html}
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Example World", "items": [item]}
    return raw_item(value=codec.dumps(feed), format="jsonfeed")


def in_ninjs_1(html: str) -> RawItem:
    """In body_html."""
    return raw_item(value=codec.dumps({"uri": "urn:example:1", "headline": "Bridge", "body_html": html}), format="ninjs")


def in_ninjs_3(html: str) -> RawItem:
    """In a body of type text/html."""
    body = {"role": "main", "contentType": "text/html", "value": html}
    item = {"uri": "urn:example:1", "standard": {"name": "ninjs", "version": "3.1"}, "bodies": [body]}
    return raw_item(value=codec.dumps({**item, "headlines": [{"role": "main", "value": "Bridge"}]}), format="ninjs")


CARRIERS = (described, encoded, in_atom, as_it_stands, in_json_feed, in_ninjs_1, in_ninjs_3)


def article_of(carrier: Callable[[str], RawItem], vector: str) -> Article:
    """The article of an item with two paragraphs and the vector between them."""
    verdict = normalize(carrier(f"<p>Water rose.</p>{vector}<p>It fell.</p>"), {}, NOW)
    assert isinstance(verdict, Emit), verdict
    assert isinstance(verdict.record, Article)
    return verdict.record


def html_of(article: Article) -> list[str]:
    """Everything the record gives as HTML."""
    associated = [text for one in article.associations for text in (*one.headlines, *one.descriptions)]
    texts = (*article.headlines, *article.bodies, *article.descriptions, *associated)
    assert {text.content_type for text in texts} <= {"text/plain", "text/html"}
    return [text.value for text in texts if text.content_type == "text/html"]


def links_of(article: Article) -> list[str]:
    """Every link the record gives apart from HTML."""
    renditions = (*article.renditions, *(rendition for one in article.associations for rendition in one.renditions))
    return [rendition.href for rendition in renditions if rendition.href]


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier.__name__)
@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_of_a_family_is_left(family: str, carrier: Callable[[str], RawItem]) -> None:
    for vector in FAMILIES[family]:
        article = article_of(carrier, vector)
        for html in html_of(article):
            assert dangers(html) == [], (vector, html)
            assert is_canonical(html), (vector, html)
        assert all(link.startswith(("https://", "http://")) for link in links_of(article)), vector


@pytest.mark.parametrize("carrier", [each for each in CARRIERS if each is not as_it_stands], ids=lambda carrier: carrier.__name__)
def test_the_text_before_an_attack_is_kept_and_shown(carrier: Callable[[str], RawItem]) -> None:
    """So that the sweep above does not pass on records that offer no HTML at all."""
    for family, vector in VECTORS:
        article = article_of(carrier, vector)
        assert article.body_text.startswith("Water rose."), (family, vector)
        assert any("Water rose." in html for html in html_of(article)), (family, vector)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "java\tscript:alert(1)", "vbscript:x", " javascript:x"]
)
def test_no_field_for_links_carries_another_scheme(link: str) -> None:
    """At most what is no scheme to anybody, after a space that may stand for a tab, is a relative link."""
    enclosure = f'<enclosure url="{escape(link)}" type="audio/mpeg"/>'
    items = (
        raw_item(value=rss(f"<title>Bridge</title><link>{link}</link><guid>{link}</guid>{enclosure}")),
        raw_item(value=atom(f'<title>Bridge</title><link href="{link}"/><link rel="enclosure" href="{link}"/>'), format="atom"),
        raw_item(
            value=codec.dumps({"uri": "urn:example:1", "headline": "Bridge", "renditions": {"web": {"href": link}}}),
            format="ninjs",
        ),
        raw_item(
            value=codec.dumps(
                {
                    "version": "https://jsonfeed.org/version/1",
                    "items": [{"id": "1", "title": "Bridge", "url": link, "external_url": link, "image": link}],
                }
            ),
            format="jsonfeed",
        ),
    )
    for item in items:
        verdict = normalize(item, {}, NOW)
        assert isinstance(verdict, Emit)
        assert isinstance(verdict.record, Article)
        links = [*links_of(verdict.record), verdict.record.pipeline.identity.link]
        assert [found for found in links if found and not found.startswith("https://example.test/")] == []


# ── the checker itself ───────────────────────────────────────────────────────────────────────────────────────────────


def test_there_are_enough_vectors_and_none_twice() -> None:
    assert len(VECTORS) == len({vector for _, vector in VECTORS}) >= VECTORS_MIN


@pytest.mark.parametrize(("family", "vector"), VECTORS)
def test_every_vector_is_seen_to_be_dangerous_before_it_is_cleaned(family: str, vector: str) -> None:
    assert dangers(vector) != []


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>x</p><script>y</script>", ["element script"]),
        ('<p onclick="x">y</p>', ["attribute onclick of p"]),
        ('<a href="JAVA\tSCRIPT&colon;x">y</a>', ["href of scheme 'javascript'"]),
        ('<a href="\x01data:x">y</a>', ["href of scheme 'data'"]),
        ('<a href="/relative">y</a>', ["href of scheme ''"]),
        ('<img src="mailto:a@b.test">', ["src of scheme 'mailto'"]),
        ("<!-- x -->", ["comment"]),
        ('<p style="color:red">x</p>', ["attribute style of p"]),
        ('<a href="mailto:a@b.test">y</a><img src="https://a.test/i.png" alt="&lt;script&gt;">', []),
    ],
)
def test_the_checker_tells_danger_from_what_is_none(html: str, found: list[str]) -> None:
    assert dangers(html) == found


@pytest.mark.parametrize("html", ["a < b", "<p", "<p class=x>", "<!-- -->", '<p title="<b>">x</p>', "<P>x</P>", "<p/>"])
def test_what_two_parsers_could_read_differently_is_not_canonical(html: str) -> None:
    assert not is_canonical(html)
    assert is_canonical('<p title="a &gt; b">x &lt; y</p><br>')
