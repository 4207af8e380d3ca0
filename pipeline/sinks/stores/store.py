"""What a store is: its calls, its answers, its errors. No I/O here."""

from collections.abc import AsyncIterator
from enum import Enum
from typing import Protocol

DEADLINE_S = 30.0  # a 32 MiB segment on a slow disk or line takes seconds; longer means that the store hangs
PAGE = 1000  # names per trip to the disk or the server; S3 gives no more


class StoreError(Exception):
    """The store gave no usable answer; the same call again may. The message names the key and the cause."""


class StoreRefused(StoreError):
    """The store says no until a person acts: on credentials, a bucket, a folder. The message names the cure."""


class Put(Enum):
    """What `put_new` came to."""

    CREATED = "created"
    EXISTS = "exists"


class Store(Protocol):
    """Keys are relative paths of non-empty segments that do not start with a dot. All methods raise `StoreError`."""

    async def put_new(self, key: str, body: bytes) -> Put:
        """Creates the object, whole and durable when this returns CREATED; never changes one that EXISTS.

        Some S3 servers break both halves of this; `probe.py` tells, and nobody may rely on it without reading back.
        """
        ...

    async def get(self, key: str) -> bytes | None:
        """The object's bytes, None when there is none."""
        ...

    async def head(self, key: str) -> int | None:
        """The object's size in bytes, None when there is none."""
        ...

    def list(self, prefix: str, start_after: str = "") -> AsyncIterator[str]:
        """Keys that begin with `prefix` and sort after `start_after`, in byte order."""
        ...

    async def delete(self, key: str) -> None:
        """Removes the object if it exists."""
        ...


async def read_written(store: Store, key: str) -> bytes:
    """What lies under a name that was just written or said to be taken; raises `StoreError` where the store does not give it."""
    body = await store.get(key)
    if body is None:
        raise StoreError(f"{key}: said to exist, cannot be read")
    return body


def check_key(key: str) -> str:
    """The key itself; raises ValueError for one that could leave the store's root or hide in it."""
    if not key or any(not part or part.startswith(".") or "\x00" in part for part in key.split("/")):
        raise ValueError(f"not a key: {key!r}")
    return key


def folder_of(prefix: str) -> str:
    """The folder that holds everything with this prefix, with its slash: "" or "a/b/"; raises ValueError like `check_key`."""
    folder = prefix.rpartition("/")[0]
    return check_key(folder) + "/" if folder else ""
