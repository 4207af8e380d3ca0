"""The table of scripts: which there are, how often each comes, in which languages, and where it can be told."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from pipeline.simulator import chains, lookalikes
from pipeline.simulator.dice import Dice
from pipeline.simulator.phrasebook import LANGUAGES
from pipeline.simulator.script import SPAN_S, Cast, Message

EN, EN_DE = ("en",), ("en", "de")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of script. `weight` is its share. `is_guard`: its stories look alike, or its texts do not.

    `needs_fields`: only a wire with fields for version and status can say it (NewsML-G2), no feed. `is_slow`: it takes days.
    `min_carriers`: how many publishers must copy from the home feed.
    """

    name: str
    write: Callable[[Cast], list[Message]]
    weight: int
    languages: tuple[str, ...] = LANGUAGES
    is_guard: bool = False
    needs_fields: bool = False
    is_slow: bool = False
    min_carriers: int = 0


PLAIN = Family(name="", write=chains.plain, weight=0)
FAMILIES = (
    Family(name="rewrite", write=chains.rewrite, weight=6),
    Family(name="writethru", write=chains.writethru, weight=6),
    Family(name="repeated", write=chains.repeated, weight=3),
    Family(name="refiled", write=chains.refiled, weight=3),
    Family(name="corrected", write=chains.corrected, weight=8),
    Family(name="killed_by_status", write=chains.killed_by_status, weight=2, needs_fields=True),
    Family(name="killed_by_tag", write=chains.killed_by_tag, weight=1, languages=EN_DE),
    Family(name="killed_by_description", write=chains.killed_by_description, weight=2, languages=EN_DE),
    Family(name="held_and_released", write=chains.held_and_released, weight=1, languages=EN_DE),
    Family(name="held_by_status", write=chains.held_by_status, weight=1, needs_fields=True),
    Family(name="embargoed", write=chains.embargoed, weight=1, needs_fields=True),
    Family(name="takes", write=chains.takes, weight=2),
    Family(name="copied", write=chains.copied, weight=6, min_carriers=1),
    Family(name="banks", write=lookalikes.banks, weight=1, languages=EN, is_guard=True),
    Family(name="prices", write=lookalikes.prices, weight=2, languages=EN, is_guard=True),
    Family(name="dividends", write=lookalikes.dividends, weight=1, languages=EN, is_guard=True, is_slow=True),
    Family(name="funds", write=lookalikes.funds, weight=1, languages=EN, is_guard=True),
    Family(name="tables", write=lookalikes.tables, weight=1, languages=EN, is_guard=True, is_slow=True),
    Family(name="markets", write=lookalikes.markets, weight=1, languages=EN, is_guard=True, is_slow=True),
    Family(name="quakes", write=lookalikes.quakes, weight=1, languages=EN, is_guard=True, is_slow=True),
    Family(name="strikes", write=lookalikes.strikes, weight=1, languages=EN, is_guard=True),
    Family(name="live_blog", write=lookalikes.live_blog, weight=2, is_guard=True),
    Family(name="same_guid", write=lookalikes.same_guid, weight=1, is_guard=True),
    Family(name="new_guid", write=lookalikes.new_guid, weight=2, is_guard=True),
    Family(name="round_up", write=lookalikes.round_up, weight=1, is_guard=True),
    Family(name="briefings", write=lookalikes.briefings, weight=1, is_guard=True, is_slow=True),
)


def draw_family(dice: Dice, language: str, carriers: int, *, is_feed: bool) -> Family:
    """A family that can be told in that language with so many copying publishers; `is_feed`: by a feed, within SPAN_S."""
    return dice.pick(_choices(language, carriers, is_feed))


@cache
def _choices(language: str, carriers: int, is_feed: bool) -> tuple[Family, ...]:
    fitting = (
        family
        for family in FAMILIES
        if language in family.languages
        and carriers >= family.min_carriers
        and not (is_feed and (family.needs_fields or family.is_slow))
    )
    return tuple(family for family in fitting for _ in range(family.weight))


def perform(family: Family, cast: Cast) -> tuple[Message, ...]:
    """The script, in the order in which its messages come."""
    messages = tuple(sorted(family.write(cast), key=lambda message: message.after_s))
    assert family.is_slow or messages[-1].after_s <= SPAN_S, f"{family.name} takes {messages[-1].after_s} s"
    return messages
