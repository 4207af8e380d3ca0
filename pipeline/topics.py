"""The one table of topics. Creation, drift check, documentation and readers are generated from it; nothing else names a topic.

Names here are short (`raw`); the full name is `<prefix>.raw`, prefix `newswire` by default.
"""

from msgspec import Struct

DAY_MS = 86_400_000
MIB = 1 << 20
PUBLIC_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "ru", "uk", "pl", "ar", "zh", "ja", "other")


class Topic(Struct, frozen=True, kw_only=True):
    """One topic. `partitions` None: the configured count. Sizes in bytes, retention in ms (-1: for ever)."""

    name: str
    key: str
    value: str
    meaning: str
    owner: str
    partitions: int | None = None
    cleanup: str = "delete"
    retention_ms: int = -1
    message_bytes_max: int = 2 * MIB  # an article is a few KB; 2 MiB is the largest item the slicer lets through, with room
    timestamp: str = "LogAppendTime"  # so that lag in seconds and retention follow the broker's clock, never a feed's

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


TOPICS: tuple[Topic, ...] = (
    Topic(name="feeds", key="feed id", value="FeedSpec (JSON)", cleanup="compact", owner="newswire feeds",
          meaning="the catalogue: which feeds are polled"),
    Topic(name="feeds.state", key="feed id", value="FeedState (JSON)", cleanup="compact", owner="poll",
          meaning="validators, seen items, next poll and accounts of each feed"),
    Topic(name="documents", key="document digest", value="exact response body", owner="poll", retention_ms=7 * DAY_MS,
          message_bytes_max=12 * MIB, meaning="every changed body as fetched, with its HTTP facts in headers"),
    Topic(name="raw", key="identity key", value="exact bytes of one item", owner="poll", retention_ms=30 * DAY_MS,
          meaning="one item cut out of a document, with where and when it came from in headers"),
    Topic(name="normalized", key="language bucket", value="Article (ninjs 3.1 + pipeline)", owner="ingest",
          retention_ms=14 * DAY_MS, meaning="items parsed into articles"),
    Topic(name="linked", key="story", value="Article (ninjs 3.1 + pipeline)", owner="link", retention_ms=14 * DAY_MS,
          meaning="articles with their version and their place in a story"),
    Topic(name="enriched", key="story", value="Article (ninjs 3.1 + pipeline)", owner="enrich", retention_ms=30 * DAY_MS,
          meaning="the finished events"),
    Topic(name="sightings", key="identity key", value="who carried it, when (JSON)", owner="ingest", retention_ms=30 * DAY_MS,
          meaning="the same item seen again, from any feed"),
    Topic(name="dead", key="original key", value="original bytes", owner="every stage", retention_ms=90 * DAY_MS,
          message_bytes_max=12 * MIB, meaning="rejects, with stage, reason and origin in headers"),
    *(
        Topic(name=f"out.{language}", key="uri", value="Article (ninjs 3.1 + pipeline)", cleanup="compact", owner="routes",
              meaning=f"public: newest version of every article, language {language}")
        for language in PUBLIC_LANGUAGES
    ),
    Topic(name="state.dedup", key="state key", value="packed bytes", cleanup="compact", owner="ingest",
          meaning="changelog of what dedup remembers"),
    Topic(name="state.link", key="state key", value="packed bytes", cleanup="compact", owner="link",
          meaning="changelog of what link remembers"),
    Topic(name="ops.command", key="feed id", value="Command (JSON)", owner="newswire feeds, run", partitions=1,
          retention_ms=DAY_MS, meaning="poll-now, pause, resume, drain; read by every worker"),
    Topic(name="ops.report", key="worker", value="report (JSON)", owner="worker", partitions=1, retention_ms=DAY_MS,
          meaning="what each worker does, every second or so"),
)  # fmt: skip

BY_NAME = {topic.name: topic for topic in TOPICS}


def full_name(prefix: str, name: str) -> str:
    """`raw` → `newswire.raw`; a name outside the table is a bug and raises KeyError."""
    return f"{prefix}.{BY_NAME[name].name}"


def short_name(prefix: str, name: str) -> str:
    """`newswire.raw` or `raw` → `raw`; raises KeyError with the nearest names left to the caller."""
    short = name.removeprefix(prefix + ".")
    return BY_NAME[short].name
