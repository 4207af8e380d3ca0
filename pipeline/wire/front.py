"""What stands before a report: its headline again, photos, byline, notes, dateline. And the part for editors only, after it."""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from pipeline.wire import captions
from pipeline.wire.agencies import AGENCY
from pipeline.wire.byline import is_title_line, read_byline, title_evidence
from pipeline.wire.cuts import Span, blocks, flat, lines, trimmed
from pipeline.wire.dateline import SEARCH_CHARS, Found, read_dateline, read_dateline_field
from pipeline.wire.furniture_rules import CORRECTION, LINE_CHARS_MAX, PRIVATE_MARKS, note_rule, private_rule
from pipeline.wire.headline import clean_headline
from pipeline.wire.plain import folded
from pipeline.wire.reading import Reading, find_photo, keep_lone, keep_photo, take_note
from pipeline.wire.signoff import SIGNOFF_CHARS_MAX, read_signoff

FRONT_PIECES_MAX = 40  # a carousel of 15 photos, each with a line for its credit, byline and notes
UNKNOWN_MAX = 3  # paragraphs that no rule knows before the byline or the dateline: summary, key points
HEADLINE_CHARS_MAX = 400  # the longest wire headlines have 150, doubled with a suffix twice as many
GLUED_CHARS_MAX = 400  # a byline of three names, a dateline and the first words after it
PRIVATE_LINES_MAX = 60  # lines for editors that are read for names

GLUED_BYLINE = re.compile(rf"(?P<names>(?:By|BY|Von|Par|Por) [^()\n]{{3,160}}?)\s?\({AGENCY}(?:/{AGENCY})?\)\s?(?:[-–—_]|$)")


def take_front(reading: Reading, spans: Sequence[Span]) -> tuple[int, int]:
    """Takes away what stands before the report; gives the first block that stays, and where in it the report begins."""
    at, start = 0, spans[0].start if spans else 0
    for _ in range(FRONT_PIECES_MAX):
        if at == len(spans):
            break
        end = _take_piece(reading, Span(start, spans[at].end), has_headline=True)
        if end < 0:
            break
        piece = trimmed(reading.raw, end, spans[at].end)
        if piece.start < piece.end:
            start = piece.start
        else:
            at += 1
            start = spans[at].start if at < len(spans) else end
    return at, start


def _take_piece(reading: Reading, span: Span, *, has_headline: bool) -> int:
    """Cuts the piece of furniture at the beginning of a block; where it ends, or -1."""
    text = flat(reading.raw, span.start, min(span.end, span.start + captions.CAPTION_CHARS_MAX + 1))
    size = span.end - span.start
    if size <= LINE_CHARS_MAX and _take_line(reading, span, text, has_headline=has_headline):
        return span.end
    if photo := find_photo(text):
        keep_photo(reading, photo, span.start)
        return span.start + photo.end
    if (glued := GLUED_BYLINE.match(text)) and (end := _take_glued(reading, span, text, glued)):
        return end
    line = next(lines(reading.raw, span), span)
    if line.end < span.end and line.end - line.start <= LINE_CHARS_MAX:
        text = flat(reading.raw, line.start, line.end)
        if _take_line(reading, line, text, has_headline=has_headline):
            return line.end
    return -1


def _take_line(reading: Reading, span: Span, text: str, *, has_headline: bool) -> bool:
    """A paragraph or line that is one piece of furniture as a whole."""
    if has_headline and reading.headline_key and len(text) <= HEADLINE_CHARS_MAX and _is_headline(text, reading.headline_key):
        reading.cut(span.start, span.end, "headline.doubled")
        return True
    if byline := read_byline(text, reading.language):
        reading.byline.extend(byline.authors)
        reading.evidence.extend(byline.evidence)
        reading.cut(span.start, span.end, byline.rule)
        return True
    if reading.rules and reading.rules[-1].startswith("byline.") and is_title_line(text):
        reading.evidence.extend(title_evidence(text))
        reading.cut(span.start, span.end, "byline.title_line")
        return True
    if rule := captions.lone_rule(text):
        keep_lone(reading, span, rule, text)
        return True
    return take_note(reading, span, text, ("edge", "any"))


def _is_headline(text: str, key: str) -> bool:
    return folded(text[:8])[:3] in key and clean_headline(text).key == key


def _take_glued(reading: Reading, span: Span, text: str, glued: re.Match[str]) -> int:
    """`By Mara Lindqvist (Reuters) - …` and `By Mara Lindqvist OSLO (Reuters) - …`: the names end where the dateline begins."""
    end = len(glued["names"])
    if found := read_dateline(text[:GLUED_CHARS_MAX]):
        end = min(end, found.dateline.start) or end
    byline = read_byline(text[:end], reading.language)
    if byline is None and (found := read_dateline(text[end:GLUED_CHARS_MAX])) is None:
        return 0
    if byline is None:
        return 0
    reading.byline.extend(byline.authors)
    reading.evidence.extend(byline.evidence)
    reading.cut(span.start, span.start + len(text[:end].rstrip()), byline.rule)
    return span.start + end


def take_dateline(reading: Reading, rest: list[Span], field: str = "") -> list[Span]:
    """Cuts the dateline and the remark after it, and the byline and captions between the first block and them.

    `field` is a dateline that the source states beside the text.
    """
    if not rest:
        return rest
    start = rest[0].start
    text = reading.raw[start : min(rest[-1].end, start + 2 * SEARCH_CHARS)]
    found = read_dateline(text, published=reading.published, house=reading.house) or _stated_dateline(
        text, field.strip(), reading.published
    )
    begin = start + found.dateline.start if found else rest[-1].end
    kept: list[Span] = []
    after: list[Span] = []
    for count, span in enumerate(rest):
        if span.end > begin or (found is None and count > UNKNOWN_MAX):
            after = rest[count:]
            break
        if count == 0 or _take_piece(reading, span, has_headline=True) < 0:
            kept.append(span)
    if found is None:
        return kept + after
    lede = start + found.lede_start
    remark_start = start + found.remark_start
    reading.dateline = replace(found.dateline, start=begin, end=start + found.dateline.end)
    reading.located, reading.remark = found.located, found.remark
    reading.cut(begin, min(lede, remark_start) if found.remark else lede, found.rules[0])
    reading.rules.extend(found.rules[1:])
    if found.remark:
        is_correction = CORRECTION.search(found.remark) is not None
        reading.note(_bare(found.remark), "correction" if is_correction else "note")
        reading.cut(remark_start, start + found.remark_end, "correction.remark" if is_correction else "note.remark")
    return kept + _from(reading.raw, after, max(lede, begin))


def _stated_dateline(text: str, field: str, published: str) -> Found | None:
    """The field's dateline where the text opens with it too: what follows it need not look like the beginning of a report."""
    if not field or flat(text, 0, len(field)) != flat(field, 0, len(field)):
        return None
    found = read_dateline_field(field, published=published, within="body_raw")
    if found is None or not (found.dateline.sources or found.dateline.separator):  # a bare place may be a sentence's first word
        return None
    end = found.dateline.end
    lede_start = end + len(text[end:]) - len(text[end:].lstrip())
    return replace(found, dateline=replace(found.dateline, text=text[found.dateline.start : end]), lede_start=lede_start)


def _bare(note: str) -> str:
    return note[1:-1].strip() if note[:1] == "(" and note[-1:] == ")" else note.strip()


def _from(raw: str, spans: Sequence[Span], start: int) -> list[Span]:
    """The spans from `start` on."""
    found = (trimmed(raw, max(span.start, start), span.end) for span in spans if span.end > start)
    return [span for span in found if span.start < span.end]


# ── for editors only ─────────────────────────────────────────────────────────────────────────────────────────────────


def take_private(reading: Reading) -> int:
    """Cuts the part that is not for publication, to the end of the text, and gives the end of what is."""
    raw = reading.raw
    lower = raw.lower()
    if len(lower) != len(raw) or not any(mark in lower for mark in PRIVATE_MARKS):
        lower = raw if len(lower) != len(raw) else ""
    position = 0
    while lower and position < len(raw):
        end = raw.find("\n", position)
        end = len(raw) if end < 0 else end
        if end - position <= LINE_CHARS_MAX and (rule := private_rule(raw[position:end].strip())):
            span = trimmed(raw, position, len(raw))
            reading.cut(span.start, span.end, rule)
            reading.private.append(raw[span.start : span.end])
            _private_names(reading, span)
            return _notebook(reading, span.start)
        position = end + 1
    return _notebook(reading, len(raw))


def _private_names(reading: Reading, span: Span) -> None:
    """Who reported and edited, from the contacts; nothing but names, roles and cities."""
    for count, line in enumerate(lines(reading.raw, span)):
        if count == PRIVATE_LINES_MAX:
            return
        if line.end - line.start <= SIGNOFF_CHARS_MAX and (found := read_signoff(flat(reading.raw, line.start, line.end))):
            reading.signoffs.append(found)
            reading.rules.extend(found.rules)


def _notebook(reading: Reading, end: int) -> int:
    """Cuts the notes to editors after the heading `# Notizblock`, which can be published, but are no report."""
    for heading in ("Notizblock", "Notebook"):
        at = reading.raw.rfind(f"{heading}\n", 0, end)
        start = reading.raw.rfind("\n", 0, at) + 1 if at >= 0 else 0
        if at < 0 or at - start > 4 or note_rule(reading.raw[start : at + len(heading)].strip(), ("any",))[0] != "note.notebook":
            continue
        span = trimmed(reading.raw, start, end)
        reading.cut(span.start, span.end, "note.notebook")
        reading.ed_notes.extend(
            reading.raw[part.start : part.end].lstrip("#* ") for part in blocks(reading.raw, at + len(heading), end)
        )
        return span.start
    return end
