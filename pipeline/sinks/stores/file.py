"""A store in a local folder, atomic and durable without a server."""

import asyncio
import errno
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from pipeline.sinks.stores.store import DEADLINE_S, PAGE, Put, StoreError, StoreRefused, check_key, folder_of

T = TypeVar("T")

TEMPORARY = ".tmp"  # folder of unfinished writes, inside the root because link(2) needs one file system
LEFTOVER_S = 3600.0  # an unfinished write of a killed process; no living one takes an hour

# errors that a person has to put right; any other (disk full, an I/O error) may pass
CURES = {
    errno.EACCES: "let this user write there",
    errno.EPERM: "let this user write there, and use a file system with hard links",
    errno.EROFS: "mount it writable",
    errno.ENOTDIR: "a file stands where a folder should be: name another folder in objects.store",
    errno.EEXIST: "a file stands where a folder should be: name another folder in objects.store",
    errno.EXDEV: "keep the whole store on one file system",
}


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
        keys = _walk(self.root, folder_of(prefix), prefix, start_after)
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
        try:
            async with asyncio.timeout(self.deadline_s):
                return await asyncio.to_thread(work)
        except OSError as error:  # TimeoutError is one
            what = f"{key}: {str(error) or f'no answer within {self.deadline_s} s'}"
            cure = CURES.get(error.errno or 0)
            raise (StoreRefused(f"{what}; {cure} ({self.root})") if cure else StoreError(what)) from error

    def _prepare(self) -> None:
        """Makes the root and clears what killed writers left; their names were never visible."""
        _make_root(self.root)
        temporary = self.root / TEMPORARY
        temporary.mkdir(exist_ok=True)
        for left in temporary.iterdir():
            try:
                if time.time() - left.stat().st_mtime > LEFTOVER_S:
                    left.unlink()
            except FileNotFoundError:  # another worker clears as well
                continue
        self._is_prepared = True

    def _put_new(self, path: Path, body: bytes) -> Put:
        if not self._is_prepared:  # not before: reading leaves no trace, also where nobody may write
            self._prepare()
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
        """Makes the folder and its parents below the root, each entered durably in its own parent."""
        if folder == self.root or folder in self._durable:
            return
        self._make_durable(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)
        self._durable.add(folder)


def _make_root(root: Path) -> None:
    """Makes the root and the parents that it lacks, each entered durably in its own parent."""
    if not root.is_dir():
        _make_root(root.parent)
        root.mkdir(exist_ok=True)
    if os.access(root.parent, os.R_OK):  # one that we may not even read was not made by us
        _sync_folder(root.parent)


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
