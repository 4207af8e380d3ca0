"""The only way tests make records: complete, ordinary ones, with what matters to the test given by name."""

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from msgspec.structs import replace

from pipeline.article import NINJS, Article, Dedup, HeadlineParts, Identity, Pipeline, Provenance, Source, Text, Times
from pipeline.poll.identity import item_digest
from pipeline.records import RawItem
from pipeline.stages.dedup import item_uri
from pipeline.wire.plain import content_digest, folded

if TYPE_CHECKING:
    from pipeline.simulator.bulk import SimItem

NOW = "2026-03-01T07:30:00Z"
KEY = "https://example.test/a/1"


def rss(item: str, *, channel: str = "<title>Example World</title><link>https://example.test/</link>") -> bytes:
    """An RSS 2.0 document with one item, whose inside is `item`; the usual prefixes are bound."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel>{channel}<item>{item}</item></channel></rss>"
    ).encode()


def rss_item(title: str = "Floods close the river road", body: str = "<p>Water rose in Kyiv on Sunday.</p>") -> str:
    """The inside of an ordinary item; `body` is HTML."""
    return (
        f"<title>{escape(title)}</title><link>{KEY}</link><guid>a-1</guid><pubDate>Sun, 01 Mar 2026 07:00:00 GMT</pubDate>"
        f"<description>{escape(body)}</description>"
    )


def atom(entry: str, *, feed: str = "<title>Example World</title><id>urn:example:feed</id>") -> bytes:
    """An Atom document with one entry, whose inside is `entry`."""
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{feed}<entry>{entry}</entry></feed>'.encode()


def raw_item(**over: object) -> RawItem:
    """One RSS item as the poller publishes it. `item` follows `value` unless it is given."""
    value = over.get("value", rss(rss_item()))
    assert isinstance(value, bytes)
    item = RawItem(
        key=KEY,
        value=value,
        format="rss",
        feed="example-world",
        provider="example.test",
        url="https://example.test/feed",
        fetched_at=NOW,
        first_seen=NOW,
        document="sha256:" + "0" * 64,
        item=item_digest(value),
        part=0,
    )
    return replace(item, **over)


def raw_of(sim: "SimItem", at: str) -> RawItem:
    """An item of the simulated news as the poller publishes it at that instant."""
    return raw_item(
        key=sim.link or sim.guid,
        value=sim.value,
        format=sim.format,
        feed=sim.feed_id,
        provider=sim.provider,
        url=f"https://{sim.provider}/feed",
        fetched_at=at,
        first_seen=at,
        language=sim.language,
        guid=sim.guid,
    )


def article(
    *, headline: str = "Floods close the river road", body: str = "Water rose in Kyiv on Sunday.", **over: object
) -> Article:
    """One English article as `normalize` emits it. `key` names the item, `verdict` and `rules` go into `pipeline`."""
    key = str(over.pop("key", KEY))
    made = Article(
        uri=item_uri(key),
        standard=NINJS,
        representation_type="full",
        type="text",
        pub_status="usable",
        language="en",
        headlines=(Text(role="main", content_type="text/plain", value=headline),) if headline else (),
        bodies=(Text(role="main", content_type="text/plain", value=body),) if body else (),
        pipeline=Pipeline(
            identity=Identity(key=key, feed="example-world", provider="example.test"),
            source=Source(format="rss", transport="http", fetched_at=NOW, item="0" * 32),
            times=Times(published_quality="none", first_seen=NOW, ingested=NOW),
            headline=HeadlineParts(raw=headline, key=folded(headline)) if headline else None,
            dedup=Dedup(verdict="new", content=content_digest(headline, body)),
            provenance=Provenance(code="0.0.0", stages={"dedup": "1", "normalize": "1"}),
        ),
    )
    return replace(made, **over)
