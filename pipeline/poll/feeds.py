"""The catalogue: feeds.toml and the compacted topic `newswire.feeds`.

A file is `[[feed]]` tables with the fields of `records.FeedSpec`. Importing adds and changes; only `prune` removes.
"""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from yarl import URL

from pipeline import codec, kafka
from pipeline.config import Config, ConfigError
from pipeline.records import Command, FeedSpec, FeedState
from pipeline.topics import full_name

FIELDS = tuple(f.name for f in msgspec.structs.fields(FeedSpec))


def load_catalogue(path: Path) -> list[FeedSpec]:
    """Reads feeds.toml; an error names the file, the feed and the cure."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path} does not exist; write [[feed]] tables into it, or name another file") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error
    for key in table.keys() - {"feed"}:
        raise ConfigError(f"{path}: unknown table {key!r}; feeds are written as [[feed]]")
    return specs(table.get("feed", []), str(path))


def specs(rows: Iterable[dict[str, Any]], origin: str) -> list[FeedSpec]:
    """Checks catalogue rows: known fields, an id of its own, an http(s) URL."""
    found: dict[str, FeedSpec] = {}
    for number, row in enumerate(rows, 1):
        label = f"{origin}: feed {row.get('id') or number}"
        for key in row.keys() - set(FIELDS):
            near = difflib.get_close_matches(key, FIELDS, n=1)
            raise ConfigError(f"{label}: unknown field {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        try:
            spec = msgspec.convert(row, FeedSpec)
            url = URL(spec.url)
        except (msgspec.ValidationError, ValueError) as error:
            raise ConfigError(f"{label}: {error}") from error
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigError(f"{label}: url {spec.url!r} is not an http or https address")
        if spec.id in found:
            raise ConfigError(f"{label}: the id is used twice")
        found[spec.id] = spec if spec.provider else msgspec.structs.replace(spec, provider=url.host.removeprefix("www."))
    return list(found.values())


async def read_catalogue(config: Config) -> dict[str, FeedSpec]:
    """The feeds now on the topic, by id."""
    topic = full_name(config.kafka.prefix, "feeds")
    latest: dict[str, FeedSpec] = {}
    async for record in kafka.read_topics(config.kafka, [topic]):
        feed = record.key.decode()
        if record.value is None:
            latest.pop(feed, None)
        else:
            latest[feed] = codec.decode(record.value, FeedSpec)
    return latest


async def read_states(config: Config) -> dict[str, FeedState]:
    """What the pollers know about each feed."""
    topic = full_name(config.kafka.prefix, "feeds.state")
    states: dict[str, FeedState] = {}
    async for record in kafka.read_topics(config.kafka, [topic]):
        if record.value is not None:
            states[record.key.decode()] = codec.decode(record.value, FeedState)
    return states


async def import_feeds(config: Config, feeds: Iterable[FeedSpec], *, prune: bool = False) -> dict[str, list[str]]:
    """Writes what differs to the topic; gives the ids added, changed, removed (only with `prune`) and unchanged."""
    known = await read_catalogue(config)
    wanted = {spec.id: spec for spec in feeds}
    result: dict[str, list[str]] = {
        "added": sorted(wanted.keys() - known.keys()),
        "changed": sorted(feed for feed in wanted.keys() & known.keys() if wanted[feed] != known[feed]),
        "removed": sorted(known.keys() - wanted.keys()) if prune else [],
        "unchanged": sorted(feed for feed in wanted.keys() & known.keys() if wanted[feed] == known[feed]),
    }
    rows = [(feed, codec.encode(wanted[feed])) for feed in result["added"] + result["changed"]]
    await send(config, "feeds", [*rows, *((feed, None) for feed in result["removed"])])
    return result


async def command(config: Config, order: Command) -> None:
    """Puts a command where every worker reads it."""
    await send(config, "ops.command", [(order.feed, codec.encode(order))])


async def send(config: Config, topic: str, rows: Iterable[tuple[str, bytes | None]]) -> None:
    """Writes rows to a control topic and waits for the acks."""
    producer = AIOKafkaProducer(**kafka.connection(config.kafka), acks="all", enable_idempotence=True)
    await producer.start()
    try:
        name = full_name(config.kafka.prefix, topic)
        count = len(await producer.partitions_for(name))
        for key, value in rows:
            raw = key.encode()
            await producer.send_and_wait(name, value, key=raw, partition=kafka.partition_of(raw, count))
    finally:
        await producer.stop()
