"""route: which public topics, in which projection, and what is withdrawn."""

import pytest
from msgspec.structs import replace

from pipeline import codec, topology
from pipeline.article import Article, Credit, Place, Story, Subject
from pipeline.config import Config, ConfigError, load, to_environment
from pipeline.hop import Message
from pipeline.reasons import Reason
from pipeline.records import Drop, Emit
from pipeline.routes import RouteRule, Routes
from pipeline.stages.route import Published, Routed, matches, projected, public_topic, route, targets
from pipeline.story import Retraction, Withdrawn
from pipeline.topics import BY_NAME, PUBLIC_LANGUAGES, topic_of, with_public
from tests.builders import NOW, article

WORLD = RouteRule(to="out.world", language=("en",), projection="headline-only")
BY_RULE_TOO = Routes(rules=(WORLD,))
STORY = "urn:newswire:story:" + "1" * 32


def told(number: int = 1, *, relation: str = "new", state: str = "live", **over: object) -> Article:
    """An article of one story."""
    one = article(key=f"https://example.test/a/{number}")
    story = Story(id=STORY, relation=relation, canonical=one.uri, revision=number, state=state)  # type: ignore[arg-type]
    return replace(one, version=str(number), pipeline=replace(one.pipeline, story=story), **over)


class Readers:
    """What a reader of the compacted public topics would see, and the stage's state between."""

    def __init__(self, routes: Routes = BY_RULE_TOO) -> None:
        self.routes, self.state = routes, dict[bytes, bytes]()
        self.seen: dict[tuple[str, str], bytes] = {}

    def take(self, one: Article) -> list[Message]:
        """Routes one article; the messages it came to."""
        verdict = route(one, self.state, NOW, self.routes)
        assert isinstance(verdict, Emit | Drop)
        for key, value in verdict.writes:
            if value is None:
                del self.state[key]
            else:
                self.state[key] = value
        messages = topology.ROUTES.encode(verdict.record) if isinstance(verdict, Emit) else []
        for message in messages:
            place = (message.topic, (message.key or b"").decode())
            if message.value is None:
                del self.seen[place]  # a withdrawal of what was never there would be noise
            else:
                self.seen[place] = message.value
        return list(messages)

    @property
    def places(self) -> set[str]:
        """The topics on which anything stands."""
        return {topic for topic, _ in self.seen}


def test_every_public_language_has_its_topic_and_the_rest_shares_one() -> None:
    for language in PUBLIC_LANGUAGES:
        assert public_topic(replace(article(), language=language)) == f"out.{language}"
    assert public_topic(replace(article(), language="pt-BR")) == "out.pt"
    for language in ("sv", "und", "", "other-x"):
        assert public_topic(replace(article(), language=language)) == "out.other"
    assert all(f"out.{language}" in BY_NAME for language in PUBLIC_LANGUAGES)


def test_without_rules_an_article_goes_to_its_language() -> None:
    verdict = route(told(), {}, NOW)
    assert isinstance(verdict, Emit)
    assert verdict.record == Routed(told(), (Published("out.en", "full"),))


RICH = replace(
    told(relation="correction"),
    language="pt-BR",
    urgency=2,
    places=(Place(name="Port Almada"),),
    subjects=(Subject(name="war", uri="http://cv.iptc.org/newscodes/mediatopic/16000000"),),
    pipeline=replace(told(relation="correction").pipeline, credit=Credit(agency="Reuters")),
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, True),
        ({"language": ("pt",)}, True),
        ({"language": ("pt-PT", "PT-br")}, True),
        ({"language": ("p",)}, False),
        ({"subject": ("16000000",)}, True),
        ({"subject": ("http://cv.iptc.org/newscodes/mediatopic/16000000",)}, True),
        ({"subject": ("1600000",)}, False),
        ({"provider": ("Example.TEST",)}, True),
        ({"provider": ("example",)}, False),
        ({"agency": ("reuters", "AP")}, True),
        ({"agency": ("AP",)}, False),
        ({"place": ("port almada",)}, True),
        ({"place": ("UA",)}, False),
        ({"urgency": "1-3"}, True),
        ({"urgency": "2"}, True),
        ({"urgency": "3-9"}, False),
        ({"relation": ("correction", "kill")}, True),
        ({"relation": ("new",)}, False),
        ({"language": ("pt",), "urgency": "3"}, False),
    ],
)
def test_every_given_key_must_match(rule: dict[str, object], expected: bool) -> None:
    assert matches(RICH, RouteRule(to="out.x", **rule)) is expected  # type: ignore[arg-type]


def test_what_an_article_does_not_say_matches_no_rule() -> None:
    bare = article()
    for rule in ({"subject": ("1",)}, {"agency": ("AP",)}, {"place": ("UA",)}, {"urgency": "1-9"}, {"relation": ("new",)}):
        assert not matches(bare, RouteRule(to="out.x", **rule))  # type: ignore[arg-type]


def test_all_matching_rules_route_and_the_first_projection_counts() -> None:
    rules = (RouteRule(to="out.x", projection="ninjs-only"), RouteRule(to="out.x"), RouteRule(to="out.en"), WORLD)
    assert list(targets(told(), Routes(rules=rules))) == [
        Published("out.en", "full"), Published("out.x", "ninjs-only"), Published("out.world", "headline-only"),
    ]  # fmt: skip
    assert next(targets(told(), Routes(by_language=False, rules=rules))) == Published("out.x", "ninjs-only")


def test_an_article_that_no_rule_wants() -> None:
    verdict = route(told(), {}, NOW, Routes(by_language=False, rules=(RouteRule(to="out.x", language=("de",)),)))
    assert verdict == Drop(Reason.NOT_PUBLIC)


def test_projections() -> None:
    whole = codec.loads(codec.encode(RICH))
    assert codec.loads(codec.dumps(projected(RICH, "full"))) == whole
    ninjs = {name: fact for name, fact in whole.items() if name != "pipeline"}
    assert codec.loads(codec.dumps(projected(RICH, "ninjs-only"))) == ninjs
    short = codec.loads(codec.dumps(projected(RICH, "headline-only")))
    assert short["headlines"] == whole["headlines"]
    assert not {"bodies", "pipeline"} & short.keys()
    assert short["representationType"] == "partial"


def test_only_the_whole_event_names_our_schema() -> None:
    readers = Readers()
    named = {message.topic: dict(message.headers).get("ce_dataschema") for message in readers.take(told())}
    assert named == {"out.en": b"urn:newswire:schema:out:1.0.0", "out.world": None}


def test_a_kill_withdraws_everything_the_story_put_out() -> None:
    readers = Readers()
    for number in (1, 2):
        readers.take(told(number))
    assert len(readers.seen) == 4
    messages = readers.take(retracting(KILL, told(1).uri, told(2).uri))
    assert {message.value for message in messages} == {None}
    assert readers.seen == {}
    assert readers.state == {}
    headers = dict(messages[0].headers)
    assert (headers["ce_type"], headers["relation"]) == (b"newswire.article.withdrawn", b"kill")
    assert headers["by-uri"] == told(3).uri.encode()


def retracting(one: Article, *items: str | Withdrawn, **over: object) -> Article:
    """The same message with the retraction that link gives it."""
    named = tuple(Withdrawn(uri=item) if isinstance(item, str) else item for item in items)
    retraction = replace(Retraction(kind="kill", items=named, by=one.uri, at=NOW), **over)
    return replace(one, pipeline=replace(one.pipeline, retraction=retraction))


KILL = told(3, relation="kill", state="killed", pub_status="canceled")


def test_a_kill_reaches_uris_that_another_storys_row_has() -> None:
    readers = Readers()
    readers.take(told(1))
    verdict = route(retracting(KILL, told(1).uri, "urn:x:elsewhere"), readers.state, NOW, readers.routes)
    assert isinstance(verdict, Emit)
    assert isinstance(verdict.record, Routed)
    assert sorted(verdict.record.withdrawn) == [
        ("out.en", told(1).uri), ("out.en", "urn:x:elsewhere"), ("out.world", told(1).uri), ("out.world", "urn:x:elsewhere"),
    ]  # fmt: skip


def at_home(one: Article, home: str, **over: object) -> Article:
    """The same under another home."""
    assert one.pipeline.story is not None
    return replace(one, pipeline=replace(one.pipeline, story=replace(one.pipeline.story, home=home, **over)))


HOME = "urn:newswire:story:" + "2" * 32


def test_a_kill_withdraws_at_each_home_what_it_names_there() -> None:
    readers = Readers()
    readers.take(told(1))
    readers.take(at_home(told(2), HOME))
    readers.take(at_home(told(4), HOME))
    killed = retracting(KILL, told(1).uri, Withdrawn(uri=told(2).uri, home=HOME))
    readers.take(killed)
    assert {uri for _, uri in readers.seen} == {told(2).uri, told(4).uri}
    readers.take(at_home(killed, HOME, is_echo=True))
    assert {uri for _, uri in readers.seen} == {told(4).uri}


def test_an_echo_neither_shows_its_article_nor_withdraws_it() -> None:
    readers = Readers()
    readers.take(at_home(told(1), HOME))
    before = dict(readers.seen)
    readers.take(at_home(retracting(told(1), Withdrawn(uri=told(2).uri, home=HOME)), HOME, is_echo=True))
    assert readers.seen == before
    assert readers.take(at_home(retracting(told(5), Withdrawn(uri=told(2).uri, home=HOME)), HOME, is_echo=True)) == []


def test_a_kill_that_is_overtaken_takes_whole_items_and_no_newer_versions() -> None:
    readers = Readers()
    for number in (1, 2):
        readers.take(told(number))
    late = told(1, relation="kill", pub_status="canceled")
    readers.take(retracting(late, Withdrawn(uri=told(1).uri, versions=("1",)), told(2).uri))
    assert {uri for _, uri in readers.seen} == {told(1).uri}


def test_an_embargoed_text_that_withdraws_others_withdraws_its_own_older_version_too() -> None:
    readers = Readers()
    for number in (1, 2, 3):
        readers.take(told(number))
    readers.take(retracting(told(1, relation="update", pub_status="withheld"), told(2).uri))
    assert {uri for _, uri in readers.seen} == {told(3).uri}


@pytest.mark.parametrize(("made_at", "stands"), [("2026-03-01T06:00:00Z", False), ("2026-03-01T09:00:00Z", True), ("", False)])
def test_a_kill_that_link_knows_no_text_of_is_compared_by_date(made_at: str, stands: bool) -> None:
    readers = Readers()
    readers.take(told(1, version_created=made_at))
    kill = told(1, relation="kill", state="killed", pub_status="canceled", version_created="2026-03-01T08:00:00Z")
    assert kill.pipeline.story is not None
    blind = replace(kill, pipeline=replace(kill.pipeline, story=replace(kill.pipeline.story, revision=0)))
    readers.take(retracting(blind, kill.uri))
    assert bool(readers.seen) == stands
    readers.take(told(1, version_created=made_at))
    readers.take(retracting(kill, kill.uri))
    assert readers.seen == {}


def test_a_kill_of_more_than_it_can_name_takes_all_of_its_home() -> None:
    readers = Readers()
    for number in (1, 2):
        readers.take(told(number))
        readers.take(at_home(told(number + 10), HOME))
    killed = retracting(KILL, told(1).uri, Withdrawn(uri=told(11).uri, home=HOME), is_partial=True, stories=(STORY,))
    readers.take(killed)
    assert {uri for _, uri in readers.seen} == {told(11).uri, told(12).uri}
    readers.take(at_home(killed, HOME, is_echo=True))
    assert {uri for _, uri in readers.seen} == {told(12).uri}, "what lives there may be of other stories"


def test_a_row_of_another_codec_is_absent() -> None:
    readers = Readers()
    readers.take(told(1))
    readers.state = {key: b"\x81" + row[1:] for key, row in readers.state.items()}
    assert [message.value is None for message in readers.take(told(1))] == [False, False]


def test_a_kill_that_says_no_language_reaches_every_language() -> None:
    verdict = route(retracting(replace(KILL, language="und"), "urn:x:elsewhere"), {}, NOW)
    assert isinstance(verdict, Emit)
    assert isinstance(verdict.record, Routed)
    assert {topic for topic, _ in verdict.record.withdrawn} == {f"out.{language}" for language in PUBLIC_LANGUAGES}


def test_a_kill_in_another_language_than_its_item_reaches_every_language() -> None:
    for where in ({"bucket": "de"}, {"echo": "de"}):
        kill = retracting(KILL, "urn:x:elsewhere")
        identity = replace(kill.pipeline.identity, **where)
        verdict = route(replace(kill, pipeline=replace(kill.pipeline, identity=identity)), {}, NOW)
        assert isinstance(verdict, Emit)
        assert isinstance(verdict.record, Routed)
        assert {topic for topic, _ in verdict.record.withdrawn} == {f"out.{language}" for language in PUBLIC_LANGUAGES}


def test_a_retraction_that_withdraws_nothing_is_no_withdrawal() -> None:
    released = retracting(told(3, relation="release"), "urn:x:elsewhere", kind="release")
    verdict = route(released, {}, NOW)
    assert isinstance(verdict, Emit)
    assert isinstance(verdict.record, Routed)
    assert verdict.record.withdrawn == ()


def test_a_hold_withdraws_and_a_release_brings_back() -> None:
    readers = Readers()
    readers.take(told(1))
    readers.take(retracting(told(2, relation="hold", state="held", pub_status="withheld"), told(1).uri, kind="hold"))
    assert readers.seen == {}
    readers.take(told(3, relation="release"))
    assert readers.places == {"out.en", "out.world"}


def test_an_embargoed_version_withdraws_its_own_article_only() -> None:
    readers = Readers()
    readers.take(told(1))
    readers.take(told(2))
    readers.take(told(1, pub_status="withheld"))
    assert {uri for _, uri in readers.seen} == {told(2).uri}


def test_changed_routing_leaves_nothing_behind() -> None:
    readers = Readers()
    readers.take(told(1))
    readers.take(told(1, language="de"))
    assert readers.places == {"out.de"}


def test_what_was_never_out_is_not_withdrawn() -> None:
    readers = Readers()
    assert readers.take(told(1, relation="kill", state="killed", pub_status="canceled")) == []
    assert readers.take(told(1, pub_status="withheld")) == []


def test_routing_twice_changes_nothing() -> None:
    readers = Readers()
    readers.take(told(1))
    before = dict(readers.state)
    assert [message.value is None for message in readers.take(told(1))] == [False, False]
    assert readers.state == before
    assert len(next(iter(before.values()))) < 100


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

TOML = """
[routes]
by_language = false

[[routes.rules]]
to = "out.world"
language = "en"
subject = ["16000000", "11000000"]
urgency = "1-3"
projection = "headline-only"

[[routes.rules]]
to = "out.all"
"""


def settings(tmp_path, text: str) -> Config:  # type: ignore[no-untyped-def]
    file = tmp_path / "newswire.toml"
    file.write_text(text)
    return load(str(file), environ={})


def test_rules_come_from_toml_and_reach_child_processes(tmp_path) -> None:  # type: ignore[no-untyped-def]
    routes = settings(tmp_path, TOML).routes
    assert routes.rules[0] == RouteRule(
        to="out.world", language=("en",), subject=("16000000", "11000000"), urgency="1-3", projection="headline-only"
    )
    assert routes.topics == ("out.world", "out.all")
    assert load(environ=to_environment(settings(tmp_path, TOML))).routes == routes
    assert load(environ=to_environment(Config())).routes == Routes()
    assert [topic.cleanup for topic in with_public(routes.topics)[-2:]] == ["compact", "compact"]
    assert topic_of("out.world").schema == "out:1.0.0"


@pytest.mark.parametrize(
    ("rule", "cure"),
    [
        ('to = "newswire.enriched"', r"rule 1 .*out\.<name>"),
        ('to = "out.World"', r"out\.<name>"),
        ('language = "en"', "rule 1 .*to"),
        ('to = "out.x"\nlanguages = "en"', "unknown key languages; did you mean language"),
        ('to = "out.x"\nurgency = "0-3"', "a range such as"),
        ('to = "out.x"\nurgency = 3', "rule 1"),
        ('to = "out.x"\nprojection = "none"', "projection"),
        ('to = "out.x"\nlanguage = 7', "language"),
    ],
)
def test_a_bad_rule_is_named_with_its_cure(tmp_path, rule: str, cure: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=cure):
        settings(tmp_path, f"[[routes.rules]]\n{rule}\n")


def test_bad_json_in_the_environment() -> None:
    with pytest.raises(ConfigError, match="no JSON array of rules"):
        load(environ={"NEWSWIRE_ROUTES_RULES": "[{"})
    with pytest.raises(ConfigError, match="must be tables"):
        load(environ={"NEWSWIRE_ROUTES_RULES": '{"to": "out.x"}'})
