"""What one poll of one feed means: which items are new, what to publish, what the feed's next state is. Pure.

The caller publishes the messages and the state in one transaction, so neither a crash nor a later 304 can lose an item.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from pipeline import codec
from pipeline.formats.split import Item, Split
from pipeline.hop import CODE_VERSION, HEADER_BYTES, Message
from pipeline.ledger import Account
from pipeline.poll.fields import declared_interval_s
from pipeline.poll.identity import item_digest, raw_key, seen_key, wire_raw_key, wire_seen_key
from pipeline.poll.outcome import Fetched, FetchFailed
from pipeline.poll.schedule import next_poll_at
from pipeline.poll.slice import Cut, Refusal, Slice
from pipeline.reasons import Reason
from pipeline.records import FeedSpec, FeedState, RawItem
from pipeline.topics import BY_NAME
from pipeline.wire.dates import rfc3339_ms

SEEN_MIN = 1000  # a feed window is 20–100 items; older keys guard against a CDN that serves an older copy
ITEM_BYTES_MAX = BY_NAME["raw"].message_bytes_max - HEADER_BYTES


@dataclass(frozen=True, slots=True)
class Poll:
    """One finished fetch: when it began (seconds since the epoch), what came, and a random number in [0, 1) for the schedule.

    `document` is the body's digest; `found` the body taken apart (a feed cut, a wire's document split), None when there is
    none or its digest is already known.
    """

    feed: str
    at: float
    result: Fetched | FetchFailed
    jitter: float
    document: str = ""
    found: Cut | Split | Refusal | None = None


def digest(body: bytes) -> str:
    """The name of a fetched body."""
    return "sha256:" + sha256(body).hexdigest()


@dataclass(slots=True)
class Decision:
    """What to publish, the feed's next state, and the poll stage's account of it."""

    state: FeedState
    messages: list[Message] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    outcome: str = "unchanged"


def decide(spec: FeedSpec, state: FeedState, poll: Poll, interval_s: float) -> Decision:
    """Judges a poll against the feed's state. A body seen before changes nothing but the validators."""
    result = poll.result
    after = _timed(spec, state, poll, interval_s)
    if isinstance(result, FetchFailed):
        return Decision(msgspec.structs.replace(after, last_error=f"{result.reason}: {result.detail}"[:500]), outcome=result.kind)
    after = msgspec.structs.replace(
        after, etag=result.etag or "", last_modified=result.last_modified or "", last_error="", last_status=result.status
    )
    if result.body is None:
        return Decision(after, outcome="not_modified")
    if poll.document == state.document or poll.found is None:
        return Decision(after, outcome="same_body")
    decision = Decision(msgspec.structs.replace(after, document=poll.document), outcome="changed")
    _publish(spec, state, poll, poll.found, decision)
    _count(decision, state)
    return decision


def _timed(spec: FeedSpec, state: FeedState, poll: Poll, interval_s: float) -> FeedState:
    due_at, failures = next_poll_at(spec, state, poll.result, poll.at, interval_s, poll.jitter, ttl_s=state.ttl_s)
    return msgspec.structs.replace(state, polled_at=poll.at, next_poll_at=due_at, failures=failures)


def _publish(spec: FeedSpec, state: FeedState, poll: Poll, found: Cut | Split | Refusal, decision: Decision) -> None:
    result = poll.result
    assert isinstance(result, Fetched)
    body = result.body or b""
    document, at = decision.state.document, rfc3339(poll.at)
    decision.messages.append(Message("documents", document.encode(), body, _document_headers(spec, result, at)))
    if isinstance(found, Refusal):
        decision.account.received += 1
        decision.account.rejected[found.reason] += 1
        decision.messages.append(_dead(spec, result, body, found.reason, found.detail, at))
        decision.outcome = "refused"
        return
    seen = _items(spec, state, poll, found, decision, at)
    keep = max(SEEN_MIN, 2 * len(seen))
    older = [(key, digest) for key, digest in state.seen.items() if key not in seen]
    merged = dict(older[-(keep - len(seen)) :] if keep > len(seen) else []) | seen
    ttl_s = declared_interval_s(found.frame) if isinstance(found, Cut) else 0.0
    decision.state = msgspec.structs.replace(decision.state, seen=merged, ttl_s=ttl_s)


def _items(spec: FeedSpec, state: FeedState, poll: Poll, found: Cut | Split, decision: Decision, at: str) -> dict[str, str]:
    """Publishes what this feed has not shown before; gives the seen keys of this document, oldest (last in the feed) first."""
    result = poll.result
    assert isinstance(result, Fetched)
    seen: dict[str, str] = {}
    for refused in reversed(found.refused if isinstance(found, Cut) else ()):
        key, digest = "!" + item_digest(refused.item), item_digest(refused.item)
        if _is_news(key, digest, state.seen, seen, decision.account):
            decision.account.rejected[refused.reason] += 1
            decision.messages.append(_dead(spec, result, refused.item, refused.reason, refused.detail, at))
    pieces: tuple[Slice | Item, ...] = found.items
    for piece in reversed(pieces):
        key = wire_seen_key(piece) if isinstance(piece, Item) else seen_key(piece)
        digest = item_digest(piece.item)
        if not _is_news(key, digest, state.seen, seen, decision.account):
            continue
        if len(piece.value) > ITEM_BYTES_MAX:
            decision.account.rejected[Reason.ITEM_TOO_LARGE] += 1
            detail = f"{len(piece.value)} bytes; the limit is {ITEM_BYTES_MAX}"
            decision.messages.append(_dead(spec, result, piece.item, Reason.ITEM_TOO_LARGE, detail, at))
            continue
        decision.account.emitted += 1
        item = _raw(spec, poll, piece, found, at)
        decision.messages.append(Message("raw", item.key.encode(), item.value, codec.raw_headers(item)))
    return seen


def _is_news(key: str, digest: str, before: Mapping[str, str], seen: dict[str, str], account: Account) -> bool:
    account.received += 1
    is_news = before.get(key) != digest and seen.get(key) != digest
    seen[key] = digest
    if not is_news:
        account.dropped[Reason.SEEN] += 1
    return is_news


def _raw(spec: FeedSpec, poll: Poll, piece: Slice | Item, found: Cut | Split, at: str) -> RawItem:
    result = poll.result
    assert isinstance(result, Fetched)
    name = spec.provider or spec.id
    return RawItem(
        key=wire_raw_key(piece, name, spec.id) if isinstance(piece, Item) else raw_key(piece, name, spec.id),
        value=piece.value,
        format=found.format,
        feed=spec.id,
        provider=spec.provider,
        url=result.url,
        fetched_at=at,
        first_seen=at,
        document=poll.document,
        item=item_digest(piece.item),
        part=piece.part,
        charset=found.charset,
        language=spec.language,
        guid=piece.guid or "",
        problems=found.problems if isinstance(found, Cut) else (),
    )


def _document_headers(spec: FeedSpec, result: Fetched, at: str) -> list[tuple[str, bytes]]:
    facts = {
        "feed": spec.id,
        "url": result.url,
        "fetched-at": at,
        "status": str(result.status),
        "content-type": result.content_type or "",
        "etag": result.etag or "",
        "last-modified": result.last_modified or "",
    }
    return [(name, text.encode()) for name, text in facts.items() if text]


def _dead(spec: FeedSpec, result: Fetched, value: bytes, reason: Reason, detail: str, at: str) -> Message:
    facts = {"stage": "poll", "reason": str(reason), "detail": detail, "attempts": "1", "code": CODE_VERSION}
    return Message("dead", spec.id.encode(), value, codec.dead_headers(_document_headers(spec, result, at), facts))


def _count(decision: Decision, before: FeedState) -> None:
    account = decision.account
    decision.state = msgspec.structs.replace(
        decision.state,
        items=before.items + account.received,
        emitted=before.emitted + account.emitted,
        dropped=_summed(before.dropped, account.dropped),
        rejected=_summed(before.rejected, account.rejected),
    )


def _summed(before: Mapping[str, int], more: Counter[str]) -> dict[str, int]:
    return {str(reason): count for reason, count in (Counter(before) + more).items()}


def rfc3339(at: float) -> str:
    """Seconds since the epoch to "2026-03-01T07:30:00.123Z"."""
    return rfc3339_ms(datetime.fromtimestamp(at, UTC))
