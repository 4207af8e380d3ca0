"""Checks of the feeds: the catalogue file as it stands, and, when asked, the first feeds as they answer."""

import asyncio
import time
from pathlib import Path

from pipeline.config import Config, ConfigError
from pipeline.doctor.check import Check
from pipeline.poll.feeds import load_catalogue
from pipeline.poll.fetch import Fetcher
from pipeline.poll.outcome import FetchFailed
from pipeline.poll.slice import Refusal, cut
from pipeline.records import FeedSpec


def feeds(config: Config) -> Check:
    """The catalogue file reads. Only parsed: nothing is fetched."""
    path = Path(config.poll.catalogue)
    if not path.exists():
        cure = f"write [[feed]] tables into {path} and run `newswire feeds import`"
        return Check("feeds", "warn", f"no {path}; only feeds that were imported before, or the simulated wire, are polled", cure)
    try:
        found = load_catalogue(path)
    except ConfigError as error:
        return Check("feeds", "fail", str(error), f"correct {path}")
    if not found:
        return Check("feeds", "warn", f"{path} names no feed", f"write [[feed]] tables into {path}")
    paused = sum(spec.is_paused for spec in found)
    hint = "parsed only, nothing fetched (--fetch N tries the first N)"
    return Check("feeds", "pass", f"{len(found)} in {path}{f', {paused} of them paused' if paused else ''}; {hint}")


async def fetched_feeds(config: Config, count: int) -> list[Check]:
    """Fetches the first `count` feeds of the catalogue file and takes them apart. Nothing is published."""
    path = Path(config.poll.catalogue)
    try:
        wanted = load_catalogue(path)[:count]
    except ConfigError:  # `feeds` has said it
        return []
    async with Fetcher(allow=config.poll.allow) as fetcher:
        return list(await asyncio.gather(*(_fetched(fetcher, config, spec) for spec in wanted)))


async def _fetched(fetcher: Fetcher, config: Config, spec: FeedSpec) -> Check:
    name = f"feed {spec.id}"
    agent = spec.user_agent or config.poll.user_agent
    result = await fetcher.get(spec.url, now=time.time(), ports=spec.ports, user_agent=agent)
    if isinstance(result, FetchFailed):
        cure = "the poller retries by itself; look at the address in a browser"
        return Check(name, "warn", f"{result.reason}: {result.detail} ({result.url or spec.url})", cure)
    found = cut(result.body or b"", charset=result.charset)
    if isinstance(found, Refusal):
        return Check(name, "warn", f"fetched, but refused: {found.reason} {found.detail}", "is that the address of a feed?")
    words = f"{result.status}, {len(result.body or b''):,} bytes, {found.format}, {len(found.items)} items"
    return Check(name, "pass", words + (f", {len(found.refused)} of them refused" if found.refused else ""))
