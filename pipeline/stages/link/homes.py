"""Where what is told of an item travels: under its home, the story in which it was first announced (`Place.home`).

Stories change when messages come late; topics keyed by story would then part an item's versions from each other, and a kill from
what it kills. Homes do not change. So a retraction whose items live in several homes goes out once to each.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from pipeline.stages.link import chain, kills
from pipeline.stages.link.chain import Chain, Item
from pipeline.stages.link.memory import Memory
from pipeline.story import Story, StoryState, Withdrawn


def home_of(memory: Memory, uri: str, story: str) -> str:
    """The home of an item of the story, "" where it is the story itself."""
    place = memory.place(chain.digest(uri))
    home = chain.story_urn(place.home or place.story) if place else story
    return home if home != story else ""


def with_homes(memory: Memory, items: Iterable[Withdrawn], story: str) -> tuple[Withdrawn, ...]:
    """The items with their homes, as a message tells them that is in this story."""
    return tuple(replace(item, home=home_of(memory, item.uri, story)) for item in items)


def elsewhere(items: Iterable[Withdrawn], story: Story) -> tuple[str, ...]:
    """The homes of the items beside that of the message itself."""
    return tuple(home for home in every(items, story) if home != (story.home or story.id))


def every(items: Iterable[Withdrawn], story: Story) -> tuple[str, ...]:
    """All homes of the items."""
    return tuple(sorted({item.home or story.id for item in items}))


def in_state(memory: Memory, found: Chain, state: StoryState) -> list[Item]:
    """The items of a story whose newest text is in that state, whatever the story's."""
    if not chain.is_marked(found):
        return []
    return [item for item in found.items if item.head and kills.state_of(memory, found, item, item.head) == state]
