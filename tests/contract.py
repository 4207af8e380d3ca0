"""What holds for every record whatever made it: nothing empty, and every offset slices to its text."""

from collections.abc import Iterator
from typing import Any

from pipeline import codec
from pipeline.article import Article


def faults(article: Article) -> list[str]:
    """Breaches of the contract, in words."""
    return [*_empty(codec.loads(codec.encode(article)), ""), *_spans(article)]


def _empty(value: Any, path: str) -> Iterator[str]:
    """A field is absent when unknown, never null or "", an array absent when empty."""
    if value is None or value in ("", [], {}):
        yield f"{path} is {value!r}"
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from _empty(inner, f"{path}.{name}")


def _spans(article: Article) -> Iterator[str]:
    annotations = article.pipeline.annotations
    for mention in annotations.places if annotations else ():
        if article.body_text[mention.start : mention.end] != mention.text:
            yield f"{mention.text!r} does not stand at {mention.start}"
