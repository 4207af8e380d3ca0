"""Any id becomes a URI that the ninjs schema takes, and one that is a URI stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wire.uris import as_uri
from tests.strategies import hostile_text


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("urn:newsml:x:1", "urn:newsml:x:1"),
        ("TAG:x.example,2026:1", "TAG:x.example,2026:1"),
        ("https://x.example:80/a?b=c#d", "https://x.example:80/a?b=c#d"),
        ("item 1", "urn:newswire:ref:item%201"),
        ("urn:x:—", "urn:x:%E2%80%94"),
        ("https://x.example:port/", "urn:newswire:ref:https://x.example:port/"),
        ("", "urn:newswire:ref:"),
    ],
)
def test_any_id_becomes_a_uri(text: str, uri: str) -> None:
    assert as_uri(text, "ref") == uri


@given(text=st.text(max_size=40) | hostile_text)
def test_what_becomes_a_uri_is_one_and_stays_one(text: str) -> None:
    made = as_uri(text, "ref")
    assert made.isascii()
    assert not set(made) & set(' <>"\\^`{|}')
    assert as_uri(made, "ref") == made
