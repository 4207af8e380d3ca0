"""Whole wire messages and what has to be read from them: byline × dateline × photo × sign-off × end matter, in five styles.

Made from lists and templates of how agencies print these things, without a look at the reader. Deterministic: drawn with the
simulator's dice. Every name and sentence is invented.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from pipeline.simulator.dice import Dice

SEED, COUNT = "messages-1", 420
PUBLISHED = "2026-03-05T09:30:00Z"


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.replace("\n", "").split("|"))


PEOPLE = _split(
    """Åsa Öberg|Jean-Marc O’Neill|Maria del Mar Ruiz|Nguyễn Văn Minh|J. P. Hartley|Fatima al-Zahrani|Ludwig van der Meer|
    Kim Min-jun|
    D'Arcy Bell|Šárka Dvořáková|Ioannis Papadopoulos|Leah McAllister|Tom Quill|Oyelaran Adebayo|Priya Raghunathan|Wen Qian|
    Olena Marchuk|Giulia De Santis|Henrik von Ahlen|Sofía Castañeda Rojas|Mehmet Yıldız|Ana Lúcia dos Santos|Bram Vermeulen|
    Ingrid Halvorsen|Pietro Zanetti|Carlos E. Montoya|Ruth Baptiste-Lowe|Yuki Hamamoto|Declan O'Rourke|Nadia Haddad|Bo Li|
    Werner Schließer|Aino Kettunen|Tamar Gelashvili|Mary-Ann St. Clair|Dmytro Kovalchuk|Hannah Weiß|Luc Thibodeaux|Ewa Żak"""
)
PLACES = _split(
    """Oslo|New York|Rio de Janeiro|Ho Chi Minh City|St. Petersburg|Kyiv|São Paulo|Washington|Tokyo|Cape Town|Reykjavik|
    Brussels|
    Frankfurt|Mexico City|Port-au-Prince|Geneva|Beirut|Los Angeles|Zurich"""
)
CITIES = _split("OSLO|PARIS|LONDON|TOKYO|NAIROBI|KYIV|BRUSSELS|GENEVA|MADRID|BERLIN")
SENTENCES = _split(
    """The old ferry will sail again in the spring, the harbour office said on Monday.|
    Prices of barley rose by 3.4 percent in a week.|
    A court in the capital ordered the mine to close by the end of June.|Teachers in four provinces stayed away from work.|
    "We have waited long enough," the union's chairwoman, Else Brandt, told a crowd of some 2,000.|
    The ministry did not reply to a request for comment.|Rescuers found three hikers alive near the pass.|
    The company, which employs 1,400 people, said it expected a loss for the year.|No one was hurt when the roof gave way.|
    Officials from both countries are to meet again in May (or later, one of them said).|
    Heavy rain closed two roads on Tuesday.|
    By evening, the water had fallen by half a metre.|Editing the list of voters took a month, the commission said.|
    He was reporting to the board when the alarm went off.|The photograph shows the square before the fire of 1911.|
    The bank kept its rate at 2.25 percent, as all nine analysts had expected.|Copyright in the songs belongs to her heirs.|
    The picture was taken in March, the museum said.|Follow-up talks are planned.|
    The minister was not available for an interview."""
)
HEADLINES = _split(
    """Ferry to sail again after two years|Barley prices rise as drought spreads|Court orders mine to close|
    Teachers strike in four provinces|
    Hikers found alive near mountain pass|Central bank keeps rate at 2.25 percent"""
)
SCENES = _split(
    """Commuters wait for the ferry at the old harbour in Oslo, Norway, March 2, 2026.|
    A farmer walks through a field of barley near Kyiv|
    Miners leave the shaft after their last shift, in the town of Halden.|
    Teachers march through the capital on Monday, March 2, 2026.|
    A general view of the central bank's headquarters in Geneva, Switzerland, in this 2019 picture.|
    Rescue workers carry a stretcher down the slope, as snow falls, on the pass.|
    The president of the union, Else Brandt, speaks to members"""
)


@dataclass(slots=True, kw_only=True)
class Message:
    """`raw` and the truth about it. `authors` are (name, role, place), `photos` (caption, photographer, credit)."""

    style: str
    headline: str
    raw: str = ""
    text: str = ""
    byline: list[str] = field(default_factory=list)
    authors: list[tuple[str, str, str]] = field(default_factory=list)
    signoff: list[tuple[str, str, str]] = field(default_factory=list)
    photos: list[tuple[str, str, str]] = field(default_factory=list)
    agency: str = ""
    evidence: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    corrections: list[str] = field(default_factory=list)
    private: str = ""


def messages() -> list[Message]:
    """The whole set, the same on every machine."""
    makers = (_reuters, _republished, _ap, _afp, _dpa)
    return [makers[number % len(makers)](Dice(f"{SEED}/{number}")) for number in range(COUNT)]


def digest() -> str:
    """Says whether the set is the pinned one."""
    return sha256("\x00".join(message.raw for message in messages()).encode()).hexdigest()


def _list(names: list[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _people(dice: Dice, pool: list[str], most: int = 3) -> list[str]:
    return [dice.take(pool) for _ in range(dice.between(1, most))]


def _body(dice: Dice, count: int = 0) -> list[str]:
    deck = list(SENTENCES)
    return [" ".join(dice.take(deck) for _ in range(dice.between(1, 2))) for _ in range(count or dice.between(2, 5))]


def _finish(message: Message, front: list[str], body: list[str], opening: str, tail: list[str]) -> Message:
    message.text = "\n\n".join(body)
    message.raw = "\n\n".join([*front, f"{opening}{body[0]}", *body[1:], *tail])
    roles = {(name, role) for name, role, _ in message.authors}
    message.authors += [author for author in message.signoff if (author[0], author[1]) not in roles]
    message.authors += [(name, "photographer", "") for _, name, _ in message.photos if name]
    message.authors = list(dict.fromkeys(message.authors))
    return message


def _own_places(message: Message) -> None:
    """The sign-off says where those of the byline worked."""
    places = {name: place for name, role, place in message.signoff if role == "reporter"}
    message.authors = [(name, "reporter", places.get(name, "")) for name in message.byline]


# ── Reuters and its republishers ─────────────────────────────────────────────────────────────────────────────────────


def _reuters_signoff(dice: Dice, message: Message, pool: list[str]) -> str:
    """Clauses of who did what; sometimes with places, sometimes with the byline's names again."""
    clauses = []
    reporters = message.byline if message.byline and dice.chance(0.6) else _people(dice, pool)
    form = dice.below(4)
    if form == 0 and len(reporters) > 1:
        where = [dice.pick(PLACES) for _ in reporters]
        clauses.append("Reporting by " + _list([f"{n} in {p}" for n, p in zip(reporters, where, strict=True)]))
        message.signoff += [(n, "reporter", p) for n, p in zip(reporters, where, strict=True)]
    elif form == 1:
        place = dice.pick(PLACES)
        clauses.append(f"Reporting by {_list(reporters)} in {place}")
        message.signoff += [(n, "reporter", place) for n in reporters]
    else:
        desk = dice.pick(("", "", " and the Oslo newsroom", "; Reuters bureaus"))
        clauses.append(f"Reporting by {_list(reporters)}{desk}")
        message.signoff += [(n, "reporter", "") for n in reporters]
    if dice.chance(0.4):
        more = _people(dice, pool, 2)
        place = dice.pick(("", dice.pick(PLACES)))
        opener = dice.pick(("Additional reporting by", "additional reporting by", "Additional reporting and writing by"))
        clauses.append(f"{opener} {_list(more)}{f' in {place}' if place else ''}")
        message.signoff += [(n, "additional_reporter", place) for n in more]
    if dice.chance(0.4):
        writer = dice.take(pool)
        clauses.append(f"{dice.pick(('Writing by', 'writing by', 'Compiled by'))} {writer}")
        message.signoff.append((writer, "writer", ""))
    editors = _people(dice, pool, 2)
    clauses.append(f"{dice.pick(('Editing by', 'editing by', 'Editing by'))} {_list(editors)}")
    message.signoff += [(n, "editor", "") for n in editors]
    return f"({'; '.join(clauses)})"


def _reuters_photo(dice: Dice, message: Message, pool: list[str], lead: str) -> str:
    scene, name = dice.pick(SCENES), dice.take(pool)
    stop = "" if scene.endswith(".") else "."
    is_file = dice.chance(0.3)
    caption = f"{'FILE PHOTO: ' if is_file else ''}{scene}{stop}"
    taken = dice.chance(0.2)
    if taken:
        caption += " Picture taken March 2, 2026."
    end = dice.pick(("", "/File Photo", "/ File Photo", " Acquire Licensing Rights", ", opens")) if is_file else ""
    end = "" if end == ", opens" else end
    message.photos.append((caption, name, "REUTERS"))
    message.evidence.add("photo_credit")
    return f"{lead}{caption} REUTERS/{name}{end}"


def _reuters_front(dice: Dice, message: Message, pool: list[str]) -> list[str]:
    front = []
    if dice.chance(0.7):
        message.byline = _people(dice, pool)
        front.append(f"By {_list(message.byline)}")
    elif dice.chance(0.3):
        front.append("By Reuters Staff")
        message.evidence.add("byline")
    if dice.chance(0.3):
        note = dice.pick(
            ("Adds comments, details", "Updates with quote in paragraph 3", "Recasts, adds background", "Writes through")
        )
        message.notes.append(note)
        front.insert(dice.below(len(front) + 1), f"({note})")
    return front


def _reuters_tail(dice: Dice, message: Message, pool: list[str], body: list[str]) -> list[str]:
    tail = []
    if dice.chance(0.25):
        tail.append(dice.pick(("($1 = 0.8812 euros)", "($1 = 10.42 Norwegian crowns)", "(1 euro = $1.13)", "($1=7.1 yuan)")))
    if dice.chance(0.8):
        signoff = _reuters_signoff(dice, message, pool)
        if dice.chance(0.3) and not tail:
            body_end = body.pop()
            tail.append(f"{body_end} {signoff}")
            message.text = body_end
        else:
            tail.append(signoff)
    if dice.chance(0.3):
        tail.append(
            dice.pick(
                (
                    "Our Standards: The Thomson Reuters Trust Principles.",
                    "Our Standards: The Thomson Reuters Trust Principles., opens new tab",
                )
            )
        )
    if dice.chance(0.15):
        note = "This story has been corrected to say Monday, not Tuesday, in paragraph 2"
        message.corrections.append(note)
        tail.append(f"({note})")
    return tail


def _joined(message: Message, front: list[str], body: list[str], opening: str, tail: list[str]) -> Message:
    """Puts a sign-off back that was glued to the last paragraph."""
    if message.text:
        glued, message.text = message.text, ""
        made = _finish(message, front, [*body, glued], opening, [])
        start = made.raw.rindex(glued)
        made.raw = "\n\n".join([made.raw[:start] + tail[0], *tail[1:]])
        return made
    return _finish(message, front, body, opening, tail)


def _reuters(dice: Dice) -> Message:
    message = Message(style="reuters", headline=dice.pick(HEADLINES), agency="Reuters", evidence={"dateline"})
    pool = list(PEOPLE)
    front = _reuters_front(dice, message, pool)
    photos = [_reuters_photo(dice, message, pool, dice.pick(("", "[1/2] ", "[1/3]"))) for _ in range(dice.below(2))]
    body = _body(dice)
    opening = dice.pick(
        (
            f"{dice.pick(CITIES)}, March 5 (Reuters) - ",
            f"{dice.pick(CITIES)} (Reuters) - ",
            "March 5 (Reuters) - ",
            f"{dice.pick(CITIES)} (Reuters) – ",
        )
    )
    tail = _reuters_tail(dice, message, pool, body)
    _own_places(message)
    return _joined(message, [*photos, *front], body, opening, tail) if body else _reuters(Dice(f"{message.raw}again"))


def _republished(dice: Dice) -> Message:
    """A site that carries Reuters: headline again with a suffix, photo with a copyright sign, sometimes all in one block."""
    headline = dice.pick(HEADLINES)
    message = Message(
        style="republished", headline=f"{headline} By Reuters", agency="Reuters", evidence={"dateline", "headline_suffix"}
    )
    pool = list(PEOPLE)
    front = [dice.pick((headline, f"{headline} By Reuters"))] if dice.chance(0.6) else []
    photo = ""
    if dice.chance(0.8):
        photo = _reuters_photo(
            dice, message, pool, dice.pick(("© Reuters. ", "© Reuters. ", "2/3 © Reuters. ", "1/2\u00a0© Reuters. "))
        )
        message.evidence.add("copyright_line")
    message.byline = _people(dice, pool, 2) if dice.chance(0.8) else []
    byline = f"By {_list(message.byline)}" if message.byline else ""
    body = _body(dice)
    opening = dice.pick(
        (f"{dice.pick(CITIES)} (Reuters) -", f"{dice.pick(CITIES)}, Norway (Reuters) - ", "(Reuters) - ", "(Reuters) -")
    )
    if byline and photo and dice.chance(0.4):
        counter = dice.pick(("", "2/2 "))
        opening = f"{photo} {counter}{byline} {opening}"
    elif byline and dice.chance(0.3):
        front += [photo] if photo else []
        opening = f"{byline} {opening}"
    else:
        front += [part for part in (photo, byline) if part]
    tail = [_reuters_signoff(dice, message, pool)] if dice.chance(0.4) else []
    _own_places(message)
    return _finish(message, front, body, opening, tail)


# ── AP, AFP, dpa ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _ap(dice: Dice) -> Message:
    message = Message(style="ap", headline=dice.pick(HEADLINES), agency="AP", evidence={"dateline"})
    pool = list(PEOPLE)
    front = []
    if dice.chance(0.4):
        note = dice.pick(
            ("Adds AP Video and quotes from the mayor.", "UPDATES: Adds details. With AP Photos.", "Will be updated.")
        )
        front.append(f"Eds: {note}")
        message.notes.append(note)
    if dice.chance(0.4):
        scene, name = dice.pick(SCENES), dice.take(pool)
        filed = dice.pick(("", "", ", File"))
        lead = "FILE - " if filed else ""
        message.photos.append((f"{lead}{scene}", name, "AP"))
        message.evidence.add("photo_credit")
        front.append(f"{lead}{scene} (AP Photo/{name}{filed})")
    if dice.chance(0.75):
        message.byline = _people(dice, pool, 2)
        form = dice.below(3)
        if form == 0:
            message.byline = [name.upper() for name in message.byline]
            front.append(
                f"By {_list(message.byline)}=\n"
                f"{dice.pick(('Associated Press', 'Associated Press Writer', 'AP Business Writer'))}="
            )
            message.evidence.add("byline")
        elif form == 1:
            front += [f"By {_list(message.byline)}", dice.pick(("Associated Press", "The Associated Press", "AP Science Writer"))]
            message.evidence.add("byline")
        else:
            front.append(f"By {_list(message.byline)}")
    elif dice.chance(0.5):
        front.append("By The Associated Press")
        message.evidence.add("byline")
    body = _body(dice)
    opening = dice.pick((f"{dice.pick(CITIES)} (AP) — ", f"{dice.pick(CITIES)} (AP) _ ", f"{dice.pick(CITIES)}, Norway (AP) - "))
    tail = []
    message.authors = [(name, "reporter", "") for name in message.byline]
    if dice.chance(0.5):
        more = _people(dice, pool, 3)
        where = [dice.pick(PLACES) for _ in more]
        if len(more) == 1:
            text = f"Associated Press writer {more[0]} in {where[0]} contributed to this report."
        else:
            text = (
                f"Associated Press writers {_list([f'{n} in {p}' for n, p in zip(more, where, strict=True)])} "
                f"contributed to this report."
            )
        message.signoff += [(n, "additional_reporter", p) for n, p in zip(more, where, strict=True)]
        if message.byline and dice.chance(0.4):
            family = message.byline[0].split()[-1]
            place = dice.pick(PLACES)
            text = f"{family} reported from {place}. {text}"
            message.authors[0] = (message.byline[0], "reporter", place)
        tail += ["___", text]
    if dice.chance(0.3):
        note = dice.pick(
            (
                "This story has been corrected to show that the ferry sailed in 2024, not 2023.",
                "This version corrects the spelling of Halden.",
            )
        )
        message.corrections.append(note)
        tail += ["___", note]
    if dice.chance(0.3):
        tail += ["___", "Follow AP's coverage of the economy at https://apnews.example.test/hub/economy"]
    if dice.chance(0.3):
        tail.append(
            "Copyright 2026 The Associated Press. All rights reserved. This material may not be published, "
            "broadcast, rewritten or redistributed without permission."
        )
        message.evidence.add("copyright_line")
    return _finish(message, front, body, opening, tail)


def _afp(dice: Dice) -> Message:
    message = Message(style="afp", headline=dice.pick(HEADLINES), agency="AFP", evidence={"dateline"})
    pool = list(PEOPLE)
    front = []
    if dice.chance(0.6):
        scene, name = dice.pick(SCENES), dice.take(pool)
        form = dice.below(4)
        if form == 0:
            front.append(f"{scene} (Photo by {name} / AFP)")
            message.photos.append((scene, name, "AFP"))
        elif form == 1:
            front.append(f"{scene} {name}/AFP via Getty Images")
            message.photos.append((scene, name, "AFP via Getty Images"))
        elif form == 2:
            front.append(f"{scene} ({name}/AFP)")
            message.photos.append((scene, name, "AFP"))
        else:
            front.append(f"{scene} (Photo by {name}/AFP via Getty Images)")
            message.photos.append((scene, name, "AFP"))
        message.evidence.add("photo_credit")
    if dice.chance(0.5):
        message.byline = _people(dice, pool, 2)
        front.append(f"By {_list(message.byline)}")
    body = _body(dice)
    city = dice.pick(CITIES)
    opening = dice.pick((f"{city.title()} (AFP) – ", f"{city} (AFP) - ", f"{city.title()}, March 5, 2026 (AFP) - "))
    message.authors = [(name, "reporter", "") for name in message.byline]
    tail = (
        [dice.pick(("bur-abc/de/fgh", "abc/de", "str-ab/cd/efg", "© 2026 AFP", "© Agence France-Presse 2026"))]
        if dice.chance(0.6)
        else []
    )
    if tail and tail[0].startswith("©"):
        message.evidence.add("copyright_line")
    return _finish(message, front, body, opening, tail)


def _dpa(dice: Dice) -> Message:
    message = Message(style="dpa", headline=dice.pick(HEADLINES), agency="dpa", evidence={"dateline"})
    pool = list(PEOPLE)
    front = []
    if dice.chance(0.4):
        scene, name = dice.pick(SCENES), dice.take(pool)
        front.append(f"{scene} Foto: {name}/dpa")
        message.photos.append((scene, name, "dpa"))
        message.evidence.add("photo_credit")
    if dice.chance(0.7):
        message.byline = _people(dice, pool)
        is_signed = dice.chance(0.7)
        front.append(f"Von {_list(message.byline, 'und')}{', dpa' if is_signed else ''}")
        if is_signed:
            message.evidence.add("byline")
    body = _body(dice)
    opening = dice.pick((f"{dice.pick(CITIES).title()} (dpa) - ", f"{dice.pick(CITIES).title()} (dpa) – "))
    message.authors = [(name, "reporter", "") for name in message.byline]
    tail = []
    if dice.chance(0.6):
        is_german = dice.chance(0.6)
        reporter, editor = dice.take(pool), dice.take(pool)
        place = dice.pick(("Berlin", "Hamburg", "Kiel", "Hannover"))
        if is_german:
            lines = [
                "Die folgenden Informationen sind nicht zur Veröffentlichung bestimmt",
                f"- Autor: {reporter} ({place}), +49 40 0000 1234, <autor@example.test>",
                f"- Redaktion: {editor} (Berlin), +49 30 0000 5678, <redaktion@example.test>",
            ]
            message.signoff += [(reporter, "reporter", place), (editor, "editor", "Berlin")]
        else:
            lines = [
                "* The following information is not intended for publication *",
                f"- Reporting by: {reporter} - Editing by: {editor}",
                "- Tel: +49 40 0000 1234",
            ]
            message.signoff += [(reporter, "reporter", ""), (editor, "editor", "")]
        tail = ["\n".join(lines)] if dice.chance(0.5) else lines
        message.private = lines[1]
    elif dice.chance(0.5):
        tail = [dice.pick(("dpa abc/de yyon z2 a3 xyz", "dpa ab yydd n1 cde"))]
    return _finish(message, front, body, opening, tail)
