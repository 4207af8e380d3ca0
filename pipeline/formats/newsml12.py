"""NewsML 1.x: one NewsItem with its components. The main text and its lines come from the article's component; pictures, sounds
and films with their captions become associations.

Source: IPTC, NewsML 1.2 (DTD and guidelines). Only the order of components and their roles tell what belongs to what.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from msgspec import Struct, field
from msgspec.structs import replace

from pipeline.article import AltId, Association, Genre, InfoSource, Party, Rendition, Text
from pipeline.formats import nitf, xml
from pipeline.formats.body import Body, read_html, read_plain
from pipeline.formats.newsml12_parts import Lines, formal_name, info_sources, places, subjects
from pipeline.formats.parsed import Parsed
from pipeline.formats.xml import attribute, block, descend, each, line, number
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.links import absolute
from pipeline.wire.uris import as_uri

ROOT, ITEM = "NewsML", "NewsItem"
PUBLIC_ID = re.compile(r"(urn:newsml:.+?)(?::\d{1,12}[A-Z]?)?", re.IGNORECASE)  # its last part is the revision
CAPTION_ROLE = re.compile(r"caption|legend", re.IGNORECASE)
STATUSES = frozenset({"usable", "embargoed", "withheld", "canceled"})
MEDIA = {
    "text": "text", "complextext": "text", "photo": "picture", "picture": "picture", "image": "picture", "graphic": "graphic",
    "animation": "video", "video": "video", "audio": "audio",
}  # fmt: skip
# What an Instruction asks for, in the words of the later standard.
INSTRUCTIONS = {"update": "sig:update", "rectify": "sig:correction", "correct": "sig:correction", "correction": "sig:correction"}
XHTML = frozenset({"html", "body", "div", "p"})


class Piece(Struct):
    """A component that holds content: its texts (as elements with their component's role) and its files."""

    component: Element
    texts: list[Element] = field(default_factory=list)
    captions: list[Element] = field(default_factory=list)
    files: list[Element] = field(default_factory=list)


def parse(item: RawItem) -> Parsed | Reject:
    """The facts of the first NewsItem, or why it has none. Never raises."""
    document = xml.read(item.value, item.charset)
    if isinstance(document, Reject):
        return document
    root = document.root
    if root.tag not in (ROOT, ITEM):
        return Reject(Reason.UNKNOWN_FORMAT, f"/{root.tag[:40]} is no NewsML 1 item")
    found = [root] if root.tag == ITEM else root.findall(ITEM)
    if not found:
        return Reject(Reason.NO_CONTENT, "/NewsML: no NewsItem")
    facts = _facts(found[0], root.find("NewsEnvelope"), item.url)
    says = facts.headline or facts.body_text or facts.summary or facts.associations or facts.renditions
    if not (facts.guid or says):
        return Reject(Reason.NO_CONTENT, "/NewsML/NewsItem: no identification, no headline, no text, no files")
    problems = (*document.problems, *facts.problems, *_problems(found, facts))
    return replace(facts, charset=document.charset, problems=tuple(dict.fromkeys(problems)))


def items(document: bytes) -> tuple[bytes, ...]:
    """A NewsML document as one per NewsItem, each with the envelope; anything else as it is."""
    return xml.cut(document, (ROOT,), frozenset({ITEM}))


def _problems(found: list[Element], facts: Parsed) -> Iterator[str]:
    if len(found) > 1:
        yield "newsml12.further_items"
    if not facts.guid:
        yield "newsml12.no_identifier"
    if not facts.version:
        yield "newsml12.missing_revision"
    if facts.pub_status not in STATUSES:
        yield "newsml12.bad_status" if facts.pub_status else "newsml12.no_status"
    if found[0].find("Update") is not None:
        yield "newsml12.partial_update"


def _facts(item: Element, envelope: Element | None, base: str) -> Parsed:
    top = item.find("NewsComponent")
    article, media = _pieces(top)
    body = _body([node for piece in article for node in piece.texts], base)
    lines = Lines([piece.component for piece in article] or ([top] if top is not None else []), top)
    inner = body.facts
    associations = tuple(made for at, piece in enumerate(media, 1) if (made := _association(piece, at, base)))
    return replace(
        _management(item, envelope),
        headline=lines.line("HeadLine") or inner.headline,
        headlines=(*lines.headlines(), *inner.headlines),
        body_text=inner.body_text,
        body_html=inner.body_html,
        summary=inner.summary,
        byline=lines.line("ByLine") or inner.byline,
        dateline=lines.line("DateLine") or inner.dateline,
        credit_line=lines.line("CreditLine") or inner.credit_line,
        rights=lines.line("CopyrightLine") or inner.rights,
        usage_terms=lines.line("RightsLine") or inner.usage_terms,
        slugline=lines.line("SlugLine") or inner.slugline,
        copyright_holder=line(lines.find("RightsMetadata", "Copyright", "CopyrightHolder")),
        categories=(*subjects(lines), *lines.keywords(), *inner.categories),
        genres=tuple(Genre(name=name) for node in lines.all("DescriptiveMetadata", "Genre") if (name := formal_name(node))),
        places=places(lines) or inner.places,
        people=inner.people,
        organisations=inner.organisations,
        info_sources=info_sources(lines),
        authors=lines.parties("Creator"),
        contributors=tuple(Party(name=name) for name in lines.parties("Contributor")),
        item_language=formal_name(lines.find("DescriptiveMetadata", "Language")) or lines.language() or inner.item_language,
        content_created=line(lines.find("DescriptiveMetadata", "DateLineDate")),
        renditions=_renditions(article, base),
        descriptions=tuple(Text(role="caption", content_type="text/plain", value=text) for text in _captions(article)),
        associations=(*associations, *inner.associations),
        alt_ids=_alt_ids(item, lines),
        type=_type(bool(inner.body_text), [*article, *media]),
        problems=body.problems,
    )


# ── identity and management ──────────────────────────────────────────────────────────────────────────────────────────


def _management(item: Element, envelope: Element | None) -> Parsed:
    managed = item.find("NewsManagement")
    guid = _guid(item)
    status = formal_name(descend(managed, "Status")).lower().replace("cancelled", "canceled")
    return Parsed(
        uri=guid,
        guid=guid,
        version=_revision(descend(item, "Identification", "NewsIdentifier", "RevisionId")),
        pub_status=status,
        embargo=_embargo(managed, status),
        urgency=formal_name(descend(managed, "Urgency")),
        urgency_scale="iptc" if formal_name(descend(managed, "Urgency")) else "",
        priority=formal_name(descend(envelope, "Priority")),
        service=", ".join(dict.fromkeys(name for node in each(envelope, "NewsService") if (name := formal_name(node)))),
        signals=tuple(dict.fromkeys(_signals(item, managed))),
        ed_notes=tuple(text for node in (*each(item, "Comment"), *each(managed, "Comment")) if (text := block(node))),
        published=line(descend(managed, "FirstCreated")),
        first_created=line(descend(managed, "FirstCreated")),
        updated=line(descend(managed, "ThisRevisionCreated")),
    )


def _guid(item: Element) -> str:
    """The identifier that all revisions share: the public one without its revision, else put together as the standard says."""
    identifier = descend(item, "Identification", "NewsIdentifier")
    public = line(descend(identifier, "PublicIdentifier"))
    if found := PUBLIC_ID.fullmatch(public):
        return found[1]
    provider, date, name = (line(descend(identifier, part)) for part in ("ProviderId", "DateId", "NewsItemId"))
    if provider and date and name:
        return f"urn:newsml:{provider}:{date}:{name}"
    return public or name


def _revision(node: Element | None) -> str:
    digits = line(node).lstrip("0")
    return digits if number(digits) is not None else "0" if line(node) and not digits else ""


def _embargo(managed: Element | None, status: str) -> str | None:
    """Of an embargoed item the time from which it will be usable, "" when none is given."""
    change = descend(managed, "StatusWillChange")
    until = line(descend(change, "DateAndTime")) if formal_name(descend(change, "FutureStatus")).lower() == "usable" else ""
    return until if status == "embargoed" else until or None


def _signals(item: Element, managed: Element | None) -> Iterator[str]:
    """How the revision relates to the one before, and what is to be done with earlier ones."""
    update = attribute(descend(item, "Identification", "NewsIdentifier", "RevisionId"), "Update")
    if update and update != "N":
        yield f"update:{update}"
    for node in each(managed, "Instruction"):
        name = formal_name(node)
        yield INSTRUCTIONS.get(name.lower(), f"instruction:{name}")
        yield from (
            f"instruction:{name}:{status}"
            for part in each(node, "RevisionStatus")
            if (status := formal_name(part.find("Status")))
        )


def _alt_ids(item: Element, lines: Lines) -> tuple[AltId, ...]:
    identity = descend(item, "Identification")
    named = (
        ("publicIdentifier", line(descend(identity, "NewsIdentifier", "PublicIdentifier"))),
        ("nameLabel", line(descend(identity, "NameLabel"))),
        ("fileName", line(lines.find("AdministrativeMetadata", "FileName"))),
        ("systemIdentifier", line(lines.find("AdministrativeMetadata", "SystemIdentifier"))),
    )
    return tuple(AltId(role=role, value=value) for role, value in named if value)


# ── components ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _pieces(top: Element | None) -> tuple[list[Piece], list[Piece]]:
    """The components of the article, and those of its media: files with a caption but without a text of their own."""
    if top is None:
        return [], []
    article: list[Piece] = []
    media: list[Piece] = []
    whole = _gather(top, article, media)
    if not article:  # nothing but files: they are the item itself
        return [whole], []
    return article, media


def _gather(component: Element, article: list[Piece], media: list[Piece]) -> Piece:
    """Everything below a component in one piece; on the way up, texts go to `article` and groups of files to `media`.

    Recursion is bounded by the depth of documents.
    """
    own = Piece(component)
    is_caption = CAPTION_ROLE.search(formal_name(component.find("Role"))) is not None
    for content in component.findall("ContentItem"):
        kind = MEDIA.get(formal_name(content.find("MediaType")).lower(), "")
        is_file = attribute(content, "Href") and (kind != "text" or content.find("DataContent") is None)
        (own.files if is_file else own.captions if is_caption else own.texts).append(content)
    pieces = [_gather(child, article, media) for child in component.findall("NewsComponent")]
    if own.texts or any(piece.texts for piece in pieces):
        if own.texts:
            article.append(Piece(component, texts=own.texts))
        groups = [Piece(component, files=[file]) for file in own.files] + [piece for piece in pieces if not piece.texts]
        media.extend(group for group in groups if group.files)
        return Piece(component, texts=own.texts or [component])
    for piece in pieces:
        own.captions += piece.captions
        own.files += piece.files
    return own


class _Content(Struct):
    facts: Parsed = Parsed()
    problems: tuple[str, ...] = ()


def _body(contents: list[Element], base: str) -> _Content:
    """The first of the texts that says something."""
    for content in contents:
        read = _text(content, base)
        if read.facts.body_text:
            return read
    return _Content()


def _text(content: Element, base: str) -> _Content:
    data = content.find("DataContent")
    if data is None or content.find("Encoding") is not None:
        return _Content(problems=("newsml12.encoded_content",) if data is not None else ())
    root = next(iter(data), None)
    if root is None:
        mime = attribute(content.find("MimeType"), "FormalName").lower()
        text = "".join(data.itertext())
        body = read_html(text, base) if "html" in mime or "xml" in mime else Body(read_plain(text))
    elif root.tag in ("nitf", "body.content") or (root.tag == "body" and descend(root, "body.content") is not None):
        facts = nitf.read(root if root.tag != "body.content" else _wrapped(root), base)
        return _Content(facts, facts.problems)
    else:
        body = read_html(xml.html_of(data, {"DataContent": "", "html": "", "body": "", "head": "title", **nitf.TAGS}), base)
    return _Content(Parsed(body_text=body.text, body_html=body.html), body.problems)


def _wrapped(content: Element) -> Element:
    body = Element("body")
    body.append(content)
    return body


def _association(piece: Piece, at: int, base: str) -> Association | None:
    """A picture in all its sizes, with its lines and its caption."""
    kind = next((kind for node in piece.files if (kind := MEDIA.get(formal_name(node.find("MediaType")).lower(), ""))), "")
    lines = Lines([piece.component], None)
    caption = "\n\n".join(_captions([piece]))
    address = next((href for node in piece.files if (href := attribute(node, "Href"))), "")
    if not address:
        return None
    headline = lines.line("HeadLine")
    return Association(
        name=f"{kind or 'media'}-{at}",
        rel=formal_name(piece.component.find("Role")),
        uri=absolute(address, base) or as_uri(address, "media"),
        type=kind,
        by=lines.line("ByLine"),
        copyright_notice=lines.line("CopyrightLine"),
        headlines=(Text(role="main", content_type="text/plain", value=headline),) if headline else (),
        descriptions=(Text(role="caption", content_type="text/plain", value=caption),) if caption else (),
        info_sources=(InfoSource(name=credit, role="creditline"),) if (credit := lines.line("CreditLine")) else (),
        renditions=tuple(_rendition(node, base) for node in piece.files[: xml.LISTED_MAX]),
    )


def _captions(pieces: list[Piece]) -> list[str]:
    return [text for piece in pieces for node in piece.captions if (text := _text(node, "").facts.body_text)]


def _renditions(article: list[Piece], base: str) -> tuple[Rendition, ...]:
    return tuple(_rendition(node, base) for piece in article for node in piece.files[: xml.LISTED_MAX])


def _rendition(content: Element, base: str) -> Rendition:
    facts = content.find("Characteristics")
    sizes = {formal_name(node).lower(): attribute(node, "Value") for node in each(facts, "Property")}
    return Rendition(
        name=formal_name(content.find("Notation")) or attribute(content, "Duid") or "main",
        href=absolute(attribute(content, "Href"), base),
        content_type=formal_name(content.find("MimeType")),
        width=number(sizes.get("width", "")),
        height=number(sizes.get("height", "")),
        size_in_bytes=number(line(descend(facts, "SizeInBytes"))),
    )


def _type(has_text: bool, pieces: list[Piece]) -> str:
    if has_text:
        return "text"
    kinds = (
        MEDIA.get(formal_name(node.find("MediaType")).lower(), "") for piece in pieces for node in (*piece.texts, *piece.files)
    )
    return next((kind for kind in kinds if kind), "")
