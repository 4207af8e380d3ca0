"""What became of each record, from the records found and the offsets that the hops have reached. Pure.

A reject leaves a dead letter and a repeat a sighting, but `link` drops what is unchanged or late without a record: that can only
be told by what is missing. A missing record is called missing, with a reason only where the reason is sure.
"""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.explain.wanted import Found
from pipeline.topics import BY_NAME

TOLD_TO_ALL = "told to every language"
FOLLOWING = {"raw": "normalized", "normalized": "linked", "linked": "enriched", "enriched": "out.other"}
DAY_MS = 86_400_000

Passed = Mapping[tuple[str, int], int]  # (short topic, partition) to the offset that the hop behind it has reached


def trace(chain: Sequence[Found], passed: Passed, now: float) -> None:
    """Sets the `fate` of each record of the chain that a hop reads. `now` in ms; `passed` was read before the chain was."""
    for found in chain:
        if found.topic in FOLLOWING:
            parts = [*_rejects(found, chain), *_goes_on(found, chain)]
            found.fate = "; ".join(parts) or _ended(found, chain, passed, now)


def hop_behind(topic: str) -> str:
    """The hop that reads the topic: it owns the next one."""
    return BY_NAME[FOLLOWING[topic]].owner


def _rejects(found: Found, chain: Sequence[Found]) -> Iterator[str]:
    for dead in chain:
        if dead.topic == "dead" and dead.facts.get("from") == found.place:
            yield f"rejected by {dead.facts.get('stage')}: {dead.facts.get('reason')} ({dead.place})"


def _goes_on(found: Found, chain: Sequence[Found]) -> Iterator[str]:
    if found.origin is None:
        return
    following = FOLLOWING[found.topic]
    for each in chain:
        is_next = each.topic == following or (following.startswith("out.") and each.topic.startswith("out."))
        is_same = each.origin == found.origin and each.facts.get("echo", "") == found.facts.get("echo", "")
        if is_next and is_same:
            yield f"→ {each.place}"
        elif found.topic == "raw" and each.topic == "sightings" and _is_sighting_of(each, found):
            yield f"dropped by dedup: seen before ({each.place})"


def _is_sighting_of(sighting: Found, raw: Found) -> bool:
    assert raw.origin is not None
    feed, fetched_at, document, _part = raw.origin
    facts = sighting.facts
    is_same_fetch = (facts.get("feed"), facts.get("seen_at")) == (feed, fetched_at)
    return sighting.key == raw.key and is_same_fetch and facts.get("document", document) == document


def _ended(found: Found, chain: Sequence[Found], passed: Passed, now: float) -> str:
    hop = hop_behind(found.topic)
    if passed.get((found.topic, found.partition), 0) <= found.offset:
        return f"waits for {hop}"
    if found.topic == "normalized" and (bucket := found.facts.get("echo")):
        return f"{TOLD_TO_ALL}; it changes nothing that link holds in {bucket}"
    if found.topic == "normalized" and (twin := _same_content(found, chain)):
        return f"dropped by link, which leaves no record: {twin.place} (version {twin.facts.get('version')}) has the same content"
    if found.topic == "enriched":
        held = [each for each in chain if each.topic.startswith("out.") and each.key == found.facts.get("uri")]
        return f"routed; {held[-1].place} holds a newer state" if held else "routed, but no public topic holds its uri"
    following = BY_NAME[FOLLOWING[found.topic]]
    if following.retention_ms >= 0 and now - found.at > following.retention_ms:
        return f"passed {hop}; what came of it is past retention ({following.retention_ms // DAY_MS} d on {following.name})"
    if found.topic == "normalized":
        return "dropped by link, which leaves no record: its content was unchanged, or it came late"
    return f"passed {hop}, but nothing of it is found: look again, and if it stays, this is a loss to report"


def is_idle_echo(found: Found) -> bool:
    """Whether it is a copy for another language, in which it changed nothing."""
    return found.topic == "normalized" and bool(found.facts.get("echo")) and found.fate.startswith(TOLD_TO_ALL)


def _same_content(found: Found, chain: Sequence[Found]) -> Found | None:
    """A linked version of the same uri with the same content."""
    facts = ("uri", "content")
    linked = (each for each in chain if each.topic == "linked")
    return next((each for each in linked if all(each.facts.get(name) == found.facts.get(name) for name in facts)), None)
