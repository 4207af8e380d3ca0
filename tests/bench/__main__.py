"""Runs the measurements, prints one table, writes var/bench.json. Exit status 0 unless a measurement failed to run."""

import argparse
import logging
import os
import platform
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from pipeline import codec
from tests.bench import chain, compact, contract, keyed, link, normalize, segment, verify
from tests.bench.ground import ROOT, Ground
from tests.bench.table import Row, render

LINK_FULL = link.Size(100_000, 5000, "memory"), link.Size(100_000, 5000), link.Size(1_000_000, 5000)
LINK_QUICK = (link.Size(5000, 1000),)
# Parts that need no Kafka: letter → measurement (is_quick → rows). The others are a to d.
ALONE: dict[str, Callable[[bool], list[Row]]] = {
    "e": lambda is_quick: normalize.measure(normalize.Size(500, 2) if is_quick else normalize.Size(2000, 7)),
    "f": lambda is_quick: segment.measure(segment.Size(200, 2000, 1, 64) if is_quick else segment.Size(2000, 5000, 9, 256)),
    "k": lambda is_quick: compact.measure(segments=1 if is_quick else 8),
    "l": lambda is_quick: link.measure(LINK_QUICK if is_quick else LINK_FULL),
    "s": lambda is_quick: contract.measure(articles=200 if is_quick else 2000, rounds=2 if is_quick else 7),
    "v": lambda is_quick: verify.measure(verify.Size(20_000, 20_000) if is_quick else verify.Size(1_000_000, 200_000)),
}
WITH_KAFKA = "abcd"
PARTS = WITH_KAFKA + "".join(ALONE)
FAILURES = (OSError, RuntimeError, AssertionError, ValueError, KeyError)
WIDTH = 160  # into a pipe or a file
FULL = chain.Size(warm=1000, articles=5000, rounds=4, latency_s=20), keyed.Size(records=200_000, rounds=2, pace_s=12)
QUICK = chain.Size(warm=200, articles=1000, rounds=2, latency_s=5), keyed.Size(records=20_000, rounds=1, pace_s=6)


def main() -> int:
    """The command line."""
    options = _options()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every topic that is seconds old
    rows, failures = _measure_alone(options.only, options.quick)
    if set(options.only) & set(WITH_KAFKA):
        more, failed = uvloop.run(_measure(options.folder, options.only, QUICK if options.quick else FULL))
        rows, failures = sorted(rows + more, key=lambda row: row.part), failures + failed
    Console(width=None if sys.stdout.isatty() else WIDTH).print(render(rows, "newswire bench"))
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
    parser.add_argument("--folder", default=ROOT / "var" / "bench", type=Path, help="emptied at the start")
    return parser.parse_args()


def _parts(text: str) -> str:
    parts = text.replace(",", "")
    if not parts or set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{text!r}: name some of {', '.join(PARTS)}")
    return parts


def _measure_alone(parts: str, is_quick: bool) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    failures: list[str] = []
    for part in set(parts) & set(ALONE):
        try:
            rows += ALONE[part](is_quick)
        except FAILURES:
            failures.append(traceback.format_exc())
    return rows, failures


async def _measure(folder: Path, parts: str, sizes: tuple[chain.Size, keyed.Size]) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    failures: list[str] = []
    wanted: list[Callable[[Ground], Awaitable[list[Row]]]] = []
    if set(parts) & set("abd"):
        wanted.append(lambda ground: chain.measure(ground, sizes[0], parts))
    if "c" in parts:
        wanted.append(lambda ground: keyed.measure(ground, sizes[1]))
    async with Ground(folder) as ground:
        for measurement in wanted:
            try:
                rows += await measurement(ground)
            except FAILURES:  # the others are still worth their time
                failures.append(traceback.format_exc())
    return rows, failures


def _machine() -> dict[str, Any]:
    """Whose figures these are."""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpus": os.cpu_count(),
        "load_average": os.getloadavg(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("newswire", "aiokafka", "faust-streaming", "quixstreams", "rocksdict")},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main())
