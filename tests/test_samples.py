"""Over the sample data beside the checkout: the seed article, and thousands of feeds good and bad.

Every result is held against the official ninjs 3.1 schema with formats checked; its remote $ref resolves from the folder only.
"""

from collections import Counter
from pathlib import Path
from typing import NoReturn

import jsonschema_rs
import pytest

from pipeline import codec, offline
from pipeline.article import Article
from pipeline.reasons import Reason
from tests import contract

NINJS = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json"
NOW = "2030-01-01T00:00:00Z"


def never(uri: str) -> NoReturn:
    """Stands where the network would be."""
    raise AssertionError(f"the schema asked for {uri}")


@pytest.fixture(scope="module")
def ninjs(shared: Path) -> jsonschema_rs.Draft202012Validator:
    """ninjs 3.1 plus one object `pipeline`, nothing else allowed."""
    folder = shared / "ninjs"
    official = codec.loads((folder / "specification" / "ninjs-schema_3.1.json").read_bytes())
    geo = codec.loads(next((folder / "test_suite").rglob("GeoJSON-schema.json")).read_bytes())
    ours = {"$ref": f"{NINJS}#/$defs/ninjsType", "properties": {"pipeline": {"type": "object"}}, "unevaluatedProperties": False}
    registry = jsonschema_rs.Registry([(NINJS, official), ("https://geojson.org/schema/GeoJSON.json", geo)])
    return jsonschema_rs.Draft202012Validator(
        {**ours, "required": ["uri", "pipeline"]}, registry=registry, retriever=never, validate_formats=True
    )


def check(article: Article, ninjs: jsonschema_rs.Draft202012Validator) -> None:
    """The schema, and what else the contract says."""
    errors = [f"{error.instance_path}: {error.message}" for error in ninjs.iter_errors(codec.loads(codec.encode(article)))]
    assert [*errors, *contract.faults(article)] == [], article.uri


def test_the_validator_refuses_what_is_not_ninjs(ninjs: jsonschema_rs.Draft202012Validator) -> None:
    good = {"uri": "urn:x:1", "pipeline": {}}
    assert ninjs.is_valid(good)
    assert not ninjs.is_valid({**good, "pubStatus": "alive"})
    assert not ninjs.is_valid({**good, "headline": "not a property"})
    assert not ninjs.is_valid({**good, "versionCreated": "yesterday"})


def test_the_seed_article(shared: Path, ninjs: jsonschema_rs.Draft202012Validator) -> None:
    documents = offline.read([str(shared / "seed" / "seed-article.txt")], NOW)
    (article,) = offline.run(documents, through="enrich", feed="seed", provider="republisher.test")
    assert isinstance(article, Article)
    check(article, ninjs)
    assert article.headline == "Russia pounds Kharkiv with missiles and drones, Ukraine says"
    assert article.body_text.startswith("Russia pounded the Ukrainian city of Kharkiv")
    assert article.body_text.endswith("“I speak to him regularly.”")
    assert "Firefighters" not in article.body_text
    assert (article.language, article.by, article.located, article.version) == ("en", "Vitalii Hnidyi", "KHARKIV, Ukraine", "1")
    assert [(author.name, author.role, author.evidence) for author in article.pipeline.authors] == [
        ("Vitalii Hnidyi", "reporter", "byline"),
        ("Yevhen Titov", "photographer", "caption"),
    ]
    (photo,) = article.associations
    assert photo.by == "Yevhen Titov"
    assert photo.descriptions[0].value.startswith("Firefighters ")
    assert photo.info_sources[0].name == "REUTERS"
    dateline, credit = article.pipeline.dateline, article.pipeline.credit
    assert dateline is not None
    assert (dateline.places, dateline.country, dateline.sources, dateline.date) == (("KHARKIV",), "Ukraine", ("Reuters",), "")
    assert dateline.separator == "-"
    assert credit is not None
    assert (credit.agency, credit.republisher) == ("Reuters", "republisher.test")
    assert [piece.kind for piece in credit.evidence] == ["headline_suffix", "copyright_line", "photo_credit", "dateline"]
    assert {"Ukraine", "Kyiv", "Russia", "Moscow"} <= {place.name for place in article.places}
    assert article.pipeline.headline is not None
    assert article.pipeline.headline.raw.endswith(" By Reuters")
    expected = {"headline.suffix_by_agency", "headline.doubled", "dateline.no_space_after_dash"}
    assert expected <= set(article.pipeline.rules)


# (folder, how many items it must give at the least, how many may be refused for another reason than having no content)
FOLDERS = [
    ("feeds/feedparser", 200, 5),
    ("feeds/feedvalidator", 690, 15),
    ("feeds/real", 1190, 2),
    ("feeds/miniflux", 50, 10),
    ("feeds/feedjira", 270, 10),
]


@pytest.mark.parametrize(("folder", "articles_min", "refused_max"), FOLDERS)
def test_every_item_of_every_feed_ends_as_a_valid_record_or_with_a_reason(
    folder: str, articles_min: int, refused_max: int, shared: Path, ninjs: jsonschema_rs.Draft202012Validator
) -> None:
    outcomes: Counter[str] = Counter()
    for document in offline.read([str(shared / folder)], NOW):
        for result in offline.run([document], through="enrich", feed=Path(document.path).stem, provider=""):
            if isinstance(result, Article):
                check(result, ninjs)
                outcomes["article"] += 1
            else:
                assert result.reason in set(Reason)
                assert result.reason != Reason.STAGE_FAILED, result
                outcomes[result.reason] += 1
    refused = outcomes.total() - outcomes["article"] - outcomes[Reason.NO_CONTENT] - outcomes[Reason.UNKNOWN_FORMAT]
    assert outcomes["article"] >= articles_min, outcomes
    assert refused <= refused_max, outcomes
