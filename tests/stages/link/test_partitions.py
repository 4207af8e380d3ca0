"""More partitions by language change no decision: one stream through `link` with one state, and with a state for each of four."""

from collections.abc import Iterator
from functools import cache

from pipeline import stages
from pipeline.article import Article
from pipeline.hop import run_chain
from pipeline.kafka import partition_of
from pipeline.ledger import Ledger
from pipeline.poll.decide import rfc3339
from pipeline.records import Drop, Emit
from pipeline.simulator.bulk import news
from pipeline.stages.bucket import BUCKETS, bucket
from pipeline.stages.link import link
from tests.builders import raw_of

SEED, COUNT = 5, 1_500
INGEST = (stages.DEDUP, stages.NORMALIZE, stages.ADDRESS)
Decision = tuple[object, ...]


@cache
def stream() -> tuple[Article, ...]:
    """What comes to `newswire.normalized`, copies for other buckets among it."""
    return tuple(_normalized())


def _normalized() -> Iterator[Article]:
    states: dict[str, dict[bytes, bytes]] = {stage.name: {} for stage in INGEST if stage.stateful}
    ledger = Ledger()
    for item in news(SEED, COUNT, scripted=0.6, every_s=20):
        raw = raw_of(item, rfc3339(item.at + 20))
        outcome = run_chain(INGEST, raw, states, raw.fetched_at, ledger)
        outcome.apply(states)
        if outcome.record is not None:
            yield outcome.record
            yield from (side.value for side in outcome.also if side.topic == "normalized")


def decisions(partitions: int) -> list[Decision]:
    """Of everything but the copies: what it was taken for, where it was put, why."""
    states: list[dict[bytes, bytes]] = [{} for _ in range(partitions)]
    found: list[Decision] = []
    for article in stream():
        state = states[partition_of(bucket(article).encode(), partitions)]
        verdict = link(article, state, article.pipeline.times.ingested)
        for key, value in verdict.writes:
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
        if not article.pipeline.identity.echo:
            found.append((article.uri, *_told(verdict)))
    return found


def _told(verdict: Emit | Drop) -> Decision:
    topics = [side.topic for side in verdict.also]
    if isinstance(verdict, Drop):
        return verdict.reason, topics
    linked: Article = verdict.record
    return linked.version, linked.pub_status, linked.pipeline.story, topics


def test_four_partitions_decide_like_one() -> None:
    assert {partition_of(name.encode(), 4) for name in BUCKETS} == {0, 1, 2, 3}
    assert len({bucket(article) for article in stream()}) > 2
    assert any(article.pipeline.identity.echo for article in stream())
    assert decisions(1) == decisions(4)
