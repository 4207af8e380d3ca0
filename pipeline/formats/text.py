"""Plain text in the shape wires and republishers give it: headline, caption, byline, dateline, paragraphs.

What is not the report goes, one rule at a time, each with an id in the article's provenance. The full grammar of wires comes
with `wire/`; this reads the common shape and leaves everything else in the body.
"""

import re

from msgspec import Struct, field

from pipeline.formats.parsed import Parsed
from pipeline.poll.charset import to_utf8
from pipeline.poll.guard import Refusal
from pipeline.records import RawItem, Reject
from pipeline.wire.byline import persons
from pipeline.wire.dateline import read_dateline
from pipeline.wire.headline import clean_headline
from pipeline.wire.plain import folded, one_line, paragraphs

HEADLINE_CHARS_MAX = 300  # the longest wire headlines have 150; a longer first block is the text itself
BYLINE_CHARS_MAX = 160
LEADING_BLOCKS = 6  # headline twice, caption, credit, byline, and one to spare

CAPTION = re.compile(
    r"^(?:\d+/\d+\s*)?(?:©|\(c\)|FILE PHOTO\b)|\bREUTERS/\S|\((?:AP|AFP|dpa) (?:Photo|Foto)|via Getty Images|\bPicture taken\b"
)
BYLINE = re.compile(r"By\s+\S.*[^.!?…\"”]")


def parse(item: RawItem) -> Parsed | Reject:
    """The parts of one plain text; the byte order mark, the charset and the line ends are put right first."""
    decoded = to_utf8(item.value, item.charset)
    if isinstance(decoded, Refusal):
        return Reject(decoded.reason, decoded.detail)
    blocks = paragraphs(decoded.document.decode("utf-8", "replace").replace("\f", "\n\n")).split("\n\n")
    if len(blocks) == 1:
        blocks = blocks[0].split("\n")  # no blank line anywhere: each line is a paragraph
    blocks = [one_line(block) for block in blocks]
    if not blocks[0]:
        return Parsed(charset=decoded.evidence, problems=decoded.problems)
    headline = blocks.pop(0) if len(blocks[0]) <= HEADLINE_CHARS_MAX else ""
    copy = _without_furniture(headline, blocks)
    return Parsed(
        headline=headline,
        body_text="\n\n".join(copy.blocks),
        authors=copy.authors,
        author_evidence="byline",
        located=copy.located,
        charset=decoded.evidence,
        rules=tuple(copy.rules),
        problems=decoded.problems,
    )


class _Copy(Struct):
    blocks: list[str]
    authors: tuple[str, ...] = ()
    located: str = ""
    rules: list[str] = field(default_factory=list)


def _without_furniture(headline: str, blocks: list[str]) -> _Copy:
    """Takes the blocks before the report away while a rule knows them, then the dateline."""
    copy = _Copy(blocks)
    key = clean_headline(headline).key
    for _ in range(LEADING_BLOCKS):
        if not copy.blocks:
            break
        block = copy.blocks[0]
        if key and folded(clean_headline(block).value) == key:
            copy.rules.append("headline.doubled")
        elif CAPTION.search(block):
            copy.rules.append("caption.leading_block")
        elif not copy.authors and len(block) <= BYLINE_CHARS_MAX and BYLINE.fullmatch(block):
            copy.authors = persons(block)
            copy.rules.append("byline.leading_block")
        else:
            break
        copy.blocks = copy.blocks[1:]
    if copy.blocks and (dateline := read_dateline(copy.blocks[0])):
        copy.located = dateline.located
        copy.rules.extend(dateline.rules)
        copy.blocks[0] = copy.blocks[0][dateline.end :]
    return copy
