"""Kafka's topic ids. A recreated topic has the old name, begins at offset 0 again, and differs in its id alone.

aiokafka speaks Metadata up to version 5, which has no ids; this is version 12 (KIP-516, flexible encoding KIP-482).
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NodeNotReadyError, NoError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

NO_ID = bytes(16)


async def topic_ids(client: AIOKafkaClient | str, topics: Iterable[str]) -> dict[str, str]:
    """Topic name to id as Kafka's tools print it (url-safe base64, 22 characters); topics that do not exist are left out.

    `client` is a bootstrapped client, or a bootstrap address for a connection of its own. Raises aiokafka's KafkaError.
    """
    if not isinstance(client, str):
        return await _ask(client, sorted(topics))
    own = AIOKafkaClient(bootstrap_servers=client)
    await own.bootstrap()
    try:
        return await _ask(own, sorted(topics))
    finally:
        await own.close()


async def _ask(client: AIOKafkaClient, topics: list[str]) -> dict[str, str]:
    node = client.get_random_node()
    if node is None:
        raise NodeNotReadyError("no broker is known")
    response = await client.send(node, TopicIdsRequest(topics))
    ids = {}
    for error_code, name, topic_id, *_ in response.topics:
        error = for_code(error_code)
        if error is UnknownTopicOrPartitionError:
            continue
        if error is not NoError:
            raise error(name)
        if topic_id != NO_ID:
            ids[name] = urlsafe_b64encode(topic_id).decode().rstrip("=")
    return ids


class Uuid(AbstractType):  # type: ignore[misc]  # aiokafka has no types
    """16 bytes."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)


class TopicIdsResponse_v12(Response):  # type: ignore[misc]
    """Metadata response 12, of which the ids are read."""

    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString("utf-8")),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class TopicIdsRequest_v12(RequestStruct):  # type: ignore[misc]
    """Metadata request 12."""

    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = TopicIdsResponse_v12
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", Uuid), ("topic", CompactString("utf-8")), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicIdsRequest(Request[TopicIdsRequest_v12]):  # type: ignore[misc]
    """Metadata of topics by name, never creating one."""

    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[Any]) -> Any:
        return request_struct_class([(NO_ID, topic, {}) for topic in self._topics], False, False, {})
