"""Plausible wire copy that nobody wrote: stories from our own templates, as a function of (seed, story number).

`draw_plot` fixes what a story is about, `tell` writes the text after any number of updates and corrections.
Nothing about feeds, time or markup here; no clock, no network, no `random`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pipeline.simulator.dice import Dice
from pipeline.simulator.phrasebook import Phrasebook, Place, Slot, Template, Templates, Topic, phrasebook

Revision = Literal["update", "rewrite", "correction"]

REVISIONS_MAX = 3

# A story has 3 to 8 of these paragraphs, in this order; the first three always.
_PARAGRAPHS = (
    ("lead", "detail"),
    ("detail", "detail", "background"),
    ("quote", "detail", "expert"),
    ("background", "closing", "detail"),
    ("expert", "background"),
    ("witness", "detail"),
    ("quote", "closing"),
    ("detail", "closing"),
)
_ALWAYS = 3
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_NAMED_BEFORE = ("quote", "expert")  # the last template of these lists uses a family name alone: never the first to be drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What stays the same in all versions of a story. `name` seeds its dice, `n` is the main figure of version 1."""

    name: str
    language: str
    topic: str
    place: Place
    n: int
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One version of a story as an agency would send it. `paragraphs[0]` starts with the dateline."""

    headline: str
    note: str
    byline: str
    reporter: str
    paragraphs: tuple[str, ...]
    signoff: str
    category: str

    @property
    def blocks(self) -> tuple[str, ...]:
        """The whole body, block by block, editorial note first and sign-off last."""
        return tuple(block for block in (self.note, self.byline, *self.paragraphs, self.signoff) if block)


def draw_plot(name: str, language: str, *, agency: str, day: date, topics: Sequence[str] = ()) -> Plot:
    """Draw the facts of the story called `name` (seed and number), on `day`, about one of `topics` (default: any)."""
    book = phrasebook(language)
    dice = Dice(f"{name}/facts")
    topic = book.topics[dice.pick(tuple(topics) or tuple(book.topics))]
    place = dice.pick(dice.pick(book.countries))
    facts = {
        "city": place.city,
        "CITY": place.city.upper(),
        "country": place.country,
        "country_in": place.country_in,
        "agency": agency,
        "m": _grouped(dice.pick(topic.m), book.thousands),
    }
    facts |= _people(book, dice) | _days(book, dice, day)
    facts["institute"] = expand(dice.pick(book.words["institute"]), facts, book, dice)
    return Plot(name=name, language=language, topic=topic.name, place=place, n=dice.pick(topic.n), facts=facts)


def tell(plot: Plot, revisions: Sequence[Revision] = ()) -> Text:
    """The story after these revisions: none is version 1, each makes one version more. Every revision changes the main figure;
    an update also adds a paragraph and a new headline, a rewrite is an update with another lead, a correction keeps both."""
    book = phrasebook(plot.language)
    topic = book.topics[plot.topic]
    before, n = _figures(plot, revisions)
    facts = {**plot.facts, "n": _grouped(n, book.thousands), "n_before": _grouped(before, book.thousands)}
    dice = Dice(f"{plot.name}/text")
    dateline = expand(dice.pick(book.furniture["dateline"]), facts, book, dice)
    signoff = expand(dice.pick(book.furniture["signoff"]), facts, book, dice) if dice.chance(0.6) else ""
    byline = book.byline.format(reporter=facts["reporter"]) if dice.chance(0.3) else ""
    paragraphs, unused = _paragraphs(topic, facts, book, dice, lead=_lead(plot, topic, facts, book, revisions))
    paragraphs[1:1] = _developments(plot, unused, facts, book, _updates(revisions))
    paragraphs[0] = f"{dateline} {paragraphs[0]}"
    return Text(
        headline=_headline(plot, topic, facts, book, revisions),
        note=_note(plot, facts, book, revisions),
        byline=byline,
        reporter=facts["reporter"],
        paragraphs=tuple(paragraphs),
        signoff=signoff,
        category=topic.category,
    )


def draw_revisions(dice: Dice) -> tuple[Revision, ...]:
    """None for 7 stories in 10, else up to three."""
    count = 0
    while count < REVISIONS_MAX and dice.chance(0.3):
        count += 1
    return tuple("update" if dice.chance(0.7) else "correction" for _ in range(count))


def changed_figures(before: Text, after: Text) -> tuple[tuple[str, str], ...]:
    """The figures of the body in which a correction differs from the text it corrects, as printed, each pair once."""
    was, becomes = (_FIGURE.findall("\n".join(text.paragraphs)) for text in (before, after))
    assert len(was) == len(becomes), "a correction changes figures alone"
    return tuple(dict.fromkeys((one, other) for one, other in zip(was, becomes, strict=True) if one != other))


def _people(book: Phrasebook, dice: Dice) -> dict[str, str]:
    facts = {}
    families = list(book.lists["family"])
    for part in ("official", "expert", "witness", "other", "reporter", "writer", "editor"):
        is_woman = dice.chance(0.5)
        family = dice.take(families)
        facts[part] = f"{dice.pick(book.lists['female' if is_woman else 'male'])} {family}"
        if part == "official":
            facts["role"] = dice.pick(book.lists["role_f" if is_woman else "role_m"])
            facts["official_last"] = family
        elif part == "expert":
            facts["expert_last"] = family
    facts["expert_role"] = dice.pick(book.lists["expert_role"])
    facts["witness_role"] = dice.pick(book.lists["witness_role"])
    facts["company"] = dice.pick(book.lists["company"])
    return facts


def _days(book: Phrasebook, dice: Dice, day: date) -> dict[str, str]:
    weekdays = book.lists["weekdays"]
    return {
        "day": book.on_day.format(weekdays[day.weekday()]),
        "day_next": book.on_day.format(weekdays[(day.weekday() + dice.between(1, 4)) % 7]),
        "date": book.date.format(month=book.lists["months"][day.month - 1], number=day.day),
    }


def _figures(plot: Plot, revisions: Sequence[Revision]) -> tuple[int, int]:
    """The main figure before and after the last revision; they differ when there is one."""
    before = n = plot.n
    for index, revision in enumerate(revisions):
        dice = Dice(f"{plot.name}/figure/{index}")
        before = n
        if revision != "correction":
            n += 1 + dice.below(max(2, n // 4))
        else:
            step = dice.between(1, 3)
            n += step if n <= 6 or dice.chance(0.5) else -step
    return before, n


def _updates(revisions: Sequence[Revision]) -> int:
    return sum(revision != "correction" for revision in revisions)


def _lead(plot: Plot, topic: Topic, facts: Mapping[str, str], book: Phrasebook, revisions: Sequence[Revision]) -> str:
    """The lead in the words of the last rewrite; "" without any."""
    rewrites = revisions.count("rewrite")
    if not rewrites:
        return ""
    dice = Dice(f"{plot.name}/lead/{rewrites}")
    return sentence(dice.pick(topic.sentences["lead"]), facts, book, dice)


def _paragraphs(
    topic: Topic, facts: Mapping[str, str], book: Phrasebook, dice: Dice, lead: str
) -> tuple[list[str], list[Template]]:
    """The body of version 1 and the details it did not use; with another `lead`, unless that is ""."""
    optional = list(_PARAGRAPHS[_ALWAYS:])
    for _ in range(dice.below(len(optional) + 1)):
        dice.take(optional)
    decks = {kind: list(templates) for kind, templates in (*topic.sentences.items(), *book.shared.items())}
    held = {kind: decks[kind].pop() for kind in _NAMED_BEFORE}
    paragraphs = []
    for kinds in (*_PARAGRAPHS[:_ALWAYS], *optional):
        sentences = []
        for kind in (*kinds, "detail") if dice.chance(0.35) else kinds:
            if not decks[kind]:
                continue
            drawn = sentence(dice.take(decks[kind]), facts, book, dice)
            sentences.append(lead if lead and kind == "lead" else drawn)
            if kind in held:
                decks[kind].append(held.pop(kind))
        paragraphs.append(" ".join(sentences))
    return paragraphs, decks["detail"]


def _developments(plot: Plot, details: list[Template], facts: Mapping[str, str], book: Phrasebook, updates: int) -> list[str]:
    """One paragraph per update, the newest first."""
    dice = Dice(f"{plot.name}/developments")
    decks = [list(book.shared["development"]), details]
    paragraphs = [" ".join(sentence(dice.take(deck), facts, book, dice) for deck in decks if deck) for _ in range(updates)]
    return paragraphs[::-1]


def _headline(plot: Plot, topic: Topic, facts: Mapping[str, str], book: Phrasebook, revisions: Sequence[Revision]) -> str:
    updates = _updates(revisions)
    dice = Dice(f"{plot.name}/headline/{updates}")
    headline = sentence(dice.pick(topic.headline), facts, book, dice)
    series = f"UPDATE {updates}-" if updates else ""
    status = "CORRECTED-" if revisions and revisions[-1] == "correction" else ""
    return f"{status}{series}{headline}"


def _note(plot: Plot, facts: Mapping[str, str], book: Phrasebook, revisions: Sequence[Revision]) -> str:
    if not revisions:
        return ""
    dice = Dice(f"{plot.name}/note/{len(revisions)}")
    kind = "correction" if revisions[-1] == "correction" else "update"
    return expand(dice.pick(book.furniture[f"{kind}_note"]), facts, book, dice)


def sentence(template: Template, facts: Mapping[str, str], book: Phrasebook, dice: Dice) -> str:
    """The template told as a sentence, with a capital letter."""
    text = expand(template, facts, book, dice)
    return text[0].upper() + text[1:]


def expand(template: Template, facts: Mapping[str, str], book: Phrasebook, dice: Dice) -> str:
    """The template told: slots from `facts`, else from the book's word lists; `dice` chooses."""
    parts: list[str] = []
    _append(parts, template, facts, book.words, dice)
    return "".join(parts)


def _append(parts: list[str], template: Template, facts: Mapping[str, str], words: Mapping[str, Templates], dice: Dice) -> None:
    for part in template:
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(part, Slot):
            fact = facts.get(part.name)
            if fact is not None:
                parts.append(fact)
            else:
                _append(parts, dice.pick(words[part.name]), facts, words, dice)
        elif isinstance(part, range):
            parts.append(str(dice.pick(part)))
        else:
            _append(parts, dice.pick(part.options), facts, words, dice)


def _grouped(number: int, separator: str) -> str:
    return f"{number:,}".replace(",", separator)
