"""Takes an article off every public topic by hand. What messages withdraw is the business of `stages/route.py`, not of this."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from pipeline import kafka
from pipeline.codec import Withdrawer, withdrawal_headers
from pipeline.config import Config
from pipeline.topics import full_name

OPERATOR = "urn:newswire:recall"  # stands for the message that withdrew it


async def withdraw(config: Config, places: Sequence[tuple[str, str]], at: str) -> None:
    """Writes null under each (public topic, uri), and waits for the acks. Doing it again does no harm."""
    by = Withdrawer(source="recall", at=at, relation="kill", uri=OPERATOR, content=at)
    producer = AIOKafkaProducer(**kafka.connection(config.kafka), acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for topic, uri in places:
            name = full_name(config.kafka.prefix, topic)
            partition = kafka.partition_of(uri.encode(), len(await producer.partitions_for(name)))
            headers = withdrawal_headers(uri, topic, by)
            await producer.send_and_wait(name, None, key=uri.encode(), headers=headers, partition=partition)
    finally:
        await producer.stop()
