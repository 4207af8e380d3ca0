"""Cutting feeds: every slice reads like the whole document, and nothing hostile gets through or stalls."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.poll.bytescan import scan
from pipeline.poll.charset import Decoded, to_utf8
from pipeline.poll.fields import declared_interval_s
from pipeline.poll.guard import Survey, survey
from pipeline.poll.slice import Cut, Refusal, cut
from pipeline.reasons import Reason

RSS = b"""<?xml version="1.0" encoding="utf-8"?>
<?xml-stylesheet href="style.xsl"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xml:base="https://example.test/">
<channel>
  <title>Example &amp; Co</title><link>https://example.test/</link><language>en</language>
  <item>
    <title><![CDATA[ One <b>&amp;</b> two ]]></title>
    <link>https://example.test/1?a=1&amp;b=2</link>
    <guid isPermaLink="false">tag:example.test,1</guid>
    <pubDate>Sun, 15 Jun 2025 15:00:00 GMT</pubDate><dc:creator>Ann Writer</dc:creator>
    <description>&lt;p&gt;Text&lt;/p&gt;</description>
  </item>
  <ttl>30</ttl>
  <item><title>Second</title><guid>https://example.test/2</guid></item>
  <copyright>Example</copyright>
</channel>
</rss>
"""

ATOM = b"""<?xml version='1.0'?>
<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:lang="de"><a:title>F</a:title><a:id>urn:f</a:id>
<a:entry><a:source><a:id>urn:other</a:id><a:title>Other</a:title></a:source>
<a:id>urn:1</a:id><a:title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Eins</div></a:title>
<a:link rel="enclosure" href="https://example.test/1.mp3"/><a:link href="https://example.test/1.json" type="application/json"/>
<a:link rel="alternate" type="text/html" href="https://example.test/1?a=1&amp;b=2"/>
<a:updated>2025-06-15T15:00:00Z</a:updated><a:published>2025-06-14T15:00:00Z</a:published>
<a:summary>kurz</a:summary><a:content type="html">viel l&#228;nger</a:content></a:entry>
<a:entry/></a:feed>"""

RDF = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel rdf:about="https://example.test/"><title>R</title><items><rdf:Seq><rdf:li rdf:resource="https://example.test/1"/>
</rdf:Seq></items></channel>
<item rdf:about="https://example.test/1"><title>One</title><link>https://example.test/1</link></item>
<textinput><title>Search</title></textinput></rdf:RDF>"""

OPTIONS = {"sanitize_html": False, "resolve_relative_uris": False}
FIELDS = ("id", "title", "link", "summary", "content", "author", "published", "updated", "tags", "enclosures")


def parse(document: bytes) -> feedparser.FeedParserDict:
    return feedparser.parse(io.BytesIO(document), **OPTIONS)


def view(entry: feedparser.FeedParserDict) -> dict[str, object]:
    """What is compared. `base` and `language` of details are left out: the full parse leaks them from one entry to the next."""
    shown = {name: entry[name] for name in FIELDS if name in entry}
    if "content" in shown:
        shown["content"] = [(part.get("value"), part.get("type")) for part in entry["content"]]
    return shown


def taken(document: bytes, **charset: str) -> Cut:
    found = cut(document, **charset)
    assert isinstance(found, Cut), found
    return found


# ── what a slice is ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_rss() -> None:
    found = taken(RSS)
    assert (found.format, found.charset, found.problems, found.refused) == ("rss", "utf-8 (valid)", (), ())
    one, two = found.items
    assert (one.part, two.part) == (0, 1)
    assert (one.guid, one.link) == ("tag:example.test,1", "https://example.test/1?a=1&b=2")
    assert (one.title, one.published) == ("One <b>&amp;</b> two", "Sun, 15 Jun 2025 15:00:00 GMT")
    assert (two.guid, two.link, two.published) == ("https://example.test/2", "https://example.test/2", "")
    assert one.text == b"<description>&lt;p&gt;Text&lt;/p&gt;</description>"
    assert one.item in RSS
    assert one.item.startswith(b"<item>\n    <title>")
    assert two.item == b"<item><title>Second</title><guid>https://example.test/2</guid></item>"


def test_a_slice_keeps_all_that_is_not_another_item() -> None:
    one, two = taken(RSS).items
    assert one.value == RSS.replace(two.item, b"").rstrip()
    for item in (one, two):
        read = parse(item.value)
        assert not read.bozo
        assert (read.feed.title, read.feed.language, read.feed.rights) == ("Example & Co", "en", "Example")
        assert len(read.entries) == 1


def test_atom_with_prefix() -> None:
    found = taken(ATOM)
    one, two = found.items
    assert found.format == "atom"
    assert (one.guid, one.link, one.published) == ("urn:1", "https://example.test/1?a=1&b=2", "2025-06-14T15:00:00Z")
    assert one.text == b'<a:content type="html">viel l&#228;nger</a:content>'
    assert (two.item, two.guid, two.link, two.title) == (b"<a:entry/>", "", "", "")


def test_rdf_with_what_stands_after_the_items() -> None:
    (item,) = taken(RDF).items
    assert (item.guid, item.link) == ("https://example.test/1", "https://example.test/1")
    assert item.value.endswith(b"<textinput><title>Search</title></textinput></rdf:RDF>")


def test_an_entry_may_be_the_document() -> None:
    document = b'<entry xmlns="http://www.w3.org/2005/Atom"><id>urn:1</id></entry>'
    (item,) = taken(document).items
    assert (item.guid, item.value) == ("urn:1", document)


def test_a_feed_without_items_is_a_feed() -> None:
    assert taken(b"<rss><channel><title>t</title></channel></rss>").items == ()


@pytest.mark.parametrize("document", [RSS, ATOM, RDF], ids=["rss", "atom", "rdf"])
def test_slices_read_like_the_whole(document: bytes) -> None:
    whole = parse(document)
    assert [view(parse(item.value).entries[0]) for item in taken(document).items] == [view(entry) for entry in whole.entries]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-16", "utf-16"), ("utf-16", ""), ("utf-16-be", "utf-16"), ("utf-32", "utf-32"), ("cp1251", "windows-1251")],
)
def test_other_charsets_are_cut_from_a_utf8_copy(encoding: str, declared: str) -> None:
    prolog = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = prolog + "<rss version='2.0'><channel><item><title>Жизнь</title></item></channel></rss>"
    (item,) = taken(text.encode(encoding)).items
    assert item.title == "Жизнь"
    assert item.item == "<item><title>Жизнь</title></item>".encode()
    assert parse(item.value).entries[0].title == "Жизнь"


def test_the_same_item_keeps_its_bytes_when_its_feed_changes_charset() -> None:
    text = "<rss><channel><item><title>Größe</title></item></channel></rss>"
    digests = {taken(text.encode(codec), charset=codec).items[0].item for codec in ("utf-8", "iso-8859-1", "utf-16")}
    assert len(digests) == 1


def test_shared_guids_and_links_are_marked() -> None:
    document = b"""<rss><channel><item><guid>1</guid><link>https://example.test/a#x</link></item>
    <item><guid>1</guid><link>https://example.test/b</link></item>
    <item><guid>2</guid><link>https://example.test/a#y</link></item></channel></rss>"""
    found = [(item.is_guid_shared, item.is_link_shared) for item in taken(document).items]
    assert found == [(True, True), (True, False), (False, True)]


@pytest.mark.parametrize(
    ("metadata", "interval_s"),
    [
        (b"<ttl>30</ttl>", 1800),
        (b"<sy:updatePeriod>\n hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 1800),
        (b"<sy:updatePeriod>daily</sy:updatePeriod>", 86_400),
        (b"<sy:updatePeriod>dayly</sy:updatePeriod>", 0),
        (b"<ttl>always</ttl>", 0),
        (b"", 0),
    ],
)
def test_declared_interval(metadata: bytes, interval_s: float) -> None:
    frame = taken(b"<rss><channel>" + metadata + b"<item><ttl>1</ttl></item></channel></rss>").frame
    assert declared_interval_s(frame) == interval_s


# ── ill-formed documents ─────────────────────────────────────────────────────────────────────────────────────────────

OPEN = b"<rss version='2.0'><channel><title>t</title>"
CLOSE = b"</channel></rss>"
GOOD = b"<item><guid>good</guid><title>Good</title></item>"


@pytest.mark.parametrize(
    ("document", "titles", "problem"),
    [
        (OPEN + b"<item><title>AT&T</title></item>" + GOOD + CLOSE, ["AT&T", "Good"], "xml.ill_formed"),
        (OPEN + b"<item><title>a<br>b</title></item>" + GOOD + CLOSE, ["a<br>b", "Good"], "xml.ill_formed"),
        (OPEN + b"<item><title>A</title>" + GOOD + CLOSE, ["A", "Good"], "xml.ill_formed"),
        (OPEN + GOOD + b"<item><title>Last</title>" + CLOSE, ["Good", "Last"], "xml.ill_formed"),
        (OPEN + b"<item><title><![CDATA[<item>&]]></title></item>&" + CLOSE, ["<item>&"], "xml.ill_formed"),
        (OPEN + b"<!-- <item> -->&" + GOOD + CLOSE, ["Good"], "xml.ill_formed"),
        (OPEN + GOOD + CLOSE + b"<script>track()</script>", ["Good"], "xml.junk_after_root"),
        (b"<br />\n<b>Warning</b>: x in y.php\n<?xml version='1.0'?>\n" + OPEN + GOOD + CLOSE, ["Good"], "xml.junk_before_root"),
        (b"<!DOCTYPE html><html><body>" + OPEN + GOOD + CLOSE + b"</body></html>", ["Good"], "xml.junk_after_root"),
        (OPEN + b"<item><title>a\x08b</title></item>" + CLOSE, ["ab"], "xml.controls_removed"),
        (OPEN + b"<item><title>a\0b</title></item>" + b" " * 100 + CLOSE, ["ab"], "charset.nul_removed"),
        (b"\n\n <?xml version='1.0'?>" + OPEN + GOOD + CLOSE, ["Good"], ""),
    ],
)
def test_what_can_be_saved_is(document: bytes, titles: list[str], problem: str) -> None:
    found = taken(document)
    assert [item.title for item in found.items] == titles
    assert found.problems[-1:] == ((problem,) if problem else ())
    assert found.refused == ()
    for item in found.items:
        assert len(parse(item.value).entries) == 1


def test_an_item_cut_off_by_the_end_is_refused_and_the_others_go_on() -> None:
    found = taken(OPEN + GOOD + b"<item><title>Hal")
    assert [item.title for item in found.items] == ["Good"]
    assert [(item.part, item.reason, item.item) for item in found.refused] == [(1, Reason.BROKEN_XML, b"<item><title>Hal")]


@pytest.mark.parametrize("document", [RSS, ATOM, RDF], ids=["rss", "atom", "rdf"])
def test_an_ill_formed_neighbour_changes_neither_bytes_nor_keys(document: bytes) -> None:
    broken = document.replace(b"title>", b"title>&", 1)
    before, after = taken(document).items, taken(broken).items
    assert taken(broken).problems == ("xml.ill_formed",)
    assert [(i.item, i.guid, i.link, i.title, i.text) for i in before] == [
        (i.item, i.guid, i.link, i.title, i.text) for i in after
    ]


# ── hostile documents ────────────────────────────────────────────────────────────────────────────────────────────────


def feed(item: bytes) -> bytes:
    return OPEN + b"<item>" + item + b"</item>" + GOOD + CLOSE


METADATA = b"<category>a long category name</category>" * 8_000

REFUSED = {
    "5 MB of <": (b"<" * 5_000_000, Reason.NOT_A_FEED),
    "5 MB of < in an item": (feed(b"<title>" + b"<" * 5_000_000 + b"</title>"), Reason.BROKEN_XML),
    "5 MB of & in an item": (feed(b"<title>" + b"& " * 2_500_000 + b"</title>"), Reason.BROKEN_XML),
    "CDATA never closed": (OPEN + b"&" + b"<![CDATA[" * 200_000, Reason.BROKEN_XML),
    "comments never closed": (OPEN + b"&" + b"<!--" * 500_000, Reason.BROKEN_XML),
    "100,000 items": (OPEN + b"<item/>" * 100_000 + CLOSE, Reason.TOO_MANY_ITEMS),
    "100,000 ill-formed items": (OPEN + b"<item>&</item>" * 100_000 + CLOSE, Reason.TOO_MANY_ITEMS),
    "10 MB of elements": (feed(b"<a/>" * 2_600_000), Reason.TOO_MANY_CHILDREN),
    "200,000 levels": (feed(b"<a>" * 200_000 + b"</a>" * 200_000), Reason.TOO_DEEP),
    "billion laughs": (
        b'<!DOCTYPE r [<!ENTITY a0 "lol">'
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
        + b"]>"
        + feed(b"<title>&a9;</title>"),
        Reason.ENTITY_BOMB,
    ),
    "quadratic entities": (b'<!DOCTYPE r [<!ENTITY a "%s">]>' % (b"x" * 50_000) + feed(b"&a;" * 50_000), Reason.ENTITY_BOMB),
    "NULs": (b"\0" * 1_000_000, Reason.EMPTY_BODY),
    "NULs in a feed": (feed(b"<title>" + b"\0" * 1000 + b"</title>"), Reason.BAD_ENCODING),
    "UTF-16 that is not": (b"\xff\xfe" + b"\x00\xd8" * 1_000_000, Reason.BAD_ENCODING),
    "empty": (b"", Reason.EMPTY_BODY),
    "blank": (b" \r\n\t" * 1000, Reason.EMPTY_BODY),
    "only a byte order mark": (b"\xef\xbb\xbf", Reason.EMPTY_BODY),
    "HTML": (b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>", Reason.NOT_A_FEED),
    "XHTML": (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", Reason.NOT_A_FEED),
    "bot challenge": (b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>", Reason.BOT_CHALLENGE),
    "JSON": (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', Reason.NOT_A_FEED),
    "text": (b"Service temporarily unavailable", Reason.NOT_A_FEED),
    "the name of a file": (b"/etc/passwd", Reason.NOT_A_FEED),
    "an address": (b"http://127.0.0.1/secret", Reason.NOT_A_FEED),
    "other XML": (b"<newsItem/>", Reason.NOT_A_FEED),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(range(61, 256)) * 10, Reason.NOT_A_FEED),
    "11 MB": (OPEN + b" " * 11_000_000 + CLOSE, Reason.BODY_TOO_LARGE),
    "huge tags around many items": (
        b"<rss " + b" ".join(b'xmlns:a%d="%s"' % (n, b"u" * 1000) for n in range(250)) + b"><channel>" + GOOD * 4000 + CLOSE,
        Reason.BODY_TOO_LARGE,
    ),
    "author of the channel": (OPEN + b"<webMaster>" + b"a" * 65_536 + b"</webMaster>" + GOOD + CLOSE, Reason.AUTHOR_TOO_LONG),
    "author of the channel, ill-formed": (
        OPEN + b"&<webMaster>" + b"a" * 65_536 + b"</webMaster>" + GOOD + CLOSE,
        Reason.AUTHOR_TOO_LONG,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_documents_end_with_a_reason(name: str) -> None:
    document, reason = REFUSED[name]
    found = cut(document)
    assert isinstance(found, Refusal)
    assert found.reason is reason
    assert 0 < len(found.detail) < 200


REFUSED_ITEMS = {
    "64 KB author": (b"<author>" + b"a" * 65_536 + b"</author>", Reason.AUTHOR_TOO_LONG),
    "64 KB author, ill-formed": (b"&<author>" + b"a" * 65_536 + b"</author>", Reason.AUTHOR_TOO_LONG),
    "32,000 attributes": (b"<x " + b" ".join(b'a%d="1"' % n for n in range(32_000)) + b"/>", Reason.TOO_MANY_ATTRIBUTES),
    "32,000 categories": (b"<category>a</category>" * 32_000, Reason.TOO_MANY_CHILDREN),
    "32,000 categories, ill-formed": (b"&" + b"<category>a</category>" * 32_000, Reason.TOO_MANY_CHILDREN),
    "1 MB of <": (b"<title>" + b"<" * 1_000_000 + b"</title>", Reason.TOO_MANY_CHILDREN),
    "1 MB of &": (b"<title>" + b"& " * 500_000 + b"</title>", Reason.BROKEN_XML),
    "300,000 guids left open": (b"&" + b"<guid>" * 300_000, Reason.TOO_MANY_CHILDREN),
    "2 MB of text": (b"<description>" + b"word " * 400_000 + b"</description>", Reason.ITEM_TOO_LARGE),
}


DATED = b"<item><title>Good</title><pubDate>Sun, 01 Mar 2026 07:00:00 GMT</pubDate></item>"


@pytest.mark.parametrize(
    ("items", "problems"),
    [
        ([DATED] * 3, ("feed.one_date",)),
        ([DATED] * 2, ()),
        ([DATED, DATED, DATED.replace(b"07:00", b"07:01")], ()),
        ([DATED, DATED, GOOD], ()),
        ([GOOD] * 3, ()),
    ],
)
def test_a_feed_that_gives_all_its_items_one_date_is_marked(items: list[bytes], problems: tuple[str, ...]) -> None:
    assert taken(OPEN + b"".join(items) + CLOSE).problems == problems


@pytest.mark.parametrize("name", REFUSED_ITEMS)
def test_hostile_items_are_refused_alone(name: str) -> None:
    item, reason = REFUSED_ITEMS[name]
    found = taken(feed(item))
    assert [(each.part, each.reason) for each in found.refused] == [(0, reason)]
    assert found.refused[0].item == b"<item>" + item + b"</item>"
    assert [each.title for each in found.items] == ["Good"]


def test_more_metadata_than_slices_can_repeat_is_left_out() -> None:
    found = taken(OPEN + METADATA + GOOD + GOOD + CLOSE)
    assert found.problems == ("feed.metadata_dropped",)
    assert [item.value for item in found.items] == [b"<rss version='2.0'><channel>" + GOOD + CLOSE] * 2


@given(
    st.sampled_from([RSS, ATOM, RDF]),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 9), st.binary(max_size=9)), max_size=6),
)
def test_no_input_raises(document: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    for at, removed, put in edits:
        document = document[:at] + put + document[at + removed :]
    found = cut(document)
    if isinstance(found, Cut):
        assert all(item.item in item.value for item in found.items)
    else:
        assert isinstance(found.reason, Reason)


# ── real feeds ───────────────────────────────────────────────────────────────────────────────────────────────────────


def shared(*path: str) -> Path:
    """A folder of the shared test data, which lies beside the repository; skips where there is none."""
    for parent in Path(__file__).resolve().parents:
        folder = parent.parent.joinpath("shared", "data", *path)
        if folder.is_dir():
            return folder
    pytest.skip(f"no shared/data/{'/'.join(path)} beside the repository")


def documents(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in ("README.md", "LICENSE", "index.tsv"):
            yield path.read_bytes()


def test_slices_of_real_feeds_read_like_the_whole() -> None:
    counted: Counter[str] = Counter()
    for document in documents(shared("feeds", "real")):
        found = cut(document)
        whole = parse(document).entries
        if isinstance(found, Refusal):
            assert not whole
            counted["refused"] += 1
            continue
        assert len(found.items) == len(whole)
        for item, entry in zip(found.items, whole, strict=True):
            (own,) = parse(item.value).entries
            counted["equal" if view(own) == view(entry) else "different"] += 1
    assert counted["equal"] > 1000
    assert counted["different"] == 0


def test_the_byte_scan_finds_what_expat_finds() -> None:
    counted: Counter[bool] = Counter()
    for document in documents(shared("feeds")):
        decoded = to_utf8(document)
        expat = survey(decoded.document) if isinstance(decoded, Decoded) else None
        if not isinstance(decoded, Decoded) or not isinstance(expat, Survey) or expat.error or expat.root == "entry":
            continue
        scanned = scan(decoded.document)
        counted[isinstance(scanned, Survey) and scanned.spans == expat.spans] += 1
    # Two conformance cases put an entry inside an entry, which only expat sees.
    assert counted[True] > 2_500
    assert counted[False] <= 2
