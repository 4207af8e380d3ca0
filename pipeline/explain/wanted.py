"""Which records belong to an article, and what each of them says. No I/O: it is shown records and takes or leaves them."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, structs

from pipeline import codec
from pipeline.article import Article
from pipeline.codec import Undecodable, header, key_of
from pipeline.hop import Received
from pipeline.poll.urls import canonical_url
from pipeline.rules import fired
from pipeline.stages.dedup import item_uri
from pipeline.stages.route import public_topic
from pipeline.wire.dates import rfc3339_ms

Origin = tuple[str, str, str, int]  # feed, fetched at, document, part: one item of one fetch


class Found(Struct, kw_only=True):
    """One record. `at` is the broker's time (ms), `facts` what it says, `fate` what became of it ("" where nothing follows)."""

    at: int
    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    facts: dict[str, Any]
    origin: Origin | None = None
    fate: str = ""

    @property
    def place(self) -> str:
        """`raw 1/17`: topic, partition, offset."""
        return f"{self.topic} {self.partition}/{self.offset}"

    def to_builtins(self) -> dict[str, Any]:
        """For --json: without the bytes, which `--raw` prints."""
        facts = {name: value for name, value in structs.asdict(self).items() if name not in ("value", "origin")}
        return facts | {"at": instant(self.at), "bytes": len(self.value or b"")}


def instant(timestamp: int) -> str:
    """A Kafka timestamp (ms) as RFC 3339 in UTC."""
    return rfc3339_ms(datetime.fromtimestamp(timestamp / 1000, UTC))


class Wanted:
    """Tells whether a record belongs to the article asked for, and learns its other names from those that do.

    Headers and keys are looked at first; a value is decoded only when it holds one of the names as bytes.
    """

    def __init__(self, asked: str, prefix: str) -> None:
        link = canonical_url(asked)
        self._prefix = prefix + "."
        self.names = {asked, link} if link else {asked}
        self.uris = {asked, *(item_uri(name) for name in self.names)}
        self.keys = set(self.names)
        self._needles = [codec.dumps(name)[1:-1] for name in self.names]
        self._bytes = [name.encode() for name in self.names]

    def article(self, record: Received) -> Found | None:
        """Takes a version of the article, or one of its story when that was asked for."""
        value = record.value or b""
        if header(record, "ce_subject") not in self.uris and not any(needle in value for needle in self._needles):
            return None
        try:
            article = codec.decode(value, Article)
        except Undecodable as error:
            return None if header(record, "ce_subject") not in self.uris else _found(record, {"undecodable": str(error)})
        if article.uri not in self.uris and self.names.isdisjoint(_names(article)):
            return None
        self.uris.add(article.uri)
        self.keys.add(article.pipeline.identity.key)
        return _found(record, _article_facts(article), _origin(article))

    def item(self, record: Received) -> Found | None:
        """Takes a raw item by its key, its guid, or the uri that its key gives."""
        key = key_of(record)
        if not (key in self.keys or item_uri(key) in self.uris or header(record, "guid") in self.names):
            return None
        self.keys.add(key)
        try:
            item = codec.decode_raw(record.key, record.value, record.headers)
        except Undecodable as error:
            return _found(record, {"undecodable": str(error)})
        names = ("feed", "provider", "url", "fetched_at", "format", "document", "part", "item", "guid")
        facts = {name: getattr(item, name) for name in names if getattr(item, name) != ""}
        return _found(record, facts, (item.feed, item.fetched_at, item.document, item.part))

    def side(self, record: Received) -> Found | None:
        """Takes a sighting or a dead letter by key or uri, and a reject of the poller that holds the asked text in its bytes."""
        is_poll = header(record, "dead.stage") == "poll"  # its key is the feed's
        is_named = key_of(record) in self.keys or header(record, "ce_subject") in self.uris
        if not is_named and not (is_poll and any(name in (record.value or b"") for name in self._bytes)):
            return None
        if not header(record, "dead.stage"):
            try:
                return _found(record, dict(codec.loads(record.value or b"{}")))
            except (Undecodable, TypeError, ValueError) as error:
                return _found(record, {"undecodable": str(error)})
        return _found(record, _dead_facts(record, self._prefix))

    def public(self, record: Received) -> Found | None:
        """Takes what stands on a public topic under the article's uri: its newest version, or a tombstone."""
        uri = key_of(record)
        if uri not in self.uris:
            return None
        if record.value is None:
            why = {"relation": header(record, "relation"), "withdrawn_by": header(record, "by-uri")}
            return _found(record, {"uri": uri, "tombstone": True} | {name: text for name, text in why.items() if text})
        try:
            article = codec.decode(record.value, Article)
        except Undecodable as error:
            return _found(record, {"undecodable": str(error)})
        return _found(record, _article_facts(article), _origin(article))


def _names(article: Article) -> set[str]:
    """What an article may be asked for by, beside its uri."""
    identity, story = article.pipeline.identity, article.pipeline.story
    names = {identity.key, identity.guid, identity.link, canonical_url(identity.link), story.id if story else ""}
    return names - {""}


def _found(record: Received, facts: dict[str, Any], origin: Origin | None = None) -> Found:
    return Found(
        at=record.timestamp,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=key_of(record),
        value=record.value,
        facts=facts,
        origin=origin,
    )


def _article_facts(article: Article) -> dict[str, Any]:
    pipeline, story = article.pipeline, article.pipeline.story
    facts: dict[str, Any] = {
        "uri": article.uri,
        "version": article.version,
        "language": article.language,
        "headline": article.headline,
        "dedup": pipeline.dedup.verdict,
        "content": pipeline.dedup.content,
        "identity_key": pipeline.identity.key,
        "feed": pipeline.identity.feed,
        "echo": pipeline.identity.echo,
        "public_topic": public_topic(article),
        "rules": list(fired(article)),
    }
    if story:
        facts |= {"story": story.id, "relation": story.relation, "revision": story.revision, "state": story.state}
        facts["reasons"] = list(story.reasons)
        if story.previous:
            facts["previous"] = {"uri": story.previous.uri, "version": story.previous.version}
    return {name: value for name, value in facts.items() if value not in ("", [])}


def _origin(article: Article) -> Origin:
    source = article.pipeline.source
    return (article.pipeline.identity.feed, source.fetched_at, source.document, source.part)


def _dead_facts(record: Received, prefix: str) -> dict[str, Any]:
    names = ("stage", "reason", "detail", "topic", "partition", "offset", "code")
    facts = {name: header(record, f"dead.{name}") for name in names}
    topic, partition, offset = facts.pop("topic"), facts.pop("partition"), facts.pop("offset")
    facts["feed"] = header(record, "feed")
    if topic:
        facts["from"] = f"{topic.removeprefix(prefix)} {partition}/{offset}"
    return {name: value for name, value in facts.items() if value}
