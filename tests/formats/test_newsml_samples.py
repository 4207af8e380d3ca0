"""NewsML-G2 over the sample data: an independent second reading, and what becomes of valid and invalid items."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from pipeline.formats import newsml
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import raw_item


def documents(shared: Path, *folders: str) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(path for folder in folders for path in (shared / folder).rglob("*.xml")):
        yield path, path.read_bytes()


def flat(node: ElementTree.Element | None) -> str:
    return " ".join("".join(node.itertext()).split()) if node is not None else ""


def second_reading(root: ElementTree.Element) -> dict[str, object]:
    """The same fields by qualified names and XPath, without anything of the reader under test."""
    item = root
    if root.tag.endswith("}newsMessage"):
        item = next(node for node in root.findall("./{*}itemSet/*") if node.get("guid"))
    embargoed = item.find("./{*}itemMeta/{*}embargoed")
    status = item.find("./{*}itemMeta/{*}pubStatus")
    slugline = item.find("./{*}contentMeta/{*}slugline")
    headlines = {flat(node) for node in item.findall("./{*}contentMeta/{*}headline")}
    return {
        "guid": item.get("guid", ""),
        "version": item.get("version", ""),
        "pub_status": "" if status is None else (status.get("qcode") or status.get("uri", "")).replace("/", ":").split(":")[-1],
        "urgency": flat(item.find("./{*}contentMeta/{*}urgency")),
        "embargo": None if embargoed is None else flat(embargoed),
        "slugline": flat(slugline),
        "updated": flat(item.find("./{*}itemMeta/{*}versionCreated")),
        "headlines": headlines - {""},
        "subjects": [node.get("uri") or node.get("qcode") for node in item.findall("./{*}contentMeta/{*}subject")],
        "signals": {node.get("qcode") for node in item.findall("./{*}itemMeta/{*}signal")} - {None},
    }


def first_reading(found: Parsed) -> dict[str, object]:
    titles = {found.headline, *(text.value for text in found.headlines)}
    return {
        "guid": found.guid, "version": found.version, "pub_status": found.pub_status, "urgency": found.urgency,
        "embargo": found.embargo, "slugline": found.slugline, "updated": found.updated, "headlines": titles,
    }  # fmt: skip


def test_sample_items_read_the_same_a_second_way(shared: Path) -> None:
    compared = articles = 0
    for path, value in documents(shared, "newsml-g2", "dpa-digitalwires/output"):
        found = newsml.parse(raw_item(value=value, format="newsmlg2"))
        if isinstance(found, Reject) or "newsml.fragment" in found.problems or found.type == "event":
            continue
        articles += 1
        second = second_reading(ElementTree.fromstring(value))
        subjects, signals, headlines = second.pop("subjects"), second.pop("signals"), second.pop("headlines")
        first = first_reading(found)
        titles = first.pop("headlines")
        assert first == second, path
        assert isinstance(headlines, set)
        assert isinstance(titles, set)
        assert headlines <= titles, path
        named = [*found.categories, *found.people, *found.organisations, *found.places]
        codes = {code for entry in named for code in (entry.uri, entry.literal) if code}
        assert isinstance(subjects, list)
        for subject in filter(None, subjects):
            last = subject.partition(":")[2]
            assert any(code == subject or (last and code.endswith(last)) for code in codes), (path, subject)
        assert isinstance(signals, set)
        assert signals <= set(found.signals), path
        compared += len(first) + len(headlines) + len(subjects) + len(signals)
    assert articles > 150
    assert compared > 1_200


def test_valid_samples_are_articles_or_say_what_they_are(shared: Path) -> None:
    reasons = {"a vocabulary", "a concept", "no headline and no text", "is no NewsML-G2 item", "no guid, no headline"}
    for path, value in documents(shared, "newsml-g2"):
        found = newsml.parse(raw_item(value=value, format="newsmlg2"))
        if isinstance(found, Reject):
            assert found.reason in (Reason.NO_CONTENT, Reason.UNKNOWN_FORMAT), path
            assert any(reason in found.detail for reason in reasons), (path, found.detail)
        elif "should_pass" in path.parts:
            assert not set(found.problems) & {"newsml.no_guid", "newsml.no_item_meta", "newsml.bad_version"}, path


def test_invalid_samples_are_taken_with_problems_or_rejected_with_a_path(shared: Path) -> None:
    seen = 0
    for path, value in documents(shared, "newsml-g2/unit_test_files"):
        if "should_fail" in path.parts:
            seen += 1
            found = newsml.parse(raw_item(value=value, format="newsmlg2"))
            assert found.detail.startswith("/") if isinstance(found, Reject) else found.guid, path
    assert seen == 10
