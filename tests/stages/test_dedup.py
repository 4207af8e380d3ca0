"""dedup: the same bytes once, whichever feed brings them, and no oscillation between two renderings."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, RawItem, Sighting, Verdict
from pipeline.stages.dedup import DIGEST_BYTES, KEPT, REMEMBERED, dedup, item_uri
from tests.builders import KEY, NOW, raw_item

STATE_BYTES_MAX = 100


def judge(items: list[RawItem], state: dict[bytes, bytes] | None = None) -> tuple[list[Verdict], dict[bytes, bytes]]:
    """The verdicts over a stream, each write applied before the next item, and the rows of items without the lists by hour."""
    state = {} if state is None else state
    verdicts: list[Verdict] = []
    for item in items:
        verdict = dedup(item, state, item.fetched_at)
        verdicts.append(verdict)
        for key, value in verdict.writes:
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
    return verdicts, {key: value for key, value in state.items() if len(key) == DIGEST_BYTES}


def on(day: int, **over: object) -> RawItem:
    """An item fetched so many days after the first of January."""
    return raw_item(fetched_at=(datetime(2026, 1, 1, 8, tzinfo=UTC) + timedelta(days=day)).isoformat(), **over)


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
    assert side.value == Sighting(
        uri=item_uri(KEY),
        feed="other-feed",
        provider="other.test",
        url="https://example.test/feed",
        document="sha256:" + "0" * 64,
        seen_at="2026-03-01T08:00:00Z",
        identical=True,
    )


def test_a_sighting_of_an_earlier_form_says_so() -> None:
    verdicts, _ = judge(forms("aba"))
    assert verdicts[2].also[0].value.identical is False  # type: ignore[attr-defined]


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


def test_the_same_bytes_under_another_key_are_a_repeat_by_their_guid() -> None:
    same = {"guid": "4711", "item": "a" * 32}
    verdicts, _ = judge([raw_item(key="https://example.test/a", **same), raw_item(key="guid:example.test 4711", **same)])
    assert [type(verdict) for verdict in verdicts] == [Emit, Drop]


def test_two_stories_with_one_guid_go_on_and_so_does_a_changed_guid() -> None:
    assert outcomes([raw_item(key="x", guid="4711", item="a" * 32), raw_item(key="y", guid="4711", item="b" * 32)]) == [
        "new",
        "new",
    ]
    assert outcomes([raw_item(guid="4711", item="a" * 32), raw_item(guid="4712", item="b" * 32)]) == ["new", "changed"]


def test_guids_of_two_providers_are_two_names() -> None:
    one, two = (raw_item(key=name, guid="4711", item="a" * 32, provider=name) for name in ("x.test", "y.test"))
    assert outcomes([one, two]) == ["new", "new"]


def test_what_nobody_brings_for_thirty_days_is_forgotten() -> None:
    state: dict[bytes, bytes] = {}
    judge([on(0, key=f"old-{at}", item=f"{at:032}") for at in range(20)], state)
    _, left = judge([on(31, key=f"new-{at}", item=f"{at:032}") for at in range(30)], state)
    assert len(left) == 30
    assert sum(len(value) for value in state.values()) < 30 * 200


def test_what_comes_again_and_again_is_kept_at_one_write_a_day() -> None:
    state: dict[bytes, bytes] = {}
    judge([on(0)], state)
    verdicts, left = judge([on(day) for day in range(40) for _ in range(3)], state)
    assert all(isinstance(verdict, Drop) for verdict in verdicts)
    assert len(left) == 1
    assert sum(bool([key for key, _ in verdict.writes if len(key) == DIGEST_BYTES]) for verdict in verdicts) == 39  # type: ignore[union-attr]
    assert KEPT.hours == 30 * 24
