"""A proxy before an S3 server that does what bad networks and bad servers do. Loopback only.

A *fault* is a function of one exchange: it may forward the request, change it, answer itself, or not at all. `inject` says
which requests meet it and how often; all others pass. A changed request is signed again, or the server would refuse it.
"""

import asyncio
import hashlib
import hmac
import re
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Self

from aiohttp import ClientSession, web
from yarl import URL

from pipeline.broker.s3proxy import RunningS3
from pipeline.sinks.stores import S3Store
from pipeline.sinks.stores.s3 import S3Options

DEADLINE_S, REQUEST_S = 2.0, 0.3
CONTENTS = re.compile(rb"<Contents>.*?</Contents>", re.DOTALL)
OWN = ("accept", "accept-encoding", "user-agent", "content-type")  # headers that the client to the server must not add
HOP = {"transfer-encoding", "connection", "content-length"}


@dataclass(frozen=True)
class Request:
    """What came from the store; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    body: bytes


class Exchange:
    """One request and the ways to answer it."""

    def __init__(self, proxy: "FaultProxy", incoming: web.BaseRequest) -> None:
        self._proxy, self._incoming = proxy, incoming
        self.method, self.target = incoming.method, incoming.rel_url.raw_path_qs

    async def request(self) -> Request:
        """The whole request: its body is read only now."""
        headers = {name.lower(): value for name, value in self._incoming.headers.items()}
        return Request(self.method, self.target, headers, await self._incoming.content.read())

    async def forward(self, request: Request | None = None) -> Answer:
        """Asks the server, as the store did or with another request."""
        return await self._proxy.ask(request or await self.request())

    def reply(self, answer: Answer) -> web.Response:
        """What the store gets."""
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        response = web.Response(status=answer.status, headers=headers, body=answer.body)
        if self.method == "HEAD" and "Content-Length" in answer.headers:
            response.headers["Content-Length"] = answer.headers["Content-Length"]
        return response

    def reset(self) -> web.Response:
        """The connection breaks."""
        if self._incoming.transport is not None:  # else the store has gone
            self._incoming.transport.abort()
        return web.Response()

    async def hang(self) -> web.Response:
        """No answer until the proxy ends."""
        await self._proxy.ending.wait()
        return self.reset()

    async def half(self, answer: Answer) -> web.Response:
        """The head of the answer, and nothing of its body."""
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        response = web.StreamResponse(status=answer.status, headers=headers)
        response.content_length = len(answer.body) or 100
        await response.prepare(self._incoming)
        return await self.hang()


Fault = Callable[[Exchange], Awaitable[web.StreamResponse]]
Where = Callable[[Exchange], bool]


class FaultProxy:
    """`async with FaultProxy(server) as proxy`: `proxy.endpoint` is where the store goes. `met` counts faults by name."""

    def __init__(self, server: RunningS3) -> None:
        self.server = server
        self.met: Counter[str] = Counter()
        self._faults: list[tuple[Fault, Where, list[int]]] = []

    async def __aenter__(self) -> Self:
        self.ending = asyncio.Event()
        self._session = ClientSession(auto_decompress=False)
        self._runner = web.ServerRunner(web.Server(self._exchange), shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.endpoint = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *error: object) -> None:
        self.ending.set()
        await self._runner.cleanup()
        await self._session.close()

    def store(self, bucket: str = "", **settings: str) -> S3Store:
        """A store of this bucket (or a new one) without much patience, through the proxy."""
        bucket = bucket or self.server.make_bucket(uuid.uuid4().hex)
        environment = self.server.environment(self.endpoint) | settings
        options = S3Options(deadline_s=DEADLINE_S, request_s=REQUEST_S, tries_max=3, backoff_s=0.01, settings=environment)
        return S3Store(bucket, "pre/fix", options)

    def inject(self, fault: Fault, where: Where | None = None, times: int = 10**9) -> None:
        """The next `times` requests that fit meet this fault; earlier injections come first."""
        self._faults.append((fault, where or (lambda exchange: True), [times]))

    def heal(self) -> None:
        """From now on everything passes."""
        self._faults.clear()

    async def ask(self, request: Request) -> Answer:
        """The server's answer."""
        async with self._session.request(
            request.method,
            URL(self.server.endpoint + request.target, encoded=True),
            headers={name: value for name, value in request.headers.items() if name not in HOP},
            data=request.body,
            skip_auto_headers=OWN,
        ) as answer:
            return Answer(answer.status, dict(answer.headers), await answer.read())

    async def _exchange(self, incoming: web.BaseRequest) -> web.StreamResponse:
        exchange = Exchange(self, incoming)
        for fault, where, left in self._faults:
            if left[0] > 0 and where(exchange):
                left[0] -= 1
                self.met[fault.__name__] += 1
                return await fault(exchange)
        return exchange.reply(await exchange.forward())

    def signed(self, request: Request) -> Request:
        """The request with a signature that fits it again (AWS Signature Version 4)."""
        found = re.match(r"(\S+) Credential=[^/]+/([^,]+), ?SignedHeaders=([^,]+),", request.headers["authorization"])
        assert found is not None
        algorithm, scope, names = found[1], found[2], [name for name in found[3].split(";") if name in request.headers]
        digest = hashlib.sha256(request.body).hexdigest()
        headers = request.headers | {"x-amz-content-sha256": digest}
        path, _, query = request.target.partition("?")
        lines = [request.method, path, query, *(f"{name}:{headers[name].strip()}" for name in names), "", ";".join(names), digest]
        canonical = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        key = f"AWS4{self.server.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"{algorithm}\n{headers['x-amz-date']}\n{scope}\n{canonical}"
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = f"{self.server.access_key}/{scope}"
        headers["authorization"] = f"{algorithm} Credential={credential}, SignedHeaders={';'.join(names)}, Signature={signature}"
        return replace(request, headers=headers)

    def changed(self, request: Request, body: bytes) -> Request:
        """The request with another body."""
        return self.signed(replace(request, body=body))


# ── which requests ───────────────────────────────────────────────────────────────────────────────────────────────────


def puts(part: str = "") -> Where:
    """Writes whose name has this part."""
    return lambda exchange: exchange.method == "PUT" and part in exchange.target


def lists(exchange: Exchange) -> bool:
    """Listings."""
    return exchange.method == "GET" and "list-type=2" in exchange.target


DATA, MANIFEST = puts("/dt"), puts("_manifest/")


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def refuse(status: int, code: str) -> Fault:
    """The server answers with this error."""

    async def refused(exchange: Exchange) -> web.StreamResponse:
        await exchange.request()
        body = "" if exchange.method == "HEAD" else f"<Error><Code>{code}</Code><Message>as the test asked</Message></Error>"
        return exchange.reply(Answer(status, {"Content-Type": "application/xml"}, body.encode()))

    return refused


async def hang(exchange: Exchange) -> web.StreamResponse:
    """The request is read, and that is all."""
    await exchange.request()
    return await exchange.hang()


async def deaf(exchange: Exchange) -> web.StreamResponse:
    """Only the head of the request is read: no 100-continue, no body, no answer."""
    return await exchange.hang()


async def half_answer(exchange: Exchange) -> web.StreamResponse:
    """Done, but only the head of the answer comes."""
    return await exchange.half(await exchange.forward())


async def reset(exchange: Exchange) -> web.StreamResponse:
    """The connection breaks before anything is done."""
    await exchange.request()
    return exchange.reset()


async def ack_lost(exchange: Exchange) -> web.StreamResponse:
    """Done, but the connection breaks before the answer."""
    await exchange.forward()
    return exchange.reset()


async def ack_hang(exchange: Exchange) -> web.StreamResponse:
    """Done, but the answer never comes."""
    await exchange.forward()
    return await exchange.hang()


async def unconditional(exchange: Exchange) -> web.StreamResponse:
    """The server does not know conditions: `If-None-Match` and `If-Match` count for nothing."""
    request = await exchange.request()
    headers = {name: value for name, value in request.headers.items() if name not in ("if-none-match", "if-match")}
    return exchange.reply(await exchange.forward(exchange._proxy.signed(replace(request, headers=headers))))


async def short_body(exchange: Exchange) -> web.StreamResponse:
    """Half of the body is stored, and the server says that all went well."""
    request = await exchange.request()
    return exchange.reply(await exchange.forward(exchange._proxy.changed(request, request.body[: len(request.body) // 2])))


async def wrong_bytes(exchange: Exchange) -> web.StreamResponse:
    """As many other bytes are stored, and the server says that all went well."""
    request = await exchange.request()
    return exchange.reply(await exchange.forward(exchange._proxy.changed(request, bytes(reversed(request.body)))))


def listing(name: str, change: Callable[[list[bytes]], list[bytes]]) -> Fault:
    """A listing whose entries are changed; it never says that more would follow."""

    async def listed(exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.forward()
        entries = iter(change(CONTENTS.findall(answer.body)))
        first = count()
        body = CONTENTS.sub(lambda _: b"".join(entries) if next(first) == 0 else b"", answer.body)
        return exchange.reply(replace(answer, body=body.replace(b"<IsTruncated>true", b"<IsTruncated>false")))

    listed.__name__ = name
    return listed


def truncated(entries: int) -> Fault:
    """Only the first entries, and no word that there are more."""
    return listing("truncated", lambda found: found[:entries])


def stale(missing: int) -> Fault:
    """Without the newest names."""
    return listing("stale", lambda found: found[: len(found) - missing])


unsorted = listing("unsorted", lambda found: found[::-1])
