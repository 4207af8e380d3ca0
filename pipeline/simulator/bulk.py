"""Items by the thousand, without feeds or time: for benchmarks and fault tests that produce straight into Kafka."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pipeline.simulator.dice import Dice
from pipeline.simulator.feeds import FEEDS, SimFeed
from pipeline.simulator.grammar import Plot, Revision, draw_plot, tell
from pipeline.simulator.render import Item, render_document, render_item
from pipeline.simulator.wire import EPOCH, addresses

_RECENT = 256  # updates and repeats concern one of the last so many stories
_SOURCES = tuple(replace(feed, encoding="utf-8") for feed in FEEDS if feed.form == "rss" and feed.weight
                 for _ in range(feed.weight))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SimItem:
    """One item as the poller would cut it: `value` is a standalone RSS 2.0 document in UTF-8 with this item alone."""

    value: bytes
    link: str
    guid: str
    language: str
    feed_id: str
    provider: str
    version: int


@dataclass(slots=True)
class _Told:
    """A story told so far, with its last item."""

    number: int
    feed: SimFeed
    plot: Plot
    first_s: int
    revisions: tuple[Revision, ...]
    last: SimItem


def raw_items(seed: int, n: int, *, updates: float = 0.1, repeats: float = 0.0) -> Iterator[SimItem]:
    """`n` items. About a share `updates` are next versions (same link and guid, changed text) of a story of the last 256, about a
    share `repeats` the same bytes again; all others are new stories. The versions of a link come in order, 1, 2, 3 …"""
    recent: deque[_Told] = deque(maxlen=_RECENT)
    for number in range(n):
        dice = Dice(f"{seed}/{number}/bulk")
        roll = dice.below(65536) / 65536
        if recent and roll < updates:
            told = dice.pick(recent)
            told.revisions += ("update" if dice.chance(0.7) else "correction",)
            told.last = _item(told, version_s=EPOCH + number)
            yield told.last
        elif recent and roll < updates + repeats:
            yield dice.pick(recent).last
        else:
            recent.append(_new_story(seed, number, dice))
            yield recent[-1].last


def _new_story(seed: int, number: int, dice: Dice) -> _Told:
    feed = dice.pick(_SOURCES)
    first_s = EPOCH + number
    day = datetime.fromtimestamp(first_s, UTC).date()
    plot = draw_plot(f"{seed}/{number}", feed.language, agency=dice.pick(feed.agencies), day=day, topics=feed.topics)
    told = _Told(number, feed, plot, first_s, (), _NOTHING)
    told.last = _item(told, version_s=first_s)
    return told


def _item(told: _Told, version_s: int) -> SimItem:
    text = tell(told.plot, told.revisions)
    link, guid = addresses(told.feed, told.number, told.first_s)
    item = Item(link=link, guid=guid, headline=text.headline, text=text, first_at=told.first_s, version_at=version_s)
    return SimItem(
        value=render_document(told.feed, [render_item(told.feed, item)], [link], version_s),
        link=link,
        guid=guid,
        language=told.feed.language,
        feed_id=told.feed.id,
        provider=told.feed.provider,
        version=len(told.revisions) + 1,
    )


_NOTHING = SimItem(value=b"", link="", guid="", language="", feed_id="", provider="", version=0)
