"""What any format yields: the source's facts, before anything is decided about them. No bytes of the format survive in here."""

from msgspec import Struct

from pipeline.article import AltId, Association, Genre, InfoSource, Party, Place, Rendition, Subject, Text, TrustIndicator

Category = Subject  # a category as the source named it; `uri` only where the source gave one


class Parsed(Struct, frozen=True, kw_only=True):
    """One item's facts. "", () and None mean that the source does not say.

    Lines (`headline`, `byline`, `dateline`, `rights`, `source_title`) are plain text; `body_text` and `summary` are paragraphs
    separated by a blank line, with all wire furniture still in them; `body_html` is safe to show. `is_one_text` says that the
    plain text is that of the HTML, not one of its own, `is_summary` that the source has more than it gives. `link` is absolute.
    Dates are raw: `wire.dates` reads them. `item_language` was declared for the item, `language` for the whole feed. `built` are
    the dates of the feed as a document.
    `charset` is the evidence, where the format had to find it.

    Wires: `uri` and `version` are the wire's own; `pub_status`, `urgency`, `priority`, `signals`, `embargo` its own words
    (`embargo` None: no such field; "": there is one and it is empty). `byline` and `dateline` are fields of their own, as dpa has
    them, not yet cut from the text. `headlines`, `descriptions`, `bodies` hold further ones beside the main one.
    `not_for_publication` are parts for editors only. `rules` fired in the format, `problems` are what had to be put right.
    """

    headline: str = ""
    headlines: tuple[Text, ...] = ()
    title: str = ""
    body_text: str = ""
    body_html: str = ""
    is_one_text: bool = False
    is_summary: bool = False
    summary: str = ""
    descriptions: tuple[Text, ...] = ()
    link: str = ""
    guid: str = ""
    published: str = ""
    updated: str = ""
    built: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    located: str = ""
    categories: tuple[Subject, ...] = ()
    item_language: str = ""
    language: str = ""
    rights: str = ""
    source_title: str = ""
    charset: str = ""
    uri: str = ""
    version: str = ""
    type: str = ""
    profile: str = ""
    pub_status: str = ""
    urgency: str = ""
    urgency_scale: str = ""
    priority: str = ""
    signals: tuple[str, ...] = ()
    embargo: str | None = None
    expires: str = ""
    first_created: str = ""
    slugline: str = ""
    ed_notes: tuple[str, ...] = ()
    byline: str = ""
    dateline: str = ""
    credit_line: str = ""
    copyright_holder: str = ""
    usage_terms: str = ""
    genres: tuple[Genre, ...] = ()
    people: tuple[Party, ...] = ()
    organisations: tuple[Party, ...] = ()
    places: tuple[Place, ...] = ()
    info_sources: tuple[InfoSource, ...] = ()
    alt_ids: tuple[AltId, ...] = ()
    renditions: tuple[Rendition, ...] = ()
    associations: tuple[Association, ...] = ()
    service: str = ""
    category: str = ""
    not_for_publication: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    content_created: str = ""
    bodies: tuple[Text, ...] = ()
    trust_indicators: tuple[TrustIndicator, ...] = ()
    slugline_separator: str = ""
    contributors: tuple[Party, ...] = ()
