"""Writes `schemas/` from the tables (`make schemas`) and says what is wrong with it (`make check`).

Only those who change the contract need it, and with it the development environment (jsoncompat, PyYAML).
A version may be rewritten until the release that first ships it is out; after that it never changes: the cure is another version.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from pipeline import codec
from pipeline.contract import check, compatibility, library
from pipeline.contract.asyncapi import asyncapi
from pipeline.contract.generate import generate
from pipeline.contract.library import ContractError, Row
from pipeline.contract.subjects import BY_NAME, SUBJECTS, Subject
from pipeline.topics import TOPICS

ASYNCAPI = "asyncapi.yaml"
NOTE = "# Written by `make schemas` from pipeline/topics.py and pipeline/contract/subjects.py: change those.\n"


def write(root: Path, release: str) -> list[str]:
    """Brings the files up to the tables; gives the names of those that changed. Raises `ContractError` before writing."""
    changed = {name: body for name, body in planned(root, release).items() if not _holds(root / name, body)}
    for name, body in changed.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return list(changed)


def planned(root: Path, release: str) -> dict[str, bytes]:
    """What `schemas/` must hold by its tables, by name. Raises `ContractError` where that would change what was published."""
    bodies = {subject.name: codec.dumps_readable(generate(subject)) + b"\n" for subject in SUBJECTS}
    register = registered(library.rows(root), {name: library.digest(body) for name, body in bodies.items()}, release)
    files = {library.path_of(subject.name, subject.version): bodies[subject.name] for subject in SUBJECTS}
    files[library.REGISTRY] = b"[\n" + b",\n".join(b"  " + codec.encode(row) for row in register) + b"\n]\n"
    text = yaml.safe_dump(asyncapi(release), sort_keys=False, allow_unicode=True, width=120)
    files[ASYNCAPI] = (NOTE + text).encode()
    return files


def registered(rows: list[Row], digests: dict[str, str], release: str) -> list[Row]:
    """The register with the tables' versions in it: rows are added, never removed; those of earlier releases never change."""
    register = {(row.subject, row.version): row for row in rows}
    for name, sha256 in digests.items():
        version = BY_NAME[name].version
        row = register.get((name, version))
        if row is None:
            _assert_newest(name, version, rows)
            row = Row(id=len(register) + 1, subject=name, version=version, sha256=sha256, release=release)
        elif row.sha256 != sha256:
            if row.release != release:
                raise ContractError(
                    f"the records no longer say what {name} {version} said when release {row.release} published it: "
                    f"bump its version in {_table(BY_NAME[name])}, then run `make schemas`"
                )
            row = Row(id=row.id, subject=name, version=version, sha256=sha256, release=release)
        register[name, version] = row
    return list(register.values())


def faults(root: Path, release: str) -> Iterator[str]:
    """All that is wrong with the files, in words that name the cure; nothing when they are as they must be."""
    try:
        wanted = planned(root, release)
    except ContractError as error:
        yield str(error)
        return
    stale = [name for name, body in wanted.items() if not _holds(root / name, body)]
    yield from (f"{root / name} is not what the records say: run `make schemas`" for name in stale)
    known = {library.path_of(row.subject, row.version): row for row in library.rows(root)}
    for row in (row for name, row in known.items() if name not in stale):
        try:
            library.text(root, row)
        except ContractError as error:
            yield str(error)
            return
    for path in (found for group in ("topics", "manifest", "envelope") for found in root.glob(f"{group}/**/*.json")):
        if path.relative_to(root).as_posix() not in known:
            yield f"{path} is not registered: remove it, or name its version in the table and run `make schemas`"
    for subject in SUBJECTS:
        yield from _incompatible(root, subject)
        yield from _bad_examples(root, subject)


def _incompatible(root: Path, subject: Subject) -> Iterator[str]:
    newest = generate(subject)
    for row in library.rows(root):
        if row.subject == subject.name and row.version != subject.version:
            for breach in compatibility.breaches(library.schema(root, row), newest, subject.compatibility):
                yield (
                    f"{subject.name} {subject.version} may not follow {row.version} ({subject.compatibility}): {breach}. "
                    "Add optional fields instead of changing what is there; what cannot be said so needs a topic of its own"
                )


def _bad_examples(root: Path, subject: Subject) -> Iterator[str]:
    validator = check.compiled(generate(subject))
    for path in sorted((root / "examples" / subject.name / "valid").glob("*.json")):
        for problem in check.problems(validator, path.read_bytes()):
            yield f"{path}{problem}: what was valid once stays valid; see {subject.name} in the tables"


def _table(subject: Subject) -> str:
    has_topic = any(topic.schema.startswith(f"{subject.name}:") for topic in TOPICS)
    return "pipeline/topics.py" if has_topic else "pipeline/contract/subjects.py"


def _assert_newest(name: str, version: str, rows: list[Row]) -> None:
    older = [row.version for row in rows if row.subject == name]
    if older and max(map(_order, older)) > _order(version):
        raise ContractError(f"{name} {version} comes after {', '.join(older)}: give it a higher version")


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _holds(path: Path, body: bytes) -> bool:
    return path.is_file() and path.read_bytes() == body
