"""The event record: one version of one article. The value on `newswire.normalized`, `.linked`, `.enriched` and in segments.

Contract: a ninjs 3.1 document plus one object `pipeline`. A field is absent when unknown, never null and never "": that is why
these are msgspec structs (`omit_defaults`), not dataclasses; a field that must always be shown has no default. ninjs fields
travel in camelCase, ours in snake_case. Instants are RFC 3339 strings in UTC, offsets are Unicode code points, half open.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from pipeline.story import Correction, Retraction, Story
from pipeline.story import Version as Version

PubStatus = Literal["", "usable", "withheld", "canceled"]


class Ninjs(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Marks a piece of the ninjs document: camelCase on the wire."""


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Marks a piece of our `pipeline` object: snake_case on the wire."""


# ── ninjs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Text(Ninjs, frozen=True, kw_only=True):
    """One headline, body or description: `role` main or summary, `value` in `content_type`."""

    role: str
    content_type: str = ""
    value: str


class Subject(Ninjs, frozen=True, kw_only=True):
    """A category as the source named it, or an IPTC concept by `uri`; `literal` is a code without a resolvable scheme."""

    name: str = ""
    rel: str = ""
    uri: str = ""
    literal: str = ""
    creator: str = ""
    relevance: int | None = None
    confidence: int | None = None


class Genre(Ninjs, frozen=True, kw_only=True):
    """A kind of report (feature, advisory, …), by name, code or both."""

    name: str = ""
    uri: str = ""
    literal: str = ""


class Party(Ninjs, frozen=True, kw_only=True):
    """A person or an organisation that the source names as a subject."""

    name: str = ""
    rel: str = ""
    uri: str = ""
    literal: str = ""


class Place(Ninjs, frozen=True, kw_only=True):
    """A place the source names, or one known well enough to publish; `uri` then names the GeoNames entry."""

    name: str = ""
    rel: str = ""
    uri: str = ""
    literal: str = ""


class InfoSource(Ninjs, frozen=True, kw_only=True):
    """Who gave the information, in which `role` (provider, creditline, …)."""

    name: str = ""
    role: str = ""
    uri: str = ""
    literal: str = ""


class AltId(Ninjs, frozen=True, kw_only=True):
    """Another id of the same item, with the role it plays there (guid)."""

    role: str
    value: str


class Rendition(Ninjs, frozen=True, kw_only=True):
    """Where the item can be read (`name` web) or a file of it be had. Sizes in pixels and bytes."""

    name: str
    href: str = ""
    content_type: str = ""
    width: int | None = None
    height: int | None = None
    size_in_bytes: int | None = None


class Association(Ninjs, frozen=True, kw_only=True):
    """A photo, video or text that belongs to the item: a small ninjs object with a `name` of its own in the item."""

    name: str
    rel: str = ""
    uri: str
    type: str = ""
    version: str = ""
    by: str = ""
    located: str = ""
    copyright_notice: str = ""
    headlines: tuple[Text, ...] = ()
    descriptions: tuple[Text, ...] = ()
    info_sources: tuple[InfoSource, ...] = ()
    renditions: tuple[Rendition, ...] = ()


class TrustIndicator(Ninjs, frozen=True, kw_only=True):
    """A statement about the publisher's trustworthiness, and where it can be read."""

    role: str = ""
    title: str = ""
    href: str = ""


class Standard(Ninjs, frozen=True, kw_only=True):
    """Names the format so that a stored record explains itself."""

    name: str = ""
    version: str = ""


NINJS = Standard(name="ninjs", version="3.1")


# ── pipeline ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Identity(Part, frozen=True, kw_only=True):
    """`key` is the raw key (canonical link, else provider and guid, else feed and text hash).

    `bucket` is the language bucket in which all texts of the item travel, absent where it is that of the text's own language.
    `echo` marks a copy of a kill, a hold or a release and names the language bucket to which it was sent.
    """

    key: str
    feed: str
    provider: str = ""
    guid: str = ""
    link: str = ""
    bucket: str = ""
    echo: str = ""


class Source(Part, frozen=True, kw_only=True):
    """Where the bytes came from: enough to find them again in `newswire.documents` and `newswire.raw`."""

    format: str
    transport: str = ""
    url: str = ""
    fetched_at: str = ""
    document: str = ""
    part: int = 0
    charset: str = ""
    item: str = ""
    problems: tuple[str, ...] = ()


class Times(Part, frozen=True, kw_only=True):
    """Instants kept apart: `published` is the source's word with its quality, `ingested` is ours and the only cursor."""

    published: str = ""
    published_quality: Literal["exact", "date", "build_time", "none"]
    first_seen: str = ""
    ingested: str


class Tag(Part, frozen=True, kw_only=True):
    """One tag of a headline: status (CORRECTED), series (UPDATE 2), genre (EXCLUSIVE), topic (Soccer)."""

    kind: str
    text: str
    number: int | None = None


class HeadlineParts(Part, frozen=True, kw_only=True):
    """The headline as it came, the tags taken from it, and the key under which its variants group."""

    raw: str
    tags: tuple[Tag, ...] = ()
    key: str = ""


class Dateline(Part, frozen=True, kw_only=True):
    """Where the report was filed, as printed: `text` stands at `start`..`end` of the string named by `in`.

    `date` is ISO (with the year where that is certain), `sources` the agencies, `separator` what parts it from the lede.
    """

    text: str
    in_: str = field(name="in")
    start: int
    end: int
    places: tuple[str, ...] = ()
    region: str = ""
    country: str = ""
    date: str = ""
    sources: tuple[str, ...] = ()
    separator: str = ""


class CreditEvidence(Part, frozen=True, kw_only=True):
    """One piece of evidence for an agency, as printed."""

    kind: Literal["dateline", "headline_suffix", "copyright_line", "photo_credit", "metadata", "byline", "body"]
    text: str


class Credit(Part, frozen=True, kw_only=True):
    """Who wrote it, and who carries it if that is somebody else."""

    agency: str = ""
    republisher: str = ""
    confidence: float = 0.0
    evidence: tuple[CreditEvidence, ...] = ()


class Vendor(Part, frozen=True, kw_only=True):
    """The source's own words on status and weight, on its own scales."""

    urgency: str = ""
    urgency_scale: str = ""
    priority: str = ""
    pub_status: str = ""
    signals: tuple[str, ...] = ()
    genre: str = ""
    category: str = ""
    embargo: str = ""
    service: str = ""


class Status(Part, frozen=True, kw_only=True):
    """What kind of message this is and whether it may be shown: only articles join stories, held ones reach no public topic.

    `reasons` name the rules: "embargo.free_text", "kill.headline_tag", "advisory.headline", …
    """

    kind: Literal["article", "advisory", "test"]
    is_held: bool = False
    reasons: tuple[str, ...] = ()


class Author(Part, frozen=True, kw_only=True):
    """A person as the source names them; `place` is where they worked, `evidence` where the name was found."""

    name: str
    role: Literal["reporter", "writer", "editor", "additional_reporter", "photographer"]
    place: str = ""
    evidence: Literal["byline", "signoff", "metadata", "caption"]


class Dedup(Part, frozen=True, kw_only=True):
    """`content` is the xxh3-128 hex of the normalised headline and body."""

    verdict: Literal["new", "changed"]
    content: str = ""


class LanguageGuess(Part, frozen=True, kw_only=True):
    """One opinion about the language, with its method and confidence."""

    value: str
    method: str
    confidence: float


class PlaceMention(Part, frozen=True, kw_only=True):
    """A place named in the text: `text` is what stands at `start`..`end` of the main plain-text body."""

    text: str
    start: int
    end: int
    name: str
    country: str
    lat: float | None = None
    lon: float | None = None
    geonames: int = 0
    role: Literal["mention"]
    method: str
    confidence: float


class Annotations(Part, frozen=True, kw_only=True):
    """What enrichment adds; nothing here overwrites the source's own metadata."""

    language: tuple[LanguageGuess, ...] = ()
    places: tuple[PlaceMention, ...] = ()


class Provenance(Part, frozen=True, kw_only=True):
    """Which code and which version of each stage made this record."""

    code: str
    stages: Mapping[str, str] = {}


class Pipeline(Part, frozen=True, kw_only=True):
    """Everything ninjs has no place for."""

    identity: Identity
    source: Source
    times: Times
    headline: HeadlineParts | None = None
    dateline: Dateline | None = None
    authors: tuple[Author, ...] = ()
    credit: Credit | None = None
    vendor: Vendor | None = None
    status: Status | None = None
    rules: tuple[str, ...] = ()
    body_map: tuple[tuple[int, int, str], ...] = ()
    dedup: Dedup
    story: Story | None = None
    correction: Correction | None = None
    retraction: Retraction | None = None
    annotations: Annotations | None = None
    provenance: Provenance


class Article(Ninjs, frozen=True, kw_only=True):
    """One version of one article: a ninjs 3.1 document plus `pipeline`."""

    uri: str
    version: str = ""
    standard: Standard = Standard()
    representation_type: Literal["", "full", "partial"] = ""
    type: str = ""
    profile: str = ""
    pub_status: PubStatus = ""
    urgency: int | None = None
    language: str = ""
    first_created: str = ""
    embargoed_until: str = ""
    expires: str = ""
    version_created: str = ""
    content_created: str = ""
    headlines: tuple[Text, ...] = ()
    bodies: tuple[Text, ...] = ()
    descriptions: tuple[Text, ...] = ()
    title: str = ""
    slugline: str = ""
    by: str = ""
    located: str = ""
    ed_note: str = ""
    copyright_holder: str = ""
    copyright_notice: str = ""
    usage_terms: str = ""
    genres: tuple[Genre, ...] = ()
    subjects: tuple[Subject, ...] = ()
    people: tuple[Party, ...] = ()
    organisations: tuple[Party, ...] = ()
    places: tuple[Place, ...] = ()
    info_sources: tuple[InfoSource, ...] = ()
    alt_ids: tuple[AltId, ...] = ()
    renditions: tuple[Rendition, ...] = ()
    associations: tuple[Association, ...] = ()
    trust_indicators: tuple[TrustIndicator, ...] = ()
    pipeline: Pipeline

    @property
    def body_text(self) -> str:
        """The main plain-text body, the string that annotation offsets count in; "" when there is none."""
        return next((b.value for b in self.bodies if b.content_type == "text/plain"), "")

    @property
    def headline(self) -> str:
        """The cleaned main headline, "" when there is none."""
        return next((h.value for h in self.headlines if h.role == "main"), "")
