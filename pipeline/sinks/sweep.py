"""One kill through a whole store: events and their Parquet first, which tell where they came from, then raw items and documents.

Knows stores, not Kafka. Promise: whatever breaks off, running it again with the same targets ends in the same store, because an
erased event still tells its origin.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from pipeline.sinks.catalog import ALWAYS, Catalog, Entry
from pipeline.sinks.compactions import CompactError, Hour, courses_of
from pipeline.sinks.parquet import NoParquet
from pipeline.sinks.redact import RedactError, Redactor
from pipeline.sinks.redact_parquet import ParquetRedactor
from pipeline.sinks.redaction import split_revision
from pipeline.sinks.segment import FormName
from pipeline.sinks.survey import topics_in
from pipeline.sinks.targets import Targets

ORDER: tuple[FormName, ...] = ("events", "raw", "documents")
FORMS_OF = (*ORDER, "rows")  # what is counted


class Swept(Struct):
    """What a run did: ranges looked into, records erased in segments by form and in Parquet files.

    `missing` are objects that ought to be there, `damaged` says of manifests that they cannot be read; `problems` are objects
    that could not be redacted although they may hold what must go.
    """

    ranges: int = 0
    events: int = 0
    raw: int = 0
    documents: int = 0
    rows: int = 0
    missing: list[str] = []
    damaged: list[str] = []
    problems: list[str] = []

    @property
    def erased(self) -> int:
        """All of them."""
        return self.events + self.raw + self.documents + self.rows

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

    async def prepare(self) -> None:
        """Reads the manifests that are not known yet: the first time all within the window. Raises `StoreError`."""
        since = datetime.now(UTC) - self._window if self._window else ALWAYS
        for topic in await topics_in(self._redactor.store, self._redactor.prefix):
            await self.catalog.refresh(topic, since)

    async def sweep(self, targets: Targets) -> Swept:
        """Erases the targets wherever the store holds them. Raises `StoreError`; all else stands in `problems`."""
        done = Swept()
        await self.prepare()
        for form in ORDER:
            await self._sweep(form, targets, done)
        done.damaged = list(self.catalog.damaged)
        return done

    async def _sweep(self, form: FormName, targets: Targets, done: Swept) -> None:
        since = targets.since if form == "documents" else ALWAYS
        judge, hours = targets.judge(form), set[Hour]()
        async for place, entry in self.catalog.find(form, targets.names(form), since):
            done.ranges += 1
            hours.add(entry.hour)
            with _noting(done):
                redacted = await self._redactor.redact(place, entry.start, entry.end, judge)
                setattr(done, form, getattr(done, form) + redacted.erased)
                if redacted.absent and not await self._is_compacted(entry, redacted.absent):
                    done.missing.append(redacted.absent)
        for hour in sorted(hours) if form == "events" else ():
            with _noting(done):
                done.rows += await self._parquet.redact(hour, judge)

    async def _is_compacted(self, entry: Entry, key: str) -> bool:
        inputs = (
            part.key for course in (await courses_of(self._redactor.store, entry.hour)).values() for part in course.now.inputs
        )
        return split_revision(key)[0] in {split_revision(each)[0] for each in inputs}


@contextmanager
def _noting(done: Swept) -> Iterator[None]:
    """What keeps us from redacting one object is a problem of that object: the others are redacted."""
    try:
        yield
    except (RedactError, CompactError, NoParquet) as error:
        done.problems.append(str(error))
    except ValueError as error:  # a damaged object or manifest
        done.problems.append(f"{error}; see `newswire verify`")


def told(done: Swept) -> Sequence[str]:
    """What a run did, as a person would say it."""
    parts = (
        (done.events, "events"),
        (done.raw, "raw items"),
        (done.documents, "documents"),
        (done.rows, "rows of Parquet files"),
    )
    erased = [f"{count:,} {what}" for count, what in parts if count]
    return [f"erased {', '.join(erased)}"] if erased else [f"nothing to erase in {done.ranges:,} segments that may name it"]
