"""A real S3 server for tests and laptops: one S3Proxy per folder, on loopback, on the bundled JRE, its buckets plain folders.

Promises. `start` returns a server that answers, with credentials that nobody else knows; on a folder whose server runs it returns
that one. A folder keeps its port, credentials and buckets. A signal is sent only to our own Java of this folder. Create-only
writes are atomic; an acknowledged object survives a kill of the server, not a power cut (S3Proxy does not fsync).

All calls block; async code wraps them in `asyncio.to_thread`. Not meant for production: use `file:` or an S3 of your own there.
"""

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from pipeline.broker import BrokerError, java, ports
from pipeline.broker.folder import refuse_odd_path
from pipeline.broker.jars import Progress, exclusive, fetch_jars

JAR_LOCK = Path(__file__).with_name("s3proxy-4.0.0.lock")
START_S_MAX = 60.0  # 2 s as a rule
STOP_S_MAX = 10.0
HEAP = "256m"  # a request's body is streamed; 190 MB in use after a thousand puts
REGION = "us-east-1"  # any will do: S3Proxy takes the one that the signature names


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningS3:
    """A server that answered."""

    port: int
    access_key: str
    secret_key: str
    folder: str

    @property
    def endpoint(self) -> str:
        """What clients take."""
        return f"http://{ports.HOST}:{self.port}"

    def environment(self, endpoint: str = "") -> dict[str, str]:
        """The usual variables that lead a client here (or to a proxy before it)."""
        return {
            "AWS_ENDPOINT_URL": endpoint or self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": REGION,
        }

    def make_bucket(self, name: str) -> str:
        """Makes an empty bucket if there is none of this name; returns the name."""
        (Path(self.folder) / "data" / name).mkdir(parents=True, exist_ok=True)
        return name


def start(folder: Path, *, cache_dir: Path, progress: Progress | None = None, deadline_s: float = START_S_MAX) -> RunningS3:
    """The running server of `folder`, started if need be. Raises BrokerError: no jars, odd path, ended, or no answer in time."""
    folder = folder.resolve()
    refuse_odd_path(folder)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "lock").touch()
    with exclusive(folder / "lock", deadline_s, f"starting S3Proxy in {folder}"):
        server = _remembered(folder) or _configure(folder)
        process = java.find(folder, java.read_pid(folder / "s3proxy.pid")) or _launch(folder, cache_dir, progress)
        _await_answer(folder, process, server, deadline_s)
    return server


def stop(folder: Path) -> int | None:
    """Ends the server of `folder`; returns its pid, or None when none ran."""
    folder = folder.resolve()
    process = java.find(folder, java.read_pid(folder / "s3proxy.pid"))
    if process is not None:
        java.end(process, gently_s=STOP_S_MAX)
    (folder / "s3proxy.pid").unlink(missing_ok=True)
    return process.pid if process is not None else None


def _remembered(folder: Path) -> RunningS3 | None:
    try:
        return RunningS3(**json.loads((folder / "s3proxy.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _configure(folder: Path) -> RunningS3:
    """Chooses port and credentials, and writes the settings; only this user may read them."""
    server = RunningS3(
        port=next(ports.free_ports(str(folder))),
        access_key=secrets.token_hex(8),
        secret_key=secrets.token_urlsafe(24),
        folder=str(folder),
    )
    settings = {
        "s3proxy.endpoint": server.endpoint,
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": server.access_key,
        "s3proxy.credential": server.secret_key,
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": str(folder / "data"),
    }
    _write_private(folder / "s3proxy.conf", "".join(f"{name}={value}\n" for name, value in settings.items()))
    _write_private(folder / "logback.xml", LOGGING)
    _write_private(folder / "s3proxy.json", json.dumps(asdict(server), indent=2) + "\n")
    return server


def _write_private(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _launch(folder: Path, cache_dir: Path, progress: Progress | None) -> psutil.Process:
    class_path = fetch_jars(JAR_LOCK, cache_dir, progress=progress)
    base, ours = java.class_archives(cache_dir, "s3proxy")
    arguments = [
        *java.QUICK,
        "-XX:+AutoCreateSharedArchive",
        f"-XX:SharedArchiveFile={base}:{ours}",
        f"-Xmx{HEAP}",
        "-XX:+ExitOnOutOfMemoryError",
        f"-Djava.io.tmpdir={java.empty_folder(folder / 'tmp')}",
        java.NATIVE,
        "-DLOG_LEVEL=warn",
        f"-Dlogback.configurationFile={folder / 'logback.xml'}",
        "-cp",
        ":".join(map(str, class_path)),
        "org.gaul.s3proxy.Main",
        "--properties",
        str(folder / "s3proxy.conf"),
    ]
    process = java.spawn(folder, arguments, console=folder / "console.log")
    java.write_pid(folder / "s3proxy.pid", process.pid)
    return process


def _await_answer(folder: Path, process: psutil.Process, server: RunningS3, deadline_s: float) -> None:
    give_up_at = time.monotonic() + deadline_s
    while ports.is_free(server.port):
        console = folder / "console.log"
        if java.is_gone(process):
            lines = console.read_text(errors="replace").splitlines()[-5:] if console.exists() else []
            raise BrokerError(f"S3Proxy in {folder} ended while it started; see {console}\n" + "\n".join(lines))
        if time.monotonic() > give_up_at:
            raise BrokerError(f"S3Proxy in {folder} (pid {process.pid}) does not listen after {deadline_s:.0f} s; see {console}")
        time.sleep(java.POLL_S)


# at its default level (debug) the log costs four fifths of the speed
LOGGING = """\
<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger{20} %msg%n</pattern></encoder>
  </appender>
  <root level="${LOG_LEVEL:-warn}"><appender-ref ref="console"/></root>
</configuration>
"""
