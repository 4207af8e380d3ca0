"""What travels beside articles: raw items, feeds and their state, commands, and the verdicts of stages.

msgspec structs, frozen; a field is absent when unknown (`omit_defaults`). No behaviour lives here.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from pipeline.reasons import Reason

# ── items and feeds ──────────────────────────────────────────────────────────────────────────────────────────────────


class RawItem(Struct, frozen=True, kw_only=True):
    """One item as fetched: `value` is its exact bytes with the head it needs, the rest says where and when it came from.

    `key` is the identity key, `item` the xxh3-128 hex of the item's own bytes, `document` "sha256:…" of the fetched body,
    `fetched_at` and `first_seen` RFC 3339. `problems` are ids of what was put right when it was cut. `verdict` is set by dedup.
    """

    key: str
    value: bytes
    format: str
    feed: str
    provider: str
    url: str
    fetched_at: str
    first_seen: str
    document: str
    item: str
    part: int
    transport: str = "http"
    charset: str = ""
    language: str = ""
    guid: str = ""
    problems: tuple[str, ...] = ()
    verdict: Literal["new", "changed"] = "new"


class FeedSpec(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One configured source, as in feeds.toml and on `newswire.feeds`. `interval_s` 0 takes the configured default."""

    id: str
    url: str
    title: str = ""
    provider: str = ""
    language: str = ""
    interval_s: float = 0.0
    is_paused: bool = False
    ports: tuple[int, ...] = ()
    user_agent: str = ""


class FeedState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the poller knows about a feed (`newswire.feeds.state`).

    `seen` maps seen key to item digest for the items of the last polls, oldest first. `polled_at` (seconds) names the poll: one
    whose commit got no answer is told from one that never happened by it. The counts are cumulative.
    `paused` is the operator's word (pause, resume): None follows the catalogue.
    """

    etag: str = ""
    last_modified: str = ""
    document: str = ""
    ttl_s: float = 0.0
    seen: Mapping[str, str] = {}
    polled_at: float = 0.0
    next_poll_at: float = 0.0
    failures: float = 0.0
    last_status: int = 0
    last_error: str = ""
    paused: bool | None = None
    items: int = 0
    emitted: int = 0
    dropped: Mapping[str, int] = {}
    rejected: Mapping[str, int] = {}


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line on `newswire.ops.command`: every worker reads all of them and acts on what it owns.

    `ends` of "seal": for each stored topic, by partition from 0, the offset below which everything is to be sealed now.
    """

    verb: Literal["poll-now", "pause", "resume", "drain", "seal"]
    feed: str = ""
    id: str
    at: float
    ends: Mapping[str, tuple[int, ...]] = {}


class Sighting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody carried an item that we hold (`newswire.sightings`).

    `identical` is false for another form of the item than the newest we hold; `story` stands only where the story is known.
    """

    uri: str
    story: str = ""
    feed: str
    provider: str = ""
    url: str = ""
    document: str = ""
    seen_at: str
    identical: bool


class Relink(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Items that were announced in one story belong to another one, as a message that came late shows (`newswire.relinks`)."""

    story: str
    to: str
    uris: tuple[str, ...]
    at: str


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a person should look at (`newswire.ops.alert`), about one story or several."""

    kind: Literal["cluster_overgrown", "kill_ambiguous", "kill_without_victim"]
    story: str
    stories: tuple[str, ...] = ()
    detail: str
    at: str


class Report(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a worker does (`newswire.ops.report`). `lanes` maps a hop to the partitions it owns, `stopped` a hop to the cause."""

    worker: str
    pid: int = 0
    at: float
    code: str = ""
    metrics: str = ""
    feeds: int = 0
    lanes: Mapping[str, tuple[int, ...]] = {}
    stopped: Mapping[str, str] = {}


# ── verdicts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Side(Struct, frozen=True):
    """A side event: goes to `topic` (name in the topic table) in the same transaction."""

    topic: str
    key: str
    value: Struct


Write = tuple[bytes, bytes | None]  # a state key and its new value; None deletes


class Emit(Struct, frozen=True):
    """Goes on. `writes` change the stage's own state once the transaction holds."""

    record: object
    also: tuple[Side, ...] = ()
    writes: tuple[Write, ...] = ()


class Drop(Struct, frozen=True):
    """Ends here on purpose."""

    reason: Reason
    also: tuple[Side, ...] = ()
    writes: tuple[Write, ...] = ()


class Reject(Struct, frozen=True):
    """Cannot be used: goes to `newswire.dead` with the original bytes and headers. `detail` names the thing, at most 1 KiB."""

    reason: Reason
    detail: str = ""


Verdict = Emit | Drop | Reject
State = Mapping[bytes, bytes]
StageFunction = Callable[..., Verdict]  # stage(record, state, now): no await, no Kafka, no clock, no randomness, no log


class Stage(Struct, frozen=True, kw_only=True):
    """A stage function with its name (also its metric, dead-letter and test name) and version; `stateful` has a keyed state."""

    name: str
    function: StageFunction
    version: str
    stateful: bool = False
