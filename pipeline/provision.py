"""The topic table against a real cluster: what is missing or differs (`plan`), and making it so (`apply`).

A worker never creates or changes a topic. `apply` creates, sets settings, and adds partitions where that loses nothing; what
cannot be done in place stays in the plan.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Literal

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code
from msgspec import Struct

from pipeline import kafka
from pipeline.config import Config, ConfigError
from pipeline.topics import Topic, full_name, with_public

VISIBLE_S = 10.0  # brokers learn of a change a moment after the controller
UNKEYED = ("out.", "dead", "sightings")  # no state of ours depends on where these keys lie


class Change(Struct, frozen=True):
    """One difference between the table and the cluster. `manual` ones are reported, never applied."""

    topic: str
    kind: Literal["create", "setting", "partitions", "manual"]
    name: str
    found: str
    wanted: str


async def plan(config: Config) -> list[Change]:
    """Everything that differs, in table order; [] when the cluster is as the table says."""
    async with kafka.admin(config.kafka) as client:
        return await _plan(client, config)


async def apply(config: Config) -> list[Change]:
    """Makes it so; gives what was changed. Changes that would break keyed state are left and remain in the plan."""
    async with kafka.admin(config.kafka) as client:
        changes = [change for change in await _plan(client, config) if change.kind != "manual"]
        by_topic = {full_name(config.kafka.prefix, topic.name): topic for topic in with_public(config.routes.topics)}
        await _create(client, config, [by_topic[change.topic] for change in changes if change.kind == "create"])
        await _alter(client, {change.topic: by_topic[change.topic].settings() for change in changes if change.kind == "setting"})
        grown = {change.topic: NewPartitions(int(change.wanted)) for change in changes if change.kind == "partitions"}
        if grown:
            await client.create_partitions(grown)
        deadline = time.monotonic() + VISIBLE_S
        while time.monotonic() < deadline and not set(changes).isdisjoint(await _plan(client, config)):
            await asyncio.sleep(0.05)
    return changes


def partitions_of(topic: Topic, config: Config) -> int:
    """The table's number, or the configured one."""
    return topic.partitions or config.kafka.partitions


async def _plan(client: AIOKafkaAdminClient, config: Config) -> list[Change]:
    names = {full_name(config.kafka.prefix, topic.name): topic for topic in with_public(config.routes.topics)}
    counts = await kafka.partition_counts(client, names)
    settings = await _settings(client, counts)
    changes: list[Change] = []
    for name, topic in names.items():
        wanted = partitions_of(topic, config)
        if name not in counts:
            changes.append(Change(name, "create", "topic", "", f"{wanted} partitions, {topic.cleanup}"))
            continue
        if counts[name] != wanted:
            can_grow = counts[name] < wanted and topic.name.startswith(UNKEYED)
            changes.append(Change(name, "partitions" if can_grow else "manual", "partitions", str(counts[name]), str(wanted)))
        changes.extend(
            Change(name, "setting", key, settings[name].get(key, ""), value)
            for key, value in topic.settings().items()
            if settings[name].get(key) != value
        )
    return changes


async def _settings(client: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    found: dict[str, dict[str, str]] = {}
    for response in await client.describe_configs(resources):
        for error, message, _kind, name, entries in response.resources:
            if error:
                raise for_code(error)(message)
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


async def _create(client: AIOKafkaAdminClient, config: Config, topics: list[Topic]) -> None:
    if not topics:
        return
    response = await client.create_topics(
        [
            NewTopic(
                full_name(config.kafka.prefix, topic.name),
                partitions_of(topic, config),
                config.kafka.replication,
                topic_configs=topic.settings(),
            )
            for topic in topics
        ]
    )
    for name, code, *message in response.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise ConfigError(f"topic {name} could not be created: {for_code(code).__name__} {message[0] if message else ''}")


async def _alter(client: AIOKafkaAdminClient, settings: dict[str, dict[str, str]]) -> None:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, configs=values) for name, values in settings.items()]
    if not resources:
        return
    for response in await client.alter_configs(resources):
        for code, message, _kind, name in response.resources:
            if code:
                raise ConfigError(f"settings of topic {name} could not be changed: {for_code(code).__name__} {message}")
