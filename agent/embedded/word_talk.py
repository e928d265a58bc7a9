"""What is said without evidence: greetings, thanks, notes; and the openings that go with evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agent.embedded.word_voice import Piece, Voice
from agent.ports import Decision
from core.conversation import Intent

_OPENINGS = (Intent.RESET, Intent.UNDO, Intent.COMPLAINT, Intent.FEEDBACK, Intent.GREET)
"""Intents acknowledged in a few words before the rest, first come first said."""
_ALONE = (
    Intent.RESET, Intent.UNDO, Intent.GREET, Intent.THANKS, Intent.COMPLAINT, Intent.FEEDBACK, Intent.CONFIRM,
    Intent.DENY, Intent.SMALLTALK, Intent.OUT_OF_SCOPE,
)  # fmt: skip
_EXAMPLES = 2
_CATEGORIES = 4


def opening(voice: Voice, decision: Decision) -> str:
    """Return the words before an answer that has evidence; empty when there is nothing to acknowledge."""
    intent = next((one for one in _OPENINGS if one in decision.intents), None)
    return voice.say(f"opening.{intent}") if intent else ""


def talk(voice: Voice, decision: Decision) -> Iterator[Piece]:
    """Word a decision without evidence."""
    if decision.note and decision.note != "none":
        yield from _note(voice, decision, decision.note)
        return
    said = [one for one in _ALONE if one in decision.intents]
    if Intent.GREET in said and len(said) > 1:
        said.remove(Intent.GREET)
    sentences = [_greeting(voice) if one is Intent.GREET else _saying(voice, one) for one in said[:2]]
    if Intent.GOODBYE in decision.intents:
        sentences = [one for one in sentences if one][:1] if Intent.THANKS in said else []
        sentences.append(voice.say("talk.goodbye"))
    if not sentences:
        sentences = [voice.say("note.unclear_first", example=_example(voice))]
    yield Piece(voice.paragraph(sentences))


def closing(voice: Voice, decision: Decision) -> str:
    """Return a farewell to end an answer with, when the user said goodbye."""
    return voice.say("talk.goodbye") if Intent.GOODBYE in decision.intents else ""


def _saying(voice: Voice, intent: Intent) -> str:
    return voice.say(f"talk.{intent}", example=_example(voice), shop=_shop(voice), offers=_offers(voice))


def _greeting(voice: Voice) -> str:
    shop = voice.context.shop
    own = shop.greeting.get(voice.language)
    if own and voice.context.state.turn <= 1:
        return voice.safe(own)
    return voice.say("talk.greet", shop=_shop(voice), example=_example(voice), offers=_offers(voice))


def _note(voice: Voice, decision: Decision, note: str) -> Iterator[Piece]:
    facts: dict[str, Any] = {"example": _example(voice), "shop": _shop(voice), "offers": _offers(voice)}
    if note == "unclear":
        key = "note.unclear_again" if voice.context.state.unclear > 1 else "note.unclear_first"
    elif note == "unavailable":
        specific = (f"note.unavailable_{intent}" for intent in decision.intents)
        key = next((name for name in specific if voice.has(name)), "note.unavailable")
    elif note == "which_item":
        items = voice.context.on_screen
        options = [f"{at + 1}. {voice.name(item)}" for at, item in enumerate(items)]
        key, facts = "note.which_item", {"options": voice.values.listing(options, "or")}
    elif note == "not_here":
        quoted = [voice.say("value.quoted", text=voice.safe(str(word))) for word in decision.note_data["words"]]
        key, facts = "note.not_here", {"words": voice.values.listing(quoted, "or"), "offers": _offers(voice)}
    else:
        key = f"note.{note}" if voice.has(f"note.{note}") else "note.unclear_first"
    yield Piece(voice.say(key, **facts))


def _shop(voice: Voice) -> str:
    names = voice.context.shop.name
    return voice.safe(names.get(voice.language) or next(iter(names.values()), ""))


def _example(voice: Voice) -> str:
    """Return something the user could say here, quoted; from the shop's own examples, else from its categories."""
    examples: Sequence[str] = voice.context.shop.examples.get(voice.language, ())
    if examples:
        return voice.say("value.quoted", text=voice.safe(examples[voice.seed % min(_EXAMPLES, len(examples))]))
    categories = categories_of(voice)
    if not categories:
        return ""
    name = categories[voice.seed % len(categories)]
    return voice.say("value.quoted", text=voice.safe(voice.say("talk.example", category=name)))


def _offers(voice: Voice) -> str:
    """Return the shop's largest categories as a list."""
    return voice.safe(voice.values.listing(categories_of(voice)[:_CATEGORIES]))


def categories_of(voice: Voice) -> list[str]:
    """Return the names of the widest categories that divide the catalogue, largest first."""
    counts = voice.context.catalogue.values("category")
    paths = [path for path in voice.context.catalogue.category_paths() if path]
    names: list[str] = []
    for depth in range(max(map(len, paths), default=0)):
        names = list(dict.fromkeys(path[depth] for path in paths if len(path) > depth))
        if len(names) > 1:
            break
    names.sort(key=lambda name: -counts.get(name, 0))
    return [voice.values.value("category", name) for name in names[:8]]
