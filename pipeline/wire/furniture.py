"""Parts a wire text into the report and everything around it: captions, byline, notes, dateline, sign-off, end matter.

What goes is kept as data, and `body_map` says which range went by which rule; what no rule knows stays in the text. The rules are
the tables of furniture_rules.py, byline.py, captions.py and signoff.py. Pure, never raises, linear in the length of the text.
"""

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Association, Author, CreditEvidence, Dateline
from pipeline.wire import captions
from pipeline.wire.cuts import Span, blocks, without
from pipeline.wire.front import take_dateline, take_front, take_private
from pipeline.wire.headline import clean_headline
from pipeline.wire.plain import folded
from pipeline.wire.reading import Reading
from pipeline.wire.tails import take_middle, take_tail

AUTHORS_MAX = 40  # the largest team reports name 20


class Copy(Struct, frozen=True, kw_only=True):
    """A report, and what stood around it.

    `text` is `raw` without the ranges of `body_map` (start, end, rule id), exactly; they are sorted and do not overlap.
    `dateline` counts in `raw`; `located` is the same as printed, without the date; `remark` stood between dateline and lede.
    `authors` in the order byline, sign-off, captions. `ed_notes` and `correction_notes` exclude each other.
    `not_for_publication` must never reach a reader; the names of authors in it are in `authors`, nothing else of it is anywhere.
    """

    text: str
    body_map: tuple[tuple[int, int, str], ...] = ()
    dateline: Dateline | None = None
    located: str = ""
    remark: str = ""
    authors: tuple[Author, ...] = ()
    associations: tuple[Association, ...] = ()
    evidence: tuple[CreditEvidence, ...] = ()
    ed_notes: tuple[str, ...] = ()
    correction_notes: tuple[str, ...] = ()
    not_for_publication: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


def read_copy(
    raw: str,
    *,
    headline: str = "",
    published: str = "",
    language: str = "",
    dateline: str = "",
    house: frozenset[str] = frozenset(),
) -> Copy:
    """`raw` is paragraphs separated by a blank line; `headline` the raw one, `published` RFC 3339, `language` BCP 47.

    `dateline` is the source's own field, which the text may open with once more: then it is cut like any other. `house` are the
    source's own names (house.py).
    Where nothing of a report would remain, the text stays: a note if there is one, else all of it but the private part.
    """
    reading = Reading(raw, clean_headline(headline).key if headline else "", published, language, house)
    spans = blocks(raw, 0, take_private(reading))
    at, first = take_front(reading, spans)
    rest = (
        ([Span(first, spans[at].end), *spans[at + 1 :]] if first < spans[at].end else spans[at + 1 :]) if at < len(spans) else []
    )
    rest = take_dateline(reading, rest, dateline)
    rest = take_tail(reading, rest)
    take_middle(reading, rest)
    return _copy(reading)


def _copy(reading: Reading) -> Copy:
    text, body_map = _text(reading)
    associations: dict[str, Association] = {}
    for photo in reading.photos:
        made = captions.association(photo, len(associations) + 1)
        associations.setdefault(made.uri, made)
    return Copy(
        text=text,
        body_map=body_map,
        dateline=reading.dateline,
        located=reading.located,
        remark=reading.remark,
        authors=_authors(reading),
        associations=tuple(associations.values()),
        evidence=tuple(dict.fromkeys(reading.evidence)),
        ed_notes=tuple(dict.fromkeys(note for note in reading.ed_notes if note)),
        correction_notes=tuple(dict.fromkeys(note for note in reading.corrections if note)),
        not_for_publication=tuple(reading.private),
        rules=tuple(dict.fromkeys(reading.rules)),
    )


def _text(reading: Reading) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    text, body_map = without(reading.raw, reading.cuts)
    if text.strip() or not reading.cuts:
        return text, body_map
    for kinds in (("correction.", "note."), ("",)):
        cuts = [cut for cut in reading.cuts if cut.rule.startswith("private.") or not cut.rule.startswith(kinds)]
        text, body_map = without(reading.raw, cuts)
        if text.strip():
            reading.rules.append("furniture.text_kept")
            return text, body_map
    return text, body_map


def _authors(reading: Reading) -> tuple[Author, ...]:
    """Each person once in each role; places come from wherever they are printed."""
    signed = [author for signoff in reading.signoffs for author in signoff.authors]
    filed = {person.name.casefold(): person.place for signoff in reading.signoffs for person in signoff.filed_from}
    places = {folded(author.name): author.place for author in reversed(signed) if author.place and author.role == "reporter"}
    found: dict[tuple[str, str], Author] = {}
    taken = [author for photo in reading.photos for author in captions.photographer(photo)]
    for author in (*reading.byline, *signed, *taken)[: 4 * AUTHORS_MAX]:
        name = folded(author.name)
        if not author.place and author.role == "reporter":
            author = replace(author, place=places.get(name) or filed.get(name) or filed.get(name.rpartition(" ")[2], ""))
        found.setdefault((name, author.role), author)
    return tuple(found.values())[:AUTHORS_MAX]
