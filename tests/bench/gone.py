"""g: how long a kill takes, through two whole workers at default settings: to null on the public topic, and out of the store.

The clock starts when the message that kills is handed to the producer of `newswire.raw`. Half of the victims were sealed long ago
(by workers that sealed each second and have ended), half still lie in buffers; between two kills comes other news. A kill is
*carried out* when the group that redacts has committed it: then the redaction is durable and nothing of the victim is on the way
(`pipeline/recall/`). Meanwhile all objects are read again and again for the texts of the victims. In the end none may hold one,
and each text that nobody killed must still be there.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import quantiles

from aiokafka import ConsumerRecord
from msgspec import Struct

from pipeline import codec, kafka, provision
from pipeline.article import Article
from pipeline.config import Config
from pipeline.records import RawItem
from pipeline.sinks.forms import EVENTS, unpack
from pipeline.topics import full_name
from tests.bench.ground import WORK_S_MAX, Ground, Process
from tests.bench.link import told
from tests.bench.load import Tap, drip, publish, raw_messages, tap
from tests.bench.table import AT_MOST, Goal, Row
from tests.builders import raw_item
from tests.service import contents

WORKERS = "w0", "w1"
MESSAGES_PER_S = 6.0  # every second one is a kill
LOOK_S = 0.1
GIVE_UP_S = 75.0  # after the last kill
PUBLIC_S, STORE_S = Goal(AT_MOST, 5), Goal(AT_MOST, 60)
MARK = re.compile(rb"marked (\w+) for the bench")


class Size(Struct, frozen=True):
    """How many kills, an even number."""

    kills: int


class Story(Struct, frozen=True):
    """One report: its uri, and the word by which its text is known in objects."""

    uri: str
    word: str
    headline: str
    body: str

    def message(self, version: int, status: str = "usable") -> RawItem:
        """As the poller writes it; a kill repeats the text, as sources do."""
        item = {
            "uri": self.uri, "version": str(version), "type": "text", "pubstatus": status, "language": "en",
            "versioncreated": f"2026-03-01T07:{version:02d}:00Z", "headline": self.headline,
            "body_text": f"{self.body}\n\nThis text is marked {self.word} for the bench.",
        }  # fmt: skip
        return raw_item(key=self.uri, value=codec.dumps(item), format="ninjs", provider="agency.example", guid=self.uri)


class Kill(Struct):
    """One kill: seconds from its arrival."""

    public_s: float
    held_s: float
    carried_out_s: float


async def measure(ground: Ground, size: Size) -> list[Row]:
    """The rows of g."""
    kills = await _kills(ground, size.kills)
    what = f"{len(kills)} kills, {len(WORKERS)} workers: kill to"

    def rows(until: str, figure: str, goal: Goal | None) -> list[Row]:
        cuts = quantiles((getattr(kill, figure) for kill in kills), n=100, method="inclusive")
        return [
            Row(part="g", what=f"{what} {until}, {name}", unit="s", measured=cut, goal=bound)
            for name, cut, bound in (("p50", cuts[49], None), ("p99", cuts[98], goal))
        ]

    return [
        *rows("null on public topics", "public_s", PUBLIC_S),
        *rows("redacted segment", "carried_out_s", STORE_S),
        *rows("the last object seen to hold it", "held_s", None),
    ]


async def _kills(ground: Ground, count: int) -> list[Kill]:
    config = ground.config("gone")
    await provision.apply(config)
    old, fresh, kept, other = _stories(count // 2, count // 2, count, count)
    async with tap(config, full_name(config.kafka.prefix, "out.en"), _name) as public:
        watch = Watch(config)
        async with _workers(ground, replace(config, objects=replace(config.objects, age_s=1.0))) as worker:
            await _publish(config, public, worker, [*old, *kept])
            await watch.sees({story.word for story in (*old, *kept)}, worker)
        async with _workers(ground, config) as worker:
            await _publish(config, public, worker, fresh)
            watching = asyncio.create_task(watch.run())
            victims = [story for pair in zip(old, fresh, strict=True) for story in pair]
            killed_at = await _kill(config, victims, other)
            retractions = await _carried_out(config, watch, watching, victims)
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            worker.check()
    watch.look()
    assert not watch.held & {story.word for story in victims}, "the store still holds what was killed"
    assert watch.held >= {story.word for story in kept}, "the store has lost what nobody killed"
    return [
        Kill(
            public_s=public.seen_at[_null(story.uri)] - moment,
            held_s=max(0.0, watch.held_until.get(story.word, moment) - moment),
            carried_out_s=watch.passed_at(*retractions[story.uri]) - moment,
        )
        for story, moment in zip(victims, killed_at, strict=True)
    ]


def _stories(*counts: int) -> list[list[Story]]:
    """Different reports, so many of each kind."""
    made = {article.uri: article for article, story in told(17, 2 * sum(counts)) if article.uri == story}
    stories = (
        Story(f"urn:newsml:agency.example:20260301:{number}", f"word{number:04d}", article.headline, article.body_text)
        for number, article in enumerate(made.values())
    )
    return [list(islice(stories, count)) for count in counts]


@asynccontextmanager
async def _workers(ground: Ground, config: Config) -> AsyncIterator[Process]:
    """Both workers; gives the first."""
    processes = [
        ground.start(f"{config.kafka.prefix}-{name}", "pipeline", "worker", "--name", name, config=config) for name in WORKERS
    ]
    yield processes[0]
    await asyncio.gather(*(process.end() for process in processes))


async def _publish(config: Config, public: Tap, worker: Process, stories: Sequence[Story]) -> None:
    """Until all are on the public topic."""
    await publish(config, full_name(config.kafka.prefix, "raw"), raw_messages([story.message(1) for story in stories]))
    await public.reach(public.count + len(stories), worker)


async def _kill(config: Config, victims: Sequence[Story], other: Sequence[Story]) -> list[float]:
    """Kills them one by one, other news between them; the moment of each kill."""
    messages = [
        item for pair in zip(victims, other, strict=True) for item in (pair[0].message(2, "canceled"), pair[1].message(1))
    ]
    moments = await drip(config, full_name(config.kafka.prefix, "raw"), raw_messages(messages), MESSAGES_PER_S)
    return moments[::2]


async def _carried_out(
    config: Config, watch: "Watch", watching: asyncio.Task[None], victims: Sequence[Story]
) -> dict[str, tuple[int, int]]:
    """Waits until the redactor has committed all kills; where the retraction of each uri stands."""
    give_up_at = time.monotonic() + GIVE_UP_S
    while True:
        places = {
            codec.decode(record.value, Article).uri: (record.partition, record.offset)
            for record in await contents(config, "retractions")
        }
        waiting = [story.uri for story in victims if story.uri not in places or watch.passed_at(*places[story.uri]) == 0]
        if not waiting:
            return places
        if watching.done():
            watching.result()  # raises what ended it
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{len(waiting)} of {len(victims)} kills not carried out after {GIVE_UP_S:.0f} s: {waiting[:3]}")
        await asyncio.sleep(1)


def _name(record: ConsumerRecord) -> bytes:
    return bytes(record.key) if record.value is not None else _null(record.key.decode())


def _null(uri: str) -> bytes:
    return f"null {uri}".encode()


class Watch:
    """Looks at the store and at the commits of the redactor. `held`: marks in the store now; `held_until`: when last seen."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._folder = Path(config.objects.store.removeprefix("file:"))
        self._marks: dict[Path, frozenset[str]] = {}  # objects never change under their name
        self._commits: list[tuple[float, dict[int, int]]] = []
        self.held: set[str] = set()
        self.held_until: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        group = f"{self._config.kafka.app}-recall"
        async with kafka.admin(self._config.kafka) as client:
            while True:
                await asyncio.to_thread(self.look)
                offsets = await kafka.group_offsets(client, group)
                self._commits.append((time.monotonic(), {tp.partition: position.offset for tp, position in offsets.items()}))
                await asyncio.sleep(LOOK_S)

    async def sees(self, words: set[str], worker: Process) -> None:
        """Waits until all of them are stored."""
        async with asyncio.timeout(WORK_S_MAX):
            while not self.held >= words:
                worker.check()
                await asyncio.sleep(LOOK_S)
                await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Reads what is new in the store."""
        held: set[str] = set()
        for path in self._folder.rglob("*.jsonl.zst"):
            if path not in self._marks:
                try:
                    content = unpack(path.read_bytes(), EVENTS)[0]
                except FileNotFoundError:  # erased meanwhile
                    continue
                self._marks[path] = frozenset(mark.decode() for mark in MARK.findall(content))
            held |= self._marks[path]
        self.held = held
        self.held_until |= dict.fromkeys(held, time.monotonic())

    def passed_at(self, partition: int, offset: int) -> float:
        """The first moment at which the redactor had committed that retraction; 0 while it has not."""
        return next((moment for moment, commits in self._commits if commits.get(partition, 0) > offset), 0.0)
