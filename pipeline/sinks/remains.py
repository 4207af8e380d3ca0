"""What a store still holds of killed articles, wherever it lies: what counts, what was replaced, what nothing names. Reads only.

Manifests tell which segments may hold them (`names.py`); `is_deep` believes no manifest and reads every object. Nothing is
written; a store may be written to meanwhile.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct, field

from pipeline.sinks import parquet
from pipeline.sinks.catalog import Catalog
from pipeline.sinks.compactions import Course, courses
from pipeline.sinks.erasure import Judge, is_erased
from pipeline.sinks.forms import EVENTS, FORMS, Form, likely_form
from pipeline.sinks.line import StoredRecord, decode_line
from pipeline.sinks.manifests import standing, topic_ids_in
from pipeline.sinks.redact import RESTRICTED
from pipeline.sinks.redaction import split_revision
from pipeline.sinks.segment import BadManifest, Name, Place, topic_root
from pipeline.sinks.stores import Store
from pipeline.sinks.survey import Survey, object_name, survey, topics_in
from pipeline.sinks.sweep import ORDER
from pipeline.sinks.targets import Targets
from pipeline.wire.plain import counted

NAMED_MAX = 5


class Left(Struct, frozen=True, kw_only=True):
    """An object with content that ought to be gone, or one that could not be looked into."""

    key: str
    what: str


class Remains(Struct, kw_only=True):
    """What was found. `gone` counts erased records by form, `since` is the last redaction of one (RFC 3339, "" for none).

    `unread` could not be looked into: nothing is proved of them. `kept` are originals below `restricted/`.
    """

    left: list[Left] = field(default_factory=list)
    unread: list[Left] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    gone: dict[str, int] = field(default_factory=dict)
    since: str = ""
    objects: int = 0
    manifests: int = 0

    @property
    def is_proved(self) -> bool:
        """Nothing is left, and nothing stayed unread."""
        return not self.left and not self.unread


async def remains(store: Store, prefix: str, targets: Targets, *, is_deep: bool = False) -> Remains:
    """Looks through the whole store. Raises `StoreError` when it does not even give its names, `NoParquet` without pyarrow."""
    look = _Look(store, prefix, targets, is_deep=is_deep)
    await look.prepare()
    for form in ORDER:
        await look.at(form)
    root = f"{prefix}/{RESTRICTED}/".lstrip("/")
    look.found.kept += [key async for key in store.list(root)]
    return look.found


class _Look:
    def __init__(self, store: Store, prefix: str, targets: Targets, *, is_deep: bool) -> None:
        self._store, self._prefix, self._targets, self._is_deep = store, prefix, targets, is_deep
        self._catalog = Catalog(store, prefix)
        self._surveys: list[Survey] = []
        self._sealed: set[tuple[Place, int, int]] = set()
        self.found = Remains()

    async def prepare(self) -> None:
        for topic in await topics_in(self._store, self._prefix):
            await self._catalog.refresh(topic)
            for topic_id in await topic_ids_in(self._store, self._prefix, topic):
                self._surveys.append(await survey(self._store, Place(self._prefix, topic, topic_id, 0)))
        self._sealed = self._catalog.ranges()
        self.found.manifests = len(self._sealed)
        self.found.unread += [Left(key=text.partition(":")[0], what=text) for text in self._catalog.damaged]
        strange = [finding for each in self._surveys for finding in each.findings]
        self.found.unread += [Left(key=finding.key, what=finding.what) for finding in strange]

    async def at(self, form_name: str) -> None:
        """Objects of one form. Events come first: they tell by what the others are found."""
        form = FORMS[form_name]
        names = self._targets.names(form.name)
        may_hold = {(place, entry.start, entry.end) async for place, entry in self._catalog.find(form.name, names)}
        for names_in in self._surveys:
            if self._form_of(names_in) is not form:
                continue
            for key in sorted(key for keys in names_in.objects.values() for key in keys):
                range_ = _range(object_name(key))
                if self._is_deep or range_ in may_hold or range_ not in self._sealed:
                    await self._object(form, key, range_)
        if form is EVENTS:
            await self._parquet({split_revision(key)[0] for key in self._keys(may_hold)})

    def _form_of(self, names: Survey) -> Form:
        """By what its manifests say; where there are none, by how its objects are called."""
        known = self._catalog.form(names.place)
        if known is not None:
            return FORMS[known]
        keys = (key for keys in names.objects.values() for key in keys)
        return likely_form(names.place.topic, next(keys, ""))

    def _keys(self, ranges: set[tuple[Place, int, int]]) -> Iterator[str]:
        for names in self._surveys:
            compacted = (key for key in names.compacted if _range(object_name(key)) in ranges)
            yield from compacted

    async def _object(self, form: Form, key: str, range_: tuple[Place, int, int]) -> None:
        body = await self._store.get(key)
        if body is None:
            return  # deleted since it was listed
        self.found.objects += 1
        judge = self._targets.judge(form.name)
        try:
            condemned, erased = await asyncio.to_thread(_judged, lambda: form.decode(form.expand(body)), judge)
        except ValueError as error:
            self.found.unread.append(Left(key=key, what=str(error)))
            return
        self._note(key, form.name, condemned, erased, "" if range_ in self._sealed else "; no manifest names it: delete it")
        if erased:
            await self._date(range_)

    async def _date(self, range_: tuple[Place, int, int]) -> None:
        try:
            found = await standing(self._store, *range_)
        except (BadManifest, ValueError):
            return
        if found.redactions:
            self.found.since = max(self.found.since, found.redactions[-1].at)

    async def _parquet(self, inputs: set[str]) -> None:
        """Files of compactions that took in one of these segments, and files that no compaction names."""
        for topic in {names.place.topic for names in self._surveys}:
            root = topic_root(self._prefix, topic)
            known: dict[str, Course] = {}
            for topic_id in await topic_ids_in(self._store, self._prefix, topic):
                for course in (await courses(self._store, f"{root}g={topic_id}/_compact/")).values():
                    files = {output.key for output in course.now.outputs} | course.superseded
                    known |= dict.fromkeys(files, course)
            async for key in self._store.list(f"{root}parquet/"):
                course_of = known.get(key)
                takes = {split_revision(part.key)[0] for part in course_of.now.inputs} if course_of else set()
                if self._is_deep or course_of is None or takes & inputs:
                    await self._file(key)

    async def _file(self, key: str) -> None:
        body = await self._store.get(key)
        if body is None:
            return
        self.found.objects += 1
        judge = self._targets.judge("events")
        parquet.arrow()
        try:
            condemned, erased = await asyncio.to_thread(
                _judged, lambda: (decode_line(line) for _, _, line in parquet.lines_of(body)), judge
            )
        except ValueError as error:
            self.found.unread.append(Left(key=key, what=f"cannot be read: {error}"))
            return
        self._note(key, "rows", condemned, erased)

    def _note(self, key: str, what: str, condemned: Sequence[int], erased: int, cure: str = "") -> None:
        if condemned:
            offsets = ", ".join(map(str, condemned[:NAMED_MAX])) + (", …" if len(condemned) > NAMED_MAX else "")
            self.found.left.append(
                Left(key=key, what=f"{counted(len(condemned), 'record')} with content: offsets {offsets}{cure}")
            )
        if erased:
            self.found.gone[what] = self.found.gone.get(what, 0) + erased


def _judged(read: Callable[[], Iterable[StoredRecord]], judge: Judge) -> tuple[list[int], int]:
    """(offsets of records that must go and are still there, how many of them are erased)."""
    condemned: list[int] = []
    erased = 0
    for record in read():
        if judge(record) is None:
            continue
        if record.value is not None:
            condemned.append(record.offset)
        elif is_erased(record):
            erased += 1
    return condemned, erased


def _range(name: Name) -> tuple[Place, int, int]:
    return name.place, name.start, name.end
