"""When a feed is due: tables over outcomes, headers and chance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.poll.freshness import http_date, max_age_s, retry_after_s
from pipeline.poll.outcome import Fetched, FetchFailed, Kind
from pipeline.poll.schedule import next_poll_at, phase
from pipeline.records import FeedSpec, FeedState

NOW = 1_750_000_000.0  # Sunday, 15 June 2025, 15:06:40 UTC
SPEC = FeedSpec(id="example-world", url="https://example.test/feed")
POLLED = FeedState(polled_at=NOW - 300)


def ok(max_age: float | None = None, retry_after: float | None = None) -> Fetched:
    return Fetched(status=200, url=SPEC.url, body=b"", max_age_s=max_age, retry_after_s=retry_after)


def bad(kind: Kind, retry_after: float | None = None) -> FetchFailed:
    return FetchFailed(kind=kind, reason="http_503", retry_after_s=retry_after)


@pytest.mark.parametrize(
    ("result", "ttl_s", "jitter", "wait_s"),
    [
        (ok(), 0, 0.0, 300),
        (ok(), 0, 0.5, 307.5),
        (ok(), 0, 1.0, 315),
        (ok(max_age=60), 0, 0.0, 300),
        (ok(max_age=3600), 0, 0.0, 3600),
        (ok(), 1800, 0.0, 1800),
        (ok(max_age=43_200), 1800, 0.0, 43_200),
        (ok(max_age=31_536_000), 0, 0.0, 86_400),
        (ok(retry_after=900), 0, 0.0, 900),
        (bad("temporary"), 0, 0.0, 300),
        (bad("temporary", retry_after=5000), 0, 0.0, 5000),
        (bad("temporary", retry_after=315_360_000), 0, 0.0, 7 * 86_400),
        (bad("hard"), 0, 0.5, 300 + 300),
        (bad("hard", retry_after=10), 0, 0.0, 300),
    ],
)
def test_wait(result: Fetched | FetchFailed, ttl_s: float, jitter: float, wait_s: float) -> None:
    at, _ = next_poll_at(SPEC, POLLED, result, NOW, 300, jitter, ttl_s=ttl_s)
    assert at - NOW == pytest.approx(wait_s, abs=0.001)


def test_errors_weigh_by_kind_and_a_success_forgets_them() -> None:
    state = POLLED
    for kind, failures in (("temporary", 0.25), ("soft", 0.75), ("hard", 1.75)):
        result = bad(kind)  # type: ignore[arg-type]
        _, counted = next_poll_at(SPEC, state, result, NOW, 300, 0.5)
        assert counted == failures
        state = FeedState(polled_at=NOW, failures=counted)
    assert next_poll_at(SPEC, state, ok(), NOW, 300, 0.5)[1] == 0


def test_back_off_doubles_up_to_a_day_and_never_gives_up() -> None:
    waits = [next_poll_at(SPEC, FeedState(failures=n), bad("hard"), NOW, 300, 1.0)[0] - NOW for n in (0, 1, 2, 7, 50, 10_000)]
    assert waits == pytest.approx([900, 1500, 2700, 300 + 76_800, 300 + 86_400, 300 + 86_400], abs=70)


def test_feeds_added_together_part() -> None:
    due = {next_poll_at(FeedSpec(id=f"f{n}", url=""), FeedState(), ok(), NOW, 3600, 0.0)[0] for n in range(100)}
    assert len(due) == 100
    assert max(due) - min(due) > 3000


def test_phase_is_the_same_in_every_process() -> None:
    assert phase("example-world") == pytest.approx(0.6334230, abs=1e-6)
    assert phase("example-world") != phase("example-sport")


def test_never_on_the_hour() -> None:
    on_the_hour = NOW - NOW % 3600 + 3600
    at, _ = next_poll_at(SPEC, POLLED, ok(), on_the_hour - 300, 300, 0.0)
    assert 2 <= at - on_the_hour < 62


@given(
    st.sampled_from([ok(), ok(max_age=100), ok(retry_after=50), bad("hard"), bad("soft"), bad("temporary", 20)]),
    st.floats(0, 1000),
    st.floats(0.1, 86_400),
    st.floats(0, 1, exclude_max=True),
)
def test_never_sooner_than_the_interval_never_later_than_a_week(
    result: Fetched | FetchFailed, failures: float, interval_s: float, jitter: float
) -> None:
    at, counted = next_poll_at(SPEC, FeedState(failures=failures, polled_at=1), result, NOW, interval_s, jitter)
    assert NOW + interval_s - 0.001 <= at <= NOW + 7 * 86_400
    assert counted == 0 or counted > failures


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Sun, 15 Jun 2025 15:08:20 GMT", 100),
        ("Sunday, 15-Jun-25 15:08:20 GMT", 100),
        ("Sun Jun 15 15:08:20 2025", 100),
        ("Sun, 15 Jun 2025 15:00:00 GMT", 0),
        ("9" * 30, 315_360_000),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, wait_s: float | None) -> None:
    assert retry_after_s(value, NOW) == wait_s


@pytest.mark.parametrize(
    ("headers", "age_s"),
    [
        ({"Cache-Control": "max-age=600"}, 600),
        ({"Cache-Control": 'public, MAX-AGE="600", must-revalidate'}, 600),
        ({"Cache-Control": "max-age=600", "Age": "500"}, 100),
        ({"Cache-Control": "max-age=600", "Age": "700"}, 0),
        ({"Cache-Control": "no-cache, max-age=600"}, 0),
        ({"Cache-Control": "no-store"}, 0),
        ({"Cache-Control": "s-maxage=600"}, None),
        ({"Cache-Control": "max-age=soon"}, None),
        ({"Expires": "Sun, 15 Jun 2025 16:00:00 GMT", "Date": "Sun, 15 Jun 2025 15:00:00 GMT"}, 3600),
        ({"Expires": "Sun, 15 Jun 2025 15:08:20 GMT"}, 100),
        ({"Expires": "0"}, 0),
        ({"Expires": "Sun, 15 Jun 2025 16:00:00 GMT", "Cache-Control": "max-age=60"}, 60),
        ({}, None),
    ],
)
def test_max_age(headers: dict[str, str], age_s: float | None) -> None:
    assert max_age_s(headers, NOW) == age_s


@given(st.text(max_size=60))
def test_dates_never_raise(value: str) -> None:
    http_date(value)
    retry_after_s(value, NOW)
    max_age_s({"Cache-Control": value, "Expires": value, "Age": value}, NOW)
