"""Hypothesis strategies for hostile text and for items made of it."""

from xml.sax.saxutils import escape

from hypothesis import strategies as st

from pipeline import codec
from pipeline.records import RawItem
from tests.builders import atom, raw_item, rss

# What breaks parsers: markup in all states of decay, references to nothing, controls, direction marks, surrogates, long runs.
FRAGMENTS = (
    "<p>", "</p>", "<br/>", "<b>", "</b>", "<script>alert(1)</script>", "<style>p{}</style>", "<!--", "-->",
    "<![CDATA[", "]]>", "<a href='javascript:alert(1)'>", "<a href=\"/relative\">", "<img src=x onerror=y>", "</div>",
    "<div", "<", ">", "&", "&amp;", "&lt;b&gt;", "&nbsp;", "&#0;", "&#xD800;", "&#99999999999;", "&bogus;", "\x00",
    "\x0b", "\u202e", "\ufeff", "\ufffe", "\u2028", "\r\n", "\n\n", "\t", " " * 40, "x" * 300, "Kyiv", "U.S.",
    "St. John’s", "By Reuters", "Ελλάδα", "東京", "😀", "İ", "ß", "…",
)  # fmt: skip

plain_text = st.text(max_size=80)
hostile_text = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=12), max_size=12).map("".join)
dates = st.sampled_from(
    (
        "",
        "Sun, 01 Mar 2026 07:00:00 GMT",
        "2026-02-30",
        "1760429730",
        "2026-03-01T07:00:00+99:99",
        "Thu, 01 Jan 1970 00:00:00 CET",
    )
) | st.text(max_size=20)


@st.composite
def fields(draw: st.DrawFn) -> str:
    """The inside of an RSS item: well-formed around hostile texts."""
    parts = {
        "title": hostile_text, "description": hostile_text, "content:encoded": hostile_text, "link": hostile_text,
        "guid": plain_text, "pubDate": dates, "dc:creator": hostile_text, "category": hostile_text, "dc:language": plain_text,
    }  # fmt: skip
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), max_size=6))
    return "".join(f"<{name}>{escape(draw(parts[name]))}</{name}>" for name in chosen)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """A document as a slicer might pass it on, whole or damaged."""
    entry = atom(f"<title type='html'>{escape(draw(hostile_text))}</title><summary>{draw(hostile_text)}</summary>")
    document = draw(st.sampled_from((rss(draw(fields())), entry, draw(hostile_text).encode("utf-8", "replace"))))
    return draw(
        st.sampled_from((document, document[: len(document) // 2], document.replace(b">", b"", 1), draw(st.binary(max_size=60))))
    )


raw_items: st.SearchStrategy[RawItem] = st.builds(
    raw_item,
    value=documents(),
    format=st.sampled_from(("rss", "atom", "rdf", "text", "", "nitf")),
    charset=st.sampled_from(("", "utf-8", "windows-1252", "utf-7", "nonsense")),
    key=st.text(min_size=1, max_size=20),
    language=st.sampled_from(("", "en", "de-AT", "klingon")),
)


# ── wire copy ────────────────────────────────────────────────────────────────────────────────────────────────────────

HEADLINES = ("Harbour bridge opens again", "Cabinet clears the bill (with conditions)", "UK-Australia deal splits farmers")
TAGGED = ("", "UPDATE 2-", "CORRECTED-UPDATE 1-", "RPT-", "Exclusive: ", "(2nd LD) ", "KORR-", "WITHDRAWAL: ")
SUFFIXED = ("", " By Reuters", " - Reuters", " | Reuters")
NOTED = ("", "(Adds comments, detail)", "Eds: Adds full-year results.", "(Corrects date in paragraph 3)")
CAPTIONS = (
    "",
    "© Reuters. Boats at the pier, in Oslo, Norway March 1, 2026. REUTERS/Mara Lindqvist",
    "FILE PHOTO: The bridge before the storm. (AP Photo/Jane Doe)",
    "AP Photo XNP101, XNP102",
)
BYLINES = ("", "By Mara Lindqvist", "By MARA LINDQVIST and PER LUND", "Von Jutta Brandhorst, dpa", "By Reuters")
DATELINES = (
    "", "OSLO (Reuters) - ", "OSLO, March 1 (Reuters) -", "KYIV/LVIV (Reuters) – ", "NEW YORK (AP) — ", "Kiel (dpa) - ",
    "MOSCOW, February 28. /TASS/. ", "SEOUL, March 1 (Yonhap) -- ", "COLUMBUS, Ohio--(BUSINESS WIRE)--",
)  # fmt: skip
SENTENCES = (
    "The harbour bridge opened again on Sunday, the port office said.",
    "Two ferries went back to the old pier.",
    "“We waited for a year,” said Anna Berg, 44, who sells fish.",
    "Trump — the president — said nothing of the kind.",
    "The Reuters building (Reuters) reported no damage.",
    "Shares in Norland Paper <NPAP.OL> rose 4% ($1 = 10.12 crowns).",
    "Die Brücke blieb am Montag gesperrt.",
    "東京で橋が開いた。",
)
TAIL_PIECES = (
    "(Reporting by Mara Lindqvist in Oslo; Editing by Rosa Hale)",
    "($1 = 0.8812 euros)",
    "___",
    "Our Standards: The Thomson Reuters Trust Principles.",
    "© 2026 Nordpress. All rights reserved.",
    "((desk@wire.example.test; +47 000 00 000))",
    "Not for publication\n\nTom Quill, +47 000 0000",
)
CARRIED = ("rss", "atom", "jsonfeed", "ninjs", "digitalwires", "text")


@st.composite
def ordinary_copy(draw: st.DrawFn) -> tuple[str, str]:
    """A headline and a report with its furniture where wires have it: notes, caption, byline, dateline, text, end matter."""
    headline = "".join(draw(st.sampled_from(parts)) for parts in (TAGGED, HEADLINES, SUFFIXED))
    front = [draw(st.sampled_from(parts)) for parts in (NOTED, CAPTIONS, BYLINES)]
    report = draw(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4, unique=True))
    tail = draw(st.lists(st.sampled_from(TAIL_PIECES), max_size=3, unique=True))
    report[0] = draw(st.sampled_from(DATELINES)) + report[0]
    return headline, "\n\n".join(part for part in (*front, *report, *tail) if part)


@st.composite
def disordered_copy(draw: st.DrawFn) -> tuple[str, str]:
    """The same pieces in any order and number, with hostile text between them."""
    pieces = st.sampled_from((*NOTED, *CAPTIONS, *BYLINES, *DATELINES, *SENTENCES, *TAIL_PIECES)) | hostile_text
    headline = draw(hostile_text | st.tuples(st.sampled_from(TAGGED), hostile_text).map("".join))
    between = draw(st.sampled_from(("\n\n", "\n", " ", "")))
    return headline, between.join(draw(st.lists(pieces, max_size=8)))


def carried(copy: tuple[str, str], format_: str) -> RawItem:
    """The copy as one item of a format; as HTML where the format has it."""
    headline, text = (part.encode("utf-8", "replace").decode() for part in copy)
    html = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
    if format_ == "rss":
        value = rss(f"<title>{escape(escape(headline))}</title><content:encoded>{escape(html)}</content:encoded>")
    elif format_ == "atom":
        value = atom(f"<title>{escape(headline)}</title><content type='html'>{escape(html)}</content>")
    elif format_ == "jsonfeed":
        items = [{"id": "1", "title": headline, "content_html": html, "content_text": text}]
        value = codec.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Example World", "items": items})
    elif format_ == "ninjs":
        value = codec.dumps({"uri": "urn:example:1", "version": "1", "headline": headline, "body_text": text, "body_html": html})
    elif format_ == "digitalwires":
        entry = {"format": "digitalwires@0.9.1", "urn": "urn:example:1", "version": 1, "headline": headline, "article_html": html}
        value = codec.dumps({**entry, "dateline": "Kiel (dpa) - "})
    else:
        value = f"{headline}\n\n{text}".encode()
    return raw_item(value=value, format=format_)


def ordinary_items() -> st.SearchStrategy[RawItem]:
    """Reports as wires send them, in the formats that have no dateline of their own."""
    return st.builds(carried, ordinary_copy(), st.sampled_from([format_ for format_ in CARRIED if format_ != "digitalwires"]))


copy_items: st.SearchStrategy[RawItem] = st.builds(carried, ordinary_copy() | disordered_copy(), st.sampled_from(CARRIED))
