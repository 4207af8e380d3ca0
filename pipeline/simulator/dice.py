"""Chance as a function of a name: the same name rolls the same numbers on every machine and Python version.

Built on SHAKE-128 instead of `random`, whose methods change between Python versions. No clock, no global state.
"""

from collections.abc import Iterator, Sequence
from hashlib import shake_128
from itertools import count
from struct import Struct
from typing import TypeVar

T = TypeVar("T")

_BLOCK = Struct("<256H")  # 256 draws of 16 bits each: a story needs about 200


class Dice:
    """A stream of draws named by `name`. A draw has 16 bits: enough for lists and ranges of up to a few thousand."""

    __slots__ = ("_draws",)

    def __init__(self, name: str) -> None:
        self._draws = _stream(name)

    def below(self, bound: int) -> int:
        """0 … bound - 1."""
        return (next(self._draws) * bound) >> 16

    def pick(self, choices: Sequence[T]) -> T:
        """One of a non-empty sequence."""
        return choices[(next(self._draws) * len(choices)) >> 16]

    def take(self, deck: list[T]) -> T:
        """One of a non-empty list, removed from it."""
        return deck.pop((next(self._draws) * len(deck)) >> 16)

    def chance(self, share: float) -> bool:
        """True in about `share` of all cases."""
        return next(self._draws) < share * 65536

    def between(self, low: int, high: int) -> int:
        """low … high, both possible."""
        return low + self.below(high - low + 1)


def _stream(name: str) -> Iterator[int]:
    for block in count():
        yield from _BLOCK.unpack(shake_128(f"{name}/{block}".encode()).digest(_BLOCK.size))
