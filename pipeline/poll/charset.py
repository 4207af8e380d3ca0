"""Turns a fetched document into UTF-8, with the evidence for the charset that was chosen.

Everything after this works on UTF-8 bytes: one kind of position, one kind of prolog, and an item keeps its digest when its feed
moves from ISO-8859-1 to UTF-8. A document that is valid UTF-8 keeps its exact bytes (but for a byte order mark and a prolog that
says something else). No I/O here, and no guessing by statistics.
"""

import codecs
import re
from dataclasses import dataclass

from pipeline.poll.guard import Refusal
from pipeline.reasons import Reason

NUL_SHARE_MAX = 0.01  # a stray NUL is a sloppy export; more than one byte in a hundred is binary or an unknown wide charset
REPAIR_SHARE_MAX = 0.1  # up to one bad sequence per ten good ones is UTF-8 cut in mid-character, not another charset

# Charsets that real feeds declare. Everything else, UTF-7 above all (it hides markup), is not believed.
ALLOWED = frozenset(
    {
        "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1250", "cp1251", "cp1252", "cp1253",
        "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-5", "iso8859-6",
        "iso8859-7", "iso8859-8", "iso8859-10", "iso8859-13", "iso8859-14", "iso8859-15", "iso8859-16", "koi8-r", "koi8-u",
        "cp866", "cp874", "mac-roman", "mac-cyrillic", "gb18030", "big5hkscs", "cp932", "euc_jp", "iso2022_jp", "cp949", "hz",
    }
)  # fmt: skip
# What the label says → what its users mean (WHATWG Encoding, "names and labels"): supersets that decode the same and more.
SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
SEVEN_BIT = frozenset({"iso2022_jp", "hz"})  # stateful: their bytes are all ASCII, so "valid UTF-8" says nothing about them

MARKS = (  # the longer first: the UTF-32 mark begins with the UTF-16 one
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SHAPES = (  # "<?" or "<r" in wide charsets without a mark (XML 1.0, appendix F)
    (re.compile(rb"\x00\x00\x00<"), "utf-32-be"),
    (re.compile(rb"<\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00<\x00[?!a-zA-Z]"), "utf-16-be"),
    (re.compile(rb"<\x00[?!a-zA-Z]\x00"), "utf-16-le"),
)
PROLOG = re.compile(rb"<\?xml\s[^>]{0,200}?\bencoding\s*=\s*[\"']([^\"'>]{1,40})[\"']")
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,39}")
CONTROLS = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0D})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """`document` is UTF-8 without a byte order mark; `evidence` is like "cp1251 (prolog)"."""

    document: bytes
    evidence: str
    problems: tuple[str, ...] = ()


def to_utf8(document: bytes, charset: str | None = None) -> Decoded | Refusal:
    """Byte order mark > shape of "<?" > valid UTF-8 > HTTP `charset` > prolog > cp1252.

    Refuses with BAD_ENCODING what is binary, or what no allowed charset can read.
    """
    for mark, codec in MARKS:
        if document.startswith(mark):
            return _decode(document[len(mark) :], ((codec, "byte order mark"),))
    if b"\0" in document[:4]:
        for shape, codec in SHAPES:
            if shape.match(document):
                return _decode(document, ((codec, "shape"),))
    nuls = document.count(b"\0")
    if nuls > NUL_SHARE_MAX * len(document):
        return Refusal(Reason.BAD_ENCODING, f"{nuls} NUL bytes in {len(document)}")
    document, problems = (document.replace(b"\0", b""), ("charset.nul_removed",)) if nuls else (document, ())
    prolog = PROLOG.match(document[:400].lstrip())
    hints = [(codec, how) for label, how in ((charset or "", "http"), (_ascii(prolog), "prolog")) if (codec := codec_of(label))]
    is_seven_bit = bool(hints) and hints[0][0] in SEVEN_BIT and document.isascii()
    if not is_seven_bit and (decoded := _as_utf8(document)):
        return Decoded(document=_with_prolog(decoded.document), evidence=decoded.evidence, problems=problems + decoded.problems)
    return _decode(document, (*hints, ("cp1252", "default")), problems)


def codec_of(label: str) -> str:
    """The Python codec for a charset label, "" for one that is unknown or not allowed."""
    label = label.strip().strip("\"'")
    if not LABEL.fullmatch(label):
        return ""
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return ""
    name = SUPERSETS.get(name, name)
    return name if name in ALLOWED else ""


def without_controls(document: bytes) -> bytes:
    """Drops the C0 controls that XML forbids; in UTF-8 these bytes never belong to another character."""
    return document.translate(None, CONTROLS)


def _as_utf8(document: bytes) -> Decoded | None:
    try:
        document.decode("utf-8")
    except UnicodeDecodeError:
        text = document.decode("utf-8", "replace")
    else:
        return Decoded(document=document, evidence="utf-8 (valid)")
    bad = text.count("\ufffd")
    repaired = text.encode()
    # Each good multi-byte character has one to three continuation bytes; the mark that replaces a bad one has two.
    good = len(repaired) - len(text) - 2 * bad
    if bad > REPAIR_SHARE_MAX * good:
        return None
    return Decoded(document=repaired, evidence="utf-8 (repaired)", problems=("charset.utf8_repaired",))


def _decode(document: bytes, hints: tuple[tuple[str, str], ...], problems: tuple[str, ...] = ()) -> Decoded | Refusal:
    for codec, how in hints:
        # cp1252 has five holes: what falls into them becomes U+FFFD instead of losing the document.
        try:
            text = document.decode(codec, "replace" if how == "default" else "strict")
        except UnicodeError:
            continue
        if "\0" in text:
            return Refusal(Reason.BAD_ENCODING, f"NUL characters in {codec}")
        clean = text.encode("utf-8", "replace").removeprefix(codecs.BOM_UTF8)
        return Decoded(document=_with_prolog(clean), evidence=f"{codec} ({how})", problems=problems)
    return Refusal(Reason.BAD_ENCODING, f"not {' or '.join(codec for codec, _ in hints)}")


def _with_prolog(document: bytes) -> bytes:
    """The same document whose prolog says UTF-8; white space before the prolog goes, as XML allows none there."""
    document = document.lstrip()
    found = PROLOG.match(document[:400])
    if not found or found[1].lower() in (b"utf-8", b"utf8"):
        return document
    return document[: found.start(1)] + b"utf-8" + document[found.end(1) :]


def _ascii(found: re.Match[bytes] | None) -> str:
    return found[1].decode("ascii", "replace") if found else ""
