"""ANPA 1312: the teleprinter form in which American agencies send text, one message between SYN SYN SOH and EOT.

    SYN SYN SOH  V1234 US abcd-         service level, serial, selector
    r i DC3 DC1 SP BC-Slug 1stLd-Writethru 02-10 0416     priority, category, format, keyword, version, day, words
    STX  ^ lines about the text, then the text, then AP-WF-02-10-16 0423GMT ETX

Some gateways drop the control bytes; the two header lines are then known by their shape. There is no guid in the format: one is
made of (agency, service, serial, day). Shapes: the standard as its readers describe it, and messages of two agencies.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape

from msgspec import Struct, field

from pipeline.formats import telegraph
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import RawItem, Reject
from pipeline.wire.urgency import ANPA_LETTERS

TABLE_LINES_MIN = 2  # one line with semicolons is a sentence
TABLE_FIELDS_MIN = 2
HEADER_LINES_MAX = 40  # real messages have up to 8 lines before the text; more, and it is all text
UNKNOWN_HEADER_LINES_MAX = 5  # slug, headline, and a summary that may be wrapped
FRONT_BYTES_MAX = 64  # SYN and line ends before the first message
TAIL_LINES = 6  # the tail is followed by empty lines at most

# Without SOH nothing but a selector may follow the serial: "A0412 is a road" is no header.
FIRST = (
    rb"(?P<soh>\x01)?(?P<level>[A-Za-z]?)(?P<serial>\d{4})"
    rb"(?P<rest>(?(soh)[^\r\n]{0,60}|[\x1f ]?[A-Za-z-]{0,20}[ ]{0,9}))\r{0,3}\n"
)
SECOND = (
    rb"(?P<priority>[a-zA-Z]) (?P<category>[a-zA-Z0-9])(?P<codes>[\x11-\x14 ]{0,6})"
    rb"(?P<keyword>[^\s\x01-\x1f][^\r\n]{0,80}?)"
    rb"[ ]{1,30}(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[ ]{1,9}(?P<words>\d{1,5}))?[ \t]{0,9}(?=\r|\n|\x02|\Z)"
)
HEADER = re.compile(FIRST + SECOND)
MESSAGE = re.compile(rb"(?:\x01|(?<=[\n\x03\x04])|\A)(?=[A-Za-z]?\d{4}[^\r\n]{0,60}\r{0,3}\n[a-zA-Z] [a-zA-Z0-9][ \x11-\x14])")
TAIL = re.compile(
    r"(?P<agency>[A-Za-z]{2,5})-(?P<service>[A-Za-z]{2,3})-(?P<month>\d\d)-(?P<day>\d\d)-(?P<year>\d\d)"
    r" (?P<hour>\d\d)(?P<minute>\d\d)(?P<zone>GMT|UTC|E[SD]T|C[SD]T|M[SD]T|P[SD]T)?"
)
TAIL_BYTES = re.compile(rb"(?<![\w-])([A-Za-z]{2,5})-[A-Za-z]{2,3}-(\d\d)-(\d\d)-(\d\d) \d{4}")
SELECTOR = re.compile(r"[A-Za-z-]{1,15}")
SLUG = re.compile(r"[A-Z]{2}-{1,2}\S[^<]*")
VERSION = re.compile(r"\s(?:\d{1,2}(?:st|nd|rd|th) ?(?:Ld|Add|Lead|Write|Sub)\S*|Take \d+|UPDATE\S*).*$", re.IGNORECASE)
TABULAR = "\x12"  # DC2; DC1 is text, DC3 body type, DC4 agate type

# What a line before the text is, the first that matches; every other one is the headline, then the summary.
HEADER_RULES = (
    ("anpa.ed_note", re.compile(r"\(?(?:Eds?|Editors?|EDITORS?)(?:'s? note|' NOTE|'S NOTE)?\s*[:_—]"), "Eds: With AP Photos."),
    ("anpa.photo_line", re.compile(r"AP (?:Photos?|Graphics?|Video|Audio)\b"), "AP Photo XNP101, XNP102"),
    ("anpa.embargo", re.compile(r"(?:For (?:use|release)|ADV(?:ANCE)? ?\d|\$?adv\d)", re.IGNORECASE), "For Release MON AMs"),
    ("anpa.byline", re.compile(r"By [^=]{2,120}="), "By JANE DOE and JOHN ROE="),
    ("anpa.byline_title", re.compile(r"[^=]{2,80}="), "Associated Press="),
)
# Typewriter marks → the marks they stand for.
MARK_RULES = (
    ("anpa.quotes", re.compile(r"``"), "“", "``No,'' she said."),
    ("anpa.quotes", re.compile(r"''"), "”", "``No,'' she said."),
    ("anpa.quotes", re.compile(r"`"), "‘", "`No,' she said."),
    ("anpa.dash", re.compile(r"(?<=\s)_(?=\s)"), "—", "OSLO (AP) _ Snow fell."),
)


class Header(Struct, frozen=True, kw_only=True):
    """The two header lines. `day` is YYYY-MM-DD where the year is known, else MM-DD, "" without any date."""

    level: str
    serial: str
    selector: str
    priority: str
    category: str
    codes: str
    keyword: str
    month: int
    day: int
    end: int


def header(message: bytes) -> Header | None:
    """Reads the header lines at the beginning of a message; None when there are none."""
    front = message[:FRONT_BYTES_MAX]
    found = HEADER.match(message, len(front) - len(front.lstrip(b"\r\n \0\x7f\x16")))
    if found is None:
        return None
    parts = {name: (value or b"").decode("latin-1") for name, value in found.groupdict().items()}
    selector = SELECTOR.search(parts["rest"])
    return Header(
        level=parts["level"],
        serial=parts["serial"],
        selector=selector[0].strip("-") if selector else "",
        priority=parts["priority"].lower(),
        category=parts["category"].lower(),
        codes=parts["codes"],
        keyword=parts["keyword"],
        month=int(parts["month"]),
        day=int(parts["day"]),
        end=found.end(),
    )


def is_anpa(value: bytes) -> bool:
    """Whether the bytes begin with the header lines of a message."""
    return header(value) is not None


def items(document: bytes) -> tuple[bytes, ...]:
    """The messages of a file, each from its SOH to the next one's; a file without any, or with too many, is one piece."""
    starts = [found.start() for found in MESSAGE.finditer(document) if HEADER.match(document, found.start())]
    if not 0 < len(starts) <= telegraph.MESSAGES_MAX:
        return (document,)
    return tuple(document[start:end] for start, end in zip(starts, [*starts[1:], len(document)], strict=True))


def guid(message: bytes, now: str = "") -> str:
    """`urn:newswire:anpa:<agency>:<level>:<serial>:<day>`: the same whoever sends the message on; "" without header lines."""
    head = header(message)
    if head is None:
        return ""
    tails = TAIL_BYTES.findall(message)
    if tails:
        agency, month, day, year = (part.decode() for part in tails[-1])
        on = f"{telegraph.full_year(int(year))}-{month}-{day}"
    else:
        found = telegraph.nearest(head.day, head.month, now)
        agency, on = "", found.isoformat() if found else f"{head.month:02}-{head.day:02}"
    return ":".join(("urn:newswire:anpa", agency.lower(), head.level.lower(), head.serial, on))


def parse(item: RawItem) -> Parsed | Reject:
    """One message. Urgency is given on the scale "anpa" by its letter: `wire.urgency` maps it."""
    head = header(item.value)
    if head is None:
        return Reject(Reason.UNKNOWN_FORMAT, "no ANPA header lines")
    message = telegraph.decode(item.value[head.end :], item.charset)
    if isinstance(message, Reject):
        return message
    copy = _Copy()
    _read(message.text, copy, is_tabular=TABULAR in head.codes)
    version, slug = _version(copy.slug_line or head.keyword)
    return Parsed(
        headline=copy.headline or (slug if copy.blocks else ""),
        body_text="\n\n".join(block.text for block in copy.blocks),
        body_html="".join(block.html for block in copy.blocks) if "anpa.agate_table" in copy.rules else "",
        summary=copy.summary,
        guid=item.guid or guid(item.value, item.fetched_at),
        published=copy.sent,
        slugline=slug,
        signals=(version,) if version else (),
        ed_notes=tuple(copy.ed_notes),
        embargo=copy.embargo,
        byline=copy.byline,
        credit_line=copy.title,
        priority=head.priority,
        urgency=head.priority if head.priority in ANPA_LETTERS else "",
        urgency_scale="anpa" if head.priority in ANPA_LETTERS else "",
        category=head.category,
        service=f"{head.level} {head.selector}".strip(),
        charset=message.charset,
        rules=tuple(dict.fromkeys(copy.rules)),
        problems=(*message.problems, *_problems(item.value, head, copy)),
    )


def _problems(message: bytes, head: Header, copy: "_Copy") -> Iterator[str]:
    if not copy.sent:
        yield "anpa.no_time"
    if any(HEADER.match(message, found.start()) for found in MESSAGE.finditer(message, head.end)):
        yield "anpa.further_messages"


class _Block(Struct, frozen=True):
    text: str
    html: str


class _Copy(Struct):
    """What the lines of one message came to."""

    slug_line: str = ""
    headline: str = ""
    summary: str = ""
    byline: str = ""
    title: str = ""
    ed_notes: list[str] = field(default_factory=list)
    embargo: str | None = None
    sent: str = ""
    blocks: list[_Block] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)


def _read(text: str, copy: _Copy, *, is_tabular: bool) -> None:
    body, _, after = text.partition("\x03")
    lines = [line.rstrip().lstrip("\x02") for line in body.split("\n")]
    if _take_tail(after.split("\n"), copy) is None:
        lines = lines[: _take_tail(lines, copy)]
    start = _body_start(lines)
    for line in lines[:start]:
        _read_header_line(line, copy)
    for block in _blocks(lines[start:], is_tabular=is_tabular):
        copy.blocks.append(_block(block, copy, is_tabular=is_tabular))


def _take_tail(lines: Sequence[str], copy: _Copy) -> int | None:
    """Reads the time of transmission from the last line that has its shape, and gives that line's place."""
    for at in range(len(lines) - 1, max(-1, len(lines) - TAIL_LINES), -1):
        if found := TAIL.fullmatch(telegraph.clean(lines[at][:80]).strip(" \t<^")):
            day = f"{telegraph.full_year(int(found['year']))}-{found['month']}-{found['day']}"
            copy.sent = f"{day}T{found['hour']}:{found['minute']}:00 {found['zone'] or ''}".strip()
            copy.rules.append("anpa.tail")
            return at
    return None


def _body_start(lines: Sequence[str]) -> int:
    """The first line that is no `^…<` or `^…=` line about the text; where all begin with `^`, the sixth that no rule knows."""
    unknown = 0
    for at, line in enumerate(lines):
        if not line.strip():
            continue
        if not line.startswith("^") or (_is_row(line) and at + 1 < len(lines) and _is_row(lines[at + 1])):
            return at
        unknown += not any(pattern.match(_bare(line)) for _, pattern, _ in HEADER_RULES)
        if unknown > UNKNOWN_HEADER_LINES_MAX or at >= HEADER_LINES_MAX:
            return at
    return len(lines)


def _bare(line: str) -> str:
    return telegraph.clean(line).strip().lstrip("^").rstrip("<").strip()


def _read_header_line(line: str, copy: _Copy) -> None:
    line = _bare(line)
    if not line:
        return
    if not copy.slug_line and not copy.headline and SLUG.match(line):
        copy.slug_line = line
        return
    rule = next((rule for rule, pattern, _ in HEADER_RULES if pattern.match(line)), "")
    value = _marked(line.rstrip("= "), copy)
    if rule:
        copy.rules.append(rule)
    if rule in ("anpa.ed_note", "anpa.photo_line"):
        copy.ed_notes.append(value)
    elif rule == "anpa.embargo":
        copy.embargo = value
    elif rule == "anpa.byline":
        copy.byline = value
    elif rule == "anpa.byline_title" and copy.byline:
        copy.title = value
    elif not copy.headline:
        copy.headline = value
    else:
        copy.summary = f"{copy.summary} {value}".strip()


def _blocks(lines: Sequence[str], *, is_tabular: bool) -> list[list[str]]:
    """Paragraphs: an indent or `^` begins one, an empty line ends one; the rows of a table stay together."""
    found: list[list[str]] = []
    was_row = is_open = False
    for line in lines:
        if not line.strip("^<= \t"):
            is_open = False
            continue
        is_row = is_tabular or _is_row(line)
        begins = is_row != was_row if is_row or was_row else telegraph.is_start(line) or line.startswith("^")
        if begins or not is_open:
            found.append([])
        found[-1].append(line)
        is_open, was_row = is_row or not line.endswith("<"), is_row
    return found


def _is_row(line: str) -> bool:
    return line.count(";") >= TABLE_FIELDS_MIN


def _block(lines: list[str], copy: _Copy, *, is_tabular: bool) -> _Block:
    if is_tabular or (len(lines) >= TABLE_LINES_MIN and _is_row(lines[0])):
        copy.rules.append("anpa.agate_table")
        text = "\n".join(telegraph.clean(line).strip("\t ").lstrip("^").rstrip("<= ") for line in lines)
        return _Block(text, f"<pre>{escape(text, quote=False)}</pre>")
    text = _marked(telegraph.joined(line.strip().lstrip("^").rstrip("<=") for line in lines), copy)
    return _Block(text, f"<p>{escape(text, quote=False)}</p>")


def _marked(text: str, copy: _Copy) -> str:
    for rule, pattern, mark, _ in MARK_RULES:
        text, count = pattern.subn(mark, text)
        if count:
            copy.rules.append(rule)
    return text


def _version(slug_line: str) -> tuple[str, str]:
    """`BC-BKN--Heat-Hawks, 1st Ld-Writethru,416` → ("1st Ld-Writethru", "BC-BKN--Heat-Hawks")."""
    slug, *more = [part.strip() for part in slug_line.split(",")]
    words = [part for part in more if part and not part.isdigit()]
    if not more and (found := VERSION.search(slug)):
        return found[0].strip(), slug[: found.start()].strip()
    return ", ".join(words), slug
