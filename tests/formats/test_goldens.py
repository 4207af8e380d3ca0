"""Golden pairs: `<case>.xml` (`.txt`, `.json`, `.wire`) beside `<case>.expected.json`, which opens with why the case exists.

A case is what `newswire offline --through normalize` makes of the file. Our own version is left out: a release changes nothing.
The cases of this folder are named after the trap they set; those in `stories/` are whole reports with their wire furniture, at
least one for each version of each format, and are named `<format>_<case>`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import codec, offline
from pipeline.formats import KNOWN
from tests.builders import NOW

FOLDER = Path(__file__).parent
STORIES = FOLDER / "stories"
SUFFIXES = (".xml", ".txt", ".json", ".wire")
PAIR = ".expected.json"


def cases(folder: Path) -> list[Path]:
    """The first halves of the pairs."""
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.endswith(PAIR))


def pair_of(case: Path) -> Path:
    """The second half."""
    return case.with_name(case.stem + PAIR)


CASES = [*cases(FOLDER), *cases(STORIES)]


def results(path: Path) -> list[Any]:
    """The records and rejects of one file, as they are printed."""
    document = offline.Document(path=path.name, value=path.read_bytes(), at=NOW)
    found = offline.run([document], through="normalize", feed="example-world", provider="example.test")
    made = [codec.loads(codec.encode(result)) for result in found]
    for record in made:
        record.get("pipeline", {}).pop("provenance", None)
    return made


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_golden(path: Path, request: pytest.FixtureRequest) -> None:
    pair = pair_of(path)
    expected = json.loads(pair.read_text())
    if request.config.getoption("--golden", default=False):
        pair.write_text(json.dumps({"why": expected["why"], "items": results(path)}, indent=1, ensure_ascii=False) + "\n")
        return
    assert results(path) == expected["items"]


def test_every_case_has_its_pair_and_a_reason() -> None:
    pairs = [pair for folder in (FOLDER, STORIES) for pair in folder.glob("*" + PAIR)]
    assert {*pairs} == {pair_of(case) for case in CASES}
    whys = [json.loads(pair.read_text())["why"] for pair in pairs]
    assert all(len(why) > 20 for why in whys)
    assert len(set(whys)) == len(whys)


def test_every_format_has_its_stories() -> None:
    """The name of a story says its format, and so does its record."""
    told: set[str] = set()
    for case in cases(STORIES):
        format_ = case.stem.partition("_")[0]
        items = json.loads(pair_of(case).read_text())["items"]
        assert {item["pipeline"]["source"]["format"] for item in items} == {format_}, case.name
        told.add(format_)
    assert told == set(KNOWN)
