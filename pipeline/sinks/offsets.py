"""The offsets of an object sink's group, with their metadata, as one member reads and commits them.

A commit carries the generation and member id of the assignment: a zombie's is refused by the broker, also while this member is
already rejoining under a new generation (the consumer's own `commit` would send whatever generation it has by then).
"""

from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import IllegalGenerationError, NoError, RebalanceInProgressError, UnknownMemberIdError, for_code
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest

from pipeline.sinks.seal import Fenced

NO_OFFSET = -1
FENCED = (IllegalGenerationError, UnknownMemberIdError, RebalanceInProgressError)

Membership = tuple[int, str]  # generation and member id of an assignment


class GroupOffsets:
    """One group's offsets, over a client that knows the topics. Both raise aiokafka's KafkaError, worth a retry."""

    def __init__(self, client: AIOKafkaClient, group: str) -> None:
        self._client, self._group = client, group

    async def committed(self, tp: TopicPartition) -> tuple[int, str] | None:
        """(offset, metadata), None if there is none. An error (say, a coordinator still loading) is never taken for none."""
        response = await self._ask_coordinator(OffsetFetchRequest(self._group, [(tp.topic, [tp.partition])]))
        _raise_for(response.error_code)
        [(_, [(_, offset, metadata, error_code)])] = response.topics
        _raise_for(error_code)
        return None if offset == NO_OFFSET else (offset, metadata or "")

    async def commit(self, tp: TopicPartition, membership: Membership, offset: int, metadata: str) -> None:
        """Durable when it returns; raises `Fenced` when the membership is not the group's any more."""
        generation, member_id = membership
        request = OffsetCommitRequest(
            self._group,
            generation,
            member_id,
            OffsetCommitRequest.DEFAULT_RETENTION_TIME,
            [(tp.topic, [(tp.partition, offset, metadata)])],
        )
        [(_, [(_, error_code)])] = (await self._ask_coordinator(request)).topics
        if for_code(error_code) in FENCED:
            raise Fenced(f"commit of {offset} refused: {for_code(error_code).__name__}")
        _raise_for(error_code)

    async def _ask_coordinator(self, request: Any) -> Any:
        node = await self._client.coordinator_lookup(CoordinationType.GROUP, self._group)
        return await self._client.send(node, request)


def _raise_for(error_code: int) -> None:
    error = for_code(error_code)
    if error is not NoError:
        raise error()
