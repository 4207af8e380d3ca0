"""A hop: stages in a row between two topics, and the few lines that drive them over one record.

The same `run_chain` works under Kafka (`lane.py`), in `newswire offline`, in tests and in the benchmark. No Kafka in here.
Promise: whatever a record holds, every stage it enters books exactly one verdict, and nothing is raised. What hostile text may
cost is bounded by a virtual interval timer around each record, whose handler raises: it stops pure Python and the regular
expression engine alike (in the main thread, where signals arrive).
"""

import asyncio
import signal
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from pipeline.codec import Undecodable, dead_headers, encode, side_headers
from pipeline.ledger import Ledger
from pipeline.reasons import Reason
from pipeline.records import Drop, Reject, Side, Stage, State, Verdict, Write
from pipeline.rules import fired
from pipeline.topics import topic_of

if TYPE_CHECKING:
    from pipeline.state import KeyedState

CPU_S_MAX = 0.3  # an ordinary item costs 1–3 ms, a hostile one seconds; refusing it must cost less than a missed heartbeat
CPU_REPEAT_S = 0.05  # raised again at this pace where a library's bare `except:` swallowed the first
DETAIL_CHARS_MAX = 1000  # a header, not a log

HEADER_BYTES = 64 << 10  # room for headers and batch framing below a topic's message limit
CODE_VERSION = version("newswire")

NO_STATE: State = {}


def _nothing() -> None:
    return None


class Message(Struct, frozen=True):
    """One record ready for Kafka: `topic` is a name of the topic table, `partition` None means by murmur2 of the key."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = []


class Hop(Struct, frozen=True, kw_only=True):
    """Stages between two topics. `decode(key, value, headers)` gives the record, `now_of` its ingest time, `encode` messages.

    `target` is the topic of what goes on, where that is one: side events on it are copies for other partitions.
    """

    name: str
    source: str
    target: str = ""
    stages: tuple[Stage, ...]
    decode: Callable[[bytes | None, bytes | None, Sequence[tuple[str, bytes]]], Any]
    now_of: Callable[[Any], str]
    encode: Callable[[Any], Sequence[Message]]


class Outcome(Struct):
    """What a record came to: `record` when every stage emitted, else the verdict that ended it and the stage that gave it.

    `rules` are the rules that fired, each with its stage.
    """

    record: Any = None
    ended_by: str = ""
    verdict: Verdict | None = None
    also: list[Side] = field(default_factory=list)
    writes: list[tuple[str, Write]] = field(default_factory=list)
    rules: list[tuple[str, str]] = field(default_factory=list)

    def apply(self, states: Mapping[str, dict[bytes, bytes]]) -> None:
        """Puts the writes into states that are kept in memory alone; None deletes."""
        for stage, (key, value) in self.writes:
            if value is None:
                states[stage].pop(key, None)
            else:
                states[stage][key] = value


class Bundle(Struct):
    """What one transaction holds besides state writes: messages, the accounts of the work, which records were rejected.

    `rules` counts the rules that fired in it, by stage and id; of rejected records none. `following` is the input offset
    to commit (None: as before), `on_commit` is called once the transaction holds.
    """

    messages: list[Message] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejects: list[bool] = field(default_factory=list)
    following: int | None = None
    on_commit: Callable[[], None] = _nothing


class Received(Protocol):
    """What a hop needs to know of a Kafka record."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class CpuExceeded(BaseException):
    """The record used up its CPU time. Not an Exception, since libraries must not swallow it."""


async def drive(hop: Hop, records: Sequence[Received], states: Mapping[str, "KeyedState"], slice_s: float) -> Bundle:
    """Runs a batch through the hop's stages. The event loop gets its turn after every `slice_s` seconds of work."""
    bundle = Bundle(following=records[-1].offset + 1)
    turn = perf_counter()
    for record in records:
        before = len(bundle.messages)
        reject = _take(hop, record, states, bundle)
        if reject:
            del bundle.messages[before:]
            bundle.messages.append(dead_letter(record, *reject))
        bundle.rejects.append(reject is not None)
        if perf_counter() - turn > slice_s:
            await asyncio.sleep(0)
            turn = perf_counter()
    return bundle


def _take(hop: Hop, record: Received, states: Mapping[str, "KeyedState"], bundle: Bundle) -> tuple[str, Reject] | None:
    """Books one record into the bundle; the stage and reject when it cannot be used."""
    try:
        item = hop.decode(record.key, record.value, record.headers)
    except Undecodable as error:
        reject = Reject(Reason.BAD_RECORD, str(error))
        _book(bundle.ledger, hop.stages[0].name, reject)
        return hop.stages[0].name, reject
    outcome = run_chain(hop.stages, item, states, hop.now_of(item), bundle.ledger)
    if isinstance(outcome.verdict, Reject):
        return outcome.ended_by, outcome.verdict
    messages = list(hop.encode(outcome.record)) if outcome.record is not None else []  # before its copies, where they meet
    messages += [
        Message(side.topic, side.key.encode(), encode(side.value), side_headers(side.value, side.topic)) for side in outcome.also
    ]
    for message in messages:
        if len(message.value or b"") > topic_of(message.topic).message_bytes_max - HEADER_BYTES:
            return _refuse(hop, outcome, message, bundle.ledger)
    bundle.messages.extend(messages)
    if copies := sum(side.topic == hop.target for side in outcome.also):
        bundle.ledger.account(hop.stages[-1].name).copies += copies
    bundle.rules.update(outcome.rules)
    for stage, write in outcome.writes:
        states[stage].stage(write)
    return None


def _refuse(hop: Hop, outcome: Outcome, message: Message, ledger: Ledger) -> tuple[str, Reject]:
    """Books a reject in place of the verdict whose message no topic takes."""
    reject = Reject(Reason.RECORD_TOO_LARGE, f"{len(message.value or b'')} bytes for {message.topic}")
    stage = outcome.ended_by or hop.stages[-1].name
    account = ledger.account(stage)
    if isinstance(outcome.verdict, Drop):
        account.dropped[outcome.verdict.reason] -= 1
    else:
        account.emitted -= 1
    account.rejected[reject.reason] += 1
    return stage, reject


def dead_letter(record: Received, stage: str, reject: Reject) -> Message:
    """The original key, value and headers, and beside them why and where from."""
    facts = {
        "stage": stage,
        "reason": str(reject.reason),
        "detail": reject.detail,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp),
        "attempts": "1",
        "code": CODE_VERSION,
    }
    return Message("dead", record.key, record.value, dead_headers(record.headers, facts))


class Breaker:
    """Stops a hop that would dead-letter the world: `check` before the commit, `accept` after it."""

    def __init__(self, *, share_max: float, window: int, run_max: int) -> None:
        self._share_max, self._window, self._run_max = share_max, window, run_max
        self._recent: deque[bool] = deque(maxlen=window)
        self._run = 0

    def check(self, rejects: Sequence[bool]) -> str | None:
        """The sentence that says why to stop, None to go on."""
        recent, run = deque(self._recent, maxlen=self._window), self._run
        for is_reject in rejects:
            recent.append(is_reject)
            run = run + 1 if is_reject else 0
            if run >= self._run_max:
                return f"{run} records in a row were rejected (dead_letters.run_max = {self._run_max})"
        share = sum(recent) / self._window
        if len(recent) == self._window and share > self._share_max:
            return f"{share:.0%} of the last {self._window} records were rejected (dead_letters.share_max = {self._share_max})"
        return None

    def accept(self, rejects: Sequence[bool]) -> None:
        """These are committed."""
        for is_reject in rejects:
            self._recent.append(is_reject)
            self._run = self._run + 1 if is_reject else 0


def run_chain(stages: Sequence[Stage], record: Any, states: Mapping[str, State], now: str, ledger: Ledger) -> Outcome:
    """Runs `record` through `stages` and books one verdict per stage entered. A reject takes earlier stages' writes back."""
    outcome = Outcome(record=record)
    with_timer = _timer_installed
    if with_timer:
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_S_MAX, CPU_REPEAT_S)
    try:
        for stage in stages:
            verdict = _judge(stage, outcome.record, states.get(stage.name, NO_STATE), now)
            _book(ledger, stage.name, verdict)
            if isinstance(verdict, Reject):
                return Outcome(ended_by=stage.name, verdict=verdict)
            outcome.also.extend(verdict.also)
            outcome.writes.extend((stage.name, write) for write in verdict.writes)
            if isinstance(verdict, Drop):
                outcome.record, outcome.ended_by, outcome.verdict = None, stage.name, verdict
                return outcome
            known = len(fired(outcome.record))
            outcome.record = verdict.record
            outcome.rules.extend((stage.name, rule) for rule in fired(verdict.record)[known:])
    finally:
        if with_timer:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return outcome


def _judge(stage: Stage, record: Any, state: State, now: str) -> Verdict:
    global _armed
    try:
        _armed = True
        return stage.function(record, state, now)
    except CpuExceeded:
        return Reject(Reason.CPU_LIMIT, f"{stage.name} was stopped after {CPU_S_MAX} s of CPU time")
    except Exception as error:
        return Reject(Reason.STAGE_FAILED, _cause(error))
    finally:
        _armed = False


def _book(ledger: Ledger, stage: str, verdict: Verdict) -> None:
    account = ledger.account(stage)
    account.received += 1
    if isinstance(verdict, Drop):
        account.dropped[verdict.reason] += 1
    elif isinstance(verdict, Reject):
        account.rejected[verdict.reason] += 1
    else:
        account.emitted += 1


_armed = False
_timer_installed = False


def install_cpu_timer() -> bool:
    """Makes every later `run_chain` bounded. False outside the main thread, where no signal arrives."""
    global _timer_installed
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGVTALRM, _stop)
        _timer_installed = True
    return _timer_installed


def _stop(_signum: int, _frame: FrameType | None) -> None:
    if _armed:
        raise CpuExceeded


def _cause(error: BaseException) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"[:DETAIL_CHARS_MAX]
