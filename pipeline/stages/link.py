"""Gives an article its version and its place in a story. So far by its uri alone: texts are not compared across uris.

Numbering is by changed content, for sources that do not number; a number given by the wire wins.
"""

import struct

from msgspec.structs import replace
from xxhash import xxh3_128_digest, xxh3_128_hexdigest

from pipeline.article import Article, Story, Version
from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, State

VERSION = "1"

HELD = struct.Struct(">BQI16s")  # state version, article version, revision, content digest: 29 bytes
STATE_VERSION = 1
UINT64_MAX = 2**64 - 1


def link(article: Article, state: State, now: str) -> Emit | Drop:
    """Emits the article with `version` and `pipeline.story`, or drops one that says what we hold, or is older than it."""
    key = xxh3_128_digest(article.uri.encode())
    content = bytes.fromhex(article.pipeline.dedup.content)
    given = _given_number(article.version)
    known = state.get(key)
    if known is None or known[0] != STATE_VERSION:
        number, revision, story = 1 if given is None else given, 1, _story(article.uri)
    else:
        _, held, revision, held_content = HELD.unpack(known)
        if content == held_content:
            return Drop(Reason.UNCHANGED)
        if given is not None and given <= held:
            return Drop(Reason.LATE)
        number, revision = held + 1 if given is None else given, revision + 1
        story = replace(
            _story(article.uri),
            relation="update",
            previous=Version(uri=article.uri, version=str(held)),
            revision=revision,
            reasons=("same_uri",),
        )
    if not _is_article(article):
        story = replace(story, relation="advisory", reasons=("not_an_article",))  # of its own, and joined by nobody
    return Emit(
        _linked(article, str(number), story),
        writes=((key, HELD.pack(STATE_VERSION, number, revision, content)),),
    )


def story_id(uri: str) -> str:
    """The id of the story that this uri began."""
    return f"urn:newswire:story:{xxh3_128_hexdigest(uri.encode())}"


def _given_number(version: str) -> int | None:
    """The wire's own version number; ten-digit counters exist, more than 64 bits do not."""
    return int(version) if version.isascii() and version.isdigit() and int(version[:32]) <= UINT64_MAX else None


def _is_article(article: Article) -> bool:
    status = article.pipeline.status
    return status is None or status.kind == "article"


def _story(uri: str) -> Story:
    return Story(id=story_id(uri), relation="new", canonical=uri, revision=1, state="live")


def _linked(article: Article, version: str, story: Story) -> Article:
    pipeline = article.pipeline
    provenance = replace(pipeline.provenance, stages={**pipeline.provenance.stages, "link": VERSION})
    return replace(article, version=version, pipeline=replace(pipeline, story=story, provenance=provenance))
