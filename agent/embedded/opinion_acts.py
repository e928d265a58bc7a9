"""Questions about what reviewers say: "what do people complain about?", "大家觉得续航怎么样", "any drawbacks?"."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import yaml

from agent.embedded.desk_words import read_desk
from agent.embedded.lexicon import Kind, Lexicon
from agent.embedded.message import Message
from agent.ports import Decision, ToolCall
from core.conversation import Intent
from retrieval.opened import OpenIndex

TOOL = "what_reviewers_say"
_MOST = 3


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    content = yaml.safe_load((Path(__file__).parent / "opinion_words.yaml").read_text(encoding="utf-8"))
    lexicon = Lexicon()
    for roles in content.values():
        for role, phrases in roles.items():
            for phrase in phrases:
                lexicon.add(str(phrase), Kind.GRAMMAR, role, fuzzy=False)
    return lexicon


class OpinionActs:
    """Decides on questions about reviews; immutable and thread-safe."""

    def __init__(self, serving: Callable[[], OpenIndex]) -> None:
        """Use what is served now: without reviews, nothing is answered here."""
        self._serving = serving

    def __call__(self, message: Message) -> Decision | None:
        """Return the decision on a question about what reviewers say of items, or None."""
        context = message.context
        opinions = self._serving().opinions
        if context.state.awaiting or opinions is None or len(opinions.found) < 2 or not context.on_screen:
            return None
        said = {entry.field for span in _lexicon().match(message.reading.tokens) for entry in span.entries}
        of_reviewers = "reviewers" in said and said & {"say", "complain", "praise"}
        if not (of_reviewers or said & {"flaws", "both"}) or "compare" in message.cues:
            return None
        if read_desk(context.message).of("return", "cancel", "exchange") or message.needs.category is not None:
            return None
        ids = message.references.ids or tuple(item.id for item in context.on_screen)
        bad, good = said & {"complain", "flaws"}, "praise" in said and not said & {"complain", "flaws"}
        side = "all" if "both" in said or not (bad or good) else "complaints" if bad else "praise"
        arguments = {"item_ids": list(ids[:_MOST]), "side": side, "aspects": list(message.needs.facets)}
        return Decision((Intent.DETAILS,), (ToolCall(TOOL, arguments),))
