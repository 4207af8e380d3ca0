"""The accounts of a stage: in = emitted + dropped{reason} + rejected{reason}, always. What the next stage gets: emitted + copies.

A ledger is cumulative and travels in the metadata of the offset commit, in the same transaction as the outputs it counts:
whatever crashes, the numbers are exactly those of the committed work. Pure; Kafka limits the text to 4,096 bytes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

METADATA_BYTES_MAX = 4096  # Kafka's offset.metadata.max.bytes default


class Account(Struct):
    """One stage's counts since the beginning.

    `copies` are records beside the verdicts' own: a kill that every language is told, a retraction that goes to several homes.
    """

    received: int = 0
    emitted: int = 0
    copies: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def imbalance(self) -> int:
        """0 unless an input ended without a verdict (or with two)."""
        return self.received - self.emitted - sum(self.dropped.values()) - sum(self.rejected.values())

    @property
    def sent(self) -> int:
        """What the next stage must get."""
        return self.emitted + self.copies

    def add(self, other: "Account") -> None:
        """Counts the other's work as well."""
        self.received += other.received
        self.emitted += other.emitted
        self.copies += other.copies
        self.dropped.update(other.dropped)
        self.rejected.update(other.rejected)

    def to_builtins(self) -> dict[str, Any]:
        """For JSON: `{"in": 3, "emitted": 1, "dropped": {"repeat": 2}}`."""
        facts: dict[str, Any] = {"in": self.received, "emitted": self.emitted}
        if self.copies:
            facts["copies"] = self.copies
        if self.dropped:
            facts["dropped"] = _plain(self.dropped)
        if self.rejected:
            facts["rejected"] = _plain(self.rejected)
        return facts

    @classmethod
    def from_builtins(cls, facts: Mapping[str, Any]) -> "Account":
        """The inverse of `to_builtins`."""
        return cls(
            received=facts.get("in", 0),
            emitted=facts.get("emitted", 0),
            copies=facts.get("copies", 0),
            dropped=Counter(facts.get("dropped", {})),
            rejected=Counter(facts.get("rejected", {})),
        )


def _plain(counts: Counter[str]) -> dict[str, int]:
    return {str(reason): count for reason, count in sorted(counts.items())}  # an enum is no JSON key


class Ledger(dict[str, Account]):
    """Accounts by stage name."""

    def account(self, stage: str) -> Account:
        """The stage's account, opened at zero."""
        return self.setdefault(stage, Account())

    def add(self, other: "Ledger") -> None:
        """Counts another ledger's work as well."""
        for stage, account in other.items():
            self.account(stage).add(account)

    def to_builtins(self) -> dict[str, Any]:
        """For JSON, by stage."""
        return {stage: account.to_builtins() for stage, account in self.items()}

    @classmethod
    def from_builtins(cls, facts: Mapping[str, Any]) -> "Ledger":
        """The inverse of `to_builtins`."""
        return cls({stage: Account.from_builtins(counts) for stage, counts in facts.items()})

    @classmethod
    def total(cls, ledgers: Iterable["Ledger"]) -> "Ledger":
        """One ledger for all."""
        whole = cls()
        for ledger in ledgers:
            whole.add(ledger)
        return whole
