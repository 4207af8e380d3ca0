"""JSON Feed: both versions fact by fact; bad members cost themselves and not the item; feeds are cut; nothing raises."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import codec
from pipeline.article import Association, Rendition, Subject, Text
from pipeline.formats import jsonfeed
from pipeline.formats.json_tree import HEAD_BYTES_MAX, ITEMS_MAX
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import raw_item
from tests.formats.json_items import WIRES, facts, message, mutations, values

HEAD = {"version": "https://jsonfeed.org/version/1.1", "title": "Example World", "home_page_url": "https://example.test/"}


def parsed(item: object, **head: Any) -> Parsed:
    return facts(jsonfeed.parse(message({**HEAD, **head, "items": [item]}, "jsonfeed")))


def cut(name: str) -> list[Parsed]:
    pieces = jsonfeed.items((WIRES / name).read_bytes())
    return [facts(jsonfeed.parse(raw_item(value=piece, format="jsonfeed"))) for piece in pieces]


def test_version_1_0() -> None:
    first, second = cut("jsonfeed_1.json")
    assert first == Parsed(
        headline="Bridge <b>stays</b> shut",  # titles are plain text
        body_text="The bridge stays shut.\n\nUntil Friday.",
        body_html='<p>The bridge <a href="https://example.test/b" rel="noopener noreferrer nofollow">stays</a> shut.</p>'
        "<p>Until Friday.</p>",
        link="https://example.test/a/1",
        guid="https://example.test/a/1",
        published="2026-03-01T07:00:00Z",
        authors=("Ada Miller",),
        categories=(Subject(name="bridges"), Subject(name="harbours")),
        source_title="Example World",
    )
    assert (second.body_text, second.authors, second.guid) == ("No title here.", ("The Desk",), "2")


def test_version_1_1() -> None:
    (found,) = cut("jsonfeed_1_1.json")
    assert found == Parsed(
        headline="Bridge",
        body_text="The bridge stays shut.\n\nUntil Friday.",
        summary="A bridge.",
        link="https://other.test/story",
        guid="77",
        published="2026-03-01T07:00:00Z",
        updated="2026-03-01T08:00:00Z",
        authors=("Ada Miller", "Jon Reed"),
        categories=(Subject(name="bridges"),),
        item_language="en-GB",
        language="en",
        source_title="Example World",
        associations=(
            Association(
                name="image",
                uri="https://example.test/i.jpg",
                type="picture",
                renditions=(Rendition(name="main", href="https://example.test/i.jpg"),),
            ),
            Association(
                name="attachment1",
                uri="https://example.test/a.mp3",
                type="audio",
                headlines=(Text(role="main", content_type="text/plain", value="Listen"),),
                renditions=(
                    Rendition(name="main", href="https://example.test/a.mp3", content_type="audio/mpeg", size_in_bytes=1234),
                ),
            ),
        ),
        problems=(
            "jsonfeed.bad_type:items[0].id",
            "jsonfeed.bad_type:items[0].tags[1]",
            "jsonfeed.bad_type:items[0].tags[2]",
            "jsonfeed.missing_url:items[0].attachments[1]",
            "jsonfeed.bad_type:items[0].attachments[2]",
        ),
    )


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("title", 5), ("content_text", ["x"]), ("url", {}), ("authors", "Ada"), ("tags", "x y"), ("attachments", 3),
        ("image", False), ("summary", 1.5), ("date_published", []), ("language", {}), ("author", []), ("external_url", 1),
        ("banner_image", None),
    ],
)  # fmt: skip
def test_a_bad_member_is_dropped_and_named(member: str, value: object) -> None:
    good = {"id": "1", "title": "Bridge", "content_html": "<p>The bridge is shut.</p>"}
    found = parsed({**good, member: value})
    without = parsed({name: text for name, text in good.items() if name != member})
    assert found.problems == (f"jsonfeed.bad_type:items[0].{member}",)
    assert (found.headline, found.body_text, found.associations) == (without.headline, without.body_text, without.associations)


def test_a_summary_alone_is_marked_as_such() -> None:
    found = parsed({"id": "1", "summary": "The bridge is shut."})
    assert (found.body_text, found.is_summary, found.summary) == ("The bridge is shut.", True, "")


def test_an_external_link_beside_the_own_one_is_a_rendition() -> None:
    found = parsed({"id": "1", "url": "https://example.test/1", "external_url": "https://other.test/1", "content_text": "x"})
    assert found.link == "https://example.test/1"
    assert found.renditions == (Rendition(name="external", href="https://other.test/1"),)


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ([], Reason.NO_CONTENT),
        ({"version": "https://jsonfeed.org/version/1"}, Reason.NO_CONTENT),
        ({**HEAD, "items": []}, Reason.NO_CONTENT),
        ({**HEAD, "items": [3]}, Reason.NO_CONTENT),
        ({**HEAD, "items": [{}, {}]}, Reason.TOO_MANY_ITEMS),
    ],
)
def test_what_is_no_single_item_is_rejected(tree: object, reason: Reason) -> None:
    found = jsonfeed.parse(message(tree, "jsonfeed"))
    assert isinstance(found, Reject)
    assert found.reason is reason


def test_a_large_head_is_cut_down_before_it_is_repeated() -> None:
    items = [{"id": str(number), "content_text": "x"} for number in range(100)]
    pieces = jsonfeed.items(
        codec.dumps({**HEAD, "_all": ["y" * 1000] * 500, "description": "z" * HEAD_BYTES_MAX, "items": items})
    )
    assert len(pieces) == 100
    assert codec.loads(pieces[7]) == {**HEAD, "items": [items[7]]}


def test_too_many_items_stay_in_one_piece() -> None:
    document = codec.dumps({**HEAD, "items": [{"id": "1"}] * (ITEMS_MAX + 1)})
    assert jsonfeed.items(document) == (document,)


def test_no_feed_comes_back_whole() -> None:
    for document in (b"", b"[]", b"{", b'{"items": 3}', b"\xff\xfe"):
        assert jsonfeed.items(document) == (document,)


def test_real_feeds_are_cut_into_as_many_items_as_they_have(shared: Path) -> None:
    candidates = [path for path in sorted((shared / "feeds").glob("*/**/*.json")) if not path.name.endswith("expected.json")]
    paths = [
        path for path in candidates if b"jsonfeed.org/version" in path.read_bytes() and path.read_bytes().lstrip()[:1] == b"{"
    ]
    count = 0
    for path in paths:
        tree = codec.loads(path.read_bytes())
        for piece, item in zip(jsonfeed.items(path.read_bytes()), tree["items"], strict=True):
            found = facts(jsonfeed.parse(raw_item(value=piece, format="jsonfeed")))
            assert found.headline == (" ".join(item["title"].split()) if isinstance(item.get("title"), str) else ""), path
            assert found.guid == str(item.get("id", "")), path
            if isinstance(item.get("content_html"), str) and item["content_html"].strip():
                assert found.body_text, path
            count += 1
    assert count >= 30


# ── anything ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(values)
def test_no_item_raises(item: Any) -> None:
    for tree in (item, {**HEAD, "items": item}, {**HEAD, "items": [item]}):
        assert isinstance(jsonfeed.parse(message(tree, "jsonfeed")), Parsed | Reject)
        assert jsonfeed.items(codec.dumps(tree)) or tree["items"] == []


@given(st.sampled_from(("jsonfeed_1.json", "jsonfeed_1_1.json")).flatmap(mutations))
def test_no_damaged_feed_raises_and_no_item_is_lost(tree: Any) -> None:
    pieces = jsonfeed.items(codec.dumps(tree))
    entries = tree.get("items") if isinstance(tree, dict) else None
    assert len(pieces) == (len(entries) if isinstance(entries, list) else 1)
    for piece in pieces:
        found = jsonfeed.parse(raw_item(value=piece, format="jsonfeed"))
        assert isinstance(found, Reject) or codec.encode(found)
