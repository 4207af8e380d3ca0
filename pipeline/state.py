"""Keyed state of one stage on one input partition: a local store behind a changelog partition.

Promise: the local store is updated only after the transaction that holds the same writes has committed, together with the
changelog offset it has reached, in one write batch. So it is never ahead of the log; what it misses is replayed by `restore`.
A lost or foreign store is rebuilt from the compacted changelog.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from rocksdict import AccessType, BlockBasedOptions, Cache, DataBlockIndexType, DBCompressionType, Options, Rdict, WriteBatch

from pipeline.kafka import read_range
from pipeline.records import Write

log = structlog.get_logger()

OFFSET_KEY = b"\x00offset"  # stage keys are hashes of 8 bytes or more and never begin with "\x00offset"
IDENTITY_KEY = b"\x00identity"
CACHE_BYTES = 64 << 20  # blocks in memory, of all lanes of a process: what link compares of 100,000 texts takes 41 MB
PROGRESS_S = 2.0  # how often a restore says how far it is


class Store(Protocol):
    """A flat byte map with atomic batches."""

    def get(self, key: bytes) -> bytes | None:
        """The value, None when absent."""
        ...

    def apply(self, writes: Mapping[bytes, bytes | None]) -> None:
        """All writes at once; None deletes."""
        ...

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Everything, in key order."""
        ...

    def close(self) -> None:
        """Releases the files."""
        ...


class MemoryStore:
    """For tests and `state.store = "memory"`."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value, None when absent."""
        return self._rows.get(key)

    def apply(self, writes: Mapping[bytes, bytes | None]) -> None:
        """All writes at once; None deletes."""
        for key, value in writes.items():
            if value is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = value

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Everything, in key order."""
        yield from sorted(self._rows.items())

    def close(self) -> None:
        """Nothing to release."""


class RocksStore:
    """RocksDB in a folder. The write-ahead log is kept but not synced: the changelog is the truth after a power cut."""

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._db = Rdict(str(folder), _rocks_options(), access_type=AccessType.read_write())

    def get(self, key: bytes) -> bytes | None:
        """The value, None when absent."""
        value: bytes | None = self._db.get(key)
        return value

    def apply(self, writes: Mapping[bytes, bytes | None]) -> None:
        """All writes at once; None deletes."""
        batch = WriteBatch(raw_mode=True)
        for key, value in writes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        self._db.write(batch)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Everything, in key order."""
        yield from self._db.items()

    def close(self) -> None:
        """Releases the files."""
        self._db.close()


@cache
def _block_cache() -> Cache:
    return Cache(CACHE_BYTES)


def _rocks_options() -> Any:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(16 << 20)  # a lane holds a share of the state; 16 MiB × lanes must stay small beside the heap
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    options.set_memtable_whole_key_filtering(True)
    options.set_memtable_prefix_bloom_ratio(0.1)  # link finds few of the rows it asks for in what was written last
    blocks = BlockBasedOptions()
    blocks.set_block_cache(_block_cache())
    blocks.set_data_block_index_type(DataBlockIndexType.binary_and_hash())
    blocks.set_bloom_filter(10, False)  # half of what link asks for is absent: 10 bits a key spare 99 % of those reads
    options.set_block_based_table_factory(blocks)
    return options


def open_rocks(folder: Path) -> RocksStore:
    """Opens the store; a damaged one is thrown away, since the changelog has it all."""
    try:
        return RocksStore(folder)
    except Exception as error:  # the binding raises bare Exception for whatever RocksDB says
        if "lock" in str(error).lower():
            raise
        log.warning("state_store_rebuilt", folder=str(folder), cause=str(error))
        shutil.rmtree(folder, ignore_errors=True)
        return RocksStore(folder)


class KeyedState(Mapping[bytes, bytes]):
    """The state a stage sees: the store, and over it the batch's writes (`stage` them, then `commit` or `discard`)."""

    def __init__(self, store: Store, changelog: TopicPartition, identity: str = "") -> None:
        self._store, self.changelog, self._identity = store, changelog, identity
        self._pending: dict[bytes, bytes | None] = {}
        self.restored_count = 0

    def __getitem__(self, key: bytes) -> bytes:
        value: bytes | None = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and self.get(key) is not None

    def __iter__(self) -> Iterator[bytes]:
        return (key for key, _ in self.rows())

    def __len__(self) -> int:
        return sum(1 for _ in self.rows())

    def get(self, key: bytes, default: Any = None) -> Any:
        """The value as of the last staged write."""
        if key in self._pending:
            value = self._pending[key]
            return default if value is None else value
        value = self._store.get(key)
        return default if value is None else value

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Committed rows, without our own bookkeeping."""
        return ((k, v) for k, v in self._store.items() if k not in (OFFSET_KEY, IDENTITY_KEY))

    def stage(self, write: Write) -> None:
        """Shows a write to the records that follow in the same batch."""
        self._pending[write[0]] = write[1]

    @property
    def pending(self) -> Mapping[bytes, bytes | None]:
        """The batch's writes, last one per key: what goes to the changelog."""
        return self._pending

    def discard(self) -> None:
        """The transaction did not hold."""
        self._pending = {}

    def commit(self, following: int) -> None:
        """The transaction holds; `following` is the changelog offset after its writes."""
        if self._pending:
            self._store.apply({**self._pending, OFFSET_KEY: b"%d" % following})
            self._pending = {}

    async def restore(self, consumer: AIOKafkaConsumer) -> None:
        """Replays the changelog from where the store is up to the last stable offset."""
        start, end = await self._range(consumer)
        began = reported = time.monotonic()
        async for records in read_range(consumer, {self.changelog: start}, {self.changelog: end}):
            self._store.apply({**{r.key: r.value for r in records}, OFFSET_KEY: b"%d" % (records[-1].offset + 1)})
            self.restored_count += len(records)
            if (now := time.monotonic()) - reported >= PROGRESS_S:
                reported = now
                rate = self.restored_count / (now - began)
                remaining = end - records[-1].offset - 1
                self._say("state_restoring", remaining=remaining, records_per_s=round(rate))
        if self.restored_count:
            self._say("state_restored", seconds=round(time.monotonic() - began, 3))

    def _say(self, event: str, **facts: Any) -> None:
        log.info(event, changelog=self.changelog.topic, partition=self.changelog.partition, records=self.restored_count, **facts)

    async def _range(self, consumer: AIOKafkaConsumer) -> tuple[int, int]:
        consumer.assign([self.changelog])  # first: end_offsets would wait 100 ms for the topic's metadata
        end = (await consumer.end_offsets([self.changelog]))[self.changelog]
        begin = (await consumer.beginning_offsets([self.changelog]))[self.changelog]
        reached = int(self._store.get(OFFSET_KEY) or 0)
        owner = (self._store.get(IDENTITY_KEY) or b"").decode()
        if reached and (owner != self._identity or reached > end):
            log.warning("state_store_foreign", changelog=self.changelog.topic, partition=self.changelog.partition, store=owner)
            self._store.apply({key: None for key, _ in list(self._store.items())})
            reached = 0
        self._store.apply({IDENTITY_KEY: self._identity.encode()})
        return max(begin, reached), end

    def close(self) -> None:
        """Releases the store."""
        self._store.close()


StoreOpener = Callable[[str, int], Store]  # (stage, partition) → store


def store_opener(kind: str, folder: Path) -> StoreOpener:
    """Stores below `folder/<stage>/<partition>`, or in memory."""
    if kind == "memory":
        return lambda stage, partition: MemoryStore()
    return lambda stage, partition: open_rocks(folder / stage / f"{partition:03d}")
