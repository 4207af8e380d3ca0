"""The jar cache: fetched once, verified, offline afterwards. The registry is a fake; the real one serves test_local.py."""

import contextlib
import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.broker import BrokerError
from pipeline.broker.folder import JAR_LOCK
from pipeline.broker.jars import FETCH_TRIES_MAX, Jar, default_cache_dir, exclusive, fetch_jars, read_lock


class Registry:
    """A registry in memory: coordinates → bytes. Counts what was asked; `failures` answers come first, one per request."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        self.failures: list[Exception] = []

    def fetch(self, jar: Jar, folder: Path) -> Path:
        self.asked.append(jar.coordinates)
        path = folder / "artifact.jar"
        with contextlib.suppress(IndexError):  # popped by several threads at once
            failure = self.failures.pop()
            path.write_bytes(b"hal")  # as a broken connection leaves it
            raise failure
        path.write_bytes(self.files[jar.coordinates])
        return path


def no_network(jar: Jar, folder: Path) -> Path:
    raise ConnectionError("no route to host")


@pytest.fixture
def registry() -> Registry:
    return Registry({f"org.example:part{n}:1.{n}": f"bytes of part {n}".encode() for n in range(5)})


@pytest.fixture
def lock(tmp_path: Path, registry: Registry) -> Path:
    lines = [f"{name} {hashlib.sha256(content).hexdigest()}" for name, content in registry.files.items()]
    path = tmp_path / "example.lock"
    path.write_text("# five parts\n" + "\n".join(lines) + "\n")
    return path


def test_first_call_fetches_all_in_lock_order_and_the_next_is_offline(lock: Path, tmp_path: Path, registry: Registry) -> None:
    seen: list[tuple[int, int]] = []
    (tmp_path / "cache" / "fetching" / "left-by-a-killed-fetch").mkdir(parents=True)
    paths = fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch, progress=lambda done, count, _: seen.append((done, count)))
    assert [path.read_bytes() for path in paths] == list(registry.files.values())
    assert seen == [(n, 5) for n in range(1, 6)]
    assert fetch_jars(lock, tmp_path / "cache", fetch=no_network) == paths
    assert sorted(registry.asked) == sorted(registry.files)
    assert not (tmp_path / "cache" / "fetching").exists()


@pytest.mark.parametrize("damage", [b"bytes of pa", b"Bytes of part 2", b""], ids=["truncated", "flipped", "empty"])
def test_damaged_file_alone_is_fetched_again(damage: bytes, lock: Path, tmp_path: Path, registry: Registry) -> None:
    paths = fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch)
    registry.asked.clear()
    paths[2].write_bytes(damage)
    os.utime(paths[2], (1, 1))  # the clock of file times is coarse, the test is quick
    assert fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch)[2].read_bytes() == b"bytes of part 2"
    assert registry.asked == ["org.example:part2:1.2"]


def test_missing_file_alone_is_fetched_again(lock: Path, tmp_path: Path, registry: Registry) -> None:
    fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch)[4].unlink()
    registry.asked.clear()
    fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch)
    assert registry.asked == ["org.example:part4:1.4"]


def test_copied_cache_without_index_is_verified_and_used_offline(lock: Path, tmp_path: Path, registry: Registry) -> None:
    for path in fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch):
        os.utime(path, (1, 1))
    (tmp_path / "cache" / "verified.json").write_text("{ half an ind")
    assert len(fetch_jars(lock, tmp_path / "cache", fetch=no_network)) == 5


def test_wrong_bytes_from_the_registry_are_not_kept_and_the_error_names_all(
    lock: Path, tmp_path: Path, registry: Registry
) -> None:
    expected = hashlib.sha256(registry.files["org.example:part3:1.3"]).hexdigest()
    registry.files["org.example:part3:1.3"] = b"something else"
    with pytest.raises(BrokerError) as caught:
        fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch)
    message = str(caught.value)
    assert "org.example:part3:1.3" in message
    assert expected in message
    assert hashlib.sha256(b"something else").hexdigest() in message
    assert str(tmp_path / "cache") in message
    assert not list((tmp_path / "cache").glob("*part3*"))


def test_no_network_names_the_cure(lock: Path, tmp_path: Path) -> None:
    with pytest.raises(
        BrokerError, match=r"(?s)cannot fetch org\.example:part.*ConnectionError.*copy a filled cache.*kafka\.bootstrap"
    ):
        fetch_jars(lock, tmp_path / "cache", fetch=no_network)


def test_dropped_connections_are_tried_again_and_half_files_are_not_taken(lock: Path, tmp_path: Path, registry: Registry) -> None:
    registry.failures = [ConnectionResetError(), TimeoutError()]
    assert FETCH_TRIES_MAX == 3
    paths = fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch)
    assert [path.read_bytes() for path in paths] == list(registry.files.values())


def test_what_was_fetched_before_a_failure_stays(lock: Path, tmp_path: Path, registry: Registry) -> None:
    content = registry.files.pop("org.example:part4:1.4")

    def fetch(jar: Jar, folder: Path) -> Path:
        if jar.artifact == "part4":
            raise RuntimeError("not found")
        return registry.fetch(jar, folder)

    with pytest.raises(BrokerError, match=r"part4.*not served"):
        fetch_jars(lock, tmp_path / "cache", fetch=fetch)
    present = {path.name for path in (tmp_path / "cache").glob("*.jar")}
    registry.files["org.example:part4:1.4"] = content
    registry.asked.clear()
    fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch)
    assert len(registry.asked) == 5 - len(present)


def test_many_starters_fetch_each_jar_once(lock: Path, tmp_path: Path, registry: Registry) -> None:
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch), range(6)))
    assert len(set(results)) == 1
    assert sorted(registry.asked) == sorted(registry.files)


def test_a_lock_held_too_long_is_named(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "lock", 1, "first"),
        pytest.raises(BrokerError, match="another process has been fetching jars for 0 s"),
        exclusive(tmp_path / "lock", 0.1, "fetching jars"),
    ):
        pass


def test_two_locks_share_a_cache(lock: Path, tmp_path: Path, registry: Registry) -> None:
    """Kafka and S3Proxy have jars in common; one's fetch must not undo what is known of the other's."""
    other = tmp_path / "other.lock"
    other.write_text(f"org.example:own:1:linux {hashlib.sha256(b'own').hexdigest()}\n" + lock.read_text().splitlines()[1] + "\n")
    registry.files["org.example:own:1:linux"] = b"own"
    paths = fetch_jars(lock, tmp_path / "cache", fetch=registry.fetch)
    others = fetch_jars(other, tmp_path / "cache", fetch=registry.fetch)
    assert others[1] == paths[0]
    assert others[0].name == "org.example.own-1-linux.jar"
    assert fetch_jars(lock, tmp_path / "cache", fetch=no_network) == paths
    assert len(registry.asked) == 6


def test_unwritable_cache_is_named(lock: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerError, match=re.escape(f"cannot write to the jar cache {tmp_path / 'file' / 'cache'}")):
        fetch_jars(lock, tmp_path / "file" / "cache", fetch=no_network)


@pytest.mark.parametrize("line", ["org.example:part 00", "org.example:part:1", "a:b:c:d:e " + "0" * 64, "a::c " + "0" * 64])
def test_bad_lock_line_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "bad.lock").write_text("# comment\n\n" + line + "\n")
    with pytest.raises(BrokerError, match=r"bad\.lock, line 3"):
        read_lock(tmp_path / "bad.lock")


def test_kafka_lock_is_a_whole_class_path() -> None:
    jars = read_lock(JAR_LOCK)
    assert len({jar.file_name for jar in jars}) == len(jars) == 46
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {"4.3.1"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/newswire/jars"),
        ({"HOME": "/h"}, "/h/.cache/newswire/jars"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/newswire/jars"),
    ],
)
def test_default_cache_dir(environ: dict[str, str], expected: str) -> None:
    assert default_cache_dir(environ) == Path(expected)


def test_no_home_is_an_error() -> None:
    with pytest.raises(BrokerError, match="XDG_CACHE_HOME"):
        default_cache_dir({})
