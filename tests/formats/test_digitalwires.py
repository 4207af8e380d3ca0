"""dpa digital wires: an own entry fact by fact; the facts of the NewsML-G2 twins, read here by ElementTree; nothing raises."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given

from pipeline import codec
from pipeline.article import AltId, Association, Genre, InfoSource, Place, Rendition, Subject, Text
from pipeline.formats import digitalwires
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import raw_item
from tests.formats.json_items import WIRES, facts, message, mutations, values, wire

NAR = "{http://iptc.org/std/nar/2006-10-01/}"
XHTML = "{http://www.w3.org/1999/xhtml}"
CLASSES = {"ninat:text": "text", "ninat:picture": "picture", "ninat:audio": "audio"}
UNSET = "None"  # what the twins' maker printed for a null


def parsed(tree: object) -> Parsed:
    return facts(digitalwires.parse(message(tree, "digitalwires")))


def entry(**over: Any) -> Any:
    return {**wire("digitalwires.json"), **over}


def plain(role: str, value: str) -> Text:
    return Text(role=role, content_type="text/plain", value=value)


def test_a_correction_with_everything() -> None:
    found = facts(digitalwires.parse(raw_item(value=(WIRES / "digitalwires.json").read_bytes(), format="digitalwires")))
    assert found == Parsed(
        headline="KORR- Hafenbrücke in Lindau bleibt gesperrt",
        headlines=(plain("kicker", "Verkehr"),),
        body_text="Die Hafenbrücke bleibt bis Freitag gesperrt.\n\nFähren verlegt\n\nZwei Fähren liegen am alten Kai.",
        body_html="<section><p>Die Hafenbrücke bleibt bis Freitag gesperrt.</p><h2>Fähren verlegt</h2><p>Zwei Fähren liegen "
        '<a href="https://example.test/pier" rel="noopener noreferrer nofollow">am alten Kai</a>.</p></section>',
        bodies=(plain("infobox", "Zahlen\n\nZwei Fähren, eine Brücke."),),
        summary="Die Brücke bleibt bis Freitag zu.",
        descriptions=(plain("autopublishnotice", "© Beispiel, dpa:260301-930-77/4"),),
        uri="urn:newsml:wire.example:20260301:260301-930-000077",
        guid="urn:newsml:wire.example:20260301:260301-930-000077",
        version="4",
        type="text",
        profile="digitalwires@0.9.1",
        pub_status="usable",
        urgency="3",
        urgency_scale="iptc",
        signals=("sig:correction",),
        updated="2026-03-01T08:00:00+01:00",
        item_language="de",
        ed_notes=("Im ersten Absatz: Freitag statt Donnerstag.", "dpa am z1 jr", "Bilder folgen."),
        not_for_publication=("Autor/in: Ada Müller, +49 30 000000", "Hafenamt, +49 8382 0000"),
        byline="Von Ada Müller und Jon Reet, dpa",
        authors=("mueller.ada",),
        dateline="Lindau (dpa) -",
        credit_line="dpa",
        rights="Copyright 2026, Beispiel",
        usage_terms="Nutzung nur nach Vereinbarung\nUse by agreement",
        genres=(Genre(name="Meldung", literal="dpatextgenre:1"),),
        places=(Place(name="Bayern", literal="dpaarea:2"), Place(name="Hafenamt")),
        categories=(
            Subject(name="vm", literal="dpacat:vm"),
            Subject(name="Verkehr", literal="dpasubject:232"),
            Subject(name="Brücken", uri="http://cv.iptc.org/newscodes/mediatopic/20000337"),
            Subject(name="Hafen", rel="keyword"),
            Subject(name="verkehr.bayern", rel="rubric", literal="dnlpath:verkehr.bayern"),
        ),
        category="vm",
        service="bdt, edi",
        info_sources=(
            InfoSource(name="dpa", role="provider", literal="dnlprov:dpa"),
            InfoSource(name="EX", role="contentSource", literal="dpacprh:ex"),
        ),
        alt_ids=(AltId(role="entry_id", value="Zx81entry"),),
        associations=(
            Association(
                name="image1",
                rel="featureimage",
                uri="urn:newsml:wire.example:20260301:photo-5",
                type="picture",
                version="2",
                headlines=(plain("main", "Fähren"),),
                descriptions=(plain("caption", "Fähren am alten Kai."),),
                info_sources=(InfoSource(name="Ada Müller/dpa", role="creditline"),),
                renditions=(
                    Rendition(
                        name="s2048", href="https://example.test/5.jpg", content_type="image/jpeg", width=2048, height=1365
                    ),
                ),
            ),
            Association(
                name="image2",
                uri="urn:newsml:wire.example:20260301:photo-6",
                type="picture",
                version="1",
                headlines=(plain("main", "Kai"),),
                descriptions=(plain("caption", "Der alte Kai."),),
                info_sources=(InfoSource(name="Jon Reet/dpa", role="creditline"),),
            ),
        ),
        rules=("digitalwires.correction_prefix",),
    )


@pytest.mark.parametrize(
    ("value", "embargo"),
    [(None, None), ("", ""), ("2026-03-01T19:00:00+01:00", "2026-03-01T19:00:00+01:00"), ("bis abends", "bis abends")],
)
def test_embargo(value: str | None, embargo: str | None) -> None:
    assert parsed(entry(embargoed=value)).embargo == embargo


def test_a_note_of_unknown_standing_is_not_published() -> None:
    notes = [{"role": "x:note", "ednote": "Nur intern?"}, {"role": "x:note", "ednote": "Auch intern?", "is_publishable": "true"}]
    found = parsed(entry(ednotes=notes, notepad=None))
    assert (found.ed_notes, found.not_for_publication) == ((), ("Nur intern?", "Auch intern?"))


def test_the_notepad_is_read_where_there_are_no_notes() -> None:
    found = parsed(entry(ednotes=None))
    assert found.ed_notes == ("Berichtigung\n\nIm ersten Absatz: Freitag statt Donnerstag.",)
    assert found.not_for_publication == ("Nicht zur Veröffentlichung bestimmt\n\nAutor/in: Ada Müller, +49 30 000000",)


def test_a_photo_of_its_own_is_a_picture_with_files() -> None:
    photo = wire("digitalwires.json")["associations"][1]
    found = parsed(entry(urn=photo["urn"], article_html=None, associations=[photo]))
    assert (found.type, found.body_text) == ("picture", "")
    assert [rendition.href for rendition in found.renditions] == ["https://example.test/5.jpg"]


def test_faults_are_listed_and_the_entry_stays() -> None:
    found = parsed(entry(urgency=11, headline=7, version="4", categories=[{"name": "x"}, "y"]))
    assert found.problems == (
        "digitalwires.bad_type:version",
        "digitalwires.bad_value:urgency",
        "digitalwires.bad_type:headline",
        "digitalwires.missing_type:categories[0]",
        "digitalwires.bad_type:categories[1]",
    )
    assert (found.version, found.headline) == ("4", "")


def test_what_says_nothing_is_rejected() -> None:
    assert digitalwires.parse(message({"version": 1}, "digitalwires")) == Reject(Reason.NO_CONTENT, "digitalwires.missing_urn")
    assert isinstance(digitalwires.parse(message([], "digitalwires")), Reject)


# ── the NewsML-G2 twins ──────────────────────────────────────────────────────────────────────────────────────────────


def texts(root: ElementTree.Element, path: str) -> list[str]:
    return ["".join(node.itertext()) for node in root.iterfind(path.replace("/", "/" + NAR))]


def first(root: ElementTree.Element, path: str) -> str:
    return next((text for text in texts(root, path) if text != UNSET), "")


def codes(root: ElementTree.Element, path: str, attribute: str = "qcode") -> list[str]:
    return [code for node in root.iterfind(path.replace("/", "/" + NAR)) if (code := node.get(attribute))]


def squashed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def body_of(root: ElementTree.Element) -> str:
    """The twin's section, without what its maker put in: teaser, dateline, boxes."""
    section = root.find(f".//{XHTML}section[@class]")
    sections = [node for node in root.iter(f"{XHTML}section") if (node.get("class") or "").startswith("main")]
    if section is None or not sections:
        return ""
    pieces = []
    for child in sections[0]:
        name = (child.get("class") or "").lower()
        if name not in ("teaser", "infobox", "linkbox"):
            pieces.append("".join(child.itertext()))
    return squashed("".join(pieces))


def compare(found: Parsed, root: ElementTree.Element, left_out: set[str]) -> int:
    """Every fact that both have; the number of facts compared. `left_out` are codes that the twin's maker did not carry over."""
    item = root.find(f".//{NAR}newsItem")
    assert item is not None
    status = [code.removeprefix("stat:") for code in codes(item, "./itemMeta/pubStatus")]
    pairs = [
        (found.uri, item.get("guid")),
        (found.version, item.get("version")),
        (found.item_language, first_attribute(item, "./contentMeta/language", "tag")),
        (found.type, CLASSES[codes(item, "./itemMeta/itemClass")[0]]),
        (found.headline, first(item, "./contentMeta/headline")),
        (found.updated, first(item, "./itemMeta/versionCreated")),
        (found.content_created, first(item, "./contentMeta/contentCreated")),
        (found.embargo or "", first(item, "./itemMeta/embargoed")),
        (found.pub_status, status[0] if status else ""),
        (found.urgency, first(item, "./contentMeta/urgency")),
        (list(found.signals), codes(item, "./itemMeta/signal")),
        (found.byline, first(item, "./contentMeta/by")),
        (found.dateline, first(item, "./contentMeta/dateline").strip()),
        (found.credit_line, first(item, "./contentMeta/creditline")),
        (squashed(found.rights), squashed(first(item, "./rightsInfo/copyrightNotice"))),
        (squashed(found.usage_terms), squashed(first(item, "./rightsInfo/usageTerms"))),
        (found.service.split(", "), texts(item, "./itemMeta/service/name")),
        (sorted(set(subjects_of(found)) - left_out), sorted(set(subjects_in(item)))),
        (sorted(c.name for c in found.categories if c.rel == "keyword"), sorted(texts(item, "./contentMeta/keyword"))),
        ({genre.literal for genre in found.genres} >= set(codes(item, "./contentMeta/genre")), True),
        ([person.name for person in found.contributors], texts(item, "./contentMeta/contributor/name")),
        (squashed(found.summary), squashed(teaser_in(item))),
        (sorted(map(squashed, found.ed_notes)), notes_in(item, is_public=True)),
        (sorted(map(squashed, found.not_for_publication)), notes_in(item, is_public=False)),
    ]
    for number, (ours, theirs) in enumerate(pairs):
        assert ours == theirs, f"fact {number} of {found.uri}"
    return len(pairs)


def first_attribute(item: ElementTree.Element, path: str, name: str) -> str:
    return codes(item, path, name)[0]


def subjects_of(found: Parsed) -> list[str]:
    mediatopic = "http://cv.iptc.org/newscodes/mediatopic/"
    concepts = [c for c in found.categories if c.rel not in ("keyword", "rubric")] + [p for p in found.places if not p.rel]
    return sorted((c.literal or c.uri.replace(mediatopic, "medtop:") or c.name) for c in concepts)


def subjects_in(item: ElementTree.Element) -> list[str]:
    """Codes, or the name where there is no code."""
    nodes = item.iterfind(f"./{NAR}contentMeta/{NAR}subject")
    return sorted((node.get("qcode") or node.findtext(f"{NAR}name") or "").strip() for node in nodes)


def teaser_in(item: ElementTree.Element) -> str:
    nodes = item.iterfind(f"./{NAR}contentMeta/{NAR}description")
    return next(("".join(node.itertext()) for node in nodes if node.get("role") == "drol:teaser"), "")


def notes_in(item: ElementTree.Element, *, is_public: bool) -> list[str]:
    found = set()
    for node in item.iterfind(f"./{NAR}itemMeta/{NAR}edNote"):
        is_note = node.get("role") != "dpaednoterole:notepad"
        if is_note and (node.get("pubconstraint") != "dpapconstraint:nonpublic") == is_public:
            found.add(squashed("".join(node.itertext())))
    return sorted(found)


def test_every_entry_has_the_facts_of_its_newsml_twin(shared: Path) -> None:
    folder = shared / "dpa-digitalwires"
    compared = 0
    twins = sorted(folder.glob("output/*.xml"))
    assert len(twins) >= 18
    for path in twins:
        value = (folder / "input" / f"{path.stem}.json").read_bytes()
        found = facts(digitalwires.parse(raw_item(value=value, format="digitalwires")))
        assert not found.problems
        root = ElementTree.fromstring(path.read_bytes())
        categories = codec.loads(value)["categories"]
        left_out = {category["qcode"] for category in categories if category["type"] == "dnltype:subject"}
        compared += compare(found, root, left_out)
        ours, theirs = squashed(found.body_text), body_of(root)
        dateline = squashed(found.dateline)
        assert dateline + ours.removeprefix(dateline) == dateline + theirs.removeprefix(dateline), path.stem
        compared += 1
    assert compared >= 18 * 24


def test_every_entry_is_read(shared: Path) -> None:
    for path in sorted((shared / "dpa-digitalwires" / "input").glob("*.json")):
        found = facts(digitalwires.parse(raw_item(value=path.read_bytes(), format="digitalwires")))
        tree = codec.loads(path.read_bytes())
        assert found.headline == tree["headline"]
        photos = sorted(tree["associations"], key=lambda photo: photo["rank"])
        assert [photo.uri for photo in found.associations] == [photo["urn"] for photo in photos]
        credits_ = [[source.name for source in photo.info_sources] for photo in found.associations]
        assert credits_ == [[photo["creditline"]] if "creditline" in photo else [] for photo in photos]


# ── anything ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(values)
def test_no_value_raises(tree: Any) -> None:
    assert isinstance(digitalwires.parse(message(tree, "digitalwires")), Parsed | Reject)


@given(mutations("digitalwires.json"))
def test_no_damaged_entry_raises(tree: Any) -> None:
    found = digitalwires.parse(message(tree, "digitalwires"))
    if isinstance(found, Parsed):
        assert codec.encode(found)
        assert all(association.uri and association.name for association in found.associations)
    else:
        assert found.reason is Reason.NO_CONTENT
