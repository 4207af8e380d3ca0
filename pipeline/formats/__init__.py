"""From the bytes of one item to the source's facts: one switch, one module per format.

A format's module is imported at its first item, so that a worker pays for the formats it meets. What each of them reads is in
`table.py`, how documents of several items are taken apart in `split.py`.
"""

from importlib import import_module

from pipeline.formats.parsed import Parsed
from pipeline.formats.sniff import sniff
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject

# format → its module; in the order in which `newswire formats` shows them
MODULES = {
    "rss": "syndication",
    "atom": "syndication",
    "rdf": "syndication",
    "jsonfeed": "jsonfeed",
    "newsmlg2": "newsml",
    "newsml12": "newsml12",
    "nitf": "nitf",
    "ninjs": "ninjs",
    "digitalwires": "digitalwires",
    "ap": "ap",
    "anpa": "anpa",
    "iptc7901": "iptc7901",
    "text": "text",
}
KNOWN = tuple(MODULES)
SYNDICATION = ("rss", "atom", "rdf")
WIRES = tuple(format_ for format_ in KNOWN if format_ not in (*SYNDICATION, "text"))  # whose bytes alone tell them from all else


def parse(item: RawItem, format_: str = "") -> Parsed | Reject:
    """The facts of one item, or why it has none. Never raises, whatever the bytes. `format_` is what `detect` said, if asked."""
    format_ = format_ or detect(item.value, item.format)
    if format_ not in MODULES:
        return Reject(Reason.UNKNOWN_FORMAT, f"declared {item.format or 'nothing'!r}, looks like {format_}")
    found: Parsed | Reject = import_module(f"pipeline.formats.{MODULES[format_]}").parse(item)
    return found


def detect(value: bytes, declared: str) -> str:
    """The format: the declared one where it is known and the bytes are not certainly another's, else what the bytes look like.

    One of KNOWN, or a word for what it is instead: `html`, `json`, `xml`, `binary`, `empty`. What is broken contradicts nothing:
    the declared format's parser says best what is wrong with it.
    """
    if declared not in MODULES:
        return sniff(value)
    found = sniff(value)
    is_contradicted = found in MODULES and found != "text" and MODULES[found] != MODULES[declared]
    return found if is_contradicted else declared
