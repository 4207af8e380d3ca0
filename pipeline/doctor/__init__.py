"""`newswire doctor`: is everything there that newswire needs, and if not, what to do? One small function a check.

A check looks and says what it found; it mends nothing. Two leave traces: the object store gets a probe object, deleted at once
(its folder is made if need be), and the broker's clock is read off one record on `newswire.ops.report`, which is kept for a day.
Nothing is fetched unless `feeds_fetched` asks for it.
"""

from pipeline.config import Config
from pipeline.doctor import catalogue, cluster, machine
from pipeline.doctor.check import Check, Probe, name_of, take

MACHINE: tuple[Probe, ...] = (
    machine.python,
    machine.libraries,
    machine.xml_parser,
    machine.java_runtime,
    machine.broker_jars,
    machine.disk,
    machine.open_files,
    machine.fixed_ports,
    catalogue.feeds,
    machine.object_store,
    cluster.broker,
)
ON_BROKER: tuple[Probe, ...] = (cluster.broker_version, cluster.topics, cluster.topic_timestamps, cluster.clock)


async def examine(config: Config, *, feeds_fetched: int = 0) -> list[Check]:
    """All checks in table order. `config.broker.cache` must be set: who calls knows the environment, this does not."""
    checks = [await take(probe, config) for probe in MACHINE]
    if checks[-1].state == "pass":
        addressed = cluster.addressed(config)
        checks += [await take(probe, addressed) for probe in ON_BROKER]
    else:
        checks += [Check(name_of(probe), "warn", "not checked: no broker", checks[-1].cure) for probe in ON_BROKER]
    if feeds_fetched:
        checks += await catalogue.fetched_feeds(config, feeds_fetched)
    return checks
