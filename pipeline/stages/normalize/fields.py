"""One small function per field of the article, from the source's facts and the copy read out of its text. Pure."""

import re
from collections.abc import Iterable
from typing import Literal

from pipeline.article import AltId, Author, InfoSource, Rendition, Text, Times
from pipeline.formats.parsed import Parsed
from pipeline.records import RawItem
from pipeline.stages import dedup
from pipeline.wire.byline import joined, persons
from pipeline.wire.dates import NOTHING, Instant, read_date
from pipeline.wire.headline import Headline
from pipeline.wire.plain import folded

SUMMARY_CHARS_MAX = 1_500  # a feed that puts 300 words into its summary gives the text; summaries have 20 to 80
# A text that says itself that it goes on elsewhere.
CUT_OFF = re.compile(r"(?:…|\.\.\.|\[(?:…|\.\.\.)\]|\b(?:read more|continue reading|read the full story)\b\W*)$", re.IGNORECASE)
TAIL_CHARS = 80
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+")


def uri(parsed: Parsed, item: RawItem) -> str:
    """The wire's own guid where it is a URI, else a name made of the identity key."""
    return parsed.uri if URI.fullmatch(parsed.uri) else dedup.item_uri(item.key)


def version(parsed: Parsed) -> str:
    """The wire's own number; sources that do not number are numbered by `link`."""
    return parsed.version if parsed.version.isascii() and parsed.version.isdigit() else ""


def has_content(parsed: Parsed) -> bool:
    """Anything to show, or a status that somebody must hear of (a kill may be an id and nothing else)."""
    shown = parsed.headline or parsed.body_text or parsed.descriptions or parsed.renditions or parsed.associations
    return bool(shown or (parsed.uri and parsed.pub_status not in ("", "usable")))


def headlines(parsed: Parsed, headline: Headline) -> tuple[Text, ...]:
    """The cleaned main one first, then the source's others."""
    main = (Text(role="main", content_type="text/plain", value=headline.value),) if headline.value else ()
    return (*main, *parsed.headlines)


def bodies(parsed: Parsed, text: str, html: str) -> tuple[Text, ...]:
    """The report alone as plain text, the safe markup where the source had any, then the source's further texts."""
    forms = (("text/plain", text), ("text/html", html))
    return (*(Text(role="main", content_type=kind, value=value) for kind, value in forms if value), *parsed.bodies)


def descriptions(parsed: Parsed) -> tuple[Text, ...]:
    """The feed's summary, unless it is the body's own beginning; then the source's others."""
    summary = parsed.summary
    cut = CUT_OFF.search(summary, max(0, len(summary) - TAIL_CHARS))
    beginning = folded(summary[: cut.start()] if cut else summary)
    if not beginning or folded(parsed.body_text[: 2 * len(summary) + TAIL_CHARS]).startswith(beginning):
        return parsed.descriptions
    return (Text(role="summary", content_type="text/plain", value=summary), *parsed.descriptions)


def representation(parsed: Parsed, text: str) -> Literal["full", "partial"]:
    """Whether the source gives the whole text."""
    is_short = parsed.is_summary and len(text) < SUMMARY_CHARS_MAX
    return "partial" if not text or is_short or CUT_OFF.search(text[-TAIL_CHARS:]) else "full"


def authors(parsed: Parsed, found: Iterable[Author]) -> tuple[Author, ...]:
    """Persons only, each name and role once: those of the text first, then those of fields.

    A source that names its own title as author names nobody.
    """
    own = folded(parsed.source_title)
    named = (*persons(parsed.byline), *(name for field in parsed.authors for name in persons(field)))
    of_fields = (Author(name=name, role="reporter", evidence="metadata") for name in named if folded(name) != own)
    once: dict[tuple[str, str], Author] = {}
    for author in (*found, *of_fields):
        once.setdefault((folded(author.name), author.role), author)
    return tuple(once.values())


def by(found: tuple[Author, ...]) -> str:
    """The reporters, as a line."""
    return joined(tuple(author.name for author in found if author.role == "reporter"))


def info_sources(parsed: Parsed, item: RawItem) -> tuple[InfoSource, ...]:
    """The feed's provider, then whom the source names, each name and role once."""
    provider = item.provider or ("" if parsed.info_sources else parsed.source_title)
    first = (InfoSource(name=provider),) if provider else ()
    credit = (InfoSource(name=parsed.credit_line, role="creditline"),) if parsed.credit_line else ()
    return tuple(dict.fromkeys((*first, *parsed.info_sources, *credit)))


def alt_ids(parsed: Parsed, guid: str) -> tuple[AltId, ...]:
    """The guid as the source gives it, where it is not the uri, then other ids."""
    own = (AltId(role="guid", value=guid),) if guid and guid != parsed.uri else ()
    return tuple(dict.fromkeys((*own, *parsed.alt_ids)))


def renditions(parsed: Parsed) -> tuple[Rendition, ...]:
    """Where it can be read, then the source's files."""
    web = (Rendition(name="web", href=parsed.link),) if parsed.link else ()
    return tuple(dict.fromkeys((*web, *parsed.renditions)))


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def published(parsed: Parsed, now: str) -> Instant:
    """When the source says it published: its publication date, else its last change, of those that can be read."""
    wire = (parsed.updated, parsed.published) if parsed.uri else (parsed.published, parsed.updated)
    candidates = (read_date(raw, now) for raw in wire if raw)
    return next((instant for instant in candidates if instant.value), NOTHING)


def exact(raw: str, now: str) -> str:
    """A raw date that names an instant, "" otherwise."""
    instant = read_date(raw, now) if raw else NOTHING
    return instant.value if instant.quality == "exact" else ""


def times(item: RawItem, instant: Instant, now: str) -> Times:
    """The instants, kept apart."""
    return Times(published=instant.value, published_quality=instant.quality, first_seen=item.first_seen, ingested=now)
