"""Photo blocks: caption, credit and photographer, and where the block ends when other things are glued to it."""

import pytest
from hypothesis import given

from pipeline.wire import captions
from pipeline.wire.captions import association, lone_rule, read_photo
from tests.strategies import hostile_text

FERRY = "The ferry leaves the harbour of Oslo, Norway, March 2, 2026."
PHOTOS = [
    (f"© Reuters. {FERRY} REUTERS/Vera Sandoval", FERRY, "REUTERS", "Vera Sandoval", ""),
    (
        f"3/3 © Reuters. FILE PHOTO: {FERRY} REUTERS/Vera Sandoval/File Photo",
        f"FILE PHOTO: {FERRY}",
        "REUTERS",
        "Vera Sandoval",
        "",
    ),
    (f"[1/3]{FERRY} REUTERS/Vera Sandoval Acquire Licensing Rights, opens new tab", FERRY, "REUTERS", "Vera Sandoval", ""),
    (f"{FERRY} REUTERS/Vera Sandoval/ File Photo Acquire Licensing Rights", FERRY, "REUTERS", "Vera Sandoval", ""),
    (
        f"{FERRY} Picture taken March 2, 2026. REUTERS/Vera Sandoval",
        f"{FERRY} Picture taken March 2, 2026.",
        "REUTERS",
        "Vera Sandoval",
        "",
    ),
    (f"{FERRY} REUTERS/Vera Sandoval Picture taken March 2.", f"{FERRY} Picture taken March 2.", "REUTERS", "Vera Sandoval", ""),
    (f"{FERRY} REUTERS/Stringer", FERRY, "REUTERS", "", ""),
    (f"{FERRY} Norland Coast Guard/Handout via REUTERS", FERRY, "Norland Coast Guard/Handout via REUTERS", "", ""),
    (f"{FERRY} (AP Photo/Vera Sandoval)", FERRY, "AP", "Vera Sandoval", ""),
    (f"FILE - {FERRY} (AP Photo/Vera Sandoval, File)", f"FILE - {FERRY}", "AP", "Vera Sandoval", ""),
    (f"{FERRY} Vera Sandoval/AFP via Getty Images", FERRY, "AFP via Getty Images", "Vera Sandoval", ""),
    (f"{FERRY} (Photo by Vera Sandoval / AFP)", FERRY, "AFP", "Vera Sandoval", ""),
    (f"{FERRY} (Photo by Vera Sandoval/Getty Images)", FERRY, "Getty Images", "Vera Sandoval", ""),
    (f"{FERRY} (Vera Sandoval/Xinhua)", FERRY, "Xinhua", "Vera Sandoval", ""),
    ("Die Fähre verlässt Oslo. Foto: Jutta Brandhorst/dpa", "Die Fähre verlässt Oslo.", "dpa", "Jutta Brandhorst", ""),
    (f"© Reuters. {FERRY}", FERRY, "Reuters", "", ""),
    ("© Reuters.", "", "Reuters", "", ""),
    ("REUTERS/Vera Sandoval", "", "REUTERS", "Vera Sandoval", ""),
    (f"© AP Photo/Vera Sandoval {FERRY}", FERRY, "AP", "Vera Sandoval", ""),
    (
        f"© Reuters. {FERRY} REUTERS/Vera Sandoval OSLO, Norway (Reuters) - It sails.",
        FERRY,
        "REUTERS",
        "Vera Sandoval",
        "OSLO, Norway (Reuters) - It sails.",
    ),
    (
        f"© Reuters. {FERRY} REUTERS/Vera Sandoval By Tom Quill OSLO (Reuters) - It sails.",
        FERRY,
        "REUTERS",
        "Vera Sandoval",
        "By Tom Quill OSLO (Reuters) - It sails.",
    ),
    (
        "3/3 © Reuters. FILE PHOTO: The ferry in Oslo, taken 2/3 By Tom Quill (Reuters) - It sails.",
        "FILE PHOTO: The ferry in Oslo, taken",
        "Reuters",
        "",
        "By Tom Quill (Reuters) - It sails.",
    ),
]


@pytest.mark.parametrize(("text", "caption", "credit", "name", "rest"), PHOTOS, ids=[row[0][:70] for row in PHOTOS])
def test_photos(text: str, caption: str, credit: str, name: str, rest: str) -> None:
    found = read_photo(text)
    assert found is not None
    assert (found.caption, found.credit, found.photographer, text[found.end :].strip()) == (caption, credit, name, rest)


@pytest.mark.parametrize(
    "text", [*captions.NOT_CAPTIONS, "", "©", "The report cost 1/3 of the budget. Talks went on in Oslo/Bergen."]
)
def test_paragraphs_are_no_photos(text: str) -> None:
    assert read_photo(text) is None
    assert lone_rule(text) == ""


def test_every_rule_fires_on_its_example() -> None:
    assert list(captions.RULES) == sorted(captions.RULES)
    for rule, example in captions.RULES:
        found = read_photo(example)
        assert rule in ((*found.rules, "") if found else (lone_rule(example),)), example


def test_evidence_is_as_printed() -> None:
    found = read_photo(f"2/2 © Reuters. {FERRY} REUTERS/Vera Sandoval")
    assert found is not None
    assert [(piece.kind, piece.text) for piece in found.evidence] == [
        ("copyright_line", "© Reuters."),
        ("photo_credit", "REUTERS/Vera Sandoval"),
    ]


def test_a_photo_has_the_same_uri_whatever_its_number() -> None:
    photo, other = read_photo(f"{FERRY} REUTERS/Vera Sandoval"), read_photo(f"{FERRY} REUTERS/Tom Quill")
    assert photo is not None
    assert other is not None
    assert association(photo, 1).uri == association(photo, 7).uri != association(other, 1).uri
    assert association(photo, 3).name == "photo3"


@given(hostile_text)
def test_never_raises_and_ends_inside(text: str) -> None:
    for block in (
        text,
        f"© Reuters. {text}",
        f"{text} REUTERS/Vera Sandoval",
        f"© Reuters. {text} 2/3 By {text} (Reuters) - {text}",
    ):
        found = read_photo(block)
        assert found is None or 0 < found.end <= len(block)
