"""One expat pass over a whole document: is it safe to parse, and where do its items begin and end?

Limits and positions come out of the same pass because a second one would cost as much again. No I/O, no feed semantics beyond
"which element is an item" and no parsing of values: that happens in `formats/`, over slices this pass allowed.
The document goes to expat in one piece: fed in chunks, expat before 2.6 rescans a long token from its start for every chunk
(CVE-2023-52425: 4.9 s for an 8 MiB comment, 0.04 s in one piece).
"""

import re
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.parsers.expat import errors

from pipeline.poll.tags import ROOTS, Kinds, local_name
from pipeline.reasons import Reason

# feedparser 6.0.14 is quadratic or worse in several places; the figures are its CPU time just at the limit (one core).
ATTRIBUTES_MAX = 256  # per element: 1 ms; 32,000 attributes take 9.2 s
CHILDREN_MAX = 2_000  # direct children of an item: 22 ms; 32,000 categories take 14.3 s
ELEMENTS_MAX = 20_000  # in one item: 0.14 s at 7 µs each
ITEMS_MAX = 5_000  # in one document: 1 MB/s of loose parsing is 5 s for 100,000; the longest real news feed seen has 1,000
DEPTH_MAX = 128  # real XHTML bodies reach 30; feedparser walks its stack of elements for each new one
TAGS_MAX = 100_000  # elements in one document: 5,000 items of 20; this pass costs 0.4 µs each, 40 ms
ENTITIES_MAX = 300  # declarations: the three HTML entity sets have 253
ENTITY_VALUE_MAX = 64  # characters: no real one is a text; with no reference inside it, growth stays below 64 / len("&a;") = 22
AUTHOR_BYTES_MAX = 4_096  # feedparser's e-mail pattern is quadratic: 0.04 s here, 3.3 s at 32 KB
AUTHOR_COST_MAX = 4 * AUTHOR_BYTES_MAX**2  # the squares of all authors of one item: 0.16 s, or a thousand authors of 256 bytes
ENTITY_GROWTH = ENTITY_VALUE_MAX // len("&a;") + 1  # what a text with own entities is multiplied by, at worst

REFERENCE = re.compile(r"&(?!#|(?:amp|lt|gt|quot|apos);)")  # an entity inside an entity's value; character references cannot grow


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document or an item cannot be used; `detail` names the thing and its size."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One item's place in the document, and the places (kind, start, end) of its direct children that tell what it is."""

    start: int
    end: int
    fields: tuple[tuple[str, int, int], ...] = ()
    fault: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """`spans` in document order; `end` is where the root element ends (0: it does not); `error` is expat's, "" if well-formed.

    `ancestors` are the qualified names and start positions of the open elements around the first item.
    """

    root: str
    spans: tuple[Span, ...] = ()
    ancestors: tuple[tuple[str, int], ...] = ()
    end: int = 0
    error: str = ""


def inspect(document: bytes) -> Refusal | None:
    """Whether a UTF-8 document may be parsed at all; None is yes. Faults of single items do not count here."""
    found = survey(document)
    return found if isinstance(found, Refusal) else None


def survey(document: bytes) -> Survey | Refusal:
    """The one pass. An ill-formed document gives the survey up to its error; a hostile one a refusal."""
    return _Pass(document).run()


class _Stop(Exception):
    """Not an error: the only way out of expat's callbacks."""


@dataclass(slots=True)
class _Pass:
    """State of one pass. `marks` holds (kind, depth, start) of the elements whose end we wait for."""

    document: bytes
    root: str = ""
    depth: int = 0
    item_depth: int = 0
    mark_depth: int = 0
    marks: list[tuple[str, int, int]] = field(default_factory=list)
    path: list[tuple[str, int]] = field(default_factory=list)
    ancestors: tuple[tuple[str, int], ...] | None = None
    spans: list[Span] = field(default_factory=list)
    fields: list[tuple[str, int, int]] = field(default_factory=list)
    fault: Refusal | None = None
    refusal: Refusal | None = None
    children: int = 0
    elements: int = 0
    elements_before: int = 0
    author_cost: int = 0
    entities: int = 0
    end: int = 0
    kinds: Kinds = field(default_factory=Kinds)
    parser: expat.XMLParserType = field(default_factory=lambda: expat.ParserCreate("utf-8"))

    def run(self) -> Survey | Refusal:
        parser = self.parser
        parser.ordered_attributes = True
        parser.specified_attributes = True  # a default from a DTD costs its own size again for each element
        parser.StartElementHandler = self.on_start
        parser.EndElementHandler = self.on_end
        parser.EntityDeclHandler = self.on_entity
        parser.AttlistDeclHandler = self.on_default
        error = ""
        try:
            parser.Parse(self.document, True)
        except _Stop:
            assert self.refusal is not None
            return self.refusal
        except expat.ExpatError as failure:
            if failure.code == errors.codes[errors.XML_ERROR_AMPLIFICATION_LIMIT_BREACH]:
                return Refusal(Reason.ENTITY_BOMB, "expat's amplification limit")
            error = str(failure)
        finally:
            # The parser holds bound methods of this object: without this, each pass would wait for the cycle collector.
            parser.StartElementHandler = parser.EndElementHandler = None
            parser.EntityDeclHandler = parser.AttlistDeclHandler = None
        return Survey(root=self.root, spans=tuple(self.spans), ancestors=self.ancestors or (), end=self.end, error=error)

    def on_start(self, name: str, attributes: list[str]) -> None:
        self.depth = depth = self.depth + 1
        self.elements += 1
        if len(attributes) > 2 * ATTRIBUTES_MAX:
            self.blame(Reason.TOO_MANY_ATTRIBUTES, f"{len(attributes) // 2} in <{name[:40]}>, {ATTRIBUTES_MAX} allowed")
        if self.elements > TAGS_MAX:
            self.stop(Reason.TOO_MANY_CHILDREN, f"more than {TAGS_MAX} elements")
        if depth > DEPTH_MAX:
            self.stop(Reason.TOO_DEEP, f"more than {DEPTH_MAX} elements inside each other")
        if not self.item_depth:
            self.outside(name, attributes)
            return
        kind = self.kinds[name]
        if depth == self.item_depth + 1:
            self.children += 1
            if kind and kind != "item":
                self.mark(kind)
        elif kind == "author":
            self.mark(kind)

    def on_end(self, name: str) -> None:
        depth = self.depth
        self.depth = depth - 1
        if depth == 1:
            self.end = self.end_of(name)
        if not self.item_depth:
            self.path.pop()
        if depth == self.mark_depth:
            kind, _, start = self.marks.pop()
            self.mark_depth = self.marks[-1][1] if self.marks else 0
            self.close(kind, start, self.end_of(name))

    def on_default(self, element: str, attribute: str, _kind: str, default: str | None, _required: int) -> None:
        """A feed declares no attributes. A short default is harmless; parsers copy a long one into every element."""
        if default is not None and len(default) > ENTITY_VALUE_MAX:
            self.stop(Reason.ENTITY_BOMB, f"default of {element[:40]} {attribute[:40]} has {len(default)} characters")

    def on_entity(self, name: str, _parameter: bool, value: str | None, *_ids: str | None) -> None:
        self.entities += 1
        if self.entities > ENTITIES_MAX:
            self.stop(Reason.ENTITY_BOMB, f"more than {ENTITIES_MAX} entity declarations")
        if value is not None and len(value) > ENTITY_VALUE_MAX:
            self.stop(Reason.ENTITY_BOMB, f"entity {name[:40]} has {len(value)} characters, {ENTITY_VALUE_MAX} allowed")
        if value is not None and REFERENCE.search(value):
            self.stop(Reason.ENTITY_BOMB, f"entity {name[:40]} refers to another")

    def outside(self, name: str, attributes: list[str]) -> None:
        """A start tag that is not inside an item: the root, the channel, its metadata, or an item."""
        start = self.parser.CurrentByteIndex
        if not self.root:
            self.root = local_name(name)
            if self.root not in ROOTS:
                self.stop(Reason.NOT_A_FEED, f"root element <{name[:40]}>")
        for at in range(0, len(attributes), 2):
            if attributes[at].startswith("xmlns:"):
                self.kinds.declare(attributes[at][6:].lower(), attributes[at + 1])
        kind = self.kinds[name]
        if kind == "item":
            self.open_item(start)
        else:
            self.path.append((name, start))
            if kind == "author":
                self.mark(kind)

    def open_item(self, start: int) -> None:
        if len(self.spans) == ITEMS_MAX:
            self.stop(Reason.TOO_MANY_ITEMS, f"more than {ITEMS_MAX} items")
        if self.document[start : start + 1] != b"<":
            self.stop(Reason.ENTITY_BOMB, "an item that begins inside an entity")
        if self.ancestors is None:
            self.ancestors = tuple(self.path)
        self.item_depth = self.depth
        self.elements_before = self.elements
        self.mark("item")

    def mark(self, kind: str) -> None:
        self.mark_depth = self.depth
        self.marks.append((kind, self.depth, self.parser.CurrentByteIndex))

    def close(self, kind: str, start: int, end: int) -> None:
        if kind == "item":
            self.close_item(start, end)
            return
        if kind == "author":
            has_entities = self.entities and b"&" in self.document[start:end]
            size = (end - start) * (ENTITY_GROWTH if has_entities else 1)
            self.author_cost += size * size
            if size > AUTHOR_BYTES_MAX or self.author_cost > AUTHOR_COST_MAX:
                self.blame(Reason.AUTHOR_TOO_LONG, f"{size} bytes, {AUTHOR_BYTES_MAX} allowed")
        else:
            self.fields.append((kind, start, end))

    def close_item(self, start: int, end: int) -> None:
        if self.children > CHILDREN_MAX:
            self.blame(Reason.TOO_MANY_CHILDREN, f"{self.children} children, {CHILDREN_MAX} allowed")
        if self.elements - self.elements_before > ELEMENTS_MAX:
            self.blame(Reason.TOO_MANY_CHILDREN, f"{self.elements - self.elements_before} elements, {ELEMENTS_MAX} allowed")
        self.spans.append(Span(start=start, end=end, fields=tuple(self.fields), fault=self.fault))
        self.item_depth = self.children = self.author_cost = 0
        self.fields, self.fault = [], None

    def blame(self, reason: Reason, detail: str) -> None:
        """A fault: of the item it happens in, else of the document."""
        if not self.item_depth:
            self.stop(reason, detail)
        self.fault = self.fault or Refusal(reason, detail)

    def stop(self, reason: Reason, detail: str) -> NoReturn:
        self.refusal = Refusal(reason, detail)
        raise _Stop

    def end_of(self, name: str) -> int:
        """Position after the end tag at hand; for `<a/>` expat is there already."""
        at = self.parser.CurrentByteIndex
        if self.document.startswith(b"</" + name.encode(), at):
            return self.document.index(b">", at) + 1
        return at
