"""From the bytes of one item to the source's facts: one switch, one module per format.

A format's module is imported at its first item, so that a worker pays for the formats it meets.
"""

import re

from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject

SYNDICATION = ("rss", "atom", "rdf")
KNOWN = (*SYNDICATION, "text")

SNIFFED_BYTES = 64 << 10  # PHP warnings and licence comments stand before a root, not whole documents
ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(rss|rdf|feed|channel|entry)[\s>]", re.IGNORECASE)
PROLOG = re.compile(rb"<\?xml\s|<(?:rss|feed|rdf:rdf)\s[^>]*=", re.IGNORECASE)  # what no text about feeds would quote
FORMAT_OF_ROOT = {b"rss": "rss", b"channel": "rss", b"rdf": "rdf", b"feed": "atom", b"entry": "atom"}
HTML = re.compile(rb"<!doctype html|<(?:html|head|body)[\s>]", re.IGNORECASE)
JSON = re.compile(rb"[\[{]\s*(?:[\"\[{\]}]|-?\d|true|false|null)")
CONTROL_SHARE_MAX = 0.01  # a stray control is a sloppy export, one byte in a hundred is no text
TEXT_BYTES = bytes(set(range(0x20, 0x100)) | {0x07, 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x1B})


def parse(item: RawItem) -> Parsed | Reject:
    """The facts of one item, or why it has none. Never raises, whatever the bytes."""
    format_ = detect(item.value, item.format)
    if format_ in SYNDICATION:
        from pipeline.formats import syndication

        return syndication.parse(item)
    if format_ == "text":
        from pipeline.formats import text

        return text.parse(item)
    return Reject(Reason.UNKNOWN_FORMAT, f"declared {item.format or 'nothing'!r}, looks like {format_}")


def detect(value: bytes, declared: str) -> str:
    """The format: the declared one where it is known, else by the first bytes.

    One of KNOWN, or a word for what it is instead: `html`, `json`, `xml`, `binary`, `empty`.
    """
    if declared in KNOWN:
        return declared
    head = _ascii_head(value)
    if not head:
        return "empty"
    if head.startswith(b"<") or PROLOG.search(head):
        root, html = ROOT.search(head), HTML.search(head)
        if root and not (html and html.start() < root.start()):
            return FORMAT_OF_ROOT[root[1].lower()]
        return "html" if html else "xml"
    if JSON.match(head):
        return "json"
    controls = len(head.translate(None, TEXT_BYTES))
    return "binary" if controls > CONTROL_SHARE_MAX * len(head) else "text"


def _ascii_head(value: bytes) -> bytes:
    """The beginning without byte order mark and white space; of UTF-16 and UTF-32 the low bytes, enough to know a tag."""
    head = value[:SNIFFED_BYTES]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or (head[:4].count(0) >= 2 and b"<" in head[:4]):
        head = head.replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()
