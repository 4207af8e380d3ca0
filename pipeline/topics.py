"""The one table of topics. Creation, drift check, documentation and readers are generated from it; nothing else names a topic.

Names here are short (`raw`); the full name is `<prefix>.raw`, prefix `newswire` by default.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

DAY_MS = 86_400_000
MIB = 1 << 20
PUBLIC_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "ru", "uk", "pl", "ar", "zh", "ja", "other")

PUBLIC_NAME = re.compile(r"out\.[a-z0-9][a-z0-9-]{0,62}")  # what a rule of the routes may name


class Topic(Struct, frozen=True, kw_only=True):
    """One topic. `partitions` None: the configured count. Sizes in bytes, retention in ms (-1: for ever).

    `archive` is the form (`sinks/forms.py`) in which the object sink may store it, "" when it may not.
    `schema` names what the value promises (of bytes: the headers), `<subject>:<version>` of `schemas/`; "" promises nothing.
    """

    name: str
    key: str
    value: str
    meaning: str
    owner: str
    schema: str = ""
    partitions: int | None = None
    cleanup: str = "delete"
    retention_ms: int = -1
    message_bytes_max: int = 2 * MIB  # an article is a few KB; 2 MiB is the largest item the slicer lets through, with room
    archive: str = ""
    timestamp: str = "LogAppendTime"  # so that lag in seconds and retention follow the broker's clock, never a feed's

    @property
    def schema_id(self) -> str:
        """The `$id` of the schema, as events name it in `ce_dataschema`."""
        return f"urn:newswire:schema:{self.schema}"

    def settings(self) -> dict[str, str]:
        """Topic-level Kafka settings, as strings, exactly those that `newswire topics plan` checks."""
        settings = {
            "cleanup.policy": self.cleanup,
            "max.message.bytes": str(self.message_bytes_max),
            "message.timestamp.type": self.timestamp,
        }
        if "delete" in self.cleanup:
            settings["retention.ms"] = str(self.retention_ms)
        if "compact" in self.cleanup:
            settings |= {"min.cleanable.dirty.ratio": "0.3", "segment.ms": str(DAY_MS), "delete.retention.ms": str(DAY_MS)}
        return settings


def _public(name: str, of_what: str) -> Topic:
    return Topic(
        name=name,
        key="uri",
        value="Article (ninjs 3.1 + pipeline)",
        schema="out:1.0.0",
        cleanup="compact",
        owner="routes",
        meaning=f"public: newest version of every article, {of_what}; null where it was withdrawn",
    )


TOPICS: tuple[Topic, ...] = (
    Topic(name="feeds", key="feed id", value="FeedSpec (JSON)", cleanup="compact", owner="newswire feeds", schema="feeds:1.0.0",
          meaning="the catalogue: which feeds are polled"),
    Topic(name="feeds.state", key="feed id", value="FeedState (JSON)", cleanup="compact", owner="poll",
          schema="feeds.state:1.0.0", meaning="validators, seen items, next poll and accounts of each feed"),
    Topic(name="documents", key="document digest", value="exact response body", owner="poll", retention_ms=7 * DAY_MS,
          schema="documents:1.0.0", message_bytes_max=12 * MIB, archive="documents",
          meaning="every changed body as fetched, with its HTTP facts in headers"),
    Topic(name="raw", key="identity key", value="exact bytes of one item", owner="poll", retention_ms=30 * DAY_MS,
          schema="raw:1.0.0", archive="raw",
          meaning="one item cut out of a document, with where and when it came from in headers"),
    Topic(name="normalized", key="language bucket", value="Article (ninjs 3.1 + pipeline)", owner="ingest",
          schema="normalized:1.0.0", retention_ms=14 * DAY_MS, meaning="items parsed into articles"),
    Topic(name="linked", key="home story", value="Article (ninjs 3.1 + pipeline)", owner="link", retention_ms=14 * DAY_MS,
          schema="linked:1.0.0", meaning="articles with their version and their place in a story"),
    Topic(name="enriched", key="home story", value="Article (ninjs 3.1 + pipeline)", owner="enrich", retention_ms=30 * DAY_MS,
          schema="enriched:1.0.0", archive="events", meaning="the finished events"),
    Topic(name="sightings", key="identity key", value="who carried it, when (JSON)", owner="ingest", retention_ms=30 * DAY_MS,
          schema="sightings:1.0.0", meaning="the same item seen again, from any feed"),
    Topic(name="corrections", key="story", value="Article (ninjs 3.1 + pipeline)", owner="link", retention_ms=90 * DAY_MS,
          schema="corrections:1.0.0", meaning="articles that correct an earlier version"),
    Topic(name="retractions", key="story", value="Article (ninjs 3.1 + pipeline)", owner="link", retention_ms=90 * DAY_MS,
          schema="retractions:1.0.0", meaning="articles that withdraw, hold or release a story"),
    Topic(name="advisories", key="story", value="Article (ninjs 3.1 + pipeline)", owner="link", retention_ms=30 * DAY_MS,
          schema="advisories:1.0.0", meaning="messages to editors: what is planned, what to do"),
    Topic(name="relinks", key="story", value="Relink (JSON)", owner="link", retention_ms=90 * DAY_MS,
          schema="relinks:1.0.0", meaning="items that turned out to belong to another story than the one they were announced in"),
    Topic(name="dead", key="original key", value="original bytes", owner="every stage", retention_ms=90 * DAY_MS,
          schema="dead:1.0.0", message_bytes_max=12 * MIB, meaning="rejects, with stage, reason and origin in headers"),
    *(_public(f"out.{language}", f"language {language}") for language in PUBLIC_LANGUAGES),
    Topic(name="state.dedup", key="state key", value="packed bytes", cleanup="compact", owner="ingest",
          meaning="changelog of what dedup remembers"),
    Topic(name="state.address", key="state key", value="packed bytes", cleanup="compact", owner="ingest",
          meaning="changelog of the language buckets in which items travel"),
    Topic(name="state.link", key="state key", value="packed bytes", cleanup="compact", owner="link",
          meaning="changelog of what link remembers"),
    Topic(name="state.route", key="state key", value="packed rows", cleanup="compact", owner="routes",
          meaning="changelog of where the routes sink has put each article"),
    Topic(name="ops.command", key="feed id", value="Command (JSON)", owner="newswire feeds, run", partitions=1,
          schema="ops.command:1.0.0", retention_ms=DAY_MS, meaning="poll-now, pause, resume, drain, seal; read by every worker"),
    Topic(name="ops.alert", key="story", value="Alert (JSON)", owner="link", partitions=1, retention_ms=30 * DAY_MS,
          schema="ops.alert:1.0.0", meaning="what a person should look at: ambiguous kills, stories that grow implausibly"),
    Topic(name="ops.report", key="worker", value="report (JSON)", owner="worker", partitions=1, retention_ms=DAY_MS,
          schema="ops.report:1.0.0", meaning="what each worker does, every second or so"),
)  # fmt: skip

BY_NAME = {topic.name: topic for topic in TOPICS}
ARCHIVED = tuple(topic.name for topic in TOPICS if topic.archive)  # what the object sink can store


def topic_of(name: str) -> Topic:
    """The row of a topic, or what a public topic that only the routes' rules name is like; KeyError for anything else."""
    return BY_NAME[name] if name in BY_NAME or not PUBLIC_NAME.fullmatch(name) else _public(name, "as the routes' rules say")


def with_public(names: Iterable[str]) -> tuple[Topic, ...]:
    """The table, and the public topics that the routes' rules name beside it."""
    return (*TOPICS, *(topic_of(name) for name in dict.fromkeys(names) if name not in BY_NAME))


def full_name(prefix: str, name: str) -> str:
    """`raw` → `newswire.raw`; a name that is no topic of ours is a bug and raises KeyError."""
    return f"{prefix}.{topic_of(name).name}"


def sink_name(topic: str) -> str:
    """A topic's object sink, as in consumer groups, accounts and dead letters: `enriched` → `objects`, `raw` → `objects-raw`."""
    return "objects" if topic == "enriched" else f"objects-{topic}"
