"""One small function per field of the article, from the source's facts and the copy read out of its text. Pure."""

import re
from collections.abc import Iterable
from typing import Literal

from msgspec.structs import replace

from pipeline.article import AltId, Association, Author, InfoSource, Rendition, Text, Times
from pipeline.formats.parsed import Parsed
from pipeline.records import RawItem
from pipeline.stages import dedup
from pipeline.wire.byline import joined, persons
from pipeline.wire.dates import FOREVER, NOTHING, ONE_DATE, Instant, first_date, read_date, with_build_time
from pipeline.wire.furniture_rules import has_private_line, has_private_mark
from pipeline.wire.headline import Headline
from pipeline.wire.plain import folded, has_bidi_controls
from pipeline.wire.uris import as_uri, uri_of

SUMMARY_CHARS_MAX = 1_500  # a feed that puts 300 words into its summary gives the text; summaries have 20 to 80
# A text that says itself that it goes on elsewhere.
CUT_OFF = re.compile(r"(?:…|\.\.\.|\[(?:…|\.\.\.)\]|\b(?:read more|continue reading|read the full story)\b\W*)$", re.IGNORECASE)
TAIL_CHARS = 80


def uri(parsed: Parsed, item: RawItem) -> str:
    """The wire's own guid where it is a URI, else a name made of the identity key."""
    return uri_of(parsed.uri) or dedup.item_uri(item.key)


def version(parsed: Parsed) -> str:
    """The wire's own number; sources that do not number are numbered by `link`."""
    return parsed.version if parsed.version.isascii() and parsed.version.isdigit() else ""


def is_shown(parsed: Parsed) -> bool:
    """Whether there is anything to show."""
    texts = parsed.headline or parsed.body_text or parsed.summary or parsed.descriptions
    return bool(texts or parsed.renditions or parsed.associations)


def has_content(parsed: Parsed) -> bool:
    """Anything to show, or an item of a wire: its id is all that a standard asks for; a kill may be an id and nothing else."""
    return is_shown(parsed) or bool(parsed.uri)


def published_only(parsed: Parsed, *, is_private: bool) -> tuple[Parsed, tuple[str, ...]]:
    """The facts without texts that hold a part for editors only, and the rules that say what went.

    `is_private` says that the main text has such a part, which its HTML then has too. Of a source that sends another plain text
    than HTML, or further texts, each is looked at by itself: a part cut from one of them only would be published by the others.
    """
    if not is_private and not parsed.is_one_text and has_private_mark(parsed.body_html):
        from pipeline.formats.markup import text_of_safe  # with a parser behind it, and hardly ever needed

        is_private = has_private_line(text_of_safe(parsed.body_html))
    html = "" if is_private else parsed.body_html
    summary = "" if has_private_line(parsed.summary) else parsed.summary
    kept, described = _public(parsed.bodies), _public(parsed.descriptions)
    gone = (
        ("html.not_for_publication", html != parsed.body_html),
        ("text.not_for_publication", (summary, kept, described) != (parsed.summary, parsed.bodies, parsed.descriptions)),
    )
    rules = tuple(rule for rule, is_gone in gone if is_gone)
    return (replace(parsed, body_html=html, summary=summary, bodies=kept, descriptions=described) if rules else parsed), rules


def _public(texts: tuple[Text, ...]) -> tuple[Text, ...]:
    return tuple(text for text in texts if not has_private_line(text.value)) if texts else ()


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
    """The guid and the version as the source gives them, where they are not `uri` and `version`, then other ids."""
    own = (("guid", "" if guid == uri_of(parsed.uri) else guid), ("version", "" if version(parsed) else parsed.version))
    return tuple(dict.fromkeys((*(AltId(role=role, value=value) for role, value in own if value), *parsed.alt_ids)))


def renditions(parsed: Parsed) -> tuple[Rendition, ...]:
    """Where it can be read, then the source's files."""
    web = (Rendition(name="web", href=parsed.link),) if parsed.link else ()
    return tuple(dict.fromkeys((*web, *parsed.renditions)))


def associations(found: Iterable[Association]) -> tuple[Association, ...]:
    """Each under a URI: one whose id is none is known by that id below `urn:newswire:ref:`."""
    return tuple(one if uri_of(one.uri) else replace(one, uri=as_uri(one.uri, "ref")) for one in found)


def problems(parsed: Parsed, item: RawItem, headline: Headline, instant: Instant) -> tuple[str, ...]:
    """What was wrong with the document that the item was cut from, with the item, its date, its texts; each id once."""
    is_bidi = has_bidi_controls(headline.value) or has_bidi_controls(parsed.body_text)
    own = ("text.bidi_controls",) if is_bidi else () if is_shown(parsed) else ("item.nothing_to_show",)
    return tuple(dict.fromkeys((*item.problems, *parsed.problems, *((instant.problem,) if instant.problem else ()), *own)))


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def published(parsed: Parsed, item: RawItem, now: str) -> Instant:
    """When the source says that this version was published; the first of the two dates that can be read.

    A wire (its items have ids and versions) dates each version: `versionCreated` before the first publication, which stands in
    `firstCreated` and `contentCreated`. A feed dates the item: its publication before its last change.
    """
    wire = (parsed.updated, parsed.published) if parsed.uri else (parsed.published, parsed.updated)
    instant = first_date(wire, item.fetched_at or now)
    return with_build_time(instant, parsed.built) if ONE_DATE in item.problems else instant


def content_created(parsed: Parsed, instant: Instant, now: str) -> str:
    """A wire's own word; of a feed, which has none, the publication. A wire's first publication is `firstCreated`, no more."""
    is_own = not parsed.uri and instant.quality != "build_time"
    return exact(parsed.content_created, now) or (exact(parsed.published, now) if is_own else "")


def version_created(parsed: Parsed, instant: Instant, now: str) -> str:
    """The last change, else the publication; never the time at which a document was built."""
    updated = exact(parsed.updated, now)
    if instant.quality == "build_time":
        return "" if updated == instant.value else updated
    return updated or (instant.value if instant.quality == "exact" else "")


def ahead(raw: str) -> str:
    """An instant that may lie in the future: an embargo's or an item's end."""
    return exact(raw, FOREVER)


def exact(raw: str, now: str) -> str:
    """A raw date that names an instant, "" otherwise."""
    instant = read_date(raw, now) if raw else NOTHING
    return instant.value if instant.quality == "exact" else ""


def times(item: RawItem, instant: Instant, now: str) -> Times:
    """The instants, kept apart."""
    return Times(published=instant.value, published_quality=instant.quality, first_seen=item.first_seen, ingested=now)
