"""Jar files from a lock, in a per-user cache: fetched once, verified by sha256, used offline ever after.

A lock is a text file, one artifact a line: `group:artifact:version[:classifier] sha256`. It is the whole class path; no
dependency is resolved here. Promises: a file that `fetch_jars` returns held exactly the locked bytes when it was last verified;
a half-fetched file never has a jar's name; two processes may fetch at once.
Nothing here knows what the jars do, prints, or reads the environment.
"""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.broker import BrokerError

FETCH_THREADS = 8  # 45 MB in 12 s measured; more threads gain nothing and are rude to the registry
FETCH_TRIES_MAX = 3  # one dropped connection among a hundred requests is common, three in a row for one file is an outage
FETCH_TIMEOUT_S = 20  # silence on one connection; the largest jar (7 MB) needs about 3 s on a slow line
FETCH_ALL_S_MAX = 600.0  # how long to wait for another process that fetches: 45 MB at 1 Mbit/s take 6 minutes
INDEX_NAME = "verified.json"

Stamp = tuple[int, int, str]  # size in bytes, mtime in ns, sha256
Progress = Callable[[int, int, str], None]  # jars done, jars in all, coordinates of the last one


@dataclass(frozen=True, slots=True, kw_only=True)
class Jar:
    """One line of a lock; `classifier` is "" for most."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def coordinates(self) -> str:
        return ":".join(part for part in (self.group, self.artifact, self.version, self.classifier) if part)

    @property
    def file_name(self) -> str:
        """The name in the cache; the group is in it because two groups may share an artifact name."""
        name = "-".join(part for part in (self.artifact, self.version, self.classifier) if part)
        return f"{self.group}.{name}.jar"


Fetch = Callable[[Jar, Path], Path]  # brings one jar into a fresh folder, returns where it lies; raises OSError or RuntimeError


def fetch_jars(lock: Path, cache_dir: Path, *, fetch: Fetch | None = None, progress: Progress | None = None) -> tuple[Path, ...]:
    """Paths of all jars of `lock` in its order, fetching those that the cache lacks.

    When every file still has the size and mtime it had after its verification, this reads one index file and asks no network.
    A file that differs is hashed again, and fetched again if its bytes are wrong. `progress` is called after each fetched jar.
    Raises BrokerError: no network, wrong bytes from the registry, unwritable cache, unreadable lock.
    """
    jars = read_lock(lock)
    stamps = _read_index(cache_dir)
    if not all(_is_stamped(cache_dir / jar.file_name, jar, stamps) for jar in jars):
        _make_folder(cache_dir)
        with exclusive(cache_dir / "lock", FETCH_ALL_S_MAX, f"fetching jars into {cache_dir}"):
            names = {jar.file_name for jar in jars}
            stamps = {name: stamp for name, stamp in _read_index(cache_dir).items() if name not in names}
            stamps |= _verify_present(jars, cache_dir)
            missing = [jar for jar in jars if not _is_stamped(cache_dir / jar.file_name, jar, stamps)]
            stamps |= _fetch_missing(missing, cache_dir, fetch or from_maven_central, progress)
            _replace_text(cache_dir / INDEX_NAME, json.dumps(stamps, indent=0, sort_keys=True))
    return tuple(cache_dir / jar.file_name for jar in jars)


def read_lock(lock: Path) -> tuple[Jar, ...]:
    """The jars of a lock file in its order; `#` starts a comment line. Raises BrokerError naming the first bad line."""
    jars = []
    for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        coordinates, _, sha256 = line.partition(" ")
        parts = coordinates.split(":")
        if len(parts) not in (3, 4) or not all(parts) or len(sha256.strip()) != 64:
            raise BrokerError(f"{lock}, line {number}: expected 'group:artifact:version[:classifier] sha256', got {line!r}")
        group, artifact, version, *classifier = parts
        jars.append(Jar(group=group, artifact=artifact, version=version, classifier="".join(classifier), sha256=sha256.strip()))
    return tuple(jars)


def default_cache_dir(environ: Mapping[str, str]) -> Path:
    """`$XDG_CACHE_HOME/newswire/jars`, else `$HOME/.cache/newswire/jars` (XDG base directories: a relative value is ignored)."""
    cache_home = environ.get("XDG_CACHE_HOME", "")
    if Path(cache_home).is_absolute():
        return Path(cache_home) / "newswire" / "jars"
    if not environ.get("HOME"):
        raise BrokerError("no place for the broker's jars: neither XDG_CACHE_HOME nor HOME is set; set one of them")
    return Path(environ["HOME"]) / ".cache" / "newswire" / "jars"


def from_maven_central(jar: Jar, folder: Path) -> Path:
    """Bring one artifact from Maven Central into `folder`. Raises OSError (network, disk) or RuntimeError (not served)."""
    from jgo.maven import MavenContext  # here, because it costs 0.1 s and a filled cache never needs it

    component = MavenContext(repo_cache=folder, timeout=FETCH_TIMEOUT_S).project(jar.group, jar.artifact).at_version(jar.version)
    return Path(component.artifact(jar.classifier).resolve())


@contextmanager
def exclusive(path: Path, deadline_s: float, doing: str) -> Iterator[None]:
    """Hold the lock file `path` against every other process and thread; the kernel frees it when its holder dies.

    Raises BrokerError when somebody else still holds it after `deadline_s`.
    """
    give_up_at = time.monotonic() + deadline_s
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up_at:
                    raise BrokerError(
                        f"another process has been {doing} for {deadline_s:.0f} s; wait for it or end it (it holds {path})"
                    ) from None
                time.sleep(0.05)
        yield


def _is_stamped(path: Path, jar: Jar, stamps: Mapping[str, Stamp]) -> bool:
    """Has the file not changed since its bytes were verified against this lock line? Size and mtime stand for the bytes."""
    try:
        return stamps.get(jar.file_name) == _stamp(path, jar.sha256)
    except OSError:  # not there, or not a folder on the way
        return False


def _stamp(path: Path, sha256: str) -> Stamp:
    state = path.stat()
    return (state.st_size, state.st_mtime_ns, sha256)


def _verify_present(jars: tuple[Jar, ...], cache_dir: Path) -> dict[str, Stamp]:
    """Hash every file that is there, e.g. after the cache was copied or its index lost: 45 MB take 0.1 s."""
    present = [(jar, cache_dir / jar.file_name) for jar in jars if (cache_dir / jar.file_name).is_file()]
    return {jar.file_name: _stamp(path, jar.sha256) for jar, path in present if _sha256(path) == jar.sha256}


def _fetch_missing(missing: list[Jar], cache_dir: Path, fetch: Fetch, progress: Progress | None) -> dict[str, Stamp]:
    """Fetch with a few threads; the first failure cancels what has not begun. What was already fetched stays."""
    landing = cache_dir / "fetching"
    shutil.rmtree(landing, ignore_errors=True)  # left by a fetch that was killed; nobody else is in it, we hold the lock
    stamps = {}
    with ThreadPoolExecutor(FETCH_THREADS) as pool:
        futures = {pool.submit(_fetch_verified, jar, cache_dir, landing, fetch): jar for jar in missing}
        try:
            for done_count, future in enumerate(as_completed(futures), 1):
                jar = futures[future]
                stamps[jar.file_name] = future.result()
                if progress:
                    progress(done_count, len(missing), jar.coordinates)
        finally:
            pool.shutdown(cancel_futures=True)
            shutil.rmtree(landing, ignore_errors=True)
    return stamps


def _fetch_verified(jar: Jar, cache_dir: Path, landing: Path, fetch: Fetch) -> Stamp:
    """Fetch one jar beside the cache, compare its bytes with the lock, then give it its name in one step."""
    fetched = _fetch_with_tries(jar, cache_dir, landing, fetch)
    got = _sha256(fetched)
    if got != jar.sha256:
        raise BrokerError(
            f"{jar.coordinates}: the registry sent other bytes than the lock asks for\n"
            f"  expected sha256 {jar.sha256}\n  got      sha256 {got}\n"
            "It was not kept. Try again; if it stays, something between you and Maven Central changes files (proxy, mirror):\n"
            f"fetch from another network, or copy a good cache folder to {cache_dir}"
        )
    path = cache_dir / jar.file_name
    os.replace(fetched, path)
    return _stamp(path, jar.sha256)


def _fetch_with_tries(jar: Jar, cache_dir: Path, landing: Path, fetch: Fetch) -> Path:
    """Each try has its own folder: a connection that broke leaves half a file, which the client would take for a whole one."""
    cause: OSError | RuntimeError | None = None
    for number in range(FETCH_TRIES_MAX):
        try:
            folder = landing / f"{jar.file_name}.{number}"
            folder.mkdir(parents=True)
            return fetch(jar, folder)
        except (OSError, RuntimeError) as error:
            cause = error
    name = "not served by the registry" if isinstance(cause, RuntimeError) else getattr(cause, "strerror", None)
    raise BrokerError(
        f"cannot fetch {jar.coordinates} from Maven Central: {name or type(cause).__name__}\n"
        "The local broker needs its jars once. Connect this machine (behind a proxy: set HTTPS_PROXY) and try again, "
        f"or copy a filled cache folder from another machine to {cache_dir}, or set kafka.bootstrap to a broker of your own"
    ) from cause


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lock").touch()
    except OSError as error:
        raise BrokerError(
            f"cannot write to the jar cache {folder}: {error.strerror}; set XDG_CACHE_HOME to a writable folder"
        ) from error


def _read_index(cache_dir: Path) -> dict[str, Stamp]:
    """What was verified when; an unreadable index counts as empty, as it is made again from the files."""
    try:
        index = json.loads((cache_dir / INDEX_NAME).read_text(encoding="utf-8"))
        return {name: (int(size), int(mtime_ns), str(sha256)) for name, (size, mtime_ns, sha256) in index.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _replace_text(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
