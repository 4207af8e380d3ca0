"""JSON Feed 1.0 and 1.1: one item in a feed of its own. A bad member is dropped and named in the problems, never the item."""

from pipeline.article import Association, Rendition, Subject, Text
from pipeline.formats import json_tree as json
from pipeline.formats.body import read_body, read_plain
from pipeline.formats.json_tree import ListOf, Shape, Tree
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.links import absolute

PREFIX = "jsonfeed"
VERSION = "https://jsonfeed.org/version/"
AUTHOR = Shape(members={"name": "text", "url": "text", "avatar": "text"}, is_open=True)
ATTACHMENT = Shape(
    members={"url": "text", "mime_type": "text", "title": "text", "size_in_bytes": "number", "duration_in_seconds": "number"},
    required=("url", "mime_type"),
    is_open=True,
)
ITEM_TEXTS = (
    "id url external_url title content_html content_text summary image banner_image date_published date_modified language"
)
ITEM = Shape(
    members={
        **dict.fromkeys(ITEM_TEXTS.split(), "text"),
        "tags": ListOf("text"),
        "author": AUTHOR,
        "authors": ListOf(AUTHOR),
        "attachments": ListOf(ATTACHMENT),
    },
    required=("id",),
    is_open=True,
)
FEED_TEXTS = "version title home_page_url feed_url description user_comment next_url icon favicon language"
FEED = Shape(
    members={
        **dict.fromkeys(FEED_TEXTS.split(), "text"),
        "author": AUTHOR,
        "authors": ListOf(AUTHOR),
        "expired": "boolean",
        "items": ListOf(ITEM),
    },
    required=("version", "title", "items"),
    is_open=True,
)
MEDIA_TYPES = ("audio", "video")  # of an attachment; images are pictures, all else has no type of its own


def parse(item: RawItem) -> Parsed | Reject:
    """`item.value` is a feed with one item in it."""
    document = json.decode(item.value, item.charset)
    if isinstance(document, Reject):
        return document
    feed = document.tree
    if not isinstance(feed, dict):
        return Reject(Reason.NO_CONTENT, f"{PREFIX}.bad_type: a feed is an object")
    problems = (*document.problems, *json.violations(feed, FEED, PREFIX), *_version_problem(feed))
    entries = feed.get("items")
    if not isinstance(entries, list) or not entries:
        return Reject(Reason.NO_CONTENT, ", ".join((*problems, "no item in the feed"))[: json.DETAIL_CHARS_MAX])
    if len(entries) > 1:
        return Reject(Reason.TOO_MANY_ITEMS, f"{len(entries)} items in one message")
    if not isinstance(entries[0], dict):
        return Reject(Reason.NO_CONTENT, ", ".join(problems)[: json.DETAIL_CHARS_MAX])
    return _parsed(entries[0], feed, item.url, problems, document.charset)


def items(document: bytes) -> tuple[bytes, ...]:
    """Each item with the feed's head as a feed of its own.

    What is no feed, or too much to cut, comes back whole: `parse` says what is wrong with it.
    """
    decoded = json.decode(document)
    if isinstance(decoded, Reject) or not isinstance(decoded.tree, dict):
        return (document,)
    entries = decoded.tree.get("items")
    if not isinstance(entries, list):
        return (document,)
    head = json.head_of(decoded.tree, "items", len(entries))
    made = json.pieces(entries, lambda entry: {**head, "items": [entry]})
    return (document,) if made is None else made


def _version_problem(feed: Tree) -> tuple[str, ...]:
    return () if json.text(feed, "version").startswith(VERSION) else ("jsonfeed.bad_value:version",)


def _parsed(entry: Tree, feed: Tree, url: str, problems: tuple[str, ...], charset: str) -> Parsed:
    base = absolute(json.text(feed, "home_page_url"), url) or url
    link = absolute(json.text(entry, "url"), base)
    external = absolute(json.text(entry, "external_url"), base)
    body = read_body(json.text(entry, "content_text"), json.text(entry, "content_html"), link or base)
    summary = read_plain(json.text(entry, "summary"))
    identity = json.scalar(entry, "id")
    return Parsed(
        headline=json.line(entry, "title"),
        body_text=body.text or summary,
        body_html=body.html,
        is_summary=not body.text,
        summary=summary if body.text else "",
        link=link or external,
        guid=identity,
        published=json.line(entry, "date_published"),
        updated=json.line(entry, "date_modified"),
        authors=_authors(entry) or _authors(feed),
        categories=tuple(Subject(name=tag) for tag in dict.fromkeys(json.lines(entry, "tags"))),
        item_language=json.line(entry, "language"),
        language=json.line(feed, "language"),
        source_title=json.line(feed, "title"),
        renditions=(Rendition(name="external", href=external),) if link and external and external != link else (),
        associations=(*_images(entry, base), *_attachments(entry, base)),
        charset=charset,
        rules=body.rules,
        problems=(*problems, *body.problems),
    )


def _authors(node: Tree) -> tuple[str, ...]:
    """1.1 has a list, 1.0 one object; 1.1 wins where both stand."""
    names = [json.line(author, "name") for key in ("authors", "author") for author in json.nodes(node, key)]
    return tuple(dict.fromkeys(name for name in names if name))


def _images(entry: Tree, base: str) -> tuple[Association, ...]:
    images = ((name, absolute(json.text(entry, name), base)) for name in ("image", "banner_image"))
    return tuple(
        Association(name=name, uri=href, type="picture", renditions=(Rendition(name="main", href=href),))
        for name, href in images
        if href
    )


def _attachments(entry: Tree, base: str) -> tuple[Association, ...]:
    """Attachments with the same title are forms of the same thing; they stay apart here, each with its title."""
    found = (_attachment(number, node, base) for number, node in enumerate(json.nodes(entry, "attachments"), 1))
    return tuple(association for association in found if association.uri)


def _attachment(number: int, node: Tree, base: str) -> Association:
    href, mime = absolute(json.text(node, "url"), base), json.line(node, "mime_type")
    title = json.line(node, "title")
    rendition = Rendition(name="main", href=href, content_type=mime, size_in_bytes=json.whole(node, "size_in_bytes"))
    return Association(
        name=f"attachment{number}",
        uri=href,
        type=_media_type(mime),
        headlines=(Text(role="main", content_type="text/plain", value=title),) if title else (),
        renditions=(rendition,) if href else (),
    )


def _media_type(mime: str) -> str:
    kind = mime.partition("/")[0].lower()
    return kind if kind in MEDIA_TYPES else "picture" if kind == "image" else ""
