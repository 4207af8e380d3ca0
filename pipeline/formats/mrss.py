"""Media RSS as feedparser meets it: which text belongs to which file is kept. Nothing here knows what a picture is (`media.py`).

feedparser 6.0.14 puts all of an item's media into flat lists and takes their captions for the item's own text: of an item with
a description and a photo, the photo's caption came out as the body. Our handlers stand in its place.
"""

from collections.abc import Callable, Mapping
from typing import Any

from feedparser.namespaces.mediarss import Namespace

Node = dict[str, Any]
MEDIA = "newswire_media"  # the entry's field with the root of the tree
OPEN = "newswire_media_open"
DEPTH_MAX = 4  # item, group, content, and one that was not closed
TEXTS = ("title", "description", "copyright")


def node(kind: str, attributes: Mapping[str, str]) -> Node:
    """`kind` is item, group or content; `parts` are the groups and contents inside; texts stand under their own names."""
    return {"kind": kind, "attributes": dict(attributes), "parts": [], "thumbnails": [], "credits": []}


def install() -> None:
    """Puts the handlers in feedparser's place. Calling it again changes nothing."""
    for name, handler in HANDLERS.items():
        setattr(Namespace, name, handler)


def _path(parser: Any) -> list[Node]:
    """The open elements, outermost first; the first is the item itself."""
    context = parser._get_context()
    if MEDIA not in context:
        context[MEDIA] = node("item", {})
        context[OPEN] = [context[MEDIA]]
    path: list[Node] = context[OPEN]
    return path


def _start(kind: str) -> Callable[[Any, Mapping[str, str]], None]:
    def start(parser: Any, attributes: Mapping[str, str]) -> None:
        path, made = _path(parser), node(kind, attributes)
        path[-1]["parts"].append(made)
        if len(path) < DEPTH_MAX:
            path.append(made)

    return start


def _end(kind: str) -> Callable[[Any], None]:
    def end(parser: Any) -> None:
        path = _path(parser)
        if path[-1]["kind"] == kind:
            path.pop()

    return end


def _start_text(parser: Any, attributes: Mapping[str, str]) -> None:
    parser.push("media_text", 1)


def _end_text(name: str) -> Callable[[Any], None]:
    def end(parser: Any) -> None:
        _path(parser)[-1].setdefault(name, parser.pop("media_text") or "")

    return end


def _start_credit(parser: Any, attributes: Mapping[str, str]) -> None:
    _path(parser)[-1]["credits"].append({"role": attributes.get("role", "")})
    parser.push("media_text", 1)


def _end_credit(parser: Any) -> None:
    credit, found = parser.pop("media_text") or "", _path(parser)[-1]["credits"]
    if found:
        found[-1].setdefault("name", credit)


def _start_thumbnail(parser: Any, attributes: Mapping[str, str]) -> None:
    _path(parser)[-1]["thumbnails"].append(dict(attributes))
    parser.push("media_text", 1)


def _end_thumbnail(parser: Any) -> None:
    """Old feeds give the address as the element's text."""
    url, found = parser.pop("media_text") or "", _path(parser)[-1]["thumbnails"]
    if found:
        found[-1].setdefault("url", url)


HANDLERS: dict[str, Callable[..., None]] = {
    **{f"_start_media_{kind}": _start(kind) for kind in ("group", "content")},
    **{f"_end_media_{kind}": _end(kind) for kind in ("group", "content")},
    **{f"_start_media_{name}": _start_text for name in TEXTS},
    **{f"_end_media_{name}": _end_text(name) for name in TEXTS},
    "_start_media_credit": _start_credit,
    "_end_media_credit": _end_credit,
    "_start_media_thumbnail": _start_thumbnail,
    "_end_media_thumbnail": _end_thumbnail,
}
