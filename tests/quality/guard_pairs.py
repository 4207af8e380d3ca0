"""Pairs that one rule alone keeps apart: for each guard stories that every other rule would merge. Our own templates.

They are drawn like those of story_pairs.py, and are held to the same bars; test_guards.py says which rule needs which family.
"""

import random

from pipeline.article import Article
from tests.quality.story_pairs import FAMILIES, FIRMS, FIRST_NAMES, OTHER, TOWNS, Table, own, report, some_uri, words
from tests.stages.link.wire import item

ONE_WORD_FIRMS = words("Helvex|Orbisol|Iberluz|Zephyrion|Baltenwerk|Calderon|Ondine|Valdoro|Silverlode|Tamarind")
DISTRICTS = words(
    "hill|river|market|mill|harbour|station|forest|meadow|bridge|castle|chapel|garden|island|lake|orchard|quarry|spring|tower"
    "|valley|wood"
)
NEAR_NAMES = (
    ("Iran", "Iraq"), ("Niger", "Nigeria"), ("Zambia", "Gambia"), ("Austria", "Australia"), ("Slovakia", "Slovenia"),
    ("Mali", "Malawi"), ("Mauritius", "Mauritania"), ("Paraguay", "Uruguay"), ("Sweden", "Switzerland"),
)  # fmt: skip


def same_background(dice: random.Random) -> tuple[Article, Article]:
    """Two turns of a long affair over the same background, with nothing but words to tell them apart."""
    years, ships, cost = dice.randint(3, 30), dice.randint(20, 90), dice.randint(100, 900)
    background = (
        f"The harbour was dredged for {cost} million crowns after a strike of dockers that lasted {years} weeks and kept {ships}"
        " ships at anchor outside the breakwater.\n\nDockers and owners have argued for years over pay, night shifts and the use"
        " of cranes that need no driver. A court told both sides to talk, and the talks broke down twice."
    )
    turns = dice.sample(
        (
            ("Cranes stand still again", "Dockers walked out at dawn after a worker was dismissed."),
            ("Judges order owners back to table", "A court told the owners to open the gates to inspectors."),
            ("Fishing fleet sails after quarrel", "The fishing fleet left port when a fee was dropped."),
            ("Ministry presents plan for deeper channel", "Engineers will deepen the channel for larger vessels."),
        ),
        2,
    )
    (title, lead), (other_title, other_lead) = turns
    return own(dice, title, f"{lead}\n\n{background}"), own(dice, other_title, f"{other_lead}\n\n{background}", 5)


def verbatim_warnings(dice: random.Random) -> tuple[Article, Article]:
    """The same words from two towns: only the dateline says which."""
    one, two = dice.sample(TOWNS, 2)
    wind, rain, until = dice.randint(70, 140), dice.randint(20, 90), dice.randint(4, 11)
    body = (
        f"The weather service warned of winds of up to {wind} kilometres an hour and {rain} millimetres of rain and asked people"
        f" to stay at home for {until} hours. Ferries will not run and schools are closed. Crews piled up sandbags along the quay"
        " and moved boats to the inner basin."
    )
    more = " The fire service has cancelled all leave." if dice.random() < 0.5 else ""
    title = "Storm warning closes schools"
    return own(dice, title, body, city=one.upper()), own(dice, title, body + more, 0.2, city=two.upper())


def tallies(dice: random.Random) -> tuple[Article, Article]:
    """A short count of one night, and the long one of another: some figures are the same, the result is not.

    The texts have more figures than a sketch keeps, so that chance decides which of them are compared.
    """

    def line(name: str, votes: int, share: int) -> str:
        return f"In the {name} district the list of the farmers had {votes} votes, a share of {share} percent."

    rows = [(name, dice.randint(1000, 9999), dice.randint(11, 49)) for name in DISTRICTS]
    rest = " ".join(line(*row) for row in rows[3:])
    first = "The count went on through the night in the town hall, and the clerks opened the boxes one after the other by hand."
    *counted, same = rows[:3]
    short_rows = [*((name, votes + 7, share) for name, votes, share in counted), same]
    long = f"{first} {' '.join(line(*row) for row in rows[:3])}\n\n{rest}"
    short = f"{first} {' '.join(line(*row) for row in short_rows)}"
    return own(dice, "Farmers lead in count of votes", long), own(dice, "Farmers lead in count of votes", short, 30)


def long_round_up(dice: random.Random) -> tuple[Article, Article]:
    """The whole report and the beginning of another one of its kind, under a headline of two clauses without a tag."""
    one, two = dice.sample(TOWNS, 2)
    (first, body), (second, other) = report(dice, one), report(dice, two)
    both = f"{body}\n\n{other.split(chr(10))[0]}"
    return own(dice, first, body), own(dice, f"{first}; {second}", both, 2)


def round_up_of_its_kind(dice: random.Random) -> tuple[Article, Article]:
    """A round-up whose second clause has the words of the first one, and another town."""
    one, two = dice.sample(TOWNS, 2)
    headline, body = report(dice, one)
    lead = body.split("\n")[0].replace(one, two)
    return own(dice, headline, body), own(dice, f"{headline}; {headline.replace(one, two)}", f"{body}\n\n{lead}", 2)


def tagged_round_up(dice: random.Random) -> tuple[Article, Article]:
    """A round-up by its tag alone: the report, a headline of one clause, some lines more."""
    headline, body = report(dice, dice.choice(TOWNS))
    return own(dice, headline, body), own(dice, f"WRAPUP {dice.randint(1, 4)}-{headline}", f"{body}\n\nMore rain is due.", 2)


def two_turns(dice: random.Random) -> tuple[Article, Article]:
    """Two people's turns in one affair: each headline names one of them, and the leads have other words throughout."""
    (one, two), sums = dice.sample(FAMILIES, 2), (dice.randint(20, 90), dice.randint(100, 900), dice.randint(3, 19))
    name, other = dice.choice(FIRST_NAMES), dice.choice(FIRST_NAMES)
    background = (
        f"Investigators say that {sums[0]} million crowns went from the ferry fund to {sums[2]} accounts abroad before an audit"
        f" of {sums[1]} pages stopped the payments. The fund was set up to replace ships that had served for half a century.\n\n"
        "None of the money has been found, and the ships still sail. Passengers pay a surcharge on every crossing, which the"
        " company that runs the line calls a contribution to safety at sea."
    )
    first = f"A judge sent the former treasurer, {name} {one}, to prison over the missing money after a trial of some months."
    second = (
        f"Voters in the islands turned against their mayor, {other} {two}, who resigned over what happened to the ferry fund."
    )
    return (
        own(dice, f"Court jails former treasurer {one} after long trial over ferry fraud", f"{first}\n\n{background}"),
        own(dice, f"Mayor {two} resigns over ferry fraud", f"{second}\n\n{background}", 20),
    )


def one_word_firms(dice: random.Random) -> tuple[Article, Article]:
    """Firms whose names only ever begin a sentence, one of them with a second name that is a word of the notice."""
    one, two = dice.sample(ONE_WORD_FIRMS, 2)
    two = f"{two} Freight" if dice.random() < 0.5 else two
    rise, share = dice.randint(3, 19), dice.randint(20, 40)

    def told(firm: str) -> str:
        return (
            f"{firm} said it would raise the list price of newsprint by {rise} percent from the first of next month. The change"
            " applies to all orders from that day on, and contracts already signed are not affected.\n\nEnergy and freight cost"
            f" more than {share} percent of turnover, a note to customers said."
        )

    return own(dice, f"{one} raises price of newsprint", told(one)), own(dice, f"{two} raises price of newsprint", told(two), 0.3)


def near_names(dice: random.Random) -> tuple[Article, Article]:
    """One notice for two countries whose names look alike: no spelling of each other."""
    one, two = dice.choice(NEAR_NAMES)
    cases, doses, weeks = dice.randint(20, 90), dice.randint(100, 900), dice.randint(3, 12)
    body = (
        "Health officials in {name} reported {cases} cases of measles and asked for {doses} thousand doses of vaccine. The"
        " outbreak in {name} has lasted {weeks} weeks, and schools in the north stay closed until it is over, the ministry said."
    )
    texts = [body.format(name=name, cases=cases, doses=doses, weeks=weeks) for name in (one, two)]
    return own(dice, f"Measles in {one} spreads", texts[0]), own(dice, f"Measles in {two} spreads", texts[1], 2)


def trading_halts(dice: random.Random) -> tuple[Article, Article]:
    """One notice for two listed firms that nothing but their tickers tells apart."""
    one, two = dice.sample([f"{firm[0]}{firm.split()[1][:2].upper()}" for firm in FIRMS], 2)
    percent, minutes = dice.randint(5, 40), dice.randint(5, 55)
    body = (
        "Trading in shares of a company was halted for {minutes} minutes after a move of {percent} percent, the exchange said in"
        " a notice to its members. Orders that had not been filled were cancelled and can be entered again, and those that were"
        " filled at the last price will stand. The exchange halts trading when a price moves further than its rules allow, as it"
        " did on each of the last days of the month. It said that it had asked for a statement, that it would publish what it"
        " learned, and that members were free to trade in all other shares meanwhile.\n\nThe company is <{code}.N>."
    )
    texts = [body.format(code=code, minutes=minutes, percent=percent) for code in (one, two)]
    return own(dice, "Exchange halts trading after price move", texts[0]), own(
        dice, "Exchange halts trading after price move", texts[1], 0.1
    )


def one_statement(dice: random.Random) -> tuple[Article, Article]:
    """The same statement, carried in full by two agencies, each for itself."""
    headline, body = report(dice, dice.choice(TOWNS))
    mine = item(some_uri(dice), headline, body, agency="Meridian")
    theirs = item(some_uri(dice), headline, f"{body}\n\nNo more was known.", hours=0.3, provider=OTHER, agency="Nordpress")
    return mine, theirs


# (family, pairs drawn, one story)
TABLE: Table = (
    (same_background, 12, False), (verbatim_warnings, 12, False), (tallies, 30, False), (long_round_up, 12, False),
    (round_up_of_its_kind, 12, False), (tagged_round_up, 12, False), (two_turns, 12, False), (one_word_firms, 16, False),
    (trading_halts, 12, False), (near_names, 16, False), (one_statement, 12, False),
)  # fmt: skip
