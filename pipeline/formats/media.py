"""Enclosures and Media RSS of one item as ninjs associations: one per photo, video or file, its forms as renditions. Pure.

A caption describes its picture and is never the item's text, unless the item has no other: then the text of the item's own
`media:description`, or of a group's, stands in (video sites write their posts that way).
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from msgspec.structs import replace

from pipeline.article import Association, InfoSource, Rendition, Text
from pipeline.formats.markup import text_of_html
from pipeline.wire.links import absolute
from pipeline.wire.plain import one_line

Node = dict[str, Any]
MEDIA_MAX = 50  # real items have up to 20; each form of a file counts
NUMBER_DIGITS_MAX = 12  # a terabyte, in bytes
TYPES = {"image": "picture", "video": "video", "audio": "audio"}  # `medium`, or the first half of a MIME type
PHOTOGRAPHER = "photographer"  # the one role that ninjs has a field for
SUFFIXES = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "avif"), "picture"),
    **dict.fromkeys(("mp3", "m4a", "ogg", "opus"), "audio"),
    **dict.fromkeys(("mp4", "m4v", "webm", "mov"), "video"),
}


def associations(root: Node, enclosures: list[Node], base: str) -> tuple[Association, ...]:
    """`root` is the item's tree of `mrss`, {} where it has none; an enclosure that is one of its files is told once."""
    media = [made for number, part in enumerate(_parts(root), 1) if (made := _association(number, part, root, base))]
    hrefs = {form.href for made in media for form in made.renditions}
    thumbnails = tuple(form for form in _thumbnails([root], base) if form.href not in hrefs)
    if thumbnails:
        media.append(Association(name="thumbnail", uri=thumbnails[0].href, type="picture", renditions=thumbnails))
        hrefs.update(form.href for form in thumbnails)
    attached = (_enclosure(number, node, base) for number, node in enumerate(enclosures[:MEDIA_MAX], 1))
    return (*media, *(made for made in attached if made.uri and made.uri not in hrefs))


def fallback(root: Node, name: str) -> str:
    """The title or description that stands for the item as a whole: the item's own, else the first group's."""
    groups = (part for part in root.get("parts", ()) if part["kind"] == "group")
    return next((text for node in chain((root,), groups) if (text := node.get(name, ""))), "")


# ── one photo, video or file ─────────────────────────────────────────────────────────────────────────────────────────


def _parts(root: Node) -> list[Node]:
    return list(root.get("parts", ()))[:MEDIA_MAX]


def _association(number: int, part: Node, root: Node, base: str) -> Association | None:
    """One content, or a group as forms of the same content. What the item says of its media is said of its only one."""
    contents = [node for node in _default_first(part) if _href(node, base)]
    if not contents:
        return None
    forms = {href: _rendition("", node["attributes"], href) for node in contents if (href := _href(node, base))}
    nodes = [contents[0], part, root] if len(_parts(root)) == 1 else [contents[0], part]
    title, caption, rights = (_first_text(nodes, name) for name in ("title", "description", "copyright"))
    credited = _credits(nodes)
    return Association(
        name=f"media{number}",
        uri=next(iter(forms)),
        type=_type(contents[0]["attributes"], next(iter(forms))),
        by=next((source.name for source in credited if source.role == PHOTOGRAPHER), ""),
        copyright_notice=rights,
        headlines=(Text(role="main", content_type="text/plain", value=title),) if title else (),
        descriptions=(Text(role="caption", content_type="text/plain", value=caption),) if caption else (),
        info_sources=tuple(source for source in credited if source.role != PHOTOGRAPHER),
        renditions=(*_numbered("main", forms.values()), *_thumbnails([part, *contents], base)),
    )


def _default_first(part: Node) -> list[Node]:
    """The contents in a part at any depth, itself included."""
    found = [part] if part["kind"] == "content" else []
    found += [node for inner in part["parts"] for node in _default_first(inner)]
    return sorted(found, key=lambda node: node["attributes"].get("isdefault") != "true")[:MEDIA_MAX]


def _thumbnails(nodes: list[Node], base: str) -> tuple[Rendition, ...]:
    found = [thumbnail for node in nodes for thumbnail in node.get("thumbnails", ())][:MEDIA_MAX]
    forms = {href: _rendition("", node, href) for node in found if (href := absolute(node.get("url", ""), base))}
    return _numbered("thumbnail", forms.values())


def _enclosure(number: int, node: Node, base: str) -> Association:
    href, title = absolute(node.get("href") or node.get("url") or "", base), one_line(node.get("title", ""))
    return Association(
        name=f"enclosure{number}",
        uri=href,
        type=_type(node, href),
        headlines=(Text(role="main", content_type="text/plain", value=title),) if title else (),
        renditions=(_rendition("main", node, href),),
    )


# ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _href(node: Node, base: str) -> str:
    return absolute(node["attributes"].get("url", ""), base)


def _first_text(nodes: list[Node], name: str) -> str:
    return next((text for node in nodes if (text := one_line(text_of_html(node.get(name, ""))))), "")


def _credits(nodes: list[Node]) -> tuple[InfoSource, ...]:
    """Name and role of those whom the innermost node credits, if any does, each once. Without a role it is the credit line."""
    found: list[Node] = next((node["credits"] for node in nodes if node["credits"]), [])
    pairs = ((one_line(text_of_html(credit.get("name", ""))), one_line(credit["role"]).lower()) for credit in found[:MEDIA_MAX])
    return tuple(dict.fromkeys(InfoSource(name=name, role=role or "creditline") for name, role in pairs if name))


def _numbered(name: str, forms: Iterable[Rendition]) -> tuple[Rendition, ...]:
    """`main`, `main2`, `main3`, …"""
    return tuple(replace(form, name=name if number == 1 else f"{name}{number}") for number, form in enumerate(forms, 1))


def _rendition(name: str, attributes: Node, href: str) -> Rendition:
    return Rendition(
        name=name,
        href=href,
        content_type=one_line(attributes.get("type", "")),
        width=_whole(attributes.get("width", "")),
        height=_whole(attributes.get("height", "")),
        size_in_bytes=_whole(attributes.get("filesize") or attributes.get("length") or ""),
    )


def _whole(digits: str) -> int | None:
    """A positive number; publishers write 0 for what they do not know."""
    digits = digits.strip()
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_DIGITS_MAX
    return int(digits) or None if is_number else None


def _type(attributes: Node, href: str) -> str:
    """By its medium, else its MIME type, else the ending of its address; "" for what is no picture, sound or film."""
    medium, mime = (str(attributes.get(name, "")).strip().lower() for name in ("medium", "type"))
    return TYPES.get(medium) or TYPES.get(mime.partition("/")[0]) or SUFFIXES.get(_suffix(href), "")


def _suffix(href: str) -> str:
    return href.partition("?")[0].rpartition("/")[2].rpartition(".")[2].lower()
