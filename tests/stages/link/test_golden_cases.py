"""The golden cases of the wire conventions, section 7, each with texts of our own: one message after the other through `link`."""

from pathlib import Path

from msgspec.structs import replace

from pipeline import codec
from pipeline.article import Article
from pipeline.reasons import Reason
from pipeline.records import Alert, Emit, Sighting
from pipeline.stages.normalize import normalize
from pipeline.stages.route import Routed, route
from pipeline.story import Change
from tests.builders import raw_item
from tests.stages.link.texts import BANK, CORRECTED, FIRST, GROWN, HEADLINE, REFILED, REWRITTEN, ROUNDUP, TWIN
from tests.stages.link.wire import Desk, at, item, relations, story

OWN = {"agency": "Meridian", "provider": "meridian.example", "city": "VARNHOLT"}
PLACES = "bridge harbour tunnel station market tower garden museum castle ferry mill square"
COPY = {"agency": "Meridian", "provider": "courier.example", "is_copy": True, "city": "VARNHOLT"}


def test_2_a_plain_copy_is_a_sighting_of_one_canonical_text() -> None:
    desk = Desk()
    own, copy = desk.run(
        [
            item("urn:x:own", HEADLINE, FIRST, **OWN),
            item("urn:x:copy", HEADLINE + " By Meridian", FIRST, hours=1, **COPY),
        ]
    )
    assert relations([own, copy]) == ["new", "syndicated_copy"]
    assert story(copy).id == story(own).id
    assert story(copy).canonical == "urn:x:own"
    (seen,) = desk.told("sightings")
    assert isinstance(seen, Sighting)
    assert (seen.uri, seen.story, seen.provider) == ("urn:x:copy", story(own).id, "courier.example")


def test_1_and_2_the_copy_may_come_first_and_the_agency_is_canonical_all_the_same() -> None:
    desk = Desk()
    desk.run([item("urn:x:copy", HEADLINE, FIRST, hours=1, **COPY), item("urn:x:own", HEADLINE, FIRST, **OWN)])
    third = desk.take(item("urn:x:third", HEADLINE, FIRST, hours=2, **COPY | {"provider": "ledger.example"}))
    assert story(third).canonical == "urn:x:own"
    assert desk.members("urn:x:own") == {"urn:x:own", "urn:x:copy", "urn:x:third"}


def test_3_updates_with_new_numbers_and_new_headlines_are_one_chain() -> None:
    desk = Desk()
    slug = {"slug": "VARNHOLT-MILL/", **OWN}
    found = desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, **slug),
            item("urn:x:2", "UPDATE 1-Toll of Varnholt mill attack may rise, governor says", GROWN, hours=1, **slug),
            item("urn:x:3", "UPDATE 2-Rescuers pull survivors from ruins", REWRITTEN, hours=3, **slug),
            item(
                "urn:x:4",
                "UPDATE 3-Government promises to rebuild",
                REWRITTEN + "\n\nA new mill will stand in 2 years.",
                hours=5,
                **slug,
            ),
        ]
    )
    assert relations(found) == ["new", "update", "update", "update"]
    assert {story(one).id for one in found} == {story(found[0]).id}
    assert story(found[3]).previous is not None
    assert story(found[3]).previous.uri == "urn:x:3"  # type: ignore[union-attr]
    assert [story(one).revision for one in found] == [1, 2, 3, 4]


def test_3_without_a_slug_the_tag_and_the_text_tie_an_update() -> None:
    desk = Desk()
    found = desk.run(
        [item("urn:x:1", HEADLINE, FIRST, **OWN), item("urn:x:2", "UPDATE 3-Survivors found", REWRITTEN, hours=3, **OWN)]
    )
    assert relations(found) == ["new", "update"]
    assert "revision_tag" in story(found[1]).reasons


def test_4_a_repeat_is_counted_and_not_routed() -> None:
    desk = Desk()
    _, again = desk.run([item("urn:x:1", HEADLINE, FIRST, **OWN), item("urn:x:2", "RPT-" + HEADLINE, FIRST, hours=2, **OWN)])
    assert again is None
    assert desk.drops[0].reason is Reason.UNCHANGED


def test_5_a_refile_is_a_minor_correction() -> None:
    desk = Desk()
    _, again = desk.run([item("urn:x:1", HEADLINE, FIRST, **OWN), item("urn:x:1", "REFILE-" + HEADLINE, REFILED, hours=1, **OWN)])
    assert story(again).relation == "refile"
    assert again is not None
    assert again.pipeline.correction is not None
    assert again.pipeline.correction.is_minor
    assert len(desk.told("corrections")) == 1


def test_6_a_corrected_toll_names_the_figure_on_both_sides() -> None:
    desk = Desk()
    note = "Corrects the toll in paragraph 1 to 11"
    desk.take(item("urn:x:1", HEADLINE, FIRST, **OWN))
    fixed = desk.take(item("urn:x:2", "CORRECTED-" + HEADLINE, CORRECTED, hours=1, note=note, **OWN))
    assert story(fixed).relation == "correction"
    assert fixed is not None
    correction = fixed.pipeline.correction
    assert correction is not None
    assert (correction.note, correction.paragraphs) == (note, (1,))
    (change,) = correction.changes
    assert isinstance(change, Change)
    assert (change.kind, change.label) == ("figure", "deaths")
    assert change.from_ is not None
    assert change.to is not None
    assert FIRST[change.from_.start : change.from_.end] == change.from_.text == "12"
    assert CORRECTED[change.to.start : change.to.end] == change.to.text == "11"
    (told,) = desk.told("corrections")
    assert told == fixed
    assert codec.loads(codec.encode(fixed))["pipeline"]["correction"]["changes"][0]["from"] == {
        "text": "12",
        "start": 87,
        "end": 89,
    }


def test_7_a_kill_before_an_earlier_version_stays_a_kill() -> None:
    desk = Desk()
    one = item("urn:x:1", HEADLINE, FIRST, version="1", **OWN)
    three = item("urn:x:1", "", "", version="3", hours=2, pub_status="canceled", **OWN)
    two = item("urn:x:1", HEADLINE, GROWN, version="2", hours=1, seen=3, **OWN)
    first, kill, late = desk.run([one, three, two])
    assert relations([first, kill]) == ["new", "kill"]
    assert story(kill).state == "killed"
    assert kill is not None
    assert kill.pub_status == "canceled"
    assert late is None
    assert desk.drops[0].reason is Reason.LATE
    (told,) = desk.told("retractions")
    assert isinstance(told, Article)
    retraction = told.pipeline.retraction
    assert retraction is not None
    assert (retraction.kind, retraction.by, [each.uri for each in retraction.items]) == ("kill", "urn:x:1", ["urn:x:1"])


def test_7_a_higher_version_brings_it_back_and_says_so() -> None:
    desk = Desk()
    desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, version="1", **OWN),
            item("urn:x:1", "", "", version="3", hours=2, pub_status="canceled", **OWN),
        ]
    )
    back = desk.take(item("urn:x:1", HEADLINE, CORRECTED, version="4", hours=3, **OWN))
    assert (story(back).relation, story(back).state) == ("release", "live")
    assert desk.told("retractions")[-1].pipeline.retraction.kind == "release"  # type: ignore[attr-defined]


def test_8_a_kill_by_description_finds_its_victim_and_the_copies() -> None:
    desk = Desk()
    body = f"The story headlined “{HEADLINE}” is withdrawn as the figures were wrong."
    own, copy, kill = desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, **OWN),
            item("urn:x:2", HEADLINE, FIRST, hours=1, **COPY),
            item("urn:x:9", "ADVISORY-Varnholt mill story is withdrawn", body, hours=2, agency="Meridian"),
        ]
    )
    assert story(kill).relation == "kill"
    assert (story(kill).id, story(kill).state) == (story(own).id, "killed")
    assert "described" in story(kill).reasons
    retraction = desk.told("retractions")[0].pipeline.retraction  # type: ignore[attr-defined]
    assert {each.uri for each in retraction.items} == {"urn:x:1", "urn:x:2"}
    assert copy is not None


def ambiguous() -> list[Article]:
    """Two stories under one headline, and a kill that quotes it."""
    return [
        item("urn:x:1", HEADLINE, FIRST, **OWN),
        item("urn:x:2", HEADLINE, BANK, hours=1, agency="Meridian"),
        item("urn:x:9", "WITHDRAWAL: " + HEADLINE, "The figures were wrong.", hours=2, agency="Meridian"),
    ]


def test_8_an_ambiguous_kill_holds_all_and_raises_an_alarm() -> None:
    desk = Desk()
    desk.run(ambiguous())
    alarm = desk.told("ops.alert")[-1]
    assert isinstance(alarm, Alert)
    assert alarm.kind == "kill_ambiguous"
    assert len(alarm.stories) == 2
    retraction = desk.told("retractions")[0].pipeline.retraction  # type: ignore[attr-defined]
    assert retraction.kind == "hold"
    assert {each.uri for each in retraction.items} == {"urn:x:1", "urn:x:2"}


def test_8_a_kill_by_description_waits_for_its_victim() -> None:
    desk = Desk()
    kill, victim = desk.run(
        [
            item("urn:x:9", "WITHDRAWAL: " + HEADLINE, "The figures were wrong.", hours=2, agency="Meridian"),
            item("urn:x:1", HEADLINE, FIRST, seen=3, **OWN),
        ]
    )
    assert desk.told("ops.alert")[0].kind == "kill_without_victim"  # type: ignore[attr-defined]
    assert story(victim).state == "killed"
    assert victim is not None
    assert victim.pub_status == "canceled"
    assert kill is not None


def test_9_an_embargo_in_words_is_held() -> None:
    one = Desk().take(item("urn:x:1", HEADLINE, FIRST, embargo="12noon on Friday at the earliest", **OWN))
    assert (story(one).relation, story(one).state) == ("hold", "held")
    assert one is not None
    assert one.pub_status == "withheld"


def test_9_an_embargo_with_a_time_is_over_when_the_source_says_usable() -> None:
    desk = Desk()
    sealed, over = desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, version="1", embargo=at(5), **OWN),
            item("urn:x:1", HEADLINE, FIRST, version="1", seen=6, **OWN),
        ]
    )
    assert story(sealed).state == "held"
    assert (story(over).relation, story(over).state) == ("release", "live")


def test_10_an_advisory_joins_nothing() -> None:
    desk = Desk()
    _, advisory = desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, **OWN),
            item("urn:x:2", "ADVISORY-Coverage of the Varnholt attack", FIRST, hours=1, **OWN),
        ]
    )
    assert story(advisory).relation == "advisory"
    assert desk.told("advisories") == [advisory]
    assert desk.members("urn:x:1") == {"urn:x:1"}


def test_11_twin_strikes_do_not_merge() -> None:
    desk = Desk()
    found = desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, **OWN),
            item("urn:x:2", "Drones strike grain mill in Ostby, 12 dead", TWIN, hours=1, **OWN | {"city": "OSTBY"}),
            item("urn:x:3", "Drones strike grain mill in Ostby, 12 dead", TWIN, hours=2, provider="ledger.example"),
        ]
    )
    assert relations(found[:2]) == ["new", "new"]
    assert desk.members("urn:x:1") == {"urn:x:1"}
    assert desk.members("urn:x:3") == {"urn:x:2", "urn:x:3"}


def test_12_a_live_blog_is_one_item_with_many_versions_and_swallows_nothing() -> None:
    desk = Desk()
    posts = [f"{hour}:00 — Post {hour} of the day: the {word} was closed." for hour, word in enumerate(PLACES.split(), 6)]
    blog = [
        item(
            "urn:x:blog",
            "Live: storm over Norland",
            "\n\n".join(posts[:count][::-1]),
            hours=count / 2,
            provider="courier.example",
        )
        for count in range(1, len(posts) + 1)
    ]
    found = desk.run(blog)
    assert relations(found) == ["new"] + ["update"] * (len(posts) - 1)
    assert [one.version for one in found if one] == [str(at_) for at_ in range(1, len(posts) + 1)]
    quoted = desk.take(item("urn:x:1", HEADLINE, FIRST, hours=7, **OWN))
    blog_again = desk.take(
        item("urn:x:blog", "Live: storm over Norland", posts[-1] + "\n\n" + FIRST[:300], hours=8, provider="courier.example")
    )
    assert story(quoted).id != story(blog_again).id


def test_13_two_stories_with_one_guid_stay_two() -> None:
    desk = Desk()
    desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, guid="4711", **OWN),
            item("urn:x:2", "Norland central bank keeps rate", BANK, guid="4711", hours=1, agency="Meridian"),
        ]
    )
    assert desk.members("urn:x:1") == {"urn:x:1"}


def test_14_a_changed_guid_with_the_same_content_is_a_repeat() -> None:
    desk = Desk()
    _, again = desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, guid="4711", **OWN),
            item("urn:x:2", HEADLINE, FIRST, guid="4712", hours=1, **OWN),
        ]
    )
    assert again is None
    assert desk.members("urn:x:1") == {"urn:x:1", "urn:x:2"}


def test_14_a_shared_guid_ties_a_rewritten_text_of_a_new_page() -> None:
    desk = Desk()
    found = desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, guid="4711", **OWN),
            item("urn:x:2", "Survivors found at Varnholt mill", REWRITTEN, guid="4711", hours=1, **OWN),
        ]
    )
    assert relations(found) == ["new", "update"]
    assert "same_guid_or_link" in story(found[1]).reasons


def test_15_what_vanishes_from_a_feed_stays_in_its_story() -> None:
    desk = Desk()
    desk.run(
        [item("urn:x:1", HEADLINE, FIRST, **OWN), item("urn:x:other", "Norland central bank keeps rate", BANK, hours=2, **OWN)]
    )
    assert relations([desk.take(item("urn:x:1", HEADLINE, GROWN, hours=40, **OWN))]) == ["update"]


def test_16_a_back_dated_item_is_the_beginning_of_its_story() -> None:
    desk = Desk()
    later = desk.take(item("urn:x:2", "UPDATE 1-" + HEADLINE, GROWN, hours=5, **OWN))
    first = desk.take(item("urn:x:1", HEADLINE, FIRST, hours=1, seen=9, **OWN))
    assert story(first).relation == "new"
    assert desk.members("urn:x:1") == {"urn:x:1", "urn:x:2"}
    assert desk.place("urn:x:2").hex() == story(first).id.rpartition(":")[2]
    (moved,) = desk.told("relinks")
    assert (moved.story, moved.to, moved.uris) == (story(later).id, story(first).id, ("urn:x:2",))  # type: ignore[attr-defined]


def test_17_a_glued_caption_that_stayed_in_the_text_does_not_part_a_copy() -> None:
    desk = Desk()
    glued = "FILE PHOTO: The Varnholt mill, taken 2/3 By Nils Aune - " + FIRST
    found = desk.run([item("urn:x:1", HEADLINE, FIRST, **OWN), item("urn:x:2", HEADLINE, glued, hours=1, **COPY)])
    assert relations(found) == ["new", "syndicated_copy"]


def test_18_a_desk_in_the_metadata_parts_nothing() -> None:
    desk = Desk()
    copy = replace(item("urn:x:2", HEADLINE, GROWN, hours=1, **COPY), located="Bangalore")
    assert relations(desk.run([item("urn:x:1", HEADLINE, FIRST, **OWN), copy])) == ["new", "syndicated_copy"]


def test_19_a_round_up_bridges_no_stories_whether_it_says_so_or_not() -> None:
    for headline in (
        "WRAPUP 1-Drones strike mill, bank keeps rate",
        "Drones strike Varnholt mill; Norland central bank keeps rate",
    ):
        for order in ((0, 1, 2), (2, 0, 1), (0, 2, 1)):
            desk = Desk()
            messages = [
                item("urn:x:1", HEADLINE, FIRST, hours=0, agency="Meridian"),
                item("urn:x:2", "Norland central bank keeps rate", BANK, hours=0.5, agency="Meridian"),
                item("urn:x:3", headline, ROUNDUP, hours=1, agency="Meridian"),
            ]
            desk.run([messages[at_] for at_ in order])
            assert [desk.members(one.uri) for one in messages] == [{"urn:x:1"}, {"urn:x:2"}, {"urn:x:3"}], (headline, order)


def test_19_a_round_up_names_the_stories_it_touches() -> None:
    desk = Desk()
    first, bank, both = desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, agency="Meridian"),
            item("urn:x:2", "Norland central bank keeps rate", BANK, hours=0.5, agency="Meridian"),
            item("urn:x:3", "WRAPUP 1-Drones strike mill, bank keeps rate", ROUNDUP, hours=1, agency="Meridian"),
        ]
    )
    assert story(both).relation == "synthesis"
    assert set(story(both).related) == {story(first).id, story(bank).id}


def test_20_the_turn_of_the_year_parts_no_versions() -> None:
    desk = Desk()
    new_year = 24 * 306 - 8.5  # half an hour before 2027
    found = desk.run(
        [
            item("urn:x:1", HEADLINE, FIRST, hours=new_year, **OWN),
            item("urn:x:2", "UPDATE 1-" + HEADLINE, GROWN, hours=new_year + 1, **OWN),
        ]
    )
    assert relations(found) == ["new", "update"]


def test_1_the_seed_its_agencys_copy_and_a_third_publishers_are_one_story(shared: Path) -> None:
    """The feed copy is read from the sample; the agency's and the third are its cleaned text under other headlines."""
    text = (shared / "seed" / "seed-article.txt").read_bytes()
    now = "2023-12-31T12:00:00Z"
    raw = raw_item(value=text, format="text", provider="republisher.example", fetched_at=now, first_seen=now)
    verdict = normalize(raw, {}, now)
    assert isinstance(verdict, Emit)
    feed = verdict.record
    assert isinstance(feed, Article)
    assert feed.pipeline.credit is not None
    own_credit = replace(feed.pipeline.credit, republisher="")
    agency = replace(feed, uri="urn:x:agency", pipeline=replace(feed.pipeline, credit=own_credit))
    identity = replace(feed.pipeline.identity, key="third", provider="third.example", link="")
    third = replace(feed, uri="urn:x:third", pipeline=replace(feed.pipeline, identity=identity))
    desk = Desk()
    found = desk.run([feed, agency, third])
    assert len({story(one).id for one in found if one}) == 1
    assert story(found[2]).canonical == "urn:x:agency"
    assert story(found[2]).relation == "syndicated_copy"


def test_8_an_ambiguous_kill_leaves_no_public_topic_with_either() -> None:
    """Through link and route: what stands under each uri when the readers of the compacted topics have caught up."""
    desk = Desk()
    desk.run(ambiguous())
    standing: set[str] = set()
    rows: dict[bytes, bytes] = {}
    for one in desk.linked:
        verdict = route(one, rows, one.pipeline.times.ingested)
        rows |= {key: value for key, value in verdict.writes if value is not None}
        if isinstance(verdict, Emit):
            assert isinstance(verdict.record, Routed)
            standing |= {one.uri for _ in verdict.record.to}
            standing -= {uri for _, uri in verdict.record.withdrawn}
    assert standing == set()
