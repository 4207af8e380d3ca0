"""A seeded world of news: which feed shows what at which virtual second, and the truth about it.

Everything is a function of (seed, virtual time), computed block by block, so a wire can run for months in constant memory.
Virtual time is in seconds and starts at 0; item times on paper are `epoch + virtual / speed`. No clock, no network, no files.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil, floor
from typing import Literal

from xxhash import xxh3_128_hexdigest

from pipeline.simulator.dice import Dice
from pipeline.simulator.families import draw_family, perform
from pipeline.simulator.feeds import BY_ID, FEEDS, SimFeed
from pipeline.simulator.grammar import REVISIONS_MAX, Revision, Text, draw_plot, draw_revisions, tell
from pipeline.simulator.render import Item, render_document, render_item, rfc3339
from pipeline.simulator.script import Cast, Corrected, Message, figures_corrected
from pipeline.story import Relation, StoryState

Kind = Literal["new", "repeat", "copy", "update", "correction", "script"]

EPOCH = 1_772_323_200  # 2026-03-01T00:00:00Z: the default date of virtual second 0
VERSION_GAP_S = 240  # shortest virtual time between two versions of an item: who polls more often misses none
RATE_MIN = 0.1  # a feed with 1 story in 26 then fills its window of 20 in 4 days, which the cache of timelines still holds
_BLOCK_S = 600
_VERSION_GAP_MAX_S = 2400
_REPEAT_DELAY_MAX_S = 180  # shorter than VERSION_GAP_S, so that a repeat never shows an outdated version
_COPY_DELAY_MAX_S = 1200
_LIFE_BLOCKS = 1 + (_VERSION_GAP_MAX_S * REVISIONS_MAX + _COPY_DELAY_MAX_S) // _BLOCK_S  # no sighting of a story is later
_SCRIPTED = 0.03  # of all stories: the special cases of a wire, among ordinary news
_RELATIONS: dict[Kind, Relation] = {"new": "new", "repeat": "repeat", "copy": "syndicated_copy", "update": "update",
                                    "correction": "correction"}  # fmt: skip
_WEIGHTED = tuple(feed for feed in FEEDS for _ in range(feed.weight))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One item version becoming visible in one feed: a line of the truth.

    `kind` is how the version got there: `new`, `update` and `correction` in the story's own feed, `repeat` when another feed of
    the provider shows the same bytes, `copy` (any version) when another publisher carries the text under its own link; `script`
    for the messages of the special cases (`families.py`), of which `family` names the case.
    `story`, `relation`, `version` (0: no text of the story) and `state` are what a linker should make of it, `corrected` is what
    a correction put right.
    `at` is the virtual second, `visible_at` the same as a date; `published_at` is the date the item itself gives for this
    version and `first_published_at` for its first one. `item` is the poller's item
    digest: xxh3-128 hex of the bytes `<item …>…</item>`, in UTF-8 whatever the document's encoding.
    """

    story: str
    version: int
    kind: Kind
    feed: str
    provider: str
    link: str
    guid: str
    at: int
    visible_at: str
    published_at: str
    first_published_at: str
    language: str
    headline: str
    item: str
    relation: Relation
    state: StoryState = "live"
    family: str = ""
    corrected: tuple[Corrected, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """A story's life: version v appears in `home` at `times[v - 1]`, by `revisions[v - 2]`. Of a script `times` has the start."""

    number: int
    home: SimFeed
    times: tuple[int, ...]
    revisions: tuple[Revision, ...]
    is_scripted: bool = False


@dataclass(frozen=True, slots=True)
class _Sighting:
    """A version in a feed from `at` on. The item belongs to feed `owner`, which dates it `version_at` and `first_at`.

    Of a script `version` counts its messages, and `address` says which of its items this is.
    """

    at: int
    number: int
    version: int
    feed: str
    kind: Kind
    owner: str
    version_at: int
    first_at: int
    address: int = 0


_Timeline = dict[str, list[_Sighting]]  # by feed, oldest first


class Wire:
    """The world of `seed`. `rate` is the mean number of stories per virtual minute, over all feeds.

    `epoch` (Unix seconds) and `speed` only date the items: virtual second `at` happens at `epoch + at / speed`.
    """

    def __init__(self, seed: int, *, epoch: float = EPOCH, speed: float = 1.0, rate: float = 4.0) -> None:
        if speed <= 0 or rate < RATE_MIN:
            raise ValueError(f"speed must be above 0 and rate at least {RATE_MIN}, not {speed} and {rate}")
        self.seed, self.epoch, self.speed, self.rate = seed, epoch, speed, rate
        mean = rate * _BLOCK_S / 60
        self._slots = ceil(3 * mean)  # a block's stories are binomial with these many trials: near enough to Poisson
        self._share = mean / self._slots
        self._spread = lru_cache(maxsize=4 * _LIFE_BLOCKS)(self._compute_spread)
        self._timeline = lru_cache(maxsize=512)(self._compute_timeline)
        self._plan = lru_cache(maxsize=4096)(self._compute_plan)
        self._script = lru_cache(maxsize=512)(self._compute_script)
        self._text = lru_cache(maxsize=1024)(self._compute_text)
        self._item = lru_cache(maxsize=1024)(self._compute_item)

    def document(self, feed_id: str, at: float) -> bytes:
        """What `feed_id` serves at virtual second `at`; changes only when an item becomes visible. KeyError for unknown feeds."""
        feed = BY_ID[feed_id]
        sightings = self._window(feed_id, at)
        items = [self._item(sighting.owner, sighting.number, sighting.version, sighting.version_at, sighting.first_at)
                 for sighting in sightings]  # fmt: skip
        built_at = self.unix(sightings[0].at) if sightings else floor(self.epoch)
        return render_document(feed, [value for _, value in items], [item.link for item, _ in items], built_at)

    def changed_at(self, feed_id: str, at: float) -> int:
        """The virtual second of the last change of `feed_id` up to `at`; 0 when nothing has happened yet."""
        sightings = self._window(feed_id, at)
        return sightings[0].at if sightings else 0

    def events(self, until: float, since: float = -1.0) -> Iterator[Event]:
        """The truth: every item version that becomes visible in a feed in `since` < at ≤ `until`, in order of time."""
        for block in range(max(0, floor(since) // _BLOCK_S), floor(until) // _BLOCK_S + 1):
            sightings = [sighting for of_feed in self._timeline(block).values() for sighting in of_feed]
            for sighting in sorted(sightings, key=_by_time):
                if since < sighting.at <= until:
                    yield self._event(sighting)

    def opening(self, at: float) -> list[Event]:
        """The truth for somebody who first looks at `at`: all items then in the windows, in order of time."""
        sightings = [sighting for feed in FEEDS for sighting in self._window(feed.id, at)]
        return [self._event(sighting) for sighting in sorted(sightings, key=_by_time)]

    def unix(self, at: float) -> int:
        """The Unix second at which virtual second `at` happens, rounded down."""
        return floor(self.epoch + at / self.speed)

    def _window(self, feed_id: str, at: float) -> list[_Sighting]:
        """The items of `feed_id` at `at`, newest first, each in its newest version."""
        newest: dict[tuple[int, int], _Sighting] = {}
        size = BY_ID[feed_id].window
        for block in range(floor(at) // _BLOCK_S, -1, -1):
            for sighting in reversed(self._timeline(block)[feed_id]):
                if sighting.at <= at and (sighting.number, sighting.address) not in newest:
                    newest[sighting.number, sighting.address] = sighting
                    if len(newest) == size:
                        return list(newest.values())
        return list(newest.values())

    def _compute_timeline(self, block: int) -> _Timeline:
        """All that becomes visible in virtual seconds `block` × 600 … + 599."""
        timeline: _Timeline = {feed.id: [] for feed in FEEDS}
        for birth in range(max(0, block - _LIFE_BLOCKS), block + 1):
            for sighting in self._spread(birth).get(block, ()):
                timeline[sighting.feed].append(sighting)
        for sightings in timeline.values():
            sightings.sort(key=_by_time)
        return timeline

    def _compute_spread(self, birth: int) -> dict[int, list[_Sighting]]:
        """Sightings of all stories born in block `birth`, by the block in which they happen."""
        spread: dict[int, list[_Sighting]] = defaultdict(list)
        for number in range(birth * self._slots, (birth + 1) * self._slots):
            plan = self._plan(number)
            for sighting in self._sightings(plan) if plan else ():
                spread[sighting.at // _BLOCK_S].append(sighting)
        return spread

    def _compute_plan(self, number: int) -> _Plan | None:
        """None: no story has this number."""
        dice = Dice(f"{self.seed}/{number}/plan")
        if not dice.chance(self._share):
            return None
        home = dice.pick(_WEIGHTED)
        revisions = draw_revisions(dice)
        times = [number // self._slots * _BLOCK_S + dice.below(_BLOCK_S)]
        if Dice(f"{self.seed}/{number}/scripted").chance(_SCRIPTED):
            return _Plan(number, home, tuple(times), (), is_scripted=True)
        for _ in revisions:
            times.append(times[-1] + dice.between(VERSION_GAP_S, _VERSION_GAP_MAX_S))
        return _Plan(number, home, tuple(times), revisions)

    def _compute_script(self, number: int) -> tuple[str, tuple[Message, ...]]:
        """The name of its family, and the messages."""
        plan = self._plan(number)
        assert plan
        dice = Dice(f"{self.seed}/{number}/agency")
        carriers = tuple(feed.publisher for feed in _carriers(plan.home))
        cast = Cast(
            name=f"{self.seed}/{number}",
            language=plan.home.language,
            agency=dice.pick(plan.home.agencies),
            publisher=plan.home.publisher,
            day=datetime.fromtimestamp(self.unix(plan.times[0]), UTC).date(),
            topics=plan.home.topics,
            carriers=carriers,
        )
        family = draw_family(dice, cast.language, len(carriers), is_feed=True)
        return family.name, perform(family, cast)

    def _scripted(self, plan: _Plan) -> Iterator[_Sighting]:
        """The messages of a script, each in the feed that carries it."""
        first: dict[tuple[str, int], int] = {}
        for number, message in enumerate(self._script(plan.number)[1], 1):
            feed = (plan.home, *_carriers(plan.home))[message.carrier].id
            at = plan.times[0] + message.after_s
            first_at = first.setdefault((feed, message.item), at)
            yield _Sighting(at, plan.number, number, feed, "script", feed, at, first_at, message.item)

    def _sightings(self, plan: _Plan) -> Iterator[_Sighting]:
        if plan.is_scripted:
            yield from self._scripted(plan)
            return
        for index, at in enumerate(plan.times):
            kind: Kind = ("correction" if plan.revisions[index - 1] == "correction" else "update") if index else "new"
            yield _Sighting(at, plan.number, index + 1, plan.home.id, kind, plan.home.id, at, plan.times[0])
        dice = Dice(f"{self.seed}/{plan.number}/carriers")
        for feed in FEEDS:
            if plan.home.id in feed.repeats and dice.chance(0.35):
                delay = dice.between(5, _REPEAT_DELAY_MAX_S)
                for index, at in enumerate(plan.times):
                    yield _Sighting(at + delay, plan.number, index + 1, feed.id, "repeat", plan.home.id, at, plan.times[0])
            if plan.home.id in feed.copies and dice.chance(0.3):
                delay = dice.between(60, _COPY_DELAY_MAX_S)
                kept = plan.times if dice.chance(0.6) else plan.times[:1]  # not everybody follows updates
                for index, at in enumerate(kept):
                    first_at = plan.times[0] + delay
                    yield _Sighting(at + delay, plan.number, index + 1, feed.id, "copy", feed.id, at + delay, first_at)

    def _compute_text(self, number: int, version: int) -> tuple[Text, tuple[Corrected, ...]]:
        """The text of a version, and what it corrects."""
        plan = self._plan(number)
        assert plan, f"no story has number {number}"
        if plan.is_scripted:
            message = self._script(number)[1][version - 1]
            return message.text, message.corrected
        dice = Dice(f"{self.seed}/{number}/agency")
        day = datetime.fromtimestamp(self.unix(plan.times[0]), UTC).date()
        plot = draw_plot(f"{self.seed}/{number}", plan.home.language, agency=dice.pick(plan.home.agencies), day=day,
                         topics=plan.home.topics)  # fmt: skip
        revisions = plan.revisions[: version - 1]
        if revisions[-1:] != ("correction",):
            return tell(plot, revisions), ()
        text = tell(plot, revisions)
        return text, figures_corrected(tell(plot, revisions[:-1]), text)

    def _compute_item(self, owner: str, number: int, version: int, version_at: int, first_at: int) -> tuple[Item, bytes]:
        feed = BY_ID[owner]
        text, _ = self._text(number, version)
        plan = self._plan(number)
        assert plan
        first_s = self.unix(first_at)
        if plan.is_scripted:
            message = self._script(number)[1][version - 1]
            link, guid, suffix = *addresses(feed, number, first_s, message.item, message.guid), ""
        else:
            link, guid = addresses(feed, number, first_s)
            suffix = "" if plan.home is feed else copy_suffix(Dice(f"{self.seed}/{number}/{owner}/suffix"), plan.home, feed)
        item = Item(link=link, guid=guid, headline=text.headline + suffix, text=text, first_at=first_s,
                    version_at=self.unix(version_at))  # fmt: skip
        return item, render_item(feed, item)

    def _event(self, sighting: _Sighting) -> Event:
        item, value = self._item(sighting.owner, sighting.number, sighting.version, sighting.version_at, sighting.first_at)
        feed = BY_ID[sighting.feed]
        family, message = "", None
        if sighting.kind == "script":
            family, messages = self._script(sighting.number)
            message = messages[sighting.version - 1]
        return Event(
            story=story_name(self.seed, sighting.number, message.story if message else 0),
            version=message.order if message else sighting.version,
            kind=sighting.kind,
            feed=feed.id,
            provider=feed.provider,
            link=item.link,
            guid=item.guid,
            at=sighting.at,
            visible_at=rfc3339(self.unix(sighting.at)),
            published_at=rfc3339(item.version_at),
            first_published_at=rfc3339(item.first_at),
            language=feed.language,
            headline=item.headline,
            item=xxh3_128_hexdigest(value.decode(BY_ID[sighting.owner].encoding).encode()),
            relation=message.relation if message else _RELATIONS[sighting.kind],
            state=message.state if message else "live",
            family=family,
            corrected=self._text(sighting.number, sighting.version)[1] if sighting.kind != "copy" else (),
        )


def story_name(seed: int, number: int, part: int = 0) -> str:
    """What the truth calls a story; `part` counts those of one script."""
    return f"{seed}-{number}.{part}" if part else f"{seed}-{number}"


def _carriers(home: SimFeed) -> list[SimFeed]:
    return [feed for feed in FEEDS if home.id in feed.copies]


def addresses(feed: SimFeed, number: int, first_s: int, item: int = 0, guid: int | None = None) -> tuple[str, str]:
    """Link and guid of a story at a publisher: the same for all its versions. Links use reserved names (RFC 2606).

    `item` counts the items of a script; `guid` names another one, whose guid it bears unless links are guids there.
    """
    day = datetime.fromtimestamp(first_s, UTC)
    section = feed.path.rsplit("/", 1)[1].split(".")[0]
    name, guid_name = (f"{number:07}-{one}" if one else f"{number:07}" for one in (item, item if guid is None else guid))
    path = f"https://{feed.provider}/{day.year}/{day.month:02}/{day.day:02}/{section}-"
    guids = {
        "link": path + name,
        "tag": f"tag:{feed.provider},{day.year}:{guid_name}",
        "number": f"{day:%Y%m%d}-{guid_name}",
    }
    return path + name, guids[feed.guid]


def copy_suffix(dice: Dice, origin: SimFeed, publisher: SimFeed) -> str:
    """What a republisher hangs on a headline: half of the time nothing."""
    return dice.pick(("", "", f" By {origin.publisher}" if origin.language == "en" else "", f" - {origin.publisher}",
                      f" | {publisher.publisher}"))  # fmt: skip


def _by_time(sighting: _Sighting) -> tuple[int, int, int, str]:
    return sighting.at, sighting.number, sighting.version, sighting.feed
