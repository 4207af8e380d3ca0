"""AP-style items: an own answer fact by fact; the chain's identity; bylines, bodies and shapes; nothing raises."""

from typing import Any

import pytest
from hypothesis import given

from pipeline import codec
from pipeline.article import AltId, Association, InfoSource, Party, Place, Rendition, Subject, Text
from pipeline.formats import ap
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import raw_item
from tests.formats.json_items import WIRES, facts, message, mutations, values, wire


def parsed(tree: object) -> Parsed:
    return facts(ap.parse(message(tree, "ap")))


def item(**over: Any) -> Any:
    return {**wire("ap.json")["data"]["item"], **over}


def plain(role: str, value: str) -> Text:
    return Text(role=role, content_type="text/plain", value=value)


def test_an_answer_with_everything() -> None:
    found = facts(ap.parse(raw_item(value=(WIRES / "ap.json").read_bytes(), format="ap")))
    assert found == Parsed(
        headline="Harbor bridge stays shut",
        headlines=(
            plain("extended", "Harbor bridge stays shut until Friday, port office says"),
            plain("title", "US Harbor Bridge"),
        ),
        title="US Harbor Bridge",
        body_text="PORTLAND, Maine (EX) — The harbor bridge will stay shut.\n\nTwo ferries & a barge were moved.",
        body_html="<p>PORTLAND, Maine (EX) — The harbor bridge will stay shut.</p><p>Two ferries &amp; a barge were moved.</p>",
        summary="A bridge stays shut.",
        uri="urn:x-ap:item:0a1b2c3d",
        guid="0a1b2c3d",
        version="4",
        type="text",
        profile="wire",
        pub_status="usable",
        urgency="4",
        urgency_scale="ap",
        priority="r",
        signals=("newscontent", "explainer"),
        embargo="",
        first_created="2026-03-01T05:00:00Z",
        published="2026-03-01T05:00:00Z",
        updated="2026-03-01T07:00:00Z",
        item_language="en",
        slugline="BC-US--Harbor Bridge, 1st Ld-Writethru",
        ed_notes=("Eds: Adds photo links.",),
        byline="By ADA MILLER and JON REED",
        located="PORTLAND, Maine",
        rights="Copyright 2026 Example Press.",
        usage_terms="For editorial use only.\nNo resale.",
        people=(Party(name="Mia Berg", rel="direct", uri="http://cv.example.test/p/77"),),
        organisations=(Party(name="Port Office"), Party(name="Ferries Inc", literal="FI")),
        places=(Place(name="Portland", rel="direct", uri="http://cv.example.test/g/9"),),
        categories=(
            Subject(name="General news", rel="direct", uri="http://cv.example.test/a#f25a", creator="Machine", relevance=90),
            Subject(name="a", rel="category", literal="a"),
            Subject(name="bridge", rel="keyword"),
        ),
        category="a",
        info_sources=(InfoSource(name="EX"),),
        alt_ids=(
            AltId(role="itemid", value="0a1b2c3d"),
            AltId(role="etag", value="0a1b2c3d_4a1"),
            AltId(role="friendlykey", value="26060000000077"),
            AltId(role="transref", value="EX77"),
        ),
        renditions=(Rendition(name="nitf", href="https://api.example.test/0a1b2c3d/nitf"),),
        associations=(
            Association(
                name="1",
                uri="urn:x-ap:item:5e6f",
                type="picture",
                version="1",
                by="Jon Reed",
                headlines=(plain("main", "Ferries"),),
                descriptions=(plain("caption", "Ferries at the old pier. (EX Photo/Jon Reed)"),),
                info_sources=(InfoSource(name="EX", role="creditline"),),
                renditions=(
                    Rendition(
                        name="main",
                        href="https://api.example.test/5e6f/main",
                        content_type="image/jpeg",
                        width=3000,
                        height=2000,
                        size_in_bytes=4000000,
                    ),
                ),
            ),
        ),
    )


def test_all_wrappings_give_the_same_facts() -> None:
    whole = parsed(wire("ap.json"))
    inside = {"item": item(), "meta": {"delivered": "x"}}
    for tree in (item(), inside, {"data": inside}, {"data": {"items": [inside]}}):
        assert parsed(tree) == whole


def test_the_uri_is_the_same_for_every_revision() -> None:
    first = parsed(item(uri="https://api.example.test/media/v/content/0a1b2c3d?qt=other&et=1", version=1))
    assert first.uri == parsed(item()).uri


def test_without_an_itemid_the_address_without_its_query_names_it() -> None:
    found = parsed(item(altids={"etag": "x"}))
    assert found.uri == "https://api.example.test/media/v/content/0a1b2c3d"
    assert found.problems == ("ap.missing_itemid:altids",)


@pytest.mark.parametrize(
    ("bylines", "byline"),
    [
        ([{"by": "By ADA MILLER"}, {"by": "By JON REED"}], "By ADA MILLER, By JON REED"),
        (["By ADA MILLER"], "By ADA MILLER"),
        ({"by": "By ADA MILLER"}, "By ADA MILLER"),
        ([], ""),
        ([3, None], ""),
    ],
)
def test_bylines_are_objects_or_lines(bylines: object, byline: str) -> None:
    assert parsed(item(bylines=bylines)).byline == byline


def test_a_dateline_place_stands_in_for_located() -> None:
    assert parsed(item(located=None)).located == "Portland, Maine"


def test_a_body_that_is_only_linked_leaves_the_item_without_text() -> None:
    found = parsed(item(body_nitf=None))
    assert (found.body_text, [rendition.name for rendition in found.renditions]) == ("", ["nitf"])


def test_a_kill_without_content_is_kept() -> None:
    found = parsed({"altids": {"itemid": "0a1b2c3d"}, "version": 5, "pubstatus": "canceled", "urgency": "x"})
    assert (found.uri, found.version, found.pub_status) == ("urn:x-ap:item:0a1b2c3d", "5", "canceled")
    assert found.problems == ("ap.bad_type:urgency",)


@pytest.mark.parametrize("tree", [[], {}, {"data": {}}, {"data": {"item": 3}}, {"data": {"items": []}}, {"altids": {}}])
def test_what_is_no_item_is_rejected(tree: object) -> None:
    found = ap.parse(message(tree, "ap"))
    assert isinstance(found, Reject)
    assert found.reason is Reason.NO_CONTENT
    assert found.detail.startswith("ap.")


def test_a_search_answer_is_cut() -> None:
    entries = [{"item": item(version=number), "meta": {}} for number in range(3)]
    pieces = ap.items(codec.dumps({"data": {"items": entries}}))
    assert [facts(ap.parse(raw_item(value=piece, format="ap"))).version for piece in pieces] == ["0", "1", "2"]
    one = codec.dumps(wire("ap.json"))
    assert ap.items(one) == (one,)


@given(values)
def test_no_value_raises(tree: Any) -> None:
    for value in (tree, {"data": {"item": tree}}, {"altids": {"itemid": "x"}, "headline": "x", "bylines": tree, "subject": tree}):
        assert isinstance(ap.parse(message(value, "ap")), Parsed | Reject)
        assert isinstance(ap.items(codec.dumps(value)), tuple)


@given(mutations("ap.json"))
def test_no_damaged_answer_raises(tree: Any) -> None:
    found = ap.parse(message(tree, "ap"))
    if isinstance(found, Parsed):
        assert codec.encode(found)
        assert all(alt.role and alt.value for alt in found.alt_ids)
        assert all(association.uri and association.name for association in found.associations)
