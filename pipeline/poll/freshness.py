"""What HTTP headers say about when to come back (RFC 9111, RFC 9110 section 10.2.3). Pure: `now` is an argument."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

DELTA_MAX_S = 10 * 365 * 86_400  # a number beyond ten years is a joke or an overflow, and means as much as ten years

DIRECTIVE = re.compile(r"([a-z-]+)(?:\s*=\s*\"?([^\",\s]*))?", re.IGNORECASE)


def retry_after_s(value: str | None, now: float) -> float | None:
    """Seconds to wait, from seconds or any of the three HTTP date forms; None if absent or unreadable, never negative."""
    if not value or not (value := value.strip()):
        return None
    if value.isascii() and value.isdigit():
        return _bounded(value)
    at = http_date(value)
    return None if at is None else min(max(0.0, at - now), DELTA_MAX_S)


def max_age_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds for which the answer is fresh: Cache-Control before Expires (relative to Date), less Age.

    0 for no-cache, no-store and answers that are stale already; None if the server says nothing.
    """
    directives = {name.lower(): value for name, value in DIRECTIVE.findall(headers.get("Cache-Control", ""))}
    if "no-cache" in directives or "no-store" in directives:
        return 0.0
    lifetime: float | None = None
    if directives.get("max-age", "").isdigit():
        lifetime = _bounded(directives["max-age"])
    elif expires := headers.get("Expires"):
        at, date = http_date(expires), http_date(headers.get("Date", ""))
        # RFC 9111 5.3: an Expires that is no date ("0", "-1") means expired.
        lifetime = 0.0 if at is None else at - (now if date is None else date)
    if lifetime is None:
        return None
    age = headers.get("Age", "").strip()
    return min(max(0.0, lifetime - (_bounded(age) if age.isascii() and age.isdigit() else 0.0)), DELTA_MAX_S)


def http_date(value: str) -> float | None:
    """IMF-fixdate, RFC 850 and asctime dates, in seconds since the epoch; None if it is no date."""
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    try:
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None


def _bounded(digits: str) -> float:
    return float(min(int(digits[:12]), DELTA_MAX_S))
