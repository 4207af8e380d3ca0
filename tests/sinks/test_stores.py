"""One suite for every store: what the sink relies on."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.sinks.stores import LEFTOVER_S, FileStore, MemoryStore, Put, Store, StoreError, open_store


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return open_store("memory:" if request.param == "memory" else f"file:{tmp_path / 'store'}")


async def keys(store: Store, prefix: str, start_after: str = "") -> list[str]:
    return [key async for key in store.list(prefix, start_after)]


async def test_what_was_put_is_there(store: Store) -> None:
    assert await store.put_new("a/b=1/c.json", b"one") is Put.CREATED
    assert await store.get("a/b=1/c.json") == b"one"
    assert await store.head("a/b=1/c.json") == 3


async def test_what_was_not_put_is_not_there(store: Store) -> None:
    await store.put_new("a/b", b"one")
    for key in ("a/c", "a", "b/c/d"):
        assert await store.get(key) is None
        assert await store.head(key) is None


async def test_nothing_is_ever_overwritten(store: Store) -> None:
    await store.put_new("a/b", b"one")
    assert await store.put_new("a/b", b"two") is Put.EXISTS
    assert await store.get("a/b") == b"one"


async def test_of_many_writers_one_wins(store: Store) -> None:
    for round_ in range(5):
        outcomes = await asyncio.gather(*(store.put_new(f"race/{round_}", b"%d" % n) for n in range(16)))
        assert outcomes.count(Put.CREATED) == 1
        assert await store.get(f"race/{round_}") == b"%d" % outcomes.index(Put.CREATED)


async def test_deleting_is_final_and_idempotent(store: Store) -> None:
    await store.put_new("a/b", b"one")
    await store.delete("a/b")
    await store.delete("a/b")
    await store.delete("never/was")
    assert await store.get("a/b") is None
    assert await store.put_new("a/b", b"two") is Put.CREATED


async def test_a_list_is_sorted_by_the_whole_key_and_bounded(store: Store) -> None:
    names = ["a/b/1", "a/b.x", "a/b0", "a/c/2", "a/b/1.json", "z", "a/B", "ab/c"]
    for name in names:
        await store.put_new(name, b"x")
    assert await keys(store, "") == sorted(names)
    assert await keys(store, "a/") == sorted(name for name in names if name.startswith("a/"))
    assert await keys(store, "a/b") == ["a/b.x", "a/b/1", "a/b/1.json", "a/b0"]
    assert await keys(store, "a/b/", "a/b/1") == ["a/b/1.json"]
    assert await keys(store, "a/", "a/b/zzz") == ["a/b0", "a/c/2"]
    assert await keys(store, "nothing/here/") == []


@pytest.mark.parametrize("key", ["", "/etc/passwd", "a//b", "../x", "a/../x", ".tmp/x", "a/.hidden", "a/", "a\x00b"])
async def test_no_key_leaves_the_root(store: Store, key: str) -> None:
    for call in (store.put_new(key, b""), store.get(key), store.head(key), store.delete(key)):
        with pytest.raises(ValueError, match="not a key"):
            await call


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
async def test_both_stores_list_alike(
    tmp_path_factory: pytest.TempPathFactory, present: set[str], prefix: str, after: str
) -> None:
    memory, file = MemoryStore(), FileStore(tmp_path_factory.mktemp("s"))
    for name in sorted(present):
        if not any(other != name and (other.startswith(name + "/") or name.startswith(other + "/")) for other in present):
            await memory.put_new(name, b"")
            await file.put_new(name, b"")
    assert await keys(file, prefix, after) == await keys(memory, prefix, after)


async def test_a_long_list_comes_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.sinks.stores.PAGE", 7)
    store = FileStore(tmp_path)
    (tmp_path / "x").mkdir()
    for n in range(50):
        (tmp_path / "x" / f"{n:03d}").touch()
    assert await keys(store, "x/", "x/009") == [f"x/{n:03d}" for n in range(10, 50)]


async def test_a_file_store_lasts(tmp_path: Path) -> None:
    await FileStore(tmp_path).put_new("a/b", b"one")
    assert await FileStore(tmp_path).get("a/b") == b"one"


async def test_unfinished_writes_are_never_seen_and_cleared_when_old(tmp_path: Path) -> None:
    await FileStore(tmp_path).put_new("a", b"x")
    old, young = tmp_path / ".tmp" / "old", tmp_path / ".tmp" / "young"
    for left in (old, young):
        left.write_bytes(b"half")
    os.utime(old, (time.time() - LEFTOVER_S - 60,) * 2)
    store = FileStore(tmp_path)
    assert await keys(store, "") == ["a"]
    assert [left.name for left in (tmp_path / ".tmp").iterdir()] == ["young"]


async def test_a_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    await store.put_new("a", b"x")
    await store.put_new("a", b"y")
    assert list((tmp_path / ".tmp").iterdir()) == []


KILLED = """
import asyncio, os, sys
from pathlib import Path
from pipeline.sinks import stores
os.fdatasync = lambda fd: os._exit(9)
asyncio.run(stores.FileStore(Path(sys.argv[1])).put_new("a/b", b"half"))
"""


async def test_a_killed_writer_leaves_no_name(tmp_path: Path) -> None:
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == 9
    store = FileStore(tmp_path)
    assert await keys(store, "") == []
    assert await store.put_new("a/b", b"whole") is Put.CREATED


@pytest.mark.parametrize("step", ["fdatasync", "fsync", "link"])
async def test_a_failing_disk_is_an_error_that_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = FileStore(tmp_path)
    await store.put_new("warm/up", b"")
    with monkeypatch.context() as broken:

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        broken.setattr(os, step, fail)
        with pytest.raises(StoreError, match=r"a/b.*No space left"):
            await store.put_new("a/b", b"x")
    assert await store.put_new("a/b", b"x") in (Put.CREATED, Put.EXISTS)
    assert await store.get("a/b") == b"x"
    assert list((tmp_path / ".tmp").iterdir()) == []


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


async def test_a_root_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        await FileStore(tmp_path / "file" / "below").head("a")


@pytest.mark.parametrize("url", ["s3://bucket/x", "s3:", "gs://x", "file:", "plain/path", ""])
def test_other_stores_are_refused_with_a_word(url: str) -> None:
    with pytest.raises(ValueError, match=r"not available in this version|expected file:PATH"):
        open_store(url)


@pytest.mark.parametrize(("url", "root"), [("file:/x/y", "/x/y"), ("file:///x/y", "/x/y"), ("file:x/y", f"{os.getcwd()}/x/y")])
def test_file_urls(url: str, root: str) -> None:
    store = open_store(url)
    assert isinstance(store, FileStore)
    assert str(store.root) == root
