"""The exactly-once driver on a real broker: outputs, state, accounts and offsets are one transaction, whatever happens."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from pipeline import codec, kafka
from pipeline.config import Config, DeadLetters
from pipeline.lane import Lane, Outbox
from pipeline.ledger import Ledger
from tests.kafka import harness
from tests.service import contents


def rows(count: int, *, start: int = 0) -> list[tuple[bytes, bytes]]:
    """Distinct keys with their number as value."""
    return [(b"key-%d" % n, b"%d" % n) for n in range(start, start + count)]


async def accounts(config: Config) -> Ledger:
    """The hop's accounts over all partitions, as anybody can read them from the group's commits."""
    async with kafka.admin(config.kafka) as client:
        offsets = await kafka.group_offsets(client, f"{config.kafka.app}-ingest")
    return Ledger.total(Ledger.from_builtins(codec.loads(position.metadata)) for position in offsets.values())


async def test_every_record_gets_one_verdict_and_the_accounts_say_so(config: Config) -> None:
    await harness.prepare(config)
    await harness.produce(config, "raw", [*rows(500), *rows(100), (b"evil", b"bad")])
    async with harness.running(config):
        await harness.until_caught_up(config, ["ingest:raw"])
    emitted = [record.key for record in await contents(config, "normalized")]
    assert sorted(emitted) == sorted(key for key, _ in rows(500))
    dead = await contents(config, "dead")
    assert [(r.key, r.value, dict(r.headers)["dead.reason"]) for r in dead] == [(b"evil", b"bad", b"no_content")]
    account = (await accounts(config))["dedup"]
    assert (account.received, account.emitted, account.imbalance) == (601, 500, 0)
    assert account.dropped == {"repeat": 100}
    assert account.rejected == {"no_content": 1}


async def test_a_lost_commit_answer_neither_loses_nor_repeats(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit holds, but its answer is lost (first), or the transaction is cut before its commit (second)."""
    await harness.prepare(config)
    cuts = Counter[str]()
    commit, flush = AIOKafkaProducer.commit_transaction, Outbox.flush

    async def forgetful(self: AIOKafkaProducer) -> None:
        await commit(self)
        if cuts["after"] < 2:
            cuts["after"] += 1
            raise KafkaError("the answer was lost")

    async def cut(self: Outbox) -> dict[tuple[str, int], int]:
        ends = await flush(self)
        if cuts["before"] < 3:
            cuts["before"] += 1
            raise KafkaError("the connection broke")
        return ends

    monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", forgetful)
    monkeypatch.setattr(Outbox, "flush", cut)
    await harness.produce(config, "raw", rows(1000))
    async with harness.running(config):
        await harness.until_caught_up(config, ["ingest:raw"])
    assert cuts == {"after": 2, "before": 3}
    emitted = Counter(record.key for record in await contents(config, "normalized"))
    assert emitted == Counter(key for key, _ in rows(1000))
    assert (await accounts(config))["dedup"].emitted == 1000


async def test_state_survives_restart_lost_disk_and_a_move_to_another_worker(config: Config) -> None:
    await harness.prepare(config)
    for round_, worker in enumerate(("w0", "w0", "elsewhere")):
        await harness.produce(config, "raw", rows(200 + round_))
        async with harness.running(config, worker):
            await harness.until_caught_up(config, ["ingest:raw"])
    assert len(await contents(config, "normalized")) == 202
    assert (await accounts(config))["dedup"].dropped == {"repeat": 401}


async def test_two_workers_share_partitions_and_a_zombie_is_fenced(config: Config) -> None:
    await harness.prepare(config)
    await harness.produce(config, "raw", rows(300))
    async with harness.running(config, "w0") as old:
        await harness.until_caught_up(config, ["ingest:raw"])
        zombie = old.lanes[TopicPartition(old.topic, 0)]
        usurper = Lane(await harness.wiring(config, "usurper"), zombie.tp)
        await usurper.open()  # fences the zombie, which still believes to own the partition
        await usurper.close()
        await harness.produce(config, "raw", rows(300, start=300))
        await harness.until_caught_up(config, ["ingest:raw"])
        assert zombie.is_fenced
        assert old.lanes[zombie.tp] is not zombie
    emitted = Counter(record.key for record in await contents(config, "normalized"))
    assert emitted == Counter(key for key, _ in rows(600))


async def test_the_dead_letter_limit_stops_the_hop_and_loses_nothing(config: Config) -> None:
    config = replace(config, dead_letters=DeadLetters(share_max=1.0, window=1000, run_max=50))
    await harness.prepare(config)
    await harness.produce(config, "raw", [*rows(10), *((b"evil-%d" % n, b"bad") for n in range(400))])
    async with harness.running(config) as intake:
        async with asyncio.timeout(30):
            while not intake.stopped_because:
                await asyncio.sleep(0)
        assert "run_max = 50" in intake.stopped_because
    dead = len(await contents(config, "dead"))
    assert dead < 400
    mended = replace(config, dead_letters=DeadLetters(share_max=1.0, window=1000, run_max=1000))
    async with harness.running(mended):
        await harness.until_caught_up(config, ["ingest:raw"])
    assert len(await contents(config, "dead")) == 400
    assert len(await contents(config, "normalized")) == 10
