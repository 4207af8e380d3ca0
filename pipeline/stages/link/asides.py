"""What is no whole text: the parts of one (takes), and messages to editors, which stand by themselves."""

from msgspec.structs import replace

from pipeline.article import Article
from pipeline.stages.link import chain, events, homes, kills, takes
from pipeline.stages.link.chain import NOTHING, Chain, Entry, Item
from pipeline.stages.link.memory import Memory, Place, text_ref
from pipeline.stages.link.message import Message
from pipeline.stages.link.outcome import Outcome, linked
from pipeline.stages.link.place import TIE_HOURS
from pipeline.stages.link.relation import Evidence, decide
from pipeline.stages.link.window import ITEMS
from pipeline.stages.rows import enlist
from pipeline.story import Story


def settle_take(memory: Memory, message: Message) -> Outcome:
    """A part behind the first: all that is held of the text under the first one's name, or the part alone until that comes."""
    is_new = takes.add(memory, message)
    rule = decide(Evidence(take=message.take, is_tied=True) if is_new else Evidence(is_known=True, is_same=True))
    found = _first(memory, message)
    if found is None:
        story = Story(
            id=chain.story_id(message.uri), relation=rule.relation, canonical=message.uri, revision=1, state="live",
            reasons=("first_take_missing",),
        )  # fmt: skip
        return Outcome(rule=rule, story=story, version=str(message.number or 1))
    place, held, item, entry = found
    told = memory.told(text_ref(chain.digest(item.uri), entry.content))
    parts = takes.read(memory, message)
    first, urn = chain.canonical(held) or item, chain.story_urn(place.story)
    story = Story(
        id=urn,
        home=homes.home_of(memory, item.uri, urn),
        relation=rule.relation,
        canonical=first.uri,
        revision=chain.revision(held),
        state=kills.standing(memory, held),
        reasons=(f"takes={len(parts) + 1}",),
    )
    return Outcome(
        rule=rule,
        story=story,
        version=str(chain.ordinal(item, entry)),
        uri=item.uri,
        body=takes.assembled(told.body if told else "", entry.stamp or entry.seen_at, parts),
    )


def _first(memory: Memory, message: Message) -> tuple[Place, Chain, Item, Entry] | None:
    """What the part belongs to: the newest text of the same house under the same headline, else under the same slug."""
    return _newest(memory, message, message.title) or _newest(memory, message, message.slug)


def _newest(memory: Memory, message: Message, key: int) -> tuple[Place, Chain, Item, Entry] | None:
    best: tuple[Place, Chain, Item, Entry] | None = None
    for ref in memory.posted(key) if key else ():
        drawn = memory.sketch(ref)
        if drawn is None or abs(drawn.hour - message.hour) > TIE_HOURS or (found := memory.whereabouts(drawn.item)) is None:
            continue
        place, held, item = found
        if item.head is None:
            continue
        is_house = item.publisher == message.publisher or (item.agency and item.agency == message.agency)
        if is_house and (best is None or (item.head.order, item.uri) > (best[3].order, best[2].uri)):
            best = place, held, item, item.head
    return best


def settle_advisory(memory: Memory, message: Message, article: Article) -> Outcome:
    """Versions of its own; no story joined, nothing to be found by. Its rows are not those of an article of the same uri."""
    key = chain.digest("advisory:" + message.uri)
    before = memory.story(key)
    earlier = before.item(message.uri) if before else None
    if earlier and earlier.head and not message.number and message.content != earlier.head.content:
        message = replace(message, seen_at=max(message.seen_at, earlier.head.seen_at + 1))
    after = chain.join(before or NOTHING, message.chain())
    item = after.item(message.uri)
    assert item is not None
    assert item.head is not None
    memory.put_story(key, after)
    memory.put_place(key, Place(key, message.hour))
    enlist(memory, ITEMS, message.hour, b"u" + key)
    is_same = earlier is not None and any(entry.content == message.content for entry in earlier.entries)
    is_lower = earlier is not None and item.head.content != message.content
    evidence = Evidence(kind="text" if is_same or is_lower else "advisory", is_known=True, is_same=is_same, is_lower=is_lower)
    rule = decide(evidence)
    story = Story(
        id=chain.story_id(message.uri),
        relation=rule.relation,
        canonical=message.uri,
        revision=chain.revisions(item),
        state="live",
        reasons=("not_an_article",),
    )
    outcome = Outcome(rule=rule, story=story, version=str(chain.ordinal(item, item.head)))
    if rule.is_routed:
        outcome.also = (events.advisory(linked(outcome, article), story.id),)
    return outcome
