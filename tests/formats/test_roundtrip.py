"""The standards' own samples through `normalize`: what they say arrives in the ninjs output, and the output is ninjs.

Read a second time here by XPath and plain JSON, without anything of the readers under test. Skipped without the samples.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import codec
from pipeline.article import Article
from pipeline.contract.check import GEOJSON, Validator, official_ninjs, problems
from pipeline.formats.ninjs_shapes import major_version
from pipeline.formats.split import split
from pipeline.records import Emit, RawItem, Reject
from pipeline.stages.normalize import normalize
from tests import contract
from tests.builders import NOW, raw_item
from tests.formats.json_items import WIRES, message, mutations
from tests.strategies import raw_items

VOCABULARIES = ("knowledgeItem", "catalogItem", "catalog", "conceptItem")  # accepted where they are events
MEDIATOPIC = "http://cv.iptc.org/newscodes/mediatopic/"


@pytest.fixture(scope="module")
def official(shared: Path) -> Validator:
    """The IPTC's schema with one object `pipeline` beside it and nothing else; GeoJSON comes from the folder."""
    return official_ninjs(shared / "ninjs")


def outcome(value: bytes, format_: str) -> Article | Reject:
    verdict = normalize(raw_item(value=value, format=format_), {}, NOW)
    assert isinstance(verdict, Reject) or isinstance(verdict.record, Article)
    return verdict if isinstance(verdict, Reject) else verdict.record


def article(value: bytes, format_: str) -> Article:
    found = outcome(value, format_)
    assert isinstance(found, Article), found
    return found


def assert_ninjs(found: Article, official: Validator, name: object) -> None:
    """Valid ninjs 3.1 that keeps our own contract too."""
    assert not problems(official, codec.encode(found)), name
    assert not contract.faults(found), name


# ── NewsML-G2 ────────────────────────────────────────────────────────────────────────────────────────────────────────


def flat(node: ElementTree.Element | None) -> str:
    return " ".join("".join(node.itertext()).split()) if node is not None else ""


def code(node: ElementTree.Element | None) -> str:
    """`stat:usable`, `http://…/pubstatusg2/usable` → usable."""
    return "" if node is None else (node.get("qcode") or node.get("uri") or "").replace("/", ":").rpartition(":")[2]


def item_of(root: ElementTree.Element) -> ElementTree.Element:
    """The article of a document: of a message its first item that has a name."""
    is_message = root.tag.endswith("}newsMessage")
    return next(node for node in root.findall("./{*}itemSet/*") if node.get("guid")) if is_message else root


def g2_samples(shared: Path) -> Iterator[tuple[Path, bytes, ElementTree.Element]]:
    for path in sorted((shared / "newsml-g2").rglob("*.xml")):
        if "schema" not in path.relative_to(shared).parts:
            value = path.read_bytes()
            yield path, value, item_of(ElementTree.fromstring(value))


def lost_g2(found: Article, item: ElementTree.Element) -> list[str]:
    """Facts of the item that the article does not have, by name."""
    embargo = item.find("./{*}itemMeta/{*}embargoed")
    headlines = [flat(node) for node in item.findall("./{*}contentMeta/{*}headline")]
    kept = {found.pipeline.headline.raw if found.pipeline.headline else "", *(text.value for text in found.headlines)}
    status = "withheld" if flat(embargo) > NOW else code(item.find("./{*}itemMeta/{*}pubStatus")) or "usable"
    pairs: dict[str, tuple[object, object]] = {
        "guid": (item.get("guid", ""), found.pipeline.identity.guid),
        "uri": (item.get("guid", "") if ":" in item.get("guid", "") else found.uri, found.uri),
        "version": (item.get("version", ""), found.version),
        "pubStatus": (status, found.pub_status),
        "urgency": (flat(item.find("./{*}contentMeta/{*}urgency")), str(found.urgency or "")),
        "slugline": (flat(item.find("./{*}contentMeta/{*}slugline")), found.slugline),
        "embargo": (flat(embargo), found.embargoed_until),
        "headlines": (set(), {text for text in headlines if text} - kept),
        "subjects": ([], list(lost_subjects(found, item))),
    }
    return [f"{name}: {said!r}, got {got!r}" for name, (said, got) in pairs.items() if said != got]


def lost_subjects(found: Article, item: ElementTree.Element) -> Iterator[str]:
    """Codes and names of `subject` that no subject, person, organisation or place of the article has."""
    concepts = (*found.subjects, *found.people, *found.organisations, *found.places)
    codes = {code for concept in concepts for code in (concept.uri, concept.literal) if code}
    for node in item.findall("./{*}contentMeta/{*}subject"):
        stated, name = node.get("uri") or node.get("qcode") or node.get("literal") or "", flat(node.find("./{*}name"))
        last = stated.partition(":")[2]
        if stated and not any(code == stated or (last and code.endswith(last)) for code in codes):
            yield stated
        if name and name not in {concept.name for concept in concepts}:
            yield name


def alternatives(found: Article, role: str) -> list[str]:
    return [other.value for other in found.alt_ids if other.role == role]


def test_newsml_g2_samples_keep_what_they_say(shared: Path, official: Validator) -> None:
    read = named = 0
    for path, value, item in g2_samples(shared):
        found, kind = outcome(value, "newsmlg2"), item.tag.rpartition("}")[2]
        if isinstance(found, Reject):
            assert kind in (*VOCABULARIES, "planningItem") or not item.get("guid"), (path, found)
            continue
        read += 1
        named += item.get("guid") is not None
        assert_ninjs(found, official, path)
        assert lost_g2(found, item) == [], path
        assert not item.get("guid") or item.get("guid") in (found.uri, *alternatives(found, "guid")), path
    assert read > 140
    assert named > 135


def test_a_loss_would_be_seen() -> None:
    """The comparison itself, on an item of ours whose embargo is over: each fact changed in the source is a fact lost."""
    value = (WIRES / "g2_story.xml").read_bytes().replace(b"2026-03-01T12:00:00Z", b"2026-03-01T06:00:00Z")
    found = article(value, "newsmlg2")
    assert lost_g2(found, item_of(ElementTree.fromstring(value))) == []
    for changed, fact in (
        ("versioned", "version"), ("{*}itemMeta/{*}pubStatus", "pubStatus"), ("{*}contentMeta/{*}urgency", "urgency"),
        ("{*}contentMeta/{*}slugline", "slugline"), ("{*}contentMeta/{*}headline", "headlines"),
        ("{*}contentMeta/{*}subject", "subjects"), ("{*}itemMeta/{*}embargoed", "embargo"),
    ):  # fmt: skip
        item = item_of(ElementTree.fromstring(value))
        node = item if changed == "versioned" else item.find(f"./{changed}")
        assert node is not None, changed
        node.text = "another"
        node.attrib.update(version="99", qcode="stat:another")
        assert fact in [lost.partition(":")[0] for lost in lost_g2(found, item)], changed


# ── ninjs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def ninjs_samples(shared: Path, *folders: str) -> Iterator[tuple[Path, bytes]]:
    """Each item of each file; a file that is no JSON counts as one."""
    for path in sorted(path for folder in folders for path in (shared / "ninjs").glob(f"{folder}/*.json")):
        for piece in split(path.read_bytes(), "ninjs"):
            yield path, piece.value


NINJS_PASS = ("test_suite/*/should_pass", "examples/*")
EMBARGOES = {"embargoed", "embargoeduntil"}  # free text in some samples: held


def test_every_valid_ninjs_sample_is_accepted_and_stays_valid(shared: Path, official: Validator) -> None:
    accepted = 0
    for path, value in ninjs_samples(shared, *NINJS_PASS):
        found = article(value, "ninjs")
        assert_ninjs(found, official, path)
        tree = {name.lower(): stated for name, stated in codec.loads(value).items()}
        assert tree["uri"] in (found.uri, *alternatives(found, "guid")), path
        assert tree.get("slugline", "") == found.slugline, path
        assert str(tree.get("version", "")) in (found.version, *alternatives(found, "version")), path
        assert found.pub_status in (tree.get("pubstatus", "usable"), "withheld" if tree.keys() & EMBARGOES else ""), path
        assert tree.get("urgency") == found.urgency, path
        accepted += 1
    assert accepted > 190


NEWEST = {1: "1.6", 2: "2.2", 3: "3.1"}  # minors only add: what the newest one allows is no violation


@pytest.fixture(scope="module")
def newest(shared: Path) -> dict[int, Validator]:
    """The official schema of each major version; dates and addresses unchecked, as real ones are free text."""
    geojson = codec.loads((shared / "ninjs" / "test_suite" / "GeoJSON-schema.json").read_bytes())
    registry = jsonschema_rs.Registry([(GEOJSON, geojson)])
    folder = shared / "ninjs" / "specification"
    schemas = {major: codec.loads((folder / f"ninjs-schema_{version}.json").read_bytes()) for major, version in NEWEST.items()}
    return {
        major: jsonschema_rs.validator_for(schema, registry=registry, validate_formats=False) for major, schema in schemas.items()
    }


def violated(tree: Any, schema: Validator) -> set[str]:
    """The paths that the official schema objects to, as `altids`, `infosource[0].scheme`; "" is the item itself."""
    paths = (error.instance_path for error in schema.iter_errors(tree))
    return {"".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") for path in paths}


def test_invalid_ninjs_samples_are_taken_with_each_problem_or_rejected_with_its_path(
    shared: Path, official: Validator, newest: dict[int, Validator]
) -> None:
    taken = rejected = 0
    for path, value in ninjs_samples(shared, "test_suite/*/should_fail"):
        found = outcome(value, "ninjs")
        if not is_json(value):
            assert isinstance(found, Reject)
            assert found.detail.startswith("not JSON: "), path
            continue
        said = found.detail if isinstance(found, Reject) else ", ".join(found.pipeline.source.problems)
        tree = codec.loads(value)
        paths = violated(tree, newest[major_version(tree)])
        if isinstance(found, Reject):
            rejected += 1
            assert found.detail.startswith("ninjs."), path
            assert any(violation in said for violation in paths), (path, paths, said)  # a header has no room for all of them
        else:
            taken += 1
            assert_ninjs(found, official, path)
            assert all(violation in said for violation in paths), (path, paths, said)
            assert bool(paths) == ("ninjs." in said), path
    assert taken > 5
    assert rejected > 20


def is_json(value: bytes) -> bool:
    try:
        codec.loads(value)
    except codec.Undecodable:
        return False
    return True


# ── dpa: one story in two formats ────────────────────────────────────────────────────────────────────────────────────

UNSET = "None"  # what the twins' maker printed for a null


def facts(found: Article) -> dict[str, Any]:
    """What must not depend on the format. Ids of subjects are compared apart: the twins leave some out."""
    part = found.pipeline
    dateline = part.dateline and (part.dateline.text, part.dateline.places, part.dateline.sources, part.dateline.date)
    return {
        "uri": found.uri, "version": found.version, "pubStatus": found.pub_status, "type": found.type,
        "urgency": found.urgency, "language": found.language, "versionCreated": found.version_created,
        "contentCreated": found.content_created, "embargoedUntil": found.embargoed_until, "headline": found.headline,
        "headlines": sorted(text.value for text in found.headlines), "by": found.by, "located": found.located,
        "edNote": set(found.ed_note.split("\n")), "copyrightNotice": found.copyright_notice, "infoSources": found.info_sources,
        "usageTerms": found.usage_terms.replace(UNSET, ""), "dateline": dateline, "authors": part.authors, "credit": part.credit,
        "times": part.times, "status": part.status, "signals": part.vendor and part.vendor.signals,
    }  # fmt: skip


def test_a_dpa_entry_and_its_newsml_twin_make_the_same_article(shared: Path, official: Validator) -> None:
    folder = shared / "dpa-digitalwires"
    twins = sorted(folder.glob("output/*.xml"))
    for path in twins:
        ours = article((folder / "input" / f"{path.stem}.json").read_bytes(), "digitalwires")
        theirs = article(path.read_bytes(), "newsmlg2")
        for found in (ours, theirs):
            assert_ninjs(found, official, path)
        assert facts(ours) == facts(theirs), path
        boxes = [text.value for text in ours.bodies if text.role != "main"]  # one of which a twin appends to its text
        rest = theirs.body_text.removeprefix(ours.body_text).strip()
        assert not rest or rest.splitlines()[0] in [box.splitlines()[0] for box in boxes], path
        assert rest or ours.pipeline.dedup.content == theirs.pipeline.dedup.content, path
        shown = {subject.uri or subject.literal for subject in theirs.subjects if subject.uri or "poiID" not in subject.literal}
        assert shown <= {subject.uri or subject.literal for subject in (*ours.subjects, *ours.places)}, path
    assert len(twins) >= 18


# ── anything ─────────────────────────────────────────────────────────────────────────────────────────────────────────

DAMAGED = {
    **dict.fromkeys(("ninjs_1.json", "ninjs_2.json", "ninjs_3.json"), "ninjs"),
    "digitalwires.json": "digitalwires",
    "ap.json": "ap",
}


def assert_ninjs_if_anything(item: RawItem, official: Validator) -> None:
    verdict = normalize(item, {}, NOW)
    if isinstance(verdict, Emit):
        assert isinstance(verdict.record, Article)
        assert_ninjs(verdict.record, official, item.format)


@given(item=raw_items)
def test_whatever_came_what_is_made_of_it_is_ninjs(official: Validator, item: RawItem) -> None:
    assert_ninjs_if_anything(item, official)


@given(data=st.data())
def test_what_is_made_of_a_damaged_item_is_ninjs(official: Validator, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(DAMAGED)))
    assert_ninjs_if_anything(message(data.draw(mutations(name)), DAMAGED[name]), official)
