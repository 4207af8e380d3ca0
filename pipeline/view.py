"""What `newswire run` and `newswire status` draw on a terminal. Rendering only: it is given everything it shows."""

from collections import deque
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipeline.accounts import Snapshot
from pipeline.ledger import Account
from pipeline.recall.account import Account as Recalled
from pipeline.recall.account import swept
from pipeline.sinks.sweep import listed

ORDER = (
    "fetch",
    "poll",
    "dedup",
    "normalize",
    "address",
    "link",
    "enrich",
    "route",
    "objects",
    "objects-raw",
    "objects-documents",
)
HEADLINES_SHOWN = 8


def stages_table(now: Snapshot, before: Snapshot | None = None) -> Table:
    """One row a stage: what came in, what went on, what ended here and why; rates against an earlier snapshot."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, justify in (("stage", "left"), ("in", "right"), ("in/s", "right"), ("emitted", "right"), ("dropped", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("rejected", justify="right")
    table.add_column("why", overflow="fold")
    for stage in (*ORDER, *(name for name in now.ledger if name not in ORDER)):
        account = now.ledger.get(stage, Account())
        rejected = sum(account.rejected.values())
        table.add_row(
            Text(stage, style="bold"),
            f"{account.received:,}",
            rate(now, before, stage),
            f"{account.emitted:,}",
            f"{sum(account.dropped.values()):,}",
            Text(f"{rejected:,}", style="red" if rejected else ""),
            Text(_reasons(account), style="dim"),
        )
    return table


def rate(now: Snapshot, before: Snapshot | None, stage: str) -> str:
    """Records a second between two snapshots, "" without an earlier one."""
    if before is None or now.at <= before.at:
        return ""
    taken = now.ledger.account(stage).received - before.ledger.account(stage).received
    return f"{taken / (now.at - before.at):,.1f}"


def _reasons(account: Account) -> str:
    """Why records ended here; and copies, without which the next stage's "in" would not be understood."""
    copies = [("copies", account.copies)] if account.copies else []
    return ", ".join(f"{name} {count:,}" for name, count in (*copies, *(account.dropped + account.rejected).most_common()))


def lag_table(now: Snapshot) -> Table:
    """One row a consumer group: lag in records and seconds."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("group")
    table.add_column("reads")
    table.add_column("lag", justify="right")
    table.add_column("oldest", justify="right")
    for group, facts in now.to_builtins()["lag"]["groups"].items():
        behind = facts["records"]
        seconds = f"{facts['seconds']:.1f} s" if behind else "–"
        lag = Text(f"{behind:,}", style="yellow" if behind else "green")
        table.add_row(group, Text(facts["topic"], style="dim"), lag, seconds)
    return table


def verdict_line(now: Snapshot) -> Text:
    """One sentence: is every item accounted for?"""
    lost = {edge: count for edge, count in now.unaccounted.items() if count}
    if not lost:
        return Text("every item accounted for", style="green")
    return Text("UNACCOUNTED: " + ", ".join(f"{edge} {count:+,}" for edge, count in lost.items()), style="bold red")


def recall_line(recalled: Recalled) -> Text:
    """How far the object store is swept for what was killed, and what the sweeps found."""
    erased = listed(recalled.to_builtins()) or "nothing"
    line = Text(f"recall: {swept(recalled)}; sweeps erased {erased}")
    if recalled.waits_for:
        line.append(f"; the next sweep waits for {recalled.waits_for}", style="yellow")
    return line


def stops_lines(now: Snapshot, *, is_drained: bool = False) -> list[Text]:
    """What a worker does not do until a person acts, and why; a line each. `is_drained`: that nobody polls is wanted."""
    return [
        Text(f"{one.worker}: {part} stopped: {why}", style="yellow" if part == "poll" else "bold red")
        for one in now.workers
        for part, why in one.stopped.items()
        if not (is_drained and part == "poll")
    ]


def workers_line(now: Snapshot) -> Text:
    """Who is at work."""
    if not now.workers:
        return Text("no worker is at work; start one with `newswire run` or `newswire worker`", style="yellow")
    return Text(f"at work: {', '.join(one.worker for one in now.workers)}", style="dim")


def status(now: Snapshot) -> RenderableType:
    """What `newswire status` shows."""
    told: list[Text] = [recall_line(now.recall)] if now.recall and (now.recall.swept_at or now.recall.waits_for) else []
    told += [workers_line(now), *stops_lines(now)]
    return Group(stages_table(now), Text(), lag_table(now), Text(), verdict_line(now), *told)


class Live:
    """The running picture: fed with snapshots and headlines, drawn by rich."""

    def __init__(self) -> None:
        self._snapshots: deque[Snapshot] = deque(maxlen=6)
        self.headlines: deque[tuple[str, str, str]] = deque(maxlen=HEADLINES_SHOWN)
        self.title = ""
        self.note = "starting"

    def add(self, snapshot: Snapshot) -> None:
        """A new look at the accounts."""
        self._snapshots.append(snapshot)

    def draw(self, facts: Iterable[str]) -> RenderableType:
        """The whole picture. `facts` stand in the first line."""
        head = Text("  ·  ".join([*facts, self.note]), style="cyan")
        if not self._snapshots:
            return Panel(head, title="newswire", border_style="dim")
        now = self._snapshots[-1]
        before = self._snapshots[0] if len(self._snapshots) > 1 else None
        news = Table.grid(padding=(0, 2))
        for at, language, headline in self.headlines:
            line = Text(headline, overflow="ellipsis", no_wrap=True)
            news.add_row(Text(at, style="dim"), Text(language, style="magenta"), line)
        parts: list[RenderableType] = [head, Text(), stages_table(now, before), Text(), lag_table(now), Text(), verdict_line(now)]
        parts += stops_lines(now)
        if self.headlines:
            parts += [Text(), Text("latest", style="dim"), news]
        return Panel(Group(*parts), title="newswire", border_style="dim")
