"""The texts of a ninjs item: headlines, descriptions and bodies, each in two shapes (1.x: one member per role; later: lists)."""

from collections.abc import Callable

from pipeline.article import Text
from pipeline.formats import json_tree as json
from pipeline.formats.body import Body, read_body
from pipeline.formats.json_tree import Tree
from pipeline.formats.markup import text_of_html
from pipeline.wire.plain import one_line, paragraphs

MAIN_ROLES = ("main", "", "text", "html5", "xhtml", "html")  # of the text itself, the best first
ALTERNATES = ("text", "html", "xml", "nitf", "main", "plain")  # in the role of another form of the same text
SUMMARY_ROLES = ("summary", "abstract", "teaser", "text", "lead", "main", "")


class _Raw(Text, frozen=True, kw_only=True):
    """A text as it stands, with the role and type the source gave it."""


def _raw_texts(tree: Tree, singular: str, plural: str) -> list[_Raw]:
    """1.x: `headline` and members that begin with `headline_`; later: a list of objects."""
    found = [
        _Raw(role=json.line(entry, "role"), content_type=_content_type(entry), value=json.text(entry, "value"))
        for entry in (_lowered(entry) for entry in json.nodes(tree, plural))
    ]
    if singular in tree:
        found.append(_Raw(role="main", value=json.text(tree, singular)))
    start = singular + "_"
    named = [(name, value) for name, value in tree.items() if name.startswith(start)][: json.LIST_MAX]
    found.extend(_Raw(role=one_line(name[len(start) :]), value=json.as_text(value)) for name, value in named)
    return [text for text in found if text.value]


def _lowered(tree: Tree) -> Tree:
    return {name.lower(): value for name, value in tree.items()}


def _content_type(entry: Tree) -> str:
    return json.line(entry, "contenttype").partition(";")[0].strip().lower()


def _is_html(text: _Raw) -> bool:
    """As declared; where nothing is declared, as 1.x names it: body_html, body_xhtml."""
    if text.content_type:
        return "html" in text.content_type
    return "html" in text.role or text.value.lstrip()[:1] == "<"


def _is_markup(text: _Raw) -> bool:
    """Markup of other kinds: NITF, an agency's own XML."""
    return "nitf" in text.content_type or text.content_type in ("application/xml", "text/xml")


def texts(tree: Tree, singular: str, plural: str, clean: Callable[[str], str]) -> list[Text]:
    """Plain texts with their roles; of two forms of the same text one stays."""
    found: dict[tuple[str, str], Text] = {}
    roles: set[str] = set()
    for raw in _raw_texts(tree, singular, plural):
        is_marked = _is_html(raw) or _is_markup(raw)
        value = clean(text_of_html(raw.value) if is_marked else raw.value)
        role = raw.role.removesuffix("xhtml").removesuffix("html").removesuffix("_") or ("text" if "html" in raw.role else "main")
        if value and not (is_marked and role in roles):
            roles.add(role)
            found.setdefault((role, value), Text(role=role, content_type="text/plain", value=value))
    return list(found.values())


def summary_of(descriptions: list[Text]) -> Text | None:
    """The description that sums the item up, by its role."""
    roles = {text.role: text for text in reversed(descriptions)}
    return next((roles[role] for role in SUMMARY_ROLES if role in roles), None)


def bodies(tree: Tree, base: str) -> tuple[Body, tuple[Text, ...]]:
    """The main text in its two forms, and further texts that are not other forms of it."""
    raws = _raw_texts(tree, "body", "bodies")
    marked = [raw for raw in raws if _is_html(raw) and not _is_markup(raw)]
    plain = [raw for raw in raws if not _is_html(raw) and not _is_markup(raw)]
    main_plain, main_html = _main(plain), _main(marked)
    body = read_body(main_plain.value if main_plain else "", main_html.value if main_html else "", base)
    if not body.text:
        foreign = next((raw.value for raw in raws if raw not in (main_plain, main_html)), "")
        body = Body(text_of_html(inner(foreign)), "", ("body.from_foreign_markup",) if foreign else ())
    others = (raw for raw in (*plain, *marked) if raw is not main_plain and raw is not main_html and not _is_alternate(raw))
    return body, tuple(text for raw in others if (text := _other_body(raw)).value)


def _main(raws: list[_Raw]) -> _Raw | None:
    rank = {role: number for number, role in enumerate(MAIN_ROLES)}
    return min(raws, key=lambda raw: rank.get(raw.role, len(rank)), default=None)


def _is_alternate(raw: _Raw) -> bool:
    return not raw.role or any(word in raw.role for word in ALTERNATES)


def _other_body(raw: _Raw) -> Text:
    value = text_of_html(raw.value) if _is_html(raw) else paragraphs(raw.value)
    return Text(role=raw.role, content_type="text/plain", value=value)


def inner(nitf: str) -> str:
    """What stands between NITF's `<body.content>` tags, else all of it."""
    start = nitf.find("<body.content")
    end = nitf.rfind("</body.content>")
    return nitf[nitf.find(">", start) + 1 : end] if 0 <= start < end else nitf
