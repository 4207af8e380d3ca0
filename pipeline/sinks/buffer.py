"""What was read of a partition and not yet sealed, and the bytes it becomes. Pure.

The same records give the same content, digest and name whoever encodes them: that is what makes a repeated write harmless.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from pipeline import codec
from pipeline.reasons import Reason
from pipeline.sinks.forms import EVENTS, BadSegment, Form
from pipeline.sinks.line import Record
from pipeline.sinks.names import name_hash, names_of, pack_names
from pipeline.sinks.segment import Manifest, Place, instant, moment
from pipeline.wire.dates import rfc3339_ms

EVENT_TIMES = ("ce_time", "fetched-at")  # headers that say when, of articles and of what was fetched
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Reject(Struct, frozen=True):
    """A record that the form cannot hold."""

    record: Record
    reason: Reason
    detail: str


class Buffer:
    """The content of one partition's next segment, and what the manifest will say of them.

    `start` is the first offset of the range, `next` the first one not read yet, `first_timestamp` (ms) decides the folder.
    """

    def __init__(self, topic: str, partition: int, start: int, form: Form = EVENTS) -> None:
        self.form = form
        self.topic, self.partition, self.start, self.next = topic, partition, start, start
        self.content = bytearray()
        self.rejects: list[Reject] = []
        self.count = 0
        self.since = 0.0
        self.first_timestamp: int | None = None
        self._rejected_bytes = 0
        self._event_times: tuple[int, int] | None = None
        self._schemas: set[str] = set()
        self._names: set[int] = set()

    @property
    def span(self) -> int:
        """Offsets, with and without a record."""
        return self.next - self.start

    @property
    def bytes(self) -> int:
        """What the buffer holds in memory, near enough: content and rejected records."""
        return len(self.content) + self._rejected_bytes

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
            self.content += self.form.encode(self.topic, self.partition, record)
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
        self._names.update(map(name_hash, names_of(self.form.name, record)))

    def skip_to(self, offset: int, now: float = 0.0) -> None:
        """Extends the range over offsets that hold no record."""
        assert offset >= self.next
        if self.span == 0 and offset > self.next:
            self.since = now
        self.next = offset

    def manifest(self, place: Place, sha256: str, why: str, writer: str, lost_to: int | None = None) -> Manifest:
        """The manifest of everything in the buffer, whose content has this digest."""
        end = self.next - 1
        about_records: dict[str, object] = {}
        if self.count:
            low, high = self._event_times or (0, 0)
            about_records = {
                "bytes": len(self.content),
                "sha256": sha256,
                "min_event_time": _text(low),
                "max_event_time": _text(high),
                "schemas": tuple(sorted(self._schemas)),
                "names": pack_names(self._names),
                "has_homes": self.form.name == "events",
                "key": place.data_key(self.start, end, self.first_timestamp or 0, self.form.name),
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
            form=self.form.name,
            form_version=self.form.version,
            rejected=self.rejected_counts,
            lost_to=lost_to,
            **about_records,  # type: ignore[arg-type]
        )


def read_back(topic: str, partition: int, start: int, content: bytes, form: Form = EVENTS) -> Buffer:
    """A buffer holding the records of this stored content. Raises `BadSegment` if encoding them again gives other bytes."""
    buffer = Buffer(topic, partition, start, form)
    try:
        for record in form.decode(content):
            if record.offset < buffer.next or (record.topic, record.partition) != (topic, partition):
                raise BadSegment(f"{record.topic}-{record.partition}@{record.offset} is out of place")
            buffer.add(record)
    except ValueError as error:
        raise BadSegment(f"record {buffer.count + 1}: {error}") from error
    if buffer.content != content:
        raise BadSegment("encoding the stored records again gives other bytes")
    return buffer


def _event(record: Record) -> tuple[int, str]:
    """(event time in ms, schema id) from the headers; where none says when, the broker's time stands in."""
    at, schema = record.timestamp, ""
    for name, value in record.headers:
        if name in EVENT_TIMES and value:
            at = _milliseconds(value, at)
        elif name == "ce_dataschema" and value:
            schema = value.decode(errors="replace")
    return at, schema


def _milliseconds(text: bytes, otherwise: int) -> int:
    when = moment(text.decode(errors="replace"))
    return (when - EPOCH) // timedelta(milliseconds=1) if when else otherwise


def _text(timestamp: int) -> str:
    return rfc3339_ms(instant(timestamp))
