"""The object sinks as one service of the worker, a sink for each stored topic. The protocol is in `objects.py` and `seal.py`."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import faust
import structlog
from aiokafka import AIOKafkaProducer, ConsumerRecord
from msgspec import structs

from pipeline import kafka
from pipeline.config import Config
from pipeline.hop import dead_letter
from pipeline.metrics import Metrics
from pipeline.reasons import Reason
from pipeline.records import Reject
from pipeline.sinks.forms import FORMS
from pipeline.sinks.lane import Memory
from pipeline.sinks.objects import ObjectSettings, ObjectSink
from pipeline.sinks.segment import Limits
from pipeline.sinks.stores import StoreError, StoreRefused, open_store
from pipeline.sinks.stores.probe import Capabilities, probe
from pipeline.topics import BY_NAME, full_name, sink_name

MEASURE_S = 1.0
PROBE_S_MAX = 10.0  # 0.3 s on an ordinary S3; a store that is slower or down must not keep the worker from its other work
REQUEST_BYTES_MAX = 16 << 20  # the largest dead letter is a document: 12 MiB on its topic

log = structlog.get_logger()


def settings(config: Config, topic: str) -> ObjectSettings:
    """What the sink of a topic (short name) needs to know of the configuration."""
    objects, arguments = config.objects, kafka.connection(config.kafka)
    security = {name: value for name, value in arguments.items() if name.startswith(("security", "sasl", "ssl"))}
    return ObjectSettings(
        bootstrap=config.kafka.bootstrap,
        group=f"{config.kafka.app}-{sink_name(topic)}",
        topic=full_name(config.kafka.prefix, topic),
        form=FORMS[BY_NAME[topic].archive],
        prefix=objects.prefix,
        limits=Limits(
            bytes_max=objects.bytes_max,
            records_max=objects.records_max,
            age_s=objects.age_s,
            memory_bytes_max=objects.memory_bytes_max,
        ),
        session_timeout_ms=int(config.kafka.session_timeout_s * 1000),
        security=security,
    )


class ObjectsSink(faust.Service):
    """Seals `objects.topics` into the object store, each record into exactly one segment, all within one memory budget."""

    def __init__(self, config: Config, metrics: Metrics, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config, self.metrics = config, metrics
        self.store, memory = open_store(config.objects.store), Memory(config.objects.memory_bytes_max)
        self.capabilities: Capabilities | None = None
        self.sinks = {
            topic: ObjectSink(settings(config, topic), self.store, partial(self._dead, topic), memory=memory)
            for topic in config.objects.topics
        }
        self._producer: AIOKafkaProducer | None = None
        self._producing = asyncio.Lock()

    async def on_start(self) -> None:
        """Finds out what the store does. Fails at once when it refuses us; one that does not answer is waited for."""
        try:
            async with asyncio.timeout(PROBE_S_MAX):
                self.capabilities = await probe(self.store, self.config.objects.prefix)
        except StoreRefused:
            raise
        except (StoreError, TimeoutError) as error:
            log.warning("objects.store_unknown", store=self.config.objects.store, error=f"{type(error).__name__}: {error}")
            return
        log.info("objects.store", store=self.config.objects.store, **structs.asdict(self.capabilities))
        for what, is_done in self.capabilities.facts.items():
            self.metrics.store_does.labels(what).set(is_done)

    @property
    def stopped(self) -> dict[str, str]:
        """Sinks that store nothing until a person acts, and why."""
        return {sink_name(topic): sink.stopped_because for topic, sink in self.sinks.items() if sink.stopped_because}

    @faust.Service.task
    async def seal(self) -> None:
        """Consumes and seals until the worker stops."""
        await asyncio.gather(*(sink.run() for sink in self.sinks.values()))

    @faust.Service.task
    async def measure(self) -> None:
        """Shows what the sinks count and hold."""
        meters = {topic: self.metrics.sink(topic) for topic in self.sinks}
        while not self.should_stop:
            for topic, sink in self.sinks.items():
                reports = sink.report().values()
                meters[topic].book(sink.counts, sink.seals)
                held_bytes = sum(report.bytes for report in reports)
                meters[topic].show([report.state for report in reports], held_bytes, bool(sink.stopped_because))
            await self.sleep(MEASURE_S)

    def drain(self) -> None:
        """Seals what is buffered, and from now on whatever comes as soon as it has caught up."""
        for sink in self.sinks.values():
            sink.seal_now()

    def hurry(self, ends: Mapping[str, Sequence[int]]) -> None:
        """Seals what this worker holds below these offsets (by topic's short name and partition): somebody waits for it."""
        for topic, offsets in ends.items():
            if topic in self.sinks:
                self.sinks[topic].hurry(offsets)

    async def quiesce(self) -> None:
        """Seals what is buffered and leaves the groups."""
        await asyncio.gather(*(sink.stop() for sink in self.sinks.values()))

    async def on_stop(self) -> None:
        """Releases the dead-letter producer."""
        if self._producer is not None:
            await self._producer.stop()

    async def _dead(self, topic: str, record: ConsumerRecord, reason: str, detail: str) -> None:
        message = dead_letter(record, sink_name(topic), Reject(Reason(reason), detail))
        producer = await self._dead_letters()
        dead = full_name(self.config.kafka.prefix, "dead")
        await producer.send_and_wait(dead, message.value, key=message.key, headers=message.headers)

    async def _dead_letters(self) -> AIOKafkaProducer:
        async with self._producing:  # several partitions may have the first reject
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **kafka.connection(self.config.kafka),
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=REQUEST_BYTES_MAX,
                )
                await producer.start()
                self._producer = producer
            return self._producer
