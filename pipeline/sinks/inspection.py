"""Is an object what its manifest says? Pure, and safe in a thread or process of its own: it takes bytes and gives a verdict.

Depths: `full` takes digest, size and count, and reads every record's offset off its line; `deep` decodes every record, encodes it
again and compares. Measured with 5 KB events on one core: full 8 µs per record, of which 7 are zstd and SHA-256, so that threads
share it; deep 27 µs, mostly Python, so that only processes do.
"""

import hashlib
import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from pipeline import codec
from pipeline.sinks import parquet
from pipeline.sinks.buffer import read_back
from pipeline.sinks.compactions import Output
from pipeline.sinks.erasure import record_id
from pipeline.sinks.forms import EVENTS, BadSegment, Form, form_of, unpack
from pipeline.sinks.line import StoredRecord, decode_line
from pipeline.sinks.segment import Manifest
from pipeline.wire.plain import counted

Depth = Literal["quick", "full", "deep"]

NAMED_MAX = 5  # offsets spelled out in one finding


class Question(Struct, frozen=True, kw_only=True):
    """What is asked of an object. `killed` is a uri whose content must be gone, `erased` are ids that must be tombstones."""

    manifest: Manifest
    depth: Depth = "full"
    killed: str = ""
    erased: tuple[str, ...] = ()
    wants_offsets: bool = False


class Inspection(Struct, frozen=True, kw_only=True):
    """The answer: (rule, what) pairs, none when all is well. `offsets` only when asked for, `bytes` and `count` as found."""

    problems: tuple[tuple[str, str], ...] = ()
    count: int = 0
    bytes: int = 0
    offsets: Sequence[int] | None = None


def inspect(question: Question, body: bytes) -> Inspection:
    """Looks at one object. Never raises for what is in it."""
    manifest = question.manifest
    try:
        form = form_of(manifest)
    except BadSegment as error:
        return Inspection(problems=(("unreadable", str(error)),))
    try:
        content, sha256 = unpack(body, form)
    except BadSegment as error:
        return Inspection(problems=(("damaged", str(error)),))
    problems: list[tuple[str, str]] = []
    if sha256 != manifest.sha256:
        problems.append(("digest", f"its content has SHA-256 {sha256}, its manifest says {manifest.sha256}"))
    if len(content) != manifest.bytes:
        problems.append(("described", f"its content has {len(content)} bytes, its manifest says {manifest.bytes}"))
    offsets = array("q")
    try:
        offsets.extend(offsets_in(manifest, form, content))
        problems += _order_problems(manifest, offsets)
        if len(offsets) != manifest.count:
            problems.append(("count", f"it holds {len(offsets)} records, its manifest says {manifest.count}"))
        problems += _killed_problems(question, form, content)
    except ValueError as error:  # a line that is none
        problems.append(("damaged", f"record {len(offsets) + 1}: {error}"))
    if question.depth == "deep" and not problems:
        problems += _deep_problems(manifest, form, content, sha256)
    return Inspection(
        problems=tuple(problems), count=len(offsets), bytes=len(content), offsets=offsets if question.wants_offsets else None
    )


def inspect_parquet(output: Output, killed: str, body: bytes) -> Inspection:
    """Looks at a Parquet file of a compaction: its lines, and whether one of them is what was killed."""
    digest, offsets, count = hashlib.sha256(), array("q"), 0
    try:
        for _, offset, line in parquet.lines_of(body):
            digest.update(line)
            count += 1
            if killed and may_hold(killed, line) and has_content(decode_line(line), killed, EVENTS):
                offsets.append(offset)
    except parquet.NoParquet:
        return Inspection(problems=(("unsearched" if killed else "not_read", "pyarrow is not installed"),))
    except ValueError as error:
        return Inspection(problems=(("parquet", f"cannot be read: {error}"),))
    problems = []
    if (count, digest.hexdigest()) != (output.count, output.lines_sha256):
        said = f"{output.count} of SHA-256 {output.lines_sha256}"
        problems.append(("parquet", f"it holds {count} lines of SHA-256 {digest.hexdigest()}, its compaction says {said}"))
    return Inspection(problems=(*problems, *_with_content(offsets)), count=count)


def search(form: Form, killed: str, body: bytes) -> Inspection:
    """Looks for what was killed in an object that no manifest names, as far as it can be read."""
    try:
        found = [record.offset for record in form.decode(form.expand(body)) if has_content(record, killed, form)]
    except ValueError as error:
        return Inspection(problems=(("unsearched", f"cannot be read: {error}"),))
    return Inspection(problems=tuple(_with_content(found)))


# ── offsets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def offsets_in(manifest: Manifest, form: Form, content: bytes) -> Iterator[int]:
    """The offset of every record of the topic and partition; raises `BadSegment` or another ValueError at what is none."""
    if form.name == "documents":
        return _decoded_offsets(manifest, form, content)
    return _line_offsets(manifest, content)


def _line_offsets(manifest: Manifest, content: bytes) -> Iterator[int]:
    """Reads the head of each line only, whose first members always stand in the same order (`line.py`)."""
    head = re.compile(
        re.escape(b'{"topic":%b,"partition":%d,"offset":' % (codec.dumps(manifest.topic), manifest.partition)) + rb"(\d+),"
    )
    at = 0
    while at < len(content):
        found = head.match(content, at)
        if found is None:
            raise BadSegment(f"no record of {manifest.topic}-{manifest.partition}: {content[at : at + 60]!r}")
        yield int(found[1])
        at = content.find(b"\n", at) + 1
        if at == 0:
            raise BadSegment("the last line has no end")


def _decoded_offsets(manifest: Manifest, form: Form, content: bytes) -> Iterator[int]:
    for record in form.decode(content):
        if (record.topic, record.partition) != (manifest.topic, manifest.partition):
            raise BadSegment(f"a record of {record.topic}-{record.partition}")
        yield record.offset


def _order_problems(manifest: Manifest, offsets: Sequence[int]) -> Iterator[tuple[str, str]]:
    is_growing = all(former < later for former, later in pairwise(offsets))
    if is_growing and (not offsets or manifest.start <= offsets[0] <= offsets[-1] <= manifest.end):
        return
    outside = [offset for offset in offsets if not manifest.start <= offset <= manifest.end]
    if outside:
        yield "misplaced", f"{len(outside)} records outside {manifest.start}..{manifest.end}: offsets {_named(outside)}"
    again = sorted({later for former, later in pairwise(sorted(offsets)) if former == later})
    if again:
        yield "doubled", f"{len(offsets) - len(set(offsets))} records stand twice in it: offsets {_named(again)}"
    elif not is_growing:
        yield "misplaced", "its records are not in the order of their offsets"


def _named(offsets: Sequence[int]) -> str:
    return ", ".join(map(str, offsets[:NAMED_MAX])) + (", …" if len(offsets) > NAMED_MAX else "")


# ── records ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _killed_problems(question: Question, form: Form, content: bytes) -> Iterator[tuple[str, str]]:
    """Values that are there although they are killed, by their uri or by what a redaction says of the range."""
    killed, erased = question.killed, frozenset(question.erased)
    if erased or (killed and may_hold(killed, content)):
        yield from _with_content(
            [
                record.offset
                for record in form.decode(content)
                if has_content(record, killed, form) or (record.value is not None and record_id(record) in erased)
            ]
        )


def _with_content(offsets: Sequence[int]) -> Iterator[tuple[str, str]]:
    if offsets:
        yield "killed", f"{counted(len(offsets), 'record')} with content: offsets {_named(offsets)}"


def may_hold(uri: str, content: bytes) -> bool:
    """False only if no record of the content can hold the uri: base64 hides it, all else spells it out."""
    return codec.dumps(uri)[1:-1] in content or uri.encode() in content or b"_base64" in content or b"headers_exact" in content


def has_content(record: StoredRecord, uri: str, form: Form) -> bool:
    """Of articles: is it this one? Of bytes as they came: does the uri stand anywhere in them, in the key or in the headers?"""
    if record.value is None or not uri:
        return False
    wanted = uri.encode()
    if form.name != "events":
        return any(wanted in (part or b"") for part in (record.key, record.value, *(value for _, value in record.headers)))
    if ("ce_subject", wanted) in record.headers:
        return True
    value = codec.loads(record.value)
    return isinstance(value, dict) and value.get("uri") == uri


def _deep_problems(manifest: Manifest, form: Form, content: bytes, sha256: str) -> Iterator[tuple[str, str]]:
    try:
        buffer = read_back(manifest.topic, manifest.partition, manifest.start, content, form)
    except BadSegment as error:
        yield "reencoded", str(error)
        return
    again = buffer.manifest(manifest.place(""), sha256, manifest.why, manifest.writer)
    if manifest.names and manifest.names != again.names:
        yield "described", "names: a record is called what its manifest does not list, or the other way round"
    for name in ("schemas", "min_event_time", "max_event_time"):
        said, found = getattr(manifest, name), getattr(again, name)
        if said != found:
            yield "described", f"{name}: its manifest says {said}, its records say {found}"
