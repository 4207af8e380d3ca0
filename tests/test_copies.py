"""Copies for other partitions: what a hop writes of them, how they are booked, and what `newswire offline` makes of them."""

import io
from collections import Counter
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from rich.console import Console

from pipeline import codec, offline
from pipeline.accounts import Snapshot
from pipeline.article import Article
from pipeline.hop import Hop, Message, drive
from pipeline.ledger import Account, Ledger
from pipeline.offline import Document
from pipeline.reasons import Reason
from pipeline.records import Drop, Emit, Side, Stage, Verdict
from pipeline.stages.bucket import BUCKETS
from pipeline.topics import topic_of
from pipeline.topology import INGEST, LINK
from pipeline.view import stages_table
from tests.builders import NOW, article, raw_item

TEXT = {
    "uri": "urn:newsml:meridian.example:20260301:mill",
    "version": "1",
    "versioncreated": "2026-03-01T06:00:00Z",
    "type": "text",
    "language": "de",
    "headline": "Drohnen treffen Mühle in Varnholt",
    "body_text": "Drohnen haben am Sonntag eine Mühle am Rand von Varnholt getroffen, wie die Gouverneurin sagte.",
}
KILL = {"uri": TEXT["uri"], "version": "2", "versioncreated": "2026-03-01T07:00:00Z", "type": "text", "pubstatus": "canceled"}
BY_TEXT = {
    "uri": "urn:newsml:meridian.example:20260301:note",
    "version": "1",
    "versioncreated": "2026-03-01T07:00:00Z",
    "type": "text",
    "language": "en",
    "headline": "WITHDRAWAL: Report on a mill",
    "body_text": "Editors: the report “Drohnen treffen Mühle in Varnholt” is withdrawn. Its figures were wrong.",
}


def record(key: str, value: bytes, offset: int, topic: str = "newswire.raw", **over: object) -> SimpleNamespace:
    """A Kafka record as a hop needs it."""
    headers = codec.raw_headers(raw_item(key=key, value=value, format="ninjs", **over)) if topic == "newswire.raw" else []
    return SimpleNamespace(
        topic=topic, partition=0, offset=offset, timestamp=0, key=key.encode(), value=value, headers=headers
    )  # fmt: skip


class Rows(dict[bytes, bytes]):
    """A lane's state, in a dictionary."""

    def stage(self, write: tuple[bytes, bytes | None]) -> None:
        if write[1] is None:
            self.pop(write[0], None)
        else:
            self[write[0]] = write[1]


async def run(hop: Hop, records: list[SimpleNamespace]) -> tuple[list[Message], Ledger]:
    states = {stage.name: Rows() for stage in hop.stages if stage.stateful}
    bundle = await drive(hop, records, states, 1.0)  # type: ignore[arg-type]
    return bundle.messages, bundle.ledger


async def test_what_ingest_sends_of_a_kill_link_takes_in_and_nothing_is_unaccounted_for() -> None:
    raw = [record("k", codec.dumps(each), at, item=f"{at:032d}") for at, each in enumerate((TEXT, KILL))]
    messages, ledger = await run(INGEST, raw)
    sent = [message for message in messages if message.topic == "normalized"]
    assert Counter(message.key for message in sent) == Counter(
        {b"de": 2} | {name.encode(): 1 for name in BUCKETS if name != "de"}
    )
    assert [message.key for message in sent[:2]] == [b"de", b"de"]
    account = ledger["address"]
    assert (account.received, account.emitted, account.copies, account.sent) == (2, 2, 13, len(sent))
    assert all(dict(message.headers)["ce_type"] == b"newswire.article.normalized" for message in sent)
    assert len({dict(message.headers)["ce_id"] for message in sent}) == len(sent)
    arrived = [record("x", message.value or b"", at, "newswire.normalized") for at, message in enumerate(sent)]
    _, further = await run(LINK, arrived)
    assert further["link"].received == account.sent
    assert further["link"].dropped == {Reason.UNCHANGED: 13}  # of one partition
    assert not any(each.imbalance for each in (*ledger.values(), *further.values()))


def test_accounts_keep_their_copies() -> None:
    account = Account(received=3, emitted=1, copies=2, dropped=Counter({"late": 2}))
    assert account.imbalance == 0
    assert Account.from_builtins(codec.loads(codec.dumps(account.to_builtins()))) == account
    total = Ledger.total([Ledger({"link": account}), Ledger({"link": Account(received=1, emitted=1)})])
    assert (total["link"].sent, total["link"].imbalance) == (4, 0)
    assert "copies" not in Account(received=1, emitted=1).to_builtins()


def test_status_shows_why_the_next_stage_has_more_than_was_emitted() -> None:
    ledger = Ledger({"address": Account(received=2, emitted=2, copies=13)})
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(stages_table(Snapshot(0.0, ledger, (), {})))
    assert "copies 13" in console.export_text()


HUGE = replace(article(), ed_note="x" * topic_of("linked").message_bytes_max)


@pytest.mark.parametrize(
    "verdict",
    [
        Emit(article(), also=(Side("linked", "home", HUGE),)),
        Emit(HUGE),
        Drop(Reason.LATE, also=(Side("linked", "home", HUGE),)),
    ],
    ids=["a copy", "the record", "of a dropped record"],
)
async def test_what_no_topic_takes_is_one_reject_and_nothing_else(verdict: Verdict) -> None:
    def give(_article: Article, _state: object, _now: str) -> Verdict:
        return verdict

    hop = Hop(
        name="link",
        source="normalized",
        target="linked",
        stages=(Stage(name="link", function=give, version="1"),),
        decode=codec.decode_article,
        now_of=lambda _: NOW,
        encode=lambda one: [Message("linked", b"story", codec.encode(one))],
    )
    messages, ledger = await run(hop, [record("x", codec.encode(article()), 0, "newswire.normalized")])
    assert [message.topic for message in messages] == ["dead"]
    account = ledger["link"]
    assert (account.emitted, account.copies, sum(account.dropped.values())) == (0, 0, 0)
    assert account.rejected == {Reason.RECORD_TOO_LARGE: 1}
    assert account.imbalance == 0


def documents(*items: dict[str, str]) -> list[Document]:
    return [Document(path=f"{at}.json", value=codec.dumps(item), at=f"2026-03-01T08:0{at}:00Z") for at, item in enumerate(items)]


def test_offline_tells_a_kill_in_another_language_where_it_hits() -> None:
    found = list(offline.run(documents(TEXT, BY_TEXT), through="link", feed="f", provider="meridian.example"))
    assert all(isinstance(one, Article) for one in found)
    told = [
        (one.uri, one.pipeline.identity.echo, one.pipeline.story.state)
        for one in found
        if isinstance(one, Article) and one.pipeline.story
    ]
    assert told == [(TEXT["uri"], "", "live"), (BY_TEXT["uri"], "", "killed"), (BY_TEXT["uri"], "de", "killed")]
    hit = found[-1].pipeline.retraction  # type: ignore[union-attr]
    assert hit is not None
    assert [item.uri for item in hit.items] == [TEXT["uri"]]


@pytest.mark.parametrize("through", ["normalize", "link", "enrich"])
def test_offline_gives_an_article_once_however_many_are_told(through: offline.Through) -> None:
    found = list(offline.run(documents(TEXT, KILL), through=through, feed="f", provider="meridian.example"))
    assert [one.uri for one in found if isinstance(one, Article)] == [TEXT["uri"], KILL["uri"]]
    assert len(found) == 2
