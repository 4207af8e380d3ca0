"""The store on an S3 server: its url, its answers to a bad network and a bad server, its process."""

import asyncio
import os
import socket
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from pipeline.broker.s3proxy import RunningS3
from pipeline.sinks.stores import FileStore, MemoryStore, Put, S3Store, StoreError, StoreRefused, open_store
from pipeline.sinks.stores.s3 import CURES, S3Options
from tests.sinks import fault_proxy as faults
from tests.sinks.fault_proxy import DEADLINE_S, Fault, FaultProxy
from tests.sinks.test_store_suite import keys

BODY = b"a segment" * 100


@pytest.fixture
async def proxy(s3: RunningS3) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(s3) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: FaultProxy) -> S3Store:
    return proxy.store()


# ── urls ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("url", ["gs://x", "file:", "plain/path", "", "memory:x"])
def test_other_stores_are_refused_with_a_word(url: str) -> None:
    with pytest.raises(ValueError, match="expected file:PATH, s3://BUCKET/PREFIX or memory:"):
        open_store(url)


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("s3:", "no bucket name"),
        ("s3:bucket/x", "no bucket name"),
        ("s3:///x", "no bucket name"),
        ("s3://B/x", "no bucket name"),
        ("s3://127.0.0.1:9000/bucket", "AWS_ENDPOINT_URL"),
        ("s3://key:secret@bucket/x", "AWS_ACCESS_KEY_ID"),
        ("s3://bucket/x?region=eu", "plain path"),
        ("s3://bucket//x", "plain relative path"),
        ("s3://bucket/../x", "plain relative path"),
    ],
)
def test_a_malformed_url_is_refused_with_its_cure(url: str, cure: str) -> None:
    with pytest.raises(ValueError, match=cure):
        open_store(url)


@pytest.mark.parametrize(
    ("url", "bucket", "root"), [("s3://b-1", "b-1", ""), ("s3://b.c/", "b.c", ""), ("s3://bcd/x/y/", "bcd", "x/y/")]
)
def test_s3_urls(url: str, bucket: str, root: str) -> None:
    store = open_store(url)
    assert isinstance(store, S3Store)
    assert (store.bucket, store._root) == (bucket, root)


@pytest.mark.parametrize(("url", "root"), [("file:/x/y", "/x/y"), ("file:///x/y", "/x/y"), ("file:x/y", f"{os.getcwd()}/x/y")])
def test_file_urls(url: str, root: str) -> None:
    store = open_store(url)
    assert isinstance(store, FileStore)
    assert str(store.root) == root


def test_memory_url() -> None:
    assert isinstance(open_store("memory:"), MemoryStore)


async def test_endpoint_and_credentials_come_from_the_environment(s3: RunningS3, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = s3.make_bucket(uuid.uuid4().hex)
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    assert await open_store(f"s3://{bucket}/x").put_new("a", b"one") is Put.CREATED
    assert await open_store(f"s3://{bucket}").get("x/a") == b"one"


# ── a bad network, a bad server ──────────────────────────────────────────────────────────────────────────────────────

SLOW_DOWN, INTERNAL = faults.refuse(503, "SlowDown"), faults.refuse(500, "InternalError")
CONFLICT = faults.refuse(409, "ConditionalRequestConflict")


@pytest.mark.parametrize(
    ("fault", "times", "outcome", "is_stored"),
    [
        (SLOW_DOWN, 2, Put.CREATED, True),
        (SLOW_DOWN, 99, "503 SlowDown", False),
        (INTERNAL, 2, Put.CREATED, True),
        (INTERNAL, 99, "500 InternalError", False),
        (faults.reset, 1, Put.CREATED, True),
        (faults.reset, 99, "error sending request", False),
        (faults.hang, 1, "error sending request", False),
        (faults.deaf, 1, "error sending request", False),
        (faults.ack_lost, 1, Put.EXISTS, True),  # our own write
        (faults.ack_hang, 1, "error sending request", True),
        (CONFLICT, 1, "another write of this name is under way", False),
    ],
)
async def test_a_put_ends_in_time_with_an_answer_or_an_error_and_may_be_repeated(
    proxy: FaultProxy, store: S3Store, fault: Fault, times: int, outcome: Put | str, is_stored: bool
) -> None:
    proxy.inject(fault, faults.puts(), times)
    began = time.monotonic()
    if isinstance(outcome, Put):
        assert await store.put_new("a/b", BODY) is outcome
    else:
        with pytest.raises(StoreError, match=outcome) as caught:
            await store.put_new("a/b", BODY)
        assert "a/b" in str(caught.value)
        assert not isinstance(caught.value, StoreRefused)
    assert time.monotonic() - began < DEADLINE_S + 1
    assert await store.get("a/b") == (BODY if is_stored else None)
    proxy.heal()
    assert await store.put_new("a/b", BODY) is (Put.EXISTS if is_stored else Put.CREATED)


READS: dict[str, Callable[[S3Store], Awaitable[object]]] = {
    "get": lambda store: store.get("a/b"),
    "head": lambda store: store.head("a/b"),
    "list": lambda store: keys(store, "a/"),
    "delete": lambda store: store.delete("a/b"),
}


@pytest.mark.parametrize("call", READS.values(), ids=READS)
@pytest.mark.parametrize(
    "fault", [faults.hang, faults.deaf, faults.half_answer, faults.reset, SLOW_DOWN, CONFLICT], ids=lambda f: f.__name__
)
async def test_every_other_call_ends_in_time_and_recovers(
    proxy: FaultProxy, store: S3Store, fault: Fault, call: Callable[[S3Store], Awaitable[object]]
) -> None:
    await store.put_new("a/b", BODY)
    proxy.inject(fault)
    began = time.monotonic()
    if not (fault is faults.half_answer and call in (READS["head"], READS["delete"])):  # their answers have no body to miss
        with pytest.raises(StoreError):
            await call(store)
    assert time.monotonic() - began < DEADLINE_S + 1
    proxy.heal()
    await call(store)


@pytest.mark.parametrize("call", [lambda store: store.put_new("a/b", BODY), *READS.values()], ids=["put", *READS])
async def test_a_call_ends_at_its_deadline_however_patient_the_client_is(
    proxy: FaultProxy, call: Callable[[S3Store], Awaitable[object]]
) -> None:
    settings = proxy.server.environment(proxy.endpoint)
    store = S3Store(proxy.server.make_bucket(uuid.uuid4().hex), "", S3Options(deadline_s=0.2, settings=settings))
    proxy.inject(faults.hang)
    with pytest.raises(StoreError, match=r"no answer within 0\.2 s"):
        await call(store)


async def test_a_server_that_is_not_there_is_an_error_that_may_pass() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    options = S3Options(
        tries_max=2,
        backoff_s=0.01,
        settings={"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
    )
    with pytest.raises(StoreError) as caught:
        await S3Store("bucket", "", options).put_new("a", b"")
    assert not isinstance(caught.value, StoreRefused)


@pytest.mark.parametrize(
    ("status", "code", "cure"),
    [
        (403, "AccessDenied", "s3:PutObject"),
        (403, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        (403, "RequestTimeTooSkewed", "clock"),
        (400, "ExpiredToken", "AWS_SESSION_TOKEN"),
        (400, "AuthorizationHeaderMalformed", "AWS_REGION"),
        (404, "NoSuchBucket", "the bucket does not exist"),
        (401, "Unauthorized", "AWS_ACCESS_KEY_ID"),
    ],
)
async def test_a_refusal_names_its_cure(proxy: FaultProxy, store: S3Store, status: int, code: str, cure: str) -> None:
    proxy.inject(faults.refuse(status, code))
    for call in (store.put_new("a", b""), store.get("a"), keys(store, "")):
        with pytest.raises(StoreRefused, match=f"{code}.*{cure}"):
            await call
    assert proxy.met.total() == 3  # each asked once: asking again would not help


async def test_real_refusals_are_recognised(proxy: FaultProxy) -> None:
    bucket = proxy.server.make_bucket(uuid.uuid4().hex)
    for there, cure in (
        (proxy.store(bucket, AWS_SECRET_ACCESS_KEY="another"), "AWS_SECRET_ACCESS_KEY"),
        (proxy.store(bucket, AWS_ACCESS_KEY_ID="another"), "AWS_ACCESS_KEY_ID"),
        (proxy.store("no-such-bucket"), "the bucket does not exist"),
        (proxy.store(bucket, AWS_ENDPOINT_URL="127.0.0.1:9000"), "AWS_ENDPOINT_URL is"),
    ):
        with pytest.raises(StoreRefused, match=cure):
            await there.put_new("a", b"")


def test_each_cure_has_its_own_word() -> None:
    words = [word for word, _ in CURES]
    assert len(set(words)) == len(words)
    assert not [(word, later) for n, word in enumerate(words) for later in words[n + 1 :] if word in later]


@pytest.mark.parametrize("fault", [faults.truncated(2), faults.stale(1), faults.unsorted], ids=lambda fault: fault.__name__)
async def test_what_a_bad_listing_gives_is_sorted_and_true(proxy: FaultProxy, store: S3Store, fault: Fault) -> None:
    names = ["a/1", "a/2", "a/3"]
    for name in names:
        await store.put_new(name, b"")
    proxy.inject(fault, faults.lists)
    assert await keys(store, "a/") == (names if fault is faults.unsorted else names[:2])


# ── one process, several loops ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_forked_child_makes_a_client_of_its_own(proxy: FaultProxy) -> None:
    server = proxy.server
    store = S3Store(server.make_bucket(uuid.uuid4().hex), "", S3Options(deadline_s=10, settings=server.environment()))
    await store.put_new("parent", b"one")
    mine = store._client()
    pid = os.fork()
    if pid == 0:  # no event loop here: obstore's threads did not come along, which is why a client would hang
        os._exit(0 if store._client() is not mine else 1)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert store._client() is mine


def test_a_store_serves_one_event_loop_after_another(s3: RunningS3) -> None:
    store = S3Store(s3.make_bucket(uuid.uuid4().hex), "", S3Options(settings=s3.environment()))
    assert asyncio.run(store.put_new("a", b"one")) is Put.CREATED
    assert asyncio.run(store.get("a")) == b"one"


ONE_CALL = """
import asyncio
from pipeline.sinks.stores import StoreError
from pipeline.sinks.stores.s3 import S3Options, S3Store

try:
    asyncio.run(S3Store("bucket", "", S3Options(tries_max=2)).head("a"))
except StoreError:
    print("refused")
"""


async def test_a_process_that_ends_after_an_answer_does_not_abort() -> None:
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}

    async def end() -> tuple[bytes, int | None]:
        command = (sys.executable, "-c", ONE_CALL)
        process = await asyncio.create_subprocess_exec(*command, env=os.environ | nobody, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        return out, process.returncode

    assert await asyncio.gather(*(end() for _ in range(5))) == [(b"refused\n", 0)] * 5  # half of them would abort


def test_the_test_server_needs_its_credentials(s3: RunningS3) -> None:
    stranger = S3Options(settings=s3.environment() | {"AWS_ACCESS_KEY_ID": "guest", "AWS_SECRET_ACCESS_KEY": "guest"})
    with pytest.raises(StoreRefused):
        asyncio.run(S3Store(s3.make_bucket(uuid.uuid4().hex), "", stranger).get("a"))
