"""Kills that do not travel with their items, through the whole service on a real broker: gone, and every record accounted for."""

from collections.abc import Iterable
from pathlib import Path

from pipeline import codec, provision
from pipeline.article import Article
from pipeline.config import Config
from pipeline.poll.feeds import import_feeds, specs
from pipeline.records import FeedSpec
from pipeline.stages.bucket import BUCKETS
from tests.faults.judge import faults_of
from tests.kafka.test_recall import eventually
from tests.kafka.test_service import assert_balanced, with_feeds
from tests.poll.site import FakeSite, Reply
from tests.service import Workers, contents, settle

MILL, FERRY, NOTE = (f"urn:newsml:agency.example:20260301:{name}" for name in ("mill", "ferry", "note"))


def ninjs(uri: str, hour: int, **facts: str) -> Reply:
    """One item of the agency."""
    body = {"uri": uri, "version": str(hour), "type": "text", "versioncreated": f"2026-03-01T{hour:02d}:00:00Z", **facts}
    return Reply(body=codec.dumps(body))


TEXTS = {
    "/mill": ninjs(
        MILL, 1, language="de", headline="Drohnen treffen Mühle am Rand von Varnholt",
        body_text="Drohnen haben am Sonntag eine Mühle am Rand von Varnholt getroffen, wie die Gouverneurin sagte.",
    ),
    "/ferry": ninjs(
        FERRY, 1, language="en", headline="Ferry runs aground off the northern islands",
        body_text="A ferry with 120 people on board ran aground off the northern islands on Sunday, the coast guard said.",
    ),
}  # fmt: skip
KILLS = {
    "/kill-by-id": ninjs(MILL, 2, pubstatus="canceled"),
    "/kill-by-text": ninjs(
        NOTE, 2, language="fr", headline="WITHDRAWAL: Ferry",
        body_text="“Ferry runs aground off the northern islands” is withdrawn.",
    ),
}  # fmt: skip


def feeds(site: FakeSite, paths: Iterable[str]) -> list[FeedSpec]:
    """Kills by id come from a service of their own."""
    provider = {"/kill-by-id": "notices.example"}
    rows = [
        {"id": path[1:], "url": site.url(path), "interval_s": 3600.0, "provider": provider.get(path, "agency.example")}
        for path in paths
    ]
    return specs(rows, "the test")


async def newest(config: Config, *topics: str) -> dict[str, bytes | None]:
    """What a reader has, by uri."""
    return {(record.key or b"").decode(): record.value for record in await contents(config, *topics)}


async def test_a_kill_of_another_language_and_another_identity_reaches_its_item(config: Config, tmp_path: Path) -> None:
    config = with_feeds(config)
    await provision.apply(config)
    async with FakeSite(TEXTS | KILLS) as site, Workers(config, tmp_path, ["w0", "w1"]) as workers:
        await import_feeds(config, feeds(site, TEXTS))

        async def is_public() -> bool:
            return {MILL, FERRY} <= {uri for uri, value in (await newest(config, "out.de", "out.en")).items() if value}

        await eventually(is_public)
        await import_feeds(config, feeds(site, TEXTS | KILLS))

        async def is_gone() -> bool:
            found = await newest(config, "out.de", "out.en")
            return found[MILL] is None and found[FERRY] is None

        await eventually(is_gone)
        snapshot = await settle(config)
        assert workers.ended() == []
    assert_balanced(snapshot)
    assert snapshot.ledger["address"].copies == 2 * (len(BUCKETS) - 1)
    assert snapshot.ledger["link"].received == snapshot.ledger["address"].sent
    assert await faults_of(config, snapshot) == []
    retracted = [codec.decode(record.value, Article) for record in await contents(config, "retractions")]
    told = {
        (one.pipeline.identity.echo, item.uri)
        for one in retracted
        if one.pipeline.retraction
        for item in one.pipeline.retraction.items
    }
    assert ("en", FERRY) in told
    assert MILL in {uri for _, uri in told}
