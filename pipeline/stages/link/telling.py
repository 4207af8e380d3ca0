"""A text as the guards read it (alike.py): whom it names, how it begins, what its headline says. Pure.

Words are computed when asked for. Names are compared by their consonants (`skeleton`), since agencies spell them differently.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import combinations, takewhile
from unicodedata import normalize

from pipeline.stages.link.periods import periods
from pipeline.stages.link.sketch import numbers_in, shingles, tokens
from pipeline.wire.tickers import without_tickers

LEAD_WORDS = 80  # a substituted subject stands in the headline or in the first two paragraphs
TITLE_CHARS_MIN = 4  # shorter words of a headline (`in`, `the`) are common to all
CLAUSE_WORDS_MIN = 3
PARTICLE_CHARS_MAX = 3  # `del`, `du`, `of`: small letters inside of a publisher's name
LETTERS_MAX = 1  # two spellings of a name are as long, or a letter apart: `Niger` and `Nigeria` have the same consonants
REMEMBERED = 16_384  # words; the texts of a day share most of theirs
NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
CLAUSES = re.compile(r"\s*[;|]\s+|\s+/\s+")
SITE = re.compile(r"\s\|\s+(?P<name>[^|\d]{3,60})$")
VOWELS = re.compile(r"[aeiouyjäöüœæ]")
NAMING_NOUNS = ("de", "lb")  # languages that write all nouns as names


class Telling:
    """Headline, body and dateline city of a text."""

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
    def printed(self) -> frozenset[str]:
        """All words of headline, dateline and body, as printed."""
        return frozenset(NAME.findall(f"{self.headline} {self.city} {self.body}"))

    @cached_property
    def forms(self) -> frozenset[str]:
        """All words, folded."""
        return frozenset(map(str.casefold, self.printed))

    @cached_property
    def spellings(self) -> frozenset[tuple[str, int]]:
        """Skeleton and length of all words with a capital: of what can be a name."""
        return frozenset((skeleton(word.casefold()), len(word)) for word in self.printed if word[0].isupper())

    @cached_property
    def numbers(self) -> Counter[str]:
        """All numbers of the report, as the sketch counts them."""
        return Counter(numbers_in(self.words))

    @cached_property
    def shingles(self) -> frozenset[int]:
        """All shingles of the report, as the sketch has a sample of them."""
        return frozenset(shingles(self.words))

    @cached_property
    def words(self) -> list[str]:
        """The words of the report in the form in which the sketch has them."""
        return tokens(without_tickers(self.body or self.headline), self.language)

    @cached_property
    def names(self) -> frozenset[str]:
        """Words of the body that are written with a capital inside a sentence, or twice; an alert has but its headline."""
        text = f"{self.headline}.\n{self.body}" if self.language in NAMING_NOUNS else self.body or self.headline
        return frozenset(_names(text, self.language))

    @cached_property
    def subject(self) -> frozenset[str]:
        """The words with which both headline and report begin, folded; none where the first is no name by its look."""
        same = takewhile(lambda pair: pair[0] == pair[1], zip(self.title_words, self.lead, strict=False))
        return frozenset(word.casefold() for word, _ in same if word[0].isupper() and len(word) >= TITLE_CHARS_MIN)

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
        """The clauses of a headline that has several, as folded words."""
        parts = [frozenset(NAME.findall(part.casefold())) for part in CLAUSES.split(_without_site(self.headline))]
        return tuple(part for part in parts if len(part) >= CLAUSE_WORDS_MIN) if len(parts) > 1 else ()

    @cached_property
    def is_list(self) -> bool:
        """Whether two clauses say the same of different things: `Storm kills 3 in Ostby; storm kills 4 in Rusten`."""
        return any(2 * len(one & other) > min(len(one), len(other)) for one, other in combinations(self.clauses, 2))

    @cached_property
    def named(self) -> frozenset[str]:
        """Those whom the headline names, folded."""
        return self.names.intersection(word.casefold() for word in self.title_words if word[0].isupper())

    def knows(self, word: str) -> bool:
        """Whether a folded word occurs, or a name that can be another spelling of it."""
        if word in self.forms:
            return True
        return any((skeleton(word), len(word) + more) in self.spellings for more in (-LETTERS_MAX, 0, LETTERS_MAX))

    def knows_any(self, words: Iterable[str]) -> bool:
        """Whether one of the words occurs."""
        return any(map(self.knows, words))


def _without_site(headline: str) -> str:
    """The headline without the name of the page it stands on: `Mill opens | The Daily Ledger`; not `Mill Opens | Two Hurt`."""
    found = SITE.search(headline)
    is_site = found and _is_written_as_name(found["name"]) and not _is_written_as_name(headline[: found.start()])
    return headline[: found.start()] if found and is_site else headline


def _is_written_as_name(text: str) -> bool:
    return all(word[0].isupper() or len(word) <= PARTICLE_CHARS_MAX for word in NAME.findall(text))


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


@lru_cache(maxsize=REMEMBERED)
def skeleton(word: str) -> str:
    """The consonants of a name: `Kyiv` and `Kiev`, `Zelenskiy` and `Zelensky` are one."""
    form = word if word.isascii() else "".join(c for c in normalize("NFD", word) if c.isalpha())
    bare = form[:1] + VOWELS.sub("", form[1:])
    return re.sub(r"(.)\1+", r"\1", bare) if len(bare) > 1 else form
