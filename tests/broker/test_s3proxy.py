"""The S3 server for tests and laptops, started for real. What it answers is the business of tests/sinks."""

import os
import stat
from pathlib import Path

import psutil
import pytest

from pipeline.broker import BrokerError, java, s3proxy
from pipeline.broker.jars import default_cache_dir, read_lock
from pipeline.broker.s3proxy import JAR_LOCK


def test_it_starts_once_comes_back_and_stops(tmp_path: Path) -> None:
    folder, cache_dir = tmp_path / "s3", default_cache_dir(os.environ)
    try:
        server = s3proxy.start(folder, cache_dir=cache_dir)
        process = java.find(folder, None)
        assert process is not None
        assert s3proxy.start(folder, cache_dir=cache_dir) == server
        assert {found.laddr.ip.removeprefix("::ffff:") for found in process.net_connections("tcp")} == {"127.0.0.1"}
        assert (tmp_path / "s3" / "data" / server.make_bucket("bucket")).is_dir()
        for name in ("s3proxy.conf", "s3proxy.json"):  # they hold the secret
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        assert server.secret_key not in " ".join(java.command_line(process))
        java.end(process, gently_s=0)
        assert s3proxy.start(folder, cache_dir=cache_dir) == server  # after a crash: same port, same credentials
    finally:
        pid = s3proxy.stop(folder)
    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert s3proxy.stop(folder) is None


def test_an_end_at_the_start_is_told_with_its_cause(tmp_path: Path) -> None:
    folder, cache_dir = tmp_path / "s3", default_cache_dir(os.environ)
    s3proxy.start(folder, cache_dir=cache_dir)
    s3proxy.stop(folder)
    (folder / "s3proxy.conf").write_text("s3proxy.endpoint=nonsense\n")
    with pytest.raises(BrokerError, match=r"(?s)ended while it started; see .*console\.log"):
        s3proxy.start(folder, cache_dir=cache_dir)


def test_the_lock_is_a_whole_class_path() -> None:
    jars = read_lock(JAR_LOCK)
    assert len({jar.file_name for jar in jars}) == len(jars) == 103
    assert [jar.version for jar in jars if jar.coordinates.startswith("org.gaul:s3proxy:")] == ["4.0.0"]
    assert [jar.version for jar in jars if jar.artifact == "jackson-annotations"] == ["2.21"]  # an older one does not start
