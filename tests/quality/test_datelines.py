"""Datelines over the generated set and the negatives: recall, fields, false hits, against pinned floors."""

import tomllib
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.article import Article
from pipeline.records import Emit
from pipeline.simulator.bulk import raw_items
from pipeline.simulator.grammar import draw_plot, tell
from pipeline.stages.normalize import normalize
from pipeline.wire.dateline import Found, read_dateline
from tests.builders import raw_of
from tests.quality.datelines import PUBLISHED, Case, bodies, corpus_digest, negatives

FLOORS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("floors.toml").read_text())["datelines"]
FIELDS = ("places", "region", "country", "date", "sources", "separator")


@cache
def readings() -> list[tuple[Case, Found | None]]:
    """Each case with what is read; a dateline with the wrong extent counts as not read."""
    read = [(case, read_dateline(body, published=PUBLISHED)) for case, body in bodies()]
    return [(case, found if found and found.dateline.text == case.text else None) for case, found in read]


def test_the_set_is_the_pinned_one() -> None:
    assert (len(readings()), len(negatives()), corpus_digest()) == (FLOORS["cases"], FLOORS["negatives"], FLOORS["corpus"])


def test_recall() -> None:
    missed = [case.body[:80] for case, found in readings() if found is None]
    assert 1 - len(missed) / len(readings()) >= FLOORS["recall"], missed[:10]


@pytest.mark.parametrize("name", FIELDS)
def test_field_accuracy(name: str) -> None:
    pairs = [(getattr(case, name), getattr(found.dateline, name), case.body[:60]) for case, found in readings() if found]
    wrong = [pair for pair in pairs if pair[0] != pair[1]]
    assert 1 - len(wrong) / len(pairs) >= FLOORS["fields"], wrong[:10]


def test_no_false_hits() -> None:
    hits = [body[:80] for body in negatives() if read_dateline(body, published=PUBLISHED)]
    assert len(hits) <= FLOORS["false_hits"], hits


@pytest.mark.parametrize(
    ("language", "agency"), [("en", "Reuters"), ("en", "AP"), ("de", "dpa"), ("de", "APA"), ("fr", "AFP"), ("es", "EFE")]
)
def test_the_simulated_wire(language: str, agency: str) -> None:
    """Copy written for another purpose, with its own cities: every report opens with a dateline of its agency."""
    plots = (draw_plot(f"datelines/{number}", language, agency=agency, day=date(2026, 3, 4)) for number in range(60))
    texts = ["\n\n".join(tell(plot).paragraphs) for plot in plots]
    read = [read_dateline(text, published=PUBLISHED) for text in texts]
    missed = [text[:80] for text, found in zip(texts, read, strict=True) if not found or found.dateline.sources != (agency,)]
    assert len(missed) <= (1 - FLOORS["recall"]) * len(texts), missed


def test_feeds_that_print_their_own_name() -> None:
    """Whole feed items of houses that no register knows: the feed says how it is called, and its datelines use that.

    The German wire signs with an abbreviation that nothing explains (rpd), so only its dated datelines are read.
    """
    read: Counter[tuple[str, bool]] = Counter()
    for item in raw_items(5, 500, updates=0.0):
        verdict = normalize(raw_of(item, PUBLISHED), {}, PUBLISHED)
        assert isinstance(verdict, Emit)
        assert isinstance(verdict.record, Article)
        read[item.language, verdict.record.pipeline.dateline is not None] += 1
    for language in ("en", "fr", "es"):
        assert read[language, True] > 30
        assert read[language, False] <= (1 - FLOORS["recall"]) * read[language, True], read


def test_ordinary_sentences_have_none(shared: Path) -> None:
    """Running text in many languages: not one of its lines opens with a dateline."""
    lines = [line for path in sorted((shared / "lang").glob("*.txt")) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) > 1000
    assert [line[:80] for line in lines if read_dateline(line.partition("\t")[2] or line)] == []
