"""What ninjs allows, one table per major version, in our own words after the IPTC's specification. Nothing is read in here.

Within a major version later minors only add, so each table is the newest minor's: 1.6, 2.2, 3.1. Date formats are not looked
at, as real items have free text there ("Next Monday"), and neither are addresses.
"""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.formats.json_tree import Kind, ListOf, MapOf, Shape, as_text, violations

TYPES = frozenset(["text", "audio", "video", "picture", "graphic", "composite", "component"])
PLANNED = frozenset({"event", "planning"})  # since 3.0
STATUSES = frozenset(["usable", "withheld", "canceled"])
FREQUENCIES = frozenset(["secondly", "minutely", "hourly", "daily", "weekly", "monthly", "yearly"])
# Not ninjs, but what agencies add to it: IPTC signals. Read, and not held against an item.
EXTENSIONS: Mapping[str, Kind] = {"signals": "any", "signal": "any"}


def _texts(names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), "text")


# ── 3.x ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

ADDRESS = Shape(members={**_texts("locality area postalCode country"), "lines": ListOf("text")})
CONTACT = Shape(members={**_texts("type role lang name value"), "address": ADDRESS}, conflicts=(("value", "address"),))
CONTACTS: dict[str, Kind] = {"contactInfo": ListOf(CONTACT)}
CONCEPT: dict[str, Kind] = _texts("name rel uri literal")
DATES = Shape(
    members={
        **_texts("startDate endDate expectedDuration"),
        "expectedStartDate": "truncated date",
        "expectedEndDate": "truncated date",
        "recurrence": Shape(
            members={
                "recurrenceDates": "any",
                "recurrenceRules": ListOf(
                    Shape(members={"frequency": FREQUENCIES, "interval": "integer", "until": "text", "count": "integer"})
                ),
            }
        ),
    },
    conflicts=(("startDate", "expectedStartDate"), ("endDate", "expectedEndDate")),
    is_open=True,
)
ORGANISATION = Shape(
    members={
        **CONCEPT,
        **CONTACTS,
        "symbols": ListOf(Shape(members=_texts("exchange symbolType symbol"))),
    }
)
RENDITION = Shape(
    members={
        **_texts("name href contentType title format aspectRatio videoCodec transportProtocol bitrate"),
        **dict.fromkeys(["width", "height", "sizeInBytes"], "integer"),
        **dict.fromkeys(["duration", "frameRate"], "number"),
        "poi": Shape(members={"x": "integer", "y": "integer"}),
        "scanType": frozenset({"progressive", "interlaced"}),
    },
    required=("name",),
)
COVERAGE = Shape(
    members={
        **_texts("uri title edNote language"),
        "pubStatus": STATUSES,
        "type": TYPES | PLANNED,
        "commissioned": Shape(
            members={**_texts("by on"), "references": ListOf(Shape(members=_texts("name value")))}, is_open=True
        ),
        "dates": DATES,
        "audiences": ListOf(Shape(members={"audience": "text", "significance": "integer"})),
        "exclAudience": ListOf("text"),
        "urgency": "urgency",
        "itemCount": Shape(members={"rangeFrom": "integer", "rangeTo": "integer"}),
        "wordCount": "integer",
        "renditions": ListOf(RENDITION),
    }
)


def _text_list(*counts: str) -> ListOf:
    return ListOf(Shape(members={**_texts("role contentType value"), **dict.fromkeys(counts, "integer")}, required=("value",)))


def _concepts(**more: Kind) -> ListOf:
    return ListOf(Shape(members={**CONCEPT, **more}))


NEWEST: dict[str, Kind] = {
    **_texts(
        "uri profile version firstCreated versionCreated contentCreated embargoedUntil copyrightHolder copyrightNotice "
        "usageTerms edNote language title by slugline located expires"
    ),
    **EXTENSIONS,
    "type": TYPES | PLANNED,
    "representationType": frozenset({"full", "partial"}),
    "pubStatus": STATUSES,
    "urgency": "urgency",
    "descriptions": _text_list(),
    "bodies": _text_list("charCount", "wordCount"),
    "headlines": _text_list(),
    "people": _concepts(**CONTACTS),
    "organisations": ListOf(ORGANISATION),
    "places": _concepts(**CONTACTS, geoJSON="geojson"),
    "subjects": _concepts(creator="text", relevance="percent", confidence="percent"),
    "events": _concepts(id="text"),
    "eventDetails": Shape(
        members={"eventStatus": "text", "plannedCoverageStatus": "text", "dates": DATES, "organiser": ORGANISATION}
    ),
    "plannedCoverage": ListOf(COVERAGE),
    "objects": _concepts(),
    "infoSources": ListOf(Shape(members={**_texts("name role uri literal"), **CONTACTS})),
    "renditions": ListOf(RENDITION),
    "altIds": ListOf(Shape(members=_texts("role value"))),
    "trustIndicators": ListOf(Shape(members=_texts("role title href"))),
    "standard": Shape(members=_texts("name version schema")),
    "genres": ListOf(Shape(members=_texts("name uri literal"))),
    "rightsInfo": Shape(members=_texts("langId linkedRights encodedRights"), conflicts=(("linkedRights", "encodedRights"),)),
    "digitalSourceType": Shape(members=_texts("name uri literal")),
}


def _with_associations(members: dict[str, Kind]) -> Shape:
    """Associations are items again, with a name in the item they belong to."""
    item = Shape(members=members, required=("uri",))
    members["associations"] = ListOf(
        Shape(members=_Inherited({"name": "text", "rel": "text"}, members), required=("name", "uri"))
    )
    return item


class _Inherited(dict[str, Kind]):
    """An item's members and more, made before the item's table is complete."""

    def __init__(self, more: Mapping[str, Kind], members: Mapping[str, Kind]) -> None:
        super().__init__(more)
        self.members = members

    def __missing__(self, name: str) -> Kind:
        return self.members[name]

    def get(self, name: str, default: Any = None) -> Any:
        """As in the item's own table."""
        return super().get(name) or self.members.get(name, default)


# ── 2.x ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

SINCE_3 = frozenset(
    [
        "eventDetails",
        "plannedCoverage",
        "aspectRatio",
        "videoCodec",
        "frameRate",
        "poi",
        "transportProtocol",
        "scanType",
        "bitrate",
    ]
)


def _lower(kind: Kind) -> Kind:
    """2.x has the names of 3.x in lower case, without what came later. The table's depth bounds the recursion."""
    if isinstance(kind, ListOf):
        return ListOf(_lower(kind.kind))
    if not isinstance(kind, Shape):
        return kind
    return Shape(
        members={name.lower(): _lower(inner) for name, inner in kind.members.items() if name not in SINCE_3},
        required=kind.required,
        conflicts=tuple(tuple(name.lower() for name in group) for group in kind.conflicts),
        is_open=kind.is_open,
    )


def _second() -> dict[str, Kind]:
    members = {name.lower(): _lower(kind) for name, kind in NEWEST.items() if name not in SINCE_3}
    members["embargoed"] = members.pop("embargoeduntil")
    return {**members, "type": TYPES}


# ── 1.x ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

CONTACT_1 = _lower(CONTACT)
CODED: dict[str, Kind] = _texts("name rel scheme code")
CONTACTS_1: dict[str, Kind] = {"contactinfo": ListOf(CONTACT_1)}
ITEM_1: dict[str, Kind] = {
    **_texts(
        "uri mimetype profile version firstcreated versioncreated contentcreated embargoed copyrightholder copyrightnotice "
        "usageterms ednote language title byline headline slugline located expires headline_* body_* description_*"
    ),
    **EXTENSIONS,
    "type": TYPES,
    "representationtype": frozenset({"complete", "incomplete"}),
    "pubstatus": STATUSES,
    "urgency": "urgency",
    "charcount": "number",
    "wordcount": "number",
    "person": ListOf(Shape(members={**CODED, **CONTACTS_1})),
    "organisation": ListOf(
        Shape(members={**CODED, **CONTACTS_1, "symbols": ListOf(Shape(members=_texts("ticker exchange symboltype symbol")))})
    ),
    "place": ListOf(Shape(members={**CODED, **CONTACTS_1, "geometry_*": "object"})),
    "subject": ListOf(Shape(members={**CODED, "creator": "text", "relevance": "percent", "confidence": "percent"})),
    "event": ListOf(Shape(members=CODED)),
    "object": ListOf(Shape(members=CODED)),
    "infosource": ListOf(Shape(members={**CODED, **CONTACTS_1})),
    "renditions": MapOf(
        Shape(
            members={
                **_texts("href mimetype title format"),
                **dict.fromkeys(["height", "width", "sizeinbytes", "duration"], "number"),
            }
        )
    ),
    "altids": "object",
    "trustindicator": ListOf(Shape(members=_texts("scheme code title href"))),
    "$standard": Shape(members=_texts("name version schema")),
    "genre": ListOf(Shape(members=_texts("name scheme code"))),
    "rightsinfo": _lower(NEWEST["rightsInfo"]),
    "digitalsourcetype": Shape(members=_texts("name uri literal")),
}


def _first() -> Shape:
    item = Shape(members=ITEM_1, required=("uri",))
    ITEM_1["associations"] = MapOf(item)
    return item


SHAPES: Mapping[int, Shape] = {1: _first(), 2: _with_associations(_second()), 3: _with_associations(NEWEST)}
DECLARED = re.compile(r"\D*?(\d)\.\d")


def major_version(tree: Mapping[str, Any]) -> int:
    """1, 2 or 3: the one that knows most of the item's members; among equals the declared one, else the newest it is valid in.

    The declaration does not decide: items with the names of 3.0 that say they are 2.2 are common.
    """
    known = {major: sum(name in shape.members or _is_extended(shape, name) for name in tree) for major, shape in SHAPES.items()}
    most = [major for major in sorted(SHAPES, reverse=True) if known[major] == max(known.values())]
    if len(most) == 1:
        return most[0]
    most.sort(key=lambda major: major != _declared(tree))
    return next((major for major in most if not violations(tree, SHAPES[major], "")), most[0])


def _is_extended(shape: Shape, name: str) -> bool:
    return name.partition("_")[0] + "_*" in shape.members


def _declared(tree: Mapping[str, Any]) -> int:
    standard = tree.get("$standard") or tree.get("standard")
    if not isinstance(standard, dict):
        return 0
    found = (DECLARED.match(as_text(standard.get(name))[-40:]) for name in ("version", "schema"))
    return next((int(match[1]) for match in found if match), 0)
