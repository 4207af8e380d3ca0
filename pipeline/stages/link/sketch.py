"""What of a text is kept to find and to compare it: routing keys, a sample of its shingles, its numbers. At most 450 bytes.

Hashes are xxh3-64 of our own making, behind a version byte: no library's sketch is ever stored. A change of the tokens, shingles
or hashes raises VERSION; rows of another version are read as absent, and the state is rebuilt by a replay.
"""

import re
import struct
from collections.abc import Iterable, Sequence
from heapq import nsmallest

from msgspec import Struct
from xxhash import xxh3_64_intdigest

from pipeline.wire.plain import folded
from pipeline.wire.tickers import find_tickers, without_tickers

VERSION = 1

LEAD_SHINGLES = 40  # the lead is what a growing report keeps: its hashes find what those of the whole text miss
MIN_HASHES = 4  # of the lead, and of the whole: 99.4 % of true pairs share one of them (linking.md, section 2.1)
SAMPLE_MAX = 48  # shingle hashes kept: all of a short text, one in 2, 4, 8 … of a longer one; 48 × 4 bytes
NUMBERS_MAX = 16  # number hashes kept, the smallest: 16 × 4 bytes
TICKERS_MAX = 4
TITLE_WORDS_MIN = 5  # a shorter headline (`Morning update`) says nothing about the story
SHORT_SHINGLES = 25  # up to here a text is short and containment says too little
TOKENS_MAX = 4000  # a take has 1,600 words at most; a longer text is a table or a book, and its head is enough to know it by
CHARS_MAX = 40_000

TOKEN = re.compile(r"\w+(?:[.,:'’-]\w+)*")
UNSPACED = ("zh", "ja", "th")  # written without spaces: every character is a token
# (language, its words for 0 to 12; articles such as `ein` and `un` are no numbers)
_COUNTED = (
    ("en", "zero one two three four five six seven eight nine ten eleven twelve"),
    ("de", "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"),
    ("fr", "zéro - deux trois quatre cinq six sept huit neuf dix onze douze"),
    ("es", "cero - dos tres cuatro cinco seis siete ocho nueve diez once doce"),
)
NUMBER_WORDS = {word: str(value) for _, words in _COUNTED for value, word in enumerate(words.split()) if word != "-"}
GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
DIGITS = frozenset("0123456789")

HEAD = struct.Struct("<B16sIIIBHBBB")  # version, item, event hour, publisher, agency, sampling, shingles, keys, numbers, tickers
UINT32 = 0xFFFFFFFF


class Sketch(Struct, frozen=True):
    """One text. `item` is the digest of its uri, `hour` its event time; `keys` are where it is posted, the first `sought` of them
    are looked up for candidates. `sample` holds every shingle hash that is divisible by 2 ** `sampling`."""

    item: bytes
    hour: int
    publisher: int
    agency: int
    sampling: int
    shingles: int
    keys: tuple[int, ...]
    sample: frozenset[int]
    numbers: tuple[int, ...]
    tickers: frozenset[int]
    sought: int = 0


def draw(
    *, item: bytes, hour: int, publisher: int, agency: int, headline: str, body: str, language: str, posted: Sequence[int] = ()
) -> Sketch:
    """The sketch of a text. `posted` are further keys under which it can be found (slug, headline for kills), never sought."""
    text = body or headline
    words = tokens(text, language)
    hashes = shingles(words)
    sampling, sample = _sample(hashes)
    sought = dict.fromkeys(nsmallest(MIN_HASHES, hashes[:LEAD_SHINGLES]) + nsmallest(MIN_HASHES, hashes))
    title = tokens(headline, language)
    if len(title) >= TITLE_WORDS_MIN:
        sought[hash64("title:" + " ".join(title))] = None
    numbers = number_hashes(words)
    tickers = frozenset(hash32(one.canonical) for one in find_tickers(text) if one.canonical)
    if tickers and numbers and len(hashes) <= SHORT_SHINGLES:  # a line that another desk puts in other words
        sought[hash64(f"notice:{sorted(tickers)}{numbers}")] = None
    return Sketch(
        item=item,
        hour=hour,
        publisher=publisher,
        agency=agency,
        sampling=sampling,
        shingles=min(len(set(hashes)), 0xFFFF),
        keys=tuple(dict.fromkeys((*sought, *posted))),
        sample=sample,
        numbers=numbers,
        tickers=tickers,
        sought=len(sought),
    )


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def tokens(text: str, language: str) -> list[str]:
    """The words in the form in which texts are compared: folded, without punctuation and without tickers."""
    form = folded(without_tickers(text[:CHARS_MAX]))
    if language in UNSPACED:
        return [character for character in form if character.isalnum()][:TOKENS_MAX]
    return TOKEN.findall(form)[:TOKENS_MAX]


def shingles(words: Sequence[str]) -> list[int]:
    """The hashes of all runs of three words, in order; of a text of one or two words, the hash of that."""
    if len(words) < 3:
        return [hash64(" ".join(words))] if words else []
    return list(map(xxh3_64_intdigest, map(str.encode, map(" ".join, zip(words, words[1:], words[2:], strict=False)))))


def numbers_in(words: Iterable[str]) -> list[str]:
    """The numbers of a text, digits or words, in one form. Times of day (10:30) are no numbers of the story."""
    found = (NUMBER_WORDS.get(word) or (_plain(word) if word[0] in DIGITS and ":" not in word else "") for word in words)
    return [number for number in found if number]


def number_hashes(words: Iterable[str]) -> tuple[int, ...]:
    """The smallest hashes of the multiset of numbers, with repeats, sorted."""
    return tuple(nsmallest(NUMBERS_MAX, map(hash32, numbers_in(words))))


def _plain(word: str) -> str:
    return re.sub(r"[.,]", "", word) if GROUPED.fullmatch(word) else word.replace(",", ".")


def hash64(text: str) -> int:
    """xxh3-64."""
    return int(xxh3_64_intdigest(text.encode()))


def hash32(text: str) -> int:
    """The low half of xxh3-64."""
    return hash64(text) & UINT32


def _sample(hashes: Sequence[int]) -> tuple[int, frozenset[int]]:
    distinct = {value & UINT32 for value in hashes}
    sampling = 0
    while len(distinct) > SAMPLE_MAX:
        sampling += 1
        mask = (1 << sampling) - 1
        distinct = {value for value in distinct if not value & mask}
    return sampling, frozenset(distinct)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def pack(sketch: Sketch) -> bytes:
    """The row of a sketch."""
    tickers = sorted(sketch.tickers)[:TICKERS_MAX]
    head = HEAD.pack(
        VERSION,
        sketch.item,
        sketch.hour,
        sketch.publisher,
        sketch.agency,
        sketch.sampling,
        sketch.shingles,
        len(sketch.keys),
        len(sketch.numbers),
        len(tickers),
    )
    longs = struct.pack(f"<{len(sketch.keys)}Q", *sketch.keys)
    shorts = (*sketch.numbers, *tickers, *sorted(sketch.sample))
    return head + longs + struct.pack(f"<{len(shorts)}I", *shorts)


def unpack(row: bytes | None) -> Sketch | None:
    """The sketch of a row; None for no row, and for one of another version."""
    if not row or row[0] != VERSION:
        return None
    _, item, hour, publisher, agency, sampling, count, keys, numbers, tickers = HEAD.unpack_from(row)
    start = HEAD.size + 8 * keys
    shorts = struct.unpack_from(f"<{(len(row) - start) // 4}I", row, start)
    return Sketch(
        item=item,
        hour=hour,
        publisher=publisher,
        agency=agency,
        sampling=sampling,
        shingles=count,
        keys=struct.unpack_from(f"<{keys}Q", row, HEAD.size),
        sample=frozenset(shorts[numbers + tickers :]),
        numbers=shorts[:numbers],
        tickers=frozenset(shorts[numbers : numbers + tickers]),
    )
