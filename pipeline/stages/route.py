"""Chooses the public topic of a finished event. The article itself is not changed."""

from pipeline.article import Article
from pipeline.records import Emit, State
from pipeline.topics import PUBLIC_LANGUAGES
from pipeline.wire.language import primary

VERSION = "1"


def route(article: Article, state: State, now: str) -> Emit:
    """Emits every article: each has a public topic so far. `public_topic` says which."""
    return Emit(article)


def public_topic(article: Article) -> str:
    """`out.en` and its like, `out.other` for languages without a topic of their own; keyed by uri."""
    language = primary(article.language)
    return f"out.{language if language in PUBLIC_LANGUAGES else 'other'}"
