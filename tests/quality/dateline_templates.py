"""The forms of datelines, one function each: what an agency prints, what it says, and how the report goes on."""

from collections.abc import Callable

from pipeline.simulator.dice import Dice
from tests.quality.words import (
    ALONE,
    AP_MONTHS,
    FRENCH,
    FRENCH_MONTHS,
    GERMAN,
    GERMAN_MONTHS,
    ITALIAN,
    ITALIAN_SHORT,
    LEDES,
    LEDES_DE,
    LEDES_ES,
    LEDES_FR,
    LEDES_IT,
    MONTHS,
    RUSSIAN,
    SHORT,
    SMALL,
    SPANISH,
    SPANISH_SHORT,
    WITH_COUNTRY,
    dated,
    day,
    lede,
    shout,
    town,
)

Made = tuple[str, dict[str, object], str]  # text of the dateline, expected fields, what follows it
Form = Callable[[Dice], Made]
FORMS: dict[str, Form] = {}


def form(make: Form) -> Form:
    """Puts a form into the set."""
    FORMS[make.__name__] = make
    return make


# ── forms ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@form
def reuters(dice: Dice) -> Made:
    place, fields = town(dice)
    separator, gap = dice.pick([("-", " "), ("-", ""), ("–", " "), ("-", " ")])
    return f"{place} (Reuters) {separator}{gap}", fields | {"sources": ("Reuters",), "separator": separator}, sentence(dice, gap)


def sentence(dice: Dice, gap: str) -> str:
    """A lede that can follow a dash without a space."""
    return lede(dice, LEDES[:6] if not gap else LEDES)


@form
def reuters_dated(dice: Dice) -> Made:
    place, fields = town(dice)
    date, iso = dated(dice, SHORT)
    return f"{place}, {date} (Reuters) - ", fields | {"sources": ("Reuters",), "separator": "-", "date": iso}, lede(dice)


@form
def reuters_date_only(dice: Dice) -> Made:
    date, iso = dated(dice, dice.pick([SHORT, MONTHS]))
    return f"{date} (Reuters) - ", {"sources": ("Reuters",), "separator": "-", "date": iso}, lede(dice)


@form
def reuters_source_only(dice: Dice) -> Made:
    separator = dice.pick(["-", "–"])
    return f"(Reuters) {separator} ", {"sources": ("Reuters",), "separator": separator}, lede(dice)


@form
def two_cities(dice: Dice) -> Made:
    first, second = dice.pick(ALONE[:20]), dice.pick(ALONE[20:])
    separator = dice.pick(["–", "-"])
    names = (shout(first.name), shout(second.name))
    return (
        f"{'/'.join(names)} (Reuters) {separator} ",
        {"places": names, "sources": ("Reuters",), "separator": separator},
        lede(dice),
    )


@form
def two_cities_dated(dice: Dice) -> Made:
    first, second = dice.pick(ALONE[:20]), dice.pick(WITH_COUNTRY[:2])
    names = (shout(first.name), shout(second.name))
    date, iso = dated(dice, SHORT)
    fields = {"places": names, "country": "Ukraine", "date": iso, "sources": ("Reuters",), "separator": "-"}
    return f"{'/'.join(names)}, Ukraine, {date} (Reuters) - ", fields, lede(dice)


@form
def with_remark(dice: Dice) -> Made:
    place, fields = town(dice)
    date, iso = dated(dice, SHORT)
    remark = dice.pick(
        [
            "(This March 4 story has been corrected to say 12, not 13, in paragraph 3) ",
            "(Adds detail from the minister (paragraph 2)) ",
            "(This story has been refiled to fix a typing error in the headline)\n\n",
        ]
    )
    return f"{place}, {date} (Reuters) - ", fields | {"sources": ("Reuters",), "separator": "-", "date": iso}, remark + lede(dice)


@form
def ap(dice: Dice) -> Made:
    place, fields = town(dice)
    separator = dice.pick(["—", "—", "_", "–"])
    return f"{place} (AP) {separator} ", fields | {"sources": ("AP",), "separator": separator}, lede(dice)


@form
def no_break_spaces(dice: Dice) -> Made:
    place, fields = town(dice)
    space = dice.pick(["\xa0", "\u202f", " \xa0"])
    return f"{place}{space}(AP){space}—{space}", fields | {"sources": ("AP",), "separator": "—"}, lede(dice)


@form
def in_markup(dice: Dice) -> Made:
    name = dice.pick(GERMAN)
    text = f'{name} <span class="credit">(dpa)</span> - '
    return text, {"places": (name,), "sources": ("dpa",), "separator": "-"}, lede(dice, LEDES_DE)


@form
def double_hyphen(dice: Dice) -> Made:
    agency, months = dice.pick(
        [
            ("Xinhua", MONTHS),
            ("Yonhap", AP_MONTHS),
            ("UPI", AP_MONTHS),
            ("Bloomberg", SHORT),
            ("Bernama", SHORT),
            ("KCNA", MONTHS),
        ]
    )
    place, fields = town(dice)
    date, iso = dated(dice, months)
    names = {"Bernama": "BERNAMA"}
    return (
        f"{place}, {date} ({agency}) -- ",
        fields | {"sources": (names.get(agency, agency),), "separator": "--", "date": iso},
        lede(dice),
    )


@form
def kyodo(dice: Dice) -> Made:
    place, fields = town(dice)
    separator = dice.pick(["--", "-"])
    return f"{place} (Kyodo) {separator} ", fields | {"sources": ("Kyodo",), "separator": separator}, lede(dice)


@form
def summary_form(dice: Dice) -> Made:
    name = shout(dice.pick(["Seoul", "Tokyo", "Beijing", "Washington", "London", "New York", "Mexico City", "Jerusalem"]))
    separator = dice.pick(["--", "--", "—"])
    return f"{name} {separator} ", {"places": (name,), "separator": separator}, lede(dice, LEDES[:6])


@form
def summary_dated(dice: Dice) -> Made:
    place, fields = town(dice)
    date, iso = dated(dice, AP_MONTHS)
    return f"{place}, {date} -- ", fields | {"separator": "--", "date": iso}, lede(dice, LEDES[:6])


@form
def tass(dice: Dice) -> Made:
    name = shout(dice.pick(["Moscow", "Lugansk", "St. Petersburg", "Genichesk", "Beijing", "Geneva", "Rostov-on-Don"]))
    date, iso = dated(dice, MONTHS)
    return f"{name}, {date}. /TASS/. ", {"places": (name,), "sources": ("TASS",), "separator": ".", "date": iso}, lede(dice)


@form
def tass_russian(dice: Dice) -> Made:
    month, number, iso = day(dice)
    name = dice.pick(["МОСКВА", "САНКТ-ПЕТЕРБУРГ", "ЛУГАНСК"])
    rest = "Порт закрыт из-за шторма до понедельника, сообщили в береговой охране."
    return (
        f"{name}, {number} {RUSSIAN[month - 1]}. /ТАСС/. ",
        {"places": (name,), "sources": ("TASS",), "separator": ".", "date": iso},
        rest,
    )


@form
def interfax(dice: Dice) -> Made:
    name = shout(dice.pick(["Moscow", "Kyiv", "Minsk", "Dushanbe", "Baku"]))
    date, iso = dated(dice, SHORT)
    return (
        f"{name}. {date} (Interfax) - ",
        {"places": (name,), "sources": ("Interfax",), "separator": "-", "date": iso},
        lede(dice),
    )


@form
def dpa(dice: Dice) -> Made:
    name = dice.pick(GERMAN)
    agency, sources = dice.pick([("dpa", ("dpa",)), ("dpa/lni", ("dpa",)), ("dpa-AFX", ("dpa-AFX",)), ("dpa/tmn", ("dpa",))])
    return f"{name} ({agency}) - ", {"places": (name,), "sources": sources, "separator": "-"}, lede(dice, LEDES_DE)


@form
def dpa_joint(dice: Dice) -> Made:
    city = dice.pick([*ALONE, *WITH_COUNTRY]).name
    printed, sources = dice.pick([("tca/dpa", ("tca", "dpa")), ("AFP/dpa", ("AFP", "dpa")), ("AP/Reuters", ("AP", "Reuters"))])
    return f"{city} ({printed}) - ", {"places": (city,), "sources": sources, "separator": "-"}, lede(dice, LEDES[:6])


@form
def dpa_two_cities(dice: Dice) -> Made:
    pair = dice.pick(["Berlin/Brüssel", "Tel Aviv/Beirut", "Kiew/Moskau", "Frankfurt/Main", "Paris/Genf"])
    return f"{pair} (dpa) - ", {"places": tuple(pair.split("/")), "sources": ("dpa",), "separator": "-"}, lede(dice, LEDES_DE)


@form
def german_dated(dice: Dice) -> Made:
    name = dice.pick(GERMAN)
    month, number, iso = day(dice)
    text = f"{name}, {number}. {GERMAN_MONTHS[month - 1]} ({dice.pick(['Reuters'])}) - "
    return text, {"places": (name,), "sources": ("Reuters",), "separator": "-", "date": iso}, lede(dice, LEDES_DE)


@form
def no_separator(dice: Dice) -> Made:
    name = dice.pick(GERMAN)
    return f"{name} (KNA) ", {"places": (name,), "sources": ("KNA",)}, lede(dice, LEDES_DE)


@form
def indian(dice: Dice) -> Made:
    name = dice.pick(["New Delhi", "Mumbai", "Kolkata", "Thiruvananthapuram", "Srinagar"])
    agency = dice.pick(["PTI", "IANS", "PTI"])
    date, iso = dated(dice, SHORT)
    return f"{name}, {date} ({agency}) ", {"places": (name,), "sources": (agency,), "date": iso}, lede(dice, LEDES[:6])


@form
def afp(dice: Dice) -> Made:
    place = dice.pick([*ALONE, *WITH_COUNTRY[:2]])
    country = f" ({place.country})" if place.country else ""
    fields = {"places": (place.name,), "country": place.country, "sources": ("AFP",), "separator": "–"}
    return f"{place.name}{country} (AFP) – ", fields, lede(dice)


@form
def french(dice: Dice) -> Made:
    name = dice.pick(FRENCH)
    separator = dice.pick(["–", "-"])
    if dice.chance(0.5):
        return (
            f"{name} (AFP) {separator} ",
            {"places": (name,), "sources": ("AFP",), "separator": separator},
            lede(dice, LEDES_FR),
        )
    month, number, iso = day(dice)
    printed = f"{'1er' if number == 1 else number} {FRENCH_MONTHS[month - 1]}"
    fields = {"places": (name.upper(),), "sources": ("Reuters",), "separator": separator, "date": iso}
    return f"{name.upper()}, {printed} (Reuters) {separator} ", fields, lede(dice, LEDES_FR)


@form
def efe(dice: Dice) -> Made:
    name = dice.pick(SPANISH)
    month, number, iso = day(dice)
    if dice.chance(0.4):
        return f"{name} (EFE).- ", {"places": (name,), "sources": ("EFE",), "separator": ".-"}, lede(dice, LEDES_ES)
    text = f"{name}, {number} {SPANISH_SHORT[month - 1]} (EFE).-" + dice.pick([" ", " ", ""])
    return text, {"places": (name,), "sources": ("EFE",), "separator": ".-", "date": iso}, lede(dice, LEDES_ES)


@form
def europa_press(dice: Dice) -> Made:
    name = dice.pick(["MADRID", "MÁLAGA", "BARCELONA", "LAS PALMAS DE GRAN CANARIA"])
    month, number, iso = day(dice)
    comma = dice.pick([",", ""])
    text = f"{name}{comma} {number} {SPANISH_SHORT[month - 1].title()}. (EUROPA PRESS) - "
    return text, {"places": (name,), "sources": ("Europa Press",), "separator": "-", "date": iso}, lede(dice, LEDES_ES)


@form
def ansa(dice: Dice) -> Made:
    name = dice.pick(ITALIAN).upper()
    month, number, iso = day(dice)
    fields = {"places": (name,), "sources": ("ANSA",), "separator": "-", "date": iso}
    if dice.chance(0.5):
        return f"(ANSA) - {name}, {number:02} {ITALIAN_SHORT[month - 1]} - ", fields, lede(dice, LEDES_IT)
    return f"{name}, {ITALIAN_SHORT[month - 1]} {number} (ANSA) - ", fields, lede(dice, LEDES_IT)


@form
def belga(dice: Dice) -> Made:
    name = dice.pick(["BRUXELLES", "CHARLEROI", "ROCHEFORT", "NAMUR"])
    month, number, iso = day(dice)
    return (
        f"{name} {number:02}/{month:02} (BELGA) = ",
        {"places": (name,), "sources": ("Belga",), "separator": "=", "date": iso},
        lede(dice, LEDES_FR),
    )


@form
def small_agencies(dice: Dice) -> Made:
    name, agency, separator = dice.pick(SMALL)
    canonical = {"AA": "Anadolu"}.get(agency, agency)
    return (
        f"{name} ({agency}){separator} ",
        {"places": (name,), "sources": (canonical,), "separator": separator.strip()},
        lede(dice, LEDES[:6]),
    )


@form
def taiwan(dice: Dice) -> Made:
    date, iso = dated(dice, AP_MONTHS)
    return f"Taipei, {date} (CNA) ", {"places": ("Taipei",), "sources": ("CNA",), "date": iso}, lede(dice, LEDES[:6])


@form
def business_wire(dice: Dice) -> Made:
    place, fields = town(dice)
    return f"{place}--(BUSINESS WIRE)--", fields | {"sources": ("Business Wire",), "separator": "--"}, company(dice)


@form
def pr_newswire(dice: Dice) -> Made:
    place, fields = town(dice)
    month, number, iso = day(dice)
    text = f"{place}, {AP_MONTHS[month - 1]} {number}, {iso[:4]} /PRNewswire/ -- "
    return text, fields | {"sources": ("PR Newswire",), "separator": "--", "date": iso}, company(dice)


@form
def globe_newswire(dice: Dice) -> Made:
    place, fields = town(dice)
    month, number, iso = day(dice)
    text = f"{place}, {AP_MONTHS[month - 1]} {number:02}, {iso[:4]} (GLOBE NEWSWIRE) -- "
    if dice.chance(0.2):
        text, fields, iso = "(GLOBE NEWSWIRE) -- ", {}, ""
    return text, fields | {"sources": ("GlobeNewswire",), "separator": "--", "date": iso}, company(dice)


@form
def accesswire(dice: Dice) -> Made:
    place, fields = town(dice)
    month, number, iso = day(dice)
    text = f"{place} / ACCESSWIRE / {MONTHS[month - 1]} {number}, {iso[:4]} / "
    return text, fields | {"sources": ("ACCESS Newswire",), "separator": "/", "date": iso}, company(dice)


@form
def newsfile(dice: Dice) -> Made:
    name, region = dice.pick(
        [("Toronto", "Ontario"), ("Vancouver", "British Columbia"), ("San Antonio", "Texas"), ("New York", "New York")]
    )
    month, number, iso = day(dice)
    text = f"{name}, {region}--(Newsfile Corp. - {MONTHS[month - 1]} {number}, {iso[:4]}) - "
    return text, {"places": (name,), "region": region, "sources": ("Newsfile",), "separator": "-", "date": iso}, company(dice)


def company(dice: Dice) -> str:
    """How a press release opens."""
    names = ["Norland Paper Corp. (NYSE: NPC)", "Marrow & Quist", "The Sudmark Ferry Company", "eHarbour Inc."]
    return f"{dice.pick(names)} today announced that it will open a new mill in the second quarter of next year."


@form
def after_furniture(dice: Dice) -> Made:
    """The same, below a byline, a caption or a note: `text` is still the dateline."""
    text, fields, rest = dice.pick([reuters_dated, ap, dpa, two_cities])(dice)
    return text, fields, rest
