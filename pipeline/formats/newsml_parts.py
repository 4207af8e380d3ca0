"""The parts of a NewsML-G2 item: codes and the concepts they name, notes, links, files. Elements in, small records out.

Source: IPTC, NewsML-G2 2.35 (All Power). Everything takes the element that holds it, or None where the item has none.
"""

from collections.abc import Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element

from msgspec import Struct

from pipeline.article import AltId, Association, Genre, InfoSource, Party, Place, Rendition, Subject, Text
from pipeline.formats import xml
from pipeline.formats.xml import LISTED_MAX, attribute, block, each, line, number
from pipeline.wire.links import absolute
from pipeline.wire.uris import as_uri, uri_of

IPTC = "http://cv.iptc.org/newscodes/"
# Aliases that mean the same in all of the IPTC's own catalogs (catalog.IPTC-G2-Standards). An item's own catalog goes before.
SCHEMES: Mapping[str, str] = {
    "cpnat": IPTC + "cpnature/",
    "drol": IPTC + "descriptionrole/",
    "genre": IPTC + "genre/",
    "irel": IPTC + "itemrelation/",
    "iso3166-1a2": "http://cvx.iptc.org/iso3166-1a2/",
    "iso3166-1a3": "http://cvx.iptc.org/iso3166-1a3/",
    "isrol": IPTC + "infosourcerole/",
    "medtop": IPTC + "mediatopic/",
    "ninat": IPTC + "ninature/",
    "nprov": IPTC + "newsprovider/",
    "prodgenre": IPTC + "productgenre/",
    "rnd": IPTC + "rendition/",
    "scene": IPTC + "scene/",
    "sig": IPTC + "signal/",
    "stat": IPTC + "pubstatusg2/",
    "subj": IPTC + "subjectcode/",
}
ALIASES = {uri: alias for alias, uri in SCHEMES.items()}
NATURES = {
    "person": "people",
    "organisation": "organisations",
    "organization": "organisations",
    "geoArea": "places",
    "poi": "places",
}
TYPES = {
    "animated": "video", "audio": "audio", "component": "component", "composite": "composite", "graphic": "graphic",
    "picture": "picture", "text": "text", "video": "video", "newscoverage": "planning", "planning": "planning", "event": "event",
}  # fmt: skip
PRIVATE = ("nonpublic", "non-public", "private", "notforpublication", "internal", "contacts")
HEADINGS = frozenset({"header", "h1", "h2", "h3", "h4", "h5", "h6"})  # of a note; with nothing below, it says nothing
CATALOG_MAX = 1_000  # schemes in an item's own catalog: the IPTC's has 130

Names = Mapping[str, str]


class Concepts(Struct, frozen=True):
    """What an item is about, by kind."""

    subjects: tuple[Subject, ...] = ()
    people: tuple[Party, ...] = ()
    organisations: tuple[Party, ...] = ()
    places: tuple[Place, ...] = ()


class Notes(Struct, frozen=True):
    """Notes to editors, and those that nobody else may read."""

    public: tuple[str, ...] = ()
    private: tuple[str, ...] = ()


class Codes(Struct, frozen=True):
    """How this item's codes resolve: its catalog's schemes, and the names its `assert` elements give to codes."""

    schemes: Names
    names: Names

    def of(self, node: Element) -> tuple[str, str]:
        """(uri, literal) of a concept: one of them is "", both where it has no code."""
        if uri := uri_of(attribute(node, "uri")):
            return uri, ""
        code = attribute(node, "qcode", "literal")
        alias, _, rest = code.partition(":")
        scheme = self.schemes.get(alias)
        if scheme and rest and (uri := uri_of(scheme + rest)):
            return uri, ""
        return "", code

    def name(self, node: Element) -> str:
        """The concept's own name, else the one asserted for its code."""
        return line(node.find("name")) or self.names.get(attribute(node, "qcode", "uri"), "")


def codes(item: Element, catalogs: Iterable[Element]) -> Codes:
    """From the item's and its message's catalogs, and the item's assertions."""
    own: dict[str, str] = {}
    for scheme in (scheme for catalog in catalogs for scheme in catalog.findall("scheme")):
        alias, uri = attribute(scheme, "alias"), attribute(scheme, "uri")
        if alias and uri and len(own) < CATALOG_MAX:
            own.setdefault(alias, uri)
    asserted = ((attribute(node, "qcode", "uri"), line(node.find("name"))) for node in each(item, "assert"))
    return Codes({**SCHEMES, **own} if own else SCHEMES, {code: name for code, name in asserted if code and name})


def word(node: Element | None, name: str = "qcode") -> str:
    """The last part of a code, without its scheme: `stat:usable`, `http://…/pubstatusg2/usable` → `usable`."""
    code = attribute(node, name, {"qcode": "uri"}.get(name, name + "uri"), "literal" if name == "qcode" else name)
    return code.rstrip("/").rpartition("/")[2] if "//" in code else code.rpartition(":")[2]


def signal(node: Element) -> str:
    """The qcode, or what the IPTC's addresses are in short: `sig:update`."""
    uri = attribute(node, "uri")
    scheme, _, code = uri.rpartition("/")
    alias = ALIASES.get(scheme + "/", "")
    return attribute(node, "qcode") or (f"{alias}:{code}" if alias and code else uri) or attribute(node, "literal") or line(node)


# ── concepts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def concepts(meta: Element | None, known: Codes) -> Concepts:
    """Subjects by their nature; the broader concepts and members of a bag stay beside them, with that relation; keywords."""
    found: dict[str, dict[tuple[str, str, str, str, int | None, int | None], None]] = {}
    for node in each(meta, "subject"):
        kind = NATURES.get(word(node, "type"), "subjects")
        for concept, rel in _family(node):
            uri, literal = known.of(concept)
            name = known.name(concept)
            if (name or uri or literal) and len(found.get(kind, ())) < LISTED_MAX:
                facts = (name, rel, uri, literal, _percent(concept, "relevance"), _percent(concept, "confidence"))
                found.setdefault(kind, {})[facts] = None
    listed = {kind: [entry[:4] for entry in entries] for kind, entries in found.items()}
    return Concepts(
        (*(Subject(name=n, rel=r, uri=u, literal=c, relevance=a, confidence=b) for n, r, u, c, a, b in found.get("subjects", ())),
         *_keywords(meta)),
        tuple(Party(name=n, rel=r, uri=u, literal=c) for n, r, u, c in dict.fromkeys(listed.get("people", ()))),
        tuple(Party(name=n, rel=r, uri=u, literal=c) for n, r, u, c in dict.fromkeys(listed.get("organisations", ()))),
        tuple(Place(name=n, rel=r, uri=u, literal=c) for n, r, u, c in dict.fromkeys(listed.get("places", ()))),
    )  # fmt: skip


def _percent(node: Element, name: str) -> int | None:
    value = number(attribute(node, name))
    return value if value is not None and value <= 100 else None


def _family(node: Element) -> Iterator[tuple[Element, str]]:
    """A concept, those above it, and those it is put together from."""
    yield node, ""
    for broader in node.findall("broader"):
        yield broader, "broader"
    for bit in node.findall("bag/bit"):
        yield bit, "bag"


def _keywords(meta: Element | None) -> Iterator[Subject]:
    words = (line(node) for node in each(meta, "keyword"))
    return (Subject(name=word, rel="keyword") for word in dict.fromkeys(words) if word)


def genres(meta: Element | None, known: Codes) -> tuple[Genre, ...]:
    """Kinds of report."""
    return tuple(Genre(name=n, uri=u, literal=c) for n, u, c in _named(meta, "genre", known))


def _named(meta: Element | None, tag: str, known: Codes) -> list[tuple[str, str, str]]:
    """(name, uri, literal) of all elements with this name that say anything, each once."""
    nodes = each(meta, tag)
    return [facts for facts in dict.fromkeys((known.name(node), *known.of(node)) for node in nodes) if any(facts)]


def authors(meta: Element | None) -> tuple[str, ...]:
    """The creators' names, but for those that are said to be organisations."""
    nodes = each(meta, "creator")
    names = (line(node.find("name")) or line(node) for node in nodes if NATURES.get(word(node, "type")) != "organisations")
    return tuple(dict.fromkeys(name for name in names if name))


def info_sources(item_meta: Element | None, meta: Element | None, known: Codes) -> tuple[InfoSource, ...]:
    """Provider, sources, creators that are organisations."""
    found = [InfoSource(name=n, role="provider", uri=u, literal=c) for n, u, c in _named(item_meta, "provider", known)]
    makers = (node for node in each(meta, "creator") if NATURES.get(word(node, "type")) == "organisations")
    for role, node in (
        *((word(node, "role"), node) for node in each(meta, "infoSource")),
        *(("creator", node) for node in makers),
    ):
        uri, literal = known.of(node)
        found.append(InfoSource(name=known.name(node), role=role, uri=uri, literal=literal))
    return tuple(dict.fromkeys(source for source in found if source.name or source.uri or source.literal))


def located(meta: Element | None, known: Codes) -> str:
    """Where the content was made: the place's name, else that of the area around it."""
    node = meta.find("located") if meta is not None else None
    if node is None:
        return ""
    return known.name(node) or next((name for broader in node.findall("broader") if (name := known.name(broader))), "")


def alt_ids(item_meta: Element | None, meta: Element | None) -> tuple[AltId, ...]:
    """Other ids, by the type they have there, and the file name."""
    found = [AltId(role="fileName", value=line(node)) for node in each(item_meta, "fileName") if line(node)]
    nodes = (*each(item_meta, "altId"), *each(meta, "altId"))
    found += [AltId(role=word(node, "type") or "altId", value=line(node) or attribute(node, "id")) for node in nodes]
    return tuple(dict.fromkeys(found_ for found_ in found if found_.value))


# ── notes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def notes(item_meta: Element | None) -> Notes:
    """edNote by whom it is for; a note with markup may have a part of its own for editors only (dpa's notepad)."""
    found: dict[str, dict[str, bool]] = {"public": {}, "private": {}}  # text → whether it has markup
    for node in each(item_meta, "edNote"):
        is_private = _is_private(attribute(node, "role")) or _is_private(attribute(node, "pubconstraint", "pubconstrainturi"))
        hidden = frozenset(_hidden(node))
        found["private"].update((xml.text_of(part), True) for part in node.iter() if part in hidden)
        if xml.text_of(node, hidden | {part for part in node.iter() if part.tag in HEADINGS}):
            found["private" if is_private else "public"][xml.text_of(node, hidden)] = len(node) > 0
    return Notes(_said_once(found["public"]), _said_once(found["private"]))


def _said_once(notes: Mapping[str, bool]) -> tuple[str, ...]:
    """Without the note that lays out the others once more for reading."""
    plain = [note for note, has_markup in notes.items() if note and not has_markup]
    laid_out = [note for note, has_markup in notes.items() if note and has_markup]
    return (*plain, *(note for note in laid_out if not any(other in note for other in plain)))


def _hidden(node: Element) -> Iterator[Element]:
    """The outermost elements below this one whose class says that they are for editors."""
    for child in node:
        if _is_private(child.get("class", "")):
            yield child
        else:
            yield from _hidden(child)


def _is_private(words: str) -> bool:
    return any(mark in words.lower() for mark in PRIVATE) if words else False


# ── links and files ──────────────────────────────────────────────────────────────────────────────────────────────────


def links(item_meta: Element | None, base: str) -> tuple[Association, ...]:
    """Items and pages that this one names, in its order."""
    made = (association(node, f"link-{at}", word(node, "rel"), base) for at, node in enumerate(each(item_meta, "link"), 1))
    return tuple(made_ for made_ in made if made_)


def members(groups: Element | None, base: str) -> tuple[Association, ...]:
    """The items of a package, in document order, by their group's role."""
    found: list[Association] = []
    for group in each(groups, "group"):
        role = word(group, "role")
        for at, node in enumerate(each(group, "itemRef"), 1):
            name = f"{role or attribute(group, 'id') or 'group'}-{at}"
            if (made := association(node, name, role, base)) and len(found) < LISTED_MAX:
                found.append(made)
    return tuple(found)


def association(node: Element, name: str, rel: str, base: str) -> Association | None:
    """Another item by reference, with what is said about it here; None without a reference."""
    target, href = attribute(node, "residref"), absolute(attribute(node, "href"), base)
    if not (target or attribute(node, "href")):
        return None
    kind = TYPES.get(word(node.find("itemClass")), "")
    described = ((word(found, "role") or "summary", block(found)) for found in node.findall("description"))
    headline = line(node.find("headline")) or line(node.find("title"))
    return Association(
        name=name,
        rel=rel,
        uri=as_uri(target, "ref") if target else href or as_uri(attribute(node, "href"), "ref"),
        type=kind,
        version=str(version) if (version := number(attribute(node, "version"))) else "",
        headlines=(Text(role="main", content_type="text/plain", value=headline),) if headline else (),
        descriptions=tuple(Text(role=role, content_type="text/plain", value=text) for role, text in described if text),
        renditions=(rendition(node, "main", base),) if href else (),
    )


def renditions(contents: Element | None, base: str) -> tuple[Rendition, ...]:
    """The item's own files, and the pages it can be read at."""
    return tuple(rendition(node, word(node, "rendition") or "main", base) for node in each(contents, "remoteContent"))


def rendition(node: Element, name: str, base: str) -> Rendition:
    """One file; the address is left out where it is not absolute in the end."""
    return Rendition(
        name=name,
        href=absolute(attribute(node, "href"), base),
        content_type=attribute(node, "contenttype"),
        width=number(attribute(node, "width")),
        height=number(attribute(node, "height")),
        size_in_bytes=number(attribute(node, "size")),
    )
