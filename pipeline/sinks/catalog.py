"""Which ranges may hold an article: the names in the manifests (`names.py`), kept in memory. Reads manifests only, each once.

12 partitions that seal every minute make 17,280 manifests a day. With 1 M articles a day 35 days of them take 480 MB, and 45 s to
read from a local folder, some minutes from S3; what is sealed later is read when it is asked for.
"""

import asyncio
from array import array
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from pipeline.sinks.compactions import Hour, hour_of
from pipeline.sinks.manifests import places_in, read_manifest
from pipeline.sinks.names import may_name, unpack_names
from pipeline.sinks.redaction import split_revision
from pipeline.sinks.segment import BadManifest, BadName, FormName, Manifest, Place
from pipeline.sinks.stores import Store

READERS = 32  # manifests at a time: S3 answers in 20 ms, a local folder in less than one
BATCH = 1024
TURN = 2000  # entries looked at (1–2 µs each) before the event loop gets its turn
SLACK = timedelta(hours=1)  # the hour of a segment is that of its first record
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
FOR_EVER = datetime.max.replace(tzinfo=UTC)


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """One sealed range that holds records. `until` is the event time of its last one."""

    start: int
    end: int
    until: datetime
    form: FormName
    hour: Hour
    names: "array[int]"
    has_homes: bool


class Span(Struct, frozen=True, kw_only=True):
    """Ranges by where they end: above `after` and up to `upto`, by partition. What stands in neither is above, or not within."""

    after: Mapping[Place, int] = {}
    upto: Mapping[Place, int]

    def holds(self, place: Place, end: int) -> bool:
        """Whether the range that ends there is within."""
        return self.after.get(place, -1) < end <= self.upto.get(place, -1)


class Catalog:
    """The sealed ranges of a store. `redacted` are those that were written again, as far as that is known, and their hours."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store, self._prefix = store, prefix
        self._entries: dict[Place, list[Entry]] = {}
        self._last: dict[Place, str] = {}
        self._hours: dict[Hour, Hour] = {}  # one object for all entries of an hour
        self._refreshing = asyncio.Lock()
        self.redacted: dict[tuple[Place, int, int], Hour] = {}
        self.damaged: list[str] = []

    async def refresh(self, topic: str, since: datetime = ALWAYS) -> None:
        """Reads what was sealed since the last time, and forgets what is older than that instant.

        Raises `StoreError`; a damaged manifest stands in `damaged`.
        """
        async with self._refreshing:
            for place in await places_in(self._store, self._prefix, topic):
                await self._refresh(place, since)

    async def _refresh(self, place: Place, since: datetime) -> None:
        keys = [key async for key in self._store.list(place.manifest_folder, self._last.get(place, ""))]
        firsts = [key for key in keys if not split_revision(key)[1]]
        entries = self._entries.get(place, [])
        old = next((at for at, entry in enumerate(entries) if entry.hour.ends_at + SLACK >= since), len(entries))
        new = [entry async for entry in self._read(firsts, since)]
        for entry in entries[:old]:
            self.redacted.pop((place, entry.start, entry.end), None)
        self._entries[place] = entries[old:] + new[::-1]  # another list: somebody may be half through the one before
        self._note(place, {split_revision(key)[0] for key in keys if split_revision(key)[1]})
        if keys:
            self._last[place] = max(keys)

    def _note(self, place: Place, redacted: Collection[str]) -> None:
        """Ranges with these manifests were written again."""
        for entry in self._entries[place] if redacted else ():
            if place.manifest_key(entry.start, entry.end) in redacted:
                self.redacted[place, entry.start, entry.end] = entry.hour

    def ends(self, before: datetime = FOR_EVER) -> dict[Place, int]:
        """Where the last known range of each partition ends; before an instant, where those end that began an hour before it."""
        ends = {}
        for place, entries in self._entries.items():
            known = next((entry.end for entry in reversed(entries) if entry.hour.ends_at <= before - SLACK), None)
            if known is not None:
                ends[place] = known
        return ends

    async def find(
        self,
        form: FormName,
        names: Collection[int],
        since: datetime = ALWAYS,
        span: Span | None = None,
        *,
        by_home: bool = False,
    ) -> AsyncIterator[tuple[Place, Entry]]:
        """The ranges of this form that may hold a record with one of these names (hashes) from that instant on.

        `by_home`: the names are homes of events, of which older manifests say nothing: those ranges may hold any.
        """
        for place, entries in sorted(self._entries.items()):
            for number, entry in enumerate(entries):
                if number % TURN == 0:
                    await asyncio.sleep(0)
                if span is not None and not span.holds(place, entry.end):
                    continue
                if entry.form != form or entry.until < since:
                    continue
                if (by_home and not entry.has_homes) or may_name(entry.names, names):
                    yield place, entry

    def ranges(self) -> set[tuple[Place, int, int]]:
        """All of them."""
        return {(place, entry.start, entry.end) for place, entries in self._entries.items() for entry in entries}

    def form(self, place: Place) -> FormName | None:
        """The form of what lies under a topic id; None where there is nothing."""
        parts = (
            entries for other, entries in self._entries.items() if (other.topic, other.topic_id) == (place.topic, place.topic_id)
        )
        return next((entry.form for entries in parts for entry in entries), None)

    async def _read(self, keys: list[str], since: datetime) -> AsyncIterator[Entry]:
        """Newest first, up to the first whose hour is before the instant."""
        for end in range(len(keys), 0, -BATCH):
            part = keys[max(0, end - BATCH) : end]
            for entry in reversed(await self._new(part)):
                if entry is None:
                    continue
                if entry.hour.ends_at + SLACK < since:
                    return
                yield entry

    async def _new(self, keys: list[str]) -> list[Entry | None]:
        width = asyncio.Semaphore(READERS)

        async def read(key: str) -> Entry | None:
            async with width:
                try:
                    return self._entry(await read_manifest(self._store, key))
                except (BadManifest, BadName) as error:
                    self.damaged.append(str(error))
                except ValueError as error:  # a time or a name that is none
                    self.damaged.append(f"{key}: {error}")
                return None

        return await asyncio.gather(*map(read, keys))

    def _entry(self, manifest: Manifest) -> Entry | None:
        if not manifest.key:
            return None
        hour = hour_of(manifest.key)
        return Entry(
            start=manifest.start,
            end=manifest.end,
            until=datetime.fromisoformat(manifest.max_event_time),
            form=manifest.form,
            hour=self._hours.setdefault(hour, hour),
            names=unpack_names(manifest.names),
            has_homes=manifest.has_homes,
        )
