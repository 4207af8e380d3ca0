"""What the wires of the teleprinter age share: charsets of one byte, line ends, paragraphs made of lines, dates without a year.

Bytes and lines only: neither ANPA 1312 nor IPTC 7901 is known in here.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from msgspec import Struct

from pipeline.poll.charset import to_utf8
from pipeline.poll.guard import Refusal
from pipeline.reasons import Reason
from pipeline.records import Reject

MESSAGE_BYTES_MAX = 2 << 20  # a take has 10,000 characters; the raw topic takes no more
MESSAGES_MAX = 10_000  # cut from one file, as many as XML feeds may have items
ZONE_DAYS = 1  # a message of 00:30 in Sydney is dated a day after its arrival in Greenwich

# Letters of code page 850 that stand between two letters, and whose bytes in cp1252 never do (quotes below the line, ¢, £, ¤ …).
CP850_LETTERS = re.compile(rb"(?<=[A-Za-z])[\x81\x82\x84\x94\xa1-\xa4](?=[A-Za-z])")
CP1252_LETTERS = re.compile(rb"(?<=[A-Za-z])[\xc0-\xff](?=[A-Za-z])")
LINE_END = re.compile(r"\r*\n|\r+")  # CR LF, CR CR LF, LF, CR
INDENT = re.compile(r"^(?:\t|\x08| {2,})")
BROKEN_WORD = re.compile(r"(?<=\w)-\n(?=\w)")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


class Message(Struct, frozen=True):
    """The text of one message with its control characters, lines ended by LF; `charset` is the evidence."""

    text: str
    charset: str
    problems: tuple[str, ...] = ()


def decode(value: bytes, charset: str = "") -> Message | Reject:
    """7 bit > valid UTF-8 > the declared charset > cp850 by its letters > cp1252. Never raises."""
    if len(value) > MESSAGE_BYTES_MAX:
        return Reject(Reason.ITEM_TOO_LARGE, f"{len(value)} bytes, {MESSAGE_BYTES_MAX} allowed")
    if value.isascii() and b"\0" not in value:
        return Message(LINE_END.sub("\n", value.decode("ascii")), "ascii (7 bit)")
    decoded = to_utf8(value, charset or None)
    if isinstance(decoded, Refusal):
        return Reject(decoded.reason, decoded.detail)
    if decoded.evidence == "cp1252 (default)" and _is_cp850(value):
        return Message(LINE_END.sub("\n", value.decode("cp850", "replace")), "cp850 (letters)", decoded.problems)
    return Message(LINE_END.sub("\n", decoded.document.decode("utf-8", "replace")), decoded.evidence, decoded.problems)


def _is_cp850(value: bytes) -> bool:
    return len(CP850_LETTERS.findall(value)) > len(CP1252_LETTERS.findall(value))


def is_start(line: str) -> bool:
    """Whether the line is indented, which starts a paragraph."""
    return INDENT.match(line) is not None


def joined(lines: Iterable[str]) -> str:
    """The lines of one paragraph on one line; a hyphen that breaks a word stays: nobody can tell whether it is the word's own."""
    text = "\n".join(stripped for line in lines if (stripped := " ".join(clean(line).split())))
    return BROKEN_WORD.sub("-", text).replace("\n", " ")


def clean(line: str) -> str:
    """Without control characters; the teleprinter's space band (DLE) is a space, its quads and shifts are nothing."""
    return CONTROLS.sub("", line.replace("\x10", " "))


def blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Paragraphs as lists of lines: an empty line ends one, an indent starts one."""
    block: list[str] = []
    for line in lines:
        if block and (not line.strip() or is_start(line)):
            yield block
            block = []
        if line.strip():
            block.append(line)
    if block:
        yield block


def nearest(day: int, month: int, now: str) -> date | None:
    """The last such day that is not after `now` (RFC 3339); None where there is none, or no `now` to go by."""
    if not now:
        return None
    latest = date.fromisoformat(now[:10]) + timedelta(days=ZONE_DAYS)
    for year in range(latest.year, latest.year - 9, -1):  # from one 29 February to the next, over 1900 and 2100
        if (found := calendar_date(year, month, day)) and found <= latest:
            return found
    return None


def calendar_date(year: int, month: int, day: int) -> date | None:
    """The date, None where the calendar has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def full_year(year: int) -> int:
    """`16` → 2016, `79` → 1979: these formats are of the seventies."""
    return year if year >= 100 else year + (1900 if year >= 70 else 2000)
