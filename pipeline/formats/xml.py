"""One XML document as a tree, safely: the only parser of NewsML, NewsML 1.2 and NITF. Knows no format.

Names lose their prefix (`nar:newsItem` is `newsItem`), as wires bind namespaces to anything and some bind none; attributes keep
theirs. Nothing outside the document is ever opened: external entities and external DTDs are skipped. The document goes to expat
in one piece (see `poll.guard`), and what it may hold is bounded before the tree grows.
"""

import re
from collections.abc import Mapping
from html import escape
from html.entities import html5
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.parsers.expat import errors

from msgspec import Struct

from pipeline.formats.markup import text_of_html
from pipeline.poll.charset import Decoded, to_utf8, without_controls
from pipeline.poll.guard import (
    ATTRIBUTES_MAX,
    DEPTH_MAX,
    ENTITIES_MAX,
    ENTITY_VALUE_MAX,
    ITEMS_MAX,
    REFERENCE,
    Refusal,
)
from pipeline.reasons import Reason
from pipeline.records import Reject
from pipeline.wire.plain import one_line, paragraphs

BYTES_MAX = 10 << 20  # what the poller fetches at most; 0.3 s at 40 MB/s
BYTES_WITH_ENTITIES_MAX = 1 << 20  # own entities multiply a text by up to 22; such documents are hand-made and small
ELEMENTS_MAX = 50_000  # 1.5 µs each: 75 ms; an agate table of all results of a weekend has 20,000
PROLOG_BYTES = 4_096  # a licence comment may stand before the DOCTYPE
CUT_BYTES_MAX = 64 << 20  # all pieces of one message together: each repeats the head, which is 2 KB in real messages
LISTED_MAX = 500  # of one kind side by side: real items have up to 60 subjects; a list of shares has some hundreds
CODES = errors.codes
LAYOUT = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")
NO_TAGS: Mapping[str, str] = {}


class Document(Struct, frozen=True, kw_only=True):
    """A parsed document: `charset` is the evidence for how it was read, `problems` what had to be put right."""

    root: Element
    charset: str = ""
    problems: tuple[str, ...] = ()


def read(value: bytes, charset: str = "") -> Document | Reject:
    """The tree of a document in any charset, or why there is none. Never raises, linear in the bytes."""
    decoded = utf8(value, charset)
    if isinstance(decoded, Reject):
        return decoded
    problems = list(decoded.problems)
    clean = without_controls(decoded.document)
    if len(clean) != len(decoded.document):
        problems.append("xml.control_characters")
    found = _Pass(clean.strip()).run()
    if isinstance(found, Reject):
        return found
    return Document(root=found.root, charset=decoded.evidence, problems=(*problems, *found.problems))


def utf8(value: bytes, charset: str) -> Decoded | Reject:
    """The document in UTF-8, unless it is too large or in no charset that we know."""
    if len(value) > BYTES_MAX:
        return Reject(Reason.ITEM_TOO_LARGE, f"{len(value)} bytes, {BYTES_MAX} allowed")
    decoded = to_utf8(value, charset)
    return Reject(decoded.reason, decoded.detail) if isinstance(decoded, Refusal) else decoded


class _Stop(Exception):
    """Not an error: the only way out of expat's callbacks."""


class _Guard:
    """What a document may hold, counted while expat goes through it."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.refusal = Reject(Reason.BROKEN_XML)
        self.depth = self.elements = self.declarations = 0
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.specified_attributes = True
        parser.UseForeignDTD(True)  # an entity that nobody declared is skipped, not an error
        parser.EntityDeclHandler = self.on_entity
        parser.AttlistDeclHandler = self.on_attributes

    def close(self) -> None:
        """The parser holds bound methods of this object: without this, each pass would wait for the cycle collector."""
        parser = self.parser
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
        parser.EntityDeclHandler = parser.AttlistDeclHandler = parser.SkippedEntityHandler = None

    def enter(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > DEPTH_MAX:
            self.stop(Reason.TOO_DEEP, f"more than {DEPTH_MAX} elements inside each other")
        if self.elements > ELEMENTS_MAX:
            self.stop(Reason.TOO_MANY_CHILDREN, f"more than {ELEMENTS_MAX} elements")
        if len(attributes) > ATTRIBUTES_MAX:
            self.stop(Reason.TOO_MANY_ATTRIBUTES, f"{len(attributes)} in <{name[:40]}>, {ATTRIBUTES_MAX} allowed")

    def on_entity(self, name: str, _parameter: bool, value: str | None, *_ids: str | None) -> None:
        self.declare()
        if value is not None and len(value) > ENTITY_VALUE_MAX:
            self.stop(Reason.ENTITY_BOMB, f"entity {name[:40]} has {len(value)} characters, {ENTITY_VALUE_MAX} allowed")
        if value is not None and REFERENCE.search(value):
            self.stop(Reason.ENTITY_BOMB, f"entity {name[:40]} refers to another")
        if len(self.document) > BYTES_WITH_ENTITIES_MAX:
            self.stop(Reason.ENTITY_BOMB, f"own entities in {len(self.document)} bytes, {BYTES_WITH_ENTITIES_MAX} allowed")

    def on_attributes(self, *_declaration: object) -> None:
        """Expat looks at an element's declared attributes each time the element occurs."""
        self.declare()

    def declare(self) -> None:
        self.declarations += 1
        if self.declarations > ENTITIES_MAX:
            self.stop(Reason.ENTITY_BOMB, f"more than {ENTITIES_MAX} declarations")

    def stop(self, reason: Reason, detail: str) -> NoReturn:
        self.refusal = Reject(reason, f"{detail}: line {self.parser.CurrentLineNumber}")
        raise _Stop


class _Pass(_Guard):
    """State of one pass: expat's events on their way to the tree."""

    def __init__(self, document: bytes) -> None:
        super().__init__(document)
        self.builder = TreeBuilder()
        self.names: dict[str, str] = {}
        self.has_doctype = b"<!DOCTYPE" in document[:PROLOG_BYTES]  # whose DTD, which we do not read, may declare anything
        self.problems: dict[str, None] = {}

    def run(self) -> Document | Reject:
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.on_start
        self.parser.EndElementHandler = self.on_end
        self.parser.CharacterDataHandler = self.builder.data
        self.parser.SkippedEntityHandler = self.on_skipped
        try:
            self.parser.Parse(self.document, True)
        except _Stop:
            return self.refusal
        except expat.ExpatError as failure:
            if not self.is_only_junk(failure):
                return self.failed(failure)
            self.problems["xml.text_after_end"] = None
        finally:
            self.close()
        return Document(root=self.builder.close(), problems=tuple(self.problems))

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        self.enter(name, attributes)
        self.builder.start(self.names.get(name) or self.local(name), attributes)

    def on_end(self, name: str) -> None:
        self.depth -= 1
        self.builder.end(self.names[name])

    def local(self, name: str) -> str:
        self.names[name] = local = name.rpartition(":")[2] or name
        return local

    def on_skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            if not self.has_doctype:
                self.problems["xml.undeclared_entity"] = None
            self.builder.data(html5.get(name + ";", f"&{name};"))

    def is_only_junk(self, failure: expat.ExpatError) -> bool:
        """Whether the root is complete and no other element follows it."""
        is_after = failure.code == CODES[errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT] and not self.depth
        return bool(is_after and self.elements and not re.search(rb"<[A-Za-z]", self.document[self.parser.ErrorByteIndex :]))

    def failed(self, failure: expat.ExpatError) -> Reject:
        if failure.code == CODES[errors.XML_ERROR_AMPLIFICATION_LIMIT_BREACH]:
            return Reject(Reason.ENTITY_BOMB, "expat's amplification limit")
        return Reject(Reason.BROKEN_XML, str(failure)[:500])


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def line(node: Element | None) -> str:
    """All text in an element, in one line; "" where there is no element."""
    if node is None:
        return ""
    return one_line("".join(node.itertext()) if len(node) else node.text or "")


def block(node: Element | None) -> str:
    """The plain text of an element, its own paragraphs kept."""
    return "" if node is None else paragraphs("".join(node.itertext()))


def text_of(node: Element, dropped: frozenset[Element] = frozenset()) -> str:
    """The text of an element that may hold markup: paragraphs by its tags where it has any, else by its blank lines."""
    return text_of_html(html_of(node, {node.tag: ""}, dropped)) if len(node) else paragraphs(node.text or "")


def descend(node: Element | None, *path: str) -> Element | None:
    """The first child by the first name, its first child by the next, and so on; `find` is slow at names with a dot."""
    for name in path:
        if node is None:
            return None
        node = next((child for child in node if child.tag == name), None)
    return node


def each(node: Element | None, name: str) -> list[Element]:
    """The children with this name, no more than real documents have; none where there is no element."""
    return [child for child in node if child.tag == name][:LISTED_MAX] if node is not None else []


def attribute(node: Element | None, *names: str) -> str:
    """The first of these attributes that says something, in one line."""
    if node is None:
        return ""
    return next((value for name in names if (value := one_line(node.get(name, "")))), "")


def number(text: str) -> int | None:
    """A small non-negative integer; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


# ── markup ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def html_of(node: Element, tags: Mapping[str, str] = NO_TAGS, dropped: frozenset[Element] = frozenset()) -> str:
    """An element with everything in it as HTML, not yet made safe.

    `tags` renames elements ("" removes the tag and keeps what is in it); `dropped` elements go with all they hold.
    """
    parts: list[str] = []
    _html(parts, node, (tags, dropped), False)
    return "".join(parts).strip()


def _html(parts: list[str], node: Element, rules: tuple[Mapping[str, str], frozenset[Element]], is_pre: bool) -> None:
    """Recursion is bounded by DEPTH_MAX."""
    name = rules[0].get(node.tag, node.tag)
    is_pre_inside = is_pre or name == "pre"
    if name:
        attributes = "".join(f' {key}="{escape(value)}"' for key, value in node.items() if ":" not in key)
        parts.append(f"<{name}{attributes}>")
    if node.text:
        parts.append(_escaped(node.text, is_pre_inside))
    for child in node:
        if child not in rules[1]:
            _html(parts, child, rules, is_pre_inside)
        if child.tail:
            parts.append(_escaped(child.tail, is_pre_inside))
    if name and name != "br":
        parts.append(f"</{name}>")


def _escaped(text: str, is_pre: bool) -> str:
    """Line ends in preformatted text are made to last; elsewhere they are layout."""
    return escape(text, quote=False).replace("\n", "<br>") if is_pre else escape(LAYOUT.sub(" ", text), quote=False)


# ── messages of several items ────────────────────────────────────────────────────────────────────────────────────────


def cut(document: bytes, path: tuple[str, ...], kinds: frozenset[str]) -> tuple[bytes, ...]:
    """A message as one document per item: whatever stands before the first item, the item, whatever follows the last.

    Items are the elements called one of `kinds` right inside `path`. The pieces are UTF-8. What is no such message, or cannot be
    parsed, comes back whole; so does a message whose pieces would be far larger than itself.
    """
    decoded = utf8(document, "")
    if isinstance(decoded, Reject):
        return (document,)
    clean = without_controls(decoded.document)
    spans, head_end, tail_start = _Cutter(clean, path, kinds).run()
    size = len(spans) * (head_end + len(clean) - tail_start)
    if len(spans) < 2 or size > CUT_BYTES_MAX:
        return (document,)
    return tuple(clean[:head_end] + clean[start:end] + clean[tail_start:] for start, end in spans)


class _Cutter(_Guard):
    """Positions of the items of a message. `head_end` and `tail_start` are those of the first element that holds items."""

    def __init__(self, document: bytes, path: tuple[str, ...], kinds: frozenset[str]) -> None:
        super().__init__(document)
        self.path, self.kinds = path, kinds
        self.open: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self.head_end = self.tail_start = self.start = 0

    def run(self) -> tuple[list[tuple[int, int]], int, int]:
        """Spans, end of the head, start of the tail; no spans where the document must stay whole."""
        self.parser.StartElementHandler = self.on_start
        self.parser.EndElementHandler = self.on_end
        try:
            self.parser.Parse(self.document, True)
        except (_Stop, expat.ExpatError):
            return [], 0, 0
        finally:
            self.close()
        return self.spans, self.head_end, self.tail_start

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        self.enter(name, attributes)
        local = name.rpartition(":")[2]
        if self.is_item(local):
            self.start = self.parser.CurrentByteIndex
            if self.tail_start or len(self.spans) == ITEMS_MAX or self.document[self.start : self.start + 1] != b"<":
                self.stop(Reason.TOO_MANY_ITEMS, "items in several places")
            self.head_end = self.head_end or self.start
        self.open.append(local)

    def on_end(self, name: str) -> None:
        self.depth -= 1
        local = self.open.pop()
        if self.is_item(local):
            self.spans.append((self.start, self.end_of(name)))
        elif self.spans and not self.tail_start and (*self.open, local) == self.path:
            self.tail_start = self.parser.CurrentByteIndex

    def is_item(self, local: str) -> bool:
        return len(self.open) == len(self.path) and local in self.kinds and tuple(self.open) == self.path

    def end_of(self, name: str) -> int:
        """Position after the end tag at hand; for `<a/>` expat is there already."""
        at = self.parser.CurrentByteIndex
        return self.document.index(b">", at) + 1 if self.document.startswith(b"</" + name.encode(), at) else at
