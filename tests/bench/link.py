"""l: `link` alone: decisions a second with so many stories in its state, and what the state takes. Needs no Kafka.

The stream is of short wire stories from a vocabulary of our own with the frequencies of a language: four in five are new, one in
ten is a new version, one in ten a copy by another publisher. The state is filled first, in RocksDB as in a lane or in
memory, then a slice of the stream is timed (CPU time of this thread, commits left out).
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time
from typing import Literal

from aiokafka import TopicPartition
from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Article, Credit, Dateline
from pipeline.stages.link import link
from pipeline.state import KeyedState, MemoryStore, open_rocks
from pipeline.wire.plain import content_digest, folded
from tests.bench.table import AT_LEAST, AT_MOST, Goal, Row
from tests.builders import article

PER_S, SKETCH_BYTES = Goal(AT_LEAST, 5000), Goal(AT_MOST, 450)
START = datetime(2026, 3, 1, tzinfo=UTC)
SPAN_H = 60  # all of it is inside of the window of 72 hours
WORDS, WORDS_A_STORY = 30_000, (90, 190)
BATCH = 200
UPDATES, COPIES = 0.1, 0.1
RECENT = 500
FILL_S_MAX = 900  # a fill that takes longer is cut, and the row says how far it came


class Size(Struct, frozen=True):
    """How many stories the state holds, and how many decisions are timed."""

    stories: int
    timed: int
    store: Literal["RocksDB", "memory"] = "RocksDB"


class Measured(Struct, frozen=True):
    """What one size came to."""

    stories: int
    per_s: float
    bytes_a_story: float
    sketch_bytes: float
    text_bytes: float


def measure(sizes: tuple[Size, ...]) -> list[Row]:
    """The rows of l."""
    rows = []
    for size in sizes:
        found = run(size)
        what = f"link with {found.stories:,} stories of state in {size.store}"
        rows += [
            _row(what, "decisions/s/core", found.per_s, PER_S),
            _row(what, "state bytes/story", found.bytes_a_story),
            _row(what, "sketch bytes/text", found.sketch_bytes, SKETCH_BYTES),
            _row(what, "kept text bytes/text", found.text_bytes),
        ]
    return rows


def _row(what: str, unit: str, measured: float, goal: Goal | None = None) -> Row:
    return Row(part="l", what=what, unit=unit, measured=measured, goal=goal)


def run(size: Size) -> Measured:
    """Fills a state, then times."""
    with TemporaryDirectory() as folder:
        store = MemoryStore() if size.store == "memory" else open_rocks(Path(folder) / "link")
        state = KeyedState(store, TopicPartition("link", 0))
        stream = articles(3, size.stories + size.timed)
        began, filled = perf_counter(), 0
        for one in stream:
            _decide(one, state)
            filled += 1
            if filled % BATCH == 0:
                state.commit(filled)
            if filled == size.stories or perf_counter() - began > FILL_S_MAX:
                break
        state.commit(filled)
        spent_s = 0.0
        timed = [one for one, _ in zip(stream, range(size.timed), strict=False)]
        for at in range(0, len(timed), BATCH):
            start = thread_time()
            for one in timed[at : at + BATCH]:
                _decide(one, state)
            spent_s += thread_time() - start
            state.commit(filled + at + BATCH)
        weights = _weights(state)
        state.close()
    return Measured(
        stories=filled,
        per_s=len(timed) / spent_s,
        bytes_a_story=sum(total for total, _ in weights.values()) / max(1, weights[b"s"][1]),
        sketch_bytes=weights[b"p"][0] / weights[b"p"][1],
        text_bytes=weights[b"t"][0] / weights[b"t"][1],
    )


def _decide(one: Article, state: KeyedState) -> None:
    for write in link(one, state, one.pipeline.times.ingested).writes:
        state.stage(write)


def _weights(state: KeyedState) -> dict[bytes, tuple[int, int]]:
    """Bytes of keys and values, and rows, by kind of row."""
    found: dict[bytes, tuple[int, int]] = {}
    for key, value in state.rows():
        total, count = found.get(key[:1], (0, 0))
        found[key[:1]] = total + len(key) + len(value), count + 1
    return found


def articles(seed: int, count: int) -> Iterator[Article]:
    """The stream."""
    dice = random.Random(seed)
    words = [_word(dice) for _ in range(WORDS)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))
    recent: list[Article] = []
    for number in range(count):
        at = START + timedelta(hours=SPAN_H * number / count)
        roll = dice.random()
        if recent and roll < UPDATES:
            old = dice.choice(recent)
            yield _made(
                old.uri, old.headline, old.body_text + "\n\n" + _paragraph(dice, words, weights, 30), at, "meridian.example"
            )
        elif recent and roll < UPDATES + COPIES:
            old = dice.choice(recent)
            yield _made(f"urn:bench:copy:{number}", old.headline, old.body_text, at, "courier.example")
        else:
            headline = _paragraph(dice, words, weights, 8)
            body = "\n\n".join(_paragraph(dice, words, weights, dice.randint(*WORDS_A_STORY) // 4) for _ in range(4))
            new = _made(f"urn:bench:{number}", headline, body, at, "meridian.example")
            recent = [*recent[-RECENT:], new] if number % 10 == 0 else recent
            yield new


def _word(dice: random.Random) -> str:
    return "".join(
        dice.choice(("ka", "ro", "mi", "ten", "sal", "vor", "e", "lu", "and", "is")) for _ in range(dice.randint(1, 4))
    )


def _paragraph(dice: random.Random, words: list[str], weights: list[float], count: int) -> str:
    found = dice.choices(words, cum_weights=weights, k=count)
    found[dice.randrange(count)] = str(dice.randint(2, 9999))
    found[dice.randrange(count)] = dice.choice(words).title()
    return " ".join(found).capitalize() + "."


_PLAIN = article()


def _made(uri: str, headline: str, body: str, at: datetime, provider: str) -> Article:
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    own, pipeline = provider.startswith("meridian"), _PLAIN.pipeline
    return replace(
        _PLAIN,
        uri=uri,
        version_created=stamp,
        headlines=(replace(_PLAIN.headlines[0], value=headline),),
        bodies=(replace(_PLAIN.bodies[0], value=body),),
        pipeline=replace(
            pipeline,
            identity=replace(pipeline.identity, key=uri, provider=provider, guid=uri, link=f"https://{provider}/{uri}"),
            times=replace(pipeline.times, ingested=stamp),
            headline=replace(pipeline.headline, raw=headline, key=folded(headline)) if pipeline.headline else None,
            dateline=Dateline(text="OSTBY", in_="body_raw", start=0, end=5, places=("OSTBY",)),
            credit=Credit(agency="Meridian", republisher="" if own else provider, confidence=0.9),
            dedup=replace(pipeline.dedup, content=content_digest(headline, body)),
        ),
    )
