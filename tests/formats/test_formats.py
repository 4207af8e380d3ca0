"""The switch: no bytes make a parser raise, reach for a file or run for long (which format they are: `test_detect.py`)."""

import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given

from pipeline.formats import parse
from pipeline.formats.parsed import Category, Parsed
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from tests.builders import atom, raw_item, rss, rss_item
from tests.strategies import raw_items


def test_an_unknown_format_is_refused_by_name() -> None:
    assert parse(raw_item(value=b"<catalog/>", format="newsml")) == Reject(
        Reason.UNKNOWN_FORMAT, "declared 'newsml', looks like xml"
    )


def test_a_path_or_an_address_as_item_is_never_opened(tmp_path: Path) -> None:
    """feedparser opens files and fetches addresses when it is given strings or bytes."""
    file = tmp_path / "feed.xml"
    file.write_bytes(rss(rss_item(title="Secret of the file")))
    for value in (str(file).encode(), file.as_uri().encode(), b"http://127.0.0.1:9/feed"):
        found = parse(raw_item(value=value))
        assert isinstance(found, Reject)
        assert found.reason is Reason.BROKEN_XML


def test_entities_and_external_documents_stay_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET")
    head = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY % p SYSTEM "{secret.as_uri()}"> %p;]>'
    value = head.encode() + b"<rss><channel><item><title>before &x; after</title></item></channel></rss>"
    assert "TOPSECRET" not in repr(parse(raw_item(value=value)))


def test_the_buffered_driver_gives_what_the_standard_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    item = raw_item(value=rss(rss_item(body="".join(f"<p>Line {n} &amp; more\n</p>" for n in range(400)))))
    buffered = parse(item)
    monkeypatch.setattr("feedparser.api.PREFERRED_XML_PARSERS", [])
    assert parse(item) == buffered
    assert isinstance(buffered, Parsed)
    assert buffered.body_text.endswith("Line 399 & more")


@given(raw_items)
def test_parse_never_raises_and_gives_clean_strings(item: RawItem) -> None:
    found = parse(item)
    if isinstance(found, Parsed):
        assert "\n" not in found.headline
        assert found.link == "" or found.link.startswith("http")
        for value in msgspec.structs.astuple(found):
            str(value).encode("utf-8")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", Reason.BROKEN_XML),
        (b"<rss><channel></channel></rss>", Reason.BROKEN_XML),
        (b"\x00\x01\x02\x03" * 40 + b"\xff", Reason.BAD_ENCODING),
    ],
)
def test_what_has_no_item_is_refused(value: bytes, reason: Reason) -> None:
    found = parse(raw_item(value=value))
    assert isinstance(found, Reject)
    assert found.reason is reason


def test_an_items_own_language_is_told_from_its_feeds() -> None:
    feed = "<title>x</title><id>y</id>"
    entry = "<title xml:lang='de'>Titel</title><content xml:lang='de'>Text</content>"
    own = parse(raw_item(value=atom(entry, feed=feed).replace(b"<feed ", b"<feed xml:lang='fr' "), format="atom"))
    none = parse(raw_item(value=rss(rss_item(), channel="<language>en-us</language>")))
    assert isinstance(own, Parsed)
    assert isinstance(none, Parsed)
    assert (own.item_language, own.language) == ("de", "fr")
    assert (none.item_language, none.language) == ("", "en-us")


def test_the_address_before_a_feed_service_rewrote_it_is_the_link() -> None:
    value = rss(
        "<title>x</title><link>https://feeds.example.test/~r/1</link>"
        '<f:origLink xmlns:f="http://rssnamespace.org/feedburner/ext/1.0">https://example.test/original</f:origLink>'
    )
    found = parse(raw_item(value=value))
    assert isinstance(found, Parsed)
    assert found.link == "https://example.test/original"


def test_categories_keep_iptc_codes_and_are_capped() -> None:
    many = "".join(f"<category>tag {n % 150}</category>" for n in range(300))
    coded = '<category domain="http://cv.iptc.org/newscodes/mediatopic/">medtop:16000000</category>'
    found = parse(raw_item(value=rss(rss_item() + coded + many)))
    assert isinstance(found, Parsed)
    assert found.categories[0] == Category(uri="http://cv.iptc.org/newscodes/mediatopic/16000000")
    assert len(found.categories) == 100


def test_a_huge_text_is_kept_as_plain_text() -> None:
    body = "<p>word</p>" * 20_000
    start = time.process_time()
    found = parse(raw_item(value=rss(rss_item(body=body))))
    assert time.process_time() - start < 1.5
    assert isinstance(found, Parsed)
    assert found.problems == ("html.too_large",)
    assert found.body_html == ""
    assert found.body_text.count("word") == 20_000


def test_an_old_charset_that_reaches_the_parser_is_read() -> None:
    prolog = '<?xml version="1.0" encoding="windows-1251"?>'
    value = f"{prolog}<rss><channel><item><title>Порт закрыт</title></item></channel></rss>"
    found = parse(raw_item(value=value.encode("cp1251")))
    assert isinstance(found, Parsed)
    assert found.headline == "Порт закрыт"


@pytest.mark.parametrize(
    ("reference", "character"),
    [
        ("&#xD800;", "\ufffd"),
        ("&#55357;", "\ufffd"),
        ("&#99999999999999999999;", "\ufffd"),
        ("&#x110000;", "\ufffd"),
        ("&#xFFFFFFFFF;", "\ufffd"),
        ("&#55204;", "\ud7a4"),
        ("&#x1F600;", "😀"),
        ("&#128512;", "😀"),
        ("&#57344;", "\ue000"),
        ("&#1114111;", "\U0010ffff"),
    ],
)
def test_a_reference_to_no_character_costs_one_character_not_the_item(reference: str, character: str) -> None:
    """feedparser's loose reader raises on them: found by mutating real feeds."""
    value = rss(f"<title>a{reference}b & c</title>")
    found = parse(raw_item(value=value))
    assert isinstance(found, Parsed)
    assert found.headline == f"a{character}b & c"
    assert found.problems == (("xml.bad_reference",) if character == "\ufffd" else ())
