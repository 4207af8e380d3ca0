"""What any format yields: the source's facts, before anything is decided about them. No bytes of the format survive in here."""

from typing import Literal

from msgspec import Struct


class Category(Struct, frozen=True, kw_only=True):
    """A category as the source named it; `uri` only where the source gave one."""

    name: str = ""
    uri: str = ""


class Parsed(Struct, frozen=True, kw_only=True):
    """One item's facts. "" and () mean that the source does not say.

    `headline`, `authors`, `rights`, `source_title` are single lines of plain text, `body_text` and `summary` paragraphs separated
    by a blank line, `body_html` is safe to show. `link` is absolute. `published` and `updated` are raw: `wire.dates` reads them.
    `is_summary` says that the body is all the source gives of a longer text. `item_language` was declared for the item,
    `language` for the whole feed. `charset` is the evidence, where the format had to find it. `rules` fired while furniture was
    taken away, `problems` are what had to be put right.
    """

    headline: str = ""
    body_text: str = ""
    body_html: str = ""
    is_summary: bool = False
    summary: str = ""
    link: str = ""
    guid: str = ""
    published: str = ""
    updated: str = ""
    authors: tuple[str, ...] = ()
    author_evidence: Literal["byline", "metadata"] = "metadata"
    located: str = ""
    categories: tuple[Category, ...] = ()
    item_language: str = ""
    language: str = ""
    rights: str = ""
    source_title: str = ""
    charset: str = ""
    rules: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
