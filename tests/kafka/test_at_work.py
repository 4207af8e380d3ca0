"""Who is at work, and what stopped: read from the workers' own reports, shown by `newswire status`."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline import accounts, codec, provision
from pipeline.cli import root
from pipeline.config import Config, to_environment
from pipeline.poll.feeds import send
from pipeline.records import Report
from pipeline.supervisor import Supervisor
from tests.service import Workers


async def report(config: Config, worker: str, pid: int, at: float, **stopped: str) -> None:
    """A line on `newswire.ops.report`."""
    await send(config, "ops.report", [(worker, codec.encode(Report(worker=worker, pid=pid, at=at, stopped=stopped)))])


async def test_the_newest_report_of_each_worker_counts_until_it_falls_silent(config: Config) -> None:
    assert await accounts.at_work(config) == (), "no topic yet"
    await provision.apply(config)
    assert await accounts.at_work(config) == ()
    now = time.time()
    await report(config, "w1", 11, now - 1, objects="it was so a moment ago")
    await report(config, "w1", 11, now)
    await report(config, "w0", 10, now, link="the state is damaged")
    await report(config, "w0", 12, now)  # of the same name on another machine
    await report(config, "w2", 13, now - accounts.SILENT_S - 1)
    await report(config, "doctor", 0, now)
    found = await accounts.at_work(config)
    assert [(one.worker, one.pid, dict(one.stopped)) for one in found] == [
        ("w0", 10, {"link": "the state is damaged"}),
        ("w0", 12, {}),
        ("w1", 11, {}),
    ]


async def test_slow_reporters_are_not_silent(config: Config) -> None:
    await provision.apply(config)
    await report(config, "w0", 10, time.time() - 2 * accounts.SILENT_S)
    assert await accounts.at_work(config) == ()
    slow = replace(config, run=replace(config.run, report_s=accounts.SILENT_S))
    assert [one.worker for one in await accounts.at_work(slow)] == ["w0"]


@pytest.mark.parametrize(
    ("stopped", "line"),
    [
        ({}, "at work: w0"),
        ({"objects-raw": "m.json: not there"}, "w0: objects-raw stopped: m.json: not there"),
    ],
)
async def test_status_says_who_works_and_what_stopped(config: Config, stopped: dict[str, str], line: str) -> None:
    await provision.apply(config)
    status = await asyncio.to_thread(CliRunner(env=to_environment(config)).invoke, root, ["status"])
    assert "no worker is at work; start one with `newswire run` or `newswire worker`" in status.stdout
    await report(config, "w0", 10, time.time(), **stopped)
    status = await asyncio.to_thread(CliRunner(env=to_environment(config)).invoke, root, ["status"])
    assert line in status.stdout.splitlines()
    document = codec.loads(
        (await asyncio.to_thread(CliRunner(env=to_environment(config)).invoke, root, ["status", "--json"])).stdout
    )
    assert document["workers"] == [{"worker": "w0", "pid": 10, "stopped": stopped}]


async def test_a_run_that_ends_leaves_the_workers_of_others_at_work(config: Config, tmp_path: Path) -> None:
    await provision.apply(config)
    await report(config, "w7", 7, time.time())  # has just ended: nobody waits for it
    own = replace(
        config,
        run=replace(config.run, workers=1, report_s=0.3),
        simulator=replace(config.simulator, enabled=False),
        poll=replace(config.poll, catalogue=str(tmp_path / "none.toml")),
        state=replace(config.state, folder=str(tmp_path / "other")),
    )
    async with Workers(own, tmp_path, ["w9"]) as foreign:
        supervisor = Supervisor(own, log_folder=tmp_path)
        await supervisor.start()
        async with asyncio.timeout(60):
            while not {"w0", "w9"} <= {one.worker for one in await accounts.at_work(own)}:
                await asyncio.sleep(0.2)
        told: list[str] = []
        summary = await supervisor.finish(told.append)
        assert summary.is_drained
        assert told[0] == "w9 of another run go on: stopping our own workers only"
        assert not foreign.ended()
        assert all(not one.stopped for one in await accounts.at_work(own) if one.worker == "w9"), "it was not told to drain"
