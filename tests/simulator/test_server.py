"""The wire over real HTTP on loopback, with a clock that the test turns."""

import gzip
import json
import os
import signal
import subprocess
import sys
import tomllib
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec
import pytest

from pipeline.records import FeedSpec
from pipeline.simulator.feeds import FEEDS
from pipeline.simulator.server import HOST, Simulator, accepts_gzip, catalogue, live_wire
from pipeline.simulator.wire import Wire

BACKLOG = 7200.0
WORLD = "/meridian/world.xml"


class TurnedClock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return TurnedClock()


@pytest.fixture
async def simulator(clock, tmp_path):
    simulator = Simulator(Wire(11, speed=10.0), backlog_s=BACKLOG, truth=tmp_path / "truth.jsonl", clock=clock)
    await simulator.start()
    yield simulator
    await simulator.close()


@pytest.fixture
async def http(simulator):
    async with aiohttp.ClientSession(
        simulator.base_url, auto_decompress=False, skip_auto_headers=["Accept-Encoding", "User-Agent"]
    ) as session:
        yield session


async def get(http, path, **headers):
    async with http.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()}) as response:
        return response.status, response.headers, await response.read()


def events_between(simulator, feed, since, until):
    return [event for event in simulator.wire.events(until, since=since) if event.feed == feed]


async def test_feeds_are_served_as_the_wire_has_them(simulator, http):
    for feed in FEEDS:
        status, headers, body = await get(http, feed.path)
        assert status == 200
        assert body == simulator.wire.document(feed.id, BACKLOG)
        assert headers["Content-Type"].startswith("application/")
        assert headers["Cache-Control"] == "max-age=1"


async def test_nothing_is_served_beyond_loopback(simulator):
    assert simulator.base_url.startswith(f"http://{HOST}:")
    assert [address[0] for address in simulator._runner.addresses] == ["127.0.0.1"]


async def test_an_etag_is_answered_with_304_until_the_feed_changes(simulator, http, clock):
    _, headers, body = await get(http, WORLD)
    etag = headers["ETag"]
    assert not etag.startswith("W/")
    status, headers, empty = await get(http, WORLD, If_None_Match=f'"other", {etag}')
    assert (status, empty, headers["ETag"]) == (304, b"", etag)

    change = next(event for event in simulator.wire.events(9000, since=BACKLOG) if event.feed == "sim-meridian-world")
    clock.now_s += (change.at - BACKLOG - 1) / 10
    assert (await get(http, WORLD, If_None_Match=etag))[0] == 304
    clock.now_s += 0.1
    status, headers, changed = await get(http, WORLD, If_None_Match=etag)
    assert status == 200
    assert headers["ETag"] != etag
    assert change.guid.encode() in changed
    assert changed != body


async def test_last_modified_is_honest(simulator, http, clock):
    """There is one only when its second is over, and then it is answered with 304 exactly until the next change."""
    feed = "sim-meridian-world"
    seen_304 = 0
    known_date, known_body = "", b""
    for _ in range(400):
        clock.now_s += 0.1
        conditions = {"If_Modified_Since": known_date} if known_date else {}
        status, headers, body = await get(http, WORLD, **conditions)
        current = simulator.wire.document(feed, simulator.now())
        if status == 304:
            seen_304 += 1
            assert current == known_body
        else:
            assert body == current
            if "Last-Modified" in headers:
                known_date, known_body = headers["Last-Modified"], body
                assert parsedate_to_datetime(known_date).timestamp() < simulator.wire.epoch + simulator.now() / 10
    assert seen_304 > 100
    assert len(events_between(simulator, feed, BACKLOG, simulator.now())) >= 3


async def test_an_etag_counts_more_than_a_date(http, clock):
    clock.now_s += 5
    _, headers, _ = await get(http, WORLD)
    assert "Last-Modified" in headers
    status, _, _ = await get(http, WORLD, If_None_Match='"other"', If_Modified_Since=headers["Last-Modified"])
    assert status == 200
    assert (await get(http, WORLD, If_Modified_Since="yesterday"))[0] == 200


async def test_gzip_when_accepted(http):
    _, plain_headers, plain = await get(http, WORLD)
    status, headers, zipped = await get(http, WORLD, Accept_Encoding="br, gzip")
    assert status == 200
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped) == plain
    assert len(zipped) < len(plain) / 2
    assert headers["ETag"] != plain_headers["ETag"]
    assert headers["Vary"] == plain_headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in plain_headers
    assert (await get(http, WORLD, Accept_Encoding="gzip", If_None_Match=headers["ETag"]))[0] == 304


@pytest.mark.parametrize(
    ("header", "is_accepted"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("", False), ("identity", False), ("gzip;q=0", False)],
)
def test_accept_encoding(header, is_accepted):
    assert accepts_gzip(header) is is_accepted


async def test_the_truth_is_on_file_before_the_feed_shows_it(simulator, http, clock, tmp_path):
    clock.now_s += 120
    await get(http, "/nordpress/feed.atom")
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    opening = [event.item for event in simulator.wire.opening(BACKLOG)]
    later = [event.item for event in simulator.wire.events(BACKLOG + 1200, since=BACKLOG)]
    assert [line["item"] for line in lines] == opening + later
    assert {line["kind"] for line in lines} == {"new", "repeat", "copy", "update", "correction", "script"}


async def test_the_truth_over_http(simulator, http, clock):
    clock.now_s += 60
    _, headers, body = await get(http, "/truth.jsonl")
    assert headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line)["item"] for line in body.splitlines()] == [event.item for event in simulator.truth()]
    _, _, body = await get(http, "/truth.jsonl?since=7500")
    assert [json.loads(line)["at"] for line in body.splitlines()] == [
        event.at for event in simulator.wire.events(7800, since=7500)]  # fmt: skip
    assert (await get(http, "/truth.jsonl?since=x"))[0] == 400


async def test_freeze_stops_the_world_but_not_the_server(simulator, http, clock, tmp_path):
    clock.now_s += 30
    async with http.post("/freeze") as response:
        assert await response.json(content_type=None) == {"at": BACKLOG + 300}
    _, headers, body = await get(http, WORLD)
    clock.now_s += 3600
    assert simulator.freeze() == BACKLOG + 300
    status, _, same = await get(http, WORLD)
    assert (status, same) == (200, body)
    assert (await get(http, WORLD, If_None_Match=headers["ETag"]))[0] == 304
    ats = [json.loads(line)["at"] for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert max(ats) <= BACKLOG + 300


async def test_the_catalogue_is_importable(simulator, http):
    _, _, body = await get(http, "/feeds.toml")
    feeds = tomllib.loads(body.decode())["feed"]
    assert feeds == catalogue(simulator.base_url)
    specs = msgspec.convert(feeds, list[FeedSpec])
    assert [spec.id for spec in specs] == [feed.id for feed in FEEDS]
    assert all(spec.url.startswith(simulator.base_url) and spec.interval_s == 2.0 for spec in specs)


async def test_a_taken_port_is_an_error(simulator):
    with pytest.raises(OSError, match="address already in use"):
        await Simulator(Wire(1)).start(int(simulator.base_url.rsplit(":", 1)[1]))


def test_a_live_wire_dates_its_start_now():
    import time

    before = time.time()
    wire = live_wire(1, speed=10.0, backlog_s=BACKLOG)
    assert before - 1 <= wire.unix(BACKLOG) <= time.time()


def simulate(*arguments, **options):
    command = "from pipeline.cli.simulate import simulate; simulate()"
    return subprocess.Popen([sys.executable, "-c", command, *arguments], stdout=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_runs_until_a_signal(number, tmp_path):
    truth = tmp_path / "truth.jsonl"
    process = simulate("--seed", "4", "--truth", str(truth), env=os.environ | {"PYTHONUNBUFFERED": "1"})
    base_url = process.stdout.readline().strip()
    feeds = [process.stdout.readline().split("\t") for _ in FEEDS]
    process.send_signal(number)
    process.stdout.close()
    assert process.wait(20) == 0
    assert base_url.startswith("http://127.0.0.1:")
    assert [feed[0] for feed in feeds] == [feed.id for feed in FEEDS]
    assert all(feed[2].startswith(base_url) for feed in feeds)
    assert len(truth.read_text().splitlines()) >= sum(feed.window for feed in FEEDS)


def test_the_command_ends_by_itself():
    process = simulate("--for", "0.1s")
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "sim-meridian-world" in output


def test_the_command_refuses_what_is_no_duration():
    process = simulate("--for", "soon", stderr=subprocess.PIPE)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "'soon' is not a duration" in errors
