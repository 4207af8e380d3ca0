"""Which agency a report comes from, by all the evidence there is, and who republishes it.

A kind of evidence counts once, however often it is printed: three photo credits are no better than one. Pure; the evidence is
collected by the readers of headline, dateline and body.
"""

import re
from collections.abc import Iterable
from math import prod
from urllib.parse import urlsplit

from pipeline.article import Credit, CreditEvidence, Dateline
from pipeline.wire.agencies import AGENCY, SITES, lookup
from pipeline.wire.headline import SUFFIXES

EVIDENCE_MAX = 24
EVIDENCE_CHARS_MAX = 300

# How sure one kind alone makes: 1 - prod(1 - weight) is the confidence of several. A photo can be another agency's than the text.
WEIGHTS = {
    "dateline": 0.9,
    "metadata": 0.9,
    "byline": 0.85,
    "headline_suffix": 0.75,
    "copyright_line": 0.7,
    "body": 0.6,
    "photo_credit": 0.4,
}
CONFIDENCE_MAX = 0.99
DISPUTE = 0.5  # what another agency's evidence takes, at most

NAMED = re.compile(rf"(?<!\w){AGENCY}(?!\w)")
# Hosts of agencies: a copy found there is the agency's own.
HOSTS = {
    "reuters": "Reuters",
    "apnews": "AP",
    "ap": "AP",
    "afp": "AFP",
    "dpa": "dpa",
    "xinhuanet": "Xinhua",
    "news.cn": "Xinhua",
    "yna": "Yonhap",
    "upi": "UPI",
    "bloomberg": "Bloomberg",
    "kyodonews": "Kyodo",
    "tass": "TASS",
    "interfax": "Interfax",
    "ukrinform": "Ukrinform",
    "efe": "EFE",
    "ansa": "ANSA",
    "ptinews": "PTI",
    "aninews": "ANI",
    "prnewswire": "PR Newswire",
    "businesswire": "Business Wire",
    "globenewswire": "GlobeNewswire",
    "aa": "Anadolu",
    "kna": "KNA",
    "belga": "Belga",
    "ntb": "NTB",
    "ritzau": "Ritzau",
    "stt": "STT",
}


def attribute(evidence: Iterable[CreditEvidence], *, host: str = "", published: str = "") -> Credit | None:
    """The agency that most evidence speaks for; None without any that names one.

    `host` is the provider's, or its address; `published` (RFC 3339) says which names were in use.
    `republisher` is the host where it is not the agency's own. Evidence for other agencies lowers the confidence and is left out.
    """
    votes: dict[str, dict[str, float]] = {}
    pieces: dict[str, list[CreditEvidence]] = {}
    for piece in dict.fromkeys(list(evidence)[:EVIDENCE_MAX]):
        for name in agencies_in(piece.text, published[:10]):
            votes.setdefault(name, {})[piece.kind] = WEIGHTS[piece.kind]
            pieces.setdefault(name, []).append(piece)
    if not votes:
        return None
    ranked = sorted(votes, key=lambda name: (-_sure(votes[name]), list(votes).index(name)))
    agency = ranked[0]
    against = _sure(votes[ranked[1]]) if len(ranked) > 1 and set(votes[ranked[1]]) != {"photo_credit"} else 0.0
    confidence = min(CONFIDENCE_MAX, _sure(votes[agency])) * (1 - DISPUTE * against)
    return Credit(
        agency=agency,
        republisher="" if agency_of_host(host) == agency else host_of(host),
        confidence=round(confidence, 2),
        evidence=tuple(pieces[agency]),
    )


def agencies_in(text: str, on: str = "") -> tuple[str, ...]:
    """The canonical names of the agencies that a piece of evidence names; the whole text first, then the names in it."""
    text = text[:EVIDENCE_CHARS_MAX]
    if found := lookup(text, on):
        return (found.name,)
    names = (lookup(match[0], on) for match in NAMED.finditer(text) if match[0] not in SITES)
    return tuple(dict.fromkeys(agency.name for agency in names if agency))


def headline_evidence(raw: str) -> tuple[CreditEvidence, ...]:
    """The suffix of a raw headline: `… By Reuters`, `… - Reuters`."""
    for _, pattern, _ in SUFFIXES:
        if (found := pattern.search(raw[-80:])) and agencies_in(found[0]):
            return (CreditEvidence(kind="headline_suffix", text=found[0].strip(" -–—|")),)
    return ()


def dateline_evidence(dateline: Dateline | None) -> tuple[CreditEvidence, ...]:
    """The sources of a dateline, one piece each."""
    return tuple(CreditEvidence(kind="dateline", text=source) for source in dateline.sources) if dateline else ()


def metadata_evidence(*fields: str) -> tuple[CreditEvidence, ...]:
    """Fields of the source that name who wrote it (creditline, provider, copyright holder), as far as they name an agency."""
    return tuple(CreditEvidence(kind="metadata", text=text) for text in dict.fromkeys(fields) if text and agencies_in(text))


def host_of(provider: str) -> str:
    """`https://www.example.test/a` and `www.example.test` → `example.test`."""
    try:
        host = urlsplit(provider).hostname if "//" in provider else provider.strip().split("/")[0]
    except ValueError:
        return ""
    return (host or "").casefold().removeprefix("www.")


SECOND_LEVEL = frozenset({"co", "com", "net", "org", "ac", "gov"})  # reuters.co.uk; anybody may have reuters.example.test


def agency_of_host(provider: str) -> str:
    """The agency whose site that is; "" for everybody else's."""
    host = host_of(provider)
    if host in HOSTS:
        return HOSTS[host]
    if found := lookup(host):
        return found.name
    return HOSTS.get(label_of(host), "")


def label_of(host: str) -> str:
    """The label under which the site is registered: `example` of `news.example.co.uk`; "" of a host with one label."""
    labels = host.split(".")
    if len(labels) > 2 and labels[-2] in SECOND_LEVEL:
        return labels[-3]
    return labels[-2] if len(labels) > 1 else ""


def _sure(votes: dict[str, float]) -> float:
    return 1 - prod(1 - weight for weight in votes.values())
