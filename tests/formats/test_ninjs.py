"""ninjs: one story in three versions gives one set of facts; the IPTC's own cases; nothing raises."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline import codec
from pipeline.article import AltId, Association, Genre, InfoSource, Party, Place, Rendition, Subject, Text, TrustIndicator
from pipeline.formats import ninjs
from pipeline.formats.json_tree import ITEMS_MAX, LIST_MAX, PROBLEMS_MAX
from pipeline.formats.ninjs_shapes import major_version
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import raw_item
from tests.formats.json_items import WIRES, facts, message, mutations, values, wire

THREE = ("ninjs_1.json", "ninjs_2.json", "ninjs_3.json")
SCHEMAS = {1: "1.6", 2: "2.2", 3: "3.1"}


def parsed(tree: object) -> Parsed:
    return facts(ninjs.parse(message(tree, "ninjs")))


def plain(role: str, value: str) -> Text:
    return Text(role=role, content_type="text/plain", value=value)


def least(**members: Any) -> dict[str, Any]:
    return {"uri": "urn:example:1", "headlines": [{"value": "Bridge stays shut"}], **members}


EXPECTED = Parsed(
    headline="Harbour bridge stays shut",
    headlines=(plain("short", "Bridge shut"),),
    title="Bridge",
    body_text="LINDAU, Germany (EX) -- The harbour bridge will stay shut until Friday, the port office said.\n\n"
    "Two ferries were moved to the old pier.",
    body_html="<p>LINDAU, Germany (EX) -- The harbour bridge will stay shut until Friday, the port office said.</p>"
    "<p>Two ferries were moved to the old pier.</p>",
    summary="A bridge stays shut for days.",
    uri="urn:example:item:77",
    guid="urn:example:item:77",
    version="3",
    type="text",
    profile="wire",
    pub_status="usable",
    urgency="4",
    urgency_scale="iptc",
    signals=("sig:update",),
    embargo="12 noon on Friday",
    expires="2026-04-01T00:00:00Z",
    first_created="2026-03-01T05:00:00Z",
    published="2026-03-01T04:30:00Z",
    content_created="2026-03-01T04:30:00Z",
    updated="2026-03-01T07:00:00Z",
    item_language="en-GB",
    slugline="harbour-bridge",
    ed_notes=("Adds the port office's comment.",),
    byline="By Ada Miller and Jon Reed",
    located="Lindau, Germany",
    copyright_holder="Example Agency",
    rights="(c) 2026 Example Agency",
    usage_terms="Not for resale.",
    genres=(Genre(name="Current", uri="http://cv.iptc.org/newscodes/genre/Current"),),
    people=(Party(name="Mia Berg", rel="about", uri="https://example.test/people/77"),),
    organisations=(Party(name="Port Office", rel="mentions"),),
    places=(Place(name="Lindau", rel="about", uri="https://example.test/places/li"),),
    categories=(
        Subject(
            name="bridges",
            rel="about",
            uri="http://cv.iptc.org/newscodes/mediatopic/20000337",
            creator="desk",
            relevance=80,
            confidence=95,
        ),
        Subject(name="harbours"),
    ),
    info_sources=(InfoSource(name="Port Office", role="interviewee"),),
    alt_ids=(AltId(role="desk", value="D-9"), AltId(role="number", value="77")),
    renditions=(Rendition(name="web", href="https://example.test/77", content_type="text/html"),),
    associations=(
        Association(
            name="photo",
            uri="urn:example:photo:5",
            type="picture",
            version="1",
            by="Jon Reed",
            located="Lindau",
            copyright_notice="(c) EX",
            headlines=(plain("main", "Ferries"),),
            descriptions=(plain("caption", "Ferries at the old pier on Monday."),),
            info_sources=(InfoSource(name="Jon Reed/EX", role="creditline"),),
            renditions=(
                Rendition(
                    name="main",
                    href="https://example.test/5.jpg",
                    content_type="image/jpeg",
                    width=1200,
                    height=800,
                    size_in_bytes=250000,
                ),
            ),
        ),
    ),
    trust_indicators=(
        TrustIndicator(
            role="http://cv.iptc.org/newscodes/trustindicator/editorialPolicy",
            title="How we work",
            href="https://example.test/policy",
        ),
    ),
)


@pytest.mark.parametrize("name", THREE)
def test_three_spellings_give_the_same_facts(name: str) -> None:
    assert facts(ninjs.parse(raw_item(value=(WIRES / name).read_bytes(), format="ninjs"))) == EXPECTED


@pytest.mark.parametrize(("name", "major"), list(zip(THREE, (1, 2, 3), strict=True)))
def test_the_version_is_told_by_the_members_and_not_by_the_declaration(name: str, major: int) -> None:
    tree = wire(name)
    assert major_version(tree) == major
    tree["standard"] = {"name": "ninjs", "version": "2.0" if major != 2 else "3.0"}
    tree.pop("$standard", None)
    assert major_version(tree) == major


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"foo": 1}, "ninjs.unknown_property:foo"),
        ({"urgency": "4"}, "ninjs.bad_type:urgency"),
        ({"urgency": 12}, "ninjs.bad_value:urgency"),
        ({"pubStatus": "cancelled"}, "ninjs.bad_value:pubStatus"),
        ({"people": "Mia Berg"}, "ninjs.bad_type:people"),
        ({"people": [{"name": 3}]}, "ninjs.bad_type:people[0].name"),
        ({"subjects": [{"relevance": 300}]}, "ninjs.bad_value:subjects[0].relevance"),
        ({"associations": [{"name": "a", "uri": "urn:a", "bad": 1}]}, "ninjs.unknown_property:associations[0].bad"),
        ({"associations": [{"uri": "urn:a"}]}, "ninjs.missing_name:associations[0]"),
        ({"rightsInfo": {"linkedRights": "a", "encodedRights": "b"}}, "ninjs.conflict:rightsInfo"),
        ({"places": [{"geoJSON": {"coordinates": [1, 2]}}]}, "ninjs.bad_value:places[0].geoJSON"),
        ({"subjects": [{"name": "x"}] * (LIST_MAX + 1)}, "ninjs.too_many:subjects"),
    ],
)
def test_what_the_standard_forbids_is_listed_and_the_item_stays(members: dict[str, Any], problem: str) -> None:
    found = parsed(least(versionCreated="2026-03-01T07:00:00Z", **members))
    assert found.problems == (problem,)
    assert found.headline == "Bridge stays shut"


def test_content_without_a_uri_stays() -> None:
    found = parsed({"headlines": [{"value": "Bridge stays shut"}]})
    assert (found.uri, found.problems) == ("", ("ninjs.missing_uri",))


def test_a_kill_with_a_spelling_mistake_is_a_kill() -> None:
    found = parsed({"uri": "urn:example:1", "version": "4", "pubstatus": "cancelled"})
    assert (found.pub_status, found.version, found.problems) == ("cancelled", "4", ("ninjs.bad_value:pubstatus",))


@pytest.mark.parametrize(
    ("tree", "detail"),
    [
        ({}, "ninjs.missing_uri"),
        ({"uri": "urn:example:1", "profile": 42}, "ninjs.bad_type:profile"),
        ([], "ninjs.bad_type: an item is an object"),
        ("text", "ninjs.bad_type: an item is an object"),
    ],
)
def test_what_says_nothing_is_rejected_with_its_fault(tree: object, detail: str) -> None:
    assert ninjs.parse(message(tree, "ninjs")) == Reject(Reason.NO_CONTENT, detail)


@pytest.mark.parametrize(
    ("value", "embargo"),
    [
        (None, None),
        ("", ""),
        ("2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z"),
        ("12noon", "12noon"),
        ([], ""),
        (1772355600, "1772355600"),
    ],
)
def test_an_embargo_that_cannot_be_read_is_still_one(value: object, embargo: str | None) -> None:
    assert parsed(least(embargoedUntil=value)).embargo == embargo
    assert parsed(least(embargoed=value)).embargo == embargo
    assert parsed(least()).embargo is None


def test_plain_text_that_lost_its_paragraphs_gets_them_from_the_html() -> None:
    html = "<p>The bridge is shut.</p><p>Until Friday.</p>"
    bodies = [
        {"contentType": "text/plain", "value": "The bridge is shut. Until Friday."},
        {"contentType": "text/html", "value": html},
    ]
    found = parsed(least(bodies=bodies))
    assert (found.body_text, found.rules) == ("The bridge is shut.\n\nUntil Friday.", ("body.paragraphs_from_html",))


def test_scripts_and_foreign_addresses_do_not_come_through() -> None:
    html = "<p>Shut.</p><script>alert(1)</script><a href='javascript:alert(2)'>x</a>"
    files = [{"name": "a", "href": "file:///etc/passwd"}, {"name": "b", "href": "javascript:alert(3)"}]
    found = parsed(least(bodies=[{"contentType": "text/html", "value": html}], renditions=files))
    assert "alert" not in found.body_html + found.body_text
    assert found.renditions == ()


def test_a_title_stands_in_for_a_missing_headline() -> None:
    found = parsed({"uri": "urn:example:1", "title": "Bridge"})
    assert (found.headline, found.rules) == ("Bridge", ("ninjs.title_as_headline",))


def test_other_bodies_keep_their_roles() -> None:
    found = parsed({"uri": "urn:example:1", "body_text": "The bridge is shut.", "body_box": "Two ferries.", "headline": "Bridge"})
    assert (found.body_text, found.bodies) == ("The bridge is shut.", (plain("box", "Two ferries."),))
    assert parsed({"uri": "urn:example:1", "body_new": "The bridge is shut."}).body_text == "The bridge is shut."


def test_items_are_cut_from_arrays_wrappers_and_lines() -> None:
    one, two = {"uri": "urn:example:1", "title": "a"}, {"uri": "urn:example:2", "title": "b"}
    whole = (codec.dumps(one), codec.dumps(two))
    assert ninjs.items(codec.dumps([one, two])) == whole
    assert ninjs.items(codec.dumps({"items": [one, two], "next": "x"})) == whole
    assert ninjs.items(b"\n".join(whole) + b"\r\n\n") == whole
    assert ninjs.items(whole[0]) == (whole[0],)
    assert ninjs.items(whole[0] + b"\n{broken}\n") == (whole[0], b"{broken}")
    assert ninjs.items(b'{"uri": ') == (b'{"uri": ',)
    assert ninjs.items(b"[]") == ()


def test_too_many_items_stay_in_one_piece_and_are_rejected_as_such() -> None:
    document = codec.dumps([{}] * (ITEMS_MAX + 1))
    assert ninjs.items(document) == (document,)
    found = ninjs.parse(raw_item(value=document, format="ninjs"))
    assert isinstance(found, Reject)
    assert found.reason is Reason.TOO_MANY_ITEMS


def test_problems_are_bounded_in_number_and_size() -> None:
    found = parsed(least(**{f"{number}" + "x" * 10_000: 1 for number in range(500)}))
    assert len(found.problems) == PROBLEMS_MAX
    assert max(map(len, found.problems)) < 100


def test_facts_do_not_depend_on_the_order_of_members() -> None:
    for name in THREE:
        tree = wire(name)
        turned = parsed(dict(reversed(tree.items())))
        assert replace(turned, headlines=EXPECTED.headlines) == EXPECTED


# ── anything ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(values)
def test_no_value_raises(tree: Any) -> None:
    assert isinstance(ninjs.parse(message(tree, "ninjs")), Parsed | Reject)
    assert all(isinstance(ninjs.parse(raw_item(value=piece)), Parsed | Reject) for piece in ninjs.items(codec.dumps(tree)))


@given(st.sampled_from(THREE).flatmap(mutations))
def test_no_damaged_item_raises_and_its_record_holds_no_empty_names(tree: Any) -> None:
    found = ninjs.parse(message(tree, "ninjs"))
    if isinstance(found, Parsed):
        assert codec.encode(found)
        assert all(association.name and association.uri for association in found.associations)
        assert all(rendition.name and rendition.href for rendition in found.renditions)
        assert all(text.role and text.value for text in (*found.headlines, *found.descriptions, *found.bodies))


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\ud8x0nultrefas', max_size=200).map(str.encode))
def test_no_bytes_raise(value: bytes) -> None:
    assert isinstance(ninjs.parse(raw_item(value=value, format="ninjs")), Parsed | Reject)
    assert all(isinstance(ninjs.parse(raw_item(value=piece)), Parsed | Reject) for piece in ninjs.items(value))


@given(st.sampled_from(THREE), st.data())
def test_an_item_cut_short_raises_nowhere(name: str, data: st.DataObject) -> None:
    value = (WIRES / name).read_bytes()
    end = data.draw(st.integers(0, len(value) - 3))
    assert isinstance(ninjs.parse(raw_item(value=value[:end], format="ninjs")), Reject)
