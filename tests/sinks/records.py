"""Records as a consumer hands them out."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from pipeline import codec

TOPIC_ID = "dBmVG-yxS9aP24hRuE4sJA"


@dataclass(frozen=True)
class Rec:
    """What `line.Record` asks for."""

    offset: int
    timestamp: int = 1_767_225_600_000  # 2026-01-01T00:00:00Z
    key: bytes | None = b"story"
    value: bytes | None = b'{"uri":"urn:x"}'
    headers: tuple[tuple[str, bytes | None], ...] = field(default=(("ce_dataschema", b"urn:newswire:schema:enriched:1.0.0"),))


def records(offsets: range, **over: object) -> list[Rec]:
    """One record per offset, each with a value of its own."""
    return [Rec(offset=offset, value=codec.dumps({"n": offset}), **over) for offset in offsets]  # type: ignore[arg-type]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
header_lists = st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=12) | st.just(b'},"value":')), max_size=4)


@st.composite
def logs(draw: st.DrawFn) -> list[Rec]:
    """Records of one partition: growing offsets with gaps, hostile keys, headers and values, some of them no JSON."""
    count = draw(st.integers(0, 6))
    offset = draw(st.integers(0, 10))
    found = []
    for _ in range(count):
        found.append(
            Rec(
                offset=offset,
                timestamp=draw(st.integers(-1, 2**45)),
                key=draw(st.none() | st.binary(max_size=10)),
                value=draw(
                    st.none()
                    | json_values.map(codec.dumps)
                    | json_values.map(codec.dumps_readable)
                    | st.binary(max_size=8)
                    | st.just(b'{"a":"},\\"value\\":"}')
                ),
                headers=tuple(draw(header_lists)),
            )
        )
        offset += draw(st.integers(1, 4))
    return found


def document(
    offset: int,
    *,
    value: bytes | None = b"<rss/>",
    timestamp: int = Rec.timestamp,
    key: bytes | None = b"sha256:d0f5",
    url: str = "https://example.test/feed",
    status: str = "200",
    etag: str = '"v1"',
    fetched_at: str = "2026-03-01T07:30:00.123Z",
    more: tuple[tuple[str, bytes | None], ...] = (),
) -> Rec:
    """A fetched body as the poller writes it."""
    facts = {"feed": "example", "url": url, "fetched-at": fetched_at, "status": status, "content-type": "application/rss+xml"}
    headers = tuple((name, text.encode()) for name, text in (facts | {"etag": etag}).items() if text)
    return Rec(offset, timestamp, key, value, (*more, *headers))
