"""Dates, times and periods in a headline and a first sentence, by kind: what tells Monday's table from Tuesday's. A table."""

import re
from collections.abc import Iterator

FIRST_CHARS_MAX = 300  # a first sentence
SENTENCE_END = re.compile(r"(?<=[^\W\d]{3}[.!?])\s+|\n")
MONTHS = (
    "jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|fév(?:rier)?|mar(?:ch|s|zo)?|märz|apr(?:il)?|avril|abril|may|mai|mayo|"
    "june?|juni|juin|junio|july?|juli|juillet|julio|aug(?:ust)?|août|agosto|sept?(?:ember|embre|iembre)?|"
    "o[ck]t(?:ober|obre|ubre)?|nov(?:ember|embre|iembre)?|de[cz](?:ember)?|déc(?:embre)?|dic(?:iembre)?|enero|febrero"
)
# (kind, pattern, an example)
PERIODS = (
    ("weekday", r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", "on Monday"),
    ("weekday", r"\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag)\b", "am Montag"),
    ("weekday", r"\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b", "lundi"),
    ("weekday", r"\b(?:lunes|martes|miércoles|jueves|viernes|sábado|domingo)\b", "el lunes"),
    ("date", rf"\b(?:{MONTHS})\b\.?\s+\d{{1,2}}\b|\b\d{{1,2}}\.?\s+(?:de\s+)?(?:{MONTHS})\b", "March 3"),
    ("date", r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\b\d{1,2}\.\d{1,2}\.(?:\d{2,4})?", "2026-03-03"),
    ("time", r"\b\d{1,2}(?::\d{2})?\s?(?:a\.?m|p\.?m)\b|\b\d{1,2}:\d{2}\b|\b\d{4} gmt\b|\b\d{1,2} uhr\b", "10 a.m."),
    ("session", r"\b(?:midday|noon|morning|afternoon|evening|overnight|opening|open|closing|close|pre-?market)\b", "at midday"),
    (
        "session",
        r"\b(?:mittag|morgen|abend|schluss|eröffnung|matin|midi|soir|ouverture|clôture|mañana|tarde|cierre)\b",
        "am Abend",
    ),
    (
        "quarter",
        r"\b(?:q[1-4]|(?:first|second|third|fourth)[ -](?:quarter|half)|[1-4]\. quartal|h[12])\b",
        "third-quarter profit",
    ),
    ("year", r"\b(?:19|20)\d{2}(?:[/-]\d{2})?\b", "2026 budget"),
    ("month", rf"\b(?:in|for|im|en|de)\s+(?:{MONTHS})\b", "in March"),
    ("round", r"\b(?:week|day|round|game|match|stage|heat|lottery draw|draw|part|episode|no\.?|issue)\s?#?\d{1,4}\b", "stage 12"),
)
ALL = tuple((kind, re.compile(pattern)) for kind, pattern, _ in PERIODS)


def periods(headline: str, body: str) -> dict[str, frozenset[str]]:
    """What is said in the headline and in the first sentence, by kind, folded."""
    first = SENTENCE_END.split(body[:FIRST_CHARS_MAX], maxsplit=1)[0]
    text = f"{headline}\n{first}".casefold()
    found: dict[str, set[str]] = {}
    for kind, value in _all(text):
        found.setdefault(kind, set()).add(value)
    return {kind: frozenset(values) for kind, values in found.items()}


def _all(text: str) -> Iterator[tuple[str, str]]:
    for kind, pattern in ALL:
        for match in pattern.finditer(text):
            yield kind, re.sub(r"\W+", " ", match[0]).strip()
