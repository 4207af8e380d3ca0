"""A record's view of its stage's state, its own writes included; and lists by hour of what is to be forgotten.

A stage cannot enumerate its state, so what it will want to delete it writes down: by the hour of the record, never by the clock.
A list is kept in chunks, so that adding to it rewrites little. One chunk at most is worked off per record, and a chunk fills with
CHUNK_ENTRIES records, so that the lists cannot grow faster than they shrink.
"""

import struct
from collections.abc import Callable

from msgspec import Struct

from pipeline.records import State, Write

CHUNK_ENTRIES = 8
HOPS_MAX = 24  # empty hours passed over per record: after a silence of a month the lists are reached again within 30 records
HOUR = struct.Struct(">I")
COUNT = struct.Struct(">H")
CLOCK = struct.Struct(">IIH")  # the newest hour, and the hour and chunk that are next


class Rows:
    """The state as this record sees it. `writes` is what the verdict carries."""

    def __init__(self, state: State) -> None:
        self._find: Callable[[bytes], bytes | None] = state.get
        self._read: dict[bytes, bytes | None] = {}
        self._written: dict[bytes, bytes | None] = {}

    @property
    def writes(self) -> tuple[Write, ...]:
        """The changes, last one per key, in the order in which the keys were first written; none that changes nothing we read."""
        read = self._read
        return tuple((key, value) for key, value in self._written.items() if key not in read or value != read[key])

    def get(self, key: bytes) -> bytes | None:
        """The row, None when absent."""
        if key in self._written:
            return self._written[key]
        if key not in self._read:
            self._read[key] = self._find(key)
        return self._read[key]

    def put(self, key: bytes, row: bytes | None) -> None:
        """Writes a row; None deletes it."""
        self._written[key] = row


class Window(Struct, frozen=True):
    """One kind of list: its letter, how long its entries live, how long they are in bytes.

    Rows: `<letter><hour>` counts the full chunks of that hour and holds the open one, `<letter><hour><n>` are the full ones,
    `<letter>newswire` is how far the work has come.
    """

    letter: bytes
    hours: int
    entry_bytes: int

    @property
    def clock_key(self) -> bytes:
        """Where the position is kept."""
        return self.letter + b"newswire"


def enlist(rows: Rows, window: Window, hour: int, entry: bytes) -> None:
    """Has an entry come due `window.hours` after its hour; with the next ones when that is over."""
    assert len(entry) == window.entry_bytes
    clock = rows.get(window.clock_key)
    key = window.letter + HOUR.pack(max(hour, CLOCK.unpack(clock)[1] if clock else 0))
    row = (rows.get(key) or COUNT.pack(0)) + entry
    if len(row) == COUNT.size + CHUNK_ENTRIES * window.entry_bytes:
        (count,) = COUNT.unpack_from(row)
        rows.put(key + COUNT.pack(count), row[COUNT.size :])
        row = COUNT.pack(count + 1)
    rows.put(key, row)


def due(rows: Rows, window: Window, hour: int) -> list[bytes]:
    """The next entries that are over, now that a record of this hour has come. They are off the list."""
    clock = rows.get(window.clock_key)
    if clock is None:
        rows.put(window.clock_key, CLOCK.pack(hour, hour, 0))
        return []
    last, at, chunk = CLOCK.unpack(clock)
    last, entries, was = max(last, hour), b"", (at, chunk)
    for _ in range(HOPS_MAX):
        if entries or at + window.hours >= last:
            break
        at, chunk, entries = _step(rows, window.letter + HOUR.pack(at), at, chunk)
    if (at, chunk) != was:
        rows.put(window.clock_key, CLOCK.pack(last, at, chunk))
    return [entries[start : start + window.entry_bytes] for start in range(0, len(entries), window.entry_bytes)]


def forget(rows: Rows, window: Window, hour: int, last: Callable[[bytes], int]) -> None:
    """Deletes a few rows of which nothing came for so long; `last` reads the hour of its last record off a row.

    Entries of the list are keys of rows; one that came again stands in a later list too.
    """
    for key in due(rows, window, hour):
        row = rows.get(key)
        if row is not None and last(row) + window.hours < newest(rows, window):
            rows.put(key, None)


def newest(rows: Rows, window: Window) -> int:
    """The newest hour that a record has had; 0 before the first."""
    clock = rows.get(window.clock_key)
    return int(CLOCK.unpack(clock)[0]) if clock else 0


def _step(rows: Rows, key: bytes, hour: int, chunk: int) -> tuple[int, int, bytes]:
    """The position behind one chunk of an hour, or behind the hour, and the entries of what was passed."""
    row = rows.get(key)
    if row is None:
        return hour + 1, 0, b""
    if chunk < COUNT.unpack_from(row)[0]:
        full = rows.get(key + COUNT.pack(chunk)) or b""
        rows.put(key + COUNT.pack(chunk), None)
        return hour, chunk + 1, full
    rows.put(key, None)
    return hour + 1, 0, row[COUNT.size :]
