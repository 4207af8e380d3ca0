"""What a message does to its story: one table, read from top to bottom, the first rule that holds decides. Pure.

Wire conventions, section 5. Each rule has an id, which stands in `story.reasons`, and an example on which it is the first that
holds.
"""

from collections.abc import Callable

from msgspec import Struct

from pipeline.stages.link.message import Kind, Says
from pipeline.story import Relation, StoryState


class Evidence(Struct, frozen=True, kw_only=True):
    """All that the decision rests on.

    `is_known`: the story held a text of this item before; `is_tied`: the item is tied to another one. `is_copy`: another
    publisher's text than the story's own. `is_same`: a text that the item, or the story's own publisher, had before;
    `is_lower`: not the newest of its item. `is_covered`: the story lives, but this text was killed or held before it came.
    `is_ambiguous`: a kill that may mean several stories. `is_elsewhere`: a copy for another language, about nothing that is held
    in that. `was` and `becomes` are the story's states, `was` None for a story that begins.
    """

    kind: Kind = "text"
    says: Says = ""
    take: int = 0
    is_known: bool = False
    is_tied: bool = False
    is_copy: bool = False
    is_same: bool = False
    is_lower: bool = False
    is_covered: bool = False
    is_ambiguous: bool = False
    is_elsewhere: bool = False
    was: StoryState | None = None
    becomes: StoryState = "live"


class Rule(Struct, frozen=True):
    """One line of the table. `is_routed`: the article goes on; what is not is counted."""

    rule: str
    relation: Relation
    is_routed: bool
    holds: Callable[[Evidence], bool]
    example: Evidence


def _is_revision(of: Evidence) -> bool:
    """A text of the story's own publisher, after an earlier one."""
    return (of.is_known or of.is_tied) and not of.is_copy


RULES = (
    Rule("not_here", "repeat", False, lambda of: of.is_elsewhere, Evidence(kind="kill", is_elsewhere=True)),
    Rule(
        "kill.ambiguous", "hold", True,
        lambda of: of.kind == "kill" and of.is_ambiguous,
        Evidence(kind="kill", is_ambiguous=True, becomes="held"),
    ),
    Rule(
        "kill.late", "kill", False,
        lambda of: of.kind == "kill" and of.becomes != "killed",
        Evidence(kind="kill", is_known=True, was="live", becomes="live"),
    ),
    Rule("kill", "kill", True, lambda of: of.kind == "kill", Evidence(kind="kill", is_known=True, was="live", becomes="killed")),
    Rule(
        "hold.late", "hold", False,
        lambda of: of.kind == "hold" and of.becomes == "live",
        Evidence(kind="hold", is_known=True, was="live", becomes="live"),
    ),
    Rule("hold", "hold", True, lambda of: of.kind == "hold", Evidence(kind="hold", is_known=True, was="live", becomes="held")),
    Rule("not_an_article", "advisory", True, lambda of: of.kind == "advisory", Evidence(kind="advisory")),
    Rule(
        "repeat.lower_version", "repeat", False,
        lambda of: of.is_known and of.is_lower,
        Evidence(is_known=True, is_lower=True, was="killed", becomes="killed"),
    ),
    Rule(
        "repeat.covered", "repeat", False,
        lambda of: of.is_covered,
        Evidence(is_tied=True, is_copy=True, is_covered=True, was="live"),
    ),
    Rule(
        "release", "release", True,
        lambda of: of.was in ("held", "killed") and of.becomes == "live" and not of.is_copy,
        Evidence(is_known=True, was="held", becomes="live"),
    ),
    Rule(
        "repeat.same_content", "repeat", False,
        lambda of: of.is_same and not of.is_copy,
        Evidence(is_known=True, is_same=True, was="live"),
    ),
    Rule(
        "repeat.same_copy", "repeat", False,
        lambda of: of.is_same and of.is_known,
        Evidence(is_known=True, is_same=True, is_copy=True, was="live"),
    ),
    Rule(
        "take", "take", True,
        lambda of: of.take > 1,
        Evidence(take=2, is_tied=True, was="live"),
    ),
    Rule(
        "correction", "correction", True,
        lambda of: of.says == "correction" and _is_revision(of),
        Evidence(says="correction", is_known=True, was="live"),
    ),
    Rule(
        "refile", "refile", True,
        lambda of: of.says == "refile" and _is_revision(of),
        Evidence(says="refile", is_tied=True, was="live"),
    ),
    Rule(
        "repeat.tag", "repeat", False,
        lambda of: of.says == "repeat" and of.is_tied and not of.is_known and not of.is_copy,
        Evidence(says="repeat", is_tied=True, was="live"),
    ),
    Rule(
        "update", "update", True,
        lambda of: _is_revision(of) and of.says != "synthesis",
        Evidence(says="update", is_tied=True, was="live"),
    ),
    Rule("synthesis", "synthesis", True, lambda of: of.says == "synthesis", Evidence(says="synthesis")),
    Rule("copy", "syndicated_copy", True, lambda of: of.is_copy, Evidence(is_tied=True, is_copy=True, was="live")),
    Rule("new", "new", True, lambda of: True, Evidence()),
)  # fmt: skip


def decide(evidence: Evidence) -> Rule:
    """The first rule that holds; the last one always does."""
    return next(rule for rule in RULES if rule.holds(evidence))
