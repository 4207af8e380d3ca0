"""Takes an article off every public topic by hand. What messages withdraw is the business of `stages/route.py`, not of this."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from xxhash import xxh3_128_hexdigest

from pipeline import kafka
from pipeline.config import Config
from pipeline.topics import full_name

OPERATOR = "urn:newswire:recall"  # stands for the message that withdrew it


async def withdraw(config: Config, places: Sequence[tuple[str, str]], at: str) -> None:
    """Writes null under each (public topic, uri), and waits for the acks. Doing it again does no harm."""
    producer = AIOKafkaProducer(**kafka.connection(config.kafka), acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for topic, uri in places:
            name = full_name(config.kafka.prefix, topic)
            partition = kafka.partition_of(uri.encode(), len(await producer.partitions_for(name)))
            headers = withdrawal_headers(topic, uri, at)
            await producer.send_and_wait(name, None, key=uri.encode(), headers=headers, partition=partition)
    finally:
        await producer.stop()


def withdrawal_headers(topic: str, uri: str, at: str) -> list[tuple[str, bytes]]:
    """Those that a withdrawal by a message has (`codec.withdrawal_headers`), with the operator in the message's place."""
    facts = {
        "ce_specversion": "1.0",
        "ce_id": xxh3_128_hexdigest(f"{uri}\x00{OPERATOR}\x00{at}\x00{topic}\x00withdrawn".encode()),
        "ce_source": "newswire/recall",
        "ce_type": "newswire.article.withdrawn",
        "ce_time": at,
        "ce_subject": uri,
        "relation": "kill",
        "by-uri": OPERATOR,
    }
    return [(name, text.encode()) for name, text in facts.items()]
