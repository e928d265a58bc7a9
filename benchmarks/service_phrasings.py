"""The same said in other words: general rules that rephrase what a customer says, chosen by a seed."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

_SYNONYMS = (
    (r"\bI want to\b", ("I'd like to", "I would like to", "I need to", "Could you help me? I want to")),
    (r"\bexchange\b", ("swap", "exchange", "exchange")),
    (r"\bcheapest\b", ("least expensive", "cheapest")),
    (r"\bmodify\b", ("change", "update", "modify")),
    (r"\breceived\b", ("got", "received")),
    (r"\balso\b", ("as well", "also")),
)
_BEFORE = ("", "Hi! ", "Hello, ", "Good morning. ", "Hey there. ")
_AFTER = ("", " Thanks.", " Thank you!", " Please help.")
_YES = ("Yes, please.", "Yes", "yes, go ahead", "Yes, that's right.", "Sure, do it.")
_CHOICE = ("{}", "{}, please.", "I'd like {}.", "It's {}.")
_PROOF = (
    (r"^My email is (.*)$", (r"\1", r"it's \1", r"My e-mail address is \1.")),
    (r"^My name is (.*) and my zip code is (.*)$", (r"\1, \2", r"I'm \1, zip \2.", r"\1. Zip code \2")),
)


@dataclass
class Phrasing:
    """How one customer talks; seed 0 says everything as it is written."""

    seed: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Seed the choices."""
        self._random = random.Random(self.seed)

    def opening(self, text: str) -> str:
        """Return an opening in other words."""
        if not self.seed:
            return text
        for pattern, others in _SYNONYMS:
            text = re.sub(pattern, lambda _, others=others: self._random.choice(others), text)  # type: ignore[misc]
        return f"{self._random.choice(_BEFORE)}{text}{self._random.choice(_AFTER)}"

    def proof(self, text: str) -> str:
        """Return what proves who one is in other words."""
        if self.seed:
            for pattern, others in _PROOF:
                text = re.sub(pattern, self._random.choice(others), text)
        return text

    def choice(self, text: str) -> str:
        """Return a choice among what was offered."""
        return self._random.choice(_CHOICE).format(text) if self.seed else f"{text[:1].upper()}{text[1:]}."

    def yes(self) -> str:
        """Return an explicit yes."""
        return self._random.choice(_YES) if self.seed else "Yes, please."
