"""The object sinks as a service: what happens at its start with a good store, a bad one and none."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.broker.s3proxy import RunningS3
from pipeline.config import Config
from pipeline.metrics import Metrics
from pipeline.sinks.service import ObjectsSink
from pipeline.sinks.stores import StoreRefused
from tests.sinks import fault_proxy as faults
from tests.sinks.fault_proxy import FaultProxy


@pytest.fixture
async def proxy(s3: RunningS3, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(s3) as proxy:
        for name, value in s3.environment(proxy.endpoint).items():
            monkeypatch.setenv(name, value)
        yield proxy


def service(store: str) -> ObjectsSink:
    config = Config()
    return ObjectsSink(replace(config, objects=replace(config.objects, store=store)), Metrics())


def metric(sink: ObjectsSink, what: str) -> float | None:
    return sink.metrics.registry.get_sample_value("newswire_store_does", {"what": what})


async def test_what_the_store_does_is_a_metric(tmp_path: Path) -> None:
    sink = service(f"file:{tmp_path / 'objects'}")
    await sink.on_start()
    assert (metric(sink, "create_only"), metric(sink, "atomic_create"), metric(sink, "if_match")) == (1, 1, None)
    assert not list((tmp_path / "objects").rglob("_probe/*/*"))


async def test_a_store_without_conditions_is_told_and_used(proxy: FaultProxy) -> None:
    proxy.inject(faults.unconditional, faults.puts())
    sink = service(f"s3://{proxy.server.make_bucket(uuid.uuid4().hex)}/x")
    await sink.on_start()
    assert (metric(sink, "create_only"), metric(sink, "atomic_create"), metric(sink, "if_match")) == (0, 0, 0)


async def test_a_store_that_refuses_us_ends_the_start_with_its_cure(proxy: FaultProxy) -> None:
    with pytest.raises(StoreRefused, match="the bucket does not exist: make it"):
        await service("s3://no-such-bucket").on_start()


async def test_a_store_that_is_down_does_not(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.sinks.service.PROBE_S_MAX", 0.3)
    proxy.inject(faults.hang)
    sink = service(f"s3://{proxy.server.make_bucket(uuid.uuid4().hex)}/x")
    await sink.on_start()
    assert sink.capabilities is None
    assert metric(sink, "create_only") is None
