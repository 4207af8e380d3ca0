"""Where a fetch may go: no feed, name, redirect or trick leads to a private address, another scheme or another port."""

import asyncio
import socket

import pytest
from aiohttp import AddrInfoType

from pipeline.poll.fetch import Fetcher
from tests.poll.site import LOOPBACK, FakeSite, Names, Recorder, Reply, failed, fetched, redirect

FEED = b"<rss><channel><title>t</title></channel></rss>"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://localhost./",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1%25lo]/",
        "http://0.0.0.0/",
        "http://example.test@127.0.0.1/",
        "http://127.0.0.1\\@example.test/",
        "http://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "/etc/passwd",
        "gopher://127.0.0.1/",
        "http:///feed",
        "http://exa mple.test/",
        "http://example.test:99999/",
        "",
    ],
)
async def test_no_socket_is_opened_for(url: str) -> None:
    recorder = Recorder()
    async with Fetcher(resolver=Names(["127.0.0.1"]), open_socket=recorder) as fetcher:
        result = failed(await fetcher.get(url))
    assert result.reason in ("url_refused", "address_refused")
    assert result.kind == "hard"
    assert recorder.addresses == []


async def test_public_address_is_tried() -> None:
    recorder = Recorder()
    async with Fetcher(open_socket=recorder) as fetcher:
        result = failed(await fetcher.get("http://93.184.215.14/feed"))
    assert recorder.addresses == ["93.184.215.14"]
    assert (result.kind, result.reason) == ("temporary", "connection_refused")


async def test_ports_are_the_feeds_own() -> None:
    recorder = Recorder()
    async with Fetcher(open_socket=recorder) as fetcher:
        assert failed(await fetcher.get("http://93.184.215.14:6379/")).reason == "address_refused"
        assert recorder.addresses == []
        await fetcher.get("http://93.184.215.14:8080/", ports=(8080,))
    assert recorder.addresses == ["93.184.215.14"]


async def test_a_name_with_one_bad_address_is_refused_whole() -> None:
    recorder = Recorder()
    async with Fetcher(resolver=Names(["93.184.215.14", "10.0.0.1"]), open_socket=recorder) as fetcher:
        assert failed(await fetcher.get("http://two.example.test/")).reason == "address_refused"
    assert recorder.addresses == []


async def test_a_name_that_changes_its_address_is_judged_each_time() -> None:
    recorder = Recorder()
    async with Fetcher(resolver=Names(["93.184.215.14"], ["127.0.0.1"]), open_socket=recorder) as fetcher:
        first = failed(await fetcher.get("http://rebind.example.test/"))
        second = failed(await fetcher.get("http://rebind.example.test/"))
    assert (first.reason, second.reason) == ("connection_refused", "address_refused")
    assert recorder.addresses == ["93.184.215.14"]


async def test_names_through_an_allowed_network() -> None:
    async with FakeSite({"/feed": Reply(body=FEED)}) as site, Fetcher(allow=LOOPBACK, resolver=Names(["127.0.0.1"])) as fetcher:
        assert fetched(await fetcher.get(site.url("/feed", host="feeds.example.test"))).body == FEED
    assert site.asked[0].headers["Host"] == f"feeds.example.test:{site.port}"


async def test_requests_at_once_are_judged_each_by_its_own_feed() -> None:
    recorder = Recorder()
    async with Fetcher(open_socket=recorder) as fetcher:
        url = "http://93.184.215.14:8080/"
        own, foreign = await asyncio.gather(fetcher.get(url, ports=(8080,)), fetcher.get(url))
    assert (failed(own).reason, failed(foreign).reason) == ("connection_refused", "address_refused")
    assert recorder.addresses == ["93.184.215.14"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"/0": redirect("/1"), "/1": redirect("/0")}, "redirect_loop"),
        ({"/0": redirect("/0")}, "redirect_loop"),
        ({f"/{n}": redirect(f"/{n + 1}") for n in range(6)} | {"/6": Reply(body=FEED)}, "too_many_redirects"),
        ({"/0": redirect("file:///etc/passwd")}, "url_refused"),
        ({"/0": redirect("ftp://example.test/feed")}, "url_refused"),
        ({"/0": redirect("http://user:word@127.0.0.1/")}, "url_refused"),
        ({"/0": redirect("http://2130706433/")}, "url_refused"),
        ({"/0": redirect("http://10.0.0.7/feed")}, "address_refused"),
        ({"/0": redirect("http://[::ffff:169.254.169.254]/latest/meta-data")}, "address_refused"),
    ],
    ids=["loop", "self", "chain of six", "file", "ftp", "userinfo", "number", "private", "mapped metadata address"],
)
async def test_bad_redirects(script: dict[str, Reply], reason: str) -> None:
    recorder = Recorder()

    def only_the_site(address: AddrInfoType) -> socket.socket:
        if address[4][1] == site.port:
            return socket.socket(*address[:3])
        return recorder(address)

    async with FakeSite(script) as site, Fetcher(allow=LOOPBACK, open_socket=only_the_site) as fetcher:
        assert failed(await fetcher.get(site.url("/0"))).reason == reason
    assert recorder.addresses == []
