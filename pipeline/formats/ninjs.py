"""ninjs 1.x, 2.x and 3.x (IPTC News in JSON): three spellings of the same facts, one reader.

2.x is read under the names of 3.x in lower case; 1.x has names and shapes of its own. What the standard does not allow is listed
in `Parsed.problems` (`ninjs_shapes` has the tables); it costs an item only when nothing else is left of it.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.article import (
    AltId,
    Association,
    Genre,
    InfoSource,
    Party,
    Place,
    Rendition,
    Subject,
    TrustIndicator,
)
from pipeline.formats import json_tree as json
from pipeline.formats.concepts import concept
from pipeline.formats.json_tree import Tree
from pipeline.formats.ninjs_shapes import PLANNED, SHAPES, TYPES, major_version
from pipeline.formats.ninjs_texts import bodies, summary_of, texts
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.links import absolute
from pipeline.wire.plain import one_line, paragraphs
from pipeline.wire.uris import as_uri

PREFIX = "ninjs"
# 1.x name → the name of 2.x whose place it takes
RENAMED = {
    "person": "people",
    "organisation": "organisations",
    "place": "places",
    "subject": "subjects",
    "infosource": "infosources",
    "genre": "genres",
    "trustindicator": "trustindicators",
    "byline": "by",
    "$standard": "standard",
}


def parse(item: RawItem) -> Parsed | Reject:
    """`item.value` is one item, alone or as the only one of a list; an array of several is cut by `items` before."""
    document = json.decode(item.value, item.charset)
    if isinstance(document, Reject):
        return document
    tree = _only(document.tree)
    if isinstance(tree, Reject):
        return tree
    problems = (*document.problems, *json.violations(tree, SHAPES[major_version(tree)], PREFIX))
    parsed = _parsed(_unified(tree), item.url, problems, document.charset)
    if problems and not _says_something(parsed):
        return Reject(Reason.NO_CONTENT, ", ".join(problems)[: json.DETAIL_CHARS_MAX])
    return parsed


def items(document: bytes) -> tuple[bytes, ...]:
    """The items of an array, of a wrapper (`{"items": […]}`) or of newline-delimited JSON, each as a document.

    What is one item, broken, or too much to cut comes back whole: `parse` says what is wrong with it.
    """
    decoded = json.decode(document)
    if not isinstance(decoded, Reject):
        entries = _entries(decoded.tree)
        made = None if entries is None else json.pieces(entries, lambda entry: entry)
        return (document,) if made is None else made
    lines = list(json.json_lines(document[: json.DOCUMENT_BYTES_MAX + 1]))
    is_delimited = 1 < len(lines) <= json.ITEMS_MAX and all(line[:1] == b"{" and line[-1:] == b"}" for line in lines)
    return tuple(lines) if is_delimited and len(document) <= json.DOCUMENT_BYTES_MAX else (document,)


def _entries(tree: Any) -> list[Any] | None:
    """The items of an array or a wrapper; None for an item."""
    if isinstance(tree, dict) and "uri" not in tree and isinstance(tree.get("items"), list):
        tree = tree["items"]
    return tree if isinstance(tree, list) else None


def _only(tree: Any) -> Tree | Reject:
    entries = _entries(tree)
    if entries is not None:
        if len(entries) > 1:
            return Reject(Reason.TOO_MANY_ITEMS, f"{len(entries)} items in one message")
        tree = entries[0] if entries else None
    return tree if isinstance(tree, dict) else Reject(Reason.NO_CONTENT, f"{PREFIX}.bad_type: an item is an object")


def _unified(tree: Tree) -> Tree:
    """The members under the names of 2.x; of two spellings of one name the first counts."""
    unified: dict[str, Any] = {}
    for name, value in tree.items():
        lower = name.lower()
        unified.setdefault(RENAMED.get(lower, lower), value)
    return unified


def _parsed(tree: Tree, base: str, problems: tuple[str, ...], charset: str) -> Parsed:
    headlines = texts(tree, "headline", "headlines", one_line)
    main = next((text for text in headlines if text.role in ("main", "")), headlines[0] if headlines else None)
    title = json.line(tree, "title")
    descriptions = texts(tree, "description", "descriptions", paragraphs)
    credit = next((text for text in descriptions if text.role == "creditline"), None)
    summary = summary_of(descriptions)
    body, others = bodies(tree, base)
    kind = json.line(tree, "type")
    return Parsed(
        headline=main.value if main else title,
        headlines=tuple(text for text in headlines if text is not main),
        title=title,
        body_text=body.text,
        body_html=body.html,
        bodies=others,
        is_summary=json.text(tree, "representationtype") in ("partial", "incomplete"),
        summary=summary.value if summary else "",
        descriptions=tuple(text for text in descriptions if text is not summary and text is not credit),
        credit_line=one_line(credit.value) if credit else "",
        uri=json.line(tree, "uri"),
        guid=json.line(tree, "uri"),
        version=json.scalar(tree, "version"),
        type=kind if kind in TYPES or kind in PLANNED else "",
        profile=json.line(tree, "profile"),
        pub_status=json.line(tree, "pubstatus"),
        urgency=json.scalar(tree, "urgency"),
        urgency_scale="iptc" if json.scalar(tree, "urgency") else "",
        signals=signals(tree),
        embargo=json.embargo(tree, "embargoed" if "embargoed" in tree else "embargoeduntil"),
        expires=json.line(tree, "expires"),
        first_created=json.line(tree, "firstcreated"),
        published=json.first(tree, "contentcreated", "firstcreated"),
        content_created=json.line(tree, "contentcreated"),
        updated=json.line(tree, "versioncreated"),
        item_language=json.line(tree, "language"),
        slugline=json.line(tree, "slugline"),
        ed_notes=(note,) if (note := paragraphs(json.text(tree, "ednote"))) else (),
        byline=json.line(tree, "by"),
        located=json.line(tree, "located"),
        copyright_holder=json.line(tree, "copyrightholder"),
        rights=json.line(tree, "copyrightnotice"),
        usage_terms=paragraphs(json.text(tree, "usageterms")),
        genres=tuple(Genre(name=n, uri=u, literal=c) for n, _, u, c in _concepts(tree, "genres")),
        people=tuple(Party(name=n, rel=r, uri=u, literal=c) for n, r, u, c in _concepts(tree, "people")),
        organisations=tuple(Party(name=n, rel=r, uri=u, literal=c) for n, r, u, c in _concepts(tree, "organisations")),
        places=tuple(Place(name=n, rel=r, uri=u, literal=c) for n, r, u, c in _concepts(tree, "places")),
        categories=_subjects(tree),
        info_sources=_info_sources(tree),
        alt_ids=_alt_ids(tree),
        renditions=_renditions(tree, base),
        associations=_associations(tree, base),
        trust_indicators=_trust_indicators(tree, base),
        charset=charset,
        rules=(*body.rules, *(("ninjs.title_as_headline",) if title and not main else ())),
        problems=(*problems, *body.problems),
    )


def _says_something(parsed: Parsed) -> bool:
    """Content, or at least a status: a kill with a spelling mistake is a kill."""
    content = (parsed.headline, parsed.headlines, parsed.body_text, parsed.bodies, parsed.summary, parsed.descriptions)
    return any((*content, parsed.associations, parsed.renditions)) or bool(parsed.uri and parsed.pub_status)


# ── things ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _concepts(tree: Tree, name: str) -> list[tuple[str, str, str, str]]:
    """Name, relation, address and code of each entry that has a name, an address or a code."""
    found = []
    for entry in json.nodes(tree, name):
        uri, literal = _concept(entry)
        label = json.line(entry, "name")
        if label or uri or literal:
            found.append((label, json.line(entry, "rel"), uri, literal))
    return found


def _concept(entry: Tree) -> tuple[str, str]:
    return concept(json.line(entry, "uri"), json.first(entry, "literal", "code"), json.line(entry, "scheme"))


def _percent(entry: Tree, name: str) -> int | None:
    value = json.whole(entry, name)
    return value if value is not None and value <= 100 else None


def _subjects(tree: Tree) -> tuple[Subject, ...]:
    found = []
    for entry in json.nodes(tree, "subjects"):
        uri, literal = _concept(entry)
        name = json.line(entry, "name")
        if name or uri or literal:
            found.append(
                Subject(
                    name=name,
                    rel=json.line(entry, "rel"),
                    uri=uri,
                    literal=literal,
                    creator=json.line(entry, "creator"),
                    relevance=_percent(entry, "relevance"),
                    confidence=_percent(entry, "confidence"),
                )
            )
    return tuple(found)


def _info_sources(tree: Tree) -> tuple[InfoSource, ...]:
    """1.x says the role in `rel`."""
    found = []
    for entry in json.nodes(tree, "infosources"):
        uri, literal = _concept(entry)
        name = json.line(entry, "name")
        if name or uri or literal:
            found.append(InfoSource(name=name, role=json.first(entry, "role", "rel"), uri=uri, literal=literal))
    return tuple(found)


def signals(tree: Tree) -> tuple[str, ...]:
    """Signals as agencies add them: words, or objects that name one."""
    objects = (
        json.first(entry, "uri", "literal", "qcode", "code", "name")
        for key in ("signals", "signal")
        for entry in json.nodes(tree, key)
    )
    words = (word for key in ("signals", "signal") for word in json.lines(tree, key))
    return tuple(dict.fromkeys(signal for signal in (*words, *objects) if signal))


def _alt_ids(tree: Tree) -> tuple[AltId, ...]:
    """An object in 1.x, of which texts count; a list later."""
    value = tree.get("altids")
    if isinstance(value, dict):
        pairs = [(name, one_line(json.as_text(entry))) for name, entry in json.named(tree, "altids")]
    else:
        pairs = [(json.line(entry, "role"), json.scalar(entry, "value")) for entry in json.nodes(tree, "altids")]
    return tuple(AltId(role=role, value=value) for role, value in pairs if role and value)


def _trust_indicators(tree: Tree, base: str) -> tuple[TrustIndicator, ...]:
    found = (
        TrustIndicator(
            role=as_uri(role, "role") if (role := json.line(entry, "role") or "".join(_concept(entry))) else "",
            title=json.line(entry, "title"),
            href=absolute(json.text(entry, "href"), base),
        )
        for entry in json.nodes(tree, "trustindicators")
    )
    return tuple(indicator for indicator in found if indicator.role or indicator.title or indicator.href)


# ── renditions and associations ──────────────────────────────────────────────────────────────────────────────────────


def _named_entries(tree: Tree, name: str) -> list[tuple[str, Tree]]:
    """An object of objects in 1.x, a list of objects with a name later."""
    if isinstance(tree.get(name), Mapping):
        return [(key, _unified(entry)) for key, entry in json.named(tree, name) if isinstance(entry, dict)]
    entries = enumerate(map(_unified, json.nodes(tree, name)), 1)
    return [(json.line(entry, "name") or f"{name.removesuffix('s')}{number}", entry) for number, entry in entries]


def _renditions(tree: Tree, base: str) -> tuple[Rendition, ...]:
    """Only files that can be had: a rendition without an http address says nothing."""
    found = (
        Rendition(
            name=name,
            href=absolute(json.text(entry, "href"), base),
            content_type=json.first(entry, "contenttype", "mimetype"),
            width=json.whole(entry, "width"),
            height=json.whole(entry, "height"),
            size_in_bytes=json.whole(entry, "sizeinbytes"),
        )
        for name, entry in _named_entries(tree, "renditions")
    )
    return tuple(rendition for rendition in found if rendition.href and rendition.name)


def _associations(tree: Tree, base: str) -> tuple[Association, ...]:
    found = (_association(name, entry, base) for name, entry in _named_entries(tree, "associations"))
    return tuple(association for association in found if association.uri and association.name)


def _association(name: str, entry: Tree, base: str) -> Association:
    """A small item; what is associated with it in turn is left out. Without a uri its file is its name."""
    renditions = _renditions(entry, base)
    kind = json.line(entry, "type")
    descriptions = texts(entry, "description", "descriptions", paragraphs)
    credits_ = tuple(
        InfoSource(name=one_line(text.value), role="creditline") for text in descriptions if text.role == "creditline"
    )
    return Association(
        name=name,
        rel=json.line(entry, "rel"),
        uri=json.line(entry, "uri") or (renditions[0].href if renditions else ""),
        type=kind if kind in TYPES or kind in PLANNED else "",
        version=json.scalar(entry, "version"),
        by=json.line(entry, "by"),
        located=json.line(entry, "located"),
        copyright_notice=json.line(entry, "copyrightnotice"),
        headlines=tuple(texts(entry, "headline", "headlines", one_line)),
        descriptions=tuple(text for text in descriptions if text.role != "creditline"),
        info_sources=(*_info_sources(entry), *credits_),
        renditions=renditions,
    )
