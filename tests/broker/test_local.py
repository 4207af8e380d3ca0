"""The local broker, for real: started on free ports, killed, restarted, found again, refused where data could be lost."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner

from pipeline.broker import BrokerError, local, ports
from pipeline.broker.folder import BrokerFolder, Marker, repair, write_marker
from pipeline.broker.jars import default_cache_dir
from pipeline.cli import root

CACHE = default_cache_dir(os.environ)
CLUSTER = "AAAAAAAAQACAAAAAAAAAAA"
STARTER = (
    "import sys; from pathlib import Path; from pipeline.broker import local;"
    "print(local.start(Path(sys.argv[1]), cache_dir=Path(sys.argv[2])).pid)"
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A broker's folder; what runs in it is stopped at the end. Not plain ASCII, as Java's settings make that hard."""
    path = tmp_path / "Nachrichten ü=新"
    yield path
    local.stop(path)


def start(folder: Path, **arguments: int) -> local.RunningBroker:
    return local.start(folder, cache_dir=CACHE, **arguments)


async def create_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        response = await admin.create_topics([NewTopic(name, 2, 1)])
        assert response.topic_errors[0][1] == 0
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="test") as producer, producer.transaction():
        for value in values:
            await producer.send(topic, value, partition=0)


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """The first `count` committed values. The marker of a commit may still be on its way after a crash, so this waits."""
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    ) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        async with asyncio.timeout(20):
            return [(await consumer.getone()).value for _ in range(count)]


async def test_records_and_ports_survive_kill_9(folder: Path) -> None:
    first = start(folder)
    await create_topic(first.bootstrap, "kept")
    values = [b"x" * 1000 + str(n).encode() for n in range(500)]
    await produce(first.bootstrap, "kept", values)
    assert local.kill(folder) == first.pid
    assert local.status(folder).state == "stale"
    second = start(folder)
    assert second.pid != first.pid
    assert second.bootstrap == first.bootstrap
    assert await consume(second.bootstrap, "kept", len(values)) == values


def test_start_is_idempotent_and_detached_and_stop_is_clean(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert local.status(folder).state == "stopped"
    assert not folder.exists()
    first = start(folder)
    assert start(folder) == first
    assert os.getsid(first.pid) == first.pid, "a Ctrl-C in our terminal must not reach it"
    status = local.status(folder)
    assert (status.state, status.pid, f"127.0.0.1:{status.port}") == ("running", first.pid, first.bootstrap)
    assert status.data_bytes > 0
    assert status.uptime_s is not None
    assert status.uptime_s < 60
    assert "Kafka Server started" in status.log.read_text()
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name], "nothing is written outside the folder"
    with pytest.raises(BrokerError, match=r"runs on port \d+, not on 20999; stop it first"):
        start(folder, port=20_999)
    assert local.stop(folder) == first.pid
    assert local.stop(folder) is None
    assert local.status(folder).state == "stopped"


def test_two_starters_at_once_get_the_same_broker(folder: Path) -> None:
    starters = [
        subprocess.Popen([sys.executable, "-c", STARTER, str(folder), str(CACHE)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    pids = {starter.communicate(timeout=60)[0].strip() for starter in starters}
    assert pids == {str(local.status(folder).pid)}


def test_lost_pid_file_does_not_lose_the_broker(folder: Path) -> None:
    running = start(folder)
    (folder / "broker.pid").unlink()
    assert local.status(folder).state == "running"
    assert start(folder).pid == running.pid
    assert local.stop(folder) == running.pid


def test_reused_pid_is_never_signalled(folder: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        folder.mkdir()
        (folder / "broker.pid").write_text(json.dumps({"pid": bystander.pid}))
        assert local.status(folder).state == "stale"
        assert local.kill(folder) is None
        assert local.stop(folder) is None
        assert local.status(folder).state == "stopped"
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_stop_kills_what_does_not_listen(folder: Path) -> None:
    running = start(folder)
    os.kill(running.pid, signal.SIGSTOP)
    assert local.status(folder).state == "starting"
    assert local.stop(folder, gently_s=0.3) == running.pid
    assert local.status(folder).state == "stopped"


@pytest.mark.parametrize("meta", [None, "", "version=1\ncluster.id=" + CLUSTER], ids=["missing", "empty", "partial"])
def test_half_written_format_is_emptied(meta: str | None, tmp_path: Path) -> None:
    place = BrokerFolder(tmp_path)
    (place.data / "__cluster_metadata-0").mkdir(parents=True)
    (place.data / "bootstrap.checkpoint").write_bytes(b"...")
    (place.data / "__cluster_metadata-0" / "00000000000000000000-0000000000.checkpoint").write_bytes(b"...")
    if meta is not None:
        (place.data / "meta.properties").write_text(meta)
    assert repair(place) is None
    assert not place.data.exists()


async def test_start_repairs_a_half_written_format(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "meta.properties").write_text("version=1\n")
    (folder / "broker.json.new").write_text("{")
    running = start(folder)
    await create_topic(running.bootstrap, "works")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("data/news-0/00000000000000000000.log", "records", "holds 1 segments with records"),
        ("data/thesis.odt", "seven years of work", "is not a broker's: it holds 'thesis.odt'"),
        ("data/news-0/leader-epoch-checkpoint", "0", "is not a broker's: it holds 'news-0'"),
    ],
)
def test_data_that_could_be_lost_are_refused_and_stay(file: str, content: str, message: str, folder: Path) -> None:
    path = folder / file
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(BrokerError, match=message):
        start(folder)
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("version", "cluster", "message"),
    [
        ("3.9.1", CLUSTER, r"made by Kafka 3\.9\.1, this is Kafka 4\.3\.1"),
        ("4.3.1", "BBBBBBBBQACAAAAAAAAAAA", "mixed two brokers' files"),
    ],
)
def test_data_of_another_version_or_cluster_are_refused(version: str, cluster: str, message: str, tmp_path: Path) -> None:
    place = BrokerFolder(tmp_path)
    place.data.mkdir()
    (place.data / "meta.properties").write_text(f"version=1\ncluster.id={CLUSTER}\nnode.id=1\ndirectory.id=abc\n")
    write_marker(place, Marker(kafka_version=version, cluster_id=cluster, port=21_000, controller_port=21_001))
    with pytest.raises(BrokerError, match=message):
        repair(place)


def test_taken_port_names_its_owner(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"port {port}, .*\(pid {os.getpid()}\).*--port"):
            start(folder, port=port)


async def test_remembered_port_taken_is_foreign_and_a_taken_controller_port_is_replaced(folder: Path) -> None:
    first = start(folder)
    local.stop(folder)
    marker = json.loads((folder / "broker.json").read_text())
    with socket.create_server(("127.0.0.1", marker["port"])):
        status = local.status(folder)
        assert (status.state, status.pid) == ("foreign", os.getpid())
    with socket.create_server(("127.0.0.1", marker["controller_port"])):
        second = start(folder)
    assert second.bootstrap == first.bootstrap
    await create_topic(second.bootstrap, "through-the-new-controller-port")


def test_broker_that_ends_at_once_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "HEAP", "1k")
    with pytest.raises(BrokerError, match=r"(?s)the broker in .*ended while it started:\n  Error.*More in"):
        start(folder)
    assert local.status(folder).state == "stale"
    monkeypatch.undo()
    meta = folder / "data" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=7"))
    with pytest.raises(BrokerError, match=r"(?s)the controller in .*ended while it started.*Stored node id 7.*More in"):
        start(folder)


def test_starter_killed_while_fencing_leaves_nothing_behind(folder: Path) -> None:
    start(folder)
    local.kill(folder)
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(folder), str(CACHE)])
    while not (folder / "log" / "controller.log").exists():
        assert starter.poll() is None
        time.sleep(0.01)
    starter.kill()
    starter.wait()
    running = start(folder)
    assert running.pid == local.status(folder).pid
    mark = f"-Dnewswire.folder={folder}"
    assert [found.pid for found in psutil.process_iter(["cmdline"]) if mark in (found.info["cmdline"] or ())] == [running.pid]


def test_odd_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="its path has ,"):
        start(tmp_path / "a,b")


def test_an_open_port_alone_is_no_broker() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not ports.broker_answers(server.getsockname()[1])


def test_free_ports_are_the_same_for_the_same_folder_and_none_is_taken() -> None:
    found = ports.free_ports("/var/lib/newswire")
    first, second = next(found), next(found)
    with socket.create_server(("127.0.0.1", first)):
        assert next(ports.free_ports("/var/lib/newswire")) == second


def test_command_line(folder: Path) -> None:
    def newswire(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(root, ["broker", *arguments, "--folder", str(folder)])
        return result.exit_code, result.output

    code, output = newswire("status")
    assert (code, output.splitlines()[0]) == (3, "broker not running")
    code, output = newswire("up")
    assert code == 0
    bootstrap = re.findall(r"127\.0\.0\.1:\d+", output)[0]
    code, output = newswire("status", "--json")
    assert code == 0
    assert json.loads(output)["state"] == "running"
    code, output = newswire("up", "--port", "20999")
    assert code == 1
    assert output.startswith("Error: the broker in")
    code, output = newswire("status")
    assert bootstrap in output
    assert newswire("down")[1].startswith("broker stopped (pid ")
    assert newswire("down") == (0, f"no broker runs in {folder}\n")
