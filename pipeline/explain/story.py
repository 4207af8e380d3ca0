"""One story as a person would tell it: its versions and what changed, who carried it, corrections, kills, what readers see now.

Only reads. A story is found by its id, or by the uri, link, guid or key of one of its items. What `link` moved into another story
later (`newswire.relinks`) is told where it is now. What is past retention is not known here.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct, field

from pipeline import codec
from pipeline.article import Article
from pipeline.codec import Undecodable, header, key_of
from pipeline.config import Config
from pipeline.explain import Progress, Reading, Scan, public_topics
from pipeline.explain.wanted import Found, Wanted, instant
from pipeline.hop import Received
from pipeline.recall.withdraw import OPERATOR
from pipeline.records import Relink, Sighting
from pipeline.story import Change, Correction
from pipeline.wire.plain import counted

STORY = "urn:newswire:story:"
CHANGES_MAX = 12  # of one version; the corrections topic has all
NOTICE_CHARS_MAX = 240  # of a kill's own words: the reason stands in its first sentences


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. `what` are lines for a person, `place` the record that says so."""

    at: str
    relation: str
    uri: str
    version: str = ""
    by: str
    headline: str = ""
    what: tuple[str, ...] = ()
    place: str


class Member(Struct, frozen=True, kw_only=True):
    """An item of the story: who publishes it, how many versions are known, and the public topics where it stands or is null.

    `is_notice`: no text of the story, but a message that kills or holds it.
    """

    uri: str
    by: str
    versions: int
    is_notice: bool = False
    stands_on: tuple[str, ...] = ()
    withdrawn_from: tuple[str, ...] = ()


class Tale(Struct, kw_only=True):
    """What is known. `state` is the newest that a message gave it."""

    asked: str
    stories: list[str]
    headline: str = ""
    state: str = ""
    members: list[Member] = field(default_factory=list)
    events: list[Told] = field(default_factory=list)
    searched: list[Reading] = field(default_factory=list)

    def to_builtins(self) -> dict[str, Any]:
        """For --json."""
        facts = {name: getattr(self, name) for name in ("asked", "stories", "headline", "state", "members", "events")}
        return {**facts, "searched": [reading.to_builtins() for reading in self.searched]}


async def tell(config: Config, asked: str, progress: Progress = lambda topic, count: None) -> Tale:
    """Raises `kafka.Unreachable`, and what aiokafka raises on the way."""
    scan = Scan(config, progress)
    cast = _Cast(asked, config.kafka.prefix)
    known: tuple[int, int] | None = None
    while known != (len(cast.stories), len(cast.uris)):  # again when a record taught names that stand in records read before
        known = (len(cast.stories), len(cast.uris))
        await scan.read(("relinks",), cast.relink)
        await scan.read(("linked", "corrections", "retractions"), cast.message)
    await scan.read(("sightings",), cast.sighting)
    await scan.read(await public_topics(config), cast.public)
    articles = cast.articles()
    events = [*_versions(articles), *_sightings(scan.found.values(), articles), *_moves(scan.found.values())]
    events += _by_hand(scan.found.values())
    newest = articles[-1][1] if articles else None
    return Tale(
        asked=asked,
        stories=sorted(cast.stories),
        headline=_headline(articles),
        state=newest.pipeline.story.state if newest and newest.pipeline.story else "",
        members=_members(articles, cast.standing),
        events=sorted(events, key=lambda told: (told.at, told.place)),
        searched=list(scan.readings.values()),
    )


class _Cast:
    """Who belongs to it. Shown records, it takes those of the story and learns the story's other items from them."""

    def __init__(self, asked: str, prefix: str) -> None:
        self._wanted, self._prefix = Wanted(asked, prefix), f"{prefix}."
        self.stories: set[str] = {asked} if asked.startswith(STORY) else set()
        self.uris: set[str] = set()
        self.standing: dict[tuple[str, str], bool] = {}
        self._articles: dict[tuple[str, str, str], tuple[Found, Article]] = {}

    def relink(self, record: Received) -> Found | None:
        """A move between stories that leads to or from this one."""
        moved = _decoded(record, Relink)
        if moved is None or not ({moved.story, moved.to} & self.stories or self.uris.intersection(moved.uris)):
            return None
        self.stories |= {moved.to}
        self.uris |= set(moved.uris)
        return self._found(record, {"relink": moved})

    def message(self, record: Received) -> Found | None:
        """A version, a correction, a kill: of the story by its key, or of an item that is known to belong to it."""
        key = key_of(record)
        taken = self._wanted.article(record)
        if taken is None and key not in self.stories and header(record, "ce_subject") not in self.uris:
            return None
        article = _decoded(record, Article)
        if article is None:
            return None
        if article.pipeline.story is not None:
            self.stories.add(article.pipeline.story.id)
        self.uris.add(article.uri)
        found = self._found(record, {"uri": article.uri})
        name = (article.uri, article.version, article.pipeline.dedup.content)
        first, known = self._articles.get(name, (found, article))
        self._articles[name] = (min(first, found, key=_order), max(known, article, key=_withdrawn_count))
        return found

    def sighting(self, record: Received) -> Found | None:
        """Somebody carried one of the items."""
        seen = _decoded(record, Sighting)
        key = key_of(record)
        if seen is None or not (seen.uri in self.uris or seen.story in self.stories or key in self._wanted.keys):
            return None
        return self._found(record, {"sighting": seen})

    def public(self, record: Received) -> Found | None:
        """What readers see of the items; the last one of a topic and uri counts."""
        uri = key_of(record)
        if uri not in self.uris:
            return None
        self.standing[record.topic.removeprefix(self._prefix), uri] = record.value is not None
        return self._found(record, {"by_hand": uri}) if header(record, "by-uri") == OPERATOR else None

    def articles(self) -> list[tuple[Found, Article]]:
        """Every version once, in the order in which they were linked."""
        return sorted(self._articles.values(), key=lambda each: _order(each[0]))

    def _found(self, record: Received, facts: dict[str, Any]) -> Found:
        return Found(
            at=record.timestamp,
            topic=record.topic.removeprefix(self._prefix),
            partition=record.partition,
            offset=record.offset,
            key=key_of(record),
            value=None,
            facts=facts,
        )


def _withdrawn_count(article: Article) -> int:
    """How much it withdraws: a kill is told to several languages and homes, and once it says all."""
    retraction = article.pipeline.retraction
    return 1 + len(retraction.items) if retraction else 0


def _order(found: Found) -> tuple[int, str, int, int]:
    """As the broker got them; topics are read side by side, so within one millisecond nothing else is the same every time."""
    return found.at, found.topic, found.partition, found.offset


def _decoded(record: Received, kind: type[Any]) -> Any:
    try:
        return codec.decode(record.value, kind)
    except Undecodable:
        return None


# ── telling ──────────────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = {  # relation → what it is called
    "new": "first text",
    "take": "another part",
    "update": "update",
    "repeat": "the same again",
    "refile": "refiled",
    "correction": "corrected",
    "kill": "killed",
    "hold": "held",
    "release": "released",
    "syndicated_copy": "copy",
    "synthesis": "round-up",
    "advisory": "to editors",
    "recall": "taken back by hand",
}


def by_whom(article: Article) -> str:
    """The agency where it is known, else who publishes it."""
    credit, identity = article.pipeline.credit, article.pipeline.identity
    carrier = identity.provider or identity.feed
    agency = credit.agency if credit else ""
    return f"{agency} ({carrier})" if agency and agency.casefold() not in carrier.casefold() else carrier


def _versions(articles: Iterable[tuple[Found, Article]]) -> Iterator[Told]:
    for found, article in articles:
        story = article.pipeline.story
        yield Told(
            at=instant(found.at),
            relation=story.relation if story else "new",
            uri=article.uri,
            version=article.version,
            by=by_whom(article),
            headline=article.headline,
            what=tuple(_what(article)),
            place=found.place,
        )


def _what(article: Article) -> Iterator[str]:
    correction, retraction = article.pipeline.correction, article.pipeline.retraction
    if correction is not None:
        yield from changes(correction)
    elif article.ed_note:
        yield f"“{article.ed_note}”"
    elif is_notice(article) and article.body_text:
        words = article.body_text.partition("\n\n")[0]
        yield f"“{words[:NOTICE_CHARS_MAX]}{'…' if len(words) > NOTICE_CHARS_MAX else ''}”"
    if retraction is not None:
        if any(reason.startswith("embargo.") for reason in retraction.reasons):
            yield "under embargo"
        verb = {"kill": "withdraws", "hold": "holds", "release": "releases"}[retraction.kind]
        yield f"{verb} {counted(len(retraction.items), 'item')}: " + ", ".join(
            item.uri + (f" (version {', '.join(item.versions)})" if item.versions else "") for item in retraction.items
        )


def is_notice(article: Article) -> bool:
    """Whether it kills or holds by its words: what it says is no text of the story."""
    reasons = article.pipeline.status.reasons if article.pipeline.status else ()
    return article.pipeline.retraction is not None and any(reason.startswith(("kill.", "hold.")) for reason in reasons)


def changes(correction: Correction) -> Iterator[str]:
    """What a correction says, and what did change, a line each."""
    if correction.note:
        yield f"“{correction.note}”"
    for change in correction.changes[:CHANGES_MAX]:
        yield _change(change)
    if len(correction.changes) > CHANGES_MAX or correction.is_partial:
        yield "… and more"


def _change(change: Change) -> str:
    label = f"{change.kind} ({change.label})" if change.label else change.kind
    before, after = (passage.text if passage else "" for passage in (change.from_, change.to))
    if before and after:
        return f"{label}: {before} → {after}"
    return f"{label} added: {after}" if after else f"{label} taken out: {before}"


def _sightings(found: Iterable[Found], articles: Iterable[tuple[Found, Article]]) -> Iterator[Told]:
    """Who carried it, but for those whose copy is told as a version of its own."""
    copies = {
        (article.uri, article.pipeline.source.document)
        for _, article in articles
        if article.pipeline.story and article.pipeline.story.relation == "syndicated_copy"
    }
    for each in found:
        seen = each.facts.get("sighting")
        if seen is not None and (seen.identical or (seen.uri, seen.document) not in copies):
            how = "carries it, word for word" if seen.identical else "carries it, in other words"
            yield Told(
                at=instant(each.at),
                relation="sighting",
                uri=seen.uri,
                by=seen.provider or seen.feed,
                what=(how,),
                place=each.place,
            )


def _moves(found: Iterable[Found]) -> Iterator[Told]:
    for each in found:
        moved = each.facts.get("relink")
        if moved is not None:
            what = f"belongs to {moved.to}, not to {moved.story}"
            yield Told(
                at=instant(each.at), relation="relink", uri=", ".join(moved.uris), by="link", what=(what,), place=each.place
            )


def _by_hand(found: Iterable[Found]) -> Iterator[Told]:
    """`newswire recall run`: no message of the wire says so, only the null on a public topic."""
    for each in found:
        if "by_hand" in each.facts:
            where = (f"withdrawn from {each.topic}",)
            yield Told(at=instant(each.at), relation="recall", uri=each.key, by=each.key, what=where, place=each.place)


def _headline(articles: Iterable[tuple[Found, Article]]) -> str:
    """Of the newest text of its own publisher, else of a copy, else of what holds or kills it."""
    texts = {"own": "", "copy": "", "notice": ""}
    kinds = {"syndicated_copy": "copy", "hold": "notice", "kill": "notice"}
    for _, article in articles:
        if article.headline:
            texts[kinds.get(article.pipeline.story.relation if article.pipeline.story else "new", "own")] = article.headline
    return texts["own"] or texts["copy"] or texts["notice"]


def _members(articles: Iterable[tuple[Found, Article]], standing: dict[tuple[str, str], bool]) -> list[Member]:
    versions: dict[str, list[Article]] = {}
    for _, article in articles:
        versions.setdefault(article.uri, []).append(article)
    return [
        Member(
            uri=uri,
            by=by_whom(several[0]),
            versions=len({article.version for article in several}),
            is_notice=all(is_notice(article) for article in several),
            stands_on=tuple(sorted(topic for (topic, other), stands in standing.items() if other == uri and stands)),
            withdrawn_from=tuple(sorted(topic for (topic, other), stands in standing.items() if other == uri and not stands)),
        )
        for uri, several in versions.items()
    ]
