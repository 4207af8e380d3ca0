"""feedparser's own test feeds, read: each opens with a comment whose `Expect:` is a Python expression about the parsed feed.

The expressions are never evaluated. They are parsed, and of each the equalities `entries[n].some.path == literal` are kept.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

HEADER = re.compile(rb"^\s*Header:\s*([\w-]+):\s*(.*?)\s*$", re.MULTILINE)
EXPECT = re.compile(rb"Expect:\s*(.*?)\s*$", re.MULTILINE)
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
ENCODINGS = ("utf-8", "utf-16", "utf-32", "cp037")  # in which a case's comment may be written

ATOM = re.compile(rb"<feed\s")
LITERAL_TITLE = re.compile(
    rb"<entry>(?:(?!<title).)*<title(?![^>]*\stype=)|<entry>.*<title[^>]*\stype=\"text(?:/plain)?\"", re.DOTALL
)
TITLES = ("title", "title_detail")
Path_ = tuple[str | int, ...]


class Claim(Struct, frozen=True):
    """What one equality of an expression says: `path` below entry `entry` has the value `expected`.

    `is_literal`: it is about a title that Atom declares (by saying nothing else) to be text, in which a tag is no markup.
    """

    entry: int
    path: Path_
    expected: Any
    is_literal: bool = False


class Case(Struct, frozen=True):
    """One file. `name` is its path below the folder, `headers` the HTTP headers (names in lower case) to serve it with."""

    name: str
    document: bytes
    headers: dict[str, str]
    claims: tuple[Claim, ...]

    @property
    def charset(self) -> str | None:
        """The charset that the Content-Type header names."""
        found = CHARSET.search(self.headers.get("content-type", ""))
        return found[1] if found else None


def cases(folder: Path) -> Iterator[Case]:
    """All cases below `folder` that say something about an entry, by name."""
    for path in sorted(folder.rglob("*.xml")):
        document = path.read_bytes()
        opening = _opening(document)
        is_literal = bool(ATOM.search(document)) and LITERAL_TITLE.search(document) is not None
        claims = tuple(replace(claim, is_literal=is_literal and claim.path[0] in TITLES) for claim in _claims(opening))
        if claims:
            headers = {name.decode().lower(): value.decode() for name, value in HEADER.findall(opening)}
            yield Case(path.relative_to(folder).as_posix(), document, headers, claims)


def _opening(document: bytes) -> bytes:
    """The comment at the top, in UTF-8, whatever the document's own encoding."""
    for encoding in ENCODINGS:
        text = document.decode(encoding, "ignore")
        if "Expect:" in text and "<!--" in text:
            return text[text.index("<!--") : text.index("-->") if "-->" in text else None].encode()
    return b""


def _claims(opening: bytes) -> Iterator[Claim]:
    for expression in EXPECT.findall(opening):
        try:
            tree = ast.parse(expression.decode(), mode="eval").body
        except SyntaxError:
            continue
        for part in _conjuncts(tree):
            yield from _equalities(part)


def _conjuncts(tree: ast.expr) -> Iterator[ast.expr]:
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for value in tree.values:
            yield from _conjuncts(value)
    else:
        yield tree


def _equalities(tree: ast.expr) -> Iterator[Claim]:
    """`a == b == literal` says it of both; a value that is no literal says nothing."""
    if not isinstance(tree, ast.Compare) or not all(isinstance(operator, ast.Eq) for operator in tree.ops):
        return
    try:
        expected = ast.literal_eval(tree.comparators[-1])
    except (ValueError, SyntaxError):
        return
    for side in (tree.left, *tree.comparators[:-1]):
        path = _path(side)
        if path and path[0] == "entries" and len(path) > 2 and isinstance(path[1], int):
            yield Claim(path[1], path[2:], expected)


def _path(tree: ast.expr) -> Path_ | None:
    """`entries[0]['tags'][1].term` as a tuple; None for any other expression."""
    if isinstance(tree, ast.Name):
        return (tree.id,)
    if isinstance(tree, ast.Attribute):
        inner = _path(tree.value)
        return (*inner, tree.attr) if inner else None
    if isinstance(tree, ast.Subscript) and isinstance(tree.slice, ast.Constant) and isinstance(tree.slice.value, str | int):
        inner = _path(tree.value)
        return (*inner, tree.slice.value) if inner else None
    return None
