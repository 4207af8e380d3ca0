"""Kills and holds: what they reach, and what must disappear. By the item's own name, or by a description of another one.

A kill that comes before its victim waits for it: as a mark under its uri, or as a description (kills.py). One that every language
is told (an *echo*, stages/address.py) does so in each; where it hits nothing, it ends without an alert.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from pipeline.article import Article
from pipeline.records import Side
from pipeline.stages.link import chain, events, homes, kills
from pipeline.stages.link.chain import NOTHING, Chain
from pipeline.stages.link.memory import Memory, Place
from pipeline.stages.link.message import Message
from pipeline.stages.link.outcome import Outcome, linked
from pipeline.stages.link.relation import Evidence, Rule, decide
from pipeline.stages.link.settle import settle as settle_text
from pipeline.stages.link.window import ITEMS
from pipeline.stages.rows import enlist
from pipeline.story import Retraction, Story, StoryState, Withdrawn

REPEATED = Evidence(is_known=True, is_same=True)


def settle(memory: Memory, message: Message, article: Article, now: str) -> Outcome:
    """A kill or a hold. It goes on with the state of what it hit; one that was overtaken by a higher version is late."""
    known = memory.place(message.key)
    before = memory.story(known.story) if known else None
    story = known.story if known else message.key
    is_news = _marked(memory, message, known, before)
    hit = [story]
    is_about_itself = known is not None and known.bucket == message.bucket
    if _says_so(article):
        keys, is_described = kills.describe(memory, message)
        victims = kills.victims(memory, keys)
        if victims and not is_about_itself:
            hit, is_news = victims, is_news or is_described
    chains = tuple(found for each in hit if (found := memory.story(each)))
    becomes = _state(memory, hit)
    evidence = Evidence(
        kind=message.kind,
        is_known=before is not None,
        is_ambiguous=len(hit) > 1,
        is_elsewhere=message.is_echo and not any(one.entries for found in chains for one in found.items),
        was=chain.state(before) if before else None,
        becomes=becomes,
    )
    rule = decide(evidence) if is_news else decide(REPEATED)
    outcome = Outcome(rule=rule, story=_story(memory, message, hit, rule, becomes), version=_version(message))
    if is_news and not evidence.is_elsewhere:
        told = _retraction(memory, outcome, chains, hit, article, now)
        is_lost = _says_so(article) and hit == [message.key] and not is_about_itself and not message.is_echo
        outcome.also = tuple(_sides(outcome, told, article, now, is_lost=is_lost))
        if rule.is_routed:
            outcome.homes = homes.elsewhere(told.items, outcome.story)
        elif any(homes.in_state(memory, found, state) for found in chains for state in ("killed", "held")):
            outcome.homes = homes.every(told.items, outcome.story)  # what it covers may stand though it is late
    return outcome


def settle_echo(memory: Memory, message: Message, article: Article, now: str) -> Outcome:
    """A text that releases, as other buckets than its own are told: it lifts what was withdrawn there.

    It is a text only where its item has others; elsewhere it leaves its mark.
    """
    known = memory.place(message.key)
    before = memory.story(known.story) if known else None
    if known is not None and before is not None and known.bucket == message.bucket:
        if chain.join(before, message.chain()) != before:
            return settle_text(memory, message, article, now)
        rule = decide(REPEATED)
    else:
        _marked(memory, message, known, before)
        rule = decide(Evidence(is_elsewhere=True))
    story = known.story if known else message.key
    return Outcome(rule=rule, story=_story(memory, message, [story], rule, _state(memory, [story])), version=_version(message))


def _marked(memory: Memory, message: Message, known: Place | None, before: Chain | None) -> bool:
    """Leaves the marks of the message at its item, without any text; whether they are news.

    An item whose texts are another bucket's is left to the message that goes there: what that says must be news when it comes.
    """
    if known is not None and known.bucket not in ("", message.bucket):
        return False
    marks = Chain(tuple(replace(item, entries=()) for item in message.chain().items))
    after = chain.join(before or NOTHING, marks)
    memory.put_story(known.story if known else message.key, after)
    _keep_place(memory, message, known)
    return before != after


def _says_so(article: Article) -> bool:
    """Whether its text makes it a kill or a hold: then it may be about another item than its own."""
    status = article.pipeline.status
    return status is not None and any(reason.startswith(("kill.", "hold.")) for reason in status.reasons)


def _keep_place(memory: Memory, message: Message, known: Place | None) -> None:
    hour = max(known.hour, message.hour) if known else message.hour
    memory.put_place(message.key, replace(known, hour=hour) if known else Place(message.key, hour))
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
    described = hit != [message.key] and found.item(message.uri) is None
    own = (rule.rule,) if rule.rule != rule.relation else ()
    return Story(
        id=chain.story_urn(hit[0]),
        home=homes.home_of(memory, message.uri, chain.story_urn(hit[0])),
        relation=rule.relation,
        canonical=first.uri if first else message.uri,
        revision=chain.revision(found),
        state=becomes,
        related=tuple(map(chain.story_urn, hit[1:])),
        reasons=(*own, *(("described",) if described else ()), *(("ambiguous",) if len(hit) > 1 else ())),
    )


def _retraction(
    memory: Memory, outcome: Outcome, chains: tuple[Chain, ...], hit: list[bytes], article: Article, now: str
) -> Retraction:
    story, status = outcome.story, article.pipeline.status
    items = (one for found in chains for one in _items(memory, found, story.state))
    return Retraction(
        kind="hold" if story.state == "held" else "kill",
        items=homes.with_homes(memory, items, story.id),
        stories=tuple(map(chain.story_urn, hit)),
        by=article.uri,
        at=now,
        note=article.ed_note,
        reasons=status.reasons if status else (),
        is_partial=story.state != "live" and any(map(chain.is_full, chains)),
    )


def _sides(outcome: Outcome, told: Retraction, article: Article, now: str, *, is_lost: bool) -> Iterator[Side]:
    story = outcome.story
    yield events.retraction(linked(outcome, article), story.id, told)
    if len(told.stories) > 1:
        detail = f"{article.uri} may mean any of {len(told.stories)} stories; all are held"
        yield events.alert("kill_ambiguous", story.id, detail, now, told.stories)
    if is_lost:
        yield events.alert("kill_without_victim", story.id, f"{article.uri} describes nothing that we hold", now)


def _items(memory: Memory, found: Chain, state: StoryState) -> Iterator[Withdrawn]:
    """Of a dead story everything. Of one that lives on what may not be shown: whole items, or versions before a newer one."""
    if state != "live":
        yield from events.everything(found)
        return
    for item in found.items:
        hidden = [entry for entry in item.entries if kills.state_of(memory, found, item, entry) != "live"]
        if not item.entries or item.head in hidden:
            yield Withdrawn(uri=item.uri)
        elif hidden:
            yield Withdrawn(uri=item.uri, versions=tuple(dict.fromkeys(str(chain.ordinal(item, entry)) for entry in hidden)))
