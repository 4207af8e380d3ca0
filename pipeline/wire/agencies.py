"""The agencies whose names stand in headlines, datelines and bylines. A starter list; organisations, never persons."""

import re

NAMES = (
    "Reuters", "Thomson Reuters", "AP", "The Associated Press", "Associated Press", "AFP", "Agence France-Presse",
    "dpa", "tca/dpa", "dpa-AFX", "Xinhua", "Yonhap", "UPI", "Bloomberg", "Kyodo", "Kyodo News", "TASS", "Interfax",
    "EFE", "ANSA", "PTI", "ANI", "IANS", "KNA", "epd", "APA", "Keystone-SDA", "Belga", "ANP", "STT", "NTB", "TT",
    "Ritzau", "Ukrinform", "Anadolu", "AA", "WAFA", "KCNA", "CNA", "BERNAMA", "VNA", "Investing.com",
)  # fmt: skip

# Longest first, so that "The Associated Press" is not read as "The"; case counts ("AP" is one, "ap" is not).
AGENCY = "(?:" + "|".join(re.escape(name) for name in sorted(NAMES, key=len, reverse=True)) + ")"
FOLDED = frozenset(name.casefold() for name in NAMES)


def is_agency(name: str) -> bool:
    """Whether a byline names an agency."""
    return name.strip().casefold() in FOLDED
