"""What the tests of the JSON formats share: fixtures by name, and hostile JSON."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from pipeline import codec
from pipeline.formats.parsed import Parsed
from pipeline.records import RawItem, Reject
from tests.builders import raw_item
from tests.strategies import hostile_text

WIRES = Path(__file__).parent / "wires"

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
hostile_strings = hostile_text.map(lambda text: text.encode("utf-8", "replace").decode())
values = st.recursive(
    scalars | hostile_strings,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile_strings, inner, max_size=4),
    max_leaves=12,
)


def wire(name: str) -> Any:
    """A fixture, decoded: each call gives a new one."""
    return codec.loads((WIRES / name).read_bytes())


def message(tree: object, format_: str) -> RawItem:
    """A raw item whose bytes are this JSON."""
    return raw_item(value=codec.dumps(tree), format=format_)


def facts(parsed: Parsed | Reject) -> Parsed:
    """The parsed item; a reject fails the test with its reason."""
    assert isinstance(parsed, Parsed), parsed
    return parsed


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    todo = [tree]
    while todo:
        node = todo.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            found.append((node, key))
            todo.append(node[key])
    return found


@st.composite
def mutations(draw: st.DrawFn, name: str) -> Any:
    """A fixture with up to six members exchanged for arbitrary values, removed, or joined by unknown ones."""
    tree = wire(name)
    for _ in range(draw(st.integers(1, 6))):
        container, key = draw(st.sampled_from(places(tree)))
        action = draw(st.sampled_from(("exchange", "exchange", "remove", "wrap", "add")))
        if action == "exchange":
            container[key] = draw(values)
        elif action == "wrap":
            container[key] = [container[key]]
        elif action == "add" and isinstance(container, dict):
            container[draw(hostile_strings)] = draw(values)
        elif isinstance(container, dict):
            del container[key]
        if not places(tree):
            break
    return tree
