"""One fetched document → standalone items, for every format but syndication (that is `poll/slice.cut`).

A format whose documents may hold several items has `items(document)`; here each piece gets its name. Identity only: the few bytes
that tell one item from another are read with small expressions, all else is the parser's business. Pure, linear, never raises.
"""

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from msgspec import Struct

from pipeline import codec
from pipeline.formats import MODULES
from pipeline.records import Reject

SEVERAL = frozenset({"newsmlg2", "newsml12", "ninjs", "jsonfeed", "ap", "anpa", "iptc7901"})  # the others: one document, one item
NAME_WITHIN = 64 << 10  # how far into an item its name may stand: heads have up to 20 KB of catalogues
GUID_CHARS_MAX = 2_048  # the longest real ones are addresses with a query

G2_ITEM = re.compile(
    rb"<((?:[\w.-]+:)?(?:newsItem|packageItem|planningItem|conceptItem|knowledgeItem|catalogItem))(?=[\s>])([^>]{0,2000})>"
)
EMPTY_MESSAGE = re.compile(rb"<(?:[\w.-]{1,40}:)?itemSet(?:\s[^>]{0,400})?(?:/>|>\s*</(?:[\w.-]+:)?itemSet\s*>)")
NEWSML12_ITEM = re.compile(rb"<((?:[\w.-]+:)?NewsItem)(?=[\s>])")
ATTRIBUTES = {
    name: re.compile(rb"\s" + name + rb"\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')") for name in (b"guid", b"version", b"generation")
}
NEWSML12_PARTS = tuple(
    re.compile(rb"<(?:[\w.-]+:)?" + name + rb"(?:\s[^>]{0,400})?>\s*([^<]{1,400}?)\s*</")
    for name in (b"ProviderId", b"DateId", b"NewsItemId")
)
REVISION = re.compile(rb"<(?:[\w.-]+:)?RevisionId(?:\s[^>]{0,400})?>\s*(\d{1,12})\s*</")
PUBLIC_ID = re.compile(
    rb"<(?:[\w.-]+:)?PublicIdentifier(?:\s[^>]{0,400})?>\s*(urn:newsml:[^<\s]{1,400}?)(?::(\d{1,12})[A-Z]?)?\s*</"
)
DOC_ID = re.compile(rb"<doc-id(?=\s)[^>]{0,400}\sid-string\s*=\s*[\"']([^\"'<]{1,400})[\"']")
DU_KEY = re.compile(rb"<du-key(?=\s)([^>]{0,2000})>")


class Item(Struct, frozen=True, kw_only=True):
    """One item: `value` is a document of its own, `item` its own bytes without what stands around it in every piece.

    `guid` and `version` are the wire's own, or made of what the wire has instead, "" where they cannot be known cheaply. `link`
    only where the format is one of pages (JSON Feed). `part` is its place in the document.
    """

    part: int
    value: bytes
    item: bytes
    guid: str = ""
    version: str = ""
    link: str = ""


class Split(Struct, frozen=True, kw_only=True):
    """A fetched body taken apart: what `poll/slice.Cut` is for feeds. `charset` is what the server said."""

    format: str
    items: tuple[Item, ...]
    charset: str = ""


def split(document: bytes, format_: str, now: str = "") -> tuple[Item, ...]:
    """The items of a document in its order; what cannot be taken apart comes back whole, and its parser says why.

    `now` (RFC 3339) gives dates of ANPA and IPTC 7901 their year.
    """
    if format_ == "newsmlg2" and EMPTY_MESSAGE.search(document, 0, NAME_WITHIN):
        return ()
    pieces = import_module(f"pipeline.formats.{MODULES[format_]}").items(document) if format_ in SEVERAL else (document,)
    return tuple(_item(part, value, format_, now) for part, value in enumerate(pieces))


def _item(part: int, value: bytes, format_: str, now: str) -> Item:
    if format_ in ("anpa", "iptc7901"):
        guid: str = import_module(f"pipeline.formats.{format_}").guid(value, now)
        return Item(part=part, value=value, item=value, guid=guid)
    if format_ in XML_NAMES:
        own, name, version = XML_NAMES[format_](value)
        return Item(part=part, value=value, item=own, guid=_word(name), version=_word(version))
    if format_ in JSON_NAMES:
        return _json_item(part, value, format_)
    return Item(part=part, value=value, item=value)


# ── XML ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _newsmlg2(value: bytes) -> tuple[bytes, bytes, bytes]:
    found = G2_ITEM.search(value, 0, NAME_WITHIN)
    if found is None:
        return value, b"", b""
    return _element(value, found), _attribute(found[2], b"guid"), _attribute(found[2], b"version")


def _newsml12(value: bytes) -> tuple[bytes, bytes, bytes]:
    """The public identifier without its revision, else what it is made of."""
    found = NEWSML12_ITEM.search(value, 0, NAME_WITHIN)
    own = _element(value, found) if found else value
    head = own[:NAME_WITHIN]
    revision = REVISION.search(head)
    version = revision[1] if revision else b""
    if public := PUBLIC_ID.search(head):
        return own, public[1], version or public[2] or b""
    parts = [part[1] for pattern in NEWSML12_PARTS if (part := pattern.search(head))]
    return own, b"urn:newsml:" + b":".join(parts) if len(parts) == len(NEWSML12_PARTS) else b"", version


def _nitf(value: bytes) -> tuple[bytes, bytes, bytes]:
    from pipeline.formats.nitf import version_of

    head = value[:NAME_WITHIN]
    name, key = DOC_ID.search(head), DU_KEY.search(head)
    stated = (_attribute(key[1], part).decode("utf-8", "replace") for part in (b"generation", b"version")) if key else ("", "")
    return value, name[1] if name else b"", version_of(*stated).encode()


def _element(value: bytes, start: re.Match[bytes]) -> bytes:
    """From the start tag to the last end tag of that name."""
    end = value.rfind(b"</" + start[1])
    return value[start.start() : end] if end > start.start() else value[start.start() :]


def _attribute(tag: bytes, name: bytes) -> bytes:
    found = ATTRIBUTES[name].search(b" " + tag)
    return (found[1] or found[2] or b"") if found else b""


XML_NAMES = {"newsmlg2": _newsmlg2, "newsml12": _newsml12, "nitf": _nitf}


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

JSON_NAMES = {  # format → where the item stands in its document, its guid, its version, its page
    "jsonfeed": (("items",), ("id",), ("date_modified",), "url"),
    "ninjs": (("items",), ("uri",), ("version",), ""),
    "digitalwires": ((), ("urn",), ("version",), ""),
    "ap": (("data", "items", "item"), ("altids", "itemid"), ("version",), ""),
}


def _json_item(part: int, value: bytes, format_: str) -> Item:
    from pipeline.formats import json_tree

    decoded = json_tree.decode(value)
    way, name, version, link = JSON_NAMES[format_]
    tree = None if isinstance(decoded, Reject) else _inside(decoded.tree, way)
    if not isinstance(tree, Mapping):
        return Item(part=part, value=value, item=value)
    is_whole = not isinstance(decoded, Reject) and tree is decoded.tree
    return Item(
        part=part,
        value=value,
        item=value if is_whole else codec.dumps(tree),
        guid=_word(_scalar(tree, name)),
        version=_word(_scalar(tree, version)) if format_ != "jsonfeed" else "",
        link=_word(_scalar(tree, (link,))) if link else "",
    )


def _inside(tree: Any, way: tuple[str, ...]) -> Any:
    """The item of a document that holds one, however it is wrapped."""
    for name in way:
        if isinstance(tree, Mapping) and "uri" not in tree and name in tree:
            tree = tree[name]
        if isinstance(tree, list):
            tree = tree[0] if len(tree) == 1 else None
    return tree


def _scalar(tree: Any, way: tuple[str, ...]) -> bytes:
    for name in way:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return str(tree).encode("utf-8", "replace") if isinstance(tree, str | int) and not isinstance(tree, bool) else b""


def _word(raw: bytes) -> str:
    text = " ".join(raw.decode("utf-8", "replace").replace("\0", "").split())
    return text.replace("&amp;", "&") if len(text) <= GUID_CHARS_MAX else ""
