"""Links as they may be shown: absolute, http or https, valid. Canonical forms for identity are `poll/urls.py`'s business."""

import re

from yarl import URL

URL_CHARS_MAX = 4_096  # longer "links" are data: URIs and broken markup
# What needs no second look: most links. Everything else goes through yarl, at 15 µs.
PLAIN = re.compile(r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?:/[A-Za-z0-9._~/-]*)?(?:\?[A-Za-z0-9._~=&/-]*)?")
HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9a-fA-F:.]+")  # a name in its ASCII form, or an IPv6 address
SPACE = re.compile(r"[\t\n\r]+")  # browsers drop these inside a link


def absolute(link: str, base: str = "") -> str:
    """`link` resolved against `base`, percent-encoded, without credentials; "" for what is not an http(s) link in the end."""
    link = link.strip()
    if not link or len(link) > URL_CHARS_MAX:
        return ""
    if PLAIN.fullmatch(link):
        return link
    try:
        url = URL(SPACE.sub("", link))
        if not url.scheme and base:
            url = URL(base).join(url)
        if url.scheme not in ("http", "https") or not HOST.fullmatch(url.raw_host or ""):
            return ""
        return str(url if url.raw_user is None and url.raw_password is None else url.with_user(None))
    except (ValueError, UnicodeError):
        return ""
