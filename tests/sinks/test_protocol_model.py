"""Why the object sink commits its intent first: its protocol, and six others, in the same game of crashes and zombies."""

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from pipeline.sinks.segment import parse_manifest
from tests.sinks import protocols
from tests.sinks.protocols import LENGTH, Game, Protocol, Score, play

SEEDS = range(300)
OUR_SEEDS = range(1000)

# protocol, does the store keep to create-only, are records lost, are records doubled
VERDICTS = (
    (protocols.unique_name, True, False, True),
    (protocols.start_in_name, True, True, True),
    (protocols.next_free_start, True, False, True),
    (protocols.resume_at_end, True, False, False),
    (protocols.resume_at_end, False, True, True),
    (protocols.fixed_windows, True, False, False),
    (protocols.fixed_windows, False, False, False),
    (protocols.range_without_intent, True, False, True),
    (protocols.range_without_intent, False, False, True),
)


@pytest.mark.parametrize(("protocol", "is_create_only", "loses", "doubles"), VERDICTS)
def test_what_becomes_of_the_protocols_of_others(protocol: Protocol, is_create_only: bool, loses: bool, doubles: bool) -> None:
    scores = [play(protocol, seed, is_create_only=is_create_only) for seed in SEEDS]
    assert (any(score.lost for score in scores), any(score.doubled for score in scores)) == (loses, doubles)


@pytest.mark.parametrize("is_create_only", [True, False])
def test_ours_loses_and_doubles_nothing(is_create_only: bool) -> None:
    bad = {seed: score for seed in OUR_SEEDS if (score := _ours(seed, is_create_only)) != Score(lost=0, doubled=0)}
    assert bad == {}


def _ours(seed: int, is_create_only: bool) -> Score:
    return play(protocols.range_with_intent, seed, is_create_only=is_create_only)


class Adversary(RuleBasedStateMachine):
    """Looks for the moves that hurt our protocol most; what it finds is shrunk to the shortest game."""

    is_create_only = True
    protocol: Protocol = staticmethod(protocols.range_with_intent)

    def __init__(self) -> None:
        super().__init__()
        self.game = Game(self.protocol, self.is_create_only)

    @rule(times=st.integers(1, 12), seconds=st.sampled_from((0.5, 1.0, 8.0)))
    def work(self, times: int, seconds: float) -> None:
        for _ in range(times):
            self.game.step(seconds)

    @rule()
    def crash(self) -> None:
        self.game.crash()

    @rule()
    def hand_over(self) -> None:
        self.game.hand_over()

    @precondition(lambda self: self.game.sleepers)
    @rule(which=st.integers(0, 3), steps=st.integers(1, 4))
    def wake(self, which: int, steps: int) -> None:
        self.game.wake(which, steps)

    @invariant()
    def what_is_committed_is_tiled(self) -> None:
        """I3 at every moment: manifests follow each other up to the committed offset, or one range beyond it."""
        shelf, next_offset = self.game.shelf, 0
        for key in sorted(shelf.manifests):
            manifest = parse_manifest(key, shelf.manifests[key])
            assert manifest.start == next_offset
            assert shelf.objects[manifest.key] == tuple(range(manifest.start, manifest.next_offset))
            next_offset = manifest.next_offset
        assert self.game.offset <= next_offset

    def teardown(self) -> None:
        assert self.game.settle() == Score(lost=0, doubled=0)


@pytest.mark.parametrize("is_create_only", [True, False])
def test_no_adversary_finds_a_bad_game_of_ours(is_create_only: bool) -> None:
    machine = type("Machine", (Adversary,), {"is_create_only": is_create_only})
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=25, deadline=None))


def test_the_adversary_finds_what_is_bad() -> None:
    """The same search, let loose on a range without intent, where a crash after the PUT is enough."""

    class Naive(Adversary):
        protocol = staticmethod(protocols.range_without_intent)

        @invariant()
        def what_is_committed_is_tiled(self) -> None:
            """It writes no manifests."""

    with pytest.raises(AssertionError, match="doubled"):
        run_state_machine_as_test(
            Naive,
            settings=settings(max_examples=200, stateful_step_count=25, deadline=None, database=None, phases=(Phase.generate,)),
        )


def test_the_game_itself_is_fair() -> None:
    """Without crashes and zombies every protocol is right: what the others lose, they lose to the moves."""
    for protocol in {row[0] for row in VERDICTS} | {protocols.range_with_intent}:
        game = Game(protocol, is_create_only=True)
        assert game.settle() == Score(lost=0, doubled=0)
        assert game.offset == LENGTH
