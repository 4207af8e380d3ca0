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


def clocked(hop: Hop, clock: "Clock") -> Hop:
    """The same hop with clocked stages."""
    return replace(hop, stages=tuple(clock.stage(stage) for stage in hop.stages))


class Clock:
    """Sums up; 1 µs per call of its own, most of which falls outside of what it measures."""

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
