"""What `link` tells beside the article itself: corrections, retractions, advisories, sightings, moves between stories, alarms.

Every function gives side events, which travel in the same transaction as the article. Nothing is decided here.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec.structs import replace

from pipeline.article import Article
from pipeline.records import Alert, Relink, Side, Sighting
from pipeline.stages.link.chain import Chain, Item
from pipeline.story import Retraction, Withdrawn

AlertKind = Literal["cluster_overgrown", "kill_ambiguous", "kill_without_victim"]
CLUSTER_MAX = 10  # items of one publisher in one story; more of them are templates, or a rule gone wrong


def sighting(article: Article, story: str, *, is_identical: bool) -> Side:
    """Somebody carried the text of a story that we hold."""
    pipeline = article.pipeline
    return Side(
        "sightings",
        pipeline.identity.key,
        Sighting(
            uri=article.uri,
            story=story,
            feed=pipeline.identity.feed,
            provider=pipeline.identity.provider,
            url=pipeline.source.url,
            document=pipeline.source.document,
            seen_at=pipeline.source.fetched_at or pipeline.times.ingested,
            identical=is_identical,
        ),
    )


def correction(article: Article, story: str) -> Side:
    """The article with `pipeline.correction`."""
    return Side("corrections", story, article)


def advisory(article: Article, story: str) -> Side:
    """A message to editors."""
    return Side("advisories", story, article)


def retraction(article: Article, story: str, told: Retraction) -> Side:
    """The article with `pipeline.retraction`."""
    return Side("retractions", story, replace(article, pipeline=replace(article.pipeline, retraction=told)))


def at_home(article: Article, home: str) -> Side:
    """The linked article once more, for what its retraction withdraws of another home than its own, or though it is late."""
    story = article.pipeline.story
    assert story is not None
    told = replace(story, home=home if home != story.id else "", is_echo=True)
    return Side("linked", home, replace(article, pipeline=replace(article.pipeline, story=told)))


def everything(found: Chain) -> Iterator[Withdrawn]:
    """All items of a story, in all versions."""
    return (Withdrawn(uri=item.uri) for item in found.items)


def moved(uris: Iterable[str], origin: str, story: str, at: str) -> Side:
    """Items that are known to belong to another story now than the one they were announced in."""
    return Side("relinks", origin, Relink(story=origin, to=story, uris=tuple(uris), at=at))


def alert(kind: AlertKind, story: str, detail: str, at: str, stories: tuple[str, ...] = ()) -> Side:
    """Something that a person should look at."""
    return Side("ops.alert", story, Alert(kind=kind, story=story, stories=stories, detail=detail, at=at))


def overgrown(before: Chain | None, after: Chain, item: Item) -> bool:
    """Whether this message made one publisher's share of the story implausibly large."""
    return _share(after, item.publisher) > CLUSTER_MAX >= (_share(before, item.publisher) if before else 0)


def _share(found: Chain, publisher: bytes) -> int:
    return sum(item.publisher == publisher and bool(item.entries) for item in found.items)
