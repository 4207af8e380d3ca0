"""What items are called: canonical links, seen keys, raw keys, digests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.poll.identity import canonical_url, item_digest, raw_key, seen_key
from pipeline.poll.slice import Cut, Slice, cut
from pipeline.poll.urls import is_article_link


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://example.test/a/1", "https://example.test/a/1"),
        ("http://example.test/a/1", "https://example.test/a/1"),
        ("HTTP://WWW.Example.TEST:80/a/1", "https://example.test/a/1"),
        ("https://example.test:443/a/1", "https://example.test/a/1"),
        ("https://example.test:8443/a/1", "https://example.test:8443/a/1"),
        ("https://m.example.test./a/1", "https://example.test/a/1"),
        ("https://www.m.example.test/a/1", "https://example.test/a/1"),
        ("https://www.test/a", "https://www.test/a"),
        ("  https://example.test/a/1\n", "https://example.test/a/1"),
        ("https://example.test", "https://example.test/"),
        ("https://example.test/a/./b/../1", "https://example.test/a/1"),
        ("https://example.test/../../a", "https://example.test/a"),
        ("https://example.test/a/%2e%2E/b", "https://example.test/b"),
        ("https://example.test/a/", "https://example.test/a/"),
        ("https://example.test/A/1", "https://example.test/A/1"),
        ("https://example.test/a#comments", "https://example.test/a"),
        ("https://example.test/#!/a/1", "https://example.test/#!/a/1"),
        ("https://example.test/a?utm_source=rss&utm_medium=feed&id=7", "https://example.test/a?id=7"),
        ("https://example.test/a?b=2&a=1&fbclid=x&GCLID=y", "https://example.test/a?a=1&b=2"),
        ("https://example.test/a?id=", "https://example.test/a?id="),
        ("https://example.test/a?ref=rss", "https://example.test/a"),
        ("https://example.test/a?ref=7", "https://example.test/a?ref=7"),
        ("https://example.test/a?feedType=RSS&feedName=topNews", "https://example.test/a"),
        ("https://example.test/a?feedName=topNews", "https://example.test/a?feedName=topNews"),
        ("https://example.test/a?&&", "https://example.test/a"),
        ("https://example.test/größe/ä b", ""),
        ("https://example.test/größe", "https://example.test/gr%C3%B6%C3%9Fe"),
        ("https://example.test/gr%c3%b6%C3%9fe", "https://example.test/gr%C3%B6%C3%9Fe"),
        ("https://example.test/%7Euser/100%", "https://example.test/~user/100%25"),
        ("https://bücher.test/a", "https://xn--bcher-kva.test/a"),
        ("https://[2001:db8::1]:8080/a", "https://[2001:db8::1]:8080/a"),
        ("ftp://example.test/a", ""),
        ("javascript:alert(1)", ""),
        ("urn:uuid:60a76c80", ""),
        ("/a/1", ""),
        ("//example.test/a", ""),
        ("https://", ""),
        ("https://[::1/a", ""),
        ("https://example.test:port/a", ""),
        ("https://exa<mple.test/", ""),
        ("", ""),
        ("https://example.test/" + "a" * 5000, ""),
    ],
)
def test_canonical_url(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


URLS = st.one_of(
    st.text(max_size=80),
    st.builds(
        "{}://{}{}{}{}".format,
        st.sampled_from(["http", "https", "HTTPS"]),
        st.text("abwm.W-ü:80@", min_size=1, max_size=20),
        st.text("/.a%2eEäZ~;:@ ", max_size=20),
        st.text("?&=aut_mrsfedyp%26", max_size=30),
        st.text("#!/a%", max_size=6),
    ),
)


@given(URLS)
def test_canonical_url_is_idempotent_and_never_raises(url: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once


@pytest.mark.parametrize(
    ("canonical", "is_article"),
    [
        ("", False),
        ("https://example.test/", False),
        ("https://example.test/a", True),
        ("https://example.test/?p=1", True),
        ("https://example.test/#!/a", True),
    ],
)
def test_a_front_page_is_no_article(canonical: str, is_article: bool) -> None:
    assert is_article_link(canonical) is is_article


def items(*bodies: str) -> tuple[Slice, ...]:
    found = cut(f"<rss><channel>{''.join(f'<item>{body}</item>' for body in bodies)}</channel></rss>".encode())
    assert isinstance(found, Cut)
    return found.items


LINK = "<link>http://www.example.test/a?utm_source=rss</link>"


@pytest.mark.parametrize(
    ("body", "seen", "raw"),
    [
        (f"<guid> tag:Ex,1 </guid>{LINK}", "guid:tag:Ex,1", "https://example.test/a"),
        (LINK, "link:http://www.example.test/a?utm_source=rss", "https://example.test/a"),
        ("<guid>tag:Ex,1</guid>", "guid:tag:Ex,1", "guid:provider tag:Ex,1"),
        ("<guid>tag:Ex,1</guid><link>https://example.test/</link>", "guid:tag:Ex,1", "guid:provider tag:Ex,1"),
        ("<guid>https://example.test/a</guid>", "guid:https://example.test/a", "https://example.test/a"),
    ],
)
def test_keys(body: str, seen: str, raw: str) -> None:
    (item,) = items(body)
    assert (seen_key(item), raw_key(item, "provider", "feed")) == (seen, raw)


def test_keys_without_guid_and_link() -> None:
    titled, dated, bare, other = items(
        "<title>T</title><description>D</description>",
        "<title>T</title><description>D</description><pubDate>Sun, 15 Jun 2025 15:00:00 GMT</pubDate>",
        "<description>D</description>",
        "<description>E</description>",
    )
    assert seen_key(titled) == "title:T "
    assert seen_key(dated) == "title:T Sun, 15 Jun 2025 15:00:00 GMT"
    assert seen_key(bare).startswith("text:")
    assert seen_key(bare) != seen_key(other)
    assert raw_key(titled, "p", "feed") == raw_key(dated, "p", "feed")
    assert raw_key(titled, "p", "feed") != raw_key(titled, "p", "other feed")
    assert raw_key(bare, "p", "feed") != raw_key(other, "p", "feed")


def test_a_guid_used_twice_is_completed_by_the_link() -> None:
    one, two = items("<guid>1</guid><link>https://example.test/a</link>", "<guid>1</guid><link>https://example.test/b</link>")
    assert (seen_key(one), seen_key(two)) == ("guid:1 https://example.test/a", "guid:1 https://example.test/b")


def test_blocks_of_a_live_blog_are_not_one_article() -> None:
    one, two = items(
        "<guid>block-1</guid><link>https://example.test/live#block-1</link>",
        "<guid>block-2</guid><link>https://example.test/live#block-2</link>",
    )
    assert (raw_key(one, "p", "f"), raw_key(two, "p", "f")) == ("guid:p block-1", "guid:p block-2")


def test_long_keys_are_hashed_and_still_tell_apart() -> None:
    one, two = items(f"<guid>{'x' * 5000}1</guid>", f"<guid>{'x' * 5000}2</guid>")
    assert len(seen_key(one)) < 64
    assert seen_key(one) != seen_key(two)


def test_digest_is_of_the_bytes() -> None:
    # Pinned: stored states and ids hold such digests, so another hash would publish every item again.
    assert item_digest(b"<item/>") == "6b397e9e0647be5ab1101a429e1bf7c8"
    assert item_digest(b"<item/>") != item_digest(b"<item />")
