"""Photo blocks in a text: `© Reuters. Firefighters at work in Oslo. REUTERS/Mara Lindqvist`. Caption, credit, photographer.

A block begins with a lead (copyright sign, counter, FILE PHOTO) or ends with a credit, or both. Where republishers glue a byline
or the dateline to it, the block ends before that. Pure text in; where the blocks stand in a body is furniture.py's business.
"""

import re

from msgspec import Struct
from xxhash import xxh3_128_hexdigest

from pipeline.article import Association, Author, CreditEvidence, InfoSource, Text
from pipeline.wire.agencies import AGENCY, lookup
from pipeline.wire.byline import reads_as_name
from pipeline.wire.plain import folded

CAPTION_CHARS_MAX = 1_500  # captions with a mandatory credit and its terms have up to 900 characters
GLUED_CHARS_MAX = 170  # a byline of three names, a dateline and its source

COUNTER = r"(?:\[?\d{1,2}/\d{1,2}\]?|\[\d{1,2} of \d{1,2}\])\s*"
LEADS = (
    (
        "caption.copyright_lead",
        rf"(?:{COUNTER})?(?P<sign>(?:©|\(c\))\s*(?:Provided by\s+)?(?P<holder>[^\W\d][^.©()/]{{1,38}}?)\s?\.(?=\s|$))\s*",
        "© Reuters. Firefighters at work in Oslo.",
    ),
    (
        "caption.file_photo_lead",
        (
            rf"(?:{COUNTER})?(?=(?:FILE (?:PHOTO|PICTURE|PIC)|File (?:photo|picture)|FILE|ARCHIV(?:FOTO|BILD)?|"
            rf"Archiv(?:foto|bild))\s?[:\-–—])"
        ),
        "FILE PHOTO: A mill in Oslo.",
    ),
    (
        "caption.sign_credit_lead",
        rf"(?:{COUNTER})?(?:©|\(c\))\s*(?=REUTERS/|AP Photo|AFP\b|Getty)",
        "© AP Photo/Mara Lindqvist A mill in Oslo.",
    ),
    ("caption.counter_lead", COUNTER + r"(?=[^\W\d_a-z])", "[1/3]A mill in Oslo. REUTERS/Mara Lindqvist"),
)
LEAD = tuple((rule, re.compile(pattern)) for rule, pattern, _ in LEADS)

WORD = r"(?:[^\W\d_]\.|[JS]r\.|St\.|[^\W\d_][\w'’-]{0,30})"
NAME = rf"{WORD}(?:\s{WORD}){{0,4}}"
NAME_WORDS_MAX = 5
PHOTO_AGENCY = (
    r"(?:AFP|AP|EPA(?:-EFE)?|EFE|Reuters|REUTERS|Getty Images|Xinhua|TASS|Yonhap|PA(?: Wire| Media)?|"
    r"dpa|ANSA|PTI|ANI|Kyodo|AAP|NTB|TT|Belga|ANP|Anadolu|SOPA Images|NurPhoto|Bloomberg|Pool)"
)
FILED = r"(?:\s?[/,]\s?(?:File(?: Photo)?|FILE(?: PHOTO)?|Pool|POOL|Handout|Archiv(?:bild)?))*"
CREDITS = (
    ("caption.credit_afp", rf"\(?AFP(?: PHOTO| Photo)?\s?/\s?(?P<n6>{NAME})\)?", "A mill in Oslo. AFP PHOTO / Mara Lindqvist"),
    (
        "caption.credit_ap",
        rf"\(AP Photo(?:/(?P<n1>[^()/,]{{3,60}}))?{FILED}\)|AP Photo/(?P<n2>{NAME})",
        "A mill in Oslo. (AP Photo/Mara Lindqvist)",
    ),
    (
        "caption.credit_foto",
        rf"\(?(?:Foto|Photo|Bild): ?(?P<n5>[^/():]{{3,50}}?)\s?/\s?(?P<a5>{PHOTO_AGENCY}(?:[-/][\w -]{{2,20}})?)\)?",
        "Die Mühle. Foto: Jutta Brandhorst/dpa",
    ),
    (
        "caption.credit_handout",
        r"(?P<h4>(?:(?<=\. )|^)[^.()]{2,60}?(?:/Handout)?\s(?:Handout )?via (?:REUTERS|AP|AFP))",
        "A mill in Oslo. Norland Navy/Handout via REUTERS",
    ),
    (
        "caption.credit_photo_by",
        (
            rf"\((?:Photo|Picture|Photograph|Image)s? (?:by|credit:) ?(?P<n7>[^/(),]{{3,50}}?)(?:\s?[/,]\s?|"
            rf"\sfor\s|\s)(?P<a7>{PHOTO_AGENCY})(?:\s?[/,]\s?{PHOTO_AGENCY})?(?: via Getty Images)?\)"
        ),
        "A mill in Oslo. (Photo by Mara Lindqvist / AFP)",
    ),
    ("caption.credit_reuters", rf"REUTERS\s?/\s?(?P<n0>{NAME})", "A mill in Oslo. REUTERS/Mara Lindqvist"),
    (
        "caption.credit_slash",
        rf"(?P<before>)\s?/\s?(?P<a8>{PHOTO_AGENCY})(?:\)\.?|\.?\s*$)",
        "A mill in Oslo. (Mara Lindqvist/Xinhua)",
    ),
    (
        "caption.credit_via_getty",
        rf"(?P<before>)\s?/\s?(?P<a3>{PHOTO_AGENCY} via Getty Images|Getty Images)\)?",
        "A mill in Oslo. Mara Lindqvist/AFP via Getty Images",
    ),
)
CREDIT = tuple((rule, re.compile(pattern)) for rule, pattern, _ in CREDITS)
# Cheap to look for: without one of these there is no credit.
CREDIT_MARK = re.compile(
    rf"REUTERS|AP Photo|Getty Images|AFP|(?:Foto|Photo|Bild):|\((?:Photo|Picture|Image)|/\s?{PHOTO_AGENCY}|via AP"
)
DATES = r"(?:[^\W\d_]{3,12}\.?,? )?(?:[^\W\d_]{3,9}\.? \d{1,2}|\d{1,2} [^\W\d_]{3,9}\.?)(?:,? \d{4})?"
PICTURE_TAKEN = re.compile(rf"(?:The )?(?:Picture|Photo|Image)s? (?:was |were )?taken (?:on |in )?{DATES}\.?")
LICENSING = re.compile(r"(?:Acquire|Purchase) Licensing Rights(?:, opens new tab)?\.?")
AFTER_CREDIT = re.compile(
    rf"{FILED}\.?(?:\s*{LICENSING.pattern}|\s*{PICTURE_TAKEN.pattern}|\s+(?:THIS IMAGE|ATTENTION EDITORS)[^\n]{{0,400}})*"
    r"(?:\s+\d{1,2}/\d{1,2}(?=\s*\Z))?\s*"
)
PHOTO_NUMBERS = re.compile(
    r"\(?(?:With )?AP Photos?(?:,? (?:and|AP) \w+)? (?:[A-Z]{2,6}\d{2,4}(?:-\d{2,4})?(?:,| and)?\s?)+\)?\.?"
)
LONE = (
    ("caption.counter", re.compile(r"\d{1,2}/\d{1,2}|\[\d{1,2}(?:/| of )\d{1,2}\]"), "2/3"),
    ("caption.licensing", LICENSING, "Acquire Licensing Rights"),
    ("caption.photo_numbers", PHOTO_NUMBERS, "AP Photo XNP101, XNP102"),
    ("caption.picture_taken", PICTURE_TAKEN, "Picture taken March 3, 2026."),
)
GLUE = re.compile(
    rf"\s(?:{COUNTER}(?=©|\(c\)|By\s|FILE)|(?=©\s?[^\W\d])|(?=(?:By|BY)\s[^\W\d_a-z][^()"
    rf"]{{3,{GLUED_CHARS_MAX}}}\({AGENCY}(?:/{AGENCY})?\)\s?[-–—_]))"
)
DATELINE_AHEAD = re.compile(
    rf"(?:[^\W\d_a-z][^()]{{0,80}})?\({AGENCY}(?:/{AGENCY})?\)\s?[-–—_]|(?:By|BY)\s[^\W\d_a-z]|©|{COUNTER}(?:©|By|FILE)"
)
NO_PERSON = frozenset({"stringer", "handout", "staff", "pool", "file", "file photo", "archive", "str"})


class Photo(Struct, frozen=True, kw_only=True):
    """One photo block, read up to `end` of the text it stands in. `credit` is the creditline, `photographer` a person or ""."""

    caption: str = ""
    credit: str = ""
    photographer: str = ""
    evidence: tuple[CreditEvidence, ...] = ()
    rules: tuple[str, ...] = ()
    end: int = 0


class _Credit(Struct, frozen=True):
    rule: str
    start: int
    end: int
    printed: str
    name: str
    photographer: str


def read_photo(text: str) -> Photo | None:
    """The photo block at the beginning of a text, which is one paragraph or several glued together; None where there is none."""
    window = text[:CAPTION_CHARS_MAX]
    lead, at = _lead(window)
    glue = GLUE.search(window, at)
    piece = window[: glue.start()] if glue else window
    past = glue.end() if glue else len(piece)
    credit = _credit(piece, at)
    if credit is None:
        is_cut = len(text) > CAPTION_CHARS_MAX and not glue
        return (
            None
            if lead in ("", "caption.counter_lead", "caption.sign_credit_lead") or is_cut
            else _photo(piece, lead, at, None, end=past)
        )
    after = AFTER_CREDIT.match(piece, credit.end)
    end = after.end() if after else credit.end
    rest = piece[end:]
    is_whole = not rest.strip() and (bool(glue) or len(text) <= CAPTION_CHARS_MAX)
    if (
        lead == "caption.sign_credit_lead" and not is_whole and not DATELINE_AHEAD.match(rest)
    ):  # the credit comes before the caption
        return _photo(piece, lead, at, credit, end=past) if len(text) <= CAPTION_CHARS_MAX or glue else None
    if not is_whole and not DATELINE_AHEAD.match(rest):
        return None
    return _photo(piece[:end], lead, at, credit, end=end if rest.strip() else past)


def lone_rule(text: str) -> str:
    """The rule for a line that belongs to a photo without being one: `Picture taken March 3.`, `AP Photo XNP101`; "" for none."""
    return next((rule for rule, pattern, _ in LONE if pattern.fullmatch(text)), "")


def association(photo: Photo, number: int) -> Association:
    """The photo as a part of the article; its uri is a function of what it shows."""
    digest = xxh3_128_hexdigest(folded(f"{photo.caption}\n{photo.credit}\n{photo.photographer}").encode("utf-8", "surrogatepass"))
    return Association(
        name=f"photo{number}",
        uri=f"urn:newswire:photo:{digest}",
        type="picture",
        by=photo.photographer,
        descriptions=(Text(role="caption", content_type="text/plain", value=photo.caption),) if photo.caption else (),
        info_sources=(InfoSource(name=photo.credit, role="creditline"),) if photo.credit else (),
    )


def photographer(photo: Photo) -> tuple[Author, ...]:
    """Who took it, as an author."""
    return (Author(name=photo.photographer, role="photographer", evidence="caption"),) if photo.photographer else ()


def _lead(window: str) -> tuple[str, int]:
    for rule, pattern in LEAD:
        if found := pattern.match(window):
            return rule, found.end()
    return "", 0


def _credit(piece: str, start: int) -> _Credit | None:
    """The last credit of the piece: captions can name an agency before."""
    if not CREDIT_MARK.search(piece, start):
        return None
    best: _Credit | None = None
    for rule, pattern in CREDIT:
        for found in pattern.finditer(piece, start):
            credit = _read_credit(rule, found, start)
            if credit and (best is None or ((credit.start, credit.end) > (best.start, best.end) and credit.start >= best.end)):
                best = credit
    return best


def _read_credit(rule: str, found: re.Match[str], start: int) -> _Credit | None:
    groups = {key[0]: value for key, value in found.groupdict().items() if value}
    if "h" in groups:
        printed = groups["h"].strip()
        return _Credit(rule, found.start(), found.end(), printed, printed, "")
    if "before" in found.re.groupindex:
        begin = _name_start(found.string, found.start(), start)
        name = found.string[begin : found.start()].strip()
        if not reads_as_name(name):
            return None
        begin -= found.string[:begin].endswith("(")
        return _Credit(rule, begin, found.end(), found.string[begin : found.end()].strip("(). "), groups["a"], name)
    printed, name = found[0].strip("() "), groups.get("n", "").strip()
    end = found.end()
    if name and not found[0].endswith(")"):
        shorter = _first_name(name)
        end -= len(name) - len(shorter)
        printed, name = printed[: len(printed) - (len(name) - len(shorter))].rstrip(" ."), shorter
    agency = groups.get("a") or {"caption.credit_reuters": "REUTERS", "caption.credit_ap": "AP"}.get(rule, "AFP")
    is_named = reads_as_name(name) and name.casefold() not in NO_PERSON
    return (
        None
        if rule == "caption.credit_foto" and not is_named
        else _Credit(rule, found.start(), end, printed, agency, name if is_named else "")
    )


def _name_start(text: str, end: int, start: int) -> int:
    """Where the name before `end` begins: at most five words, none of them before a full stop, a comma or a bracket."""
    begin = end
    for _ in range(NAME_WORDS_MAX):
        space = text.rfind(" ", max(start, begin - 32), max(begin - 1, start))
        word = text[space + 1 if space >= 0 else start : begin]
        bare = word.strip().lstrip("(")
        if (
            not bare
            or len(word) > 32
            or (bare[-1] in ".,;:)" and not re.fullmatch(WORD, bare))
            or not reads_as_name(f"X {bare} Y")
        ):
            break
        begin -= len(word) - (len(word) - len(word.lstrip("(")))
        if space < 0 or word.startswith("("):
            break
    return begin


def _first_name(name: str) -> str:
    """The name at the beginning of what follows `REUTERS/`: up to a dateline in capitals or a word that is no name's."""
    words = name.split()
    if not words:
        return name
    count = 1
    for word in words[1:]:
        is_place = len(word.strip(".,")) >= 3 and word.isupper() and not words[0].isupper()
        if is_place or word in KEYWORDS or not reads_as_name(f"X {word} Y"):
            break
        count += 1
    last = sum(1 for _ in words[:count]) - 1
    position = 0
    for word in words[: last + 1]:
        position = name.index(word, position) + len(word)
    return name[:position]


KEYWORDS = frozenset(
    ("By", "BY", "A", "An", "The", "In", "Acquire", "Purchase", "Picture", "File", "FILE", "Pool", "Handout", "THIS")
)


def _photo(piece: str, lead: str, at: int, credit: _Credit | None, *, end: int) -> Photo:
    sign = next((found for rule, pattern in LEAD if rule == lead and (found := pattern.match(piece))), None)
    holder = sign["holder"] if sign and lead == "caption.copyright_lead" else ""
    evidence = []
    if sign and holder and lookup(holder):
        evidence.append(CreditEvidence(kind="copyright_line", text=sign["sign"].strip()))
    if credit:
        evidence.append(CreditEvidence(kind="photo_credit", text=credit.printed))
    before, after = (piece[at : credit.start], piece[credit.end :]) if credit else (piece[at:], "")
    taken = PICTURE_TAKEN.search(after)
    tail = after.lstrip(" .,/") if lead == "caption.sign_credit_lead" else taken[0] if taken else ""
    caption = " ".join(f"{LICENSING.sub('', before).rstrip(' (,;–—-')} {tail}".split())
    return Photo(
        caption=caption.strip(),
        credit=credit.name if credit else holder,
        photographer=credit.photographer if credit else "",
        evidence=tuple(evidence),
        rules=tuple(rule for rule in (lead, credit.rule if credit else "") if rule),
        end=end,
    )


# (rule id, a block on which it fires), sorted; and paragraphs that are no photo block.
RULES = tuple(sorted((rule, example) for rule, _, example in (*LEADS, *CREDITS, *LONE)))
NOT_CAPTIONS = (
    "The photo agency Reuters/Nordpress was founded in 1998 and sold ten years later to a rival.",
    "A photo by Getty Images showed the mill in flames, the mayor said on Monday.",
    "1/3 of the mills are closed.",
    "The picture, taken March 3, shows the mill before the fire.",
    "AP Photo of the year goes to a mill.",
    "© 2026 Nordpress. All rights reserved.",
)
