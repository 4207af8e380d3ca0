"""A disk that can lose power: what was not synced is gone afterwards. It watches the system calls of `FileStore`."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest


class PowerCut(BaseException):
    """The machine stops here; not an Exception, as no code runs after it."""


class Disk:
    """Watches every sync below a folder. `restore` makes what a power cut now would leave, at worst.

    A file's bytes last once it was synced, a name once its folder was. `steps` counts calls that change or sync something;
    the call number `cut_at` (from 1) never happens.
    """

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, cut_at: int = 0) -> None:
        self.root, self.cut_at, self.steps = root, cut_at, 0
        self._bytes: dict[int, bytes] = {}  # inode → what it holds for good
        self._names: dict[int, dict[str, int]] = {}  # inode of a folder → its names for good
        self._keep(root)
        for name, noted in (("fdatasync", self._file), ("fsync", self._any), ("link", None), ("mkdir", None), ("unlink", None)):
            monkeypatch.setattr(os, name, self._watched(getattr(os, name), noted))

    def restore(self, to: Path) -> Path:
        """The folder after the power cut, at another place."""
        self._rebuild(self.root.stat().st_ino, to)
        return to

    def _watched(self, call: Callable[..., None], noted: Callable[[int], None] | None) -> Callable[..., None]:
        def watched(*arguments: object, **named: object) -> None:
            self.steps += 1
            if self.steps == self.cut_at:
                raise PowerCut
            call(*arguments, **named)
            if noted is not None:
                noted(arguments[0])  # type: ignore[arg-type]

        return watched

    def _file(self, descriptor: int) -> None:
        self._bytes[os.fstat(descriptor).st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

    def _any(self, descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self._keep(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        else:
            self._file(descriptor)

    def _keep(self, folder: Path) -> None:
        with os.scandir(folder) as entries:
            self._names[folder.stat().st_ino] = {entry.name: entry.inode() for entry in entries}

    def _rebuild(self, inode: int, to: Path) -> None:
        to.mkdir()
        for name, child in self._names.get(inode, {}).items():
            if child in self._names or child not in self._bytes:  # a folder, or nothing that ever was synced
                self._rebuild(child, to / name)
            else:
                (to / name).write_bytes(self._bytes[child])
