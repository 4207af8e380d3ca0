"""Items by the thousand, without feeds or a clock: for benchmarks, and for tests that need the truth about stories.

`raw_items` are plain stories and their versions, for those who produce straight into Kafka; `news` is all that a wire sends, in
the order in which it comes.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count, islice
from typing import Literal

from pipeline.simulator.dice import Dice
from pipeline.simulator.families import PLAIN, Family, draw_family, perform
from pipeline.simulator.feeds import FEEDS, SimFeed
from pipeline.simulator.grammar import Plot, Revision, draw_plot, tell
from pipeline.simulator.newsml import render_newsml
from pipeline.simulator.render import Item, render_document, render_item
from pipeline.simulator.script import Cast, Corrected, Message, figures_corrected
from pipeline.simulator.wire import EPOCH, addresses, story_name
from pipeline.story import Relation, StoryState

_RECENT = 256  # updates and repeats concern one of the last so many stories
_SOURCES = tuple(replace(feed, encoding="utf-8") for feed in FEEDS if feed.form == "rss" and feed.weight
                 for _ in range(feed.weight))  # fmt: skip


_NEWSROOMS = tuple(feed for feed in FEEDS if feed.weight for _ in range(feed.weight))
_ON_A_WIRE = 0.25  # of the scripts that a feed could tell as well


@dataclass(frozen=True, slots=True, kw_only=True)
class SimItem:
    """One item as the poller would cut it: `value` is a standalone document in UTF-8 with this item alone, RSS 2.0 or NewsML-G2.

    The rest is the truth about it: `story`, `relation`, `version` (the rank of its text in the story, 0 for none), `state` of the
    story behind it, `family` of the script ("" for ordinary news), what it `corrected`. `at` is when it comes, in Unix seconds.
    A NewsML item has no link.
    """

    value: bytes
    link: str
    guid: str
    language: str
    feed_id: str
    provider: str
    version: int
    format: Literal["rss", "newsmlg2"] = "rss"
    at: int = 0
    story: str = ""
    relation: Relation = "new"
    state: StoryState = "live"
    family: str = ""
    corrected: tuple[Corrected, ...] = ()


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
            revision: Revision = "update" if dice.chance(0.7) else "correction"
            told.revisions += (revision,)
            told.last = _item(seed, told, version_s=EPOCH + number)
            yield told.last
        elif recent and roll < updates + repeats:
            yield replace(dice.pick(recent).last, relation="repeat")
        else:
            recent.append(_new_story(seed, number, dice))
            yield recent[-1].last


def _new_story(seed: int, number: int, dice: Dice) -> _Told:
    feed = dice.pick(_SOURCES)
    first_s = EPOCH + number
    day = datetime.fromtimestamp(first_s, UTC).date()
    plot = draw_plot(f"{seed}/{number}", feed.language, agency=dice.pick(feed.agencies), day=day, topics=feed.topics)
    told = _Told(number, feed, plot, first_s, (), _NOTHING)
    told.last = _item(seed, told, version_s=first_s)
    return told


def _item(seed: int, told: _Told, version_s: int) -> SimItem:
    text = tell(told.plot, told.revisions)
    is_correction = told.revisions[-1:] == ("correction",)
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
        at=version_s,
        story=story_name(seed, told.number),
        relation="new" if not told.revisions else "correction" if is_correction else "update",
        corrected=figures_corrected(tell(told.plot, told.revisions[:-1]), text) if is_correction else (),
    )


_NOTHING = SimItem(value=b"", link="", guid="", language="", feed_id="", provider="", version=0)


# ── all that a wire sends ────────────────────────────────────────────────────────────────────────────────────────────


def news(seed: int, n: int, *, scripted: float = 0.05, every_s: int = 30) -> Iterator[SimItem]:
    """The first `n` items of a world in which a story begins every `every_s` seconds; about a share `scripted` of the stories are
    the special cases of `families.py`, slow ones and those of a wire's own format among them."""
    return islice(_merged(seed, scripted, every_s), n)


def _merged(seed: int, scripted: float, every_s: int) -> Iterator[SimItem]:
    waiting: list[tuple[int, int, int, _Performance, Message]] = []
    for number in count():
        begins_at = EPOCH + number * every_s
        while waiting and waiting[0][0] < begins_at:
            at, _, _, performance, message = heapq.heappop(waiting)
            yield performance.item(at, message)
        performance = _perform(seed, number, begins_at, scripted)
        for index, message in enumerate(performance.messages):
            heapq.heappush(waiting, (begins_at + message.after_s, number, index, performance, message))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Performance:
    """A script with those who tell it."""

    seed: int
    number: int
    begins_at: int
    is_wire: bool
    family: Family
    feeds: tuple[SimFeed, ...]  # the home feed and those who copy from it
    messages: tuple[Message, ...]

    def item(self, at: int, message: Message) -> SimItem:
        """The message as an item that comes at that Unix second."""
        feed = self.feeds[message.carrier]
        first = min(one.after_s for one in self.messages if (one.carrier, one.item) == (message.carrier, message.item))
        first_at = self.begins_at + first
        version_at = at if message.dated_s is None else self.begins_at + message.dated_s
        link, guid = addresses(feed, self.number, self.begins_at, message.item, message.guid)
        is_wire = self.is_wire and message.carrier == 0
        if is_wire:
            link, guid = "", f"tag:{feed.provider},2026:newsml_{self.number:07}-{message.item}"
            value = render_newsml(feed, message, guid=guid, first_at=first_at, version_at=version_at)
        else:
            item = Item(link=link, guid=guid, headline=message.text.headline, text=message.text, first_at=first_at,
                        version_at=version_at)  # fmt: skip
            value = render_document(feed, [render_item(feed, item)], [link], version_at)
        return SimItem(
            value=value,
            link=link,
            guid=guid,
            language=feed.language,
            feed_id=feed.id,
            provider=feed.provider,
            version=message.order,
            format="newsmlg2" if is_wire else "rss",
            at=at,
            story=story_name(self.seed, self.number, message.story),
            relation=message.relation,
            state=message.state,
            family=self.family.name,
            corrected=message.corrected,
        )


def _perform(seed: int, number: int, begins_at: int, scripted: float) -> _Performance:
    dice = Dice(f"{seed}/{number}/news")
    home = dice.pick(_NEWSROOMS)
    feeds = tuple(map(_as_rss, (home, *(feed for feed in FEEDS if home.id in feed.copies))))
    cast = Cast(
        name=f"{seed}/{number}/news",
        language=home.language,
        agency=dice.pick(home.agencies),
        publisher=home.publisher,
        day=datetime.fromtimestamp(begins_at, UTC).date(),
        topics=home.topics,
        carriers=tuple(feed.publisher for feed in feeds[1:]),
    )
    family = draw_family(dice, home.language, len(feeds) - 1, is_feed=False) if dice.chance(scripted) else PLAIN
    messages = perform(family, cast)
    is_wire = family.needs_fields or (any(message.slug for message in messages) and dice.chance(_ON_A_WIRE))
    return _Performance(seed=seed, number=number, begins_at=begins_at, is_wire=is_wire, family=family, feeds=feeds,
                        messages=messages)  # fmt: skip


def _as_rss(feed: SimFeed) -> SimFeed:
    body = feed.body if feed.form == "rss" else "escaped"
    return replace(feed, form="rss", body=body, encoding="utf-8")
