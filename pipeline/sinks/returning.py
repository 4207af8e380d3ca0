"""What comes again after its kill: the same bytes, a late lower version, a document that still shows it. Pure; it learns too.

It is asked only of ranges of which all is known (`recall/rounds.py`): what became of their raw items stands in the store. So a
raw item of a killed one goes, whenever it came, unless the item lives again (or lives on) by an event of a version that no kill
means. Of one that lives, known killed bytes go and bytes that nobody knows stay: new markup of a living text looks like that. A
document of its feed that holds one of its names goes as with `Targets`, up to the fetch of the version that lives.
"""

from collections.abc import Iterable
from datetime import datetime

from pipeline.codec import header, key_of
from pipeline.sinks.erasure import Mark, Origin, event_of
from pipeline.sinks.kill import Target, came
from pipeline.sinks.line import StoredRecord
from pipeline.sinks.segment import moment
from pipeline.sinks.targets import Targets


class Returning(Targets):
    """Kills in force. `unknown` are uris of which no event was looked for yet, `unmet` whole stories of which no item was; what
    `before` learned of the others is kept.
    """

    def __init__(self, targets: Iterable[Target], before: "Returning | None" = None) -> None:
        self.unknown: set[str] = set()
        self._by_key: dict[str, Target] = {}
        self._dead: dict[tuple[str, str], str] = {}  # (key, digest) of the item's bytes → its uri
        self._live: dict[tuple[str, str], str] = {}
        self._lives_from: dict[str, datetime] = {}
        super().__init__(targets)
        self.unmet = self.members.stories
        if before is not None:
            self._take_over(before)

    def _take_over(self, before: "Returning") -> None:
        """But for items whose kills are other ones now: of them everything is looked for again."""
        self.unmet = self.members.take_over(before.members) | (self.unmet & before.unmet)
        self.admit()
        same = {uri for uri, targets in self._by_uri.items() if before._by_uri.get(uri) == targets}
        for origin, target in before._origins.items():
            if target.uri in same:
                self._note(origin, target)
        self._dead |= {bytes_: uri for bytes_, uri in before._dead.items() if uri in same}
        self._live |= {bytes_: uri for bytes_, uri in before._live.items() if uri in same}
        self._lives_from |= {uri: at for uri, at in before._lives_from.items() if uri in same}
        self.unknown -= same - before.unknown

    def _add(self, targets: Iterable[Target]) -> None:
        """One more kill of an item is another question: of it everything is looked for again."""
        new = [target for target in targets if target not in self._by_uri.get(target.uri, ())]
        if asked_again := {target.uri for target in new} & self._by_uri.keys():
            self._live = {bytes_: uri for bytes_, uri in self._live.items() if uri not in asked_again}
            self._lives_from = {uri: at for uri, at in self._lives_from.items() if uri not in asked_again}
        super()._add(new)
        self.unknown |= {target.uri for target in new}

    def _note(self, origin: Origin, target: Target) -> None:
        super()._note(origin, target)
        if origin.key:
            self._by_key[origin.key] = target

    def _event(self, record: StoredRecord) -> Mark | None:
        mark = super()._event(record)
        uri = header(record, "ce_subject")
        if uri not in self._by_uri:
            return mark
        event = event_of(record)
        bytes_ = (event.origin.key, event.origin.item)
        if mark is not None:
            self._dead[bytes_] = uri
        elif record.value is not None and event.is_live:
            self._live[bytes_] = uri
            at = moment(event.origin.fetched_at) or came(record, "events")
            self._lives_from[uri] = min(at, self._lives_from.get(uri, at))
        return mark

    def _raw(self, record: StoredRecord) -> Mark | None:
        if (mark := super()._raw(record)) is not None:
            return mark
        key = key_of(record)
        target = self._by_key.get(key) or next(self._by_name(key, record), None)
        bytes_ = (key, header(record, "item"))
        if target is None or bytes_ in self._live:
            return None
        return self._carried(record, target) if bytes_ in self._dead or target.uri not in self._lives_from else None

    def _document(self, record: StoredRecord) -> Mark | None:
        at = came(record, "documents")
        for target in self._within(record):
            lives_from = self._lives_from.get(target.uri)
            if at <= target.until or lives_from is None or at < lives_from:
                return target.mark
        return None
