"""The simulated news through dedup, normalize and link in this process, and what came out beside the truth.

The results are read as a consumer reads them: from events, sightings, relinks and retractions, never from link's state.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import combinations

from msgspec import Struct

from pipeline import stages
from pipeline.article import Article
from pipeline.hop import run_chain
from pipeline.ledger import Ledger
from pipeline.poll.decide import rfc3339
from pipeline.records import Reject, Relink, Sighting
from pipeline.simulator.bulk import SimItem, news
from pipeline.simulator.families import FAMILIES
from pipeline.stages.dedup import item_uri
from tests.builders import raw_of

CHAIN = (stages.DEDUP, stages.NORMALIZE, stages.ADDRESS, stages.LINK)
DELAY_S = 20  # between an item's date and its coming
GUARDS = frozenset(family.name for family in FAMILIES if family.is_guard)
REWRITES = frozenset({"rewrite", "writethru", "live_blog", "new_guid"})  # what a guard must not tear apart
WITHDRAWALS = {"kill": "killed", "hold": "held", "release": "live"}


class Result(Struct, frozen=True):
    """An item with what became of it; `article` None where it was dropped."""

    item: SimItem
    uri: str
    article: Article | None


class Pairs(Struct):
    """Pairs of items: in one story and put into one, `false`ly put into one, `missed`."""

    right: int = 0
    false: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """1 where nothing was put together."""
        return self.right / (self.right + self.false) if self.right + self.false else 1.0

    @property
    def recall(self) -> float:
        """1 where nothing belongs together."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


class Run(Struct, dict=True):
    """All results in order, and `stories`: where each uri belongs in the end. `states` are the last told states of stories."""

    results: list[Result] = []
    stories: dict[str, str] = {}
    states: dict[str, str] = {}

    @cached_property
    def texts(self) -> list[Result]:
        """The first message of every address that brings a text: what pairs are made of."""
        first: dict[str, Result] = {}
        for result in self.results:
            if result.item.version:
                first.setdefault(result.uri, result)
        return list(first.values())

    def found(self, uri: str) -> str:
        """The story of a uri; its own where nobody said."""
        return self.stories.get(uri, uri)

    def pairs(self) -> dict[str, Pairs]:
        """By family of both items: its name, "plain" for ordinary news, "across" for items of different scripts."""
        pairs: dict[str, Pairs] = defaultdict(Pairs)
        for group in _grouped(self.texts, lambda one: one.item.story):
            for one, other in combinations(group, 2):
                if self.found(one.uri) == self.found(other.uri):
                    pairs[_family(one, other)].right += 1
                else:
                    pairs[_family(one, other)].missed += 1
        for group in _grouped(self.texts, lambda one: self.found(one.uri)):
            for one, other in combinations(group, 2):
                if one.item.story != other.item.story:
                    pairs[_family(one, other)].false += 1
        return pairs

    def guard_pairs(self) -> int:
        """Pairs of look-alikes: different stories of one script."""
        scripts = _grouped((one for one in self.texts if one.item.family in GUARDS), lambda one: _script(one.item))
        return sum(one.item.story != other.item.story for group in scripts for one, other in combinations(group, 2))

    def rewrites(self) -> Pairs:
        """Messages of one rewritten story, two by two, the versions of one address among them."""
        pairs = Pairs()
        for group in _grouped((one for one in self.results if one.item.family in REWRITES), lambda one: one.item.story):
            for one, other in combinations(group, 2):
                if self.found(one.uri) == self.found(other.uri):
                    pairs.right += 1
                else:
                    pairs.missed += 1
        return pairs

    def corrections(self) -> list[tuple[Result, bool]]:
        """Every correction, and whether exactly what was corrected was told."""
        return [(one, _is_exact(one)) for one in self.results if one.item.corrected]

    def withdrawals(self) -> list[tuple[Result, bool]]:
        """The last message about every story that was killed, held or released, and whether the story is in the right state."""
        last = {one.item.story: one for one in self.results if one.item.family}
        touched = {one.item.story for one in self.results if one.item.relation in WITHDRAWALS}
        home = {one.item.story: self.found(one.uri) for one in self.texts}
        return [(last[story], self.states.get(home[story]) == last[story].item.state) for story in last if story in touched]

    def relations(self) -> dict[str, Counter[str]]:
        """What messages are, and what they were taken for; "-" for a counted drop."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for one in self.results:
            story = one.article.pipeline.story if one.article else None
            found[one.item.relation][story.relation if story else "-"] += 1
        return found


def run(seed: int, count: int, *, scripted: float, every_s: int) -> Run:
    """So many items of that world."""
    done = Run()
    states: dict[str, dict[bytes, bytes]] = {stage.name: {} for stage in CHAIN if stage.stateful}
    ledger = Ledger()
    for item in news(seed, count, scripted=scripted, every_s=every_s):
        raw = raw_of(item, rfc3339(item.at + DELAY_S))
        outcome = run_chain(CHAIN, raw, states, raw.fetched_at, ledger)
        assert not isinstance(outcome.verdict, Reject), outcome.verdict
        outcome.apply(states)
        uri = item_uri(raw.key) if item.link else item.guid
        done.results.append(Result(item, uri, outcome.record))
        _note(done, uri, outcome.record, [side.value for side in outcome.also])
    return done


def _note(done: Run, uri: str, article: Article | None, told: Iterable[object]) -> None:
    for value in told:
        if isinstance(value, Relink):
            done.stories |= dict.fromkeys(value.uris, value.to)
        elif isinstance(value, Sighting) and value.story:
            done.stories[value.uri] = value.story
        elif isinstance(value, Article) and value.pipeline.retraction:
            retraction = value.pipeline.retraction
            done.states |= dict.fromkeys(retraction.stories, WITHDRAWALS[retraction.kind])
    if article is not None:
        story = article.pipeline.story
        assert story is not None
        done.stories[uri] = done.stories[article.uri] = story.id
        done.states[story.id] = story.state


def _is_exact(result: Result) -> bool:
    """Figures and names as they were and are, at their places, and no other change of the body."""
    correction = result.article.pipeline.correction if result.article else None
    if correction is None or result.article is None:
        return False
    body = result.article.body_text
    changes = [change for change in correction.changes if change.kind != "headline" and _is_in_body(change.to or change.from_)]
    told = {(change.kind, change.from_ and change.from_.text, change.to and change.to.text) for change in changes}
    placed = all(change.to and body[change.to.start : change.to.end] == change.to.text for change in changes)
    return placed and told == {(each.kind, each.before, each.after) for each in result.item.corrected}


def _is_in_body(passage: object) -> bool:
    return getattr(passage, "in_", "") == "body_text"


def _script(item: SimItem) -> str:
    return item.story.split(".")[0]


def _family(one: Result, other: Result) -> str:
    return (one.item.family or "plain") if _script(one.item) == _script(other.item) else "across"


def _grouped(results: Iterable[Result], key: Callable[[Result], str]) -> Iterator[list[Result]]:
    groups: dict[str, list[Result]] = defaultdict(list)
    for one in results:
        groups[key(one)].append(one)
    return iter(groups.values())


def table(done: Run) -> str:
    """The figures by family, for people."""
    lines = [f"{'family':24}{'right':>7}{'false':>7}{'missed':>7}{'precision':>11}{'recall':>8}"]
    for name, pairs in sorted(done.pairs().items()):
        lines.append(f"{name:24}{pairs.right:7}{pairs.false:7}{pairs.missed:7}{pairs.precision:11.3f}{pairs.recall:8.3f}")
    for relation, found in sorted(done.relations().items()):
        lines.append(f"{relation:24}" + ", ".join(f"{name} {count}" for name, count in found.most_common()))
    return "\n".join(lines)
