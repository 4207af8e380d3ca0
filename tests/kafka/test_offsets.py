"""Committed offsets: an error is never taken for a group that has none, since that would process everything again."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupLoadInProgressError, UnknownTopicOrPartitionError
from aiokafka.protocol.commit import OffsetFetchResponse_v3

from pipeline import kafka
from pipeline.config import Config
from tests.kafka import harness

TP = TopicPartition("newswire.raw", 0)


class Coordinator:
    """Answers one OffsetFetch."""

    def __init__(self, response: OffsetFetchResponse_v3) -> None:
        self._response = response

    async def find_coordinator(self, group: str) -> int:
        """The node."""
        return 1

    async def _send_request(self, request: Any, node: int) -> OffsetFetchResponse_v3:
        return self._response


async def test_a_coordinator_that_goes_on_loading_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "COORDINATOR_S", 0.2)
    answer = OffsetFetchResponse_v3(throttle_time_ms=0, topics=[], error_code=GroupLoadInProgressError.errno)
    with pytest.raises(GroupLoadInProgressError):
        await kafka.group_offsets(Coordinator(answer), "group", [TP])


async def test_an_error_of_one_partition_is_an_error() -> None:
    rows = [("newswire.raw", [(0, -1, "", UnknownTopicOrPartitionError.errno)])]
    answer = OffsetFetchResponse_v3(throttle_time_ms=0, topics=rows, error_code=0)
    with pytest.raises(UnknownTopicOrPartitionError):
        await kafka.group_offsets(Coordinator(answer), "group", [TP])


async def test_a_group_that_never_committed_has_no_offsets(config: Config) -> None:
    await harness.prepare(config)
    async with kafka.admin(config.kafka) as client:
        assert await kafka.group_offsets(client, f"{config.kafka.app}-ingest") == {}
