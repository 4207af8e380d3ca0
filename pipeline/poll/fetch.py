"""One HTTP GET of one feed, safely: the only place that knows the HTTP client.

Everything that can go wrong comes back as a value; only cancellation passes through. Nothing here decides what a result means for
the feed (that is `schedule.py` and the poller), and no clock but the event loop's is read: `now` is an argument.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from pipeline.poll.addresses import Network, is_allowed, refuse_address, refuse_port, refuse_url
from pipeline.poll.body import ACCEPT_ENCODING, BODY_BYTES_MAX, Bad, Body, Full
from pipeline.poll.freshness import max_age_s, retry_after_s
from pipeline.poll.outcome import Fetched as Fetched
from pipeline.poll.outcome import FetchFailed as FetchFailed
from pipeline.poll.outcome import Kind, Redirect

REDIRECTS_MAX = 5  # http→https→www→new path is three; browsers allow 20, for pages
HEADERS_MAX = 512  # real feeds send more than a hundred
HEADER_BYTES_MAX = 32_768  # per field: real Content-Security-Policy and Link fields pass 8,190
VALIDATOR_MAX = 1_024  # characters of an ETag we are willing to keep and send back
USER_AGENT = "newswire/0.1 (+https://newswire.example/about)"
ACCEPT = "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.7, */*;q=0.1"

BODIES = frozenset({200, 203, 226})  # 226: only what is new (RFC 3229), as A-IM allows
REDIRECTS = frozenset({301, 302, 303, 307, 308})
KEPT_HEADERS = ("Date", "Age", "Cache-Control", "Expires", "Content-Location", "Content-Language", "Link", "Server", "IM")

# Status → how bad a sign it is. 404 is soft because live feeds come back after one; all other 4xx are hard, all other 5xx soft.
KINDS: dict[int, Kind] = {
    403: "soft", 404: "soft", 408: "temporary", 421: "temporary", 425: "temporary", 429: "temporary",
    502: "temporary", 503: "temporary", 504: "temporary", 520: "temporary", 521: "temporary", 522: "temporary", 524: "temporary",
}  # fmt: skip
# The client's exceptions, the special before the general.
ERRORS: tuple[tuple[type[BaseException], Kind, str], ...] = (
    (aiohttp.ConnectionTimeoutError, "temporary", "timeout_connect"),
    (aiohttp.ClientConnectorCertificateError, "soft", "tls_certificate"),
    (aiohttp.ClientConnectorSSLError, "soft", "tls"),
    (aiohttp.ClientConnectorDNSError, "soft", "dns"),
    (aiohttp.ClientConnectorError, "temporary", "connection_refused"),
    (aiohttp.ServerDisconnectedError, "temporary", "disconnected"),
    (aiohttp.ClientPayloadError, "temporary", "body_breaks_off"),
    (aiohttp.InvalidURL, "hard", "url_refused"),
    (aiohttp.ClientResponseError, "soft", "bad_http"),
    (Bad, "soft", "bad_content_encoding"),
    (TimeoutError, "temporary", "timeout_first_byte"),
    (aiohttp.ClientError, "temporary", "connection"),
    (OSError, "temporary", "connection"),
    (ValueError, "hard", "url_refused"),
)
FAILURES = tuple(error for error, _, _ in ERRORS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one fetch may take. Seconds and bytes. The slowest body allowed: `grace_s`, then `bytes_per_s_min` on average."""

    connect_s: float = 5.0  # a TCP and TLS handshake around the world takes under a second
    first_byte_s: float = 15.0  # slow content systems build a feed in some seconds
    total_s: float = 30.0  # with all redirects
    grace_s: float = 5.0
    bytes_per_s_min: int = 1_000  # a feed of 30 KB in 30 s: below that the other side is stalling
    body_bytes_max: int = BODY_BYTES_MAX


@dataclass(slots=True)
class _Hop:
    """What the request at hand may reach. The guards, called deep inside the client, leave their reason here."""

    allow: Sequence[Network]
    ports: Sequence[int]
    refusal: str = ""

    def refuse(self, ip: str, port: int) -> None:
        reason = refuse_address(ip, self.allow)
        if reason is None and not _is_allowed(ip, self.allow):
            reason = refuse_port(port, self.ports)
        if reason:
            self.refusal = reason
            raise PermissionError(reason)


# The client calls the guards without saying for which request; every task has its own context.
_hop: ContextVar[_Hop] = ContextVar("hop")

AddrInfo = aiohttp.AddrInfoType
SocketFactory = Callable[[AddrInfo], socket.socket]


def open_socket(address: AddrInfo) -> socket.socket:
    """A plain socket for an address that has passed the guard."""
    family, kind, protocol, _, _ = address
    return socket.socket(family, kind, protocol)


class Fetcher:
    """Fetches feeds. An async context manager; one per process, as it owns the TLS context.

    `allow` lists networks (CIDR) that may be reached although private, on any port; by default there are none.
    Every connection is new: a feed is polled less often than servers keep connections, and so each one passes the guard.
    """

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        limits: Limits | None = None,
        resolver: AbstractResolver | None = None,
        open_socket: SocketFactory = open_socket,
    ) -> None:
        self.allow: tuple[Network, ...] = tuple(ip_network(network) for network in allow)
        self.limits = limits or Limits()
        self._resolver = resolver
        self._open_socket = open_socket
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            ssl=ssl.create_default_context(),
            resolver=_GuardedResolver(self._resolver or aiohttp.ThreadedResolver()),
            socket_factory=self._guarded_socket,
            use_dns_cache=False,  # an answer is judged for the feed that asked
            force_close=True,
            limit=0,  # the poller bounds what is in flight
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
            max_headers=HEADERS_MAX,
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        now: float = 0.0,
        ports: Sequence[int] = (),
        user_agent: str = USER_AGENT,
        may_downgrade: bool = False,
    ) -> Fetched | FetchFailed:
        """One conditional GET, redirects followed. `now` in seconds since the epoch becomes `fetched_at`.

        `etag` and `last_modified` go out as they are. `ports` are allowed beside 80 and 443. `may_downgrade` lets a redirect lead
        from https to http.
        """
        headers = _headers(etag, last_modified, user_agent)
        request = _Request(url=url, headers=headers, now=now, ports=tuple(ports), may_downgrade=may_downgrade)
        result = await self._timed(request)
        if isinstance(result, FetchFailed) and result.reason == "bad_content_encoding":
            # Some servers cannot compress what they say they do; plain they can.
            result = await self._timed(replace(request, headers=headers | {"Accept-Encoding": "identity"}))
        return result

    async def _timed(self, request: "_Request") -> Fetched | FetchFailed:
        try:
            async with asyncio.timeout(self.limits.total_s):
                return await self._follow(request)
        except TimeoutError:
            return FetchFailed(kind="temporary", reason="timeout_total", detail=f"{self.limits.total_s} s", url=request.url)

    async def _follow(self, request: "_Request") -> Fetched | FetchFailed:
        """The hops of one GET; each is checked like the first."""
        redirects: tuple[Redirect, ...] = ()
        while True:
            result = await self._hop(request)
            if not isinstance(result, Redirect):
                return replace(result, redirects=redirects)
            redirects += (result,)
            if reason := _bad_redirect(request, redirects):
                return FetchFailed(kind="soft", reason=reason, detail=result.url, url=request.url, redirects=redirects)
            request = replace(request, url=result.url)

    async def _hop(self, request: "_Request") -> Fetched | FetchFailed | Redirect:
        if refusal := refuse_url(request.url):
            return FetchFailed(kind="hard", reason="url_refused", detail=refusal, url=request.url[:200])
        hop = _Hop(self.allow, request.ports)
        token = _hop.set(hop)
        try:
            return await self._send(request)
        except FAILURES as error:
            if hop.refusal:
                return FetchFailed(kind="hard", reason="address_refused", detail=hop.refusal, url=request.url)
            kind, reason = next((kind, reason) for known, kind, reason in ERRORS if isinstance(error, known))
            return FetchFailed(kind=kind, reason=reason, detail=f"{error}"[:300], url=request.url)
        finally:
            _hop.reset(token)

    async def _send(self, request: "_Request") -> Fetched | FetchFailed | Redirect:
        assert self._session is not None, "Fetcher is an async context manager"
        async with asyncio.timeout(self.limits.connect_s + self.limits.first_byte_s):
            response = await self._session.get(
                _url(request.url),
                headers=request.headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=self.limits.connect_s),
            )
        try:
            if response.status in REDIRECTS and (location := response.headers.get("Location")):
                return Redirect(status=response.status, url=str(response.url.join(URL(location)).with_fragment(None)))
            if response.status != 304 and response.status not in BODIES:
                return _refused_by_server(response, request)
            body = None if response.status == 304 else await self._read(response)
            return body if isinstance(body, FetchFailed) else _fetched(response, request, body)
        finally:
            response.close()

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | FetchFailed:
        limits, clock = self.limits, asyncio.get_running_loop().time
        url, started = str(response.url), clock()
        body = Body(response.headers.get("Content-Encoding", ""), limits.body_bytes_max)
        try:
            while True:
                async with asyncio.timeout_at(started + limits.grace_s + body.wire_bytes / limits.bytes_per_s_min):
                    chunk = await response.content.readany()
                if not chunk:
                    return body.end()
                body.add(chunk)
        except Full as full:
            detail = f"more than {len(body.decoded)} bytes out of {body.wire_bytes}"
            return FetchFailed(kind="soft", reason=str(full), detail=detail, status=response.status, url=url)
        except TimeoutError:
            detail = f"{body.wire_bytes} bytes in {clock() - started:.1f} s"
            return FetchFailed(kind="temporary", reason="too_slow", detail=detail, status=response.status, url=url)

    def _guarded_socket(self, address: AddrInfo) -> socket.socket:
        """Called for every connection with the address it will go to: names, literals and redirects all end here."""
        ip, port = address[4][:2]
        _hop.get().refuse(str(ip), int(port))
        return self._open_socket(address)


class _GuardedResolver(AbstractResolver):
    """Refuses a name if any of its addresses is bad: the good ones are bait."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self.resolver = resolver

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        results = await self.resolver.resolve(host, port, family)
        for result in results:
            _hop.get().refuse(result["host"], port)
        return results

    async def close(self) -> None:
        await self.resolver.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    url: str
    headers: dict[str, str]
    now: float
    ports: tuple[int, ...]
    may_downgrade: bool


def _headers(etag: str | None, last_modified: str | None, user_agent: str) -> dict[str, str]:
    headers = {"User-Agent": user_agent, "Accept": ACCEPT, "Accept-Encoding": ACCEPT_ENCODING}
    if etag:
        headers |= {"If-None-Match": etag, "A-IM": "feed"}
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    return headers


def _bad_redirect(request: _Request, redirects: tuple[Redirect, ...]) -> str:
    target = redirects[-1].url
    if len(redirects) > REDIRECTS_MAX:
        return "too_many_redirects"
    if target == request.url or target in (hop.url for hop in redirects[:-1]):
        return "redirect_loop"
    if request.url.lower().startswith("https:") and target.lower().startswith("http:") and not request.may_downgrade:
        return "redirect_downgrade"
    return ""


def _refused_by_server(response: aiohttp.ClientResponse, request: _Request) -> FetchFailed:
    status = response.status
    is_challenge = "cf-mitigated" in response.headers
    return FetchFailed(
        kind=KINDS.get(status, "hard" if 400 <= status < 500 else "soft"),
        reason="bot_challenge" if is_challenge else f"http_{status}",
        detail=(response.reason or "")[:100],
        status=status,
        url=str(response.url),
        retry_after_s=retry_after_s(response.headers.get("Retry-After"), request.now),
    )


def _fetched(response: aiohttp.ClientResponse, request: _Request, body: bytes | None) -> Fetched:
    headers = response.headers
    sent = request.headers if response.status == 304 else {}
    return Fetched(
        status=response.status,
        url=str(response.url),
        body=body,
        etag=_validator(headers, "ETag") or sent.get("If-None-Match"),
        last_modified=_validator(headers, "Last-Modified") or sent.get("If-Modified-Since"),
        max_age_s=max_age_s(headers, request.now),
        retry_after_s=retry_after_s(headers.get("Retry-After"), request.now),
        content_type=headers.get("Content-Type", "")[:200],
        charset=_charset(headers.get("Content-Type", "")),
        headers={name: headers[name] for name in KEPT_HEADERS if name in headers},
        fetched_at=request.now,
    )


def _validator(headers: Mapping[str, str], name: str) -> str | None:
    """A validator as it came; None if it could not be stored as JSON and sent back byte for byte."""
    value = headers.get(name)
    return value if value and len(value) <= VALIDATOR_MAX and value.isprintable() else None


def _charset(content_type: str) -> str | None:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'")[:40] or None
    return None


def _is_allowed(ip: str, allow: Sequence[Network]) -> bool:
    return bool(allow) and is_allowed(ip_address(ip.partition("%")[0]), allow)


def _url(url: str) -> URL:
    """As it is if it is a valid URL already: servers may be particular about escapes."""
    return URL(url, encoded=url.isascii())
