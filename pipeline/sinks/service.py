"""The object sink as a service of the worker. The protocol is in `objects.py` and `seal.py`."""

from typing import Any

import faust
from aiokafka import AIOKafkaProducer, ConsumerRecord

from pipeline import kafka
from pipeline.config import Config
from pipeline.hop import dead_letter
from pipeline.metrics import Metrics
from pipeline.reasons import Reason
from pipeline.records import Reject
from pipeline.sinks.objects import ObjectSettings, ObjectSink
from pipeline.sinks.segment import Limits
from pipeline.sinks.stores import open_store
from pipeline.topics import full_name

STAGE = "objects"


def settings(config: Config) -> ObjectSettings:
    """What the sink needs to know of the configuration."""
    objects, arguments = config.objects, kafka.connection(config.kafka)
    security = {name: value for name, value in arguments.items() if name.startswith(("security", "sasl", "ssl"))}
    return ObjectSettings(
        bootstrap=config.kafka.bootstrap,
        group=f"{config.kafka.app}-{STAGE}",
        topic=full_name(config.kafka.prefix, "enriched"),
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
    """Seals `newswire.enriched` into the object store, each record into exactly one segment."""

    def __init__(self, config: Config, metrics: Metrics, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config, self.metrics = config, metrics
        self.sink = ObjectSink(settings(config), open_store(config.objects.store), self._dead)
        self._producer: AIOKafkaProducer | None = None

    async def on_start(self) -> None:
        """Fails at once when the store cannot be written."""
        await self.sink.start()

    @faust.Service.task
    async def seal(self) -> None:
        """Consumes and seals until the worker stops."""
        await self.sink.run()

    def drain(self) -> None:
        """Seals what is buffered, and from now on whatever comes as soon as it has caught up."""
        self.sink.seal_now()

    async def quiesce(self) -> None:
        """Seals what is buffered and leaves the group."""
        await self.sink.stop()

    async def on_stop(self) -> None:
        """Releases the dead-letter producer."""
        if self._producer is not None:
            await self._producer.stop()

    async def _dead(self, record: ConsumerRecord, reason: str, detail: str) -> None:
        if self._producer is None:
            producer = AIOKafkaProducer(**kafka.connection(self.config.kafka), acks="all", enable_idempotence=True)
            await producer.start()
            self._producer = producer
        message = dead_letter(record, STAGE, Reject(Reason(reason), detail))
        topic = full_name(self.config.kafka.prefix, "dead")
        await self._producer.send_and_wait(topic, message.value, key=message.key, headers=message.headers)
