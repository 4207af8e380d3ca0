"""Where segments lie: a small create-only object store, on local disk or in memory.

Nothing is ever overwritten: `put_new` creates or says that the name is taken. Each call ends within the store's deadline,
with its answer or a `StoreError`; after an error the write may still have happened, so the caller asks again and compares.
"""

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

T = TypeVar("T")

DEADLINE_S = 30.0  # a 32 MiB segment on a slow disk takes seconds; longer means that the disk hangs
TEMPORARY = ".tmp"  # folder of unfinished writes, inside the root because link(2) needs one file system
LEFTOVER_S = 3600.0  # an unfinished write of a killed process; no living one takes an hour
PAGE = 1000  # names per trip to the thread


class StoreError(Exception):
    """The store gave no usable answer; the same call again may. The message names the key and the cause."""


class Put(Enum):
    """What `put_new` came to."""

    CREATED = "created"
    EXISTS = "exists"


class Store(Protocol):
    """Keys are relative paths of non-empty segments that do not start with a dot. All methods raise `StoreError`."""

    async def put_new(self, key: str, body: bytes) -> Put:
        """Creates the object, whole and durable when this returns CREATED; never changes one that EXISTS."""
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


def open_store(url: str) -> Store:
    """`file:PATH` or `memory:`. No I/O yet: a store that cannot be reached shows at the first call."""
    scheme, _, rest = url.partition(":")
    if scheme == "file" and rest:
        return FileStore(Path("/" + rest.lstrip("/") if rest.startswith("//") else rest))
    if scheme == "memory":
        return MemoryStore()
    if scheme == "s3":
        raise ValueError(f"object store {url!r}: s3:// is not available in this version, use file:PATH")
    raise ValueError(f"object store {url!r}: expected file:PATH or memory:")


def check_key(key: str) -> str:
    """The key itself; raises ValueError for one that could leave the store's root or hide in it."""
    if not key or any(not part or part.startswith(".") or "\x00" in part for part in key.split("/")):
        raise ValueError(f"not a key: {key!r}")
    return key


class MemoryStore:
    """For tests and trials: lost with the process."""

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


class FileStore:
    """A local folder. A write is a temporary file, fdatasync, link(2) to its name (atomic, fails if the name exists) and an
    fsync of every folder on the way: what was acknowledged survives a power cut, and no reader sees half an object.
    """

    def __init__(self, root: Path, deadline_s: float = DEADLINE_S) -> None:
        self.root, self.deadline_s = root.absolute(), deadline_s
        self._durable: set[Path] = set()
        self._is_prepared = False

    async def put_new(self, key: str, body: bytes) -> Put:
        return await self._run(key, lambda: self._put_new(self.root / check_key(key), body))

    async def get(self, key: str) -> bytes | None:
        path = self.root / check_key(key)
        return await self._run(key, lambda: path.read_bytes() if path.is_file() else None)

    async def head(self, key: str) -> int | None:
        path = self.root / check_key(key)
        return await self._run(key, lambda: path.stat().st_size if path.is_file() else None)

    async def list(self, prefix: str, start_after: str = "") -> AsyncIterator[str]:
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
        keys = _walk(self.root, folder + "/" if folder else "", prefix, start_after)
        while page := await self._run(prefix, lambda: list(islice(keys, PAGE))):
            for key in page:
                yield key

    async def delete(self, key: str) -> None:
        path = self.root / check_key(key)

        def remove() -> None:
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                _sync_folder(path.parent)

        await self._run(key, remove)

    async def _run(self, key: str, work: Callable[[], T]) -> T:
        def prepared() -> T:
            if not self._is_prepared:
                self._prepare()
            return work()

        try:
            async with asyncio.timeout(self.deadline_s):
                return await asyncio.to_thread(prepared)
        except OSError as error:  # TimeoutError is one
            raise StoreError(f"{key}: {str(error) or f'no answer within {self.deadline_s} s'}") from error

    def _prepare(self) -> None:
        """Makes the root and clears what killed writers left; their names were never visible."""
        temporary = self.root / TEMPORARY
        temporary.mkdir(parents=True, exist_ok=True)
        for left in temporary.iterdir():
            try:
                if time.time() - left.stat().st_mtime > LEFTOVER_S:
                    left.unlink()
            except FileNotFoundError:  # another worker clears as well
                continue
        self._is_prepared = True

    def _put_new(self, path: Path, body: bytes) -> Put:
        self._make_durable(path.parent)
        temporary = self.root / TEMPORARY / uuid.uuid4().hex
        try:
            with temporary.open("xb") as file:
                file.write(body)
                file.flush()
                os.fdatasync(file.fileno())
            try:
                os.link(temporary, path)
                outcome = Put.CREATED
            except FileExistsError:
                outcome = Put.EXISTS
        except FileNotFoundError:  # somebody removed a folder that we took for made
            self._durable.clear()
            self._is_prepared = False
            raise
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)  # for EXISTS as well: its writer may have died between link and fsync
        return outcome

    def _make_durable(self, folder: Path) -> None:
        """Makes the folder and its parents up to the root, each entered durably in its own parent."""
        if folder in self._durable:
            return
        if folder != self.root:
            self._make_durable(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)
        self._durable.add(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _walk(root: Path, folder: str, prefix: str, start_after: str) -> Iterator[str]:
    """Keys under `folder` ("" or "a/b/") in byte order of the whole key: a folder sorts as its name plus a slash."""
    try:
        entries = [entry.name + "/" * entry.is_dir() for entry in os.scandir(root / folder) if entry.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in sorted(entries):
        key = folder + name
        if name.endswith("/"):
            is_before = key < start_after and not start_after.startswith(key)
            if not is_before and (key.startswith(prefix) or prefix.startswith(key)):
                yield from _walk(root, key, prefix, start_after)
        elif key.startswith(prefix) and key > start_after:
            yield key
