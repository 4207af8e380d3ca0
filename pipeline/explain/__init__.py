"""Everything the topics still hold about one article, as a chain: where each record came from and what became of it.

Only reads, and only up to where the topics end now. An article is named by its uri, its link, its guid, its raw key or its story.
Nothing is guessed: a record whose fate left no trace is said to have none, and a topic that forgets (retention, compaction) is
said to forget, with the date that it goes back to. "Nothing found" is not "never there".
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct, field, structs

from pipeline import kafka
from pipeline.config import Config
from pipeline.explain.fate import FOLLOWING, hop_behind, trace
from pipeline.explain.wanted import Found, Wanted, instant
from pipeline.hop import Received
from pipeline.sinks.manifests import standing
from pipeline.sinks.redaction import split_revision
from pipeline.sinks.segment import BadManifest, BadName, Place, parse_manifest_key
from pipeline.sinks.stores import FileStore, StoreError, open_store
from pipeline.topics import PUBLIC_NAME, TOPICS, full_name, topic_of

ARTICLES = ("normalized", "linked", "enriched")  # in data order
ORDER = {topic.name: at for at, topic in enumerate(TOPICS)}  # what happened in one millisecond is told in the topic table's order
PROGRESS_RECORDS = 5_000  # a tenth of a second of reading

Progress = Callable[[str, int], None]  # short topic name, records read of it so far


class Reading(Struct, frozen=True, kw_only=True):
    """How much of a topic was read: `oldest` (ms) is as far back as it goes, None when it is empty or not there."""

    topic: str
    records: int
    oldest: int | None

    @property
    def kept(self) -> str:
        """What the topic forgets."""
        topic = topic_of(self.topic)
        if topic.cleanup == "compact":
            return "newest of each key"
        return f"{topic.retention_ms // 86_400_000} d" if topic.retention_ms >= 0 else "for ever"

    def to_builtins(self) -> dict[str, Any]:
        """For --json."""
        return structs.asdict(self) | {"oldest": None if self.oldest is None else instant(self.oldest), "kept": self.kept}


class Explanation(Struct, kw_only=True):
    """What is known. `chain` is in time order; `segments` says for each enriched record where it lies in the object store."""

    asked: str
    uris: list[str]
    keys: list[str]
    chain: list[Found]
    searched: list[Reading]
    segments: dict[str, str] = field(default_factory=dict)

    def of(self, *topics: str) -> list[Found]:
        """The records on these topics, oldest first."""
        return [found for found in self.chain if found.topic in topics]

    @property
    def originals(self) -> list[Found]:
        """Records that hold the bytes as fetched: raw ones, else dead letters."""
        return self.of("raw") or [found for found in self.of("dead") if found.facts.get("from", "").startswith("raw ")]

    def to_builtins(self) -> dict[str, Any]:
        """For --json."""
        return {
            "asked": self.asked,
            "uris": self.uris,
            "keys": self.keys,
            "chain": [found.to_builtins() for found in self.chain],
            "segments": self.segments,
            "searched": [reading.to_builtins() for reading in self.searched],
        }


async def explain(config: Config, asked: str, progress: Progress = lambda topic, count: None) -> Explanation:
    """Looks for the article on every topic that can hold it. Raises `kafka.Unreachable`, and what aiokafka raises on the way."""
    passed = await _positions(config)  # read first: what a hop had passed by now has left its outputs where we look next
    wanted, scan = Wanted(asked, config.kafka.prefix), Scan(config, progress)
    await gather(wanted, scan)
    await scan.read(_public(scan.found.values(), config.routes.topics), wanted.public)
    chain = in_order(scan.found.values())
    trace(chain, passed, time.time() * 1000)
    uris = sorted({found.facts["uri"] for found in chain if "uri" in found.facts and found.topic != "sightings"})
    explanation = Explanation(asked=asked, uris=uris, keys=_keys(chain), chain=chain, searched=list(scan.readings.values()))
    for found in explanation.of("enriched"):
        explanation.segments[found.place] = await _segment(config, found)
    return explanation


def in_order(found: Iterable[Found]) -> list[Found]:
    """By time; in one millisecond as articles pass, public topics that only rules name at the end."""
    return sorted(found, key=lambda each: (each.at, ORDER.get(each.topic, len(ORDER)), each.topic, each.partition, each.offset))


async def gather(wanted: Wanted, scan: "Scan") -> None:
    """Shows `wanted` every topic on which the article's own records lie, but for the public ones."""
    known: set[str] = set()
    while known != wanted.uris:  # a second time when the first reading taught other uris: they name records read before
        known = set(wanted.uris)
        await scan.read(ARTICLES, wanted.article)
    await scan.read(("raw",), wanted.item)
    await scan.read(("dead", "sightings"), wanted.side)


def _keys(chain: Iterable[Found]) -> list[str]:
    named = [found.facts["identity_key"] for found in chain if "identity_key" in found.facts]
    return sorted({*named, *(found.key for found in chain if found.topic in ("raw", "sightings"))})


def _public(found: Iterable[Found], by_rules: Sequence[str]) -> list[str]:
    """The public topics worth reading: of the languages seen (all when nothing but they may be left), and those of the rules."""
    topics = {each.facts["public_topic"] for each in found if "public_topic" in each.facts}
    return sorted({*(topics or (topic.name for topic in TOPICS if topic.name.startswith("out."))), *by_rules})


async def public_topics(config: Config) -> list[str]:
    """Short names of all public topics that there are, those of rules that were removed among them."""
    prefix = f"{config.kafka.prefix}."
    async with kafka.admin(config.kafka) as client:
        names = await kafka.partition_counts(client)
    return sorted(
        short for name in names if name.startswith(prefix) and PUBLIC_NAME.fullmatch(short := name.removeprefix(prefix))
    )


async def _positions(config: Config) -> dict[tuple[str, int], int]:
    """The offset that the following hop has reached on each partition, by short topic name."""
    found = {}
    async with kafka.admin(config.kafka) as client:
        for topic in FOLLOWING:
            try:
                offsets = await kafka.group_offsets(client, f"{config.kafka.app}-{hop_behind(topic)}")
            except kafka.NoGroups:
                continue
            found.update({(topic, tp.partition): position.offset for tp, position in offsets.items()})
    return found


class Scan:
    """Reads topics to their present end, keeps what is taken, and remembers how much was read."""

    def __init__(self, config: Config, progress: Progress) -> None:
        self._config, self._progress = config, progress
        self.found: dict[tuple[str, int, int], Found] = {}
        self.readings: dict[str, Reading] = {}

    async def read(self, topics: Iterable[str], take: Callable[[Received], Found | None]) -> None:
        """Shows every committed record of the topics (short names) to `take`."""
        short = {full_name(self._config.kafka.prefix, topic): topic for topic in topics}
        counts, oldest = dict.fromkeys(short.values(), 0), dict[str, int]()
        async for record in kafka.read_topics(self._config.kafka, short):
            topic = short[record.topic]
            counts[topic] += 1
            oldest[topic] = min(record.timestamp, oldest.get(topic, record.timestamp))
            if counts[topic] % PROGRESS_RECORDS == 0:
                self._progress(topic, counts[topic])
            if (found := take(record)) is not None:
                self.found[topic, found.partition, found.offset] = structs.replace(found, topic=topic)
        for topic, count in counts.items():
            self.readings[topic] = Reading(topic=topic, records=count, oldest=oldest.get(topic))


async def _segment(config: Config, found: Found) -> str:
    """The segment that holds an enriched record, by the names of the manifests; else why that is not known."""
    try:
        store = open_store(config.objects.store)
    except ValueError as error:
        return f"not searched: {error}"
    if not isinstance(store, FileStore):
        return f"not searched: {config.objects.store} is of another process"
    topic = full_name(config.kafka.prefix, "enriched")
    place = Place(config.objects.prefix, topic, (await kafka.identities(config.kafka, [topic]))[topic], found.partition)
    if not store.root.is_dir():
        return f"none: {store.root} is not there"
    try:
        async for key in store.list(place.manifest_folder):
            name = parse_manifest_key(split_revision(key)[0])
            if name.start <= found.offset <= name.end:
                manifest = (await standing(store, place, name.start, name.end)).manifest
                return manifest.key or f"none: {key} says {manifest.kind} without records, rejected {manifest.rejected or 0}"
    except (StoreError, BadName, BadManifest) as error:
        return f"not known: {error}"
    return "not sealed yet"
