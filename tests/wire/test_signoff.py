"""Sign-offs: roles and places of everybody named, in the languages of the wires; and sentences that only begin like one."""

import pytest
from hypothesis import given

from pipeline.wire import signoff
from pipeline.wire.signoff import read_contributed, read_signoff
from tests.strategies import hostile_text

R, W, E, A, P = "reporter", "writer", "editor", "additional_reporter", "photographer"
SIGNOFFS = [
    (
        (
            "(Reporting by Vera Sandoval in Kyiv; Additional reporting by Tom Quill; Writing by Åsa Öberg; "
            "Editing by Bo Li and Ewa Żak)"
        ),
        [("Vera Sandoval", R, "Kyiv"), ("Tom Quill", A, ""), ("Åsa Öberg", W, ""), ("Bo Li", E, ""), ("Ewa Żak", E, "")],
    ),
    (
        "(Reporting by Vera Sandoval and Tom Quill in Kyiv, Åsa Öberg in Moscow; editing by Bo Li)",
        [("Vera Sandoval", R, "Kyiv"), ("Tom Quill", R, "Kyiv"), ("Åsa Öberg", R, "Moscow"), ("Bo Li", E, "")],
    ),
    (
        "(Reporting by Vera Sandoval; Editing by Bo Li; vera.sandoval@wire.example.test; +1 646 555 0100;)",
        [("Vera Sandoval", R, ""), ("Bo Li", E, "")],
    ),
    ("(Reporting by Vera Sandoval; Editing by Bo Li) ", [("Vera Sandoval", R, ""), ("Bo Li", E, "")]),
    ("(Reporting by Oslo newsroom; Editing by Bo Li)", [("Bo Li", E, "")]),
    ("(Reporting and writing by Vera Sandoval, editing by Bo Li)", [("Vera Sandoval", R, ""), ("Bo Li", E, "")]),
    ("(Writing and editing by Bo Li)", [("Bo Li", W, "")]),
    ("(Compiled by Vera Sandoval)", [("Vera Sandoval", W, "")]),
    ("(Graphic by Tom Quill; Editing by Bo Li)", [("Bo Li", E, "")]),
    ("Reporting by Vera Sandoval in Kyiv; Editing by Bo Li", [("Vera Sandoval", R, "Kyiv"), ("Bo Li", E, "")]),
    (
        "- Reporting by: Vera Sandoval, Tom Quill - Editing by: Bo Li",
        [("Vera Sandoval", R, ""), ("Tom Quill", R, ""), ("Bo Li", E, "")],
    ),
    ("- Autor: Jutta Brandhorst (Kiel), +49 431 000 000, <brandhorst@wire.example.test>", [("Jutta Brandhorst", R, "Kiel")]),
    ("- Redaktion: Olaf Diem (Berlin)", [("Olaf Diem", E, "Berlin")]),
    (
        (
            "(Bericht von Jutta Brandhorst aus Kiel, redigiert von Olaf Diem. Bei Rückfragen wenden Sie sich "
            "bitte an die Redaktion.)"
        ),
        [("Jutta Brandhorst", R, "Kiel"), ("Olaf Diem", E, "")],
    ),
    (
        "(Bericht: Jutta Brandhorst, Mitarbeit: Werner Schließer, Redaktion: Olaf Diem)",
        [("Jutta Brandhorst", R, ""), ("Werner Schließer", A, ""), ("Olaf Diem", E, "")],
    ),
    (
        "(Reporte de Lucía Herrero en Quito; editado en español por Juan Gil)",
        [("Lucía Herrero", R, "Quito"), ("Juan Gil", E, "")],
    ),
    (
        "(Redacción de Lucía Herrero con aportes de Ana Paz; edición de Juan Gil)",
        [("Lucía Herrero", W, ""), ("Ana Paz", A, ""), ("Juan Gil", E, "")],
    ),
    (
        "(Reportage d'Odile Marchand, version française Luc Roy, édité par Jean Bon)",
        [("Odile Marchand", R, ""), ("Luc Roy", W, ""), ("Jean Bon", E, "")],
    ),
    (
        "(Reportage de Odile Marchand à Lyon, édité par Luc Thibodeaux)",
        [("Odile Marchand", R, "Lyon"), ("Luc Thibodeaux", E, "")],
    ),
    ("(Rédigé par Odile Marchand, avec Luc Thibodeaux)", [("Odile Marchand", W, ""), ("Luc Thibodeaux", A, "")]),
    ("(Reportagem de Ana dos Santos; Edição de Rui Costa)", [("Ana dos Santos", R, ""), ("Rui Costa", E, "")]),
    ("(Photos by Vera Sandoval)", [("Vera Sandoval", P, "")]),
]


@pytest.mark.parametrize(("text", "expected"), SIGNOFFS, ids=[row[0][:60] for row in SIGNOFFS])
def test_signoffs(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = read_signoff(text)
    assert found is not None
    assert {author.evidence for author in found.authors} <= {"signoff"}
    assert [(author.name, author.role, author.place) for author in found.authors] == expected


@pytest.mark.parametrize("text", [*signoff.NOT_SIGNOFFS, "", "()", "(Reporting by)", "Reporting by " + "Vera Sandoval, " * 200])
def test_sentences_are_no_signoffs(text: str) -> None:
    assert read_signoff(text) is None
    assert read_contributed(text) is None


def test_every_rule_fires_on_its_examples() -> None:
    assert list(signoff.RULES) == sorted(signoff.RULES)
    for rule, example in signoff.RULES:
        found = read_signoff(example) or read_contributed(example)
        assert found is not None, example
        assert rule in found.rules


def test_who_contributed_and_who_filed_from_where() -> None:
    found = read_contributed(
        "Sandoval reported from Oslo. Associated Press writers Tom Quill in London and Carlos E. Montoya in St. Petersburg "
        "contributed to this report."
    )
    assert found is not None
    assert [(person.name, person.place) for person in found.filed_from] == [("Sandoval", "Oslo")]
    assert [(author.name, author.place) for author in found.authors] == [
        ("Tom Quill", "London"),
        ("Carlos E. Montoya", "St. Petersburg"),
    ]


@given(hostile_text)
def test_never_raises(text: str) -> None:
    signed = f"(Reporting by Vera Sandoval; Editing by {text})"
    for line in (text, f"(Reporting by {text})", signed, f"{text} contributed to this report."):
        for found in (read_signoff(line), read_contributed(line)):
            assert found is None or all(author.name in " ".join(line.split()) for author in found.authors)
