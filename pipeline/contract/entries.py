"""Records in files, for checking: JSON lines, one JSON document, or a JSON list, as our commands and segments give them.

Finds each record's line and, where the record says so itself, its topic. Judges nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from pipeline import codec
from pipeline.contract.subjects import BY_NAME as SUBJECTS
from pipeline.topics import BY_NAME, PUBLIC_NAME, topic_of

STAGES = {"enrich": "enriched", "link": "linked", "normalize": "normalized"}  # the last stage that an article passed → its topic


class Entry(Struct, frozen=True, kw_only=True):
    """One record. `fault` says why a line is no JSON, then `value` is None. `topic` is a short name, "" where nothing says it."""

    line: int
    value: Any = None
    topic: str = ""
    fault: str = ""


def entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    """The records of a file; blank lines are passed over, tombstones too."""
    numbered = enumerate(lines, 1)
    first = next(((number, line) for number, line in numbered if line.strip()), None)
    if first is None:
        return
    if _is_json(first[1]):
        yield from _of_lines((first,), numbered)
        return
    rest = list(numbered)
    try:
        yield from _unpacked(first[0], codec.loads(b"".join((b"\n" * (first[0] - 1), first[1], *(line for _, line in rest)))))
    except codec.Undecodable as error:
        if any(_is_json(line) for _, line in rest):  # lines, of which the first is broken
            yield from _of_lines((first,), rest)
        else:
            yield Entry(line=first[0], fault=str(error))


def topic_by_stages(record: Any) -> str:
    """The topic of an article, by the stages that it passed; "" for anything else."""
    try:
        stages = record["pipeline"]["provenance"]["stages"]
        return next((topic for stage, topic in STAGES.items() if stage in stages), "")
    except (KeyError, TypeError):
        return ""


def short_name(name: str) -> str:
    """`newswire.out.en` → `out.en`, whatever the prefix; "" for a topic that is not ours."""
    steps = name.split(".")
    endings = (".".join(steps[at:]) for at in range(len(steps)))  # the longest first
    return next((ending for ending in endings if ending in BY_NAME or PUBLIC_NAME.fullmatch(ending)), "")


def _of_lines(*parts: Iterable[tuple[int, bytes]]) -> Iterator[Entry]:
    for number, line in (each for part in parts for each in part if each[1].strip()):
        try:
            yield from _unpacked(number, codec.loads(line))
        except codec.Undecodable as error:
            yield Entry(line=number, fault=str(error))


def _unpacked(line: int, found: Any) -> Iterator[Entry]:
    """A list is its members; a line of a segment or of `topics tail --json` is what it carries, under the topic it names."""
    if isinstance(found, list):
        for member in found:
            yield from _unpacked(line, member)
        return
    topic = short_name(str(found.get("topic"))) if isinstance(found, Mapping) and "offset" in found else ""
    if not topic:
        yield Entry(line=line, value=found, topic=topic_by_stages(found))
    elif _is_bytes(topic):
        yield Entry(line=line, value=found.get("headers", {}), topic=topic)
    elif found.get("value") is not None:
        yield Entry(line=line, value=found["value"], topic=topic)


def _is_bytes(topic: str) -> bool:
    """Topics whose headers, not values, are under contract."""
    subject = SUBJECTS.get(topic_of(topic).schema.partition(":")[0])
    return subject is not None and subject.part == "headers"


def _is_json(line: bytes) -> bool:
    try:
        codec.loads(line)
    except codec.Undecodable:
        return False
    return True
