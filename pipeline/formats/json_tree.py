"""JSON as it arrives: bounded, decoded, and read member by member without trust. Shared by the JSON formats; no format in here.

Nothing raises and nothing recurses on the input. A member of the wrong type reads as absent; what is wrong with a document is
said by `violations`, which compares it with a table of what the format allows.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, islice
from typing import Any

from msgspec import Struct

from pipeline import codec
from pipeline.poll.charset import to_utf8
from pipeline.poll.guard import Refusal
from pipeline.reasons import Reason
from pipeline.records import Reject
from pipeline.wire.plain import one_line

Tree = Mapping[str, Any]

DOCUMENT_BYTES_MAX = 10 << 20  # as in fetch; one wire message has up to 200 KB, its photos are links
DEPTH_MAX = 64  # the deepest real document (a photo's GeoJSON in an association) has 12 levels; the decoder gives up at 1,024
LIST_MAX = 500  # entries read of one list: an agency photo has up to 120 keywords, a dpa item up to 60 categories
PROBLEMS_MAX = 50  # violations listed of one document; one that has more is of another format
NAME_CHARS_MAX = 60  # of a member's name in a problem: the longest in any of these formats has 22 characters
DETAIL_CHARS_MAX = 500  # of a reject: half of what a dead letter's header holds
ITEMS_MAX = 10_000  # documents cut from one body, as many as XML feeds may have items
HEAD_BYTES_MAX = 256 << 10  # what is repeated in every piece, as in poll.slice
SLICED_BYTES_MAX = 64 << 20  # head times pieces, as in poll.slice
HEAD_TEXT_CHARS_MAX = 1_000  # of one text in a head that had to be cut down

STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
WIDE = (  # the zero bytes of an ASCII character in the wide charsets (RFC 4627, section 3)
    (re.compile(rb"\0\0\0[^\0]"), "utf-32-be"),
    (re.compile(rb"[^\0]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0[^\0]"), "utf-16-be"),
    (re.compile(rb"[^\0]\0"), "utf-16-le"),
)


class Document(Struct, frozen=True):
    """A decoded document; `charset` is the evidence where it was not UTF-8."""

    tree: Any
    charset: str = ""
    problems: tuple[str, ...] = ()


def decode(value: bytes, charset: str = "") -> Document | Reject:
    """JSON of any Unicode charset (RFC 8259 wants UTF-8), else of the declared one; with the position of what is wrong."""
    if len(value) > DOCUMENT_BYTES_MAX:
        return Reject(Reason.ITEM_TOO_LARGE, f"{len(value)} bytes, {DOCUMENT_BYTES_MAX} allowed")
    narrow = _utf8(value, charset)
    if isinstance(narrow, Reject):
        return narrow
    if is_too_deep(narrow.tree):
        return Reject(Reason.TOO_DEEP, f"more than {DEPTH_MAX} levels of brackets")
    try:
        return Document(codec.loads(narrow.tree), narrow.charset, narrow.problems)
    except codec.Undecodable as error:
        return Reject(Reason.BROKEN_JSON, str(error)[:DETAIL_CHARS_MAX])


def _utf8(value: bytes, charset: str) -> Document | Reject:
    """The bytes as UTF-8 (in `tree`), without a byte order mark."""
    if value.startswith(b"\xef\xbb\xbf"):
        return Document(value[3:], "utf-8 (byte order mark)", ("json.byte_order_mark",))
    if value[:4].count(0) and not value.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec_ = next((name for shape, name in WIDE if shape.match(value)), "utf-8")
        return Document(value.decode(codec_, "replace").encode("utf-8", "replace"), f"{codec_} (shape)", ("json.not_utf8",))
    try:
        value.decode()
    except UnicodeDecodeError:
        decoded = to_utf8(value, charset or None)
        if isinstance(decoded, Refusal):
            return Reject(decoded.reason, decoded.detail)
        return Document(decoded.document, decoded.evidence, ("json.not_utf8", *decoded.problems))
    return Document(value)


def is_too_deep(value: bytes) -> bool:
    """Whether brackets outside strings nest deeper than DEPTH_MAX. Linear: 0.5 s for 10 MiB of brackets, 20 µs for a message."""
    if value.count(b"{") + value.count(b"[") <= DEPTH_MAX:
        return False
    brackets = STRING.sub(b"", value).translate(STEPS, NOT_BRACKETS)
    return max(accumulate(memoryview(brackets).cast("b")), default=0) > DEPTH_MAX


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

NOTHING: Tree = {}


def text(tree: Tree, name: str) -> str:
    """A text as it stands."""
    value = tree.get(name)
    return value if isinstance(value, str) else ""


def as_text(value: object) -> str:
    """The text of a text or a number; "" for everything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def scalar(tree: Tree, name: str) -> str:
    """An id, a version, an urgency: sources write them as texts or as numbers."""
    return one_line(as_text(tree.get(name)))


def line(tree: Tree, name: str) -> str:
    """A text on one line."""
    return one_line(text(tree, name))


def first(tree: Tree, *names: str) -> str:
    """The first of several members that says something, on one line."""
    return next((found for name in names if (found := line(tree, name))), "")


def whole(tree: Tree, name: str) -> int | None:
    """A whole number that is not negative, however it is written."""
    value = tree.get(name)
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1 or not 0 <= value < 1 << 63:
        return None
    return int(value)


def node(tree: Tree, name: str) -> Tree:
    """An object, empty when there is none."""
    value = tree.get(name)
    return value if isinstance(value, dict) else NOTHING


def nodes(tree: Tree, name: str) -> list[Tree]:
    """The objects of a list; the first LIST_MAX entries are looked at. A single object counts as a list of one."""
    value = tree.get(name)
    if isinstance(value, dict):
        return [value]
    return [entry for entry in value[:LIST_MAX] if isinstance(entry, dict)] if isinstance(value, list) else []


def named(tree: Tree, name: str) -> list[tuple[str, Any]]:
    """The members of an object that lists things by name."""
    return [(one_line(key), value) for key, value in islice(node(tree, name).items(), LIST_MAX)]


def lines(tree: Tree, name: str) -> tuple[str, ...]:
    """The texts of a list, or a single text, each on one line."""
    value = tree.get(name)
    entries = value[:LIST_MAX] if isinstance(value, list) else [value]
    return tuple(found for entry in entries if (found := one_line(entry) if isinstance(entry, str) else ""))


def embargo(tree: Tree, name: str) -> str | None:
    """None: not said; "": said, but nothing in it can be read; else the source's words. What is unclear stays an embargo."""
    value = tree.get(name)
    if value is None or value is False:
        return None
    return one_line(as_text(value)) if not isinstance(value, bool) else "true"


# ── what a format allows ─────────────────────────────────────────────────────────────────────────────────────────────


class Shape(Struct, frozen=True, kw_only=True):
    """One kind of object. A name that ends in "_*" stands for all names with that beginning and a letter, digit or "_" after it.

    `conflicts` are groups of members of which one may stand; `is_open` objects may have other members, in `is_nullable`
    ones null means absent.
    """

    members: Mapping[str, "Kind"]
    required: tuple[str, ...] = ()
    conflicts: tuple[tuple[str, ...], ...] = ()
    is_open: bool = False
    is_nullable: bool = False


class ListOf(Struct, frozen=True):
    """A list of things of one kind."""

    kind: "Kind"


class MapOf(Struct, frozen=True):
    """An object whose members are things of one kind, each under a name of its own."""

    kind: "Kind"


Kind = str | frozenset[str] | Shape | ListOf | MapOf  # a name of CHECKS, the words allowed, or something with an inside

EXTENSIBLE = re.compile(r"([a-z]+_)[A-Za-z0-9_]")
TRUNCATED_DATE = re.compile(
    r"-?(?:[1-9]\d*)?\d{4}(?:-(?:1[0-2]|0[1-9])(?:-(?:3[01]|0[1-9]|[12]\d)"
    r"(?:T(?:2[0-3]|[01]\d):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:2[0-3]|[01]\d):[0-5]\d)?)?)?)?",
    re.ASCII,
)
GEOMETRIES = frozenset(["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"])
GEOJSON_PARTS = {"Feature": "geometry", "FeatureCollection": "features", "GeometryCollection": "geometries"}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return _is_number(value) and value == value // 1  # type: ignore[operator]


def _is_geojson(value: object) -> bool:
    """Whether it names what it is and has that part (RFC 7946, section 3); coordinates are not looked at."""
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str):
        return False
    return GEOJSON_PARTS[kind] in value if kind in GEOJSON_PARTS else kind in GEOMETRIES and "coordinates" in value


# kind → (has it the right type, is it one of the right values)
CHECKS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], bool]]] = {
    "any": (lambda _: True, lambda _: True),
    "text": (lambda value: isinstance(value, str), lambda _: True),
    "truncated date": (lambda value: isinstance(value, str), lambda value: bool(TRUNCATED_DATE.fullmatch(value))),
    "number": (_is_number, lambda _: True),
    "integer": (_is_integer, lambda _: True),
    "urgency": (_is_integer, lambda value: 1 <= value <= 9),
    "percent": (_is_integer, lambda value: 0 <= value <= 100),
    "boolean": (lambda value: isinstance(value, bool), lambda _: True),
    "object": (lambda value: isinstance(value, dict), lambda _: True),
    "text or number": (lambda value: isinstance(value, str) or _is_number(value), lambda _: True),
    "text or texts": (
        lambda value: isinstance(value, str) or (isinstance(value, list) and all(isinstance(entry, str) for entry in value)),
        lambda _: True,
    ),
    "geojson": (lambda value: isinstance(value, dict), _is_geojson),
}

_Task = tuple[Any, Kind, str]


def violations(tree: object, kind: Kind, prefix: str) -> tuple[str, ...]:
    """What the document has that the format does not allow, as `<prefix>.<what>:<path>`, the outermost first."""
    found: list[str] = []
    tasks: deque[_Task] = deque([(tree, kind, "")])
    while tasks and len(found) < PROBLEMS_MAX:
        value, kind, path = tasks.popleft()
        if isinstance(kind, Shape):
            fault = _members(value, kind, path, tasks, found, prefix) if isinstance(value, dict) else "bad_type"
        elif isinstance(kind, MapOf):
            fault = _named_entries(value, kind, path, tasks) if isinstance(value, dict) else "bad_type"
        elif isinstance(kind, ListOf):
            fault = _entries(value, kind, path, tasks) if isinstance(value, list) else "bad_type"
        else:
            fault = _value_fault(value, kind)
        if fault:
            found.append(f"{prefix}.{fault}:{path}")
    return tuple(dict.fromkeys(found[:PROBLEMS_MAX]))


def _members(value: Tree, shape: Shape, path: str, tasks: deque[_Task], found: list[str], prefix: str) -> str:
    for name, member in value.items():
        kind = shape.members.get(name) or _extension(shape, name)
        if kind is not None:
            if member is not None or not shape.is_nullable:
                tasks.append((member, kind, join(path, name)))
        elif not shape.is_open:
            found.append(f"{prefix}.unknown_property:{join(path, name)}")
            if len(found) >= PROBLEMS_MAX:
                return ""
    missing = (name for name in shape.required if name not in value)
    found.extend(f"{prefix}.missing_{name}" + (f":{path}" if path else "") for name in missing)
    return "conflict" if any(sum(name in value for name in group) > 1 for group in shape.conflicts) else ""


def _extension(shape: Shape, name: str) -> Kind | None:
    found = EXTENSIBLE.match(name)
    return shape.members.get(found[1] + "*") if found else None


def _entries(value: list[Any], kind: ListOf, path: str, tasks: deque[_Task]) -> str:
    tasks.extend((entry, kind.kind, f"{path}[{index}]") for index, entry in enumerate(value[:LIST_MAX]))
    return "too_many" if len(value) > LIST_MAX else ""


def _named_entries(value: Tree, kind: MapOf, path: str, tasks: deque[_Task]) -> str:
    tasks.extend((entry, kind.kind, join(path, name)) for name, entry in islice(value.items(), LIST_MAX))
    return "too_many" if len(value) > LIST_MAX else ""


def _value_fault(value: object, kind: str | frozenset[str]) -> str:
    if isinstance(kind, frozenset):
        return "bad_type" if not isinstance(value, str) else "" if value in kind else "bad_value"
    is_of_type, is_valid = CHECKS[kind]
    return "bad_type" if not is_of_type(value) else "" if is_valid(value) else "bad_value"


def join(path: str, name: str) -> str:
    """A member's path in a problem, whatever its name holds."""
    short = one_line(name[:NAME_CHARS_MAX])
    return f"{path}.{short}" if path else short


# ── cutting ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def pieces(entries: list[Any], wrap: Callable[[Any], Any]) -> tuple[bytes, ...] | None:
    """Each entry as a document of its own; None when there are too many, or too much, to cut."""
    if len(entries) > ITEMS_MAX:
        return None
    made: list[bytes] = []
    size = 0
    for entry in entries:
        made.append(codec.dumps(wrap(entry)))
        size += len(made[-1])
        if size > SLICED_BYTES_MAX:
            return None
    return tuple(made)


def head_of(tree: Tree, without: str, count: int) -> Tree:
    """What stands beside the entries; only its short texts and lists of them when it is too much to repeat `count` times."""
    head = {name: value for name, value in tree.items() if name != without}
    if len(codec.dumps(head)) <= min(HEAD_BYTES_MAX, SLICED_BYTES_MAX // max(1, count)):
        return head
    return {name: value for name, value in head.items() if isinstance(value, str) and len(value) <= HEAD_TEXT_CHARS_MAX}


def json_lines(document: bytes) -> Iterator[bytes]:
    """The lines of newline-delimited JSON that are not empty, as they stand."""
    return (stripped for raw in document.split(b"\n") if (stripped := raw.strip()))
