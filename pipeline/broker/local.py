"""The local broker: one Apache Kafka node (broker and controller) per folder, on loopback, on the bundled JRE.

Promises. `start` returns a broker that answers; on a folder whose broker runs it returns that one, and of two starters at once
one starts and both get it. It outlives its starter and its terminal. A folder keeps its ports, so clients come back after a
crash. Acknowledged records and committed transactions survive kill -9 of the broker (they are in the page cache; `fence.py`),
not a power cut (Kafka does not fsync).
A signal is sent only to our own Java of this folder. Data that might hold records are never deleted.

All calls block; async code wraps them in `asyncio.to_thread`. Topics and clients are not made here.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.broker import BrokerError, java, ports
from pipeline.broker import folder as files
from pipeline.broker.fence import fence_last_run, is_fencing
from pipeline.broker.folder import BrokerFolder, Marker
from pipeline.broker.jars import Progress, exclusive, fetch_jars

START_S_MAX = 120.0  # 1 to 2 s as a rule; more after a crash, if much of the newest segments has to be read again
STOP_S_MAX = 30.0  # 0.3 s as a rule; 2 s more at the end of the first run, when Java writes its class archive
HEAP = "512m"  # 220 MB in use after the start; the rest is room for 16 MiB messages in flight

State = Literal["running", "starting", "stopped", "stale", "foreign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBroker:
    """A broker that answered; `bootstrap` ("127.0.0.1:port") is what clients take."""

    bootstrap: str
    pid: int
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerStatus:
    """What a folder's broker is doing.

    running: answers · starting: our process lives but does not answer (yet) · stopped: never started, or ended on purpose ·
    stale: ended without being stopped (crash, kill, reboot), `start` brings it back · foreign: not running, `pid` has its port.
    """

    state: State
    folder: Path
    log: Path
    data_bytes: int
    port: int | None = None
    pid: int | None = None
    uptime_s: float | None = None


def start(
    folder: Path,
    *,
    cache_dir: Path,
    port: int | None = None,
    controller_port: int | None = None,
    progress: Progress | None = None,
    deadline_s: float = START_S_MAX,
) -> RunningBroker:
    """The running broker of `folder`, started if need be: fetch, repair, format, run, wait for its answer.

    Ports left None are the folder's own, at first any free ones. Raises BrokerError: no jars, ports taken, folder not usable,
    Kafka ended, or no answer within `deadline_s` (the process then goes on starting; call again to wait longer).
    """
    place = _place(folder)
    files.refuse_odd_path(place.path)
    files.refuse_odd_path(cache_dir)
    try:
        place.log.parent.mkdir(parents=True, exist_ok=True)
        place.lock.touch()
    except OSError as error:
        raise BrokerError(f"cannot write to {place.path}: {error.strerror}; choose another folder (broker.folder)") from error
    with exclusive(place.lock, deadline_s, f"starting the broker in {place.path}"):
        process = java.find(place.path, java.read_pid(place.pid))
        if process and is_fencing(place, process):  # its starter died
            java.end(process, gently_s=STOP_S_MAX)
            process = None
        if process is None:
            marker = _prepare(place, (port, controller_port), cache_dir, progress)
            process = _launch(place, cache_dir)
        else:
            marker = _marker_of_running(place, process, port)
        _await_answer(place, process, marker.port, deadline_s)
        return RunningBroker(bootstrap=f"{ports.HOST}:{marker.port}", pid=process.pid, folder=place.path)


def stop(folder: Path, *, gently_s: float = STOP_S_MAX) -> int | None:
    """End the broker of `folder` in order, by SIGKILL after `gently_s`; returns its pid, or None when none ran."""
    pid, place = _end(folder, gently_s), _place(folder)
    if java.find(place.path, java.read_pid(place.pid)) is None:  # else somebody has started it again meanwhile
        place.pid.unlink(missing_ok=True)
    return pid


def kill(folder: Path) -> int | None:
    """Crash the broker: SIGKILL at once, and nothing tidied, as the fault tests want it. Returns its pid, or None."""
    return _end(folder, 0)


def status(folder: Path) -> BrokerStatus:
    """Look, without changing anything; a folder that does not exist is stopped."""
    place = _place(folder)
    marker, pid = files.read_marker(place), java.read_pid(place.pid)
    process = java.find(place.path, pid)
    uptime_s = None
    if process:
        state: State = "running" if marker and ports.broker_answers(marker.port) else "starting"
        pid, uptime_s = process.pid, max(0.0, time.time() - process.create_time())
    elif marker and not ports.is_free(marker.port):
        other = ports.owner(marker.port)
        state, pid = "foreign", other.pid if other else None
    else:
        state, pid = "stopped" if pid is None else "stale", None
    return BrokerStatus(
        state=state,
        folder=place.path,
        log=place.log,
        data_bytes=files.data_bytes(place),
        port=marker.port if marker else None,
        pid=pid,
        uptime_s=uptime_s,
    )


def _place(folder: Path) -> BrokerFolder:
    return BrokerFolder(folder.resolve())


def _marker_of_running(place: BrokerFolder, process: java.Process, port: int | None) -> Marker:
    marker = files.read_marker(place)
    cure = "stop it first (newswire broker down)"
    if marker is None:
        raise BrokerError(f"the broker in {place.path} runs (pid {process.pid}), but its {place.marker.name} is gone; {cure}")
    if port and port != marker.port:
        raise BrokerError(f"the broker in {place.path} runs on port {marker.port}, not on {port}; {cure}")
    return marker


def _prepare(place: BrokerFolder, wanted: tuple[int | None, int | None], cache_dir: Path, progress: Progress | None) -> Marker:
    """Everything a start needs on disk: ports, jars, settings, usable data. Called with the folder's lock held."""
    remembered = files.read_marker(place)
    usable = files.repair(place)
    port, controller_port = _choose_ports(place, wanted, remembered)
    fetch_jars(files.JAR_LOCK, cache_dir, progress=progress)
    files.configure(place, port, controller_port)
    arguments = [*_archive(cache_dir, is_written=False), *_common_arguments(place, cache_dir)]
    if usable is None:
        return files.format_data(place, arguments, port=port, controller_port=controller_port)
    marker = Marker(kafka_version=usable.kafka_version, cluster_id=usable.cluster_id, port=port, controller_port=controller_port)
    files.write_marker(place, marker)
    fence_last_run(place, arguments)
    return marker


def _choose_ports(place: BrokerFolder, wanted: tuple[int | None, int | None], remembered: Marker | None) -> tuple[int, int]:
    """(port, controller port): as wanted, else as remembered, else free. Raises BrokerError when one that must stay is taken.

    Clients know the port, so a remembered one stays; nobody knows the controller's, and Kafka accepts a new one.
    """
    port, controller_port = wanted[0] or (remembered.port if remembered else None), wanted[1]
    for fixed in (port, controller_port):
        if fixed and not ports.becomes_free(fixed):
            raise BrokerError(
                f"port {fixed}, which the broker in {place.path} needs, is taken by {ports.describe_owner(fixed)}; "
                "end that process, or choose another port (newswire broker up --port N)"
            )
    if not controller_port and remembered and remembered.controller_port != port and ports.is_free(remembered.controller_port):
        controller_port = remembered.controller_port
    free = (number for number in ports.free_ports(str(place.path)) if number not in (port, controller_port))
    return port or next(free), controller_port or next(free)


def _launch(place: BrokerFolder, cache_dir: Path) -> java.Process:
    """Start Kafka and note its pid. Output that does not go through its log lands in console.log."""
    arguments = [
        *java.QUICK,
        *_archive(cache_dir, is_written=True),
        f"-Xmx{HEAP}",
        "-XX:+ExitOnOutOfMemoryError",  # a dead broker is noticed and restarted, one without memory is neither
        f"-XX:ErrorFile={place.console.with_name('crash-%p.log')}",
        *_common_arguments(place, cache_dir),
        f"-Dnewswire.log={place.log}",
        "kafka.Kafka",
        str(place.properties),
    ]
    process = java.spawn(place.path, arguments, console=place.console)
    java.write_pid(place.pid, process.pid)
    return process


def _common_arguments(place: BrokerFolder, cache_dir: Path) -> list[str]:
    class_path = fetch_jars(files.JAR_LOCK, cache_dir)
    return [
        "-cp",
        ":".join(map(str, class_path)),
        f"-Dlog4j2.configurationFile={place.logging}",
        f"-Djava.io.tmpdir={java.empty_folder(place.tmp)}",
        java.NATIVE,
        "--sun-misc-unsafe-memory-access=allow",
    ]


def _archive(cache_dir: Path, *, is_written: bool) -> list[str]:
    """Java's class archives; the broker writes its own at the end of its first run, a format only reads it."""
    base, ours = java.class_archives(cache_dir, "kafka")
    if is_written:
        return ["-XX:+AutoCreateSharedArchive", f"-XX:SharedArchiveFile={base}:{ours}"]
    return [f"-XX:SharedArchiveFile={base}:{ours}" if ours.exists() else f"-XX:SharedArchiveFile={base}"]


def _await_answer(place: BrokerFolder, process: java.Process, port: int, deadline_s: float) -> None:
    give_up_at = time.monotonic() + deadline_s
    while not ports.broker_answers(port):
        if java.is_gone(process):
            errors = files.last_errors(place, place.log) or "  (no error line)"
            raise BrokerError(f"the broker in {place.path} ended while it started:\n{errors}\nMore in {place.log.parent}")
        if time.monotonic() > give_up_at:
            raise BrokerError(
                f"the broker in {place.path} (pid {process.pid}, {process.status()}) does not answer on port {port} after "
                f"{deadline_s:.0f} s; it goes on starting, see {place.log}; try again to wait longer, or newswire broker down"
            )
        time.sleep(java.POLL_S)


def _end(folder: Path, gently_s: float) -> int | None:
    place = _place(folder)
    process = java.find(place.path, java.read_pid(place.pid))
    if process is None:
        return None
    java.end(process, gently_s=gently_s)
    return int(process.pid)
