"""r: the state of `link` from its changelog by a lane that lost its disk, beside reading the same records and nothing else.

All messages are in one language, so that all rows lie in one partition and one lane restores them: the slowest case.
"""

import time

from aiokafka import TopicPartition
from msgspec import Struct

from pipeline import codec, kafka, provision
from pipeline.config import Config
from pipeline.state import MemoryStore
from pipeline.topics import full_name
from tests.bench import link
from tests.bench.ground import Ground
from tests.bench.load import Message, publish
from tests.bench.table import AT_LEAST, Goal, Row

PARTITION = 1
RESTORED = Goal(AT_LEAST, 50_000)


class Size(Struct, frozen=True):
    """How many stories `link` knows."""

    stories: int


async def measure(ground: Ground, size: Size) -> list[Row]:
    """The rows of r."""
    config = ground.config("restore")
    await provision.apply(config)
    rows = _state(size.stories)
    await publish(config, full_name(config.kafka.prefix, "state.link"), rows, PARTITION)
    process = ground.start("restore", "tests.bench.keyed_ours", "restore-link", config=config)
    await process.wait()
    facts = codec.loads((ground.folder / "restore" / "facts.json").read_bytes())
    assert facts["records"] == len(rows), f"{facts['records']} of {len(rows)} records restored"
    mb = sum(len(key) + len(value) for key, value, _ in rows) / 1e6
    stories = sum(key.startswith(b"s") for key, *_ in rows)
    what = f"restore link with {stories:,} stories ({len(rows):,} records, {mb:,.0f} MB, one lane)"
    return [
        Row(part="r", what=what, unit="records/s", measured=len(rows) / facts["seconds"], goal=RESTORED,
            baseline=len(rows) / await _read_s(config), versus="aiokafka reading them"),
        Row(part="r", what="the same", unit="s", measured=facts["seconds"]),
    ]  # fmt: skip


def _state(stories: int) -> list[Message]:
    state, messages = link.new_state(MemoryStore()), link.messages_of(stories)
    link.fill(state, link.articles(3, messages), messages)
    return [(key, value, []) for key, value in link.shuffled(state)]


async def _read_s(config: Config) -> float:
    """Seconds to read the changelog."""
    changelog = TopicPartition(full_name(config.kafka.prefix, "state.link"), PARTITION)
    async with kafka.reader(config.kafka) as consumer:
        began = time.monotonic()
        consumer.assign([changelog])
        ends = await consumer.end_offsets([changelog])
        async for _ in kafka.read_range(consumer, {changelog: 0}, ends):
            pass
        return time.monotonic() - began
