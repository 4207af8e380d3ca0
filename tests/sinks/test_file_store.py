"""The store in a local folder: what survives a kill, a power cut, and a disk that fails."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.sinks.stores import FileStore, MemoryStore, Put, StoreError, StoreRefused
from pipeline.sinks.stores.file import LEFTOVER_S
from tests.sinks.disk import Disk, PowerCut
from tests.sinks.test_store_suite import keys

KEYS = ("a/p=0/1", "a/p=0/2", "a/p=1/1", "b/1")


async def write_until_cut(store: FileStore) -> dict[str, bytes]:
    """What was acknowledged when the power went."""
    acknowledged: dict[str, bytes] = {}
    for key in KEYS:
        try:
            assert await store.put_new(key, key.encode() * 100) is Put.CREATED
        except PowerCut:
            break
        acknowledged[key] = key.encode() * 100
    return acknowledged


async def test_a_power_cut_anywhere_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """At each single step; the root's own parents are new as well. No name is there without its whole content."""
    steps, cut_at, seen = 10**9, 0, set()
    while cut_at <= steps:
        cut_at += 1
        (machine := tmp_path / str(cut_at)).mkdir()
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(machine, patch, cut_at)
            acknowledged = await write_until_cut(FileStore(machine / "new" / "objects"))
        steps = disk.steps
        after = FileStore(disk.restore(tmp_path / f"{cut_at}.after") / "new" / "objects")
        found = {key: await after.get(key) for key in await keys(after, "")}
        assert acknowledged.items() <= found.items(), f"cut at step {cut_at}"
        assert all(body == key.encode() * 100 for key, body in found.items()), f"cut at step {cut_at}"
        seen.add(len(acknowledged))
    assert seen == set(range(len(KEYS) + 1))


@pytest.mark.parametrize("forgotten", ["fdatasync", "fsync"])
async def test_the_power_cut_model_notices_a_sync_that_is_missing(tmp_path: Path, forgotten: str) -> None:
    (machine := tmp_path / "machine").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(machine, patch)
        patch.setattr(os, forgotten, lambda descriptor: None)
        acknowledged = await write_until_cut(FileStore(machine / "objects"))
    after = disk.restore(tmp_path / "after") / "objects"
    assert not all((after / key).is_file() for key in acknowledged)


async def test_a_file_store_lasts(tmp_path: Path) -> None:
    await FileStore(tmp_path).put_new("a/b", b"one")
    assert await FileStore(tmp_path).get("a/b") == b"one"


# ── a disk that fails ────────────────────────────────────────────────────────────────────────────────────────────────

FULL, READ_ONLY, BROKEN = OSError(errno.ENOSPC, "full"), OSError(errno.EROFS, "read-only"), OSError(errno.EIO, "I/O error")


@pytest.mark.parametrize(
    ("step", "error", "is_refused"),
    [
        ("write", FULL, False),
        ("fdatasync", FULL, False),
        ("fdatasync", BROKEN, False),
        ("fsync", BROKEN, False),
        ("link", FULL, False),
        ("link", READ_ONLY, True),
        ("mkdir", FULL, False),
        ("mkdir", READ_ONLY, True),
        ("open", READ_ONLY, True),
    ],
    ids=lambda value: errno.errorcode[value.errno or 0] if isinstance(value, OSError) else str(value),
)
async def test_a_failing_disk_shows_no_partial_name_and_the_write_can_be_repeated(
    tmp_path: Path, step: str, error: OSError, is_refused: bool
) -> None:
    store = FileStore(tmp_path)
    await store.put_new("warm/up", b"")
    with pytest.MonkeyPatch.context() as patch:
        fail_at(patch, step, error)
        with pytest.raises(StoreError, match=r"a/b.*(full|read-only|I/O)") as caught:
            await store.put_new("a/b", b"whole")
    assert isinstance(caught.value, StoreRefused) is is_refused
    assert await store.get("a/b") in (None, b"whole")
    assert list((tmp_path / ".tmp").iterdir()) == []
    assert await store.put_new("a/b", b"whole") in (Put.CREATED, Put.EXISTS)
    assert await FileStore(tmp_path).get("a/b") == b"whole"


def fail_at(patch: pytest.MonkeyPatch, step: str, error: OSError) -> None:
    """This step of a write fails: half of the bytes are written before a `write` does."""

    def fail(*_: object, **__: object) -> None:
        raise error

    if step == "open":
        patch.setattr(Path, "open", fail)
    elif step == "write":
        patch.setattr(Path, "open", lambda path, mode: HalfWritten(open(path, mode, buffering=0), fail))  # noqa: SIM115
    else:
        patch.setattr(os, step, fail)


class HalfWritten:
    """A file on a disk that fills up in the middle of a write."""

    def __init__(self, file: object, fail: Callable[[], None]) -> None:
        self._file, self._fail = file, fail

    def __enter__(self) -> "HalfWritten":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()  # type: ignore[attr-defined]

    def write(self, body: bytes) -> None:
        self._file.write(body[: len(body) // 2])  # type: ignore[attr-defined]
        self._fail()


async def test_a_folder_that_may_not_be_written_names_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreRefused, match=r"name another folder in objects\.store"):
        await FileStore(tmp_path / "file" / "below").put_new("a", b"")


async def test_a_hanging_disk_ends_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileStore(tmp_path, deadline_s=0.05)
    monkeypatch.setattr(os, "fdatasync", lambda fd: time.sleep(0.5))
    with pytest.raises(StoreError, match="no answer within"):
        await store.put_new("a", b"x")


async def test_a_removed_folder_comes_back(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "s")
    await store.put_new("a/b/c", b"x")
    for folder in ("a/b", "a"):
        for left in (tmp_path / "s" / folder).iterdir():
            left.unlink()
        (tmp_path / "s" / folder).rmdir()
    with pytest.raises(StoreError):
        await store.put_new("a/b/c", b"x")
    assert await store.put_new("a/b/c", b"x") is Put.CREATED


# ── unfinished writes ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_unfinished_writes_are_never_seen_and_cleared_when_old(tmp_path: Path) -> None:
    await FileStore(tmp_path).put_new("a", b"x")
    old, young = tmp_path / ".tmp" / "old", tmp_path / ".tmp" / "young"
    for left in (old, young):
        left.write_bytes(b"half")
    os.utime(old, (time.time() - LEFTOVER_S - 60,) * 2)
    store = FileStore(tmp_path)
    assert await keys(store, "") == ["a"]
    await store.put_new("b", b"x")
    assert [left.name for left in (tmp_path / ".tmp").iterdir()] == ["young"]


async def test_a_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    await store.put_new("a", b"x")
    await store.put_new("a", b"y")
    assert list((tmp_path / ".tmp").iterdir()) == []


KILLED = """
import asyncio, os, sys
from pathlib import Path
from pipeline.sinks.stores import FileStore
os.fdatasync = lambda fd: os._exit(9)
asyncio.run(FileStore(Path(sys.argv[1])).put_new("a/b", b"half"))
"""


def test_a_killed_writer_leaves_no_name(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == 9
    assert not (tmp_path / "a" / "b").exists()
    assert [left.read_bytes() for left in (tmp_path / ".tmp").iterdir()] == [b"half"]


# ── listing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_no_list_leaves_the_root(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    store = FileStore(tmp_path / "store")
    assert await keys(store, "/") == []
    for prefix in ("../", f"{tmp_path}/", "a/../../"):
        with pytest.raises(ValueError, match="not a key"):
            await keys(store, prefix)


names = st.lists(st.sampled_from(["a", "b", "a.x", "a0", "b-1"]), min_size=1, max_size=3).map("/".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(present=st.sets(names, max_size=8), prefix=st.just("") | names | names.map(lambda n: n + "/"), after=st.just("") | names)
async def test_it_lists_as_memory_does(
    tmp_path_factory: pytest.TempPathFactory, present: set[str], prefix: str, after: str
) -> None:
    memory, file = MemoryStore(), FileStore(tmp_path_factory.mktemp("s"))
    for name in sorted(present):
        if not any(other != name and (other.startswith(name + "/") or name.startswith(other + "/")) for other in present):
            await memory.put_new(name, b"")
            await file.put_new(name, b"")
    assert await keys(file, prefix, after) == await keys(memory, prefix, after)


async def test_a_long_list_comes_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.sinks.stores.file.PAGE", 7)
    store = FileStore(tmp_path)
    (tmp_path / "x").mkdir()
    for n in range(50):
        (tmp_path / "x" / f"{n:03d}").touch()
    assert await keys(store, "x/", "x/009") == [f"x/{n:03d}" for n in range(10, 50)]
