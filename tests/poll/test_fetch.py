"""Fetching against a server on loopback: what goes out, what comes back, and what is refused."""

import asyncio
import gzip
import socket
import zlib
from collections.abc import AsyncIterator

import pytest
import zstandard

from pipeline.poll.fetch import Fetcher, Limits
from tests.poll.site import LOOPBACK, Asked, FakeSite, RawSite, Reply, failed, fetched, redirect

FEED = b'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title></channel></rss>'
NOW = 1_750_000_000.0


@pytest.fixture
async def site() -> AsyncIterator[FakeSite]:
    async with FakeSite({"/feed": Reply(body=FEED)}) as site:
        yield site


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(allow=LOOPBACK) as fetcher:
        yield fetcher


# ── what goes out and what comes back ────────────────────────────────────────────────────────────────────────────────


async def test_plain_fetch(site: FakeSite, fetcher: Fetcher) -> None:
    site.script["/feed"] = Reply(
        body=FEED,
        headers={
            "Content-Type": 'text/xml; charset="ISO-8859-1"',
            "Cache-Control": "public, max-age=600",
            "Age": "100",
            "ETag": 'W/"a b,c--gzip"',
            "Last-Modified": "Sun, 15 Jun 2025 15:00:00 GMT",
        },
    )
    result = fetched(await fetcher.get(site.url("/feed"), now=NOW, user_agent="newswire-test/1 (+mailto:x@example.test)"))
    assert (result.status, result.body, result.url) == (200, FEED, site.url("/feed"))
    assert (result.etag, result.last_modified) == ('W/"a b,c--gzip"', "Sun, 15 Jun 2025 15:00:00 GMT")
    assert (result.max_age_s, result.charset, result.fetched_at) == (500.0, "ISO-8859-1", NOW)
    asked = site.asked[0].headers
    assert asked["User-Agent"] == "newswire-test/1 (+mailto:x@example.test)"
    assert not {"Cookie", "Referer", "If-None-Match", "If-Modified-Since"} & set(asked)


@pytest.mark.parametrize("etag", ['"abc"', 'W/"a b,c--gzip"', "unquoted", '"ä-ü"', "'single'", '""', '"a"-gzip'])
async def test_validators_go_back_exactly_as_they_came(site: FakeSite, fetcher: Fetcher, etag: str) -> None:
    site.script["/feed"] = Reply(body=FEED, headers={"ETag": etag, "Last-Modified": "yesterday, more or less"})
    first = fetched(await fetcher.get(site.url("/feed")))
    await fetcher.get(site.url("/feed"), etag=first.etag, last_modified=first.last_modified)
    asked = site.asked[1].headers
    assert asked["If-None-Match"] == etag
    assert asked["If-Modified-Since"] == "yesterday, more or less"


async def test_not_modified_keeps_validators_it_does_not_renew(site: FakeSite, fetcher: Fetcher) -> None:
    site.script["/feed"] = Reply(status=304, headers={"ETag": '"2"', "Cache-Control": "max-age=60"})
    result = fetched(await fetcher.get(site.url("/feed"), etag='"1"', last_modified="then", now=NOW))
    assert (result.status, result.body, result.etag, result.last_modified, result.max_age_s) == (304, None, '"2"', "then", 60.0)


async def test_cookies_are_never_sent_back(site: FakeSite, fetcher: Fetcher) -> None:
    site.script["/feed"] = Reply(body=FEED, headers={"Set-Cookie": "id=1; Path=/"})
    await fetcher.get(site.url("/feed"))
    await fetcher.get(site.url("/feed"))
    assert "Cookie" not in site.asked[1].headers


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(FEED)),
        ("x-gzip", gzip.compress(FEED[:30]) + gzip.compress(FEED[30:])),
        ("deflate", zlib.compress(FEED)),
        ("deflate", zlib.compress(FEED)[2:-4]),
        ("zstd", zstandard.compress(FEED)),
        ("", gzip.compress(FEED)),
    ],
    ids=["gzip", "gzip of two members", "deflate", "bare deflate", "zstd", "gzip unannounced"],
)
async def test_encodings(site: FakeSite, fetcher: Fetcher, encoding: str, body: bytes) -> None:
    site.script["/feed"] = Reply(body=body, headers={"Content-Encoding": encoding} if encoding else {})
    assert fetched(await fetcher.get(site.url("/feed"))).body == FEED


async def test_a_lie_about_the_encoding_is_asked_again_without(site: FakeSite, fetcher: Fetcher) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(body=FEED, headers={} if asked.headers["Accept-Encoding"] == "identity" else {"Content-Encoding": "gzip"})

    site.script["/feed"] = answer
    assert fetched(await fetcher.get(site.url("/feed"))).body == FEED
    assert len(site.asked) == 2


# ── redirects ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_redirects_are_followed_and_reported(site: FakeSite, fetcher: Fetcher) -> None:
    site.script |= {"/a": redirect("/b", 301), "/b": redirect("feed?x=1#top", 307)}
    result = fetched(await fetcher.get(site.url("/a")))
    assert result.url == site.url("/feed?x=1")
    assert [(hop.status, hop.url) for hop in result.redirects] == [(301, site.url("/b")), (307, site.url("/feed?x=1"))]


async def test_chain_of_five_is_followed(site: FakeSite, fetcher: Fetcher) -> None:
    site.script |= {f"/{n}": redirect(f"/{n + 1}") for n in range(5)} | {"/5": Reply(body=FEED)}
    assert len(fetched(await fetcher.get(site.url("/0"))).redirects) == 5


# ── too much, too slow, too odd ──────────────────────────────────────────────────────────────────────────────────────


async def test_body_at_the_cap_passes_and_one_byte_more_does_not(site: FakeSite) -> None:
    site.script |= {"/at": Reply(body=b"x" * 1000), "/over": Reply(body=b"x" * 1001)}
    async with Fetcher(allow=LOOPBACK, limits=Limits(body_bytes_max=1000)) as fetcher:
        assert fetched(await fetcher.get(site.url("/at"))).body == b"x" * 1000
        assert failed(await fetcher.get(site.url("/over"))).reason == "body_too_large"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"\0" * 40_000_000)),
        ("gzip", gzip.compress(b"\0" * 1_000_000) * 40),
        ("deflate", zlib.compress(b"\0" * 40_000_000)),
        ("zstd", zstandard.compress(b"\0" * 40_000_000)),
    ],
    ids=["gzip", "gzip of many members", "deflate", "zstd"],
)
async def test_decompression_bombs(site: FakeSite, fetcher: Fetcher, encoding: str, body: bytes) -> None:
    site.script["/feed"] = Reply(body=body, headers={"Content-Encoding": encoding})
    result = failed(await fetcher.get(site.url("/feed")))
    assert (result.kind, result.reason) == ("soft", "decompression_bomb")


async def test_compressed_body_that_breaks_off(site: FakeSite, fetcher: Fetcher) -> None:
    site.script["/feed"] = Reply(body=gzip.compress(FEED)[:-9], headers={"Content-Encoding": "gzip"})
    assert failed(await fetcher.get(site.url("/feed"))).reason == "bad_content_encoding"


async def test_body_shorter_than_announced(fetcher: Fetcher) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>")
        await writer.drain()

    async with RawSite(talk) as site:
        result = failed(await fetcher.get(site.url()))
    assert (result.kind, result.reason) == ("temporary", "body_breaks_off")


async def test_stalled_body_ends_by_throughput_not_by_total_time(site: FakeSite) -> None:
    site.script["/feed"] = Reply(body=b"<rss>", stalls=True)
    async with Fetcher(allow=LOOPBACK, limits=Limits(grace_s=0.05, total_s=60)) as fetcher:
        assert failed(await fetcher.get(site.url("/feed"))).reason == "too_slow"


async def test_slow_drip_ends_although_bytes_keep_coming() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0)

    limits = Limits(grace_s=0.05, bytes_per_s_min=10**12, total_s=60)
    async with RawSite(talk) as site, Fetcher(allow=LOOPBACK, limits=limits) as fetcher:
        assert failed(await fetcher.get(site.url())).reason == "too_slow"


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nX: "], ids=["nothing", "half a header"])
async def test_no_first_byte(sent: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        await reader.read()  # until the client gives up

    limits = Limits(connect_s=0.05, first_byte_s=0.05)
    async with RawSite(talk) as site, Fetcher(allow=LOOPBACK, limits=limits) as fetcher:
        result = failed(await fetcher.get(site.url()))
    assert (result.kind, result.reason) == ("temporary", "timeout_first_byte")


async def test_total_time_covers_all_hops(site: FakeSite) -> None:
    site.script["/feed"] = Reply(body=b"<rss>", stalls=True)
    async with Fetcher(allow=LOOPBACK, limits=Limits(total_s=0.05)) as fetcher:
        assert failed(await fetcher.get(site.url("/feed"))).reason == "timeout_total"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)),
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 999999 \r\n",
    ],
    ids=["20,000 headers", "long header", "not http", "bad status"],
)
async def test_bad_heads(fetcher: Fetcher, head: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"\r\n" + FEED)
        await writer.drain()

    async with RawSite(talk) as site:
        assert failed(await fetcher.get(site.url())).reason == "bad_http"


async def test_many_and_long_headers_of_real_sites_pass(site: FakeSite, fetcher: Fetcher) -> None:
    headers = {f"X-{n}": "y" for n in range(300)} | {"Content-Security-Policy": "z" * 20_000}
    site.script["/feed"] = Reply(body=FEED, headers=headers)
    assert fetched(await fetcher.get(site.url("/feed"))).body == FEED


async def test_nobody_listens(fetcher: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    result = failed(await fetcher.get(f"http://127.0.0.1:{port}/"))
    assert (result.kind, result.reason) == ("temporary", "connection_refused")


async def test_server_hangs_up(fetcher: Fetcher) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with RawSite(talk) as site:
        result = failed(await fetcher.get(site.url()))
    assert (result.kind, result.reason) == ("temporary", "disconnected")


@pytest.mark.parametrize(
    ("status", "headers", "kind", "reason", "retry_after_s"),
    [
        (404, {}, "soft", "http_404", None),
        (410, {}, "hard", "http_410", None),
        (401, {}, "hard", "http_401", None),
        (403, {"cf-mitigated": "challenge"}, "soft", "bot_challenge", None),
        (429, {"Retry-After": "120"}, "temporary", "http_429", 120.0),
        (503, {"Retry-After": "Sun, 15 Jun 2025 15:10:00 GMT"}, "temporary", "http_503", 200.0),
        (500, {"Retry-After": "soon"}, "soft", "http_500", None),
        (204, {}, "soft", "http_204", None),
        (302, {}, "soft", "http_302", None),
    ],
)
async def test_statuses(
    site: FakeSite, fetcher: Fetcher, status: int, headers: dict[str, str], kind: str, reason: str, retry_after_s: float | None
) -> None:
    site.script["/feed"] = Reply(status=status, headers=headers)
    result = failed(await fetcher.get(site.url("/feed"), now=NOW))
    assert (result.kind, result.reason, result.retry_after_s, result.status) == (kind, reason, retry_after_s, status)


async def test_cancellation_passes_through(site: FakeSite, fetcher: Fetcher) -> None:
    site.script["/feed"] = Reply(body=b"<rss>", stalls=True)
    task = asyncio.create_task(fetcher.get(site.url("/feed")))
    while not site.asked:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
