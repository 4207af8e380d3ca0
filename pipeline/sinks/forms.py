"""The forms of segments: how the records of a topic lie in an object, and how they are read back.

    events       .jsonl.zst   a line of JSON each, its value an object of its own (`line.py`)
    raw          .jsonl.zst   a line of JSON each, its value a string: exact bytes, whatever they are (`line.py`)
    documents    .warc.gz     a response and a metadata record of WARC 1.1 each (`warc.py`)

A segment's *content* is what its digest is taken of; its *body* is the content compressed, as it lies in the store.
Promise: the same records give the same content, whoever encodes them, and reading gives every record back exactly (but for raw
line ends between the tokens of an event). Pure, except for `read_segment`, which asks a store.
"""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from gzip import BadGzipFile, GzipFile
from io import BytesIO
from typing import TYPE_CHECKING

import zstandard
from msgspec import Struct

from pipeline.sinks.line import Record, StoredRecord, decode_line, decode_raw_line, encode_line, encode_raw_line
from pipeline.sinks.segment import SUFFIXES, FormName, Manifest
from pipeline.sinks.warc import compress_archive, decode_documents, encode_document

if TYPE_CHECKING:
    from pipeline.sinks.stores import Store

ZSTD_LEVEL = 3  # measured: 1,453 B and 24 µs per article; level 9 saves 11 % for four times the CPU
CONTENT_BYTES_MAX = 1 << 30  # a segment is cut at 32 MiB plus one record of at most 12 MiB; more than this is not ours


class BadSegment(ValueError):
    """An object that is not a segment of ours: damaged, cut short, or foreign."""


class Form(Struct, frozen=True, kw_only=True):
    """One row. `encode` makes a record's share of the content, or raises `codec.Undecodable`; `decode` gives a content's records.

    `compress` makes the body of a content, `expand` the content of a body. Reading raises ValueErrors. `version` goes up whenever
    the same record would give other bytes. `batch_max` records are encoded without giving way to the event loop.
    """

    name: FormName
    version: int = 1
    batch_max: int
    encode: Callable[[str, int, Record], bytes]
    decode: Callable[[bytes], Iterator[StoredRecord]]
    compress: Callable[[bytes | bytearray], bytes]
    expand: Callable[[bytes], bytes]


# ── compression ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _compress_zstd(content: bytes | bytearray) -> bytes:
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True).compress(content)


def _expand_zstd(body: bytes) -> bytes:
    try:
        if not 0 <= zstandard.frame_content_size(body) <= CONTENT_BYTES_MAX:
            raise BadSegment("a zstd frame without a credible size")
        return zstandard.ZstdDecompressor().decompress(body, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise BadSegment(f"not a whole zstd frame: {error}") from error


def _expand_gzip(body: bytes) -> bytes:
    if not body:
        raise BadSegment("no gzip member")
    try:
        content = GzipFile(fileobj=BytesIO(body)).read(CONTENT_BYTES_MAX + 1)
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise BadSegment(f"not whole gzip members: {error}") from error
    if len(content) > CONTENT_BYTES_MAX:
        raise BadSegment("gzip members without a credible size")
    return content


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _lines(content: bytes, decode: Callable[[bytes], StoredRecord]) -> Iterator[StoredRecord]:
    return map(decode, content.splitlines(keepends=True))


EVENTS = Form(
    name="events",
    batch_max=1000,  # 10–20 µs each: the event loop is held for 20 ms at most
    encode=encode_line,
    decode=lambda content: _lines(content, decode_line),
    compress=_compress_zstd,
    expand=_expand_zstd,
)
RAW = Form(
    name="raw",
    batch_max=1000,
    encode=encode_raw_line,
    decode=lambda content: _lines(content, decode_raw_line),
    compress=_compress_zstd,
    expand=_expand_zstd,
)
DOCUMENTS = Form(
    name="documents",
    batch_max=50,  # 0.1 ms for 20 KB, 0.5 ms for 200 KB, mostly SHA-256
    encode=encode_document,
    decode=decode_documents,
    compress=compress_archive,
    expand=_expand_gzip,
)
FORMS: dict[str, Form] = {form.name: form for form in (EVENTS, RAW, DOCUMENTS)}


def pack(content: bytes | bytearray, form: Form = EVENTS) -> tuple[bytes, str]:
    """(body, SHA-256 hex of the content). Releases the GIL: meant for a thread."""
    return form.compress(content), hashlib.sha256(content).hexdigest()


def unpack(body: bytes, form: Form = EVENTS) -> tuple[bytes, str]:
    """(content, SHA-256 hex of it) of a stored object; raises `BadSegment`."""
    content = form.expand(body)
    return content, hashlib.sha256(content).hexdigest()


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def read_segment(store: "Store", manifest: Manifest) -> AsyncIterator[StoredRecord]:
    """Every record of the manifest's segment, by offset; nothing for a gap. Raises `BadSegment` and the store's `StoreError`."""
    if not manifest.key:
        return
    body = await store.get(manifest.key)
    if body is None:
        raise BadSegment(f"{manifest.key}: not there")
    for record in await asyncio.to_thread(records_in, manifest, body):
        yield record


def records_in(manifest: Manifest, body: bytes) -> Iterator[StoredRecord]:
    """The records of a segment's body. Raises `BadSegment` at once where the digest differs, later where a record is none."""
    form = form_of(manifest)
    content, sha256 = unpack(body, form)
    if sha256 != manifest.sha256:
        raise BadSegment(f"{manifest.key}: its content has SHA-256 {sha256}, its manifest says {manifest.sha256}")
    return _checked(manifest, form.decode(content))


def form_of(manifest: Manifest) -> Form:
    """The form that the manifest names; raises `BadSegment` for a version that is not ours."""
    form = FORMS[manifest.form]
    if manifest.form_version != form.version:
        raise BadSegment(
            f"{manifest.key}: version {manifest.form_version} of the form {form.name}, this program reads {form.version};"
            f" {manifest.writer} wrote it"
        )
    return form


def likely_form(topic: str, key: str) -> Form:
    """How to read an object that no manifest describes."""
    if key.endswith(SUFFIXES["documents"]):
        return DOCUMENTS
    return RAW if topic.endswith(".raw") else EVENTS


def _checked(manifest: Manifest, records: Iterator[StoredRecord]) -> Iterator[StoredRecord]:
    try:
        yield from records
    except ValueError as error:
        raise BadSegment(f"{manifest.key}: {error}") from error
