"""Whether two texts tell one story: rule B (containment and numbers) with its guards. Pure; knows no messages and no state.

Containment, not likeness as a whole, since a report grows; and numbers, since templated notices share all but them. `measure`
compares two sketches and is cheap; the guards read the texts, and only of pairs that passed. Each has an id that ends in the
story's reasons. Thresholds: linking.md, section 3, where they were measured.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from itertools import takewhile
from unicodedata import normalize

from msgspec import Struct

from pipeline.stages.link.periods import periods
from pipeline.stages.link.sketch import NUMBERS_MAX, SHORT_SHINGLES, UINT32, Sketch, tokens

CONTAINED_MIN = 0.45
CONTAINED_WITHOUT_NUMBERS_MIN = 0.6  # nothing but words speaks for it
CONTAINED_OTHER_HEADLINE_MIN = 0.9
NUMBERS_MIN = 0.8
SHORT_JACCARD_MIN = 0.6
RELATED_MIN = 0.3  # weaker than the same story, stronger than nothing

LEAD_WORDS = 80  # a substituted subject stands in the headline or in the first two paragraphs
SUBJECT_WORDS = 20  # of a first sentence
SUBSTITUTED_WORDS_MAX = 5  # `Norland Savings Bank` for `Bank of Sudmark`; longer stretches are other sentences
JOINING_WORDS_MAX = 1
TITLE_CHARS_MIN = 4  # shorter words of a headline (`in`, `the`) are common to all
CLAUSE_WORDS_MIN = 3
NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
CLAUSES = re.compile(r"\s*[;|]\s+|\s+/\s+")
VOWELS = re.compile(r"[aeiouyjäöüœæ]")
NAMING_NOUNS = ("de", "lb")  # languages that write all nouns as names


class Measured(Struct, frozen=True):
    """Two sketches side by side: `contained` of the smaller one's shingles, `numbers` of the fewer numbers, 0 to 1."""

    contained: float
    numbers: float
    jaccard: float
    is_short: bool
    has_numbers: bool
    has_equal_numbers: bool
    tickers: str  # "", "same", "differ"

    @property
    def score(self) -> float:
        """What matches are ranked by."""
        return round(self.contained * (0.5 + self.numbers / 2), 3)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The scores, as they stand in the record."""
        return f"containment={self.contained:.2f}", f"numbers={self.numbers:.2f}"


class Telling:
    """A text as the guards read it. Words are computed when asked for."""

    def __init__(self, headline: str, body: str, city: str, language: str) -> None:
        self.headline, self.body, self.city, self.language = headline, body, city, language

    @cached_property
    def title(self) -> frozenset[str]:
        """The words of the headline, without the short ones where there are others."""
        words = frozenset(tokens(self.headline, self.language))
        return frozenset(word for word in words if len(word) >= TITLE_CHARS_MIN) or words

    @cached_property
    def title_words(self) -> list[str]:
        """The words of the headline as printed."""
        return NAME.findall(self.headline)

    @cached_property
    def words(self) -> frozenset[str]:
        """All words, headline and body, as skeletons."""
        return frozenset(map(skeleton, NAME.findall(f"{self.headline} {self.body}".casefold())))

    @cached_property
    def names(self) -> frozenset[str]:
        """Words of the body that are written with a capital inside a sentence, or twice."""
        text = f"{self.headline}.\n{self.body}" if self.language in NAMING_NOUNS else self.body
        return frozenset(_names(text, self.language))

    @cached_property
    def subject(self) -> frozenset[str]:
        """The words with which both headline and report begin, as skeletons; none where the first is no name by its look."""
        same = takewhile(lambda pair: pair[0] == pair[1], zip(self.title_words, self.lead, strict=False))
        words = [word for word, _ in same if word[0].isupper()]
        return frozenset(skeleton(word.casefold()) for word in words if len(word) >= TITLE_CHARS_MIN)

    @cached_property
    def lead(self) -> list[str]:
        """The first words as printed."""
        return [match[0] for match, _ in zip(NAME.finditer(self.body), range(LEAD_WORDS), strict=False)]

    @cached_property
    def periods(self) -> dict[str, frozenset[str]]:
        """Dates, times and periods in the headline and the first sentence, by kind."""
        return periods(self.headline, self.body)

    @cached_property
    def clauses(self) -> tuple[frozenset[str], ...]:
        """The clauses of a headline that has several."""
        parts = [frozenset(map(skeleton, NAME.findall(part.casefold()))) for part in CLAUSES.split(self.headline)]
        return tuple(part for part in parts if len(part) >= CLAUSE_WORDS_MIN) if len(parts) > 1 else ()


class Verdict(Struct, frozen=True):
    """`is_same`: one story. `objection` is the guard that said no, "" where the measures did."""

    is_same: bool
    score: float
    reasons: tuple[str, ...]
    objection: str = ""


# ── the rule ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure(one: Sketch, other: Sketch) -> Measured:
    """What two sketches have in common; samples of different density are brought to the coarser one."""
    sampling = max(one.sampling, other.sampling)
    mine, theirs = _thinned(one, sampling), _thinned(other, sampling)
    common = len(mine & theirs)
    smaller = min(len(mine), len(theirs))
    contained = common / smaller if smaller else 0.0
    is_near = contained >= RELATED_MIN
    numbers, fewer = _common_numbers(one.numbers, other.numbers) if is_near else (0, 0)
    tickers = "" if not one.tickers or not other.tickers else "same" if one.tickers & other.tickers else "differ"
    union = len(mine) + len(theirs) - common
    return Measured(
        contained=contained,
        numbers=numbers / fewer if fewer else float(is_near),
        jaccard=common / union if union else 0.0,
        is_short=min(one.shingles, other.shingles) <= SHORT_SHINGLES,
        has_numbers=fewer > 0,
        has_equal_numbers=bool(one.numbers) and one.numbers == other.numbers,
        tickers=tickers,
    )


def passes(found: Measured) -> str:
    """The rule that holds for the measures, "" for none: `short_notice`, `short_text`, `rule_b`."""
    if found.tickers == "differ":
        return ""
    if found.is_short:
        if found.has_equal_numbers and found.tickers == "same":
            return "short_notice"
        return "short_text" if found.jaccard >= SHORT_JACCARD_MIN and found.numbers >= NUMBERS_MIN else ""
    least = CONTAINED_MIN if found.has_numbers else CONTAINED_WITHOUT_NUMBERS_MIN
    return "rule_b" if found.contained >= least and found.numbers >= NUMBERS_MIN else ""


def judge(found: Measured, one: Telling, other: Telling) -> Verdict:
    """The verdict on a pair whose measures are known."""
    rule = passes(found)
    if not rule:
        return Verdict(False, found.score, found.reasons, "tickers_differ" if found.tickers == "differ" else "")
    is_verbatim = one.body == other.body and one.headline == other.headline
    if said := objection(found, one, other, only=OF_VERBATIM if is_verbatim else ()):
        return Verdict(False, found.score, found.reasons, said)
    return Verdict(True, found.score, (rule, *found.reasons))


def objection(found: Measured, one: Telling, other: Telling, only: Sequence[str] = ()) -> str:
    """The first guard that says no, of `only` these where any are named; "" when none does."""
    return next((name for name, objects in GUARDS if (not only or name in only) and objects(found, one, other)), "")


def _thinned(sketch: Sketch, sampling: int) -> frozenset[int]:
    if sketch.sampling == sampling:
        return sketch.sample
    mask = (1 << sampling) - 1
    return frozenset(value for value in sketch.sample if not value & mask)


def _common_numbers(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int]:
    """How many numbers they share, and the count of the fewer; only as far as both lists of smallest hashes reach."""
    if one == other:
        return len(one), len(one)
    reach = min((numbers[-1] for numbers in (one, other) if len(numbers) == NUMBERS_MAX), default=UINT32)
    one, other = (tuple(number for number in numbers if number <= reach) for numbers in (one, other))
    return (Counter(one) & Counter(other)).total(), min(len(one), len(other))


# ── guards ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _other_headline(found: Measured, one: Telling, other: Telling) -> bool:
    """Headlines without a common word need nearly the same text."""
    return bool(one.title and other.title) and not one.title & other.title and found.contained < CONTAINED_OTHER_HEADLINE_MIN


def _other_period(found: Measured, one: Telling, other: Telling) -> bool:
    """Another day, hour or quarter in headline or first sentence: tables, notices and reports that come again."""
    return any(one.periods[kind].isdisjoint(other.periods[kind]) for kind in one.periods.keys() & other.periods.keys())


def _other_place(found: Measured, one: Telling, other: Telling) -> bool:
    """Datelines that disagree."""
    return bool(one.city and other.city) and skeleton(one.city.casefold()) != skeleton(other.city.casefold())


def _other_subject(found: Measured, one: Telling, other: Telling) -> bool:
    """A name in the headline or the lead stands where the other text has another name."""
    return _opens_with_another(one, other) or _substituted(one, other)


def _opens_with_another(one: Telling, other: Telling) -> bool:
    """Each begins headline and report with the same words, and neither knows the other's: `Helvex cuts`, `Helvex said`.

    Words that only ever begin a sentence do not show by their capital that they are names; this does.
    """
    return bool(one.subject and other.subject) and one.subject.isdisjoint(other.words) and other.subject.isdisjoint(one.words)


def _second_clause(found: Measured, one: Telling, other: Telling) -> bool:
    """A headline of several clauses, one of which the other text knows nothing of: a round-up, which must not bridge stories."""
    return any(_is_news(clause, other) for clause in _significant(one)) or any(
        _is_news(clause, one) for clause in _significant(other)
    )


def _is_news(clause: frozenset[str], text: Telling) -> bool:
    """Whether the text knows less than half of the clause: some words (`cancelled`) are in every story of their kind."""
    return 2 * len(clause & text.words) < len(clause)


OF_VERBATIM = ("places_differ",)  # the same words: nothing but where they come from can tell them apart
Guard = Callable[[Measured, Telling, Telling], bool]
# (id, guard); the cheap ones first
GUARDS: tuple[tuple[str, Guard], ...] = (
    ("headlines_differ", _other_headline),
    ("places_differ", _other_place),
    ("periods_differ", _other_period),
    ("second_clause", _second_clause),
    ("names_differ", _other_subject),
)


def _significant(text: Telling) -> Iterator[frozenset[str]]:
    """The words of each clause that stand in no other clause, without the shortest (`a`, `in`, `the`)."""
    for clause in text.clauses:
        rest = frozenset().union(*(part for part in text.clauses if part is not clause))
        words = frozenset(word for word in clause - rest if len(word) > 2)
        if words:
            yield words


def _substituted(one: Telling, other: Telling) -> bool:
    """Whether one text has names in whose place the other has other names.

    Each must be unknown to the other text; in the headline and the first sentence, where the subject stands, one is enough.
    """
    for mine, theirs, subject in ((one.title_words, other.title_words, LEAD_WORDS), (one.lead, other.lead, SUBJECT_WORDS)):
        for lost, gained, at in _clusters(mine, theirs):
            old = [word for word in lost if word.casefold() in one.names]
            new = [word for word in gained if word.casefold() in other.names]
            gone = [word for word in old if skeleton(word.casefold()) not in other.words]
            come = [word for word in new if skeleton(word.casefold()) not in one.words]
            is_subject = at < subject and bool((gone and new) or (old and come))
            if (gone and come) or (is_subject and not _is_respelt(old, new)):
                return True
    return False


def _is_respelt(old: Sequence[str], new: Sequence[str]) -> bool:
    return not {skeleton(word.casefold()) for word in old}.isdisjoint(skeleton(word.casefold()) for word in new)


def _clusters(mine: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str], int]]:
    """Stretches that differ, each with where it begins; those with but a word or two in common between them are one."""
    blocks = SequenceMatcher(None, [w.casefold() for w in mine], [w.casefold() for w in theirs], autojunk=False)
    found: list[list[int]] = []
    for what, start, end, there, until in blocks.get_opcodes():
        if what == "equal":
            continue
        if found and start - found[-1][1] <= JOINING_WORDS_MAX and there - found[-1][3] <= JOINING_WORDS_MAX:
            found[-1][1], found[-1][3] = end, until
        else:
            found.append([start, end, there, until])
    for start, end, there, until in found:
        if max(end - start, until - there) <= SUBSTITUTED_WORDS_MAX:
            yield mine[start:end], theirs[there:until], start


def _names(body: str, language: str) -> Iterator[str]:
    """In German, where nouns have capitals too, only words that come twice."""
    capitals: Counter[str] = Counter()
    inside: set[str] = set()
    for match in NAME.finditer(body):
        word = match[0]
        if word[0].isupper():
            folded = word.casefold()
            capitals[folded] += 1
            if not _opens_sentence(body, match.start()):
                inside.add(folded)
    is_naming_nouns = language in NAMING_NOUNS
    for word, count in capitals.items():
        if count > 1 if is_naming_nouns else (word in inside or count > 1):
            yield word


def _opens_sentence(body: str, start: int) -> bool:
    before = body[max(0, start - 3) : start].rstrip(" \n“\"‘'(«„")
    return not before or before[-1] in ".!?:\n"


def skeleton(word: str) -> str:
    """The consonants of a name: `Kyiv` and `Kiev`, `Zelenskiy` and `Zelensky` are one."""
    form = word if word.isascii() else "".join(c for c in normalize("NFD", word) if c.isalpha())
    bare = form[:1] + VOWELS.sub("", form[1:])
    return re.sub(r"(.)\1+", r"\1", bare) if len(bare) > 1 else form
