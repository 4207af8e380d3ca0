"""Topics are created as the table says; drift is shown by plan and mended only by apply."""

import asyncio
from dataclasses import replace

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from pipeline import kafka, provision
from pipeline.config import Config
from pipeline.topics import TOPICS


async def test_apply_creates_everything_once(config: Config) -> None:
    planned = await provision.plan(config)
    assert {change.kind for change in planned} == {"create"}
    assert len(planned) == len(TOPICS)
    assert len(await provision.apply(config)) == len(TOPICS)
    assert await provision.plan(config) == []
    assert await provision.apply(config) == []


async def test_drift_is_planned_then_mended(config: Config) -> None:
    await provision.apply(config)
    name = f"{config.kafka.prefix}.raw"
    async with kafka.admin(config.kafka) as client:
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs={"retention.ms": "1000"})])
    async with asyncio.timeout(10):  # brokers learn of a setting a moment after the controller
        while not (changes := await provision.plan(config)):
            pass
    drift = {(change.topic, change.name): change for change in changes}
    assert drift[(name, "retention.ms")].found == "1000"
    assert drift[(name, "message.timestamp.type")].wanted == "LogAppendTime"
    await provision.apply(config)
    assert await provision.plan(config) == []


async def test_partitions_of_keyed_topics_are_left_to_people(config: Config) -> None:
    await provision.apply(config)
    wider = replace(config, kafka=replace(config.kafka, partitions=3))
    await provision.apply(wider)
    left = await provision.plan(wider)
    assert {change.kind for change in left} == {"manual"}
    assert f"{config.kafka.prefix}.raw" in {change.topic for change in left}
    assert f"{config.kafka.prefix}.out.en" not in {change.topic for change in left}
