"""Takes killed records out of sealed ranges. Knows stores, not Kafka; the names and manifests are those of `redaction.py`.

1. Write the range again without what must go, create-only, and read it back. Where another redaction stands under that name
   (of a crash, or of somebody at work on another kill), that one is finished first; it must be an erasure of the same content.
2. Write the redaction's manifest the same way. From now on it stands for the range.
3. Delete the object that it replaces.
4. Look again, until nothing is left that must go, and delete whatever of earlier objects is still or again there.

Promise: a crash anywhere leaves either object readable and a later run finishes it; a run that is repeated changes nothing.
Several may redact one range at once where the store's create is atomic (`newswire doctor` tells).
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct, structs

from pipeline import codec
from pipeline.sinks.erasure import Erased, Judge, compare, erase
from pipeline.sinks.forms import FORMS, BadSegment, form_of, pack, unpack
from pipeline.sinks.manifests import Standing, standing
from pipeline.sinks.redaction import Redaction, parse_redaction, revised
from pipeline.sinks.segment import Manifest, Place
from pipeline.sinks.stores import Store, read_written

RESTRICTED = "restricted"  # the folder of originals that are kept: never read by us, its access is the operator's to restrict
ROUNDS_MAX = 100  # of one range in one run: each is another redaction that somebody else made meanwhile


class RedactError(Exception):
    """The store contradicts the protocol; nothing more was deleted. The message names the object and the cure."""


class Redacted(Struct, frozen=True, kw_only=True):
    """What a run did to a range: records erased by it, earlier objects deleted that were there still or again (`restored`), and
    the name of its object where it is absent: compacted, or lost.
    """

    erased: int = 0
    restored: int = 0
    absent: str = ""


def now() -> str:
    """RFC 3339, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Redactor:
    """One store. `at` is told each step, for crash tests. `keeps_raw`: originals of raw items and documents go to RESTRICTED."""

    def __init__(
        self,
        store: Store,
        prefix: str,
        *,
        writer: str = "",
        keeps_raw: bool = False,
        at: Callable[[str], None] = lambda point: None,
    ) -> None:
        self.store, self.prefix, self.writer, self.at = store, prefix, writer, at
        self._keeps_raw = keeps_raw

    async def redact(self, place: Place, start: int, end: int, judge: Judge) -> Redacted:
        """Erases what the judge condemns in this range. Raises `StoreError`, `BadSegment`, `BadManifest`, `RedactError`."""
        erased = 0
        for _ in range(ROUNDS_MAX):
            before = await standing(self.store, place, start, end)
            if not before.manifest.key:
                return Redacted()
            body = await self.store.get(before.manifest.key)
            if body is None:
                if (await standing(self.store, place, start, end)).revision != before.revision:
                    continue
                return Redacted(erased=erased, absent=before.manifest.key)
            content = await asyncio.to_thread(_content, before.manifest, body)
            left = await asyncio.to_thread(erase, before.manifest, content, judge)
            if left is None:
                return Redacted(erased=erased, restored=await self._sweep(before))
            erased += await self._replace(before, content, left)
        raise RedactError(
            f"{place.manifest_key(start, end)}: redacted by others again and again; run it once more when they rest"
        )

    async def tidy(self, place: Place, start: int, end: int) -> int:
        """Deletes earlier objects of a redacted range that are there again: a sink or a redactor woke up late. How many."""
        return await self._sweep(await standing(self.store, place, start, end))

    async def _replace(self, before: Standing, content: bytes, left: Erased) -> int:
        """Makes the next revision, ours or the one that stands under its name already; the records that it erased."""
        key = revised(before.first.key, before.revision + 1)
        body, _ = await asyncio.to_thread(pack, left.content, form_of(before.manifest))
        await self._keep(before.manifest)
        self.at("before_put")
        await self.store.put_new(key, body)
        found = await read_written(self.store, key)
        self.at("after_put")
        if found != body:
            other, _ = await asyncio.to_thread(unpack, found, form_of(before.manifest))
            left = await asyncio.to_thread(compare, before.manifest, content, other)
        redaction = self._describe(before, left, key)
        place, start, end = before.first.place(self.prefix), before.first.start, before.first.end
        name = revised(place.manifest_key(start, end), redaction.revision)
        await self.store.put_new(name, codec.encode(redaction))
        stored = parse_redaction(name, await read_written(self.store, name))
        if _substance(stored) != _substance(redaction):
            if (await standing(self.store, place, start, end)).revision > redaction.revision:
                return 0  # we are late: the object that we wrote was superseded and deleted before; the sweep takes it
            raise RedactError(f"{name} says something else of {key}; see `newswire verify`, and redact again after its cure")
        self.at("after_manifest")
        await self.store.delete(before.manifest.key)
        self.at("after_delete")
        return len(left.ids)

    def _describe(self, before: Standing, left: Erased, key: str) -> Redaction:
        manifest = before.manifest
        _, sha256 = pack(left.content, FORMS[manifest.form])
        return Redaction(
            topic=manifest.topic,
            topic_id=manifest.topic_id,
            partition=manifest.partition,
            start=manifest.start,
            end=manifest.end,
            next_offset=manifest.next_offset,
            revision=before.revision + 1,
            ids=left.ids,
            reason=left.reason,
            at=now(),
            writer=self.writer,
            count=manifest.count,
            bytes=len(left.content),
            sha256=sha256,
            replaces=manifest.sha256,
            key=key,
        )

    async def _keep(self, manifest: Manifest) -> None:
        """A copy of an original of raw items or documents, where they are kept."""
        if not self._keeps_raw or manifest.form == "events":
            return
        body = await self.store.get(manifest.key)
        if body is not None:
            await self.store.put_new(restricted(self.prefix, manifest.key), body)

    async def _sweep(self, now_: Standing) -> int:
        """Earlier objects of the range: left by a crash, or written again by somebody who was late."""
        found = [key for key in now_.superseded if await self.store.head(key) is not None]
        for key in found:
            self.at("before_sweep")
            await self.store.delete(key)
        return len(found)


def restricted(prefix: str, key: str) -> str:
    """Where the original under this name is kept."""
    root = f"{prefix}/" if prefix else ""
    return f"{root}{RESTRICTED}/{key.removeprefix(root)}"


def _content(manifest: Manifest, body: bytes) -> bytes:
    content, sha256 = unpack(body, form_of(manifest))
    if sha256 != manifest.sha256:
        raise BadSegment(f"{manifest.key}: its content has SHA-256 {sha256}, its manifest says {manifest.sha256}")
    return content


def _substance(redaction: Redaction) -> Redaction:
    return structs.replace(redaction, at="", writer="")
