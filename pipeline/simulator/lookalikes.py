"""Stories that are easily taken for one, and texts of one story that are easily taken for several: what a linker must tell apart.

Templates are in `phrases/lookalikes.toml`. All texts of a script use the same words, so that they differ in their facts alone.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from pipeline.simulator.dice import Dice
from pipeline.simulator.grammar import Plot, Text, expand, sentence, tell
from pipeline.simulator.phrasebook import Template, compile_template, phrasebook
from pipeline.simulator.script import Cast, Message

_DAY_S = 86_400
_BANKS = 13
_BLOG_ENTRIES = 6  # of a live blog, the newest, are on the page


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mould:
    category: str
    headline: Template
    body: tuple[Template, ...]


Facts = Mapping[str, str]


def banks(cast: Cast) -> list[Message]:
    """Thirteen banks that announce one rate move in the same words, within the hour."""
    dice, plot = cast.dice("banks"), cast.plot()
    names, chiefs = list(_words("banks")), list(phrasebook("en").lists["family"])
    shared = {
        "raise": dice.pick(("raise", "lower")),
        "points": dice.pick(("25", "50", "75")),
        "rate": _decimal(dice, 310, 690, 2),
    }
    facts = [shared | {"bank": dice.take(names), "chief": f"{dice.pick(phrasebook('en').lists['male'])} {dice.take(chiefs)}"}
             for _ in range(_BANKS)]  # fmt: skip
    return _separate(cast, "banks", [(plot, fact) for fact in facts], every_s=150)


def prices(cast: Cast) -> list[Message]:
    """Two or three firms that raise a price by the same amount, half of the time with their tickers."""
    dice, plot = cast.dice("prices"), cast.plot()
    word, amount, has_ticker = dice.pick(("raise", "cut")), dice.between(18, 60), dice.chance(0.5)
    shared = {
        "raise": word,
        "raises": f"{word}s",
        "product": dice.pick(_words("products")),
        "points": str(dice.between(3, 12)),
        "amount": str(amount),
        "more": str(amount + 5),
        "share": str(dice.between(14, 40)),
        "times": str(dice.between(4, 9)),
    }
    firms = _firms(dice, dice.between(2, 3))
    return _separate(cast, "prices", [(plot, shared | _firm(firm, has_ticker)) for firm in firms], every_s=900)


def dividends(cast: Cast) -> list[Message]:
    """One firm's dividends a day apart, for two quarters: another figure is another story."""
    dice = cast.dice("dividends")
    firm = _firm(_firms(dice, 1)[0], dice.chance(0.5))
    shared = {
        "payable": str(dice.between(24, 28)),
        "record": str(dice.between(4, 15)),
        "shares": str(dice.between(20, 400)),
        "since": str(dice.between(1961, 2009)),
    }
    cents = dice.between(12, 80)
    each = [(cast.plot(days=day), firm | shared | {"period": period, "cents": str(cents + 3 * day)})
            for day, period in enumerate(("third", "fourth"))]  # fmt: skip
    return _separate(cast, "dividends", each, every_s=_DAY_S)


def funds(cast: Cast) -> list[Message]:
    """Three funds of one house, with every number in common."""
    dice, plot = cast.dice("funds"), cast.plot()
    names = list(_words("funds"))
    shared = {
        "cents": str(dice.between(4, 60)),
        "record": str(dice.between(4, 15)),
        "payable": str(dice.between(24, 28)),
        "shares": str(dice.between(90, 900)),
        "since": str(dice.between(1961, 2009)),
    }
    return _separate(cast, "funds", [(plot, shared | {"fund": dice.take(names)}) for _ in range(3)], every_s=180)


def tables(cast: Cast) -> list[Message]:
    """The same table on three days; some cells stay as they were."""
    dice = cast.dice("tables")
    cells = {cell: str(dice.between(2, 96)) for cell in "abcdefghijkl"}
    each = []
    for day in range(3):
        cells = cells | {cell: str(dice.between(2, 96)) for cell in cells if dice.chance(0.6)}
        each.append((cast.plot(days=day), cells))
    return _separate(cast, "tables", each, every_s=_DAY_S)


def markets(cast: Cast) -> list[Message]:
    """The report at midday and the one at the close, with half of the figures in common."""
    dice, plot = cast.dice("markets"), cast.plot()
    firms = _firms(dice, 2)
    moved = dice.pick((("rise", "rose", "higher"), ("fall", "fell", "lower")))
    shared = {
        "move": moved[0],
        "moved": moved[1],
        "way": moved[2],
        "sector": dice.pick(_words("sectors")),
        "company": firms[0],
        "other_company": firms[1],
        "rose": str(dice.between(8, 20)),
        "fell": str(dice.between(5, 12)),
    }
    each = [(plot, shared | {"session": session, "change": _decimal(dice, 2, 28, 1), "small": _decimal(dice, 2, 28, 1),
             "index": str(dice.between(3100, 9800)), "turnover": str(dice.between(120, 990))})
            for session in ("midday", "the close")]  # fmt: skip
    return _separate(cast, "markets", each, every_s=5 * 3600)


def quakes(cast: Cast) -> list[Message]:
    """Magnitude 5.1 and 6.1 off one coast a day apart, and another one after six days."""
    dice = cast.dice("quakes")
    base = dice.between(43, 58)
    damages = (("no damage reported", "There were no reports of damage."), ("walls damaged", "Walls fell in several villages."))
    messages = []
    for story, (day, tenths) in enumerate(((0, base), (1, base + 10), (6, base + 3))):
        damage, sentence = damages[story % 2]
        facts = {
            "magnitude": f"{tenths // 10}.{tenths % 10}",
            "depth": str(dice.between(8, 90)),
            "km": str(dice.between(20, 140)),
            "damage": damage,
            "damage_sentence": sentence,
        }
        text = _told(cast, "quakes", cast.plot(days=day), facts)
        messages.append(Message(relation="new", text=text, story=story, item=story, after_s=day * _DAY_S))
    return messages


def strikes(cast: Cast) -> list[Message]:
    """Twin strikes on two cities: the same verbs, the same toll."""
    dice, plot = cast.dice("strikes"), cast.plot()
    shared = {
        "n": str(dice.between(4, 40)),
        "m": str(dice.between(41, 90)),
        "houses": str(dice.between(12, 90)),
        "weeks": str(dice.between(3, 11)),
        "quarter": dice.pick(("old harbour", "market quarter", "university district")),
    }
    other = _elsewhere(plot, cast.plot("twin"))
    return _separate(cast, "strikes", [(plot, shared), (other, shared)], every_s=dice.between(300, 7200))


def live_blog(cast: Cast) -> list[Message]:
    """One address whose text grows at the top and loses its end: one story, in the end without a word of its beginning."""
    dice, plot = cast.dice("blog"), cast.plot()
    first = tell(plot)
    entries = [*reversed(first.paragraphs)]
    messages = [Message(relation="new", text=first, after_s=0)]
    for number in range(1, dice.between(4, 7)):
        later = tell(cast.plot(f"entry/{number}", topics=(plot.topic,)))
        entries = [*later.paragraphs[1:3], *entries][:_BLOG_ENTRIES]
        headline = first.headline if dice.chance(0.6) else f"{first.headline} - live"
        text = replace(first, headline=headline, paragraphs=tuple(entries), signoff="")
        messages.append(Message(relation="update", text=text, order=number + 1, after_s=number * 900))
    return messages


def same_guid(cast: Cast) -> list[Message]:
    """Two stories, each with a page of its own, under one guid."""
    texts = [tell(cast.plot()), tell(cast.plot("other"))]
    return [
        Message(relation="new", text=text, story=story, item=story, guid=0, after_s=story * 1200)
        for story, text in enumerate(texts)
    ]


def new_guid(cast: Cast) -> list[Message]:
    """The same text under another guid, then under another address too."""
    first = Message(relation="new", text=tell(cast.plot()), after_s=0)
    return [
        first,
        replace(first, relation="repeat", guid=7, after_s=700),
        replace(first, relation="repeat", item=1, after_s=1900),
    ]


def round_up(cast: Cast) -> list[Message]:
    """Two stories, and a third text with a headline of two clauses that tells both in short and belongs to neither."""
    dice = cast.dice("round_up")
    one, other = tell(cast.plot()), tell(cast.plot("other"))
    tag = dice.pick(("", "WRAPUP 1-"))
    both = replace(one, headline=f"{tag}{one.headline}; {other.headline}", byline="", signoff="",
                   paragraphs=(*one.paragraphs[:2], *other.paragraphs[:2]))  # fmt: skip
    return [
        Message(relation="new", text=one, after_s=0),
        Message(relation="new", text=other, story=1, item=1, after_s=400),
        Message(relation="synthesis" if tag else "new", text=both, story=2, item=2, after_s=2000),
    ]


def briefings(cast: Cast) -> list[Message]:
    """The same title on two mornings, over other news."""
    texts = [tell(cast.plot(f"day/{day}", days=day)) for day in range(2)]
    return [Message(relation="new", text=replace(text, headline="Morning briefing"), story=day, item=day, after_s=day * _DAY_S)
            for day, text in enumerate(texts)]  # fmt: skip


# ── moulds and facts ─────────────────────────────────────────────────────────────────────────────────────────────────


def _separate(cast: Cast, mould: str, each: Sequence[tuple[Plot, Facts]], *, every_s: int) -> list[Message]:
    """One story after the other from one mould."""
    return [
        Message(relation="new", text=_told(cast, mould, plot, facts), story=story, item=story, after_s=story * every_s)
        for story, (plot, facts) in enumerate(each)
    ]


def _told(cast: Cast, name: str, plot: Plot, facts: Facts) -> Text:
    """The mould filled in; the dice are the same for all texts of a script, and so are the words that they choose."""
    mould, book, dice = _moulds()[name], phrasebook("en"), cast.dice("words")
    known = {**plot.facts, **facts}
    fill: Callable[[Template], str] = lambda template: expand(template, known, book, dice)  # noqa: E731
    dateline, headline = fill(dice.pick(book.furniture["dateline"])), fill(mould.headline)
    first, *rest = (sentence(template, known, book, dice) for template in mould.body)
    return Text(
        headline=headline,
        note="",
        byline="",
        reporter=plot.facts["reporter"],
        paragraphs=(f"{dateline} {first}", *rest),
        signoff=fill(dice.pick(book.furniture["signoff"])),
        category=mould.category,
    )


def _elsewhere(plot: Plot, other: Plot) -> Plot:
    """The plot with the other one's city and people; in another city of the list, where both are the same."""
    if other.place.city != plot.place.city:
        return other
    place = next(place for country in phrasebook("en").countries for place in country if place.city != plot.place.city)
    there = {"city": place.city, "CITY": place.city.upper(), "country": place.country, "country_in": place.country_in}
    return replace(other, place=place, facts={**other.facts, **there})


def _firms(dice: Dice, count: int) -> list[str]:
    deck = list(phrasebook("en").lists["company"])
    return [dice.take(deck) for _ in range(count)]


def _firm(name: str, has_ticker: bool) -> dict[str, str]:
    letters = "".join(letter for letter in name.upper() if "A" <= letter <= "Z")
    return {"company": name, "ticker": f" <{letters[:3]}{letters[-1]}.N>" if has_ticker else ""}


def _decimal(dice: Dice, low: int, high: int, places: int) -> str:
    return f"{dice.between(low, high) / 10**places:.{places}f}"


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(files("pipeline.simulator").joinpath("phrases", "lookalikes.toml").read_text(encoding="utf-8"))


def _words(name: str) -> Sequence[str]:
    words: list[str] = _read()["words"][name]
    return words


@cache
def _moulds() -> dict[str, _Mould]:
    return {
        name: _Mould(
            category=table["category"],
            headline=compile_template(table["headline"]),
            body=tuple(map(compile_template, table["body"].split("\n")[:-1])),
        )
        for name, table in _read().items()
        if name != "words"
    }
