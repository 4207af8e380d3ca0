"""The dateline at the start of a report: `KHARKIV, Ukraine (Reuters) -`. Only the commonest form yet: capitals and source."""

import re

from msgspec import Struct

SEARCH_CHARS_MAX = 160  # the longest real one has about 80 characters
FORM = re.compile(
    r"(?P<located>[A-Z][A-Z.'’\- ]{1,40}(?:/[A-Z][A-Z.'’\- ]{1,40}){0,2}"
    r"(?:, (?!(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))[A-Z][A-Za-z.'’ ]{1,30})?)"
    r"(?:, [A-Z][a-z]{2,8}\.? \d{1,2})? \((?P<source>[A-Za-z][\w./ \-]{1,40})\)\s?(?P<separator>--|[-–—_])(?P<space>\s*)"
)


class Dateline(Struct, frozen=True):
    """`located` as printed, `source` as in brackets, `end` where the report begins, `rules` that fired."""

    located: str
    source: str
    end: int
    rules: tuple[str, ...]


def read_dateline(text: str) -> Dateline | None:
    """The dateline that `text` begins with, if it does."""
    found = FORM.match(text[:SEARCH_CHARS_MAX])
    if not found or found.end() == len(text):
        return None
    rules = ("dateline.place_source",) if found["space"] else ("dateline.place_source", "dateline.no_space_after_dash")
    return Dateline(found["located"], found["source"], found.end(), rules)
