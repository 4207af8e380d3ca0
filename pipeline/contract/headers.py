"""What the Kafka headers of a record are, as structs: only for schemas; `codec.py` writes and reads the headers themselves.

On the wire every value is bytes; here, as in every tool, it is that text.
"""

from msgspec import Struct, field


class CloudEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What CloudEvents 1.0 asks for, in binary mode."""

    ce_specversion: str
    ce_id: str
    ce_source: str
    ce_type: str
    ce_time: str
    ce_subject: str


class EventHeaders(CloudEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The headers of every article: CloudEvents 1.0, binary mode, and a W3C trace context."""

    ce_dataschema: str = ""
    content_type: str = field(name="content-type")
    traceparent: str


class WithdrawalHeaders(CloudEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The headers of a null on a public topic: its key is the uri that is withdrawn."""

    relation: str = ""
    by_uri: str = field(name="by-uri")
    by_version: str = field(name="by-version", default="")


class RawHeaders(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="kebab"):
    """The headers of one raw item, whose value is its exact bytes: everything a replay needs to parse them again."""

    format: str
    feed: str
    provider: str
    url: str
    fetched_at: str
    first_seen: str
    document: str
    item: str
    part: str
    transport: str = ""
    charset: str = ""
    language: str = ""
    guid: str = ""
    problems: str = ""


class DocumentHeaders(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="kebab"):
    """The headers of one fetched body, whose value is its exact bytes: the facts of the HTTP response."""

    feed: str
    url: str
    fetched_at: str
    status: str
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""


class DeadHeaders(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The headers of one reject, whose key and value are the original ones.

    Beside the record's own headers stand `dead.*` and, for tools that know Kafka Connect, the same facts under its names.
    `dead.topic` and what follows from it are absent where a feed's body was refused before it became a record.
    """

    stage: str = field(name="dead.stage")
    reason: str = field(name="dead.reason")
    detail: str = field(name="dead.detail")
    topic: str = field(name="dead.topic", default="")
    partition: str = field(name="dead.partition", default="")
    offset: str = field(name="dead.offset", default="")
    timestamp: str = field(name="dead.timestamp", default="")
    attempts: str = field(name="dead.attempts")
    code: str = field(name="dead.code")
    connect_topic: str = field(name="__connect.errors.topic")
    connect_partition: str = field(name="__connect.errors.partition")
    connect_offset: str = field(name="__connect.errors.offset")
    connect_stage: str = field(name="__connect.errors.stage")
    connect_class: str = field(name="__connect.errors.exception.class.name")
    connect_message: str = field(name="__connect.errors.exception.message")
