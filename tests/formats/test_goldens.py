"""Golden pairs: `<case>.xml` or `.txt` beside `<case>.expected.json`, which opens with why the case exists.

A case is what `newswire offline --through normalize` makes of the file. Our own version is left out: a release changes nothing.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import codec, offline
from tests.builders import NOW

FOLDER = Path(__file__).parent
CASES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".xml", ".txt"))


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
    pair = path.with_suffix(".expected.json")
    expected = json.loads(pair.read_text())
    if request.config.getoption("--golden", default=False):
        pair.write_text(json.dumps({"why": expected["why"], "items": results(path)}, indent=1, ensure_ascii=False) + "\n")
        return
    assert results(path) == expected["items"]


def test_every_case_has_its_pair_and_a_reason() -> None:
    pairs = {path.name.removesuffix(".expected.json") for path in FOLDER.glob("*.expected.json")}
    assert pairs == {path.stem for path in CASES}
    whys = [json.loads(path.read_text())["why"] for path in FOLDER.glob("*.expected.json")]
    assert all(len(why) > 20 for why in whys)
    assert len(set(whys)) == len(whys)
