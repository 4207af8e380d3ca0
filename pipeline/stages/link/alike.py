"""Whether two texts tell one story: rule B (containment and numbers) with its guards. Pure; knows no messages and no state.

Containment, not likeness as a whole, since a report grows; and numbers, since templated notices share all but them. `measure`
compares two sketches and is cheap; the guards read the texts (telling.py), and only of pairs that passed. Each has an id that
ends in the story's reasons. The thresholds were measured on pairs of known truth (tests/quality/story_pairs.py has their like).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile

from msgspec import Struct

from pipeline.stages.link.sketch import NUMBERS_MAX, SHORT_SHINGLES, UINT32, Sketch, thinned
from pipeline.stages.link.telling import LEAD_WORDS, LETTERS_MAX, Telling, skeleton

CONTAINED_MIN = 0.45
CONTAINED_WITHOUT_NUMBERS_MIN = 0.6  # nothing but words speaks for it
CONTAINED_OTHER_HEADLINE_MIN = 0.9
NUMBERS_MIN = 0.8
COMPARED_MIN = 8  # of a long list the smallest hashes are kept; fewer than these in reach are a guess, and the texts are asked
SHORT_JACCARD_MIN = 0.6
RELATED_MIN = 0.3  # weaker than the same story, stronger than nothing

SUBJECT_WORDS = 20  # of a first sentence
SUBSTITUTED_WORDS_MAX = 5  # `Norland Savings Bank` for `Bank of Sudmark`; longer stretches are other sentences
JOINING_WORDS_MAX = 1
RESPELT_CHARS_MIN = 6  # of both names: `Iran` and `Iraq` are a letter apart


class Measured(Struct, frozen=True):
    """Two sketches side by side: `contained` of the smaller one's shingles, `numbers` of the fewer numbers, 0 to 1."""

    contained: float
    numbers: float
    jaccard: float
    is_short: bool
    has_numbers: bool
    has_equal_numbers: bool
    tickers: str  # "", "same", "differ"
    is_estimate: bool = False  # `numbers` comes from so few of them that it may be chance

    @property
    def score(self) -> float:
        """What matches are ranked by."""
        return round(self.contained * (0.5 + self.numbers / 2), 3)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The scores, as they stand in the record."""
        return f"containment={self.contained:.2f}", f"numbers={self.numbers:.2f}"


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
    mine, theirs = thinned(one, sampling), thinned(other, sampling)
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
        is_estimate=fewer < COMPARED_MIN and NUMBERS_MAX in (len(one.numbers), len(other.numbers)),
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


def _common_numbers(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int]:
    """How many numbers they share, and the count of the fewer; only as far as both lists of smallest hashes reach."""
    if one == other:
        return len(one), len(one)
    reach = min((numbers[-1] for numbers in (one, other) if len(numbers) == NUMBERS_MAX), default=UINT32)
    one, other = (tuple(number for number in numbers if number <= reach) for numbers in (one, other))
    return (Counter(one) & Counter(other)).total(), min(len(one), len(other))


# ── guards ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _other_headline(found: Measured, one: Telling, other: Telling) -> bool:
    """Headlines without a common word need nearly the same text. Sketches only estimate that: here all of it is compared."""
    is_other = bool(one.title and other.title) and one.title.isdisjoint(other.title)
    return is_other and len(one.shingles & other.shingles) < CONTAINED_OTHER_HEADLINE_MIN * min(
        len(one.shingles), len(other.shingles)
    )


def _other_period(found: Measured, one: Telling, other: Telling) -> bool:
    """Another day, hour or quarter in headline or first sentence: tables, notices and reports that come again."""
    return any(one.periods[kind].isdisjoint(other.periods[kind]) for kind in one.periods.keys() & other.periods.keys())


def _other_numbers(found: Measured, one: Telling, other: Telling) -> bool:
    """Other numbers than the sketches let expect, where those could compare but a few."""
    fewer = min(one.numbers.total(), other.numbers.total())
    return found.is_estimate and fewer > 0 and (one.numbers & other.numbers).total() < NUMBERS_MIN * fewer


def _other_place(found: Measured, one: Telling, other: Telling) -> bool:
    """Datelines that disagree."""
    return bool(one.city and other.city) and not is_spelling(one.city, other.city)


def _other_subject(found: Measured, one: Telling, other: Telling) -> bool:
    """Headlines that name others, or a name in headline or lead that stands where the other text has another name."""
    return _names_another(one, other) or _opens_with_another(one, other) or _substituted(one, other)


def _names_another(one: Telling, other: Telling) -> bool:
    """Each headline names somebody, and neither report knows anybody whom the other's headline names."""
    is_other = bool(one.named and other.named) and not _is_respelt(one.named, other.named)
    return is_other and not other.knows_any(one.named) and not one.knows_any(other.named)


def _opens_with_another(one: Telling, other: Telling) -> bool:
    """Each begins headline and report with the same words, and neither knows all of the other's: `Helvex cuts`, `Helvex said`.

    Words that only ever begin a sentence do not show by their capital that they are names; this does. A part of a name can be an
    ordinary word of the other text: `Northgate Freight`, `freight costs more`.
    """
    is_other = bool(one.subject and other.subject) and not _is_respelt(one.subject, other.subject)
    return is_other and not all(map(other.knows, one.subject)) and not all(map(one.knows, other.subject))


def _second_clause(found: Measured, one: Telling, other: Telling) -> bool:
    """A headline of several clauses, one of which the other text knows nothing of: a round-up, which must not bridge stories."""
    return (
        one.is_list != other.is_list
        or any(_is_news(clause & one.named, clause, other) for clause in _significant(one))
        or any(_is_news(clause & other.named, clause, one) for clause in _significant(other))
    )


def _is_news(names: frozenset[str], clause: frozenset[str], text: Telling) -> bool:
    """Whether the text knows nobody whom the clause names, or less than half of it: words like `cancelled` are in every story."""
    return bool(names and not text.knows_any(names)) or 2 * sum(map(text.knows, clause)) < len(clause)


OF_VERBATIM = ("places_differ",)  # the same words: nothing but where they come from can tell them apart
Guard = Callable[[Measured, Telling, Telling], bool]
# (id, guard); the cheap ones first
GUARDS: tuple[tuple[str, Guard], ...] = (
    ("headlines_differ", _other_headline),
    ("places_differ", _other_place),
    ("numbers_differ", _other_numbers),
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
            gone = [word for word in old if not other.knows(word.casefold()) and not _is_respelt([word], new)]
            come = [word for word in new if not one.knows(word.casefold()) and not _is_respelt(old, [word])]
            is_subject = at < subject and bool((gone and new) or (old and come))
            is_kept = _is_respelt(old, _capitals(gained)) or _is_respelt(_capitals(lost), new)
            if (gone and come) or (is_subject and not is_kept):
                return True
    return False


def _capitals(words: Sequence[str]) -> list[str]:
    return [word for word in words if word[0].isupper()]


def _is_respelt(old: Iterable[str], new: Collection[str]) -> bool:
    """Whether one name of each side is the same in another spelling."""
    return any(is_spelling(one, other) for one in old for other in new)


def is_spelling(one: str, other: str) -> bool:
    """Whether two words can be one name: the same consonants, or long and but one letter apart, which is not the first."""
    one, other = one.casefold(), other.casefold()
    if abs(len(one) - len(other)) > LETTERS_MAX:
        return False
    return skeleton(one) == skeleton(other) or (
        min(len(one), len(other)) >= RESPELT_CHARS_MIN and one[0] == other[0] and _is_letter_apart(one, other)
    )


def _is_letter_apart(one: str, other: str) -> bool:
    """One letter more, less or other."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    rests = one[same:], other[same:]
    return rests[0][1:] == rests[1][1:] or rests[0][1:] == rests[1] or rests[0] == rests[1][1:]


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
