"""Which story a text belongs to: its best earlier match. And the later texts that it is the better match of. Never all of them.

Every item is tied to one earlier item at most, by its own first text, or stands by itself; a story is an item with all that is
tied to it, directly or not. A tie depends on the two messages alone, so that the stories are the same whatever came first: a
text that comes late takes those over that are nearer to it than to what they were tied to.
"""

from collections.abc import Iterator

from msgspec import Struct

from pipeline.stages.link import alike, chain
from pipeline.stages.link.alike import Measured
from pipeline.stages.link.chain import Chain, Item
from pipeline.stages.link.memory import Memory, Told, refs
from pipeline.stages.link.message import Message
from pipeline.stages.link.sketch import Sketch, may_share_numbers
from pipeline.stages.link.telling import Telling
from pipeline.stages.link.window import TEXT_HOURS

LOADED_MAX = 12  # sketches compared per text, those with the most telling keys in common: true partners share 3 to 8
WEIGHT_MIN = 1 / 16  # a key is worth one by the number of texts that have it: to share one phrase of many reports says nothing
JUDGED_MAX = 8  # texts read for the guards
TIE_HOURS = 48  # a tag or a slug ties a revision to a text so long
SLUG_CONTAINED_MIN = 0.1  # a slug may cover several stories of a day; one of them says something of the same
TAG_CONTAINED_MIN, TAG_NUMBERS_MIN = 0.3, 0.5  # a new toll leaves the other figures as they were
RELATED_MAX = 3

# What a tie is worth, in thousandths on top of the likeness: the item's own name, the agency's word, the text.
BY_ALIAS = 4000
TIES = {"same_headline": 3000, "same_slug_root": 2000, "revision_tag": 1000}

# Where the agency says that a text is a later one, a new headline is no objection, another subject is; tables repeat headlines.
OF_TEXTS, OF_NOTICES = ("places_differ", "periods_differ", "second_clause", "names_differ"), ("places_differ", "periods_differ")

NO_WAYS: frozenset[str] = frozenset()
NO_REASONS: tuple[str, ...] = ()


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
    """A text beside ours: how alike they are, and how it was found (alias, slug, title)."""

    ref: bytes
    sketch: Sketch
    found: Measured
    ways: frozenset[str]


def bearings(memory: Memory, message: Message, drawn: Sketch, told: Told) -> Bearings:
    """Where the text stands among those that we hold."""
    mine = _telling(told)
    parents: list[Edge] = []
    children: dict[bytes, Edge] = {}
    related: dict[bytes, float] = {}
    judged = 0
    for candidate in _candidates(memory, message, drawn):
        is_worth_reading = _is_worth_reading(drawn, candidate)
        if not is_worth_reading and candidate.found.contained < alike.CONTAINED_MIN:
            continue
        place = memory.place(candidate.sketch.item)
        if place is None or judged >= JUDGED_MAX or any(edge.item == candidate.sketch.item for edge in parents):
            continue
        score, reasons = 0, NO_REASONS
        if is_worth_reading:
            judged += 1
            story = memory.story(place.story)
            item = story.find(candidate.sketch.item) if story else None
            other = memory.told(candidate.ref)
            if story is None or item is None or other is None:
                continue
            is_elder = (item.begun_at, candidate.sketch.item) < (message.stamp or message.seen_at, message.key)
            score, reasons = _judged(drawn, candidate, mine, _telling(other), is_elder=is_elder)
            edge = Edge(candidate.sketch.item, place.story, item.begun_at, score, candidate.found.score, reasons)
            if score and is_elder:
                parents.append(edge)
            elif score and _is_nearer(score, message, item, story) and _is_first_text(candidate.ref, story, item):
                children.setdefault(edge.item, edge)
        if not score and candidate.found.contained >= alike.CONTAINED_MIN:
            related[place.story] = max(related.get(place.story, 0.0), candidate.found.score)
    parent = min(parents, key=lambda edge: edge.rank, default=None)
    linked = {edge.story for edge in (*parents, *children.values())}
    near = sorted((story for story in related if story not in linked), key=lambda story: (-related[story], story))
    return Bearings(parent, tuple(children.values()), tuple(near[:RELATED_MAX]))


def _telling(told: Told) -> Telling:
    return Telling(told.headline, told.body, told.city, told.language)


# ── candidates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _candidates(memory: Memory, message: Message, drawn: Sketch) -> list[_Candidate]:
    """Texts of the last days that share a key or a name: those that share a name first, then the most alike.

    Of equals those that share the most keys: copies of a text are posted under few (weave.py), the first of them under all.
    """
    ways: dict[bytes, frozenset[str]] = {}
    weights: dict[bytes, float] = {}
    masks: dict[bytes, int] = {}  # of those that share one key
    for key in drawn.keys[: drawn.sought]:
        postings = memory.postings(key)
        for ref, mask in postings:
            if ref in weights:
                masks.pop(ref, None)
                weights[ref] += 1 / len(postings)
            else:
                masks[ref], weights[ref] = mask, 1 / len(postings)
    mine = drawn.mask
    for ref, mask in masks.items():
        if not may_share_numbers(mine, mask):
            del weights[ref]
    for way, refs_found in (
        ("slug", memory.posted(message.slug) if message.slug else ()),
        ("title", memory.posted(message.title) if message.title else ()),
        ("alias", _namesakes(memory, message)),
    ):
        for ref in refs_found:
            weights[ref] = weights.get(ref, 0.0) + len(drawn.keys)  # before those that only share words
            ways[ref] = ways.get(ref, NO_WAYS) | {way}
    found = []
    likely = [ref for ref, weight in weights.items() if weight >= WEIGHT_MIN]
    for ref in sorted(likely, key=lambda ref: (-weights[ref], ref))[:LOADED_MAX]:
        other = memory.sketch(ref)
        if other is not None and other.item != message.key and abs(other.hour - drawn.hour) <= TEXT_HOURS:
            found.append(_Candidate(ref, other, alike.measure(drawn, other), ways.get(ref, NO_WAYS)))
    return sorted(found, key=lambda one: (not one.ways, -one.found.score, -weights[one.ref], one.ref))


def _namesakes(memory: Memory, message: Message) -> Iterator[bytes]:
    for alias in message.aliases:
        for item in memory.items_of(alias):
            found = memory.whereabouts(item) if item != message.key else None
            if found:
                yield from refs(found[1], found[2].uri)


def _is_nearer(score: int, message: Message, item: Item, story: Chain) -> bool:
    """Whether a later item is tied more strongly to this message than to what it is tied to: by score, then to the older."""
    held = next((one for one in story.items if chain.digest(one.uri)[:8] == item.parent), None)
    mine = (-score, message.stamp or message.seen_at, message.key)
    return held is None or mine < (-item.score, held.begun_at, chain.digest(held.uri))


def _is_first_text(ref: bytes, story: Chain, item: Item) -> bool:
    """An item is tied by its first text: what it came to later may quote anybody."""
    return ref == next(iter(refs(story, item.uri)), b"")


# ── two texts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_worth_reading(drawn: Sketch, candidate: _Candidate) -> bool:
    """Whether the texts can make them one story, as far as the sketches tell."""
    theirs = candidate.sketch
    if "alias" in candidate.ways or alike.passes(candidate.found):
        return True
    is_tag = (drawn.is_revision or theirs.is_revision) and _is_same_house(drawn, theirs)
    return is_tag and (bool(candidate.ways) or candidate.found.contained >= TAG_CONTAINED_MIN)


def _judged(
    drawn: Sketch, candidate: _Candidate, mine: Telling, other: Telling, *, is_elder: bool
) -> tuple[int, tuple[str, ...]]:
    """How strong the tie of two texts is, 0 for none, and why. The messages' own word comes before the texts'."""
    found, theirs = candidate.found, candidate.sketch
    likeness = round(found.score * 1000)
    if "alias" in candidate.ways and _is_near(found, mine, other):
        return BY_ALIAS + likeness, ("same_guid_or_link", *found.reasons)
    newer, older = (drawn, theirs) if is_elder else (theirs, drawn)
    way = _tag_tie(candidate, newer, older, mine, other) if newer.is_revision and _is_same_house(newer, older) else ""
    if way:
        return TIES[way] + likeness, (way, *(() if way == "revision_tag" else ("revision_tag",)), *found.reasons)
    if _are_apart(drawn, theirs):
        return 0, ()
    verdict = alike.judge(found, mine, other)
    return (max(1, round(verdict.score * 1000)), verdict.reasons) if verdict.is_same else (0, ())


def _are_apart(one: Sketch, other: Sketch) -> bool:
    """Round-ups never merge, and no agency's report is another's."""
    return one.is_synthesis or other.is_synthesis or bool(one.agency and other.agency and one.agency != other.agency)


def _tag_tie(candidate: _Candidate, newer: Sketch, older: Sketch, mine: Telling, other: Telling) -> str:
    """What ties a revision to a text of its house: the headline, the slug, the text; "" for nothing."""
    found = candidate.found
    if abs(newer.hour - older.hour) > TIE_HOURS or newer.is_synthesis != older.is_synthesis:
        return ""
    if "title" in candidate.ways and not newer.is_synthesis and _tells_of_the_same(found, mine, other):
        return "same_headline"
    if "slug" in candidate.ways and (
        found.contained >= SLUG_CONTAINED_MIN or _shares_headline(mine, other) or _shares_name(mine, other)
    ):
        return "same_slug_root"
    if newer.is_synthesis or found.is_short or found.contained < TAG_CONTAINED_MIN or found.numbers < TAG_NUMBERS_MIN:
        return ""
    return "" if alike.objection(found, mine, other, only=OF_TEXTS) else "revision_tag"


def _tells_of_the_same(found: Measured, one: Telling, two: Telling) -> bool:
    """A headline that two texts share is no proof: it comes again with other news. An alert has no text to share."""
    return (found.is_short or found.contained >= SLUG_CONTAINED_MIN) and not alike.objection(found, one, two, only=OF_NOTICES)


def _is_near(found: Measured, one: Telling, two: Telling) -> bool:
    """A shared guid is no proof: publishers use one for two stories."""
    is_grown = found.contained >= TAG_CONTAINED_MIN and found.numbers >= TAG_NUMBERS_MIN
    return (is_grown or _shares_headline(one, two)) and not alike.objection(found, one, two, only=OF_TEXTS)


def _shares_headline(one: Telling, two: Telling) -> bool:
    """Half of the words of the shorter headline."""
    return 2 * len(one.title & two.title) >= min(len(one.title), len(two.title)) > 0


def _shares_name(one: Telling, two: Telling) -> bool:
    return not one.names.isdisjoint(two.names)


def _is_same_house(one: Sketch, other: Sketch) -> bool:
    return one.publisher == other.publisher or (one.agency != 0 and one.agency == other.agency)
