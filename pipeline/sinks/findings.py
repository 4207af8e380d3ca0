"""What can be wrong with a store, or worth knowing: one row each, with the invariant it breaks and the cure. Pure.

Invariants: I1 no record is lost; I2 no (topic id, partition, offset) is stored twice; I3 the manifests of a partition follow each
other from offset 0 to the committed one, gaps said; I4 each object is what its manifest says. K: what was killed is gone.
"""

from msgspec import Struct


class Rule(Struct, frozen=True):
    """One row. `invariant` is "" for what is only told."""

    id: str
    invariant: str
    meaning: str
    cure: str


RULES: tuple[Rule, ...] = (
    Rule(
        "accounts",
        "I1",
        "the accounts in the committed offset are not those of the manifests",
        "compare with a backup of the store: manifests were removed, added or changed",
    ),
    Rule(
        "ahead",
        "I3",
        "manifests lie beyond what the group committed or decided",
        "the group's offset was set back or another sink writes here: stop it, then let the sink recover",
    ),
    Rule("bad_manifest", "I3", "a manifest cannot be read or contradicts itself", "restore it from a backup; readers stop at it"),
    Rule(
        "chain",
        "I4",
        "a redaction does not follow the content before it",
        "restore the redaction before it from a backup, or redact the range again",
    ),
    Rule("count", "I4", "an object holds another number of records than its manifest says", "restore the object from a backup"),
    Rule(
        "damaged", "I4", "an object is cut short or damaged", "restore the object from a backup, or replay its range from the log"
    ),
    Rule(
        "described",
        "I4",
        "a manifest says other schemas, event times or bytes than its records do",
        "restore the manifest from a backup",
    ),
    Rule(
        "digest",
        "I4",
        "an object has another content than its manifest says",
        "restore the object from a backup; whoever can write to the store can explain it",
    ),
    Rule(
        "doubled",
        "I2",
        "records are stored more than once",
        "two sinks write here, or files were copied: keep the range that was committed",
    ),
    Rule(
        "foreign_manifest",
        "I3",
        "a manifest stands at the name of another range, partition or topic",
        "move it to where it belongs, or delete the copy",
    ),
    Rule(
        "hole",
        "I3",
        "offsets lie between two manifests and in none",
        "restore the manifest from a backup; the sink never leaves one",
    ),
    Rule("killed", "K", "content that was killed can still be read", "redact the range, or delete what still holds it"),
    Rule(
        "log",
        "I1",
        "the log holds other records of a range than the store accounts for",
        "replay the range from the log while it lasts",
    ),
    Rule("misplaced", "I2", "a record of another range, partition or topic, or out of order", "restore the object from a backup"),
    Rule(
        "missing",
        "I1",
        "an object that a manifest names is not there",
        "restore it from a backup, or replay its range from the log while it lasts",
    ),
    Rule(
        "overlap",
        "I3",
        "two manifests cover the same offsets",
        "two sinks write here, or files were copied: keep the range that was committed",
    ),
    Rule(
        "parquet",
        "I1",
        "a Parquet file that stands for segments is not there or not what was written",
        "restore it from a backup",
    ),
    Rule("reencoded", "I4", "encoding the records of an object again gives other bytes", "verify with the version that wrote it"),
    Rule(
        "stray",
        "I3",
        "an object without manifest, and no decided range it could belong to",
        "delete it: readers never see it, but it may hold what was killed",
    ),
    Rule("superseded", "K", "content that a redaction replaced is still there", "delete the object"),
    Rule(
        "unreadable",
        "I4",
        "the store does not give the object, or its form is of another version",
        "run again; if it stays, look at the disk or server, or verify with the version that wrote it",
    ),
    Rule(
        "unsearched",
        "K",
        "a Parquet file that was not searched for what was killed",
        "install pyarrow (pip install 'newswire[parquet]') and run again",
    ),
    Rule(
        "unsealed",
        "I1",
        "offsets are committed that no manifest covers",
        "restore the manifests from a backup, or set the offset back",
    ),
    # ── told, no violation ──
    Rule("foreign", "", "an object that is none of ours", "delete it, or move it out of the store's folders"),
    Rule(
        "gap",
        "",
        "offsets that the log had lost, or that were skipped, before they could be stored",
        "keep the log longer than the sink may stand still",
    ),
    Rule(
        "leftover",
        "",
        "an object without manifest: being sealed now, or left by a crash; readers never see it",
        "--against-kafka tells which",
    ),
    Rule("not_counted", "", "the log was not counted", ""),
    Rule("not_read", "", "a Parquet file of which only the name was looked at", "pip install 'newswire[parquet]'"),
    Rule("open", "", "a range that is being sealed now", ""),
    Rule("redacted", "", "a range whose killed records were erased", ""),
)
BY_ID = {rule.id: rule for rule in RULES}


class Finding(Struct, frozen=True, kw_only=True, order=True):
    """One thing found: by which rule, where, and what exactly. `start` and `end` (inclusive) -1: not about a range."""

    topic: str
    topic_id: str = ""
    partition: int = -1
    start: int = -1
    end: int = -1
    rule: str
    key: str = ""
    what: str

    @property
    def is_violation(self) -> bool:
        """False for what is only told."""
        return bool(BY_ID[self.rule].invariant)

    def to_builtins(self) -> dict[str, object]:
        """For a machine: with the rule's invariant and cure."""
        rule = BY_ID[self.rule]
        return {
            "rule": rule.id,
            "invariant": rule.invariant,
            "topic": self.topic,
            "topic_id": self.topic_id,
            "partition": self.partition,
            "start": self.start,
            "end": self.end,
            "key": self.key,
            "what": self.what,
            "cure": rule.cure,
        }
