"""`newswire worker` with nothing behind `enriched`: its ingest, link and enrich hops alone, for a comparison of like with like.

The baseline has neither public topics nor object storage, so the worker beside it must not pay for them either.
"""

from pathlib import Path
from typing import Any

import faust

from pipeline import topology
from pipeline.cli.context import connected
from pipeline.cli.worker import run_worker
from pipeline.config import load
from tests.bench.clock import Clock, clocked


class NoSink(faust.Service):
    """Stands where the object sink stood."""

    def __init__(self, _config: Any, _metrics: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def drain(self) -> None:
        """Nothing to seal."""

    async def quiesce(self) -> None:
        """Nothing under way."""


if __name__ == "__main__":
    clock = Clock(Path())
    topology.HOPS = tuple(clocked(hop, clock) for hop in (topology.INGEST, topology.LINK, topology.ENRICH))  # type: ignore[assignment]
    topology.ObjectsSink = NoSink  # type: ignore[misc,assignment]
    run_worker(connected(load()), "w0")
