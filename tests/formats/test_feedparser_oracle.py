"""feedparser's own test cases through our way (cut, parse): what they say of an entry's fields must be what we read.

A claim is compared as its field promises: texts without markup (read by the standard library here), links resolved,
dates as instants. Where we differ on purpose stands in DIFFERENCES with the reason; a case there that agrees is an error.
"""

import re
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from pipeline.formats import parse
from pipeline.formats.parsed import Parsed
from pipeline.poll.guard import Refusal
from pipeline.poll.slice import cut
from pipeline.wire.dates import parse_instant, read_date
from tests.builders import NOW, raw_item
from tests.conftest import SHARED
from tests.formats.feedparser_cases import Case, Claim, cases

FOLDER = SHARED / "feeds" / "feedparser"
FLOOR: dict[str, Any] = tomllib.loads((Path(__file__).parent.parent / "quality" / "feedparser_floor.toml").read_text())["fields"]
URL = "https://feeds.example.test/feed.xml"
EMAIL = re.compile(r"\s*\(?\S+@[^\s()]+\)?")

NO_DRAWING = "drawings and formulas are removed with all they hold, and nothing else is in the item"
NO_TEXT = "a declaration cut short is no text for a reader"
NO_BINARY = "RFC 4287, section 4.1.3.3: content of a type that is no text is a file in base64, not a text to show"
DIFFERENCES = {
    "wellformed/atom/entry_title_naked_markup.xml": "elements inside a title are markup, not signs to show",
    "wellformed/atom10/entry_content_base64.xml": NO_BINARY,
    "wellformed/atom10/entry_content_base64_2.xml": NO_BINARY,
    "wellformed/media-rss/media_group.xml": "credits of a group without a file credit nothing that could be shown",
    "wellformed/namespace/atommathml.xml": NO_DRAWING,
    "wellformed/namespace/atomsvgdesc.xml": NO_DRAWING,
    "wellformed/namespace/atomsvgtitle.xml": NO_DRAWING,
    "wellformed/namespace/rss2.0mathml.xml": NO_DRAWING,
    "wellformed/namespace/rss2.0svgtitle.xml": NO_DRAWING,
    "wellformed/rss/item_description_not_a_doctype.xml": NO_TEXT,
    "wellformed/rss/item_description_not_a_doctype2.xml": NO_TEXT,
}


class _Text(HTMLParser):
    """The text of HTML by the standard library, with a space where an element may part words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def text_of(html: str) -> str:
    """Text without white space: where elements part words is not the cases' business."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    return squeezed("".join(reader.pieces))


def squeezed(text: str) -> str:
    """Without white space."""
    return "".join(text.split())


def is_text(expected: str, *found: str) -> bool:
    """The expected text is found: of an expectation with markup its text, or the markup itself where the source means it."""
    return any(squeezed(text) in (text_of(expected), squeezed(expected)) for text in found)


def is_date(expected: Any, raw: str) -> bool:
    """The same instant, or the same day where only the day is certain."""
    found = read_date(raw, NOW)
    if isinstance(expected, str):
        return raw == expected
    at = datetime(*expected[:6], tzinfo=UTC)
    return bool(found.value) and parse_instant(found.value) == (
        at if found.quality == "exact" else datetime(*expected[:3], tzinfo=UTC)
    )


def nth(found: tuple[Any, ...], claim: Claim) -> Any:
    """The element of a list that the claim is about, None where there are fewer."""
    number = next(part for part in claim.path if isinstance(part, int))
    return found[number] if number < len(found) else None


def _title(parsed: Parsed, claim: Claim) -> bool:
    return squeezed(parsed.headline) == (squeezed(claim.expected) if claim.is_literal else text_of(claim.expected))


def _tag(parsed: Parsed, claim: Claim) -> bool:
    category, name = nth(parsed.categories, claim), claim.path[-1]
    return category is not None and is_text(
        claim.expected, *((category.name,) if name == "label" else (category.literal or category.name, category.uri))
    )


def _enclosure(parsed: Parsed, claim: Claim) -> bool:
    found = nth(tuple(made for made in parsed.associations if made.name.startswith("enclosure")), claim)
    if found is None:
        return False
    form, expected = found.renditions[0], claim.expected if isinstance(claim.expected, dict) else {claim.path[-1]: claim.expected}
    ours = {"href": form.href, "url": form.href, "type": form.content_type, "length": str(form.size_in_bytes), "rel": "enclosure"}
    return all(ours.get(name) == value for name, value in expected.items())


def _thumbnail(parsed: Parsed) -> str:
    return next((made.uri for made in parsed.associations if made.name == "thumbnail"), "")


def _name(parsed: Parsed, claim: Claim) -> bool:
    return bool(parsed.authors) and is_text(EMAIL.sub("", claim.expected) or claim.expected, parsed.authors[0])


def _body(parsed: Parsed, claim: Claim) -> bool:
    return is_text(claim.expected, parsed.body_text)


def _summary(parsed: Parsed, claim: Claim) -> bool:
    return is_text(claim.expected, parsed.summary or parsed.body_text, parsed.body_text)


FIELDS: dict[str, Callable[[Parsed, Claim], bool]] = {
    **dict.fromkeys(("title", "title_detail.value"), _title),
    **dict.fromkeys(("summary", "description", "summary_detail.value"), _summary),
    "content.n.value": _body,
    "link": lambda parsed, claim: parsed.link == urljoin(URL, claim.expected),
    **dict.fromkeys(("id", "guid"), lambda parsed, claim: parsed.guid == claim.expected),
    **dict.fromkeys(("author", "author_detail.name"), _name),
    "authors.n.name": lambda parsed, claim: nth(parsed.authors, claim) == claim.expected,
    **dict.fromkeys(("tags.n.term", "tags.n.label"), _tag),
    "category": lambda parsed, claim: bool(parsed.categories) and parsed.categories[0].name == claim.expected,
    **dict.fromkeys([f"enclosures.n{part}" for part in ("", ".href", ".url", ".type", ".length")], _enclosure),
    **dict.fromkeys(("rights", "rights_detail.value", "copyright"), lambda parsed, claim: is_text(claim.expected, parsed.rights)),
    **dict.fromkeys(
        ("source.title", "source.title_detail.value"), lambda parsed, claim: is_text(claim.expected, parsed.source_title)
    ),
    **dict.fromkeys(("updated", "updated_parsed"), lambda parsed, claim: is_date(claim.expected, parsed.updated)),
    **dict.fromkeys(
        ("published", "published_parsed", "created", "created_parsed"),
        lambda parsed, claim: is_date(claim.expected, parsed.published),
    ),
    **dict.fromkeys(("expired", "expired_parsed"), lambda parsed, claim: is_date(claim.expected, parsed.expires)),
    "media_thumbnail.n.url": lambda parsed, claim: _thumbnail(parsed) == claim.expected,
    "media_credit.n.content": lambda parsed, claim: any(
        nth(made.info_sources, claim).name == claim.expected for made in parsed.associations
    ),
}


def field(claim: Claim) -> str:
    """The claim's path as FIELDS names it."""
    return ".".join("n" if isinstance(part, int) else part for part in claim.path)


def holds(case: Case, claim: Claim) -> bool:
    """Whether we read the entry as the claim says, cut from its document as the poller does; what cannot be cut goes whole."""
    found = cut(case.document, charset=case.charset)
    url = case.headers.get("content-location", URL)
    if isinstance(found, Refusal):
        item = raw_item(value=case.document, url=url)
    else:
        item = raw_item(value=found.items[claim.entry].value, format=found.format, url=url, charset=found.charset)
    parsed = parse(item)
    return isinstance(parsed, Parsed) and FIELDS[field(claim)](parsed, claim)


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[str]]:
    """Each case that says something of our fields, with what it says and we do not."""
    if not FOLDER.is_dir():
        pytest.skip(f"feedparser's cases are absent: {FOLDER}")
    found = {}
    for case in cases(FOLDER):
        claims = [claim for claim in case.claims if field(claim) in FIELDS]
        if claims:
            found[case.name] = [f"{field(claim)} == {claim.expected!r}" for claim in claims if not holds(case, claim)]
    return found


def test_the_share_of_cases_that_hold(
    verdicts: dict[str, list[str]], record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of all the cases, those of DIFFERENCES included."""
    passed = sum(not failed for failed in verdicts.values())
    share = passed / len(verdicts)
    record_property("feedparser_share", round(share, 4))
    with capsys.disabled():
        print(f"\nfeedparser oracle: {passed} of {len(verdicts)} cases hold ({share:.1%})")
    assert len(verdicts) >= FLOOR["cases"]
    assert share >= FLOOR["share"]


def test_every_difference_is_on_purpose(verdicts: dict[str, list[str]]) -> None:
    unexplained = {name: failed for name, failed in verdicts.items() if failed and name not in DIFFERENCES}
    assert not unexplained


def test_no_difference_is_out_of_date(verdicts: dict[str, list[str]]) -> None:
    assert [name for name in DIFFERENCES if not verdicts[name]] == []


def test_a_wrong_reading_fails() -> None:
    """The comparison can say no: each field against a claim that is false."""
    parsed = Parsed(headline="a", body_text="b", link="c", guid="d", authors=("e",), published="2026-02-28T00:00:00Z", rights="f")
    for name in ("title", "summary", "content.n.value", "link", "id", "author", "rights", "source.title", "tags.n.term"):
        path = tuple(0 if part == "n" else part for part in name.split("."))
        assert not FIELDS[name](parsed, Claim(0, path, "something else")), name
    assert not is_date((2026, 2, 27, 0, 0, 0, 4, 58, 0), parsed.published)
