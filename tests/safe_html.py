"""Whether HTML may be shown: read by a parser, judged by elements, attributes and schemes. Lists what is allowed, not attacks.

`dangers` takes any HTML. `is_canonical` says that there is only one way to read it, so that no browser sees what the parser here
does not: every tag is closed, every attribute quoted, every other "<" and ">" escaped.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

ELEMENT_NAMES = (
    "a abbr address article aside b bdi bdo blockquote br caption center cite code dd del details dfn div dl dt em figcaption "
    "figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span "
    "strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
ATTRIBUTE_NAMES = "alt cite colspan datetime dir height href lang rel rowspan src start title width"
ELEMENTS, ATTRIBUTES = frozenset(ELEMENT_NAMES.split()), frozenset(ATTRIBUTE_NAMES.split())
LINKS = frozenset(("href", "src", "cite"))
SCHEMES = {"href": ("http", "https", "mailto"), "src": ("http", "https"), "cite": ("http", "https")}
# What browsers take away from a link before they look at its scheme (WHATWG URL, section 4.4).
IGNORED_AT_ENDS = "".join(map(chr, range(0x21)))
IGNORED_INSIDE = re.compile(r"[\t\n\r]")
CANONICAL = re.compile(r"(?:[^<>]|</?[a-z][a-z0-9]*(?: [a-z]+=\"[^\"<>]*\")*>)*")


class _Reader(HTMLParser):
    """Collects what stands in the document apart from text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ELEMENTS:
            self.found.append(f"element {tag}")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.found.append(f"attribute {name} of {tag}")
            if name in LINKS:
                self.found.extend(_link_faults(name, value or ""))

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.found.append("declaration")

    def unknown_decl(self, data: str) -> None:
        self.found.append("declaration")

    def handle_pi(self, data: str) -> None:
        self.found.append("processing instruction")


def dangers(html: str) -> list[str]:
    """What in the document is not known to be harmless, in words; none for HTML that may be shown."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


def is_canonical(html: str) -> bool:
    """Whether all parsers read it alike."""
    return CANONICAL.fullmatch(html) is not None


def _link_faults(name: str, link: str) -> Iterator[str]:
    seen = IGNORED_INSIDE.sub("", link.strip(IGNORED_AT_ENDS))
    try:
        scheme = urlsplit(seen).scheme
    except ValueError:
        scheme = "unreadable"
    if scheme not in SCHEMES[name]:
        yield f"{name} of scheme {scheme!r}"
