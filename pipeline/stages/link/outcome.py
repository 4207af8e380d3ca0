"""The verdict on an article whose place is known: the linked article, or a counted drop, with the side events. Pure."""

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Article, PubStatus, Text
from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, Side
from pipeline.stages.link.relation import Rule
from pipeline.story import Correction, Story
from pipeline.wire.plain import content_digest

VERSION = "2"

STRICTNESS: tuple[PubStatus, ...] = ("", "usable", "withheld", "canceled")
BY_STATE: dict[str, PubStatus] = {"live": "", "held": "withheld", "killed": "canceled"}
LATE_RULES = frozenset({"repeat.lower_version", "kill.late", "hold.late"})


class Outcome(Struct, kw_only=True):
    """What a record came to. `version`, `uri` and `body` are the article's, `body` None where it keeps its own."""

    rule: Rule
    story: Story
    version: str
    uri: str = ""
    body: str | None = None
    correction: Correction | None = None
    also: tuple[Side, ...] = ()


def finish(outcome: Outcome, article: Article) -> Emit | Drop:
    """Emits what goes on, with the retraction that it is told with; the rest is dropped, counted by reason."""
    if outcome.rule.is_routed:
        passed = linked(outcome, article)
        for side in outcome.also:
            if side.topic == "retractions" and isinstance(side.value, Article):
                passed = replace(passed, pipeline=replace(passed.pipeline, retraction=side.value.pipeline.retraction))
        return Emit(passed, also=outcome.also)
    return Drop(Reason.LATE if outcome.rule.rule in LATE_RULES else Reason.UNCHANGED, also=outcome.also)


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
