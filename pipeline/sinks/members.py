"""Whom the kill of a whole story means beyond those that it names: a story knows 64 of its items by name. Pure; it learns.

Events tell: their key is the home of their item, which never changes, and they say to which story the item belonged by then. An
item that moved since is told of by a relink. The last word before the kill counts, so that an item that began in the killed story
and lives in another is left alone, and one that joined it later goes. An erased event says no story: it counts as one of its home
where nothing else tells of its item, since the redaction that took the others may have been broken off.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from msgspec import Struct

from pipeline.codec import key_of
from pipeline.records import Relink
from pipeline.sinks.erasure import event_of
from pipeline.sinks.kill import Target, came, until_of
from pipeline.sinks.line import StoredRecord
from pipeline.sinks.names import name_hash
from pipeline.sinks.segment import moment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Word(Struct, frozen=True, order=True):
    """What one record says of an item: in which story it is. The greatest counts.

    A relink stands in one transaction with the event that made it, and has the time of it.
    """

    is_told: bool
    at: datetime
    is_relink: bool
    offset: int
    story: str


class Members:
    """Of some killed stories. Memory: a word for each item of theirs, some 300 bytes."""

    def __init__(self, kills: Iterable[Target]) -> None:
        self._kills: dict[str, list[Target]] = {}
        for kill in kills:
            self._kills.setdefault(kill.uri, []).append(kill)
        self._words: dict[tuple[Target, str], Word] = {}

    @property
    def stories(self) -> frozenset[str]:
        """Their ids, which are homes, too."""
        return frozenset(self._kills)

    def names(self, stories: Iterable[str] | None = None) -> frozenset[int]:
        """Hashes of the homes in which items of these stories (of all) may have begun."""
        return frozenset(name_hash(story.encode()) for story in (self._kills if stories is None else stories))

    def look(self, record: StoredRecord) -> None:
        """Hears what an event says; condemns nothing (it stands where a judge does)."""
        kills = self._kills.get(key_of(record), ())
        event = event_of(record) if kills else None
        if event is None or not event.uri:
            return
        is_told = record.value is not None
        story = event.story if is_told else key_of(record)
        word = Word(is_told, came(record, "events"), False, record.offset, story)
        for kill in kills if story else ():
            self._hear(kill, event.uri, word)

    def move(self, relink: Relink) -> None:
        """Hears of items that left one of the stories, or joined it."""
        at = moment(relink.at) or EPOCH
        for kill in (*self._kills.get(relink.story, ()), *self._kills.get(relink.to, ())):
            for uri in relink.uris:
                self._hear(kill, uri, Word(True, at, True, 0, relink.to))

    def _hear(self, kill: Target, uri: str, word: Word) -> None:
        known = self._words.get((kill, uri))
        if word.at <= kill.until and (known is None or word > known):
            self._words[kill, uri] = word

    def found(self) -> Iterator[Target]:
        """The items that belonged to a story when it was killed, each as a target of its own."""
        for (kill, uri), word in self._words.items():
            if word.story == kill.uri and uri not in kill.spared:
                yield Target(uri=uri, until=until_of(uri, kill.until, kill.mark), mark=kill.mark)

    def take_over(self, before: "Members") -> frozenset[str]:
        """What was heard of kills that are the same now; the stories of which nothing was."""
        known = {kill for kills in before._kills.values() for kill in kills}
        same = {kill for kills in self._kills.values() for kill in kills if kill in known}
        self._words |= {(kill, uri): word for (kill, uri), word in before._words.items() if kill in same}
        return frozenset(kill.uri for kills in self._kills.values() for kill in kills if kill not in known)
