"""IPTC 7901: the form in which European agencies send text, one message between SOH and the time after ETX.

    SOH abc0123 4 pl 210 keyword     source and serial, priority, category, words, keyword
    slug lines
    STX  headline, by-line =         the last line of the heading ends in "="
    text
    ETX  131137 GMT Nov 13           day and time, zone, month, year (IPTC 7901, "date-time group")

Some gateways drop the control bytes; the header line is then known by its shape. There is no guid in the format: one is made of
(source, serial, day).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct, field

from pipeline.formats import telegraph
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.date_words import MONTHS

HEADING_LINES_MAX = 8  # a heading is a slug, up to three lines of headline, a remark and a byline
FRONT_BYTES_MAX = 64  # SYN and line ends before the first message

HEADER = re.compile(
    rb"(?P<soh>\x01)?(?P<source>[A-Za-z]{2,5})(?P<serial>\d{3,5})[ ]{1,12}(?P<priority>[1-9])[ ]{1,12}"
    rb"(?P<category>[A-Za-z]{1,4})[ ]{1,12}(?P<words>\d{1,5})"
    rb"(?:[ ]{1,12}(?P<keyword>[^\r\n\x02]{0,120}?))?[ \t]{0,40}(?=\r|\n|\x02|\Z)"
)
MESSAGE = re.compile(rb"(?:\x01|(?:(?<=\n)|\A))(?=[A-Za-z]{2,5}\d{3,5} {1,12}[1-9] )")
TIME = re.compile(
    r"(?P<day>\d\d)(?P<hour>\d\d)(?P<minute>\d\d)(?: ?(?P<zone>Z|GMT|UTC|CES?T|MES?Z|BST))?(?: (?P<month>[A-Za-zäÄé]{3,9})\.?)?"
    r"(?: (?P<year>\d{2}|\d{4}))?"
)
TIME_BYTES = re.compile(
    rb"(?:^|[\n\x03])[ \t]*(\d\d)\d{4}(?: ?(?:Z|GMT|UTC|CES?T|MES?Z|BST))? ([A-Za-z\x80-\xff]{3,12})\.?(?: (\d{4}|\d\d))?(?=\s)"
)
MARKED_LINE = re.compile(r"#{1,3} ?\S|[-*•] |\* \*")  # headings, lists and rulers of a notebook: each line is a paragraph
SLUG_LINE = re.compile(r"\S.*/")
BYLINE = re.compile(r"(?:By|Von|Par|Por|Di) \S.{1,120}")
REMARK = re.compile(r"\(.{2,200}\)")
SIGNATURE = re.compile(r"[a-z]{2,5}(?: [a-z]{2,5}){0,4}")


class Header(Struct, frozen=True, kw_only=True):
    """The header line; `end` is where it ends."""

    source: str
    serial: str
    priority: str
    category: str
    keyword: str
    end: int


def header(message: bytes) -> Header | None:
    """Reads the header line at the beginning of a message; None when there is none."""
    front = message[:FRONT_BYTES_MAX]
    found = HEADER.match(message, len(front) - len(front.lstrip(b"\r\n \0\x7f\x16")))
    if found is None:
        return None
    parts = {name: (value or b"").decode("latin-1") for name, value in found.groupdict().items()}
    return Header(
        source=parts["source"].lower(),
        serial=parts["serial"],
        priority=parts["priority"],
        category=parts["category"].lower(),
        keyword=parts["keyword"],
        end=found.end(),
    )


def is_iptc7901(value: bytes) -> bool:
    """Whether the bytes begin with the header line of a message."""
    return header(value) is not None


def items(document: bytes) -> tuple[bytes, ...]:
    """The messages of a file, each from its SOH to the next one's; a file without any, or with too many, is one piece."""
    starts = [found.start() for found in MESSAGE.finditer(document) if HEADER.match(document, found.start())]
    if not 0 < len(starts) <= telegraph.MESSAGES_MAX:
        return (document,)
    return tuple(document[start:end] for start, end in zip(starts, [*starts[1:], len(document)], strict=True))


def guid(message: bytes, now: str = "") -> str:
    """`urn:newswire:iptc7901:<source>:<serial>:<day>`; "" without a header line."""
    head = header(message)
    if head is None:
        return ""
    times = TIME_BYTES.findall(message)
    day = ""
    if times:
        number, month, year = (_decoded(part) for part in times[-1])
        on = _date(int(number), month, year, now)
        day = on.isoformat() if on else f"{number} {month.lower()}"
    return ":".join(("urn:newswire:iptc7901", head.source, head.serial, *((day,) if day else ())))


def _decoded(part: bytes) -> str:
    """A word of a date-time group, whose message may be in any of the charsets; \x84 is an "ä" in code page 850 alone."""
    try:
        return part.decode()
    except UnicodeDecodeError:
        return part.decode("cp850" if b"\x84" in part else "latin-1")


def parse(item: RawItem) -> Parsed | Reject:
    """One message. Its priority is its urgency too, as the format has only one number from 1 to 9."""
    head = header(item.value)
    if head is None:
        return Reject(Reason.UNKNOWN_FORMAT, "no IPTC 7901 header line")
    message = telegraph.decode(item.value[head.end :], item.charset)
    if isinstance(message, Reject):
        return message
    copy = _Copy()
    _read(message.text, copy, item.fetched_at)
    keyword = _agency_of(head.keyword)
    return Parsed(
        headline=copy.headline,
        body_text=_body(copy, keyword),
        guid=item.guid or guid(item.value, item.fetched_at),
        published=copy.sent,
        slugline=copy.slug or head.keyword,
        ed_notes=tuple(copy.ed_notes),
        byline=copy.byline,
        credit_line=copy.signature,
        priority=head.priority,
        urgency=head.priority,
        urgency_scale="iptc",
        category=head.category,
        service=head.source,
        charset=message.charset,
        rules=tuple(dict.fromkeys(copy.rules)),
        problems=(*message.problems, *_problems(item.value, head, copy)),
    )


def _problems(message: bytes, head: Header, copy: "_Copy") -> Iterator[str]:
    if not copy.sent:
        yield "iptc7901.no_time"
    if any(HEADER.match(message, found.start()) for found in MESSAGE.finditer(message, head.end)):
        yield "iptc7901.further_messages"


class _Copy(Struct):
    """What the lines of one message came to."""

    slug: str = ""
    headline: str = ""
    byline: str = ""
    signature: str = ""
    sent: str = ""
    ed_notes: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)


def _read(text: str, copy: _Copy, now: str) -> None:
    front, has_stx, text = text.partition("\x02") if "\x02" in text else ("", "", text)
    body, _, after = text.partition("\x03")
    lines = [line.rstrip() for line in body.split("\n")]
    if has_stx:
        copy.slug = telegraph.joined(line for line in front.split("\n") if line.strip()).rstrip("/ ")
    lines = _without_time(lines, after.split("\n"), copy, now)
    first = next((at for at, line in enumerate(lines) if line.strip("\x00\x1f ")), len(lines))
    rest = _read_heading(lines[first:], copy)
    pieces = (piece for block in telegraph.blocks(rest) for piece in _marked(block))
    copy.blocks = [block for piece in pieces if (block := telegraph.joined(piece))]


def _marked(block: list[str]) -> Iterator[list[str]]:
    """A paragraph's lines; those of a heading or a list, and what follows them, stay apart."""
    piece: list[str] = []
    is_marked = False
    for line in block:
        is_marked = is_marked or MARKED_LINE.match(line.strip()) is not None
        if piece and is_marked:
            yield piece
            piece = []
        piece.append(line)
    yield piece


def _without_time(lines: list[str], after: Sequence[str], copy: _Copy, now: str) -> list[str]:
    """The date-time group: after ETX, else the last line of the text that has the shape."""
    for line in after:
        if sent := _sent(line, now):
            copy.sent = sent
            return lines
    for at in range(len(lines) - 1, max(-1, len(lines) - 8), -1):
        if sent := _sent(lines[at], now):
            copy.sent = sent
            copy.rules.append("iptc7901.time_in_text")
            return lines[:at]
    return lines


def _sent(line: str, now: str) -> str:
    """`131137 GMT Nov 13` → `2013-11-13T11:37:00 GMT`; no zone: an uncertain time; no year: the nearest one."""
    found = TIME.fullmatch(telegraph.clean(line).strip())
    if found is None or not (found["month"] or found["zone"]):
        return ""
    on = _date(int(found["day"]), found["month"] or "", found["year"] or "", now)
    return f"{on.isoformat()}T{found['hour']}:{found['minute']}:00 {found['zone'] or ''}".strip() if on else ""


def _date(day: int, month: str, year: str, now: str) -> date | None:
    number = MONTHS.get(month.casefold()) or MONTHS.get(month.casefold()[:3]) or 0
    if not month:  # the last month that had such a day
        near = (telegraph.nearest(day, at, now) for at in range(1, 13))
        return max((found for found in near if found), default=None)
    if not number:
        return None
    if year:
        return telegraph.calendar_date(telegraph.full_year(int(year)), number, day)
    return telegraph.nearest(day, number, now)


def _read_heading(lines: list[str], copy: _Copy) -> list[str]:
    """Takes the heading away: to the line that ends in "=", else to the first empty line, else the first line alone."""
    near = lines[:HEADING_LINES_MAX]
    ends = [at for at, line in enumerate(near) if line.endswith("=")]
    breaks = [at for at, line in enumerate(near) if at and (not line.strip() or telegraph.is_start(line))]
    stop = ends[0] + 1 if ends else breaks[0] if breaks else 1
    headline: list[str] = []
    for line in (telegraph.clean(line).strip().rstrip("= ") for line in lines[:stop]):
        if not copy.slug and not headline and SLUG_LINE.fullmatch(line):
            copy.slug = line.rstrip("/ ")
        elif BYLINE.fullmatch(line):
            copy.byline = line
            copy.rules.append("iptc7901.byline")
        elif REMARK.fullmatch(line):
            copy.ed_notes.append(line)
            copy.rules.append("iptc7901.remark")
        elif line:
            headline.append(line)
    copy.headline = telegraph.joined(headline)
    return lines[stop:]


def _agency_of(keyword: str) -> str:
    """`dpa-tns 0908` → `dpa`."""
    return re.split(r"[^A-Za-z]", keyword, maxsplit=1)[0].lower()


def _body(copy: _Copy, agency: str) -> str:
    """The text without the initials of agency and editors on its last line."""
    last = copy.blocks[-1] if copy.blocks else ""
    if agency and SIGNATURE.fullmatch(last) and last.split()[0] == agency:
        copy.signature = last
        copy.rules.append("iptc7901.signature")
        copy.blocks.pop()
    return "\n\n".join(copy.blocks)
