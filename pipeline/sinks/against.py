"""Compares a verified store with the log and the sink's group: what only they know. Reads only; the sink may be at work.

The group is read before the store and again after it. Manifests come before commits, so whatever was committed before must be in
manifests, and manifests end where the group has come to afterwards, or where the range ends that it has decided by then.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from pipeline import kafka
from pipeline.config import Kafka
from pipeline.sinks.findings import Finding
from pipeline.sinks.progress import Progress, parse_metadata
from pipeline.sinks.segment import FormName, Place, instant
from pipeline.sinks.stores import Store
from pipeline.sinks.survey import manifest_key_of, object_name
from pipeline.sinks.tiling import Range, found
from pipeline.sinks.verify import Partition, Report

COUNTED_MAX = 200_000  # offsets of one topic: some 20 s of reading at 5 KB each; beyond it, `newswire status` has the accounts
PUBLIC = "out."


class Commit(Struct, frozen=True):
    """An offset of the sink's group. `progress` None: not the sink's own commit, an operator's reset."""

    offset: int
    progress: Progress | None

    @property
    def decided(self) -> int:
        """Up to where manifests may reach: a range that is decided is sealed before it is committed."""
        intent = self.progress.intent if self.progress else None
        return intent.end + 1 if intent else self.offset


class Standing(Struct, frozen=True, kw_only=True):
    """A topic and its sink's group at one moment. `topic_id` "": Kafka has no such topic."""

    topic: str
    group: str
    form: FormName
    topic_id: str
    commits: dict[int, Commit]

    def own(self) -> dict[int, Commit]:
        """Without the offsets of a topic of this name that was deleted."""
        return {
            partition: commit
            for partition, commit in self.commits.items()
            if commit.progress is None or commit.progress.topic_id == self.topic_id
        }


async def standing(settings: Kafka, topic: str, group: str, form: FormName) -> Standing:
    """Raises `kafka.Unreachable`."""
    async with kafka.admin(settings) as client:
        try:
            offsets = await kafka.group_offsets(client, group)
        except kafka.NoGroups:
            offsets = {}
    ids = await kafka.identities(settings, [topic])
    commits = {tp.partition: Commit(at.offset, parse_metadata(at.metadata)) for tp, at in offsets.items() if tp.topic == topic}
    return Standing(topic=topic, group=group, form=form, topic_id=ids.get(topic, ""), commits=commits)


async def compare(settings: Kafka, store: Store, prefix: str, report: Report, before: Standing) -> None:
    """Adds to the report what the group and the log say of this topic."""
    after = await standing(settings, before.topic, before.group, before.form)
    if after.topic_id == "" or after.topic_id != before.topic_id:
        what = "Kafka has no such topic" if not after.topic_id else "the topic was recreated meanwhile: run again"
        report.findings.append(Finding(rule="not_counted", topic=before.topic, topic_id=after.topic_id, what=what))
        return
    partitions = {
        partition.place.partition: partition
        for partition in report.partitions
        if (partition.place.topic, partition.place.topic_id) == (before.topic, before.topic_id)
    }
    for number in before.own().keys() | after.own().keys():
        place = Place(prefix, before.topic, before.topic_id, number)
        partitions.setdefault(number, Partition(place=place))
    for number, partition in sorted(partitions.items()):
        then, now = before.own().get(number), after.own().get(number)
        report.findings += offset_problems(partition.place, partition.ranges, then, now)
        await _judge_leftovers(store, report, partition, now, before.form)
    report.findings += await log_problems(settings, before, partitions)
    report.findings.sort()


def offset_problems(place: Place, ranges: Sequence[Range], before: Commit | None, after: Commit | None) -> Iterator[Finding]:
    """Where the manifests of a partition and its committed offset contradict each other. Pure."""
    next_offset = max((each.end + 1 for each in ranges), default=0)
    if before is not None and before.offset > next_offset:
        what = f"offset {before.offset} is committed, the manifests end at {next_offset}"
        yield found("unsealed", place, next_offset, before.offset - 1, what)
    decided = after.decided if after else 0
    if next_offset > decided:
        what = f"the manifests end at {next_offset}, the group has come to {decided}"
        yield found("ahead", place, decided, next_offset - 1, what)
    if before is not None and before.progress is not None:
        sealed = [each for each in ranges if each.end < before.offset]
        stored, rejected = sum(each.stored for each in sealed), sum(each.rejected for each in sealed)
        said = before.progress.stored, sum(before.progress.rejected.values())
        if (stored, rejected) != said:
            what = (
                f"{stored} stored and {rejected} rejected below offset {before.offset}, the group counted {said[0]} and {said[1]}"
            )
            yield found("accounts", place, 0, before.offset - 1, what)


async def _judge_leftovers(store: Store, report: Report, partition: Partition, now: Commit | None, form: FormName) -> None:
    """A leftover belongs to the range that is decided now, or was sealed meanwhile, or to nothing."""
    place, sealed = partition.place, set()
    for key in partition.leftovers:
        name = object_name(key)
        rule, what = "stray", "no range is decided that it could belong to"
        if key == _decided_key(place, now, form):
            rule, what = "open", "decided, its manifest comes next"
        elif await store.head(manifest_key_of(place, key)) is not None:
            sealed.add(key)
        report.findings = [each for each in report.findings if (each.rule, each.key) != ("leftover", key)]
        if key not in sealed:
            report.findings.append(found(rule, place, name.start, name.end, what, key))
    partition.leftovers = [key for key in partition.leftovers if key not in sealed]


def _decided_key(place: Place, now: Commit | None, form: FormName) -> str:
    """The object of the range that is being sealed, "" when none is."""
    intent = now.progress.intent if now is not None and now.progress is not None else None
    if now is None or intent is None or intent.at is None:
        return ""
    return place.data_key(now.offset, intent.end, intent.at, form)


async def log_problems(settings: Kafka, before: Standing, partitions: Mapping[int, Partition]) -> list[Finding]:
    """Counts the committed records of the log against every whole range that it still has."""
    log = await kafka.log_ranges(settings, before.topic)
    spans = {}
    for number, partition in partitions.items():
        begin, end = log.get(number, (0, 0))
        spans[number] = begin, min(end, partition.next_offset)
    retained = sum(max(0, end - begin) for begin, end in spans.values())
    if retained > COUNTED_MAX:
        what = f"{retained} offsets retained, more than the {COUNTED_MAX} that are counted"
        return [Finding(rule="not_counted", topic=before.topic, topic_id=before.topic_id, what=what)]
    offsets = await kafka.read_offsets(settings, before.topic, spans)
    return [
        problem
        for number, partition in sorted(partitions.items())
        for problem in count_problems(partition.place, partition.ranges, offsets.get(number, []), spans[number])
    ]


def count_problems(place: Place, ranges: Sequence[Range], offsets: Sequence[int], span: tuple[int, int]) -> Iterator[Finding]:
    """Ranges within the span of which the log has another number of records than were stored and rejected. Pure."""
    starts = [each.start for each in ranges]
    counts = Counter(bisect_right(starts, offset) - 1 for offset in offsets)
    for number, each in enumerate(ranges):
        if each.is_gap or each.start < span[0] or each.end >= span[1]:
            continue
        if counts[number] != each.stored + each.rejected:
            what = f"the log has {counts[number]} records, {each.stored} are stored and {each.rejected} rejected"
            yield found("log", place, each.start, each.end, what)


async def killed_in_public_topics(settings: Kafka, prefix: str, uri: str) -> list[Finding]:
    """Public topics (`<prefix>.out.…`) whose newest record of this uri, which is their key, still has content."""
    async with kafka.admin(settings) as client:
        topics = [topic for topic in await kafka.partition_counts(client) if topic.startswith(f"{prefix}.{PUBLIC}")]
    newest = {}
    async for record in kafka.read_topics(settings, topics):
        if record.key == uri.encode():
            newest[record.topic] = record
    return [
        Finding(
            rule="killed",
            topic=topic,
            partition=record.partition,
            start=record.offset,
            end=record.offset,
            what=f"the newest record of its key, of {instant(record.timestamp):%Y-%m-%dT%H:%M:%SZ}, has its content",
        )
        for topic, record in sorted(newest.items())
        if record.value is not None
    ]
