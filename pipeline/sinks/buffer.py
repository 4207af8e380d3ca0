"""What was read of a partition and not yet sealed, and the bytes it becomes. Pure.

The same records give the same lines, digest and name whoever encodes them: that is what makes a repeated write harmless.
"""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta

import zstandard
from msgspec import Struct

from pipeline import codec
from pipeline.reasons import Reason
from pipeline.sinks.line import Record, decode_line, encode_line
from pipeline.sinks.segment import Manifest, Place, instant

ZSTD_LEVEL = 3  # measured: 1,453 B and 24 µs per article; level 9 saves 11 % for four times the CPU
UNPACKED_BYTES_MAX = 1 << 30  # a segment is cut at 32 MiB plus one record of at most 12 MiB; more than this is not ours
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadSegment(ValueError):
    """An object that is not a segment of ours: damaged, cut short, or foreign."""


class Reject(Struct, frozen=True):
    """A record that no line can hold."""

    record: Record
    reason: Reason
    detail: str


class Buffer:
    """Lines of one partition, and what the manifest will say of them.

    `start` is the first offset of the range, `next` the first one not read yet, `first_timestamp` (ms) decides the folder.
    """

    def __init__(self, topic: str, partition: int, start: int) -> None:
        self.topic, self.partition, self.start, self.next = topic, partition, start, start
        self.lines = bytearray()
        self.rejects: list[Reject] = []
        self.count = 0
        self.since = 0.0
        self.first_timestamp: int | None = None
        self._rejected_bytes = 0
        self._event_times: tuple[int, int] | None = None
        self._schemas: set[str] = set()

    @property
    def span(self) -> int:
        """Offsets, with and without a record."""
        return self.next - self.start

    @property
    def bytes(self) -> int:
        """What the buffer holds in memory, near enough: lines and rejected records."""
        return len(self.lines) + self._rejected_bytes

    @property
    def rejected_counts(self) -> dict[str, int]:
        """Rejected records by reason, in a fixed order."""
        return dict(sorted(Counter(str(reject.reason) for reject in self.rejects).items()))

    def add(self, record: Record, now: float = 0.0) -> None:
        """Takes the next record; offsets only grow."""
        assert record.offset >= self.next, f"offset {record.offset} after {self.next - 1}"
        self.skip_to(record.offset + 1, now)
        if self.first_timestamp is None:
            self.first_timestamp = record.timestamp
        try:
            self.lines += encode_line(self.topic, self.partition, record)
        except codec.Undecodable as error:
            self.rejects.append(Reject(record, Reason.BAD_RECORD, str(error)))
            self._rejected_bytes += len(record.value or b"")
            return
        self.count += 1
        at, schema = _event(record)
        low, high = self._event_times or (at, at)
        self._event_times = (min(low, at), max(high, at))
        if schema:
            self._schemas.add(schema)

    def skip_to(self, offset: int, now: float = 0.0) -> None:
        """Extends the range over offsets that hold no record."""
        assert offset >= self.next
        if self.span == 0 and offset > self.next:
            self.since = now
        self.next = offset

    def manifest(self, place: Place, sha256: str, why: str, writer: str, lost_to: int | None = None) -> Manifest:
        """The manifest of everything in the buffer, whose lines have this digest."""
        end = self.next - 1
        about_records: dict[str, object] = {}
        if self.count:
            low, high = self._event_times or (0, 0)
            about_records = {
                "bytes": len(self.lines),
                "sha256": sha256,
                "min_event_time": _text(low),
                "max_event_time": _text(high),
                "schemas": tuple(sorted(self._schemas)),
                "key": place.data_key(self.start, end, self.first_timestamp or 0),
            }
        return Manifest(
            kind="segment",
            topic=place.topic,
            topic_id=place.topic_id,
            partition=place.partition,
            start=self.start,
            end=end,
            next_offset=self.next,
            why=why,
            writer=writer,
            count=self.count,
            rejected=self.rejected_counts,
            lost_to=lost_to,
            **about_records,  # type: ignore[arg-type]
        )


def read_back(topic: str, partition: int, start: int, lines: bytes) -> Buffer:
    """A buffer holding the records of these stored lines. Raises `BadSegment` if encoding them again gives other bytes."""
    buffer = Buffer(topic, partition, start)
    for line in lines.splitlines(keepends=True):
        try:
            record = decode_line(line)
        except ValueError as error:
            raise BadSegment(f"line {buffer.count + 1}: {error}") from error
        if record.offset < buffer.next or (record.topic, record.partition) != (topic, partition):
            raise BadSegment(f"line {buffer.count + 1}: {record.topic}-{record.partition}@{record.offset} is out of place")
        buffer.add(record)
    if buffer.lines != lines:
        raise BadSegment("encoding the stored records again gives other bytes")
    return buffer


def pack(lines: bytes | bytearray) -> tuple[bytes, str]:
    """(zstd bytes, SHA-256 hex of the lines). Releases the GIL: meant for a thread."""
    body = zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True).compress(lines)
    return body, hashlib.sha256(lines).hexdigest()


def unpack(body: bytes) -> tuple[bytes, str]:
    """(lines, SHA-256 hex of the lines) of a stored object; raises `BadSegment`."""
    try:
        if not 0 <= zstandard.frame_content_size(body) <= UNPACKED_BYTES_MAX:
            raise BadSegment("a zstd frame without a credible size")
        lines = zstandard.ZstdDecompressor().decompress(body, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise BadSegment(f"not a whole zstd frame: {error}") from error
    return lines, hashlib.sha256(lines).hexdigest()


def _event(record: Record) -> tuple[int, str]:
    """(event time in ms, schema id) from the CloudEvents headers; without `ce_time` the broker's time stands in."""
    at, schema = record.timestamp, ""
    for name, value in record.headers:
        if name == "ce_time" and value:
            at = _milliseconds(value, at)
        elif name == "ce_dataschema" and value:
            schema = value.decode(errors="replace")
    return at, schema


def _milliseconds(text: bytes, otherwise: int) -> int:
    try:
        when = datetime.fromisoformat(text.decode())
    except ValueError:
        return otherwise
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - EPOCH) // timedelta(milliseconds=1)


def _text(timestamp: int) -> str:
    return instant(timestamp).isoformat(timespec="milliseconds").replace("+00:00", "Z")
