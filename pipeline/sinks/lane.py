"""A lane: one partition of an object sink between two rebalances; and the memory that all lanes share. No I/O, no Kafka."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.sinks.buffer import Buffer
from pipeline.sinks.line import Record
from pipeline.sinks.seal import Sealer
from pipeline.sinks.segment import Facts, Limits, relieve

LaneState = Literal["recovering", "open", "sealing", "fenced", "halted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneReport:
    """A partition as operators see it: [start, next) is read and not sealed yet; `detail` says why it is halted."""

    state: LaneState
    start: int
    next: int
    count: int
    bytes: int
    detail: str


class Lane:
    """`tp` is aiokafka's TopicPartition, `membership` the (generation, member id) under which it was assigned."""

    def __init__(self, tp: Any, membership: tuple[int, str]) -> None:
        self.tp, self.membership = tp, membership
        self.state: LaneState = "recovering"
        self.detail = ""
        self.task: asyncio.Task[None] | None = None
        self.is_forced = False
        self.wanted_to = 0  # somebody waits until everything below this offset is sealed
        self.strikes = 0  # out of range in a row
        self.sealer: Sealer
        self.buffer = Buffer(tp.topic, tp.partition, 0)

    @property
    def is_reading(self) -> bool:
        """True while records go into the buffer."""
        return self.state == "open"

    @property
    def redo(self) -> int | None:
        """The end of a range that was decided before this assignment."""
        return self.sealer.redo

    def take(self, records: Sequence[Record], position: int, now: float, limits: Limits) -> None:
        """Adds what was read up to `position`; stops at the end of a decided range, or when full (the rest is read again)."""
        end = self.redo
        for record in records:
            if record.offset < self.buffer.next:
                continue
            if end is not None and record.offset > end:
                break
            self.buffer.add(record, now)
            if end is None and (self.buffer.count >= limits.records_max or self.buffer.bytes >= limits.bytes_max):
                return
        if end is not None:
            position = min(position, end + 1)
        if position > self.buffer.next:
            self.buffer.skip_to(position, now)
        if records:
            self.strikes = 0

    def let_go(self) -> None:
        """Frees what was read: another owner reads it, or this one again once a person has looked."""
        self.buffer = Buffer(self.tp.topic, self.tp.partition, self.buffer.start)

    def facts(self, is_draining: bool, is_caught_up: bool) -> Facts:
        """For `should_seal`."""
        return Facts(
            span=self.buffer.span,
            count=self.buffer.count,
            bytes=self.buffer.bytes,
            since=self.buffer.since,
            is_forced=self.is_forced or self._is_wanted,
            is_draining=is_draining,
            is_caught_up=is_caught_up,
        )

    @property
    def _is_wanted(self) -> bool:
        """Once all that is waited for has been read, so that it makes one segment."""
        return self.buffer.start < self.wanted_to <= self.buffer.next

    def report(self) -> LaneReport:
        """For operators."""
        buffer = self.buffer
        return LaneReport(
            state=self.state,
            start=buffer.start,
            next=buffer.next,
            count=buffer.count,
            bytes=buffer.bytes,
            detail=self.detail,
        )


class Memory:
    """The one budget of all sinks of a worker: each brings in its lanes, by partition, and asks what it must do about them."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self._shares: list[Mapping[int, Lane]] = []

    def share(self, lanes: Mapping[int, Lane]) -> None:
        """Counts these lanes from now on, whichever they are at the time."""
        self._shares.append(lanes)

    def relieve(self) -> tuple[frozenset[tuple[str, int]], tuple[str, int] | None]:
        """(partitions to pause, partition to seal), over all sinks. One that finishes a decided range is neither."""
        reading: dict[tuple[str, int], int] = {}
        busy_bytes = 0
        for lane in (lane for lanes in self._shares for lane in lanes.values()):
            if lane.is_reading and lane.redo is None:
                reading[lane.tp] = lane.buffer.bytes
            else:
                busy_bytes += lane.buffer.bytes
        return relieve(reading, busy_bytes, self.bytes_max)
