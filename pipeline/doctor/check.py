"""What one check came to, and how to run one so that its failure is a finding."""

import inspect
from collections.abc import Awaitable, Callable
from importlib import metadata
from typing import Literal

import psutil  # type: ignore[import-untyped]
from msgspec import Struct

from pipeline import kafka
from pipeline.broker import BrokerError
from pipeline.config import Config
from pipeline.sinks.stores import StoreError

State = Literal["pass", "warn", "fail"]

# What looking at files, processes, ports, topics and stores may raise; anything else is a bug of ours and may be seen.
BREAKS = (*kafka.FAILURES, kafka.Unreachable, BrokerError, StoreError, ValueError, psutil.Error, metadata.PackageNotFoundError)


class Check(Struct, frozen=True):
    """What one check came to. `cure` is what to type or change, "" when all is well."""

    name: str
    state: State
    found: str
    cure: str = ""


Probe = Callable[[Config], Check | Awaitable[Check]]


async def take(probe: Probe, config: Config) -> Check:
    """The probe's finding; a probe that breaks off is a failed check and does not touch the others."""
    try:
        found = probe(config)
        return await found if inspect.isawaitable(found) else found
    except BREAKS as error:
        sentence = f"the check broke off: {error or type(error).__name__}"
        return Check(name_of(probe), "fail", sentence, "put that right and check again")


def name_of(probe: Probe) -> str:
    """`broker_version` → "broker version": a check is called as its function is."""
    return probe.__name__.replace("_", " ")
