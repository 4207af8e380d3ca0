"""The rows of link's state: what each holds, and how a record's reads and writes go through them. Decides nothing about stories.

Keys are one letter and a hash:
  u + uri        story and home of the item, hour of its last message, aliases    30 d after its last message
  s + story      the packed chain (chain.py)                                      as long as one of its items
  a + alias      digests of the items that have this guid or link                 as long as one of them
  p + text       sketch of one text (sketch.py)                                   72 h, the newest TEXTS_MAX of an item
  t + text       headline, city and body of that text, compressed                 as its sketch
  f + key        texts found under a routing key, each with its mask             as long as one of them
  x + take key   takes of one text (takes.py)                                     72 h
  q + headline   kills that name their victim by this headline (kills.py)         30 d
  e, i           what is to be forgotten when (window.py)
"""

import struct
from collections.abc import Iterable
from itertools import takewhile

import zstandard
from msgspec import Struct, msgpack
from msgspec.structs import replace
from xxhash import xxh3_64_digest

from pipeline.stages.bucket import BUCKETS
from pipeline.stages.link import chain, sketch
from pipeline.stages.link.chain import Chain, Item
from pipeline.stages.link.sketch import Sketch
from pipeline.stages.rows import Rows

POSTED_MAX = 64  # a key with more texts is boilerplate: it is ignored until some of them are forgotten
TEXTS_MAX = 4  # texts of one item that can be found and compared: a live blog has hundreds
SHARED_MAX = 4  # items behind one alias: a guid on more of them is no name
UINT32 = struct.Struct("<I")
POSTING = struct.Struct("<8sI")  # a text, and the mask of its numbers
# The hour in a row of u has room above its 26 bits (until the year 9625): five for the bucket, one for a home behind the aliases.
HOUR_BITS, HAS_HOME = 26, 1 << 31
HOUR_MAX = (1 << HOUR_BITS) - 1
NAMED = ("", *BUCKETS)  # rows hold the number of a bucket: a new one belongs at the end
TEXT_CHARS_MAX = 60_000  # a text beyond it is compared by its beginning
TEXT_CODEC = b"\x01"

Posting = tuple[bytes, int]

_COMPRESSOR = zstandard.ZstdCompressor(level=1, write_content_size=True, write_checksum=False, write_dict_id=False)
_DECOMPRESSOR = zstandard.ZstdDecompressor()


class Told(Struct, frozen=True, array_like=True):
    """A text as it is kept for comparison."""

    headline: str
    body: str
    city: str
    language: str


class Place(Struct, frozen=True):
    """Where an item belongs: the digest of its story, the hour of its last message, its aliases.

    `home` is the story under which it was first announced, b"" where that is `story`. It is no part of the chain, which does not
    look at arrival; all that is told of the item travels under it. `bucket` is that of its texts, "" as long as there are none.
    """

    story: bytes
    hour: int
    aliases: tuple[int, ...] = ()
    home: bytes = b""
    bucket: str = ""

    def moved(self, story: bytes) -> "Place":
        """The same item in another story; at home where it was."""
        home = self.home or self.story
        return replace(self, story=story, home=home if home != story else b"")


class Memory(Rows):
    """The rows of link, by what they hold."""

    # ── items and stories ────────────────────────────────────────────────────────────────────────────────────────────

    def place(self, item: bytes) -> Place | None:
        """Where an item belongs, by the digest of its uri."""
        row = self.get(b"u" + item)
        if row is None:
            return None
        (hour,) = UINT32.unpack_from(row, 16)
        end = len(row) - 16 if hour & HAS_HOME else len(row)
        aliases = struct.unpack(f"<{(end - 20) // 8}Q", row[20:end])
        return Place(row[:16], hour & HOUR_MAX, aliases, row[end:], NAMED[(hour & ~HAS_HOME) >> HOUR_BITS])

    def put_place(self, item: bytes, place: Place) -> None:
        """Keeps where an item belongs."""
        aliases = struct.pack(f"<{len(place.aliases)}Q", *place.aliases)
        hour = place.hour | NAMED.index(place.bucket) << HOUR_BITS | (HAS_HOME if place.home else 0)
        self.put(b"u" + item, place.story + UINT32.pack(hour) + aliases + place.home)

    def story(self, story: bytes) -> Chain | None:
        """The chain of a story."""
        return chain.unpack(self.get(b"s" + story))

    def put_story(self, story: bytes, found: Chain | None) -> None:
        """Keeps a chain; one without items is forgotten."""
        self.put(b"s" + story, chain.pack(found) if found and found.items else None)

    def whereabouts(self, item: bytes) -> tuple[Place, Chain, Item] | None:
        """Where an item belongs, with the chain of that story and the item itself."""
        place = self.place(item)
        held = self.story(place.story) if place else None
        found = held.find(item) if held else None
        return (place, held, found) if place and held and found else None

    def items_of(self, alias: int) -> tuple[bytes, ...]:
        """The items that have an alias; none when too many have it."""
        row = self.get(b"a" + alias.to_bytes(8, "big")) or b""
        found = tuple(row[at : at + 16] for at in range(0, len(row), 16))
        return found if len(found) <= SHARED_MAX else ()

    def name(self, alias: int, item: bytes) -> None:
        """Gives an item one more name."""
        key = b"a" + alias.to_bytes(8, "big")
        row = self.get(key) or b""
        known = [row[at : at + 16] for at in range(0, len(row), 16)]
        if item not in known and len(known) <= SHARED_MAX:
            self.put(key, b"".join(sorted((*known, item))))

    def unname(self, alias: int, item: bytes) -> None:
        """Takes a name from an item."""
        key = b"a" + alias.to_bytes(8, "big")
        row = self.get(key) or b""
        rest = [known for at in range(0, len(row), 16) if (known := row[at : at + 16]) != item]
        self.put(key, b"".join(rest) or None)

    # ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def sketch(self, ref: bytes) -> Sketch | None:
        """The sketch of a text."""
        return sketch.unpack(self.get(b"p" + ref))

    def told(self, ref: bytes) -> Told | None:
        """The text itself."""
        row = self.get(b"t" + ref)
        if row is None or not row.startswith(TEXT_CODEC):
            return None
        return msgpack.decode(_DECOMPRESSOR.decompress(row[1:]), type=Told)

    def keep(self, ref: bytes, drawn: Sketch, told: Told, under: Iterable[int] | None = None) -> None:
        """Keeps a text, and posts it under these keys of its sketch, or under all."""
        self.put(b"p" + ref, sketch.pack(drawn))
        self.put(b"t" + ref, TEXT_CODEC + _COMPRESSOR.compress(msgpack.encode(told)))
        for key in drawn.keys if under is None else under:
            self._post(key, ref, drawn.mask)

    def forget(self, ref: bytes) -> None:
        """Forgets a text; a posting goes with the last of the texts that stand in it."""
        found = self.sketch(ref)
        self.put(b"p" + ref, None)
        self.put(b"t" + ref, None)
        for key in found.keys if found else ():
            posted = b"f" + key.to_bytes(8, "big")
            row = self.get(posted) or b""
            others = [other for other, _ in POSTING.iter_unpack(row) if other != ref]
            if row and not any(self.get(b"p" + other) for other in reversed(others)):
                self.put(posted, None)

    def posted(self, key: int) -> list[bytes]:
        """The texts under a key; none when there are too many."""
        return [ref for ref, _ in self.postings(key)]

    def first_posted(self, key: int) -> list[bytes]:
        """The first POSTED_MAX texts under a key, however many there are: what a kill names may be carried by a hundred sites."""
        return [ref for ref, _ in POSTING.iter_unpack(self.get(b"f" + key.to_bytes(8, "big")) or b"")]

    def postings(self, key: int) -> list[Posting]:
        """The same, each with the mask of its numbers (sketch.py)."""
        row = self.get(b"f" + key.to_bytes(8, "big")) or b""
        return list(POSTING.iter_unpack(row)) if len(row) < POSTED_MAX * POSTING.size else []

    def _post(self, key: int, ref: bytes, mask: int) -> None:
        posted = b"f" + key.to_bytes(8, "big")
        row = self.get(posted) or b""
        if len(row) >= POSTED_MAX * POSTING.size:
            row = self._without_forgotten(row)
        if len(row) < POSTED_MAX * POSTING.size and all(other != ref for other, _ in POSTING.iter_unpack(row)):
            self.put(posted, row + POSTING.pack(ref, mask))

    def _without_forgotten(self, row: bytes) -> bytes:
        """The list without the forgotten texts at its beginning, where the oldest are."""
        forgotten = takewhile(lambda posting: self.get(b"p" + posting[0]) is None, POSTING.iter_unpack(row))
        return row[sum(1 for _ in forgotten) * POSTING.size :]


def text_ref(item: bytes, content: bytes) -> bytes:
    """What stands for one text of one item in rows: 8 bytes."""
    return bytes(xxh3_64_digest(item + content))


def refs(found: Chain, uri: str) -> Iterable[bytes]:
    """The kept texts of an item of the story, oldest first."""
    item = found.item(uri)
    digest = chain.digest(uri)
    return [text_ref(digest, entry.content) for entry in item.entries[-TEXTS_MAX:]] if item else []
