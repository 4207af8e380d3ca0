"""Which story a text belongs to: its best earlier match. And the later texts that it is the better match of. Never all of them.

Every item is tied to one earlier item at most, by its own first text, or stands by itself; a story is an item with all that is
tied to it, directly or not. A tie depends on the two messages alone, so that the stories are the same whatever came first: a
text that comes late takes those over that are nearer to it than to what they were tied to.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from msgspec import Struct

from pipeline.stages.link import alike, chain
from pipeline.stages.link.alike import Measured, Telling
from pipeline.stages.link.chain import Chain, Item
from pipeline.stages.link.memory import Memory, Told, refs
from pipeline.stages.link.message import Message
from pipeline.stages.link.sketch import Sketch
from pipeline.stages.link.window import TEXT_HOURS

LOADED_MAX = 24  # sketches compared per text, those with most keys in common: true partners share 3 to 8
JUDGED_MAX = 8  # texts read for the guards
TIE_HOURS = 48  # a tag or a slug ties a revision to a text so long (linking.md, section 4)
SLUG_CONTAINED_MIN = 0.1  # a slug may cover several stories of a day; one of them says something of the same
TAG_CONTAINED_MIN = 0.3
RELATED_MAX = 3

# What a tie is worth, in thousandths on top of the likeness: a name of the item, the agency's own word, the text.
BY_ALIAS, BY_TAG = 3000, 2000

# Where the agency says that a text is a later one, a new headline is no objection, another subject is; tables repeat headlines.
OF_TEXTS, OF_NOTICES = ("places_differ", "periods_differ", "second_clause", "names_differ"), ("places_differ", "periods_differ")

Ways = defaultdict[bytes, set[str]]  # text → how it was found: alias, slug, title, text


class Edge(Struct, frozen=True):
    """A tie of two items: `item` is the other one's digest, `score` its strength (with the bonus of a tie), `likeness` 0 to 1."""

    item: bytes
    story: bytes
    begun_at: int
    score: int
    likeness: float
    reasons: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, int, bytes]:
        """The best tie is the strongest, then the one to the oldest."""
        return -self.score, self.begun_at, self.item


class Bearings(Struct, frozen=True):
    """`parent`: what the text is tied to. `children`: later items that are tied to it, or should be. `related` story digests."""

    parent: Edge | None = None
    children: tuple[Edge, ...] = ()
    related: tuple[bytes, ...] = ()


class _Candidate(Struct, frozen=True):
    ref: bytes
    sketch: Sketch
    found: Measured
    ways: set[str]


def bearings(memory: Memory, message: Message, drawn: Sketch, told: Told) -> Bearings:
    """Where the text stands among those that we hold."""
    mine = Telling(told.headline, told.body, told.city, told.language)
    parents: list[Edge] = []
    children: dict[bytes, Edge] = {}
    related: dict[bytes, float] = {}
    judged = 0
    for candidate in _candidates(memory, message, drawn):
        place = memory.place(candidate.sketch.item)
        story = memory.story(place.story) if place else None
        item = _item(story, candidate.sketch.item) if story else None
        other = memory.told(candidate.ref)
        if place is None or item is None or other is None:
            continue
        is_elder = (item.begun_at, candidate.sketch.item) < (message.stamp or message.seen_at, message.key)
        score, reasons = _tie(message, drawn, told, candidate, item, other, is_elder=is_elder)
        if not score and judged < JUDGED_MAX:
            judged += 1
            score, reasons = _likeness(mine, drawn, told, candidate, other)
        edge = Edge(candidate.sketch.item, place.story, item.begun_at, score, candidate.found.score, reasons)
        if not score:
            if candidate.found.contained >= alike.RELATED_MIN:
                related[place.story] = max(related.get(place.story, 0.0), candidate.found.score)
        elif is_elder:
            parents.append(edge)
        elif _is_nearer(score, message, item, story) and _is_first_text(candidate.ref, story, item):
            children.setdefault(edge.item, edge)
    parent = min(parents, key=lambda edge: edge.rank, default=None)
    linked = {edge.story for edge in (*parents, *children.values())}
    near = sorted((story for story in related if story not in linked), key=lambda story: (-related[story], story))
    return Bearings(parent, tuple(children.values()), tuple(near[:RELATED_MAX]))


# ── candidates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _candidates(memory: Memory, message: Message, drawn: Sketch) -> Iterator[_Candidate]:
    """Texts that share a key or a name, the best first."""
    ways: Ways = defaultdict(set)
    counts: Counter[bytes] = Counter()
    for key in drawn.keys[: drawn.sought]:
        for ref, hour in memory.posted(key):
            if abs(hour - drawn.hour) <= TEXT_HOURS:
                counts[ref] += 1
                ways[ref].add("text")
    for way, key in (("slug", message.slug), ("title", message.title)):
        for ref, hour in memory.posted(key) if key else ():
            if abs(hour - drawn.hour) <= TIE_HOURS:
                counts[ref] += 1
                ways[ref].add(way)
    for ref in _namesakes(memory, message):
        counts[ref] += len(drawn.keys)
        ways[ref].add("alias")
    best = sorted(counts, key=lambda ref: (-counts[ref], ref))[:LOADED_MAX]
    found = []
    for ref in best:
        other = memory.sketch(ref)
        if other is not None and other.item != message.key:
            found.append(_Candidate(ref, other, alike.measure(drawn, other), ways[ref]))
    yield from sorted(found, key=lambda one: (-one.found.score, one.ref))


def _namesakes(memory: Memory, message: Message) -> Iterator[bytes]:
    for alias in message.aliases:
        for item in memory.items_of(alias):
            place = memory.place(item)
            story = memory.story(place.story) if place and item != message.key else None
            found = _item(story, item) if story else None
            if story and found:
                yield from refs(story, found.uri)


def _item(story: Chain, digest: bytes) -> Item | None:
    return next((item for item in story.items if chain.digest(item.uri) == digest), None)


def _is_nearer(score: int, message: Message, item: Item, story: Chain | None) -> bool:
    """Whether a later item is tied more strongly to this message than to what it is tied to: by score, then to the older."""
    held = next((one for one in story.items if chain.digest(one.uri)[:8] == item.parent), None) if story else None
    mine = (-score, message.stamp or message.seen_at, message.key)
    return held is None or mine < (-item.score, held.begun_at, chain.digest(held.uri))


def _is_first_text(ref: bytes, story: Chain | None, item: Item) -> bool:
    """An item is tied by its first text: what it came to later may quote anybody."""
    return story is not None and ref == next(iter(refs(story, item.uri)), b"")


# ── two texts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _tie(
    message: Message, drawn: Sketch, told: Told, candidate: _Candidate, item: Item, other: Told, *, is_elder: bool
) -> tuple[int, tuple[str, ...]]:
    """What the messages themselves say: a shared name, or a revision of the same agency under the same slug or headline."""
    found = candidate.found
    likeness = round(found.score * 1000)
    one, two = (Telling(each.headline, each.body, each.city, each.language) for each in (told, other))
    if "alias" in candidate.ways and _is_near(found, one, two):
        return BY_ALIAS + likeness, ("same_guid_or_link", *found.reasons)
    newer, older = (told, other) if is_elder else (other, told)
    is_series = newer.is_synthesis == older.is_synthesis
    if not (newer.is_revision and is_series and _is_same_house(drawn, candidate.sketch)):
        return 0, ()
    if abs(drawn.hour - candidate.sketch.hour) > TIE_HOURS:
        return 0, ()
    if "slug" in candidate.ways and (found.contained >= SLUG_CONTAINED_MIN or _shares_headline(one, two)):
        return BY_TAG + likeness, ("same_slug_root", "revision_tag", *found.reasons)
    if newer.is_synthesis:
        return 0, ()
    if "title" in candidate.ways and not alike.objection(found, one, two, only=OF_NOTICES):
        return BY_TAG + likeness, ("same_headline", "revision_tag", *found.reasons)
    if found.contained >= TAG_CONTAINED_MIN and not found.is_short and not alike.objection(found, one, two, only=OF_TEXTS):
        return BY_TAG + likeness, ("revision_tag", *found.reasons)
    return 0, ()


def _likeness(mine: Telling, drawn: Sketch, told: Told, candidate: _Candidate, other: Told) -> tuple[int, tuple[str, ...]]:
    """What the texts say. Round-ups never merge, and no agency's report is another's."""
    theirs = candidate.sketch
    if told.is_synthesis or other.is_synthesis or (drawn.agency and theirs.agency and drawn.agency != theirs.agency):
        return 0, ()
    verdict = alike.judge(candidate.found, mine, Telling(other.headline, other.body, other.city, other.language))
    return (max(1, round(verdict.score * 1000)), verdict.reasons) if verdict.is_same else (0, ())


def _is_near(found: Measured, one: Telling, two: Telling) -> bool:
    """A shared guid is no proof: publishers use one for two stories."""
    return (found.contained >= TAG_CONTAINED_MIN or _shares_headline(one, two)) and not alike.objection(
        found, one, two, only=OF_TEXTS
    )


def _shares_headline(one: Telling, two: Telling) -> bool:
    """Half of the words of the shorter headline."""
    return 2 * len(one.title & two.title) >= min(len(one.title), len(two.title)) > 0


def _is_same_house(one: Sketch, other: Sketch) -> bool:
    return one.publisher == other.publisher or (one.agency != 0 and one.agency == other.agency)
