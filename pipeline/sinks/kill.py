"""What the message of a kill condemns, and the facts of a stored record that are compared with it. Pure."""

from datetime import UTC, datetime

from msgspec import Struct

from pipeline.article import Article
from pipeline.codec import header
from pipeline.sinks.erasure import Mark
from pipeline.sinks.line import StoredRecord
from pipeline.sinks.segment import FormName, instant, moment

FOR_EVER = datetime.max.replace(tzinfo=UTC)
TIMES: dict[FormName, str] = {"events": "ce_time", "raw": "fetched-at", "documents": "fetched-at"}


class Target(Struct, frozen=True, kw_only=True):
    """An item that is to go, in these versions (none named: all) as far as they came up to `until`.

    `is_story`: `uri` is the id of a story, and whatever it put out is to go, for the kill could not name all of it; but for
    items that were released since (`spared`).
    """

    uri: str
    is_story: bool = False
    spared: frozenset[str] = frozenset()
    versions: frozenset[str] = frozenset()
    until: datetime = FOR_EVER
    mark: Mark


def targets_of(article: Article, told_at: int) -> tuple[Target, ...]:
    """What a message on `newswire.retractions` condemns; nothing unless it is a kill. `told_at`: the broker's time of it (ms).

    Versions of the killing item itself count up to the kill, all else up to when the kill was told: a copy may be fetched
    later than the kill and be known before it.
    """
    told = article.pipeline.retraction
    if told is None or told.kind != "kill":
        return ()
    reason = told.note or ", ".join(told.reasons) or "killed by its source"
    mark, heard = Mark(by=told.by, at=told.at, reason=f"kill: {reason}"), instant(told_at)
    named = (
        Target(uri=item.uri, versions=frozenset(item.versions), until=until_of(item.uri, heard, mark), mark=mark)
        for item in told.items
    )
    stories = (Target(uri=story, is_story=True, until=heard, mark=mark) for story in told.stories if told.is_partial)
    return (*named, *stories)


def until_of(uri: str, heard: datetime, mark: Mark) -> datetime:
    """Up to when versions of an item are meant by a kill that was told at that instant."""
    return moment(mark.at) or heard if uri == mark.by else heard


def came(record: StoredRecord, form: FormName) -> datetime:
    """When it was fetched, by its headers, else by the broker."""
    return moment(header(record, TIMES[form])) or instant(record.timestamp)
