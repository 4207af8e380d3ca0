"""Gives an article its version and its place in a story, and says what it did to that story.

One article's way: `message.py` reads what it says of itself, `settle.py` puts it where `place.py` finds that it belongs, by the
merge of `chain.py`; `relation.py` decides what it is, `events.py` tells others. `memory.py` has the rows, `window.py` forgets.
Promise: the items, texts and state of a story are a function of the set of its messages: a late version fills the history and is
not routed, and never brings back what a kill or a hold covers. All windows count in event time.
"""

from msgspec.structs import replace

from pipeline.article import Article
from pipeline.records import Drop, Emit, State
from pipeline.stages.link import asides, settle, withdrawal
from pipeline.stages.link.chain import story_id as story_id
from pipeline.stages.link.memory import Memory
from pipeline.stages.link.message import Message, read
from pipeline.stages.link.outcome import VERSION as VERSION
from pipeline.stages.link.outcome import Outcome, finish
from pipeline.stages.link.window import sweep


def link(article: Article, state: State, now: str) -> Emit | Drop:
    """Emits the article with `version` and `pipeline.story`, or drops one that says what we hold, or is older than it.

    Side events: corrections, retractions, advisories, sightings, relinks, alerts (events.py).
    """
    message = read(article, now)
    memory = Memory(state)
    sweep(memory, message.hour)
    outcome = _settled(memory, message, article, now)
    return replace(finish(outcome, article), writes=memory.writes)


def _settled(memory: Memory, message: Message, article: Article, now: str) -> Outcome:
    if message.kind in ("kill", "hold"):
        return withdrawal.settle(memory, message, article, now)
    if message.is_echo:
        return withdrawal.settle_echo(memory, message, article, now)
    if message.kind == "advisory":
        return asides.settle_advisory(memory, message, article)
    if message.take > 1:
        return asides.settle_take(memory, message)
    return settle.settle(memory, message, article, now)
