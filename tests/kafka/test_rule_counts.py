"""Fired rules are counted where the accounts are: once per committed record, whatever the transaction went through."""

import pytest
from aiokafka.errors import KafkaError

from pipeline import stages, topology
from pipeline.config import Config
from pipeline.hop import Hop
from pipeline.lane import Outbox
from tests.builders import raw_item, rss, rss_item
from tests.kafka import harness
from tests.service import contents

TITLES = ("UPDATE 2-Floods close the river road", "Ferries sail again By Reuters", "The mill burns")
VALUES = [(b"https://example.test/%d" % at, rss(rss_item(title=title))) for at, title in enumerate(TITLES)]
HOP = Hop(
    name="ingest",
    source="raw",
    stages=(stages.NORMALIZE,),
    decode=lambda key, value, headers: raw_item(key=(key or b"").decode(), value=value),
    now_of=lambda item: item.fetched_at,
    encode=topology.INGEST.encode,
)


async def test_rules_of_a_transaction_that_was_cut_do_not_count(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    flush, cuts = Outbox.flush, []

    async def cut(self: Outbox) -> dict[tuple[str, int], int]:
        ends = await flush(self)
        if len(cuts) < 3:
            cuts.append(ends)
            raise KafkaError("the connection broke")
        return ends

    monkeypatch.setattr(Outbox, "flush", cut)
    await harness.prepare(config)
    await harness.produce(config, "raw", VALUES)
    async with harness.running(config, hop=HOP) as intake:
        await harness.until_caught_up(config, ["ingest:raw"])
    value = intake.wiring.metrics.registry.get_sample_value
    rules = ("headline.series_tag", "headline.suffix_by_agency")
    counted = {rule: value("newswire_rules_total", {"stage": "normalize", "rule": rule}) for rule in rules}
    assert len(cuts) == 3
    assert len(await contents(config, "normalized")) == len(TITLES)
    assert counted == {"headline.series_tag": 1, "headline.suffix_by_agency": 1}
