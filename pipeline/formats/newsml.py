"""NewsML-G2 2.x: one newsItem, packageItem, planningItem or event, alone or in a newsMessage. Codes and parts: `newsml_parts`.

A newsroom would rather have the story than a lecture: what has an identity or says something is accepted, and what it lacks is
listed in `problems`. Vocabularies (knowledge and catalog items, concepts other than events) are no articles and are rejected.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple
from xml.etree.ElementTree import Element

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Party, Text
from pipeline.formats import newsml_parts as parts
from pipeline.formats import nitf, xml
from pipeline.formats.body import Body, read_html, read_plain
from pipeline.formats.newsml_parts import Codes, word
from pipeline.formats.parsed import Parsed
from pipeline.formats.xml import attribute, block, descend, each, line
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.plain import folded

MESSAGE = ("newsMessage", "itemSet")
ARTICLES = ("newsItem", "packageItem")
KINDS = frozenset({*ARTICLES, "planningItem", "conceptItem", "knowledgeItem", "catalogItem"})
FRAGMENTS = frozenset({"contentSet", "contentMeta", "itemMeta", "groupSet"})
DEFAULT_TYPES = {"packageItem": "composite", "planningItem": "planning", "conceptItem": "event"}
MAIN_ROLES = ("", "main", "headline", "title")
SUMMARY_ROLES = ("summary", "teaser", "abstract", "lead", "text", "")
XHTML = frozenset({"html", "body", "div", "section", "article", "main", "p"})
STATUSES = frozenset({"", "usable", "withheld", "canceled"})
UNPLACED = 99  # a headline without a rank comes after those with one, in document order
VERSION_DIGITS_MAX = 18  # vendors count up to ten digits; this still fits 64 bits
TEASERS_LOOKED_AT = 3  # paragraphs before the report: kicker, teaser, dateline


class Found(NamedTuple):
    """The item of a document, with what stands around it."""

    item: Element
    catalogs: tuple[Element, ...] = ()
    header: Element | None = None
    problems: tuple[str, ...] = ()


class Content(Struct, frozen=True):
    """What contentSet says: a text, and the facts that came with it."""

    facts: Parsed = Parsed()
    headline: str = ""
    rules: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def parse(item: RawItem) -> Parsed | Reject:
    """The facts of the first article of a document, or why it has none. Never raises."""
    document = xml.read(item.value, item.charset)
    if isinstance(document, Reject):
        return document
    found = _find(document.root)
    if isinstance(found, Reject):
        return found
    facts = _facts(found, item.url)
    if refused := _refused(found.item, facts):
        return refused
    problems = (*document.problems, *found.problems, *facts.problems, *_problems(found.item, facts))
    return replace(facts, charset=document.charset, problems=tuple(dict.fromkeys(problems)))


def items(document: bytes) -> tuple[bytes, ...]:
    """A newsMessage as one document per item, each with the message's head; anything else as it is."""
    return xml.cut(document, MESSAGE, KINDS)


def _find(root: Element) -> Found | Reject:
    """The document's article: of a message the first one, else the first thing that may be read as one."""
    if root.tag in KINDS:
        return Found(root, tuple(root.findall("catalog")))
    if root.tag in FRAGMENTS:
        item = Element("newsItem")
        item.append(root)
        return Found(item, problems=("newsml.fragment",))
    if root.tag != MESSAGE[0]:
        return Reject(Reason.UNKNOWN_FORMAT, f"/{root.tag[:40]} is no NewsML-G2 item")
    held = [node for node in root.iterfind("itemSet/*") if node.tag in KINDS]
    articles = [node for node in held if node.tag in ARTICLES] or held
    if not articles:
        return Reject(Reason.NO_CONTENT, "/newsMessage/itemSet: no item")
    item = next((node for node in articles if attribute(node, "guid")), articles[0])
    header = root.find("header")
    catalogs = (*item.findall("catalog"), *root.findall("header/catalog"))
    return Found(item, catalogs, header, ("newsml.further_items",) if len(articles) > 1 else ())


def _refused(item: Element, facts: Parsed) -> Reject | None:
    """What is no article, and what has neither an identity nor anything to say."""
    says = bool(facts.headline or facts.body_text or facts.summary or facts.descriptions)
    has_parts = bool(facts.associations or facts.renditions)
    where = f"/{item.tag} {facts.guid[:200]}".rstrip()
    if item.tag in ("knowledgeItem", "catalogItem"):
        return Reject(Reason.NO_CONTENT, f"{where}: a vocabulary, not an article")
    if item.tag == "conceptItem" and facts.type != "event":
        return Reject(Reason.NO_CONTENT, f"{where}: a concept, not an article")
    if item.tag not in ARTICLES and not says:
        return Reject(Reason.NO_CONTENT, f"{where}: no headline and no text")
    if not (facts.guid or says or has_parts):
        return Reject(Reason.NO_CONTENT, f"{where}: no guid, no headline, no text, no files")
    return None


# ── the item ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _facts(found: Found, base: str) -> Parsed:
    item = found.item
    meta, stated = item.find("itemMeta"), item.find("contentMeta")
    about = item.find("concept") if item.tag == "conceptItem" else stated
    known = parts.codes(item, found.catalogs)
    headline, headlines = _headlines(about)
    summary, descriptions = _descriptions(about)
    content = _content(item.find("contentSet"), bool(headline), [summary, *(text.value for text in descriptions)], base)
    inner = content.facts
    named = parts.concepts(about, known)
    title = line(descend(meta, "title"))
    return replace(
        _administration(item, meta, found.header),
        headline=headline or content.headline or title,
        headlines=headlines or inner.headlines,
        title=title,
        body_text=inner.body_text,
        body_html=inner.body_html,
        summary=summary or inner.summary,
        descriptions=(*descriptions, *inner.descriptions),
        published=line(descend(stated, "contentCreated")) or line(descend(meta, "firstCreated")) or inner.published,
        content_created=line(descend(stated, "contentCreated")),
        updated=line(descend(meta, "versionCreated")) or line(descend(stated, "contentModified")),
        authors=parts.authors(about),
        contributors=_contributors(about, known),
        located=parts.located(about, known) or inner.located,
        categories=(*named.subjects, *inner.categories),
        people=named.people or inner.people,
        organisations=named.organisations or inner.organisations,
        places=named.places or inner.places,
        genres=parts.genres(about, known) or inner.genres,
        category=_category(about, known) or inner.category,
        item_language=attribute(descend(about, "language"), "tag") or attribute(item, "xml:lang") or inner.item_language,
        urgency=line(descend(stated, "urgency")) or inner.urgency,
        urgency_scale="iptc" if line(descend(stated, "urgency")) or inner.urgency else "",
        slugline=line(descend(about, "slugline")) or inner.slugline,
        slugline_separator=attribute(descend(about, "slugline"), "separator"),
        byline=line(descend(about, "by")) or inner.byline,
        dateline=line(descend(about, "dateline")) or inner.dateline,
        credit_line=line(descend(about, "creditline")) or inner.credit_line,
        info_sources=parts.info_sources(meta, about, known),
        alt_ids=parts.alt_ids(meta, about),
        renditions=parts.renditions(item.find("contentSet"), base),
        associations=(*parts.links(meta, base), *parts.members(item.find("groupSet"), base), *inner.associations),
        type=_type(item, meta, inner),
        rules=content.rules,
        problems=content.problems,
    )


def _administration(item: Element, meta: Element | None, header: Element | None) -> Parsed:
    """itemMeta and rightsInfo: identity, status, rights, notes."""
    guid, embargoed, notes = attribute(item, "guid"), descend(meta, "embargoed"), parts.notes(meta)
    services = (word(node) or line(node) for node in each(meta, "service"))
    return Parsed(
        uri=guid,
        guid=guid,
        version=_version(attribute(item, "version")),
        pub_status=word(descend(meta, "pubStatus")),
        priority=line(descend(header, "priority")),
        signals=tuple(dict.fromkeys(signal for node in each(meta, "signal") if (signal := parts.signal(node)))),
        embargo=line(embargoed) if embargoed is not None else None,
        expires=_expires(meta),
        first_created=line(descend(meta, "firstCreated")),
        profile=line(descend(meta, "profile")),
        service=", ".join(dict.fromkeys(service for service in services if service)),
        ed_notes=notes.public,
        not_for_publication=notes.private,
        rights=_rights(item, "copyrightNotice"),
        copyright_holder=_rights(item, "copyrightHolder"),
        usage_terms=_rights(item, "usageTerms"),
    )


def _version(stated: str) -> str:
    """xs:positiveInteger in its shortest form; "" for what is none."""
    digits = stated.removeprefix("+").lstrip("0")
    return digits if digits.isascii() and digits.isdigit() and len(digits) <= VERSION_DIGITS_MAX else ""


def _expires(meta: Element | None) -> str:
    """The end that holds for every use."""
    found = (node for node in each(meta, "expires") if not attribute(node, "pubconstraint", "pubconstrainturi"))
    return next((text for node in found if (text := line(node))), "")


def _rights(item: Element, name: str) -> str:
    """All that rightsInfo says under one name; of a holder known by address only, the address."""
    found = (node for info in each(item, "rightsInfo") for node in each(info, name))
    texts = (block(node.find("name")) or block(node) or attribute(node, "uri") for node in found)
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _type(item: Element, meta: Element | None, inner: Parsed) -> str:
    """The item's class in the words of ninjs; of a concept, what it is a concept of."""
    if item.tag == "conceptItem":
        return (
            "event" if word(descend(item, "concept", "type")) == "event" or item.find("concept/eventDetails") is not None else ""
        )
    stated = parts.TYPES.get(word(descend(meta, "itemClass")), "")
    return stated or DEFAULT_TYPES.get(item.tag, "") or ("text" if inner.body_text else "")


def _category(about: Element | None, known: Codes) -> str:
    """A subject that the wire calls its category: the desk's old one-letter or short codes."""
    found = (node for node in each(about, "subject") if word(node, "type") == "category")
    return next((code for node in found if (code := word(node) or known.name(node))), "")


def _contributors(about: Element | None, known: Codes) -> tuple[Party, ...]:
    found = ((known.name(node), word(node, "role"), *known.of(node)) for node in each(about, "contributor"))
    return tuple(Party(name=n, rel=r, uri=u, literal=c) for n, r, u, c in dict.fromkeys(found) if n or u or c)


def _headlines(about: Element | None) -> tuple[str, tuple[Text, ...]]:
    """The main headline (the best rank of those without another role), and the others. A concept's name is its headline."""
    found = []
    for at, node in enumerate((*each(about, "headline"), *(each(about, "name") if about is not None else ()))):
        if text := line(node):
            rank = xml.number(attribute(node, "rank"))
            found.append((UNPLACED if rank is None else rank, at, word(node, "role"), text))
    own = [entry for entry in found if entry[2].lower() in MAIN_ROLES] or found
    if not own:
        return "", ()
    main = min(own) if any(entry[0] != UNPLACED for entry in own) else own[0]
    others = (
        Text(role=role or "secondary", content_type="text/plain", value=text) for _, at, role, text in found if at != main[1]
    )
    return main[3], tuple(others)


def _descriptions(about: Element | None) -> tuple[str, tuple[Text, ...]]:
    """The summary, and the others (captions, shot lists) with their roles."""
    nodes = (*each(about, "description"), *each(about, "definition"))
    found = [(word(node, "role"), text) for node in nodes if (text := xml.text_of(node))]
    summary = next((entry for entry in found if entry[0].lower() in SUMMARY_ROLES), None)
    others = (
        Text(role=role or "summary", content_type="text/plain", value=text) for role, text in found if (role, text) != summary
    )
    return summary[1] if summary else "", tuple(others)


# ── the content ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _content(contents: Element | None, has_headline: bool, summaries: list[str], base: str) -> Content:
    """The first of the alternatives that is a text."""
    problems: dict[str, None] = {}
    for node in contents if contents is not None else ():
        if node.tag not in ("inlineXML", "inlineData"):
            continue
        read = _inline_data(node, base) if node.tag == "inlineData" else _inline_xml(node, has_headline, summaries, base)
        if read.facts.body_text:
            return read
        problems.update(dict.fromkeys(read.problems))
    return Content(problems=tuple(problems))


def _inline_data(node: Element, base: str) -> Content:
    """Text or HTML as character data; anything encoded is a file, not a text."""
    if attribute(node, "encoding", "encodinguri"):
        return Content(problems=("newsml.encoded_content",))
    kind, text = attribute(node, "contenttype").lower(), "".join(node.itertext())
    body = read_html(text, base) if "html" in kind or "xml" in kind else Body(read_plain(text))
    return Content(_body_facts(body), "", (), body.problems)


def _body_facts(body: Body) -> Parsed:
    return Parsed(body_text=body.text, body_html=body.html)


def _inline_xml(node: Element, has_headline: bool, summaries: list[str], base: str) -> Content:
    root = next(iter(node), None)
    if root is None:
        return Content()
    if root.tag in ("nitf", "body") and (root.tag == "nitf" or descend(root, "body.content") is not None):
        facts = nitf.read(root, base)
        return Content(facts, facts.headline, (), facts.problems)
    if root.tag in XHTML:
        return _xhtml(node, root, has_headline, summaries, base)
    return Content(problems=("newsml.unread_content",))


def _xhtml(holder: Element, root: Element, has_headline: bool, summaries: list[str], base: str) -> Content:
    """XHTML, without the header and the teaser that only repeat what the item's metadata says."""
    inner = root.find("body") if root.tag == "html" else None
    body = holder if inner is None else inner
    headline = line(next(body.iter("h1"), None)) or line(root.find("head/title"))
    rules, dropped = [], set()
    header = next((node for node in body.iter("header")), None)
    if has_headline and header is not None and next(header.iter("h1"), None) is not None:
        dropped.add(header)
        rules.append("newsml.header_repeats_metadata")
    known = {folded(summary) for summary in summaries if summary}
    first = (node for node in islice(body.iter("p"), TEASERS_LOOKED_AT) if "teaser" in node.get("class", ""))
    teaser = next((node for node in first if folded(line(node)) in known), None)
    if teaser is not None:
        dropped.add(teaser)
        rules.append("newsml.teaser_is_description")
    read = read_html(xml.html_of(body, {body.tag: "", "html": "", "body": "", "head": "title"}, frozenset(dropped)), base)
    return Content(_body_facts(read), headline, tuple(rules), read.problems)


# ── what is wrong with it ────────────────────────────────────────────────────────────────────────────────────────────

Check = Callable[[Element, Parsed], bool]


def _lacks(*path: str) -> Check:
    return lambda item, facts: descend(item, *path) is None


def _disagree(item: Element, facts: Parsed) -> bool:
    return {"sig:update", "sig:correction"} <= set(facts.signals)


# Problem, a document that has it, how it is seen. Sorted by id.
CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("newsml.bad_pub_status", '<newsItem guid="a"><itemMeta><pubStatus qcode="stat:live"/></itemMeta></newsItem>',
     lambda _, facts: facts.pub_status not in STATUSES),
    ("newsml.bad_urgency", '<newsItem guid="a"><contentMeta><urgency>high</urgency></contentMeta></newsItem>',
     lambda _, facts: facts.urgency not in ("", *"123456789")),
    ("newsml.bad_version", '<newsItem guid="a" version="1.2"/>',
     lambda item, facts: not facts.version and bool(attribute(item, "version"))),
    ("newsml.missing_version", '<newsItem guid="a"/>', lambda item, _: not attribute(item, "version")),
    ("newsml.no_guid", "<newsItem><contentMeta><headline>A</headline></contentMeta></newsItem>", lambda _, facts: not facts.guid),
    ("newsml.no_item_class", '<newsItem guid="a"><itemMeta/></newsItem>', _lacks("itemMeta", "itemClass")),
    ("newsml.no_item_meta", '<newsItem guid="a"/>', _lacks("itemMeta")),
    ("newsml.no_provider", '<newsItem guid="a"><itemMeta/></newsItem>', _lacks("itemMeta", "provider")),
    ("newsml.no_standard", '<newsItem guid="a"/>', lambda item, _: not attribute(item, "standard", "standardversion")),
    ("newsml.no_version_created", '<newsItem guid="a"><itemMeta/></newsItem>', _lacks("itemMeta", "versionCreated")),
    ("newsml.signals_disagree",
     '<newsItem guid="a"><itemMeta><signal qcode="sig:update"/><signal qcode="sig:correction"/></itemMeta></newsItem>',
     _disagree),
)  # fmt: skip


def _problems(item: Element, facts: Parsed) -> Iterable[str]:
    return (problem for problem, _, is_seen in CHECKS if is_seen(item, facts))
