"""The rounds of one worker for the partitions of `newswire.retractions` that it has, with what is committed about them.

A new assignment is a new patrol: it reads what its partitions told within the window and begins where the least swept one stands.
"""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import structlog
from aiokafka import TopicPartition
from msgspec import structs

from pipeline import codec, kafka
from pipeline.article import Article
from pipeline.config import Config
from pipeline.metrics import Metrics
from pipeline.recall.account import Account, parse_account, together
from pipeline.recall.rounds import Rounds, booked
from pipeline.recall.watch import EPOCH, Watch, told_before
from pipeline.sinks.segment import moment
from pipeline.sinks.sweep import FORMS_OF, Sweeper, Swept, told
from pipeline.wire.dates import rfc3339_ms

log = structlog.get_logger()


class Patrol:
    """`accounts` are to be committed with the offsets whenever `is_news`; whoever commits them sets it back."""

    def __init__(self, config: Config, metrics: Metrics, sweeper: Sweeper, accounts: Mapping[TopicPartition, Account]) -> None:
        self.accounts = dict(accounts)
        self.watch = Watch(timedelta(days=config.recall.days))
        self.is_news = False
        self._metrics = metrics
        self._rounds = Rounds(config, sweeper, self.watch, together(accounts.values()).swept_to)
        self._waiting_since = time.monotonic()
        self._patience_s = config.recall.sweep_s + 2 * config.objects.age_s

    @classmethod
    async def of(cls, config: Config, metrics: Metrics, sweeper: Sweeper, positions: Mapping[TopicPartition, int]) -> "Patrol":
        """That of an assignment; `positions` are where its consumer goes on. Raises `kafka.Unreachable` and aiokafka's errors."""
        committed = await accounts_of(config, positions)
        found = cls(config, metrics, sweeper, {tp: committed.get(tp, Account()) for tp in positions})
        since = datetime.now(UTC) - timedelta(days=config.recall.days) if config.recall.days else EPOCH
        async for record in told_before(config.kafka, positions, since):
            try:
                found.watch.hear(codec.decode(record.value, Article), record.timestamp)
            except codec.Undecodable:  # told of when it came (service.py)
                continue
        return found

    async def go(self) -> Swept | None:
        """One step of a round; what the round did once it is over. Raises as `Rounds.step`."""
        done = await self._rounds.step(datetime.now(UTC))
        if done is None:
            self.wait_long_for(self._rounds.waits_for)
            return None
        self._waiting_since = time.monotonic()
        self._book(done)
        return done

    def wait_for(self, what: str) -> None:
        """Says in the accounts why no round comes to its end."""
        if any(account.waits_for != what for account in self.accounts.values()):
            self.accounts = {tp: structs.replace(account, waits_for=what) for tp, account in self.accounts.items()}
            self.is_news = True

    def wait_long_for(self, what: str) -> None:
        """The same, once it takes longer than a round should."""
        if time.monotonic() - self._waiting_since > self._patience_s:
            self.wait_for(what)

    def _book(self, done: Swept) -> None:
        at = rfc3339_ms(datetime.now(UTC))
        lowest = min(self.accounts)
        self.accounts = {
            tp: booked(account, done if tp == lowest else None, self._rounds.swept_to, at)
            for tp, account in self.accounts.items()
        }
        self.is_news = True
        self._metrics.recall_watched.set(len(self._rounds.targets.uris))
        for what in (*FORMS_OF, "restored"):
            self._metrics.recall_returned.labels(what).inc(getattr(done, what))
        if (swept_to := moment(self._rounds.swept_to)) is not None:
            self._metrics.recall_swept_to.set(swept_to.timestamp())
        if done.erased or done.restored:
            log.warning(
                "recall.returned", what="; ".join(told(done)), restored=done.restored, watched=len(self._rounds.targets.uris)
            )


async def accounts_of(config: Config, partitions: Iterable[TopicPartition] | None = None) -> dict[TopicPartition, Account]:
    """What is committed, of these partitions or of all that have committed."""
    wanted = None if partitions is None else list(partitions)
    async with kafka.admin(config.kafka) as client:
        try:
            offsets = await kafka.group_offsets(client, f"{config.kafka.app}-recall", wanted)
        except kafka.NoGroups:
            return {}
    return {tp: parse_account(position.metadata) for tp, position in offsets.items()}
