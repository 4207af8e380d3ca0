"""What the records of a segment are called, as hashes in its manifest: who looks for an article reads manifests only. Pure.

    events       the uri (`ce_subject`), the home (the key; not in the manifests of older releases, which lack `has_homes`)
    raw          the key, the uri that the key gives, the guid
    documents    the digest (the key), the feed

A hash is 32 bits of xxh3-64: 5.3 bytes of the manifest per name, and one needless read of a segment in 200,000 at 20,000 names.
Homes add 5.3 bytes an event at most, 3 where every second event begins a story.
Promise: a name that is not among the hashes is the name of no record of the segment.
"""

import sys
from array import array
from base64 import b64decode, b64encode
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Set

from xxhash import xxh3_64_intdigest

from pipeline.sinks.line import Record
from pipeline.sinks.segment import FormName
from pipeline.stages.dedup import item_uri

HEADERS: dict[FormName, str] = {"events": "ce_subject", "raw": "guid", "documents": "feed"}
MASK = (1 << 32) - 1
HASH_BYTES = 4


def names_of(form: FormName, record: Record) -> Iterator[bytes]:
    """What somebody may look for the record by."""
    wanted = HEADERS[form]
    yield from (value for name, value in record.headers if name == wanted and value)
    if record.key:
        yield record.key
        if form == "raw":
            yield item_uri(record.key.decode(errors="replace")).encode()


def name_hash(name: bytes) -> int:
    """The hash of one name."""
    return int(xxh3_64_intdigest(name)) & MASK


def pack_names(hashes: Iterable[int]) -> str:
    """Sorted hashes as they stand in a manifest: base64 of little-endian words."""
    packed = array("I", sorted(hashes))
    assert packed.itemsize == HASH_BYTES
    if sys.byteorder == "big":
        packed.byteswap()
    return b64encode(packed.tobytes()).decode()


def unpack_names(text: str) -> "array[int]":
    """The inverse of `pack_names`; raises ValueError for what is none."""
    packed = array("I")
    packed.frombytes(b64decode(text, validate=True))
    if sys.byteorder == "big":
        packed.byteswap()
    return packed


def may_name(hashes: "array[int]", wanted: Collection[int]) -> bool:
    """Whether one of the wanted hashes is among the sorted ones; no hashes at all exclude nothing (an older manifest)."""
    if not hashes:
        return True
    if isinstance(wanted, Set) and len(wanted) > len(hashes):  # all kills of a month, and the names of a minute
        return not wanted.isdisjoint(hashes)
    return any(at < len(hashes) and hashes[at] == each for each in wanted for at in (bisect_left(hashes, each),))
