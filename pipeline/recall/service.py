"""Obeys kills in the object store: a consumer group of its own on `newswire.retractions`, in every worker.

A *case* is what one fetch brought. It is swept at once, and again when everything that was known then is stored (`barrier.py`);
only then are its offsets committed. Promise: a retraction is committed after its redaction is durable; a crash, a rebalance or a
store that is away only makes it done again, which changes nothing. Holds and releases leave the store alone.
"""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import faust
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from pipeline import codec, kafka
from pipeline.article import Article
from pipeline.config import Config
from pipeline.hop import CODE_VERSION
from pipeline.metrics import Metrics
from pipeline.recall.barrier import Barrier
from pipeline.sinks.redact import RedactError, Redactor
from pipeline.sinks.service import ObjectsSink
from pipeline.sinks.stores import StoreError, StoreRefused
from pipeline.sinks.sweep import FORMS_OF, Sweeper, Swept
from pipeline.sinks.targets import Target, Targets, targets_of
from pipeline.topics import full_name

FETCH_MS = 500
KILLS_MAX = 500  # of one case: a withdrawn archive comes in portions, so that each range is written again a few times, not 500
LOOK_S = 0.5  # between two looks at the barrier; each asks three groups, some 100 ms of a broker's time
RETRY_S_MAX = 30.0
TRANSIENT = (StoreError, kafka.Unreachable, *kafka.FAILURES)
BLOCKED = (StoreRefused, RedactError)  # until a person acts

log = structlog.get_logger()


class Case:
    """Retractions that are carried out together. `places` are their records, `told_at` the broker's time of the oldest (ms)."""

    def __init__(self, places: list[tuple[TopicPartition, int]], targets: Iterable[Target], told_at: int) -> None:
        self.places, self.targets, self.told_at = places, Targets(targets), told_at
        self.barrier: Barrier | None = None
        self.is_done = not self.targets.uris
        self.delay_s = LOOK_S
        self.due_at = 0.0


class RecallService(faust.Service):
    """The redactor of a worker. `stopped_because` names what a person must do before a kill can be carried out."""

    def __init__(self, config: Config, metrics: Metrics, objects: ObjectsSink, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config, self.metrics, self.objects = config, metrics, objects
        self.cases: list[Case] = []
        self.stopped_because = ""
        self._following: dict[TopicPartition, int] = {}
        self._is_warm = False
        redactor = Redactor(
            objects.store, config.objects.prefix, writer=f"newswire {CODE_VERSION}", keeps_raw=config.recall.keep_raw
        )
        self._sweeper = Sweeper(redactor, timedelta(days=config.recall.days))

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

    async def _session(self) -> None:
        settings = self.config.kafka
        self.cases.clear()
        self._following.clear()
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
                self._open(await consumer.getmany(timeout_ms=FETCH_MS, max_records=KILLS_MAX))
                for case in self.cases:
                    if not case.is_done and case.due_at <= time.monotonic():
                        await self._try(case)
                await self._commit(consumer)
                self.metrics.recall_pending.set(sum(len(case.places) for case in self.cases))

    def _open(self, fetched: dict[TopicPartition, list[ConsumerRecord]]) -> None:
        records = [(tp, record) for tp, several in fetched.items() for record in several]
        if not records:
            return
        targets = [target for _, record in records for target in _targets(record)]
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
            self.stopped_because = ""
        except BLOCKED as error:
            self.stopped_because = str(error)
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
            if case.barrier.is_enriched:
                self.objects.hurry()
            return
        await self._sweep(case)
        case.is_done = True
        seconds = max(0.0, time.time() - case.told_at / 1000)
        self.metrics.recall_seconds.observe(seconds)
        log.info("recall.done", uris=case.targets.uris[:5], items=len(case.targets.uris), seconds=round(seconds, 3))

    async def _sweep(self, case: Case) -> None:
        done = await self._sweeper.sweep(case.targets)
        for what in FORMS_OF:
            self.metrics.recall_erased.labels(what).inc(getattr(done, what))
        _warn(done)
        done.raise_problems()

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        """Up to the first retraction that is not carried out, of the partitions that are still ours."""
        finished = [case for case in self.cases if case.is_done]
        if not finished:
            return
        self.cases = [case for case in self.cases if not case.is_done]
        offsets = {tp: following for tp, following in self._following.items() if tp in consumer.assignment()}
        for tp, offset in (place for case in self.cases for place in case.places):
            if tp in offsets:
                offsets[tp] = min(offsets[tp], offset)
        if offsets:
            await consumer.commit(offsets)


def _targets(record: ConsumerRecord) -> tuple[Target, ...]:
    try:
        return targets_of(codec.decode(record.value, Article), record.timestamp)
    except codec.Undecodable as error:
        log.error("recall.unreadable", partition=record.partition, offset=record.offset, error=str(error))
        return ()


def _warn(done: Swept) -> None:
    for what in (*done.missing, *done.damaged):
        log.error("recall.not_looked_into", what=what, cure="see `newswire verify`")
