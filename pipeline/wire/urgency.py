"""How urgent a vendor says an item is, on one scale: 1 (flash) to 9, routine is 5. Never invented: no value, no urgency.

Urgency is editorial weight; priority is about transmission and has a field of its own. Source: wire-conventions, "Urgency".
"""

from msgspec import Struct

ANPA_LETTERS = {"f": 1, "b": 2, "u": 3, "r": 4, "d": 5, "w": 6, "a": 7, "s": 8}


def _numbers(last: int) -> dict[str, int]:
    return {str(number): number for number in range(1, last + 1)}


# scale → vendor value → urgency
SCALES: dict[str, dict[str, int]] = {
    "anpa": ANPA_LETTERS,
    "ap": _numbers(8),
    "cms": _numbers(6),
    "iptc": _numbers(9),
    "reuters": {"1": 1, "3": 3, "4": 4},
}


class Urgency(Struct, frozen=True, kw_only=True):
    """`value` 1 to 9, None where the scale has no such value; `vendor` and `scale` are the source's own."""

    value: int | None = None
    vendor: str = ""
    scale: str = ""


def read_urgency(vendor: str, scale: str = "iptc") -> Urgency:
    """The urgency of a value on a vendor's scale; an unknown scale maps to nothing, and both stay as they came."""
    return Urgency(value=mapped(vendor, scale), vendor=vendor, scale=scale if vendor else "")


def mapped(vendor: str, scale: str) -> int | None:
    """1 to 9, or None."""
    return SCALES.get(scale.strip().casefold(), {}).get(vendor.strip().casefold())
