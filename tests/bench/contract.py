"""Part s: what it costs to hold an event against its schema, beside reading its JSON and beside making a typed record of it."""

from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

from pipeline import codec, offline
from pipeline.article import Article
from pipeline.contract import check
from pipeline.offline import Document
from pipeline.simulator.bulk import raw_items
from tests.bench.table import AT_MOST, Goal, Row

TOPIC = "enriched"
VALIDATED_RATIO_MAX = 1.5  # of reading the JSON: a check that costs more is not taken at every edge


def measure(articles: int, rounds: int) -> list[Row]:
    """CPU µs an article, the best of the rounds."""
    documents = (Document(path="bulk.xml", value=item.value, at="2026-03-01T07:30:00Z") for item in raw_items(5, articles))
    events = [
        codec.encode(result)
        for result in offline.run(documents, through="enrich", feed="bulk", provider="example.test")
        if isinstance(result, Article)
    ]
    loaded = [codec.loads(event) for event in events]
    validator = check.validator(TOPIC)
    assert all(validator.is_valid(record) for record in loaded)
    read_us = best_us(codec.loads, events, rounds)
    typed_us = best_us(lambda event: codec.decode(event, Article), events, rounds)
    size = sum(map(len, events)) // len(events)
    return [
        Row(part="s", what=f"hold a decoded event ({size} bytes) against its schema", unit="µs CPU", baseline=read_us,
            measured=best_us(lambda record: check.validate(TOPIC, record), loaded, rounds), versus="read its JSON",
            goal=Goal(AT_MOST, VALIDATED_RATIO_MAX, of_ratio=True)),
        Row(part="s", what="the same from its bytes", unit="µs CPU", baseline=typed_us,
            measured=best_us(lambda event: check.validate(TOPIC, event), events, rounds), versus="make a typed record of it"),
    ]  # fmt: skip


def best_us(function: Callable[[Any], object], values: Sequence[Any], rounds: int) -> float:
    """CPU µs a value."""
    times = []
    for _ in range(rounds):
        began = process_time()
        for value in values:
            function(value)
        times.append(process_time() - began)
    return min(times) / len(values) * 1e6
