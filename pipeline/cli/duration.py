"""Durations as people write them: 30s, 5m, 2h, 1d; a bare number is seconds."""

import re
from typing import Any

import click

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Seconds(click.ParamType):
    """A click parameter that gives seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Fails with the forms that are understood."""
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", str(value).strip().lower())
        if not found or float(found[1]) <= 0:
            self.fail(f"{value!r} is not a duration; write it as 30s, 5m, 2h or 1d", param, ctx)
        return float(found[1]) * UNITS[found[2]]


SECONDS = Seconds()
