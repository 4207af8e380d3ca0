"""What is forgotten when: lists by event hour, worked off a few at a time as records come in. By record time, never by the clock.

A list is kept in chunks, so that adding to it rewrites little: `<kind><hour>` counts the full chunks and holds the open one,
`<kind><hour><n>` are the full ones. One chunk at most is worked off per record: eight entries come with eight records, so the
lists cannot grow faster than they shrink.
"""

import struct

from msgspec import Struct

from pipeline.stages.link import chain
from pipeline.stages.link.memory import Memory

TEXT_HOURS = 72  # a text is compared for so long (linking.md, section 6)
ITEM_HOURS = 30 * 24  # an item is known by uri, guid and link for so long
CHUNK_ENTRIES = 8
HOPS_MAX = 24  # empty hours passed over per record: after a silence of a month the lists are found again within 30 records
HOUR = struct.Struct(">I")
COUNT = struct.Struct(">H")
CLOCK = struct.Struct(">IIHIH")  # the newest hour; the hour and chunk that are next, of texts and of items
CLOCK_KEY = b"w" + b"newswire"


class Window(Struct, frozen=True):
    """One kind of list: its letter, how long its entries live, how long they are in bytes."""

    letter: bytes
    hours: int
    entry_bytes: int


TEXTS = Window(b"e", TEXT_HOURS, 9)  # a letter and eight bytes: p, x
ITEMS = Window(b"i", ITEM_HOURS, 17)  # a letter and sixteen bytes: u, q


def enlist(memory: Memory, window: Window, hour: int, entry: bytes) -> None:
    """Has an entry forgotten `window.hours` after its hour; at once when that is over."""
    assert len(entry) == window.entry_bytes
    key = window.letter + HOUR.pack(max(hour, _next(memory, window)[0]))
    row = memory.get(key) or COUNT.pack(0)
    row += entry
    if len(row) == COUNT.size + CHUNK_ENTRIES * window.entry_bytes:
        (count,) = COUNT.unpack_from(row)
        memory.put(key + COUNT.pack(count), row[COUNT.size :])
        row = COUNT.pack(count + 1)
    memory.put(key, row)


def sweep(memory: Memory, hour: int) -> None:
    """Forgets a few things that are over at event hour `hour`."""
    row = memory.get(CLOCK_KEY)
    if row is None:
        memory.put(CLOCK_KEY, CLOCK.pack(hour, max(0, hour - TEXT_HOURS), 0, max(0, hour - ITEM_HOURS), 0))
        return
    newest, *_ = CLOCK.unpack(row)
    newest = max(newest, hour)
    text_hour, text_chunk, entries = _due(memory, TEXTS, newest)
    item_hour, item_chunk, items = _due(memory, ITEMS, newest)
    memory.put(CLOCK_KEY, CLOCK.pack(newest, text_hour, text_chunk, item_hour, item_chunk))
    for entry in entries:
        if entry[:1] == b"p":
            memory.forget(entry[1:])
        else:
            memory.put(entry, None)
    for item in items:
        if item[:1] == b"u":
            _forget_item(memory, item[1:], newest)
        else:
            memory.put(item[:9], None)


def _next(memory: Memory, window: Window) -> tuple[int, int]:
    row = memory.get(CLOCK_KEY)
    if row is None:
        return 0, 0
    _, *positions = CLOCK.unpack(row)
    return (positions[0], positions[1]) if window is TEXTS else (positions[2], positions[3])


def _due(memory: Memory, window: Window, newest: int) -> tuple[int, int, list[bytes]]:
    """The next chunk that is over, and the position after it."""
    hour, chunk = _next(memory, window)
    for _ in range(HOPS_MAX):
        if hour + window.hours >= newest:
            break
        key = window.letter + HOUR.pack(hour)
        row = memory.get(key)
        if row is None:
            hour, chunk = hour + 1, 0
            continue
        (count,) = COUNT.unpack_from(row)
        if chunk < count:
            full = memory.get(key + COUNT.pack(chunk)) or b""
            memory.put(key + COUNT.pack(chunk), None)
            return hour, chunk + 1, _split(full, window.entry_bytes)
        memory.put(key, None)
        return hour + 1, 0, _split(row[COUNT.size :], window.entry_bytes)
    return hour, chunk, []


def _split(row: bytes, size: int) -> list[bytes]:
    return [row[at : at + size] for at in range(0, len(row), size)]


def _forget_item(memory: Memory, item: bytes, newest: int) -> None:
    """Unless it was heard of since: then it stands in a later list too."""
    place = memory.place(item)
    if place is None or place.hour + ITEM_HOURS >= newest:
        return
    memory.put(b"u" + item, None)
    for alias in place.aliases:
        memory.unname(alias, item)
    found = memory.story(place.story)
    if found is not None:
        gone = [one.uri for one in found.items if chain.digest(one.uri) == item]
        memory.put_story(place.story, chain.without(found, gone))
