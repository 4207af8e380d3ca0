"""Chooses the public topic of a finished event. The article itself is not changed."""

from pipeline.article import Article
from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, State
from pipeline.topics import PUBLIC_LANGUAGES
from pipeline.wire.language import primary

VERSION = "2"


def route(article: Article, state: State, now: str) -> Emit | Drop:
    """Emits what readers may see; drops what is held (embargo, hold), withdrawn, or no article (advisory, test message)."""
    status = article.pipeline.status
    is_public = article.pub_status in ("", "usable") and (status is None or (status.kind == "article" and not status.is_held))
    return Emit(article) if is_public else Drop(Reason.NOT_PUBLIC)


def public_topic(article: Article) -> str:
    """`out.en` and its like, `out.other` for languages without a topic of their own; keyed by uri."""
    language = primary(article.language)
    return f"out.{language if language in PUBLIC_LANGUAGES else 'other'}"
