"""Which format fills which field of `Parsed`: one row a format, printed by `newswire formats`, held to the parsers by a test.

A field stands here when the format can say it and its parser reads it; whether one item says it is another matter.
"""

from msgspec import Struct

from pipeline.formats.parsed import Parsed

# How the facts were come by, not what the source says.
BOOKKEEPING = frozenset({"built", "charset", "is_one_text", "problems", "rules", "slugline_separator"})
FIELDS = tuple(name for name in Parsed.__struct_fields__ if name not in BOOKKEEPING)


class Format(Struct, frozen=True, kw_only=True):
    """One row: `name` as on records and in `formats.KNOWN`, `versions` read, whether a document can hold several items."""

    name: str
    title: str
    versions: str
    has_several: bool
    fields: tuple[str, ...]


def _row(name: str, title: str, versions: str, items: str, fields: str) -> Format:
    return Format(name=name, title=title, versions=versions, has_several=items == "several", fields=tuple(fields.split()))


FEED = "headline body_text body_html is_summary summary link guid published authors categories language rights source_title"
ITEM = (
    "headline headlines body_text body_html summary guid uri version type pub_status urgency urgency_scale signals item_language"
)
FORMATS = (
    _row("rss", "RSS", "0.9x–2.0", "several", f"{FEED} updated item_language associations expires"),
    _row("atom", "Atom", "0.3, 1.0", "several", f"{FEED} updated item_language associations"),
    _row("rdf", "RSS 1.0 (RDF)", "0.90, 1.0", "several", f"{FEED} updated item_language"),
    _row(
        "jsonfeed",
        "JSON Feed",
        "1.0–1.1",
        "several",
        "headline body_text body_html is_summary summary link guid published updated authors categories item_language "
        "language source_title associations renditions",
    ),
    _row(
        "newsmlg2",
        "IPTC NewsML-G2",
        "2.0–2.35",
        "several",
        f"{ITEM} title descriptions published updated authors located categories rights profile priority embargo "
        "expires first_created content_created slugline ed_notes byline dateline credit_line copyright_holder "
        "usage_terms genres people organisations places contributors info_sources alt_ids renditions associations "
        "service category not_for_publication",
    ),
    _row(
        "newsml12",
        "IPTC NewsML",
        "1.0–1.2",
        "several",
        f"{ITEM} published updated authors categories rights priority embargo first_created slugline ed_notes byline "
        "dateline credit_line copyright_holder genres places contributors info_sources alt_ids associations service",
    ),
    _row(
        "nitf",
        "IPTC NITF",
        "3.0–3.6",
        "one",
        "headline headlines title body_text body_html summary descriptions guid uri version type pub_status urgency "
        "urgency_scale signals published located categories rights embargo expires slugline ed_notes byline dateline "
        "credit_line copyright_holder usage_terms genres people organisations places info_sources alt_ids "
        "associations category",
    ),
    _row(
        "ninjs",
        "IPTC ninjs",
        "1.0–3.1",
        "several",
        f"{ITEM} title is_summary descriptions published updated located categories rights profile embargo expires "
        "first_created content_created slugline ed_notes byline credit_line copyright_holder usage_terms genres "
        "people organisations places info_sources alt_ids renditions associations trust_indicators",
    ),
    _row(
        "digitalwires",
        "dpa digital wires",
        "0.9.1",
        "one",
        f"{ITEM} descriptions bodies published updated authors located categories rights profile embargo "
        "content_created ed_notes byline dateline credit_line usage_terms genres people organisations places "
        "contributors info_sources alt_ids renditions associations service category not_for_publication",
    ),
    _row(
        "ap",
        "AP Media API",
        "1.x–2.2",
        "several",
        f"{ITEM} title published updated located categories rights profile priority embargo first_created slugline "
        "ed_notes byline usage_terms people organisations places info_sources alt_ids renditions associations "
        "category",
    ),
    _row(
        "anpa",
        "ANPA 1312",
        "1312",
        "several",
        "headline body_text body_html summary guid published slugline signals ed_notes embargo byline credit_line "
        "priority urgency urgency_scale category service",
    ),
    _row(
        "iptc7901",
        "IPTC 7901",
        "7901",
        "several",
        "headline body_text guid published slugline ed_notes byline credit_line priority urgency urgency_scale category service",
    ),
    _row("text", "plain text", "any", "one", "headline body_text"),
)
BY_NAME = {row.name: row for row in FORMATS}
