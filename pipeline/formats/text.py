"""Plain text: a headline and the paragraphs under it. What of them is not the report is for `wire/` to say."""

from pipeline.formats.parsed import Parsed
from pipeline.poll.charset import to_utf8
from pipeline.poll.guard import Refusal
from pipeline.records import RawItem, Reject
from pipeline.wire.plain import one_line, paragraphs

HEADLINE_CHARS_MAX = 300  # the longest wire headlines have 150; a longer first block is the text itself


def parse(item: RawItem) -> Parsed | Reject:
    """The parts of one plain text; the byte order mark, the charset and the line ends are put right first."""
    decoded = to_utf8(item.value, item.charset)
    if isinstance(decoded, Refusal):
        return Reject(decoded.reason, decoded.detail)
    blocks = paragraphs(decoded.document.decode("utf-8", "replace").replace("\f", "\n\n")).split("\n\n")
    if len(blocks) == 1:
        blocks = blocks[0].split("\n")  # no blank line anywhere: each line is a paragraph
    blocks = [one_line(block) for block in blocks]
    headline = blocks.pop(0) if len(blocks[0]) <= HEADLINE_CHARS_MAX else ""
    return Parsed(headline=headline, body_text="\n\n".join(blocks), charset=decoded.evidence, problems=decoded.problems)
