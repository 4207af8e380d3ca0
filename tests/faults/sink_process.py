"""An object sink in a process of its own, hit by a signal at a step of the protocol: `python -m tests.faults.sink_process JSON`.

The JSON is an `Order`. The process says each assignment on stdout; SIGTERM ends it in order, with its counts as the last line.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterable

import structlog
from aiokafka import TopicPartition
from msgspec import Struct

from pipeline import codec
from pipeline.reasons import Reason
from pipeline.sinks.forms import FORMS
from pipeline.sinks.line import Record
from pipeline.sinks.objects import ObjectSettings, ObjectSink
from pipeline.sinks.segment import Limits
from pipeline.sinks.stores import open_store


class Order(Struct, frozen=True, kw_only=True):
    """What the process does: `signal` (KILL, STOP) hits it when it first reaches `at`."""

    bootstrap: str
    topic: str
    group: str
    form: str
    store: str
    at: str
    signal: str


class Process:
    """One such process, as a test sees it."""

    def __init__(self, order: Order) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sink_process", codec.encode(order).decode()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def line(self) -> str:
        """The next line it says; "" at its end."""
        assert self._popen.stdout is not None
        return await asyncio.to_thread(self._popen.stdout.readline)

    async def until_stopped(self) -> None:
        """Waits until its own SIGSTOP has hit it."""
        _, status = await asyncio.to_thread(os.waitpid, self._popen.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)

    async def until_dead(self) -> int:
        """Its exit status."""
        return await asyncio.to_thread(self._popen.wait, 60)

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self._popen.send_signal(number)

    def end(self) -> None:
        """Whatever it does."""
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()


class Told(ObjectSink):
    """Says what it is assigned."""

    def open_lanes(self, assigned: Iterable[TopicPartition]) -> None:
        assigned = list(assigned)
        super().open_lanes(assigned)
        print("assigned", *(tp.partition for tp in assigned), flush=True)


async def main(order: Order) -> None:
    """Runs the sink."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    is_hit = False

    def at(point: str) -> None:
        nonlocal is_hit
        if point == order.at and not is_hit:
            is_hit = True
            os.kill(os.getpid(), getattr(signal, f"SIG{order.signal}"))

    async def dead(record: Record, reason: Reason, detail: str) -> None:
        raise AssertionError(f"{record.offset}: {reason} {detail}")

    settings = ObjectSettings(
        bootstrap=order.bootstrap,
        group=order.group,
        topic=order.topic,
        form=FORMS[order.form],
        prefix="news",
        limits=Limits(records_max=25, age_s=0.3),
        retry_s_max=1.0,
    )
    sink = Told(settings, open_store(order.store), dead, at)
    run = asyncio.create_task(sink.run())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await asyncio.wait([run, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    await sink.stop()
    await run
    print(codec.dumps(sink.counts).decode(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(codec.decode(sys.argv[1].encode(), Order)))
