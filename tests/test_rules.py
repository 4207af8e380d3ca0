"""Every rule has a listed id, and what fired is counted with the committed work: the label values of a metric are bounded."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from msgspec import Struct
from msgspec.structs import replace

from pipeline import offline, stages, topology
from pipeline.article import Article, Status
from pipeline.hop import Hop, drive, run_chain
from pipeline.ledger import Ledger
from pipeline.metrics import Metrics
from pipeline.reasons import Reason
from pipeline.records import Emit, RawItem, Reject, Stage
from pipeline.rules import GROUPS, LISTED, UNLISTED, fired
from pipeline.stages.link import relation
from pipeline.stages.normalize import normalize
from pipeline.wire import byline, captions, dateline_forms, furniture_rules, headline_tags, signoff, status_rules
from tests.builders import NOW, article, raw_item, rss, rss_item
from tests.strategies import raw_items

PACKAGE = Path(__file__).resolve().parent.parent / "pipeline"
ID = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*(?:\.[a-z][a-z0-9_]*){1,2}")
TABLES = (byline, captions, dateline_forms, furniture_rules, headline_tags, signoff, status_rules)
# What has the same shape: problems of a document (`pipeline.source.problems`), elements of NITF, hosts, files, modules.
OTHER_GROUPS = frozenset(("charset", "date", "doc", "feed", "item", "json", "name", "newsml12", "nitf", "object", "pipeline"))
OTHER_GROUPS |= {"story", "text", "tobject", "xml", "ops"}
OTHERS = frozenset(
    f"{group}.{word}"
    for group, words in {
        "agencies": "toml",
        "anpa": "further_messages no_time",
        "body": "content end head",
        "dateline": "press",
        "html": "broken declared_as_text too_large",
        "iptc7901": "further_messages no_time",
        "news": "cn",
        "newsml": "bad_pub_status bad_urgency bad_version encoded_content fragment further_items missing_version no_guid "
        "no_item_class no_item_meta no_provider no_standard no_version_created signals_disagree unread_content",
    }.items()
    for word in words.split()
)
OTHERS |= {rule.rule for rule in relation.RULES}  # of what a message does to its story: they stand in `story.reasons`
TAG_KINDS = ("status", "series", "genre", "topic")
MADE = {f"headline.{kind}_tag" for kind in TAG_KINDS} | {f"pub_status.{word}" for word in ("canceled", "withheld")}


def literals() -> dict[str, str]:
    """Every string in the stages and what they read with that has the shape of an id, and a file it stands in."""
    found = {}
    for folder in ("wire", "formats", "stages"):
        for path in (PACKAGE / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and ID.fullmatch(node.value):
                    found[node.value] = path.name
    return found


def test_every_rule_that_the_code_names_is_listed() -> None:
    unlisted = {
        word: file
        for word, file in literals().items()
        if word not in LISTED and word not in OTHERS and word.partition(".")[0] not in OTHER_GROUPS
    }
    assert not unlisted, "a rule belongs into pipeline/rules.py; a problem or the like into OTHERS above"


@pytest.mark.parametrize("module", TABLES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_row_of_a_rule_table_is_listed(module: Any) -> None:
    ids = {row[0] if isinstance(row, tuple) else row.rule for row in module.RULES}
    assert ids
    assert ids <= LISTED


def test_no_listed_rule_has_died() -> None:
    assert literals().keys() | MADE >= LISTED
    assert list(GROUPS) == sorted(GROUPS)
    assert all(rules.split() == sorted(set(rules.split())) for rules in GROUPS.values())


@given(raw_items)
def test_whatever_fires_is_listed(item: RawItem) -> None:
    verdict = normalize(item, {}, NOW)
    if isinstance(verdict, Emit):
        assert set(fired(verdict.record)) <= LISTED


def test_what_fires_on_the_samples_is_listed(shared: Path) -> None:
    files = [
        str(path) for folder in ("newsml-g2", "ninjs", "dpa-digitalwires", "seed") for path in (shared / folder).rglob("*.*ml")
    ]
    documents = offline.read(sorted(files), NOW)
    found = [each for each in offline.run(documents, through="enrich", feed="a", provider="b") if isinstance(each, Article)]
    ids = {rule for each in found for rule in fired(each)}
    assert len(ids) > 5
    assert ids <= LISTED


# ── counting ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def marking(name: str, rule: str) -> Stage:
    """A stage that lets one rule fire on every article."""

    def mark(record: Article, state: object, now: str) -> Emit:
        return Emit(replace(record, pipeline=replace(record.pipeline, rules=(*record.pipeline.rules, rule))))

    return Stage(name=name, function=mark, version="1")


def refusing(record: Article, state: object, now: str) -> Reject:
    return Reject(Reason.NO_CONTENT)


def test_each_stage_is_booked_its_own_rules_once() -> None:
    chain = (marking("one", "headline.doubled"), marking("two", "language.disputed"))
    plain = article().pipeline
    before = replace(plain, rules=("tail.ruler",), status=Status(kind="article", reasons=("kill.text",)))
    outcome = run_chain(chain, article(pipeline=before), {}, NOW, Ledger())
    assert outcome.rules == [("one", "headline.doubled"), ("two", "language.disputed")]


def test_rules_of_a_rejected_record_do_not_count() -> None:
    chain = (marking("one", "headline.doubled"), Stage(name="two", function=refusing, version="1"))
    assert run_chain(chain, article(), {}, NOW, Ledger()).rules == []


class Record(Struct):
    """A record as Kafka gives it."""

    value: RawItem
    offset: int
    topic: str = "newswire.raw"
    partition: int = 0
    timestamp: int = 0
    key: bytes = b""
    headers: tuple[tuple[str, bytes], ...] = ()


NORMALIZE = Hop(
    name="ingest",
    source="raw",
    stages=(stages.NORMALIZE,),
    decode=lambda key, value, headers: value,
    now_of=lambda item: item.fetched_at,
    encode=topology.INGEST.encode,
)


async def test_a_batch_counts_the_rules_of_what_it_does_not_reject() -> None:
    wire = raw_item(value=rss(rss_item(title="UPDATE 2-Floods close the river road By Reuters")))
    tagged_without_text = raw_item(value=rss("<title> </title>"))
    bundle = await drive(NORMALIZE, [Record(wire, 0), Record(wire, 1), Record(tagged_without_text, 2)], {}, slice_s=1)  # type: ignore[list-item]
    assert bundle.rejects == [False, False, True]
    assert bundle.rules == {("normalize", "headline.series_tag"): 2, ("normalize", "headline.suffix_by_agency"): 2}


def test_an_unlisted_rule_is_counted_without_its_name() -> None:
    metrics = Metrics()
    lane = metrics.lane("ingest")
    for _ in range(2):
        lane.book(Ledger(), {("normalize", "headline.doubled"): 3, ("normalize", "nobody.knows"): 1, ("enrich", "x"): 2}, 0.01)
    value = metrics.registry.get_sample_value
    assert value("newswire_rules_total", {"stage": "normalize", "rule": "headline.doubled"}) == 6
    assert value("newswire_rules_total", {"stage": "normalize", "rule": UNLISTED}) == 2
    assert value("newswire_rules_total", {"stage": "normalize", "rule": "nobody.knows"}) is None
