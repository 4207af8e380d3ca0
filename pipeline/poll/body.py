"""A response body while it arrives: decompressed, counted and refused as soon as it is too much. Pure.

The cap is on the decompressed bytes and nothing is ever cut off: a document with missing items would look complete.
"""

import zlib
from typing import Protocol

import zstandard

BODY_BYTES_MAX = 10 << 20  # the largest real news feeds are 2 MB, podcast archives 8
RATIO_MAX = 200  # feeds shrink to a twentieth; deflate itself cannot do better than 1,032
RATIO_FROM_BYTES = 1 << 20  # below this a high ratio harms nobody: an almost empty feed may well be one long run of spaces
STEP_BYTES = 64 << 10  # decompressed at a time, so that a bomb is noticed one step too late at most
WINDOW_BYTES_MAX = 8 << 20  # RFC 8878, 3.1.1.1.2: what every zstd decoder should support, and none needs more for a feed

ACCEPT_ENCODING = "gzip, deflate, zstd"
GZIP_MAGIC = b"\x1f\x8b\x08"


class Full(Exception):
    """The body went over a limit; the argument is the failure word."""


class Bad(Exception):
    """The body is not what its Content-Encoding says."""


class Body:
    """Takes the chunks of one body. `bytes_max` limits what comes out.

    add() and end() raise Full or Bad; both are for the fetcher, which turns them into values.
    """

    def __init__(self, encoding: str = "", bytes_max: int = BODY_BYTES_MAX) -> None:
        self.bytes_max = bytes_max
        self.wire_bytes = 0
        self.decoded = bytearray()
        self._encoding = encoding.strip().lower()
        self._decoder: _Decoder | None = None

    def add(self, chunk: bytes) -> None:
        """Decompresses one more chunk."""
        if not chunk:
            return
        self.wire_bytes += len(chunk)
        if self._decoder is None:
            self._decoder = self._choose(chunk)
        self._decoder.feed(chunk)

    def end(self) -> bytes:
        """The whole body; Bad if it breaks off."""
        if self._decoder is not None and not self._decoder.is_complete:
            raise Bad(f"{self._encoding or 'gzip'} body breaks off")
        return bytes(self.decoded)

    def write(self, piece: bytes) -> int:
        """Where decoders put what they made, a step at a time."""
        self.decoded += piece
        size = len(self.decoded)
        if size > self.bytes_max:
            raise Full("body_too_large")
        if size > RATIO_FROM_BYTES and size > RATIO_MAX * self.wire_bytes:
            raise Full("decompression_bomb")
        return len(piece)

    def _choose(self, first: bytes) -> "_Decoder":
        # Some servers send gzip files as they lie there, without the header.
        if self._encoding in ("gzip", "x-gzip") or (self._encoding in ("", "identity") and first.startswith(GZIP_MAGIC)):
            return _Zlib(self, zlib.MAX_WBITS | 16)
        if self._encoding == "deflate":
            # RFC 9110 means zlib's format; some servers send bare deflate.
            is_zlib = first[0] & 0x0F == 8 and (len(first) < 2 or int.from_bytes(first[:2], "big") % 31 == 0)
            return _Zlib(self, zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        if self._encoding == "zstd":
            return _Zstd(self)
        if self._encoding in ("", "identity"):
            return _Plain(self)
        raise Bad(f"Content-Encoding {self._encoding[:40]!r}")


class _Decoder(Protocol):
    @property
    def is_complete(self) -> bool: ...

    def feed(self, chunk: bytes) -> None: ...


class _Plain:
    is_complete = True

    def __init__(self, body: Body) -> None:
        self.body = body

    def feed(self, chunk: bytes) -> None:
        self.body.write(chunk)


class _Zlib:
    def __init__(self, body: Body, bits: int) -> None:
        self.body, self.bits = body, bits
        self.stream = zlib.decompressobj(bits)

    @property
    def is_complete(self) -> bool:
        return self.stream.eof

    def feed(self, chunk: bytes) -> None:
        while chunk:
            if self.stream.eof:
                # A gzip file may have many members; anything else after the end is padding.
                if self.bits < 16 or not chunk.startswith(GZIP_MAGIC[: len(chunk)]):
                    return
                self.stream = zlib.decompressobj(self.bits)
            try:
                piece = self.stream.decompress(chunk, STEP_BYTES)
            except zlib.error as error:
                raise Bad(str(error)) from error
            self.body.write(piece)
            chunk = self.stream.unused_data if self.stream.eof else self.stream.unconsumed_tail


class _Zstd:
    is_complete = True  # the binding does not say; a document that breaks off is caught when it is cut

    def __init__(self, body: Body) -> None:
        self.stream = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX).stream_writer(
            body,  # type: ignore[arg-type]
            write_size=STEP_BYTES,
            closefd=False,
        )

    def feed(self, chunk: bytes) -> None:
        try:
            self.stream.write(chunk)
        except zstandard.ZstdError as error:
            raise Bad(str(error)) from error
