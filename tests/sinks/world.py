"""One partition without Kafka: a log, the group's committed offset behind a fence, and a memory store."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.reasons import Reason
from pipeline.sinks.buffer import Buffer
from pipeline.sinks.line import Record
from pipeline.sinks.manifests import stored_count
from pipeline.sinks.progress import parse_metadata
from pipeline.sinks.seal import Fenced, Sealer, Tools
from pipeline.sinks.segment import Place
from pipeline.sinks.stores import MemoryStore
from tests.sinks.records import TOPIC_ID, Rec, records
from tests.sinks.tiling import Report, check_tiling

PLACE = Place("news", "t", TOPIC_ID, 0)


class Crash(BaseException):
    """The process ends here."""


def crash_at(wanted: str) -> Callable[[str], None]:
    def at(point: str) -> None:
        if point == wanted:
            raise Crash(point)

    return at


@dataclass
class World:
    """One partition's log, the group's committed offset, and the store; `owner` is the only one whose commits pass."""

    log: list[Rec] = field(default_factory=lambda: records(range(30)))
    store: MemoryStore = field(default_factory=MemoryStore)
    committed: tuple[int, str] | None = None
    owner: int = 0
    log_start: int = 0
    dead: list[tuple[int, Reason]] = field(default_factory=list)

    async def member(self, at: Callable[[str], None] = lambda point: None, place: Place = PLACE) -> Sealer:
        """A new owner after its recovery, a decided range finished."""
        self.owner += 1
        sealer = self.sealer(self.owner, at, place)
        await sealer.recover(self.committed, self.log_start)
        if sealer.redo is not None:
            await sealer.finish(self.read(sealer, sealer.redo))
        return sealer

    def sealer(self, generation: int, at: Callable[[str], None] = lambda point: None, place: Place = PLACE) -> Sealer:
        async def commit(offset: int, metadata: str) -> None:
            if generation != self.owner:
                raise Fenced
            self.committed = (offset, metadata)

        async def dead(record: Record, reason: Reason, detail: str) -> None:
            self.dead.append((record.offset, reason))

        return Sealer(place, Tools(store=self.store, dead=dead, writer="test", at=at, retry_s_max=0), commit)

    def read(self, sealer: Sealer, end: int) -> Buffer:
        """What a consumer would have read of [start, end]."""
        buffer = sealer.new_buffer()
        for record in self.log:
            if max(buffer.next, self.log_start) <= record.offset <= end:
                buffer.add(record)
        buffer.skip_to(end + 1)
        return buffer

    async def seal(self, sealer: Sealer, end: int, why: str = "age") -> None:
        await sealer.seal(self.read(sealer, end), why)

    async def check(self) -> Report:
        assert self.committed is not None
        report = await check_tiling(self.store, "news", "t", {0: self.committed[0]})
        assert report.problems == []
        progress = parse_metadata(self.committed[1])
        assert progress is not None
        assert (progress.stored, progress.rejected) == (report.stored, dict(report.rejected))
        assert await stored_count(self.store, "news", "t") == report.stored
        return report
