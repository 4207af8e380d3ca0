"""Which names a store holds of one topic id: manifests, objects, and what compactions put in the place of objects.

Manifests are listed before objects and objects before compactions, in the order opposite to that in which they come and go: so a
name that is missing here, in a store that is being written, is really missing.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from pipeline.sinks.compactions import CompactError, Output, courses
from pipeline.sinks.findings import Finding
from pipeline.sinks.manifests import AFTER_ALL
from pipeline.sinks.redaction import revised, split_revision
from pipeline.sinks.segment import BadName, Name, Place, parse_data_key, parse_manifest_key, topic_root
from pipeline.sinks.stores import Store


@dataclass
class Survey:
    """`compacted` maps each object that a compaction replaced to the SHA-256 of its content. `parquet` are the files that stand
    for such objects, `superseded` those that a redaction replaced.
    """

    place: Place
    manifests: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    objects: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    compacted: dict[str, str] = field(default_factory=dict)
    parquet: dict[str, Output] = field(default_factory=dict)
    superseded: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    @property
    def partitions(self) -> list[int]:
        """Those that have anything."""
        return sorted(self.manifests.keys() | self.objects.keys())


async def survey(store: Store, place: Place) -> Survey:
    """The names under the place's topic id. Raises `StoreError`."""
    found = Survey(place)
    async for key in store.list(f"{place.root}/_manifest/"):
        try:
            found.manifests[manifest_name(key).place.partition].append(key)
        except BadName as error:
            found.findings.append(_about(place, "foreign", key, str(error)))
    async for key in store.list(f"{place.root}/dt="):
        try:
            found.objects[object_name(key).place.partition].add(key)
        except BadName as error:
            found.findings.append(_about(place, "foreign", key, str(error)))
    try:
        for course in (await courses(store, f"{place.root}/_compact/")).values():
            found.compacted.update((part.key, part.sha256) for each in course.concluded for part in each.inputs)
            found.parquet.update((output.key, output) for output in course.now.outputs)
            found.superseded |= course.superseded
    except CompactError as error:
        found.findings.append(_about(place, "bad_manifest", "", str(error)))
    return found


async def topics_in(store: Store, prefix: str) -> list[str]:
    """The topics that have anything in the store."""
    root = topic_root(prefix, "").removesuffix("/")
    found: list[str] = []
    after = ""
    while (key := await anext(aiter(store.list(root, after)), None)) is not None:
        topic = key.removeprefix(root).partition("/")[0]
        found.append(topic)
        after = f"{root}{topic}/{AFTER_ALL}"
    return found


def manifest_name(key: str) -> Name:
    """The range of a manifest, a first one or a redaction's; raises `BadName`."""
    return parse_manifest_key(split_revision(key)[0])


def object_name(key: str) -> Name:
    """The range of an object, a first one or a redacted one; raises `BadName`."""
    return parse_data_key(split_revision(key)[0])


def manifest_key_of(place: Place, key: str) -> str:
    """The name of the manifest that this object of the partition should have."""
    name, revision = object_name(key), split_revision(key)[1]
    first = place.manifest_key(name.start, name.end)
    return revised(first, revision) if revision else first


def _about(place: Place, rule: str, key: str, what: str) -> Finding:
    return Finding(rule=rule, topic=place.topic, topic_id=place.topic_id, key=key, what=what)
