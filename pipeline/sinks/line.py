"""One record of a topic as one line of JSON, and back without loss. Pure.

    {"topic":…,"partition":0,"offset":7,"timestamp":1767225600000,"key":"…","headers":{"ce_id":"…"},"value":<the event>}

The value stands there as it came (spliced, never re-serialised; only raw line ends between tokens become spaces), so a
line reads as one row in DuckDB, pandas or jq. What plain JSON cannot say is said beside it, only when needed, and before
`headers`: `key_base64` for a key that is not UTF-8; `headers_exact`, a list of [name, base64 or null], when a header
repeats, is null or not UTF-8; `tombstone` for a null value.
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
        value, tombstone = b"null", b',"tombstone":true'
    else:
        codec.loads(value)
        tombstone = b""
        if b"\n" in value or b"\r" in value:  # in valid JSON these stand between tokens only
            value = value.replace(b"\n", b" ").replace(b"\r", b" ")
    return b'{"topic":%b,"partition":%d,"offset":%d,"timestamp":%d,"key":%b%b,%b,"value":%b}\n' % (
        codec.dumps(topic),
        partition,
        record.offset,
        record.timestamp,
        _key(record.key),
        tombstone,
        _headers(record.headers),
        value,
    )


def decode_line(line: bytes) -> StoredRecord:
    """The inverse of `encode_line` (line ends inside a value stay spaces). Raises `BadLine`."""
    seam = line.find(_SEAM)
    if seam < 0 or not line.endswith((b"}", b"}\n")):
        raise BadLine("no value at the end of the line")
    try:
        head = _HEAD.decode(line[: seam + 1] + b"}")
        value = line[seam + len(_SEAM) :].removesuffix(b"\n")[:-1]
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
    except ValueError as error:  # msgspec's errors and base64's are ValueErrors
        raise BadLine(str(error)) from error


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


_HEAD = msgspec.json.Decoder(_Head)


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
