"""What comes into a story after its kill is told as killed too, so that the store does not keep it."""

from pipeline.article import Article
from pipeline.sinks.kill import targets_of
from pipeline.stages.link import chain
from tests.stages.link.test_golden_cases import HEADLINE, OWN
from tests.stages.link.texts import FIRST
from tests.stages.link.wire import Desk, item, story

MS = 1_772_355_600_000


def retractions(desk: Desk) -> list[Article]:
    return [value for value in desk.told("retractions") if isinstance(value, Article)]


def test_a_copy_of_a_killed_story_is_condemned_as_it_comes() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN))
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="2", hours=1, pub_status="canceled", **OWN))
    copy = desk.take(item("urn:y:9", HEADLINE, FIRST, hours=2, provider="harbour.example", agency="Meridian", is_copy=True))
    assert (story(copy).relation, story(copy).state) == ("syndicated_copy", "killed")
    first, late = retractions(desk)
    assert [target.uri for target in targets_of(first, MS)] == ["urn:x:1"]
    [target] = targets_of(late, MS)
    assert copy is not None
    assert (target.uri, target.versions) == ("urn:y:9", {copy.version})
    assert desk.chain("urn:y:9") == desk.chain("urn:x:1")
    assert chain.state(desk.chain("urn:x:1")) == "killed"


def test_a_late_version_is_dropped_and_needs_no_retraction() -> None:
    desk = Desk()
    desk.take(item("urn:x:1", HEADLINE, FIRST, version="2", hours=1, pub_status="canceled", **OWN))
    assert desk.take(item("urn:x:1", HEADLINE, FIRST, version="1", **OWN)) is None
    assert len(retractions(desk)) == 1
