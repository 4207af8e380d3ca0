"""e: `normalize` alone: one-item RSS with full text, as the poller cuts it, beside feedparser on the same bytes; and NewsML-G2.

Rounds of both alternate in this process; the best round of each counts, since other work on the machine only ever adds. Needs no
Kafka.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from html import escape
from io import BytesIO
from time import thread_time

import feedparser
from msgspec import Struct
from msgspec.structs import replace

from pipeline import stages
from pipeline.poll.slice import Cut, cut
from pipeline.records import Emit, RawItem
from pipeline.stages.normalize import normalize
from tests.bench.table import AT_LEAST, AT_MOST, Goal, Row
from tests.faults.world import items

PER_POLL = 20  # items that share a document
PER_S, RATIO = Goal(AT_LEAST, 1500), Goal(AT_MOST, 1.3, of_ratio=True)
FEEDPARSER = "feedparser alone"
NEWSML = """<?xml version="1.0" encoding="UTF-8"?>
<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="tag:wire.example,2026:newsml_{number}" version="3"
 standard="NewsML-G2" standardversion="2.34" conformance="power">
<catalogRef href="http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_40.xml"/>
<rightsInfo><copyrightHolder literal="Meridian Wire"/><copyrightNotice>(c) Meridian Wire</copyrightNotice></rightsInfo>
<itemMeta><itemClass qcode="ninat:text"/><provider literal="wire.example"/><versionCreated>2026-03-01T07:00:00Z</versionCreated>
<firstCreated>2026-03-01T06:30:00Z</firstCreated><pubStatus qcode="stat:usable"/><signal qcode="sig:update"/>
<edNote>Adds detail</edNote></itemMeta>
<contentMeta><urgency>4</urgency><contentCreated>2026-03-01T06:50:00Z</contentCreated><located literal="{city}"/>
<creator literal="Meridian Wire"/><language tag="{language}"/><genre qcode="genre:Current"/>
<subject type="cpnat:abstract" qcode="medtop:16000000"><name>conflict, war and peace</name></subject>
<slugline>BENCH-STORY/{number}</slugline><headline>{headline}</headline></contentMeta>
<contentSet><inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>
</inlineXML></contentSet></newsItem>"""


class Size(Struct, frozen=True):
    """How many articles of each format, and rounds over them."""

    articles: int
    rounds: int


def measure(size: Size) -> list[Row]:
    """The rows of e."""
    stages.warm()
    rss = list(polled(size.articles))
    newsml = [as_newsml(number, item) for number, item in enumerate(rss)]
    ours_us, theirs_us = _rounds(size.rounds, rss, (_normalize, _feedparser))
    (newsml_us,) = _rounds(size.rounds, newsml, (_normalize,))
    size_kb = sum(len(item.value) for item in rss) / len(rss) / 1000
    return [
        _row(f"normalize, RSS full text ({size_kb:.1f} kB)", "articles/s/core", 1e6 / ours_us, PER_S, 1e6 / theirs_us),
        _row("the same", "CPU us/article", ours_us, RATIO, theirs_us),
        _row("normalize, NewsML-G2", "articles/s/core", 1e6 / newsml_us, PER_S),
    ]


def _row(what: str, unit: str, measured: float, goal: Goal, baseline: float | None = None) -> Row:
    return Row(
        part="e", what=what, unit=unit, measured=measured, baseline=baseline, versus=FEEDPARSER if baseline else "", goal=goal
    )


def polled(count: int) -> Iterator[RawItem]:
    """About `count` items of the simulated wire, in documents of PER_POLL, cut as the poller cuts them."""
    by_feed: dict[str, list[RawItem]] = defaultdict(list)
    for item in items(seed=5, count=count):
        by_feed[item.feed].append(item)
        if len(by_feed[item.feed]) == PER_POLL:
            yield from _document(by_feed.pop(item.feed))


def _document(parts: Sequence[RawItem]) -> Iterator[RawItem]:
    singles = [_cut(item.value).items[0] for item in parts]
    frame, at = singles[0].frame, singles[0].at
    document = frame[:at] + b"\n".join(single.item for single in singles) + frame[at:]
    for item, slice_ in zip(parts, _cut(document).items, strict=True):
        yield replace(item, value=slice_.value, part=slice_.part)


def _cut(document: bytes) -> Cut:
    found = cut(document)
    assert isinstance(found, Cut), found
    return found


def as_newsml(number: int, item: RawItem) -> RawItem:
    """The same story as a NewsML-G2 item."""
    verdict = normalize(item, {}, item.fetched_at)
    assert isinstance(verdict, Emit)
    article = verdict.record
    paragraphs = article.bodies[0].value.split("\n\n")
    value = NEWSML.format(
        number=number,
        city=escape(article.located or "Oslo"),
        language=article.language,
        headline=escape(article.headlines[0].value),
        body="".join(f"<p>{escape(text)}</p>" for text in (f"OSLO (Meridian) - {paragraphs[0]}", *paragraphs[1:])),
    )
    return replace(item, value=value.encode(), format="newsmlg2")


def _normalize(item: RawItem) -> None:
    assert isinstance(normalize(item, {}, item.fetched_at), Emit)


def _feedparser(item: RawItem) -> None:
    assert feedparser.parse(BytesIO(item.value))["entries"]


def _rounds(rounds: int, over: Sequence[RawItem], works: Sequence[Callable[[RawItem], None]]) -> list[float]:
    """The best CPU us per item of each piece of work, in alternating rounds."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for number, work in enumerate(works):
            began = thread_time()
            for item in over:
                work(item)
            best[number] = min(best[number], (thread_time() - began) / len(over) * 1e6)
    return best
