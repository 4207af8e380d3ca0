"""What a kill is after: which events, raw items and documents lose their content. Pure; it learns as it is shown events.

An event is meant by its uri, by its version where the kill names versions, and only if it came before the kill was told: a later
version may live again. Its raw items are meant by its key (or, where versions are named, by their digest too), and every document
of their feeds that holds one of its names. Such a document is erased whole: its other items are in `newswire.raw`, byte for byte.
Of a story that is to go whole, events tell which items it has (`members.py`); these are then meant as if they were named.
"""

from bisect import insort
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from pipeline import codec
from pipeline.codec import header, key_of
from pipeline.sinks.erasure import Event, Judge, Mark, Origin, event_of
from pipeline.sinks.kill import TIMES, Target, came
from pipeline.sinks.line import StoredRecord
from pipeline.sinks.members import Members
from pipeline.sinks.names import name_hash
from pipeline.sinks.segment import FormName, moment
from pipeline.stages.dedup import item_uri

NEEDLE_CHARS_MIN = 12  # a shorter guid ("1017") stands in documents that have nothing to do with it
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Targets:
    """Several targets, and what was learned of where they came from."""

    def __init__(self, targets: Iterable[Target]) -> None:
        every = list(targets)
        self._by_uri: dict[str, list[Target]] = {}
        self.members = Members(target for target in every if target.is_story)
        self._origins: dict[Origin, Target] = {}
        self._keys: dict[str, Target] = {}
        self._items: dict[tuple[str, str], Target] = {}
        self._documents: dict[str, Target] = {}
        self._needles: dict[str, dict[bytes, Target]] = {}
        self._add(target for target in every if not target.is_story)

    @property
    def uris(self) -> list[str]:
        """All of them, as far as they are known by name."""
        return sorted(self._by_uri)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to go."""
        return not self._by_uri and not self.members.stories

    def admit(self) -> None:
        """From now on the items of whole stories that are known by now are targets like those that a kill names."""
        self._add(self.members.found())

    def _add(self, targets: Iterable[Target]) -> None:
        for target in targets:
            known = self._by_uri.setdefault(target.uri, [])
            if target not in known:
                insort(known, target, key=lambda each: each.until)

    @property
    def since(self) -> datetime:
        """No document from before this instant holds any of them, as far as is known."""
        return min((moment(origin.fetched_at) or EPOCH for origin in self._origins), default=EPOCH)

    def names(self, form: FormName) -> frozenset[int]:
        """Hashes of the names under which a segment of this form may hold one."""
        origins = self._origins
        names = {
            "events": self._by_uri.keys(),
            "raw": {*self._by_uri, *(origin.key for origin in origins), *(origin.guid for origin in origins)},
            "documents": {*(origin.feed for origin in origins), *(origin.document for origin in origins)},
        }[form]
        return frozenset(name_hash(name.encode()) for name in names if name)

    def judge(self, form: FormName) -> Judge:
        """Why a record of this form must go."""
        return {"events": self._event, "raw": self._raw, "documents": self._document}[form]

    def learn(self, event: Event) -> Target | None:
        """Notes where a meant event came from; gives the target that means it, the latest of several."""
        meaning = [each for each in self._by_uri.get(event.uri, ()) if not each.versions or event.version in each.versions]
        if event.origin not in self._origins:
            for target in meaning:
                self._note(event.origin, target)
        return meaning[-1] if meaning else None

    def _note(self, origin: Origin, target: Target) -> None:
        """What raw items and documents are compared with."""
        self._origins[origin] = target
        if target.versions:
            self._items[origin.key, origin.item] = target
        else:
            self._keys[origin.key] = target
        self._documents[origin.document] = target
        for name in (origin.key, origin.guid, origin.link):
            if len(name) >= NEEDLE_CHARS_MIN:
                self._needles.setdefault(origin.feed, {}).update(dict.fromkeys(spellings(name), target))

    def _event(self, record: StoredRecord) -> Mark | None:
        if header(record, "ce_subject") not in self._by_uri:
            return None
        event = event_of(record)
        target = self.learn(event)
        return target.mark if target and came(record, "events") <= target.until else None

    def _raw(self, record: StoredRecord) -> Mark | None:
        key, item = key_of(record), header(record, "item")
        target = self._keys.get(key) or self._items.get((key, item)) or self._named(key, record)
        return self._carried(record, target) if target and came(record, "raw") <= target.until else None

    def _carried(self, record: StoredRecord, target: Target) -> Mark:
        """A meant raw item tells of its feed, which may be another than that of the event and has documents of its own."""
        told = {name: header(record, name) for name in ("feed", "document", "item", "guid")}
        origin = Origin(key=key_of(record), fetched_at=header(record, TIMES["raw"]), **told)
        if origin not in self._origins:
            self._note(origin, target)
        return target.mark

    def _named(self, key: str, record: StoredRecord) -> Target | None:
        """By the uri that is its guid or that its key gives, for all versions: where no event tells of it any more."""
        return next((target for target in self._by_name(key, record) if not target.versions), None)

    def _by_name(self, key: str, record: StoredRecord) -> Iterator[Target]:
        for uri in (header(record, "guid"), item_uri(key)):
            yield from reversed(self._by_uri.get(uri, ()))

    def _document(self, record: StoredRecord) -> Mark | None:
        at = came(record, "documents")
        return next((target.mark for target in self._within(record) if at <= target.until), None)

    def _within(self, record: StoredRecord) -> Iterator[Target]:
        """Whom a document holds: by its digest, else by the names in it."""
        known = self._documents.get(key_of(record))
        if known is not None:
            yield known
        if record.value is not None:
            needles = self._needles.get(header(record, "feed"), {})
            yield from (target for needle, target in needles.items() if needle in record.value)


def spellings(name: str) -> frozenset[bytes]:
    """A name as XML and JSON write it."""
    return frozenset(
        text.encode() for text in (name, escape(name), codec.dumps(name)[1:-1].decode(), name.replace("/", "\\/")) if text
    )
