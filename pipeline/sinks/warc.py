"""Fetched documents as WARC 1.1, and back without loss. The only module that knows warcio; pure.

A record of `newswire.documents` becomes two WARC records, in this order:

    response    the body as the poller had it (Content-Encoding undone) after the HTTP facts that its headers tell
    metadata    JSON: topic, partition, offset, timestamp, key and headers, exactly, written as in `line.py`

Nothing here depends on a clock or on chance: WARC-Date is the time of the fetch, identifiers are made of digests. So the same
record gives the same bytes, whoever encodes it. An erased document (`erasure.py`) is a response without a body; its metadata say
so. Source: ISO 28500:2017 (WARC 1.1); digests are SHA-256, written in hex.
"""

import re
import zlib
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from warcio.archiveiterator import WARCIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from pipeline.codec import Undecodable
from pipeline.sinks.line import Record, StoredRecord, decode_head, encode_head
from pipeline.sinks.segment import instant, moment
from pipeline.wire.dates import rfc3339_ms

VERSION = "WARC/1.1"
GZIP_LEVEL = 6  # zlib's own choice; 9 saves 1 % of a feed for twice the CPU
GZIP_WBITS = zlib.MAX_WBITS | 16
READ_BYTES = 1 << 20
ERASED_AT = "redacted-at"  # the header of a document whose body was taken away later
URL_SAFE = "!#$%&'()*+,/:;=?@[]~"  # RFC 3986, and % for what is quoted already

_STATUS = re.compile(r"[1-5]\d\d", re.ASCII)
_HTTP_FACTS = (("content-type", "Content-Type"), ("etag", "ETag"), ("last-modified", "Last-Modified"))
_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.ASCII)
_HEAD_END, _RECORD_END = b"\r\n\r\n", b"\r\n\r\n"


class BadWarc(ValueError):
    """Not an archive of ours."""


def encode_document(topic: str, partition: int, record: Record) -> bytes:
    """The record's response and metadata, uncompressed. Raises `Undecodable` where a response lacks its URL, status or body."""
    headers = {name: value for name, value in record.headers if value is not None}
    if record.value is None and ERASED_AT not in headers:
        raise Undecodable("the value is null (a tombstone where a document is expected)")
    body = record.value or b""
    about = b"{%b}" % encode_head(topic, partition, record)
    http = _http_head(headers, len(body))
    identity = sha256(about + sha256(body).digest()).hexdigest()
    shared = {"WARC-Target-URI": _url(headers), "WARC-Date": _date(headers, record.timestamp)}
    response_id = _record_id("response", identity)
    out = BytesIO()
    writer = WARCWriter(out, gzip=False, warc_version=VERSION)
    _write(writer, "response", {"WARC-Record-ID": response_id, **shared}, body, http)
    refers = {"WARC-Record-ID": _record_id("metadata", identity), "WARC-Refers-To": response_id, **shared}
    _write(writer, "metadata", refers, about)
    return out.getvalue()


def decode_documents(content: bytes) -> Iterator[StoredRecord]:
    """The inverse of `encode_document`, for all records of an archive. Raises `BadWarc`."""
    archive = iter(WARCIterator(BytesIO(content), no_record_parse=True))
    try:
        while (response := next(archive, None)) is not None:
            block = _block(response, "response")
            metadata = next(archive, None)
            if metadata is None:
                raise BadWarc("a response without its metadata")
            _, end, body = block.partition(_HEAD_END)
            if not end:
                raise BadWarc("a response without its HTTP headers")
            yield decode_head(_block(metadata, "metadata"), body)
    except (ArchiveLoadFailed, ValueError) as error:  # a line that is none of ours is a ValueError too
        raise BadWarc(str(error)) from error


def compress_archive(content: bytes | bytearray) -> bytes:
    """The archive with each WARC record in a gzip member of its own, so that readers may enter at any."""
    members = []
    for start, end in _spans(content):
        packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WBITS)  # writes no time into the member's header
        members += [packer.compress(memoryview(content)[start:end]), packer.flush()]
    return b"".join(members)


def _spans(content: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Where each of our own records begins and ends."""
    start = 0
    while start < len(content):
        head_end = content.index(_HEAD_END, start)
        length = _LENGTH.search(content, start, head_end + 2)
        assert length is not None
        end = head_end + len(_HEAD_END) + int(length[1]) + len(_RECORD_END)
        yield start, end
        start = end


def _write(writer: WARCWriter, kind: str, head: dict[str, str], body: bytes, http: StatusAndHeaders | None = None) -> None:
    payload_digest = block_digest = sha256(body)
    if http is not None:
        http.compute_headers_buffer()
        block_digest = sha256(http.headers_buff)
        block_digest.update(body)
    digests = {
        "WARC-Payload-Digest": f"sha256:{payload_digest.hexdigest()}",
        "WARC-Block-Digest": f"sha256:{block_digest.hexdigest()}",
    }
    record = writer.create_warc_record(
        head["WARC-Target-URI"],
        kind,
        payload=BytesIO(body),
        length=len(body),
        warc_content_type="" if http else "application/json",
        warc_headers_dict={"WARC-Type": kind, **head, **digests},
        http_headers=http,
    )
    writer.write_record(record)


def _record_id(kind: str, identity: str) -> str:
    return f"<{uuid5(NAMESPACE_URL, f'urn:newswire:{kind}:{identity}').urn}>"


def _http_head(headers: dict[str, bytes], length: int) -> StatusAndHeaders:
    """What is known of the response; a fact that no HTTP header can say stands in the metadata only."""
    status = _fact(headers, "status")
    if not _STATUS.fullmatch(status):
        raise Undecodable("header 'status' is missing or not an HTTP status")
    facts = [(name, text) for header, name in _HTTP_FACTS if (text := _fact(headers, header))]
    line = f"{status} OK" if status == "200" else f"{status} "
    return StatusAndHeaders(line, [*facts, ("Content-Length", str(length))], protocol="HTTP/1.1")


def _fact(headers: dict[str, bytes], name: str) -> str:
    """The header as one line of printable ASCII, "" for anything else."""
    text = headers.get(name, b"").decode("ascii", "replace").strip()
    return text if text.isascii() and text.isprintable() else ""


def _url(headers: dict[str, bytes]) -> str:
    url = headers.get("url", b"").decode("utf-8", "replace")
    if not url.startswith(("http://", "https://")):
        raise Undecodable("header 'url' is missing or not a web address")
    return quote(url, safe=URL_SAFE)


def _date(headers: dict[str, bytes], timestamp: int) -> str:
    """When it was fetched, in UTC; the broker's time when the header does not say."""
    at = moment(headers.get("fetched-at", b"").decode(errors="replace")) or instant(timestamp)
    return rfc3339_ms(at)


def _block(record: ArcWarcRecord, kind: str) -> bytes:
    if record.rec_type != kind:
        raise BadWarc(f"a {record.rec_type} record where a {kind} is expected")
    return b"".join(iter(lambda: record.raw_stream.read(READ_BYTES), b""))
