"""The verdict on an article whose place is known: the linked article, or a counted drop, with the side events. Pure."""

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Article, PubStatus, Text
from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, Side
from pipeline.stages.link import events
from pipeline.stages.link.relation import Rule
from pipeline.story import Correction, Story
from pipeline.wire.plain import content_digest

VERSION = "2"

STRICTNESS: tuple[PubStatus, ...] = ("", "usable", "withheld", "canceled")
BY_STATE: dict[str, PubStatus] = {"live": "", "held": "withheld", "killed": "canceled"}
DROPS = {  # rules that end it, and why; all others say what we hold
    **dict.fromkeys(("repeat.lower_version", "repeat.covered", "kill.late", "hold.late"), Reason.LATE),
    "not_here": Reason.NOT_HERE,
}


class Outcome(Struct, kw_only=True):
    """What a record came to. `version`, `uri` and `body` are the article's, `body` None where it keeps its own.

    `homes` are those beside its own to which its retraction must go; of a kill that is late all to which it must.
    """

    rule: Rule
    story: Story
    version: str
    uri: str = ""
    body: str | None = None
    correction: Correction | None = None
    also: tuple[Side, ...] = ()
    homes: tuple[str, ...] = ()


def finish(outcome: Outcome, article: Article) -> Emit | Drop:
    """Emits what goes on, with the retraction that it is told with; the rest is dropped, counted by reason.

    Other homes get the same by side events on `linked`.
    """
    is_routed = outcome.rule.is_routed
    passed = _told(linked(outcome, article), outcome.also) if is_routed or outcome.homes else article
    also = (*outcome.also, *(events.at_home(passed, home) for home in outcome.homes))
    return Emit(passed, also=also) if is_routed else Drop(DROPS.get(outcome.rule.rule, Reason.UNCHANGED), also=also)


def _told(passed: Article, also: tuple[Side, ...]) -> Article:
    """With the retraction among its side events: what withdraws before what releases, and all that is withdrawn."""
    sides = [side.value for side in also if side.topic == "retractions" and isinstance(side.value, Article)]
    told = [one.pipeline.retraction for one in sides if one.pipeline.retraction]
    if not told:
        return passed
    withdrawing = [one for one in told if one.kind != "release"] or told
    retraction = replace(withdrawing[0], items=tuple(item for one in withdrawing for item in one.items))
    return replace(passed, pipeline=replace(passed.pipeline, retraction=retraction))


def linked(outcome: Outcome, article: Article) -> Article:
    """The article in its story. What the story says of showing it is never looser than what the source says."""
    pipeline = article.pipeline
    if outcome.body is not None:
        bodies = tuple(body for body in article.bodies if body.content_type != "text/plain")
        article = replace(article, bodies=(Text(role="main", content_type="text/plain", value=outcome.body), *bodies))
        content = content_digest(article.headline, outcome.body)
        pipeline = replace(pipeline, dedup=replace(pipeline.dedup, content=content), body_map=())
    provenance = replace(pipeline.provenance, stages={**pipeline.provenance.stages, "link": VERSION})
    return replace(
        article,
        uri=outcome.uri or article.uri,
        version=outcome.version,
        pub_status=max(article.pub_status, BY_STATE[outcome.story.state], key=STRICTNESS.index),
        pipeline=replace(pipeline, story=outcome.story, correction=outcome.correction, provenance=provenance),
    )
