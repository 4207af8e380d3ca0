"""Shared by all tests: one real Kafka per test run on free ports in a folder of its own, and a unique prefix per test."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.broker import local, s3proxy
from pipeline.broker.jars import default_cache_dir
from pipeline.config import Config, Kafka, StateStore

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address of a real local Kafka that lives as long as the test run."""
    import os

    folder = tmp_path_factory.mktemp("broker")
    running = local.start(folder, cache_dir=default_cache_dir(os.environ))
    yield running.bootstrap
    local.stop(folder)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3proxy.RunningS3]:
    """A real S3 server that lives as long as the test run; `make_bucket` gives each test its own."""
    import os

    folder = tmp_path_factory.mktemp("s3")
    yield s3proxy.start(folder, cache_dir=default_cache_dir(os.environ))
    s3proxy.stop(folder)


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> str:
    """A topic and group prefix that no other test uses."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40]
    return f"{name}-{uuid.uuid4().hex[:6]}"


@pytest.fixture
def config(broker: str, unique: str, tmp_path: Path) -> Config:
    """Settings for the test's own corner of the broker: short timeouts, state below tmp_path."""
    base = Config()
    return replace(
        base,
        kafka=Kafka(bootstrap=broker, prefix=unique, app=unique, partitions=2, session_timeout_s=6.0),
        state=StateStore(folder=str(tmp_path / "state")),
        objects=replace(base.objects, store=f"file:{tmp_path / 'objects'}"),
    )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of sample data beside the checkout; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"sample data folder {SHARED} is absent")
    return SHARED
