"""The main text of an item that may come as plain text, as HTML, or as both. Shared by the JSON formats."""

import re

from msgspec import Struct

from pipeline.formats.markup import has_markup, safe_html, text_of_html, text_of_safe
from pipeline.wire.plain import paragraphs

SPACE = re.compile(r"\s+")


class Body(Struct, frozen=True):
    """`text` is paragraphs, `html` safe to show; `rules` fired, `problems` were met."""

    text: str = ""
    html: str = ""
    rules: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_body(plain: str, html: str, base: str) -> Body:
    """The source's own plain text where it has one; its paragraphs from the HTML where the plain text lost them."""
    marked = read_html(html, base)
    text = read_plain(plain)
    if not text:
        return marked
    if "\n" not in text and "\n" in marked.text and SPACE.sub("", text) == SPACE.sub("", marked.text):
        return Body(marked.text, marked.html, ("body.paragraphs_from_html",), marked.problems)
    return Body(text, marked.html, (), marked.problems)


def read_plain(plain: str) -> str:
    """Paragraphs; where there is no blank line anywhere, each line is one."""
    text = paragraphs(plain)
    return text if "\n\n" in text else text.replace("\n", "\n\n")


def read_html(raw: str, base: str) -> Body:
    """HTML as text and as HTML that is safe to show; `base` resolves its links."""
    if not has_markup(raw):
        return Body(text_of_html(raw))
    html = safe_html(raw, base)
    if html and (text := text_of_safe(html)):
        return Body(text, html if has_markup(html) else "")
    text = text_of_html(raw)
    return Body(text, "", (), ("html.too_large" if html is None else "html.broken",) if text else ())


def read_either(raw: str) -> str:
    """The text of what is plain in one source and HTML in the next, and is never said to be either: captions."""
    return text_of_html(raw) if has_markup(raw) else paragraphs(raw)
