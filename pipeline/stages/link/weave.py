"""Puts a message into its story: merges it in, moves what its coming moves, and keeps its text. Rows change here.

What it means is settle.py's business.
"""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from pipeline.records import Side
from pipeline.stages.link import chain, events, kills, place
from pipeline.stages.link.chain import NOTHING, Chain, Entry, Item
from pipeline.stages.link.memory import TEXTS_MAX, Memory, Place, Told, text_ref
from pipeline.stages.link.message import Message
from pipeline.stages.link.place import Bearings
from pipeline.stages.link.sketch import REVISION, SYNTHESIS, Sketch, draw
from pipeline.stages.link.window import ITEMS, TEXTS
from pipeline.stages.rows import enlist
from pipeline.story import StoryState

ALONE = Bearings()
PARENT_HOURS = 24  # of the 72 that texts are kept: so much earlier than its copy an original may be forgotten
ALIASES_MAX = 6  # of an item, the first ones: a guid and a link each from three feeds
REVISIONS = frozenset({"update", "correction", "refile", "repeat", "synthesis"})  # a second round-up revises the first


class Merged(Struct, frozen=True, kw_only=True):
    """A message in its story.

    `before` is the chain that it came into (None: a story begins), `earlier` its item before; `joined` are the states of the
    stories from which it drew items.
    """

    story: bytes
    before: Chain | None
    after: Chain
    earlier: Item | None
    item: Item
    entry: Entry
    bearings: Bearings = ALONE
    moves: tuple[Side, ...] = ()
    joined: tuple[StoryState, ...] = ()


def merge(memory: Memory, message: Message, now: str) -> Merged:
    """Puts the message into its story; stories and items that it moves are moved."""
    known = memory.place(message.key)
    own = memory.story(known.story) if known else None
    item = own.item(message.uri) if own else None
    message = _after_the_last(message, item)
    entry = message.entry()
    is_first = item is None or not item.entries or entry.order < item.entries[0].order
    found = ALONE
    if message.has_text and (is_first or _is_kept(item, entry)):
        found = _look(memory, message, entry, is_first=is_first)
    merged = _woven(memory, message, known, own, found if is_first else None, now)
    _keep_place(memory, message, known, merged.story)
    if (kept := merged.item.entries[:-TEXTS_MAX]) and entry in merged.item.entries:
        memory.forget(text_ref(message.key, kept[-1].content))
    return merged


def _after_the_last(message: Message, item: Item | None) -> Message:
    """Texts that nothing but our seeing them tells apart are in the order in which they came."""
    last = item.head if item else None
    if last is None or message.number or last.number or message.stamp != last.stamp or message.seen_at > last.seen_at:
        return message
    if item and any(entry.content == message.content for entry in item.entries):
        return message
    return replace(message, seen_at=last.seen_at + 1)


def _is_kept(item: Item | None, entry: Entry) -> bool:
    """Whether a text is among the newest of its item, and new."""
    entries = item.entries if item else ()
    is_new = all(known.content != entry.content for known in entries)
    return is_new and (len(entries) < TEXTS_MAX or entry.order > entries[-TEXTS_MAX].order)


def _look(memory: Memory, message: Message, entry: Entry, *, is_first: bool) -> Bearings:
    """Keeps the text, and looks for others like it when it is its item's first."""
    posted = tuple(key for key in (message.slug, kills.own_serial(message)) if key)
    drawn = draw(
        item=message.key,
        hour=message.hour,
        publisher=int.from_bytes(message.publisher, "big"),
        agency=int.from_bytes(message.agency, "big"),
        headline=message.headline,
        body=message.body,
        language=message.language,
        flags=(REVISION if message.says in REVISIONS else 0) | (SYNTHESIS if message.says == "synthesis" else 0),
        title=message.title,
        posted=posted,
    )
    told = Told(message.headline, message.body, message.city, message.language)
    found = place.bearings(memory, message, drawn, told) if is_first else ALONE
    ref = text_ref(message.key, entry.content)
    named = (*posted, *((message.title,) if message.title else ()))
    memory.keep(ref, drawn, told, named if _is_found_by_its_parent(memory, drawn, found) else None)
    enlist(memory, TEXTS, message.hour, b"p" + ref)
    return found


def _is_found_by_its_parent(memory: Memory, drawn: Sketch, found: Bearings) -> bool:
    """Whether the text that it is tied to has all of its keys, and about its age: whoever shares words with it finds that one.

    So a report that a hundred sites carry fills no list of texts, and its copies find the first of them in whatever order they
    come. Names (slug, serial, headline) are posted all the same: a kill by description may mean any of them.
    """
    parent = found.parent
    held = memory.story(parent.story) if parent else None
    item = held.find(parent.item) if parent and held else None
    if parent is None or item is None or not item.entries:
        return False
    other = memory.sketch(text_ref(parent.item, item.entries[0].content))
    return other is not None and abs(other.hour - drawn.hour) <= PARENT_HOURS and set(drawn.keys[: drawn.sought]) <= {*other.keys}


def _woven(memory: Memory, message: Message, known: Place | None, own: Chain | None, found: Bearings | None, now: str) -> Merged:
    """The stories after the message: its own item with all that hangs on it, below its parent, with its children below it.

    `found` None: a later text, which leaves its item where it is.
    """
    bearings = found or ALONE
    parent = bearings.parent
    base = memory.story(parent.story) if parent else None
    origins: dict[bytes, Chain] = {}
    mine = own or NOTHING
    if found is not None and own is not None and known is not None:
        mine = chain.branch(own, message.uri)
        if parent is None or parent.story != known.story:
            origins[known.story] = mine
    after = chain.merged((base or NOTHING, mine, message.chain()))
    if found is not None:
        after = _tied(after, message.uri, parent.item[:8] if parent else b"", parent.score if parent else 0)
    for child in bearings.children:
        held = memory.story(child.story)
        item = held.find(child.item) if held else None
        if held is None or item is None:
            continue
        if after.item(item.uri):
            after = _tied(after, item.uri, message.key[:8], child.score)
        else:
            moving = _tied(chain.branch(held, item.uri), item.uri, message.key[:8], child.score)
            origins[child.story] = chain.join(origins.get(child.story, NOTHING), moving)
            after = chain.join(after, moving)
    story = chain.digest(chain.root(after).uri)
    joined = tuple(kills.standing(memory, held) for origin in origins if (held := memory.story(origin)))
    into = parent.story if parent else known.story if known and found is None else b""
    moves = tuple(_moves(memory, origins, story, into, after, now))
    item = after.item(message.uri) or message.chain().items[0]
    own_entry = message.entry()
    return Merged(
        story=story,
        before=base if base is not None else own,
        after=after,
        earlier=own.item(message.uri) if own else None,
        item=item,
        entry=next((one for one in item.entries if one.identity == own_entry.identity), own_entry),
        bearings=bearings,
        moves=moves,
        joined=joined,
    )


def _tied(branch: Chain, uri: str, parent: bytes, score: int) -> Chain:
    """The branch, hung on another item."""
    item = branch.item(uri)
    if item is None or (item.parent, item.score) == (parent, score):
        return branch
    return replace(branch, items=tuple(replace(i, parent=parent, score=score) if i is item else i for i in branch.items))


def _moves(memory: Memory, origins: dict[bytes, Chain], story: bytes, into: bytes, after: Chain, now: str) -> Iterator[Side]:
    """Takes items out of the stories they leave, gives them their new place, and says so. `into` is what `story` was before."""
    for origin, gone in sorted(origins.items()):
        if origin == story:
            continue
        held = memory.story(origin)
        uris = [item.uri for item in gone.items]
        memory.put_story(origin, chain.without(held, uris) if held else None)
        yield from _resettled(memory, uris, origin, story, now)
    if into and into != story:  # the story got an older beginning, and its name from that
        memory.put_story(into, None)
        yield from _resettled(memory, [item.uri for item in after.items], into, story, now)


def _resettled(memory: Memory, uris: list[str], origin: bytes, story: bytes, now: str) -> Iterator[Side]:
    moved = []
    for uri in uris:
        key = chain.digest(uri)
        was = memory.place(key)
        if was and was.story == origin:
            memory.put_place(key, was.moved(story))
            moved.append(uri)
    if moved:
        yield events.moved(moved, chain.story_urn(origin), chain.story_urn(story), now)


def _keep_place(memory: Memory, message: Message, known: Place | None, story: bytes) -> None:
    hour = max(known.hour, message.hour) if known else message.hour
    aliases = tuple(dict.fromkeys((*(known.aliases if known else ()), *message.aliases)))[:ALIASES_MAX]
    moved = known.moved(story) if known else Place(story, hour)
    memory.put_place(message.key, replace(moved, hour=hour, aliases=aliases, bucket=moved.bucket or message.bucket))
    for alias in message.aliases:
        if alias in aliases:  # no other would be taken from it when it is forgotten
            memory.name(alias, message.key)
    if known is None or hour > known.hour:
        enlist(memory, ITEMS, hour, b"u" + message.key)
