"""What recall has done, as it stands in the metadata of its offset commits: so that nobody needs to ask a running worker. Pure.

Each partition of `newswire.retractions` has its own; what one sweep erased is booked on the lowest of the worker's.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import structs

from pipeline import codec
from pipeline.sinks.sweep import Counts

COUNTS = ("sweeps", *Counts.__struct_fields__)


class Account(Counts, kw_only=True, omit_defaults=True):
    """`swept_to`: what was written up to then is swept for kills of this partition; `swept_at`: when the last sweep ended.

    The counts are cumulative: sweeps, ranges read by them, and what they erased: what came again after its kill, or what a sweep
    found before the kill itself was carried out. `waits_for` names what keeps the next sweep from being made, "" while nothing
    does.
    """

    swept_to: str = ""
    swept_at: str = ""
    sweeps: int = 0
    waits_for: str = ""

    def to_metadata(self) -> str:
        """Compact JSON: some 200 of the 4,096 bytes that Kafka allows."""
        return codec.encode(structs.replace(self, waits_for=self.waits_for[:500])).decode()

    def to_builtins(self) -> dict[str, Any]:
        """For --json."""
        return structs.asdict(self)


def swept(account: Account) -> str:
    """How far the store is swept, as a person would say it."""
    return f"swept up to {account.swept_to}" if account.swept_to else "not swept to any moment yet"


def parse_account(metadata: str) -> Account:
    """The inverse of `to_metadata`; an empty one for a commit that says nothing (an operator's, or of an older release)."""
    try:
        return codec.decode(metadata.encode(), Account)
    except codec.Undecodable:
        return Account()


def together(accounts: Iterable[Account]) -> Account:
    """All partitions as one: swept as far as the one that is least far; "" where one was never swept."""
    several = list(accounts)
    if not several:
        return Account()
    return Account(
        swept_to=min(each.swept_to for each in several),
        swept_at=max(each.swept_at for each in several),
        waits_for=max(each.waits_for for each in several),
        **{name: sum(getattr(each, name) for each in several) for name in COUNTS},
    )
