"""Runs the measurements, prints one table, writes var/bench.json. Exit status 0 unless a measurement failed to run."""

import argparse
import asyncio
import logging
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from subprocess import SubprocessError
from typing import Any

import uvloop
from msgspec import Struct
from rich.console import Console

from pipeline import codec
from tests.bench import chain, compact, contract, gone, keyed, link, minhash, normalize, restore, segment, verify
from tests.bench.ground import ROOT, Ground
from tests.bench.table import Row, render, verdict

LINK_FULL, LINK_QUICK = link.Size((100_000, 1_000_000), 5000), link.Size((3000, 5000), 1000)
LINK_FILL_S = 45.0  # of a whole bench
# Parts that need no Kafka: letter → measurement (is_quick, seconds to fill the largest state → rows).
ALONE: dict[str, Callable[[bool, float], list[Row]]] = {
    "e": lambda is_quick, _: normalize.measure(normalize.Size(500, 2) if is_quick else normalize.Size(1500, 5)),
    "f": lambda is_quick, _: segment.measure(segment.Size(200, 2000, 1, 64) if is_quick else segment.Size(1000, 5000, 5, 256)),
    "k": lambda is_quick, _: compact.measure(segments=1 if is_quick else 8),
    "l": lambda is_quick, fill_s: link.measure(LINK_QUICK if is_quick else LINK_FULL, fill_s),
    "m": lambda is_quick, _: minhash.measure(minhash.Size(1000, 500) if is_quick else minhash.Size(6000, 4000)),
    "s": lambda is_quick, _: contract.measure(articles=200 if is_quick else 2000, rounds=2 if is_quick else 7),
    "v": lambda is_quick, _: verify.measure(verify.Size(20_000, 20_000) if is_quick else verify.Size(400_000, 100_000)),
}
WITH_KAFKA = "abcdgr"
PARTS = WITH_KAFKA + "".join(ALONE)
FAILURES = (OSError, RuntimeError, AssertionError, ValueError, KeyError, SubprocessError)
WIDTH = 180  # into a pipe or a file


class Sizes(Struct, frozen=True):
    """Of the parts that need Kafka."""

    chain: chain.Size
    keyed: keyed.Size
    gone: gone.Size
    restore: restore.Size


FULL = Sizes(
    chain=chain.Size(warm=500, articles=2000, rounds=3, latency_s=12),
    keyed=keyed.Size(records=100_000, rounds=2, pace_s=8),
    gone=gone.Size(kills=48),
    restore=restore.Size(stories=100_000),
)
QUICK = Sizes(
    chain=chain.Size(warm=200, articles=1000, rounds=2, latency_s=5),
    keyed=keyed.Size(records=20_000, rounds=1, pace_s=6),
    gone=gone.Size(kills=8),
    restore=restore.Size(stories=5000),
)


def main() -> int:
    """The command line."""
    options = _options()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every topic that is seconds old
    rows, failures = _measure_alone(options.only, options.quick, options.fill_s)
    if set(options.only) & set(WITH_KAFKA):
        more, failed = uvloop.run(_measure(options.folder, options.only, QUICK if options.quick else FULL))
        rows, failures = sorted(rows + more, key=lambda row: row.part), failures + failed
    Console(width=None if sys.stdout.isatty() else WIDTH).print(render(rows, "newswire bench"))
    print(verdict(rows))
    report = {"machine": _machine(), "quick": options.quick, "rows": [row.to_builtins() for row in rows], "failures": failures}
    file = options.folder.parent / "bench.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(codec.dumps_readable(report) + b"\n")
    print(f"written to {file}")
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works: figures mean little")
    parser.add_argument("--only", default=PARTS, type=_parts, help=f"{','.join(PARTS)}: the parts to measure (a and b are one)")
    parser.add_argument("--fill-s", default=LINK_FILL_S, type=float, help="seconds in which l may fill its largest state (45)")
    parser.add_argument("--folder", default=ROOT / "var" / "bench", type=_folder, help="emptied at the start")
    return parser.parse_args()


def _folder(text: str) -> Path:
    return Path(text).resolve()  # processes stand in folders of their own


def _parts(text: str) -> str:
    parts = text.replace(",", "")
    if not parts or set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{text!r}: name some of {', '.join(PARTS)}")
    return parts


def _measure_alone(parts: str, is_quick: bool, fill_s: float) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    failures: list[str] = []
    for part in sorted(set(parts) & set(ALONE)):
        with _told(part):
            try:
                rows += ALONE[part](is_quick, fill_s)
            except FAILURES:
                failures.append(traceback.format_exc())
    return rows, failures


async def _measure(folder: Path, parts: str, sizes: Sizes) -> tuple[list[Row], list[str]]:
    """SIGTERM cancels it, so that it ends what it started: a process that outlives its bench joins the groups of the next one."""
    measuring = asyncio.current_task()
    assert measuring is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, measuring.cancel)
    rows: list[Row] = []
    failures: list[str] = []
    wanted: list[tuple[str, Callable[[Ground], Awaitable[list[Row]]]]] = [
        ("abd", lambda ground: chain.measure(ground, sizes.chain, parts)),
        ("c", lambda ground: keyed.measure(ground, sizes.keyed)),
        ("g", lambda ground: gone.measure(ground, sizes.gone)),
        ("r", lambda ground: restore.measure(ground, sizes.restore)),
    ]
    async with Ground(folder) as ground:
        for letters, measurement in wanted:
            if not set(letters) & set(parts):
                continue
            with _told(letters):
                try:
                    rows += await measurement(ground)
                except FAILURES:  # the others are still worth their time
                    failures.append(traceback.format_exc())
    return rows, failures


@contextmanager
def _told(part: str) -> Iterator[None]:
    """Says on stderr how long it took."""
    began = time.monotonic()
    yield
    print(f"bench: {part} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def _machine() -> dict[str, Any]:
    """Whose figures these are."""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpus": os.cpu_count(),
        "load_average": os.getloadavg(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {
            name: _version(name) for name in ("newswire", "aiokafka", "faust-streaming", "quixstreams", "datasketch", "rocksdict")
        },
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main())
