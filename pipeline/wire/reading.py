"""What has been read of a text so far: cuts, names, photos, notes. Filled by front.py and tails.py, summed up by furniture.py."""

from msgspec import Struct, field
from msgspec.structs import replace

from pipeline.article import Author, CreditEvidence, Dateline
from pipeline.wire.captions import Photo, read_photo
from pipeline.wire.cuts import Cut, Span
from pipeline.wire.furniture_rules import Kind, Zone, note_rule
from pipeline.wire.signoff import Signoff

PHOTOS_MAX = 50
PHOTO_MARKS = (
    "REUTERS",
    "AP Photo",
    "Getty",
    "AFP",
    "Foto:",
    "Photo",
    "Bild:",
    "©",
    "(c)",
    "FILE",
    "File ",
    "Picture",
    "ARCHIV",
    "/",
)
ALL_ZONES: tuple[Zone, ...] = ("tail", "edge", "any")


class Reading(Struct):
    """What has been read so far; `byline`, `signoff` and `photos` become the authors."""

    raw: str
    headline_key: str = ""
    published: str = ""
    language: str = ""
    house: frozenset[str] = frozenset()
    cuts: list[Cut] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    byline: list[Author] = field(default_factory=list)
    signoffs: list[Signoff] = field(default_factory=list)
    photos: list[Photo] = field(default_factory=list)
    evidence: list[CreditEvidence] = field(default_factory=list)
    ed_notes: list[str] = field(default_factory=list)
    corrections: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)
    dateline: Dateline | None = None
    located: str = ""
    remark: str = ""

    def cut(self, start: int, end: int, rule: str) -> None:
        """Takes a range out of the report."""
        self.cuts.append(Cut(start, end, rule))
        self.rules.append(rule)

    def note(self, note: str, kind: Kind) -> None:
        """Keeps a note where it belongs."""
        (self.corrections if kind == "correction" else self.ed_notes).append(note)


def find_photo(text: str) -> Photo | None:
    """The photo block at the beginning of a text; the cheap look comes first."""
    return read_photo(text) if any(mark in text for mark in PHOTO_MARKS) else None


def keep_photo(reading: Reading, photo: Photo, start: int) -> None:
    """Cuts a photo block; a credit in a block of its own belongs to the caption before it."""
    last = reading.photos[-1] if reading.photos else None
    is_adjacent = bool(reading.rules) and reading.rules[-1].startswith("caption.")
    if last and is_adjacent and not photo.caption and not last.photographer and last.caption:
        reading.photos[-1] = replace(last, credit=photo.credit, photographer=photo.photographer)
    elif (photo.caption or photo.photographer) and len(reading.photos) < PHOTOS_MAX:
        reading.photos.append(photo)
    reading.evidence.extend(photo.evidence)
    reading.cut(start, start + photo.end, photo.rules[0])
    reading.rules.extend(photo.rules[1:])


def keep_lone(reading: Reading, span: Span, rule: str, text: str) -> None:
    """Cuts a line that belongs to a photo without being one."""
    if rule == "caption.photo_numbers":
        reading.ed_notes.append(text.strip("() "))
        reading.evidence.append(CreditEvidence(kind="photo_credit", text="AP Photo"))
    elif rule == "caption.picture_taken" and reading.photos and reading.rules[-1].startswith("caption."):
        last = reading.photos[-1]
        reading.photos[-1] = replace(last, caption=f"{last.caption} {text}".strip())
    reading.cut(span.start, span.end, rule)


def take_note(reading: Reading, span: Span, text: str, zones: tuple[Zone, ...]) -> bool:
    """Cuts a line that is a note to editors or a correction."""
    rule, kind, note = note_rule(text, zones)
    if rule:
        reading.note(note, kind)
        reading.cut(span.start, span.end, rule)
    return bool(rule)
