"""What a whole text does to its story: merged in by weave.py, decided by relation.py, and told to those who must know.

Kills and holds are withdrawal.py's business, parts of a text and messages to editors asides.py's.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from pipeline.article import Article
from pipeline.records import Side
from pipeline.stages.link import chain, diff, events, homes, kills, takes
from pipeline.stages.link.chain import Chain, Entry, Item
from pipeline.stages.link.diff import Texts
from pipeline.stages.link.memory import Memory, text_ref
from pipeline.stages.link.message import Message
from pipeline.stages.link.outcome import Outcome, linked
from pipeline.stages.link.relation import Evidence, Rule, decide
from pipeline.stages.link.weave import Merged, merge
from pipeline.story import Correction, Retraction, Story, StoryState, Version, Withdrawn

KINDS: dict[StoryState, Literal["kill", "hold"]] = {"killed": "kill", "held": "hold"}
DIFFED = frozenset({"correction", "refile", "update", "release"})


def settle(memory: Memory, message: Message, article: Article, now: str) -> Outcome:
    """A whole text."""
    merged = merge(memory, message, now)
    first = chain.canonical(merged.after)
    assert first is not None, "it holds this text at least"
    was = kills.standing(memory, merged.before) if merged.before else None
    described = kills.noticed(memory, message)
    after = chain.join(merged.after, Chain((), described)) if described else merged.after
    memory.put_story(merged.story, after)
    becomes = kills.standing(memory, after)
    is_covered = becomes == "live" and _is_covered(memory, after, merged)
    rule = decide(_evidence(message, merged, first, was, becomes, is_covered=is_covered))
    previous = _previous(merged, rule)
    parts = takes.read(memory, message)
    outcome = Outcome(
        rule=rule,
        story=_story(memory, merged, rule, first, becomes, previous),
        version=str(chain.ordinal(merged.item, merged.entry)),
        body=takes.assembled(message.body, message.stamp or message.seen_at, parts) if parts else None,
    )
    outcome.correction = _correction(memory, message, rule, previous)
    outcome.also = (*merged.moves, *_sides(memory, outcome, merged, article, now))
    for told in _withdrawals(memory, outcome, merged, after, was, now):
        outcome.also += (events.retraction(linked(outcome, article), outcome.story.id, told),)
        reached = homes.elsewhere(told.items, outcome.story) if rule.is_routed else homes.every(told.items, outcome.story)
        outcome.homes = tuple(dict.fromkeys((*outcome.homes, *reached)))
    return outcome


# ── deciding ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _evidence(
    message: Message, merged: Merged, first: Item, was: StoryState | None, becomes: StoryState, *, is_covered: bool
) -> Evidence:
    earlier, entry = merged.earlier, merged.entry
    return Evidence(
        kind=message.kind,
        says=message.says,
        take=message.take,
        is_known=earlier is not None,
        is_tied=merged.bearings.parent is not None,
        is_copy=not chain.is_version(merged.item, first),
        is_same=_is_same(message, merged),
        is_lower=earlier is not None and _is_lower(merged, earlier, entry),
        is_covered=is_covered,
        was=was,
        becomes=becomes,
    )


def _is_lower(merged: Merged, earlier: Item, entry: Entry) -> bool:
    """Below the newest text of its item, or covered by the item's own kill or hold."""
    if any(one.content == entry.content and one.number >= entry.number for one in earlier.entries):
        return False
    if earlier.head and entry.order < earlier.head.order:
        return True
    return chain.state_of(Chain((merged.item,)), merged.item, replace(entry, is_sealed=False)) != "live"


def _is_covered(memory: Memory, after: Chain, merged: Merged) -> bool:
    """Whether a mark or a description of the story covers this text: a copy, say, of what was killed before it came."""
    if not chain.is_marked(after):
        return False
    return kills.state_of(memory, after, merged.item, replace(merged.entry, is_sealed=False)) != "live"


def _is_same(message: Message, merged: Merged) -> bool:
    """Words that are its item's newest, or were and are not again; of an item that begins, words that a sibling has."""
    earlier, entry = merged.earlier, merged.entry
    if earlier is not None and earlier.head:
        if any(one.is_sealed and not entry.is_sealed for one in earlier.entries if one.identity == entry.identity):
            return False
        had = any(one.content == message.content for one in earlier.entries)
        return earlier.head.content == message.content or (had and merged.item.head != entry)
    siblings = (item for item in merged.before.items if chain.is_version(item, merged.item)) if merged.before else ()
    return any(one.content == message.content for item in siblings if item.uri != message.uri for one in item.entries)


def _previous(merged: Merged, rule: Rule) -> tuple[Item, Entry] | None:
    """The head that this text follows."""
    head = chain.head(merged.before) if merged.before else None
    is_next = rule.relation in DIFFED and head is not None and head[1].content != merged.entry.content
    return head if is_next else None


def _story(
    memory: Memory, merged: Merged, rule: Rule, first: Item, becomes: StoryState, previous: tuple[Item, Entry] | None
) -> Story:
    parent, story = merged.bearings.parent, chain.story_urn(merged.story)
    own = (rule.rule,) if rule.rule not in (rule.relation, "copy") else ()
    tied = parent.reasons if parent else ("same_uri",) if merged.earlier and rule.relation in DIFFED else ()
    return Story(
        id=story,
        home=homes.home_of(memory, merged.item.uri, story),
        relation=rule.relation,
        previous=Version(uri=previous[0].uri, version=str(chain.ordinal(*previous))) if previous else None,
        canonical=first.uri,
        revision=chain.revision(merged.after),
        state=becomes,
        related=tuple(map(chain.story_urn, merged.bearings.related)),
        score=parent.likeness or None if parent else None,
        reasons=(*own, *tied),
    )


def _correction(memory: Memory, message: Message, rule: Rule, previous: tuple[Item, Entry] | None) -> Correction | None:
    """What changed since the head before; of an update only where the earlier text is still held."""
    if previous is None:
        return None
    item, entry = previous
    told = memory.told(text_ref(chain.digest(item.uri), entry.content))
    if told is None and rule.relation not in ("correction", "refile"):
        return None
    before = Texts(told.headline, told.body, told.city) if told else None
    after = Texts(message.headline, message.body, message.city)
    return diff.correction(before, after, message.note, is_minor=rule.relation == "refile")


def _withdrawals(
    memory: Memory, outcome: Outcome, merged: Merged, after: Chain, was: StoryState | None, now: str
) -> Iterator[Retraction]:
    """What stood in the open belongs to something that was killed or held, as this message shows; or came after that."""
    story = outcome.story
    told = Retraction(kind="kill", stories=(story.id,), by=merged.item.uri, at=now, reasons=("joined",))
    if story.state != "live" and not merged.entry.is_sealed and "live" in (was, *merged.joined):
        items = homes.with_homes(memory, events.everything(after), story.id)
        yield replace(told, kind=KINDS[story.state], items=items, is_partial=chain.is_full(after))
    elif story.state == "killed" and outcome.rule.is_routed:
        late = Withdrawn(uri=merged.item.uri, versions=(outcome.version,), home=story.home)
        yield replace(told, items=(late,), reasons=("came_late",))
    elif story.state == "live" and (merged.moves or _is_described_anew(merged, after)):  # by a kill that another item brought
        for state, kind in KINDS.items():
            covered = (Withdrawn(uri=item.uri) for item in homes.in_state(memory, after, state) if item is not merged.item)
            if items := homes.with_homes(memory, covered, story.id):
                yield replace(told, kind=kind, items=items)


def _is_described_anew(merged: Merged, after: Chain) -> bool:
    """Whether a kill by description fits the story since this message."""
    return after.described != (merged.before.described if merged.before else ())


def _sides(memory: Memory, outcome: Outcome, merged: Merged, article: Article, now: str) -> Iterator[Side]:
    story, relation = outcome.story.id, outcome.rule.relation
    if relation in ("correction", "refile"):
        yield events.correction(linked(outcome, article), story)
    if relation == "release":
        items = homes.with_homes(memory, events.everything(merged.after), story)
        told = Retraction(kind="release", items=items, stories=(story,), by=article.uri, at=now, note=article.ed_note)
        yield events.retraction(linked(outcome, article), story, told)
    if relation == "syndicated_copy" or (relation == "repeat" and merged.earlier is None):
        is_identical = any(
            one.content == merged.entry.content for i in merged.after.items if i is not merged.item for one in i.entries
        )
        yield events.sighting(article, story, is_identical=is_identical)
    if merged.earlier is None and events.overgrown(merged.before, merged.after, merged.item):
        detail = f"more than {events.CLUSTER_MAX} items of one publisher in this story; the last one is {article.uri}"
        yield events.alert("cluster_overgrown", story, detail, now)
