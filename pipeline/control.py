"""The control plane of a worker: commands (Control) and reports (Reporter)."""

import asyncio
import os
import time
from collections.abc import Sequence
from typing import Any

import faust
import structlog
from aiokafka.errors import KafkaError

from pipeline import codec
from pipeline.config import Config
from pipeline.hop import CODE_VERSION
from pipeline.intake import Intake
from pipeline.metrics import Metrics
from pipeline.poll.feeds import send
from pipeline.poll.poller import Poller
from pipeline.recall.service import RecallService
from pipeline.records import Command, Report
from pipeline.sinks.service import ObjectsSink

log = structlog.get_logger()

LOOP_CHECK_S = 0.1


class Control:
    """Obeys `newswire.ops.command`. Every worker reads all commands and acts on what it owns, so each effect is idempotent."""

    def __init__(self, config: Config, poller: Poller, objects: ObjectsSink) -> None:
        self._config, self._poller, self._objects = config, poller, objects

    async def obey(self, stream: Any) -> None:
        """The agent."""
        async for value in stream:
            try:
                order = codec.decode(value, Command)
            except codec.Undecodable as error:
                log.error("command_unreadable", cause=str(error))
                continue
            log.info("command", verb=order.verb, feed=order.feed)
            if order.verb == "drain":
                await self._poller.quiesce()
                self._objects.drain()
            elif order.verb == "seal":
                self._objects.hurry(order.ends)
            else:
                self._poller.obey(order)


class Reporter(faust.Service):
    """Serves metrics and tells the others, on `newswire.ops.report`, that this worker lives and what it owns."""

    def __init__(
        self,
        config: Config,
        worker: str,
        metrics: Metrics,
        parts: tuple[Poller, Sequence[Intake], ObjectsSink, RecallService],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config, self.worker, self.metrics = config, worker, metrics
        self.poller, self.intakes, self.objects, self.recall = parts
        self.metrics_port = 0

    async def on_start(self) -> None:
        """Begins to serve /metrics."""
        self.metrics_port = self.metrics.serve(self.config.metrics.host, self.config.metrics.port)
        self.metrics.build.labels(CODE_VERSION).set(1)
        log.info("worker_ready", worker=self.worker, metrics=f"http://{self.config.metrics.host}:{self.metrics_port}/metrics")

    @faust.Service.task
    async def watch_loop(self) -> None:
        """Measures how late the event loop is."""
        while not self.should_stop:
            began = time.monotonic()
            await asyncio.sleep(LOOP_CHECK_S)
            self.metrics.loop_delay.observe(max(0.0, time.monotonic() - began - LOOP_CHECK_S))

    @faust.Service.task
    async def report(self) -> None:
        """One compact report per `run.report_s`."""
        while not self.should_stop:
            await self.sleep(self.config.run.report_s)
            self._measure_lag()
            try:
                await send(self.config, "ops.report", [(self.worker, codec.encode(self.facts()))])
            except (KafkaError, OSError) as error:
                log.debug("report_failed", cause=repr(error))

    def facts(self) -> Report:
        """What the report says."""
        return Report(
            worker=self.worker,
            pid=os.getpid(),
            at=time.time(),
            code=CODE_VERSION,
            metrics=f"http://{self.config.metrics.host}:{self.metrics_port}/metrics",
            feeds=sum(len(lane.feeds) for lane in self.poller.lanes.values()),
            lanes={intake.hop.name: tuple(sorted(tp.partition for tp in intake.lanes)) for intake in self.intakes},
            stopped=self.objects.stopped
            | ({"recall": self.recall.stopped_because} if self.recall.stopped_because else {})
            | {intake.hop.name: intake.stopped_because for intake in self.intakes if intake.stopped_because}
            | ({"poll": "drained: polls nothing until the worker is started again"} if self.poller.is_quiet else {}),
        )

    def _measure_lag(self) -> None:
        for intake in self.intakes:
            records = 0
            for tp, lane in intake.lanes.items():
                end = intake.consumer.last_stable_offset(tp) if intake.consumer else None
                records += max(0, (end or 0) - lane.floor) if lane.floor else 0
            intake.wiring.metrics.lag_records.set(records)
