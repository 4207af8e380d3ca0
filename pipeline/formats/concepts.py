"""Controlled words as sources write them: qcodes, scheme and code, or an address. Shared by the JSON formats."""

import re

from pipeline.wire.uris import as_uri

MEDIATOPIC = "http://cv.iptc.org/newscodes/mediatopic/"

MEDIATOPIC_CODE = re.compile(r"(?:medtop:|https?://cv\.iptc\.org/newscodes/mediatopic/)(\d{8})", re.ASCII)
ADDRESS = re.compile(r"(?:https?://|urn:)\S+", re.IGNORECASE)
ENDINGS = ("/", "#", "=", ":")  # of a scheme to which a code is simply added


def concept(uri: str, code: str = "", scheme: str = "") -> tuple[str, str]:
    """The concept's address and its code, each "" when it has none: a media topic by its IPTC address, whatever was written.

    The code is left out where the address says it.
    """
    if found := MEDIATOPIC_CODE.fullmatch(uri) or MEDIATOPIC_CODE.fullmatch(code):
        return MEDIATOPIC + found[1], ""
    if scheme and code:
        if not ADDRESS.fullmatch(scheme):
            return "", f"{scheme}:{code}"
        uri = scheme + code if scheme.endswith(ENDINGS) else f"{scheme}/{code}"
        return (MEDIATOPIC + code if MEDIATOPIC_CODE.fullmatch(uri) else as_uri(uri, "concept")), ""
    return (as_uri(uri, "concept"), code) if ADDRESS.fullmatch(uri) else ("", code or uri)
