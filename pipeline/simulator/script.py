"""Scripts: what a wire sends beside plain news, as a few messages with the truth about each. The forms, and what writers share.

A script knows no feeds and no bytes: it says which text comes when, under which of its addresses, by whom, and what the text does
to its story. The writers are `chains.py` (one story through its life) and `lookalikes.py` (stories easily taken for one);
`families.py` is the table of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from pipeline.simulator.dice import Dice
from pipeline.simulator.grammar import Plot, Text, changed_figures, draw_plot
from pipeline.story import Relation, StoryState

SPAN_S = 8400  # a quick script is over after so long: no longer than the life of an ordinary story with its copies


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What a message puts right: the body said `before`, and says `after`."""

    kind: Literal["figure", "name"]
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a script, with the truth about it.

    `story` counts the stories of the script, `relation` is what the message does to its own one, `order` the rank of its text
    among the texts of that story (0: it brings none), `state` the story's state behind it. `after_s` is when it comes, counted
    from the first; `dated_s` when it says that it was made, where that differs. `item` names the address (link and guid) among
    those of the script, `guid` another item whose guid it bears. `carrier` 0 is the home feed, n the n-th publisher that copies.

    `version`, `pub_status`, `embargo` and `slug` are fields that only a wire of its own format has (NewsML-G2).
    """

    relation: Relation
    text: Text
    after_s: int
    story: int = 0
    order: int = 1
    state: StoryState = "live"
    dated_s: int | None = None
    item: int = 0
    guid: int | None = None
    carrier: int = 0
    corrected: tuple[Corrected, ...] = ()
    version: int = 1
    pub_status: Literal["usable", "withheld", "canceled"] = "usable"
    embargo: str = ""
    slug: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """For whom a script is written: its `name` seeds the dice; `carriers` are the names of those who copy from `publisher`."""

    name: str
    language: str
    agency: str
    publisher: str
    day: date
    topics: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()

    def dice(self, what: str) -> Dice:
        """The script's own dice for one purpose."""
        return Dice(f"{self.name}/{what}")

    def plot(self, part: str = "", *, days: int = 0, topics: Sequence[str] | None = None) -> Plot:
        """What the script's story is about; `part` names another of its stories, `days` moves it to a later day."""
        name = f"{self.name}/{part}" if part else self.name
        day = self.day + timedelta(days=days)
        return draw_plot(name, self.language, agency=self.agency, day=day, topics=self.topics if topics is None else topics)


def renamed(text: Text, was: str, becomes: str) -> Text:
    """The text with one name or word for another in headline and paragraphs."""
    paragraphs = tuple(paragraph.replace(was, becomes) for paragraph in text.paragraphs)
    return replace(text, headline=text.headline.replace(was, becomes), paragraphs=paragraphs)


def figures_corrected(before: Text, after: Text) -> tuple[Corrected, ...]:
    """What a correction of the main figure puts right."""
    return tuple(Corrected(kind="figure", before=one, after=other) for one, other in changed_figures(before, after))


def announcement(like: Text, headline: str, *paragraphs: str) -> Text:
    """A message to editors about a story: nobody's report, so it has neither byline nor sign-off."""
    return replace(like, headline=headline, note="", byline="", paragraphs=paragraphs, signoff="")


def slug_of(plot: Plot) -> str:
    """The slug line of a story, the same in all its versions."""
    return f"{plot.place.slug}-{plot.topic}/".upper()


def gap_s(dice: Dice) -> int:
    """The time between two messages of one story: longer than the shortest that the simulated wire promises its pollers."""
    return dice.between(300, 2400)
