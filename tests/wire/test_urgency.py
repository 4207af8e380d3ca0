"""Vendor scales, and codes of shares in one form."""

import pytest
from hypothesis import given

from pipeline.wire import tickers
from pipeline.wire.tickers import canonical_tickers, find_tickers, without_tickers
from pipeline.wire.urgency import read_urgency
from tests.strategies import hostile_text


@pytest.mark.parametrize(
    ("vendor", "scale", "value"),
    [
        ("1", "iptc", 1), ("9", "iptc", 9), ("0", "iptc", None), ("10", "iptc", None), ("4", "ap", 4), ("9", "ap", None),
        ("f", "anpa", 1), ("B", "anpa", 2), ("s", "anpa", 8), ("x", "anpa", None), ("1", "reuters", 1), ("4", "reuters", 4),
        ("2", "reuters", None), ("6", "cms", 6), ("7", "cms", None), ("", "iptc", None), ("5", "unheard-of", None),
        ("٣", "iptc", None),
    ],
)  # fmt: skip
def test_scales(vendor: str, scale: str, value: int | None) -> None:
    found = read_urgency(vendor, scale)
    assert (found.value, found.vendor, found.scale) == (value, vendor, scale if vendor else "")


@given(hostile_text, hostile_text)
def test_never_raises(vendor: str, scale: str) -> None:
    found = read_urgency(vendor, scale)
    assert found.value is None or 1 <= found.value <= 9


@pytest.mark.parametrize(("rule", "text"), [(rule, example) for rule, _, example in tickers.FORMS])
def test_every_form_has_its_example(rule: str, text: str) -> None:
    (found,) = find_tickers(text)
    assert (found.rule, text[found.start : found.end]) == (rule, found.text)


@pytest.mark.parametrize("text", tickers.NOT_TICKERS)
def test_what_is_no_code(text: str) -> None:
    assert list(find_tickers(text)) == []
    assert canonical_tickers(text) == without_tickers(text) == text


@pytest.mark.parametrize(
    "copy",
    [
        "Norland Paper <NPA.N> rose.",
        "Norland Paper (NPA.N) rose.",
        "Norland Paper (NYSE: NPA ) rose.",
        "Norland Paper (N:NPA) rose.",
    ],
)
def test_copies_have_one_form(copy: str) -> None:
    assert canonical_tickers(copy) == "Norland Paper (NYSE:NPA) rose."
    assert without_tickers(copy) == "Norland Paper rose."


def test_damaged_codes_go() -> None:
    assert canonical_tickers("Norland Paper (O:) rose, Sudmark (NYSE: ) fell.") == "Norland Paper rose, Sudmark fell."


@given(hostile_text)
def test_tickers_never_raise(text: str) -> None:
    for found in find_tickers(f"<NPA.N> {text} (NYSE: NPA )"):
        assert found.text
    assert without_tickers(without_tickers(text)) == without_tickers(text) or "<" in text or "(" in text
