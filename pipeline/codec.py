"""Records to bytes and back: JSON values, Kafka headers, CloudEvents envelope. The only module that knows orjson.

Encoding is a function of the record alone, so a replay gives the same bytes. A value that does not decode raises `Undecodable`,
which its reader turns into a dead letter.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
import orjson
from xxhash import xxh3_128_hexdigest

from pipeline.article import Article
from pipeline.records import RawItem
from pipeline.topics import topic_of

T = TypeVar("T")
Headers = Sequence[tuple[str, bytes]]

_RAW_TEXT = ("format", "feed", "provider", "url", "fetched_at", "first_seen", "document", "item")
_RAW_OPTIONAL = ("transport", "charset", "language", "guid")
_RAW_DEFAULTS = {"transport": "http", "charset": "", "language": "", "guid": ""}


class Undecodable(ValueError):
    """A value or its headers are not what the topic promises; the message says which field."""


def dumps(value: Any) -> bytes:
    """JSON bytes of builtins, structs and dataclasses, keys in the order given."""
    return orjson.dumps(value, default=msgspec.to_builtins)


def dumps_readable(value: Any) -> bytes:
    """Indented JSON for people."""
    return orjson.dumps(value, default=msgspec.to_builtins, option=orjson.OPT_INDENT_2)


def loads(value: bytes | str) -> Any:
    """JSON to builtins; raises `Undecodable` with the position."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Undecodable(f"not JSON: {error}") from error


def encode(record: msgspec.Struct) -> bytes:
    """A record's JSON value."""
    return orjson.dumps(msgspec.to_builtins(record))


def decode(value: bytes | None, kind: type[T]) -> T:
    """A JSON value to a typed record; unknown keys are ignored (readers tolerate, writers do not)."""
    if value is None:
        raise Undecodable("the value is null (a tombstone where a record is expected)")
    try:
        return msgspec.convert(loads(value), kind)
    except msgspec.ValidationError as error:
        raise Undecodable(str(error)) from error


class Keyed(Protocol):
    """Any record, from Kafka or from the store."""

    @property
    def key(self) -> bytes | None:
        """As it is on the topic."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Likewise."""
        ...


def header(record: Keyed, name: str) -> str:
    """A header as text; "" where there is none."""
    return next((value.decode(errors="replace") for found, value in record.headers if found == name and value), "")


def key_of(record: Keyed) -> str:
    """The key as text."""
    return (record.key or b"").decode(errors="replace")


def raw_headers(item: RawItem) -> list[tuple[str, bytes]]:
    """The headers of a `newswire.raw` record; its value is `item.value` itself."""
    headers = [(name.replace("_", "-"), getattr(item, name).encode()) for name in _RAW_TEXT]
    headers.append(("part", b"%d" % item.part))
    headers.extend((name, getattr(item, name).encode()) for name in _RAW_OPTIONAL if getattr(item, name) != _RAW_DEFAULTS[name])
    if item.problems:
        headers.append(("problems", ",".join(item.problems).encode()))
    return headers


def decode_raw(key: bytes | None, value: bytes | None, headers: Headers) -> RawItem:
    """A `newswire.raw` record to a RawItem; raises `Undecodable` naming the missing header."""
    found = dict(headers)
    try:
        fields: dict[str, Any] = {name: found[name.replace("_", "-")].decode() for name in _RAW_TEXT}
        fields |= {name: found[name].decode() for name in _RAW_OPTIONAL if name in found}
        fields["problems"] = tuple(found["problems"].decode().split(",")) if "problems" in found else ()
        return RawItem(key=(key or b"").decode(), value=value or b"", part=int(found["part"]), **fields)
    except KeyError as error:
        raise Undecodable(f"header {error.args[0]!r} is missing") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise Undecodable(f"a header does not decode: {error}") from error


def decode_article(_key: bytes | None, value: bytes | None, _headers: Headers) -> Article:
    """The value of `newswire.normalized`, `.linked` or `.enriched`."""
    return decode(value, Article)


def article_headers(article: Article, stage: str) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 binary-mode headers of an article on `newswire.<stage>`; ce_id is a function of content, not of time.

    A copy for another language or another home is an event of its own.
    """
    pipeline = article.pipeline
    copy_for = [pipeline.identity.echo] if pipeline.identity.echo else []
    if pipeline.story is not None and pipeline.story.is_echo:
        copy_for.append(pipeline.story.home or pipeline.story.id)
    seed = "\x00".join((article.uri, article.version, pipeline.dedup.content, *copy_for)).encode()
    trace = xxh3_128_hexdigest((pipeline.source.item + pipeline.source.fetched_at).encode())
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", xxh3_128_hexdigest(seed + b"\x00" + stage.encode()).encode()),
        ("ce_source", b"newswire/" + pipeline.identity.feed.encode()),
        ("ce_type", b"newswire.article." + stage.encode()),
        ("ce_time", pipeline.times.ingested.encode()),
        ("ce_subject", article.uri.encode()),
        ("ce_dataschema", topic_of(stage).schema_id.encode()),
        ("content-type", b"application/json"),
        ("traceparent", f"00-{trace}-{xxh3_128_hexdigest(stage.encode())[:16]}-01".encode()),
    ]


def side_headers(value: object, topic: str) -> list[tuple[str, bytes]]:
    """A side event's headers: those of an article where it is one, else none."""
    return article_headers(value, topic) if isinstance(value, Article) else []


class Withdrawer(msgspec.Struct, frozen=True, kw_only=True):
    """Who withdraws: the message (`uri`, `version`, `content`), where it came from, what it does, and when."""

    source: str
    at: str
    relation: str = ""
    uri: str
    version: str = ""
    content: str = ""


def withdrawer(article: Article) -> Withdrawer:
    """The article as the one that withdraws others."""
    pipeline = article.pipeline
    return Withdrawer(
        source=pipeline.identity.feed,
        at=pipeline.times.ingested,
        relation=pipeline.story.relation if pipeline.story else "",
        uri=article.uri,
        version=article.version,
        content=pipeline.dedup.content,
    )


def withdrawal_headers(uri: str, topic: str, by: Withdrawer) -> list[tuple[str, bytes]]:
    """Headers of the null that withdraws `uri` from a public topic; ce_id is a function of what is withdrawn and by what."""
    seed = "\x00".join((uri, by.uri, by.version, by.content, topic, "withdrawn"))
    facts = {
        "ce_specversion": "1.0",
        "ce_id": xxh3_128_hexdigest(seed.encode()),
        "ce_source": f"newswire/{by.source}",
        "ce_type": "newswire.article.withdrawn",
        "ce_time": by.at,
        "ce_subject": uri,
        "relation": by.relation,
        "by-uri": by.uri,
        "by-version": by.version,
    }
    return [(name, text.encode()) for name, text in facts.items() if text]


def dead_headers(original: Headers, facts: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """The original headers, then `dead.*` and the Kafka Connect names that other tools read."""
    stage, reason, detail = facts["stage"], facts["reason"], facts["detail"].encode()[:1024]
    connect = {
        "__connect.errors.topic": facts.get("topic", "").encode(),
        "__connect.errors.partition": facts.get("partition", "").encode(),
        "__connect.errors.offset": facts.get("offset", "").encode(),
        "__connect.errors.stage": stage.encode(),
        "__connect.errors.exception.class.name": reason.encode(),
        "__connect.errors.exception.message": detail,
    }
    dead = {f"dead.{name}": (detail if name == "detail" else text.encode()) for name, text in facts.items()}
    return [*((n, v) for n, v in original if not n.startswith(("dead.", "__connect."))), *dead.items(), *connect.items()]
