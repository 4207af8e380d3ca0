"""Names, triggers, manifests and lines: what every reader of the store relies on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import codec
from pipeline.reasons import Reason
from pipeline.sinks.buffer import Buffer, read_back
from pipeline.sinks.forms import BadSegment, pack, unpack
from pipeline.sinks.line import BadLine, decode_line, encode_line
from pipeline.sinks.progress import METADATA_BYTES_MAX, Intent, Progress, parse_metadata
from pipeline.sinks.segment import (
    BadManifest,
    BadName,
    Facts,
    Limits,
    Name,
    Place,
    parse_data_key,
    parse_manifest,
    parse_manifest_key,
    relieve,
    should_seal,
)
from tests.sinks.records import TOPIC_ID, Rec, logs, records

PLACE = Place("news", "newswire.enriched", TOPIC_ID, 3)
ROOT = f"news/v1/newswire.enriched/g={TOPIC_ID}"
T = 1_772_348_400_000  # 2026-03-01T07:00:00Z
places = st.builds(
    Place,
    st.sampled_from(["", "a", "a/b", "v1", "x/v1/y"]),
    st.from_regex(r"[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,20}", fullmatch=True),
    st.from_regex(r"[a-zA-Z0-9_-]{22}", fullmatch=True),
    st.integers(0, 12_000),
)


def test_names_are_the_documented_ones() -> None:
    assert PLACE.data_key(5, 99, T) == f"{ROOT}/dt=2026-03-01/hh=07/p=003/00000000000000000005-00000000000000000099.jsonl.zst"
    assert PLACE.manifest_key(5, 99) == f"{ROOT}/_manifest/p=003/00000000000000000005-00000000000000000099.json"


@given(places, st.integers(0, 2**63 - 2), st.integers(0, 1000), st.integers(-1, 2**62))
def test_names_parse_back(place: Place, start: int, more: int, timestamp: int) -> None:
    end = min(start + more, 2**63 - 1)
    assert parse_data_key(place.data_key(start, end, timestamp)) == Name(place, start, end)
    assert parse_manifest_key(place.manifest_key(start, end)) == Name(place, start, end)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        f"{ROOT}/_manifest/p=003/00000000000000000009-00000000000000000005.json",  # ends before it starts
        f"{ROOT}/_manifest/p=3/00000000000000000005-00000000000000000009.json",
        f"{ROOT}/_manifest/p=0003/00000000000000000005-00000000000000000009.json",
        f"{ROOT}/_manifest/p=003/5-9.json",
        f"{ROOT}/_manifest/p=003/00000000000000000005-00000000000000000009.json.tmp",
        f"{ROOT}/dt=2026-03-01/hh=07/p=003/00000000000000000005-00000000000000000009.jsonl.zst",
        f"{ROOT}/_manifest/p=003/٠0000000000000000005-00000000000000000009.json",
    ],
)
def test_foreign_names_are_refused(key: str) -> None:
    with pytest.raises(BadName):
        parse_manifest_key(key)


def test_manifest_names_sort_as_offsets() -> None:
    keys = [PLACE.manifest_key(start, start) for start in (0, 9, 10, 99, 100, 2**62)]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("timestamp", "folder"),
    [
        (T, "dt=2026-03-01/hh=07"),
        (-1, "dt=1970-01-01/hh=00"),
        (2**62, "dt=1970-01-01/hh=00"),
        (T + 3_599_999, "dt=2026-03-01/hh=07"),
    ],
)
def test_no_timestamp_makes_a_wild_folder(timestamp: int, folder: str) -> None:
    assert folder in PLACE.data_key(0, 0, timestamp)


LIMITS = Limits(bytes_max=1000, records_max=10, age_s=60)


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({}, None),
        ({"count": 10}, "records"),
        ({"count": 9}, None),
        ({"bytes": 1000}, "bytes"),
        ({"bytes": 999}, None),
        ({"since": 40.0}, "age"),
        ({"since": 40.1}, None),
        ({"since": 1000.0}, None),  # a clock that went back is no reason
        ({"is_forced": True}, "drain"),
        ({"is_draining": True}, None),
        ({"is_caught_up": True}, None),
        ({"is_draining": True, "is_caught_up": True}, "drain"),
        ({"count": 0, "bytes": 0, "since": 40.0}, "age"),  # markers only: sealed too, so that the lag goes to zero
        ({"span": 0, "count": 0, "since": 0.0, "is_forced": True}, None),
    ],
)
def test_should_seal(over: dict[str, object], why: str | None) -> None:
    facts = Facts(**{"span": 5, "count": 5, "bytes": 500, "since": 90.0} | over)  # type: ignore[arg-type]
    assert should_seal(facts, 100.0, LIMITS) == why


@pytest.mark.parametrize(
    ("reading", "busy", "expected"),
    [
        ({}, 0, (set(), None)),
        ({}, 200, (set(), None)),
        ({0: 40, 1: 39}, 0, (set(), None)),
        ({0: 40, 1: 40}, 0, ({0}, None)),
        ({0: 10, 1: 75}, 0, ({1}, None)),
        ({0: 10, 1: 5}, 70, ({0}, None)),
        ({0: 25, 1: 75}, 0, ({0, 1}, 1)),
        ({0: 200, 1: 75}, 0, ({0, 1}, 0)),
        ({0: 10, 1: 15}, 80, ({0, 1}, None)),  # what is being sealed makes room
    ],
)
def test_memory_is_relieved_at_the_largest(reading: dict[int, int], busy: int, expected: tuple[set[int], int | None]) -> None:
    assert relieve(reading, busy, 100) == expected


# ── lines ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_line_reads_as_one_row() -> None:
    record = Rec(7, T, b"story-1", b'{"uri": "urn:x",\n "n": 1.50}', (("ce_id", b"abc"), ("ce_type", "é".encode())))
    line = encode_line("newswire.enriched", 3, record)
    assert line == (
        b'{"topic":"newswire.enriched","partition":3,"offset":7,"timestamp":1772348400000,"key":"story-1",'
        b'"headers":{"ce_id":"abc","ce_type":"\xc3\xa9"},"value":{"uri": "urn:x",  "n": 1.50}}\n'
    )
    assert json.loads(line)["value"] == {"uri": "urn:x", "n": 1.5}


@given(logs())
def test_lines_lose_nothing_and_every_reader_takes_them(log: list[Rec]) -> None:
    for record in log:
        try:
            line = encode_line("t", 0, record)
        except codec.Undecodable:
            continue
        assert (line.count(b"\n"), line.count(b"\r")) == (1, 0)
        row, back = json.loads(line), decode_line(line)
        assert (back.offset, back.timestamp, back.key, back.headers) == (
            record.offset,
            record.timestamp,
            record.key,
            record.headers,
        )
        if record.value is None:
            assert back.value is None
        else:
            assert back.value == record.value.replace(b"\n", b" ").replace(b"\r", b" ")
            assert row["value"] == json.loads(record.value)
        assert encode_line("t", 0, back) == line


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b'"\xff"', b"NaN", b'{"a":1}{', b'"\\ud800"', b"[" * 3000 + b"]" * 3000, b'{"a":1}\n{"a":2}', b'"a\nb"'],
)
def test_what_is_no_json_is_rejected_with_its_place(value: bytes) -> None:
    buffer = Buffer("t", 0, 5)
    buffer.add(Rec(5))
    buffer.add(Rec(6, value=value))
    buffer.add(Rec(7))
    assert (buffer.count, buffer.next) == (2, 8)
    [reject] = buffer.rejects
    assert (reject.record.offset, reject.reason) == (6, Reason.BAD_RECORD)
    assert "JSON" in reject.detail
    assert buffer.manifest(PLACE, "", "age", "w").rejected == {"bad_record": 1}


@pytest.mark.parametrize(
    "line", [b"", b"{}", b'{"offset":1,"value":2}', b'{"headers":{},"value":1}', b"\xff", b'{"a":{},"value":1}\n']
)
def test_foreign_lines_are_refused(line: bytes) -> None:
    with pytest.raises(BadLine):
        decode_line(line)


# ── segments ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def filled(log: list[Rec], start: int) -> Buffer:
    buffer = Buffer("newswire.enriched", 3, start)
    for record in log:
        buffer.add(record)
    return buffer


@given(logs(), st.integers(0, 3))
def test_the_same_range_gives_the_same_bytes(log: list[Rec], after: int) -> None:
    one, two = filled(log, 0), filled(log, 0)
    assert pack(one.content) == pack(two.content)
    one.skip_to(one.next + after)
    two.skip_to(two.next + after)
    assert one.manifest(PLACE, "0" * 64, "age", "w") == two.manifest(PLACE, "0" * 64, "age", "w") or one.span == 0
    content, digest = unpack(pack(one.content)[0])
    assert (content, digest) == (bytes(one.content), pack(one.content)[1])
    again = read_back("newswire.enriched", 3, 0, content)
    assert (again.content, again.count) == (one.content, one.count)


@pytest.mark.parametrize("damage", [lambda b: b[:-4], lambda b: b[:20], lambda b: b"", lambda b: b + b"x", lambda b: b"junk" * 9])
def test_a_damaged_object_is_noticed(damage: object) -> None:
    body, _ = pack(filled(records(range(100)), 0).content)
    with pytest.raises(BadSegment):
        unpack(damage(body))  # type: ignore[operator]


def test_lines_of_another_place_are_noticed() -> None:
    lines = bytes(filled(records(range(3, 6)), 3).content)
    for topic, partition, start in (("other", 3, 3), ("newswire.enriched", 2, 3), ("newswire.enriched", 3, 4)):
        with pytest.raises(BadSegment):
            read_back(topic, partition, start, lines)


def test_a_manifest_says_what_the_range_holds() -> None:
    buffer = filled(
        [
            Rec(4, T, headers=(("ce_time", b"2026-03-01T06:00:00.250Z"), ("ce_dataschema", b"b"))),
            Rec(6, T + 5, headers=(("ce_time", b"2026-03-01T05:00:00+00:00"), ("ce_dataschema", b"a"))),
            Rec(7, T + 9, headers=(("ce_time", b"yesterday"),)),
        ],
        3,
    )
    buffer.skip_to(10)  # transaction markers
    manifest = buffer.manifest(PLACE, "0" * 64, "age", "newswire 0")
    assert (manifest.start, manifest.end, manifest.next_offset, manifest.count) == (3, 9, 10, 3)
    assert (manifest.min_event_time, manifest.max_event_time) == ("2026-03-01T05:00:00.000Z", "2026-03-01T07:00:00.009Z")
    assert manifest.schemas == ("a", "b")
    assert manifest.key == PLACE.data_key(3, 9, T)
    key = PLACE.manifest_key(3, 9)
    assert parse_manifest(key, codec.encode(manifest)) == manifest


@pytest.mark.parametrize(
    "over",
    [
        {"start": 4},
        {"next_offset": 11},
        {"count": 99},
        {"count": -1},
        {"count": 0},
        {"kind": "gap"},
        {"kind": "other"},
        {"sha256": "abc"},
        {"key": ""},
        {"key": "news/v1/newswire.enriched/elsewhere"},
        {"key": PLACE.data_key(3, 8, T)},
        {"form": "documents"},
        {"form": "other"},
        {"topic": "other"},
        {"partition": 2},
        {"start": "3"},
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(over: dict[str, object]) -> None:
    buffer = filled(records(range(3, 10)), 3)
    good = codec.loads(codec.encode(buffer.manifest(PLACE, pack(buffer.content)[1], "age", "w")))
    assert parse_manifest(PLACE.manifest_key(3, 9), codec.dumps(good))
    with pytest.raises((BadManifest, BadName)):
        parse_manifest(PLACE.manifest_key(3, 9), codec.dumps(good | over))


# ── commit metadata ──────────────────────────────────────────────────────────────────────────────────────────────────

counts = st.integers(0, 2**62)
intents = st.none() | st.builds(Intent, end=counts, why=st.sampled_from(["age", "gap"]), at=st.none() | st.integers(-1, 2**62))


@given(st.builds(Progress, topic_id=st.just(TOPIC_ID), stored=counts, tail=st.none() | counts, intent=intents))
def test_progress_travels_in_the_metadata(progress: Progress) -> None:
    assert parse_metadata(progress.to_metadata()) == progress


def test_the_longest_metadata_fits() -> None:
    rejected = {str(reason): 2**62 for reason in Reason}
    progress = Progress(
        topic_id=TOPIC_ID, stored=2**62, rejected=rejected, tail=2**62, intent=Intent(end=2**62, why="x" * 20, at=2**62)
    )
    assert len(progress.to_metadata()) < METADATA_BYTES_MAX / 2


@pytest.mark.parametrize("metadata", ["", "x", "{}", "null", '{"end": 3, "why": "age"}', '{"ingest":{"in":3}}'])
def test_foreign_metadata_is_no_progress(metadata: str) -> None:
    assert parse_metadata(metadata) is None
