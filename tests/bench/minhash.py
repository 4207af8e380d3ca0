"""m: `link` beside datasketch's MinHash LSH over the same messages: how fast, how much of what belongs together, what else.

Two streams with known truth: that of part l, and the simulated news with its rewrites, cut copies and look-alikes (it tells many
stories in few words, so that likeness alone says little). Each message comes under an address of its own: only what it says can
tell where it belongs. LSH names candidates and decides nothing, `link` decides. Both are judged by the same pairs: a message and
each earlier one that LSH names for it, or that ends in its story. The only module that knows datasketch.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from time import thread_time
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from pipeline import stages
from pipeline.article import Article
from pipeline.hop import run_chain
from pipeline.ledger import Ledger
from pipeline.poll.decide import rfc3339
from pipeline.records import Emit, Relink, Sighting
from pipeline.simulator.bulk import news
from pipeline.stages.link import link
from pipeline.wire.plain import folded
from tests.bench.link import told
from tests.bench.table import AT_LEAST, Goal, Row
from tests.builders import raw_of
from tests.quality.stories import Pairs

PERMUTATIONS = 128
THRESHOLDS = 0.5, 0.3  # of Jaccard likeness
SHINGLE_WORDS = 3
SLICE = 500  # messages that each side takes in turn, so that a slow minute of the machine hits all
RECALL, PRECISION = Goal(AT_LEAST, 93), Goal(AT_LEAST, 97)  # of the simulated news


class Size(Struct, frozen=True):
    """How many messages of each stream."""

    plain: int
    simulated: int


class Message(Struct, frozen=True):
    """An article and the name of its true story."""

    article: Article
    story: str


class Found(Struct, frozen=True):
    """What one side came to."""

    per_s: float
    pairs: Pairs


def measure(size: Size) -> list[Row]:
    """The rows of m."""
    stages.warm()
    plain, simulated = plain_stream(size.plain), simulated_stream(size.simulated)
    ours, theirs = run(plain)
    rows = [
        _row(f"link, {len(plain):,} short wire stories of part l", "texts/s/core", ours.per_s, other.per_s, name)
        for name, other in theirs.items()
    ]
    rows += _quality("the same", len(plain), (ours, theirs))
    ours, theirs = run(simulated)
    what = f"link, {len(simulated):,} simulated news"
    rows += _quality(what, len(simulated), (ours, theirs), RECALL)
    return rows + [
        _row(f"{what}: found pairs that are true", "%", 100 * ours.pairs.precision, 100 * other.pairs.precision, name, PRECISION)
        for name, other in theirs.items()
    ]


def _quality(what: str, count: int, sides: tuple[Found, dict[str, Found]], recall: Goal | None = None) -> list[Row]:
    figures: tuple[tuple[str, str, Callable[[Pairs], float], Goal | None], ...] = (
        ("true pairs that are found", "%", lambda pairs: 100 * pairs.recall, recall),
        ("found pairs", "a text", lambda pairs: (pairs.right + pairs.false) / count, None),
        ("wrong pairs", "a text", lambda pairs: pairs.false / count, None),
    )
    ours, theirs = sides
    return [
        _row(f"{what}: {figure}", unit, of(ours.pairs), of(other.pairs), name, goal)
        for figure, unit, of, goal in figures
        for name, other in theirs.items()
    ]


def _row(what: str, unit: str, measured: float, baseline: float, versus: str, goal: Goal | None = None) -> Row:
    return Row(part="m", what=what, unit=unit, measured=measured, baseline=baseline, versus=versus, goal=goal)


def run(messages: Sequence[Message]) -> tuple[Found, dict[str, Found]]:
    """What link and LSH at each threshold make of the same messages; the cost of a MinHash counts for each threshold."""
    ours, theirs = Linked(), [Hashed(threshold) for threshold in THRESHOLDS]
    link_s = sketch_s = 0.0
    lookup_s = [0.0] * len(theirs)
    for at in range(0, len(messages), SLICE):
        articles = [message.article for message in messages[at : at + SLICE]]
        _, spent_s = _timed(ours.take, articles)
        link_s += spent_s
        sketches, spent_s = _timed(_sketches, articles)
        sketch_s += spent_s
        for number, side in enumerate(theirs):
            _, spent_s = _timed(side.take, sketches)
            lookup_s[number] += spent_s
    count = len(messages)
    return Found(count / link_s, judged(messages, ours.found())), {
        side.name: Found(count / (sketch_s + spent_s), judged(messages, side.found))
        for side, spent_s in zip(theirs, lookup_s, strict=True)
    }


def _timed(work: Callable[[Any], Any], over: Any) -> tuple[Any, float]:
    """The result, and the CPU seconds of this thread."""
    began = thread_time()
    return work(over), thread_time() - began


def judged(messages: Sequence[Message], found: Sequence[Iterable[int]]) -> Pairs:
    """Counts pairs; `found` holds for each message the numbers of earlier ones."""
    pairs, earlier = Pairs(), defaultdict[str, set[int]](set)
    for number, (message, others) in enumerate(zip(messages, found, strict=True)):
        relatives, named = earlier[message.story], set(others)
        pairs.right += len(named & relatives)
        pairs.false += len(named - relatives)
        pairs.missed += len(relatives - named)
        relatives.add(number)
    return pairs


# ── the two sides ────────────────────────────────────────────────────────────────────────────────────────────────────


class Linked:
    """`link` with its state in memory; stories are read as a consumer reads them, from events, sightings and relinks."""

    def __init__(self) -> None:
        self._state: dict[bytes, bytes] = {}
        self._uris: list[str] = []
        self._stories: dict[str, str] = {}

    def take(self, articles: Iterable[Article]) -> None:
        """The next messages."""
        for article in articles:
            verdict = link(article, self._state, article.pipeline.times.ingested)
            for key, value in verdict.writes:
                if value is None:
                    self._state.pop(key, None)
                else:
                    self._state[key] = value
            self._uris.append(article.uri)
            for side in verdict.also:
                self._note(side.value)
            if isinstance(verdict, Emit) and verdict.record.pipeline.story:
                self._stories[article.uri] = verdict.record.pipeline.story.id

    def _note(self, value: object) -> None:
        if isinstance(value, Relink):
            self._stories |= dict.fromkeys(value.uris, value.to)
        elif isinstance(value, Sighting) and value.story:
            self._stories[value.uri] = value.story

    def found(self) -> list[list[int]]:
        """For each message the earlier ones that are in its story in the end."""
        earlier: dict[str, list[int]] = defaultdict(list)
        found = []
        for number, uri in enumerate(self._uris):
            story = earlier[self._stories.get(uri, uri)]
            found.append(list(story))
            story.append(number)
        return found


class Hashed:
    """An LSH index; `found` holds its candidates for each message."""

    def __init__(self, threshold: float) -> None:
        self.name = f"MinHash LSH ({PERMUTATIONS}), t {threshold}"
        self.found: list[list[int]] = []
        self._index = _library().MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)

    def take(self, sketches: Iterable[Any]) -> None:
        """The next messages, looked up and then put in."""
        for sketch in sketches:
            self.found.append(self._index.query(sketch))
            self._index.insert(len(self.found) - 1, sketch)


def _sketches(articles: Iterable[Article]) -> list[Any]:
    made = []
    for article in articles:
        words = folded(f"{article.headline} {article.body_text}").split()
        shingles = {" ".join(words[at : at + SHINGLE_WORDS]) for at in range(max(1, len(words) - SHINGLE_WORDS + 1))}
        sketch = _library().MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([shingle.encode() for shingle in shingles])
        made.append(sketch)
    return made


def _library() -> Any:
    """datasketch, which only the bench needs."""
    try:
        import datasketch
    except ImportError as error:
        cure = "pip install --require-hashes -r requirements-bench.lock (make bench does it)"
        raise RuntimeError(f"datasketch is not installed: {cure}") from error
    return datasketch


# ── the streams ──────────────────────────────────────────────────────────────────────────────────────────────────────


def plain_stream(count: int) -> list[Message]:
    """That of part l: a tenth are reports with a new paragraph, a tenth are copies."""
    return [Message(_readdressed(article, number), story) for number, (article, story) in enumerate(told(3, count))]


def _readdressed(article: Article, number: int) -> Article:
    """The same text at an address of its own."""
    uri, identity = f"{article.uri}:{number}", article.pipeline.identity
    identity = replace(identity, key=uri, guid=uri, link=f"https://{identity.provider}/{uri}")
    return replace(article, uri=uri, pipeline=replace(article.pipeline, identity=identity))


def simulated_stream(count: int) -> list[Message]:
    """The first text of every address in so many items of the simulated news."""
    chain = (stages.DEDUP, stages.NORMALIZE)
    states: dict[str, dict[bytes, bytes]] = {stage.name: {} for stage in chain if stage.stateful}
    first: dict[str, Message] = {}
    for item in news(11, count, scripted=0.3, every_s=60):
        raw = raw_of(item, rfc3339(item.at))
        outcome = run_chain(chain, raw, states, raw.fetched_at, Ledger())
        outcome.apply(states)
        if item.version and isinstance(outcome.record, Article):
            first.setdefault(outcome.record.uri, Message(outcome.record, item.story))
    return list(first.values())
