"""Drops an item whose bytes were seen before under the same identity, from whichever feed. No parsing, no likeness.

What changed bytes mean is judged by `link`, which knows the content.
"""

from msgspec.structs import replace
from xxhash import xxh3_128_digest, xxh3_128_hexdigest

from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, RawItem, Side, State
from pipeline.wire.dates import parse_instant

VERSION = "1"

STATE_VERSION = b"\x01"
DIGEST_BYTES = 16
SEEN_BYTES = 5  # seconds since 1970, good for 34,000 years
# Feeds that carry one article in two renderings, or caches that serve two states in turn, must not make a version each time: an
# item may come back to any of its last four forms. 1 + 5 + 4 × 16 = 70 bytes of state per item.
REMEMBERED = 4


def dedup(item: RawItem, state: State, now: str) -> Emit | Drop:
    """Emits the item with its verdict, `new` or `changed`, or drops it with a sighting.

    A repeat writes nothing: the form that came last keeps its place, and reading is cheaper than a changelog record.
    """
    key = xxh3_128_digest(item.key.encode())
    digest = xxh3_128_digest(item.item.encode())
    known = state.get(key, b"")
    if not known.startswith(STATE_VERSION):
        first_seen = int(parse_instant(now).timestamp()).to_bytes(SEEN_BYTES, "big")
        return Emit(item, writes=((key, STATE_VERSION + first_seen + digest),))
    digests = _digests(known)
    if digest in digests:
        return Drop(Reason.REPEAT, also=(_sighting(item, now, is_latest=digest == digests[0]),))
    head = known[: len(STATE_VERSION) + SEEN_BYTES]
    return Emit(replace(item, verdict="changed"), writes=((key, b"".join((head, digest, *digests[: REMEMBERED - 1]))),))


def item_uri(key: str) -> str:
    """The uri of an item whose wire gives it none: a function of its identity alone."""
    return f"urn:newswire:item:{xxh3_128_hexdigest(key.encode())}"


def _digests(known: bytes) -> list[bytes]:
    """The remembered item digests, newest first."""
    start = len(STATE_VERSION) + SEEN_BYTES
    return [known[at : at + DIGEST_BYTES] for at in range(start, len(known), DIGEST_BYTES)]


def _sighting(item: RawItem, now: str, *, is_latest: bool) -> Side:
    """Who carried it, when. `identical` is false for an earlier form of the item than the one we hold."""
    value = {
        "uri": item_uri(item.key),
        "feed": item.feed,
        "provider": item.provider,
        "url": item.url,
        "document": item.document,
        "seen_at": item.fetched_at or now,
        "identical": is_latest,
    }
    return Side("sightings", item.key, {name: fact for name, fact in value.items() if fact != ""})
