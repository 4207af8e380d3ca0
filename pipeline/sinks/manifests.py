"""Reading manifests: the only way to know what a store holds. Nothing here writes."""

from collections.abc import AsyncIterator

from pipeline.sinks.segment import BadManifest, Manifest, Name, Place, parse_manifest, parse_manifest_key, topic_root
from pipeline.sinks.stores import Store

AFTER_ALL = "\U0010ffff"  # sorts after every character of a name


async def topic_ids_in(store: Store, prefix: str, topic: str) -> list[str]:
    """The topic ids that have anything in the store: more than one after a topic was recreated."""
    folder = f"{topic_root(prefix, topic)}g="
    found: list[str] = []
    after = ""
    while (key := await _first(store.list(folder, after))) is not None:
        topic_id = key.removeprefix(folder).partition("/")[0]
        found.append(topic_id)
        after = f"{folder}{topic_id}/{AFTER_ALL}"
    return found


async def manifests_of(store: Store, prefix: str, topic: str, topic_id: str) -> AsyncIterator[Manifest]:
    """All manifests of one topic id, by partition and offset. Raises `BadManifest` or `BadName` for what is none."""
    async for key in store.list(f"{topic_root(prefix, topic)}g={topic_id}/_manifest/"):
        yield await read_manifest(store, key)


async def manifests_from(store: Store, place: Place, start: int) -> list[Manifest]:
    """The manifests of one partition that start at this offset or later, by offset, however the store sorts its list.

    Asks again behind the last name until nothing more comes: some servers give a part and do not say so.
    """
    after = f"{place.manifest_folder}{start:020d}" if start else ""
    found: set[str] = set()
    while more := {key async for key in store.list(place.manifest_folder, after)} - found:
        found |= more
        after = max(more)
    names = [parse_manifest_key(key) for key in found]
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
