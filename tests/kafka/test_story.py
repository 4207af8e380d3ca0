"""`newswire story` tells what lies on a real broker: versions, what changed, copies, a kill, and what readers have now."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace

from click.testing import CliRunner, Result
from msgspec import structs

from pipeline import codec
from pipeline.article import Article, Status, Vendor
from pipeline.cli import root
from pipeline.config import Config, to_environment
from pipeline.explain.story import _Cast
from pipeline.recall.withdraw import withdraw
from pipeline.records import Drop, Emit, Side, Sighting
from pipeline.routes import BY_LANGUAGE
from pipeline.stages.link import link
from pipeline.stages.route import Routed, route
from tests.builders import article
from tests.kafka.test_explain import Row, on, write

KEY = "https://wire.example/a/1"
URI = "urn:newsml:wire.example:20260301:dam"
BODY = (
    "BRACKWATER, Feb 28 - At least {dead} people died when the Holm dam above Brackwater gave way on Saturday night, "
    "the mayor said.\n\nRescue boats searched the lower town until dawn. The district closed both bridges across the "
    "Sill and told some 4,300 residents to stay with relatives in the hills.\n\n“We heard it before we saw it,” said "
    "Jana Kollar, who keeps a bakery by the market. Engineers had asked for repairs in autumn."
)


class Wire:
    """The pure stages from `link` on, and the rows that their hops would write."""

    def __init__(self) -> None:
        self.states: dict[str, dict[bytes, bytes]] = {"link": {}, "route": {}}
        self.rows: list[Row] = []

    def send(self, message: Article, now: str) -> None:
        times = structs.replace(message.pipeline.times, ingested=now, published=now, published_quality="exact")
        message = structs.replace(message, pipeline=structs.replace(message.pipeline, times=times), version_created=now)
        verdict = link(message, self.states["link"], now)
        self._keep("link", verdict)
        self._sides(verdict.also)
        if not isinstance(verdict, Emit):
            return
        linked = verdict.record
        assert isinstance(linked, Article)
        assert linked.pipeline.story is not None
        self.rows.append(on("linked", linked, linked.pipeline.story.id))
        routed = route(linked, self.states["route"], now, BY_LANGUAGE)
        self._keep("route", routed)
        if isinstance(routed, Emit):
            assert isinstance(routed.record, Routed)
            self.rows += [on(to.topic, linked, linked.uri) for to in routed.record.to]
            self.rows += [(topic, uri, None, []) for topic, uri in routed.record.withdrawn]

    def _keep(self, stage: str, verdict: Emit | Drop) -> None:
        for key, value in verdict.writes:
            if value is None:
                self.states[stage].pop(key, None)
            else:
                self.states[stage][key] = value

    def _sides(self, also: Sequence[Side]) -> None:
        self.rows += [
            (side.topic, side.key, codec.encode(side.value), codec.side_headers(side.value, side.topic)) for side in also
        ]


def text(version: int, dead: int, headline: str, **over: object) -> Article:
    made = article(headline=headline, body=BODY.format(dead=dead), key=KEY, uri=URI, version=str(version))
    made = structs.replace(made, **over)
    return structs.replace(made, pipeline=structs.replace(made.pipeline, vendor=Vendor(pub_status=made.pub_status)))


def killed(version: int) -> Article:
    made = text(version, 11, "Dam gives way above Brackwater", pub_status="canceled", ed_note="The report is wrong.")
    status = Status(kind="article", reasons=("pub_status.canceled",))
    return structs.replace(made, pipeline=structs.replace(made.pipeline, status=status))


def copied(headline: str) -> Article:
    """The text on another publisher's site."""
    made = article(headline=headline, body=BODY.format(dead=11), key="https://harbour-post.example/1")
    identity = structs.replace(made.pipeline.identity, feed="harbour-post", provider="harbour-post.example")
    return structs.replace(made, pipeline=structs.replace(made.pipeline, identity=identity))


def notice() -> Article:
    """A kill that names its victim by the headline."""
    words = "KILL KILL KILL. The dam holds, the district says."
    made = article(headline="Dam gives way above Brackwater, 11 dead", body=words, key="https://wire.example/a/2")
    status = Status(kind="article", reasons=("kill.repeated",))
    return structs.replace(made, pub_status="canceled", pipeline=structs.replace(made.pipeline, status=status))


def told() -> Wire:
    wire = Wire()
    wire.send(text(1, 12, "Dam gives way above Brackwater, 12 dead"), "2026-03-01T07:00:00Z")
    wire.send(text(2, 11, "Dam gives way above Brackwater, 11 dead"), "2026-03-01T07:20:00Z")
    seen = Sighting(uri=URI, feed="harbour-post", provider="harbour-post.example", seen_at="2026-03-01T07:30:00Z", identical=True)
    wire.rows.append(("sightings", KEY, codec.encode(seen), []))
    wire.send(killed(3), "2026-03-01T07:40:00Z")
    return wire


def command(config: Config, *arguments: str) -> Result:
    return CliRunner(env=to_environment(config)).invoke(root, ["story", *arguments])


async def test_a_story_is_told_from_its_first_text_to_its_kill(config: Config) -> None:
    wire = told()
    await write(config, wire.rows)
    result = await asyncio.to_thread(command, config, URI)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "Dam gives way above Brackwater, 11 dead"
    assert lines[1].startswith("story  urn:newswire:story:")
    assert lines[1].endswith("killed")
    assert lines[2] == f"item   {URI}  3 versions by example.test, withdrawn from out.en"
    events = [line[22:] for line in lines[4:] if line.startswith("20")]
    assert events == [
        "example.test, version 1, first text: Dam gives way above Brackwater, 12 dead",
        "example.test, version 2, update: Dam gives way above Brackwater, 11 dead",
        "harbour-post.example",
        "example.test, version 3, killed: Dam gives way above Brackwater",
    ]
    said = [line.strip() for line in lines[4:] if line.startswith("    ")]
    assert "figure (deaths): 12 → 11" in " ".join(said)
    assert "carries it, word for word" in said
    assert any(line == f"withdraws 1 item: {URI}" for line in said)
    by_story = await asyncio.to_thread(command, config, lines[1].split()[1], "--json")
    by_key = await asyncio.to_thread(command, config, KEY, "--json")
    document = codec.loads(by_story.stdout)
    assert {**codec.loads(by_key.stdout), "asked": ""} == {**document, "asked": ""}
    assert [each["relation"] for each in document["events"]] == ["new", "update", "sighting", "kill"]
    assert (document["state"], document["members"][0]["withdrawn_from"]) == ("killed", ["out.en"])


async def test_a_copy_is_told_once_and_a_kill_by_text_in_its_own_words(config: Config) -> None:
    wire = Wire()
    wire.send(text(1, 11, "Dam gives way above Brackwater, 11 dead"), "2026-03-01T07:00:00Z")
    wire.send(copied("Dam above Brackwater gives way, 11 dead"), "2026-03-01T07:20:00Z")
    wire.send(notice(), "2026-03-01T07:40:00Z")
    await write(config, wire.rows)
    lines = (await asyncio.to_thread(command, config, URI)).stdout.splitlines()
    assert lines[0] == "Dam gives way above Brackwater, 11 dead", "the story has its own headline, not its copy's"
    assert "1 notice by example.test" in "".join(lines[:6])
    events = [line[22:] for line in lines if line.startswith("20")]
    assert events == [
        "example.test, version 1, first text: Dam gives way above Brackwater, 11 dead",
        "harbour-post.example, version 1, copy: Dam above Brackwater gives way, 11 dead",
        "example.test, version 1, killed: Dam gives way above Brackwater, 11 dead",
    ]
    assert "“KILL KILL KILL. The dam holds, the district says.”" in [line.strip() for line in lines]


async def test_an_embargoed_story_has_its_headline_and_its_reason(config: Config) -> None:
    wire = Wire()
    held = text(1, 11, "Dam gives way above Brackwater", pub_status="withheld")
    status = Status(kind="article", is_held=True, reasons=("embargo.text",))
    wire.send(structs.replace(held, pipeline=structs.replace(held.pipeline, status=status)), "2026-03-01T07:00:00Z")
    await write(config, wire.rows)
    lines = (await asyncio.to_thread(command, config, URI)).stdout.splitlines()
    assert lines[0] == "Dam gives way above Brackwater"
    assert "    under embargo" in lines


async def test_what_was_taken_back_by_hand_is_told(config: Config) -> None:
    wire = Wire()
    wire.send(text(1, 11, "Dam gives way above Brackwater"), "2026-03-01T07:00:00Z")
    await write(config, wire.rows)
    await withdraw(config, [("out.en", URI)], "2026-03-01T08:00:00Z")
    lines = (await asyncio.to_thread(command, config, URI)).stdout.splitlines()
    assert lines[2].endswith("withdrawn from out.en")
    assert lines[-2].endswith(f"  {URI}, taken back by hand")
    assert lines[-1] == "    withdrawn from out.en"


async def test_what_nobody_knows_is_said_in_a_sentence(config: Config) -> None:
    await write(config, told().rows)
    result = await asyncio.to_thread(command, config, "urn:nobody:knows")
    assert (result.exit_code, "no story of 'urn:nobody:knows' is known" in result.stderr) == (1, True)
    assert (await asyncio.to_thread(command, config, " ")).exit_code == 2


def test_topics_that_share_a_millisecond_are_told_in_one_order() -> None:
    """Topics are read side by side, so their records come in any order."""
    records = [
        SimpleNamespace(
            topic=f"newswire.{topic}", partition=0, offset=offset, timestamp=7, key=key.encode(), value=value, headers=headers
        )
        for offset, (topic, key, value, headers) in enumerate(told().rows)
        if topic in ("linked", "corrections", "retractions")
    ]
    assert len({record.topic for record in records}) == 2
    tellings = []
    for order in (records, records[::-1]):
        cast = _Cast(URI, "newswire")
        for record in order:
            cast.message(record)
        tellings.append([(found.place, article.version) for found, article in cast.articles()])
    assert tellings[0] == tellings[1]
