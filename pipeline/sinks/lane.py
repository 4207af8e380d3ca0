"""A lane: one partition of the object sink, from one rebalance to the next. What it holds; no I/O, no Kafka."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.sinks.buffer import Buffer
from pipeline.sinks.line import Record
from pipeline.sinks.seal import Sealer
from pipeline.sinks.segment import Facts, Limits

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

    def facts(self, is_draining: bool, is_caught_up: bool) -> Facts:
        """For `should_seal`."""
        return Facts(
            span=self.buffer.span,
            count=self.buffer.count,
            bytes=self.buffer.bytes,
            since=self.buffer.since,
            is_forced=self.is_forced,
            is_draining=is_draining,
            is_caught_up=is_caught_up,
        )

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
