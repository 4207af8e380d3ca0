"""`newswire worker`: one worker process."""

import asyncio
import os
from typing import TYPE_CHECKING

import click

from pipeline.cli.context import connected, settings

if TYPE_CHECKING:
    from pipeline.config import Config


KAFKA_WITHIN_S = 60.0  # brokers and workers of a machine start together, and a broker needs half a minute after a crash


@click.command()
@click.option("--name", default="w0", show_default=True, help="The worker's slot: local state and control group belong to it.")
@click.option("--metrics-port", type=int, help="Port of /metrics on loopback (0: a free one).")
@click.pass_context
def worker(ctx: click.Context, name: str, metrics_port: int | None) -> None:
    """Run one worker process against an existing Kafka.

    More workers, here or on other machines, share the work: start them with another --name. SIGTERM finishes what is in hand.
    A Kafka that does not answer yet is waited for, a minute at most.
    """
    config = connected(settings(ctx, metrics__port=metrics_port))
    run_worker(config, name)


def run_worker(config: "Config", name: str) -> None:
    """Runs the Faust worker until a signal ends it, then exits. Raises `Unreachable` when no broker answers in time."""
    import uvloop
    from faust.worker import Worker

    from pipeline import kafka
    from pipeline.logs import configure
    from pipeline.topology import create_app

    configure(config.log, name)
    uvloop.install()
    app = create_app(config, name)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # Faust gives up at once, and finds its own loop set
        runner.run(kafka.awaited(config.kafka, KAFKA_WITHIN_S))
    with open(os.devnull, "w") as nowhere:  # for Faust's spinner
        worker = Worker(
            app,
            loglevel=config.log.level,
            stdout=nowhere,
            redirect_stdouts=False,
            quiet=True,
            override_logging=False,
            daemon=True,
        )
        worker.execute_from_commandline()
