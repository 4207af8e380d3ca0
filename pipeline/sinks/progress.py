"""What stands in the metadata of the object sink's offset commits: the intent, and the accounts so far. Pure.

An offset S committed with an intent says "S up to `end` is being sealed, and nothing else will be": whoever owns the
partition next finishes exactly that range. Without an intent everything before S is sealed. The accounts are those of
[0, S), so `newswire status` needs nothing but the group's offsets. Kafka allows 4,096 bytes; this takes about 200.
"""

from collections import Counter
from typing import Any

from msgspec import Struct, structs

from pipeline import codec
from pipeline.sinks.segment import Manifest

METADATA_BYTES_MAX = 4096  # Kafka's offset.metadata.max.bytes default

GAPS = frozenset({"gap", "before_start", "skipped"})  # ranges that the log no longer has, or that an operator skipped


class Intent(Struct, frozen=True, kw_only=True):
    """A decided range: it ends at `end` (inclusive). `at` is the broker's time (ms) of its first record, None without one."""

    end: int
    why: str
    at: int | None = None


class Progress(Struct, frozen=True, kw_only=True):
    """A partition's state as of its committed offset.

    `topic_id` tells a recreated topic's offsets from the old ones; `tail` is the start of the last sealed range, which
    names its manifest; `stored` and `rejected` count the records of all sealed ranges of this topic id.
    """

    topic_id: str
    stored: int = 0
    rejected: dict[str, int] = {}
    tail: int | None = None
    intent: Intent | None = None

    def decided(self, intent: Intent) -> "Progress":
        """The same state with an intent."""
        return structs.replace(self, intent=intent)

    def sealed(self, manifest: Manifest) -> "Progress":
        """The state after this range."""
        rejected = Counter(self.rejected) + Counter(manifest.rejected)
        return Progress(
            topic_id=self.topic_id,
            stored=self.stored + manifest.count,
            rejected=dict(sorted(rejected.items())),
            tail=manifest.start,
        )

    def to_metadata(self) -> str:
        """Compact JSON; without an intent it has no `end`."""
        facts: dict[str, Any] = {}
        if self.intent is not None:
            facts |= {"end": self.intent.end, "why": self.intent.why}
            if self.intent.at is not None:
                facts["at"] = self.intent.at
        facts |= {"g": self.topic_id, "stored": self.stored, "rejected": self.rejected}
        if self.tail is not None:
            facts["tail"] = self.tail
        text = codec.dumps(facts).decode()
        assert len(text) <= METADATA_BYTES_MAX
        return text


class _Metadata(Struct, frozen=True):
    g: str
    stored: int
    rejected: dict[str, int] = {}
    tail: int | None = None
    end: int | None = None
    why: str = ""
    at: int | None = None


def parse_metadata(metadata: str) -> Progress | None:
    """The inverse of `to_metadata`; None for a commit that is not the sink's (an operator's reset has no metadata)."""
    try:
        facts = codec.decode(metadata.encode(), _Metadata)
    except codec.Undecodable:
        return None
    intent = None if facts.end is None else Intent(end=facts.end, why=facts.why, at=facts.at)
    return Progress(topic_id=facts.g, stored=facts.stored, rejected=facts.rejected, tail=facts.tail, intent=intent)
