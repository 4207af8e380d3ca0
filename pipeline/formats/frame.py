"""What stands around one item of a feed, and how little of it the item needs to be parsed. Pure, and no parser.

All items of a poll travel with the same frame (`poll.slice`). Its facts are the feed's, so they are read once per frame; the item
alone goes between the start and end tags of the elements around it.
"""

import re

from msgspec import Struct

from pipeline.poll.bytescan import tag_end
from pipeline.poll.guard import Refusal, survey

OPENING = re.compile(rb"<((?:[A-Za-z_][A-Za-z0-9_.-]{0,39}:)?(?:item|entry))[\s/>]")
FRAME_BYTES_MAX = 64 << 10  # with syndication.FRAMES_MAX of them remembered, 16 MB; the largest seen in 2,000 real feeds is 26 KB
PROLOG = b"<?xml"


class Place(Struct, frozen=True):
    """An item's place in its document: between `head` and `tail`. `tag` is its qualified name."""

    head: bytes
    tag: bytes
    tail: bytes


class Bare(Struct, frozen=True):
    """The prolog and the start tags around an item, and their end tags."""

    start: bytes
    end: bytes


def place(document: bytes) -> tuple[Place, bytes] | None:
    """The frame of a one-item document and the item; None when the bytes alone do not tell them apart, or the frame is large."""
    opening = OPENING.search(document)
    if opening is None:
        return None
    closing = b"</" + opening[1] + b">"
    end = document.rfind(closing) + len(closing)
    start = opening.start()
    if end <= start or start + len(document) - end > FRAME_BYTES_MAX:
        return None
    return Place(document[:start], opening[1], document[end:]), document[start:end]


def empty(found: Place) -> bytes:
    """The frame as a document, with an item that says nothing."""
    return b"".join((found.head, b"<", found.tag, b"></", found.tag, b">", found.tail))


def bare(found: Place) -> Bare | None:
    """The tags around the item; None for a frame that is ill-formed, or whose document type may change what the item means."""
    frame = empty(found)
    if b"<!DOCTYPE" in frame:
        return None
    seen = survey(frame)
    if isinstance(seen, Refusal) or seen.error or [span.start for span in seen.spans] != [len(found.head)]:
        return None
    prolog = frame[: frame.index(b"?>") + 2] if frame.startswith(PROLOG) else b""
    return Bare(
        prolog + b"".join(frame[at : tag_end(frame, at)] for _, at in seen.ancestors),
        b"".join(b"</%b>" % name.encode() for name, _ in reversed(seen.ancestors)),
    )
