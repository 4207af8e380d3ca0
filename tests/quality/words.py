"""What the generated sets are made of: places, days and sentences. Every place is real, every sentence invented."""

from dataclasses import dataclass

from pipeline.simulator.dice import Dice


@dataclass(frozen=True, slots=True)
class Town:
    """A city with what may follow it in English."""

    name: str
    region: str = ""
    country: str = ""


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.replace("\n", "").split("|")]


def _pairs(names: str) -> list[tuple[str, str]]:
    return [(name.partition(":")[0], name.partition(":")[2]) for name in _split(names)]


# As they stand in news: capitals that stand alone, towns with a country, towns with a state.
ALONE = [
    Town(name)
    for name in _split(
        """Paris|London|Berlin|Tokyo|New York|Washington|Moscow|Kyiv|Brussels|Geneva|Nairobi|Cairo|Beirut|Jerusalem|
    Mexico City|Hong Kong|Los Angeles|Kuala Lumpur|Johannesburg|Buenos Aires|Rio de Janeiro|San Francisco|Istanbul|
    Seoul|Beijing|New Delhi|Rome|Madrid|Vienna|Warsaw|Stockholm|United Nations|Abu Dhabi|St. Petersburg|The Hague|
    Port-au-Prince|Islamabad|Bogota|Lagos|Manila"""
    )
]
WITH_COUNTRY = [
    Town(name, country=country)
    for name, country in _pairs(
        """Kharkiv:Ukraine|Kramatorsk:Ukraine|Rafah:Gaza Strip|Goma:Congo|Maiduguri:Nigeria|Aleppo:Syria|Lampedusa:Italy|
    Davos:Switzerland|Aix-en-Provence:France|Port Sudan:Sudan|Ciudad Juarez:Mexico|Cox's Bazar:Bangladesh|
    Christchurch:New Zealand|Suwon:South Korea|Sharm el-Sheikh:Egypt|N'Djamena:Chad|Gander:Canada|Bad Homburg:Germany|
    Irpin:Ukraine"""
    )
]
WITH_REGION = [
    Town(name, region=region)
    for name, region in _pairs(
        """Sacramento:Calif.|Springfield:Ill.|Baton Rouge:La.|Concord:N.H.|Tulsa:Okla.|Coeur d'Alene:Idaho|McAllen:Texas|
    Fargo:North Dakota|Halifax:Nova Scotia|Derry:Northern Ireland"""
    )
]
GERMAN = _split(
    """Berlin|Waghäusel|Köln|Bad Neuenahr-Ahrweiler|Frankfurt am Main|München|Rostock|Halle|Wien|Potsdam|
    Garmisch-Partenkirchen"""
)
FRENCH = _split("""Paris|Marseille|Aix-en-Provence|Nouméa|Bruxelles|Saint-Étienne|Le Caire|Genève|Bangui""")
SPANISH = _split("""Madrid|Ciudad de México|Bogotá|San José|La Paz|Málaga|Buenos Aires|Washington|Nueva Delhi""")
ITALIAN = _split("""Roma|Milano|Palermo|Reggio Emilia|Torino|Bruxelles|L'Aquila""")

MONTHS = _split("""January|February|March|April|May|June|July|August|September|October|November|December""")
AP_MONTHS = _split("""Jan.|Feb.|March|April|May|June|July|Aug.|Sept.|Oct.|Nov.|Dec.""")
SHORT = _split("""Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec""")
GERMAN_MONTHS = _split("""Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember""")
FRENCH_MONTHS = _split("""janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre""")
SPANISH_SHORT = _split("""ene|feb|mar|abr|may|jun|jul|ago|sep|oct|nov|dic""")
ITALIAN_SHORT = _split("""GEN|FEB|MAR|APR|MAG|GIU|LUG|AGO|SET|OTT|NOV|DIC""")
RUSSIAN = _split("""января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря""")

LEDES = """A storm closed the harbour on Monday, the coast guard said, and ferries stayed in port.
The central bank left its main rate unchanged on Thursday and said prices would ease by the summer.
At least 12 people were hurt when a tram left its rails near the old market, the mayor said.
“We will open when it is safe,” the governor told reporters after a night of heavy rain.
Three miners were brought to the surface alive on Sunday after two days underground.
Talks on fishing rights ended without an agreement late on Friday, diplomats said.
7.2 million voters choose a new parliament on Sunday in an election seen as open.
iPhone sales fell in the quarter, the company said, as buyers waited for new models.
Shares of shipbuilders rose as much as 4% after the ministry raised its order for ferries.
U.S. and European officials met on Tuesday to discuss rules for the use of ports.""".splitlines()
LEDES_DE = """Der Hafen bleibt nach dem Sturm bis Montag geschlossen, teilte die Küstenwache mit.
Die Zahl der Unfälle auf den Landstraßen ist im vergangenen Jahr gesunken, wie das Amt mitteilte.
Ein Hochwasser hat am Sonntag mehrere Straßen im Süden des Landes unpassierbar gemacht.""".splitlines()
LEDES_FR = """La tempête a fermé le port lundi, ont annoncé les garde-côtes, et les ferries sont restés à quai.
Un incendie a détruit dimanche un entrepôt au nord de la ville, sans faire de victime.
L'usine rouvrira jeudi, a indiqué la direction, après trois semaines de travaux.""".splitlines()
LEDES_ES = """La tormenta cerró el puerto este lunes, según informaron los guardacostas, y los ferris no salieron.
El Gobierno presentó este jueves un plan para los pueblos de la costa, con obras por cuatro años.
Un incendio destruyó el domingo un almacén en el norte de la ciudad, sin causar víctimas.""".splitlines()
LEDES_IT = """Il porto resta chiuso per la tempesta, ha detto la guardia costiera, e i traghetti sono fermi.
La fabbrica riaprirà giovedì dopo tre settimane di lavori, ha fatto sapere la direzione.""".splitlines()

# Days whose year has to be inferred: today, the turn of the year, most of a year ago.
PRESENT = [(2026, 3, 5), (2026, 3, 4), (2026, 2, 27), (2026, 1, 1), (2025, 12, 31), (2025, 12, 1), (2025, 10, 22), (2025, 4, 9)]
PRESENT += [(2025, 9, 30)]
SMALL = [
    ("Oslo", "NTB", ":"), ("Wien", "APA", " -"), ("Den Haag", "ANP", " -"), ("København", "Ritzau", " -"),
    ("Warszawa", "PAP", " -"), ("Ankara", "AA", " -"), ("RAMALLAH", "WAFA", " –"), ("Hanoi", "VNA", " –"),
    ("Sofia", "BTA", " -"), ("Ottawa", "CP", " —"),
]  # fmt: skip
# What may stand before a dateline.
FURNITURE = (
    "By Mara Lindqvist\n\n",
    "By MARA LINDQVIST and TOM OKAFOR=\nAssociated Press=\n\n",
    "Von Jana Brandt, dpa\n\n",
    "(Adds comments, detail)\n\n",
    "© Reuters. Travellers wait beside a closed counter, March 1, 2026. REUTERS/Ana Quist\n\nBy Pavel Orsic\n\n",
    "FILE PHOTO: A ferry leaves the harbour. REUTERS/Ana Quist\n\n",
    "* Ferries stay in port\n\n* Mayor sees damage\n\nBy Tom Okafor\n\n",
    "Storm closes the harbour for a second day\n\n",
    "By Tom Okafor\n",
)


def shout(name: str) -> str:
    """Capitals as desks write them."""
    return name.upper().replace("MCALLEN", "McALLEN")


def town(dice: Dice) -> tuple[str, dict[str, object]]:
    """An English dateline place in capitals, with its fields."""
    place = dice.pick(dice.pick([ALONE, ALONE, WITH_COUNTRY, WITH_REGION]))
    printed = ", ".join(part for part in (shout(place.name), place.region, place.country) if part)
    is_region = place.country == "Gaza Strip"
    return printed, {
        "places": (shout(place.name),),
        "region": place.country if is_region else place.region,
        "country": "" if is_region else place.country,
    }


def day(dice: Dice) -> tuple[int, int, str]:
    """Month, day and ISO date, read on PUBLISHED."""
    year, month, number = dice.pick(PRESENT)
    return month, number, f"{year}-{month:02}-{number:02}"


def lede(dice: Dice, ledes: list[str] = LEDES) -> str:
    """One or two paragraphs."""
    return dice.pick(ledes) + ("\n\n" + dice.pick(ledes) if dice.chance(0.5) else "")


def dated(dice: Dice, months: list[str]) -> tuple[str, str]:
    """`Oct. 22` and its ISO date."""
    month, number, iso = day(dice)
    return f"{months[month - 1]} {number}", iso
