"""What changed between two versions of a text: figures, names, wording, paragraphs, headline, with the spans on both sides. Pure.

Paragraphs are aligned first, then the words of those that changed. A pair of passages is a *figure* where numbers changed in
otherwise equal words, a *name* where names did, else a piece of a *paragraph*. A capital inside a sentence shows a name, which
is one at the beginning of a sentence too; so does the note. Offsets count in the main plain text (headline changes: in the
headline).
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cached_property

from msgspec import Struct

from pipeline.stages.link.sketch import NUMBER_WORDS
from pipeline.story import Change, Correction, Passage

CHANGES_MAX = 40  # a rewrite has hundreds; the list is to be read
PASSAGE_CHARS_MAX = 400
WORDS_MAX = 250  # of one paragraph; comparing costs the product of both sides: some 60,000 steps, 10 ms
DISTINCT_MIN = 0.2  # words that repeat without end (tables of results) make the comparison cubic
PAIRS_MAX = 8  # changed paragraphs compared word by word
PARAGRAPHS_MAX = 400
WORD = re.compile(r"\d[\d.,:/]*\d%?|\d%?|\w+(?:['’-]\w+)*|[^\w\s]")
NUMBER = re.compile(r"\d")
MONEY = frozenset("$€£¥₹") | {"usd", "eur", "dollars", "euros", "pounds", "yen", "crowns", "euro", "dollar", "kronen"}
# (label, words that stand near the figure)
_LABELS = (
    (
        "deaths",
        "dead killed killing kills died dies deaths fatalities bodies lives tote toten getötet tot morts tués muertos fallecidos",
    ),
    ("injured", "injured injuring wounded wounding hurt injuries verletzt verletzte verletzten blessés heridos"),
    ("missing", "missing vermisst vermisste disparus desaparecidos"),
    ("displaced", "displaced evacuated homeless evacuees evakuiert évacués evacuados evacuadas"),
    ("percent", "percent pct % per prozent"),
)
LABELS = {word: label for label, words in _LABELS for word in words.split()}
LABEL_WORDS = 4  # how far behind (`12 people were killed`) or before (`killed at least 12`) a label stands
NOTE_PARAGRAPHS = re.compile(
    r"\bpar(?:agraph|a)?s?\.? ((?:\d{1,2}(?:, | and | & |-)?)+)|\b(\d{1,2})(?:st|nd|rd|th) par(?:agraph|a)\b"
)
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
ORDINALS = {word: at for at, word in enumerate(_ORDINALS.split(), 1)}
NOTE_ORDINAL = re.compile(rf"\b({'|'.join(ORDINALS)}) par(?:agraph|a)\b")


class Word(Struct, frozen=True):
    """A word or a sign at its place."""

    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """The number it is; "" for none."""
        if NUMBER.match(self.text):
            return self.text.rstrip("%").replace(",", "")
        return NUMBER_WORDS.get(self.text.casefold(), "")


class Texts(Struct, frozen=True):
    """A headline and a body."""

    headline: str
    body: str
    city: str = ""


def correction(before: Texts | None, after: Texts, note: str, *, is_minor: bool) -> Correction:
    """The differences, and the note read for the paragraphs that it names. `before` None: the earlier text is no longer held."""
    found = list(changes(before, after, note)) if before else []
    return Correction(
        note=note,
        paragraphs=tuple(dict.fromkeys(paragraphs_named(note))),
        is_minor=is_minor,
        is_partial=before is None or len(found) > CHANGES_MAX,
        changes=tuple(found[:CHANGES_MAX]),
    )


def changes(before: Texts, after: Texts, note: str = "") -> Iterator[Change]:
    """Headline first, then the body from its beginning. The note knows names."""
    if before.headline != after.headline:
        yield Change(kind="headline", from_=_headline(before.headline), to=_headline(after.headline))
    if before.city != after.city and before.city and after.city:
        yield Change(
            kind="dateline",
            from_=Passage(text=before.city, start=0, end=len(before.city), in_="dateline"),
            to=Passage(text=after.city, start=0, end=len(after.city), in_="dateline"),
        )
    if before.body != after.body:
        yield from _paragraphs(Sides(before.body, after.body, note))


class Sides:
    """Two bodies, and the note on what was changed."""

    def __init__(self, before: str, after: str, note: str) -> None:
        self.before, self.after, self.note = before, after, note

    @cached_property
    def names(self) -> frozenset[str]:
        """Words that are written as names in a body or in the note; read when two words with capitals differ."""
        return frozenset(word for text in (self.before, self.after, self.note) for word in _names(text))

    def has_names(self, one: str, other: str) -> bool:
        """Whether both words are names."""
        return one[0].isupper() and other[0].isupper() and one in self.names and other in self.names


def paragraphs_named(note: str) -> Iterator[int]:
    """`Corrects date in paragraphs 3 and 5` → 3, 5."""
    folded = note.casefold()
    for found in NOTE_PARAGRAPHS.finditer(folded):
        yield from map(int, re.findall(r"\d+", found[1] or found[2]))
    for found in NOTE_ORDINAL.finditer(folded):
        yield ORDINALS[found[1]]


def _headline(text: str) -> Passage | None:
    return Passage(text=text, start=0, end=len(text), in_="headline") if text else None


# ── paragraphs ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _paragraphs(sides: Sides) -> Iterator[Change]:
    before, after = sides.before, sides.after
    mine, theirs = _split(before), _split(after)
    blocks = SequenceMatcher(None, [before[a:b] for a, b in mine], [after[a:b] for a, b in theirs], autojunk=False)
    pairs = 0
    for what, start, end, there, until in blocks.get_opcodes():
        if what == "equal":
            continue
        for one, other in _aligned(before, after, mine[start:end], theirs[there:until]):
            if one and other and pairs < PAIRS_MAX:
                pairs += 1
                yield from _words(sides, one, other)
            else:
                yield Change(
                    kind="paragraph", from_=_passage(before, *one) if one else None, to=_passage(after, *other) if other else None
                )


Span = tuple[int, int]


def _split(text: str) -> list[Span]:
    spans, start = [], 0
    for part in text.split("\n\n")[:PARAGRAPHS_MAX]:
        if part:
            spans.append((start, start + len(part)))
        start += len(part) + 2
    return spans


def _aligned(before: str, after: str, mine: Sequence[Span], theirs: Sequence[Span]) -> Iterator[tuple[Span | None, Span | None]]:
    """Pairs of changed paragraphs: each with the first one that shares half of its words; what is left was added or taken out."""
    left = list(theirs)
    for one in mine:
        words = set(before[slice(*one)].casefold().split())
        partner = next((other for other in left if _share(words, set(after[slice(*other)].casefold().split())) >= 0.5), None)
        if partner:
            for skipped in left[: left.index(partner)]:
                yield None, skipped
            left = left[left.index(partner) + 1 :]
        yield one, partner
    for other in left:
        yield None, other


def _share(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _words(sides: Sides, one: Span, other: Span) -> Iterator[Change]:
    mine, theirs = _tokens(sides.before, one), _tokens(sides.after, other)
    if max(map(len, (mine, theirs))) > WORDS_MAX or min(map(_distinct, (mine, theirs))) < DISTINCT_MIN:
        yield Change(kind="paragraph", from_=_passage(sides.before, *one), to=_passage(sides.after, *other))
        return
    blocks = SequenceMatcher(None, [word.text for word in mine], [word.text for word in theirs], autojunk=False)
    for what, start, end, there, until in blocks.get_opcodes():
        if what != "equal":
            yield from _passages(sides, mine, theirs, (start, end), (there, until))


def _passages(sides: Sides, mine: Sequence[Word], theirs: Sequence[Word], one: Span, other: Span) -> Iterator[Change]:
    """One stretch of words that differ: word by word where both sides have as many and all are figures or names, else at once."""
    lost, gained = mine[slice(*one)], theirs[slice(*other)]
    if len(lost) == len(gained):
        for at, (old, new) in enumerate(zip(lost, gained, strict=True)):
            kind = "figure" if old.value and new.value else "name" if sides.has_names(old.text, new.text) else "paragraph"
            label = _label(theirs, other[0] + at) if kind == "figure" else ""
            if kind == "paragraph":
                break
            if old.value and old.value == new.value and kind == "figure":
                continue
            yield Change(kind=kind, from_=_one(old), to=_one(new), label=label)  # type: ignore[arg-type]
        else:
            return
        lost, gained = lost[at:], gained[at:]
    numbers = [[at for at, word in enumerate(side) if word.value] for side in (lost, gained)]
    if len(numbers[0]) == len(numbers[1]) == 1:
        old, new = lost[numbers[0][0]], gained[numbers[1][0]]
        if old.value != new.value:
            label = _label(theirs, other[1] - len(gained) + numbers[1][0])
            yield Change(kind="figure", from_=_one(old), to=_one(new), label=label)
    yield Change(kind="paragraph", from_=_stretch(sides.before, lost), to=_stretch(sides.after, gained))


def _tokens(text: str, span: Span) -> list[Word]:
    return [Word(found[0], found.start(), found.end()) for found in WORD.finditer(text, *span)]


def _distinct(words: Sequence[Word]) -> float:
    return len({word.text for word in words}) / max(1, len(words))


def _label(words: Sequence[Word], at: int) -> str:
    """What a figure counts, by the words behind it, then those before it."""
    near = [word.text.casefold() for word in words[max(0, at - 1) : at + 2]]
    if any(word in MONEY for word in near) or words[at].text.endswith("%"):
        return "percent" if words[at].text.endswith("%") else "money"
    behind = _until_stop([word.text.casefold() for word in words[at + 1 : at + 2 + LABEL_WORDS]])
    before = _until_stop([word.text.casefold() for word in reversed(words[max(0, at - LABEL_WORDS) : at])])
    found = next((LABELS[word] for word in (*behind, *before) if word in LABELS), "")
    return found or ("money" if any(word in MONEY for word in behind) else "count")


def _until_stop(words: list[str]) -> list[str]:
    stop = next((at for at, word in enumerate(words) if word in {".", ",", ";", "and", "und", "et", "y"}), len(words))
    return words[:stop]


def _names(text: str) -> Iterator[str]:
    """Words with a capital that begin no sentence."""
    for found in WORD.finditer(text):
        start = found.start()
        if found[0][0].isupper() and start and text[max(0, start - 2) : start].strip(" ") not in (".", "\n", "\n\n"):
            yield found[0]


def _one(word: Word) -> Passage:
    return Passage(text=word.text, start=word.start, end=word.end)


def _stretch(text: str, words: Sequence[Word]) -> Passage | None:
    return _passage(text, words[0].start, words[-1].end) if words else None


def _passage(text: str, start: int, end: int) -> Passage:
    """A long passage is shown by its beginning; the span is that of what is shown."""
    end = min(end, start + PASSAGE_CHARS_MAX)
    return Passage(text=text[start:end], start=start, end=end)
