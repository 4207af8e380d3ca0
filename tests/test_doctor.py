"""The doctor finds what is there and what is not, names a cure for whatever is wrong, and no check takes another one with it."""

import asyncio
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from click.testing import CliRunner, Result

from pipeline import codec, kafka, provision
from pipeline.broker import ports
from pipeline.broker.folder import BrokerFolder, Marker, write_marker
from pipeline.broker.jars import default_cache_dir
from pipeline.cli import root
from pipeline.config import Broker, Config, to_environment
from pipeline.doctor import MACHINE, ON_BROKER, catalogue, cluster, examine, machine
from pipeline.doctor.check import Check, name_of, take
from pipeline.sinks.stores import MemoryStore, Put
from tests.builders import rss, rss_item
from tests.poll.site import LOOPBACK, FakeSite, Reply

FEEDS = '[[feed]]\nid = "example-world"\nurl = "https://example.test/feed"\n'


@pytest.fixture
def sound(config: Config, tmp_path: Path) -> Config:
    """Settings in which every check that can pass on this machine passes."""
    feeds = tmp_path / "feeds.toml"
    feeds.write_text(FEEDS)
    return replace(config, poll=replace(config.poll, catalogue=str(feeds)), broker=Broker(cache=str(tmp_path)))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on loopback that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def doctor(config: Config, *arguments: str) -> Result:
    return CliRunner(env=to_environment(config)).invoke(root, ["doctor", *arguments])


async def with_topics(config: Config) -> Config:
    await provision.apply(config)
    return config


# ── as a whole ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_sound_setup_has_no_fault(sound: Config) -> None:
    found = by_name(await examine(await with_topics(sound)))
    assert list(found) == [name_of(probe) for probe in (*MACHINE, *ON_BROKER)]
    assert {name: check for name, check in found.items() if check.state == "fail"} == {}
    assert {name for name, check in found.items() if check.state == "warn"} <= {"xml parser", "disk", "open files", "libraries"}
    assert "Kafka 4.3" in found["broker version"].found
    assert "nothing fetched" in found["feeds"].found


def test_faults_are_shown_with_their_cures_and_the_exit_status_tells(sound: Config) -> None:
    asyncio.run(provision.apply(sound))
    well = doctor(sound)
    assert well.exit_code == 0, well.output
    assert "✓ pass  topics: all as the table says" in well.output
    ill = doctor(replace(sound, objects=replace(sound.objects, store="s3:bucket")))
    assert ill.exit_code == 1
    assert "✗ fail  object store: object store 's3:bucket'" in ill.output
    assert "→ set objects.store" in ill.output
    assert "✓ pass  topics" in ill.output, "one fault hides no other finding"


async def test_a_check_that_breaks_off_is_a_finding_and_a_bug_is_not_hidden(config: Config) -> None:
    def broken_disk(_config: Config) -> Check:
        raise OSError("the disk is on fire")

    def our_bug(_config: Config) -> Check:
        raise AttributeError("no such attribute")

    check = await take(broken_disk, config)
    assert (check.name, check.state) == ("broken disk", "fail")
    assert "the disk is on fire" in check.found
    with pytest.raises(AttributeError):
        await take(our_bug, config)


# ── the broker ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_local_broker_that_is_not_running_is_a_warning(tmp_path: Path) -> None:
    config = replace(Config(), broker=Broker(folder=str(tmp_path / "broker")))
    config = replace(config, objects=replace(config.objects, store=f"file:{tmp_path}/objects"))
    result = doctor(config, "--json")
    assert result.exit_code == 0, result.output
    found = {check["name"]: check for check in codec.loads(result.output)["checks"]}
    for name in ("broker", *map(name_of, ON_BROKER)):
        assert found[name]["state"] == "warn"
        assert "newswire broker up" in found[name]["cure"]
    assert not (tmp_path / "broker").exists(), "looking makes nothing"


async def test_a_taken_broker_port_is_a_fault(tmp_path: Path, taken: int) -> None:
    place = BrokerFolder(tmp_path.resolve())
    write_marker(place, Marker(kafka_version="4.3.1", cluster_id="x", port=taken, controller_port=1))
    check = await cluster.broker(replace(Config(), broker=Broker(folder=str(tmp_path))))
    assert check.state == "fail"
    assert "port is taken" in check.found


def test_a_cluster_that_does_not_answer_is_a_fault(sound: Config) -> None:
    nobody = f"127.0.0.1:{next(ports.free_ports('doctor'))}"
    result = doctor(replace(sound, kafka=replace(sound.kafka, bootstrap=nobody)), "--json")
    assert result.exit_code == 1
    found = {check["name"]: check for check in codec.loads(result.output)["checks"]}
    assert found["broker"]["state"] == "fail"
    assert nobody in found["broker"]["found"]
    assert found["clock"]["state"] == "warn"
    assert found["object store"]["state"] == "pass"


async def test_missing_topics_are_a_warning_before_the_first_run(sound: Config) -> None:
    found = by_name(await examine(sound))
    assert (found["topics"].state, found["clock"].state) == ("warn", "warn")
    assert "newswire topics apply" in found["topics"].cure


async def test_topics_that_drifted_are_a_fault(sound: Config) -> None:
    await provision.apply(sound)
    name = f"{sound.kafka.prefix}.raw"
    async with kafka.admin(sound.kafka) as client:
        settings = {"message.timestamp.type": "CreateTime"}
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=settings)])
    async with asyncio.timeout(10):  # brokers learn of a setting a moment after the controller
        while not await provision.plan(sound):
            pass
    assert (await cluster.topics(sound)).state == "fail"
    timestamps = await cluster.topic_timestamps(sound)
    assert timestamps.state == "fail"
    assert f"{name} has CreateTime" in timestamps.found


async def test_another_partition_count_needs_a_decision(sound: Config) -> None:
    await provision.apply(sound)
    check = await cluster.topics(replace(sound, kafka=replace(sound.kafka, partitions=3)))
    assert check.state == "fail"
    assert "kafka.partitions" in check.cure


async def test_the_clock_is_read_off_the_broker(sound: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    await provision.apply(sound)
    assert (await cluster.clock(sound)).state == "pass"
    true = kafka.append_time

    def wrong_by(seconds: float) -> object:
        async def append_time(*arguments: object) -> float:
            at = await true(*arguments)
            assert at is not None
            return at + seconds

        return append_time

    for seconds, state, word in ((5, "warn", "behind"), (-5, "warn", "ahead"), (3600, "fail", "behind")):
        monkeypatch.setattr(kafka, "append_time", wrong_by(seconds))
        check = await cluster.clock(sound)
        assert check.state == state
        assert word in check.found


@pytest.mark.parametrize(("level", "name"), [(7, "3.3"), (26, "4.1"), (27, "4.1"), (30, "4.3"), (31, "newer than 4.3")])
def test_a_feature_level_names_its_release(level: int, name: str) -> None:
    assert cluster.release(level) == name


# ── this machine ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_library_that_is_not_as_locked_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("msgspec==0.0.1 \\\n    --hash=sha256:00\nnot-installed-here==9 ; sys_platform == 'win32'\n")
    monkeypatch.setattr(machine, "LOCK", lock)
    check = machine.libraries(Config())
    assert check.state == "warn"
    assert "(locked 0.0.1)" in check.found
    assert "not-installed-here" not in check.found
    lock.unlink()
    assert "versions not compared" in machine.libraries(Config()).found


def test_of_versions_that_differ_by_python_the_one_for_this_is_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here, lock = machine.metadata.version("msgspec"), tmp_path / "requirements.lock"
    monkeypatch.setattr(machine, "LOCK", lock)
    this, other = ("<", ">=") if sys.version_info < (3, 12) else (">=", "<")
    for for_this, state in ((here, "pass"), ("0.0.1", "warn")):
        lock.write_text(
            f"msgspec=={for_this} ; python_full_version {this} '3.12' \\\n    --hash=sha256:00\n"
            f"msgspec==9.9.9 ; python_full_version {other} '3.12' \\\n    --hash=sha256:00\n"
        )
        assert machine.libraries(Config()).state == state


def test_an_old_expat_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    for version, state in (((2, 7, 1), "warn"), ((2, 7, 2), "pass"), ((2, 10, 0), "pass")):
        monkeypatch.setattr(machine.expat, "version_info", version)
        assert machine.xml_parser(Config()).state == state


def test_java_and_jars_are_looked_for_only_where_the_broker_is_ours(tmp_path: Path) -> None:
    local = replace(Config(), broker=Broker(cache=str(default_cache_dir(os.environ))))
    assert "openjdk" in machine.java_runtime(local).found
    assert machine.broker_jars(local).state == "pass", "the test broker has fetched them"
    lacking = machine.broker_jars(replace(local, broker=Broker(cache=str(tmp_path))))
    assert (lacking.state, lacking.found.split()[:3]) == ("warn", ["46", "of", "46"])
    elsewhere = replace(local, kafka=replace(local.kafka, bootstrap="kafka.example:9092"))
    assert "not needed" in machine.java_runtime(elsewhere).found
    assert "not needed" in machine.broker_jars(elsewhere).found


def test_too_little_room_is_told_for_each_folder(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Path(config.state.folder).exists(), "a folder yet to be made counts as the one it will lie in"
    monkeypatch.setattr(machine, "DISK_WARN", 1 << 60)
    assert machine.disk(config).state == "warn"
    monkeypatch.setattr(machine, "DISK_FAIL", 1 << 60)
    check = machine.disk(config)
    assert check.state == "fail"
    assert "state" in check.found
    assert "objects" in check.found


def test_a_low_limit_of_open_files_is_a_warning_with_the_command() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
        check = machine.open_files(Config())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert check.state == "warn"
    assert "ulimit -n" in check.cure


def test_a_fixed_port_must_be_free_or_ours(taken: int) -> None:
    config = Config()
    assert machine.fixed_ports(config).state == "pass"
    check = machine.fixed_ports(replace(config, metrics=replace(config.metrics, port=taken)))
    assert check.state == "fail"
    assert f"metrics.port {taken}" in check.found
    command = [sys.executable, "-m", "pipeline", "simulate", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wire:
        assert wire.stdout is not None
        port = int(wire.stdout.readline().rpartition(":")[2])
        check = machine.fixed_ports(replace(config, simulator=replace(config.simulator, port=port)))
        wire.terminate()
    assert (check.state, check.found) == ("pass", f"simulator.port {port} in use by newswire")


class Overwriting(MemoryStore):
    """A store that ignores "create only", as S3 look-alikes do."""

    async def put_new(self, key: str, body: bytes) -> Put:
        self.objects[key] = body
        return Put.CREATED


async def test_a_store_must_refuse_to_overwrite() -> None:
    assert await machine.probe_store(MemoryStore(), "newswire/probe") == []
    faults = await machine.probe_store(Overwriting(), "newswire/probe")
    assert faults == ["a second write to the same name was not refused", "what was written did not come back"]


async def test_the_object_store_is_tried_and_left_clean(config: Config, tmp_path: Path) -> None:
    assert (await machine.object_store(config)).state == "pass"
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []
    (tmp_path / "file").write_text("not a folder")
    for store, state in ((f"file:{tmp_path / 'file'}", "fail"), ("memory:", "warn"), ("ftp:x", "fail")):
        check = await machine.object_store(replace(config, objects=replace(config.objects, store=store)))
        assert check.state == state
        assert check.cure


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "state", "word"),
    [
        (FEEDS, "pass", "1 in "),
        (FEEDS + "is_paused = true\n", "pass", "1 of them paused"),
        ("", "warn", "names no feed"),
        ("[[feed]\n", "fail", "TOML"),
        (FEEDS.replace("url", "uri"), "fail", "did you mean 'url'"),
        (None, "warn", "no "),
    ],
)
def test_the_catalogue_file_is_read(tmp_path: Path, text: str | None, state: str, word: str) -> None:
    path = tmp_path / "feeds.toml"
    if text is not None:
        path.write_text(text)
    check = catalogue.feeds(replace(Config(), poll=replace(Config().poll, catalogue=str(path))))
    assert check.state == state
    assert word in check.found


async def test_feeds_are_fetched_only_when_asked_for(sound: Config) -> None:
    pages = {"/rss": Reply(body=rss(rss_item())), "/page": Reply(body=b"<html><body>no feed</body></html>")}
    async with FakeSite(pages) as site:
        ids = ("rss", "page", "gone", "unasked")
        text = "".join(f'[[feed]]\nid = "{name}"\nurl = "{site.url("/" + name)}"\n' for name in ids)
        Path(sound.poll.catalogue).write_text(text)
        config = replace(sound, poll=replace(sound.poll, allow=LOOPBACK))
        await examine(config)
        assert site.asked == []
        found = by_name(await examine(config, feeds_fetched=3))
        assert sorted(request.path for request in site.asked) == ["/gone", "/page", "/rss"]
    assert found["feed rss"].state == "pass"
    assert "rss, 1 items" in found["feed rss"].found
    assert (found["feed page"].state, found["feed gone"].state) == ("warn", "warn")
    assert "404" in found["feed gone"].found
