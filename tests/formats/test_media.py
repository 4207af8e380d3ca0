"""Enclosures and Media RSS: which file belongs to what, and that no caption passes for the text. Golden: rss_media."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.article import Association
from pipeline.formats import media, parse
from pipeline.formats.parsed import Parsed
from tests.builders import raw_item, rss, rss_item

MEDIA = "xmlns:media='http://search.yahoo.com/mrss/'"
PHOTO = "https://img.example.test/1.jpg"


def read(inside: str) -> Parsed:
    """What is read of an ordinary item with more inside it."""
    found = parse(raw_item(value=rss(rss_item(body="The report.") + inside).replace(b"<item>", f"<item {MEDIA}>".encode())))
    assert isinstance(found, Parsed)
    return found


def only(inside: str) -> Association:
    """The one association of an item."""
    (found,) = read(inside).associations
    return found


@pytest.mark.parametrize(
    ("inside", "caption"),
    [
        (f"<media:content url='{PHOTO}'><media:description>{'A caption. ' * 9}</media:description></media:content>", True),
        (f"<media:content url='{PHOTO}'/><media:description>{'A caption. ' * 9}</media:description>", True),
        (f"<media:description>{'A caption. ' * 9}</media:description>", False),
    ],
)
def test_a_caption_is_never_the_text(inside: str, caption: bool) -> None:
    """feedparser made the caption the content, which won over the description."""
    found = read(inside)
    assert found.body_text == "The report."
    assert [text.value for made in found.associations for text in made.descriptions] == (
        ["A caption. " * 8 + "A caption."] * caption
    )


def test_an_item_without_a_text_of_its_own_has_that_of_its_group() -> None:
    texts = "<media:title>T</media:title><media:description>D.</media:description>"
    group = f"<media:group><media:content url='{PHOTO}'/>{texts}</media:group>"
    found = parse(raw_item(value=rss(group).replace(b"<item>", f"<item {MEDIA}>".encode())))
    assert isinstance(found, Parsed)
    assert (found.headline, found.body_text, found.is_summary) == ("T", "D.", True)


def test_each_content_is_a_picture_and_a_group_is_one() -> None:
    contents = "".join(f"<media:content url='https://img.example.test/{n}.jpg'/>" for n in range(3))
    assert [made.uri[-5:] for made in read(contents).associations] == ["0.jpg", "1.jpg", "2.jpg"]
    grouped = only(f"<media:group>{contents}</media:group>")
    assert [form.name for form in grouped.renditions] == ["main", "main2", "main3"]


def test_what_the_item_says_of_media_holds_for_its_only_one() -> None:
    credit = "<media:credit role='Photographer'>Ana Lind</media:credit><media:copyright>AL</media:copyright>"
    one = f"<media:content url='{PHOTO}'/>"
    assert (only(one + credit).by, only(one + credit).copyright_notice) == ("Ana Lind", "AL")
    assert {made.by for made in read(one + "<media:content url='https://img.example.test/2.jpg'/>" + credit).associations} == {""}


def test_an_enclosure_that_is_one_of_the_media_is_told_once() -> None:
    found = only(f"<media:content url='{PHOTO}'/><enclosure url='{PHOTO}' type='image/jpeg' length='9'/>")
    assert found.name == "media1"


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ("url='https://a.example.test/1' type='image/png'", "picture"),
        ("url='https://a.example.test/1' type='VIDEO/mp4'", "video"),
        ("url='https://a.example.test/1.mp3?x=1.jpg'", "audio"),
        ("url='https://a.example.test/1.pdf' type='application/pdf'", ""),
        ("url='https://a.example.test/1'", ""),
    ],
)
def test_the_kind_of_a_file(attributes: str, kind: str) -> None:
    assert only(f"<enclosure {attributes}/>").type == kind


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:image/png;base64,AA", "", "file:///etc/hosts"])
def test_what_is_no_web_address_is_no_file(url: str) -> None:
    found = read(f"<media:content url='{url}'/><media:thumbnail url='{url}'/><enclosure url='{url}'/>")
    assert found.associations == ()


@pytest.mark.parametrize(
    ("size", "expected"), [("120", 120), ("0", None), ("-1", None), ("12.5", None), ("9" * 400, None), ("", None)]
)
def test_sizes_are_numbers_or_unknown(size: str, expected: int | None) -> None:
    form = only(f"<media:content url='{PHOTO}' width='{size}' fileSize='{size}'/>").renditions[0]
    assert (form.width, form.size_in_bytes) == (expected, expected)


def test_media_are_capped() -> None:
    many = "".join(f"<media:content url='https://img.example.test/{n}.jpg'/>" for n in range(200))
    assert len(read(many).associations) == media.MEDIA_MAX


TAGS = ("content", "group", "title", "description", "credit", "thumbnail", "copyright")
PIECES = st.sampled_from(
    [f"<media:{tag} url='{PHOTO}'>" for tag in TAGS] + [f"</media:{tag}>" for tag in TAGS] + ["text", "&", "<b>"]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_order_of_tags_leaves_the_report_alone(inside: str) -> None:
    """Unclosed and crossed tags, which feedparser's loose reader passes on as they come."""
    found = read(inside)
    names = [made.name for made in found.associations]
    assert len(names) == len(set(names))
    assert found.headline == "Floods close the river road"
    assert found.body_text.startswith("The report.")
