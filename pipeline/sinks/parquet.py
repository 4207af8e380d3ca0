"""Lines of segments as columns of a Parquet file, and back. The only importer of pyarrow, which is the extra `parquet`.

`line` is the segment's line, byte for byte: whatever the columns leave out is in there, and the lines of a range hash to the
digest in its segment's manifest. The other columns are what people ask for, taken out of the event.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from msgspec import Struct

from pipeline import codec
from pipeline.sinks.line import StoredRecord
from pipeline.sinks.segment import instant, moment

ROWS_PER_GROUP = 20_000  # 30 MB of text: what a reader that wants one row has to decompress
UNKNOWN = "unknown"  # the partition of events without a credible date
FIRST_YEAR = 1990  # before there were feeds; a backfill of older archives keeps its dates in `published`
AHEAD = timedelta(days=1)  # zones reach 14 hours; anything later is a mistake
METADATA = b"newswire"


class NoParquet(Exception):
    """pyarrow is not installed."""


class Text(Struct, frozen=True):
    """A headline or a body."""

    value: str = ""
    role: str = ""
    contentType: str = ""


class Named(Struct, frozen=True):
    """A place, person, organisation or subject."""

    name: str = ""
    uri: str = ""


class Identity(Struct, frozen=True):
    """Where it was found."""

    feed: str = ""
    provider: str = ""


class Times(Struct, frozen=True):
    """When."""

    published: str = ""
    ingested: str = ""


class Story(Struct, frozen=True):
    """Which story, and what the message does to it."""

    id: str = ""
    relation: str = ""
    state: str = ""


class Credit(Struct, frozen=True):
    """Whose text it is."""

    agency: str = ""


class Block(Struct, frozen=True):
    """The part of `pipeline` that becomes columns."""

    identity: Identity = Identity()
    times: Times = Times()
    story: Story = Story()
    credit: Credit = Credit()


class Event(Struct, frozen=True, rename="camel"):
    """The part of an event that becomes columns. Names are ninjs' (record.md)."""

    uri: str = ""
    version: str = ""
    language: str = ""
    urgency: int | None = None
    pub_status: str = ""
    slugline: str = ""
    headlines: tuple[Text, ...] = ()
    bodies: tuple[Text, ...] = ()
    places: tuple[Named, ...] = ()
    people: tuple[Named, ...] = ()
    organisations: tuple[Named, ...] = ()
    subjects: tuple[Named, ...] = ()
    pipeline: Block = Block()


NOTHING = Event()


def arrow() -> Any:
    """pyarrow, with its parquet module; raises `NoParquet` with the cure."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise NoParquet("Parquet needs pyarrow; install it with `pip install 'newswire[parquet]'`") from error
    return pyarrow


def columns() -> Any:
    """The schema of every file."""
    pa = arrow()
    text, texts, time = pa.string(), pa.list_(pa.string()), pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            ("uri", text), ("version", text), ("story", text), ("relation", text), ("state", text), ("language", text),
            ("headline", text), ("body", text), ("slugline", text), ("urgency", pa.int8()), ("pub_status", text),
            ("published", time), ("ingested", time), ("feed", text), ("provider", text), ("agency", text),
            ("places", texts), ("people", texts), ("organisations", texts), ("subjects", texts),
            ("topic", text), ("partition", pa.int32()), ("offset", pa.int64()), ("timestamp", time), ("line", text),
        ]
    )  # fmt: skip


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def row(record: StoredRecord, line: bytes) -> tuple[str, dict[str, Any]]:
    """(event date, columns) of one line. What is no event of ours, or a tombstone, keeps its line and has no other facts."""
    try:
        event = codec.decode(record.value, Event) if record.value is not None else NOTHING
    except codec.Undecodable:
        event = NOTHING
    block = event.pipeline
    published, ingested = moment(block.times.published), moment(block.times.ingested)
    arrived = instant(record.timestamp)
    return event_date(published or ingested, arrived), {
        "uri": event.uri or None,
        "version": event.version or None,
        "story": block.story.id or None,
        "relation": block.story.relation or None,
        "state": block.story.state or None,
        "language": event.language or None,
        "headline": _main(event.headlines),
        "body": _main(event.bodies),
        "slugline": event.slugline or None,
        "urgency": event.urgency if event.urgency is not None and 0 < event.urgency < 10 else None,
        "pub_status": event.pub_status or None,
        "published": published,
        "ingested": ingested,
        "feed": block.identity.feed or None,
        "provider": block.identity.provider or None,
        "agency": block.credit.agency or None,
        "places": _names(event.places),
        "people": _names(event.people),
        "organisations": _names(event.organisations),
        "subjects": [subject.uri or subject.name for subject in event.subjects] or None,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": arrived,
        "line": line.removesuffix(b"\n").decode(),
    }


def event_date(when: datetime | None, arrived: datetime) -> str:
    """The day in UTC, `unknown` for none, one before FIRST_YEAR or one after the event arrived: no feed makes folders at will."""
    if when is None or when.year < FIRST_YEAR or when > arrived + AHEAD:
        return UNKNOWN
    return when.date().isoformat()


def _main(texts: Sequence[Text]) -> str | None:
    plain = [text for text in texts if text.contentType in ("", "text/plain")]
    chosen = next((text for text in plain if text.role == "main"), plain[0] if plain else None)
    return chosen.value if chosen else None


def _names(named: Sequence[Named]) -> list[str] | None:
    return [each.name or each.uri for each in named] or None


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Writer:
    """One Parquet file in memory. `digest` is the SHA-256 of its lines, each with its line end, in the order of writing."""

    def __init__(self) -> None:
        self._sink, self._rows, self._hash = BytesIO(), list[dict[str, Any]](), hashlib.sha256()
        self._schema = columns()
        self._writer: Any = None
        self.count = 0

    def add(self, row: dict[str, Any]) -> None:
        """One more row."""
        self._hash.update(row["line"].encode() + b"\n")
        self._rows.append(row)
        self.count += 1
        if len(self._rows) >= ROWS_PER_GROUP:
            self._flush()

    def close(self, facts: Mapping[str, str]) -> bytes:
        """The finished file; `facts` and the digest stand in its metadata, under `newswire`."""
        self._flush()
        told = codec.dumps({**facts, "lines_sha256": self.digest, "rows": str(self.count)})
        self._writer.add_key_value_metadata({METADATA: told})
        self._writer.close()
        return self._sink.getvalue()

    @property
    def digest(self) -> str:
        """Identity of the content, whatever version of the library compressed it."""
        return self._hash.hexdigest()

    def _flush(self) -> None:
        pa = arrow()
        if self._writer is None:
            self._writer = pa.parquet.ParquetWriter(self._sink, self._schema, compression="zstd", compression_level=3)
        if self._rows:
            arrays = [pa.array([row[field.name] for row in self._rows], type=field.type) for field in self._schema]
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
            self._rows = []


def facts_of(body: bytes) -> dict[str, str]:
    """What `Writer.close` wrote down; raises ValueError for a file that is none of ours."""
    pa = arrow()
    try:
        told = pa.parquet.read_metadata(BytesIO(body)).metadata[METADATA]
    except (pa.ArrowException, OSError, KeyError, TypeError) as error:
        raise ValueError(f"not a Parquet file of ours: {error}") from error
    facts: dict[str, str] = codec.loads(told)
    return facts


def lines_of(body: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(partition, offset, line with its line end) of every row, in the order of writing; raises ValueError for a damaged file."""
    pa = arrow()
    try:
        table = pa.parquet.ParquetFile(BytesIO(body))
        for batch in table.iter_batches(columns=["partition", "offset", "line"]):
            for partition, offset, line in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield partition, offset, line.encode() + b"\n"
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error)) from error
