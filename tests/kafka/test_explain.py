"""One article's life, told from what lies on a real broker: by any of its names, in order, and no more than is known."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from click.testing import CliRunner, Result
from msgspec import structs

from pipeline import codec, kafka, provision
from pipeline.article import Article
from pipeline.cli import root
from pipeline.cli.explain import describe
from pipeline.config import Config, to_environment
from pipeline.explain import Explanation, explain
from pipeline.explain.fate import is_idle_echo, trace
from pipeline.explain.wanted import Found
from pipeline.hop import dead_letter
from pipeline.reasons import Reason
from pipeline.records import Emit, RawItem, Reject
from pipeline.sinks.segment import Manifest, Place
from pipeline.sinks.stores import open_store
from pipeline.stages.dedup import dedup, item_uri
from pipeline.stages.enrich import enrich
from pipeline.stages.link import link, story_id
from pipeline.stages.normalize import normalize
from pipeline.topics import full_name
from tests.builders import KEY, NOW, raw_item, rss, rss_item

URI = item_uri(KEY)
LIFE = ["raw", "normalized", "linked", "enriched", "out.en"]
Row = tuple[str, str, bytes | None, Sequence[tuple[str, bytes]]]  # topic, key, value, headers


def item(headline: str = "Floods close the river road", part: int = 0, **over: object) -> RawItem:
    """An item as the poller publishes it, with the guid in its header."""
    value = rss(rss_item(headline))
    return raw_item(**({"value": value, "part": part, "guid": "a-1", "document": f"sha256:{part:064d}"} | over))


def raw(item: RawItem) -> Row:
    return "raw", item.key, item.value, codec.raw_headers(item)


def on(topic: str, article: Article, key: str) -> Row:
    """An article on one of the topics between the hops, or on a public one."""
    return topic, key, codec.encode(article), codec.article_headers(article, topic)


class World:
    """The pure stages with their state: what the hops would write for an item."""

    def __init__(self) -> None:
        self.states: dict[str, dict[bytes, bytes]] = {"dedup": {}, "link": {}}

    def life(self, item: RawItem, through: str = "out.en") -> list[Row]:
        """The records of a new or changed item, up to a topic."""
        normalized = self._emitted("", normalize(self._emitted("dedup", dedup(item, self.states["dedup"], NOW)), {}, NOW))
        linked = self._emitted("link", link(normalized, self.states["link"], NOW))
        enriched = self._emitted("", enrich(linked, {}, NOW))
        story = linked.pipeline.story.id
        rows = [
            raw(item),
            on("normalized", normalized, "en"),
            on("linked", linked, story),
            on("enriched", enriched, story),
            on("out.en", enriched, enriched.uri),
        ]
        return rows[: LIFE.index(through) + 1]

    def _emitted(self, stage: str, verdict: object) -> Any:
        assert isinstance(verdict, Emit)
        self.states.get(stage, {}).update({key: value for key, value in verdict.writes if value is not None})
        return verdict.record


async def write(config: Config, rows: Iterable[Row]) -> None:
    """Topics as the table says, and these records on them, one after the other."""
    await provision.apply(config)
    producer = AIOKafkaProducer(**kafka.connection(config.kafka), acks="all")
    await producer.start()
    try:
        for topic, key, value, headers in rows:
            name = full_name(config.kafka.prefix, topic)
            partition = kafka.partition_of(key.encode(), config.kafka.partitions)
            await producer.send_and_wait(name, value, key=key.encode(), headers=list(headers), partition=partition)
    finally:
        await producer.stop()


async def passed(config: Config, hop: str, topic: str) -> None:
    """The hop has committed everything on its topic."""
    consumer = AIOKafkaConsumer(**kafka.connection(config.kafka), group_id=f"{config.kafka.app}-{hop}", enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(full_name(config.kafka.prefix, topic), p) for p in range(config.kafka.partitions)]
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()


def topics(found: Explanation) -> list[str]:
    return [each.topic for each in found.chain]


def fates(found: Explanation) -> dict[str, str]:
    """The fate of the newest record on each topic."""
    return {each.topic: each.fate for each in found.chain}


def command(config: Config, *arguments: str) -> Result:
    return CliRunner(env=to_environment(config)).invoke(root, ["explain", *arguments])


# ── finding it ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_every_name_of_an_article_tells_its_whole_life(config: Config) -> None:
    world = World()
    text = "<p>The harbour council of Ostrava votes on new cranes in autumn.</p>"
    value = rss(rss_item("Another story", text).replace("/a/1", "/a/2").replace("a-1", "a-2"))
    other = item(key="https://example.test/a/2", guid="a-2", part=1, value=value)
    await write(config, [*world.life(item()), *world.life(other)])
    link = "http://www.example.test/a/1?utm_source=rss&utm_medium=feed"
    for name in (URI, KEY, link, "a-1", story_id(URI)):
        found = await explain(config, name)
        assert topics(found) == LIFE, name
        assert found.uris == [URI], name
        assert found.keys == [KEY], name
        assert {topic: fate.split()[:2] for topic, fate in fates(found).items()} == {
            "raw": ["→", "normalized"],
            "normalized": ["→", "linked"],
            "linked": ["→", "enriched"],
            "enriched": ["→", "out.en"],
            "out.en": [],
        }
    assert {reading.topic: reading.records for reading in found.searched}["raw"] == 2


async def test_versions_are_told_in_order_with_what_they_replace(config: Config) -> None:
    world = World()
    await write(config, [*world.life(item()), *world.life(item("UPDATE 1-Floods close the river road, one dead", part=1))])
    found = await explain(config, URI)
    assert sorted(topics(found)) == sorted([*LIFE, *LIFE])  # the broker's clock may give both versions one millisecond
    first, second = found.of("linked")
    assert (first.facts["version"], first.facts["relation"]) == ("1", "new")
    assert (second.facts["version"], second.facts["relation"]) == ("2", "update")
    assert second.facts["previous"] == {"uri": URI, "version": "1"}
    assert found.of("normalized")[1].facts["dedup"] == "changed"
    assert found.of("normalized")[1].facts["rules"] == ["headline.series_tag"]
    for before, after in (("raw", "normalized"), ("enriched", "out.en")):
        assert [each.fate for each in found.of(before)] == [f"→ {each.place}" for each in found.of(after)]


async def test_what_is_not_there_is_not_known(config: Config) -> None:
    found = await explain(config, URI)
    assert (found.chain, found.uris) == ([], []), "not even the topics are there"
    await write(config, World().life(item()))
    for name in ("urn:newswire:item:0", "https://example.test/a/", "a-", "river road"):
        assert (await explain(config, name)).chain == [], name


async def test_only_the_public_topic_may_be_left(config: Config) -> None:
    german = structs.replace(codec.decode(World().life(item())[-1][2], Article), language="de-AT")
    by = [("relation", b"kill"), ("by-uri", b"urn:newsml:wire.example:kill")]
    await write(config, [on("out.de", german, URI), ("out.en", URI, None, by)])
    found = await explain(config, URI)
    (null,) = found.of("out.en")
    assert list(describe(null)) == ["tombstone: withdrawn from the public topic by the kill urn:newsml:wire.example:kill"]
    assert {each.topic: each.facts.get("tombstone") for each in found.chain} == {"out.de": None, "out.en": True}


async def test_records_that_do_not_decode_are_shown_as_such(config: Config) -> None:
    raw_row, normalized, *_ = World().life(item())
    await write(config, [(*raw_row[:3], raw_row[3][1:]), (*normalized[:2], b"{", normalized[3])])
    found = await explain(config, URI)
    assert "header 'format' is missing" in found.of("raw")[0].facts["undecodable"]
    assert "not JSON" in found.of("normalized")[0].facts["undecodable"]


# ── what became of it ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_record_waits_until_its_hop_has_passed_it(config: Config) -> None:
    await write(config, World().life(item(), through="raw"))
    assert fates(await explain(config, KEY)) == {"raw": "waits for ingest"}
    await passed(config, "ingest", "raw")
    assert "nothing of it is found" in fates(await explain(config, KEY))["raw"]


async def test_a_repeat_is_told_by_its_sighting(config: Config) -> None:
    world = World()
    life = world.life(item())
    again = item(feed="example-top", fetched_at="2026-03-01T07:40:00Z", part=3)
    (sighting,) = dedup(again, world.states["dedup"], again.fetched_at).also
    await write(config, [*life, raw(again), (sighting.topic, sighting.key, codec.encode(sighting.value), [])])
    found = await explain(config, URI)
    first, second = found.of("raw")
    assert first.fate.startswith("→ normalized")
    assert second.fate == f"dropped by dedup: seen before ({found.of('sightings')[0].place})"


async def test_a_reject_is_told_with_its_reason_whatever_it_is_asked_by(config: Config) -> None:
    await write(config, [raw(item())])
    (record,) = [each async for each in kafka.read_topics(config.kafka, [full_name(config.kafka.prefix, "raw")])]
    dead = dead_letter(record, "normalize", Reject(Reason.NO_CONTENT, "rss item without headline and text"))
    await write(config, [("dead", KEY, dead.value, dead.headers)])
    for name in (URI, KEY, "a-1"):
        found = await explain(config, name)
        assert topics(found) == ["raw", "dead"]
        assert found.chain[0].fate == f"rejected by normalize: no_content ({found.chain[1].place})"


async def test_a_reject_of_the_poller_is_found_in_its_bytes(config: Config) -> None:
    headers = codec.dead_headers(
        [("feed", b"example-world")], {"stage": "poll", "reason": "too_many_children", "detail": "9,999"}
    )
    await write(config, [("dead", "example-world", rss(rss_item()), headers), ("dead", "example-world", b"other", headers)])
    found = await explain(config, KEY)
    assert [each.facts["reason"] for each in found.chain] == ["too_many_children"]


async def test_what_link_drops_is_told_by_what_it_had(config: Config) -> None:
    world = World()
    life = world.life(item())
    markup = item(part=1, value=rss(rss_item(body="<p>Water rose in Kyiv on <b>Sunday</b>.</p>")))
    changed = normalize(structs.replace(markup, verdict="changed"), {}, NOW)
    assert isinstance(changed, Emit)
    assert isinstance(changed.record, Article)
    await write(config, [*life, raw(markup), on("normalized", changed.record, "en")])
    await passed(config, "link", "normalized")
    found = await explain(config, URI)
    linked = found.of("linked")[0].place
    assert found.of("normalized")[1].fate == f"dropped by link, which leaves no record: {linked} (version 1) has the same content"


def test_what_is_past_retention_is_not_called_lost() -> None:
    day_ms = 86_400_000
    origin = ("example-world", NOW, "sha256:0", 0)
    common: dict[str, Any] = {"partition": 0, "offset": 0, "key": KEY, "value": b"", "facts": {}, "origin": origin}
    old = Found(at=0, topic="raw", **common)
    trace([old], {("raw", 0): 1}, now=15 * day_ms)
    assert old.fate == "passed ingest; what came of it is past retention (14 d on normalized)"
    trace([old], {("raw", 0): 1}, now=13 * day_ms)
    assert "a loss to report" in old.fate
    trace([old], {("raw", 0): 0}, now=15 * day_ms)
    assert old.fate == "waits for ingest"


def test_of_a_kill_that_every_language_is_told_each_copy_has_its_own_fate() -> None:
    origin = ("example-world", NOW, "sha256:0", 0)

    def at(topic: str, offset: int, echo: str) -> Found:
        facts = {"echo": echo} if echo else {}
        return Found(at=0, topic=topic, partition=0, offset=offset, key=KEY, value=b"", facts=facts, origin=origin)

    raw, own, hit, missed = at("raw", 0, ""), at("normalized", 0, ""), at("normalized", 1, "de"), at("normalized", 2, "fr")
    linked, killed = at("linked", 0, ""), at("linked", 1, "de")
    trace([raw, own, hit, missed, linked, killed], {("raw", 0): 1, ("normalized", 0): 3}, now=0)
    assert raw.fate == f"→ {own.place}"
    assert (own.fate, hit.fate) == (f"→ {linked.place}", f"→ {killed.place}")
    assert missed.fate == "told to every language; it changes nothing that link holds in fr"
    assert [each for each in (own, hit, missed) if is_idle_echo(each)] == [missed], "what a person need not read"


async def test_the_segment_is_named_by_its_manifest(config: Config) -> None:
    await write(config, World().life(item()))
    found = await explain(config, URI)
    enriched = found.of("enriched")[0]
    assert found.segments == {enriched.place: f"none: {config.objects.store.removeprefix('file:')} is not there"}
    topic = full_name(config.kafka.prefix, "enriched")
    topic_id = (await kafka.identities(config.kafka, [topic]))[topic]
    place = Place(config.objects.prefix, topic, topic_id, enriched.partition)
    key = place.data_key(0, 9, enriched.at)
    manifest = Manifest(
        kind="segment",
        topic=topic,
        topic_id=topic_id,
        partition=enriched.partition,
        start=0,
        end=9,
        next_offset=10,
        why="age",
        writer="test",
        count=1,
        sha256="0" * 64,
        key=key,
    )
    await open_store(config.objects.store).put_new(place.manifest_key(0, 9), codec.encode(manifest))
    assert (await explain(config, URI)).segments == {enriched.place: key}
    elsewhere = replace(config, objects=replace(config.objects, store="memory:"))
    assert (await explain(elsewhere, URI)).segments[enriched.place].startswith("not searched")


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_command_draws_the_chain_and_keeps_the_terminal_safe(config: Config) -> None:
    asyncio.run(write(config, World().life(item("Floods \x9b31mclose the road"))))
    result = command(config, KEY)
    assert result.exit_code == 0, result.output
    assert "\x9b" not in result.output
    lines = [line.strip() for line in result.output.splitlines()]
    assert f"uri   {URI}" in lines
    assert f"story {story_id(URI)}" in lines
    assert "rss item from example-world, part 0 of its document" in result.output
    assert "new, revision 1 of its story" in lines
    assert "keeps 30 d" in lines[-1], "how far back was looked is always said"


def test_the_command_prints_json(config: Config) -> None:
    asyncio.run(write(config, World().life(item())))
    told = codec.loads(command(config, URI, "--json").stdout)
    assert [row["topic"] for row in told["chain"]] == LIFE
    assert told["chain"][0]["at"].endswith("Z")
    assert told["chain"][0]["facts"]["item"] == item().item
    assert {reading["topic"] for reading in told["searched"]} == {*LIFE, "dead", "sightings"}


def test_the_command_prints_the_bytes_as_fetched(config: Config) -> None:
    newer = item("Floods close the road", part=1)
    world = World()
    asyncio.run(write(config, [*world.life(item()), *world.life(newer)]))
    result = command(config, URI, "--raw")
    assert result.exit_code == 0
    assert result.stdout_bytes == newer.value
    assert "2 raw records" in result.stderr


def test_the_command_fails_with_a_sentence_when_nothing_is_known(config: Config) -> None:
    asyncio.run(write(config, World().life(item())))
    for option in ((), ("--raw",)):
        result = command(config, "urn:newswire:item:nobody", *option)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "nothing is known about 'urn:newswire:item:nobody' (older is past retention)" in result.stderr
        assert "raw 1 since" in result.stderr
    result = command(config, "urn:newswire:item:nobody", "--json")
    assert result.exit_code == 1
    assert codec.loads(result.stdout)["chain"] == []
    assert command(config, " ").exit_code == 2
