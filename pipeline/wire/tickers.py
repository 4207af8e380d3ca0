"""Codes of shares in a text: `<GM.N>`, `(AAPL.O)`, `(NYSE: JNJ )`, and what republishers leave of them, `(O:)`. All in one form.

They stay in the report; only texts that are compared with each other have them in one form, or not at all. Linear in the text.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

# The exchange of a RIC's suffix, by its usual short name.
MARKETS = {
    "A": "AMEX", "AS": "AMS", "AX": "ASX", "BO": "BSE", "BR": "EBR", "CO": "CPH", "DE": "ETR", "HE": "HEL", "HK": "HKG",
    "IS": "IST",
    "JK": "IDX", "JO": "JSE", "K": "NYSE", "KL": "KLSE", "KQ": "KOSDAQ", "KS": "KRX", "L": "LON", "LS": "ELI", "MC": "BME",
    "MI": "BIT", "MX": "BMV", "N": "NYSE", "NS": "NSE", "O": "NASDAQ", "OL": "OSL", "OQ": "NASDAQ", "PA": "EPA", "PK": "OTC",
    "S": "SWX", "SA": "B3", "SI": "SGX", "SS": "SSE", "ST": "STO", "SZ": "SZSE", "T": "TYO", "TA": "TASE", "TO": "TSX",
    "TW": "TWSE", "V": "TSXV", "VI": "VIE", "WA": "WSE",
}  # fmt: skip
# Short name, and the names that stand before the colon.
_PRINTED = (
    ("NYSE", "NYSE"),
    ("NASDAQ", "NASDAQ", "NASDAQGS"),
    ("AMEX", "NYSE AMERICAN", "NYSEAMERICAN", "AMEX"),
    ("LON", "LSE", "LON", "AIM"),
    ("TSX", "TSX"),
    ("TSXV", "TSXV", "TSX-V"),
    ("ASX", "ASX"),
    ("OTC", "OTC", "OTCQB", "OTCQX", "OTCMKTS"),
    ("HKG", "HKEX", "SEHK", "HKG"),
    ("NSE", "NSE"),
    ("BSE", "BSE"),
    ("ETR", "ETR"),
    ("FRA", "FRA"),
    ("EPA", "EPA", "EURONEXT"),
    ("AMS", "AMS"),
    ("BIT", "BIT"),
    ("BME", "BME"),
    ("SWX", "SIX", "SWX"),
    ("STO", "STO"),
    ("OSL", "OSE", "OSL"),
    ("CPH", "CPH"),
    ("HEL", "HEL"),
    ("TYO", "TYO", "TSE"),
    ("KRX", "KRX"),
    ("SGX", "SGX"),
    ("JSE", "JSE"),
    ("CSE", "CSE"),
    ("NEO", "NEO"),
)
NAMES = {name: row[0] for row in _PRINTED for name in row[1:]}
SUFFIX = "|".join(sorted(MARKETS, key=lambda suffix: (-len(suffix), suffix)))
PRINTED = "|".join(sorted({*NAMES, *(name.title() for name in NAMES), *MARKETS}, key=lambda name: (-len(name), name)))

# (rule id, pattern, a text it is in): symbol and market by name.
FORMS = (
    (
        "ticker.bracket_exchange",
        re.compile(rf"\(\s?(?P<market>{PRINTED})\s?:\s?(?P<symbol>[A-Z0-9][A-Z0-9.-]{{0,9}})?\s?\)"),
        "Norland Paper (NYSE: NPA ) rose.",
    ),
    (
        "ticker.bracket_ric",
        re.compile(rf"\((?P<symbol>[A-Z0-9]{{2,8}}(?:[a-z]{{1,2}})?)\.(?P<market>{SUFFIX})\)"),
        "Norland Paper (NPA.O) rose.",
    ),
    ("ticker.index", re.compile(r"<(?P<symbol>\.[A-Z0-9]{2,10})>"), "The index <.NLX> fell."),
    ("ticker.quote", re.compile(r"<(?P<symbol>[A-Z0-9#/-]{1,12}=[A-Z]{0,4}|0#[A-Z0-9.:*=]{1,16})>"), "The crown <NLK=> fell."),
    ("ticker.ric", re.compile(r"<(?P<symbol>[A-Z0-9]{1,10}[a-z_]{0,3})\.(?P<market>[A-Z]{1,2})>"), "Norland Paper <NPA.N> rose."),
)
OPENINGS = re.compile(r"[(<]\s?[A-Z0-9.#]|\(\s?[NO][a-z]")
NOT_TICKERS = (
    "The council (U.N) met.",
    "He said (Paris: 2024) so.",
    "Norland Paper (formerly Nordpress) rose.",
    "Rates (NYSE) rose.",
)


class Ticker(Struct, frozen=True, kw_only=True):
    """`text` stands at `start`..`end`. `symbol` is "" where a republisher lost it, `market` "" for indexes and quotes."""

    rule: str
    start: int
    end: int
    text: str
    symbol: str
    market: str

    @property
    def canonical(self) -> str:
        """`(NYSE:GM)`; "" where no symbol is left."""
        return f"({self.market}:{self.symbol})" if self.symbol and self.market else f"({self.symbol})" if self.symbol else ""


def find_tickers(text: str) -> Iterator[Ticker]:
    """The codes in a text, in order, without overlaps."""
    for opening in OPENINGS.finditer(text):
        for rule, pattern, _ in FORMS:
            if found := pattern.match(text, opening.start()):
                groups = found.groupdict()
                market = groups.get("market") or ""
                yield Ticker(
                    rule=rule,
                    start=found.start(),
                    end=found.end(),
                    text=found[0],
                    symbol=groups["symbol"] or "",
                    market=NAMES.get(market.upper()) or MARKETS.get(market, market),
                )
                break


def canonical_tickers(text: str) -> str:
    """The text with every code in one form, those that are damaged left out with the space before them."""
    return _replaced(text, keep=True)


def without_tickers(text: str) -> str:
    """The text without codes: what an original and a copy with damaged codes have in common."""
    return _replaced(text, keep=False)


def _replaced(text: str, *, keep: bool) -> str:
    parts: list[str] = []
    position = 0
    for ticker in find_tickers(text):
        printed = ticker.canonical if keep else ""
        start = ticker.start if printed else len(text[position : ticker.start].rstrip(" ")) + position
        parts += [text[position:start], printed]
        position = ticker.end
    return "".join((*parts, text[position:]))
