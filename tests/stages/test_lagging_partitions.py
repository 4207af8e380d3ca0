"""What readers see in the end, whichever partition lags: address, link and route over some partitions, served in any order.

Each run draws messages about a few items (versions, updates, copies, language flips, kills, holds, releases), some of them late
or twice, and serves the partitions as an adversary would. What readers have is then compared with the stories as a single
partition has them. `enrich` is left out: its topic has the partitions of the one before, and only adds to the lag.
"""

import random
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count

import pytest
from msgspec.structs import replace

from pipeline.article import Article
from pipeline.kafka import partition_of
from pipeline.records import Drop, Emit, Write
from pipeline.stages.address import address
from pipeline.stages.bucket import bucket
from pipeline.stages.link import kills, link
from pipeline.stages.link.memory import Memory
from pipeline.stages.route import Routed, home_key, route
from tests.stages.link.wire import Desk, item

RUNS = 500
# Each with how many partitions there are: of 4 and of 7, `en` and `fr` share one; of 6, `de` does as well.
SEEDS = {1: 4, 2: 4, 14: 7, 15: 6}
LANGUAGES = ("en", "en", "en", "und", "de", "fr")
OWN = {"agency": "Meridian", "provider": "meridian.example", "slug": "MILL/"}
COPY = {"agency": "Meridian", "is_copy": True}
HEADLINE = "Drones strike grain mill in Varnholt, 12 dead"
FIRST = (
    "Drones struck a grain mill on the southern edge of Varnholt early on Sunday and killed 12 people, Governor Ilse Brandvik "
    "said. Firefighters fought the blaze for six hours while rescuers searched the ruins of the main storehouse."
)
GROWN = FIRST + " The transport ministry closed the river road to Esk until Monday and sent 14 buses."
REWRITTEN = GROWN.replace("rescuers searched", "rescue workers searched")
BANK = "The central bank of Norland kept its main rate at 4.5 percent on Tuesday, and said that prices would rise by 2.1 percent."

Place = tuple[str, str]  # a public topic and a uri


@cache
def messages(language: str) -> tuple[Article, ...]:
    """All that may be said, in one language."""
    said: dict[str, object] = {"language": language}
    texts = [
        item("urn:x:1", HEADLINE, body, version=str(at + 1), hours=at, **OWN, **said)
        for at, body in enumerate((FIRST, GROWN, REWRITTEN, FIRST + " It had reopened in May."))
    ]
    texts += [
        item("urn:x:2", "UPDATE 1-Toll may rise at Varnholt mill", GROWN, hours=1.5, **OWN, **said),
        item("urn:x:2", "UPDATE 1-Toll may rise at Varnholt mill", REWRITTEN, hours=3.5, **OWN, **said),
        item("urn:x:3", "UPDATE 2-Survivors in ruins of mill", REWRITTEN, hours=2.5, **OWN, **said),
        item("urn:x:4", HEADLINE, FIRST, hours=1.2, provider="courier.example", **COPY, **said),
        item("urn:x:4", HEADLINE, GROWN, hours=4.2, provider="courier.example", **COPY, **said),
        item("urn:x:5", HEADLINE, GROWN, hours=2.2, provider="harbour.example", **COPY, **said),
        item("urn:x:6", "Norland central bank keeps rate", BANK, version="1", provider="ledger.example", **said),
        item(
            "urn:x:6",
            "Norland central bank keeps rate",
            BANK + " It was no surprise.",
            version="3",
            hours=3,
            provider="ledger.example",
            **said,
        ),
    ]
    return tuple(texts)


@cache
def withdrawals(language: str) -> tuple[Article, ...]:
    """Kills and holds, by status and by text, and what lifts them. Dates and numbers agree: a blind kill has only dates."""
    said: dict[str, object] = {"language": language}
    lifted = "The hold on this story is lifted."
    return (
        *(item("urn:x:1", "", "", version=str(at), hours=at - 0.1, pub_status="canceled", **OWN, **said) for at in (2, 3, 5)),
        item("urn:x:1", HEADLINE, FIRST, version="3", hours=2.1, pub_status="withheld", **OWN, **said),
        item("urn:x:1", HEADLINE, REWRITTEN, version="4", hours=4.5, note=lifted, **OWN, **said),
        item("urn:x:2", "", "", hours=3, pub_status="canceled", **OWN, **said),
        item("urn:x:2", "", "", hours=5, pub_status="withheld", **OWN, **said),
        item("urn:x:4", "", "", hours=5, pub_status="canceled", provider="courier.example", **COPY, **said),
        item("urn:x:6", "", "", version="2", hours=2, pub_status="canceled", provider="ledger.example", **said),
        item("urn:x:6", "", "", version="3", hours=4, pub_status="withheld", provider="ledger.example", **said),
        item("urn:x:9", "WITHDRAWAL: " + HEADLINE, "The figures were wrong.", hours=2.8, agency="Meridian", **said),
        item("urn:x:1", "WITHDRAWAL: " + HEADLINE, "The figures were wrong.", version="3", hours=2.9, **OWN, **said),
    )


def drawn(dice: random.Random, partitions: int) -> list[Article]:
    """Some messages, most of them in the order in which they were made; a late one, one that comes twice."""
    texts = dice.sample(range(len(messages("en"))), dice.randint(2, 7))
    told = [messages(dice.choice(LANGUAGES))[at] for at in texts]
    for _ in range(dice.randint(0, 3)):
        one = withdrawals(dice.choice(LANGUAGES))[dice.randrange(len(withdrawals("en")))]
        told.append(by_another_feed(one, partitions) if dice.random() < 0.3 and one.pub_status != "usable" else one)
    told.sort(key=lambda one: one.version_created)
    if dice.random() < 0.6:
        told.insert(dice.randrange(len(told)), told.pop(dice.randrange(len(told))))
    if dice.random() < 0.3:
        told.append(dice.choice(told))
    if dice.random() < 0.2:
        dice.shuffle(told)
    return told


def by_another_feed(one: Article, partitions: int) -> Article:
    """The same from a feed that gives it another identity: it comes to ingest by another partition than its item."""
    identity = one.pipeline.identity
    own = partition_of(identity.key.encode(), partitions)
    keys = (f"https://notices.example/{number}/{one.uri}" for number in count())
    key = next(key for key in keys if partition_of(key.encode(), partitions) != own)
    return replace(one, pipeline=replace(one.pipeline, identity=replace(identity, key=key)))


class Lanes:
    """One stage over the partitions of its topic, each with a state of its own."""

    def __init__(self, partitions: int) -> None:
        self.waiting: list[deque[Article]] = [deque() for _ in range(partitions)]
        self.states: list[dict[bytes, bytes]] = [{} for _ in range(partitions)]

    def put(self, key: str, article: Article) -> None:
        """One more record of the topic."""
        self.waiting[partition_of(key.encode(), len(self.waiting))].append(article)

    def next(self, partition: int) -> tuple[Article, dict[bytes, bytes]]:
        """The next record of a partition, and its state."""
        return self.waiting[partition].popleft(), self.states[partition]


class Service:
    """The three hops between four topics. `public` is what readers have.

    `order` is what came to link, in whichever lane, and `logs` what each lane of link gave out.
    """

    def __init__(self, told: list[Article], partitions: int) -> None:
        self.raw, self.normalized, self.linked = (Lanes(partitions) for _ in range(3))
        self.public: dict[Place, Article] = {}
        self.logs: dict[int, list[Article]] = defaultdict(list)
        self.order: list[Article] = []
        for one in told:
            self.raw.put(one.pipeline.identity.key, one)

    def serve(self, dice: random.Random) -> None:
        """Until nothing waits; each lane has its own speed, and one in two rarely gets its turn."""
        steps = {(lanes, at): step for lanes, step in self._steps() for at in range(len(lanes.waiting))}
        speeds = {lane: dice.choice((1.0, 0.01)) for lane in steps}
        while pending := [lane for lane in steps if lane[0].waiting[lane[1]]]:
            lane = dice.choices(pending, [speeds[one] for one in pending])[0]
            steps[lane](lane[1])

    def _steps(self):  # type: ignore[no-untyped-def]
        return (self.raw, self._address), (self.normalized, self._link), (self.linked, self._route)

    def _address(self, partition: int) -> None:
        article, state = self.raw.next(partition)
        for one in passed(address(article, state, article.pipeline.times.ingested), state, "normalized"):
            self.normalized.put(bucket(one), one)

    def _link(self, partition: int) -> None:
        article, state = self.normalized.next(partition)
        self.order.append(article)
        for one in passed(link(article, state, article.pipeline.times.ingested), state, "linked"):
            self.logs[partition].append(one)
            self.linked.put(home_key(one), one)

    def _route(self, partition: int) -> None:
        show(self.public, *self.linked.next(partition))


def passed(verdict: Emit | Drop, state: dict[bytes, bytes], topic: str) -> Iterator[Article]:
    """What goes on to the topic: the record itself, then its copies for other partitions."""
    apply(verdict.writes, state)
    copies = (side.value for side in verdict.also if side.topic == topic)
    for one in (*((verdict.record,) if isinstance(verdict, Emit) else ()), *copies):
        assert isinstance(one, Article)
        yield one


def show(public: dict[Place, Article], article: Article, state: dict[bytes, bytes]) -> None:
    """One event through route to the compacted public topics."""
    verdict = route(article, state, article.pipeline.times.ingested)
    apply(verdict.writes, state)
    if isinstance(verdict, Emit):
        assert isinstance(verdict.record, Routed)
        public |= {(to.topic, article.uri): article for to in verdict.record.to}
        for place in verdict.record.withdrawn:
            public.pop(place, None)


def apply(writes: tuple[Write, ...], state: dict[bytes, bytes]) -> None:
    """As a lane does."""
    for key, value in writes:
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value


def without_lag(logs: Mapping[int, list[Article]]) -> dict[Place, Article]:
    """What readers would have if nothing waited behind link."""
    public: dict[Place, Article] = {}
    state: dict[bytes, bytes] = {}
    for log in logs.values():
        for article in log:
            show(public, article, state)
    return public


def in_one_partition(order: list[Article]) -> Desk:
    """The stories as a single partition has them, to which the same came in the same order."""
    desk = Desk()
    desk.run(order)
    return desk


def faults(service: Service, desk: Desk) -> Iterator[str]:
    """What readers have that they must not, and what they lack."""
    public = service.public
    memory = Memory(desk.state)
    for (topic, uri), article in public.items():
        story = desk.chain(uri)
        found = story.item(uri)
        assert found is not None
        entry = next(one for one in found.entries if one.content.hex() == article.pipeline.dedup.content)
        state = kills.state_of(memory, story, found, entry)
        if state != "live":
            yield f"{uri} stands on {topic} in a version that is {state}"
        if entry.content != found.entries[-1].content:
            yield f"{uri} stands on {topic} in an older version than its newest"
    yield from _described(service)
    linked = [one for log in service.logs.values() for one in log]
    retractions = [told for one in linked if (told := one.pipeline.retraction) and told.kind != "release"]
    named = {each.uri for told in retractions for each in told.items}
    texts = {one.uri for one in linked if one.pub_status == "usable" and not told_elsewhere(one)}
    for uri in texts - named - {uri for _, uri in public}:
        yield f"{uri} was never withdrawn, but stands nowhere"


def _described(service: Service) -> Iterator[str]:
    """What a kill by text describes, in whatever language that is told, stands nowhere unless something released it."""
    kill = next((one for one in service.order if one.uri == "urn:x:9"), None)
    if kill and not any("lifted" in one.ed_note for one in service.order):
        for (topic, uri), article in service.public.items():
            if article.headline == HEADLINE and article.version_created <= kill.version_created:
                yield f"{uri} stands on {topic} though a kill describes it"


def told_elsewhere(article: Article) -> bool:
    """Whether it only tells a home what it withdraws there."""
    return article.pipeline.story is not None and article.pipeline.story.is_echo


def run(seed: int, number: int, partitions: int) -> list[str]:
    """One run: its faults."""
    dice = random.Random(f"{seed}.{number}")
    service = Service(drawn(dice, partitions), partitions)
    service.serve(dice)
    found = list(faults(service, in_one_partition(service.order)))
    expected = without_lag(service.logs)
    found += [
        f"lag alone changes {place}" for place in {*service.public, *expected} if service.public.get(place) != expected.get(place)
    ]
    return found


@pytest.mark.parametrize(("seed", "partitions"), SEEDS.items())
def test_no_lag_of_any_partition_leaves_what_was_withdrawn_or_is_old(seed: int, partitions: int) -> None:
    wrong = {number: found for number in range(RUNS) if (found := run(seed, number, partitions))}
    assert not wrong, (len(wrong), list(wrong.items())[:3])
