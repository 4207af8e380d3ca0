"""NITF 3.x, alone or inside NewsML: head, body.head, body.content, body.end. Wire furniture stays in the text.

Source: IPTC, NITF 3.6 (nitf-3-6.xsd). Old documents carry a DOCTYPE with an external DTD, which is not read.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from pipeline.article import AltId, Association, Genre, InfoSource, Party, Place, Rendition, Subject, Text
from pipeline.formats import xml
from pipeline.formats.body import Body, read_html
from pipeline.formats.markup import text_of_html
from pipeline.formats.parsed import Parsed
from pipeline.formats.xml import LISTED_MAX, attribute, block, descend, each, line, number
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.links import absolute
from pipeline.wire.uris import as_uri

SUBJECTS = "http://cv.iptc.org/newscodes/subjectcode/"
REFERENCE_NUMBER = re.compile(r"\d{8}")
GENERATION_SIZE = 1_000  # versions in one generation: a later generation always counts higher

# NITF's names for what HTML has; "" keeps the text. Everything else nh3 knows, or drops keeping the text.
TAGS = {
    "body.content": "", "block": "", "bq": "blockquote", "credit": "p", "hl1": "h1", "hl2": "h2", "fn": "p", "nitf-table": "",
    "nitf-table-metadata": "", "note": "aside", "tagline": "p", "datasource": "p", "lang": "span", "money": "", "num": "",
    "org": "", "person": "", "location": "", "city": "", "country": "", "region": "", "state": "", "event": "", "function": "",
    "object.title": "em", "chron": "", "copyrite": "", "virtloc": "", "name.given": "", "name.family": "", "postaddr": "p",
    "pronounce": "", "frac": "", "frac-num": "", "frac-sep": "", "frac-den": "", "story.date": "", "classifier": "",
}  # fmt: skip
DROPPED = frozenset({"media", "media-object", "alt-code", "nitf-table-metadata", "custom-table", "copyrite"})
STATUSES = {"usable": "usable", "embargoed": "embargoed", "withheld": "withheld", "canceled": "canceled", "cancelled": "canceled"}
MEDIA_TYPES = {"image": "picture", "photo": "picture", "graphic": "graphic", "audio": "audio", "video": "video", "text": "text"}


def parse(item: RawItem) -> Parsed | Reject:
    """The facts of a NITF document; one that names nothing and says nothing is rejected."""
    document = xml.read(item.value, item.charset)
    if isinstance(document, Reject):
        return document
    if document.root.tag not in ("nitf", "body"):
        return Reject(Reason.UNKNOWN_FORMAT, f"/{document.root.tag[:40]} is not NITF")
    facts = read(document.root, item.url)
    if not (facts.guid or facts.headline or facts.body_text or facts.summary or facts.associations):
        return Reject(Reason.NO_CONTENT, "/nitf: no doc-id, no headline, no text")
    return replace(facts, charset=document.charset, problems=(*document.problems, *facts.problems, *_problems(facts)))


def _problems(facts: Parsed) -> Iterator[str]:
    if not facts.guid:
        yield "nitf.no_doc_id"
    if not facts.headline:
        yield "nitf.no_headline"
    if not facts.published and not facts.updated:
        yield "nitf.no_date"


def read(nitf: Element, base: str) -> Parsed:
    """The facts of an element `nitf` (or a bare `body`), whose links are relative to `base`."""
    top = nitf if nitf.tag == "body" else descend(nitf, "body")
    head, content, end = (descend(top, name) for name in ("body.head", "body.content", "body.end"))
    docdata = descend(nitf, "head", "docdata")
    body = _body(content, end, base)
    return replace(
        _docdata(nitf, docdata),
        headline=line(descend(head, "hedline", "hl1")) or line(descend(nitf, "head", "title")),
        headlines=_headlines(head),
        title=line(descend(nitf, "head", "title")),
        body_text=body.text,
        body_html=body.html,
        summary=_abstract(head),
        descriptions=_descriptions(end),
        byline=" / ".join(text for node in each(head, "byline") if (text := _byline(node))),
        dateline=line(descend(head, "dateline")),
        located=line(descend(head, "dateline", "location")),
        credit_line=line(descend(head, "distributor")),
        ed_notes=(*_ed_notes(docdata), *(text for node in each(head, "note") if (text := block(node)))),
        info_sources=tuple(_info_sources(head, docdata)),
        associations=_associations(content, base),
        item_language=attribute(nitf, "xml:lang") or attribute(content, "xml:lang", "lang"),
        type="text" if body.text else "",
        problems=body.problems,
    )


def _byline(node: Element) -> str:
    """The line with its end, a title or an agency in an element of its own, set apart by a comma."""
    text, title = line(node), line(descend(node, "byttl"))
    name = text.removesuffix(title).rstrip(" ,;")
    return f"{name}, {title}" if title and name and text.endswith(title) else text


def _headlines(head: Element | None) -> tuple[Text, ...]:
    """Those besides the main one."""
    found = descend(head, "hedline")
    return tuple(Text(role="sub", content_type="text/plain", value=text) for node in each(found, "hl2") if (text := line(node)))


def _abstract(head: Element | None) -> str:
    found = descend(head, "abstract")
    return text_of_html(xml.html_of(found, {**TAGS, "abstract": ""})) if found is not None else ""


def _descriptions(end: Element | None) -> tuple[Text, ...]:
    text = block(descend(end, "bibliography"))
    return (Text(role="bibliography", content_type="text/plain", value=text),) if text else ()


# ── docdata ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _docdata(nitf: Element, docdata: Element | None) -> Parsed:
    """Identity, times, status and codes."""
    guid, key = attribute(descend(docdata, "doc-id"), "id-string"), descend(docdata, "du-key")
    status, release = _status(nitf, docdata), _norm(docdata, "date.release")
    subjects, people, organisations, places = _identified(docdata)
    return Parsed(
        guid=guid,
        uri=guid,
        version=version_of(attribute(key, "generation"), attribute(key, "version")),
        pub_status=status,
        urgency=attribute(descend(docdata, "urgency"), "ed-urg"),
        urgency_scale="iptc" if attribute(descend(docdata, "urgency"), "ed-urg") else "",
        embargo=release or "" if status == "embargoed" else release or None,
        expires=_norm(docdata, "date.expire"),
        published=_norm(docdata, "date.issue"),
        signals=_signals(docdata),
        slugline=attribute(key, "key") or attribute(descend(docdata, "fixture"), "fix-id"),
        rights=_copyright(docdata),
        copyright_holder=attribute(descend(docdata, "doc.copyright"), "holder"),
        usage_terms=_usage(docdata),
        categories=(*_codes(nitf), *_keywords(docdata), *subjects),
        genres=_genres(nitf),
        people=people,
        organisations=organisations,
        places=(*places, *_event_places(docdata)),
        alt_ids=_alt_ids(docdata),
        category=attribute(descend(nitf, "head", "tobject"), "tobject.type"),
    )


def _norm(docdata: Element | None, name: str) -> str:
    found = descend(docdata, name)
    return attribute(found, "norm") or line(found)


def _status(nitf: Element, docdata: Element | None) -> str:
    stated = attribute(docdata, "management-status") or attribute(descend(nitf, "head", "docdata"), "status")
    return STATUSES.get(stated.lower(), stated)


def version_of(stated_generation: str, stated_version: str) -> str:
    """One number that orders the versions of a document: generation x 1,000 + version from the second generation on.

    `generation` counts new writes of a story, `version` those within one; most wires count in one of them only. `part` is a take.
    """
    generation, version = number(stated_generation.strip()), number(stated_version.strip())
    if generation is None or generation < 2:
        return str(version) if version is not None else "" if generation is None else str(generation)
    return str(generation * GENERATION_SIZE + (version or 0))


def _signals(docdata: Element | None) -> tuple[str, ...]:
    """A correction is an element of its own; a message to editors has a type; a take has a part number."""
    correction, message = descend(docdata, "correction"), descend(docdata, "ed-msg")
    found = ["sig:correction"] if correction is not None else []
    if kind := attribute(message, "msg-type"):
        found.append(f"ed-msg:{kind}")
    if (part := attribute(descend(docdata, "du-key"), "part")) not in ("", "0"):
        found.append(f"part:{part}")
    return tuple(found)


def _ed_notes(docdata: Element | None) -> tuple[str, ...]:
    notes = (attribute(descend(docdata, name), "info") for name in ("ed-msg", "correction"))
    return tuple(note for note in notes if note)


def _copyright(docdata: Element | None) -> str:
    """The printed notice has no element; NITF gives year and holder."""
    found = descend(docdata, "doc.copyright")
    year, holder = attribute(found, "year"), attribute(found, "holder")
    return f"© {year} {holder}".replace("  ", " ") if holder else ""


def _usage(docdata: Element | None) -> str:
    found = descend(docdata, "doc.rights")
    names = ("owner", "limitations", "agent", "geography", "type", "startdate", "enddate")
    return "; ".join(f"{name}: {text}" for name in names if (text := attribute(found, name)))


def _codes(nitf: Element) -> tuple[Subject, ...]:
    """tobject.subject: an IPTC subject code with up to three levels of names."""
    found = []
    for node in each(descend(nitf, "head", "tobject"), "tobject.subject"):
        code = attribute(node, "tobject.subject.refnum", "tobject.subject.code")
        levels = ("tobject.subject.detail", "tobject.subject.matter", "tobject.subject.type")
        name, is_iptc = attribute(node, *levels), REFERENCE_NUMBER.fullmatch(code)
        if code or name:
            found.append(Subject(name=name, uri=SUBJECTS + code if is_iptc else "", literal="" if is_iptc else code))
    return tuple(dict.fromkeys(found))


def _keywords(docdata: Element | None) -> tuple[Subject, ...]:
    keys = (attribute(node, "key") for node in each(descend(docdata, "key-list"), "keyword"))
    return tuple(Subject(name=key, rel="keyword") for key in dict.fromkeys(keys) if key)


def _genres(nitf: Element) -> tuple[Genre, ...]:
    properties = each(descend(nitf, "head", "tobject"), "tobject.property")
    names = (attribute(node, "tobject.property.type") for node in properties)
    return tuple(Genre(name=name) for name in dict.fromkeys(names) if name)


def _identified(docdata: Element | None) -> tuple[tuple[Subject, ...], tuple[Party, ...], tuple[Party, ...], tuple[Place, ...]]:
    """identified-content, by kind; codes are the wire's own."""
    subjects: dict[Subject, None] = {}
    people: dict[Party, None] = {}
    organisations: dict[Party, None] = {}
    places: dict[Place, None] = {}
    found = descend(docdata, "identified-content")
    for node in list(found)[:LISTED_MAX] if found is not None else ():
        name, code = line(node) or attribute(node, "value", "id-string"), attribute(node, "code", "idsrc")
        if not name:
            continue
        if node.tag == "person":
            people[Party(name=name, literal=code)] = None
        elif node.tag == "org":
            organisations[Party(name=name, literal=code)] = None
        elif node.tag == "location":
            places[Place(name=name, literal=attribute(node, "location-code") or code)] = None
        else:
            subjects[Subject(name=name, literal=code)] = None
    return tuple(subjects), tuple(people), tuple(organisations), tuple(places)


def _event_places(docdata: Element | None) -> tuple[Place, ...]:
    """evloc: where it happened, most exact name first."""
    found = []
    for node in each(docdata, "evloc"):
        name = line(node) or ", ".join(text for key in ("city", "county-dist", "state-prov") if (text := attribute(node, key)))
        code = attribute(node, "iso-cc")
        if name or code:
            found.append(Place(name=name or code, rel="event", literal=code))
    return tuple(dict.fromkeys(found))


def _alt_ids(docdata: Element | None) -> tuple[AltId, ...]:
    """Whose number the doc-id is, and what a correction corrects."""
    named = (
        ("regsrc", attribute(descend(docdata, "doc-id"), "regsrc")),
        ("corrects", attribute(descend(docdata, "correction"), "id-string")),
        ("managementDocId", attribute(docdata, "management-doc-idref")),
    )
    return tuple(AltId(role=role, value=value) for role, value in named if value)


def _info_sources(head: Element | None, docdata: Element | None) -> Iterator[InfoSource]:
    named = (
        ("distributor", line(descend(head, "distributor"))),
        ("source", attribute(descend(docdata, "del-list", "from-src"), "src-name")),
        ("registrar", attribute(descend(docdata, "doc-id"), "regsrc")),
    )
    return (InfoSource(name=name, role=role) for role, name in named if name)


# ── the text and its media ───────────────────────────────────────────────────────────────────────────────────────────


def _body(content: Element | None, end: Element | None, base: str) -> Body:
    """The paragraphs, and the tagline (where a sign-off stands) as the last one."""
    if content is None:
        return Body()
    dropped = frozenset(node for node in content.iter() if node.tag in DROPPED)
    return read_html(xml.html_of(content, TAGS, dropped) + "".join(xml.html_of(t, TAGS) for t in each(end, "tagline")), base)


def _associations(content: Element | None, base: str) -> tuple[Association, ...]:
    found = content.iter("media") if content is not None else iter(())
    return tuple(made for at, node in enumerate(found, 1) if at <= LISTED_MAX and (made := _association(node, at, base)))


def _association(media: Element, at: int, base: str) -> Association | None:
    """A photo with its caption and credit; None for an empty element."""
    references = [node for node in media if node.tag == "media-reference"]
    renditions = tuple(_rendition(node, base) for node in references)
    caption = "\n\n".join(text for node in each(media, "media-caption") if (text := block(node)))
    producer = line(descend(media, "media-producer"))
    source = next((text for node in references if (text := attribute(node, "data-location", "source", "name"))), "")
    if not (source or caption):
        return None
    kind = MEDIA_TYPES.get(attribute(media, "media-type").lower(), "")
    return Association(
        name=f"{kind or 'media'}-{at}",
        uri=absolute(source, base) or as_uri(source or f"media-{at}", "media"),
        type=kind,
        by=producer,
        headlines=tuple(_alternate(references)),
        descriptions=(Text(role="caption", content_type="text/plain", value=caption),) if caption else (),
        renditions=renditions,
    )


def _alternate(references: list[Element]) -> Iterator[Text]:
    if text := next((text for node in references if (text := attribute(node, "alternate-text"))), ""):
        yield Text(role="alternate", content_type="text/plain", value=text)


def _rendition(reference: Element, base: str) -> Rendition:
    return Rendition(
        name=attribute(reference, "name") or "main",
        href=absolute(attribute(reference, "source"), base),
        content_type=attribute(reference, "mime-type"),
        width=number(attribute(reference, "width")),
        height=number(attribute(reference, "height")),
    )
