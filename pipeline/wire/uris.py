"""URIs as ninjs wants them for ids: RFC 3986, ASCII only. Links that readers follow are `links.py`'s business."""

import re
from urllib.parse import quote

from pipeline.wire.plain import one_line

URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,30}:(?=\S)"
    r"(?://[A-Za-z0-9._~-]*(?::\d{1,5})?(?=[/?#]|\Z)|(?!//))"
    r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*(?:\#(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?"
)
URI_CHARS_MAX = 2_048  # the longest signed link of a picture service has 900


def uri_of(text: str) -> str:
    """`text` where it is a URI as ninjs wants them, else ""."""
    return text if len(text) <= URI_CHARS_MAX and URI.fullmatch(text) else ""


def as_uri(text: str, of: str) -> str:
    """A URI for any id: itself, or percent-encoded; below `urn:newswire:<of>:` where it has no scheme of its own."""
    if uri := uri_of(text):
        return uri
    quoted = quote(one_line(text)[:URI_CHARS_MAX], safe=":/-._~=+@,;!$*()")
    return uri_of(quoted) or f"urn:newswire:{of}:{quoted}"
