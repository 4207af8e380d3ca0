"""`newswire formats`, and that its table says what the parsers do: no field too many, none too few."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli.formats import matrix
from pipeline.formats import detect, parse
from pipeline.formats.parsed import Parsed
from pipeline.formats.split import split
from pipeline.formats.table import BOOKKEEPING, BY_NAME, FIELDS, FORMATS
from pipeline.poll.slice import Cut, cut
from tests.builders import NOW, atom, raw_item, rss

ROOT = Path(__file__).parent.parent
FIXTURES = sorted(
    path
    for path in (ROOT / "tests" / "formats").rglob("*")
    if path.suffix in (".xml", ".txt", ".json", ".wire") and not path.name.endswith(".expected.json")
)
RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel rdf:about="x"><title>T</title>
<dc:rights>(c) Example</dc:rights></channel><item rdf:about="https://example.test/a"><title>A</title><description>Short.</description>
<content:encoded>&lt;p&gt;A long &lt;b&gt;text&lt;/b&gt;.&lt;/p&gt;</content:encoded><dc:subject>Sea</dc:subject>
<dc:date>2026-03-01</dc:date>
<dcterms:issued xmlns:dcterms="http://purl.org/dc/terms/">2026-03-01</dcterms:issued></item></rdf:RDF>"""
G2 = b"""<newsItem guid="urn:example:1" version="1"><itemMeta><expires>2026-04-01T00:00:00Z</expires></itemMeta><contentMeta>
<headline>A</headline></contentMeta></newsItem>"""
NEWSML12 = b"""<NewsML><NewsItem><NewsComponent><NewsLines><HeadLine>A</HeadLine></NewsLines>
<AdministrativeMetadata><Contributor><Party FormalName="Bo Example"/></Contributor></AdministrativeMetadata>
<ContentItem><DataContent><nitf><head/><body>
<body.head><abstract><p>Short.</p></abstract></body.head><body.content><p>Long.</p></body.content></body></nitf></DataContent>
</ContentItem></NewsComponent></NewsItem></NewsML>"""
MORE = (  # what the fixtures in the folder do not say
    RDF,
    G2,
    NEWSML12,
    rss(
        "<title>A</title><dc:language>de</dc:language><pubDate>x</pubDate><expirationDate>z</expirationDate>"
        "<atom:updated xmlns:atom='http://www.w3.org/2005/Atom'>y</atom:updated>"
    ),
    atom("<title xml:lang='de'>A</title><published>2026-03-01T07:00:00Z</published><rights>(c)</rights><summary>S</summary>"),
    json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "T",
            "items": [
                {"id": "a", "url": "https://example.test/a", "external_url": "https://other.test/a", "summary": "Only this."},
            ],
        }
    ).encode(),
    json.dumps(
        {
            "uri": "urn:example:1",
            "standard": {"name": "ninjs", "version": "3.1"},
            "representationType": "partial",
            "descriptions": [
                {"role": "summary", "value": "S"},
                {"role": "caption", "value": "C"},
                {"role": "creditline", "value": "EXAMPLE"},
            ],
        }
    ).encode(),
    json.dumps(
        {
            "format": "digitalwires@0.9.1",
            "urn": "urn:newsml:example.test:1",
            "version": 1,
            "version_created": "2026-03-01T08:00:00+01:00",
            "content_created": "2026-03-01T07:00:00+01:00",
            "embargoed": "2026-03-02T08:00:00+01:00",
            "headline": "Kopf",
            "article_html": "<section><p>Text.</p></section>",
            "categories": [
                {"type": "dnltype:located", "name": "Oslo", "qcode": "x:1", "rank": 1},
                {"type": "dnltype:person", "name": "Ann Example", "qcode": "x:2", "rank": 1},
                {"type": "dnltype:organisation", "name": "Example Rowers", "qcode": "x:4", "rank": 1},
                {"type": "dnltype:contributor", "name": "Bo Example", "qcode": "x:3", "rank": 1},
            ],
            "associations": [
                {"urn": "urn:newsml:example.test:1", "type": "audio", "renditions": [{"url": "https://example.test/a.mp3"}]}
            ],
        }
    ).encode(),
)


def documents(files: list[Path]) -> Iterator[bytes]:
    """Fixtures of this repository, then what they lack."""
    yield from (path.read_bytes() for path in files)
    yield from MORE


def filled(bodies: Iterator[bytes]) -> dict[str, set[str]]:
    """Format → the fields that its parser filled for some item."""
    found: dict[str, set[str]] = {row.name: set() for row in FORMATS}
    empty = Parsed()
    for format_, value in items(bodies):
        facts = parse(raw_item(value=value, format=format_, fetched_at=NOW))
        if isinstance(facts, Parsed):
            found[format_] |= {name for name in FIELDS if getattr(facts, name) != getattr(empty, name)}
    return found


def items(bodies: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """Every item of the documents, with its format."""
    for body in bodies:
        format_ = detect(body, "")
        if format_ in ("rss", "atom", "rdf"):
            taken = cut(body)
            if isinstance(taken, Cut):
                yield from ((taken.format, piece.value) for piece in taken.items)
        elif format_ in BY_NAME:
            yield from ((format_, piece.value) for piece in split(body, format_, NOW))


FILLED = filled(documents(FIXTURES))


@pytest.mark.parametrize("format_", BY_NAME)
def test_a_claimed_field_is_filled_by_a_fixture(format_: str) -> None:
    assert sorted(set(BY_NAME[format_].fields) - FILLED[format_]) == []


@pytest.mark.parametrize("format_", BY_NAME)
def test_a_filled_field_is_claimed(format_: str) -> None:
    assert sorted(FILLED[format_] - set(BY_NAME[format_].fields)) == []


def test_no_sample_fills_what_is_not_claimed(shared: Path) -> None:
    folders = ("newsml-g2/examples", "ninjs/examples", "ninjs/test_suite", "dpa-digitalwires", "feeds/gofeed", "feeds/reader")
    files = [path for folder in folders for path in sorted((shared / folder).rglob("*")) if path.suffix in (".xml", ".json")]
    found = filled(path.read_bytes() for path in files)
    assert {name: extra for name, fields in found.items() if (extra := fields - set(BY_NAME[name].fields))} == {}


def test_the_table_names_only_fields_that_there_are() -> None:
    for row in FORMATS:
        assert len(set(row.fields)) == len(row.fields)
        assert set(row.fields) <= set(FIELDS)
    assert set(Parsed.__struct_fields__) >= BOOKKEEPING


def test_the_matrix_has_a_mark_for_each_claim() -> None:
    header, *lines = matrix()
    assert header.split() == [row.name for row in FORMATS]
    assert {line.split()[0]: line.count("●") for line in lines} == {
        name: count for name in FIELDS if (count := sum(name in row.fields for row in FORMATS))
    }


def test_the_command_prints_both_forms() -> None:
    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "pipeline", "formats", *arguments]
        return subprocess.run(command, capture_output=True, timeout=60, check=True, text=True, cwd=ROOT).stdout

    rows = json.loads(run("--json"))
    assert [row["name"] for row in rows] == list(BY_NAME)
    assert rows[0].keys() == {"name", "title", "versions", "has_several", "fields"}
    text = run()
    assert all(row.title in text and row.versions in text for row in FORMATS)
    assert "\n".join(matrix()) in text
