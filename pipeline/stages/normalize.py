"""Makes one ninjs article of one item, whatever its format. Knows no other article: versions and stories are `link`'s business.

The source's own word is kept where it has one and is valid; what it does not say stays away. One small function per field.
"""

import re
from functools import cache
from importlib.metadata import version
from typing import Literal

from pipeline.article import (
    NINJS,
    AltId,
    Annotations,
    Article,
    Author,
    Dedup,
    HeadlineParts,
    Identity,
    InfoSource,
    LanguageGuess,
    Pipeline,
    Provenance,
    Rendition,
    Source,
    Subject,
    Text,
    Times,
)
from pipeline.formats import detect, parse
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Emit, RawItem, Reject, State
from pipeline.stages import dedup
from pipeline.wire.byline import joined, persons
from pipeline.wire.dates import NOTHING, Instant, read_date
from pipeline.wire.headline import Headline, clean_headline
from pipeline.wire.language import METHOD, UNDETERMINED, guess, language_tag, primary
from pipeline.wire.plain import content_digest, folded, has_bidi_controls

VERSION = "1"

SUMMARY_CHARS_MAX = 1_500  # a feed that puts 300 words into its summary gives the text; summaries have 20 to 80
# A text that says itself that it goes on elsewhere.
CUT_OFF = re.compile(r"(?:…|\.\.\.|\[(?:…|\.\.\.)\]|\b(?:read more|continue reading|read the full story)\b\W*)$", re.IGNORECASE)
TAIL_CHARS = 80


def normalize(item: RawItem, state: State, now: str) -> Emit | Reject:
    """Emits an Article, or rejects what has neither headline nor text. Never raises."""
    parsed = parse(item)
    if isinstance(parsed, Reject):
        return parsed
    if not parsed.headline and not parsed.body_text:
        return Reject(Reason.NO_CONTENT, f"{item.format} item without headline and text")
    headline = clean_headline(parsed.headline)
    authors = _authors(parsed)
    published = _published(parsed, now)
    language, guesses, disputed = _language(parsed, item, headline)
    return Emit(
        Article(
            uri=dedup.item_uri(item.key),
            standard=NINJS,
            representation_type=_representation(parsed),
            type="text",
            pub_status="usable",
            language=language,
            version_created=_exact(read_date(parsed.updated, now)) or _exact(published),
            content_created=_exact(read_date(parsed.published, now)),
            headlines=_headlines(headline),
            bodies=_bodies(parsed),
            descriptions=_descriptions(parsed),
            by=joined(tuple(author.name for author in authors)),
            located=parsed.located,
            copyright_notice=parsed.rights,
            subjects=tuple(Subject(name=category.name, uri=category.uri) for category in parsed.categories),
            info_sources=_info_sources(parsed, item),
            alt_ids=(AltId(role="guid", value=guid),) if (guid := parsed.guid or item.guid) else (),
            renditions=(Rendition(name="web", href=parsed.link),) if parsed.link else (),
            pipeline=Pipeline(
                identity=Identity(key=item.key, feed=item.feed, provider=item.provider, guid=guid, link=parsed.link),
                source=_source(parsed, item, headline),
                times=_times(item, published, now),
                headline=HeadlineParts(raw=parsed.headline, key=headline.key) if parsed.headline else None,
                authors=authors,
                rules=tuple(dict.fromkeys((*headline.rules, *parsed.rules, *disputed))),
                dedup=Dedup(verdict=item.verdict, content=content_digest(headline.value, parsed.body_text)),
                annotations=Annotations(language=guesses) if guesses else None,
                provenance=Provenance(code=code_version(), stages={"dedup": dedup.VERSION, "normalize": VERSION}),
            ),
        )
    )


@cache
def code_version() -> str:
    """The installed version of this package, read once."""
    return version("newswire")


def _headlines(headline: Headline) -> tuple[Text, ...]:
    return (Text(role="main", content_type="text/plain", value=headline.value),) if headline.value else ()


def _bodies(parsed: Parsed) -> tuple[Text, ...]:
    forms = (("text/plain", parsed.body_text), ("text/html", parsed.body_html))
    return tuple(Text(role="main", content_type=kind, value=value) for kind, value in forms if value)


def _descriptions(parsed: Parsed) -> tuple[Text, ...]:
    """The feed's summary, unless it is the body's own beginning."""
    summary = parsed.summary
    cut = CUT_OFF.search(summary, max(0, len(summary) - TAIL_CHARS))
    beginning = folded(summary[: cut.start()] if cut else summary)
    if not beginning or folded(parsed.body_text[: 2 * len(summary) + TAIL_CHARS]).startswith(beginning):
        return ()
    return (Text(role="summary", content_type="text/plain", value=summary),)


def _representation(parsed: Parsed) -> Literal["full", "partial"]:
    text = parsed.body_text
    is_short = parsed.is_summary and len(text) < SUMMARY_CHARS_MAX
    return "partial" if not text or is_short or CUT_OFF.search(text[-TAIL_CHARS:]) else "full"


def _authors(parsed: Parsed) -> tuple[Author, ...]:
    """Persons only, each once; a source that names its own title as author names nobody."""
    own = folded(parsed.source_title)
    names = dict.fromkeys(name for field in parsed.authors for name in persons(field) if folded(name) != own)
    return tuple(Author(name=name, role="reporter", evidence=parsed.author_evidence) for name in names)


def _info_sources(parsed: Parsed, item: RawItem) -> tuple[InfoSource, ...]:
    name = item.provider or parsed.source_title
    return (InfoSource(name=name),) if name else ()


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _published(parsed: Parsed, now: str) -> Instant:
    """When the source says it published: its publication date, else its last change, of those that can be read."""
    candidates = (read_date(raw, now) for raw in (parsed.published, parsed.updated) if raw)
    return next((instant for instant in candidates if instant.value), NOTHING)


def _exact(instant: Instant) -> str:
    return instant.value if instant.quality == "exact" else ""


def _times(item: RawItem, published: Instant, now: str) -> Times:
    return Times(
        published=published.value,
        published_quality=published.quality,
        first_seen=item.first_seen,
        ingested=now,
    )


# ── language ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _language(parsed: Parsed, item: RawItem, headline: Headline) -> tuple[str, tuple[LanguageGuess, ...], tuple[str, ...]]:
    """The article's language, the detector's opinion, and a rule id where the two differ.

    The item's own declaration comes before the operator's, that before the feed's, any of them before the detector.
    """
    declared = language_tag(parsed.item_language) or language_tag(item.language) or language_tag(parsed.language)
    guessed = guess(f"{headline.value}\n{parsed.body_text}")
    if guessed.language == UNDETERMINED:
        return declared or UNDETERMINED, (), ()
    opinion = (LanguageGuess(value=guessed.language, method=METHOD, confidence=guessed.confidence),)
    is_disputed = declared and primary(declared) != guessed.language
    return declared or guessed.language, opinion, ("language.disputed",) if is_disputed else ()


# ── provenance ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _source(parsed: Parsed, item: RawItem, headline: Headline) -> Source:
    is_bidi = has_bidi_controls(headline.value) or has_bidi_controls(parsed.body_text)
    problems = (*parsed.problems, "text.bidi_controls") if is_bidi else parsed.problems
    return Source(
        format=detect(item.value, item.format),
        transport=item.transport,
        url=item.url,
        fetched_at=item.fetched_at,
        document=item.document,
        part=item.part,
        charset=item.charset or parsed.charset,
        item=item.item,
        problems=problems,
    )
