"""Ways to get a partition into a store, played against crashes, zombies and stores that ignore create-only. No I/O, no threads.

A protocol is a generator: between two `yield`s it does one thing, and at each `yield` the game may go on with it, end its process
for good, or hand the partition to somebody else while it sleeps. One that wakes up later is a *zombie*: it finishes what it was
about to do. The group knows one owner: a zombie's commit is refused, its PUT is not. When a batch ends is decided by the clock,
through the sink's own `should_seal`, so that two owners who start at the same offset end at different ones.

Seven protocols; all but the last are found in other sinks. The last is ours, with the names, intents and manifests of the real
one. What is measured: records that no reader of the store finds, and records that a reader finds more than once.
"""

import random
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from msgspec import Struct

from pipeline import codec
from pipeline.sinks.progress import Intent, Progress, parse_metadata
from pipeline.sinks.segment import Facts, Limits, Manifest, Place, parse_manifest, range_name, should_seal
from pipeline.sinks.stores import Put
from tests.sinks.records import TOPIC_ID

Steps = Generator[None, None, None]
Protocol = Callable[["Member"], Steps]

LENGTH = 200  # records of the log
WINDOW = 20  # fixed windows never seal a part of one: the log holds whole ones
READ = 5  # records between two yields
LIMITS = Limits(age_s=8.0, records_max=60)
TIMESTAMP = 1_772_348_400_000
PLACE = Place("news", "t", TOPIC_ID, 0)


class Fenced(Exception):
    """The group has another owner."""


class Score(Struct, frozen=True):
    """What a reader of the store misses, and what it finds more than once."""

    lost: int
    doubled: int


@dataclass
class Shelf:
    """The store. One that ignores create-only overwrites, and says that it created."""

    is_create_only: bool
    objects: dict[str, tuple[int, ...]] = field(default_factory=dict)  # name → the offsets of the records in it
    manifests: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, offsets: range) -> Put:
        """An object."""
        if self.is_create_only and name in self.objects:
            return Put.EXISTS
        self.objects[name] = tuple(offsets)
        return Put.CREATED

    def put_manifest(self, name: str, body: bytes) -> Put:
        """A manifest."""
        if self.is_create_only and name in self.manifests:
            return Put.EXISTS
        self.manifests[name] = body
        return Put.CREATED

    def found(self) -> Iterator[int]:
        """What a reader reads: the objects that manifests name; all objects where no protocol writes manifests."""
        for key, body in self.manifests.items():
            yield from self.objects[parse_manifest(key, body).key]
        if not self.manifests:
            for offsets in self.objects.values():
                yield from offsets


# ── the game ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Game:
    """One partition: its group (`owner`, `offset`, `metadata`), its store, its clock, and the sleepers that think they own it."""

    protocol: Protocol
    is_create_only: bool
    owner: int = 0
    offset: int = 0
    metadata: str = ""
    now: float = 0.0
    is_draining: bool = False
    sleepers: list[Steps] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.is_create_only)
        self.running = self._join()

    def _join(self) -> Steps:
        self.owner += 1
        return self.protocol(Member(self, self.owner))

    # moves

    def step(self, seconds: float) -> None:
        """The owner does one thing while the clock goes on."""
        self.now += seconds
        next(self.running)

    def crash(self) -> None:
        """The owner's process ends here; another takes over."""
        self.running = self._join()

    def hand_over(self) -> None:
        """The owner sleeps; another takes over."""
        self.sleepers.append(self.running)
        self.running = self._join()

    def wake(self, which: int, steps: int) -> None:
        """A sleeper goes on for that many steps, or until it learns that it is fenced."""
        if not self.sleepers:
            return
        sleeper = self.sleepers[which % len(self.sleepers)]
        try:
            for _ in range(steps):
                next(sleeper)
        except Fenced:
            self.sleepers.remove(sleeper)

    def settle(self) -> Score:
        """Everybody works to the end; the score."""
        self.is_draining = True
        while self.offset < LENGTH:
            self.step(1.0)
        for sleeper in tuple(self.sleepers):
            with suppress(Fenced):
                for _ in range(LENGTH):  # one that has nothing to do never learns that it is fenced
                    next(sleeper)
        times = Counter(self.shelf.found())
        return Score(lost=LENGTH - len(times), doubled=sum(count - 1 for count in times.values()))


@dataclass
class Member:
    """What a protocol's process may do."""

    game: Game
    generation: int

    @property
    def shelf(self) -> Shelf:
        """The store."""
        return self.game.shelf

    def commit(self, offset: int, metadata: str = "") -> None:
        """Raises `Fenced` for a zombie."""
        if self.generation != self.game.owner:
            raise Fenced
        self.game.offset, self.game.metadata = offset, metadata

    def read(self, start: int) -> Generator[None, None, range]:
        """Records from `start` until the clock or their number says that it is enough."""
        since, end = self.game.now, start
        while not should_seal(self._facts(start, end, since), self.game.now, LIMITS):
            yield
            end = min(end + READ, LENGTH)
        return range(start, end)

    def _facts(self, start: int, end: int, since: float) -> Facts:
        count = end - start
        is_caught_up = end == LENGTH
        return Facts(span=count, count=count, bytes=0, since=since, is_draining=self.game.is_draining, is_caught_up=is_caught_up)


def play(protocol: Protocol, seed: int, *, is_create_only: bool) -> Score:
    """One game at random: four moves of five are the owner's, the others are crashes, rebalances, and zombies at work."""
    dice = random.Random(seed)
    game = Game(protocol, is_create_only)
    while game.offset < LENGTH:
        move = dice.random()
        if move < 0.80:
            game.step(dice.choice((0.5, 1.0, 2.0)))
        elif move < 0.85:
            game.crash()
        elif move < 0.90:
            game.hand_over()
        else:
            game.wake(dice.randrange(8), dice.randint(1, 4))
    return game.settle()


# ── protocols of others ──────────────────────────────────────────────────────────────────────────────────────────────


def unique_name(member: Member) -> Steps:
    """A new name per batch; the offset is committed after the PUT."""
    start, serial = member.game.offset, 0
    while True:
        batch = yield from member.read(start)
        yield
        member.shelf.put(f"{member.generation}-{serial}", batch)
        yield
        member.commit(batch.stop)
        start, serial = batch.stop, serial + 1


def start_in_name(member: Member) -> Steps:
    """Named by the start offset; whoever comes later overwrites."""
    start = member.game.offset
    while True:
        batch = yield from member.read(start)
        yield
        member.shelf.objects[f"{start}"] = tuple(batch)
        yield
        member.commit(batch.stop)
        start = batch.stop


def next_free_start(member: Member) -> Steps:
    """Named by the start offset, create-only; where the name is taken, on from the next offset."""
    start = member.game.offset
    while True:
        batch = yield from member.read(start)
        yield
        while batch and member.shelf.put(f"{batch.start}", batch) is Put.EXISTS:
            batch = batch[1:]
        yield
        member.commit(batch.stop)
        start = batch.stop


def resume_at_end(member: Member) -> Steps:
    """Named by the start offset, create-only; where the name is taken, on after the end of the object that is there."""
    start = member.game.offset
    while True:
        batch = yield from member.read(start)
        yield
        next_ = batch.stop
        if member.shelf.put(f"{start}", batch) is Put.EXISTS:
            next_ = member.shelf.objects[f"{start}"][-1] + 1
        yield
        member.commit(next_)
        start = next_


def fixed_windows(member: Member) -> Steps:
    """A range is [kW, (k+1)W) whatever the clock says: right, but nothing is sealed until a window is full."""
    for start in range(member.game.offset, LENGTH, WINDOW):
        yield
        member.shelf.put(range_name(start, start + WINDOW - 1), range(start, start + WINDOW))
        yield
        member.commit(start + WINDOW)
    while True:
        yield


def range_without_intent(member: Member) -> Steps:
    """The range in the name, but nobody knows of it before the PUT."""
    start = member.game.offset
    while True:
        batch = yield from member.read(start)
        yield
        member.shelf.put(range_name(start, batch.stop - 1), batch)
        yield
        member.commit(batch.stop)
        start = batch.stop


# ── ours ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def range_with_intent(member: Member) -> Steps:
    """The end is decided in the fenced commit before the PUT; whoever owns the partition next redoes exactly that range."""
    game = member.game
    start, progress = game.offset, parse_metadata(game.metadata) or Progress(topic_id=TOPIC_ID)
    while True:
        if progress.intent is None:
            batch = yield from member.read(start)
            yield
            progress = progress.decided(Intent(end=batch.stop - 1, why="age", at=TIMESTAMP))
            member.commit(start, progress.to_metadata())
            yield
        assert progress.intent is not None
        manifest = _manifest(start, progress.intent.end)
        batch = range(start, progress.intent.end + 1)
        if member.shelf.put(manifest.key, batch) is Put.EXISTS:
            assert member.shelf.objects[manifest.key] == tuple(batch), "another content stands at our name"
        yield
        key = PLACE.manifest_key(start, manifest.end)
        if member.shelf.put_manifest(key, codec.encode(manifest)) is Put.EXISTS:
            assert parse_manifest(key, member.shelf.manifests[key]).agrees_with(manifest)
        yield
        progress = progress.sealed(manifest)
        member.commit(manifest.next_offset, progress.to_metadata())
        start = manifest.next_offset


def _manifest(start: int, end: int) -> Manifest:
    count = end + 1 - start
    return Manifest(
        kind="segment",
        topic=PLACE.topic,
        topic_id=PLACE.topic_id,
        partition=PLACE.partition,
        start=start,
        end=end,
        next_offset=end + 1,
        why="age",
        writer="model",
        count=count,
        bytes=count,
        sha256="0" * 64,
        key=PLACE.data_key(start, end, TIMESTAMP),
    )
