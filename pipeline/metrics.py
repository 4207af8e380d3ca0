"""Every metric of a worker, in Prometheus terms. The only module that knows the metrics client.

Prefix `newswire_`, base units, bounded labels (stage, outcome, reason, rule, hop, topic): never a feed or a URL.
Counters count committed work.
"""

from collections import Counter as Counts
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from pipeline.ledger import Ledger
from pipeline.rules import LISTED, UNLISTED

SINK_INCIDENTS = ("gaps", "halted", "fenced", "sessions_lost", "retries", "refused", "verified")
SINK_STATES = ("recovering", "open", "sealing", "fenced", "halted")
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """One registry per worker. Children are cached: a labelled look-up costs six times an increment."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.records_in = self._counter("records_in", "records a stage took in", "stage")
        self.records_out = self._counter("records_out", "verdicts of a stage", "stage", "outcome", "reason")
        self.records_copied = self._counter("records_copied", "records beside a stage's verdicts, for other partitions", "stage")
        self.rules = self._counter("rules", "rules that fired, of committed records", "stage", "rule")
        self.commit_seconds = self._histogram("commit_seconds", "duration of a transaction", "hop")
        self.compute_seconds = self._counter("compute_seconds", "CPU time of stages, codec included", "hop")
        self.fenced = self._counter("lane_fenced", "lanes closed because another worker owns the partition", "hop")
        self.reopened = self._counter("lane_reopened", "lanes reopened after an error", "hop")
        self.stopped = self._gauge("hop_stopped", "1 while a hop stands still at the dead-letter limit", "hop")
        self.lanes = self._gauge("lanes", "partitions this worker owns", "hop")
        self.lag_records = self._gauge("consumer_lag_records", "offsets between log end and commit of owned partitions", "hop")
        self.lag_seconds = self._gauge("consumer_lag_seconds", "age of the oldest record not yet processed", "hop")
        self.loop_delay = self._histogram("loop_delay_seconds", "how late the event loop runs its timers")
        self.fetches = self._counter("feed_fetch", "polls by outcome", "outcome")
        self.feeds = self._gauge("feeds", "feeds this worker polls, by state", "state")
        self.sink_segments = self._counter("sink_segments", "ranges sealed, gaps included", "topic", "why")
        self.sink_records = self._counter("sink_records", "records stored", "topic")
        self.sink_bytes = self._counter("sink_bytes", "bytes stored, before compression", "topic")
        self.sink_incidents = self._counter("sink_incidents", "what went other than planned: gaps, retries …", "topic", "what")
        self.sink_lanes = self._gauge("sink_lanes", "partitions this worker stores, by state", "topic", "state")
        self.sink_stopped = self._gauge("sink_stopped", "1 while the object store refuses us or a partition is halted", "topic")
        self.store_does = self._gauge("store_does", "1 if the object store does it, as tried at the start", "what")
        self.sink_buffer_bytes = self._gauge("sink_buffer_bytes", "bytes read and not yet stored", "topic")
        self.recall_pending = self._gauge("recall_pending", "kills that this worker has not carried out in the object store yet")
        self.recall_erased = self._counter("recall_erased", "records erased in the object store", "what")
        self.recall_seconds = self._histogram("recall_seconds", "from a retraction until the object store has nothing of it")
        self.recall_watched = self._gauge("recall_watched", "killed items that this worker looks for when it sweeps")
        self.recall_sweeps = self._counter("recall_sweeps", "sweeps for what came again after its kill", "outcome")
        self.recall_returned = self._counter("recall_returned", "what sweeps erased, and objects that were brought back", "what")
        self.recall_swept_to = self._gauge("recall_swept_to_seconds", "all that was written up to this time (Unix) is swept")
        self.build = self._gauge("build_info", "1, labelled with the version", "version")

    def lane(self, hop: str) -> "LaneMetrics":
        """The children that all lanes of one hop use."""
        return LaneMetrics(self, hop)

    def sink(self, topic: str) -> "SinkMetrics":
        """Those of one object sink."""
        return SinkMetrics(self, topic)

    def serve(self, host: str, port: int) -> int:
        """Serves /metrics from a thread; gives the port taken."""
        server, _thread = start_http_server(port, addr=host, registry=self.registry)
        return int(server.server_port)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"newswire_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"newswire_{name}", meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, *labels: str) -> Histogram:
        return Histogram(f"newswire_{name}", meaning, labels, buckets=SECONDS, registry=self.registry)


class LaneMetrics:
    """Cached children of one hop."""

    def __init__(self, metrics: Metrics, hop: str) -> None:
        self._metrics = metrics
        self.registry = metrics.registry
        self._children: dict[tuple[str, ...], Any] = {}
        self._rules: dict[tuple[str, str], Any] = {}
        self.fenced = metrics.fenced.labels(hop)
        self.reopened = metrics.reopened.labels(hop)
        self.stopped = metrics.stopped.labels(hop)
        self.lanes = metrics.lanes.labels(hop)
        self.lag_records = metrics.lag_records.labels(hop)
        self.lag_seconds = metrics.lag_seconds.labels(hop)
        self.compute_seconds = metrics.compute_seconds.labels(hop)
        self._commit_seconds = metrics.commit_seconds.labels(hop)

    def book(self, ledger: Ledger, rules: Mapping[tuple[str, str], int], commit_s: float) -> None:
        """Counts the accounts of one committed transaction, and the rules that fired in it by stage and id."""
        self._commit_seconds.observe(commit_s)
        for stage, account in ledger.items():
            self._child(stage).inc(account.received)
            self._child(stage, "emitted", "").inc(account.emitted)
            if account.copies:
                self._metrics.records_copied.labels(stage).inc(account.copies)
            for outcome, reasons in (("dropped", account.dropped), ("rejected", account.rejected)):
                for reason, count in reasons.items():
                    self._child(stage, outcome, reason).inc(count)
        for (stage, rule), count in rules.items():
            self._rule(stage, rule if rule in LISTED else UNLISTED).inc(count)

    def _child(self, *labels: str) -> Any:
        child = self._children.get(labels)
        if child is None:
            metric = self._metrics.records_in if len(labels) == 1 else self._metrics.records_out
            child = self._children[labels] = metric.labels(*labels)
        return child

    def _rule(self, stage: str, rule: str) -> Any:
        child = self._rules.get((stage, rule))
        if child is None:
            child = self._rules[stage, rule] = self._metrics.rules.labels(stage, rule)
        return child


class SinkMetrics:
    """One object sink's. Its counts only grow: each `book` adds what came since the one before."""

    def __init__(self, metrics: Metrics, topic: str) -> None:
        self._metrics, self._topic = metrics, topic
        self._booked, self._seals = Counts[str](), Counts[str]()

    def book(self, counts: Mapping[str, int], seals: Mapping[str, int]) -> None:
        """`counts` as `ObjectSink` keeps them, `seals` by trigger."""
        new, new_seals = Counts(counts) - self._booked, Counts(seals) - self._seals
        self._metrics.sink_records.labels(self._topic).inc(new["records"])
        self._metrics.sink_bytes.labels(self._topic).inc(new["bytes"])
        for what in SINK_INCIDENTS:
            self._metrics.sink_incidents.labels(self._topic, what).inc(new[what])
        for why, count in new_seals.items():
            self._metrics.sink_segments.labels(self._topic, why).inc(count)
        self._booked, self._seals = Counts(counts), Counts(seals)

    def show(self, states: Iterable[str], buffer_bytes: int, is_stopped: bool) -> None:
        """The states of the partitions now, what they hold, and whether a person must act."""
        self._metrics.sink_stopped.labels(self._topic).set(is_stopped)
        by_state = Counts(states)
        for state in SINK_STATES:
            self._metrics.sink_lanes.labels(self._topic, state).set(by_state[state])
        self._metrics.sink_buffer_bytes.labels(self._topic).set(buffer_bytes)
