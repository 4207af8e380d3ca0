"""What exists on the cluster: partition counts and ids of our topics."""

from typing import Any

import faust

from pipeline import kafka
from pipeline.config import Config
from pipeline.topics import full_name, with_public


class Directory(faust.Service):
    """Partition counts and ids of our topics, read once before anything else starts. The dicts are shared with the lanes."""

    def __init__(self, config: Config, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.partitions: dict[str, int] = {}
        self.identities: dict[str, str] = {}

    async def on_start(self) -> None:
        """Fails with a clear message when topics are missing: they are created by `newswire topics apply`, never by a worker."""
        wanted = [full_name(self.config.kafka.prefix, topic.name) for topic in with_public(self.config.routes.topics)]
        async with kafka.admin(self.config.kafka) as client:
            self.partitions.update(await kafka.partition_counts(client, wanted))
            missing = sorted(set(wanted) - self.partitions.keys())
        if missing:
            raise kafka.Unreachable(f"topics are missing ({', '.join(missing[:3])} …): run `newswire topics apply`")
