"""A set of datelines as agencies print them, each with what it says, made from templates and lists without a look at the reader.

Deterministic: drawn with the simulator's dice, so that the set is the same on every machine. Every place is real and every
agency prints its own forms; which cities and agencies the pipeline's tables hold plays no part here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pipeline.simulator.dice import Dice
from tests.quality.dateline_templates import FORMS
from tests.quality.words import FURNITURE

SEED, ROUNDS = "datelines-1", 30
PUBLISHED = "2026-03-05T09:30:00Z"
NOT_DATELINES = Path(__file__).with_name("not_datelines.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A body that opens with a dateline, and what has to be read from it."""

    form: str
    body: str
    text: str
    places: tuple[str, ...] = ()
    region: str = ""
    country: str = ""
    date: str = ""
    sources: tuple[str, ...] = ()
    separator: str = ""


def cases() -> Iterator[Case]:
    """The whole set: every form in every round."""
    for round_ in range(ROUNDS):
        for name, make in sorted(FORMS.items()):
            text, fields, rest = make(Dice(f"{SEED}/{name}/{round_}"))
            yield Case(form=name, body=text + rest, text=text.rstrip(), **fields)  # type: ignore[arg-type]


def negatives() -> list[str]:
    """Bodies without a dateline, one a line; `¶` stands for a blank line."""
    lines = NOT_DATELINES.read_text(encoding="utf-8").splitlines()
    return [line.replace(" ¶ ", "\n\n") for line in lines if line and not line.startswith("%")]


def corpus_digest() -> str:
    """sha256 over both sets: a changed set shows in the pinned file."""
    positive = "\n".join(repr(case) for case in cases())
    return sha256(f"{positive}\n{NOT_DATELINES.read_text(encoding='utf-8')}".encode()).hexdigest()


def bodies() -> Iterator[tuple[Case, str]]:
    """Each case with its body; those of `after_furniture` with something in front."""
    for number, case in enumerate(cases()):
        front = FURNITURE[number % len(FURNITURE)] if case.form == "after_furniture" else ""
        yield case, front + case.body
