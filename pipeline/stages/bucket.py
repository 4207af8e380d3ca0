"""Language buckets: what articles are grouped by on their way to `link`, which compares texts of one bucket only.

A closed set, the same as that of the public topics, so that a message can be sent to all of them. It decides nothing else.
"""

from pipeline.article import Article
from pipeline.topics import PUBLIC_LANGUAGES
from pipeline.wire.language import primary

OTHER = "other"
BUCKETS = PUBLIC_LANGUAGES


def bucket(article: Article) -> str:
    """The bucket in which it travels: that of its item, or the one to which this copy was sent."""
    identity = article.pipeline.identity
    return identity.echo or identity.bucket or bucket_of(article.language)


def bucket_of(language: str) -> str:
    """The bucket of a BCP 47 tag: `en-GB` → `en`; `other` for languages without a public topic, and for none."""
    name = primary(language)
    return name if name in BUCKETS else OTHER
