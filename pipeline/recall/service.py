"""Obeys kills in the object store: a consumer group of its own on `newswire.retractions`, in every worker.

A *case* is what one fetch brought. It is swept at once, and again when everything that was known then is stored (`barrier.py`);
only then are its offsets committed. Promise: a retraction is committed after its redaction is durable; a crash, a rebalance or a
store that is away only makes it done again, which changes nothing. Holds and releases leave the store alone.

What comes into the store after that is the business of `rounds.py`, which goes on beside the cases, so that no kill waits for it.
"""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import faust
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from pipeline import codec, kafka
from pipeline.article import Article
from pipeline.config import Config
from pipeline.hop import CODE_VERSION
from pipeline.metrics import Metrics
from pipeline.recall.barrier import Barrier
from pipeline.recall.haste import Haste
from pipeline.recall.moves import hear_moves
from pipeline.recall.patrol import Patrol
from pipeline.sinks.kill import Target, targets_of
from pipeline.sinks.redact import RedactError, Redactor
from pipeline.sinks.service import ObjectsSink
from pipeline.sinks.stores import StoreError, StoreRefused
from pipeline.sinks.sweep import FORMS_OF, Sweeper, Swept
from pipeline.sinks.targets import Targets
from pipeline.topics import full_name

FETCH_MS = 500
KILLS_MAX = 500  # of one case: a withdrawn archive comes in portions, so that each range is written again a few times, not 500
LOOK_S = 0.5  # between two looks at the barrier; each asks three groups, some 100 ms of a broker's time
ROUND_LOOK_S = 5.0  # the same for rounds, which nobody waits for
RETRY_S_MAX = 30.0
TRANSIENT = (StoreError, kafka.Unreachable, *kafka.FAILURES)
BLOCKED = (StoreRefused, RedactError)  # until a person acts

log = structlog.get_logger()


class Case:
    """Retractions that are carried out together. `places` are their records, `told_at` the broker's time of the oldest (ms)."""

    def __init__(self, places: list[tuple[TopicPartition, int]], targets: Iterable[Target], told_at: int) -> None:
        self.places, self.targets, self.told_at = places, Targets(targets), told_at
        self.barrier: Barrier | None = None
        self.is_done = self.targets.is_empty
        self.delay_s = LOOK_S
        self.due_at = 0.0


class RecallService(faust.Service):
    """The redactor of a worker."""

    def __init__(self, config: Config, metrics: Metrics, objects: ObjectsSink, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config, self.metrics, self.objects = config, metrics, objects
        self.cases: list[Case] = []
        self._blocked: dict[str, str] = {}
        self._following: dict[TopicPartition, int] = {}
        self._is_warm = False
        self._patrol: Patrol | None = None
        self._haste = Haste(config, objects)
        redactor = Redactor(
            objects.store, config.objects.prefix, writer=f"newswire {CODE_VERSION}", keeps_raw=config.recall.keep_raw
        )
        self._sweeper = Sweeper(redactor, timedelta(days=config.recall.days))

    @property
    def stopped_because(self) -> str:
        """What a person must do before a kill can be carried out, or the rounds go on; "" while all is well."""
        return next(iter(self._blocked.values()), "")

    @faust.Service.task
    async def obey(self) -> None:
        """Until the worker stops; a lost session is opened again."""
        delay_s = LOOK_S
        while self.config.recall.enabled and not self.should_stop:
            try:
                await self._session()
                delay_s = LOOK_S
            except TRANSIENT as error:
                log.warning("recall.session_lost", error=f"{type(error).__name__}: {error}", delay_s=delay_s)
                await self.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_S_MAX)

    @faust.Service.task
    async def patrol(self) -> None:
        """Goes the rounds until the worker stops."""
        delay_s = 0.0
        while self.config.recall.enabled and not self.should_stop:
            await self.sleep(min(delay_s or ROUND_LOOK_S, self.config.recall.sweep_s))
            if (patrol := self._patrol) is not None:
                delay_s = await self._go(patrol, delay_s)

    async def _go(self, patrol: Patrol, delay_s: float) -> float:
        """One step of a round, and how long to wait after it: 0 for the usual look."""
        try:
            done = await patrol.go()
        except BLOCKED as error:
            self._blocked["round"] = str(error)
            patrol.wait_for(str(error))
            self.metrics.recall_sweeps.labels("blocked").inc()
            log.error("recall.round_blocked", error=str(error), cure="mend it; it is tried again and again")
            return self.config.recall.sweep_s
        except TRANSIENT as error:
            self.metrics.recall_sweeps.labels("retried").inc()
            patrol.wait_long_for(f"{type(error).__name__}: {error}")
            log.warning("recall.round_retry", error=f"{type(error).__name__}: {error}")
            return min(2 * (delay_s or LOOK_S), RETRY_S_MAX)
        self._blocked.pop("round", None)
        if done is None:
            return 0.0
        self.metrics.recall_sweeps.labels("done").inc()
        _warn(done)
        return self.config.recall.sweep_s

    async def _session(self) -> None:
        settings = self.config.kafka
        self.cases.clear()
        self._following.clear()
        self._patrol = None
        async with kafka.reader(
            settings,
            group_id=f"{settings.app}-recall",
            session_timeout_ms=int(settings.session_timeout_s * 1000),
            heartbeat_interval_ms=1500,
            max_poll_interval_ms=900_000,  # reading the manifests of 35 days from S3 takes minutes
        ) as consumer:
            consumer.subscribe([full_name(settings.prefix, "retractions")])
            while not self.should_stop:
                if consumer.assignment() and not self._is_warm:
                    await self._sweeper.prepare()  # now, so that the first kill need not wait for it
                    self._is_warm = True
                await self._take_over(consumer)
                self._open(await consumer.getmany(timeout_ms=FETCH_MS, max_records=KILLS_MAX))
                for case in self.cases:
                    if not case.is_done and case.due_at <= time.monotonic():
                        await self._try(case)
                await self._commit(consumer)
                self.metrics.recall_pending.set(sum(len(case.places) for case in self.cases))

    async def _take_over(self, consumer: AIOKafkaConsumer) -> None:
        """A patrol for the partitions that we have now, before anything of them is fetched."""
        assigned = consumer.assignment()
        if assigned == (self._patrol.accounts.keys() if self._patrol else set()):
            return
        positions = {tp: await consumer.position(tp) for tp in assigned}
        self._following = dict(positions)
        self._blocked.pop("round", None)
        self._patrol = await Patrol.of(self.config, self.metrics, self._sweeper, positions) if positions else None

    def _open(self, fetched: dict[TopicPartition, list[ConsumerRecord]]) -> None:
        records = [(tp, record) for tp, several in fetched.items() for record in several]
        if not records:
            return
        targets = [target for _, record in records for target in self._heard(record)]
        self.cases.append(
            Case([(tp, record.offset) for tp, record in records], targets, min(record.timestamp for _, record in records))
        )
        for tp, record in records:
            self._following[tp] = record.offset + 1

    async def _try(self, case: Case) -> None:
        """One step of a case; what fails is tried again with back-off, while others go on."""
        try:
            await self._step(case)
            case.delay_s = LOOK_S
            self._blocked.pop("kill", None)
        except BLOCKED as error:
            self._blocked["kill"] = str(error)
            log.error("recall.blocked", uris=case.targets.uris[:5], error=str(error), cure="mend it; it is tried again and again")
            case.delay_s = RETRY_S_MAX
        except TRANSIENT as error:
            log.warning("recall.retry", error=f"{type(error).__name__}: {error}", delay_s=case.delay_s)
            case.delay_s = min(2 * case.delay_s, RETRY_S_MAX)
        case.due_at = time.monotonic() + case.delay_s

    async def _step(self, case: Case) -> None:
        if case.barrier is None:
            barrier = await Barrier.now(self.config)
            await self._sweep(case)
            case.barrier = barrier
        if not await case.barrier.look():
            await self._haste.ask(case.barrier.outstanding())
            return
        await self._sweep(case)
        case.is_done = True
        seconds = max(0.0, time.time() - case.told_at / 1000)
        self.metrics.recall_seconds.observe(seconds)
        log.info("recall.done", uris=case.targets.uris[:5], items=len(case.targets.uris), seconds=round(seconds, 3))

    async def _sweep(self, case: Case) -> None:
        await hear_moves(self.config.kafka, case.targets.members)
        done = await self._sweeper.sweep(case.targets)
        for what in FORMS_OF:
            self.metrics.recall_erased.labels(what).inc(getattr(done, what))
        _warn(done)
        done.raise_problems()

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        """Up to the first retraction that is not carried out, of the partitions that are still ours."""
        finished = [case for case in self.cases if case.is_done]
        patrol = self._patrol
        if patrol is None or not (finished or patrol.is_news):
            return
        self.cases = [case for case in self.cases if not case.is_done]
        offsets = {tp: following for tp, following in self._following.items() if tp in consumer.assignment()}
        for tp, offset in (place for case in self.cases for place in case.places):
            if tp in offsets:
                offsets[tp] = min(offsets[tp], offset)
        told = {
            tp: OffsetAndMetadata(at, patrol.accounts[tp].to_metadata()) for tp, at in offsets.items() if tp in patrol.accounts
        }
        patrol.is_news = False
        if told:
            await consumer.commit(told)

    def _heard(self, record: ConsumerRecord) -> tuple[Target, ...]:
        try:
            article = codec.decode(record.value, Article)
        except codec.Undecodable as error:
            log.error("recall.unreadable", partition=record.partition, offset=record.offset, error=str(error))
            return ()
        if self._patrol is not None:
            self._patrol.watch.hear(article, record.timestamp)
        return targets_of(article, record.timestamp)


def _warn(done: Swept) -> None:
    for what in (*done.missing, *done.damaged):
        log.error("recall.not_looked_into", what=what, cure="see `newswire verify`")
