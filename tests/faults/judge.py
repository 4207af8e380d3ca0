"""What a run without faults would have given: each hop is a function of its input log, partition by partition.

So the judge runs the same stages over the committed records of each input partition, in order, in this process, and compares
everything that came of it: messages on every topic, state changelogs, accounts.
"""

from collections import Counter, defaultdict

from aiokafka import ConsumerRecord, TopicPartition

from pipeline.accounts import Snapshot
from pipeline.config import Config
from pipeline.hop import Hop, drive
from pipeline.ledger import Ledger
from pipeline.state import KeyedState, MemoryStore
from pipeline.topology import hops
from tests.service import contents

Said = Counter[tuple[str, bytes | None, bytes | None]]  # topic, key, value


async def faults_of(config: Config, snapshot: Snapshot) -> list[str]:
    """What differs from a run without faults; [] when nothing does."""
    expected, ledger, faults = Said(), Ledger(), list[str]()
    for hop in hops(config):
        for partition, records in (await _by_partition(config, hop.source)).items():
            said, states = await _run(hop, records, ledger)
            expected += said
            for stage, rows in states.items():
                if await _changelog(config, f"state.{stage}", partition) != rows:
                    faults.append(f"the state of {stage} on partition {partition} differs")
    got = Said()
    for topic in sorted({topic for topic, _, _ in expected}):
        got.update((topic, record.key, record.value) for record in await contents(config, topic))
    faults += [f"{count} of {topic} lost" for topic, count in _counts(expected - got)]
    faults += [f"{count} of {topic} doubled or strange" for topic, count in _counts(got - expected)]
    faults += [
        f"the accounts of {stage} differ"
        for stage, account in ledger.items()
        if snapshot.ledger[stage].to_builtins() != account.to_builtins()
    ]
    return faults


async def _by_partition(config: Config, topic: str) -> dict[int, list[ConsumerRecord]]:
    """The topic's committed records, by offset."""
    found: dict[int, list[ConsumerRecord]] = defaultdict(list)
    for record in await contents(config, topic):
        found[record.partition].append(record)
    return {partition: sorted(records, key=lambda record: record.offset) for partition, records in sorted(found.items())}


async def _run(hop: Hop, records: list[ConsumerRecord], ledger: Ledger) -> tuple[Said, dict[str, dict[bytes, bytes]]]:
    names = [stage.name for stage in hop.stages if stage.stateful]
    states = {name: KeyedState(MemoryStore(), TopicPartition(name, 0)) for name in names}
    bundle = await drive(hop, records, states, 1.0)
    ledger.add(bundle.ledger)
    for state in states.values():
        state.commit(0)
    return Said((m.topic, m.key, m.value) for m in bundle.messages), {name: dict(states[name].rows()) for name in names}


async def _changelog(config: Config, topic: str, partition: int) -> dict[bytes, bytes]:
    """The newest value of each key in one partition of a compacted topic."""
    rows: dict[bytes, bytes] = {}
    for record in (await _by_partition(config, topic)).get(partition, []):
        if record.value is None:
            rows.pop(record.key, None)
        else:
            rows[record.key] = record.value
    return rows


def _counts(said: Said) -> list[tuple[str, int]]:
    by_topic = Counter[str]()
    for (topic, _, _), count in said.items():
        by_topic[topic] += count
    return sorted(by_topic.items())
