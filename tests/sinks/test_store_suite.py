"""One suite for every store: what the sink relies on. The last of them ignores conditions, as some S3 servers do."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pipeline.broker.s3proxy import RunningS3
from pipeline.sinks.stores import FileStore, MemoryStore, Put, S3Store, Store
from pipeline.sinks.stores.probe import RACERS, probe
from pipeline.sinks.stores.s3 import S3Options
from tests.sinks import fault_proxy
from tests.sinks.fault_proxy import FaultProxy

STORES = ("memory", "file", "s3", "s3_without_conditions")
CREATE_ONLY = STORES[:3]


@pytest.fixture
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    kind = request.param
    if kind == "memory":
        yield MemoryStore()
    elif kind == "file":
        yield FileStore(tmp_path / "store")
    else:
        server: RunningS3 = request.getfixturevalue("s3")
        bucket = server.make_bucket(uuid.uuid4().hex)
        async with FaultProxy(server) as proxy:
            if kind == "s3_without_conditions":
                proxy.inject(fault_proxy.unconditional, fault_proxy.puts())
            yield S3Store(bucket, "pre/fix", S3Options(settings=server.environment(proxy.endpoint)))


every_store = pytest.mark.parametrize("store", STORES, indirect=True)
create_only_store = pytest.mark.parametrize("store", CREATE_ONLY, indirect=True)


async def keys(store: Store, prefix: str, start_after: str = "") -> list[str]:
    return [key async for key in store.list(prefix, start_after)]


@every_store
@pytest.mark.parametrize("body", [b"one", b"", os.urandom(3 << 20)], ids=["small", "empty", "large"])
async def test_what_was_put_is_there(store: Store, body: bytes) -> None:
    assert await store.put_new("a/b=1/c d%é.json", body) is Put.CREATED
    assert await store.get("a/b=1/c d%é.json") == body
    assert await store.head("a/b=1/c d%é.json") == len(body)


@every_store
async def test_what_was_not_put_is_not_there(store: Store) -> None:
    await store.put_new("a/b", b"one")
    for key in ("a/c", "a", "b/c/d"):
        assert await store.get(key) is None
        assert await store.head(key) is None


@create_only_store
async def test_nothing_is_ever_overwritten(store: Store) -> None:
    await store.put_new("a/b", b"one")
    assert await store.put_new("a/b", b"two") is Put.EXISTS
    assert await store.get("a/b") == b"one"


@create_only_store
async def test_of_many_writers_one_wins(store: Store) -> None:
    for round_ in range(5):
        outcomes = await asyncio.gather(*(store.put_new(f"race/{round_}", b"%d" % n) for n in range(16)))
        assert outcomes.count(Put.CREATED) == 1
        assert await store.get(f"race/{round_}") == b"%d" % outcomes.index(Put.CREATED)


@every_store
async def test_deleting_is_final_and_idempotent(store: Store) -> None:
    await store.put_new("a/b", b"one")
    await store.delete("a/b")
    await store.delete("a/b")
    await store.delete("never/was")
    assert await store.get("a/b") is None
    assert await store.put_new("a/b", b"two") is Put.CREATED


@every_store
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


@every_store
async def test_a_long_list_is_whole(store: Store) -> None:
    """An S3 server gives 1000 names an answer."""
    names = [f"long/{n:04d}" for n in range(1010)]
    for first in range(0, len(names), 50):
        await asyncio.gather(*(store.put_new(name, b"") for name in names[first : first + 50]))
    assert await keys(store, "long/") == names
    assert await keys(store, "long/", "long/1004") == names[1005:]


@every_store
@pytest.mark.parametrize("key", ["", "/etc/passwd", "a//b", "../x", "a/../x", ".tmp/x", "a/.hidden", "a/", "a\x00b"])
async def test_no_key_leaves_the_root(store: Store, key: str) -> None:
    for call in (store.put_new(key, b""), store.get(key), store.head(key), store.delete(key)):
        with pytest.raises(ValueError, match="not a key"):
            await call


@pytest.mark.parametrize(
    ("store", "create_only", "winners", "if_match"),
    [("memory", True, 1, None), ("file", True, 1, None), ("s3", True, 1, True), ("s3_without_conditions", False, RACERS, False)],
    indirect=["store"],
)
async def test_a_probe_tells_what_a_store_does_and_leaves_nothing(
    store: Store, create_only: bool, winners: int, if_match: bool | None
) -> None:
    found = await probe(store, "news")
    assert (found.create_only, found.winners, found.if_match) == (create_only, winners, if_match)
    assert found.facts["atomic_create"] is (winners == 1)
    assert found.lists
    assert found.deletes
    assert await keys(store, "") == []
