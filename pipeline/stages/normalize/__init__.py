"""Makes one ninjs article of one item, whatever its format. Knows no other article: versions and stories are `link`'s business.

`formats/` gives the facts, `wire/` reads the language of wires in its texts, `fields.py` has one small function per field.
The source's own word is kept where it has one and is valid; what it does not say stays away. Every rule that fired is listed.
"""

from functools import cache
from importlib.metadata import version

from msgspec.structs import replace

from pipeline.article import (
    NINJS,
    Annotations,
    Article,
    Credit,
    Dedup,
    HeadlineParts,
    Identity,
    LanguageGuess,
    Pipeline,
    Provenance,
    Source,
    Status,
    Vendor,
)
from pipeline.formats import detect, parse
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Emit, RawItem, Reject, State
from pipeline.stages import dedup
from pipeline.stages.normalize import fields
from pipeline.wire.credit import attribute, dateline_evidence, headline_evidence, metadata_evidence
from pipeline.wire.dateline import read_dateline_field
from pipeline.wire.dates import Instant
from pipeline.wire.furniture import Copy, read_copy
from pipeline.wire.headline import Headline, clean_headline
from pipeline.wire.house import own_names
from pipeline.wire.language import METHOD, UNDETERMINED, guess, language_tag, primary
from pipeline.wire.plain import content_digest
from pipeline.wire.status import Judged, judge
from pipeline.wire.urgency import mapped

VERSION = "4"
ORDINARY = Status(kind="article")  # nothing to say


def normalize(item: RawItem, state: State, now: str) -> Emit | Reject:
    """Emits an Article, or rejects what has neither content nor a status to tell. Never raises."""
    format_ = detect(item.value, item.format)
    parsed = parse(item, format_)
    if isinstance(parsed, Reject):
        return parsed
    if not fields.has_content(parsed):
        return Reject(Reason.NO_CONTENT, f"{item.format} item without headline and text")
    headline = clean_headline(parsed.headline, site=parsed.source_title)
    instant = fields.published(parsed, item, now)
    copy = _copy(parsed, instant, item)
    judged = judge(
        now=now,
        headline=parsed.headline,
        text=parsed.body_text,
        pub_status=parsed.pub_status,
        signals=parsed.signals,
        embargo=parsed.embargo,
        genres=tuple(genre.name or genre.literal for genre in parsed.genres),
        format_=format_,
    )
    return Emit(_article(item, parsed, headline, copy, instant, judged, now))


def _copy(parsed: Parsed, instant: Instant, item: RawItem) -> Copy:
    """The report without its furniture. A dateline field counts where the text has none."""
    language = parsed.item_language or item.language or parsed.language
    copy = read_copy(
        parsed.body_text,
        headline=parsed.headline,
        published=instant.value,
        language=language,
        dateline=parsed.dateline,
        house=own_names(parsed.source_title, item.provider),
    )
    if copy.dateline is None and parsed.dateline:
        found = read_dateline_field(parsed.dateline, published=instant.value)
        if found is not None:
            return replace(copy, dateline=found.dateline, located=found.located, rules=(*copy.rules, *found.rules))
    return copy


def _article(
    item: RawItem, parsed: Parsed, headline: Headline, copy: Copy, instant: Instant, judged: Judged, now: str
) -> Article:
    authors = fields.authors(parsed, copy.authors)
    language, guesses, disputed = _language(parsed, item, headline, copy.text)
    parsed, hidden = fields.published_only(parsed, is_private=bool(copy.not_for_publication))
    guid = parsed.guid or item.guid
    notes = (*parsed.ed_notes, *copy.ed_notes, *copy.correction_notes)
    return Article(
        uri=fields.uri(parsed, item),
        version=fields.version(parsed),
        standard=NINJS,
        representation_type=fields.representation(parsed, copy.text),
        type=parsed.type or "text",
        profile=parsed.profile,
        pub_status=judged.pub_status,
        urgency=mapped(parsed.urgency, parsed.urgency_scale),
        language=language,
        first_created=fields.exact(parsed.first_created, now),
        version_created=fields.version_created(parsed, instant, now),
        content_created=fields.content_created(parsed, instant, now),
        embargoed_until=judged.embargoed_until or fields.ahead(parsed.embargo or ""),
        expires=fields.ahead(parsed.expires),
        title=parsed.title,
        headlines=fields.headlines(parsed, headline),
        bodies=fields.bodies(parsed, copy.text, parsed.body_html),
        descriptions=fields.descriptions(parsed),
        slugline=parsed.slugline,
        by=fields.by(authors),
        located=copy.located or parsed.located,
        ed_note="\n".join(dict.fromkeys(notes)),
        copyright_holder=parsed.copyright_holder,
        copyright_notice=parsed.rights,
        usage_terms=parsed.usage_terms,
        genres=parsed.genres,
        subjects=parsed.categories,
        people=parsed.people,
        organisations=parsed.organisations,
        places=parsed.places,
        info_sources=fields.info_sources(parsed, item),
        alt_ids=fields.alt_ids(parsed, guid),
        renditions=fields.renditions(parsed),
        associations=fields.associations((*parsed.associations, *copy.associations)),
        trust_indicators=parsed.trust_indicators,
        pipeline=Pipeline(
            identity=Identity(key=item.key, feed=item.feed, provider=item.provider, guid=guid, link=parsed.link),
            source=_source(parsed, item, headline, instant),
            times=fields.times(item, instant, now),
            headline=HeadlineParts(raw=parsed.headline, tags=headline.tags, key=headline.key) if parsed.headline else None,
            dateline=copy.dateline,
            authors=authors,
            credit=_credit(parsed, item, copy, instant.value),
            vendor=_vendor(parsed),
            status=judged.status if judged.status != ORDINARY else None,
            rules=tuple(dict.fromkeys((*headline.rules, *parsed.rules, *copy.rules, *hidden, *disputed))),
            body_map=copy.body_map,
            dedup=Dedup(verdict=item.verdict, content=content_digest(headline.value, copy.text)),
            annotations=Annotations(language=guesses) if guesses else None,
            provenance=Provenance(code=code_version(), stages={"dedup": dedup.VERSION, "normalize": VERSION}),
        ),
    )


@cache
def code_version() -> str:
    """The installed version of this package, read once."""
    return version("newswire")


def _credit(parsed: Parsed, item: RawItem, copy: Copy, published: str) -> Credit | None:
    """Who wrote it, from everything in headline, text and fields that says so."""
    evidence = (
        *headline_evidence(parsed.headline),
        *copy.evidence,
        *dateline_evidence(copy.dateline),
        *metadata_evidence(parsed.credit_line, parsed.copyright_holder, parsed.byline),
    )
    return attribute(evidence, host=item.provider, published=published)


def _vendor(parsed: Parsed) -> Vendor | None:
    """The source's own words, where it has any."""
    vendor = Vendor(
        urgency=parsed.urgency,
        urgency_scale=parsed.urgency_scale,
        priority=parsed.priority,
        pub_status=parsed.pub_status,
        signals=parsed.signals,
        genre=parsed.genres[0].name or parsed.genres[0].literal if parsed.genres else "",
        category=parsed.category,
        embargo=parsed.embargo or "",
        service=parsed.service,
    )
    return None if vendor == Vendor() else vendor


def _language(
    parsed: Parsed, item: RawItem, headline: Headline, text: str
) -> tuple[str, tuple[LanguageGuess, ...], tuple[str, ...]]:
    """The article's language, the detector's opinion, and a rule id where the two differ.

    The item's own declaration comes before the operator's, that before the feed's, any of them before the detector.
    """
    declared = language_tag(parsed.item_language) or language_tag(item.language) or language_tag(parsed.language)
    guessed = guess(f"{headline.value}\n{text}")
    if guessed.language == UNDETERMINED:
        return declared or UNDETERMINED, (), ()
    opinion = (LanguageGuess(value=guessed.language, method=METHOD, confidence=guessed.confidence),)
    is_disputed = declared and primary(declared) != guessed.language
    return declared or guessed.language, opinion, ("language.disputed",) if is_disputed else ()


def _source(parsed: Parsed, item: RawItem, headline: Headline, instant: Instant) -> Source:
    return Source(
        format=detect(item.value, item.format),
        transport=item.transport,
        url=item.url,
        fetched_at=item.fetched_at,
        document=item.document,
        part=item.part,
        charset=item.charset or parsed.charset,
        item=item.item,
        problems=fields.problems(parsed, item, headline, instant),
    )
