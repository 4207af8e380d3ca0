"""Where every item is: accounts of all stages from the groups' offset commits, with lag, and what is unaccounted for.

Downstream is read before upstream: what was emitted in between shows as in flight, never as missing.
"""

import time
from contextlib import suppress
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError
from msgspec import Struct

from pipeline import codec, kafka
from pipeline.config import Config
from pipeline.kafka import Lag
from pipeline.ledger import Account, Ledger
from pipeline.recall.account import Account as Recalled
from pipeline.recall.account import together
from pipeline.recall.patrol import accounts_of
from pipeline.records import Report
from pipeline.topics import full_name, sink_name
from pipeline.topology import HOPS, edges, groups

REPORTS_READ = 256  # a worker reports every second: the last ones of all workers that a cluster may have
SILENT_S = 10.0  # a worker that has said nothing for this long is not at work
OPEN = frozenset({"poll", "fetch"})  # others than our poller may write to the topics behind these


class Snapshot(Struct, frozen=True):
    """The accounts at one moment. `unaccounted` per edge "upstream→downstream" must be 0; above is lost, below is doubled.

    `recall` is what became of killed content that came into the object store again; None where no worker has recalled anything.
    `workers` are the newest reports of those that are at work.
    """

    at: float
    ledger: Ledger
    lags: tuple[Lag, ...]
    unaccounted: dict[str, int]
    recall: Recalled | None = None
    workers: tuple[Report, ...] = ()

    @property
    def lag_records(self) -> int:
        """Offsets behind, over all groups."""
        return sum(lag.records for lag in self.lags)

    @property
    def lag_seconds(self) -> float:
        """Age of the oldest record that some group has not processed."""
        return max((lag.seconds for lag in self.lags), default=0.0)

    def to_builtins(self) -> dict[str, Any]:
        """For --json."""
        return {
            "at": self.at,
            "stages": self.ledger.to_builtins(),
            "lag": {
                "records": self.lag_records,
                "seconds": round(self.lag_seconds, 3),
                "groups": {
                    name: {
                        "topic": rows[0].topic,
                        "records": sum(lag.records for lag in rows),
                        "seconds": round(max(lag.seconds for lag in rows), 3),
                    }
                    for name in dict.fromkeys(lag.group for lag in self.lags)
                    if (rows := [lag for lag in self.lags if lag.group == name])
                },
            },
            "unaccounted": self.unaccounted,
            "recall": None if self.recall is None else self.recall.to_builtins(),
            "workers": [{"worker": one.worker, "pid": one.pid, "stopped": dict(one.stopped)} for one in self.workers],
        }


async def take(config: Config) -> Snapshot:
    """Reads the accounts of the whole service."""
    app = config.kafka.app
    ledger = Ledger()
    sinks = [sink_name(topic) for topic in reversed(config.objects.topics)]
    async with kafka.admin(config.kafka) as client:
        for name in (*sinks, *(hop.name for hop in reversed(HOPS)), "poll"):
            try:
                offsets = await kafka.group_offsets(client, f"{app}-{name}")
            except GroupCoordinatorNotAvailableError:  # a cluster that never had a group
                continue
            for position in offsets.values():
                if position.metadata:
                    facts = codec.loads(position.metadata)
                    ledger.add(_stored(name, facts) if name in sinks else Ledger.from_builtins(facts))
    lags = tuple(await kafka.lags(config.kafka, groups(config)))
    recalled = (await accounts_of(config)).values()
    return Snapshot(
        at=time.time(),
        ledger=ledger,
        lags=lags,
        unaccounted=_unaccounted(ledger, lags, config),
        recall=together(recalled) if recalled else None,
        workers=await at_work(config),
    )


async def at_work(config: Config) -> tuple[Report, ...]:
    """The newest report of each worker that is not silent, by name."""
    topic = full_name(config.kafka.prefix, "ops.report")
    async with kafka.admin(config.kafka) as client:
        count = (await kafka.partition_counts(client, [topic])).get(topic, 0)
    if not count:
        return ()
    newest: dict[tuple[str, int], Report] = {}
    async with kafka.reader(config.kafka) as consumer:
        partitions = [TopicPartition(topic, partition) for partition in range(count)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        starts = {tp: max(0, end - REPORTS_READ) for tp, end in ends.items()}
        async for records in kafka.read_range(consumer, starts, ends):
            for record in records:
                with suppress(codec.Undecodable):
                    report = codec.decode(record.value, Report)
                    newest[report.worker, report.pid] = report
    since = time.time() - max(SILENT_S, 5 * config.run.report_s)
    return tuple(newest[key] for key in sorted(newest) if key[1] and newest[key].at > since)  # the doctor's has no pid


def _stored(sink: str, facts: dict[str, Any]) -> Ledger:
    """The account of an object sink, from what it commits with its offsets."""
    stored, rejected = facts.get("stored", 0), facts.get("rejected", {})
    account = Account.from_builtins({"in": stored + sum(rejected.values()), "emitted": stored, "rejected": rejected})
    return Ledger({sink: account})


def _unaccounted(ledger: Ledger, lags: tuple[Lag, ...], config: Config) -> dict[str, int]:
    app = config.kafka.app
    behind = dict.fromkeys(groups(config), 0)
    for lag in lags:
        behind[lag.group] += lag.records
    group_of = {hop.stages[0].name: f"{app}-{hop.name}" for hop in HOPS}
    group_of |= {name: f"{app}-{name}" for name in map(sink_name, config.objects.topics)}
    found = {}
    for upstream, downstream in edges(config):
        if upstream not in ledger and downstream not in ledger:
            continue
        missing = ledger.account(upstream).sent - ledger.account(downstream).received
        in_flight = behind.get(group_of.get(downstream, ""), 0)
        if upstream in OPEN and missing < 0:
            missing = 0
        found[f"{upstream}→{downstream}"] = max(0, missing - in_flight) if missing > 0 else missing
    for stage, account in ledger.items():
        if account.imbalance:
            found[stage] = account.imbalance
    return found
