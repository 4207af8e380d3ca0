"""Plain text as the pipeline keeps it, and the form in which texts are compared. No markup in here, no language."""

import re
import unicodedata

from xxhash import xxh3_128_hexdigest

# What JSON or a terminal chokes on and no author wrote: C0 without tab and line breaks, DEL, lone surrogates, noncharacters.
UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # kept, as Arabic and Hebrew need them; flagged, as they can deceive
BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


def collapsed(text: str) -> str:
    """White space of every kind collapsed to single spaces, none at the ends: `" ".join(text.split())`.

    Most texts are tidy already, and to see that (printable: no white space but spaces) costs a quarter of doing it again.
    """
    if "\n" in text:
        text = text.replace("\n\n", " ").replace("\n", " ")
    return text.strip(" ") if "  " not in text and text.isprintable() else " ".join(text.split())


def one_line(text: str) -> str:
    """White space of every kind collapsed, unwanted characters gone."""
    return collapsed(text if text.isprintable() else UNWANTED.sub("", text))


def paragraphs(text: str) -> str:
    """Paragraphs separated by one blank line; single line breaks inside them stay, other white space is collapsed.

    Idempotent.
    """
    if not text.replace("\n", "").isprintable():
        text = UNWANTED.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return "\n\n".join(block for part in BLANK_LINE.split(text) if (block := _lines(part)))


def _lines(part: str) -> str:
    if "\n" not in part:
        return collapsed(part)
    return "\n".join(line for raw in part.split("\n") if (line := collapsed(raw)))


def folded(text: str) -> str:
    """The form for comparison: NFKC, case-folded, white space collapsed."""
    return collapsed(compatible(text)).casefold()


def compatible(text: str) -> str:
    """NFKC: ligatures, full-width letters and the like as what they stand for."""
    if text.isascii() or unicodedata.is_normalized("NFKC", text):
        return text
    return unicodedata.normalize("NFKC", text)


def counted(count: int, what: str) -> str:
    """`1 item`, `2,000 items`: for people."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def content_digest(headline: str, body: str) -> str:
    """xxh3-128 hex of the folded headline and body: what says the same has the same digest, whatever its markup."""
    return str(xxh3_128_hexdigest(f"{folded(headline)}\n{folded(body)}".encode()))


def has_bidi_controls(text: str) -> bool:
    """Whether the text holds characters that can show it in another order than it is stored in."""
    return not text.isascii() and BIDI_CONTROLS.search(text) is not None
