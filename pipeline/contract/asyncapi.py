"""The topic table as an AsyncAPI 3 document. Pure: a function of `topics.py` and `subjects.py`."""

from collections.abc import Mapping
from typing import Any

from pipeline.contract.library import path_of
from pipeline.contract.subjects import BY_NAME, Subject
from pipeline.topics import PUBLIC_LANGUAGES, TOPICS, Topic

PREFIX = "newswire"
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
BYTES: Mapping[str, Any] = {"description": "Any bytes: what it is stands in the headers.", "contentEncoding": "binary"}


def asyncapi(release: str) -> dict[str, Any]:
    """Every topic a channel, every subject a message; the public topics are one channel with a parameter."""
    channels = {_name(topic): _channel(topic) for topic in TOPICS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "newswire",
            "version": release,
            "description": "News feeds in, a provable log of enriched news events out. "
            "Readers ignore keys they do not know; names and meanings change only with a schema version.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            f"read.{name}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{message}"} for message in channel["messages"]],
            }
            for name, channel in channels.items()
        },
        "components": {"messages": {name: _message(subject) for name, subject in BY_NAME.items() if _is_message(subject)}},
    }


def _name(topic: Topic) -> str:
    return "out" if topic.name.startswith("out.") else topic.name


def _channel(topic: Topic) -> dict[str, Any]:
    name, is_public = _name(topic), topic.name.startswith("out.")
    channel: dict[str, Any] = {
        "address": f"{PREFIX}.out.{{language}}" if is_public else f"{PREFIX}.{topic.name}",
        "title": name,
        "description": "public: newest version of every article, by language" if is_public else topic.meaning,
        "x-written-by": topic.owner,
        "x-key": topic.key,
        "messages": _messages(topic),
        "bindings": {"kafka": {"topicConfiguration": _configuration(topic), "bindingVersion": "0.5.0"}},
    }
    if is_public:
        channel["parameters"] = {"language": {"enum": list(PUBLIC_LANGUAGES), "description": "Primary language tag, or other."}}
    return channel


def _configuration(topic: Topic) -> dict[str, Any]:
    configuration: dict[str, Any] = {"cleanup.policy": topic.cleanup.split(","), "max.message.bytes": topic.message_bytes_max}
    return configuration | ({"retention.ms": topic.retention_ms} if "delete" in topic.cleanup else {})


def _messages(topic: Topic) -> dict[str, Any]:
    """The topic's message; a topic without a schema is ours alone (changelogs)."""
    if not topic.schema:
        return {"private": {"summary": topic.value, "description": "For newswire alone: its form may change with any release."}}
    subject = BY_NAME[topic.schema.partition(":")[0]]
    messages: dict[str, Any] = {subject.name: {"$ref": f"#/components/messages/{subject.name}"}}
    if "compact" in topic.cleanup:
        headers = {"headers": _schema(BY_NAME["envelope.withdrawal"])} if subject.name == "out" else {}
        gone = "A null value: what this key named is gone."
        messages["tombstone"] = {"summary": gone, **headers, "payload": {"type": "null"}}
    return messages


def _is_message(subject: Subject) -> bool:
    return not subject.name.startswith(("manifest.", "envelope."))


def _message(subject: Subject) -> dict[str, Any]:
    message: dict[str, Any] = {"name": subject.name, "title": subject.record.__name__, "x-compatibility": subject.compatibility}
    if subject.part == "headers":
        return {**message, "contentType": "application/octet-stream", "headers": _schema(subject), "payload": dict(BYTES)}
    envelope = {"headers": _schema(BY_NAME["envelope.event"])} if subject.record.__name__ == "Article" else {}
    return {**message, "contentType": "application/json", **envelope, "payload": _schema(subject)}


def _schema(subject: Subject) -> dict[str, Any]:
    return {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"./{path_of(subject.name, subject.version)}"}}
