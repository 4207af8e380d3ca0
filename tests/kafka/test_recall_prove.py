"""`newswire recall prove` names every place that still holds a copy, whoever put it there, and every place that it cannot see."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result

from pipeline import codec, kafka, provision
from pipeline.cli import root
from pipeline.config import Config, to_environment
from pipeline.hop import dead_letter
from pipeline.reasons import Reason
from pipeline.records import Reject
from pipeline.sinks.compact import Compactor
from pipeline.sinks.line import StoredRecord
from pipeline.sinks.stores import FileStore
from pipeline.stages.link.chain import digest
from pipeline.stages.link.memory import text_ref
from pipeline.topics import full_name, sink_name
from tests.kafka.test_recall import eventually
from tests.sinks.records import Rec
from tests.sinks.test_redaction import KEY, LATER, TOPICS, URI, document, event, filled, made, raw

Row = tuple[str, Rec]
FACTS = ("offset", "timestamp", "key", "value", "headers")


async def produce(config: Config, *rows: Row) -> None:
    producer = AIOKafkaProducer(**kafka.connection(config.kafka), acks="all")
    await producer.start()
    try:
        for topic, record in rows:
            name = full_name(config.kafka.prefix, topic)
            await producer.send_and_wait(name, record.value, key=record.key, headers=list(record.headers), partition=0)
    finally:
        await producer.stop()


async def pass_by(config: Config, group: str, topic: str) -> None:
    """The group has done all that the topic holds."""
    async with kafka.reader(config.kafka, group_id=f"{config.kafka.app}-{group}") as consumer:
        consumer.subscribe([full_name(config.kafka.prefix, topic)])
        await eventually(lambda: _has_partitions(consumer))
        await consumer.commit(await consumer.end_offsets(list(consumer.assignment())))


async def all_stored(config: Config) -> None:
    """The sinks have stored all that there is."""
    for topic in config.objects.topics:
        await pass_by(config, sink_name(topic), topic)


async def _has_partitions(consumer) -> bool:  # type: ignore[no-untyped-def]
    await consumer.getmany(timeout_ms=50)
    return bool(consumer.assignment())


async def recall(config: Config, *arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner(env=to_environment(config)).invoke, root, ["recall", *arguments])


@pytest.fixture
async def world(config: Config, tmp_path: Path) -> Config:
    """The item on the topics inside and in every form of the store, Parquet too, and in a document that no sink could store."""
    pytest.importorskip("pyarrow", reason="pyarrow (the extra `parquet`) is not installed")
    await provision.apply(config)
    store = FileStore(tmp_path / "objects")
    for key, body in (await filled()).objects.items():
        await store.put_new(key, body)
    await Compactor(store, "news", TOPICS["events"]).run(LATER, settle=timedelta(hours=1), grace=None)
    body = document(7, KEY)
    record = StoredRecord(topic="t.documents", partition=0, **{name: getattr(body, name) for name in FACTS})
    letter = dead_letter(record, "objects-documents", Reject(Reason.BAD_RECORD, "no status"))
    rejected = Rec(0, key=letter.key, value=letter.value, headers=tuple(letter.headers))
    rows = [(topic, event(0, KEY)) for topic in ("normalized", "linked", "enriched")]
    await produce(config, *rows, ("raw", raw(0, KEY)), ("documents", document(0, KEY)), ("dead", rejected))
    return replace(config, objects=replace(config.objects, prefix="news"))


async def test_every_place_is_named_with_what_forgets_it_and_when(world: Config, tmp_path: Path) -> None:
    found = await recall(world, "prove", URI)
    assert (found.exit_code, found.output.splitlines()[-1][:8]) == (1, "NOT GONE"), found.output
    objects = {path.name for path in (tmp_path / "objects").rglob("*") if path.is_file() and "/_" not in str(path)}
    for name in objects - {name for name in objects if name.startswith((f"{7:020d}", f"{1:020d}"))}:
        assert name in found.output, name
    assert {name.rpartition(".")[2] for name in objects} == {"zst", "gz", "parquet"}
    for topic in ("normalized", "linked", "enriched", "raw", "documents", "dead"):
        assert f"  {topic} keeps 1 record inside until 2" in found.output
    assert [line.split(":")[1].strip() for line in found.output.splitlines() if "not searched" in line] == [
        "the folders of the workers' state", "backups, and what readers have copied",
    ]  # fmt: skip


async def test_the_text_that_link_compares_with_is_found_until_it_is_forgotten(world: Config) -> None:
    key = b"t" + text_ref(digest(URI), bytes.fromhex(made(KEY).pipeline.dedup.content))
    other = b"t" + text_ref(digest("urn:another"), bytes(16))
    await produce(world, ("state.link", Rec(0, key=key, value=b"packed")), ("state.link", Rec(1, key=other, value=b"packed")))
    proof = codec.loads((await recall(world, "prove", URI, "--json")).stdout)
    [text] = [held for held in proof["inside"] if held["topic"] == "state.link"]
    assert (text["offset"], text["uri"]) == (0, URI)
    assert datetime.fromisoformat(text["until"]) - datetime.fromisoformat(text["at"]) == timedelta(hours=72)
    await produce(world, ("state.link", Rec(2, key=key, value=None)))
    found = await recall(world, "prove", URI)
    assert "state.link keeps" not in found.output
    assert "state.link: the log holds 1 replaced record until the broker cleans it" in found.output


async def test_what_a_sink_has_yet_to_store_is_not_gone(world: Config) -> None:
    assert (await recall(world, "run", URI, "--reason", "court order")).exit_code == 0
    found = await recall(world, "prove", URI)
    assert (found.exit_code, "NOT YET GONE" in found.output) == (1, True), found.output
    assert all(f"    {topic} 0/0 since" in found.output for topic in ("enriched", "raw", "documents"))
    await all_stored(world)
    found = await recall(world, "prove", URI)
    assert (found.exit_code, "ON ITS WAY" in found.output) == (0, False), found.output


async def test_a_planted_copy_is_named_wherever_it_lies(world: Config, tmp_path: Path) -> None:
    originals = {path: path.read_bytes() for path in (tmp_path / "objects").rglob("*") if path.is_file()}
    assert (await recall(world, "run", URI, "--reason", "court order")).exit_code == 0
    await all_stored(world)
    planted = [path for path in originals if not path.exists()]
    assert {path.suffix for path in planted} == {".zst", ".gz", ".parquet"}
    for path in planted:
        path.write_bytes(originals[path])
        found = await recall(world, "prove", URI)
        assert (found.exit_code, f"{path.name}: " in found.output) == (1, True), (path, found.output)
        path.unlink()
    assert (await recall(world, "prove", URI, "--deep")).exit_code == 0
