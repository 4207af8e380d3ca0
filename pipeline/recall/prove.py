"""Where content of an article still is: public topics, the object store, and topics inside that forget by themselves. Reads only.

*Gone* means that no reader of a public topic and no reader of the store gets it. Topics inside keep records until their retention
is over, a compacted topic keeps what a newer record replaced until the broker cleans it: both are told, and are no failure.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from msgspec import Struct, structs

from pipeline import codec, kafka
from pipeline.article import Article
from pipeline.codec import Undecodable, key_of
from pipeline.config import Config
from pipeline.explain import Progress, Reading, Scan, gather, public_topics
from pipeline.explain.wanted import Found, Wanted, instant
from pipeline.hop import Received
from pipeline.recall.account import Account, together
from pipeline.recall.patrol import accounts_of
from pipeline.records import Relink
from pipeline.sinks.erasure import Judge, Mark, event_of
from pipeline.sinks.kill import Target, targets_of
from pipeline.sinks.line import StoredRecord
from pipeline.sinks.members import Members
from pipeline.sinks.remains import Remains, remains
from pipeline.sinks.stores import Store
from pipeline.sinks.targets import Targets
from pipeline.stages.link.chain import digest
from pipeline.stages.link.memory import text_ref
from pipeline.stages.link.window import TEXT_HOURS
from pipeline.topics import sink_name, topic_of

ARTICLES = ("normalized", "linked", "enriched")
MESSAGES = ("corrections", "retractions", "advisories")
CARRIER = ("feed", "fetched_at", "document", "item", "guid")  # facts of a raw item that stand in headers of the same name
TEXT_MS = TEXT_HOURS * 3_600_000  # link counts it in the time of what comes after a text
NOBODY = Mark(by="", at="", reason="")


class Held(Struct, frozen=True, kw_only=True):
    """A record with content. `until` says when its topic forgets it, "" where that is nobody's promise."""

    topic: str
    partition: int
    offset: int
    at: str
    uri: str
    until: str = ""

    @property
    def place(self) -> str:
        """`raw 1/17`"""
        return f"{self.topic} {self.partition}/{self.offset}"


class Withdrawal(Struct, frozen=True, kw_only=True):
    """A uri that is null on a public topic, and since when."""

    topic: str
    uri: str
    at: str


class Kill(Struct, frozen=True, kw_only=True):
    """A message that withdrew it, held it, or let it go again."""

    kind: str
    at: str
    by: str
    note: str = ""


class Unsearched(Struct, frozen=True, kw_only=True):
    """A place that may hold content and was not looked into, and why."""

    place: str
    why: str


UNSEARCHED = (
    Unsearched(
        place="the folders of the workers' state",
        why="they copy newswire.state.link, and keep what it forgets until their files are compacted",
    ),
    Unsearched(place="backups, and what readers have copied", why="this service does not know of them"),
)


class Proof(Struct, kw_only=True):
    """What was found.

    `public` is read by whoever begins at the start of a topic, `withdrawn` is null there; `replaced` is what their logs have
    below a newer record, `inside` what lies on topics of the service's own, `coming` the part of it that no sink has stored yet.
    `recalled` is how far the store is swept for what comes again.
    """

    asked: str
    uris: list[str]
    kills: list[Kill]
    public: list[Held]
    withdrawn: list[Withdrawal]
    replaced: list[Held]
    inside: list[Held]
    coming: list[Held]
    store: Remains
    recalled: Account
    searched: list[Reading]
    unsearched: list[Unsearched]

    @property
    def is_gone(self) -> bool:
        """No reader gets it any more, none will, and nothing stayed unread that may hold it."""
        return not self.public and not self.coming and self.store.is_proved

    @property
    def is_forgotten(self) -> bool:
        """Nor does any log have it."""
        return self.is_gone and not self.replaced and not self.inside

    @property
    def since(self) -> str:
        """Since when it is gone, as far as records tell; "" where none does."""
        return max([*(each.at for each in self.withdrawn), self.store.since])

    def to_builtins(self) -> dict[str, Any]:
        """For --json."""
        verdict = {"is_gone": self.is_gone, "is_forgotten": self.is_forgotten, "since": self.since}
        facts = structs.asdict(self)
        return {"asked": facts.pop("asked"), **verdict, **facts, "searched": [each.to_builtins() for each in self.searched]}


async def prove(
    config: Config, store: Store, asked: str, *, is_deep: bool = False, progress: Progress = lambda topic, count: None
) -> Proof:
    """Looks everywhere for a uri, or for all items of a story.

    Raises `Unreachable`, `StoreError`, `NoParquet`, `CompactError`, and aiokafka's errors: then nothing is proved.
    """
    wanted, scan = Wanted(asked, config.kafka.prefix), Scan(config, progress)
    await gather(wanted, scan)
    retractions: list[tuple[Article, int]] = []
    await scan.read(MESSAGES, lambda record: _message(record, wanted, retractions))
    kills = await _kills(scan, wanted, retractions)
    await scan.read(await public_topics(config), wanted.public)
    chain = list(scan.found.values())
    named = {found.facts["uri"] for found in chain if "uri" in found.facts and found.topic != "sightings"}
    uris = sorted(named or {asked})
    targets = Targets([Target(uri=uri, mark=NOBODY) for uri in uris])
    for found in chain:
        if found.topic in ARTICLES:
            targets.learn(event_of(_as_stored(found)))
    for found in chain:
        if found.topic == "raw":  # tells of the other feeds that carried it
            targets.judge("raw")(_as_stored(found))
    judge = targets.judge("documents")
    await scan.read(("documents", "dead"), lambda record: _document(record, judge))
    chain = list(scan.found.values())
    newest = newest_of(chain)
    texts, forgotten = await _texts(scan, chain)
    inside = [*(_held(found) for found in chain if _is_inside(found)), *texts]
    inside.sort(key=lambda held: (held.until, held.place))
    return Proof(
        asked=asked,
        uris=uris,
        kills=sorted(kills, key=lambda kill: kill.at),
        public=[_held(found) for found in newest.values() if found.value is not None],
        withdrawn=[
            Withdrawal(topic=topic, uri=uri, at=instant(found.at))
            for (topic, uri), found in sorted(newest.items())
            if found.value is None
        ],
        replaced=[
            *(
                _held(found)
                for found in chain
                if _is_public(found) and found.value and newest[found.topic, found.key] is not found
            ),
            *forgotten,
        ],
        inside=inside,
        coming=await _coming(config, inside),
        store=await remains(store, config.objects.prefix, targets, is_deep=is_deep),
        recalled=together((await accounts_of(config)).values()),
        searched=list(scan.readings.values()),
        unsearched=list(UNSEARCHED),
    )


async def _kills(scan: Scan, wanted: Wanted, messages: Iterable[tuple[Article, int]]) -> list[Kill]:
    """Those of the messages that are about it: by name, or because it belonged to a story that was killed whole."""
    retractions = [(article.pipeline.retraction, targets_of(article, told_at)) for article, told_at in messages]
    members = Members(target for _, targets in retractions for target in targets if target.is_story)
    if members.stories:
        for found in scan.found.values():
            if found.topic in ("linked", "enriched"):
                members.look(_as_event(found))
        await scan.read(("relinks",), lambda record: _move(record, members))
    meant = {target.mark for target in members.found() if target.uri in wanted.uris}
    return [
        Kill(kind=told.kind, at=told.at, by=told.by, note=told.note)
        for told, targets in retractions
        if told and (any(item.uri in wanted.uris for item in told.items) or any(target.mark in meant for target in targets))
    ]


def _move(record: Received, members: Members) -> None:
    with suppress(Undecodable):
        members.move(codec.decode(record.value, Relink))


async def _texts(scan: Scan, chain: Iterable[Found]) -> tuple[list[Held], list[Held]]:
    """The rows of `newswire.state.link` that hold one of its texts: those that stand, and those that only the log still has.

    The topics that tell of its articles keep them longer than `link` keeps texts, so that no row is missed.
    """
    articles = [found.facts for found in chain if found.topic in ARTICLES and "content" in found.facts]
    uris = {b"t" + text_ref(digest(facts["uri"]), bytes.fromhex(facts["content"])): facts["uri"] for facts in articles}
    rows: dict[tuple[int, bytes], list[Received]] = {}

    def take(record: Received) -> None:
        if record.key in uris:
            rows.setdefault((record.partition, record.key), []).append(record)

    await scan.read(("state.link",), take)
    standing = [_row(several[-1], uris) for several in rows.values() if several[-1].value is not None]
    replaced = [_row(row, uris) for several in rows.values() for row in several[:-1] if row.value is not None]
    return standing, replaced


def _row(record: Received, uris: Mapping[bytes, str]) -> Held:
    return Held(
        topic="state.link",
        partition=record.partition,
        offset=record.offset,
        at=instant(record.timestamp),
        uri=uris[record.key or b""],
        until=instant(record.timestamp + TEXT_MS),
    )


async def _coming(config: Config, inside: Iterable[Held]) -> list[Held]:
    """What lies on stored topics beyond where their sinks have come to."""
    stored = [held for held in inside if held.topic in config.objects.topics]
    passed: dict[tuple[str, int], int] = {}
    async with kafka.admin(config.kafka) as client:
        for topic in {held.topic for held in stored}:
            try:
                offsets = await kafka.group_offsets(client, f"{config.kafka.app}-{sink_name(topic)}")
            except kafka.NoGroups:
                continue
            passed |= {(topic, tp.partition): position.offset for tp, position in offsets.items()}
    return [held for held in stored if held.offset >= passed.get((held.topic, held.partition), 0)]


def newest_of(chain: Iterable[Found]) -> dict[tuple[str, str], Found]:
    """What a reader of the public topics has: the newest record of each topic and uri."""
    newest: dict[tuple[str, str], Found] = {}
    for found in chain:
        key = (found.topic, found.key)
        if _is_public(found) and (key not in newest or found.offset > newest[key].offset):
            newest[key] = found
    return newest


def _message(record: Received, wanted: Wanted, retractions: list[tuple[Article, int]]) -> Found | None:
    """Takes a message that is the article's own; notes one that may be about it."""
    try:
        article = codec.decode(record.value, Article)
    except Undecodable:
        return None
    told = article.pipeline.retraction
    if told is not None and (told.is_partial or any(item.uri in wanted.uris for item in told.items)):
        retractions.append((article, record.timestamp))
    return wanted.article(record)


def _document(record: Received, judge: Judge) -> Found | None:
    """Takes a fetched body of its feed that holds one of its names, one that was rejected too."""
    found = Found(
        at=record.timestamp,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=key_of(record),
        value=record.value,
        facts={},
    )
    stored = structs.replace(_as_stored(found), headers=tuple(record.headers))
    return found if judge(stored) is not None else None


def _is_public(found: Found) -> bool:
    return found.topic.startswith("out.")


def _is_inside(found: Found) -> bool:
    return not _is_public(found) and found.topic != "sightings" and bool(found.value)


def _held(found: Found) -> Held:
    retention_ms = topic_of(found.topic).retention_ms
    return Held(
        topic=found.topic,
        partition=found.partition,
        offset=found.offset,
        at=instant(found.at),
        uri=str(found.facts.get("uri", found.key)),
        until=instant(found.at + retention_ms) if retention_ms >= 0 else "",
    )


def _as_event(found: Found) -> StoredRecord:
    """With the time that counts for events, as their headers tell it."""
    try:
        at = codec.decode(found.value, Article).pipeline.times.ingested
    except Undecodable:
        at = ""
    return structs.replace(_as_stored(found), headers=(("ce_time", at.encode()),))


def _as_stored(found: Found) -> StoredRecord:
    facts = {name: str(found.facts[name]).encode() for name in CARRIER if name in found.facts}
    return StoredRecord(
        topic=found.topic,
        partition=found.partition,
        offset=found.offset,
        timestamp=found.at,
        key=found.key.encode(),
        value=found.value,
        headers=tuple((name.replace("_", "-"), value) for name, value in facts.items()),
    )
