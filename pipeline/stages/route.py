"""Chooses the public topics of a finished event, and withdraws what may not be seen any more. The article itself is not changed.

The state remembers, per home, which uris stand on which topics. All that is told of an item comes through its home
(`Story.home`), in order, so that nothing older comes out after something newer. A retraction names what it withdraws, wherever
the rules had sent it; what it names of other homes is told there. An article whose routing changes leaves nothing behind. Public
topics are compacted and keyed by uri: null is the withdrawal. What a retraction names here and the row lacks gets it on every
topic where it can stand: a null too many is nothing, one too few leaves the text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct
from xxhash import xxh3_128_digest

from pipeline.article import Article
from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, State
from pipeline.routes import BY_LANGUAGE, URGENCY, RouteRule, Routes
from pipeline.stages.bucket import bucket, bucket_of
from pipeline.story import Withdrawn
from pipeline.topics import PUBLIC_LANGUAGES
from pipeline.wire.dates import parse_instant
from pipeline.wire.language import primary

VERSION = "4"

WITHDRAWN = frozenset({"killed", "held"})  # states in which nothing of a story may stand
MEDIATOPIC = "http://cv.iptc.org/newscodes/mediatopic/"
CODEC = b"\x02"  # of packed rows; a row of another version is read as absent


class Stand(Struct, frozen=True, array_like=True):
    """What readers have of an item: on which topics, and when that version was made (RFC 3339, "" where nobody says)."""

    topics: tuple[str, ...]
    made_at: str = ""


Standing = dict[str, Stand]  # by uri
ROW = msgspec.msgpack.Decoder(Standing)


class Published(Struct, frozen=True):
    """Goes to this topic, in this projection."""

    topic: str
    projection: str


class Routed(Struct, frozen=True):
    """What a record comes to: `to` of the article, `withdrawn` pairs of topic and uri that become null."""

    article: Article
    to: tuple[Published, ...] = ()
    withdrawn: tuple[tuple[str, str], ...] = ()


def routing(routes: Routes) -> Callable[[Article, State, str], Emit | Drop]:
    """The stage function for these rules."""
    return lambda article, state, now: route(article, state, now, routes)


def route(article: Article, state: State, now: str, routes: Routes = BY_LANGUAGE) -> Emit | Drop:
    """Emits where the article goes and what is withdrawn; drops what changes nothing that readers see."""
    key = xxh3_128_digest(home_key(article).encode())
    packed = state.get(key)
    standing = _unpacked(packed)
    to = tuple(targets(article, routes)) if is_public(article) else ()
    after = _left(article, standing)
    if to:
        after[article.uri] = Stand(tuple(published.topic for published in to), article.version_created)
    withdrawn = tuple(
        (topic, uri)
        for uri, stand in standing.items()
        for topic in stand.topics
        if uri not in after or topic not in after[uri].topics
    )
    withdrawn += tuple(_elsewhere(article, standing, routes))
    writes = ((key, CODEC + msgspec.msgpack.encode(after) if after else None),) if after != standing else ()
    if not to and not withdrawn:
        return Drop(Reason.NOT_PUBLIC, writes=writes)
    return Emit(Routed(article, to, withdrawn), writes=writes)


def home_key(article: Article) -> str:
    """The id of its home, by which `linked` and `enriched` are keyed; the uri stands in for an article that was never linked."""
    story = article.pipeline.story
    return story.home or story.id if story else article.uri


def is_public(article: Article) -> bool:
    """False for what is held (embargo, hold), withdrawn, no article (advisory, test message), or told elsewhere."""
    status, story = article.pipeline.status, article.pipeline.story
    if story is not None and (story.state in WITHDRAWN or story.relation == "advisory" or story.is_echo):
        return False
    return article.pub_status in ("", "usable") and (status is None or (status.kind == "article" and not status.is_held))


def _unpacked(row: bytes | None) -> Standing:
    return ROW.decode(row[len(CODEC) :]) if row and row.startswith(CODEC) else {}


def _left(article: Article, standing: Standing) -> Standing:
    """What still stands of this home once the article has come, the article itself left out.

    A kill says all that it withdraws: it can be about another item than its own, or be overtaken by a later version. Where the
    story lives on, items that a retraction names with versions are newer by now; those go that it names as a whole.
    """
    retraction, story = article.pipeline.retraction, article.pipeline.story
    if retraction is None or retraction.kind == "release" or story is None:
        return {uri: stand for uri, stand in standing.items() if uri != article.uri}
    if retraction.is_partial and home_key(article) in retraction.stories:
        return {}
    gone = {item.uri for item in _named(article) if not item.versions or _withdraws(article)}
    if not story.is_echo and story.relation not in ("kill", "hold"):
        gone.add(article.uri)
    return {uri: stand for uri, stand in standing.items() if uri not in gone or _is_beyond(article, stand)}


def _is_beyond(article: Article, stand: Stand) -> bool:
    """Whether a kill of which `link` held no text (it came in another language than its item) is older than what stands.

    By their dates alone; at the same instant the kill counts.
    """
    story = article.pipeline.story
    is_blind = story is not None and story.revision == 0 and bool(stand.made_at and article.version_created)
    return is_blind and parse_instant(stand.made_at) > parse_instant(article.version_created)


def _named(article: Article) -> Iterator[Withdrawn]:
    """What its retraction withdraws of this home."""
    retraction, story = article.pipeline.retraction, article.pipeline.story
    if retraction is not None and story is not None and retraction.kind != "release":
        yield from (item for item in retraction.items if (item.home or story.id) == home_key(article))


def _withdraws(article: Article) -> bool:
    """Whether the whole story may not be seen, not only this article."""
    story = article.pipeline.story
    return story is not None and story.state in WITHDRAWN


def _elsewhere(article: Article, standing: Standing, routes: Routes) -> Iterator[tuple[str, str]]:
    """(topic, uri) of what the retraction names here and the row does not have, on every topic where it can stand."""
    if not _withdraws(article):
        return
    is_own = bucket(article) == bucket_of(article.language)  # a kill need not say its language, and can be in another one
    is_told = is_own and primary(article.language) in PUBLIC_LANGUAGES
    by_language = (public_topic(article),) if is_told else tuple(f"out.{language}" for language in PUBLIC_LANGUAGES)
    topics = dict.fromkeys((*(by_language if routes.by_language else ()), *routes.topics))
    for item in _named(article):
        if item.uri not in standing:
            yield from ((topic, item.uri) for topic in topics)


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def targets(article: Article, routes: Routes) -> Iterator[Published]:
    """The topics of every rule that matches, each once: the first rule's projection counts, the whole event before all."""
    seen: set[str] = set()
    by_language = [Published(public_topic(article), "full")] if routes.by_language else []
    for published in (*by_language, *(Published(rule.to, rule.projection) for rule in routes.rules if matches(article, rule))):
        if published.topic not in seen:
            seen.add(published.topic)
            yield published


def public_topic(article: Article) -> str:
    """`out.en` and its like, `out.other` for languages without a topic of their own; keyed by uri."""
    return f"out.{bucket_of(article.language)}"


def matches(article: Article, rule: RouteRule) -> bool:
    """Whether every key that the rule gives matches."""
    return all(not getattr(rule, name) or test(article, getattr(rule, name)) for name, test in TESTS)


def _language(article: Article, words: Sequence[str]) -> bool:
    found = article.language.casefold()
    return any(found == word.casefold() or found.startswith(f"{word.casefold()}-") for word in words)


def _subject(article: Article, words: Sequence[str]) -> bool:
    codes = {word if ":" in word else MEDIATOPIC + word for word in words}
    return any(subject.uri in codes for subject in article.subjects)


def _provider(article: Article, words: Sequence[str]) -> bool:
    return article.pipeline.identity.provider.casefold() in _folded(words)


def _agency(article: Article, words: Sequence[str]) -> bool:
    credit = article.pipeline.credit
    return credit is not None and credit.agency.casefold() in _folded(words)


def _place(article: Article, words: Sequence[str]) -> bool:
    annotations = article.pipeline.annotations
    mentions = annotations.places if annotations else ()
    found = {place.name.casefold() for place in article.places} | {
        text.casefold() for mention in mentions for text in (mention.name, mention.country) if text
    }
    return not found.isdisjoint(_folded(words))


def _urgency(article: Article, bounds: str) -> bool:
    found = URGENCY.fullmatch(bounds)
    assert found is not None, "checked when the settings were read"
    return article.urgency is not None and int(found[1]) <= article.urgency <= int(found[2] or found[1])


def _relation(article: Article, words: Sequence[str]) -> bool:
    story = article.pipeline.story
    return story is not None and story.relation in words


def _folded(words: Sequence[str]) -> set[str]:
    return {word.casefold() for word in words}


TESTS: tuple[tuple[str, Callable[[Article, object], bool]], ...] = (
    ("language", _language),
    ("subject", _subject),
    ("provider", _provider),
    ("agency", _agency),
    ("place", _place),
    ("urgency", _urgency),
    ("relation", _relation),
)  # type: ignore[assignment]


# ── projections ──────────────────────────────────────────────────────────────────────────────────────────────────────

WITHOUT: Mapping[str, frozenset[str]] = {
    "full": frozenset(),
    "ninjs-only": frozenset({"pipeline"}),
    "headline-only": frozenset({"pipeline", "bodies", "descriptions", "associations", "renditions"}),
}


def projected(article: Article, projection: str) -> Mapping[str, object]:
    """The article as JSON builtins without what the projection leaves out; valid ninjs 3.1 in each of them."""
    facts: dict[str, object] = msgspec.to_builtins(article)
    left = {name: fact for name, fact in facts.items() if name not in WITHOUT[projection]}
    return left if projection != "headline-only" else {**left, "representationType": "partial"}
