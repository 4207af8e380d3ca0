"""Adds what the text itself says: annotations with spans, methods and confidence. Nothing here overwrites the source's metadata.

An enricher is a plain callable from article to article; a new one is one function and one line in ENRICHERS.
"""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from pipeline.article import Annotations, Article, Place, PlaceMention
from pipeline.records import Emit, State
from pipeline.wire.language import primary

VERSION = "1"

PUBLISHED_CONFIDENCE = 0.8  # above it a mention goes into ninjs `places`: one wrong place in ten would be worse than none
MENTIONS_MAX = 500  # a report names some 30; a table of results would fill the record with the same names
GEONAMES = "https://sws.geonames.org/{}/"  # GeoNames' concept id; an identifier, never fetched


def enrich(article: Article, state: State, now: str) -> Emit:
    """Emits the article with all annotations; it never refuses one."""
    for enricher in ENRICHERS:
        article = enricher(article)
    pipeline = article.pipeline
    provenance = replace(pipeline.provenance, stages={**pipeline.provenance.stages, "enrich": VERSION})
    return Emit(replace(article, pipeline=replace(pipeline, provenance=provenance)))


def places(article: Article) -> Article:
    """Countries and capitals named in the body. A language without names in the tables is skipped, and says so in `rules`."""
    from pipeline.wire.places import LANGUAGES, METHOD, find_places

    text = article.body_text
    if not text:
        return article
    if primary(article.language) not in LANGUAGES:
        return _with_rules(article, "places.skipped_language")
    mentions = tuple(
        PlaceMention(
            text=text[found.start : found.end],
            start=found.start,
            end=found.end,
            name=found.named.name,
            country=found.named.country,
            lat=found.named.lat,
            lon=found.named.lon,
            geonames=found.named.geonames,
            role="mention",
            method=METHOD,
            confidence=found.named.confidence,
        )
        for found, _ in zip(find_places(text), range(MENTIONS_MAX), strict=False)
    )
    if not mentions:
        return article
    annotations = replace(article.pipeline.annotations or Annotations(), places=mentions)
    published = tuple(_published(article.places, mentions))
    return replace(article, places=published, pipeline=replace(article.pipeline, annotations=annotations))


def _published(given: Iterable[Place], mentions: Iterable[PlaceMention]) -> Iterable[Place]:
    """The source's own places, then each sure one once, in order of first mention."""
    found = [Place(name=mention.name, uri=GEONAMES.format(mention.geonames)) for mention in mentions if _is_sure(mention)]
    return dict.fromkeys((*given, *found))


def _is_sure(mention: PlaceMention) -> bool:
    return mention.confidence > PUBLISHED_CONFIDENCE


def _with_rules(article: Article, rule: str) -> Article:
    return replace(article, pipeline=replace(article.pipeline, rules=(*article.pipeline.rules, rule)))


ENRICHERS: tuple[Callable[[Article], Article], ...] = (places,)
