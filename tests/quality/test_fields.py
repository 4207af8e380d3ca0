"""Byline, authors, photos, credit, sign-off and end matter over generated messages: accuracy per field, against pinned floors."""

import tomllib
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulator.grammar import Revision, Text, draw_plot, tell
from pipeline.wire.credit import attribute, dateline_evidence, headline_evidence
from pipeline.wire.furniture import Copy, read_copy
from tests.quality.messages import PUBLISHED, Message, digest, messages

FLOORS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("fields_floors.toml").read_text())
LANGUAGES = (("en", "Reuters"), ("de", "dpa"), ("fr", "AFP"), ("es", "EFE"))
REVISIONS: tuple[tuple[Revision, ...], ...] = ((), ("update",), ("correction",), ("update", "correction"))


@cache
def readings() -> list[tuple[Message, Copy]]:
    """Each message with what is read of it."""
    return [(message, read_copy(message.raw, headline=message.headline, published=PUBLISHED)) for message in messages()]


def _byline(message: Message, copy: Copy) -> bool:
    return [author.name for author in copy.authors if author.evidence == "byline"] == message.byline


def _authors(message: Message, copy: Copy) -> bool:
    return [(author.name, author.role, author.place) for author in copy.authors] == message.authors


def _signoff(message: Message, copy: Copy) -> bool:
    found = {(author.name, author.role, author.place) for author in copy.authors}
    of_signoff = {(author.name, author.role, author.place) for author in copy.authors if author.evidence == "signoff"}
    return set(message.signoff) <= found and of_signoff <= set(message.signoff)


def _captions(message: Message, copy: Copy) -> bool:
    found = []
    for photo in copy.associations:
        caption = next((text.value for text in photo.descriptions if text.role == "caption"), "")
        found.append((caption, photo.by, next((source.name for source in photo.info_sources if source.role == "creditline"), "")))
    return found == message.photos


def _credits(message: Message, copy: Copy) -> bool:
    evidence = (*headline_evidence(message.headline), *dateline_evidence(copy.dateline), *copy.evidence)
    credit = attribute(evidence, host="news.example.test", published=PUBLISHED)
    return credit is not None and credit.agency == message.agency and {p.kind for p in credit.evidence} == message.evidence


def _notes(message: Message, copy: Copy) -> bool:
    return (list(copy.ed_notes), list(copy.correction_notes)) == (message.notes, message.corrections)


def _private(message: Message, copy: Copy) -> bool:
    public = "\n".join((copy.text, *copy.ed_notes, *copy.correction_notes))
    is_kept = message.private in "\n".join(copy.not_for_publication)
    return is_kept and (not message.private or message.private not in public)


def _tails(message: Message, copy: Copy) -> bool:
    return copy.text == message.text


FIELDS: dict[str, Callable[[Message, Copy], bool]] = {
    "byline": _byline,
    "authors": _authors,
    "signoff": _signoff,
    "captions": _captions,
    "credits": _credits,
    "notes": _notes,
    "private": _private,
    "tails": _tails,
}


def test_the_set_is_the_pinned_one() -> None:
    assert (len(messages()), digest()) == (FLOORS["set"]["count"], FLOORS["set"]["digest"])


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_field_accuracy(name: str) -> None:
    wrong = [message.raw[:300] for message, copy in readings() if not FIELDS[name](message, copy)]
    accuracy = 1 - len(wrong) / len(readings())
    assert accuracy >= FLOORS["floors"][name], f"{accuracy:.3f}\n" + "\n--\n".join(wrong[:5])


@cache
def simulated() -> list[tuple[Text, str, Copy]]:
    """Copy written for another purpose, in four languages, with the name of its reporter and what is read of it."""
    found = []
    for language, agency in LANGUAGES:
        for number in range(60):
            plot = draw_plot(f"fields/{number}", language, agency=agency, day=date(2026, 3, 4))
            told = tell(plot, REVISIONS[number % len(REVISIONS)])
            raw = "\n\n".join(block for block in (told.note, told.byline, *told.paragraphs, told.signoff) if block)
            copy = read_copy(raw, headline=told.headline, published=PUBLISHED, language=language)
            found.append((told, plot.facts["reporter"], copy))
    return found


def _share(right: list[bool]) -> float:
    assert right, "the simulator wrote none of these"
    return sum(right) / len(right)


def test_simulated_texts() -> None:
    right = ["\n\n".join(told.paragraphs).endswith(copy.text) for told, _, copy in simulated()]
    assert _share(right) >= FLOORS["simulated"]["texts"]


def test_simulated_notes() -> None:
    right = [bool(copy.ed_notes or copy.correction_notes) for told, _, copy in simulated() if told.note]
    assert _share(right) >= FLOORS["simulated"]["notes"]


def test_simulated_signoffs() -> None:
    right = [any(author.role == "editor" for author in copy.authors) for told, _, copy in simulated() if told.signoff]
    assert _share(right) >= FLOORS["simulated"]["signoff"]


def test_simulated_bylines() -> None:
    right = [
        any((author.name, author.evidence) == (reporter, "byline") for author in copy.authors)
        for told, reporter, copy in simulated()
        if told.byline
    ]
    assert _share(right) >= FLOORS["simulated"]["byline"]
