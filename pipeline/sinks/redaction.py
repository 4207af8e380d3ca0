"""Redactions: how killed records leave a segment although segments never change. Pure.

    …/dt=2026-03-01/hh=07/p=003/<start>-<end>.r<n>.jsonl.zst     the range again; killed lines are tombstones
    …/_manifest/p=003/<start>-<end>.r<n>.json                    what was done, and the digests before and after

A killed line keeps offset, key and headers and loses its value, so that ranges still tile and counts stay. `n` counts from 1; the
highest stands for the range. What it replaces is deleted once the new manifest is there; the digests remain as a chain.
"""

import re
from typing import Literal

from msgspec import Struct, structs

from pipeline import codec
from pipeline.sinks.segment import SHA256, BadManifest, BadName, Manifest, Name, Place, parse_data_key, parse_manifest_key

REVISION = re.compile(
    r"(?P<range>.+/\d{20}-\d{20})\.r(?P<revision>[1-9]\d{0,5})(?P<suffix>\.(?:json|jsonl\.zst|warc\.gz))", re.ASCII
)


class Redaction(Struct, frozen=True, kw_only=True):
    """The manifest of a redaction. `ids` are the `ce_id`s of the killed records; `replaces` is the digest of the content before.

    The other fields say of the new object what `Manifest` says of the first.
    """

    kind: Literal["redaction"] = "redaction"
    topic: str
    topic_id: str
    partition: int
    start: int
    end: int
    next_offset: int
    revision: int
    ids: tuple[str, ...]
    reason: str
    at: str
    writer: str
    count: int
    bytes: int
    sha256: str
    replaces: str
    key: str

    def applied_to(self, manifest: Manifest) -> Manifest:
        """The manifest of the range as it now is."""
        return structs.replace(manifest, key=self.key, sha256=self.sha256, bytes=self.bytes, count=self.count)


def split_revision(key: str) -> tuple[str, int]:
    """(name of the first object or manifest of the range, revision); the revision of a first one is 0."""
    found = REVISION.fullmatch(key)
    return (key, 0) if found is None else (found["range"] + found["suffix"], int(found["revision"]))


def revised(key: str, revision: int) -> str:
    """Inverse of `split_revision`."""
    folder, slash, name = key.rpartition("/")
    range_, dot, suffix = name.partition(".")
    return f"{folder}{slash}{range_}.r{revision}{dot}{suffix}"


def parse_redaction(key: str, body: bytes) -> Redaction:
    """The redaction's manifest stored under this name; raises `BadName` or `BadManifest`."""
    first, revision = split_revision(key)
    name = parse_manifest_key(first)
    try:
        redaction = codec.decode(body, Redaction)
    except codec.Undecodable as error:
        raise BadManifest(f"{key}: {error}") from error
    if (redaction.revision, _name(redaction, name.place.prefix)) != (revision, name):
        raise BadManifest(f"{key}: it stands at the name of another range")
    if redaction.next_offset != redaction.end + 1 or not SHA256.fullmatch(redaction.sha256):
        raise BadManifest(f"{key}: next_offset is not end + 1, or the digest is no SHA-256")
    first_object, object_revision = split_revision(redaction.key)
    try:
        is_its_own = (parse_data_key(first_object), object_revision) == (name, revision)
    except BadName as error:
        raise BadManifest(f"{key}: {error}") from error
    if not is_its_own:
        raise BadManifest(f"{key}: it names the object of another range")
    return redaction


def _name(redaction: Redaction, prefix: str) -> Name:
    place = Place(prefix, redaction.topic, redaction.topic_id, redaction.partition)
    return Name(place, redaction.start, redaction.end)
