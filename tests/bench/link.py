"""l: `link` alone: decisions a second with so many stories in its state, and what the state takes. Needs no Kafka.

The stream is of short wire stories from a vocabulary of our own with the frequencies of a language: four in five are new, one in
ten is a new version, one in ten a copy by another publisher. The state is filled in memory and copied into RocksDB; the same
slice of the stream is then timed on both (CPU time of this thread, commits left out). RocksDB is filled on to the larger sizes.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time

from aiokafka import TopicPartition
from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Article, Credit, Dateline
from pipeline.stages.link import link
from pipeline.state import KeyedState, MemoryStore, Store, open_rocks
from pipeline.wire.plain import content_digest, folded
from tests.bench.table import AT_LEAST, AT_MOST, Goal, Row
from tests.builders import article

PER_S, PER_S_LARGE, SKETCH_BYTES = Goal(AT_LEAST, 5000), Goal(AT_LEAST, 4000), Goal(AT_MOST, 450)
START = datetime(2026, 3, 1, tzinfo=UTC)
SPAN_H = 60  # all of it is inside of the window of 72 hours
WORDS, WORDS_A_STORY = 30_000, (90, 190)
BATCH = 200  # decisions of a transaction
COPIED = 2000  # rows at once
UPDATES, COPIES = 0.1, 0.1
RECENT = 500
FILL_S_MAX = 300.0  # of the first size, which takes half a minute of a free core


class Size(Struct, frozen=True):
    """How many stories the state holds when it is timed, ascending, and how many decisions are timed."""

    stories: tuple[int, ...]
    timed: int


def measure(size: Size, fill_s: float) -> list[Row]:
    """The rows of l. A larger state that is not filled within `fill_s` is timed as it is; the row says how far it came."""
    stream = articles(3, messages_of(size.stories[-1]) + size.timed)
    memory = new_state(MemoryStore())
    filled = fill(memory, stream, messages_of(size.stories[0]))
    timed = list(islice(stream, size.timed))
    with TemporaryDirectory() as folder:
        rocks = new_state(open_rocks(Path(folder) / "link"))
        copy(memory, rocks)
        rows = [_rate(memory, "memory", timed)]
        del memory
        first = _rate(rocks, "RocksDB", timed)
        rows.append(first)
        for stories in size.stories[1:]:
            filled += size.timed
            filled += fill(rocks, stream, messages_of(stories) - filled, fill_s)
            rate = _rate(rocks, "RocksDB", list(islice(stream, size.timed)))
            rows.append(replace(rate, goal=PER_S_LARGE, baseline=first.measured, versus=first.what))
        rows += _sizes(rocks)
        rocks.close()
    return rows


def _rate(state: KeyedState, store: str, timed: list[Article]) -> Row:
    stories = _weights(state)[b"s"][1]
    return _row(f"link, {stories:,} stories in {store}", "decisions/s/core", _timed(state, timed), PER_S)


def _sizes(state: KeyedState) -> list[Row]:
    weights = _weights(state)
    return [
        _row("all of its state", "bytes/story", sum(total for total, _ in weights.values()) / weights[b"s"][1]),
        _row("of it a sketch", "bytes/text", weights[b"p"][0] / weights[b"p"][1], SKETCH_BYTES),
        _row("of it the kept text", "bytes/text", weights[b"t"][0] / weights[b"t"][1]),
    ]


def _row(what: str, unit: str, measured: float, goal: Goal | None = None) -> Row:
    return Row(part="l", what=what, unit=unit, measured=measured, goal=goal)


def messages_of(stories: int) -> int:
    """How many messages bring so many stories."""
    return round(stories / (1 - UPDATES - COPIES))


def new_state(store: Store) -> KeyedState:
    """An empty state in that store."""
    return KeyedState(store, TopicPartition("link", 0))


def fill(state: KeyedState, stream: Iterator[Article], count: int, fill_s: float = FILL_S_MAX) -> int:
    """Decides on so many messages; says how many it came to before its time was over."""
    began = perf_counter()
    for filled, one in enumerate(islice(stream, count), 1):
        _decide(one, state)
        if filled % BATCH == 0:
            state.commit(filled)
            if perf_counter() - began > fill_s:
                return filled
    state.commit(count)
    return count


def copy(source: KeyedState, target: KeyedState) -> None:
    """All rows."""
    rows = shuffled(source)
    for at in range(0, len(rows), COPIED):
        for row in rows[at : at + COPIED]:
            target.stage(row)
        target.commit(at)


def shuffled(state: KeyedState) -> list[tuple[bytes, bytes]]:
    """All rows in no order, as they come in a lane: a store that is filled in key order is tidier than any lane's."""
    rows = list(state.rows())
    random.Random(1).shuffle(rows)
    return rows


def _timed(state: KeyedState, articles: list[Article]) -> float:
    """Decisions a second."""
    spent_s = 0.0
    for at in range(0, len(articles), BATCH):
        began = thread_time()
        for one in articles[at : at + BATCH]:
            _decide(one, state)
        spent_s += thread_time() - began
        state.commit(at)
    return len(articles) / spent_s


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
    return (article for article, _ in told(seed, count))


def told(seed: int, count: int) -> Iterator[tuple[Article, str]]:
    """The stream with the truth: each article, and the uri of the report that it is or was made from."""
    dice = random.Random(seed)
    words = [_word(dice) for _ in range(WORDS)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))
    recent: list[Article] = []
    for number in range(count):
        at = START + timedelta(hours=SPAN_H * number / count)
        roll = dice.random()
        if recent and roll < UPDATES:
            old = dice.choice(recent)
            body = old.body_text + "\n\n" + _paragraph(dice, words, weights, 30)
            yield _made(old.uri, old.headline, body, at, "meridian.example"), old.uri
        elif recent and roll < UPDATES + COPIES:
            old = dice.choice(recent)
            yield _made(f"urn:bench:copy:{number}", old.headline, old.body_text, at, "courier.example"), old.uri
        else:
            headline = _paragraph(dice, words, weights, 8)
            body = "\n\n".join(_paragraph(dice, words, weights, dice.randint(*WORDS_A_STORY) // 4) for _ in range(4))
            new = _made(f"urn:bench:{number}", headline, body, at, "meridian.example")
            recent = [*recent[-RECENT:], new] if number % 10 == 0 else recent
            yield new, new.uri


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
