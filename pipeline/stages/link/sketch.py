"""What of a text is kept to find and to compare it: routing keys, a sample of its shingles, its numbers. At most 450 bytes.

Hashes are xxh3-64 of our own making, behind a version byte: no library's sketch is ever stored. A change of the tokens, shingles
or hashes raises VERSION; rows of another version are read as absent, and the state is rebuilt by a replay.
"""

import re
import struct
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from msgspec import Struct
from xxhash import xxh3_64_intdigest

from pipeline.wire.plain import compatible
from pipeline.wire.tickers import find_tickers, without_tickers

VERSION = 2

LEAD_SHINGLES = 40  # the lead is what a growing report keeps: its hashes find what those of the whole text miss
MIN_HASHES = 4  # of the lead, and of the whole: 99.4 % of true pairs share one of them
SAMPLE_MAX = 48  # shingle hashes kept: all of a short text, the lowest half, quarter, eighth … of a longer one; 48 × 4 bytes
NUMBERS_MAX = 16  # number hashes kept, the smallest: 16 × 4 bytes
TICKERS_MAX = 4
TITLE_WORDS_MIN = 5  # a shorter headline (`Morning update`) says nothing about the story
SHORT_SHINGLES = 25  # up to here a text is short and containment says too little
TOKENS_MAX = 4000  # a take has 1,600 words at most; a longer text is a table or a book, and its head is enough to know it by
CHARS_MAX = 40_000
WORDS_MAX = 1 << 16  # remembered by each of the two below: 15 MB together

PUNCTUATION = "$€£¥ .,:;!?-–—_/\\|()[]{}<>«»„“”\"‚‘’'`´…·•*#+=~^%&@"
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

# version, flags, item, hour, publisher, agency, sampling, shingles, and how many keys, numbers, tickers follow
HEAD = struct.Struct("<BB16sIIIBHBBB")
REVISION, SYNTHESIS = 1, 2  # flags: the text says of itself that it revises another one; that it is a round-up
UINT32 = 0xFFFFFFFF


class _Bare(dict[str, str]):
    """Words without the punctuation around them. Those of the first texts are remembered: they are most of all later texts."""

    def __missing__(self, word: str) -> str:
        bare = word.strip(PUNCTUATION)
        if len(self) < WORDS_MAX:
            self[word] = bare
        return bare


class _Numbers(dict[str, int]):
    """The hashes of words that are numbers, 0 for others; remembered like them."""

    def __missing__(self, word: str) -> int:
        found = number(word)
        hashed = hash32(found) if found else 0
        if len(self) < WORDS_MAX:
            self[word] = hashed
        return hashed


_BARE, _NUMBERS = _Bare(), _Numbers()


class Sketch(Struct, frozen=True):
    """One text. `item` is the digest of its uri, `hour` its event time; `keys` are where it is posted, the first `sought` of them
    are looked up for candidates (none of one that was read from its row). `sample` holds the upper halves of all shingle hashes
    below 2 ** (64 - `sampling`)."""

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
    flags: int = 0
    sought: int = 0

    @property
    def mask(self) -> int:
        """One bit of 32 for each number: what two texts of one story have in common. All bits where not all numbers are kept."""
        if len(self.numbers) >= NUMBERS_MAX:
            return UINT32
        mask = 0
        for number in self.numbers:
            mask |= 1 << (number & 31)
        return mask

    @property
    def is_revision(self) -> bool:
        """Tagged or noted as an update, a correction, a refile, a repeat."""
        return bool(self.flags & REVISION)

    @property
    def is_synthesis(self) -> bool:
        """Tagged as a round-up."""
        return bool(self.flags & SYNTHESIS)


def draw(
    *,
    item: bytes,
    hour: int,
    publisher: int,
    agency: int,
    headline: str,
    body: str,
    language: str,
    flags: int = 0,
    title: int = 0,
    posted: Sequence[int] = (),
) -> Sketch:
    """The sketch of a text. `title` is the key of its headline, `posted` are keys under which it is only found (slug, serial)."""
    text = (body or headline)[:CHARS_MAX]
    codes = list(find_tickers(text)) if "(" in text or "<" in text else []
    words = tokens(without_tickers(text) if codes else text, language)
    hashes = shingles(words)
    distinct = set(hashes)
    sampling, low = _lowest(distinct)
    tongue = _tongue(language)
    least = sorted(hashes[:LEAD_SHINGLES])[:MIN_HASHES] + low[:MIN_HASHES]
    sought = dict.fromkeys(value ^ tongue for value in least)
    if title and headline.count(" ") + 1 >= TITLE_WORDS_MIN:
        sought[title] = None
    numbers = number_hashes(words)
    tickers = frozenset(hash32(one.canonical) for one in codes if one.canonical)
    if tickers and numbers and len(hashes) <= SHORT_SHINGLES:  # a line that another desk puts in other words
        sought[hash64(f"{language}:notice:{sorted(tickers)}{numbers}")] = None
    return Sketch(
        item=item,
        hour=hour,
        publisher=publisher,
        agency=agency,
        sampling=sampling,
        shingles=min(len(distinct), 0xFFFF),
        keys=tuple(dict.fromkeys((*sought, *posted, *((title,) if title else ())))),
        sample=frozenset([value >> 32 for value in low]),
        numbers=numbers,
        tickers=tickers,
        flags=flags,
        sought=len(sought),
    )


def may_share_numbers(mask: int, other: int) -> bool:
    """Whether texts with these masks can share half of the fewer numbers. A no errs only where numbers repeat or bits meet."""
    return 2 * (mask & other).bit_count() >= min(mask.bit_count(), other.bit_count())


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def tokens(text: str, language: str) -> list[str]:
    """The words in the form in which texts are compared: folded and without punctuation."""
    form = compatible(text[:CHARS_MAX]).casefold()
    if language in UNSPACED:
        return [character for character in form if character.isalnum()][:TOKENS_MAX]
    return list(filter(None, map(_BARE.__getitem__, form.split())))[:TOKENS_MAX]


def shingles(words: Sequence[str]) -> list[int]:
    """The hashes of all runs of three words, in order; of a text of one or two words, the hash of that."""
    if len(words) < 3:
        return [hash64(" ".join(words))] if words else []
    return list(map(xxh3_64_intdigest, map(str.encode, map(" ".join, zip(words, words[1:], words[2:], strict=False)))))


@lru_cache(256)
def _tongue(language: str) -> int:
    """What is mixed into the keys, so that texts of two languages never meet."""
    return hash64(f"language:{language}")


def number_hashes(words: Iterable[str]) -> tuple[int, ...]:
    """The smallest hashes of the multiset of numbers, digits or words, with repeats, sorted."""
    return tuple(sorted(filter(None, map(_NUMBERS.__getitem__, words)))[:NUMBERS_MAX])


def numbers_in(words: Iterable[str]) -> list[str]:
    """The numbers of a text, in one form."""
    return [found for word in words if (found := number(word))]


def number(word: str) -> str:
    """The number that a word is, in one form; "" for none. Times of day (10:30) are no numbers of the story."""
    if word < ":":  # the sign behind 9: what begins with a digit
        return "" if ":" in word else _plain(word)
    return NUMBER_WORDS.get(word, "")


def _plain(word: str) -> str:
    return re.sub(r"[.,]", "", word) if GROUPED.fullmatch(word) else word.replace(",", ".")


def hash64(text: str) -> int:
    """xxh3-64."""
    return int(xxh3_64_intdigest(text.encode()))


def hash32(text: str) -> int:
    """The low half of xxh3-64."""
    return hash64(text) & UINT32


def _lowest(distinct: Collection[int]) -> tuple[int, list[int]]:
    """All hashes, sorted, or those below a half, a quarter, an eighth … of all there can be: as many as fit."""
    sampling = (len(distinct) // (SAMPLE_MAX + 1)).bit_length()
    while True:
        bound = 1 << (64 - sampling)
        low = sorted([value for value in distinct if value < bound])
        if len(low) <= SAMPLE_MAX:
            return sampling, low
        sampling += 1


def thinned(sketch: Sketch, sampling: int) -> frozenset[int]:
    """The sample as a coarser one has it."""
    if sketch.sampling == sampling:
        return sketch.sample
    bound = 1 << (32 - sampling)
    return frozenset([value for value in sketch.sample if value < bound])


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def pack(sketch: Sketch) -> bytes:
    """The row of a sketch."""
    tickers = sorted(sketch.tickers)[:TICKERS_MAX]
    head = HEAD.pack(
        VERSION,
        sketch.flags,
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
    _, flags, item, hour, publisher, agency, sampling, count, keys, numbers, tickers = HEAD.unpack_from(row)
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
        flags=flags,
    )
