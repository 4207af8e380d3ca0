"""One story through its life: rewrites, write-throughs, repeats, refiles, corrections, kills, holds, embargoes, takes and copies.

Each writer gives the messages of one script (`script.py`) in the order in which they come.
"""

import re
from dataclasses import replace
from itertools import pairwise

from pipeline.simulator.dice import Dice
from pipeline.simulator.grammar import Revision, Text, draw_revisions, tell
from pipeline.simulator.phrasebook import phrasebook
from pipeline.simulator.script import Cast, Corrected, Message, announcement, figures_corrected, gap_s, renamed, slug_of
from pipeline.story import Relation

_NAMED = ("other", "expert", "witness", "official")
_WORD = re.compile(r"\b[^\W\d_A-ZÄÖÜ]{7,}\b")
_NAME_NOTES = {
    "en": "(Corrects name to {after} from {before})",
    "de": "(Berichtigung: Der Name lautet {after}, nicht {before})",
    "fr": "(Corrige un nom : bien lire {after}, et non {before})",
    "es": "(Corrige un nombre: es {after}, no {before})",
}
_TYPO_NOTES = {"en": "(Refiles to fix typo)", "de": "(Wiederholung: Tippfehler behoben)",
               "fr": "(Corrige une coquille)", "es": "(Corrige una errata)"}  # fmt: skip
_REASONS = ("the figures were wrong", "its source was not who he said he was", "the account could not be confirmed")
_FURNITURE = (
    ("", "Read more reports of the day on our front page."),
    ("This report comes from {publisher}.", ""),
    ("{carrier} has this report from {publisher}.", "Sign up for the morning letter of {carrier}."),
    ("", "© {publisher}. All rights reserved."),
)


def plain(cast: Cast) -> list[Message]:
    """Ordinary news: up to three updates and corrections at one address, now and then whole copies."""
    dice, plot = cast.dice("plain"), cast.plot()
    revisions = draw_revisions(dice)
    messages = [Message(relation="new", text=tell(plot), after_s=0)]
    for count, revision in enumerate(revisions, 1):
        relation: Relation = "correction" if revision == "correction" else "update"
        message = _next(messages[-1], dice, relation, tell(plot, revisions[:count]), count + 1, moves=False)
        what = figures_corrected(messages[-1].text, message.text) if relation == "correction" else ()
        messages.append(replace(message, corrected=what))
    for carrier in range(1, len(cast.carriers) + 1):
        if dice.chance(0.3):
            messages.append(replace(messages[0], relation="syndicated_copy", carrier=carrier, after_s=dice.between(60, 1200)))
    return messages


def rewrite(cast: Cast) -> list[Message]:
    """UPDATE 1 to 3: other verbs, other figures, another headline; mostly under a new address."""
    dice, plot = cast.dice("rewrite"), cast.plot()
    messages = [Message(relation="new", text=tell(plot), after_s=0, slug=slug_of(plot))]
    revisions: tuple[Revision, ...] = ()
    for order in range(2, dice.between(3, 4)):
        revisions += ("rewrite",)
        messages.append(_next(messages[-1], dice, "update", tell(plot, revisions), order, moves=dice.chance(0.7)))
    return messages


def writethru(cast: Cast) -> list[Message]:
    """An alert of a headline alone, then four paragraphs, then the whole report, which has all that came before."""
    dice, plot = cast.dice("writethru"), cast.plot()
    full = tell(plot, ("update",))
    alert = announcement(full, tell(plot).headline.upper())
    short = replace(tell(plot), headline=f"UPDATE 1-{tell(plot).headline}", paragraphs=tell(plot).paragraphs[:4], signoff="")
    grown = replace(full, headline=full.headline.replace("UPDATE 1-", "UPDATE 2-"))
    moves = dice.chance(0.4)
    first = Message(relation="new", text=alert, after_s=0, slug=slug_of(plot))
    second = _next(first, dice, "update", short, 2, moves=moves)
    return [first, second, _next(second, dice, "update", grown, 3, moves=moves)]


def repeated(cast: Cast) -> list[Message]:
    """RPT: the same words again under a new address."""
    dice, plot = cast.dice("repeated"), cast.plot()
    first = Message(relation="new", text=tell(plot), after_s=0, slug=slug_of(plot))
    again = replace(first.text, headline=f"RPT-{first.text.headline}")
    return [first, _next(first, dice, "repeat", again, 1, moves=True)]


def refiled(cast: Cast) -> list[Message]:
    """REFILE: one letter of the first text was wrong."""
    dice, plot = cast.dice("refiled"), cast.plot()
    right = tell(plot)
    words = _WORD.findall(" ".join(right.paragraphs[1:]))
    word = dice.pick(words)
    at = dice.between(2, len(word) - 2)
    letter = "x" if word[at] != "x" else "z"
    first = Message(relation="new", text=renamed(right, word, word[:at] + letter + word[at + 1 :]), after_s=0, slug=slug_of(plot))
    fixed = replace(right, headline=f"REFILE-{right.headline}", note=_TYPO_NOTES[cast.language])
    return [first, _next(first, dice, "refile", fixed, 2, moves=dice.chance(0.5))]


def corrected(cast: Cast) -> list[Message]:
    """CORRECTED: a figure or a name was wrong, and the note says which."""
    dice, plot = cast.dice("corrected"), cast.plot()
    named = _named_wrong(cast, dice) if dice.chance(0.4) else None
    first, right = named[:2] if named else (tell(plot), tell(plot, ("correction",)))
    what = named[2:] if named else figures_corrected(first, right)
    message = Message(relation="new", text=first, after_s=0, slug=slug_of(plot))
    moves = dice.chance(0.4)
    return [message, replace(_next(message, dice, "correction", right, 2, moves=moves), corrected=what)]


def _named_wrong(cast: Cast, dice: Dice) -> tuple[Text, Text, Corrected] | None:
    """A text that misnames somebody, and the one that names them right; None for a text without names."""
    plot = cast.plot()
    right = tell(plot)
    body = " ".join(right.paragraphs)
    families = [family for who in _NAMED if (family := plot.facts[who].split()[-1]) in body]
    strangers = [name for name in phrasebook(cast.language).lists["family"] if name not in body]
    if not families:
        return None
    after, before = families[0], dice.pick(strangers)
    note = _NAME_NOTES[cast.language].format(after=after, before=before)
    fixed = replace(right, headline=f"CORRECTED-{right.headline}", note=note)
    return renamed(right, after, before), fixed, Corrected(kind="name", before=before, after=after)


# ── kills, holds, embargoes ──────────────────────────────────────────────────────────────────────────────────────────


def killed_by_status(cast: Cast) -> list[Message]:
    """Version 3 says canceled; version 2 comes before it, or too late, and changes nothing then."""
    dice, plot = cast.dice("killed"), cast.plot()
    first = Message(relation="new", text=tell(plot), after_s=0, slug=slug_of(plot))
    update = _next(first, dice, "update", tell(plot, ("update",)), 2, moves=False)
    kill = replace(_next(update, dice, "kill", update.text, 0, moves=False), version=3, pub_status="canceled", state="killed")
    if dice.chance(0.5):
        return [first, update, kill]
    late = replace(update, relation="repeat", state="killed", dated_s=update.after_s, after_s=kill.after_s + gap_s(dice))
    return [first, kill, late]


def killed_by_tag(cast: Cast) -> list[Message]:
    """WITHDRAWAL before the same headline, at the same address."""
    dice, plot = cast.dice("killed"), cast.plot()
    first = Message(relation="new", text=tell(plot), after_s=0, slug=slug_of(plot))
    word = "WITHDRAWAL: " if cast.language == "en" else "KILL KILL KILL "
    text = announcement(first.text, word + first.text.headline, f"{dice.pick(_REASONS).capitalize()}.")
    return [first, replace(_next(first, dice, "kill", text, 0, moves=False), state="killed")]


def killed_by_description(cast: Cast) -> list[Message]:
    """An advisory under an address of its own, which quotes the headline of its victim."""
    dice, plot = cast.dice("killed"), cast.plot()
    first = Message(relation="new", text=tell(plot), after_s=0)
    quoted = first.text.headline
    if cast.language == "de":
        text = announcement(first.text, "KILL KILL KILL", f"Die Meldung „{quoted}“ wird zurückgezogen.")
    else:
        headline = f"ADVISORY: {plot.place.city} {plot.topic} story is withdrawn"
        body = f"The story headlined “{quoted}” has been withdrawn as {dice.pick(_REASONS)}."
        text = announcement(first.text, headline, body, "There will be no substitute story.")
    return [first, replace(_next(first, dice, "kill", text, 0, moves=True), state="killed")]


def held_and_released(cast: Cast) -> list[Message]:
    """HOLD HOLD HOLD at the story's own address, then the report again with the word that the hold is lifted."""
    dice, plot = cast.dice("held"), cast.plot()
    first = Message(relation="new", text=tell(plot), after_s=0)
    text = announcement(
        first.text, f"HOLD HOLD HOLD {first.text.headline}", "HOLD HOLD HOLD: this story must not be used for now."
    )
    hold = replace(_next(first, dice, "hold", text, 0, moves=False), state="held")
    lifted = replace(first.text, note="Eds: The hold on this story is lifted.")
    return [first, hold, replace(_next(hold, dice, "release", lifted, 1, moves=False), state="live")]


def held_by_status(cast: Cast) -> list[Message]:
    """Version 2 says withheld, version 3 is usable again and says more."""
    dice, plot = cast.dice("held"), cast.plot()
    first = Message(relation="new", text=tell(plot), after_s=0, slug=slug_of(plot))
    hold = replace(_next(first, dice, "hold", first.text, 0, moves=False), pub_status="withheld", state="held")
    return [first, hold, replace(_next(hold, dice, "release", tell(plot, ("update",)), 2, moves=False), pub_status="usable",
                                 state="live")]  # fmt: skip


def embargoed(cast: Cast) -> list[Message]:
    """Not before a time that only people understand; then the same text without an embargo."""
    dice, plot = cast.dice("embargoed"), cast.plot()
    until = dice.pick(("12noon on Friday, local time", "until the speech has been delivered", "MON AMs"))
    first = Message(relation="new", text=tell(plot), after_s=0, state="held", embargo=until, slug=slug_of(plot))
    return [first, replace(_next(first, dice, "release", first.text, 1, moves=False), state="live", embargo="")]


# ── takes and copies ─────────────────────────────────────────────────────────────────────────────────────────────────


def takes(cast: Cast) -> list[Message]:
    """A long report in two or three parts, `=2` and `=3` behind the headline."""
    dice, plot = cast.dice("takes"), cast.plot()
    full = tell(plot, ("update", "update"))
    plain = full.headline.removeprefix("UPDATE 2-")
    cuts = (0, *sorted({2, max(3, len(full.paragraphs) // 2)}), len(full.paragraphs))
    messages: list[Message] = []
    for number, (start, end) in enumerate(pairwise(cuts), 1):
        mark = f" ={number}" if number > 1 else ""
        text = replace(
            full, headline=plain + mark, note="", byline="" if mark else full.byline, paragraphs=full.paragraphs[start:end]
        )
        if not messages:
            messages.append(Message(relation="new", text=text, after_s=0, slug=slug_of(plot)))
        else:
            messages.append(replace(_next(messages[-1], dice, "take", text, 1, moves=True), after_s=60 * (number - 1)))
    return messages


def copied(cast: Cast) -> list[Message]:
    """Others carry the first paragraphs, with their own lines around them and their own ends of headlines."""
    dice, plot = cast.dice("copied"), cast.plot()
    first = Message(relation="new", text=tell(plot), after_s=0)
    messages = [first]
    for carrier, name in enumerate(cast.carriers, 1):
        text = _carried(first.text, cast, name, dice)
        messages.append(replace(first, relation="syndicated_copy", text=text, carrier=carrier, after_s=dice.between(90, 3600)))
    return sorted(messages, key=lambda message: message.after_s)


def _carried(text: Text, cast: Cast, carrier: str, dice: Dice) -> Text:
    before, behind = (line.format(publisher=cast.publisher, carrier=carrier) for line in dice.pick(_FURNITURE))
    kept = text.paragraphs[: dice.between(2, len(text.paragraphs))]
    suffix = dice.pick(("", f" By {cast.publisher}", f" - {cast.publisher}", f" | {carrier}"))
    headline = text.headline + suffix
    return replace(
        text,
        headline=headline * 2 if suffix.startswith(" By ") and dice.chance(0.5) else headline,
        paragraphs=tuple(block for block in (before, *kept, behind) if block),
        signoff="" if len(kept) < len(text.paragraphs) else text.signoff,
    )


def _next(last: Message, dice: Dice, relation: Relation, text: Text, order: int, *, moves: bool) -> Message:
    """The message after `last`, one version higher; `moves`: under a new address, where versions begin again."""
    return replace(
        last,
        corrected=(),
        relation=relation,
        text=text,
        order=order,
        after_s=last.after_s + gap_s(dice),
        item=last.item + moves,
        version=1 if moves else last.version + 1,
    )
