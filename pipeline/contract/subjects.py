"""The one table of what has a schema: which record it is made of, and what its readers may rely on. Generates nothing itself.

A *subject* is one thing under contract: the value of a topic, the headers of a topic of bytes, a manifest. Its version stands in
`topics.py`, beside the topic that carries it; everything in `schemas/` follows from these two tables and the records.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from pipeline.article import Article
from pipeline.contract.headers import DeadHeaders, DocumentHeaders, EventHeaders, RawHeaders, WithdrawalHeaders
from pipeline.records import Alert, Command, FeedSpec, FeedState, Relink, Report, Sighting
from pipeline.sinks.redaction import Redaction
from pipeline.sinks.segment import Manifest
from pipeline.topics import TOPICS

# BACKWARD: the newest reader understands all that was ever written. FULL_TRANSITIVE: and every older one all that is written now.
Compatibility = Literal["BACKWARD", "FULL_TRANSITIVE"]
Part = Literal["value", "headers", "manifest"]
LINKED = {"Article": ("version",), "Pipeline": ("story",)}  # what `link` gives every article, beyond the record's own demands


class Subject(Struct, frozen=True, kw_only=True):
    """One row: `demands` names fields, by record, that are always there, `fixed` a field ("Record.field") that has one value.

    `is_open` lets writers add keys of their own: headers that pass through us unread.
    """

    name: str
    version: str
    record: type[Struct]
    part: Part = "value"
    compatibility: Compatibility = "BACKWARD"
    demands: Mapping[str, tuple[str, ...]] = {}
    fixed: Mapping[str, str] = {}
    is_open: bool = False

    @property
    def schema_id(self) -> str:
        """The `$id` of the newest schema."""
        return f"urn:newswire:schema:{self.name}:{self.version}"


_VERSIONS: Mapping[str, str] = dict(topic.schema.split(":") for topic in TOPICS if topic.schema)


def _of_topic(name: str, record: type[Struct], **more: object) -> Subject:
    return Subject(name=name, version=_VERSIONS[name], record=record, **more)  # type: ignore[arg-type]


SUBJECTS: tuple[Subject, ...] = (
    _of_topic("feeds", FeedSpec),
    _of_topic("feeds.state", FeedState),
    _of_topic("documents", DocumentHeaders, part="headers"),
    _of_topic("raw", RawHeaders, part="headers"),
    _of_topic("normalized", Article),
    _of_topic("linked", Article, demands=LINKED),
    _of_topic("enriched", Article, demands=LINKED, compatibility="FULL_TRANSITIVE"),
    _of_topic(
        "out",
        Article,
        demands={**LINKED, "Article": ("version", "pubStatus")},
        fixed={"Article.pubStatus": "usable"},
        compatibility="FULL_TRANSITIVE",
    ),
    _of_topic("sightings", Sighting),
    _of_topic("corrections", Article, demands={**LINKED, "Pipeline": ("story", "correction")}),
    _of_topic("retractions", Article, demands={**LINKED, "Pipeline": ("story", "retraction")}),
    _of_topic("advisories", Article, demands=LINKED),
    _of_topic("relinks", Relink),
    _of_topic("dead", DeadHeaders, part="headers", is_open=True),
    _of_topic("ops.command", Command),
    _of_topic("ops.report", Report),
    _of_topic("ops.alert", Alert),
    Subject(name="envelope.event", version="1.0.0", record=EventHeaders, part="headers"),
    Subject(name="envelope.withdrawal", version="1.0.0", record=WithdrawalHeaders, part="headers"),
    Subject(name="manifest.segment", version="1", record=Manifest, part="manifest", fixed={"Manifest.kind": "segment"}),
    Subject(name="manifest.redaction", version="1", record=Redaction, part="manifest", demands={"Redaction": ("kind",)}),
    Subject(name="manifest.gap", version="1", record=Manifest, part="manifest", fixed={"Manifest.kind": "gap"}),
)  # fmt: skip

BY_NAME = {subject.name: subject for subject in SUBJECTS}
