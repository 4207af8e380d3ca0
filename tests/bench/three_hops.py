"""`newswire worker` with nothing behind `enriched`: its ingest, link and enrich hops alone, for a comparison of like with like.

The baseline has neither public topics nor object storage, so the worker beside it must not pay for them either.
"""

from dataclasses import replace
from pathlib import Path

from pipeline import topology
from pipeline.cli.context import connected
from pipeline.cli.worker import run_worker
from pipeline.config import Config, load
from tests.bench.clock import Clock, clocked


def without_storage(config: Config) -> Config:
    """Nothing is stored, so nothing is redacted."""
    return replace(config, objects=replace(config.objects, topics=()), recall=replace(config.recall, enabled=False))


if __name__ == "__main__":
    clock = Clock(Path())
    topology.HOPS = tuple(clocked(hop, clock) for hop in (topology.INGEST, topology.LINK, topology.ENRICH))  # type: ignore[assignment]
    run_worker(without_storage(connected(load())), "w0")
