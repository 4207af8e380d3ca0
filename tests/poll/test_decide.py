"""What a poll means: which items of a feed or of a wire's document are news, under which names, and the feed's next state."""

import json
from pathlib import Path

import pytest

from pipeline.codec import decode_raw
from pipeline.formats import detect
from pipeline.formats.split import Split, split
from pipeline.poll.decide import Decision, Poll, decide, digest
from pipeline.poll.outcome import Fetched, FetchFailed
from pipeline.poll.poller import items
from pipeline.poll.slice import Cut, Refusal
from pipeline.reasons import Reason
from pipeline.records import FeedSpec, FeedState
from tests.builders import rss, rss_item

AT = 1_772_350_200.0
SPEC = FeedSpec(id="example-wire", url="https://wire.example/latest", provider="wire.example")
WIRES = Path(__file__).parent.parent / "formats" / "wires"


def ninjs(*versions: tuple[str, str], body: str = "Text.") -> bytes:
    """A list of items, newest first."""
    return json.dumps(
        [
            {"uri": uri, "version": version, "type": "text", "headline": f"{uri} {version}", "body_text": body}
            for uri, version in versions
        ]
    ).encode()


def g2(*versions: tuple[str, str], sent: str = "2026-03-01T07:30:00Z") -> bytes:
    """A newsMessage made anew for each request."""
    inside = "".join(
        f'<newsItem guid="{guid}" version="{version}"><contentMeta><headline>{guid} {version}</headline></contentMeta></newsItem>'
        for guid, version in versions
    )
    return f"<newsMessage><header><sent>{sent}</sent></header><itemSet>{inside}</itemSet></newsMessage>".encode()


def polled(body: bytes, state: FeedState = FeedState(), at: float = AT) -> Decision:  # noqa: B008 - frozen
    """The decision about a body."""
    result = Fetched(status=200, url=SPEC.url, body=body)
    document = digest(body)
    found = None if document == state.document else items(body, None, at)
    return decide(SPEC, state, Poll(SPEC.id, at, result, 0.5, document, found), 60.0)


def raw(decision: Decision) -> list[tuple[str, str]]:
    """Key and guid of each item published."""
    return [
        (message.key.decode(), dict(message.headers).get("guid", b"").decode())
        for message in decision.messages
        if message.topic == "raw" and message.key
    ]


# ── a wire over HTTP, poll after poll ────────────────────────────────────────────────────────────────────────────────

A1, A2, B1 = ("urn:a", "1"), ("urn:a", "2"), ("urn:b", "1")


@pytest.mark.parametrize("wire", [ninjs, g2])
@pytest.mark.parametrize(
    ("before", "now", "emitted", "seen"),
    [
        ((), (A1,), ["urn:a"], 0),
        ((A1,), (B1, A1), ["urn:b"], 1),
        ((A1,), (A2,), ["urn:a"], 0),  # a version is news
        ((A1,), (A2, A1), ["urn:a"], 1),  # and does not take turns with the one before, where both are listed
        ((A2, A1), (A2, A1, B1), ["urn:b"], 2),
        ((B1, A1), (), [], 0),  # absence is no deletion
    ],
)
def test_versions_of_a_wire_are_news_once(wire: object, before: object, now: object, emitted: list[str], seen: int) -> None:
    first = polled(wire(*before)) if before else Decision(FeedState())
    second = polled(wire(*now), first.state, AT + 60)
    assert [guid for _, guid in raw(second)] == emitted
    assert second.account.dropped[Reason.SEEN] == seen
    third = polled(wire(*now), second.state, AT + 120)
    assert third.outcome == "same_body"


def test_a_message_around_the_same_items_is_no_news() -> None:
    first = polled(g2(A1, B1))
    second = polled(g2(A1, B1, sent="2026-03-01T07:31:00Z"), first.state, AT + 60)
    assert (second.outcome, raw(second), second.account.dropped[Reason.SEEN]) == ("changed", [], 2)


def test_all_versions_share_a_key_and_oldest_go_first() -> None:
    decision = polled(ninjs(A2, A1))
    assert raw(decision) == [("guid:wire.example urn:a", "urn:a")] * 2
    values = [json.loads(message.value or b"") for message in decision.messages if message.topic == "raw"]
    assert [value["version"] for value in values] == ["1", "2"]


def test_changed_text_under_the_same_version_goes_on() -> None:
    """A wire that corrects without counting must not be silenced here: `link` knows the contents."""
    first = polled(ninjs(A1))
    assert [guid for _, guid in raw(polled(ninjs(A1, body="Other text."), first.state, AT + 60))] == ["urn:a"]


def test_what_was_put_right_in_a_document_travels_with_its_items() -> None:
    broken = b"<br/>Notice: undefined index\n" + rss(rss_item())
    for body, problems in ((rss(rss_item()), ()), (broken, ("xml.junk_before_root",)), (ninjs(A1), ())):
        (message,) = (message for message in polled(body).messages if message.topic == "raw")
        assert decode_raw(message.key, message.value, message.headers).problems == problems


def test_pages_of_a_json_feed_are_named_by_their_address() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "T",
        "items": [
            {"id": "1", "url": "http://www.news.example/a?utm_source=x", "content_text": "A"},
            {"id": "2", "content_text": "B"},
        ],
    }
    assert raw(polled(json.dumps(feed).encode())) == [("guid:wire.example 2", "2"), ("https://news.example/a", "1")]


# ── every format ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", sorted(WIRES.iterdir()), ids=lambda path: path.name)
def test_every_wire_format_passes_with_its_format_and_its_names(path: Path) -> None:
    body = path.read_bytes()
    decision = polled(body)
    messages = [message for message in decision.messages if message.topic == "raw"]
    assert decision.outcome == "changed"
    assert len(messages) == len(split(body, detect(body, ""))) == decision.account.emitted
    assert {dict(message.headers)["format"].decode() for message in messages} == {detect(body, "")}
    assert all(key.startswith(("guid:wire.example ", "https://")) for key, _ in raw(decision))
    assert len(decision.state.seen) == len(messages)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (rss(rss_item()), Cut),
        (ninjs(A1), Split),
        (b"<html><body>Sorry</body></html>", Refusal),
        (b"A note that is no feed.", Refusal),
        (b'{"error": "not found"}', Refusal),
        (b"", Refusal),
    ],
)
def test_what_is_neither_feed_nor_wire_is_refused(body: bytes, kind: type) -> None:
    assert isinstance(items(body, None, AT), kind)


def test_a_refused_body_is_a_dead_letter_and_the_feed_goes_on() -> None:
    decision = polled(b"<html><body>Sorry</body></html>")
    assert decision.outcome == "refused"
    assert [message.topic for message in decision.messages] == ["documents", "dead"]
    assert decision.account.rejected == {Reason.NOT_A_FEED: 1}
    assert decision.state.rejected == {"not_a_feed": 1}


def test_an_item_too_large_for_the_log_is_refused_alone() -> None:
    decision = polled(ninjs(A1, B1).replace(b'"urn:b 1"', b'"' + b"x" * (3 << 20) + b'"'))
    assert [guid for _, guid in raw(decision)] == ["urn:a"]
    assert decision.account.rejected == {Reason.ITEM_TOO_LARGE: 1}


def test_a_failed_poll_and_a_304_leave_what_was_seen() -> None:
    state = polled(ninjs(A1)).state
    failed = decide(SPEC, state, Poll(SPEC.id, AT + 60, FetchFailed(kind="soft", reason="http_404"), 0.5), 60.0)
    unmodified = decide(SPEC, state, Poll(SPEC.id, AT + 60, Fetched(status=304, url=SPEC.url, body=None), 0.5), 60.0)
    assert failed.state.seen == unmodified.state.seen == state.seen
    assert (failed.outcome, unmodified.outcome) == ("soft", "not_modified")
    assert not failed.messages
    assert not unmodified.messages
