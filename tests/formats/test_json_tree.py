"""JSON before it is any format: faults say where they are, every Unicode charset is read, hostile bytes cost linear time."""

from collections.abc import Callable
from time import process_time

import pytest

from pipeline.formats import ninjs
from pipeline.formats.json_tree import DEPTH_MAX, DOCUMENT_BYTES_MAX, decode, is_too_deep
from pipeline.formats.parsed import Parsed
from pipeline.reasons import Reason
from pipeline.records import Reject
from tests.builders import raw_item
from tests.formats.json_items import facts, message


def parsed(tree: object) -> Parsed:
    return facts(ninjs.parse(message(tree, "ninjs")))


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (b'{"uri": "urn:a",\n "x": }', Reason.BROKEN_JSON, "line 2 column 7"),
        (b"", Reason.BROKEN_JSON, "column"),
        (b'{"uri": NaN}', Reason.BROKEN_JSON, "column"),
        (b'{"a":' * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1), Reason.TOO_DEEP, str(DEPTH_MAX)),
        (b"[" * 100_000, Reason.TOO_DEEP, str(DEPTH_MAX)),
        (b" " * (DOCUMENT_BYTES_MAX + 1), Reason.ITEM_TOO_LARGE, str(DOCUMENT_BYTES_MAX)),
    ],
    ids=["broken", "empty", "nan", "deep object", "open brackets", "large"],
)
def test_what_cannot_be_decoded_says_where(value: bytes, reason: Reason, detail: str) -> None:
    found = ninjs.parse(raw_item(value=value, format="ninjs", item="0"))
    assert isinstance(found, Reject)
    assert found.reason is reason
    assert detail in found.detail


def test_brackets_in_strings_are_no_depth() -> None:
    text = '[{"\\' * 500
    assert parsed({"uri": "urn:example:1", "title": text}).title == text


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16-le", "utf-16-be", "utf-32-le", "utf-16"])
def test_every_unicode_charset_is_read(charset: str) -> None:
    value = '{"uri": "urn:example:1", "headline": "Brücke über den Rhein gesperrt – €"}'.encode(charset)
    found = facts(ninjs.parse(raw_item(value=value, format="ninjs")))
    assert found.headline == "Brücke über den Rhein gesperrt – €"
    assert found.problems


def test_a_declared_charset_is_believed_where_it_is_not_utf8() -> None:
    value = '{"uri": "urn:example:1", "headline": "Brücke gesperrt"}'.encode("cp1252")
    found = facts(ninjs.parse(raw_item(value=value, format="ninjs", charset="windows-1252")))
    assert (found.headline, found.problems[0]) == ("Brücke gesperrt", "json.not_utf8")


@pytest.mark.parametrize("depth", [DEPTH_MAX - 1, DEPTH_MAX, DEPTH_MAX + 1, DEPTH_MAX + 2])
def test_depth_is_counted_exactly(depth: int) -> None:
    """Whatever stands in strings, and whatever was closed before."""
    closed = b'[{},"]]]}",[]' + b",{}" * DEPTH_MAX
    for value in (b"[" * depth + b"]" * depth, closed + b',{"a":' + b"[" * (depth - 2) + b"]" * (depth - 2) + b"}]"):
        assert is_too_deep(value) == (depth > DEPTH_MAX)
        assert isinstance(decode(value), Reject) == (depth > DEPTH_MAX)


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "brackets": lambda n: b"[" + b"[]," * n + b"[]]",
    "escapes": lambda n: b'["' + b'\\\\"' * n + b'"' + b"[]" * 100,
    "names": lambda n: b'{"uri":"urn:a",' + b",".join(b'"body_%d":"<p>x"' % number for number in range(n)) + b"}",
    "associations": lambda n: b'{"uri":"urn:a","associations":[' + b'{"name":"a","uri":"urn:b","renditions":[{}]},' * n + b"{}]}",
    "open tags": lambda n: b'{"uri":"urn:a","body_html":"' + b"<p <!-- <script " * n + b'"}',
    "lines": lambda n: b"{}\n" * n,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_cost_linear_time(name: str) -> None:
    """Eight times the bytes take at most 24 times as long: quadratic would be 64."""

    def cost(count: int) -> float:
        value = HOSTILE[name](count)
        best = 1e9
        for _ in range(3):
            start = process_time()
            ninjs.parse(raw_item(value=value, item="0"))
            ninjs.items(value)
            best = min(best, process_time() - start)
        return best

    assert cost(24_000) <= 24 * cost(3_000) + 0.02
