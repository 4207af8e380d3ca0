"""One kill through a whole store: events and their Parquet first, which tell where they came from, then raw items and documents.

`follow` is the same for all kills together in what was sealed since, and deletes what came back to a name that was redacted.
Knows stores, not Kafka. Promise: whatever breaks off, running it again with the same targets ends in the same store, because an
erased event still tells its origin.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from msgspec import Struct, structs

from pipeline.sinks.catalog import ALWAYS, Catalog, Entry, Span
from pipeline.sinks.compactions import CompactError, Hour, courses_of
from pipeline.sinks.erasure import Judge
from pipeline.sinks.names import name_hash
from pipeline.sinks.parquet import NoParquet
from pipeline.sinks.redact import Redacted, RedactError, Redactor
from pipeline.sinks.redact_parquet import ParquetRedactor
from pipeline.sinks.redaction import split_revision
from pipeline.sinks.returning import Returning
from pipeline.sinks.segment import FormName, Place
from pipeline.sinks.survey import topics_in
from pipeline.sinks.targets import Targets
from pipeline.wire.plain import counted

ORDER: tuple[FormName, ...] = ("events", "raw", "documents")
FORMS_OF = (*ORDER, "rows")  # what is counted
WORDS = {"events": "event", "raw": "raw item", "documents": "document", "rows": "Parquet row"}
TIDIED_MAX = 200  # redacted ranges looked at in one `follow`, in turn: three or four requests each, 10 s of S3


class Counts(Struct, omit_defaults=True):
    """What sweeps did: ranges looked into, records erased in segments by form and in Parquet files, objects deleted that had been
    replaced and were there again (`restored`).
    """

    ranges: int = 0
    events: int = 0
    raw: int = 0
    documents: int = 0
    rows: int = 0
    restored: int = 0

    @property
    def erased(self) -> int:
        """Records of all forms."""
        return self.events + self.raw + self.documents + self.rows


class Swept(Counts):
    """What one run did.

    `missing` are objects that ought to be there, `damaged` says of manifests that they cannot be read; `problems` are objects
    that could not be redacted although they may hold what must go.
    """

    missing: list[str] = []
    damaged: list[str] = []
    problems: list[str] = []

    def raise_problems(self) -> None:
        """Raises `RedactError` where something may be left."""
        if self.problems:
            more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
            raise RedactError(f"{self.problems[0]}{more}")


class Sweeper:
    """One store, as far back as the window reaches (None: all of it). The catalog is kept from run to run."""

    def __init__(
        self, redactor: Redactor, window: timedelta | None = None, at: Callable[[str], None] = lambda point: None
    ) -> None:
        self._redactor, self._window = redactor, window
        self._parquet = ParquetRedactor(redactor.store, writer=redactor.writer, at=at)
        self.catalog = Catalog(redactor.store, redactor.prefix)
        self._tidied = 0
        self._writing = asyncio.Lock()  # where the store's create is not atomic, one worker is still one redactor

    async def prepare(self) -> None:
        """Reads the manifests that are not known yet: the first time all within the window. Raises `StoreError`."""
        since = datetime.now(UTC) - self._window if self._window else ALWAYS
        for topic in await topics_in(self._redactor.store, self._redactor.prefix):
            await self.catalog.refresh(topic, since)

    async def sweep(self, targets: Targets) -> Swept:
        """Erases the targets wherever the store holds them. Raises `StoreError`; all else stands in `problems`."""
        done = Swept()
        await self.prepare()
        await self._meet(targets, targets.members.names(), done)
        for form in ORDER:
            await self._sweep(form, targets, targets.names(form), done)
        done.damaged = list(self.catalog.damaged)
        return done

    async def follow(self, targets: Returning, span: Span) -> Swept:
        """Erases what came again in the ranges of this span, which `prepare` must have read. Raises as `sweep` does.

        Everything that was written before them must be stored (`returning.py`). Events of uris that are not known yet are looked
        for in the whole window first: they tell where those come from, and whether they live. So are items of whole stories.
        """
        done = Swept()
        await self._meet(targets, targets.members.names(targets.unmet), done)
        if not done.problems:
            targets.unmet = frozenset()
        await self._meet(targets, targets.members.names(), done, span)
        await self._sweep("events", targets, frozenset(map(name_hash, map(str.encode, targets.unknown))), done)
        if not done.problems:
            targets.unknown.clear()
        for form in ORDER:
            await self._sweep(form, targets, targets.names(form), done, span)
        await self._tidy(done)
        done.damaged = list(self.catalog.damaged)
        return done

    async def _meet(self, targets: Targets, names: Collection[int], done: Swept, span: Span | None = None) -> None:
        """Learns from the events of these homes whom kills of whole stories mean; erases nothing yet."""
        if names:
            found = self.catalog.find("events", names, span=span, by_home=True)
            await self._visit("events", found, targets.members.look, done)
        targets.admit()

    async def _sweep(
        self, form: FormName, targets: Targets, names: Collection[int], done: Swept, span: Span | None = None
    ) -> None:
        if names:
            since = targets.since if form == "documents" else ALWAYS
            await self._visit(form, self.catalog.find(form, names, since, span), targets.judge(form), done)

    async def _visit(self, form: FormName, ranges: AsyncIterator[tuple[Place, Entry]], judge: Judge, done: Swept) -> None:
        hours = set[Hour]()
        async for place, entry in ranges:
            done.ranges += 1
            hours.add(entry.hour)
            async with self._noting(done):
                redacted = await self._redactor.redact(place, entry.start, entry.end, judge)
                self._count(form, place, entry, redacted, done)
                if redacted.absent and not await self._is_compacted(entry, redacted.absent):
                    done.missing.append(redacted.absent)
        for hour in sorted(hours) if form == "events" else ():
            async with self._noting(done):
                done.rows += await self._parquet.redact(hour, judge)

    @asynccontextmanager
    async def _noting(self, done: Swept) -> AsyncIterator[None]:
        """What keeps us from redacting one object is a problem of that object: the others are redacted."""
        try:
            async with self._writing:
                yield
        except (RedactError, CompactError, NoParquet) as error:
            done.problems.append(str(error))
        except ValueError as error:  # a damaged object or manifest
            done.problems.append(f"{error}; see `newswire verify`")

    def _count(self, form: FormName, place: Place, entry: Entry, redacted: Redacted, done: Swept) -> None:
        setattr(done, form, getattr(done, form) + redacted.erased)
        done.restored += redacted.restored
        if redacted.erased:
            self.catalog.redacted[place, entry.start, entry.end] = entry.hour

    async def _tidy(self, done: Swept) -> None:
        """Looks at the next redacted ranges, and at the Parquet files of their hours."""
        ranges = list(self.catalog.redacted.items())
        turn = [ranges[at % len(ranges)] for at in range(self._tidied, self._tidied + min(TIDIED_MAX, len(ranges)))]
        self._tidied = (self._tidied + len(turn)) % max(1, len(ranges))
        for range_, _ in turn:
            async with self._noting(done):
                done.restored += await self._redactor.tidy(*range_)
        for hour in sorted({hour for _, hour in turn}):
            async with self._noting(done):
                done.restored += await self._parquet.tidy(hour)

    async def _is_compacted(self, entry: Entry, key: str) -> bool:
        inputs = (
            part.key for course in (await courses_of(self._redactor.store, entry.hour)).values() for part in course.now.inputs
        )
        return split_revision(key)[0] in {split_revision(each)[0] for each in inputs}


def listed(counts: Mapping[str, int]) -> str:
    """Records by form (`FORMS_OF`), as a person would say it: `2 events, 1 raw item`; "" where there are none."""
    return ", ".join(counted(counts[form], WORDS[form]) for form in FORMS_OF if counts.get(form))


def told(done: Swept) -> Sequence[str]:
    """What a run did, as a person would say it."""
    erased = listed(structs.asdict(done))
    return [f"erased {erased}"] if erased else [f"nothing to erase in {counted(done.ranges, 'segment')} that may name it"]
