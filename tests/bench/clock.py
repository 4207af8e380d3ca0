"""Clocks inside the processes that the bench starts, kept in small files that it reads meanwhile: CPU of stages, first record."""

import mmap
import struct
from pathlib import Path
from time import monotonic, process_time, thread_time
from typing import Any

from msgspec.structs import replace

from pipeline.hop import Hop
from pipeline.records import Stage

FILE, BEGINNING = "stages.clock", "beginning.clock"
SECONDS = struct.Struct("d")
COST_ROUNDS, COST_CALLS = 5, 2000


def clocked(hop: Hop, clock: "Clock") -> Hop:
    """The same hop with clocked stages."""
    return replace(hop, stages=tuple(clock.stage(stage) for stage in hop.stages))


class Clock:
    """Sums up. What it costs itself falls outside of what it measures; see `cost_us`."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        path.write_bytes(SECONDS.pack(0.0))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), SECONDS.size)
        self._total_s = 0.0

    def stage(self, stage: Stage) -> Stage:
        """The same stage, clocked."""
        function = stage.function

        def run(record: Any, state: Any, now: str) -> Any:
            began = thread_time()
            try:
                return function(record, state, now)
            finally:
                self._total_s += thread_time() - began
                SECONDS.pack_into(self._page, 0, self._total_s)

        return replace(stage, function=run)


def cost_us(folder: Path) -> float:
    """CPU µs that a call costs more when it is clocked: to be taken off what the process used."""
    plain = Stage(name="nothing", function=lambda record, state, now: record, version="0")
    costs = []
    for function in (plain.function, Clock(folder).stage(plain).function) * COST_ROUNDS:
        began = thread_time()
        for _ in range(COST_CALLS):
            function(None, None, "")
        costs.append((thread_time() - began) / COST_CALLS * 1e6)
    return min(costs[1::2]) - min(costs[0::2])


def read(folder: Path) -> float:
    """Seconds so far of the process whose folder this is."""
    seconds: float = SECONDS.unpack((folder / FILE).read_bytes())[0]
    return seconds


class Beginning:
    """Notes the moment of the first record, and the CPU that the process had used by then."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / BEGINNING
        self._file.unlink(missing_ok=True)
        self._is_noted = False

    def note(self) -> None:
        """To be called with every record; costs 0.1 µs."""
        if not self._is_noted:
            self._is_noted = True
            self._file.write_bytes(SECONDS.pack(monotonic()) + SECONDS.pack(process_time()))


def beginning(folder: Path) -> tuple[float, float]:
    """The moment (monotonic, the same clock in all processes) and the CPU seconds."""
    noted = (folder / BEGINNING).read_bytes()
    return SECONDS.unpack_from(noted, 0)[0], SECONDS.unpack_from(noted, SECONDS.size)[0]
