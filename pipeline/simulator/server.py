"""The simulated wire on loopback: feeds over honest HTTP, and the truth about them as it becomes visible.

The shell around `wire.py`: the clock, the socket and the truth file are here, decisions about the world are not.
Promise: a line of the truth is on file (if there is one) before the first response that shows what it tells of.
"""

import asyncio
import gzip
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from json import dumps as quoted
from math import floor
from pathlib import Path
from typing import Any, BinaryIO

from aiohttp import web
from xxhash import xxh3_128_hexdigest
from yarl import URL

from pipeline.codec import dumps
from pipeline.simulator.feeds import FEEDS, SimFeed
from pipeline.simulator.render import rfc822
from pipeline.simulator.wire import Event, Wire

HOST = "127.0.0.1"
SPEED = 10.0
BACKLOG_S = 7200.0  # two virtual hours before the start: enough to fill every window at the default rate
POLL_INTERVAL_S = 2.0
_MAX_AGE_S = 1  # below POLL_INTERVAL_S, so that it never slows a poller that honours it
_TRUTH_EVERY_S = 0.5  # also without any request, for those who only follow the truth file
_LINES_PER_SLICE = 100  # of /truth.jsonl, about 10 ms of work, before other requests get their turn
_TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "rdf": "application/rdf+xml"}


def live_wire(seed: int, *, speed: float = SPEED, rate: float = 4.0, backlog_s: float = BACKLOG_S) -> Wire:
    """A wire whose items carry real dates: what becomes visible now is dated now."""
    return Wire(seed, epoch=time.time() - backlog_s / speed, speed=speed, rate=rate)


def catalogue(base_url: str) -> list[dict[str, Any]]:
    """The feeds as the catalogue wants them (FeedSpec): real intervals, and the port beside 80 and 443 that they need."""
    port = URL(base_url).port
    return [
        {
            "id": feed.id,
            "url": base_url.rstrip("/") + feed.path,
            "title": feed.title,
            "provider": feed.provider,
            "language": feed.language,
            "interval_s": POLL_INTERVAL_S,
            "ports": [port],
        }
        for feed in FEEDS
    ]


def feeds_toml(base_url: str) -> str:
    """`catalogue` as TOML: a `[[feed]]` table per feed."""
    tables = ("\n".join(["[[feed]]", *(f"{key} = {quoted(value, ensure_ascii=False)}" for key, value in feed.items())])
              for feed in catalogue(base_url))  # fmt: skip
    return "\n\n".join(tables) + "\n"


class Simulator:
    """Serves `wire` from virtual second `backlog_s` on. `clock` gives real seconds and defaults to the monotonic clock.

    The truth begins with what the feeds show at the start, then has a line for every item version that becomes visible.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        backlog_s: float = BACKLOG_S,
        truth: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wire = wire
        self.base_url = ""
        self._backlog_s = backlog_s
        self._clock = clock
        self._started = clock()
        self._frozen: float | None = None
        self._truth = _TruthFile(truth) if truth else None
        self._told_until = backlog_s
        self._documents: dict[str, _Document] = {}
        self._runner: web.AppRunner | None = None
        self._ticker: asyncio.Task[None] | None = None

    async def start(self, port: int = 0) -> str:
        """Bind 127.0.0.1:`port` (0: any free one) and return the base URL; raises OSError when the port is taken."""
        app = web.Application()
        for feed in FEEDS:
            app.router.add_get(feed.path, self._feed_handler(feed))
        app.router.add_get("/feeds.toml", self._serve_catalogue)
        app.router.add_get("/truth.jsonl", self._serve_truth)
        app.router.add_post("/freeze", self._serve_freeze)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.base_url = f"http://{HOST}:{self._runner.addresses[0][1]}"
        self._started = self._clock()
        if self._truth:
            self._truth.write(self.wire.opening(self._backlog_s))
            self._ticker = asyncio.create_task(self._keep_telling())
        return self.base_url

    async def close(self) -> None:
        """Stop serving; the truth is complete up to this moment."""
        if self._ticker:
            self._ticker.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticker
        if self._runner:
            await self._runner.cleanup()
        if self._truth:
            self._tell(self.now())
            self._truth.close()

    def now(self) -> float:
        """The virtual second; stands still once frozen."""
        return self._running() if self._frozen is None else self._frozen

    def freeze(self) -> float:
        """Stop the world: nothing new becomes visible, polls go on. Returns the virtual second; idempotent."""
        if self._frozen is None:
            self._frozen = self._running()
            self._tell(self._frozen)
        return self._frozen

    def truth(self, since: float | None = None) -> Iterable[Event]:
        """The truth so far; with `since`, only what became visible after that virtual second."""
        if since is None:
            yield from self.wire.opening(self._backlog_s)
        yield from self.wire.events(self.now(), since=self._backlog_s if since is None else since)

    def _running(self) -> float:
        return self._backlog_s + (self._clock() - self._started) * self.wire.speed

    def _tell(self, at: float) -> None:
        if self._truth and at > self._told_until:
            self._truth.write(self.wire.events(at, since=self._told_until))
            self._told_until = at

    async def _keep_telling(self) -> None:
        while True:
            await asyncio.sleep(_TRUTH_EVERY_S)
            self._tell(self.now())

    def _feed_handler(self, feed: SimFeed) -> Callable[[web.Request], Any]:
        async def serve_feed(request: web.Request) -> web.Response:
            at = self.now()
            self._tell(at)
            return self._document(feed, at).response(request)

        return serve_feed

    def _document(self, feed: SimFeed, at: float) -> "_Document":
        """The current document; kept until the feed changes."""
        changed_at = self.wire.changed_at(feed.id, at)
        known = self._documents.get(feed.id)
        if known is None or known.changed_at != changed_at:
            known = _Document(feed, changed_at, self.wire.unix(changed_at), self.wire.document(feed.id, at))
            self._documents[feed.id] = known
        known.is_settled = self.wire.unix(self._running()) > known.modified_s
        return known

    async def _serve_catalogue(self, request: web.Request) -> web.Response:
        return web.Response(text=feeds_toml(self.base_url), content_type="application/toml")

    async def _serve_truth(self, request: web.Request) -> web.StreamResponse:
        try:
            since = float(request.query["since"]) if "since" in request.query else None
        except ValueError:
            raise web.HTTPBadRequest(text="since: a virtual second, such as 7200.5") from None
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        lines: list[bytes] = []
        for event in self.truth(since):
            lines.append(dumps(event))
            if len(lines) == _LINES_PER_SLICE:
                await response.write(b"\n".join(lines) + b"\n")
                lines.clear()
                await asyncio.sleep(0)
        await response.write(b"".join(line + b"\n" for line in lines))
        return response

    async def _serve_freeze(self, request: web.Request) -> web.Response:
        return web.json_response({"at": self.freeze()})


@dataclass(slots=True)
class _Document:
    """One state of a feed as HTTP sees it. `changed_at` is virtual, `modified_s` the same as a Unix second.

    `is_settled`: that second is over. Before, the document could change again within it, so that a Last-Modified would make a
    later 304 a lie; it is left out then.
    """

    feed: SimFeed
    changed_at: int
    modified_s: int
    body: bytes
    is_settled: bool = False
    zipped: bytes = b""

    def response(self, request: web.Request) -> web.Response:
        digest = xxh3_128_hexdigest(self.body)
        is_zipped = accepts_gzip(request.headers.get("Accept-Encoding", ""))
        etag = f'"{digest}-gz"' if is_zipped else f'"{digest}"'
        headers = {"ETag": etag, "Cache-Control": f"max-age={_MAX_AGE_S}", "Vary": "Accept-Encoding"}
        if self.is_settled:
            headers["Last-Modified"] = rfc822(self.modified_s, "GMT")
        if self._is_known(request):
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = _TYPES[self.feed.form]  # no charset: the prolog has it
        if not is_zipped:
            return web.Response(body=self.body, headers=headers)
        self.zipped = self.zipped or gzip.compress(self.body, compresslevel=5, mtime=0)
        return web.Response(body=self.zipped, headers=headers | {"Content-Encoding": "gzip"})

    def _is_known(self, request: web.Request) -> bool:
        """RFC 9110 section 13: If-None-Match decides where there is one, else If-Modified-Since."""
        digest = xxh3_128_hexdigest(self.body)
        tags = request.headers.getall("If-None-Match", [])
        if tags:
            listed = {tag.strip().removeprefix("W/") for tag in ",".join(tags).split(",")}
            return bool(listed & {"*", f'"{digest}"', f'"{digest}-gz"'})
        since = unix_of(request.headers.get("If-Modified-Since", ""))
        return self.is_settled and since is not None and self.modified_s <= since


class _TruthFile:
    """JSON lines, appended and flushed event by event."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("ab")

    def write(self, events: Iterable[Event]) -> None:
        self._file.writelines(dumps(event) + b"\n" for event in events)
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding names gzip (or *) without a q of 0."""
    for coding in header.lower().split(","):
        name, _, q = coding.partition(";")
        if name.strip() in ("gzip", "*") and q.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            return True
    return False


def unix_of(http_date: str) -> int | None:
    """An HTTP date as a Unix second, None when it is none."""
    try:
        return floor(parsedate_to_datetime(http_date).timestamp())
    except ValueError:
        return None
