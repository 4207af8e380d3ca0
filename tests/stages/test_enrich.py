"""enrich: annotations whose spans slice to their text, and what of them is published. route: the public topic."""

from hypothesis import given
from msgspec.structs import replace

from pipeline.article import Article, Place
from pipeline.stages.enrich import MENTIONS_MAX, PUBLISHED_CONFIDENCE, enrich
from tests import contract
from tests.builders import NOW, article
from tests.strategies import hostile_text


def enriched(one: Article) -> Article:
    """The article of the Emit."""
    found = enrich(one, {}, NOW).record
    assert isinstance(found, Article)
    return found


def test_places_are_annotated_with_their_spans_and_the_sure_ones_published() -> None:
    found = enriched(article(body="Kyiv said Georgia and Ukraine agreed; Ukraine thanked Kyiv."))
    assert found.pipeline.annotations is not None
    mentions = found.pipeline.annotations.places
    assert [(mention.text, mention.country) for mention in mentions] == [
        ("Kyiv", "UA"), ("Georgia", "GE"), ("Ukraine", "UA"), ("Ukraine", "UA"), ("Kyiv", "UA"),
    ]  # fmt: skip
    assert all((mention.role, mention.method) == ("mention", "gazetteer@1") for mention in mentions)
    assert found.places == (
        Place(name="Kyiv", uri="https://sws.geonames.org/703448/"),
        Place(name="Ukraine", uri="https://sws.geonames.org/690791/"),
    )


def test_the_sources_own_places_stay_first() -> None:
    given_place = Place(name="Port Almada")
    assert enriched(replace(article(), places=(given_place,))).places[0] == given_place


def test_a_language_without_tables_is_skipped_and_says_so() -> None:
    found = enriched(replace(article(body="Kyiv und Paris"), language="de"))
    assert found.pipeline.annotations is None
    assert found.pipeline.rules == ("places.skipped_language",)


def test_regional_english_is_english() -> None:
    assert enriched(replace(article(), language="en-GB")).places


def test_a_table_of_countries_does_not_fill_the_record() -> None:
    found = enriched(article(body="Ukraine, " * 2 * MENTIONS_MAX))
    assert found.pipeline.annotations is not None
    assert len(found.pipeline.annotations.places) == MENTIONS_MAX


def test_an_article_without_text_passes_unchanged_but_for_its_provenance() -> None:
    one = article(body="")
    found = enriched(one)
    assert found.pipeline.provenance.stages == {"dedup": "1", "normalize": "1", "enrich": "1"}
    assert replace(found, pipeline=one.pipeline) == one


@given(hostile_text)
def test_offsets_slice_to_their_text(text: str) -> None:
    found = enriched(article(body=text))
    assert contract.faults(found) == []
    mentions = found.pipeline.annotations.places if found.pipeline.annotations else ()
    sure = {mention.name for mention in mentions if mention.confidence > PUBLISHED_CONFIDENCE}
    assert {place.name for place in found.places} == sure
