"""What `link` says of an article: its place in its story, what a correction changed. Part of the event record (article.py).

A *story* is one agency's report through all its versions, with the copies that others carry. Field names: the record contract.
"""

from typing import Literal

from msgspec import Struct, field

Relation = Literal[
    "new",
    "take",
    "update",
    "repeat",
    "refile",
    "correction",
    "kill",
    "hold",
    "release",
    "syndicated_copy",
    "synthesis",
    "advisory",
]
StoryState = Literal["live", "held", "killed"]
ChangeKind = Literal["figure", "headline", "paragraph", "name", "dateline"]


class Version(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Names one version of one item."""

    uri: str
    version: str


class Story(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The article's place in its story.

    `state` is the story's after this message; `canonical` the uri of the writer's own text; `revision` counts how often the words
    of that publisher have changed, 0 where a kill came before any; `related` are stories that it touches without belonging to
    them. `score` is the likeness that tied it, 0 to 1. `home` is the story under which the item was first announced, absent where
    that is `id`: the item travels under it for ever.
    `is_echo`: the article itself is told elsewhere or is late; this tells a home what its retraction withdraws there.
    """

    id: str
    home: str = ""
    is_echo: bool = False
    relation: Relation
    previous: Version | None = None
    canonical: str
    revision: int
    state: StoryState
    related: tuple[str, ...] = ()
    score: float | None = None
    reasons: tuple[str, ...] = ()


class Passage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of one of two texts, at `start`..`end` in code points of the string named by `in`."""

    text: str
    start: int
    end: int
    in_: str = field(name="in", default="body_text")


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference between two versions: `from` is absent for what was added, `to` for what was taken out.

    `label` says what a figure counts (deaths, injured, missing, displaced, money, percent, count).
    """

    kind: ChangeKind
    from_: Passage | None = field(name="from", default=None)
    to: Passage | None = None
    label: str = ""


class Correction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the source says it corrected (`note`, and the `paragraphs` it names), and what did change.

    `is_minor`: a refile. `is_partial`: there were more changes than are listed, or the earlier text is no longer held.
    """

    note: str = ""
    paragraphs: tuple[int, ...] = ()
    is_minor: bool = False
    is_partial: bool = False
    changes: tuple[Change, ...] = ()


class Withdrawn(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An item of a story, with the versions of it that are meant; without any, all are.

    `home` is where the item travels (`Story.home`), absent where that is the story by whose id it is told.
    """

    uri: str
    versions: tuple[str, ...] = ()
    home: str = ""


class Retraction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What must disappear (kill), be hidden (hold), or may be shown again (release), by uri, wherever it went.

    `items` are all items of the story with the versions concerned, copies among them; `stories` the stories they are in, more
    than one where a kill by description was ambiguous and all that it may mean are held. `by` is the uri of the message, `at` its
    ingest time, `reasons` the rules that made it one. Obeying it twice does no harm; the newest by `at` of a uri counts.
    `is_partial`: the story is so large that not all of its items are known by name; all that it ever put out is meant.
    """

    kind: Literal["kill", "hold", "release"]
    items: tuple[Withdrawn, ...] = ()
    stories: tuple[str, ...] = ()
    by: str
    at: str
    note: str = ""
    reasons: tuple[str, ...] = ()
    is_partial: bool = False
