"""Finds the items of an ill-formed document by its bytes, as tolerantly as the loose parser that will read them.

Every loop here is linear in the document, whatever it holds: no pattern can backtrack past a `<`, and a closing mark that was
not found once is not looked for again. No parsing of values, no charset: the document is UTF-8.
"""

import re
from dataclasses import dataclass, field

from pipeline.poll.guard import AUTHOR_BYTES_MAX, AUTHOR_COST_MAX, CHILDREN_MAX, DEPTH_MAX, ITEMS_MAX, Refusal, Span, Survey
from pipeline.poll.tags import ROOTS, Kinds, local_name
from pipeline.reasons import Reason

LOOSE_BYTES_MAX = 2 << 20  # feedparser's loose parser reads about 1 MB/s of hostile text
LOOSE_MARKS_MAX = 50_000  # item tags, CDATA sections and comments: ten for each of the 5,000 items allowed; 25 ms
LOOSE_TAGS_MAX = 20_000  # "<" in one item: 0.14 s at 7 µs for each tag the loose parser meets
LOOSE_REFERENCES_MAX = 50_000  # "&" in one item: 0.09 s at 1.7 µs
ROOT_WITHIN = 64 << 10  # PHP warnings, licence comments and old DTDs stand before a root, not whole documents

NAME = rb"[A-Za-z_][A-Za-z0-9_.-]{0,63}"
ROOT = re.compile(rb"<(?:" + NAME + rb":)?(rss|rdf|feed|channel)(?=[\s>])", re.IGNORECASE)
TOKEN = re.compile(rb"<!\[CDATA\[|<!--|<(/?)((?:" + NAME + rb":)?(?:item|entry|channel|feed|rss|rdf))(?=[\s/>])", re.IGNORECASE)
CHILD = re.compile(rb"<!\[CDATA\[|<!--|<(" + NAME + rb"(?::" + NAME + rb")?)(?=[\s/>])")
TAG_END = re.compile(rb"(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+>")
XMLNS = re.compile(rb"\sxmlns:(" + NAME + rb")\s*=\s*[\"']([^\"'<>]{1,200})[\"']")
CLOSERS = {b"<![CDATA[": b"]]>", b"<!--": b"-->"}
# Elements with titles, links and ids of their own that are not the item's.
FOREIGN = frozenset({"source", "image", "textinput", "contributor", "author"})


def scan(document: bytes) -> Survey | Refusal:
    """The survey of an ill-formed document. An item left open ends where the next one or the feed's end tag begins."""
    root = ROOT.search(document, 0, ROOT_WITHIN)
    if not root:
        return Refusal(Reason.NOT_A_FEED, "no feed root element")
    if len(document) > LOOSE_BYTES_MAX:
        return Refusal(Reason.BROKEN_XML, f"ill-formed and {len(document)} bytes, {LOOSE_BYTES_MAX} allowed")
    return _Scan(document=document, root=root[1].decode().lower()).run(root.start())


def children(document: bytes, body: int, end: int, kinds: Kinds) -> tuple[tuple[str, int, int], ...]:
    """(kind, start, end) of the telling elements between `body` and `end`, the inside of an item: the same places as expat's."""
    cursor = _Cursor(document=document, end=end)
    found = []
    while token := CHILD.search(document, body, end):
        if token[1] is None:
            body = cursor.after(CLOSERS[token[0]], token.end())
            continue
        kind = kinds[name := token[1].decode()]
        body = token.end()
        if not kind and local_name(name) not in FOREIGN:
            continue
        inside = last = min(tag_end(document, token.start()), end)
        if document[last - 2 : last] != b"/>":
            last = cursor.after(b"</" + token[1], inside)
            last = cursor.after(b">", last) if last > inside else inside
        if kind and kind != "item":
            found.append((kind, token.start(), last))
        body = last if kind or last - inside <= AUTHOR_BYTES_MAX else inside
    return tuple(found)


def tag_end(document: bytes, start: int) -> int:
    """Position after the tag that begins at `start`; a tag with broken quotes ends at its first ">"."""
    if found := TAG_END.match(document, start + 1):
        return found.end()
    following = document.find(b"<", start + 1)
    end = document.find(b">", start, following if following >= 0 else len(document))
    return end + 1 if end >= 0 else start + 1


@dataclass(slots=True, kw_only=True)
class _Cursor:
    """Searches closers; each that is missing is missed once."""

    document: bytes
    end: int
    missing: set[bytes] = field(default_factory=set)

    def after(self, closer: bytes, start: int) -> int:
        """Position after `closer`, or `start` when there is none."""
        if closer in self.missing:
            return start
        at = self.document.find(closer, start, self.end)
        if at < 0:
            self.missing.add(closer)
            return start
        return at + len(closer)


@dataclass(slots=True, kw_only=True)
class _Scan:
    document: bytes
    root: str
    kinds: Kinds = field(default_factory=Kinds)
    spans: list[Span] = field(default_factory=list)
    path: list[tuple[str, int]] = field(default_factory=list)
    ancestors: tuple[tuple[str, int], ...] = ()
    opened: int = -1

    def run(self, at: int) -> Survey | Refusal:
        document = self.document
        cursor = _Cursor(document=document, end=len(document))
        marks = 0
        while token := TOKEN.search(document, at):
            at = token.end()
            marks += 1
            if marks > LOOSE_MARKS_MAX:
                return Refusal(
                    Reason.BROKEN_XML, f"ill-formed, with more than {LOOSE_MARKS_MAX} item tags, comments and CDATA sections"
                )
            if token[2] is None:
                at = cursor.after(CLOSERS[token[0].upper()], at)
                continue
            name, start = token[2].decode(), token.start()
            if self.opened < 0 and not token[1]:
                for prefix, uri in XMLNS.findall(document, start, tag_end(document, start)):
                    self.kinds.declare(prefix.decode().lower(), uri.decode("utf-8", "replace"))
            if self.kinds[name] == "item":
                at = self.on_item(bool(token[1]), start)
            elif local_name(name) in ROOTS:
                self.on_frame(bool(token[1]), name, start)
            if len(self.spans) > ITEMS_MAX:
                return Refusal(Reason.TOO_MANY_ITEMS, f"more than {ITEMS_MAX} items")
        if self.opened >= 0:
            detail = f"item {len(self.spans) + 1} of a document that breaks off at byte {len(document)}"
            self.close(len(document), Refusal(Reason.BROKEN_XML, detail))
        return self.frame_fault() or Survey(
            root=self.root, spans=tuple(self.spans), ancestors=self.ancestors, end=len(document), error="ill-formed"
        )

    def on_item(self, is_end: bool, start: int) -> int:
        end = tag_end(self.document, start)
        if is_end:
            if self.opened >= 0:
                self.close(end)
            return end
        if self.opened >= 0:
            self.close(start)
        if not self.spans:
            self.ancestors = tuple(self.path)
        self.opened = start
        if self.document[end - 2 : end] == b"/>":
            self.close(end)
        return end

    def on_frame(self, is_end: bool, name: str, start: int) -> None:
        """A tag of the feed around the items. Inside an item only an end tag counts: it ends an item left open."""
        if is_end and self.opened >= 0 and any(name == known for known, _ in self.path):
            self.close(start)
        elif not is_end and self.opened < 0 and len(self.path) < DEPTH_MAX:
            self.path.append((name, start))

    def close(self, end: int, fault: Refusal | None = None) -> None:
        start, self.opened = self.opened, -1
        fault = fault or _text_fault(self.document, start, end)
        fields = () if fault else children(self.document, tag_end(self.document, start), end, self.kinds)
        fault = fault or _field_fault(fields)
        fields = tuple(place for place in fields if place[0] != "author")
        self.spans.append(Span(start=start, end=end, fields=fields, fault=fault))

    def frame_fault(self) -> Refusal | None:
        """Authors of the channel: every slice repeats them."""
        at = 0
        for start, end in [*((span.start, span.end) for span in self.spans), (len(self.document), 0)]:
            fault = _text_fault(self.document, at, start) or _field_fault(children(self.document, at, start, self.kinds))
            if fault:
                return fault
            at = end
        return None


def _field_fault(fields: tuple[tuple[str, int, int], ...]) -> Refusal | None:
    sizes = [last - first for kind, first, last in fields if kind == "author"]
    if sizes and (max(sizes) > AUTHOR_BYTES_MAX or sum(size * size for size in sizes) > AUTHOR_COST_MAX):
        return Refusal(Reason.AUTHOR_TOO_LONG, f"{max(sizes)} bytes, {AUTHOR_BYTES_MAX} allowed")
    if len(fields) > CHILDREN_MAX:
        return Refusal(Reason.TOO_MANY_CHILDREN, f"{len(fields)} children, {CHILDREN_MAX} allowed")
    return None


def _text_fault(document: bytes, start: int, end: int) -> Refusal | None:
    """What the loose parser cannot read in a quarter of a second."""
    if (tags := document.count(b"<", start, end)) > LOOSE_TAGS_MAX:
        return Refusal(Reason.TOO_MANY_CHILDREN, f'{tags} "<" in an ill-formed item, {LOOSE_TAGS_MAX} allowed')
    if (references := document.count(b"&", start, end)) > LOOSE_REFERENCES_MAX:
        return Refusal(Reason.BROKEN_XML, f'{references} "&" in an ill-formed item, {LOOSE_REFERENCES_MAX} allowed')
    return None
