"""What a store really does, found out by trying: S3 servers differ in what they make of a condition.

For operators, logs and metrics alone. Nothing decides by it: the sink reads back what it wrote, and the consumer group's
generation is the first fence.
"""

import asyncio
import uuid
from typing import Protocol, runtime_checkable

from msgspec import Struct, structs

from pipeline.sinks.stores.store import Put, Store, StoreRefused

RACERS = 8
BODY = b"written by newswire to see what this store does; safe to delete\n"


class Capabilities(Struct, frozen=True, kw_only=True):
    """`create_only`: a second create is refused and changes nothing. `winners`: how many of 8 creates at once succeeded, 1 if
    creating is atomic. `if_match`: a replacement that names an old version is refused, one that names the current is not; None
    where the store has no such call. `lists`: what was just written is listed. `deletes`: it may be deleted.
    """

    create_only: bool
    winners: int
    if_match: bool | None
    lists: bool
    deletes: bool

    @property
    def facts(self) -> dict[str, bool]:
        """Name → whether the store does it, for metrics."""
        facts = structs.asdict(self) | {"atomic_create": self.winners == 1}
        return {name: value for name, value in facts.items() if isinstance(value, bool)}


@runtime_checkable
class _Conditional(Protocol):
    async def replace_if(self, key: str, body: bytes, e_tag: str) -> bool: ...

    async def e_tag(self, key: str) -> str: ...


async def probe(store: Store, prefix: str) -> Capabilities:
    """Tries the store out below `<prefix>/_probe/` and leaves nothing there (if it may delete). Raises `StoreError`."""
    folder = f"{prefix}/_probe/{uuid.uuid4().hex}/".lstrip("/")
    twice, race = f"{folder}twice", f"{folder}race"
    outcomes = [await store.put_new(twice, BODY), await store.put_new(twice, b"other bytes")]
    is_kept = await store.get(twice) == BODY
    raced = await asyncio.gather(*(store.put_new(race, b"racer %d" % number) for number in range(RACERS)))
    listed = [key async for key in store.list(folder)]
    return Capabilities(
        create_only=outcomes == [Put.CREATED, Put.EXISTS] and is_kept,
        winners=raced.count(Put.CREATED),
        if_match=await _minds_if_match(store, twice) if isinstance(store, _Conditional) else None,
        lists=listed == sorted((twice, race)),
        deletes=await _deletes(store, (twice, race)),
    )


async def _minds_if_match(store: _Conditional, key: str) -> bool:
    old = await store.e_tag(key)
    is_first_let = await store.replace_if(key, b"second version", old)
    return is_first_let and not await store.replace_if(key, b"third version", old)


async def _deletes(store: Store, keys: tuple[str, ...]) -> bool:
    try:
        for key in keys:
            await store.delete(key)
    except StoreRefused:
        return False
    return await store.head(keys[0]) is None
