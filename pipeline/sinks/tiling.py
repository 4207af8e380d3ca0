"""Do the manifests of a partition follow each other? Pure.

I3: each starts where the one before ended, the first at offset 0; what the log had lost is said by a manifest of its own.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from pipeline.sinks.findings import Finding
from pipeline.sinks.segment import Manifest, Place


class Range(Struct, frozen=True, order=True):
    """What one manifest accounts for: [start, end], so many records stored and rejected. A gap holds what nobody read."""

    start: int
    end: int
    stored: int
    rejected: int
    is_gap: bool = False


def ranges(manifests: Sequence[Manifest]) -> list[Range]:
    """The ranges of these manifests, by offset."""
    return sorted(
        Range(
            manifest.start,
            manifest.end,
            manifest.count,
            sum(manifest.rejected.values()),
            manifest.kind == "gap" or manifest.lost_to is not None,
        )
        for manifest in manifests
    )


def tiling_problems(place: Place, manifests: Sequence[Manifest]) -> Iterator[Finding]:
    """Holes and overlaps, and what is said to be lost, of manifests in the order of their offsets."""
    next_offset = 0
    for manifest in manifests:
        start, end = manifest.start, manifest.end
        if start > next_offset:
            what = f"{start - next_offset} offsets before {start} in no manifest"
            yield found("hole", place, next_offset, start - 1, what)
        elif start < next_offset:
            what = f"{min(end + 1, next_offset) - start} offsets lie in a manifest before it too"
            yield found("overlap", place, start, end, what, place.manifest_key(start, end))
        if manifest.kind == "gap":
            yield found("gap", place, start, end, f"{end + 1 - start} offsets, {manifest.why}")
        elif manifest.lost_to is not None:
            yield found("gap", place, start, manifest.lost_to, f"{manifest.lost_to + 1 - start} offsets of a segment")
        next_offset = max(next_offset, end + 1)


def contested(manifests: Sequence[Manifest]) -> set[tuple[int, int]]:
    """Ranges that share offsets with another one, of manifests in the order of their offsets."""
    shared: set[tuple[int, int]] = set()
    widest: tuple[int, int] | None = None
    for manifest in manifests:
        if widest is not None and manifest.start <= widest[1]:
            shared |= {widest, (manifest.start, manifest.end)}
        if widest is None or manifest.end > widest[1]:
            widest = (manifest.start, manifest.end)
    return shared


def doubled(place: Place, offsets: dict[tuple[int, int], Iterable[int]]) -> Iterator[Finding]:
    """Records that stand in two objects, whose ranges overlap."""
    seen: dict[int, tuple[int, int]] = {}
    for start, end in sorted(offsets):
        again = [offset for offset in offsets[start, end] if offset in seen]
        if again:
            other = seen[again[0]]
            what = f"{len(again)} records that stand in {other[0]}..{other[1]} too, from offset {again[0]}"
            yield found("doubled", place, start, end, what)
        seen.update(dict.fromkeys(offsets[start, end], (start, end)))


def found(rule: str, place: Place, start: int, end: int, what: str, key: str = "") -> Finding:
    """A finding about a range of a partition."""
    return Finding(
        rule=rule,
        topic=place.topic,
        topic_id=place.topic_id,
        partition=place.partition,
        start=start,
        end=end,
        key=key,
        what=what,
    )
