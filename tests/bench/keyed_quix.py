"""The baseline of c: the same hop in Quix Streams, exactly once, its state in RocksDB behind a changelog.

The only module that knows quixstreams. `--count` ends after so many outputs with a last commit, 0 works until SIGTERM.
"""

import argparse
import logging
import sys
import time
from pathlib import Path
from typing import Any

from pipeline import codec
from tests.bench.clock import Beginning

try:
    from quixstreams import Application, State
except ImportError:
    sys.exit("quixstreams is not installed: pip install --require-hashes -r requirements-bench.lock (make bench does it)")

RESTORE_BEGINS, RESTORE_ENDS = "Beginning recovery check...", "Recovery process complete! Resuming normal processing..."


class RestoreClock(logging.Handler):
    """Quix says in its log when a restore begins and ends."""

    def __init__(self) -> None:
        super().__init__()
        self.began = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Leaves the duration in restored.json."""
        message = record.getMessage()
        if message == RESTORE_BEGINS:
            self.began = time.monotonic()
        elif message == RESTORE_ENDS:
            Path("restored.json").write_bytes(codec.dumps({"seconds": time.monotonic() - self.began}))


def main() -> None:
    """The command line: `python -m tests.bench.keyed_quix BOOTSTRAP IN OUT`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bootstrap")
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--commit-interval", type=float)
    options = parser.parse_args()
    extra: dict[str, Any] = {} if options.commit_interval is None else {"commit_interval": options.commit_interval}
    app = Application(
        options.bootstrap,
        consumer_group=f"{options.source}-first",
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir="state",
        producer_extra_config={"compression.type": "zstd"},
        **extra,
    )
    logging.getLogger("quixstreams").addHandler(RestoreClock())
    source = app.topic(options.source, key_deserializer="bytes", value_deserializer="bytes")
    target = app.topic(options.target, key_serializer="bytes", value_serializer="bytes")
    beginning = Beginning(Path())

    def is_first(_value: bytes, state: State) -> bool:
        beginning.note()
        if state.exists("seen"):
            return False
        state.set("seen", 1)
        return True

    app.dataframe(source).filter(is_first, stateful=True).to_topic(target)
    app.run(count=options.count, collect=False)
    Path("facts.json").write_bytes(codec.dumps({"cpu_s": time.process_time()}))


if __name__ == "__main__":
    main()
