"""Rows of the report: what was measured, beside what, and whether the goal is met. Nothing is measured here."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from rich.table import Table

AT_LEAST, AT_MOST = "≥", "≤"


class Goal(Struct, frozen=True):
    """A bound on the measured figure, or on its ratio to the baseline (`of_ratio`)."""

    sign: str
    bound: float
    of_ratio: bool = False

    def __str__(self) -> str:
        return f"{self.sign} {_figure(self.bound)}{' × baseline' if self.of_ratio else ''}"


class Row(Struct, frozen=True, kw_only=True):
    """One line. `baseline` None: nothing to compare with; `goal` None: told for the context."""

    part: str
    what: str
    unit: str
    measured: float
    baseline: float | None = None
    versus: str = ""
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """Measured to baseline."""
        return self.measured / self.baseline if self.baseline else None

    @property
    def is_met(self) -> bool | None:
        """None without a goal, or when the baseline it needs is not there."""
        if self.goal is None:
            return None
        figure = self.ratio if self.goal.of_ratio else self.measured
        if figure is None:
            return None
        return figure >= self.goal.bound if self.goal.sign == AT_LEAST else figure <= self.goal.bound

    def to_builtins(self) -> dict[str, Any]:
        """For bench.json."""
        return {
            "part": self.part,
            "what": self.what,
            "unit": self.unit,
            "measured": self.measured,
            "baseline": self.baseline,
            "versus": self.versus,
            "ratio": self.ratio,
            "goal": str(self.goal) if self.goal else None,
            "met": self.is_met,
        }


def render(rows: Sequence[Row], title: str) -> Table:
    """The table as printed."""
    table = Table(title=title, title_justify="left")
    for heading, justify in (("", "left"), ("measurement", "left"), ("ours", "right"), ("baseline", "right"), ("", "left"),
                             ("ratio", "right"), ("goal", "left"), ("", "left")):  # fmt: skip
        table.add_column(heading, justify=justify)
    before = ""
    for row in rows:
        if before and row.part != before:
            table.add_section()
        before = row.part
        verdict = {True: "[green]met[/]", False: "[red]not met[/]", None: ""}[row.is_met]
        table.add_row(
            row.part,
            f"{row.what}, {row.unit}",
            _figure(row.measured),
            "" if row.baseline is None else _figure(row.baseline),
            row.versus,
            "" if row.ratio is None else f"{row.ratio:.2f}",
            str(row.goal or ""),
            verdict,
        )
    return table


def verdict(rows: Sequence[Row]) -> str:
    """How many goals are met, and which are not: the line under the table."""
    judged = [row for row in rows if row.is_met is not None]
    missed = [f"{row.part}: {row.what}, {row.unit}" for row in judged if not row.is_met]
    return "\n".join([f"{len(judged) - len(missed)} of {len(judged)} goals met", *(f"  not met  {row}" for row in missed)])


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
