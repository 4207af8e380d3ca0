"""Segments: their names, manifests and triggers. Pure: no clock, no I/O; `now` is an argument.

A *segment* is one contiguous offset range of one partition, both ends inclusive: one object (its form is in `forms.py`),
one manifest. Names depend on the range (and on the broker's time of its first record) only. Offsets without a record,
such as transaction markers, lie inside ranges, so that manifests tile the log: each starts where the one before ended.
Readers trust manifests only.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from msgspec import Struct, structs

from pipeline import codec

MIB = 1 << 20
LAYOUT = "v1"
OFFSET_WIDTH = 20  # digits of 2**63, so that names sort as numbers

SEGMENT_NAME = re.compile(
    r"(?:(?P<prefix>.+)/)?v1/(?P<topic>[^/]+)/g=(?P<topic_id>[\w-]{22})/dt=\d{4}-\d\d-\d\d/hh=\d\d/"
    r"p=(?P<partition>\d{3,})/(?P<start>\d{20})-(?P<end>\d{20})\.(?:jsonl\.zst|warc\.gz)",
    re.ASCII,
)
MANIFEST_NAME = re.compile(
    r"(?:(?P<prefix>.+)/)?v1/(?P<topic>[^/]+)/g=(?P<topic_id>[\w-]{22})/_manifest/"
    r"p=(?P<partition>\d{3,})/(?P<start>\d{20})-(?P<end>\d{20})\.json",
    re.ASCII,
)


SHA256 = re.compile(r"[0-9a-f]{64}")

FormName = Literal["events", "raw", "documents"]
SUFFIXES: Mapping[FormName, str] = {"events": "jsonl.zst", "raw": "jsonl.zst", "documents": "warc.gz"}


class BadName(ValueError):
    """Not the name of a segment or manifest of ours."""


class BadManifest(ValueError):
    """Not a manifest, or one that contradicts itself or its name."""


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Place(Struct, frozen=True, order=True):
    """One partition's place in a store. `topic_id` is Kafka's UUID text: a recreated topic starts at 0 and must not collide."""

    prefix: str
    topic: str
    topic_id: str
    partition: int

    @property
    def root(self) -> str:
        """`<prefix>/v1/<topic>/g=<topic-id>`"""
        return f"{topic_root(self.prefix, self.topic)}g={self.topic_id}"

    @property
    def manifest_folder(self) -> str:
        """Where this partition's manifests lie, with the closing slash."""
        return f"{self.root}/_manifest/p={self.partition:03d}/"

    def manifest_key(self, start: int, end: int) -> str:
        """The name of the manifest of [start, end]."""
        return f"{self.manifest_folder}{range_name(start, end)}.json"

    def data_key(self, start: int, end: int, timestamp: int, form: FormName = "events") -> str:
        """The name of the segment [start, end] whose first record has this broker timestamp (ms)."""
        hour, name = instant(timestamp), f"{range_name(start, end)}.{SUFFIXES[form]}"
        return f"{self.root}/dt={hour:%Y-%m-%d}/hh={hour:%H}/p={self.partition:03d}/{name}"


class Name(Struct, frozen=True):
    """A parsed name."""

    place: Place
    start: int
    end: int


def topic_root(prefix: str, topic: str) -> str:
    """`<prefix>/v1/<topic>/`; an empty prefix leaves no slash."""
    return f"{prefix}/{LAYOUT}/{topic}/" if prefix else f"{LAYOUT}/{topic}/"


def range_name(start: int, end: int) -> str:
    """`<start:020d>-<end:020d>`"""
    assert 0 <= start <= end, f"not a range: {start}..{end}"
    return f"{start:0{OFFSET_WIDTH}d}-{end:0{OFFSET_WIDTH}d}"


def parse_data_key(key: str) -> Name:
    """Inverse of `Place.data_key` (but for the hour); raises `BadName`."""
    return _parse(SEGMENT_NAME, key)


def parse_manifest_key(key: str) -> Name:
    """Inverse of `Place.manifest_key`; raises `BadName`."""
    return _parse(MANIFEST_NAME, key)


def _parse(pattern: re.Pattern[str], key: str) -> Name:
    found = pattern.fullmatch(key)
    if found is None:
        raise BadName(f"not a name of ours: {key!r}")
    start, end, partition = int(found["start"]), int(found["end"]), int(found["partition"])
    if start > end or found["partition"] != f"{partition:03d}":
        raise BadName(f"not a range of a partition: {key!r}")
    return Name(Place(found["prefix"] or "", found["topic"], found["topic_id"], partition), start, end)


def instant(timestamp: int) -> datetime:
    """A Kafka timestamp (ms) as UTC; one that no calendar holds (-1, year 60000) counts as 1970, in one folder."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=max(timestamp, 0))
    except OverflowError:
        return datetime(1970, 1, 1, tzinfo=UTC)


def moment(text: str) -> datetime | None:
    """An instant of RFC 3339 or ISO 8601 as UTC, which counts where no zone is said; None for none."""
    try:
        when = datetime.fromisoformat(text)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# ── when to seal ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Limits(Struct, frozen=True, kw_only=True):
    """When a segment is full, and how much memory the buffers of all sinks may take together."""

    bytes_max: int = 32 * MIB  # uncompressed; one PutObject of 5–10 MiB, never multipart
    records_max: int = 20_000
    age_s: float = 60.0  # 5–300: 12 partitions at 60 s make 17,280 objects a day, at 300 s 3,456
    memory_bytes_max: int = 256 * MIB


class Facts(Struct, frozen=True, kw_only=True):
    """A buffer as `should_seal` sees it.

    `span` counts offsets, `count` records, `bytes` uncompressed lines; `since` is when the first offset came (any clock).
    """

    span: int
    count: int
    bytes: int
    since: float
    is_forced: bool = False
    is_draining: bool = False
    is_caught_up: bool = False


Why = Literal["records", "bytes", "drain", "age"]


def should_seal(facts: Facts, now: float, limits: Limits) -> Why | None:
    """Why the buffer is to be sealed now, None when it is not. An empty range is never sealed."""
    if facts.span == 0:
        return None
    if facts.count >= limits.records_max:
        return "records"
    if facts.bytes >= limits.bytes_max:
        return "bytes"
    if facts.is_forced or (facts.is_draining and facts.is_caught_up):
        return "drain"
    if now - facts.since >= limits.age_s:
        return "age"
    return None


K = TypeVar("K", int, tuple[str, int])  # a partition: its number, or with its topic
PAUSE_SHARE = 0.8  # of the memory budget: from here on the largest partition reads no more


def relieve(reading: Mapping[K, int], busy_bytes: int, bytes_max: int) -> tuple[frozenset[K], K | None]:
    """(partitions to pause, partition to seal), by the buffer sizes of those that read; equal sizes go by the lower partition.

    `busy_bytes` is what all others hold. Being sealed, they will let go of it: at the limit, all that read wait for them.
    """
    used = sum(reading.values()) + busy_bytes
    if not reading or used < PAUSE_SHARE * bytes_max:
        return frozenset(), None
    largest = min(reading, key=lambda partition: (-reading[partition], partition))
    if used < bytes_max:
        return frozenset((largest,)), None
    return frozenset(reading), None if busy_bytes else largest


# ── manifests ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Manifest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of the range [start, end], whose `next_offset` is end + 1.

    kind `segment`: the object `key` holds `count` records whose content (`forms.py`) has `bytes` bytes and that SHA-256; no key
    when the range holds no record (markers only). `form` and `form_version` tell how to read it: absent, they mean events and 1.
    `names` are hashes of what its records are called (`names.py`), absent in older ones; with `has_homes`, of events' homes too.
    `rejected` counts records that went to the dead letters, by reason. `lost_to` says that the offsets up to it had left the log
    before they could be read. kind `gap`: the whole range had. `schemas` are the schema ids seen, event times RFC 3339, `writer`
    is the program that sealed it, `why` the trigger.
    """

    kind: Literal["segment", "gap"]
    topic: str
    topic_id: str
    partition: int
    start: int
    end: int
    next_offset: int
    why: str
    writer: str
    count: int = 0
    bytes: int = 0
    sha256: str = ""
    min_event_time: str = ""
    max_event_time: str = ""
    schemas: tuple[str, ...] = ()
    names: str = ""
    has_homes: bool = False
    key: str = ""
    form: FormName = "events"
    form_version: int = 1
    rejected: dict[str, int] = {}
    lost_to: int | None = None

    def place(self, prefix: str) -> Place:
        """Where it belongs."""
        return Place(prefix, self.topic, self.topic_id, self.partition)

    def agrees_with(self, other: "Manifest") -> bool:
        """True if both say the same of the data, whoever wrote them and why."""
        return _substance(self) == _substance(other)


def _substance(manifest: Manifest) -> Manifest:
    return structs.replace(manifest, writer="", why="", names="", has_homes=False, rejected={})


def parse_manifest(key: str, body: bytes) -> Manifest:
    """The manifest stored under this name; raises `BadName` or `BadManifest`."""
    name = parse_manifest_key(key)
    try:
        manifest = codec.decode(body, Manifest)
    except codec.Undecodable as error:
        raise BadManifest(f"{key}: {error}") from error
    for problem, is_so in _problems(manifest, name):
        if is_so:
            raise BadManifest(f"{key}: {problem}")
    return manifest


def _problems(manifest: Manifest, name: Name) -> Iterator[tuple[str, bool]]:
    start, end = manifest.start, manifest.end
    yield "it stands at the name of another range", Name(manifest.place(name.place.prefix), start, end) != name
    yield "next_offset is not end + 1", manifest.next_offset != end + 1
    yield "more records than offsets", not 0 <= manifest.count + sum(manifest.rejected.values()) <= end + 1 - start
    yield "a gap holds no records", manifest.kind == "gap" and bool(manifest.count or manifest.key)
    yield "records need an object, an object records", bool(manifest.count) != bool(manifest.key)
    if manifest.key:
        yield "its object has the name of another form", not manifest.key.endswith(f".{SUFFIXES[manifest.form]}")
        yield "the digest is no SHA-256", not SHA256.fullmatch(manifest.sha256)
        yield "it names the object of another range", parse_data_key(manifest.key) != name
