"""Asks every worker to seal what a kill waits for, so that it need not wait for `objects.age_s`.

One command on `newswire.ops.command` says up to which offsets; a worker that has sealed them does nothing. Nothing depends on it:
a command that is lost, or that nobody understands, costs the old delay.
"""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from pipeline import codec, kafka
from pipeline.config import Config
from pipeline.poll.feeds import send
from pipeline.records import Command

GAP_S = 1.0  # between two commands, however many kills there are
AGAIN_S, AGAIN_S_MAX = 2.0, 30.0  # the same wish again: a partition may have changed its owner, a command may be lost

log = structlog.get_logger()

Wanted = Mapping[str, tuple[int, ...]]  # stored topic → by partition, the offset below which everything is to be sealed


class Hurries(Protocol):
    """The sinks of this worker."""

    def hurry(self, ends: Wanted) -> None:
        """Seals what lies below these offsets."""
        ...


class Haste:
    """Of one worker's recall. `clock` gives seconds that only grow."""

    def __init__(self, config: Config, objects: Hurries, clock: Callable[[], float] = time.monotonic) -> None:
        self._config, self._objects, self._clock = config, objects, clock
        self._asked: dict[tuple[str, int], int] = {}
        self._sent_at = self._due_at = float("-inf")
        self._delay_s = AGAIN_S

    async def ask(self, wanted: Wanted) -> None:
        """Hurries the sinks of this worker at once, all others by a command; may be called as often as one likes."""
        if not any(map(any, wanted.values())):
            return
        self._objects.hurry(wanted)
        now = self._clock()
        ends = {(topic, partition): end for topic, offsets in wanted.items() for partition, end in enumerate(offsets)}
        is_new = any(end > self._asked.get(place, 0) for place, end in ends.items())
        if now < self._sent_at + GAP_S or (now < self._due_at and not is_new):
            return
        self._delay_s = AGAIN_S if is_new else min(2 * self._delay_s, AGAIN_S_MAX)
        self._sent_at, self._due_at = now, now + self._delay_s
        self._asked |= ends
        at = time.time()
        order = Command(verb="seal", id=f"recall-{int(at * 1000)}", at=at, ends=wanted)
        try:
            await send(self._config, "ops.command", [("", codec.encode(order))])
        except (kafka.Unreachable, *kafka.FAILURES) as error:
            log.warning("recall.not_asked", error=f"{type(error).__name__}: {error}")
