"""Kills and holds that name their victim by description: a quoted headline or a serial, the agency, the city, 72 hours.

A row per description holds the kills that used it and the items that it fits; both only grow, so it is the same whatever came
first. It is judged when it is read: if the items are one story, that is killed; if they are several, all are held.
"""

import re
from collections.abc import Iterator

from msgspec import Struct, msgpack

from pipeline.stages.link import chain
from pipeline.stages.link.chain import Chain, Entry, Item
from pipeline.stages.link.memory import Memory
from pipeline.stages.link.message import HOUR_MS, Message, key_of, title_key
from pipeline.stages.link.window import ITEMS, TEXT_HOURS
from pipeline.stages.rows import enlist
from pipeline.story import StoryState
from pipeline.wire.headline import clean_headline

QUOTED = re.compile(r"[“\"«„‘]([^“”\"«»„‘\n]{12,300})[”\"»“’]")
SERIAL = re.compile(r"\b(?:item|story|no\.?|number|Meldung|[A-Za-z]{2,5})\s+#?(\d{4,5})\b")
OWN_SERIAL = re.compile(r"^urn:newswire:(?:anpa|iptc7901):.*?:(\d{3,5})(?::[\d-]+)?$")
TEXT_CHARS_MAX = 2_000  # a kill says what it kills in its first lines
KEYS_MAX = 6
WINDOW_MS = TEXT_HOURS * HOUR_MS
KILLS_MAX = 8
VICTIMS_MAX = 32


class Kill(Struct, frozen=True, array_like=True, order=True):
    """One kill or hold by description: when, whose, from where, by which item, told in which language bucket."""

    stamp: int
    is_kill: bool
    publisher: bytes
    agency: bytes
    city: str
    by: str
    bucket: str = ""


class Description(Struct, frozen=True, array_like=True):
    """The row: who was killed by these words, and what they fit."""

    kills: tuple[Kill, ...] = ()
    victims: tuple[bytes, ...] = ()


def descriptions(message: Message) -> tuple[int, ...]:
    """The keys of what a kill says about its victim: its own headline without the tag, headlines it quotes, serials."""
    text = f"{message.headline}\n{message.body[:TEXT_CHARS_MAX]}"
    quoted = (title_key(clean_headline(found).key, message.bucket) for found in QUOTED.findall(text))
    serials = (serial_key(found, message.bucket) for found in SERIAL.findall(text))
    return tuple(dict.fromkeys(key for key in (*quoted, *serials, message.title) if key))[:KEYS_MAX]


def serial_key(serial: str, bucket: str) -> int:
    """The key of an agency's serial number."""
    return key_of(bucket, "serial", serial.lstrip("0"))


def own_serial(message: Message) -> int:
    """The key of the serial that its uri is made of; 0 for others."""
    found = OWN_SERIAL.match(message.uri)
    return serial_key(found[1], message.bucket) if found else 0


def describe(memory: Memory, message: Message) -> tuple[tuple[int, ...], bool]:
    """Notes a kill by description, with what it fits: the keys under which anything was found, and whether that is news."""
    whose = message.publisher, message.agency, message.city, message.uri, message.bucket
    kill = Kill(message.mark[1], message.kind == "kill", *whose)
    found, is_news = [], False
    for key in descriptions(message):
        row = _read(memory, key)
        victims = {victim for victim in _fitting(memory, key, kill) if victim != message.key}
        _write(memory, key, Description((*row.kills, kill), (*row.victims, *victims)), message.hour)
        if victims:
            found.append(key)
            is_news = is_news or kill not in row.kills
            _mark(memory, key, victims)
    return tuple(found), is_news


def noticed(memory: Memory, message: Message) -> tuple[bytes, ...]:
    """The descriptions that fit a text which has just come: what was killed before it arrived."""
    found = []
    for key in (message.title, own_serial(message)):
        row = _read(memory, key) if key else Description()
        house = message.stamp or message.seen_at, message.publisher, message.agency, message.city
        if any(kill.by != message.uri and _fits(kill, *house) for kill in row.kills):
            _write(memory, key, Description(row.kills, (*row.victims, message.key)), message.hour)
            found.append(key.to_bytes(8, "big"))
    return tuple(found)


def standing(memory: Memory, found: Chain) -> StoryState:
    """The state of a story with all that is said about it."""
    state = chain.state(found)
    shown = chain.shown(found) if found.described else None
    return _as_described(memory, found, shown[1], state) if shown else state


def state_of(memory: Memory, found: Chain, item: Item, entry: Entry) -> StoryState:
    """Whether that text of the story may be shown, with all that is said about it."""
    return _as_described(memory, found, entry, chain.state_of(found, item, entry))


def _as_described(memory: Memory, found: Chain, entry: Entry, state: StoryState) -> StoryState:
    """What the kills by description make of the state of a text."""
    if state == "killed" or not found.described:
        return state
    lifted = max((item.release[1] for item in found.items if item.release), default=-1)
    stamp = entry.stamp or entry.seen_at
    for key in found.described:
        row = _read(memory, int.from_bytes(key, "big"))
        covering = [kill for kill in row.kills if stamp <= kill.stamp and kill.stamp > lifted and not _is_of_itself(memory, kill)]
        if covering and (len(_stories(memory, row)) > 1 or not any(kill.is_kill for kill in covering)):
            state = "held"
        elif covering:
            return "killed"
    return state


def _is_of_itself(memory: Memory, kill: Kill) -> bool:
    """Whether the item that brought the kill has texts of its own, in that bucket: then it withdrew these."""
    place = memory.place(chain.digest(kill.by))
    return place is not None and place.bucket == kill.bucket


def victims(memory: Memory, keys: tuple[int, ...]) -> list[bytes]:
    """The digests of the stories that descriptions fit, each once."""
    return list(dict.fromkeys(story for key in keys for story in _stories(memory, _read(memory, key))))


def _stories(memory: Memory, row: Description) -> list[bytes]:
    places = (memory.place(victim) for victim in row.victims)
    return list(dict.fromkeys(place.story for place in places if place))


def _fitting(memory: Memory, key: int, kill: Kill) -> Iterator[bytes]:
    """Items under a key that the kill can mean."""
    for ref in memory.first_posted(key):
        drawn, told = memory.sketch(ref), memory.told(ref)
        if drawn is None or told is None:
            continue
        if (found := memory.whereabouts(drawn.item)) is None:
            continue
        item = found[2]
        if _fits(kill, item.begun_at, item.publisher, item.agency, told.city):
            yield drawn.item


def _fits(kill: Kill, begun_at: int, publisher: bytes, agency: bytes, city: str) -> bool:
    """Whether the kill can mean that text: the same house, the same city where both name one, at most 72 h before it."""
    is_house = publisher == kill.publisher or bool(agency and agency in (kill.agency, kill.publisher))
    is_city = not kill.city or not city or kill.city.casefold() == city.casefold()
    return is_house and is_city and 0 <= kill.stamp - begun_at <= WINDOW_MS


def _mark(memory: Memory, key: int, items: set[bytes]) -> None:
    """Writes the description into the stories it fits."""
    for item in sorted(items):
        place = memory.place(item)
        story = memory.story(place.story) if place else None
        if place and story:
            memory.put_story(place.story, chain.join(story, Chain((), (key.to_bytes(8, "big"),))))


def _read(memory: Memory, key: int) -> Description:
    row = memory.get(_key(key))
    return msgpack.decode(row, type=Description) if row else Description()


def _write(memory: Memory, key: int, row: Description, hour: int) -> None:
    if memory.get(_key(key)) is None:
        enlist(memory, ITEMS, hour, _key(key).ljust(ITEMS.entry_bytes, b"\0"))
    kills = tuple(sorted(set(row.kills))[-KILLS_MAX:])
    memory.put(_key(key), msgpack.encode(Description(kills, tuple(sorted(set(row.victims))[:VICTIMS_MAX]))))


def _key(key: int) -> bytes:
    return b"q" + key.to_bytes(8, "big")
