"""When a feed is polled next. Pure: time and chance are arguments."""

from math import exp2

import xxhash

from pipeline.poll.outcome import Fetched, FetchFailed, Kind
from pipeline.records import FeedSpec, FeedState

SPREAD = 0.05  # random share added to every interval, so that feeds of one host drift apart
FRESH_MAX_S = 86_400.0  # max-age and ttl are believed up to a day: real feeds say a year
RETRY_AFTER_MAX_S = 7 * 86_400.0  # servers have said ten years; a week keeps a feed alive
BACKOFF_MAX_S = 86_400.0  # a feed is never given up: one poll a day finds it when it comes back
DOUBLINGS_MAX = 20.0  # 2^20 intervals is past every cap; keeps the power finite
HOUR_S = 3_600.0
CROWD_S = 2.0  # after the full hour, when everybody else's timers fire

# How much an error counts (Media Cloud): a temporary one says little about the feed, a hard one that it moved or ended.
WEIGHTS: dict[Kind, float] = {"hard": 1.0, "soft": 0.5, "temporary": 0.25}


def next_poll_at(
    spec: FeedSpec,
    state: FeedState,
    result: Fetched | FetchFailed,
    now: float,
    interval_s: float,
    jitter: float,
    *,
    ttl_s: float = 0.0,
) -> tuple[float, float]:
    """When to poll again (seconds since the epoch) and the feed's weighted errors in a row.

    `jitter` in [0, 1). After a success: the interval, or what the server asks for if that is longer. After an error: never sooner
    than the interval, plus a random part of an exponential back-off. Retry-After always counts.
    """
    if isinstance(result, FetchFailed):
        failures = state.failures + WEIGHTS[result.kind]
        wait_s = interval_s + jitter * backoff_s(interval_s, failures)
    else:
        failures = 0.0
        floor_s = min(max(result.max_age_s or 0.0, ttl_s), FRESH_MAX_S)
        wait_s = max(interval_s, floor_s) * (1.0 + SPREAD * jitter)
        if not state.polled_at:
            # Feeds that were all added at once part here for good.
            wait_s += interval_s * phase(spec.id)
    wait_s = max(wait_s, min(result.retry_after_s or 0.0, RETRY_AFTER_MAX_S))
    return _beside_the_hour(now + wait_s, spec.id, interval_s), failures


def backoff_s(interval_s: float, failures: float) -> float:
    """The widest extra wait after so many weighted errors: doubles with each, at most a day."""
    return min(BACKOFF_MAX_S, interval_s * exp2(min(failures, DOUBLINGS_MAX)))


def phase(feed: str) -> float:
    """A feed's own number in [0, 1): the same in every process and after every restart."""
    return int.from_bytes(xxhash.xxh3_64_digest(feed.encode()), "big") / 2**64


def _beside_the_hour(at: float, feed: str, interval_s: float) -> float:
    if interval_s < HOUR_S / 60 or at % HOUR_S >= CROWD_S:
        return at
    return at + CROWD_S + phase(feed) * HOUR_S / 60
