"""The rounds of a watchman: what comes into the store after its kill is erased within one or two sweeps, without anybody asking.

A *round* notes which ranges are sealed, waits until everything written by then has gone its whole way (`barrier.py`: only then is
known what became of their raw items), and erases in the ranges since the last round what kills in force mean (`sinks/sweep.py`).
Promise: a round that breaks off anywhere is made again whole, which changes nothing that is right already; after a restart it
begins with what was written from an hour before the last commit's `swept_to` on.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import structs

from pipeline.config import Config
from pipeline.recall.account import COUNTS, Account
from pipeline.recall.barrier import FROM_RAW, Barrier
from pipeline.recall.moves import hear_moves
from pipeline.recall.watch import Watch
from pipeline.sinks.catalog import Span
from pipeline.sinks.kill import Target
from pipeline.sinks.returning import Returning
from pipeline.sinks.segment import Place, moment
from pipeline.sinks.sweep import Sweeper, Swept
from pipeline.wire.dates import rfc3339_ms

NEEDED = "enriched"  # the archive that tells what lives: without it a round would take new versions for killed ones


class Rounds:
    """Of one assignment. `swept_to` says, as `Account` does, how far the store is swept; "" from its beginning."""

    def __init__(self, config: Config, sweeper: Sweeper, watch: Watch, swept_to: str) -> None:
        self._config, self._sweeper, self._watch = config, sweeper, watch
        self.swept_to = swept_to
        self.targets = Returning(())
        self._in_force: list[Target] = []
        self._after: Mapping[Place, int] | None = None
        self._upto: Mapping[Place, int] = {}
        self._barrier: Barrier | None = None
        self._begun_at = self._passed_at = ""

    @property
    def waits_for(self) -> str:
        """What the round that was begun has yet to see pass, or what keeps one from beginning."""
        if NEEDED not in self._config.objects.topics:
            return f"{NEEDED} in objects.topics"
        if self._barrier is None:
            return ""
        return "hops" if not self._barrier.is_enriched else f"{next(iter(self._barrier.stored), 'everything')} sealed"

    async def step(self, now: datetime) -> Swept | None:
        """Goes on with the round; what it did once it is over. Raises `StoreError`, `RedactError`, and as `Barrier` does."""
        if NEEDED not in self._config.objects.topics:
            return None
        if self._barrier is None:
            await self._begin(now)
        assert self._barrier is not None
        if not (self._barrier.is_passed or await self._barrier.look()):
            return None
        in_force = self._watch.in_force(now)
        if in_force != self._in_force:
            targets = Returning(in_force, self.targets)
            await hear_moves(self._config.kafka, targets.members)
            self._in_force, self.targets = in_force, targets
        done = await self._sweeper.follow(self.targets, Span(after=self._after or {}, upto=self._upto))
        done.raise_problems()
        self._conclude()
        return done

    async def _begin(self, now: datetime) -> None:
        await self._sweeper.prepare()
        if self._after is None:
            swept_to = moment(self.swept_to)
            self._after = self._sweeper.catalog.ends(swept_to) if swept_to else {}
        self._upto = self._sweeper.catalog.ends()  # before the barrier: what is sealed now was written before it
        self._begun_at = rfc3339_ms(now.astimezone(UTC))
        self._barrier = await Barrier.now(self._config, FROM_RAW)

    def _conclude(self) -> None:
        """All that was written before the barrier *before* this one was sealed when this round noted the ranges."""
        self.swept_to = max(self.swept_to, self._passed_at)
        self._passed_at = self._begun_at
        self._after, self._barrier = self._upto, None


def booked(account: Account, done: Swept | None, swept_to: str, at: str) -> Account:
    """A partition's account after a sweep; None: the sweep's counts stand on another partition."""
    counts = {name: getattr(account, name) + getattr(done, name, 0) for name in COUNTS} if done else {}
    if done:
        counts["sweeps"] = account.sweeps + 1
    return structs.replace(account, swept_to=max(account.swept_to, swept_to), swept_at=at, waits_for="", **counts)
