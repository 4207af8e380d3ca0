"""What stays of a killed record in a segment: its place, key and headers, and why it was erased. Pure.

An erased record is a tombstone whose headers tell `redacted-at`, `redacted-by` (the uri of the message that killed it) and
`redacted-reason`; of an event also its `version` and its `origin`, the names under which its raw item and documents are found.
No header holds content, but a name may: a link may spell out a headline.
"""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, structs

from pipeline import codec
from pipeline.sinks.forms import BadSegment, Form, form_of
from pipeline.sinks.line import StoredRecord
from pipeline.sinks.segment import Manifest
from pipeline.sinks.warc import ERASED_AT

ERASED_BY = "redacted-by"
REASON = "redacted-reason"
VERSION = "version"
ORIGIN = "origin"


class Mark(Struct, frozen=True, order=True):
    """Why a record is erased: by which message, from when, its reason."""

    by: str
    at: str
    reason: str


class Origin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an article came from: what its raw item and the documents with it can be found by."""

    key: str = ""
    feed: str = ""
    fetched_at: str = ""
    document: str = ""
    item: str = ""
    guid: str = ""
    link: str = ""


class _Identity(Struct, frozen=True):
    key: str = ""
    feed: str = ""
    guid: str = ""
    link: str = ""


class _Source(Struct, frozen=True):
    fetched_at: str = ""
    document: str = ""
    item: str = ""


class _Story(Struct, frozen=True):
    id: str = ""
    state: str = "live"
    is_echo: bool = False


class _Block(Struct, frozen=True):
    identity: _Identity = _Identity()
    source: _Source = _Source()
    story: _Story = _Story()


class Event(Struct, frozen=True):
    """The part of an article that tells which one it is."""

    uri: str = ""
    version: str = ""
    pipeline: _Block = _Block()

    @property
    def is_live(self) -> bool:
        """Whether its story was neither killed nor held with it, and it is told itself."""
        return self.pipeline.story.state == "live" and not self.pipeline.story.is_echo

    @property
    def story(self) -> str:
        """The story in which it was told, "" for one of none, and for one that only repeats what another home is told."""
        return "" if self.pipeline.story.is_echo else self.pipeline.story.id

    @property
    def origin(self) -> Origin:
        """Where it came from."""
        return Origin(**structs.asdict(self.pipeline.identity), **structs.asdict(self.pipeline.source))


Judge = Callable[[StoredRecord], Mark | None]  # why a record must go; asked of every record, erased ones among them


class Erased(Struct, frozen=True, kw_only=True):
    """A content without what had to go; `ids` name what went, `marks` say why."""

    content: bytes
    ids: tuple[str, ...]
    marks: tuple[Mark, ...]

    @property
    def reason(self) -> str:
        """For a manifest."""
        return reason_of(self.marks)


def erase(manifest: Manifest, content: bytes, judge: Judge) -> Erased | None:
    """The content of the manifest's object without what the judge condemns, None when that is nothing. Raises `BadSegment`."""
    form = form_of(manifest)
    parts: list[bytes] = []
    ids: list[str] = []
    marks: set[Mark] = set()
    for record, part in _parts(manifest, form, content):
        mark = judge(record)
        if mark is None or record.value is None:
            parts.append(part)
            continue
        ids.append(record_id(record))
        marks.add(mark)
        parts.append(form.encode(record.topic, record.partition, blank(record, mark)))
    return Erased(content=b"".join(parts), ids=tuple(ids), marks=tuple(sorted(marks))) if ids else None


def blank(record: StoredRecord, mark: Mark) -> StoredRecord:
    """The record without its value."""
    told = {ERASED_AT: mark.at, ERASED_BY: mark.by, REASON: mark.reason}
    if any(name == "ce_subject" for name, _ in record.headers):
        event = event_of(record)
        told |= {VERSION: event.version, ORIGIN: codec.encode(event.origin).decode()}
    kept = tuple((name, value) for name, value in record.headers if name not in told)
    return structs.replace(record, value=None, headers=(*kept, *((name, text.encode()) for name, text in told.items() if text)))


def event_of(record: StoredRecord) -> Event:
    """Which article a record is, erased or not; an empty one where it is none."""
    try:
        if record.value is not None:
            return codec.decode(record.value, Event)
        told = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
        origin = codec.decode(told.get(ORIGIN, "{}").encode(), Origin)
        identity = _Identity(origin.key, origin.feed, origin.guid, origin.link)
        source = _Source(origin.fetched_at, origin.document, origin.item)
        return Event(told.get("ce_subject", ""), told.get(VERSION, ""), _Block(identity, source))
    except codec.Undecodable:
        return Event()


def is_erased(record: StoredRecord) -> bool:
    """Whether it is a tombstone of ours."""
    return record.value is None and any(name == ERASED_AT for name, _ in record.headers)


def record_id(record: StoredRecord) -> str:
    """What a redaction calls a record: its `ce_id`, or its offset where it has none."""
    found = next((value for name, value in record.headers if name == "ce_id" and value), None)
    return found.decode(errors="replace") if found else f"offset-{record.offset}"


def mark_of(record: StoredRecord) -> Mark:
    """Why a record was erased."""
    told = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    return Mark(by=told.get(ERASED_BY, ""), at=told.get(ERASED_AT, ""), reason=told.get(REASON, ""))


def reason_of(marks: Iterable[Mark]) -> str:
    """Every reason once."""
    return "; ".join(dict.fromkeys(mark.reason for mark in marks))


def compare(manifest: Manifest, before: bytes, after: bytes) -> Erased:
    """What another erasure of the same content took. Raises `BadSegment` where `after` is anything else than that."""
    form = form_of(manifest)
    ids: list[str] = []
    marks: set[Mark] = set()
    try:
        for old, new in zip(form.decode(before), form.decode(after), strict=True):
            if new == old:
                continue
            if not is_erased(new) or new != blank(old, mark_of(new)):
                raise BadSegment(f"offset {new.offset} is neither as it was nor erased")
            ids.append(record_id(old))
            marks.add(mark_of(new))
    except ValueError as error:
        raise BadSegment(f"{manifest.key}: what stands in its place is no erasure of it: {error}") from error
    return Erased(content=after, ids=tuple(ids), marks=tuple(sorted(marks)))


def _parts(manifest: Manifest, form: Form, content: bytes) -> Iterator[tuple[StoredRecord, bytes]]:
    """Every record with its share of the content."""
    try:
        if form.name == "documents":
            for record in form.decode(content):
                yield record, form.encode(record.topic, record.partition, record)
            return
        yield from zip(form.decode(content), content.splitlines(keepends=True), strict=True)
    except ValueError as error:
        raise BadSegment(f"{manifest.key}: {error}") from error
