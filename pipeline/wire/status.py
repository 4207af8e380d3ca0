"""Whether a message may be shown, and what kind of message it is: from the source's status fields and from its text.

The stricter of the two wins: a usable item whose headline says WITHDRAWAL is canceled. A signal never makes anything usable.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct

from pipeline.article import Status
from pipeline.wire.dates import parse_instant
from pipeline.wire.status_rules import ADVISORY_GENRES, PUB_STATUS, RULES, Says

HEADLINE_CHARS_MAX = 400
TEXT_CHARS_MAX = 700  # the first paragraph of a kill with the quoted headline
WHOLE_CHARS_MAX = 1_500  # a note to editors that is a message of its own; a longer text is a report
TEST_CHARS_MAX = 400
EMBARGO_CHARS_MAX = 64
ZONE_DOUBT = timedelta(hours=12)  # a time without a zone is over everywhere 12 hours after it is over in Greenwich
DATE_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")

Strictness = Literal["usable", "withheld", "canceled"]
ORDER: tuple[Strictness, ...] = ("usable", "withheld", "canceled")


class Judged(Struct, frozen=True, kw_only=True):
    """`pub_status` for the record, `status` with kind, hold and `reasons`; `embargoed_until` RFC 3339 where a time is known.

    `signal` is what the source says about the version: "correction", "update" or "".
    """

    pub_status: Strictness
    status: Status
    reasons: tuple[str, ...] = ()
    embargoed_until: str = ""
    signal: Literal["", "update", "correction"] = ""


class _Embargo(Struct, frozen=True):
    reason: str = ""
    is_held: bool = False
    until: str = ""


def judge(
    *,
    now: str,
    headline: str = "",
    text: str = "",
    pub_status: str = "",
    signals: Iterable[str] = (),
    embargo: str | None = None,
    genres: Iterable[str] = (),
    format_: str = "",
) -> Judged:
    """`headline` raw, `text` with its furniture; `embargo` None: no such field; `now` RFC 3339; `format_` as in formats.KNOWN.

    The text decides over kills, holds, advisories and tests; the fields can only make it stricter.
    """
    marks = tuple(signals)
    said = _said(headline, text)
    field_status, field_reason = _by_field(pub_status)
    sealed = _embargo(embargo, now)
    kind, kind_reasons = _kind(said, marks, genres, format_)
    by_text: Strictness = "canceled" if "kill" in said else "withheld" if "hold" in said else "usable"
    by_embargo: Strictness = "withheld" if sealed.is_held else "usable"
    status = max(field_status, by_text, by_embargo, key=ORDER.index)
    signal, signal_reasons = _signal(marks)
    reasons = tuple(
        dict.fromkeys(
            reason
            for reason in (
                field_reason,
                *(said[says] for says in said if says in ("kill", "hold")),
                sealed.reason,
                *kind_reasons,
                *signal_reasons,
            )
            if reason
        )
    )
    return Judged(
        pub_status=status,
        status=Status(kind=kind, is_held=status == "withheld", reasons=reasons),
        reasons=reasons,
        embargoed_until=sealed.until,
        signal=signal,
    )


# ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _said(headline: str, text: str) -> dict[Says, str]:
    """What headline and text say, and the first rule that says so."""
    line = " ".join(headline[:HEADLINE_CHARS_MAX].split())
    whole = text[: WHOLE_CHARS_MAX + 1].strip()
    first = whole.partition("\n\n")[0][:TEXT_CHARS_MAX]
    found: dict[Says, str] = {}
    for rule in RULES:
        if rule.says in found:
            continue
        if rule.where == "headline":
            is_said = bool(line) and rule.pattern.fullmatch(line)
        elif rule.where == "text":
            is_said = bool(first) and rule.pattern.fullmatch(first)
        else:
            longest = TEST_CHARS_MAX if rule.says == "test" else WHOLE_CHARS_MAX
            is_said = 0 < len(whole) <= longest and rule.pattern.fullmatch(whole)
        if is_said:
            found[rule.says] = rule.rule
    return found


def _kind(
    said: dict[Says, str], signals: tuple[str, ...], genres: Iterable[str], format_: str
) -> tuple[Literal["article", "advisory", "test"], tuple[str, ...]]:
    """A kill or a hold is no advisory, even where its headline says so: it has to reach its story."""
    if "test" in said:
        return "test", (said["test"],)
    if "kill" in said or "hold" in said:
        return "article", ()
    reasons = [said["advisory"]] if "advisory" in said else []
    if any(genre.rpartition(":")[2].strip().casefold() in ADVISORY_GENRES for genre in genres):
        reasons.append("advisory.genre")
    if format_ == "ap" and signals and not any(signal.strip().casefold() == "newscontent" for signal in signals):
        reasons.append("advisory.no_newscontent")
    return ("advisory", tuple(reasons)) if reasons else ("article", ())


# ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _by_field(vendor: str) -> tuple[Strictness, str]:
    """A word that is in no table is withheld: what nobody understands is not published."""
    word = vendor.strip().rstrip("/").casefold()
    word = word.rpartition("/")[2] if "/" in word else word
    word = word.rpartition(":")[2]
    if not word:
        return "usable", ""
    status = PUB_STATUS.get(word)
    if status is None:
        return "withheld", "pub_status.unknown"
    return status, f"pub_status.{status}" if status != "usable" else ""


def _signal(signals: tuple[str, ...]) -> tuple[Literal["", "update", "correction"], tuple[str, ...]]:
    """`sig:update` and `sig:correction` exclude each other; where both stand, a correction is the safer reading."""
    words = {signal.strip().casefold().rpartition(":")[2].rpartition("/")[2] for signal in signals}
    if "correction" in words:
        return "correction", ("signal.contradiction",) if "update" in words else ()
    return "update" if "update" in words else "", ()


def _embargo(value: str | None, now: str) -> _Embargo:
    """Past: over. Future: held until then. Empty or no date: held until further notice."""
    if value is None:
        return _Embargo()
    text = value.strip()
    if not text:
        return _Embargo("embargo.empty", True)
    at, has_zone = _instant(text[: EMBARGO_CHARS_MAX + 1])
    if at is None:
        return _Embargo("embargo.free_text", True)
    is_future = at > parse_instant(now)
    if not has_zone:
        return _Embargo("embargo.no_zone" if is_future else "", is_future)
    until = at.isoformat(timespec="seconds").replace("+00:00", "Z") if is_future else ""
    return _Embargo("embargo.future" if is_future else "", is_future, until)


def _instant(text: str) -> tuple[datetime | None, bool]:
    """The latest instant that an ISO date-time can mean, and whether it names a zone; a date alone lasts to its end."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC), True
        lasts = ZONE_DOUBT + (timedelta(days=1) if DATE_ONLY.fullmatch(text) else timedelta(0))
        return at.replace(tzinfo=UTC) + lasts, False
    except (ValueError, OverflowError):
        return None, False
