"""Reading manifests: the only way to know what a store holds. Nothing here writes.

A range may have been redacted: then the highest redaction stands for it. Whoever reads content gets there through `standing` or
`manifests_of`; only the sink, which follows ranges and reads no content, asks for the first manifests (`manifests_from`).
"""

from collections.abc import AsyncIterator, Iterable
from itertools import groupby

from msgspec import Struct

from pipeline.sinks.redaction import Redaction, parse_redaction, split_revision
from pipeline.sinks.segment import (
    BadManifest,
    Manifest,
    Name,
    Place,
    parse_data_key,
    parse_manifest,
    parse_manifest_key,
    range_name,
    topic_root,
)
from pipeline.sinks.stores import Store

AFTER_ALL = "\U0010ffff"  # sorts after every character of a name


class Standing(Struct, frozen=True, kw_only=True):
    """What stands for a range: `first` as it was sealed, the redactions since, and `manifest`, which names the object to read."""

    first: Manifest
    redactions: tuple[Redaction, ...] = ()

    @property
    def manifest(self) -> Manifest:
        """As the range now is."""
        return self.redactions[-1].applied_to(self.first) if self.redactions else self.first

    @property
    def revision(self) -> int:
        """How often it was redacted."""
        return self.redactions[-1].revision if self.redactions else 0

    @property
    def superseded(self) -> list[str]:
        """Names of the objects that must be gone."""
        keys = [self.first.key, *(redaction.key for redaction in self.redactions)]
        return [key for key in keys[:-1] if key]


async def topic_ids_in(store: Store, prefix: str, topic: str) -> list[str]:
    """The topic ids that have anything in the store: more than one after a topic was recreated."""
    return [name async for name in folders_in(store, f"{topic_root(prefix, topic)}g=")]


async def places_in(store: Store, prefix: str, topic: str) -> list[Place]:
    """The partitions of a topic that have manifests; what has another name is none of ours (`survey.py` tells of it)."""
    return [
        Place(prefix, topic, topic_id, int(number))
        for topic_id in await topic_ids_in(store, prefix, topic)
        async for number in folders_in(store, f"{topic_root(prefix, topic)}g={topic_id}/_manifest/p=")
        if number.isdecimal()
    ]


async def folders_in(store: Store, folder: str) -> AsyncIterator[str]:
    """What follows this beginning up to the next slash, each once: one look at the store for each."""
    after = ""
    while (key := await _first(store.list(folder, after))) is not None:
        name = key.removeprefix(folder).partition("/")[0]
        yield name
        after = f"{folder}{name}/{AFTER_ALL}"


async def manifests_of(store: Store, prefix: str, topic: str, topic_id: str) -> AsyncIterator[Manifest]:
    """All ranges of one topic id as they now are, by partition and offset. Raises `BadManifest` or `BadName` for what is none."""
    keys = [key async for key in store.list(f"{topic_root(prefix, topic)}g={topic_id}/_manifest/")]
    for _, several in groupby(keys, key=lambda key: split_revision(key)[0]):
        yield (await read_standing(store, list(several))).manifest


async def standing(store: Store, place: Place, start: int, end: int) -> Standing:
    """What stands for this range. Raises `BadManifest`, also when it was never sealed."""
    keys = [key async for key in store.list(f"{place.manifest_folder}{range_name(start, end)}.")]
    return await read_standing(store, keys or [place.manifest_key(start, end)])


async def standing_of(store: Store, data_key: str) -> Standing:
    """What stands for the range of this object, be it the first or a redacted one. Raises `BadName` or `BadManifest`."""
    name = parse_data_key(split_revision(data_key)[0])
    return await standing(store, name.place, name.start, name.end)


async def read_standing(store: Store, keys: Iterable[str]) -> Standing:
    """What stands for a range, from the names of all its manifests."""
    first, *redactions = sorted(keys, key=lambda key: split_revision(key)[1])
    return Standing(
        first=await read_manifest(store, first), redactions=tuple([await _read_redaction(store, key) for key in redactions])
    )


async def _read_redaction(store: Store, key: str) -> Redaction:
    body = await store.get(key)
    if body is None:
        raise BadManifest(f"{key}: not there")
    return parse_redaction(key, body)


async def manifests_from(store: Store, place: Place, start: int) -> list[Manifest]:
    """The first manifests of one partition that start at this offset or later, by offset, however the store sorts its list.

    Asks again behind the last name until nothing more comes: some servers give a part and do not say so.
    """
    after = f"{place.manifest_folder}{start:020d}" if start else ""
    found: set[str] = set()
    while more := {key async for key in store.list(place.manifest_folder, after)} - found:
        found |= more
        after = max(more)
    names = [parse_manifest_key(key) for key in found if not split_revision(key)[1]]
    keys = [place.manifest_key(name.start, name.end) for name in sorted(names, key=_range) if name.start >= start]
    return [await read_manifest(store, key) for key in keys]


async def read_manifest(store: Store, key: str) -> Manifest:
    """The manifest at this name; raises `BadManifest`, also when it is not there."""
    body = await store.get(key)
    if body is None:
        raise BadManifest(f"{key}: not there")
    return parse_manifest(key, body)


async def stored_count(store: Store, prefix: str, topic: str, topic_id: str = "") -> int:
    """How many records of the topic lie in segments: of one topic id, or of all that the topic ever had."""
    ids = [topic_id] if topic_id else await topic_ids_in(store, prefix, topic)
    return sum([manifest.count for each in ids async for manifest in manifests_of(store, prefix, topic, each)])


def _range(name: Name) -> tuple[int, int]:
    return name.start, name.end


async def _first(keys: AsyncIterator[str]) -> str | None:
    async for key in keys:
        return key
    return None
