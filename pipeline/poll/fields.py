"""Reads from an item's bytes the few texts that tell one item from another. For identity only: `formats/` reads them properly.

The same bytes give the same texts whether the document around them was well-formed or not, so an item keeps its key when a
neighbour breaks the feed. Pure.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.poll.bytescan import tag_end

DAY_S = 86_400
MINUTE_S = 60

CDATA = re.compile(rb"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));")
NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
ATTRIBUTE = re.compile(rb"\s([A-Za-z_:][A-Za-z0-9_.:-]{0,63})\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")
TTL = re.compile(rb"<ttl>\s*(\d{1,6})\s*</ttl>")
PERIOD = re.compile(rb"<sy:updatePeriod>\s*(hourly|daily|weekly|monthly|yearly)\s*</", re.IGNORECASE)
FREQUENCY = re.compile(rb"<sy:updateFrequency>\s*(\d{1,4})\s*</")
PERIODS_S = {b"hourly": 3600, b"daily": DAY_S, b"weekly": 7 * DAY_S, b"monthly": 30 * DAY_S, b"yearly": 365 * DAY_S}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Raw texts, white space collapsed, "" when absent. `text_range` is the place of the longest text within the item."""

    guid: str = ""
    link: str = ""
    title: str = ""
    published: str = ""
    text_range: tuple[int, int] = (0, 0)


def read(item: bytes, places: Iterable[tuple[str, int, int]]) -> Fields:
    """`places` are (kind, start, end) within `item`, in document order."""
    found: dict[str, list[bytes]] = {}
    text_range = (0, 0)
    for kind, start, end in places:
        if kind != "text":
            found.setdefault(kind, []).append(item[start:end])
        elif end - start > text_range[1] - text_range[0]:
            text_range = (start, end)
    guids = found.get("guid", [])
    guid = _first(guids) or attributes(item).get(b"rdf:about", "")
    return Fields(
        guid=guid,
        link=_link(found.get("link", ())) or (guid if _is_permalink(guids) else ""),
        title=_first(found.get("title", ())),
        published=_first(found.get("published", ())) or _first(found.get("updated", ())),
        text_range=text_range,
    )


def text_of(element: bytes) -> str:
    """The text of an element given with its tags: CDATA unwrapped, the references of XML itself resolved, space collapsed."""
    body = element[tag_end(element, 0) :]
    close = body.rfind(b"</")
    body = body[:close] if close >= 0 else body
    if b"<![" not in body:
        return " ".join(unescape(body.decode("utf-8", "replace")).split())
    parts = CDATA.split(body)  # text, CDATA, text, …
    texts = [part.decode("utf-8", "replace") for part in parts]
    texts[::2] = [unescape(text) for text in texts[::2]]
    return " ".join("".join(texts).split())


def attributes(element: bytes) -> dict[bytes, str]:
    """The attributes of the element's start tag, names in lower case."""
    tag = element[: tag_end(element, 0)]
    return {
        name.lower(): unescape((double or single).decode("utf-8", "replace")).strip()
        for name, double, single in ATTRIBUTE.findall(tag)
    }


def unescape(text: str) -> str:
    """Character references and XML's five entities, nothing more: HTML's `&copy=1` in a link is a parameter, not a sign."""
    return REFERENCE.sub(_character, text) if "&" in text else text


def declared_interval_s(frame: bytes) -> float:
    """What a feed says about its own pace (`ttl` in minutes, `sy:updatePeriod` / `sy:updateFrequency`), 0 if it says nothing."""
    if ttl := TTL.search(frame):
        return float(ttl[1]) * MINUTE_S
    if not (period := PERIOD.search(frame)):
        return 0.0
    frequency = FREQUENCY.search(frame)
    return PERIODS_S[period[1].lower()] / max(1, int(frequency[1]) if frequency else 1)


def _first(elements: Sequence[bytes]) -> str:
    return next((text for element in elements if (text := text_of(element))), "")


def _link(elements: Sequence[bytes]) -> str:
    """RSS has the link as text; Atom has many, of which the page is `rel="alternate"` or without `rel`, HTML before others."""
    if text := _first(elements):
        return text
    tags = [attributes(element) for element in elements]
    pages = [tag for tag in tags if tag.get(b"href") and tag.get(b"rel", "alternate").lower() == "alternate"]
    pages.sort(key=lambda tag: tag.get(b"type", "text/html") not in ("text/html", "application/xhtml+xml"))
    return pages[0][b"href"] if pages else ""


def _is_permalink(guids: list[bytes]) -> bool:
    """RSS 2.0: a guid is the item's page unless it says `isPermaLink="false"`. An Atom id never is."""
    return bool(guids) and guids[0][:5].lower() == b"<guid" and attributes(guids[0]).get(b"ispermalink", "true").lower() == "true"


def _character(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if 0x20 <= code < 0xD800 or 0xE000 <= code < 0x110000 else " "
