"""Feed documents as bytes: RSS 2.0, Atom and RSS 1.0 (RDF), each with its publisher's habits.

An item's bytes depend on the item alone, never on its neighbours or on the hour, so that the same item is the same bytes in
every poll and in every feed that repeats it. Nothing here decides what is in a feed: that is `wire.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from pipeline.simulator.feeds import SimFeed
from pipeline.simulator.grammar import Text

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item version as a feed shows it. `first_at` and `version_at` are Unix seconds."""

    link: str
    guid: str
    headline: str
    text: Text
    first_at: int
    version_at: int


def render_item(feed: SimFeed, item: Item) -> bytes:
    """The bytes from `<item` to `</item>` (`<entry` to `</entry>`), in the feed's encoding."""
    render = {"rss": _rss_item, "atom": _atom_entry, "rdf": _rdf_item}[feed.form]
    return _encoded(render(feed, item), feed.encoding)


def render_document(feed: SimFeed, items: Sequence[bytes], links: Sequence[str], built_at: int) -> bytes:
    """A whole feed document around rendered items, newest first; `links` are theirs (RSS 1.0 lists them in its head)."""
    head, tail = {"rss": _rss_frame, "atom": _atom_frame, "rdf": _rdf_frame}[feed.form](feed, links, built_at)
    prolog = f'<?xml version="1.0" encoding="{feed.encoding.upper()}"?>\n{head}\n'
    return b"\n".join((_encoded(prolog, feed.encoding) + b"\n".join(items), _encoded(tail, feed.encoding)))


def rfc3339(unix_s: int) -> str:
    """`2026-03-01T12:00:00Z`."""
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def rfc822(unix_s: int, zone: str = "+0000") -> str:
    """`Sun, 01 Mar 2026 12:00:00 +0000`, in UTC; `zone` GMT makes it an HTTP date."""
    when = datetime.fromtimestamp(unix_s, UTC)
    return f"{_DAYS[when.weekday()]}, {when.day:02} {_MONTHS[when.month - 1]} {when.year} {when:%H:%M:%S} {zone}"


def _encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "xmlcharrefreplace")  # ISO-8859-1 has no typographic quotes


def _escape(text: str) -> str:
    return escape(text, quote=False)


def _html(text: Text) -> str:
    return "\n".join(f"<p>{_escape(block)}</p>" for block in text.blocks)


def _summary(text: Text) -> str:
    return " ".join((*((text.note,) if text.note else ()), *text.paragraphs[:2]))


# ── RSS 2.0 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rss_item(feed: SimFeed, item: Item) -> str:
    html = _html(item.text)
    if feed.body == "encoded":
        lead = "".join(item.text.paragraphs[:1])
        body = f"<description>{_escape(lead)}</description>\n<content:encoded>{_escape(html)}</content:encoded>"
    elif feed.body == "cdata":
        body = f"<description><![CDATA[{html}]]></description>"
    else:
        body = f"<description>{_escape(html)}</description>"
    title = f"<![CDATA[{item.headline}]]>" if feed.body == "cdata" else _escape(item.headline)
    permanent = "true" if feed.guid == "link" else "false"
    return (
        f"<item>\n<title>{title}</title>\n<link>{_escape(item.link)}</link>\n"
        f'<guid isPermaLink="{permanent}">{_escape(item.guid)}</guid>\n'
        f"<pubDate>{rfc822(item.version_at)}</pubDate>\n<dc:creator>{_escape(item.text.reporter)}</dc:creator>\n"
        f"<category>{_escape(item.text.category)}</category>\n{body}\n</item>"
    )


def _rss_frame(feed: SimFeed, links: Sequence[str], built_at: int) -> tuple[str, str]:
    head = (
        f'<rss version="2.0" {_NAMESPACES}>\n<channel>\n<title>{_escape(feed.title)}</title>\n'
        f"<link>https://{feed.provider}/</link>\n<description>{_escape(feed.title)}</description>\n"
        f'<atom:link rel="self" type="application/rss+xml" href="https://{feed.provider}{feed.path}"/>\n'
        f"<language>{feed.language}</language>\n<copyright>© {_escape(feed.publisher)}</copyright>\n"
        f"<lastBuildDate>{rfc822(built_at)}</lastBuildDate>"
    )
    return head, "</channel>\n</rss>\n"


# ── Atom ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _atom_entry(feed: SimFeed, item: Item) -> str:
    if feed.body == "summary":
        body = f"<summary>{_escape(_summary(item.text))}</summary>"
    elif feed.body == "xhtml":
        body = f'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{_html(item.text)}</div></content>'
    else:
        body = f'<content type="html">{_escape(_html(item.text))}</content>'
    return (
        f"<entry>\n<id>{_escape(item.guid)}</id>\n<title>{_escape(item.headline)}</title>\n"
        f'<link rel="alternate" type="text/html" href="{escape(item.link)}"/>\n'
        f"<published>{rfc3339(item.first_at)}</published>\n<updated>{rfc3339(item.version_at)}</updated>\n"
        f"<author><name>{_escape(item.text.reporter)}</name></author>\n"
        f'<category term="{escape(item.text.category)}"/>\n{body}\n</entry>'
    )


def _atom_frame(feed: SimFeed, links: Sequence[str], built_at: int) -> tuple[str, str]:
    head = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{feed.language}">\n'
        f"<id>https://{feed.provider}{feed.path}</id>\n<title>{_escape(feed.title)}</title>\n"
        f'<link rel="self" href="https://{feed.provider}{feed.path}"/>\n<link rel="alternate" href="https://{feed.provider}/"/>\n'
        f"<rights>© {_escape(feed.publisher)}</rights>\n<updated>{rfc3339(built_at)}</updated>"
    )
    return head, "</feed>\n"


# ── RSS 1.0 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rdf_item(feed: SimFeed, item: Item) -> str:
    return (
        f'<item rdf:about="{escape(item.link)}">\n<title>{_escape(item.headline)}</title>\n<link>{_escape(item.link)}</link>\n'
        f"<description>{_escape(_html(item.text))}</description>\n<dc:creator>{_escape(item.text.reporter)}</dc:creator>\n"
        f"<dc:date>{rfc3339(item.version_at)}</dc:date>\n<dc:subject>{_escape(item.text.category)}</dc:subject>\n</item>"
    )


def _rdf_frame(feed: SimFeed, links: Sequence[str], built_at: int) -> tuple[str, str]:
    sequence = "".join(f'<rdf:li rdf:resource="{escape(link)}"/>' for link in links)
    head = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel rdf:about="https://{feed.provider}{feed.path}">\n'
        f"<title>{_escape(feed.title)}</title>\n<link>https://{feed.provider}/</link>\n"
        f"<description>{_escape(feed.title)}</description>\n<dc:language>{feed.language}</dc:language>\n"
        f"<dc:date>{rfc3339(built_at)}</dc:date>\n<items><rdf:Seq>{sequence}</rdf:Seq></items>\n</channel>"
    )
    return head, "</rdf:RDF>\n"
