"""What stands for a range now, and whether it follows what stood there before. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pipeline.sinks.findings import Finding
from pipeline.sinks.inspection import Depth, Question
from pipeline.sinks.redaction import Redaction
from pipeline.sinks.segment import Manifest, Place
from pipeline.sinks.tiling import contested, found


class History:
    """The ranges of a partition as they were and as they are now: the highest redaction stands for its range."""

    def __init__(self, manifests: Sequence[Manifest], redactions: Sequence[Redaction]) -> None:
        self._shared = contested(manifests)
        self._chains: dict[tuple[int, int], list[Redaction]] = defaultdict(list)
        for redaction in sorted(redactions, key=lambda redaction: redaction.revision):
            self._chains[redaction.start, redaction.end].append(redaction)
        self._manifests = manifests
        self.keys = {manifest.key for manifest in manifests} | {redaction.key for redaction in redactions}  # of all times

    def questions(self, depth: Depth, killed: str) -> Iterator[Question]:
        """What is to be asked of the object that now stands for each range."""
        for manifest in self._manifests:
            range_ = (manifest.start, manifest.end)
            chain = self._chains.get(range_, ())
            now = chain[-1].applied_to(manifest) if chain else manifest
            if now.key:
                yield Question(
                    manifest=now,
                    depth=depth,
                    killed=killed,
                    erased=tuple(sorted({each for redaction in chain for each in redaction.ids})),
                    wants_offsets=range_ in self._shared,
                )

    def problems(self, place: Place, objects: set[str]) -> Iterator[Finding]:
        """Redactions, and where they do not follow what was there before."""
        before = {(manifest.start, manifest.end): manifest for manifest in self._manifests}
        for (start, end), chain in sorted(self._chains.items()):
            now, number = before.get((start, end)), 0
            for redaction in chain:
                what = f"r{redaction.revision} at {redaction.at}: {len(redaction.ids)} records, {redaction.reason}"
                yield found("redacted", place, start, end, what, redaction.key)
                if now is None or redaction.revision != number + 1:
                    yield found("chain", place, start, end, f"r{redaction.revision} follows nothing", redaction.key)
                elif (redaction.replaces, redaction.count) != (now.sha256, now.count):
                    what = f"r{redaction.revision} replaces {redaction.count} records of SHA-256 {redaction.replaces}"
                    yield found("chain", place, start, end, f"{what}, there were {now.count} of {now.sha256}", redaction.key)
                if now is not None:
                    if now.key in objects:
                        what = f"replaced by r{redaction.revision}"
                        yield found("superseded", place, start, end, what, now.key)
                    now = redaction.applied_to(now)
                number = redaction.revision
