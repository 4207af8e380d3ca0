"""The simulated publishers: a dozen feeds with their habits. A table and nothing else; `wire.py` and `render.py` obey it."""

from dataclasses import dataclass
from typing import Literal

Form = Literal["rss", "atom", "rdf"]
Body = Literal["encoded", "escaped", "cdata", "summary", "xhtml"]
Guid = Literal["tag", "link", "number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimFeed:
    """One feed. `weight` is its share of the world's own stories (0: carries only those of others).

    `repeats` names feeds of the same provider some of whose items appear here too, byte for byte; `copies` names feeds of other
    providers some of whose stories are republished here under an own link. `window` is the number of items shown.
    `body`: `encoded` puts the HTML in content:encoded beside a plain description, the others put it where the form has its text.
    """

    id: str
    path: str
    title: str
    provider: str
    publisher: str
    language: str
    form: Form
    body: Body
    window: int
    weight: int
    guid: Guid = "link"
    encoding: Literal["utf-8", "iso-8859-1"] = "utf-8"
    agencies: tuple[str, ...]
    topics: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()


_MERIDIAN = ("Meridian", "Meridian", "Meridian", "Meridian", "Reuters")
_BUSINESS = ("results", "rates", "energy", "strike")

FEEDS: tuple[SimFeed, ...] = (
    SimFeed(
        id="sim-meridian-world", path="/meridian/world.xml", title="Meridian: World", provider="meridian.example",
        publisher="Meridian", language="en", form="rss", body="encoded", guid="tag", window=40, weight=4, agencies=_MERIDIAN,
        topics=("storm", "vote", "strike", "court", "science", "border", "football"),
    ),
    SimFeed(
        id="sim-meridian-business", path="/meridian/business.xml", title="Meridian: Business & Markets",
        provider="meridian.example", publisher="Meridian", language="en", form="rss", body="encoded", guid="tag", window=30,
        weight=3, agencies=_MERIDIAN, topics=_BUSINESS,
    ),
    SimFeed(
        id="sim-meridian-top", path="/meridian/top.xml", title="Meridian: Top stories", provider="meridian.example",
        publisher="Meridian", language="en", form="rss", body="encoded", guid="tag", window=20, weight=0, agencies=_MERIDIAN,
        repeats=("sim-meridian-world", "sim-meridian-business"),
    ),
    SimFeed(
        id="sim-nordpress-world", path="/nordpress/feed.atom", title="Nordpress", provider="nordpress.example",
        publisher="Nordpress", language="en", form="atom", body="escaped", guid="tag", window=40, weight=4,
        agencies=("Nordpress", "Nordpress", "Nordpress", "AFP"),
    ),
    SimFeed(
        id="sim-courier-news", path="/courier/rss", title="The Harbour Courier", provider="harbour-courier.example",
        publisher="Harbour Courier", language="en", form="rss", body="cdata", window=30, weight=1, agencies=("HC", "AP"),
        copies=("sim-meridian-world", "sim-nordpress-world"),
    ),
    SimFeed(
        id="sim-ledger-briefs", path="/ledger/atom.xml", title="Daily Ledger: Briefs", provider="ledger.example",
        publisher="Daily Ledger", language="en", form="atom", body="summary", window=25, weight=1, agencies=("Ledger",),
        topics=_BUSINESS, copies=("sim-meridian-business", "sim-nordpress-world"),
    ),
    SimFeed(
        id="sim-rheinpost-nachrichten", path="/rheinpost/rss.xml", title="Rheinpost: Nachrichten für den Überblick",
        provider="rheinpost.example", publisher="Rheinpost", language="de", form="rss", body="escaped", guid="number",
        encoding="iso-8859-1", window=30, weight=3, agencies=("rpd", "rpd", "dpa"),
    ),
    SimFeed(
        id="sim-alpenkurier-welt", path="/alpenkurier/welt.atom", title="Alpenkurier: Welt", provider="alpenkurier.example",
        publisher="Alpenkurier", language="de", form="atom", body="xhtml", guid="tag", window=25, weight=2,
        agencies=("Alpenkurier", "APA"), copies=("sim-rheinpost-nachrichten",),
    ),
    SimFeed(
        id="sim-cevenole-actu", path="/cevenole/actualites.rss", title="Agence Cévenole : l'actualité",
        provider="cevenole.example", publisher="Agence Cévenole", language="fr", form="rss", body="escaped", guid="number",
        window=30, weight=3, agencies=("Cévenole", "Cévenole", "AFP"),
    ),
    SimFeed(
        id="sim-fleuve-une", path="/fleuve/une.rdf", title="Le Quotidien du Fleuve : à la une", provider="fleuve.example",
        publisher="Le Quotidien du Fleuve", language="fr", form="rdf", body="escaped", window=20, weight=1,
        agencies=("Fleuve",), copies=("sim-cevenole-actu",),
    ),
    SimFeed(
        id="sim-austral-mundo", path="/austral/mundo.atom", title="Agencia Austral: Mundo", provider="austral.example",
        publisher="Agencia Austral", language="es", form="atom", body="escaped", guid="tag", window=30, weight=3,
        agencies=("Austral", "Austral", "EFE"),
    ),
    SimFeed(
        id="sim-estuario-portada", path="/estuario/portada.xml", title="El Correo del Estuario: portada",
        provider="estuario.example", publisher="El Correo del Estuario", language="es", form="rss", body="cdata", window=20,
        weight=1, agencies=("Estuario",), copies=("sim-austral-mundo",),
    ),
)  # fmt: skip

BY_ID = {feed.id: feed for feed in FEEDS}
