"""normalize as a whole, over wire copy and hostile text in all formats that carry them: what holds for every record.

Bounded: a few hundred records in all, a few seconds.
"""

from hypothesis import given, settings

from pipeline import codec
from pipeline.article import Article
from pipeline.formats import parse
from pipeline.formats.parsed import Parsed
from pipeline.records import Emit, RawItem, Reject
from pipeline.stages.normalize import normalize
from pipeline.wire.plain import folded
from tests import contract
from tests.builders import NOW, raw_item
from tests.safe_html import dangers, is_canonical
from tests.strategies import copy_items, ordinary_items, raw_items

STRICTNESS = ("usable", "withheld", "canceled")
bounded = settings(max_examples=150, deadline=None)


def article_of(item: RawItem) -> Article | None:
    """The item's article; None where it has none."""
    verdict = normalize(item, {}, NOW)
    if isinstance(verdict, Reject):
        return None
    assert isinstance(verdict, Emit)
    assert isinstance(verdict.record, Article)
    return verdict.record


def again(article: Article) -> Article:
    """What becomes of a record that is fed back as the ninjs item it is."""
    found = article_of(raw_item(value=codec.encode(article), format="ninjs", key=article.pipeline.identity.key))
    assert found is not None
    return found


def read(item: RawItem) -> Parsed:
    """The facts behind an article."""
    parsed = parse(item)
    assert isinstance(parsed, Parsed)
    return parsed


@bounded
@given(copy_items | raw_items)
def test_it_never_raises_and_says_the_same_twice(item: RawItem) -> None:
    first, second = normalize(item, {}, NOW), normalize(item, {}, NOW)
    assert first == second
    if isinstance(first, Emit) and isinstance(second, Emit):
        assert codec.encode(first.record) == codec.encode(second.record)


@bounded
@given(copy_items | raw_items)
def test_every_record_keeps_the_contract(item: RawItem) -> None:
    article = article_of(item)
    if article is not None:
        assert contract.faults(article) == []
        assert (
            article.headline
            or article.bodies
            or article.descriptions
            or article.renditions
            or article.associations
            or (read(item).uri)
        )


@bounded
@given(copy_items | raw_items)
def test_the_body_is_the_raw_text_without_the_ranges_of_its_map(item: RawItem) -> None:
    article = article_of(item)
    if article is None:
        return
    raw, kept, at = read(item).body_text, [], 0
    for start, end, rule in article.pipeline.body_map:
        assert at <= start < end <= len(raw), "sorted, apart from each other, inside the text"
        assert rule in article.pipeline.rules
        kept.append(raw[at:start])
        at = end
    assert article.body_text == "".join((*kept, raw[at:]))


@bounded
@given(copy_items | raw_items)
def test_the_dateline_stands_where_it_says(item: RawItem) -> None:
    article = article_of(item)
    dateline = article.pipeline.dateline if article else None
    if dateline is None:
        return
    parsed = read(item)
    text = {"body_raw": parsed.body_text, "dateline": parsed.dateline}[dateline.in_]
    assert text[dateline.start : dateline.end] == dateline.text
    assert all(place in dateline.text for place in dateline.places)


@bounded
@given(copy_items | raw_items)
def test_what_is_html_can_be_shown(item: RawItem) -> None:
    article = article_of(item)
    for text in article.bodies if article else ():
        if text.content_type == "text/html":
            assert dangers(text.value) == []
            assert is_canonical(text.value)


@bounded
@given(ordinary_items())
def test_a_record_fed_back_stays_as_it_is(item: RawItem) -> None:
    """Headline, text and what `link` compares; and it never becomes more public than it was."""
    article = article_of(item)
    assert article is not None
    second = again(article)
    assert (second.headline, folded(second.body_text)) == (article.headline, folded(article.body_text))
    assert second.pipeline.dedup.content == article.pipeline.dedup.content
    assert second.pipeline.dateline is None
    assert (second.uri, second.by, second.located) == (article.uri, article.by, article.located)
    assert STRICTNESS.index(second.pub_status) >= STRICTNESS.index(article.pub_status)
