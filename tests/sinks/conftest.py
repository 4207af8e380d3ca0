"""A corner of the broker for each test of the object sink."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from pipeline.sinks.stores import FileStore
from tests.sinks.corner import Corner


@pytest.fixture
async def corner(broker: str, unique: str, tmp_path: Path) -> AsyncIterator[Corner]:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        yield Corner(broker, f"{unique}.enriched", FileStore(tmp_path / "objects"), admin)
    finally:
        await admin.close()
