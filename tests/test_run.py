"""`newswire run` as a user starts it: a process of its own, in a folder of its own, with a broker of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from pipeline.cli import root
from pipeline.cli.run import alone

QUICK = ["--set", "objects.age_s=2", "--set", "kafka.session_timeout_s=6"]


class Run:
    """A `newswire run --simulate` process."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", *QUICK, "run", "--simulate", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(folder / "stderr.log").open("wb"),
        )

    def log(self) -> list[dict[str, object]]:
        """The JSON log lines so far."""
        lines = (self.folder / "stderr.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    async def until(self, holds: Callable[[], object], timeout_s: float = 60) -> None:
        """Waits for something to be so."""
        async with asyncio.timeout(timeout_s):
            while not holds():
                assert self.process.poll() is None, (self.folder / "stderr.log").read_text()[-2000:]
                await asyncio.sleep(0.05)

    def has_enriched(self) -> bool:
        """The accounts in the log show enriched articles."""
        accounts = [line["stages"] for line in self.log() if line.get("event") == "accounts"]
        return bool(accounts) and accounts[-1].get("enrich", {}).get("emitted", 0) > 0

    def children(self) -> list[psutil.Process]:
        """Its processes: wire and workers (the broker is in a session of its own, and not its child for long)."""
        return [child for child in psutil.Process(self.process.pid).children() if "pipeline" in " ".join(child.cmdline())]

    async def end(self, timeout_s: float = 90) -> tuple[int, str]:
        """Exit status and stdout."""
        output, _ = await asyncio.to_thread(self.process.communicate, None, timeout_s)
        return self.process.returncode, output.decode()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Starts runs; whatever is left of them at the end is ended by pid."""
    runs: list[Run] = []

    def begin(*arguments: str) -> Run:
        runs.append(Run(tmp_path, *arguments))
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            for child in run.children():
                child.kill()
            run.process.kill()
            run.process.wait()
    from pipeline.broker import local

    local.stop(tmp_path / "var" / "broker")


async def test_a_timed_run_drains_and_accounts_for_every_item(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start("--for", "8s", "--json")
    status, output = await run.end()
    assert status == 0, (tmp_path / "stderr.log").read_text()[-2000:]
    summary = json.loads(output)
    assert summary["drained"] is True
    assert summary["articles_stored"] == summary["articles_enriched"] > 100
    assert summary["items_stored"] == summary["stages"]["poll"]["emitted"] > 100
    assert summary["documents_stored"] == summary["stages"]["fetch"]["emitted"] > 0
    assert summary["items_fetched"] == summary["stages"]["poll"]["in"] > 100
    assert summary["lag"]["records"] == 0
    assert set(summary["unaccounted"].values()) == {0}
    segments = {path.name.split(".", 1)[1] for path in (tmp_path / "var" / "objects").rglob("*.*") if path.is_file()}
    assert segments >= {"jsonl.zst", "warc.gz", "json"}
    from pipeline.broker import local

    assert local.status(tmp_path / "var" / "broker").state == "stopped"


async def test_a_crashed_worker_comes_back_and_sigterm_drains(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start()
    await run.until(run.has_enriched)
    worker = next(child for child in run.children() if "worker" in child.cmdline())
    worker.kill()
    await run.until(lambda: any(line.get("event") == "child_died" for line in run.log()))
    await run.until(lambda: any("worker" in child.cmdline() and child.pid != worker.pid for child in run.children()))
    run.process.send_signal(signal.SIGTERM)
    status, output = await run.end()
    assert status == 0, (tmp_path / "stderr.log").read_text()[-2000:]
    assert "every item accounted for" in output


def test_a_second_run_in_the_same_folder_is_refused_by_name(tmp_path: Path) -> None:
    with alone(tmp_path / "var" / "state"):
        second = Run(tmp_path, "--for", "1s")
        assert second.process.wait(60) == 1
        said = (tmp_path / "stderr.log").read_text()
        assert said.startswith(f"Error: a `newswire run` (pid {os.getpid()}) is at work in var/state; stop that one")
        assert not (tmp_path / "var" / "broker").exists(), "nothing was started"
    with alone(tmp_path / "var" / "state"):
        pass  # free again


@pytest.mark.parametrize(
    ("feeds", "arguments", "sentence"),
    [
        (None, [], "nothing to poll: feeds.toml does not exist"),
        ('[[feed]]\nid = "a"\n', [], "feeds.toml: feed a: Object missing required field `url`"),
        ("not toml [", [], "feeds.toml cannot be read as TOML"),
        (
            '[[feed]]\nid = "a"\nurl = "https://a.example/rss"\n',
            ["--set", "state.folder=feeds.toml"],
            "cannot write to feeds.toml",
        ),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_starts(
    feeds: str | None, arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if feeds is not None:
        Path("feeds.toml").write_text(feeds)
    result = CliRunner().invoke(root, [*arguments, "run"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {sentence}")
    assert not Path("var/broker").exists()


async def test_a_second_interrupt_exits_at_once(start: Callable[..., Run]) -> None:
    run = start()
    await run.until(run.has_enriched)
    children = run.children()
    run.process.send_signal(signal.SIGINT)
    await run.until(lambda: any(line.get("event") == "finishing" for line in run.log()))
    began = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    status, _ = await run.end(20)
    assert status == 130
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children), time.monotonic() - began


async def test_faust_can_run_the_app_itself(start: Callable[..., Run], tmp_path: Path, broker: str, unique: str) -> None:
    """`faust -A pipeline.app worker -l info`, with settings from the environment."""
    from pipeline import provision
    from pipeline.config import load

    environ = {"NEWSWIRE_KAFKA_BOOTSTRAP": broker, "NEWSWIRE_KAFKA_PREFIX": unique, "NEWSWIRE_KAFKA_APP": unique}
    await provision.apply(load(environ=environ))
    with (tmp_path / "faust.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "faust", "-A", "pipeline.app", "worker", "-l", "info", "--without-web"],
            cwd=tmp_path,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        async with asyncio.timeout(60):
            while "worker_ready" not in (tmp_path / "faust.log").read_text():
                assert process.poll() is None, (tmp_path / "faust.log").read_text()[-3000:]
                await asyncio.sleep(0.1)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) == 0
    finally:
        if process.poll() is None:
            process.kill()
