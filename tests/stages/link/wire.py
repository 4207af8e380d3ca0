"""A stream of articles through `link` in this process, and articles as a wire sends them. All places and people are made up."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from pipeline.article import AltId, Article, Credit, Dateline, HeadlineParts, Story, Vendor
from pipeline.records import Drop, Emit, Side
from pipeline.stages.link import chain as chains
from pipeline.stages.link import link
from pipeline.stages.link.chain import Chain
from pipeline.wire.headline import clean_headline
from pipeline.wire.status import judge
from tests.builders import article

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def at(hours: float) -> str:
    """So many hours after the start, RFC 3339."""
    return (START + timedelta(hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def item(
    uri: str,
    headline: str = "Floods close the river road",
    body: str = "Water rose in Kyiv on Sunday.",
    *,
    hours: float | None = 0.0,
    seen: float | None = None,
    version: str = "",
    provider: str = "meridian.example",
    agency: str = "",
    is_copy: bool = False,
    slug: str = "",
    note: str = "",
    city: str = "",
    language: str = "en",
    pub_status: str = "",
    embargo: str | None = None,
    signals: tuple[str, ...] = (),
    guid: str = "",
    link_: str = "",
    alt_version: str = "",
) -> Article:
    """An article as `normalize` gives it: headline tags, status and embargo are read from the texts. `hours` None: undated.

    `seen` is when it came in, in hours; by default a minute after it was made.
    """
    came = at((hours or 0.0) + 1 / 60 if seen is None else seen)
    cleaned = clean_headline(headline)
    judged = judge(now=came, headline=headline, text=body, pub_status=pub_status, signals=signals, embargo=embargo)
    made = article(headline=cleaned.value, body=body)
    pipeline = replace(
        made.pipeline,
        identity=replace(made.pipeline.identity, key=uri, provider=provider, guid=guid, link=link_),
        times=replace(made.pipeline.times, ingested=came),
        headline=HeadlineParts(raw=headline, tags=cleaned.tags, key=cleaned.key) if headline else None,
        credit=Credit(agency=agency, republisher=provider if is_copy else "", confidence=0.9) if agency else None,
        dateline=Dateline(text=city, in_="body_raw", start=0, end=len(city), places=(city,)) if city else None,
        vendor=Vendor(signals=signals, pub_status=pub_status) if signals or pub_status else None,
        status=judged.status if judged.reasons or judged.status.kind != "article" else None,
    )
    return replace(
        made,
        uri=uri,
        version=version,
        version_created="" if hours is None else at(hours),
        pub_status=judged.pub_status,
        embargoed_until=judged.embargoed_until,
        language=language,
        slugline=slug,
        ed_note=note,
        located=city,
        alt_ids=alts(alt_version),
        pipeline=pipeline,
    )


def alts(version: str) -> tuple[AltId, ...]:
    """The version in words, where a wire has one."""
    return (AltId(role="version", value=version),) if version else ()


class Desk:
    """`link` with its state: give it articles, ask it for stories. `linked` is all that came out on that topic."""

    def __init__(self) -> None:
        self.state: dict[bytes, bytes] = {}
        self.sides: list[Side] = []
        self.drops: list[Drop] = []
        self.linked: list[Article] = []

    def take(self, one: Article) -> Article | None:
        """The linked article, None for one that was dropped. Writes are applied as a lane applies them."""
        verdict = link(one, self.state, one.pipeline.times.ingested)
        for key, value in verdict.writes:
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value
        self.sides.extend(verdict.also)
        copies = [side.value for side in verdict.also if side.topic == "linked"]
        self.linked += [
            one for one in (*([verdict.record] if isinstance(verdict, Emit) else []), *copies) if isinstance(one, Article)
        ]
        if isinstance(verdict, Emit):
            assert isinstance(verdict.record, Article)
            return verdict.record
        self.drops.append(verdict)
        return None

    def run(self, articles: Iterable[Article]) -> list[Article | None]:
        """One after the other."""
        return [self.take(one) for one in articles]

    def told(self, topic: str) -> list[object]:
        """The values of the side events on a topic."""
        return [side.value for side in self.sides if side.topic == topic]

    def place(self, uri: str) -> bytes:
        """The digest of the story that an item belongs to."""
        return self.state[b"u" + chains.digest(uri)][:16]

    def chain(self, uri: str) -> Chain:
        """The story of an item."""
        found = chains.unpack(self.state[b"s" + self.place(uri)])
        assert found is not None
        return found

    def members(self, uri: str) -> set[str]:
        """The uris of the story of an item."""
        return {one.uri for one in self.chain(uri).items}


def story(one: Article | None) -> Story:
    """The place of an article that was emitted."""
    assert one is not None
    assert one.pipeline.story is not None
    return one.pipeline.story


def relations(found: Sequence[Article | None]) -> list[str]:
    """What each became; "-" for one that was dropped."""
    return [story(one).relation if one else "-" for one in found]
