"""The pure stages over files, in this process, without Kafka: `newswire offline`, tests, shell pipelines.

The same `run_chain` and the same stage functions as in a worker; states live in dictionaries and end with the run.
"""

import io
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import quote

from msgspec import Struct

from pipeline import stages
from pipeline.article import Article
from pipeline.formats import SYNDICATION, WIRES, detect, parse
from pipeline.formats.parsed import Parsed
from pipeline.formats.split import Item, split
from pipeline.hop import Outcome, run_chain
from pipeline.ledger import Ledger
from pipeline.marked import Range
from pipeline.poll.identity import item_digest, raw_key, wire_raw_key
from pipeline.poll.slice import BODY_BYTES_MAX, Cut, Refusal, Slice, cut
from pipeline.records import Drop, RawItem, Reject, Stage
from pipeline.wire.dates import rfc3339_ms

Through = Literal["normalize", "link", "enrich"]
CHAIN = (stages.DEDUP, stages.NORMALIZE, stages.ADDRESS, stages.LINK, stages.ENRICH)
LAST: dict[Through, Stage] = {"normalize": stages.ADDRESS, "link": stages.LINK, "enrich": stages.ENRICH}
LINK_AT = CHAIN.index(stages.LINK)
STDIN = "-"


class Unreadable(Exception):
    """A path the user named cannot be read; the message names it."""


class Document(Struct, frozen=True, kw_only=True):
    """One file: its path as the user sees it, its bytes, its ingest time (RFC 3339)."""

    path: str
    value: bytes
    at: str


class Rejected(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What could not be used, as it is reported: `part` counts a document's items from 0."""

    path: str
    part: int
    stage: str
    reason: str
    detail: str = ""


class Dropped(Struct, frozen=True, kw_only=True):
    """What a stage ended on purpose: a repeat, an unchanged text, a late version; `dropped` is the reason."""

    path: str
    part: int
    stage: str
    dropped: str


def run(
    documents: Iterable[Document],
    *,
    through: Through,
    feed: str,
    provider: str,
    tell: Callable[[Dropped], None] = lambda dropped: None,
) -> Iterator[Article | Rejected]:
    """Every item's article or rejection, in order; an item that a stage drops gives nothing, but `tell` hears of it.

    A kill that every language is told (stages/address.py) gives an article for each in which it hits something.
    """
    chain = CHAIN[: 1 + CHAIN.index(LAST[through])]
    before, after = chain[:LINK_AT], chain[LINK_AT:]
    states: dict[str, dict[bytes, bytes]] = {stage.name: {} for stage in chain if stage.stateful}
    for document in documents:
        for item in _items(document, feed, provider):
            if isinstance(item, Rejected):
                yield item
                continue
            outcome = _done(before, item, states, document, item.part)
            if isinstance(outcome, Rejected):
                yield outcome
                continue
            if isinstance(outcome.verdict, Drop):
                tell(_dropped(outcome, document, item.part))
            echoes = [side.value for side in outcome.also if side.topic == "normalized"] if after else []
            for article in (outcome.record, *echoes) if outcome.record else ():
                ended = _done(after, article, states, document, item.part)
                if isinstance(ended, Rejected):
                    yield ended
                elif ended.record is not None:
                    yield ended.record
                elif article is outcome.record:
                    tell(_dropped(ended, document, item.part))


def _dropped(outcome: Outcome, document: Document, part: int) -> Dropped:
    assert isinstance(outcome.verdict, Drop)
    return Dropped(path=document.path, part=part, stage=outcome.ended_by, dropped=str(outcome.verdict.reason))


def _done(
    chain: Sequence[Stage], record: object, states: dict[str, dict[bytes, bytes]], document: Document, part: int
) -> Outcome | Rejected:
    """The record through some stages, their writes kept."""
    outcome = run_chain(chain, record, states, document.at, Ledger())
    if isinstance(outcome.verdict, Reject):
        reason, detail = str(outcome.verdict.reason), outcome.verdict.detail
        return Rejected(path=document.path, part=part, stage=outcome.ended_by, reason=reason, detail=detail)
    outcome.apply(states)
    return outcome


class Explained(Struct, frozen=True, kw_only=True):
    """One text as its source sent it, what became of it, and which rule took which characters of its headline and its body."""

    path: str
    part: int
    article: Article
    headline: str
    headline_ranges: tuple[Range, ...]
    body: str
    body_ranges: tuple[Range, ...]


def explain(documents: Iterable[Document], *, feed: str, provider: str) -> Iterator[Explained | Rejected]:
    """Every item of the documents, repeats too, with what `normalize` took away from it."""
    for document in documents:
        for item in _items(document, feed, provider):
            if isinstance(item, Rejected):
                yield item
                continue
            outcome = run_chain((stages.NORMALIZE,), item, {}, document.at, Ledger())
            if isinstance(outcome.verdict, Reject):
                reason, detail = outcome.verdict.reason, outcome.verdict.detail
                yield Rejected(path=document.path, part=item.part, stage=outcome.ended_by, reason=str(reason), detail=detail)
                continue
            parsed = parse(item)
            assert isinstance(parsed, Parsed), "what was normalized can be parsed"
            yield _explained(document, item, outcome.record, parsed)


def _explained(document: Document, item: RawItem, article: Article, parsed: Parsed) -> Explained:
    return Explained(
        path=document.path,
        part=item.part,
        article=article,
        headline=parsed.headline,
        headline_ranges=tuple(_headline_ranges(article, parsed.headline)),
        body=parsed.body_text,
        body_ranges=tuple(_body_ranges(article)),
    )


def _headline_ranges(article: Article, raw: str) -> Iterator[Range]:
    """The tags in their order, then what stands behind the cleaned headline."""
    at = 0
    for tag in article.pipeline.headline.tags if article.pipeline.headline else ():
        start = raw.find(tag.text, at)
        if start >= 0:
            at = start + len(tag.text)
            yield Range(start, at, f"headline.{tag.kind}")
    start = raw.find(article.headline, at)
    if start >= 0 and article.headline:
        if start > at:
            yield Range(at, start, "headline.separator" if at else "headline.front")
        yield Range(start + len(article.headline), len(raw), "headline.suffix")


def _body_ranges(article: Article) -> Iterator[Range]:
    """The removed ranges; the dateline where it is not among them."""
    yield from (Range(start, end, rule) for start, end, rule in article.pipeline.body_map)
    dateline = article.pipeline.dateline
    if dateline and dateline.in_ == "body_raw":
        yield Range(dateline.start, dateline.end, "dateline")


def read(paths: Sequence[str], now: str) -> Iterator[Document]:
    """The files of `paths` in order, a folder's by name and recursively; `now` "" takes each file's modification time.

    All paths are looked at before the first is read: a wrong one raises `Unreadable` and nothing is done.
    """
    for path in [file for named in paths for file in _files(named)]:
        yield _read(path, now)


def _files(path: str) -> list[str]:
    if path == STDIN or os.path.isfile(path) or _is_pipe(path):
        return [path]
    if os.path.isdir(path):
        found = (file for file in Path(path).rglob("*") if file.is_file())
        return sorted(str(file) for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts))
    raise Unreadable(f"no such file or folder: {path}")


def _is_pipe(path: str) -> bool:
    """`/dev/stdin`, `<(…)` of a shell."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False


def _read(path: str, now: str) -> Document:
    """One byte more than is allowed at most, so that the slicer can say that it is too much."""
    try:
        if path == STDIN:
            return Document(path=path, value=sys.stdin.buffer.read(BODY_BYTES_MAX + 1), at=now or _modified_at(sys.stdin.buffer))
        with open(path, "rb") as file:
            return Document(path=path, value=file.read(BODY_BYTES_MAX + 1), at=now or _modified_at(file))
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from error


def _modified_at(file: BinaryIO) -> str:
    """The modification time; of a pipe, which has none, the present."""
    try:
        facts = os.fstat(file.fileno())
    except io.UnsupportedOperation:  # a stand-in for stdin
        facts = None
    at = datetime.fromtimestamp(facts.st_mtime, UTC) if facts and stat.S_ISREG(facts.st_mode) else datetime.now(UTC)
    return rfc3339_ms(at)


def _items(document: Document, feed: str, provider: str) -> Iterator[RawItem | Rejected]:
    """A document's items as the poller takes them apart; what is in no format we know is one item, for `normalize` to refuse."""
    format_ = detect(document.value, "")
    if len(document.value) > BODY_BYTES_MAX or format_ not in (*WIRES, "text", "json", "binary"):
        yield from _cut(document, feed, provider)
        return
    if format_ in ("json", "binary"):
        yield _item(document, feed, provider, format_, Item(part=0, value=document.value, item=document.value))
        return
    for piece in split(document.value, format_, document.at):
        yield _item(document, feed, provider, format_, piece)


def _cut(document: Document, feed: str, provider: str) -> Iterator[RawItem | Rejected]:
    found = cut(document.value)
    if isinstance(found, Refusal):
        yield Rejected(path=document.path, part=0, stage="poll", reason=str(found.reason), detail=found.detail)
        return
    assert found.format in SYNDICATION
    parts: list[Slice | Rejected] = [*found.items]
    for refused in found.refused:
        reason, detail = str(refused.reason), refused.detail
        parts.append(Rejected(path=document.path, part=refused.part, stage="poll", reason=reason, detail=detail))
    for part in sorted(parts, key=lambda part: part.part):
        yield part if isinstance(part, Rejected) else _item(document, feed, provider, found.format, part, found)


def _item(document: Document, feed: str, provider: str, format_: str, piece: Slice | Item, of: Cut | None = None) -> RawItem:
    name = provider or feed
    return RawItem(
        key=wire_raw_key(piece, name, feed) if isinstance(piece, Item) else raw_key(piece, name, feed),
        value=piece.value,
        format=format_,
        feed=feed,
        provider=provider,
        url="stdin:" if document.path == STDIN else "file:" + quote(Path(document.path).as_posix()),
        fetched_at=document.at,
        first_seen=document.at,
        document="sha256:" + sha256(document.value).hexdigest(),
        item=item_digest(piece.item),
        part=piece.part,
        transport="file",
        charset=of.charset if of else "",
        guid=piece.guid,
        problems=of.problems if of else (),
    )
