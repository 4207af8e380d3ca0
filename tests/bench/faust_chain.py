"""The baseline of a, b and d: the same three hops as an idiomatic Faust agent chain, at least once, with its state in a dict.

`async for event in stream.events()` and `topic.send`, values as bytes, the codec and the stages of the pipeline itself.
"""

import os
from pathlib import Path
from typing import Any

import faust
import uvloop
from faust.worker import Worker

from pipeline import codec, stages
from pipeline.cli.context import connected
from pipeline.config import Config, load
from pipeline.hop import Hop, run_chain
from pipeline.ledger import Ledger
from pipeline.topics import TOPICS, full_name
from pipeline.topology import ENRICH, INGEST, LINK
from tests.bench.clock import Clock, clocked


def create_app(config: Config) -> faust.App:
    """One agent per hop, each writing the topic the next one reads."""
    app = faust.App(
        config.kafka.app,
        broker=f"kafka://{config.kafka.bootstrap}",
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        worker_redirect_stdouts=False,
        producer_compression_type="zstd",
        producer_max_batch_size=512 << 10,
        broker_session_timeout=8,
        broker_heartbeat_interval=1.5,
    )
    raw_bytes = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    topics = {topic.name: app.topic(full_name(config.kafka.prefix, topic.name), **raw_bytes) for topic in TOPICS}
    clock = Clock(Path())
    for hop in (INGEST, LINK, ENRICH):
        app.agent(topics[hop.source], name=hop.name)(_agent(clocked(hop, clock), topics))
    return app


def _agent(hop: Hop, topics: dict[str, Any]) -> Any:
    states: dict[str, dict[bytes, bytes]] = {stage.name: {} for stage in hop.stages if stage.stateful}
    ledger = Ledger()

    async def agent(stream: Any) -> None:
        async for event in stream.events():
            item = hop.decode(event.key, event.value, event.headers)
            outcome = run_chain(hop.stages, item, states, hop.now_of(item), ledger)
            outcome.apply(states)
            for side in outcome.also:
                await topics[side.topic].send(key=side.key.encode(), value=codec.encode(side.value))
            if outcome.record is not None:
                for message in hop.encode(outcome.record):
                    await topics[message.topic].send(key=message.key, value=message.value, headers=message.headers)

    return agent


if __name__ == "__main__":
    stages.warm()
    uvloop.install()
    app = create_app(connected(load()))
    with open(os.devnull, "w") as nowhere:  # for Faust's spinner
        Worker(app, loglevel="warning", stdout=nowhere, redirect_stdouts=False, quiet=True).execute_from_commandline()
