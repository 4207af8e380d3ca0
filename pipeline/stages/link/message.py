"""What `link` needs to know of an article, read once: identity, order, signs of revision, whose word it is. Pure.

Nothing is decided here; relation.py does that.
"""

import re
from typing import Literal

from msgspec import Struct

from pipeline.article import Article
from pipeline.stages.bucket import bucket, bucket_of
from pipeline.stages.link.chain import Chain, Entry, Item, Mark, digest
from pipeline.stages.link.sketch import hash32, hash64
from pipeline.wire.credit import agency_of_host
from pipeline.wire.dates import parse_instant
from pipeline.wire.language import primary
from pipeline.wire.plain import folded

UINT64_MAX = 2**64 - 1
HOUR_MS = 3_600_000
SLUG_REMARK = re.compile(r"\s*\([^()]*\)\s*$")  # `MILL-FLOOD/ (UPDATE 2, PIX)`

Kind = Literal["text", "kill", "hold", "advisory"]
Says = Literal["", "correction", "refile", "repeat", "update", "synthesis", "release"]

CORRECTED = ("CORRECTED", "CORRECTED (OFFICIAL)", "KORR")
UPDATED = ("UPDATE", "LEAD", "WRITETHRU")
SYNTHESES = ("WRAPUP", "ROUNDUP")
# (what it says, pattern on the notes to editors, an example)
NOTES: tuple[tuple[Says, re.Pattern[str], str], ...] = (
    (
        "release",
        re.compile(
            r"\b(?:hold|withdrawal|kill|embargo)\b.{0,40}\b(?:lifted|released|cancell?ed)\b|\breleased for (?:use|publication)\b"
        ),
        "The hold on this story is lifted.",
    ),
    (
        "correction",
        re.compile(
            r"(?:^|\n)(?:in this .{0,60})?\b(?:correct(?:s|ed|ion|ing)\b|berichtig|korrig|corrige|se corrige|bien lire)|"
            r"has been corrected\b"
        ),
        "Corrects the toll in paragraph 2.",
    ),
    (
        "refile",
        re.compile(r"(?:^|\n)(?:refil(?:es|ed|ing)\b|fixes (?:typo|spelling|byline|formatting))"),
        "Refiles to fix typo",
    ),
    (
        "repeat",
        re.compile(r"(?:^|\n)(?:repeats?\b|rpts\b|no changes\b|wiederholung\b|répétition\b)"),
        "Repeats, no changes to text",
    ),
    (
        "update",
        re.compile(
            r"(?:^|\n)(?:updates?\b|updating\b|adds?\b|recasts?\b|writes? ?thr|new throughout\b|aktualisiert\b|ergänzt\b|"
            r"actualise|actualiza|añade)"
        ),
        "Adds comments",
    ),
)
ORDINAL_VERSION = re.compile(r"\b(?:\d{1,2}(?:st|nd|rd|th) )?(?:ld|lead|writethru|sub|insert|add)\b", re.IGNORECASE)
ADD_VERSION = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th) add\b", re.IGNORECASE)


class Message(Struct, frozen=True, kw_only=True):
    """One article as a message about a story.

    `number` 0: the wire gives none, `stamp` 0: undated; both order it (chain.py). `seen_at` is its ingest time, `at` its event
    time, never later than that (all in ms). `publisher` and `agency` are who carries and who wrote it, as digests of 4 bytes;
    `is_own`: they are the same. `says` is what it says of itself. `take` is its number among the takes of one text, 0 for a whole
    one. `is_sealed`: under an embargo with a time. `title` is the digest of the headline's key. `bucket` is the language bucket
    in which it travels, and in which names are found (slug, headline, guid, link). `is_echo`: a copy for another than its own.
    """

    uri: str
    key: bytes
    number: int
    stamp: int
    seen_at: int
    at: int
    content: bytes
    kind: Kind
    says: Says
    language: str
    bucket: str
    is_echo: bool
    publisher: bytes
    agency: bytes
    is_own: bool
    is_sealed: bool
    take: int
    headline: str
    body: str
    note: str
    city: str
    slug: int
    title: int
    aliases: tuple[int, ...]

    @property
    def hour(self) -> int:
        """The event hour."""
        return self.at // HOUR_MS

    @property
    def has_text(self) -> bool:
        """Whether there is anything to compare: a kill by id has nothing."""
        return bool(self.headline or self.body)

    @property
    def mark(self) -> Mark:
        """The position up to which a kill, hold or release of this message reaches."""
        return self.number, self.stamp or self.seen_at

    def entry(self) -> Entry:
        """As a text of its item."""
        return Entry(self.number, self.stamp, self.seen_at, self.content, self.is_sealed)

    def chain(self) -> Chain:
        """The story that consists of this message."""
        is_text = self.kind in ("text", "advisory")
        return Chain(
            (
                Item(
                    uri=self.uri,
                    publisher=self.publisher,
                    agency=self.agency,
                    is_own=self.is_own,
                    entries=(self.entry(),) if is_text else (),
                    kill=self.mark if self.kind == "kill" else None,
                    hold=self.mark if self.kind == "hold" else None,
                    release=self.mark if self.says == "release" else None,
                ),
            )
        )


def read(article: Article, now: str) -> Message:
    """The facts of an article that came in at `now` (RFC 3339)."""
    seen_at = instant(now)
    stamp = instant(article.version_created)
    published = instant(article.pipeline.times.published)
    publisher, agency, is_own = _owner(article)
    return Message(
        uri=article.uri,
        key=digest(article.uri),
        number=_number(article.version),
        stamp=stamp,
        seen_at=seen_at,
        at=min(stamp or published or seen_at, seen_at),
        content=bytes.fromhex(article.pipeline.dedup.content),
        kind=kind_of(article),
        says=_says(article),
        language=_language(article),
        bucket=bucket(article),
        is_echo=bool(article.pipeline.identity.echo),
        publisher=publisher,
        agency=agency,
        is_own=is_own,
        is_sealed=bool(article.embargoed_until) and _is_held(article),
        take=_take(article),
        headline=article.headline,
        body=article.body_text,
        note=article.ed_note,
        city=_city(article),
        slug=_slug(article, agency or publisher),
        title=_title(article),
        aliases=tuple(_aliases(article)),
    )


def instant(text: str) -> int:
    """Milliseconds since 1970; 0 for ""."""
    return round(parse_instant(text).timestamp() * 1000) if text else 0


# ── one function per fact ────────────────────────────────────────────────────────────────────────────────────────────


def _language(article: Article) -> str:
    """The language that it is compared in: where its item travels in another one's bucket, it is taken to be of that."""
    travels_in = bucket(article)
    return primary(article.language) if bucket_of(article.language) == travels_in else travels_in


def _number(version: str) -> int:
    """The wire's own version number, 0 for none; ten-digit counters exist, more than 64 bits do not."""
    return int(version) if version.isascii() and version.isdigit() and int(version[:32]) <= UINT64_MAX else 0


def kind_of(article: Article) -> Kind:
    """Whether it brings a text, withdraws one, or is for editors. Under an embargo with an end it is a text."""
    status = article.pipeline.status
    if status is not None and status.kind != "article":
        return "advisory"
    if article.pub_status == "canceled":
        return "kill"
    return "hold" if article.pub_status == "withheld" and not (article.embargoed_until and _is_held(article)) else "text"


def _is_held(article: Article) -> bool:
    return article.pub_status == "withheld"


def _says(article: Article) -> Says:
    """Tags first, then the signal, then the note: a tag is the most deliberate."""
    pipeline = article.pipeline
    tags = {tag.text for tag in pipeline.headline.tags} if pipeline.headline else set()
    signals = {signal.rpartition(":")[2].casefold() for signal in pipeline.vendor.signals} if pipeline.vendor else set()
    by_note = _says_note(article.ed_note)
    versions = " ".join(alt.value for alt in article.alt_ids if alt.role == "version")
    if by_note == "release":
        return by_note
    if tags.intersection(CORRECTED) or "correction" in signals:
        return "correction"
    if "REFILE" in tags:
        return "refile"
    if "RPT" in tags:
        return "repeat"
    if tags.intersection(SYNTHESES):
        return "synthesis"
    if tags.intersection(UPDATED) or "update" in signals or ORDINAL_VERSION.search(versions):
        return by_note if by_note == "correction" else "update"
    return by_note


def releases(article: Article) -> bool:
    """Whether its note says that what was withdrawn may be shown again."""
    return _says_note(article.ed_note) == "release"


def _says_note(note: str) -> Says:
    form = folded(note).replace(". ", ".\n") if note else ""
    return next((says for says, pattern, _ in NOTES if pattern.search(form)), "") if form else ""


def _take(article: Article) -> int:
    """`=2` is take 2; the 1st Add is what follows take 1."""
    tags = article.pipeline.headline.tags if article.pipeline.headline else ()
    for tag in tags:
        if tag.kind == "take":
            return (tag.number or 1) + (tag.text == "ADD")
    added = next((found for alt in article.alt_ids if alt.role == "version" and (found := ADD_VERSION.search(alt.value))), None)
    return int(added[1]) + 1 if added else 0


def _owner(article: Article) -> tuple[bytes, bytes, bool]:
    """Who carries it, who wrote it, and whether that is the same. A text without a credit is its provider's own."""
    credit, identity = article.pipeline.credit, article.pipeline.identity
    provider = (identity.provider or identity.feed).casefold()
    if credit is None or not credit.agency:
        house = agency_of_host(provider)
        return (_name(house.casefold()), _name(house.casefold()), True) if house else (_name(provider), b"", True)
    agency = _name(credit.agency.casefold())
    return (_name(provider), agency, False) if credit.republisher else (agency, agency, True)


def _name(name: str) -> bytes:
    return hash32(name).to_bytes(4, "big")


def _city(article: Article) -> str:
    dateline = article.pipeline.dateline
    return dateline.places[0] if dateline and dateline.places else ""


def _slug(article: Article, owner: bytes) -> int:
    """What all versions of a story have in their slug line, as a key of its agency, else of its publisher; 0 for none."""
    root = folded(SLUG_REMARK.sub("", article.slugline)).strip(" /=<,")
    return key_of(bucket(article), "slug", f"{owner.hex()}:{root}") if root else 0


def _title(article: Article) -> int:
    headline = article.pipeline.headline
    return title_key(headline.key or folded(article.headline), bucket(article)) if headline else 0


def title_key(key: str, bucket: str) -> int:
    """The key under which a headline is found by those who quote it."""
    return key_of(bucket, "title", key) if key else 0


def _aliases(article: Article) -> list[int]:
    """Other names of the item: its guid at its provider, its page."""
    identity = article.pipeline.identity
    owner = identity.provider or identity.feed
    names = [("guid", f"{owner}:{identity.guid}")] if identity.guid and identity.guid != article.uri else []
    if identity.link:
        names.append(("link", identity.link))
    return [key_of(bucket(article), kind, name) for kind, name in names]


def key_of(bucket: str, kind: str, name: str) -> int:
    """A key of the state. Buckets have keys of their own, so that it does not matter which of them share a partition."""
    return hash64(f"{bucket}:{kind}:{name}")
