"""A worker that starts before its Kafka waits for it, and says what it waits for."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from pipeline import kafka
from pipeline.broker.ports import free_ports
from pipeline.config import Config


async def test_a_kafka_that_comes_late_is_waited_for(config: Config, unique: str) -> None:
    port = next(free_ports(unique))
    late = replace(config.kafka, bootstrap=f"127.0.0.1:{port}")
    with capture_logs() as said:
        waiting = asyncio.create_task(kafka.awaited(late, 30))
        async with asyncio.timeout(20):
            while not any(line["event"] == "waiting_for_kafka" for line in said):
                await asyncio.sleep(0.05)
        assert not waiting.done()
        server = await asyncio.start_server(_passing_on(config.kafka.bootstrap), "127.0.0.1", port)
        async with server:
            await asyncio.wait_for(waiting, 20)
    assert said[0]["bootstrap"] == late.bootstrap


async def test_a_kafka_that_never_comes_is_named(config: Config, unique: str) -> None:
    nobody = replace(config.kafka, bootstrap=f"127.0.0.1:{next(free_ports(unique))}")
    with pytest.raises(kafka.Unreachable, match=nobody.bootstrap):
        await kafka.awaited(nobody, 0)


def _passing_on(bootstrap: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """A server's callback: what comes goes on to the broker, and back."""
    host, port = bootstrap.rsplit(":", 1)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(reader, downstream), pump(upstream, writer))

    return serve
