"""What a document is, by its bytes alone: servers, file names and content types lie.

JSON is decoded, as only its members tell one kind from another; of everything else the beginning is looked at. Linear; never
raises.
"""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.records import Reject

SNIFFED_BYTES = 64 << 10  # PHP warnings and licence comments stand before a root, not whole documents
CONTROL_SHARE_MAX = 0.01  # a stray control is a sloppy export, one byte in a hundred is no text
ENTRIES_LOOKED_AT = 3  # of a list: its first entries are as good as all

SYNDICATION_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(rss|rdf|feed|channel|entry)[\s>]", re.IGNORECASE)
PROLOG = re.compile(rb"<\?xml\s|<(?:rss|feed|rdf:rdf)\s[^>]{0,400}=", re.IGNORECASE)  # what no text about feeds would quote
FORMAT_OF_ROOT = {b"rss": "rss", b"channel": "rss", b"rdf": "rdf", b"feed": "atom", b"entry": "atom"}
# The first element, behind what XML allows before it. Every alternative is atomic: no text makes this look twice.
FIRST_ELEMENT = re.compile(
    rb"(?>\s+|<\?(?>.*?\?>)|<!--(?>.*?-->)|<!DOCTYPE(?>[^\[>]*(?:\[(?>.*?\]\s*>)|>)))*+<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)",
    re.DOTALL,
)
# Root elements of wires, in their own spelling. The last four are what NewsML-G2 items are made of, as handbooks show them.
WIRE_ROOTS = {
    b"NewsML": "newsml12",
    b"nitf": "nitf",
    **dict.fromkeys((b"newsMessage", b"newsItem", b"packageItem", b"planningItem", b"conceptItem"), "newsmlg2"),
    **dict.fromkeys((b"knowledgeItem", b"catalogItem", b"groupSet", b"contentSet", b"contentMeta", b"itemMeta"), "newsmlg2"),
}
HTML = re.compile(rb"<!doctype html|<(?:html|head|body)[\s>]", re.IGNORECASE)
JSON = re.compile(rb"[\[{]\s*(?:[\"\[{\]}]|-?\d|true|false|null)")
TEXT_BYTES = bytes(set(range(0x20, 0x100)) | {0x07, 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x1B})

# What gives a JSON document away, by the members of its outermost object; the first rule that holds.
DIGITALWIRES_MEMBERS = frozenset({"urn", "entry_id", "pubstatus", "version_created"})
JSONFEED_MEMBERS = frozenset({"home_page_url", "feed_url"})
JSONFEED_TEXTS = frozenset({"content_html", "content_text"})
AP_MEMBERS = frozenset({"bylines", "datelinelocation", "editorialpriority", "editorialtypes", "foreignkeys", "headline_extended"})
NINJS_MEMBER = re.compile(
    r"uri|type|mimetype|title|language|version(?:created)?|(?:first|content)created|embargoed|expires|urgency|profile|located|"
    r"representationtype|pubstatus|by(?:line)?|slugline|ednote|copyright(?:holder|notice)|usageterms|rightsinfo|\$?standard|"
    r"(?:headline|body|description)_.+|headlines?|bodies|descriptions|subjects?|places?|people|person|organi[sz]ations?|objects?|"
    r"events?|eventdetails|plannedcoverage|infosources?|altids|genres?|trustindicators?|renditions|associations|digitalsourcetype",
    re.IGNORECASE,
)
# Where the document is broken and nothing can be decoded, so that the right parser says why.
MARKER_RULES = (
    (
        "jsonfeed",
        re.compile(rb'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org'),
        b'{"version": "https://jsonfeed.org/version/1"',
    ),
    ("digitalwires", re.compile(rb'"format"\s*:\s*"digitalwires@'), b'{"format": "digitalwires@0.9.1"'),
    ("ap", re.compile(rb'"altids"\s*:\s*\{\s*"itemid"'), b'{"altids": {"itemid": "0a1b"'),
    (
        "ninjs",
        re.compile(rb'"(?:headlines|versioncreated|versionCreated|pubStatus|body_xhtml|body_text)"\s*:'),
        b'{"pubStatus": "usable"',
    ),
)


def sniff(value: bytes) -> str:
    """A format of `formats.KNOWN`, or a word for what it is instead."""
    head = _ascii_head(value)
    if not head:
        return "empty"
    if head[:1] in (b"{", b"[") and JSON.match(head):
        return _json(value, head)
    if head.startswith(b"<") or PROLOG.search(head):
        return _xml(head)
    from pipeline.formats import anpa, iptc7901  # read by few; importing them costs 5 ms

    if anpa.is_anpa(value):
        return "anpa"
    if iptc7901.is_iptc7901(value):
        return "iptc7901"
    controls = len(head.translate(None, TEXT_BYTES))
    return "binary" if controls > CONTROL_SHARE_MAX * len(head) else "text"


def _xml(head: bytes) -> str:
    first = FIRST_ELEMENT.match(head)
    if first and (wire := WIRE_ROOTS.get(first[1])):
        return wire
    root, html = SYNDICATION_ROOT.search(head), HTML.search(head)
    if root and not (html and html.start() < root.start()):
        return FORMAT_OF_ROOT[root[1].lower()]
    return "html" if html and not (first and first.end() < html.start()) else "xml"  # OPML has a head and a body too


def _json(value: bytes, head: bytes) -> str:
    from pipeline.formats import json_tree

    decoded = json_tree.decode(value)
    if not isinstance(decoded, Reject):
        return _kind(decoded.tree) or "json"
    lines = json_tree.json_lines(value[:SNIFFED_BYTES])
    first = json_tree.decode(next(lines, b""))  # newline-delimited: one document a line
    if not isinstance(first, Reject) and isinstance(first.tree, dict) and (kind := _kind(first.tree)):
        return kind
    return next((format_ for format_, marker, _ in MARKER_RULES if marker.search(head)), "json")


def _kind(tree: Any) -> str:
    if isinstance(tree, list):
        return _kind_of_entries(tree)
    return next((format_ for format_, holds, _ in MEMBER_RULES if holds(tree)), "") if isinstance(tree, Mapping) else ""


def _kind_of_entries(entries: list[Any]) -> str:
    kinds = (_kind(entry) for entry in entries[:ENTRIES_LOOKED_AT] if isinstance(entry, Mapping) and "items" not in entry)
    return next((kind for kind in kinds if kind), "")


def _is_jsonfeed(tree: Mapping[str, Any]) -> bool:
    """By its version; by its members where that is another word for it, as feeds made by hand have."""
    entries = tree.get("items")
    first = entries[0] if isinstance(entries, list) and entries else {}
    has_texts = isinstance(first, Mapping) and "id" in first and bool(first.keys() & JSONFEED_TEXTS)
    return "jsonfeed.org/version" in str(tree.get("version")) or (
        isinstance(entries, list) and (bool(tree.keys() & JSONFEED_MEMBERS) or has_texts)
    )


def _is_digitalwires(tree: Mapping[str, Any]) -> bool:
    return str(tree.get("format")).startswith("digitalwires@") or tree.keys() >= DIGITALWIRES_MEMBERS


def _is_ap(tree: Mapping[str, Any]) -> bool:
    """An answer of the AP Media API, an entry of one, or its item; ninjs 1.x has such ids, but not the other members."""
    outer = tree
    for name in ("data", "items", "item"):
        inside = tree.get(name)
        inside = inside[0] if isinstance(inside, list) and inside else inside
        tree = inside if isinstance(inside, Mapping) else tree
    ids = tree.get("altids")
    return isinstance(ids, Mapping) and "itemid" in ids and ("data" in outer or "item" in outer or bool(tree.keys() & AP_MEMBERS))


def _is_ninjs(tree: Mapping[str, Any]) -> bool:
    """An item: it has a `uri`, is no linked data, and one in two of its members at least is one of ninjs."""
    standard = tree.get("standard", tree.get("$standard"))
    if isinstance(standard, Mapping) and standard.get("name") == "ninjs":
        return True
    if not isinstance(tree.get("uri"), str) or "@context" in tree:
        return False
    return 2 * sum(NINJS_MEMBER.fullmatch(name) is not None for name in tree) >= len(tree)


def _is_list(tree: Mapping[str, Any]) -> bool:
    entries = tree.get("items")
    return isinstance(entries, list) and _kind_of_entries(entries) == "ninjs"


MEMBER_RULES = (
    ("jsonfeed", _is_jsonfeed, {"version": "https://jsonfeed.org/version/1.1", "items": []}),
    ("digitalwires", _is_digitalwires, {"format": "digitalwires@0.9.1"}),
    ("ap", _is_ap, {"data": {"item": {"altids": {"itemid": "0a1b"}}}}),
    ("ninjs", _is_ninjs, {"uri": "urn:example:1", "pubStatus": "usable"}),
    ("ninjs", _is_list, {"items": [{"uri": "urn:example:1", "pubStatus": "usable"}]}),
)


def _ascii_head(value: bytes) -> bytes:
    """The beginning without byte order mark and white space; of UTF-16 and UTF-32 the low bytes, enough to know a tag."""
    head = value[:SNIFFED_BYTES]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or (head[:4].count(0) >= 2 and any(mark in head[:4] for mark in b"<{[")):
        head = head.replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()
