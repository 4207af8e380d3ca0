"""The folder of one local broker: what lies where, which Kafka settings it runs with, and whether its data may be used.

    broker.json        written last by `format_data`: Kafka version, cluster id, ports; without it the folder is not formatted
    broker.pid         pid of the running broker; left behind by a crash
    server.properties  controller.properties  log4j2.properties   written at every start
    data/              Kafka's own; tmp/ emptied at every start; log/ server.log, console.log, controller.log (see `fence.py`)

Nothing here starts or ends the broker. `repair` never deletes a folder that holds records or anything Kafka did not write.
"""

import base64
import dataclasses
import json
import os
import re
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.broker import BrokerError, java

KAFKA_VERSION = "4.3.1"
JAR_LOCK = Path(__file__).with_name(f"kafka-{KAFKA_VERSION}.lock")
MIB = 1 << 20
MESSAGE_BYTES_MAX = 16 * MIB  # the largest topic limit is 12 MiB (fetched documents), with room for headers
META_KEYS = frozenset({"version", "cluster.id", "node.id", "directory.id"})
ODD = frozenset(",:%$\n\r")  # list separator, class path separator, log4j pattern and lookup, end of a property
# what a broker that never served anybody has in data/; everything else there is worth a question before deletion
FRESH = re.compile(
    r"meta\.properties.*|bootstrap\.checkpoint.*|\.lock|\.kafka_cleanshutdown|[a-z-]+-checkpoint(\.tmp)?|__cluster_metadata-0(/.*)?"
)


@dataclass(frozen=True, slots=True)
class BrokerFolder:
    """Paths of one broker; `path` is absolute and has no symbolic links, as it identifies the process."""

    path: Path

    @property
    def marker(self) -> Path:
        return self.path / "broker.json"

    @property
    def pid(self) -> Path:
        return self.path / "broker.pid"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def properties(self) -> Path:
        return self.path / "server.properties"

    @property
    def controller_properties(self) -> Path:
        return self.path / "controller.properties"

    @property
    def logging(self) -> Path:
        return self.path / "log4j2.properties"

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def tmp(self) -> Path:
        return self.path / "tmp"

    @property
    def log(self) -> Path:
        return self.path / "log" / "server.log"

    @property
    def controller_log(self) -> Path:
        return self.path / "log" / "controller.log"

    @property
    def console(self) -> Path:
        return self.path / "log" / "console.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What a formatted folder was formatted for. The ports stay, because clients come back to them after a restart."""

    kafka_version: str
    cluster_id: str
    port: int
    controller_port: int


def read_marker(folder: BrokerFolder) -> Marker | None:
    """None when the folder was never formatted to the end; an unreadable marker counts as none."""
    try:
        return Marker(**json.loads(folder.marker.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_marker(folder: BrokerFolder, marker: Marker) -> None:
    """Write or replace broker.json in one step."""
    _replace_text(folder.marker, json.dumps(dataclasses.asdict(marker), indent=2) + "\n")


def refuse_odd_path(path: Path) -> None:
    """Raises BrokerError for a path with characters that Kafka, log4j or a class path take for their own."""
    odd = sorted(ODD & set(str(path)))
    if odd:
        raise BrokerError(f"the local broker cannot live in {path}: its path has {' '.join(odd)}; choose another folder")


def repair(folder: BrokerFolder) -> Marker | None:
    """The marker of data that can be used as it is, or None: then `data/` is empty now and wants a format.

    A half-written format (no marker, or broken meta.properties) is emptied when it holds no records. Raises BrokerError, touching
    nothing, when there are records that would be lost, or when the data belong to another Kafka version or cluster.
    """
    marker, meta = read_marker(folder), _read_meta(folder.data / "meta.properties")
    if marker and marker.kafka_version != KAFKA_VERSION:
        raise BrokerError(
            f"{folder.path} was made by Kafka {marker.kafka_version}, this is Kafka {KAFKA_VERSION}; use the newswire that made "
            "it, or another folder (broker.folder), or delete this one if its records are not needed"
        )
    if marker and meta.keys() >= META_KEYS:
        if meta["cluster.id"] != marker.cluster_id:
            raise BrokerError(
                f"{folder.data} belongs to cluster {meta['cluster.id']}, but {folder.marker} says {marker.cluster_id}: somebody "
                "mixed two brokers' files; put the right data folder back, or use another folder (broker.folder)"
            )
        return marker
    _refuse_to_lose(folder)
    shutil.rmtree(folder.data, ignore_errors=True)
    folder.marker.unlink(missing_ok=True)
    return None


def configure(folder: BrokerFolder, port: int, controller_port: int) -> None:
    """Write the settings of the broker, of the controller alone (`fence.py`), and of their logs."""
    controller = f"CONTROLLER://127.0.0.1:{controller_port}"
    settings = SETTINGS | {
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller_port}",
        "log.dirs": _escape(str(folder.data)),
        "listeners": f"PLAINTEXT://127.0.0.1:{port},{controller}",
    }
    _replace_text(folder.properties, _properties(settings))
    _replace_text(folder.controller_properties, _properties(settings | CONTROLLER_ALONE | {"listeners": controller}))
    _replace_text(folder.logging, LOGGING)


def format_data(folder: BrokerFolder, java_arguments: Sequence[str], *, port: int, controller_port: int) -> Marker:
    """Make `data/` a new cluster with a new id (0.4 to 0.8 s), then write the marker: it proves that the format ended."""
    cluster_id = new_cluster_id()
    log = f"-Dnewswire.log={folder.log.with_name('format.log')}"
    arguments = (log, "kafka.tools.StorageTool", "format", "--standalone", "-t", cluster_id, "-c", str(folder.properties))
    java.run([*java_arguments, *arguments], doing=f"formatting {folder.data}")
    marker = Marker(kafka_version=KAFKA_VERSION, cluster_id=cluster_id, port=port, controller_port=controller_port)
    write_marker(folder, marker)
    return marker


def new_cluster_id() -> str:
    """16 random bytes in Kafka's spelling (base64url); it may not begin with "-", which command lines take for an option."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return text if not text.startswith("-") else "A" + text[1:]


def data_bytes(folder: BrokerFolder) -> int:
    """Bytes on disk below data/: blocks, as Kafka's index files are mostly holes. Files that vanish meanwhile are not counted."""
    total = 0
    for root, _, names in os.walk(folder.data):
        for name in names:
            try:
                total += os.stat(os.path.join(root, name)).st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def last_errors(folder: BrokerFolder, log: Path, count: int = 3) -> str:
    """The last error lines of this run's console and `log` (a start begins new ones), for messages."""
    lines = []
    for path in (folder.console, log):
        if path.exists():
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - 65_536))
                lines += file.read().decode(errors="replace").splitlines()
    errors = [line for line in lines if re.search(r"ERROR|FATAL|^Error|Exception", line) and not line.startswith("\t")]
    return "\n".join(f"  {line[:300]}" for line in errors[-count:])


def _refuse_to_lose(folder: BrokerFolder) -> None:
    records = [path for path in folder.data.glob("*/*.log") if path.stat().st_size]
    if records:
        raise BrokerError(
            f"{folder.data} holds {len(records)} segments with records, but its {folder.marker.name} or meta.properties is "
            "missing or broken, so it cannot be used as it is; restore that file from a backup, or move the folder away"
        )
    strange = [name for name in _names_below(folder.data) if not FRESH.fullmatch(name)]
    if strange:
        raise BrokerError(
            f"{folder.data} is not a broker's: it holds {strange[0]!r}; choose another folder (broker.folder) or move that away"
        )


def _names_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def _read_meta(path: Path) -> dict[str, str]:
    """Kafka's meta.properties as a mapping; empty when it is missing or not even text."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return {}
    return {name: value for name, _, value in (line.partition("=") for line in lines if not line.startswith("#")) if value}


def _properties(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _escape(value: str) -> str:
    """A value in a Java properties file: Latin-1, backslash escapes, everything else as UTF-16 code units."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)


def _replace_text(path: Path, text: str) -> None:
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)


SETTINGS: dict[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    # one node: every internal topic has one replica, and few partitions, as each costs files and start time
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    # nobody could take over, so nothing is won when the controller declares a suspended broker dead, nor when a broker that
    # ends in order gives its partitions away first; but either can break open transactions, see `fence.py`
    "broker.session.timeout.ms": "60000",
    "controlled.shutdown.enable": "false",
    # topics are made by `newswire topics apply` alone
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(MESSAGE_BYTES_MAX),
    "replica.fetch.max.bytes": str(MESSAGE_BYTES_MAX),
    # after an unclean end the newest segment of each partition is read again: 256 MiB take about a second
    "log.segment.bytes": str(256 * MIB),
    "num.recovery.threads.per.data.dir": "2",
    # a group that was away for a long holiday finds its place again; the default is 7 days
    "offsets.retention.minutes": str(30 * 24 * 60),
    "group.initial.rebalance.delay.ms": "0",
    # an open transaction holds back every read_committed reader; ours last 15 s at most
    "transaction.max.timeout.ms": "300000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # threads and buffers for two cores instead of a rack: 120 MB less memory
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "group.coordinator.threads": "1",
    "share.coordinator.threads": "1",
    "log.cleaner.dedupe.buffer.size": str(32 * MIB),
}

# the controller alone declares the last run dead as fast as it can
CONTROLLER_ALONE: dict[str, str] = {
    "process.roles": "controller",
    "broker.session.timeout.ms": "100",
    "broker.heartbeat.interval.ms": "50",
}

LOGGING = """\
status=warn
shutdownHook=disable
rootLogger.level=warn
rootLogger.appenderRef.file.ref=file
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=info
logger.controller.name=org.apache.kafka.controller
logger.controller.level=${sys:newswire.controller:-warn}
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName=${sys:newswire.log}
appender.file.filePattern=${sys:newswire.log}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{ISO8601} %p %c{1} %m%n
appender.file.policies.type=Policies
appender.file.policies.start.type=OnStartupTriggeringPolicy
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=16MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=4
"""
