"""dedup: the same bytes once, whichever feed brings them, and no oscillation between two renderings."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, RawItem, Verdict
from pipeline.stages.dedup import REMEMBERED, dedup, item_uri
from tests.builders import KEY, NOW, raw_item

STATE_BYTES_MAX = 100


def judge(items: list[RawItem]) -> tuple[list[Verdict], dict[bytes, bytes]]:
    """The verdicts over a stream, each write applied before the next item."""
    state: dict[bytes, bytes] = {}
    verdicts: list[Verdict] = []
    for item in items:
        verdict = dedup(item, state, NOW)
        verdicts.append(verdict)
        state |= {key: value for key, value in verdict.writes if value is not None}
    return verdicts, state


def outcomes(items: list[RawItem]) -> list[str]:
    """`new`, `changed` or `repeat` for each."""
    return [verdict.record.verdict if isinstance(verdict, Emit) else "repeat" for verdict in judge(items)[0]]  # type: ignore[attr-defined]


def forms(letters: str) -> list[RawItem]:
    """The item in the forms named, in that order."""
    return [raw_item(item=letter * 32) for letter in letters]


def test_a_new_item_goes_on_a_repeat_ends_and_a_change_goes_on() -> None:
    assert outcomes(forms("aab")) == ["new", "repeat", "changed"]


def test_identity_decides_not_the_bytes() -> None:
    assert outcomes([raw_item(key="x"), raw_item(key="y")]) == ["new", "new"]


def test_two_feeds_that_carry_two_renderings_do_not_oscillate() -> None:
    assert outcomes(forms("ababab")) == ["new", "changed", *["repeat"] * 4]


def test_the_form_after_the_last_remembered_is_forgotten() -> None:
    assert outcomes(forms("abcdea")) == ["new", "changed", "changed", "changed", "changed", "changed"]
    assert outcomes(forms("abcdab")) == ["new", "changed", "changed", "changed", "repeat", "repeat"]


def test_a_repeat_is_a_sighting_and_writes_nothing() -> None:
    verdicts, _ = judge([raw_item(), raw_item(feed="other-feed", provider="other.test", fetched_at="2026-03-01T08:00:00Z")])
    repeat = verdicts[1]
    assert isinstance(repeat, Drop)
    assert (repeat.reason, repeat.writes) == (Reason.REPEAT, ())
    (side,) = repeat.also
    assert (side.topic, side.key) == ("sightings", KEY)
    assert side.value == {
        "uri": item_uri(KEY),
        "feed": "other-feed",
        "provider": "other.test",
        "url": "https://example.test/feed",
        "document": "sha256:" + "0" * 64,
        "seen_at": "2026-03-01T08:00:00Z",
        "identical": True,
    }


def test_a_sighting_of_an_earlier_form_says_so() -> None:
    verdicts, _ = judge(forms("aba"))
    assert verdicts[2].also[0].value["identical"] is False  # type: ignore[index, union-attr]


def test_state_of_another_version_is_started_afresh() -> None:
    (verdict,), state = judge([raw_item()])
    assert isinstance(verdict, Emit)
    ((key, value),) = state.items()
    assert isinstance(dedup(raw_item(), {key: b"\x00" + value[1:]}, NOW), Emit)


@given(st.text(alphabet="abcdefg", max_size=30))
def test_state_stays_small_and_each_form_of_a_run_passes_once(letters: str) -> None:
    verdicts, state = judge(forms(letters))
    assert all(len(key) == 16 and len(value) <= STATE_BYTES_MAX for key, value in state.items())
    assert len(state) == (1 if letters else 0)
    if len(set(letters)) <= REMEMBERED:
        assert sum(isinstance(verdict, Emit) for verdict in verdicts) == len(set(letters))
