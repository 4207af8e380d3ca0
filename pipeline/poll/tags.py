"""Which element names mean what, for those who look at a feed's bytes without parsing it. Names only, no decisions."""

from typing import Literal

# Local name, lower case → what the poller wants of it. guid, link, title, published, updated and text tell what an item is;
# authors are wanted for their length only.
LOCAL_KINDS = {
    "item": "item",
    "entry": "item",
    "guid": "guid",
    "id": "guid",
    "link": "link",
    "title": "title",
    "pubdate": "published",
    "published": "published",
    "issued": "published",
    "updated": "updated",
    "modified": "updated",
    "description": "text",
    "summary": "text",
    "content": "text",
    "author": "author",
    "contributor": "author",
    "managingeditor": "author",
    "webmaster": "author",
}
# Names from other vocabularies, by the prefix nearly everybody binds: what they are for does not justify a namespace table.
PREFIXED_KINDS = {
    "dc:date": "published",
    "dcterms:issued": "published",
    "dcterms:modified": "updated",
    "content:encoded": "text",
    "dc:creator": "author",
    "dc:author": "author",
    "dc:contributor": "author",
    "dc:publisher": "author",
    "itunes:author": "author",
    "itunes:owner": "author",
}
# Root element, local name, lower case → format. An Atom entry may be a document of its own.
Format = Literal["rss", "atom", "rdf"]
ROOTS: dict[str, Format] = {"rss": "rss", "channel": "rss", "rdf": "rdf", "feed": "atom", "entry": "atom"}
# What feedparser takes for RSS or Atom proper, lower case: elements bound to these count like those without a prefix.
FEED_NAMESPACES = frozenset(
    {
        "http://www.w3.org/2005/atom",
        "http://purl.org/atom/ns#",
        "http://purl.org/rss/1.0/",
        "http://my.netscape.com/rdf/simple/0.9/",
        "http://purl.org/rss/1.0/modules/rss091#",
        "http://backend.userland.com/rss",
        "http://backend.userland.com/rss2",
        "http://blogs.law.harvard.edu/tech/rss",
        "http://purl.org/echo/",
        "http://purl.org/pie/",
    }
)


class Kinds(dict[str, str]):
    """Qualified name → kind, "" for all the names nobody wants. Learns a document's names as it meets them."""

    def __init__(self) -> None:
        super().__init__()
        self.feed_prefixes = {""}

    def declare(self, prefix: str, uri: str) -> None:
        """Takes note of `xmlns:prefix="uri"`."""
        if uri.strip().lower() in FEED_NAMESPACES:
            self.feed_prefixes.add(prefix)

    def __missing__(self, name: str) -> str:
        prefix, _, local = name.lower().rpartition(":")
        kind = LOCAL_KINDS.get(local, "") if prefix in self.feed_prefixes else PREFIXED_KINDS.get(f"{prefix}:{local}", "")
        self[name] = kind
        return kind


def local_name(name: str) -> str:
    """`rdf:RDF` → `rdf`."""
    return name.rpartition(":")[2].lower()
