"""Takes: a long text sent in parts (`=2`, `1st Add`), put together in their order, whichever came first.

A row per text holds the parts behind the first; the first is an ordinary text of its own item. What came before a new full text
(a writethru) is no part of that.
"""

import zstandard
from msgspec import Struct, msgpack
from xxhash import xxh3_64_intdigest

from pipeline.stages.link.memory import Memory
from pipeline.stages.link.message import Message
from pipeline.stages.link.window import TEXTS
from pipeline.stages.rows import enlist

TAKES_MAX = 20  # a take has 10,000 characters at most; a book has more takes than anybody sends
TAKE_CHARS_MAX = 20_000


class Take(Struct, frozen=True, array_like=True, order=True):
    """One part: its number, what orders two of the same number, its text."""

    number: int
    stamp: int
    version: int
    uri: str
    body: str


def key_of(message: Message) -> int:
    """What the parts of one text have in common: the headline, else the slug, and who carries it.

    Not the agency, and not the slug that is known by it: the parts behind the first have no dateline to name it.
    """
    return int(xxh3_64_intdigest(b"take:" + message.publisher + (message.title or message.slug).to_bytes(8, "big")))


def read(memory: Memory, message: Message) -> tuple[Take, ...]:
    """The parts that are held of a text, in order."""
    row = memory.get(_row(key_of(message)))
    return msgpack.decode(zstandard.decompress(row), type=tuple[Take, ...]) if row else ()


def add(memory: Memory, message: Message) -> bool:
    """Keeps a part; False when it, or a later form of it, is held already."""
    known = read(memory, message)
    part = Take(message.take, message.stamp or message.seen_at, message.number, message.uri, message.body[:TAKE_CHARS_MAX])
    rival = next((take for take in known if take.number == part.number), None)
    if rival is not None and rival >= part:
        return False
    if not known:
        enlist(memory, TEXTS, message.hour, _row(key_of(message)))
    parts = sorted((*(take for take in known if take.number != part.number), part))[:TAKES_MAX]
    memory.put(_row(key_of(message)), zstandard.compress(msgpack.encode(tuple(parts)), 1))
    return True


def assembled(first: str, stamp: int, parts: tuple[Take, ...]) -> str:
    """The whole text: the first take, and those that were sent after it."""
    return "\n\n".join((first, *(take.body for take in parts if take.body and take.stamp >= stamp)))


def _row(key: int) -> bytes:
    return b"x" + key.to_bytes(8, "big")
