"""Whatever the pipeline writes is as promised: events of the simulated wire, of hostile input, of the sample data; headers."""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from msgspec import structs

from pipeline import codec, offline, stages
from pipeline.article import Article
from pipeline.contract import check
from pipeline.hop import dead_letter, run_chain
from pipeline.ledger import Ledger
from pipeline.offline import CHAIN, Document
from pipeline.poll.decide import Poll, decide, digest
from pipeline.poll.outcome import Fetched
from pipeline.poll.slice import cut
from pipeline.reasons import Reason
from pipeline.records import Emit, FeedSpec, FeedState, RawItem, Reject, Report
from pipeline.simulator.feeds import FEEDS
from pipeline.simulator.wire import Wire
from pipeline.stages.route import Published, Routed, route
from pipeline.topology import _routed
from tests.builders import NOW, article, raw_item, rss, rss_item
from tests.strategies import raw_items

TOPICS = {"normalize": "normalized", "link": "linked", "enrich": "enriched"}
SAMPLED = 150  # files of the sample data: all of them take a minute, `make test` has other things to do
FOLDERS = ("feeds", "seed", "newsml-g2", "dpa-digitalwires", "ninjs/examples")


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """Models and tables are loaded before anything is timed."""
    stages.warm()


def problems(topic: str, record: Article) -> list[str]:
    """What is wrong with the record's bytes on this topic."""
    return [f"{topic} {record.uri}: {problem}" for problem in check.validate(topic, codec.encode(record))]


def public_problems(record: Article) -> list[str]:
    """What is wrong with what the routes make of it: values and headers."""
    verdict = route(record, {}, NOW)
    messages = _routed(verdict.record) if isinstance(verdict, Emit) else []
    values = [check.validate(message.topic, message.value) for message in messages]
    headers = [check.validate("envelope.event", _text(message.headers)) for message in messages]
    return [str(problem) for found in (*values, *headers) for problem in found]


def of_the_wire(through: str) -> Iterator[Article]:
    """Three hours of the whole simulated wire, every feed looked at every half hour."""
    wire = Wire(11)
    documents = (
        Document(path=f"{feed.id}.xml", value=wire.document(feed.id, at), at=f"2026-03-01T{7 + at // 3600:02.0f}:00:00Z")
        for at in range(0, 10_800, 1800)
        for feed in FEEDS
    )
    for result in offline.run(documents, through=through, feed="simulated", provider="example.test"):  # type: ignore[arg-type]
        assert isinstance(result, Article), result
        yield result


@pytest.mark.parametrize("through", TOPICS)
def test_every_event_of_the_simulated_wire_is_as_promised(through: str) -> None:
    count = 0
    for record in of_the_wire(through):
        assert problems(TOPICS[through], record) == []
        assert check.validate("envelope.event", _text(codec.article_headers(record, TOPICS[through]))) == []
        if through == "enrich":
            assert public_problems(record) == []
        count += 1
    assert count > 400


def test_every_event_of_the_simulated_wire_is_ninjs(shared: Path) -> None:
    official = check.official_ninjs(shared / "ninjs")
    found = [str(each) for record in of_the_wire("enrich") for each in check.problems(official, codec.encode(record))]
    assert found == []


@given(raw_items)
@settings(deadline=None)
def test_hostile_items_give_events_as_promised_or_none(item: RawItem) -> None:
    for last, stage in enumerate(CHAIN):
        if stage.name not in TOPICS:
            continue
        outcome = run_chain(CHAIN[: last + 1], item, {each.name: {} for each in CHAIN if each.stateful}, NOW, Ledger())
        if outcome.record is not None:
            assert problems(TOPICS[stage.name], outcome.record) == []
        for side in outcome.also:
            assert check.validate(side.topic, codec.encode(side.value)) == []


def test_sample_files_give_events_as_promised_which_are_ninjs(shared: Path) -> None:
    official = check.official_ninjs(shared / "ninjs")
    files = sorted(path for folder in FOLDERS for path in (shared / folder).rglob("*") if path.is_file())
    count = 0
    for path in random.Random(3).sample(files, SAMPLED):
        for result in offline.run(offline.read([str(path)], NOW), through="enrich", feed="sample", provider=""):
            if isinstance(result, Article):
                assert problems("enriched", result) == [], path
                assert check.problems(official, codec.encode(result)) == [], path
                count += 1
    assert count > 300


def test_our_schemas_promise_nothing_that_ninjs_lacks(shared: Path) -> None:
    """Every valid example is ninjs, and every field beside `pipeline` is one of ninjs' own."""
    official = check.official_ninjs(shared / "ninjs")
    schemas = Path(__file__).resolve().parents[2] / "schemas"
    for subject in ("normalized", "linked", "enriched", "out"):
        for path in (schemas / "examples" / subject / "valid").glob("*.json"):
            assert check.problems(official, path.read_bytes()) == [], path
    theirs = codec.loads((shared / "ninjs" / "specification" / "ninjs-schema_3.1.json").read_bytes())["$defs"]["ninjsType"]
    assert {field.encode_name for field in structs.fields(Article)} - set(theirs["properties"]) == {"pipeline"}


# ── beside the article ───────────────────────────────────────────────────────────────────────────────────────────────


def _text(headers: list[tuple[str, bytes]]) -> dict[str, str]:
    return {name: value.decode() for name, value in headers}


def test_a_poll_writes_documents_items_and_state_as_promised() -> None:
    spec = FeedSpec(id="example-world", url="https://example.test/feed", provider="example.test")
    body = rss(rss_item())
    result = Fetched(status=200, url=spec.url, body=body, content_type="application/rss+xml", etag='"1"', last_modified=None)
    poll = Poll(feed=spec.id, result=result, at=1_772_350_200.5, document=digest(body), jitter=0.5, found=cut(body))
    decision = decide(spec, FeedState(), poll, 60.0)
    written = {message.topic: message for message in decision.messages}
    assert {"documents", "raw"} <= set(written)
    for topic in ("documents", "raw"):
        assert check.validate(topic, _text(written[topic].headers)) == []
    assert check.validate("feeds.state", codec.encode(decision.state)) == []
    assert check.validate("feeds", codec.encode(spec)) == []


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"charset": "utf-8", "guid": "a-1", "language": "en", "transport": "file", "problems": ("rss.no_root",)},
        {"provider": ""},
    ],
)
def test_raw_headers_are_as_promised(over: dict[str, object]) -> None:
    assert check.validate("raw", _text(codec.raw_headers(raw_item(**over)))) == []


def test_a_dead_letter_is_as_promised_with_the_headers_it_came_with() -> None:
    received = SimpleNamespace(
        topic="newswire.raw", partition=3, offset=17, timestamp=1, key=b"k", value=b"v", headers=codec.raw_headers(raw_item())
    )
    message = dead_letter(received, "normalize", Reject(Reason.NO_CONTENT, "neither headline nor text"))
    assert check.validate("dead", _text(message.headers)) == []


def test_an_article_beside_its_topic_has_the_envelope_too() -> None:
    headers = _text(codec.side_headers(article(version="1"), "corrections"))
    assert check.validate("envelope.event", headers) == []
    assert headers["ce_dataschema"] == "urn:newswire:schema:corrections:1.0.0"
    assert codec.side_headers({"uri": "urn:newswire:item:1"}, "sightings") == []


def test_a_sighting_is_as_promised() -> None:
    state: dict[bytes, bytes] = {}
    first = stages.DEDUP.function(raw_item(), state, NOW)
    state.update(dict(first.writes))
    (side,) = stages.DEDUP.function(raw_item(), state, NOW).also
    assert check.validate(side.topic, codec.encode(side.value)) == []


def test_a_withdrawal_and_a_part_of_an_event_are_as_promised() -> None:
    record = article(version="1")
    routed = Routed(record, to=(Published("out.desk", "ninjs-only"),), withdrawn=(("out.en", record.uri),))
    part, withdrawal = _routed(routed)
    assert check.validate("envelope.event", _text(part.headers)) == []
    assert withdrawal.value is None
    assert check.validate("envelope.withdrawal", _text(withdrawal.headers)) == []


def test_a_worker_that_just_began_reports_as_promised() -> None:
    assert check.validate("ops.report", codec.encode(Report(worker="w0", at=1.5, lanes={"ingest": (0, 1)}))) == []


def test_validate_says_where_and_what() -> None:
    broken = codec.loads(codec.encode(article(version="1")))
    broken["pipeline"]["times"]["ingested"] = "yesterday"
    broken["headlines"][0]["value"] = "x" * 100_000
    broken["headlines"][0]["role"] = 1
    found = {problem.at: problem.says for problem in check.validate("normalized", broken)}
    assert set(found) == {"/headlines/0/role", "/pipeline/times/ingested"}
    assert found["/pipeline/times/ingested"] == '"yesterday" is not a "date-time"'
    (problem,) = check.validate("enriched", b"{")
    assert "not JSON" in problem.says
    assert list(islice(check.validate("normalized", {**broken, "slugline": ["y" * 100_000]}), 1))
    assert all(len(problem.says) < 300 for problem in check.validate("normalized", {**broken, "slugline": ["y" * 100_000]}))
