"""What an item is called: inside its feed (seen key), across feeds (raw key), and by its bytes (digest). Pure.

Exact rules only: likeness is judged by `link`, which knows the texts.
"""

import xxhash

from pipeline.formats.split import Item
from pipeline.poll.slice import Slice
from pipeline.poll.urls import canonical_url as canonical_url
from pipeline.poll.urls import is_article_link

KEY_LENGTH_MAX = 256  # characters: a guid may be a whole query string; longer ones are hashed, which is as exact


def seen_key(item: Slice) -> str:
    """The item's name inside its own feed, the first that exists: guid (with the link, if the document has that guid twice),
    link, title and date, hash of the bytes."""
    if item.guid:
        return _short("guid", item.guid, item.link) if item.is_guid_shared else _short("guid", item.guid)
    if item.link:
        return _short("link", item.link)
    if item.title:
        return _short("title", item.title, item.published)
    return _short("text", item_digest(item.text or item.item))


def raw_key(item: Slice, provider: str, feed: str) -> str:
    """The item's name across feeds: its canonical link if that is an article's page of its own, else provider and guid, else feed
    and hash of title and text."""
    link = canonical_url(item.link)
    if is_article_link(link) and not (item.is_link_shared and item.guid):
        return link if len(link) <= KEY_LENGTH_MAX else _short("link", link)
    if item.guid and not item.is_guid_shared:
        return _short("guid", provider or feed, item.guid)
    return _short("text", feed, item_digest(item.title.encode("utf-8", "replace") + b"\0" + item.text))


def wire_seen_key(item: Item) -> str:
    """A wire item's name inside its own source: guid and version, so that versions listed beside each other do not take turns."""
    if item.guid:
        return _short("guid", item.guid, item.version) if item.version else _short("guid", item.guid)
    return _short("text", item_digest(item.item))


def wire_raw_key(item: Item, provider: str, feed: str) -> str:
    """A wire item's name across sources: its page where the format is one of pages, else provider and guid, else feed and hash.

    All versions of an item share it: what version means is known to `link`.
    """
    link = canonical_url(item.link)
    if is_article_link(link):
        return link if len(link) <= KEY_LENGTH_MAX else _short("link", link)
    return _short("guid", provider or feed, item.guid) if item.guid else _short("text", feed, item_digest(item.item))


def item_digest(item: bytes) -> str:
    """xxh3-128 of the bytes, in hex: 32 characters."""
    return str(xxhash.xxh3_128_hexdigest(item))


def _short(kind: str, *parts: str) -> str:
    """`kind:part part`; hashed where it would be long. Parts are told apart by U+001F, which no feed can hold."""
    key = f"{kind}:" + "\x1f".join(parts)
    if len(key) <= KEY_LENGTH_MAX:
        return key.replace("\x1f", " ")
    return f"{kind}:{item_digest(key.encode('utf-8', 'replace'))}"
