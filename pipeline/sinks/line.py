"""One record of a topic as one line of JSON, and back without loss. Pure.

Of articles, whose values are JSON:

    {"topic":…,"partition":0,"offset":7,"timestamp":1767225600000,"key":"…","headers":{"ce_id":"…"},"value":<the event>}

The value stands there as it came (spliced, never re-serialised; only raw line ends between tokens become spaces), so a
line reads as one row in DuckDB, pandas or jq. What plain JSON cannot say is said beside it, only when needed, and before
`headers`: `key_base64` for a key that is not UTF-8; `headers_exact`, a list of [name, base64 or null], when a header
repeats, is null or not UTF-8; `tombstone` for a null value.

Of raw items, whose values are any bytes, the same head and then the value as a string, exactly as it was:

    {"topic":…,"headers":{…},"value_text":"<item>…"}        or, when the bytes are not UTF-8,        "value_base64":"PGl0…"}

Another form of line gives other digests for the same records, so it needs another layout (the `v1` in the names).
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Protocol

import msgspec

from pipeline import codec

Headers = Sequence[tuple[str, bytes | None]]

# `headers` is a flat object of strings, so the first `}` that a comma and an unescaped `"value":` follow is its end.
_SEAM = b'},"value":'


class Record(Protocol):
    """What a consumer hands out: `timestamp` in ms since 1970."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


class StoredRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record read back from a segment."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class BadLine(ValueError):
    """Not a line of ours."""


def encode_line(topic: str, partition: int, record: Record) -> bytes:
    """The record's line, with its line end. Raises `codec.Undecodable` for a value that is not JSON.

    The check is orjson's: strict UTF-8, no NaN, no lone surrogate, bounded depth, the same verdict every time.
    """
    value = record.value
    if value is None:
        value = b"null"
    else:
        codec.loads(value)
        if b"\n" in value or b"\r" in value:  # in valid JSON these stand between tokens only
            value = value.replace(b"\n", b" ").replace(b"\r", b" ")
    return b'{%b,"value":%b}\n' % (encode_head(topic, partition, record), value)


def decode_line(line: bytes) -> StoredRecord:
    """The inverse of `encode_line` (line ends inside a value stay spaces). Raises `BadLine`."""
    seam = line.find(_SEAM)
    if seam < 0 or not line.endswith((b"}", b"}\n")):
        raise BadLine("no value at the end of the line")
    return decode_head(line[: seam + 1] + b"}", line[seam + len(_SEAM) :].removesuffix(b"\n")[:-1])


def encode_raw_line(topic: str, partition: int, record: Record) -> bytes:
    """The record's line, with its line end, whatever its value is. Never fails."""
    head, value = encode_head(topic, partition, record), record.value
    if value is None:
        return b"{%b}\n" % head
    try:
        return b'{%b,"value_text":%b}\n' % (head, codec.dumps(value.decode()))
    except UnicodeDecodeError:
        return b'{%b,"value_base64":"%b"}\n' % (head, b64encode(value))


def decode_raw_line(line: bytes) -> StoredRecord:
    """The inverse of `encode_raw_line`. Raises `BadLine`."""
    try:
        row = _RAW.decode(line)
        texts = [text for text in (row.value_text, row.value_base64) if text is not None]
        if len(texts) + row.tombstone != 1:
            raise BadLine("a line holds one value, or says that it is a tombstone")
        value = _plain(row.value_text) if row.value_base64 is None else b64decode(row.value_base64, validate=True)
        return _record(row, value)
    except ValueError as error:
        raise BadLine(str(error)) from error


def encode_head(topic: str, partition: int, record: Record) -> bytes:
    """Everything but the value: the members of a JSON object, without its braces."""
    return b'"topic":%b,"partition":%d,"offset":%d,"timestamp":%d,"key":%b%b,%b' % (
        codec.dumps(topic),
        partition,
        record.offset,
        record.timestamp,
        _key(record.key),
        b',"tombstone":true' if record.value is None else b"",
        _headers(record.headers),
    )


def decode_head(head: bytes, value: bytes) -> StoredRecord:
    """The record with this head (a JSON object) and value, which counts for nothing in a tombstone. Raises `BadLine`."""
    try:
        return _record(_HEAD.decode(head), value)
    except ValueError as error:  # msgspec's errors and base64's are ValueErrors
        raise BadLine(str(error)) from error


def _record(head: "_Head", value: bytes | None) -> StoredRecord:
    exact = head.headers_exact
    return StoredRecord(
        topic=head.topic,
        partition=head.partition,
        offset=head.offset,
        timestamp=head.timestamp,
        key=_plain(head.key) if head.key_base64 is None else b64decode(head.key_base64),
        value=None if head.tombstone else value,
        headers=tuple((name, text.encode()) for name, text in head.headers.items())
        if exact is None
        else tuple((name, None if text is None else b64decode(text)) for name, text in exact),
    )


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str | None
    headers: dict[str, str]
    key_base64: str | None = None
    tombstone: bool = False
    headers_exact: list[tuple[str, str | None]] | None = None


class _RawLine(_Head, frozen=True, forbid_unknown_fields=True):
    value_text: str | None = None
    value_base64: str | None = None


_HEAD = msgspec.json.Decoder(_Head)
_RAW = msgspec.json.Decoder(_RawLine)


def _plain(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _key(key: bytes | None) -> bytes:
    if key is None:
        return b"null"
    try:
        return codec.dumps(key.decode())
    except UnicodeDecodeError:
        return b'null,"key_base64":"%b"' % b64encode(key)


def _headers(headers: Headers) -> bytes:
    plain: dict[str, str] = {}
    is_plain = True
    for name, value in headers:
        if value is None or name in plain:
            is_plain = False
            continue
        try:
            plain[name] = value.decode()
        except UnicodeDecodeError:
            is_plain = False
    text = b'"headers":%b' % codec.dumps(plain)
    if is_plain:
        return text
    exact = [(name, None if value is None else b64encode(value).decode()) for name, value in headers]
    return b'"headers_exact":%b,%b' % (codec.dumps(exact), text)
