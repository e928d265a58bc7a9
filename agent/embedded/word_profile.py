"""What is kept of a user, and what of it changed, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.embedded.word_constraints import word_constraint
from agent.embedded.word_voice import Piece, Voice
from core.entities import Constraint
from retrieval.comparing import NEGATIONS
from tools.profile import positive
from tools.results import ProfileChanged, ProfileShown

_LISTED = 5


def profile(voice: Voice, found: ProfileShown | ProfileChanged) -> Iterator[Piece]:
    """Say what is kept of the user, or what of it has changed."""
    return _shown(voice, found) if isinstance(found, ProfileShown) else _changed(voice, found)


def _shown(voice: Voice, found: ProfileShown) -> Iterator[Piece]:
    lines = [
        voice.say(f"profile.{name}", names=voice.names(items, _LISTED), more=max(0, len(items) - _LISTED))
        for name, items in (
            ("liked", found.liked), ("disliked", found.disliked), ("bought", found.bought), ("viewed", found.viewed),
        )
        if items
    ]  # fmt: skip
    lines = [*_stated(voice, found.stated), *lines]
    chips = [word_constraint(one, voice.context.catalogue, voice.language) for one in found.wants.constraints]
    if chips:
        lines.append(voice.say("profile.wants", needs=voice.safe(voice.values.series(chips))))
    if not lines:
        yield Piece(voice.say("profile.empty" if found.known else "profile.unknown"))
        return
    yield Piece(voice.say("profile.lead" if found.known else "profile.lead_unknown"))
    for line in lines:
        yield Piece(f"- {line}", tight=True)


def _changed(voice: Voice, found: ProfileChanged) -> Iterator[Piece]:
    """Say what is kept from now on, what is forgotten, and what was not kept in the first place."""
    for name in ("likes", "dislikes", "forgotten", "not_held"):
        values: tuple[Constraint, ...] = getattr(found, name)
        if values:
            yield Piece(voice.say(f"profile.now_{name}", names=_named(voice, values)))
    for name, items in (("unsaid", found.items), ("not_said", found.items_not_held)):
        if items:
            yield Piece(voice.say(f"profile.now_{name}", names=voice.names(items, _LISTED)))


def _stated(voice: Voice, tastes: Sequence[Constraint]) -> list[str]:
    likes = [one for one in tastes if one.op not in NEGATIONS]
    dislikes = [positive(one) for one in tastes if one.op in NEGATIONS]
    said = (("likes", likes), ("dislikes", dislikes))
    return [voice.say(f"profile.said_{name}", names=_named(voice, some)) for name, some in said if some]


def _named(voice: Voice, values: Sequence[Constraint]) -> str:
    return voice.safe(
        voice.values.series([word_constraint(one, voice.context.catalogue, voice.language) for one in values])
    )
