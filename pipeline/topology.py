"""THE MAP: what runs in a worker, in the order in which an article passes.

poll → newswire.raw → ingest (dedup, normalize, address) → newswire.normalized → link → newswire.linked → enrich
→ newswire.enriched → routes (public topics) and objects (object storage, also of newswire.raw and newswire.documents).
recall (newswire.retractions) takes out of the object storage again what was killed.
Nothing is decided here; follow a name to see how.
"""

from pathlib import Path

import faust
from msgspec.structs import replace

from pipeline import codec, stages
from pipeline.article import Article
from pipeline.config import Config
from pipeline.control import Control, Reporter
from pipeline.directory import Directory
from pipeline.hop import Hop, Message, install_cpu_timer
from pipeline.intake import BatchChannel, Intake
from pipeline.lane import Wiring
from pipeline.metrics import Metrics
from pipeline.poll.poller import Poller
from pipeline.recall.service import RecallService
from pipeline.sinks.service import ObjectsSink
from pipeline.stages.bucket import bucket
from pipeline.stages.route import Routed, home_key, projected, routing
from pipeline.state import store_opener
from pipeline.topics import full_name, sink_name


def _to(topic: str, article: Article, key: str) -> list[Message]:
    return [Message(topic, key.encode(), codec.encode(article), codec.article_headers(article, topic))]


def _routed(routed: Routed) -> list[Message]:
    """The article in each of its topics, and null where something is withdrawn."""
    article = routed.article
    messages = [
        Message(
            to.topic,
            article.uri.encode(),
            codec.dumps(projected(article, to.projection)),
            [
                header
                for header in codec.article_headers(article, to.topic)
                if to.projection == "full" or header[0] != "ce_dataschema"
            ],
        )
        for to in routed.to
    ]
    by = codec.withdrawer(article)
    return messages + [
        Message(topic, uri.encode(), None, codec.withdrawal_headers(uri, topic, by)) for topic, uri in routed.withdrawn
    ]


INGEST = Hop(
    name="ingest",
    source="raw",
    target="normalized",
    stages=(stages.DEDUP, stages.NORMALIZE, stages.ADDRESS),
    decode=codec.decode_raw,
    now_of=lambda item: item.fetched_at,
    encode=lambda article: _to("normalized", article, bucket(article)),
)
LINK = Hop(
    name="link",
    source="normalized",
    target="linked",
    stages=(stages.LINK,),
    decode=codec.decode_article,
    now_of=lambda article: article.pipeline.times.ingested,
    encode=lambda article: _to("linked", article, home_key(article)),
)
ENRICH = Hop(
    name="enrich",
    source="linked",
    target="enriched",
    stages=(stages.ENRICH,),
    decode=codec.decode_article,
    now_of=lambda article: article.pipeline.times.ingested,
    encode=lambda article: _to("enriched", article, home_key(article)),
)
ROUTES = Hop(
    name="routes",
    source="enriched",
    stages=(stages.ROUTE,),
    decode=codec.decode_article,
    now_of=lambda article: article.pipeline.times.ingested,
    encode=_routed,
)
HOPS = (INGEST, LINK, ENRICH, ROUTES)

# (upstream stage, downstream stage): what the first emits the second takes in
EDGES = (
    ("poll", "dedup"),
    ("dedup", "normalize"),
    ("normalize", "address"),
    ("address", "link"),
    ("link", "enrich"),
    ("enrich", "route"),
)
STORED = {"enriched": "enrich", "raw": "poll", "documents": "fetch"}  # topic → the stage whose emitted records it holds


def edges(config: Config) -> tuple[tuple[str, str], ...]:
    """`EDGES`, and those to the accounts of the object sinks."""
    return EDGES + tuple((STORED[topic], sink_name(topic)) for topic in config.objects.topics)


def hops(config: Config) -> tuple[Hop, ...]:
    """The hops as these settings want them: the rules of the routes are settings."""
    by_rules = replace(ROUTES, stages=(replace(stages.ROUTE, function=routing(config.routes)),))
    return tuple(by_rules if hop is ROUTES else hop for hop in HOPS)


def groups(config: Config) -> dict[str, str]:
    """Every consumer group of the data plane and the topic it reads, in data order."""
    prefix, app = config.kafka.prefix, config.kafka.app
    sinks = {f"{app}-{sink_name(topic)}": f"{prefix}.{topic}" for topic in config.objects.topics}
    recall = {f"{app}-recall": f"{prefix}.retractions"} if config.recall.enabled else {}
    return {f"{app}-{hop.name}": f"{prefix}.{hop.source}" for hop in HOPS} | sinks | recall


def _faust_folder(config: Config, worker: str) -> Path:
    """Where Faust wants a folder, though nothing comes into it: without this, beside whatever the worker was started in."""
    folder = Path(config.state.folder) / config.kafka.app / worker / "faust"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def create_app(config: Config, worker: str = "w0") -> faust.App:
    """A Faust app with every service of one worker. `worker` names its slot: local state and control group belong to it."""
    app = faust.App(
        f"{config.kafka.app}-control-{worker}",
        broker=f"kafka://{config.kafka.bootstrap}",
        store="memory://",
        datadir=str(_faust_folder(config, worker)),
        autodiscover=False,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        worker_redirect_stdouts=False,
        consumer_auto_offset_reset="latest",
        broker_session_timeout=8,
        broker_heartbeat_interval=1.5,
        broker_rebalance_timeout=10,
    )
    metrics = Metrics()
    directory = Directory(config, loop=app.loop, beacon=app.beacon)
    open_store = store_opener(config.state.store, Path(config.state.folder) / config.kafka.app / worker)
    stages.warm()
    install_cpu_timer()

    def wiring(name: str, changelogs: dict[str, str]) -> Wiring:
        return Wiring(
            name=name,
            kafka=config.kafka,
            changelogs=changelogs,
            partitions=directory.partitions,
            identities=directory.identities,
            open_store=open_store,
            transaction_timeout_s=config.hops.transaction_timeout_s,
            metrics=metrics.lane(name),
        )

    poller = Poller(config, wiring("poll", {"poll": "feeds.state"}), metrics, loop=app.loop, beacon=app.beacon)
    intakes = []
    for hop in hops(config):
        batches = BatchChannel(app, maxsize=64)
        changelogs = {stage.name: f"state.{stage.name}" for stage in hop.stages if stage.stateful}
        intake = Intake(hop, config, wiring(hop.name, changelogs), batches, loop=app.loop, beacon=app.beacon)
        app.agent(batches, name=hop.name, concurrency=config.hops.concurrency)(intake.run_batches)
        intakes.append(intake)
    objects = ObjectsSink(config, metrics, loop=app.loop, beacon=app.beacon)
    commands = app.topic(full_name(config.kafka.prefix, "ops.command"), value_type=bytes, value_serializer="raw")
    app.agent(commands, name="command")(Control(config, poller, objects).obey)
    recall = RecallService(config, metrics, objects, loop=app.loop, beacon=app.beacon)
    reporter = Reporter(config, worker, metrics, (poller, intakes, objects, recall), loop=app.loop, beacon=app.beacon)

    for service in (directory, poller, *intakes, objects, recall, reporter):
        app.service(service)  # type: ignore[arg-type]  # takes instances as well as classes

    async def drain(*_app: object, **_signal: object) -> None:
        await poller.quiesce()
        for intake in intakes:
            await intake.quiesce()
        await objects.quiesce()

    app.on_before_shutdown.connect(drain, weak=False)

    return app
