"""Says in which language bucket an article travels to `link`, and has every bucket told what withdraws or releases.

`link` knows only what came through its own partition. So all messages of an item travel in the bucket of the first one, whatever
language a later one is taken for. A kill, a hold or a release goes to every bucket beside: it may mean another item than its own,
or say too little to show a language. What it does there is `link`'s business.
Promise: while an item is known here (30 days after its last message), its messages come to one partition, in their order. Here is
the partition of its raw key: what another provider sends under the same uri comes by another, where it can get another bucket.
"""

from msgspec.structs import replace
from xxhash import xxh3_128_digest

from pipeline.article import Article
from pipeline.records import Emit, Side, State
from pipeline.stages.bucket import BUCKETS, bucket_of
from pipeline.stages.link.message import kind_of, releases
from pipeline.stages.rows import HOUR, Rows, Window, enlist, forget
from pipeline.wire.dates import parse_instant

VERSION = "1"

DIGEST_BYTES = 16
REFRESH_HOURS = 24  # a later message puts its item's end off, but writes for that once a day at most
KEPT = Window(b"e", 30 * 24 + REFRESH_HOURS, DIGEST_BYTES)  # as long as link knows an item, and a day for what was not written


def address(article: Article, state: State, now: str) -> Emit:
    """Emits the article, with `pipeline.identity.bucket` where it travels in another bucket than its language's.

    Side events: a copy for each other bucket (`pipeline.identity.echo`) of what withdraws or releases.
    """
    rows = Rows(state)
    hour = int(parse_instant(now).timestamp()) // 3600
    forget(rows, KEPT, hour, _hour)
    key = xxh3_128_digest(article.uri.encode())
    spoken = bucket_of(article.language)
    own = _known(rows, key) or spoken
    _remember(rows, key, own, hour)
    passed = _sent(article, bucket=own) if own != spoken else article
    kind = kind_of(article)
    echoes = BUCKETS if kind in ("kill", "hold") or (kind == "text" and releases(article)) else ()
    return Emit(
        passed,
        also=tuple(Side("normalized", each, _sent(passed, echo=each)) for each in echoes if each != own),
        writes=rows.writes,
    )


def _sent(article: Article, **where: str) -> Article:
    pipeline = article.pipeline
    return replace(article, pipeline=replace(pipeline, identity=replace(pipeline.identity, **where)))


def _known(rows: Rows, key: bytes) -> str:
    """The bucket of the item, "" when it is new here."""
    row = rows.get(key)
    return row[HOUR.size :].decode() if row else ""


def _remember(rows: Rows, key: bytes, bucket: str, hour: int) -> None:
    row = rows.get(key)
    if row is None or hour - _hour(row) >= REFRESH_HOURS:
        rows.put(key, HOUR.pack(hour) + bucket.encode())
        enlist(rows, KEPT, hour, key)


def _hour(row: bytes) -> int:
    return int(HOUR.unpack_from(row)[0])
