"""What link forgets, and when: texts after 72 hours, items 30 days after their last message. By event time (rows.py)."""

from pipeline.stages.link import chain
from pipeline.stages.link.memory import Memory
from pipeline.stages.rows import Window, due, newest

TEXT_HOURS = 72  # a text is compared for so long
ITEM_HOURS = 30 * 24  # an item is known by uri, guid and link for so long
TEXTS = Window(b"e", TEXT_HOURS, 9)  # a letter and eight bytes: p, x
ITEMS = Window(b"i", ITEM_HOURS, 17)  # a letter and sixteen bytes: u, q


def sweep(memory: Memory, hour: int) -> None:
    """Forgets a few things that are over at event hour `hour`."""
    for entry in due(memory, TEXTS, hour):
        if entry[:1] == b"p":
            memory.forget(entry[1:])
        else:
            memory.put(entry, None)
    for item in due(memory, ITEMS, hour):
        if item[:1] == b"u":
            _forget_item(memory, item[1:], newest(memory, ITEMS))
        else:
            memory.put(item[:9], None)


def _forget_item(memory: Memory, item: bytes, hour: int) -> None:
    """Unless it was heard of since: then it stands in a later list too."""
    place = memory.place(item)
    if place is None or place.hour + ITEM_HOURS >= hour:
        return
    memory.put(b"u" + item, None)
    for alias in place.aliases:
        memory.unname(alias, item)
    found = memory.story(place.story)
    if found is not None:
        gone = [one.uri for one in found.items if chain.digest(one.uri) == item]
        memory.put_story(place.story, chain.without(found, gone))
