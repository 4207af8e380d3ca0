"""`newswire verify --against-kafka`: a store held to the group's offsets and the log of a real broker."""

import asyncio
from dataclasses import replace

import pytest
from aiokafka.admin import RecordsToDelete
from aiokafka.structs import TopicPartition
from click.testing import CliRunner, Result

from pipeline import codec
from pipeline.cli import root
from pipeline.config import Config, Kafka, environment_name
from pipeline.sinks import against
from pipeline.sinks.forms import EVENTS, pack, unpack
from pipeline.sinks.manifests import manifests_of, topic_ids_in
from pipeline.sinks.segment import Limits, Manifest
from pipeline.sinks.verify import Options, Report, verify
from tests.sinks.corner import Abandoned, Corner, Crash, events, producer

TENS = Limits(records_max=10, age_s=0.3)


def kafka_of(corner: Corner) -> Kafka:
    return replace(Config().kafka, bootstrap=corner.bootstrap)


async def compared(corner: Corner) -> Report:
    before = await against.standing(kafka_of(corner), corner.topic, corner.settings.group, "events")
    report = await verify(corner.store, "news", [corner.topic], Options())
    await against.compare(kafka_of(corner), corner.store, "news", report, before)
    return report


def rules(report: Report) -> list[str]:
    return sorted({finding.rule for finding in report.findings})


async def sealed(corner: Corner, count: int = 30, partitions: int = 1) -> None:
    await corner.create(partitions)
    await corner.send(events(range(count)))
    async with corner.running(corner.sink(limits=TENS)):
        await corner.until_committed(p0=count)


async def manifests(corner: Corner) -> list[Manifest]:
    [topic_id] = await topic_ids_in(corner.store, "news", corner.topic)
    return [manifest async for manifest in manifests_of(corner.store, "news", corner.topic, topic_id)]


async def remove(corner: Corner, manifest: Manifest) -> None:
    await corner.store.delete(manifest.place("news").manifest_key(manifest.start, manifest.end))
    await corner.store.delete(manifest.key)


async def test_a_good_store_agrees(corner: Corner) -> None:
    await sealed(corner, partitions=2)
    report = await compared(corner)
    assert report.findings == []
    assert [partition.next_offset for partition in report.partitions] == [30]


async def test_before_the_first_segment_there_is_nothing_to_find(corner: Corner) -> None:
    await corner.create()
    await corner.send(events(range(5)))
    assert (await compared(corner)).findings == []


async def test_rejects_markers_and_aborted_records_are_no_difference(corner: Corner) -> None:
    await corner.create()
    async with producer(corner.bootstrap, f"{corner.topic}-tx") as to:
        for value, is_kept in ((b'{"n":0}', True), (b'{"n":1}', False), (b"{", True)):
            await to.begin_transaction()
            await to.send_and_wait(corner.topic, value, partition=0)
            await (to.commit_transaction() if is_kept else to.abort_transaction())
    async with corner.running(corner.sink()):
        await corner.until_committed(p0=5)
    assert (await compared(corner)).findings == []


async def test_a_tail_that_is_gone_is_unsealed(corner: Corner) -> None:
    await sealed(corner)
    await remove(corner, (await manifests(corner))[-1])
    report = await compared(corner)
    assert rules(report) == ["accounts", "unsealed"]
    [unsealed] = [finding for finding in report.findings if finding.rule == "unsealed"]
    assert (unsealed.start, unsealed.end) == (20, 29)


async def test_a_store_that_is_gone_is_unsealed(corner: Corner) -> None:
    await sealed(corner)
    for manifest in await manifests(corner):
        await remove(corner, manifest)
    assert rules(await compared(corner)) == ["accounts", "unsealed"]


async def test_a_forged_segment_differs_from_the_log_and_the_accounts(corner: Corner) -> None:
    """A record is gone, and object and manifest agree on it: nothing in the store could tell."""
    await sealed(corner)
    manifest = (await manifests(corner))[1]
    body = await corner.store.get(manifest.key)
    assert body is not None
    lines = unpack(body)[0].splitlines(keepends=True)
    forged, sha256 = pack(b"".join(lines[1:]), EVENTS)
    content = b"".join(lines[1:])
    await remove(corner, manifest)
    key = manifest.place("news").manifest_key(manifest.start, manifest.end)
    facts = codec.loads(codec.encode(manifest)) | {"count": 9, "bytes": len(content), "sha256": sha256}
    await corner.store.put_new(manifest.key, forged)
    await corner.store.put_new(key, codec.dumps(facts))
    report = await compared(corner)
    assert rules(report) == ["accounts", "log"]
    [log] = [finding for finding in report.findings if finding.rule == "log"]
    assert (log.start, log.end, log.what) == (10, 19, "the log has 10 records, 9 are stored and 0 rejected")


async def test_what_the_log_has_lost_is_not_counted(corner: Corner) -> None:
    await sealed(corner)
    await corner.admin.delete_records({TopicPartition(corner.topic, 0): RecordsToDelete(before_offset=15)})
    assert (await compared(corner)).findings == []


async def test_a_long_log_is_not_counted_and_that_is_said(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
    await sealed(corner)
    monkeypatch.setattr(against, "COUNTED_MAX", 29)
    report = await compared(corner)
    assert (rules(report), report.is_good) == (["not_counted"], True)


async def test_an_object_of_a_decided_range_is_open_any_other_a_stray(corner: Corner) -> None:
    await corner.create()
    await corner.send(events(range(10)))

    def crash(point: str) -> None:
        if point == "after_put":
            raise Crash(point)

    sink = corner.sink(Abandoned, at=crash)
    run = asyncio.create_task(sink.run())
    with pytest.raises(Crash):
        await run
    report = await compared(corner)
    assert (rules(report), report.is_good) == (["open"], True)
    [key] = report.partitions[0].leftovers
    body = await corner.store.get(key)
    assert body is not None
    await corner.store.put_new(key.replace("-00000000000000000009.", "-00000000000000000008."), body)
    report = await compared(corner)
    assert (rules(report), report.is_good) == (["open", "stray"], False)


async def test_a_recreated_topic_is_judged_by_its_own_offsets(corner: Corner) -> None:
    await sealed(corner)
    await corner.recreate()
    report = await compared(corner)
    assert report.findings == []
    assert [partition.next_offset for partition in report.partitions] == [30]


async def test_a_store_that_is_written_meanwhile_agrees(corner: Corner) -> None:
    await corner.create()
    async with corner.running(corner.sink(limits=Limits(records_max=5, age_s=0.3))):
        for number in range(4):
            writing = asyncio.create_task(corner.send(events(range(number * 50, number * 50 + 50))))
            report = await compared(corner)
            assert report.is_good, report.findings
            await writing
        await corner.until_committed(p0=200)
    assert (await compared(corner)).findings == []


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def newswire(corner: Corner, *arguments: str) -> Result:
    """The command with the corner's topic as its `enriched`."""
    prefix = corner.topic.removesuffix(".enriched")
    assert corner.settings.group == f"{corner.topic}-objects"
    env = {
        environment_name("kafka.bootstrap"): corner.bootstrap,
        environment_name("kafka.prefix"): prefix,
        environment_name("kafka.app"): corner.topic,
        environment_name("broker.folder"): f"{corner.store.root}/no-broker",  # type: ignore[attr-defined]
        environment_name("objects.prefix"): "news",
        environment_name("objects.store"): f"file:{corner.store.root}",  # type: ignore[attr-defined]
    }
    return await asyncio.to_thread(CliRunner(env=env).invoke, root, ["verify", "--against-kafka", *arguments])


async def test_the_command_compares(corner: Corner) -> None:
    await sealed(corner)
    good = await newswire(corner, "--json")
    assert good.exit_code == 0, good.output
    document = codec.loads(good.stdout)
    assert {note["rule"] for note in document["notes"]} == {"not_counted"}  # no such topic: raw, documents
    await remove(corner, (await manifests(corner))[-1])
    bad = await newswire(corner, "--topic", "enriched")
    assert bad.exit_code == 1
    assert "unsealed (I1)" in bad.stdout
    assert "offset 30 is committed, the manifests end at 20" in bad.stdout


async def test_what_was_killed_must_be_gone_from_public_topics(corner: Corner) -> None:
    await sealed(corner)
    public = corner.topic.replace(".enriched", ".out.en")
    await Corner(corner.bootstrap, public, corner.store, corner.admin).create()
    uri = "urn:newswire:article:7"
    async with producer(corner.bootstrap) as to:
        await to.send_and_wait(public, b'{"uri":"urn:newswire:article:7"}', key=uri.encode(), partition=0)
    found = await newswire(corner, "--killed", uri)
    assert found.exit_code == 1
    assert f"{public}-0 0..0: the newest record of its key" in found.stdout
    async with producer(corner.bootstrap) as to:
        await to.send_and_wait(public, None, key=uri.encode(), partition=0)
    gone = await newswire(corner, "--killed", uri)
    assert (gone.exit_code, f"the content of {uri} is in no object of the store and in no public topic" in gone.stdout) == (
        0,
        True,
    )


async def test_without_a_broker_nothing_is_proved(corner: Corner) -> None:
    await sealed(corner)
    assert (await newswire(Corner("local", corner.topic, corner.store, corner.admin))).exit_code == 2
    result = await newswire(Corner("127.0.0.1:1", corner.topic, corner.store, corner.admin))
    assert result.exit_code == 2
    assert "no Kafka answers at 127.0.0.1:1" in result.stderr
