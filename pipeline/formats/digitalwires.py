"""dpa digital wires (`digitalwires@0.9`): one JSON entry per version of an item, its texts HTML, its concepts in `categories`.

The dateline is a field and, in some entries, also stands in the text; it is given as it stands in both. Notes that are not marked
as publishable go to `not_for_publication`, whatever their role.
"""

import re
from collections.abc import Iterator

from pipeline.article import AltId, Association, Genre, InfoSource, Party, Place, Rendition, Subject, Text
from pipeline.formats import json_tree as json
from pipeline.formats.body import Body, read_html
from pipeline.formats.concepts import concept
from pipeline.formats.json_tree import ListOf, Shape, Tree
from pipeline.formats.markup import text_of_html
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.links import absolute
from pipeline.wire.plain import one_line, paragraphs

PREFIX = "digitalwires"
ALL_TEXT = (
    "format type entry_id updated urn version_created pubstatus signal embargoed content_created language kicker headline "
    "subhead teaser byline dateline article_html infobox_html linkbox_html creditline copyrightnotice usageterms "
    "autopublishnotice"
)
RENDITION = Shape(members={"url": "text", "mimetype": "text"}, is_open=True, is_nullable=True)
ENTRY = Shape(
    members={
        **dict.fromkeys(ALL_TEXT.split(), "text"),
        "version": "integer",
        "urgency": "urgency",
        "notepad": "object",
        "ednotes": ListOf(Shape(members={"ednote": "text", "is_publishable": "boolean"}, is_open=True, is_nullable=True)),
        "descriptions": ListOf(Shape(members={"role": "text", "description": "text"}, is_open=True, is_nullable=True)),
        "categories": ListOf(
            Shape(members={"type": "text", "name": "text", "qcode": "text"}, required=("type",), is_open=True, is_nullable=True)
        ),
        "associations": ListOf(
            Shape(members={"urn": "text", "renditions": ListOf(RENDITION)}, required=("urn",), is_open=True, is_nullable=True)
        ),
    },
    required=("urn", "version"),
    is_open=True,
    is_nullable=True,
)
TYPES = {"image": "picture", "audio": "audio", "video": "video", "graphic": "graphic", "text": "text"}
FIRST_NOTES = ("correction", "correctionshort", "embargo")  # roles of notes that change what happens to the item
# Category types by what they say; all others (wires, urgency, …) have fields of their own, or name accounts.
SUBJECTS = {"desk": "", "dpasubject": "", "subject": "", "keyword": "keyword", "rubric": "rubric"}
PLACES = {"geosubject": "", "poi": "", "locationcreated": "created", "located": "created"}
CORRECTED = re.compile(r"KORR-\s*")


def parse(item: RawItem) -> Parsed | Reject:
    """`item.value` is one entry."""
    document = json.decode(item.value, item.charset)
    if isinstance(document, Reject):
        return document
    tree = document.tree
    if not isinstance(tree, dict):
        return Reject(Reason.NO_CONTENT, f"{PREFIX}.bad_type: an entry is an object")
    problems = (*document.problems, *json.violations(tree, ENTRY, PREFIX))
    parsed = _parsed(tree, item.url, problems, document.charset)
    if problems and not (parsed.headline or parsed.body_text or parsed.associations or (parsed.uri and parsed.pub_status)):
        return Reject(Reason.NO_CONTENT, ", ".join(problems)[: json.DETAIL_CHARS_MAX])
    return parsed


def _parsed(tree: Tree, base: str, problems: tuple[str, ...], charset: str) -> Parsed:
    body = read_html(json.text(tree, "article_html"), base)
    public, private = _notes(tree)
    notices = [json.line(tree, name) for name in ("copyrightnotice", "autopublishnotice")]
    urn = json.line(tree, "urn")
    return Parsed(
        headline=json.line(tree, "headline"),
        headlines=_texts((role, json.line(tree, role)) for role in ("kicker", "subhead")),
        body_text=body.text,
        body_html=body.html,
        bodies=_boxes(tree),
        summary=paragraphs(json.text(tree, "teaser")),
        descriptions=_descriptions(tree),
        uri=urn,
        guid=urn,
        version=json.scalar(tree, "version"),
        type=_type(tree, body, urn),
        profile=json.line(tree, "format"),
        pub_status=json.line(tree, "pubstatus") or next(_names(tree, "pubstatus"), ""),
        urgency=json.scalar(tree, "urgency"),
        urgency_scale="iptc" if json.scalar(tree, "urgency") else "",
        signals=_signals(tree),
        embargo=json.embargo(tree, "embargoed"),
        published=json.line(tree, "content_created"),
        content_created=json.line(tree, "content_created"),
        updated=json.line(tree, "version_created"),
        item_language=json.line(tree, "language"),
        ed_notes=public,
        not_for_publication=private,
        byline=json.line(tree, "byline"),
        authors=tuple(_names(tree, "creator")),
        dateline=paragraphs(json.text(tree, "dateline")),
        located=next(_names(tree, "located"), ""),
        credit_line=json.line(tree, "creditline"),
        rights=next(filter(None, notices), ""),
        usage_terms=paragraphs(json.text(tree, "usageterms")),
        genres=tuple(Genre(name=name, uri=uri, literal=code) for name, uri, code in _concepts(tree, "genre")),
        people=tuple(Party(name=name, uri=uri, literal=code) for name, uri, code in _concepts(tree, "person")),
        organisations=tuple(Party(name=name, uri=uri, literal=code) for name, uri, code in _concepts(tree, "organisation")),
        contributors=tuple(Party(name=name, uri=uri, literal=code) for name, uri, code in _concepts(tree, "contributor")),
        places=tuple(
            Place(name=name, rel=rel, uri=uri, literal=code)
            for kind, rel in PLACES.items()
            for name, uri, code in _places(tree, kind)
        ),
        categories=tuple(
            Subject(name=name, rel=rel, uri=uri, literal=code)
            for kind, rel in SUBJECTS.items()
            for name, uri, code in _concepts(tree, kind)
        ),
        category=next((_bare(code) or name for name, _, code in _concepts(tree, "desk")), ""),
        service=", ".join(dict.fromkeys(_names(tree, "wire"))),
        info_sources=_info_sources(tree),
        alt_ids=(AltId(role="entry_id", value=entry),) if (entry := json.line(tree, "entry_id")) else (),
        renditions=_own_renditions(tree, urn, base),
        associations=_associations(tree, base),
        charset=charset,
        rules=("digitalwires.correction_prefix",) if CORRECTED.match(json.line(tree, "headline")) else (),
        problems=(*problems, *body.problems),
    )


def _type(tree: Tree, body: Body, urn: str) -> str:
    """Entries say "composite" of everything: a text has an article, a photo or recording is its own association."""
    if body.text:
        return "text"
    own = (json.line(entry, "type") for entry in json.nodes(tree, "associations") if json.line(entry, "urn") == urn)
    return next((TYPES[kind] for kind in own if kind in TYPES), "text")


def _texts(pairs: Iterator[tuple[str, str]]) -> tuple[Text, ...]:
    return tuple(Text(role=role, content_type="text/plain", value=value) for role, value in pairs if value)


def _boxes(tree: Tree) -> tuple[Text, ...]:
    """What is printed beside the text: facts and links."""
    boxes = ((name, json.text(tree, f"{name}_html")) for name in ("infobox", "linkbox"))
    return _texts((role, text_of_html(html)) for role, html in boxes)


def _descriptions(tree: Tree) -> tuple[Text, ...]:
    """Captions, and the line that automatic publication prints."""
    entries = json.nodes(tree, "descriptions")
    captions = ((_bare(json.line(entry, "role")), paragraphs(json.text(entry, "description"))) for entry in entries)
    notice = ("autopublishnotice", json.line(tree, "autopublishnotice"))
    return _texts((role or "caption", value) for role, value in (*captions, notice))


def _bare(qcode: str) -> str:
    return qcode.rpartition(":")[2]


# ── notes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _notes(tree: Tree) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """For readers' eyes and for editors' eyes only, corrections first; from the notepad what no note of its own says."""
    public: list[tuple[int, str]] = []
    private: list[tuple[int, str]] = []
    for entry in json.nodes(tree, "ednotes"):
        note, role = paragraphs(json.text(entry, "ednote")), _bare(json.line(entry, "role"))
        is_public = entry.get("is_publishable") is True
        if note:
            (public if is_public else private).append(
                (FIRST_NOTES.index(role) if role in FIRST_NOTES else len(FIRST_NOTES), note)
            )
    pad = json.node(tree, "notepad")
    return _ordered(public, json.text(pad, "public_html")), _ordered(private, json.text(pad, "nonpublic_html"))


def _ordered(notes: list[tuple[int, str]], pad: str) -> tuple[str, ...]:
    texts = [note for _, note in sorted(notes, key=lambda note: note[0])] or [text_of_html(pad)]
    return tuple(dict.fromkeys(text for text in texts if text))


def _signals(tree: Tree) -> tuple[str, ...]:
    categories = (json.line(entry, "qcode") for entry in _categories(tree, "signal"))
    return tuple(dict.fromkeys(signal for signal in (*json.lines(tree, "signal"), *categories) if signal))


# ── categories ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _categories(tree: Tree, kind: str) -> Iterator[Tree]:
    return (entry for entry in json.nodes(tree, "categories") if json.text(entry, "type") == f"dnltype:{kind}")


def _names(tree: Tree, kind: str) -> Iterator[str]:
    return (name for entry in _categories(tree, kind) if (name := json.line(entry, "name")))


def _concepts(tree: Tree, kind: str) -> Iterator[tuple[str, str, str]]:
    """Name, address and code; the code stays a qcode, as the schemes of dpa have no addresses."""
    for entry in _categories(tree, kind):
        uri, code = concept(json.line(entry, "qcode"))
        name = json.line(entry, "name")
        if name or uri or code:
            yield name, uri, code


def _places(tree: Tree, kind: str) -> Iterator[tuple[str, str, str]]:
    """A point of interest goes by its own name, not by its name and address; coordinates are left out."""
    for entry in _categories(tree, kind):
        uri, code = concept(json.line(entry, "qcode"))
        properties = json.node(json.node(entry, "geojson"), "properties")
        name = json.first(properties, "name") or json.line(entry, "name")
        if name or uri or code:
            yield name, uri, code


def _info_sources(tree: Tree) -> tuple[InfoSource, ...]:
    providers = [InfoSource(name=n, role="provider", uri=u, literal=c) for n, u, c in _concepts(tree, "provider")]
    sources = (
        InfoSource(name=json.line(entry, "name"), role=_bare(json.line(entry, "role")), uri=uri, literal=code)
        for entry in _categories(tree, "infosource")
        for uri, code in [concept(json.line(entry, "qcode"))]
    )
    return (*providers, *(source for source in sources if source.name or source.uri or source.literal))


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _renditions(entry: Tree, base: str) -> tuple[Rendition, ...]:
    found = (
        Rendition(
            name=json.line(rendition, "role") or f"s{json.scalar(rendition, 'size')}",
            href=absolute(json.text(rendition, "url"), base),
            content_type=json.line(rendition, "mimetype"),
            width=json.whole(rendition, "width"),
            height=json.whole(rendition, "height"),
        )
        for rendition in json.nodes(entry, "renditions")
    )
    return tuple(rendition for rendition in found if rendition.href)


def _own_renditions(tree: Tree, urn: str, base: str) -> tuple[Rendition, ...]:
    """The files of a photo or recording that is an entry of its own."""
    own = (entry for entry in json.nodes(tree, "associations") if json.line(entry, "urn") == urn)
    return next((_renditions(entry, base) for entry in own), ())


def _associations(tree: Tree, base: str) -> tuple[Association, ...]:
    """In the order of their rank; the feature image is told by `rel`."""
    entries = sorted(json.nodes(tree, "associations"), key=lambda entry: json.whole(entry, "rank") or json.LIST_MAX)
    found = (_association(number, entry, base) for number, entry in enumerate(entries, 1))
    return tuple(association for association in found if association.uri)


def _association(number: int, entry: Tree, base: str) -> Association:
    kind, credit = json.line(entry, "type"), json.line(entry, "creditline")
    return Association(
        name=f"{kind or 'association'}{number}",
        rel="featureimage" if entry.get("is_featureimage") is True else "",
        uri=json.line(entry, "urn"),
        type=TYPES.get(kind, ""),
        version=json.scalar(entry, "version"),
        headlines=_texts(iter([("main", json.line(entry, "headline"))])),
        descriptions=_texts(iter([("caption", paragraphs(json.text(entry, "caption")))])),
        info_sources=(InfoSource(name=one_line(credit), role="creditline"),) if credit else (),
        renditions=_renditions(entry, base),
    )
