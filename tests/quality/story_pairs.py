"""Pairs of messages by family: what must not merge, and what must. Our own templates; towns, firms and people are made up.

A family is a function from dice to a pair; `pairs` draws as many of each as its row in the table says.
"""

import random
from collections.abc import Callable, Iterator

from msgspec import Struct

from pipeline.article import Article
from tests.stages.link.wire import item


def words(text: str) -> list[str]:
    """`a|b` as a list."""
    return text.split("|")


TOWNS = words("Varnholt|Ostby|Eskdal|Brennau|Marlow|Tirosund|Kelvia|Doranto|Hexby|Lindmoor|Pelagos|Quarnby|Rusten|Solvik")
FAMILIES = words("Brandvik|Moltke|Osvald|Lund|Tveit|Aune|Halder|Ronning|Sorel|Dietz|Kovar|Marsh|Ibsen|Castell")
FIRST_NAMES = words("Ilse|Jon|Marek|Petra|Hanne|Nils|Greta|Otto|Sunna|Pavel|Ruth|Emil|Vera|Anton")
FIRMS = words("Halden Korn|Norland Paper|Eskdal Ferries|Tirosund Steel|Marlow Foods|Kelvia Gas|Doranto Glass|Hexby Motors")
BANKS = words(
    "Norland Savings Bank|Sudmark Bank|First Kelvia Trust|Bank of Ostby|Marlow Credit Union|Hexby National|Tirosund Bank|"
    "Eskdal Mutual|Lindmoor Bank|Pelagos Financial|Quarnby Trust|Rusten Sparekasse|Solvik Bank"
)
DAYS = words("Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday")
FUNDS = words("Growth|Income|Balanced|Equity|Bond|Global|Pacific|Pioneer")
FIRST, SECOND, OTHER = "meridian.example", "courier.example", "ledger.example"


class Pair(Struct, frozen=True):
    """Two messages, and whether they belong to one story."""

    family: str
    one: Article
    two: Article
    is_same: bool


Family = Callable[[random.Random], tuple[Article, Article]]
Table = tuple[tuple[Family, int, bool], ...]


def _name(dice: random.Random) -> str:
    return f"{dice.choice(FIRST_NAMES)} {dice.choice(FAMILIES)}"


def _two(dice: random.Random, of: list[str]) -> tuple[str, str]:
    one, two = dice.sample(of, 2)
    return one, two


def some_uri(dice: random.Random) -> str:
    """An address of its own."""
    return f"urn:x:{dice.getrandbits(48):x}"


def report(dice: random.Random, town: str, day: str = "Sunday") -> tuple[str, str]:
    """Headline and body of an ordinary report, different every time."""
    what, verb, place = dice.choice((
        ("Fire", "gutted", "paper warehouse"),
        ("Explosion", "tore through", "chemical plant"),
        ("Flood", "swept through", "rail depot"),
        ("Storm", "flattened", "market hall"), ("Landslide", "buried", "quarry village"), ("Blast", "shook", "harbour terminal"),
    ))  # fmt: skip
    dead, hurt, moved, crews = dice.randint(3, 40), dice.randint(41, 99), dice.randint(200, 9000), dice.randint(5, 60)
    official, witness = _name(dice), _name(dice)
    extras = [
        f"Power was cut to {dice.randint(1000, 9999)} homes and trains stopped on the line to {dice.choice(TOWNS)}.",
        f"Insurers put the damage at {dice.randint(2, 90)} million crowns, a figure that may grow once the site is cleared.",
        f"It was the {dice.choice(('worst', 'second', 'third'))} such accident in the region since {dice.randint(1960, 2015)}.",
        f"“We ran without looking back,” said {witness}, who had worked there for {dice.randint(2, 30)} years.",
        f"Parliament will debate new safety rules in {dice.choice(('April', 'May', 'June'))}, its speaker said.",
        f"The company that runs it, {dice.choice(FIRMS)}, promised to pay for {dice.randint(10, 90)} funerals and shelters.",
    ]
    dice.shuffle(extras)
    body = "\n\n".join((
        f"A {what.lower()} {verb} a {place} in {town} on {day}, killing {dead} people and injuring {hurt}, officials said.",
        f"{crews} crews worked through the night and {moved} residents were moved to schools, {official} of the"
        f" rescue service told "
        "reporters at the scene.",
        *extras[: dice.randint(3, 5)],
    ))  # fmt: skip
    return f"{what} kills {dead} at {place} in {town}", body


def own(dice: random.Random, headline: str, body: str, hours: float = 0.0, **more: object) -> Article:
    """A report of the first provider's own."""
    facts = {"provider": FIRST, "agency": "Meridian"} | more
    return item(some_uri(dice), headline, body, hours=hours, **facts)  # type: ignore[arg-type]


def _copied(dice: random.Random, headline: str, body: str, hours: float = 1.0, **more: object) -> Article:
    return item(
        some_uri(dice),
        headline,
        body,
        hours=hours,
        **({"provider": SECOND, "agency": "Meridian", "is_copy": True} | more),  # type: ignore[arg-type]
    )


# ── not the same story ───────────────────────────────────────────────────────────────────────────────────────────────


def twin_events(dice: random.Random) -> tuple[Article, Article]:
    """The same attack on two towns, told by one desk with the same verbs and the same toll."""
    one, two = _two(dice, TOWNS)
    headline, body = report(dice, one)
    is_datelined = dice.random() < 0.5
    city = {"city": one.upper()}, {"city": two.upper()}
    return (
        own(dice, headline, body, **(city[0] if is_datelined else {})),
        own(dice, headline.replace(one, two), body.replace(one, two), 1, **(city[1] if is_datelined else {})),
    )


def banks(dice: random.Random) -> tuple[Article, Article]:
    """Two of thirteen banks that follow one rate move."""
    old, new, day = dice.randint(20, 60) / 10, dice.randint(20, 60) / 10, dice.choice(DAYS)
    texts = []
    for bank in dice.sample(BANKS, 2):
        body = (
            f"{bank} is raising its prime lending rate to {new} percent from {old} percent, effective {day}, it said"
            f" in a statement."
            f"\n\nThe move follows the decision of the central bank to lift its main rate by a quarter point. {bank} last changed"
            f" its prime rate in September.\n\nOther lenders have announced the same step."
        )
        texts.append((f"{bank} raises prime rate to {new} percent", body))
    return own(dice, *texts[0]), own(dice, *texts[1], hours=0.5)


def price_notices(dice: random.Random) -> tuple[Article, Article]:
    """Two firms with the same price announcement; half of them with tickers."""
    one, two = _two(dice, FIRMS)
    rise, month = dice.randint(3, 19), dice.choice(("April 1", "May 15", "June 1"))
    is_listed = dice.random() < 0.5

    def told(firm: str) -> str:
        ticker = f" <{''.join(word[0] for word in firm.split())}X.N>" if is_listed else ""
        return (
            f"{firm}{ticker} said it will raise list prices by {rise} percent for all grades as of {month}, citing"
            f" higher costs of"
            " energy and freight. Existing contracts are not affected."
        )

    return own(dice, f"{one} to raise prices by {rise} pct", told(one)), own(
        dice, f"{two} to raise prices by {rise} pct", told(two), 2
    )


def market_reports(dice: random.Random) -> tuple[Article, Article]:
    """Midday and close of one exchange on one day."""
    level, change = dice.randint(2000, 9000), dice.randint(2, 19) / 10
    body = (
        "Norland shares were {change} percent higher at {session} on {day}, led by banks and paper makers, with the main index at"
        " {level} points. Turnover was thin ahead of a holiday, traders said.\n\nTirosund Steel gained 3 percent and Kelvia Gas"
        " lost 2 percent. Volume was 40 million shares, below the average of 55 million."
    )
    day = dice.choice(DAYS)
    texts = [body.format(change=change, session=session, day=day, level=level) for session in ("midday", "the close")]
    return own(dice, "Norland shares up at midday", texts[0], 0), own(dice, "Norland shares up at close", texts[1], 4)


def daily_tables(dice: random.Random) -> tuple[Article, Article]:
    """A table of one day and that of the next, many of whose values are the same."""
    names = dice.sample(TOWNS, 9)
    rows = {name: dice.randint(0, 30) for name in names}
    day = dice.randint(1, 25)
    kind = dice.choice(("Rainfall in Norland", "Wholesale prices at Norland markets", "River levels in Norland"))

    def table(date: int) -> str:
        lines = "\n\n".join(
            f"{name}: {value} at station {at}, last year {value + at}" for at, (name, value) in enumerate(rows.items(), 1)
        )
        return f"{kind}, as measured on March {date}:\n\n{lines}"

    one = table(day)
    rows[names[0]] += 1
    return own(dice, f"{kind}, March {day}", one), own(dice, f"{kind}, March {day + 1}", table(day + 1), 24)


def fund_family(dice: random.Random) -> tuple[Article, Article]:
    """Funds of one house whose notices share every number."""
    one, two = _two(dice, FUNDS)
    cents, date = dice.randint(5, 60), dice.randint(2, 28)
    body = (
        "Marlow {fund} Fund will pay a distribution of {cents} cents a unit on April {date} to holders on record of March {date},"
        " its manager Marlow Asset said. The Marlow {fund} Fund paid the same amount three months earlier. Units trade at 12.50"
        " crowns and the manager charges a fee of 0.7 percent a year."
    )
    texts = [body.format(fund=fund, cents=cents, date=date) for fund in (one, two)]
    return own(dice, f"Marlow {one} Fund sets distribution", texts[0]), own(
        dice, f"Marlow {two} Fund sets distribution", texts[1], 1
    )


def quakes(dice: random.Random) -> tuple[Article, Article]:
    """Two earthquakes, told by the same machine."""
    one, two = _two(dice, TOWNS)
    body = (
        "An earthquake of magnitude {size} struck {km} kilometres north of {town} at a depth of {depth} kilometres,"
        " the seismological"
        " service said. There were no immediate reports of damage. The region is prone to quakes, the last large one,"
        " of magnitude"
        " 6.9, killed 30 people in 1987."
    )
    found = []
    for town, hours in ((one, 0.0), (two if dice.random() < 0.5 else one, 30.0)):
        size, km, depth = dice.randint(41, 69) / 10, dice.randint(5, 90), dice.randint(5, 70)
        found.append(
            own(dice, f"Quake of magnitude {size} near {town}", body.format(size=size, km=km, depth=depth, town=town), hours)
        )
    return found[0], found[1]


def same_guid(dice: random.Random) -> tuple[Article, Article]:
    """A publisher that gives two stories one guid."""
    one, two = _two(dice, TOWNS)
    guid = str(dice.randint(1000, 9999))
    return own(dice, *report(dice, one), guid=guid), own(dice, *report(dice, two), hours=1, guid=guid)


def round_up(dice: random.Random) -> tuple[Article, Article]:
    """A round-up and one of the stories that it holds, word for word."""
    one, two = _two(dice, TOWNS)
    (first, body), (second, other) = report(dice, one), report(dice, two)
    both = "\n\n".join((*body.split("\n\n")[:2], *other.split("\n\n")[:3]))
    headline = f"WRAPUP 1-{first}" if dice.random() < 0.5 else f"{first}; {second}"
    return own(dice, first, body), own(dice, headline, both, 2)


def live_blog(dice: random.Random) -> tuple[Article, Article]:
    """A live blog that quotes the first lines of a report among much else."""
    headline, body = report(dice, dice.choice(TOWNS))
    posts = [
        f"{hour}:{dice.randint(10, 59)} {report(dice, town)[1].split(chr(10))[0]}"
        for hour, town in enumerate(dice.sample(TOWNS, 8), 8)
    ]
    posts.insert(3, body[:220])
    return own(dice, headline, body), own(dice, "Live: the day in Norland", "\n\n".join(posts), 3, provider=OTHER, agency="")


def dividends(dice: random.Random) -> tuple[Article, Article]:
    """The same firm's dividend of two quarters, three months' text in one template."""
    firm = dice.choice(FIRMS)
    body = (
        "{firm} declared a {quarter} dividend of {cents} cents a share, payable {month} {date} to holders on record"
        " {month} {record}."
    )
    one = body.format(firm=firm, quarter="first-quarter", cents=dice.randint(10, 40), month="April", date=20, record=3)
    two = body.format(firm=firm, quarter="second-quarter", cents=dice.randint(41, 70), month="July", date=21, record=4)
    return own(dice, f"{firm} declares dividend", one), own(dice, f"{firm} declares dividend", two, 40)


def two_agencies(dice: random.Random) -> tuple[Article, Article]:
    """One event, and the statement that both agencies quote."""
    town = dice.choice(TOWNS)
    headline, body = report(dice, town)
    mine, theirs = body.split("\n\n"), report(dice, town)[1].split("\n\n")
    return (
        item(some_uri(dice), headline, body, provider=FIRST, agency="Meridian"),
        item(
            some_uri(dice),
            f"{town} mourns its dead",
            "\n\n".join((theirs[0], mine[1], *theirs[1:])),
            hours=1,
            provider=OTHER,
            agency="Nordpress",
        ),
    )


def weather_warnings(dice: random.Random) -> tuple[Article, Article]:
    """One warning for two districts."""
    one, two = _two(dice, TOWNS)
    wind, rain, until = dice.randint(70, 140), dice.randint(20, 90), dice.randint(4, 11)
    body = (
        "The weather service warned of winds of up to {wind} kilometres an hour and {rain} millimetres of rain in the"
        " {town} district"
        " until {until} p.m. and asked people to stay at home. Ferries from {town} will not run and schools are closed."
    )
    texts = [body.format(town=town, wind=wind, rain=rain, until=until) for town in (one, two)]
    return own(dice, f"Storm warning for {one} district", texts[0]), own(dice, f"Storm warning for {two} district", texts[1], 0.2)


def match_reports(dice: random.Random) -> tuple[Article, Article]:
    """Two matches of one evening with the same score, by one template."""
    towns = dice.sample(TOWNS, 4)
    body = (
        "{home} beat {away} 2-1 in the Norland league on {day} with two late goals after a goalless first half. A"
        " crowd of {crowd}"
        " saw the visitors score first after 61 minutes. {home} are unbeaten in five matches."
    )
    day, crowd = dice.choice(DAYS), dice.randint(3000, 30000)
    texts = [body.format(home=home, away=away, day=day, crowd=crowd) for home, away in (towns[:2], towns[2:])]
    return (
        own(dice, f"Soccer-{towns[0]} beat {towns[1]} 2-1", texts[0]),
        own(dice, f"Soccer-{towns[2]} beat {towns[3]} 2-1", texts[1], 0.1),
    )


# ── the same story ───────────────────────────────────────────────────────────────────────────────────────────────────


def plain_copy(dice: random.Random) -> tuple[Article, Article]:
    """Word for word, with or without the dateline, the credit in the headline."""
    town = dice.choice(TOWNS)
    headline, body = report(dice, town)
    city = town.upper() if dice.random() < 0.5 else ""
    return own(dice, headline, body, city=town.upper()), _copied(dice, headline + " By Reuters", body, city=city)


def cut_copy(dice: random.Random) -> tuple[Article, Article]:
    """The first paragraphs alone."""
    headline, body = report(dice, dice.choice(TOWNS))
    return own(dice, headline, body), _copied(dice, headline, "\n\n".join(body.split("\n\n")[:3]), dice.uniform(0.1, 40))


def retitled_copy(dice: random.Random) -> tuple[Article, Article]:
    """The text under a headline of the republisher's own, which keeps the town."""
    town = dice.choice(TOWNS)
    headline, body = report(dice, town)
    return own(dice, headline, body), _copied(dice, f"{town} in shock after disaster", body)


def longer_copy(dice: random.Random) -> tuple[Article, Article]:
    """A copy with a paragraph of the republisher's own."""
    headline, body = report(dice, dice.choice(TOWNS))
    local = f"Readers of this newspaper can donate through the fund that {_name(dice)} set up."
    return own(dice, headline, body), _copied(dice, headline, body + "\n\n" + local)


def grown_update(dice: random.Random) -> tuple[Article, Article]:
    """An update without a tag under a new guid: two paragraphs more, the same figures."""
    headline, body = report(dice, dice.choice(TOWNS))
    parts = body.split("\n\n")
    parts.insert(1, f"{_name(dice)}, who heads the inquiry, said that investigators had reached the site on foot.")
    parts.append("The government declared a day of mourning.")
    return own(dice, headline, body), own(dice, headline, "\n\n".join(parts), 3)


def tagged_update(dice: random.Random) -> tuple[Article, Article]:
    """UPDATE with another headline, a new lead and a higher toll; by its slug or by its text."""
    town = dice.choice(TOWNS)
    headline, body = report(dice, town)
    slug = f"{town.upper()}-DISASTER/" if dice.random() < 0.5 else ""
    rest = body.split("\n\n")[1:]
    lead = f"Rescuers gave up hope in {town} on Sunday and the number of dead rose to {dice.randint(50, 90)}."
    return (
        own(dice, headline, body, slug=slug),
        own(dice, f"UPDATE {dice.randint(1, 5)}-Hope fades in {town}", "\n\n".join((lead, *rest)), 5, slug=slug),
    )


def corrected(dice: random.Random) -> tuple[Article, Article]:
    """CORRECTED under a new guid: another figure."""
    headline, body = report(dice, dice.choice(TOWNS))
    found = next(word for word in body.split() if word.isdigit())
    fixed = body.replace(f" {found} ", f" {int(found) + 1} ", 1)
    return own(dice, headline, body), own(
        dice, "CORRECTED-" + headline, fixed, 2, note=f"Corrects to {int(found) + 1} from {found}"
    )


def other_spelling(dice: random.Random) -> tuple[Article, Article]:
    """A copy that spells the town in another way."""
    town, other = dice.choice((("Kyiv", "Kiev"), ("Odesa", "Odessa"), ("Tirosund", "Tirosundt"), ("Zelenivka", "Zelenyvka")))
    headline, body = report(dice, town)
    return own(dice, headline, body), _copied(dice, headline.replace(town, other), body.replace(town, other))


def new_guid(dice: random.Random) -> tuple[Article, Article]:
    """The same content under a new guid."""
    headline, body = report(dice, dice.choice(TOWNS))
    return own(dice, headline, body, guid="a"), own(dice, headline, body, 1, guid="b")


def short_notice(dice: random.Random) -> tuple[Article, Article]:
    """A line about a listed firm, put in other words; the same numbers and ticker."""
    firm, cents, date = dice.choice(FIRMS), dice.randint(10, 70), dice.randint(2, 28)
    one = f"{firm} <NPX.N> declared a dividend of {cents} cents a share, payable April {date}."
    two = f"{firm} <NPX.N> sets payout: {cents} cents a share on April {date}."
    return own(dice, f"{firm} declares dividend", one), own(dice, f"{firm} sets dividend", two, 0.2)


def refiled(dice: random.Random) -> tuple[Article, Article]:
    """One letter."""
    headline, body = report(dice, dice.choice(TOWNS))
    return own(dice, headline, body), own(dice, "REFILE-" + headline, body.replace("officials", "oficials", 1), 1)


# (family, pairs drawn, one story)
TABLE: Table = (
    (twin_events, 40, False),
    (banks, 60, False),
    (price_notices, 30, False),
    (market_reports, 20, False),
    (daily_tables, 30, False),
    (fund_family, 30, False), (quakes, 30, False), (same_guid, 20, False), (round_up, 30, False), (live_blog, 20, False),
    (dividends, 20, False), (two_agencies, 20, False), (weather_warnings, 30, False), (match_reports, 30, False),
    (plain_copy, 20, True), (cut_copy, 20, True), (retitled_copy, 15, True), (longer_copy, 15, True), (grown_update, 20, True),
    (tagged_update, 20, True), (corrected, 15, True), (other_spelling, 12, True), (new_guid, 10, True), (short_notice, 15, True),
    (refiled, 10, True),
)  # fmt: skip


def pairs(seed: int, table: Table = TABLE) -> Iterator[Pair]:
    """All families, in the order of the table."""
    for family, count, is_same in table:
        dice = random.Random(f"{seed}/{family.__name__}")
        for _ in range(count):
            yield Pair(family.__name__, *family(dice), is_same)
