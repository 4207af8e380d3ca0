"""RSS, Atom and RDF: one item in a document of its own. The only importer of feedparser.

feedparser gets bytes in memory and nothing else: given a string or bytes it would open files and fetch addresses. Its sanitiser,
its URL resolution and its dates are not used: they are ours (`markup`, `wire.links`, `wire.dates`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from typing import Any

import feedparser
from feedparser.exceptions import UndeclaredNamespace
from msgspec import Struct
from msgspec.structs import replace

from pipeline.formats import frame, media, mrss
from pipeline.formats.markup import has_markup, safe_html, text_of_html, text_of_safe
from pipeline.formats.parsed import Category, Parsed
from pipeline.poll.charset import to_utf8, without_controls
from pipeline.poll.guard import Refusal
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.links import absolute
from pipeline.wire.plain import one_line, paragraphs

DRIVER = "pipeline.formats.buffered_sax"
if DRIVER not in feedparser.api.PREFERRED_XML_PARSERS:
    feedparser.api.PREFERRED_XML_PARSERS.insert(0, DRIVER)
mrss.install()

# What feedparser was seen to raise on hostile text: numbers too large for int() or chr(), unknown encodings, states it does not
# expect. Everything else is a bug and is not caught here.
FEEDPARSER_ERRORS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError, UndeclaredNamespace,
)  # fmt: skip
TEXT_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
CERTAIN_MARKUP = re.compile(r"</(?:p|div|a|span|b|strong|i|em|ul|ol|li|h[1-6]|blockquote|table)\s*>|<br\s*/?>", re.IGNORECASE)
# References that may name no character: feedparser's loose reader fails on them, and the whole item would be lost.
SUSPECT = re.compile(rb"&#(?:[xX]0*([dD][89a-fA-F][0-9a-fA-F]{2}|[0-9a-fA-F]{6,})|0*(5[5-7]\d{3}|\d{7,}))(?![0-9a-fA-F]);?")
UNICODE_DIGITS_MAX = 7  # of U+10FFFF, in decimal
MEDIATOPIC = "http://cv.iptc.org/newscodes/mediatopic/"
CATEGORIES_MAX = 100  # real items have up to 18; five times that is a list of links

FRAMES_MAX = 256  # feeds polled in turn by one worker, with room for those that stamp each document

Node = dict[str, Any]
NOTHING: Node = {}


def parse(item: RawItem) -> Parsed | Reject:
    """`item.value` is a document with one item in it."""
    document = _utf8(item)
    if isinstance(document, Reject):
        return document
    sound = SUSPECT.sub(_sound_reference, document) if b"&#" in document else document
    try:
        tree = _tree(sound)
    except FEEDPARSER_ERRORS as error:
        return Reject(Reason.BROKEN_XML, f"feedparser: {type(error).__name__}: {error}"[:500])
    if tree.entry is None:
        return Reject(Reason.BROKEN_XML, "no item in the document")
    parsed = _parsed(item, tree.entry, tree.feed, tree.version)
    return parsed if sound == document else replace(parsed, problems=(*parsed.problems, "xml.bad_reference"))


# ── feedparser ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Tree(Struct, frozen=True):
    """What feedparser found: the first entry, the feed around it, the format's name and version."""

    entry: Node | None
    feed: Node
    version: str
    is_sound: bool


class _Frame(Struct, frozen=True):
    """A frame's own facts, and the tags that an item needs of it."""

    feed: Node
    version: str
    tags: frame.Bare


def _tree(document: bytes) -> _Tree:
    """The document's entry: parsed alone where its frame is known and sound, as part of the whole document else."""
    placed = frame.place(document)
    known = _frame(placed[0]) if placed else None
    if placed and known:
        tree = _parse(b"".join((known.tags.start, placed[1], known.tags.end)))
        if tree.is_sound:
            return replace(tree, feed=known.feed, version=known.version)
    return _parse(document)


@lru_cache(maxsize=FRAMES_MAX)
def _frame(place: frame.Place) -> _Frame | None:
    """A function of the frame's bytes, remembered because all items of a poll share them."""
    tags = frame.bare(place)
    if tags is None:
        return None
    tree = _parse(frame.empty(place))
    return _Frame(tree.feed, tree.version, tags) if tree.is_sound else None


def _parse(document: bytes) -> _Tree:
    tree = feedparser.parse(BytesIO(document), sanitize_html=False, resolve_relative_uris=False)
    entries = tree["entries"]
    return _Tree(entries[0] if entries else None, tree["feed"], str(tree["version"]), not tree["bozo"])


def _utf8(item: RawItem) -> bytes | Reject:
    """The slicer's bytes are UTF-8 already; whatever else comes this way is made so."""
    try:
        item.value.decode()
    except UnicodeDecodeError:
        decoded = to_utf8(item.value, item.charset)
        if isinstance(decoded, Refusal):
            return Reject(decoded.reason, decoded.detail)
        return without_controls(decoded.document)
    return without_controls(item.value)


def _sound_reference(found: re.Match[bytes]) -> bytes:
    digits, base = (found[1], 16) if found[1] else (found[2], 10)
    code = int(digits, base) if len(digits) <= UNICODE_DIGITS_MAX else -1
    return found[0] if 0 <= code < 0xD800 or 0xE000 <= code < 0x110000 else b"&#xFFFD;"


def _parsed(item: RawItem, entry: Node, feed: Node, version: str) -> Parsed:
    link = _link(entry, item.url)
    body = _body(entry, link or item.url)
    return Parsed(
        headline=_title(entry, version),
        body_text=body.text,
        body_html=body.html,
        is_one_text=True,
        is_summary=body.is_summary,
        summary=body.summary,
        link=link,
        guid=one_line(_text(entry, "id")),
        published=_text(entry, "published") or _text(entry, "created"),
        updated=_text(entry, "updated"),
        built=tuple(date for name in ("updated", "published") if (date := _text(feed, name))),
        expires=_text(entry, "expired"),
        authors=tuple(_authors(entry)),
        categories=tuple(dict.fromkeys(_categories(entry))),
        item_language=_item_language(entry, feed),
        language=_text(feed, "language"),
        rights=one_line(text_of_html(_text(entry, "rights") or _text(feed, "rights"))),
        source_title=one_line(text_of_html(_text(_node(entry, "source"), "title") or _text(feed, "title"))),
        associations=media.associations(_node(entry, mrss.MEDIA), _enclosures(entry), absolute(_base(entry, item.url)) or link),
        problems=body.problems,
    )


def _text(node: Node, name: str) -> str:
    """A field's own text: dict.get, since feedparser's answers `updated` with `published`."""
    value = dict.get(node, name)
    return value if isinstance(value, str) else ""


def _node(node: Node, name: str) -> Node:
    value = dict.get(node, name)
    return value if isinstance(value, dict) else NOTHING


def _nodes(node: Node, name: str) -> list[Node]:
    value = dict.get(node, name)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _title(entry: Node, version: str) -> str:
    """RSS says nothing about markup in titles and uses it; Atom's text titles are literal."""
    title = _text(entry, "title") or media.fallback(_node(entry, mrss.MEDIA), "title")
    is_literal = version.startswith("atom") and _text(_node(entry, "title_detail"), "type") == "text/plain"
    return one_line(title if is_literal else text_of_html(title))


def _link(entry: Node, url: str) -> str:
    """The item's page: the one before a feed service rewrote it, the link, the first alternate.

    feedparser takes an enclosure's address for the link where it stands as the element's text.
    """
    alternates = (_text(link, "href") for link in _nodes(entry, "links") if _text(link, "rel") == "alternate")
    base = _base(entry, url)
    link = _text(entry, "link")
    is_file = any(_text(enclosure, "href") == link for enclosure in _enclosures(entry))
    links = (_text(entry, "feedburner_origlink"), "" if is_file else link, next(alternates, ""), link)
    return next((link for raw in links if (link := absolute(raw, base))), "")


def _base(entry: Node, url: str) -> str:
    """xml:base, resolved against the document's address."""
    declared = _text(_node(entry, "title_detail"), "base")
    return absolute(declared, url) or url if declared else url


def _authors(entry: Node) -> Iterator[str]:
    names = [one_line(text_of_html(_text(author, "name"))) for author in _nodes(entry, "authors")]
    yield from dict.fromkeys(name for name in (names if any(names) else [one_line(_text(entry, "author"))]) if name)


def _enclosures(entry: Node) -> list[Node]:
    return [link for link in _nodes(entry, "links") if _text(link, "rel") == "enclosure"]


def _categories(entry: Node) -> Iterator[Category]:
    for tag in _nodes(entry, "tags")[:CATEGORIES_MAX]:
        term, scheme, label = (one_line(_text(tag, name)) for name in ("term", "scheme", "label"))
        code = term.removeprefix("medtop:")
        if ("mediatopic" in scheme or code != term) and code.isascii() and code.isdigit():
            yield Category(name=label, uri=MEDIATOPIC + code)
        elif name := label or one_line(text_of_html(term)):
            uri = absolute(term)
            code = "" if uri or term.casefold() == name.casefold() or not label else term
            yield Category(name="" if name == uri else name, uri=uri, literal=code)


def _item_language(entry: Node, feed: Node) -> str:
    """xml:lang or dc:language of the item; feedparser hands the feed's own language down to its items."""
    contents = _nodes(entry, "content")
    declared = (
        _text(entry, "language")
        or (_text(contents[0], "language") if contents else "")
        or _text(_node(entry, "summary_detail"), "language")
        or _text(_node(entry, "title_detail"), "language")
    )
    return "" if declared.replace("_", "-") == _text(feed, "language").replace("_", "-") else declared


# ── the text ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Body(Struct):
    """The item's text in its two forms, and its summary when that is another text."""

    text: str = ""
    html: str = ""
    is_summary: bool = False
    summary: str = ""
    problems: tuple[str, ...] = ()


def _body(entry: Node, base: str) -> _Body:
    """The longest content, else the summary."""
    summary, details = _text(entry, "summary"), _node(entry, "summary_detail")
    summary = summary or media.fallback(_node(entry, mrss.MEDIA), "description")
    contents = [node for node in _nodes(entry, "content") if _text(node, "type") in TEXT_TYPES]
    content = max(contents, key=lambda node: len(_text(node, "value")), default=NOTHING)
    raw = _text(content, "value")
    body = _read(raw, content, base)
    if body.text:
        body.summary = "" if summary == raw else _read_summary(summary, details)
        return body
    body = _read(summary, details, base)
    body.is_summary = True
    return body


def _read(raw: str, details: Node, base: str) -> _Body:
    if not _is_html(raw, details) or not has_markup(raw):
        return _Body(_read_summary(raw, details))
    problems = ("html.declared_as_text",) if _text(details, "type") == "text/plain" else ()
    html = safe_html(raw, absolute(_text(details, "base"), base) or base)
    if html:
        return _Body(text_of_safe(html), html if has_markup(html) else "", problems=problems)
    text = text_of_html(raw)  # also of markup so broken that nothing is left of it by the rules of HTML
    return _Body(text, problems=(*problems, "html.broken" if html == "" else "html.too_large") if text else problems)


def _read_summary(raw: str, details: Node) -> str:
    return text_of_html(raw) if _is_html(raw, details) else paragraphs(raw)


def _is_html(raw: str, details: Node) -> bool:
    """As declared; and where Atom declares text but the text is full of tags, it is a mistake for HTML."""
    return _text(details, "type") != "text/plain" or CERTAIN_MARKUP.search(raw) is not None
