"""Kills and holds: what they reach, and what must disappear. By the item's own name, or by a description of another one.

A kill that comes before its victim waits for it: as a mark under its uri, or as a description (kills.py).
"""

from collections.abc import Iterator

from pipeline.article import Article
from pipeline.records import Side
from pipeline.stages.link import chain, events, kills
from pipeline.stages.link.chain import NOTHING, Chain
from pipeline.stages.link.memory import Memory, Place
from pipeline.stages.link.message import Message
from pipeline.stages.link.outcome import Outcome, linked
from pipeline.stages.link.relation import Evidence, Rule, decide
from pipeline.stages.link.window import ITEMS
from pipeline.stages.rows import enlist
from pipeline.story import Retraction, Story, StoryState, Withdrawn


def settle(memory: Memory, message: Message, article: Article, now: str) -> Outcome:
    """A kill or a hold. It goes on with the state of what it hit; one that was overtaken by a higher version is late."""
    known = memory.place(message.key)
    before = memory.story(known.story) if known else None
    story = known.story if known else message.key
    after = chain.join(before or NOTHING, message.chain())
    is_repeat = before == after
    memory.put_story(story, after)
    _keep_place(memory, message, known, story)
    hit = [story]
    item = before.item(message.uri) if before else None
    if not is_repeat and _says_so(article):
        found = kills.victims(memory, kills.describe(memory, message))
        hit = hit if item and item.entries else found or hit
    becomes = _state(memory, hit)
    evidence = Evidence(
        kind=message.kind,
        is_known=before is not None,
        is_ambiguous=len(hit) > 1,
        was=chain.state(before) if before else None,
        becomes=becomes,
    )
    rule = _repeat() if is_repeat else decide(evidence)
    outcome = Outcome(rule=rule, story=_story(memory, message, hit, rule, becomes), version=_version(message))
    if not is_repeat:
        outcome.also = tuple(_sides(memory, outcome, hit, article, now, is_lost=_says_so(article) and hit == [message.key]))
    return outcome


def _repeat() -> Rule:
    return decide(Evidence(is_known=True, is_same=True))


def _says_so(article: Article) -> bool:
    """Whether its text makes it a kill or a hold: then it may be about another item than its own."""
    status = article.pipeline.status
    return status is not None and any(reason.startswith(("kill.", "hold.")) for reason in status.reasons)


def _keep_place(memory: Memory, message: Message, known: Place | None, story: bytes) -> None:
    hour = max(known.hour, message.hour) if known else message.hour
    memory.put_place(message.key, Place(story, hour, known.aliases if known else ()))
    if known is None or hour > known.hour:
        enlist(memory, ITEMS, hour, b"u" + message.key)


def _state(memory: Memory, hit: list[bytes]) -> StoryState:
    """Held where it is not sure what was meant."""
    if len(hit) > 1:
        return "held"
    found = memory.story(hit[0])
    return kills.standing(memory, found) if found else "live"


def _version(message: Message) -> str:
    return str(message.number or 1)


def _story(memory: Memory, message: Message, hit: list[bytes], rule: Rule, becomes: StoryState) -> Story:
    found = memory.story(hit[0]) or NOTHING
    first = chain.canonical(found)
    versions = [item for item in found.items if first and chain.is_version(item, first)]
    described = hit != [message.key] and found.item(message.uri) is None
    own = (rule.rule,) if rule.rule != rule.relation else ()
    return Story(
        id=chain.story_urn(hit[0]),
        relation=rule.relation,
        canonical=first.uri if first else message.uri,
        revision=sum(map(chain.revisions, versions)),
        state=becomes,
        related=tuple(map(chain.story_urn, hit[1:])),
        reasons=(*own, *(("described",) if described else ()), *(("ambiguous",) if len(hit) > 1 else ())),
    )


def _sides(memory: Memory, outcome: Outcome, hit: list[bytes], article: Article, now: str, *, is_lost: bool) -> Iterator[Side]:
    story = outcome.story
    chains = [found for each in hit if (found := memory.story(each))]
    status = article.pipeline.status
    told = Retraction(
        kind="hold" if story.state == "held" else "kill",
        items=tuple(one for found in chains for one in _items(found, story.state)),
        stories=tuple(map(chain.story_urn, hit)),
        by=article.uri,
        at=now,
        note=article.ed_note,
        reasons=status.reasons if status else (),
    )
    yield events.retraction(linked(outcome, article), story.id, told)
    if len(hit) > 1:
        detail = f"{article.uri} may mean any of {len(hit)} stories; all are held"
        yield events.alert("kill_ambiguous", story.id, detail, now, told.stories)
    if is_lost:
        yield events.alert("kill_without_victim", story.id, f"{article.uri} describes nothing that we hold", now)


def _items(found: Chain, state: StoryState) -> Iterator[Withdrawn]:
    """Of a dead story everything; of one that lives on, the versions that were meant."""
    return events.everything(found) if state != "live" else events.withdrawn(found, ("live",))
