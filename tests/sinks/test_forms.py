"""Forms of segments: nothing is lost in any of them, the same records give the same bytes, and other tools can read them."""

import gzip
import json
import zlib
from dataclasses import replace
from io import BytesIO

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from pipeline import codec
from pipeline.reasons import Reason
from pipeline.sinks.buffer import Buffer, read_back
from pipeline.sinks.forms import DOCUMENTS, EVENTS, FORMS, RAW, BadSegment, Form, pack, read_segment, records_in, unpack
from pipeline.sinks.line import BadLine, Record, StoredRecord, decode_raw_line, encode_raw_line
from pipeline.sinks.segment import Manifest, parse_manifest
from pipeline.sinks.stores import MemoryStore
from pipeline.sinks.warc import BadWarc, decode_documents
from pipeline.topics import TOPICS
from tests.sinks.records import Rec, document, header_lists, logs
from tests.sinks.world import PLACE


def filled(log: list[Rec], form: Form) -> Buffer:
    buffer = Buffer(PLACE.topic, PLACE.partition, 0, form)
    for record in log:
        buffer.add(record)
    return buffer


def sealed(buffer: Buffer) -> tuple[Manifest, bytes]:
    body, sha256 = pack(buffer.content, buffer.form)
    return buffer.manifest(PLACE, sha256, "age", "test"), body


def facts(record: Record | StoredRecord) -> tuple[object, ...]:
    return record.offset, record.timestamp, record.key, record.value, tuple(record.headers)


documents = st.builds(
    document,
    st.integers(0, 2**62),
    value=st.binary(max_size=60) | st.sampled_from([b"\r\n\r\n", b"WARC/1.1\r\nContent-Length: 5\r\n\r\n", b"\x1f\x8b\x08"]),
    timestamp=st.integers(-1, 2**45),
    key=st.none() | st.binary(max_size=10),
    more=header_lists.map(tuple),
    url=st.text(max_size=20).map("https://example.test/{}".format),
    etag=st.text(max_size=8),
    fetched_at=st.sampled_from(
        ["2026-03-01T07:30:00.123Z", "2026-03-01T07:30:00+05:00", "0001-01-01T00:00:00+09:00", "soon", ""]
    ),
)


@given(logs())
def test_raw_lines_lose_nothing(log: list[Rec]) -> None:
    buffer = filled(log, RAW)
    assert (buffer.count, buffer.rejects) == (len(log), [])  # whatever the bytes are
    assert [facts(record) for record in RAW.decode(bytes(buffer.content))] == [facts(record) for record in log]
    for line in buffer.content.splitlines():
        assert json.loads(line)["topic"] == PLACE.topic


@given(st.lists(documents, max_size=4, unique_by=lambda each: each.offset))
def test_archives_lose_nothing(log: list[Rec]) -> None:
    log.sort(key=lambda each: each.offset)
    buffer = filled(log, DOCUMENTS)
    assert buffer.rejects == []
    assert [facts(record) for record in decode_documents(bytes(buffer.content))] == [facts(record) for record in log]
    body, _ = pack(buffer.content, DOCUMENTS)
    archived = [record for record in ArchiveIterator(BytesIO(body), check_digests="raise") if _read(record) is not None]
    assert len(archived) == 2 * len(log)


def _read(record: object) -> bytes:
    return record.content_stream().read()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_same_records_give_the_same_bytes_and_read_back_as_written(form: Form) -> None:
    log = [document(offset) for offset in (3, 4, 9)]
    if form is EVENTS:
        log = [replace(record, value=b'{"n":1}') for record in log]
    buffer, again = filled(log, form), filled(log, form)
    assert pack(buffer.content, form) == pack(again.content, form)
    body, sha256 = pack(buffer.content, form)
    assert unpack(body, form) == (bytes(buffer.content), sha256)
    back = read_back(PLACE.topic, PLACE.partition, 0, bytes(buffer.content), form)
    assert (back.content, back.count, back.next) == (buffer.content, 3, 10)


# ── a line of a raw item ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "rest"),
    [
        (b"<item>\xc3\xa9\n</item>", '"headers":{},"value_text":"<item>é\\n</item>"}\n'),
        (b"\xff<", '"headers":{},"value_base64":"/zw="}\n'),
        (b"", '"headers":{},"value_text":""}\n'),
        (None, '"tombstone":true,"headers":{}}\n'),
    ],
)
def test_a_raw_line_is_the_documented_one(value: bytes | None, rest: str) -> None:
    line = encode_raw_line("newswire.raw", 3, Rec(7, 5, b"k", value, ()))
    assert line.decode() == '{"topic":"newswire.raw","partition":3,"offset":7,"timestamp":5,"key":"k",' + rest
    assert facts(decode_raw_line(line)) == (7, 5, b"k", value, ())


HEAD = b'{"topic":"t","partition":0,"offset":1,"timestamp":1,"key":null,"headers":{}'


@pytest.mark.parametrize(
    "line",
    [
        b"",
        HEAD + b"}",
        HEAD + b',"value_text":"a","value_base64":"YQ=="}',
        HEAD + b',"value_text":"a","tombstone":true}',
        HEAD + b',"value_base64":"YQ"}',
        HEAD + b',"value":1}',
        HEAD + b',"value_text":"a"',
    ],
)
def test_foreign_raw_lines_are_refused(line: bytes) -> None:
    with pytest.raises(BadLine):
        decode_raw_line(line)


# ── an archive ───────────────────────────────────────────────────────────────────────────────────────────────────────

GOLDEN = """\
WARC/1.1
WARC-Type: response
WARC-Record-ID: <urn:uuid:e11476f8-b918-5bed-b650-5f6d0a06f213>
WARC-Target-URI: https://example.test/r%C3%A9sum%C3%A9%20a?b=1
WARC-Date: 2026-03-01T07:30:00.123Z
WARC-Payload-Digest: sha256:b8a3805e669decf7180d8c7f4af5d4706d615d0678c424bd1c6b853def3bf3d2
WARC-Block-Digest: sha256:d21222832d22391f7375268db91387251ba7166e8c4578ab486feff20a5a8be4
Content-Type: application/http; msgtype=response
Content-Length: 91

HTTP/1.1 200 OK
Content-Type: application/rss+xml
ETag: "v1"
Content-Length: 6

<rss/>

WARC/1.1
WARC-Type: metadata
WARC-Record-ID: <urn:uuid:4130a04d-07e0-5e5d-abfa-c06c1e025338>
WARC-Refers-To: <urn:uuid:e11476f8-b918-5bed-b650-5f6d0a06f213>
WARC-Target-URI: https://example.test/r%C3%A9sum%C3%A9%20a?b=1
WARC-Date: 2026-03-01T07:30:00.123Z
WARC-Payload-Digest: sha256:d7557c0c4fcead3c1d73ff01aa7dc6f55c195ade3038e4d6f5c82312e4c59512
WARC-Block-Digest: sha256:d7557c0c4fcead3c1d73ff01aa7dc6f55c195ade3038e4d6f5c82312e4c59512
Content-Type: application/json
Content-Length: 282

{"topic":"newswire.documents","partition":3,"offset":7,"timestamp":1767225600000,"key":"sha256:d0f5","headers":\
{"feed":"example","url":"https://example.test/résumé a?b=1","fetched-at":"2026-03-01T07:30:00.123Z","status":"200",\
"content-type":"application/rss+xml","etag":"\\"v1\\""}}

"""


def test_an_archive_is_the_documented_one() -> None:
    """To the byte: other bytes are another version of the form, also when it is the library that changed them."""
    record = document(7, url="https://example.test/résumé a?b=1")
    assert DOCUMENTS.encode("newswire.documents", 3, record).decode() == GOLDEN.replace("\n", "\r\n")


def test_each_record_is_a_gzip_member_that_opens_alone() -> None:
    buffer = filled([document(offset) for offset in range(3)], DOCUMENTS)
    body, _ = pack(buffer.content, DOCUMENTS)
    members = []
    while body:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        members.append(member.decompress(body))
        assert member.eof
        body = member.unused_data
    assert [member.split(b"\r\n")[1] for member in members] == [b"WARC-Type: response", b"WARC-Type: metadata"] * 3


def test_no_two_records_share_an_identifier() -> None:
    """Nor those of one body that two feeds served in the same millisecond."""
    log = [document(offset) for offset in range(20)]
    body, _ = pack(filled(log, DOCUMENTS).content, DOCUMENTS)
    ids = [record.rec_headers["WARC-Record-ID"] for record in ArchiveIterator(BytesIO(body))]
    assert len(set(ids)) == len(ids) == 40


@pytest.mark.parametrize(
    ("over", "detail"),
    [
        ({"url": ""}, "'url'"),
        ({"url": "file:///etc/passwd"}, "'url'"),
        ({"status": ""}, "'status'"),
        ({"status": "2000"}, "'status'"),
        ({"status": "٢٠٠"}, "'status'"),
        ({"value": None}, "null"),
    ],
)
def test_what_is_no_response_is_rejected_with_its_place(over: dict[str, object], detail: str) -> None:
    buffer = filled([document(0), document(1, **over), document(2)], DOCUMENTS)  # type: ignore[arg-type]
    [reject] = buffer.rejects
    assert (buffer.count, reject.record.offset, reject.reason) == (2, 1, Reason.BAD_RECORD)
    assert detail in reject.detail


def test_no_header_breaks_out_of_the_archive() -> None:
    """A fact that HTTP cannot say is left out of the response, and stands in the metadata as it was."""
    record = document(0, url="https://example.test/\r\nWARC-Type: warcinfo\r\n\r\n", etag="a\r\nContent-Length: 0\r\n\r\n")
    buffer = filled([record], DOCUMENTS)
    [response, _] = ArchiveIterator(BytesIO(pack(buffer.content, DOCUMENTS)[0]))
    assert response.rec_headers["WARC-Target-URI"] == "https://example.test/%0D%0AWARC-Type:%20warcinfo%0D%0A%0D%0A"
    assert response.http_headers.get_header("ETag") is None
    assert [facts(back) for back in decode_documents(bytes(buffer.content))] == [facts(record)]


@pytest.mark.parametrize("cut", [1, 20, 100, 700])
def test_a_foreign_or_broken_archive_is_refused(cut: int) -> None:
    content = DOCUMENTS.encode("t", 0, document(0))
    for broken in (content[:-cut], content[cut:], b"x" * cut, content[: len(content) // 2] * 2):
        with pytest.raises(BadSegment):
            read_back("t", 0, 0, broken, DOCUMENTS)
    with pytest.raises(BadWarc):
        list(decode_documents(content[:300]))


# ── manifests and reading ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_manifest_without_a_form_is_one_of_events() -> None:
    manifest, _ = sealed(filled([Rec(0)], EVENTS))
    text = codec.encode(manifest)
    assert b"form" not in text
    assert parse_manifest(PLACE.manifest_key(0, 0), text).form == "events"


@pytest.mark.parametrize(("form", "suffix"), [(RAW, ".jsonl.zst"), (DOCUMENTS, ".warc.gz")])
def test_a_manifest_says_its_form(form: Form, suffix: str) -> None:
    manifest, _ = sealed(filled([document(0)], form))
    assert parse_manifest(PLACE.manifest_key(0, 0), codec.encode(manifest)) == manifest
    assert (manifest.form, manifest.key.endswith(suffix)) == (form.name, True)
    assert manifest.min_event_time == "2026-03-01T07:30:00.123Z"  # when it was fetched


async def stored(manifest: Manifest, body: bytes) -> list[StoredRecord]:
    store = MemoryStore()
    await store.put_new(manifest.key, body)
    return [record async for record in read_segment(store, manifest)]


@pytest.mark.parametrize("form", [RAW, DOCUMENTS], ids=lambda form: form.name)
async def test_segments_read_back_through_their_manifests(form: Form) -> None:
    log = [document(offset) for offset in (2, 5)]
    manifest, body = sealed(filled(log, form))
    assert [facts(record) for record in await stored(manifest, body)] == [facts(record) for record in log]


async def test_a_gap_reads_as_nothing() -> None:
    buffer = Buffer(PLACE.topic, PLACE.partition, 0, RAW)
    buffer.skip_to(5)
    assert [record async for record in read_segment(MemoryStore(), buffer.manifest(PLACE, "", "age", "w"))] == []


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b[:20], lambda b: b"", lambda b: b + b"x", lambda b: b"junk" * 9], ids=range(5)
)
async def test_a_damaged_segment_is_noticed(form: Form, damage: object) -> None:
    log = [document(offset, value=b'"text"') for offset in range(3)]
    manifest, body = sealed(filled(log, form))
    with pytest.raises(BadSegment):
        await stored(manifest, damage(body))  # type: ignore[operator]


async def test_other_content_than_the_manifest_says_is_not_read() -> None:
    manifest, _ = sealed(filled([Rec(0)], RAW))
    _, other = sealed(filled([Rec(0, key=b"another")], RAW))
    with pytest.raises(BadSegment, match="its manifest says"):
        records_in(manifest, other)
    with pytest.raises(BadSegment, match="not there"):
        [record async for record in read_segment(MemoryStore(), manifest)]


def test_a_newer_version_of_a_form_is_not_guessed_at() -> None:
    manifest, body = sealed(filled([Rec(0)], RAW))
    newer = codec.loads(codec.encode(manifest)) | {"form_version": 2}
    with pytest.raises(BadSegment, match=r"version 2 of the form raw.*test wrote it"):
        records_in(parse_manifest(PLACE.manifest_key(0, 0), codec.dumps(newer)), body)


def test_a_body_of_the_same_content_is_the_same_whoever_compressed_it() -> None:
    manifest, _ = sealed(filled([document(0)], DOCUMENTS))
    content = DOCUMENTS.encode(PLACE.topic, PLACE.partition, document(0))
    assert len(list(records_in(manifest, gzip.compress(content, 9)))) == 1
    lines, _ = sealed(filled([Rec(0)], RAW))
    body = zstandard.ZstdCompressor(level=9).compress(encode_raw_line(PLACE.topic, PLACE.partition, Rec(0)))
    assert len(list(records_in(lines, body))) == 1


def test_the_topic_table_names_forms_that_exist() -> None:
    assert {topic.archive for topic in TOPICS} - {""} <= FORMS.keys()
