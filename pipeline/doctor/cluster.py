"""Checks of the broker, the topics on it, and its clock."""

import asyncio
import time
from bisect import bisect_left
from dataclasses import replace
from pathlib import Path

from pipeline import codec, kafka, provision
from pipeline.broker import local, ports
from pipeline.broker.folder import KAFKA_VERSION
from pipeline.config import Config
from pipeline.doctor.check import Check
from pipeline.topics import full_name

METADATA_API, METADATA_MIN = 3, 12  # topic ids, which tell a recreated topic from the old one: Kafka 2.8
# The last metadata.version of each release, as `kafka.tools.StorageTool version-mapping` of Kafka 4.3.1 prints it.
RELEASES = ((7, "3.3"), (8, "3.4"), (11, "3.5"), (14, "3.6"), (19, "3.7"), (20, "3.8"), (21, "3.9"), (25, "4.0"), (27, "4.1"),
            (29, "4.2"), (30, "4.3"))  # fmt: skip
SKEW_WARN_S, SKEW_FAIL_S = 1.0, 60.0  # lag is shown in tenths of seconds; a minute's error moves items past embargoes
NO_BROKER = "start it with `newswire broker up` (or `newswire run`)"


async def broker(config: Config) -> Check:
    """A Kafka answers."""
    if config.kafka.bootstrap == "local":
        status = await asyncio.to_thread(local.status, Path(config.broker.folder))
        if status.state == "foreign":
            cure = f"end that process, or choose a port with `newswire broker up --port N` (the broker remembers {status.port})"
            return Check(
                "broker", "fail", f"not running, and its port is taken by {ports.describe_owner(status.port or 0)}", cure
            )
        if status.state == "starting":
            return Check(
                "broker", "warn", f"starting (pid {status.pid}), no answer yet", f"wait a moment; its log is {status.log}"
            )
        if status.state != "running":
            crashed = "; it ended without being stopped" if status.state == "stale" else ""
            return Check("broker", "warn", f"not running in {config.broker.folder}{crashed}", NO_BROKER)
    config = addressed(config)
    try:
        async with kafka.admin(config.kafka) as client:
            brokers = (await client.describe_cluster())["brokers"]
            topics = await kafka.partition_counts(client)
    except (*kafka.FAILURES, kafka.Unreachable) as error:
        return Check("broker", "fail", str(error), "check kafka.bootstrap, kafka.security_protocol and the network")
    ours = sum(name.startswith(config.kafka.prefix + ".") for name in topics)
    return Check("broker", "pass", f"{config.kafka.bootstrap} answers: {len(brokers)} broker(s), {ours} topics of ours")


def addressed(config: Config) -> Config:
    """The same settings with "local" replaced by the local broker's address."""
    if config.kafka.bootstrap != "local":
        return config
    port = local.status(Path(config.broker.folder)).port
    return replace(config, kafka=replace(config.kafka, bootstrap=f"{ports.HOST}:{port}"))


async def broker_version(config: Config) -> Check:
    """What the broker's features say of its release, and whether it has the requests we make."""
    found = await kafka.features(config.kafka)
    if found.api_versions.get(METADATA_API, 0) < METADATA_MIN:
        return Check("broker version", "fail", "it has no topic ids (Metadata version 12)", "use Kafka 2.8 or newer; 4.x is best")
    if not found.metadata_known:
        return Check("broker version", "warn", "it does not tell its features", f"newswire is tested with Kafka {KAFKA_VERSION}")
    words = f"Kafka {release(found.metadata_known)}, by its features (metadata.version {found.metadata_known} known, "
    words += f"{found.metadata_in_force} in force)"
    if release(found.metadata_known) != KAFKA_VERSION.rpartition(".")[0]:
        return Check(
            "broker version", "warn", words, f"nothing, if all else is well: newswire is tested with Kafka {KAFKA_VERSION}"
        )
    return Check("broker version", "pass", words)


def release(metadata_version: int) -> str:
    """30 → "4.3": the release whose last level this is, or that it lies in."""
    at = bisect_left(RELEASES, (metadata_version, ""))
    return RELEASES[at][1] if at < len(RELEASES) else f"newer than {RELEASES[-1][1]}"


async def topics(config: Config) -> Check:
    """The topics are as the table says."""
    changes = await provision.plan(config)
    if not changes:
        return Check("topics", "pass", "all as the table says")
    kinds = [change.kind for change in changes]
    words = {
        "create": "missing",
        "setting": "settings differ",
        "partitions": "too few partitions",
        "manual": "another partition count",
    }
    found = ", ".join(f"{kinds.count(kind)} {word}" for kind, word in words.items() if kind in kinds)
    cure = "`newswire topics plan` shows them, `newswire topics apply` mends them"
    if "manual" in kinds:
        cure += "; a keyed topic's partition count needs a decision: set kafka.partitions to what it has"
    return Check("topics", "fail" if {"setting", "manual"} & set(kinds) else "warn", found, cure)


async def topic_timestamps(config: Config) -> Check:
    """Topics take the broker's time: lag in seconds, retention and segment names depend on it."""
    wrong = [change for change in await provision.plan(config) if change.name == "message.timestamp.type"]
    if wrong:
        found = ", ".join(f"{change.topic} has {change.found}" for change in wrong[:3]) + (" …" if len(wrong) > 3 else "")
        return Check("topic timestamps", "fail", f"{found}, wanted LogAppendTime", "`newswire topics apply`")
    return Check("topic timestamps", "pass", "LogAppendTime on every topic that is there")


async def clock(config: Config) -> Check:
    """This machine's clock against the broker's, read off the append time of one record."""
    topic = full_name(config.kafka.prefix, "ops.report")
    async with kafka.admin(config.kafka) as client:
        if not await kafka.partition_counts(client, [topic]):
            return Check("clock", "warn", f"not checked: {topic} is missing", "`newswire topics apply`")
    began = time.time()
    stamped = await kafka.append_time(config.kafka, topic, b"doctor", codec.dumps({"worker": "doctor", "at": began}))
    took_s = time.time() - began
    if stamped is None:
        return Check("clock", "warn", f"not checked: {topic} keeps the producer's times", "`newswire topics apply`")
    skew_s = max(0.0, began - stamped, stamped - began - took_s)
    if skew_s > SKEW_WARN_S:
        found = f"{skew_s:.1f} s {'ahead of' if began > stamped else 'behind'} the broker's"
        cure = "run a time service (chrony, systemd-timesyncd) on both machines"
        return Check("clock", "fail" if skew_s > SKEW_FAIL_S else "warn", found, cure)
    return Check("clock", "pass", f"agrees with the broker's within {skew_s + took_s:.3f} s")
