"""What may be connected to, and what may be parsed."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.poll import guard
from pipeline.poll.addresses import refuse_address, refuse_port, refuse_url
from pipeline.poll.charset import Decoded, to_utf8
from pipeline.poll.guard import Refusal, Survey, inspect, survey
from pipeline.reasons import Reason

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

# ── addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────

REFUSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::5db8:d70e", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2002:7f00:1::", "2002:5db8:d70e::1", "3fff::1", "5f00::1",
    "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "192.169.0.0", "198.17.255.255",
    "198.20.0.0", "223.255.255.255", "93.184.215.14", "::ffff:93.184.215.14", "2001:200::1",
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450:4001::1",
]  # fmt: skip


@pytest.mark.parametrize("ip", REFUSED)
def test_refused_addresses(ip: str) -> None:
    assert refuse_address(ip)


@pytest.mark.parametrize("ip", PUBLIC)
def test_public_addresses(ip: str) -> None:
    assert refuse_address(ip) is None


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "2130706433", "0x7f000001", "1.2.3.4.5", "１.1.1.1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    assert refuse_address(text)


def test_an_allowed_network_is_reached_in_all_its_spellings() -> None:
    assert refuse_address("127.0.0.1", LOOPBACK) is None
    assert refuse_address("::ffff:127.0.0.1", LOOPBACK) is None
    assert refuse_address("::1", LOOPBACK) is None
    assert refuse_address("10.0.0.1", LOOPBACK)


@given(st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_no_private_address_hides_in_another(address: object) -> None:
    packed = int(address)  # type: ignore[call-overload]
    for prefix in ("::ffff:", "::", "64:ff9b::"):
        assert refuse_address(f"{prefix}{packed >> 16:x}:{packed & 0xFFFF:x}")
    assert refuse_address(f"2002:{packed >> 16:x}:{packed & 0xFFFF:x}::1")


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("http://example.test/feed", False),
        ("HTTPS://Example.Test:8443/feed?x=1", False),
        ("http://93.184.215.14/", False),
        ("http://[2606:2800:21f::1]/", False),
        ("http://1password.example.test/", False),
        ("http://example.123go/", False),
        ("http://127.1/", True),
        ("http://2130706433/", True),
        ("http://0x7f000001/", True),
        ("http://0x7f.1/", True),
        ("http://0177.0.0.1/", True),
        ("http://127.0.0.1.5/", True),
        ("http://１２７.１/", True),
        ("http://0ｘ7f000001/", True),
        ("http://127。1/", True),
        ("http://user@example.test/", True),
        ("http://user:word@example.test/", True),
        ("http://@example.test/", True),
        ("http://example.test\\@10.0.0.1/", True),
        ("http://example.test\t/", True),
        ("http://example.test/a b", True),
        ("http://", True),
        ("http://[::1/", True),
        ("http://example.test:port/", True),
        ("file:///etc/passwd", True),
        ("javascript:alert(1)", True),
        ("data:text/xml,<rss/>", True),
        ("feed.xml", True),
        ("//example.test/feed", True),
        ("http://example.test/" + "a" * 5000, True),
    ],
)
def test_urls(url: str, is_refused: bool) -> None:
    assert bool(refuse_url(url)) is is_refused


def test_ports() -> None:
    assert refuse_port(80) is None
    assert refuse_port(443) is None
    assert refuse_port(22)
    assert refuse_port(8080)
    assert refuse_port(8080, (8080,)) is None


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────


def feed(items: bytes, head: bytes = b"", channel: bytes = b"") -> bytes:
    return head + b'<rss version="2.0"><channel>' + channel + items + b"</channel></rss>"


def attributes(count: int) -> bytes:
    return b" ".join(b'a%d="1"' % n for n in range(count))


def entities(*values: str) -> bytes:
    return ("<!DOCTYPE rss [" + "".join(f'<!ENTITY e{n} "{value}">' for n, value in enumerate(values)) + "]>").encode()


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (feed(b"<item/>" * 5000), None),
        (feed(b"<item/>" * 5001), Reason.TOO_MANY_ITEMS),
        (feed(b"<a>" * 126 + b"</a>" * 126), None),
        (feed(b"<a>" * 127 + b"</a>" * 127), Reason.TOO_DEEP),
        (feed(b"<item>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</item>"), Reason.TOO_DEEP),
        (b"<rss " + attributes(256) + b"/>", None),
        (b"<rss " + attributes(257) + b"/>", Reason.TOO_MANY_ATTRIBUTES),
        (feed(b"<a/>" * 100_001), Reason.TOO_MANY_CHILDREN),
        (feed(b"", channel=b"<managingEditor>" + b"a" * 65_536 + b"</managingEditor>"), Reason.AUTHOR_TOO_LONG),
        (feed(b"", entities("x" * 64)), None),
        (feed(b"", entities("x" * 65)), Reason.ENTITY_BOMB),
        (feed(b"", entities(*["x"] * 300)), None),
        (b'<!DOCTYPE rss [<!ATTLIST item note CDATA "' + b"x" * 65 + b'">]>' + feed(b"<item/>"), Reason.ENTITY_BOMB),
        (feed(b"", entities(*["x"] * 301)), Reason.ENTITY_BOMB),
        (feed(b"", entities("&#160;", "&#38;#38;", "&#38;lt;")), None),
        (feed(b"", entities("lol", "&e0;&e0;")), Reason.ENTITY_BOMB),
        (feed(b"&e0;", entities("<item><title>x</title></item>")), Reason.ENTITY_BOMB),
        (b"<html><body/></html>", Reason.NOT_A_FEED),
        (feed(b"<item><title>unclosed"), None),
    ],
)
def test_documents(document: bytes, reason: Reason | None) -> None:
    found = inspect(document)
    assert (found.reason if found else None) == reason


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (b"<category/>" * 2000, None),
        (b"<category/>" * 2001, Reason.TOO_MANY_CHILDREN),
        (b"<content>" + b"<b/>" * 20_000 + b"</content>", Reason.TOO_MANY_CHILDREN),
        (b"<x " + attributes(32_000) + b"/>", Reason.TOO_MANY_ATTRIBUTES),
        (b"<author>" + b"a" * 4000 + b"</author>", None),
        (b"<author>" + b"a" * 65_536 + b"</author>", Reason.AUTHOR_TOO_LONG),
        (b"<source><author><name>" + b"a" * 5000 + b"</name></author></source>", Reason.AUTHOR_TOO_LONG),
        (b"<author>one of a thousand</author>" * 1000, None),
        ((b"<author>" + b"a" * 3000 + b"</author>") * 10, Reason.AUTHOR_TOO_LONG),
    ],
)
def test_only_the_item_at_fault_is_blamed(item: bytes, reason: Reason | None) -> None:
    found = survey(feed(b"<item><guid>1</guid></item><item>" + item + b"</item><item/>"))
    assert isinstance(found, Survey)
    faults = [span.fault.reason if span.fault else None for span in found.spans]
    assert faults == [None, reason, None]


def test_an_author_made_long_by_entities() -> None:
    author = b"<author>" + b"&e0;" * 100 + b"</author>"
    found = survey(feed(b"<item>" + author + b"</item>", entities("a" * 64)))
    assert isinstance(found, Survey)
    assert found.spans[0].fault
    assert found.spans[0].fault.reason is Reason.AUTHOR_TOO_LONG


def test_external_entities_are_not_even_an_error() -> None:
    document = feed(b"<item><title>&e;</title></item>", b'<!DOCTYPE rss [<!ENTITY e SYSTEM "file:///etc/passwd">]>')
    assert isinstance(survey(document), Survey)


def test_a_refusal_names_the_thing_and_its_limit() -> None:
    found = inspect(feed(b"<item/>" * 5001))
    assert found == Refusal(Reason.TOO_MANY_ITEMS, f"more than {guard.ITEMS_MAX} items")


# ── charsets ─────────────────────────────────────────────────────────────────────────────────────────────────────────

TITLE = "Жизнь и Größe"


def document(text: str, declared: str = "") -> str:
    prolog = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return f"{prolog}<rss><channel><title>{text}</title></channel></rss>"


@pytest.mark.parametrize(
    ("raw", "charset", "text", "evidence"),
    [
        (document(TITLE).encode(), None, TITLE, "utf-8 (valid)"),
        (document(TITLE, "iso-8859-1").encode(), "windows-1251", TITLE, "utf-8 (valid)"),
        (document(TITLE).encode("utf-8-sig"), None, TITLE, "utf-8 (byte order mark)"),
        (document(TITLE).encode("utf-16"), None, TITLE, "utf-16-le (byte order mark)"),
        (document(TITLE, "utf-16").encode("utf-16-be"), None, TITLE, "utf-16-be (shape)"),
        (document(TITLE, "utf-32").encode("utf-32"), None, TITLE, "utf-32-le (byte order mark)"),
        (document("Жизнь", "koi8-r").encode("koi8-r"), None, "Жизнь", "koi8-r (prolog)"),
        (document("Жизнь", "utf-8").encode("cp1251"), "windows-1251", "Жизнь", "cp1251 (http)"),
        (document("“Größe”", "iso-8859-1").encode("cp1252"), None, "“Größe”", "cp1252 (prolog)"),
        (document("“Größe”", "utf-8").encode("cp1252"), None, "“Größe”", "cp1252 (default)"),
        (document("新闻", "gb2312").encode("gb2312"), None, "新闻", "gb18030 (prolog)"),
        (document("ニュース", "iso-2022-jp").encode("iso-2022-jp"), None, "ニュース", "iso2022_jp (prolog)"),
        (document("+ADw-script+AD4-", "utf-7").encode(), None, "+ADw-script+AD4-", "utf-8 (valid)"),
        (document("Größe", "no such thing").encode("cp1252"), None, "Größe", "cp1252 (default)"),
    ],
)
def test_charsets(raw: bytes, charset: str | None, text: str, evidence: str) -> None:
    found = to_utf8(raw, charset)
    assert isinstance(found, Decoded)
    assert found.evidence == evidence
    assert f"<title>{text}</title>" in found.document.decode()
    assert b"encoding=" not in found.document or b'encoding="utf-8"' in found.document


def test_one_bad_sequence_does_not_make_it_another_charset() -> None:
    found = to_utf8(document(TITLE * 3).encode().replace("Ж".encode(), b"\xd0", 1))
    assert isinstance(found, Decoded)
    assert (found.evidence, found.problems) == ("utf-8 (repaired)", ("charset.utf8_repaired",))
    assert "Größe" in found.document.decode()


def test_nuls() -> None:
    stray = to_utf8(document("a\0b" + " " * 200).encode())
    assert isinstance(stray, Decoded)
    assert b"ab" in stray.document
    assert to_utf8(document("\0" * 1000).encode()) == Refusal(Reason.BAD_ENCODING, "1000 NUL bytes in 1045")
