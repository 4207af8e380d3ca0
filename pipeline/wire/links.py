"""Links as they may be shown: absolute, http or https, valid. Canonical forms for identity are `poll/urls.py`'s business."""

import re

from yarl import URL

URL_CHARS_MAX = 4_096  # longer "links" are data: URIs and broken markup
# What needs no second look: most links. Everything else goes through yarl, at 15 µs.
PLAIN = re.compile(r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?:/[A-Za-z0-9._~/-]*)?(?:\?[A-Za-z0-9._~=&/-]*)?")
SPACE = re.compile(r"[\t\n\r]+")  # browsers drop these inside a link


def absolute(link: str, base: str = "") -> str:
    """`link` resolved against `base`, percent-encoded; "" for what is not an http(s) link in the end."""
    link = link.strip()
    if not link or len(link) > URL_CHARS_MAX:
        return ""
    if PLAIN.fullmatch(link):
        return link
    try:
        url = URL(SPACE.sub("", link))
        if not url.absolute and base:
            url = URL(base).join(url)
        return str(url) if url.scheme in ("http", "https") and url.host and _is_uri(str(url)) else ""
    except (ValueError, UnicodeError):
        return ""


def _is_uri(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url
