"""Cuts a fetched feed into standalone documents, one per item, without parsing it.

A slice is everything that stands outside the items (prolog, document type, namespaces, channel metadata wherever it stands) with
one item left in its own place, so a parser gives for it what it gives for the whole document. Items of documents that are not
UTF-8 are cut from a UTF-8 copy (see `charset.py`); a document in UTF-8 keeps its bytes. Pure: no asyncio, os, time, socket,
logging, and nothing here knows what a field means beyond telling one item from another.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from pipeline.poll.bytescan import scan, tag_end
from pipeline.poll.charset import Decoded, to_utf8, without_controls
from pipeline.poll.fields import read
from pipeline.poll.guard import Refusal as Refusal
from pipeline.poll.guard import Span, Survey, survey
from pipeline.poll.tags import ROOTS, Format
from pipeline.reasons import Reason
from pipeline.wire.dates import ONE_DATE

BODY_BYTES_MAX = 10 << 20  # as in fetch; a document may also come from a file
ITEM_BYTES_MAX = 3 << 19  # 1.5 MiB: with the frame below it fits the 2 MiB records of the raw topic, headers included
FRAME_BYTES_MAX = 1 << 18  # 256 KiB: every slice repeats the frame; the largest seen in 2,000 real feeds is a tenth of that
SLICED_BYTES_MAX = 64 << 20  # frame times items: what one poll may publish beyond the items' own bytes
JUNK_WITHIN = 64 << 10  # how far into a document the prolog or root may stand: PHP warnings come before it, not whole pages
PAGE_WITHIN = 1 << 10  # an HTML page says so at once
CHALLENGE_WITHIN = 256 << 10  # challenge pages are scripts of some 10 KB
ONE_DATE_ITEMS_MIN = 3  # two items may well come in the same minute

START = re.compile(rb"(?:<\?xml\s[^<>]*>(?:\s*<[!?][^<>]*>)*\s*)?<(?:[a-z]{1,20}:)?(?:rdf|rss|feed)[\s>]", re.IGNORECASE)
ELEMENT = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.:-]{0,39})")
PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
LATE_ITEM = re.compile(rb"<(?:[a-z]{1,20}:)?(?:item|entry)[\s>]", re.IGNORECASE)
CHALLENGE = re.compile(
    rb"cf-chl|challenge-platform|just a moment\.\.\.|_incapsula_resource|captcha|datadome|enable javascript and cookies",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One item. `item` is its exact bytes; guid to published are the raw text of its own children, for identity only.

    `frame` is shared by all slices of a document, `at` is this item's place in it, `part` its place among all items.
    `is_guid_shared`: another item has the same guid. `is_link_shared`: another item with another guid has the same page
    (live blogs and change logs). Either then tells nothing.
    """

    part: int
    item: bytes
    frame: bytes = field(repr=False)
    at: int
    guid: str = ""
    link: str = ""
    title: str = ""
    published: str = ""
    text_range: tuple[int, int] = (0, 0)
    is_guid_shared: bool = False
    is_link_shared: bool = False

    @property
    def value(self) -> bytes:
        """The standalone document. Made on demand: most items of a poll were seen before."""
        return self.frame[: self.at] + self.item + self.frame[self.at :]

    @property
    def text(self) -> bytes:
        """The markup of the item's longest text (content, description or summary), b"" when it has none."""
        return self.item[slice(*self.text_range)]


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item at fault; the others of its document go on."""

    part: int
    item: bytes
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A document taken apart. `frame` is all that is not an item; `charset` the evidence; `problems` what was put right."""

    format: Format
    frame: bytes = field(repr=False)
    items: tuple[Slice, ...] = ()
    refused: tuple[RefusedItem, ...] = ()
    charset: str = ""
    problems: tuple[str, ...] = ()


def cut(document: bytes, *, charset: str | None = None) -> Cut | Refusal:
    """Takes a fetched body apart; `charset` is the one of the Content-Type header.

    Never raises on any input. A feed without items is a Cut without items; a Refusal is about the whole document.
    """
    if len(document) > BODY_BYTES_MAX:
        return Refusal(Reason.BODY_TOO_LARGE, f"{len(document)} bytes, {BODY_BYTES_MAX} allowed")
    if not document.strip(b" \t\r\n\0\xef\xbb\xbf"):
        return Refusal(Reason.EMPTY_BODY, f"{len(document)} bytes of nothing")
    decoded = to_utf8(document, charset)
    if isinstance(decoded, Refusal):
        return decoded
    return _cut(decoded)


def _cut(decoded: Decoded) -> Cut | Refusal:
    found = _survey(decoded.document)
    if isinstance(found, Refusal):
        return found
    framed = _frame(found.document, found.survey)
    if isinstance(framed, Refusal):
        return framed
    frame, places, is_skeleton = framed
    items, refused = [], []
    for part, (span, at) in enumerate(zip(found.survey.spans, places, strict=True)):
        item = found.document[span.start : span.end]
        if fault := span.fault or _too_large(item):
            refused.append(RefusedItem(part, item, fault.reason, fault.detail))
        else:
            items.append(_slice(part, item, frame, at, span))
    return Cut(
        format=ROOTS[found.survey.root],
        frame=frame,
        items=_with_shared(items),
        refused=tuple(refused),
        charset=decoded.evidence,
        problems=(
            *decoded.problems,
            *found.problems,
            *(("feed.metadata_dropped",) if is_skeleton else ()),
            *((ONE_DATE,) if _has_one_date(items) else ()),
        ),
    )


def _slice(part: int, item: bytes, frame: bytes, at: int, span: Span) -> Slice:
    fields = read(item, [(kind, start - span.start, end - span.start) for kind, start, end in span.fields])
    return Slice(
        part=part,
        item=item,
        frame=frame,
        at=at,
        guid=fields.guid,
        link=fields.link,
        title=fields.title,
        published=fields.published,
        text_range=fields.text_range,
    )


def _with_shared(items: list[Slice]) -> tuple[Slice, ...]:
    """The slices with the two facts that only the whole document shows."""
    guids = Counter(item.guid for item in items if item.guid)
    pages: dict[str, set[str]] = {}
    for item in items:
        if item.link:
            pages.setdefault(item.link.partition("#")[0], set()).add(item.guid)
    shared_guids = {guid for guid, count in guids.items() if count > 1}
    shared_pages = {page for page, guids_ in pages.items() if len(guids_) > 1}
    if not shared_guids and not shared_pages:
        return tuple(items)
    return tuple(
        replace(
            item,
            is_guid_shared=item.guid in shared_guids,
            is_link_shared=item.link.partition("#")[0] in shared_pages,
        )
        for item in items
    )


def _has_one_date(items: list[Slice]) -> bool:
    """Whether all items have the same date, which then is hardly that of any of them."""
    return len(items) >= ONE_DATE_ITEMS_MIN and bool(items[0].published) and len({item.published for item in items}) == 1


def _too_large(item: bytes) -> Refusal | None:
    if len(item) <= ITEM_BYTES_MAX:
        return None
    return Refusal(Reason.ITEM_TOO_LARGE, f"{len(item)} bytes, {ITEM_BYTES_MAX} allowed")


# ── from bytes to a survey, with the least repair that will do ───────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Found:
    document: bytes
    survey: Survey
    problems: tuple[str, ...] = ()


def _survey(document: bytes) -> _Found | Refusal:
    """The survey of the document as it is, else of the document after each repair in turn, else by its bytes."""
    problems: tuple[str, ...] = ()
    for problem, repair in REPAIRS:
        repaired = repair(document)
        if problem and repaired == document:
            continue
        document, problems = repaired, (*problems, problem) if problem else ()
        found = survey(document)
        if isinstance(found, Refusal):
            if found.reason is not Reason.NOT_A_FEED:
                return found
        elif not found.error:
            return _Found(document, found, problems)
        elif found.end and not LATE_ITEM.search(document, found.end):
            return _Found(document[: found.end], found, (*problems, "xml.junk_after_root"))
    scanned = _not_a_feed(document) if PAGE.search(document, 0, PAGE_WITHIN) else scan(document)
    if isinstance(scanned, Refusal):
        return _not_a_feed(document) if scanned.reason is Reason.NOT_A_FEED else scanned
    if not scanned.spans:
        return Refusal(Reason.BROKEN_XML, "ill-formed, and no item could be cut")
    return _Found(document, scanned, (*problems, "xml.ill_formed"))


def _from_root(document: bytes) -> bytes:
    """Without what stands before the prolog or the root element: PHP warnings, a web page around the feed."""
    found = START.search(document, 0, JUNK_WITHIN)
    return document[found.start() :] if found else document


REPAIRS = (("", bytes), ("xml.controls_removed", without_controls), ("xml.junk_before_root", _from_root))


def _not_a_feed(document: bytes) -> Refusal:
    """What it is instead, as far as its first bytes tell."""
    start = document[:PAGE_WITHIN].lstrip()
    if PAGE.search(start):
        if CHALLENGE.search(document, 0, CHALLENGE_WITHIN):
            return Refusal(Reason.BOT_CHALLENGE, "a page that wants a browser")
        return Refusal(Reason.NOT_A_FEED, "an HTML page")
    if start[:1] in (b"{", b"["):
        return Refusal(Reason.NOT_A_FEED, "JSON")
    if element := ELEMENT.search(start):
        return Refusal(Reason.NOT_A_FEED, f"root element <{element[1].decode()}>")
    return Refusal(Reason.NOT_A_FEED, f"begins with {start[:40]!r}")


# ── what stands around the items ─────────────────────────────────────────────────────────────────────────────────────


def _frame(document: bytes, found: Survey) -> tuple[bytes, list[int], bool] | Refusal:
    """All that is not an item, each item's place in it, and whether it had to be cut down to the tags around the items."""
    limit = min(FRAME_BYTES_MAX, SLICED_BYTES_MAX // max(1, len(found.spans)))
    pieces, places, size, at = [], [], 0, 0
    for span in found.spans:
        gap = document[at : span.start]
        # Between items there is mostly white space, which no parser keeps.
        piece = gap if not at or gap.strip() else b""
        pieces.append(piece)
        size += len(piece)
        places.append(size)
        at = span.end
    pieces.append(document[at : found.end])
    if size + len(pieces[-1]) <= limit or not places:
        return b"".join(pieces), places, False
    frame, place = _skeleton(document, found.ancestors)
    if len(frame) > limit:
        return Refusal(Reason.BODY_TOO_LARGE, f"{len(frame)} bytes of tags around {len(places)} items, {limit} allowed")
    return frame, [place] * len(places), True


def _skeleton(document: bytes, ancestors: tuple[tuple[str, int], ...]) -> tuple[bytes, int]:
    """Only the start and end tags of the elements around the items: for feeds with more metadata than slices can repeat."""
    start = b"".join(document[at : tag_end(document, at)] for _, at in ancestors)
    return start + b"".join(b"</" + name.encode() + b">" for name, _ in reversed(ancestors)), len(start)
