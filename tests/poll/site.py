"""A web site on loopback that says what a test tells it to, and remembers what it was asked."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import AddrInfoType, web
from aiohttp.abc import AbstractResolver, ResolveResult

from pipeline.poll.outcome import Fetched, FetchFailed

LOOPBACK = ("127.0.0.0/8",)  # what a Fetcher must allow to reach a FakeSite


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One scripted answer. `stalls` leaves the body open after the bytes, until the site closes."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    stalls: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]


Script = Reply | list[Reply] | Callable[[Asked], Reply]


class FakeSite:
    """`async with FakeSite() as site`. `script` maps a path to its answer; of a list each is given once, the last for ever."""

    def __init__(self, script: Mapping[str, Script] | None = None) -> None:
        self.script: dict[str, Script] = dict(script or {})
        self.asked: list[Asked] = []
        self.port = 0
        self._closing = asyncio.Event()
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._answer))
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.set()
        assert self._runner is not None
        await self._runner.cleanup()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Where a path of this site is."""
        return f"http://{host}:{self.port}{path}"

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = Asked(method=request.method, path=request.path_qs, headers=request.headers.copy())
        self.asked.append(asked)
        script = self.script.get(request.path, Reply(status=404))
        if isinstance(script, list):
            script = script.pop(0) if len(script) > 1 else script[0]
        reply = script if isinstance(script, Reply) else script(asked)
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        await response.prepare(request)
        if reply.body:
            await response.write(reply.body)
        if reply.stalls:
            await self._closing.wait()
        await response.write_eof()
        return response


class RawSite:
    """A listener that runs `talk(reader, writer)` for each connection: for answers no proper server gives."""

    def __init__(self, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self.talk = talk
        self.port = 0
        self.connections = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()

    def url(self, path: str = "/") -> str:
        """Where a path of this site is."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.talk(reader, writer)
        except ConnectionError:
            pass  # the client had enough
        finally:
            writer.close()


class Recorder:
    """A socket factory that writes down where a connection would have gone, and lets none be made."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    def __call__(self, address: AddrInfoType) -> socket.socket:
        self.addresses.append(str(address[4][0]))
        raise ConnectionRefusedError("recorded, not connected")


class Names(AbstractResolver):
    """A name server that answers each question with the next list of addresses."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


def redirect(location: str, status: int = 302) -> Reply:
    """An answer that sends the client on."""
    return Reply(status=status, headers={"Location": location})


def failed(result: Fetched | FetchFailed) -> FetchFailed:
    """The failure a test expects."""
    assert isinstance(result, FetchFailed), result
    return result


def fetched(result: Fetched | FetchFailed) -> Fetched:
    """The answer a test expects."""
    assert isinstance(result, Fetched), result
    return result
