"""HTML made safe to show, and HTML as plain text. The only importer of nh3. All of it is linear, or bounded before it begins.

nh3 runs in one call that no timer interrupts, and is quadratic in nesting (1 MB of `<div>`: 84 s), in `&` and in attributes, so
it gets only what costs it at most 0.15 s; larger texts come out as plain text alone.
"""

import re
from collections.abc import Callable
from html import unescape
from typing import Literal

import nh3

from pipeline.wire.links import absolute
from pipeline.wire.plain import collapsed, paragraphs

HTML_CHARS_MAX = 128 << 10  # 64,000 "&": 0.06 s; one tag with 35,000 attributes: 0.2 s; real items have up to 60 KB
HTML_TAGS_MAX = 5_000  # nested: 0.06 s; real items have up to 2,200

BLOCK_NAMES = (
    "address article aside blockquote caption center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 "
    "h6 header hr legend li main nav ol p pre section summary table tbody tfoot thead tr ul"
)
INLINE_NAMES = (
    "a abbr b bdi bdo br cite code del dfn em i img ins kbd mark q rp rt ruby s samp small span strike strong sub sup td th "
    "time tt u var wbr"
)
BLOCKS = frozenset(BLOCK_NAMES.split())
TAGS = set(BLOCKS - {"fieldset", "form", "legend"}) | set(INLINE_NAMES.split())
ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "time": {"datetime"},
}
# Removed with everything inside: code, and what a browser would run, ask or show apart from the text.
WITH_CONTENT = (
    "script style iframe object embed applet noframes template textarea select option button title svg math canvas audio video"
)

# A tag; else one with broken quotes, or a text cut off inside a tag.
TAG = re.compile(r"<(/?[a-zA-Z!?][^\s<>\"'/]*)(?:(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+>|[^<>]*(?:>|\Z|(?=<)))")
CLEAN_TAG = re.compile(r"<(/?[a-z0-9]+)[^>]*>")  # nh3 escapes every other "<" and ">"
SPACING = {"br": "\n", "/td": " ", "/th": " "} | {mark + name: "\n\n" for name in BLOCKS for mark in ("", "/")}
UNSEEN = re.compile(
    rf"<!--.*?(?:-->|\Z)|<({WITH_CONTENT.replace(' ', '|')})(?=[\s/>])[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
MARKUP = re.compile(r"<[a-zA-Z!/?]")
REFERENCE = re.compile(r"&(?:#\w|[a-zA-Z])")
HUGE_REFERENCE = re.compile(r"&#\d{8,};?")  # int() refuses 4,300 digits and more; no character has more than seven
# A link that is not absolute. It begins with "=", since the search for one certain character is five times as fast as any other.
RELATIVE = re.compile(r"=(?<=(?i:href)=|(?i:\ssrc)=)\s*+[\"']?+(?!\s*(?i:https?|mailto|tel|data|javascript):)")
NO_IMAGE = re.compile(r"<img(?![^>]* src=)[^>]*>")
DATA_URI = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]*")


def has_markup(text: str) -> bool:
    """Whether a text that may be HTML holds a tag."""
    return MARKUP.search(text) is not None


def safe_html(html: str, base: str) -> str | None:
    """`html` with harmless tags and absolute http(s) links and nothing else; None for one too large to clean."""
    if len(html) > HTML_CHARS_MAX and ";base64," in html:
        html = DATA_URI.sub("", html)
    if len(html) > HTML_CHARS_MAX or html.count("<") > HTML_TAGS_MAX:
        return None
    if base and (RELATIVE.search(html) or " =" in html):
        clean = _cleaner(lambda link: absolute(link, base) or None).clean(html)
    else:
        clean = CLEANER.clean(html)
    return NO_IMAGE.sub("", clean) if "<img" in clean else clean


def _cleaner(url_relative: Literal["deny"] | Callable[[str], str | None]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        attributes=ATTRIBUTES,
        clean_content_tags=set(WITH_CONTENT.split()),
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
        url_relative=url_relative,
    )


CLEANER = _cleaner("deny")


def text_of_safe(html: str) -> str:
    """The text of what `safe_html` gave: paragraphs separated by a blank line."""
    return _text(CLEAN_TAG.split(collapsed(html)))


def text_of_html(html: str) -> str:
    """The text of any HTML, however broken, the same way. For titles and summaries, and for what is too large for nh3."""
    if "<" not in html:
        return paragraphs(_unescaped(html))
    parts = TAG.split(" ".join(UNSEEN.sub(" ", html).split()))
    parts[1::2] = [name.lower() for name in parts[1::2]]
    return _text(parts)


def _text(parts: list[str]) -> str:
    """Texts with the names of the tags between them."""
    parts[1::2] = [SPACING.get(name, "") for name in parts[1::2]]
    return paragraphs(_unescaped("".join(parts)))


def _unescaped(text: str) -> str:
    if "&" not in text or not REFERENCE.search(text):
        return text
    return unescape(HUGE_REFERENCE.sub("\ufffd", text) if "&#" in text else text)
