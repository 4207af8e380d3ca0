"""Small hand-written stand-ins, for the borders where the real thing would only be in the way."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any


class Channel:
    """What an intake needs of a Faust channel: bounded put, endless iteration."""

    def __init__(self, maxsize: int = 8) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue(maxsize)

    async def put(self, value: Any) -> None:
        """Waits while the channel is full."""
        await self._queue.put(value)

    async def __aiter__(self) -> AsyncIterator[Any]:
        while True:
            yield await self._queue.get()
