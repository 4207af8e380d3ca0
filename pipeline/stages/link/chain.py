"""The messages of one story, merged: a function of the set of messages, whatever the order in which they came. Pure; no texts.

`join` is commutative, associative and idempotent, so repeats add nothing and late messages end where they would have stood:
a late lower version fills the history, and never brings back what a kill or a hold covers. A *mark* (kill, hold, release) covers
every text up to its own position: of its own item by version number, of the story's other items by time.
Only a source that gives neither number nor date is ordered by when we saw it, since nothing else tells its texts apart.
"""

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import pairwise

from msgspec import Struct, msgpack
from msgspec.structs import replace
from xxhash import xxh3_128_digest

from pipeline.story import StoryState

CODEC = b"\x02"  # of packed rows; a row of another version is read as absent
HISTORY_MAX = 32  # texts kept per item, the newest: 32 × 36 bytes; nothing is decided by older ones
ITEMS_MAX = 64  # items of a story that are kept by name; a copy beyond them is still a sighting

Mark = tuple[int, int]  # number (0: unnumbered) and stamp (ms since 1970; 0: undated): the position up to which a mark covers


class Entry(Struct, frozen=True, array_like=True):
    """One text: its `content` digest (16 bytes) and what orders it. `seen_at` (ms) only counts where there is no number.

    `is_sealed`: under an embargo that ends by itself, in every copy of the message that we have seen.
    """

    number: int
    stamp: int
    seen_at: int
    content: bytes
    is_sealed: bool = False

    @property
    def identity(self) -> tuple[int, int, bytes]:
        """What makes it one text of its item. The same words under a new number (without numbers: a new date) are another."""
        return self.number, 0 if self.number else self.stamp, self.content

    @property
    def order(self) -> tuple[int, int, int, bytes]:
        """The total order: version, versionCreated, content; first sight stands before the content of unnumbered texts."""
        return self.number, self.stamp, 0 if self.number else self.seen_at, self.content


class Item(Struct, frozen=True, array_like=True):
    """All we know of one uri in this story: its texts in order, the furthest marks, and what ties it to the story.

    `publisher` and `agency` are digests of who carries and who wrote it; `parent` (8 bytes of a uri's digest) and `score` (in
    thousandths) name the item it was tied to, b"" for one that stands by itself. `forgotten` counts texts beyond HISTORY_MAX.
    """

    uri: str
    publisher: bytes = b""
    agency: bytes = b""
    is_own: bool = False
    entries: tuple[Entry, ...] = ()
    kill: Mark | None = None
    hold: Mark | None = None
    release: Mark | None = None
    parent: bytes = b""
    score: int = 0
    forgotten: int = 0

    @property
    def head(self) -> Entry | None:
        """The newest text."""
        return self.entries[-1] if self.entries else None

    @property
    def begun_at(self) -> int:
        """When its first text was made, as far as anybody says (ms)."""
        return min((entry.stamp or entry.seen_at for entry in self.entries), default=0)


class Chain(Struct, frozen=True, array_like=True):
    """A story: items by uri. `described` are digests of kills that name it by description (kills.py)."""

    items: tuple[Item, ...] = ()
    described: tuple[bytes, ...] = ()

    def item(self, uri: str) -> Item | None:
        """The item of that uri."""
        return next((item for item in self.items if item.uri == uri), None)

    def find(self, key: bytes) -> Item | None:
        """The item whose uri has that digest."""
        return next((item for item in self.items if digest(item.uri) == key), None)


NOTHING = Chain()


# ── merging ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def join(one: Chain, other: Chain) -> Chain:
    """Both stories as one."""
    if not one.items and not one.described:
        return other
    if not other.items and not other.described:
        return one
    items: dict[str, Item] = {item.uri: item for item in one.items}
    for item in other.items:
        known = items.get(item.uri)
        items[item.uri] = _join_items(known, item) if known else item
    kept = sorted(items.values(), key=lambda item: item.uri)
    if len(kept) > ITEMS_MAX:
        kept = sorted(sorted(kept, key=_worth)[:ITEMS_MAX], key=lambda item: item.uri)
    return Chain(tuple(kept), tuple(sorted({*one.described, *other.described})))


def merged(chains: Iterable[Chain]) -> Chain:
    """All of them as one story."""
    return reduce(join, chains, NOTHING)


def is_full(chain: Chain) -> bool:
    """Whether it may have had more items than it knows by name."""
    return len(chain.items) >= ITEMS_MAX


def _worth(item: Item) -> tuple[bool, bool, int, str]:
    """Whom a full story keeps: items with marks, then the writer's own, then the oldest."""
    return not (item.kill or item.hold or item.release), not item.is_own, item.begun_at, item.uri


def _join_items(one: Item, other: Item) -> Item:
    stronger = max(one, other, key=lambda item: (item.score, item.parent))
    entries, forgotten = _join_entries(one, other)
    return Item(
        uri=one.uri,
        publisher=max(one.publisher, other.publisher),
        agency=max(one.agency, other.agency),
        is_own=one.is_own or other.is_own,
        entries=entries,
        kill=furthest(one.kill, other.kill),
        hold=furthest(one.hold, other.hold),
        release=furthest(one.release, other.release),
        parent=stronger.parent,
        score=stronger.score,
        forgotten=forgotten,
    )


def _join_entries(one: Item, other: Item) -> tuple[tuple[Entry, ...], int]:
    """The newest texts of both, and how many older ones there were. What is older than a full history is not counted again."""
    texts = {entry.identity: entry for entry in one.entries}
    for entry in other.entries:
        known = texts.setdefault(entry.identity, entry)
        if known != entry:
            texts[entry.identity] = replace(
                known,
                stamp=max(known.stamp, entry.stamp),
                seen_at=min(known.seen_at, entry.seen_at),
                is_sealed=known.is_sealed and entry.is_sealed,
            )
    ranked = sorted(texts.values(), key=lambda entry: entry.order)
    full = {entry.identity for item in (one, other) if len(item.entries) == HISTORY_MAX for entry in item.entries}
    dropped = sum(
        entry.identity in full and entry.content != following.content
        for entry, following in pairwise(ranked[: max(0, len(ranked) - HISTORY_MAX) + 1])
    )
    return tuple(ranked[-HISTORY_MAX:]), max(one.forgotten, other.forgotten) + dropped


def furthest(one: Mark | None, other: Mark | None) -> Mark | None:
    """The mark that covers what either covers."""
    return (max(one[0], other[0]), max(one[1], other[1])) if one and other else one or other


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def canonical(chain: Chain) -> Item | None:
    """The writer's own item where there is one, else the oldest; None in a story without texts."""
    return min((item for item in chain.items if item.entries), key=_seniority, default=None)


def root(chain: Chain) -> Item:
    """The item that gives the story its name: the oldest text, by its own date."""
    return min(chain.items, key=lambda item: (not item.entries, item.begun_at, item.uri))


def _seniority(item: Item) -> tuple[bool, int, str]:
    return not item.is_own, item.begun_at, item.uri


def is_version(item: Item, of: Item) -> bool:
    """Whether an item of the story is the same publisher's word, and no copy of it."""
    is_one_agency = bool(item.agency) and item.agency == of.agency
    return item.publisher == of.publisher or (item.is_own and of.is_own and is_one_agency)


def head(chain: Chain) -> tuple[Item, Entry] | None:
    """The newest text of the canonical publisher: of each item the highest version, of these the latest."""
    return max(_heads(chain, sealed=True), key=_lateness, default=None)


def shown(chain: Chain) -> tuple[Item, Entry] | None:
    """The newest text that is under no embargo; the newest of all where every one is."""
    return max(_heads(chain, sealed=False), key=_lateness, default=None) or head(chain)


def _heads(chain: Chain, *, sealed: bool) -> Iterator[tuple[Item, Entry]]:
    first = canonical(chain)
    for item in chain.items if first else ():
        assert first is not None
        entry = next((one for one in reversed(item.entries) if sealed or not one.is_sealed), None)
        if entry and is_version(item, first):
            yield item, entry


def _lateness(found: tuple[Item, Entry]) -> tuple[int, int, int, int, bytes, str]:
    item, entry = found
    return (entry.stamp or entry.seen_at, *entry.order, item.uri)


def state(chain: Chain) -> StoryState:
    """Killed and held until a higher version or a release says otherwise. Kills by description are not looked at here."""
    if not any(item.kill or item.hold or any(entry.is_sealed for entry in item.entries) for item in chain.items):
        return "live"
    found = shown(chain)
    if found is None:
        return (
            "killed" if any(item.kill for item in chain.items) else "held" if any(item.hold for item in chain.items) else "live"
        )
    return state_of(chain, *found)


def state_of(chain: Chain, item: Item, entry: Entry) -> StoryState:
    """Whether that text may be shown, as far as the marks of the story say."""
    lifted = max((other.release[1] for other in chain.items if other.release), default=-1)
    if any(covers(mark, other, item, entry, lifted) for other in chain.items if (mark := other.kill)):
        return "killed"
    if any(covers(mark, other, item, entry, lifted) for other in chain.items if (mark := other.hold)):
        return "held"
    return "held" if entry.is_sealed else "live"


def covers(mark: Mark, of: Item, item: Item, entry: Entry, lifted: int) -> bool:
    """Whether a mark on item `of` covers a text of `item`. `lifted` is the time up to which marks are released."""
    number, stamp = mark
    if stamp <= lifted and lifted >= 0:
        return False
    if of.uri == item.uri and number and entry.number:
        return entry.number <= number
    return entry.stamp <= stamp


def is_marked(chain: Chain) -> bool:
    """Whether anything withdraws in it, or describes it: else all of its texts may be shown that are under no embargo."""
    return bool(chain.described) or any(item.kill or item.hold for item in chain.items)


def ordinal(item: Item, entry: Entry) -> int:
    """The version that a text is known by: the wire's own number, else how often the words had changed by then, from 1."""
    if entry.number:
        return entry.number
    before = item.entries[: item.entries.index(entry) + 1] if entry in item.entries else ()
    return max(1, item.forgotten + _changes(before))


def revisions(item: Item) -> int:
    """How often the words of an item have changed, its first text included."""
    return item.forgotten + _changes(item.entries)


def revision(chain: Chain) -> int:
    """How often the words of the canonical publisher have changed, over all of its items; 0 in a story without texts."""
    first = canonical(chain)
    return sum(revisions(item) for item in chain.items if is_version(item, first)) if first else 0


def _changes(entries: tuple[Entry, ...]) -> int:
    return sum(at == 0 or entry.content != entries[at - 1].content for at, entry in enumerate(entries))


def pack(chain: Chain) -> bytes:
    """The row of a story."""
    return CODEC + msgpack.encode(chain)


def unpack(row: bytes | None) -> Chain | None:
    """The story of a row; None for no row, and for one of another codec."""
    return msgpack.decode(row[1:], type=Chain) if row and row.startswith(CODEC) else None


def digest(uri: str) -> bytes:
    """What stands for a uri in rows: 16 bytes."""
    return bytes(xxh3_128_digest(uri.encode()))


def branch(chain: Chain, uri: str) -> Chain:
    """The part of the story that hangs on an item: itself, and all that is tied to it."""
    kept, wanted = {uri}, {digest(uri)[:8]}
    rest = [item for item in chain.items if item.uri != uri]
    while found := [item for item in rest if item.parent in wanted and item.uri not in kept]:
        kept |= {item.uri for item in found}
        wanted = {digest(item.uri)[:8] for item in found}
    return Chain(tuple(item for item in chain.items if item.uri in kept), chain.described)


def without(chain: Chain, uris: Iterable[str]) -> Chain:
    """The story without these items."""
    gone = set(uris)
    return replace(chain, items=tuple(item for item in chain.items if item.uri not in gone))


def story_id(uri: str) -> str:
    """The id of the story that this uri began."""
    return story_urn(digest(uri))


def story_urn(story: bytes) -> str:
    """The id of a story by its digest."""
    return f"urn:newswire:story:{story.hex()}"
