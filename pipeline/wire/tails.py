"""What stands after a report and between its paragraphs: sign-off, end matter, photos, currency lines."""

import re
from collections.abc import Sequence
from typing import Literal

from pipeline.article import CreditEvidence
from pipeline.wire import captions
from pipeline.wire.agencies import AGENCY
from pipeline.wire.captions import read_photo
from pipeline.wire.cuts import Span, flat, trimmed
from pipeline.wire.furniture_rules import IN_THE_MIDDLE, Zone, tail_rule
from pipeline.wire.reading import ALL_ZONES, PHOTO_MARKS, Reading, keep_lone, keep_photo, take_note
from pipeline.wire.signoff import SIGNOFF_CHARS_MAX, read_contributed, read_signoff

TAIL_PIECES_MAX = 40  # sign-off, contacts, corrections and notices of a long AP report are 12
SIGNOFF_AT_END = re.compile(
    (
        r"\((?:additional |further )?(?:report|writ|edit|compil|bericht|redigiert|mitarbeit|redac|"
        r"informaci|escrito|reportage|rédigé|édit|reportagem)"
    ),
    re.IGNORECASE,
)
COPYRIGHT = frozenset({"tail.copyright", "tail.dpa_notice"})
EVIDENT = COPYRIGHT | {"tail.agency_mark", "tail.with_inputs"}  # end matter that names the agency
NAMED_AGENCY = re.compile(rf"\b{AGENCY}\b")
EVIDENCE_CHARS_MAX = 120  # a longer line is cited by the name in it


def take_tail(reading: Reading, rest: list[Span]) -> list[Span]:
    """Takes end matter away from the end on, until a paragraph or line is none; gives the paragraphs that stay."""
    spans = list(rest)
    for _ in range(TAIL_PIECES_MAX):
        if not spans:
            break
        span = spans[-1]
        last = _last_line(reading.raw, span)
        start = next((piece.start for piece in (span, last) if _take_end(reading, piece)), -1)
        if start < 0 and (start := _glued_end(reading, span)) < 0:
            break
        spans.pop()
        left = trimmed(reading.raw, span.start, start)
        if left.start < left.end:
            spans.append(left)
    return spans


def _last_line(raw: str, span: Span) -> Span:
    return trimmed(raw, max(span.start, raw.rfind("\n", span.start, span.end) + 1), span.end)


def _take_end(reading: Reading, span: Span) -> bool:
    if span.end - span.start > SIGNOFF_CHARS_MAX:
        return False
    text = flat(reading.raw, span.start, span.end)
    return (
        _take_signoff(reading, span, text)
        or _take_tail(reading, span, text, ALL_ZONES)
        or take_note(reading, span, text, ALL_ZONES)
    )


def _take_signoff(reading: Reading, span: Span, text: str) -> bool:
    found = read_signoff(text) or read_contributed(text)
    if found:
        reading.signoffs.append(found)
        reading.cut(span.start, span.end, found.rules[0])
        reading.rules.extend(found.rules[1:])
    return found is not None


def _take_tail(reading: Reading, span: Span, text: str, zones: tuple[Zone, ...]) -> bool:
    if rule := tail_rule(text, zones):
        if rule in EVIDENT and (agency := NAMED_AGENCY.search(text)):
            kind: Literal["copyright_line", "body"] = "copyright_line" if rule in COPYRIGHT else "body"
            reading.evidence.append(CreditEvidence(kind=kind, text=text if len(text) <= EVIDENCE_CHARS_MAX else agency[0]))
        reading.cut(span.start, span.end, rule)
        return True
    if "tail" in zones and (rule := captions.lone_rule(text)):
        keep_lone(reading, span, rule, text)
        return True
    return False


def _glued_end(reading: Reading, span: Span) -> int:
    """A bracket at the end of a paragraph that is a sign-off or a currency line; where it begins, or -1."""
    if not reading.raw.endswith((")", ").", "]"), span.start, span.end):
        return -1
    window = max(span.start, span.end - SIGNOFF_CHARS_MAX)
    text = flat(reading.raw, window, span.end)
    starts = [found.start() for found in SIGNOFF_AT_END.finditer(text)][:4]
    if (last := text.rfind("(")) >= 0 and text[last + 1 : last + 14].strip()[:1] in "$€£¥123456789":
        starts.append(last)
    for start in starts:
        piece = Span(window + start, span.end)
        if piece.start > span.start and (
            _take_signoff(reading, piece, text[start:]) or _take_tail(reading, piece, text[start:], ("any",))
        ):
            return piece.start
    return -1


def take_middle(reading: Reading, rest: Sequence[Span]) -> None:
    """Cuts photos, sign-offs and currency lines wherever they stand as paragraphs of their own."""
    marks = [mark for mark in PHOTO_MARKS if mark in reading.raw]
    for span in rest:
        size = span.end - span.start
        opening = reading.raw[span.start]
        if marks and size <= captions.CAPTION_CHARS_MAX:
            text = flat(reading.raw, span.start, span.end)
            photo = read_photo(text) if any(mark in text for mark in marks) else None
            if photo and photo.end == size:
                keep_photo(reading, photo, span.start)
                continue
        if size <= SIGNOFF_CHARS_MAX and opening in "(ROT[" and (IN_THE_MIDDLE.match(reading.raw, span.start) or opening in "(["):
            text = flat(reading.raw, span.start, span.end)
            _take_signoff(reading, span, text) or _take_tail(reading, span, text, ("any",))
