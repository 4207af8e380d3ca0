"""Checks a store against the invariants of the object sink, from the store and the committed offsets alone.

I2: no (topic id, partition, offset) stands in two segments. I3: the manifests of each partition tile [0, committed) without
hole or overlap, gaps said. I4: each object's content has the digest, the counts and the schemas that its manifest says, and
encoding the records read back gives the same content.
"""

from collections import Counter
from dataclasses import dataclass, field

from pipeline.sinks.buffer import Buffer, read_back
from pipeline.sinks.forms import BadSegment, form_of, read_segment, unpack
from pipeline.sinks.line import StoredRecord
from pipeline.sinks.manifests import manifests_of, read_manifest, topic_ids_in
from pipeline.sinks.segment import BadManifest, BadName, Manifest, Place, parse_data_key
from pipeline.sinks.stores import Store


@dataclass
class Report:
    """What was found; `problems` is empty when all invariants hold."""

    problems: list[str] = field(default_factory=list)
    segments: int = 0
    gaps: int = 0
    stored: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    orphans: list[str] = field(default_factory=list)  # objects without a manifest: allowed, never read

    @property
    def is_good(self) -> bool:
        """True if all invariants hold."""
        return not self.problems


async def check_tiling(store: Store, prefix: str, topic: str, committed: dict[int, int], topic_id: str | None = None) -> Report:
    """Checks all topic ids; `committed` (partition to offset) is that of `topic_id`, which may be left out if there is one.

    Earlier topic ids are checked for holes and overlaps only, as nothing says where they ended.
    """
    report = Report()
    ids = await topic_ids_in(store, prefix, topic)
    if topic_id is None and len(ids) > 1:
        raise ValueError(f"{topic} has {len(ids)} topic ids: say which one the offsets belong to")
    current = topic_id or (ids[0] if ids else "")
    ends: dict[tuple[str, int], int] = {}
    for each in ids:
        await _check_topic_id(store, Place(prefix, topic, each, 0), report, ends)
    for partition, offset in committed.items():
        end = ends.pop((current, partition), 0)
        if end != offset:
            report.problems.append(f"I3 {topic}-{partition}: offset {offset} is committed, the manifests end at {end}")
    report.problems.extend(
        f"I3 {topic}-{partition}: manifests up to {end}, nothing committed"
        for (each, partition), end in ends.items()
        if each == current
    )
    return report


async def stored_records(store: Store, prefix: str, topic: str, topic_id: str = "") -> list[StoredRecord]:
    """Every record that a reader who trusts manifests only would see."""
    found: list[StoredRecord] = []
    for each in [topic_id] if topic_id else await topic_ids_in(store, prefix, topic):
        async for manifest in manifests_of(store, prefix, topic, each):
            found.extend([record async for record in read_segment(store, manifest)])
    return found


async def _check_topic_id(store: Store, place: Place, report: Report, ends: dict[tuple[str, int], int]) -> None:
    named: set[str] = set()
    async for key in store.list(f"{place.root}/_manifest/"):
        try:
            manifest = await read_manifest(store, key)
        except (BadManifest, BadName) as error:
            report.problems.append(f"I3 {error}")
            continue
        partition = (manifest.topic_id, manifest.partition)
        if manifest.start != ends.get(partition, 0):
            report.problems.append(f"I3 {key}: starts at {manifest.start}, the one before ended at {ends.get(partition, 0)}")
        ends[partition] = manifest.next_offset
        report.rejected.update(manifest.rejected)
        if manifest.kind == "gap":
            report.gaps += 1
        if manifest.key:
            named.add(manifest.key)
            await _check_segment(store, manifest, report)
    async for key in store.list(f"{place.root}/dt="):
        if key not in named:
            parse_data_key(key)
            report.orphans.append(key)


async def _check_segment(store: Store, manifest: Manifest, report: Report) -> None:
    """I4, and I2: offsets of one segment grow and lie in its range, and ranges do not overlap."""
    report.segments += 1
    report.stored += manifest.count
    body = await store.get(manifest.key)
    if body is None:
        report.problems.append(f"I4 {manifest.key}: not there")
        return
    try:
        form = form_of(manifest)
        content, sha256 = unpack(body, form)
        buffer = read_back(manifest.topic, manifest.partition, manifest.start, content, form)
    except BadSegment as error:
        report.problems.append(f"I4 {manifest.key}: {error}")
        return
    report.problems.extend(f"I4 {manifest.key}: {what}" for what, is_so in _differences(manifest, buffer, sha256) if is_so)


def _differences(manifest: Manifest, buffer: Buffer, sha256: str) -> list[tuple[str, bool]]:
    place = manifest.place("")
    is_inside = buffer.next <= manifest.next_offset
    again = buffer.manifest(place, sha256, "", "") if buffer.count else None
    return [
        ("another digest than its manifest says", sha256 != manifest.sha256),
        ("another number of records", buffer.count != manifest.count),
        ("another number of bytes", len(buffer.content) != manifest.bytes),
        ("records beyond its range", not is_inside),
        ("other schemas", again is not None and again.schemas != manifest.schemas),
        ("other event times", again is not None and again.min_event_time != manifest.min_event_time),
    ]
