"""An LLM's answer as it leaves: each sentence checked, mended or dropped; what it leaves out added by code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from agent.embedded.text import normalise
from agent.embedded.vocabulary import Vocabulary
from agent.embedded.word_items import entries, remarks
from agent.embedded.word_questions import asked
from agent.embedded.word_voice import Voice
from agent.llm.grounding.check import Checker
from agent.llm.grounding.facts import Facts, facts_of
from agent.llm.grounding.statement import masked
from agent.llm.prompting import system_message
from agent.llm.sentences import harmless
from agent.ports import Decision, TurnContext
from core.entities import Item, Recommendation
from tools.results import Compared, Detailed, Evidence, Explained, PassagesFound, Recommended


class Answer:
    """One answer on its way out; one use for each answer."""

    def __init__(
        self, context: TurnContext, decision: Decision, evidence: Sequence[Evidence], vocabulary: Vocabulary,
        *, mending: bool = True,
    ) -> None:  # fmt: skip
        """Take what the turn found; without ``mending`` (benchmarks alone) unsupported sentences count and pass."""
        self._mending = mending
        self._voice = Voice.of(context)
        self._evidence = tuple(evidence)
        self._facts: Facts = facts_of(context, decision, evidence, vocabulary.lexicon)
        prompt = str(system_message("system", context)["content"]) + str(system_message("writer", context)["content"])
        self._checker = Checker(self._facts, vocabulary.lexicon, prompt)
        self._shown = {one.item.id: one for one in _recommendations(evidence)}
        self._lines = self._own_lines()
        self._carried: tuple[int, ...] = ()
        self._named: set[str] = set()
        self._heard: set[str] = set()
        self._asked = False
        self.begun = False
        """Whether anything was said."""
        self.dropped = 0
        """Sentences that the evidence did not bear out."""

    def all(self, sentences: Iterable[str]) -> Iterator[str]:
        """Yield what of some sentences may be said."""
        for sentence in sentences:
            if piece := self.take(sentence):
                yield piece

    def take(self, sentence: str) -> str:
        """Return a sentence as it may be said: itself, its mending, or an empty text."""
        gap = sentence[: len(sentence) - len(sentence.lstrip())]
        text = harmless(sentence.strip(), self._facts.urls)
        if not any(char.isalnum() for char in text):
            return ""
        if (core := normalise(text).strip()) in self._heard:
            return ""  # said already
        self._heard.add(core)
        if "\n" in gap and not _goes_on(text):
            self._carried = ()
        verdict = self._checker.check(text, self._carried)
        if verdict.named:
            self._carried = verdict.named
        if verdict.ok:
            return self._said(gap, text, verdict.named)
        self.dropped += 1
        if not self._mending:
            return self._said(gap, text, verdict.named)
        return self._mended(gap, text, verdict.named)

    def names_something(self) -> bool:
        """Tell whether the answer speaks of what was found; with nothing found any words do."""
        return not self._shown or bool(self._named)

    def missing(self) -> Iterator[str]:
        """Yield what the answer owes still: items that it left out, the question, where rules stand."""
        if self._is_search():
            for item_id, line in self._lines.items():
                if item_id not in self._named:
                    yield f"\n{line}"
        question = self._voice.context.state.question
        if question is not None and question.text and not self._asked and self._is_search():
            yield "\n\n" + asked(self._voice, question)
        for found in self._evidence:
            if isinstance(found, PassagesFound):
                for passage in found.passages[:2]:
                    title, ref = self._voice.safe(passage.title), self._voice.safe(passage.ref)
                    yield "\n\n" + self._voice.say("policy.source", title=title, ref=ref)

    def _is_search(self) -> bool:
        return any(isinstance(found, Recommended) for found in self._evidence)

    def _own_lines(self) -> dict[str, str]:
        """Return the embedded writer's line of each item of a search."""
        lines: dict[str, str] = {}
        for found in self._evidence:
            if isinstance(found, Recommended):
                pieces = entries(self._voice, found.ranking.items, found.wants)
                for one, piece in zip(found.ranking.items, pieces, strict=True):
                    lines.setdefault(str(one.item.id), piece.text)
        return lines

    def _said(self, gap: str, text: str, named: Sequence[int]) -> str:
        items = [self._facts.items[place].item for place in named]
        fresh = [item for item in items if item.id not in self._named and item.id in self._shown]
        for item in fresh:
            self._named.add(item.id)
            text = self._linked(text, item)
        if len(fresh) == 1 and self._is_search():  # what must be said of an item is said by code
            text += remarks(self._voice, self._shown[fresh[0].id])
        self._asked = self._asked or text.rstrip("*_ ").endswith(("?", "？"))
        return self._out(gap, text)

    def _mended(self, gap: str, text: str, named: Sequence[int]) -> str:
        """Return the embedded wording of the item that a sentence went wrong about, once; else nothing."""
        ids = [str(self._facts.items[place].item.id) for place in named]
        open_ones = [item_id for item_id in ids if item_id in self._lines and item_id not in self._named]
        if len(open_ones) != 1:
            return ""
        self._named.add(open_ones[0])
        return self._out("\n", self._lines[open_ones[0]])

    def _out(self, gap: str, text: str) -> str:
        breaks = min(gap.count("\n"), 2)
        gap = "\n" * breaks if breaks else gap[:1]
        piece = (gap if self.begun else "") + text
        self.begun = True
        return piece

    def _linked(self, text: str, item: Item) -> str:
        """Link an item's first mention to its address, as the catalogue has it."""
        if not item.url:
            return text
        for name in sorted({item.title, *item.texts.get("title", {}).values()}, key=len, reverse=True):
            at = text.find(name)
            if at >= 0 and "](" not in text and masked(name, ((name, 0),)) != name:
                linked = self._voice.linked(item).strip("*")
                return text[:at] + linked + text[at + len(name) :]
        return text


def _goes_on(text: str) -> bool:
    """Tell whether a new line goes on with the item of the one before: an indented point, not a new number."""
    return text.startswith(("- ", "• ", "– "))


def _recommendations(evidence: Iterable[Evidence]) -> Iterator[Recommendation]:
    for found in evidence:
        if isinstance(found, Recommended):
            yield from found.ranking.items
        elif isinstance(found, Explained | Detailed | Compared):
            yield from found.items
