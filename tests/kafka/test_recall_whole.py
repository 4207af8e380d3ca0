"""A story that more sites carry than a kill can name: all of it is gone, and of each item that can be proved."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from msgspec import structs

from pipeline import codec, provision
from pipeline.article import Article
from pipeline.config import Config, Recall
from pipeline.poll.feeds import import_feeds, specs
from pipeline.sinks.forms import DOCUMENTS, EVENTS, RAW, unpack
from pipeline.stages.dedup import item_uri
from pipeline.stages.link.chain import ITEMS_MAX
from pipeline.story import Retraction, Withdrawn
from tests.builders import NOW
from tests.kafka.test_recall import Sick, committed, eventually, poll_until, recall
from tests.kafka.test_recall_prove import produce
from tests.kafka.test_recall_rounds import recalling, until_swept
from tests.kafka.test_service import assert_balanced, with_feeds
from tests.poll.site import FakeSite, Reply
from tests.service import Workers, contents, settle
from tests.sinks.records import Rec
from tests.sinks.test_members import COPY, ERASED, HOME, JOIN, MOVE, MOVED, erased, filled
from tests.sinks.test_redaction import KEY, made, put, raw

COPIES = 80
URI, OTHER = (f"urn:newsml:agency.example:20260301:{name}" for name in ("mill", "ferry"))
SECRET = (
    "The governor of Varnholt said on Sunday that drones had struck the old mill at the edge of the town shortly before dawn "
    "and that 12 people who slept in the building next to it were hurt, two of them badly. Firefighters from three districts "
    "brought the blaze under control by noon, while the road to the harbour stayed closed and trains waited at the border."
)
LEADS = (  # of eight sites each: what 64 texts have in common, `link` takes for boilerplate, and it reads eight texts beside one
    "Residents of a quiet town woke to explosions this morning.",
    "Our correspondent in the north has sent us this report about the attack.",
    "Another strike on food supplies alarms grain traders across the region.",
    "What we know so far about events near the northern frontier tonight.",
    "Bakers fear for their flour after yet another blow against their trade.",
    "Readers ask us whether bread will cost more from next week on.",
    "Windows broke for miles around when something fell out of the sky.",
    "Insurers expect large claims from an industry that is used to fires.",
    "Here is the latest from our live desk on the situation upriver.",
    "Smoke could be seen from the cathedral until late in the evening.",
)
HEADLINE = "Drones strike a mill at the edge of Varnholt"


def wire(uri: str, version: int, headline: str, text: str, status: str = "usable", hours: int = 2) -> Reply:
    """The agency's own message, so many hours old."""
    at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")
    body = {
        "uri": uri, "version": str(version), "type": "text", "pubstatus": status, "language": "en",
        "versioncreated": at, "headline": headline, "body_text": text,
    }  # fmt: skip
    return Reply(body=codec.dumps(body))


def carried(number: int) -> Reply:
    """A site's copy under an address of its own."""
    link = f"https://site-{number}.example/stories/{number}"
    item = (
        f"<title>{HEADLINE}</title><link>{link}</link><guid>{link}</guid>"
        f"<pubDate>{format_datetime(datetime.now(UTC) - timedelta(minutes=COPIES - number))}</pubDate>"
        f"<description>{LEADS[number % len(LEADS)]} {SECRET}</description>"
    )
    return Reply(body=f'<rss version="2.0"><channel><title>Site</title><item>{item}</item></channel></rss>'.encode())


def holding(config: Config) -> dict[Path, bytes]:
    """The objects with the killed text."""
    found = {}
    for path in Path(config.objects.store.removeprefix("file:")).rglob("*.*"):
        for suffix, form in ((".jsonl.zst", EVENTS), (".warc.gz", DOCUMENTS)):
            if path.name.endswith(suffix) and SECRET.encode() in unpack(body := path.read_bytes(), form)[0]:
                found[path] = body
    return found


async def standing(config: Config) -> set[str]:
    """What readers of the public topic have."""
    newest = {(record.key or b"").decode(): record.value for record in await contents(config, "out.en")}
    return {uri for uri, value in newest.items() if value is not None}


def are_public(config: Config, count: int) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return len(await standing(config)) == count

    return holds


async def unnamed(config: Config, public: set[str]) -> set[str]:
    """Those that no kill names."""
    messages = [codec.decode(record.value, Article) for record in await contents(config, "retractions")]
    told = [message.pipeline.retraction for message in messages if message.pipeline.retraction]
    assert any(retraction.is_partial for retraction in told)
    return public - {item.uri for retraction in told for item in retraction.items}


async def test_whom_it_means_is_known_by_moves_and_what_comes_again_goes_too(config: Config, tmp_path: Path) -> None:
    await provision.apply(config)
    store = Sick(tmp_path / "objects")
    for key, body in (await filled()).objects.items():
        await store.put_new(key, body)
    config = replace(config, objects=replace(config.objects, prefix="news"), recall=Recall(days=36_500, sweep_s=0.2))
    items = (Withdrawn(uri=item_uri(KEY)),)
    told = Retraction(kind="kill", items=items, stories=(HOME,), by=item_uri(KEY), at=NOW, is_partial=True)
    message = made(KEY)
    killed = structs.replace(message, pipeline=structs.replace(message.pipeline, retraction=told))
    moves = [("relinks", Rec(0, key=move.story.encode(), value=codec.encode(move))) for move in (MOVE, JOIN)]
    await produce(config, *moves, ("relinks", Rec(0, value=b"{")), ("retractions", Rec(0, value=codec.encode(killed))))
    async with recalling(config, store):
        while await committed(config) < 1:
            await asyncio.sleep(0.05)
        assert await erased(store) == ERASED
        await put(store, RAW, [raw(10, COPY, at="2099-01-01T00:00:00Z"), raw(11, MOVED, at="2099-01-01T00:00:00Z")])
        await until_swept(config, datetime.now(UTC).isoformat(timespec="milliseconds"))
    assert await erased(store) == ERASED | {("raw", 10)}


async def test_a_kill_takes_all_items_of_a_story_that_has_more_than_it_can_name(config: Config, tmp_path: Path) -> None:
    config = with_feeds(config)
    await provision.apply(config)
    copies = {f"/site-{number}": carried(number) for number in range(COPIES)}
    ferry = wire(OTHER, 1, "Ferries sail again from Monday", "Ferries between the northern islands sail again from Monday.")
    async with FakeSite({"/agency": wire(URI, 1, HEADLINE, SECRET), "/other": ferry} | copies) as site:
        rows = [
            {"id": path[1:], "url": site.url(path), "interval_s": 3600.0, "provider": f"{path[1:]}.example"}
            for path in site.script
        ]
        async with Workers(config, tmp_path) as workers:
            for count in (2, 2 + len(LEADS), 2 + COPIES):  # the agency, the first site of each beginning, all others
                await import_feeds(config, specs(rows[:count], "the test"))
                await eventually(are_public(config, count))
            await settle(config, drain=False)
            public, originals = await standing(config), await asyncio.to_thread(holding, config)
            site.script["/agency"] = wire(URI, 2, HEADLINE, SECRET, "canceled", hours=0)
            await poll_until(config, "agency", are_public(config, 1))
            snapshot = await settle(config)
            assert workers.ended() == []
    assert_balanced(snapshot)
    rest = await unnamed(config, public - {OTHER})
    assert len(rest) == COPIES + 1 - ITEMS_MAX
    assert await asyncio.to_thread(holding, config) == {}
    copy = min(rest)
    found = await asyncio.to_thread(recall, config, "prove", copy, "--deep", "--json")
    proof = codec.loads(found.stdout)
    assert (found.exit_code, proof["store"]["gone"]) == (0, {"events": 1, "raw": 1, "documents": 1}), found.output
    assert [(kill["kind"], kill["by"]) for kill in proof["kills"]] == [("kill", URI)]
    assert await standing(config) == {OTHER}
    assert (await asyncio.to_thread(recall, config, "prove", OTHER)).output.count("STILL STORED") == 1
    for path, body in originals.items():
        path.write_bytes(body)
    found = await asyncio.to_thread(recall, config, "prove", copy)
    assert (found.exit_code, "STILL STORED" in found.output) == (1, True), found.output
