"""Hypothesis strategies for hostile text and for items made of it."""

from xml.sax.saxutils import escape

from hypothesis import strategies as st

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
