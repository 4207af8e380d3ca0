"""Where segments lie: a small create-only object store, in a local folder, in memory, or on an S3 server.

Nothing is ever overwritten: `put_new` creates or says that the name is taken. Each call ends within the store's deadline,
with its answer or a `StoreError`; after an error the write may still have happened, so the caller asks again and compares.

`store.py` says what a store is, `memory.py`, `file.py` and `s3.py` are the stores, `probe.py` finds out what one really does.
"""

import re
from pathlib import Path

from pipeline.sinks.stores.file import FileStore
from pipeline.sinks.stores.memory import MemoryStore
from pipeline.sinks.stores.s3 import S3Store
from pipeline.sinks.stores.store import Put, Store, StoreError, StoreRefused, check_key, read_written

__all__ = [
    "FileStore",
    "MemoryStore",
    "Put",
    "S3Store",
    "Store",
    "StoreError",
    "StoreRefused",
    "check_key",
    "open_store",
    "read_written",
]

EXPECTED = "expected file:PATH, s3://BUCKET/PREFIX or memory:"
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # S3 user guide, bucket naming rules


def open_store(url: str) -> Store:
    """`file:PATH`, `s3://BUCKET[/PREFIX]` or `memory:`; raises ValueError for anything else.

    No I/O yet: a store that cannot be reached shows at the first call. What else S3 needs comes from the usual AWS_* variables.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "file" and rest:
        return FileStore(Path("/" + rest.lstrip("/") if rest.startswith("//") else rest))
    if scheme == "memory" and not rest:
        return MemoryStore()
    if scheme == "s3":
        return _open_s3(url, rest)
    raise ValueError(f"object store {url!r}: {EXPECTED}")


def _open_s3(url: str, rest: str) -> S3Store:
    bucket, _, prefix = rest.removeprefix("//").partition("/")
    prefix = prefix.removesuffix("/")
    if not rest.startswith("//") or not BUCKET.fullmatch(bucket):
        cure = "write s3://BUCKET/PREFIX; endpoint and credentials go into AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and the like"
        raise ValueError(f"object store {url!r}: no bucket name there: {cure}")
    if re.search(r"[?#@\s]", prefix):
        raise ValueError(f"object store {url!r}: a prefix is a plain path, without ? # @ or spaces")
    try:
        return S3Store(bucket, check_key(prefix) if prefix else "")
    except ValueError as error:
        raise ValueError(f"object store {url!r}: {error}; the prefix is a plain relative path") from error
