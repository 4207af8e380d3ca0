"""A store in memory, for tests and trials: lost with the process."""

from collections.abc import AsyncIterator

from pipeline.sinks.stores.store import Put, check_key


class MemoryStore:
    """`objects` maps keys to bodies."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    async def put_new(self, key: str, body: bytes) -> Put:
        if check_key(key) in self.objects:
            return Put.EXISTS
        self.objects[key] = bytes(body)
        return Put.CREATED

    async def get(self, key: str) -> bytes | None:
        return self.objects.get(check_key(key))

    async def head(self, key: str) -> int | None:
        body = self.objects.get(check_key(key))
        return None if body is None else len(body)

    async def list(self, prefix: str, start_after: str = "") -> AsyncIterator[str]:
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > start_after:
                yield key

    async def delete(self, key: str) -> None:
        self.objects.pop(check_key(key), None)
