"""AP-style Media API JSON: `data.item` with its chain (`altids.itemid`), revision (`etag`), signals, and NITF inline or by link.

The item's address changes with every revision and account, so its uri here is made of the itemid, which names the whole chain.
"""

from typing import Any

from pipeline.article import AltId, Association, Genre, InfoSource, Party, Place, Rendition, Subject, Text
from pipeline.formats import json_tree as json
from pipeline.formats.body import Body, read_either, read_html, read_plain
from pipeline.formats.concepts import concept
from pipeline.formats.json_tree import ListOf, Shape, Tree
from pipeline.formats.ninjs_shapes import TYPES
from pipeline.formats.ninjs_texts import inner
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.links import absolute
from pipeline.wire.plain import one_line, paragraphs

PREFIX = "ap"
ITEM_TEXTS = (
    "uri type profile versioncreated firstcreated contentcreated pubstatus language slugline headline headline_extended title "
    "located ednote copyrightnotice body_nitf"
)
NAMED = ListOf(Shape(members={"name": "text", "code": "text", "scheme": "text"}, is_open=True, is_nullable=True))
ITEM = Shape(
    members={
        **dict.fromkeys(ITEM_TEXTS.split(), "text"),
        **dict.fromkeys(["subject", "person", "organisation", "company", "place", "event"], NAMED),
        "altids": "object",
        "version": "text or number",
        "urgency": "urgency",
        "signals": "text or texts",
        "usageterms": "text or texts",
        "renditions": "object",
        "associations": "object",
    },
    required=("altids",),
    is_open=True,
    is_nullable=True,
)
HEADLINES = ("headline_extended", "headline_seo", "title")
DESCRIPTIONS = ("caption", "summary", "abstract", "editornotes", "shotlist", "script")
URI = "urn:x-ap:item:"


def parse(item: RawItem) -> Parsed | Reject:
    """`item.value` is an answer with one item, an entry of such an answer, or the item alone."""
    document = json.decode(item.value, item.charset)
    if isinstance(document, Reject):
        return document
    entry = _item(document.tree)
    if entry is None:
        return Reject(Reason.NO_CONTENT, f"{PREFIX}.missing_item: neither data.item nor an item")
    problems = (*document.problems, *json.violations(entry, ITEM, PREFIX))
    if not json.line(json.node(entry, "altids"), "itemid"):
        problems = (*problems, f"{PREFIX}.missing_itemid:altids")
    parsed = _parsed(entry, item.url, problems, document.charset)
    if problems and not (parsed.headline or parsed.body_text or parsed.renditions or (parsed.uri and parsed.pub_status)):
        return Reject(Reason.NO_CONTENT, ", ".join(problems)[: json.DETAIL_CHARS_MAX])
    return parsed


def items(document: bytes) -> tuple[bytes, ...]:
    """The items of a search or feed answer (`data.items`), each as an answer of its own; all else comes back whole."""
    decoded = json.decode(document)
    entries = None if isinstance(decoded, Reject) else _entries(decoded.tree)
    made = None if entries is None else json.pieces(entries, _answer)
    return (document,) if made is None else made


def _answer(entry: Any) -> Any:
    return {"data": entry if isinstance(entry, dict) and "item" in entry else {"item": entry}}


def _entries(tree: Any) -> list[Any] | None:
    data = json.node(tree, "data") if isinstance(tree, dict) else json.NOTHING
    entries = data.get("items")
    return entries if isinstance(entries, list) else None


def _item(tree: Any) -> Tree | None:
    entries = _entries(tree)
    if entries is not None:
        tree = entries[0] if len(entries) == 1 else None
    for name in ("data", "item"):
        inside = tree.get(name) if isinstance(tree, dict) else None
        tree = inside if isinstance(inside, dict) else tree
    is_item = isinstance(tree, dict) and ("altids" in tree or "headline" in tree or "uri" in tree)
    return tree if is_item else None


def _parsed(entry: Tree, base: str, problems: tuple[str, ...], charset: str) -> Parsed:
    body = _body(entry, base)
    identity = json.line(json.node(entry, "altids"), "itemid")
    kind = json.line(entry, "type")
    return Parsed(
        headline=json.first(entry, "headline", "headline_extended", "title"),
        headlines=_texts((name.removeprefix("headline_"), json.line(entry, name)) for name in HEADLINES),
        title=json.line(entry, "title"),
        body_text=body.text,
        body_html=body.html,
        summary=read_either(json.text(entry, "description_summary")),
        descriptions=_texts(
            (name, read_either(json.text(entry, f"description_{name}"))) for name in DESCRIPTIONS if name != "summary"
        ),
        uri=URI + identity if identity else json.line(entry, "uri").partition("?")[0],
        guid=identity or json.line(entry, "uri"),
        version=json.scalar(entry, "version"),
        type=kind if kind in TYPES else "",
        profile=json.line(entry, "profile"),
        pub_status=json.line(entry, "pubstatus"),
        urgency=json.scalar(entry, "urgency"),
        urgency_scale="ap" if json.scalar(entry, "urgency") else "",
        priority=json.scalar(entry, "editorialpriority"),
        signals=json.lines(entry, "signals"),
        embargo=json.embargo(entry, "embargoed"),
        first_created=json.line(entry, "firstcreated"),
        published=json.first(entry, "contentcreated", "firstcreated"),
        content_created=json.line(entry, "contentcreated"),
        updated=json.line(entry, "versioncreated"),
        item_language=json.line(entry, "language"),
        slugline=json.line(entry, "slugline"),
        ed_notes=(note,) if (note := paragraphs(json.text(entry, "ednote"))) else (),
        byline=_byline(entry),
        located=_located(entry),
        credit_line=json.first(entry, "description_creditline", "creditline"),
        rights=json.line(entry, "copyrightnotice"),
        copyright_holder=json.line(entry, "copyrightholder"),
        usage_terms="\n".join(json.lines(entry, "usageterms")),
        genres=tuple(Genre(name=n, uri=u, literal=c) for n, u, c, _ in _concepts(entry, "genre")),
        people=tuple(Party(name=n, uri=u, literal=c, rel=_rel(node)) for n, u, c, node in _concepts(entry, "person")),
        organisations=tuple(
            Party(name=n, uri=u, literal=c, rel=_rel(node))
            for key in ("organisation", "company")
            for n, u, c, node in _concepts(entry, key)
        ),
        places=tuple(Place(name=n, uri=u, literal=c, rel=_rel(node)) for n, u, c, node in _concepts(entry, "place")),
        categories=_subjects(entry),
        category=next((c for _, _, c, node in _concepts(entry, "subject") if "category" in _rel(node) and len(c) == 1), ""),
        info_sources=_info_sources(entry),
        alt_ids=_alt_ids(entry),
        renditions=_renditions(entry, base),
        associations=_associations(entry, base),
        charset=charset,
        rules=body.rules,
        problems=(*problems, *body.problems),
    )


# ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _body(entry: Tree, base: str) -> Body:
    """The NITF that came inline; a link to it (`renditions.nitf`) is a rendition, and fetching it is not done here."""
    nitf = json.text(entry, "body_nitf")
    if nitf:
        return read_html(inner(nitf), base)
    html = json.text(entry, "body_xhtml") or json.text(entry, "body_html")
    return read_html(html, base) if html else Body(read_plain(json.text(entry, "body_text")))


def _texts(pairs: Any) -> tuple[Text, ...]:
    return tuple(Text(role=role, content_type="text/plain", value=value) for role, value in pairs if value)


def _byline(entry: Tree) -> str:
    """`bylines` are objects (`by`, `title`) or lines."""
    bylines = [json.first(node, "by", "byline", "name") for node in json.nodes(entry, "bylines")]
    lines = json.lines(entry, "bylines") if not any(bylines) else ()
    return ", ".join(dict.fromkeys(filter(None, (*bylines, *lines)))) or json.first(entry, "byline", "by")


def _located(entry: Tree) -> str:
    """As printed, else the city and country of the dateline's place."""
    place = json.node(entry, "datelinelocation")
    parts = (json.line(place, "city"), json.first(place, "countryareaname", "countryname"))
    return json.line(entry, "located") or ", ".join(filter(None, parts))


# ── things ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _concepts(entry: Tree, name: str) -> list[tuple[str, str, str, Tree]]:
    found = []
    for node in json.nodes(entry, name):
        uri, code = concept("", json.line(node, "code"), json.line(node, "scheme"))
        if label := json.line(node, "name") or uri or code:
            found.append((label, uri, code, node))
    return found


def _rel(node: Tree) -> str:
    """`rels` is a list (direct, ancestor, category, …); the nearest relation comes first."""
    return " ".join(json.lines(node, "rels")) or json.line(node, "rel")


def _subjects(entry: Tree) -> tuple[Subject, ...]:
    found = []
    for name, uri, code, node in _concepts(entry, "subject"):
        relevance = json.whole(node, "relevance")
        is_percent = relevance is not None and relevance <= 100
        creator = json.line(node, "creator")
        found.append(
            Subject(
                name=name, rel=_rel(node), uri=uri, literal=code, creator=creator, relevance=relevance if is_percent else None
            )
        )
    return (*found, *(Subject(name=word, rel="keyword") for word in json.lines(entry, "keywords")))


def _info_sources(entry: Tree) -> tuple[InfoSource, ...]:
    found = []
    for key in ("infosource", "provider"):
        for name, uri, code, node in _concepts(entry, key):
            role = json.first(node, "role", "type", "rel") or ("provider" if key == "provider" else "")
            found.append(InfoSource(name=name, role=role, uri=uri, literal=code))
    return tuple(found)


def _alt_ids(entry: Tree) -> tuple[AltId, ...]:
    pairs = ((role, one_line(json.as_text(value))) for role, value in json.named(entry, "altids"))
    return tuple(AltId(role=role, value=value) for role, value in pairs if role and value)


def _renditions(entry: Tree, base: str) -> tuple[Rendition, ...]:
    found = (
        Rendition(
            name=name,
            href=absolute(json.text(node, "href"), base),
            content_type=json.first(node, "mimetype", "contenttype"),
            width=json.whole(node, "width"),
            height=json.whole(node, "height"),
            size_in_bytes=json.whole(node, "sizeinbytes"),
        )
        for name, node in json.named(entry, "renditions")
        if isinstance(node, dict)
    )
    return tuple(rendition for rendition in found if rendition.href and rendition.name)


def _associations(entry: Tree, base: str) -> tuple[Association, ...]:
    found = (_association(name, node, base) for name, node in json.named(entry, "associations") if isinstance(node, dict))
    return tuple(association for association in found if association.uri)


def _association(name: str, node: Tree, base: str) -> Association:
    kind, identity = json.line(node, "type"), json.line(json.node(node, "altids"), "itemid")
    credit = json.line(node, "description_creditline")
    return Association(
        name=name or "association",
        uri=URI + identity if identity else json.line(node, "uri").partition("?")[0],
        type=kind if kind in TYPES else "",
        version=json.scalar(node, "version"),
        by=_byline(node),
        located=_located(node),
        copyright_notice=json.line(node, "copyrightnotice"),
        headlines=_texts([("main", json.line(node, "headline"))]),
        descriptions=_texts([("caption", read_either(json.text(node, "description_caption")))]),
        info_sources=(InfoSource(name=credit, role="creditline"),) if credit else (),
        renditions=_renditions(node, base),
    )
