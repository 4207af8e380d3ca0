"""A good store, sealed by the real protocol, and the ways to spoil it."""

from collections.abc import Callable

from msgspec import structs

from pipeline import codec
from pipeline.sinks.buffer import Buffer
from pipeline.sinks.forms import EVENTS, Form, pack, unpack
from pipeline.sinks.inspection import Depth
from pipeline.sinks.redaction import split_revision
from pipeline.sinks.segment import Manifest, Place, parse_manifest
from pipeline.sinks.stores import MemoryStore, Store
from pipeline.sinks.survey import topics_in
from pipeline.sinks.verify import Options, Report, verify
from tests.sinks.records import Rec
from tests.sinks.world import PLACE, World

T = 1_767_225_600_000
ENDS = (9, 19, 29)
KILLED = "urn:newswire:article:7"


def event(offset: int, uri: str = "", value: bytes | None = None) -> Rec:
    """An event as enrich writes it, in short."""
    headers = (("ce_id", b"id-%d" % offset), ("ce_subject", (uri or f"urn:newswire:article:{offset}").encode()))
    return Rec(offset, value=value or codec.dumps({"uri": uri or f"urn:newswire:article:{offset}"}), headers=headers)


async def good(log: list[Rec] | None = None) -> World:
    """A store with three segments of ten records, sealed by the real protocol."""
    world = World(log=log or [event(offset) for offset in range(30)])
    sealer = await world.member()
    for end in ENDS:
        await world.seal(sealer, end)
    return world


async def looked(store: Store, depth: Depth = "full", **over: object) -> Report:
    return await verify(store, "news", await topics_in(store, "news"), Options(depth=depth, **over))  # type: ignore[arg-type]


def rules(report: Report) -> list[str]:
    return sorted({finding.rule for finding in report.findings})


def object_of(store: MemoryStore, start: int) -> str:
    [key] = [key for key in store.objects if f"/{start:020d}-" in key and "/dt=" in key]
    return key


def manifest_of(store: MemoryStore, start: int) -> tuple[str, Manifest]:
    [key] = [key for key in store.objects if f"/{start:020d}-" in key and "/_manifest/" in key and not split_revision(key)[1]]
    return key, parse_manifest(key, store.objects[key])


def put(store: MemoryStore, log: list[Rec], end: int, place: Place = PLACE, form: Form = EVENTS) -> Manifest:
    """A segment that the protocol would not have written, with a manifest that fits it."""
    buffer = Buffer(place.topic, place.partition, log[0].offset, form)
    for record in log:
        buffer.add(record)
    buffer.skip_to(end + 1)
    body, sha256 = pack(buffer.content, form)
    manifest = buffer.manifest(place, sha256, "age", "test")
    store.objects[manifest.key] = body
    store.objects[place.manifest_key(manifest.start, end)] = codec.encode(manifest)
    return manifest


def rewrite(store: MemoryStore, start: int, **over: object) -> None:
    """Changes what the manifest says."""
    key, manifest = manifest_of(store, start)
    store.objects[key] = codec.encode(structs.replace(manifest, **over))


def refill(store: MemoryStore, start: int, change: Callable[[list[bytes]], list[bytes]], is_signed: bool = True) -> None:
    """Changes the lines of an object; `is_signed`: the manifest has the new digest and size, so that only the lines are wrong."""
    key = object_of(store, start)
    content, _ = unpack(store.objects[key])
    lines = b"".join(change(content.splitlines(keepends=True)))
    store.objects[key], sha256 = pack(lines)
    if is_signed:
        rewrite(store, start, sha256=sha256, bytes=len(lines))
