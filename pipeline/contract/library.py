"""The files of `schemas/`: where they are, what each is called, and the register of all versions. Reads only.

The register (`registry.json`) is append-only. A row belongs to the release that first shipped it: until that release is out the
row follows its schema, afterwards both are frozen for ever, because events in the world carry their id.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from pipeline import codec
from pipeline.contract.generate import Schema

REGISTRY = "registry.json"


class ContractError(Exception):
    """A file of `schemas/`, or a name the user gave, is not as it must be; the message names it and the cure."""


class Row(Struct, frozen=True, kw_only=True):
    """One version of one subject. `release` is the version of newswire that first ships it."""

    id: int
    subject: str
    version: str
    sha256: str
    release: str

    @property
    def schema_id(self) -> str:
        """The schema's `$id`."""
        return f"urn:newswire:schema:{self.subject}:{self.version}"


@cache
def folder() -> Path:
    """`schemas/` inside the installed package, else beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "schemas", package.parent / "schemas"):
        if (candidate / REGISTRY).is_file():
            return candidate
    raise ContractError(f"the schemas are missing beside {package}; install newswire anew")


def path_of(subject: str, version: str) -> str:
    """Where a schema lies below `schemas/`."""
    group, _, name = subject.partition(".")
    if group == "manifest":
        return f"manifest/{name}-{version}.json"
    return f"envelope/{name}/{version}.json" if group == "envelope" else f"topics/{subject}/{version}.json"


def rows(root: Path) -> list[Row]:
    """The register, oldest first; an absent file is an empty register. Raises `ContractError`."""
    path = root / REGISTRY
    if not path.exists():
        return []
    try:
        return codec.decode(path.read_bytes(), list[Row])
    except codec.Undecodable as error:
        raise ContractError(f"{path}: {error}; restore it from the last commit") from error


def versions(root: Path, subject: str) -> list[Row]:
    """The rows of one subject, oldest first; raises `ContractError` for a subject that is not there."""
    found = [row for row in rows(root) if row.subject == subject]
    if not found:
        import difflib

        near = difflib.get_close_matches(subject, {row.subject for row in rows(root)}, n=3)
        raise ContractError(
            f"no schema {subject!r}; " + (f"did you mean {', '.join(near)}?" if near else "see `newswire schemas ls`")
        )
    return found


def find(root: Path, name: str) -> Row:
    """`enriched` (its newest version) or `enriched@1.0.0`; raises `ContractError`."""
    subject, _, version = name.partition("@")
    found = versions(root, subject)
    for row in reversed(found):
        if version in ("", row.version):
            return row
    raise ContractError(f"{subject} has no version {version!r}; it has {', '.join(row.version for row in found)}")


def text(root: Path, row: Row) -> bytes:
    """The schema's bytes, which are those the register names. Raises `ContractError`."""
    path = root / path_of(row.subject, row.version)
    try:
        body = path.read_bytes()
    except FileNotFoundError as error:
        raise ContractError(f"{path} is registered but missing; restore it: a version once registered stays") from error
    if digest(body) != row.sha256:
        raise ContractError(
            f"{path} is not what {REGISTRY} registered: a registered version never changes. Restore the file; "
            f"to change the contract, bump the version of {row.subject} and run `make schemas`"
        )
    return body


def schema(root: Path, row: Row) -> Schema:
    """The schema itself. Raises `ContractError`."""
    return msgspec.convert(codec.loads(text(root, row)), Schema)


def digest(body: bytes) -> str:
    """SHA-256 in hex."""
    return sha256(body).hexdigest()
