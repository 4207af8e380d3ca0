"""The canonical form of a link: one page, one string. Rules as tables, idempotent, pure.

What may differ between two links to one page is folded (scheme, host case, default port, `www.`, dot segments, escapes, trackers,
parameter order); what a site may mean by a link stays (path case, trailing slash, all other parameters).
"""

import re
from urllib.parse import urlsplit

URL_LENGTH_MAX = 4_096  # longer "links" are data: URIs and broken markup

HOST_PREFIXES = ("www.", "m.", "mobile.", "amp.")
TRACKER_PREFIXES = ("utm_", "mtm_", "hsa_", "at_", "wt_", "wt.", "ns_", "itm_", "_hs", "oly_", "vero_")
TRACKERS = frozenset(
    {
        "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "igsh",
        "mc_cid", "mc_eid", "mkt_tok", "_ga", "_gl", "_openstat", "ncid", "ocid", "cmpid", "cmp", "ito", "icid", "smid", "smtyp",
        "spm", "xtor", "wtmc", "wtrid", "traffic_source", "campaign_id", "__twitter_impression", "sharetype",
        "pk_campaign", "pk_kwd", "pk_keyword", "pk_source", "pk_medium", "pk_content", "pk_cid", "pk_vid",
    }
)  # fmt: skip
# Parameters that are trackers only with these values: `?ref=rss`, `?feedType=RSS`; `?source=ap` may choose the article.
WORDS = frozenset({"rss", "rss2", "rss_feed", "rssfeed", "atom", "feed", "xml"})
WORD_TRACKERS = frozenset(
    {"ref", "src", "source", "from", "partner", "feedtype", "feed", "cid", "via", "rss", "origin", "medium"}
)
WITH_FEED_TYPE = frozenset({"feedname", "virtualbrandchannel"})  # Reuters: ?feedType=RSS&feedName=topNews

ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
UNSAFE = re.compile(r"[^A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]|%(?![0-9A-Fa-f]{2})")
PORTS = {"http": 80, "https": 443}


def canonical_url(url: str) -> str:
    """The canonical form of an http(s) link, "" for anything else. Twice gives the same as once.

    http and https fold into https: sites move from one to the other, no site serves two articles by scheme.
    """
    url = url.strip()
    if len(url) > URL_LENGTH_MAX or any(character.isspace() for character in url):
        return ""
    try:
        parts = urlsplit(url)
        host, port = _host(parts.hostname or ""), parts.port
    except (ValueError, UnicodeError):
        return ""
    scheme = parts.scheme.lower()
    if scheme not in PORTS or not host:
        return ""
    # Two names of one default: http on 80 and https on 443.
    authority = host if port in (None, 80, 443) else f"{host}:{port}"
    route = f"#{_escaped(parts.fragment)}" if parts.fragment[:1] in ("!", "/") else ""
    query = _query(parts.query)
    return f"https://{authority}{_path(parts.path)}{'?' + query if query else ''}{route}"


def is_article_link(canonical: str) -> bool:
    """Whether a canonical URL can name one article: a site's front page cannot."""
    return bool(canonical.removeprefix("https://").partition("/")[2])


def _host(host: str) -> str:
    host = host.rstrip(".").lower()
    if ":" in host:
        return f"[{host}]"
    if not host.isascii():
        host = host.encode("idna").decode("ascii").lower().rstrip(".")
    if not re.fullmatch(r"[a-z0-9._-]+", host):
        return ""
    while True:
        prefix = next((p for p in HOST_PREFIXES if host.startswith(p) and "." in host[len(p) :].strip(".")), "")
        if not prefix:
            return host
        host = host[len(prefix) :].lstrip(".")


def _path(path: str) -> str:
    """RFC 3986 5.2.4 dot segments; escapes in one way."""
    segments: list[str] = []
    path = _escaped(path)
    for segment in path.split("/")[1:]:
        if segment == "..":
            if segments:
                segments.pop()
        elif segment != ".":
            segments.append(segment)
    if path.endswith(("/.", "/..")) and segments and segments[-1]:
        segments.append("")
    return "/" + "/".join(segments)


def _query(query: str) -> str:
    pairs = [_escaped(pair) for pair in query.split("&") if pair]
    names = {pair.partition("=")[0].lower() for pair in pairs}
    return "&".join(sorted(pair for pair in pairs if not _is_tracker(pair, names)))


def _is_tracker(pair: str, names: set[str]) -> bool:
    name, _, value = pair.partition("=")
    name = name.lower()
    if name in TRACKERS or name.startswith(TRACKER_PREFIXES):
        return True
    return (name in WORD_TRACKERS and value.lower() in WORDS) or (name in WITH_FEED_TYPE and "feedtype" in names)


def _escaped(text: str) -> str:
    """Escapes what must be, unescapes what need not be, escapes in upper case."""
    text = UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")), text)
    return ESCAPE.sub(_escape, text) if "%" in text else text


def _escape(found: re.Match[str]) -> str:
    byte = int(found[1], 16)
    return chr(byte) if byte in UNRESERVED else found[0].upper()
