"""Drops an item whose bytes were seen before under the same identity, from whichever feed. No parsing, no likeness.

What changed bytes mean is judged by `link`, which knows the content. What nobody has brought for 30 days is forgotten.
"""

from msgspec.structs import replace
from xxhash import xxh3_128_digest, xxh3_128_hexdigest

from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, RawItem, Side, Sighting, State
from pipeline.stages.rows import HOUR, Rows, Window, enlist, forget
from pipeline.wire.dates import parse_instant

VERSION = "2"

STATE_VERSION = b"\x02"
DIGEST_BYTES = 16
SEEN_BYTES = 5  # seconds since 1970, good for 34,000 years
HEAD_BYTES = len(STATE_VERSION) + SEEN_BYTES + HOUR.size
# Feeds that carry one article in two renderings, or caches that serve two states in turn, must not make a version each time: an
# item may come back to any of its last four forms. 1 + 5 + 4 + 4 × 16 = 74 bytes of state per item.
REMEMBERED = 4
KEPT = Window(b"e", 30 * 24, DIGEST_BYTES)
REFRESH_HOURS = 24  # a repeat puts its item's end off, but writes for that once a day at most


def dedup(item: RawItem, state: State, now: str) -> Emit | Drop:
    """Emits the item with its verdict, `new` or `changed`, or drops it with a sighting.

    An item is known by its key, and by its guid at its provider: the same bytes under another key (a feed that began to share its
    links) are a repeat too, where both keys are in one partition. Two stories under one guid differ in their bytes, and go on. A
    repeat writes nothing but, once a day, that it was seen: the form that came last keeps its place.
    """
    rows = Rows(state)
    hour = int(parse_instant(now).timestamp()) // 3600
    forget(rows, KEPT, hour, lambda row: _hour(row) if row.startswith(STATE_VERSION) else 0)
    digest = xxh3_128_digest(item.item.encode())
    names = _names(item)
    known = [_digests(rows.get(name)) for name in names]
    for name, digests in zip(names, known, strict=True):
        if digest in digests:
            _refresh(rows, name, hour)
            return Drop(Reason.REPEAT, also=(_sighting(item, now, is_latest=digest == digests[0]),), writes=rows.writes)
    for name, digests in zip(names, known, strict=True):
        _remember(rows, name, (digest, *digests[: REMEMBERED - 1]), now, hour)
    return Emit(replace(item, verdict="changed") if known[0] else item, writes=rows.writes)


def item_uri(key: str) -> str:
    """The uri of an item whose wire gives it none: a function of its identity alone."""
    return f"urn:newswire:item:{xxh3_128_hexdigest(key.encode())}"


def _names(item: RawItem) -> tuple[bytes, ...]:
    """What the item is known by: its identity, then its other names."""
    alias = (xxh3_128_digest(f"guid:{item.provider}:{item.guid}".encode()),) if item.guid and item.provider else ()
    return (xxh3_128_digest(item.key.encode()), *alias)


def _digests(row: bytes | None) -> list[bytes]:
    """The remembered item digests, newest first; none of a row of another version."""
    if row is None or not row.startswith(STATE_VERSION):
        return []
    return [row[at : at + DIGEST_BYTES] for at in range(HEAD_BYTES, len(row), DIGEST_BYTES)]


def _remember(rows: Rows, key: bytes, digests: tuple[bytes, ...], now: str, hour: int) -> None:
    known = rows.get(key)
    is_known = known is not None and known.startswith(STATE_VERSION)
    first_seen = known[: HEAD_BYTES - HOUR.size] if known and is_known else _first_seen(now)
    if not (known and is_known and _hour(known) == hour):
        enlist(rows, KEPT, hour, key)
    rows.put(key, first_seen + HOUR.pack(hour) + b"".join(digests))


def _first_seen(now: str) -> bytes:
    return STATE_VERSION + int(parse_instant(now).timestamp()).to_bytes(SEEN_BYTES, "big")


def _refresh(rows: Rows, key: bytes, hour: int) -> None:
    row = rows.get(key)
    if row is not None and hour - _hour(row) >= REFRESH_HOURS:
        rows.put(key, row[: HEAD_BYTES - HOUR.size] + HOUR.pack(hour) + row[HEAD_BYTES:])
        enlist(rows, KEPT, hour, key)


def _hour(row: bytes) -> int:
    return int(HOUR.unpack_from(row, HEAD_BYTES - HOUR.size)[0])


def _sighting(item: RawItem, now: str, *, is_latest: bool) -> Side:
    """Who carried it, when. `identical` is false for an earlier form of the item than the one we hold."""
    value = Sighting(
        uri=item_uri(item.key),
        feed=item.feed,
        provider=item.provider,
        url=item.url,
        document=item.document,
        seen_at=item.fetched_at or now,
        identical=is_latest,
    )
    return Side("sightings", item.key, value)
