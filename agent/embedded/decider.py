"""The embedded decider: reads a message with the shop's vocabulary and decides what to do, without an LLM.

A message goes through: reading (phrases and numbers) → needs (constraints, critiques) → references (items pointed at) →
acts (this file), which come in a fixed order of precedence: the first act that applies decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from agent.asking import ELIGIBILITY
from agent.embedded.allowing import allowing, allows
from agent.embedded.desk_acts import DeskActs
from agent.embedded.desk_parts import is_yes
from agent.embedded.desk_slots import order_ids
from agent.embedded.desk_words import read_desk
from agent.embedded.intents import Guess, IntentGuesser
from agent.embedded.message import Message
from agent.embedded.needs import NeedsReader
from agent.embedded.opinion_acts import OpinionActs
from agent.embedded.profile_acts import ProfileActs
from agent.embedded.reading import read
from agent.embedded.references import References, refuses, resolve
from agent.embedded.requests import Requests
from agent.embedded.set_acts import SetActs, again
from agent.embedded.several import all_of
from agent.embedded.text import normalise, read_part
from agent.embedded.unheard import codes, runs, unheard
from agent.embedded.vocabulary import Vocabulary
from agent.ports import Decision, ToolCall, TurnContext
from core.conversation import Intent
from core.entities import Op
from core.ports import Embedder
from retrieval.bilingual import bilingual
from retrieval.pipeline import Recommender
from retrieval.tokens import terms

SERVICE = frozenset(
    {
        Intent.ORDER_STATUS, Intent.CANCEL_ORDER, Intent.MODIFY_ORDER, Intent.RETURN, Intent.EXCHANGE, Intent.REFUND,
        Intent.POLICY, Intent.COMPLAINT, Intent.HANDOFF, Intent.PROFILE, Intent.CART,
    }
)  # fmt: skip
_CHAT = {
    "greet": Intent.GREET, "thanks": Intent.THANKS, "goodbye": Intent.GOODBYE, "confirm": Intent.CONFIRM,
    "deny": Intent.DENY,
}  # fmt: skip
NEAR, SURELY_NEAR, IN_SCOPE_AFTER_ALL = 0.32, 0.36, 0.45
"""From these cosines between a message and the nearest item on, free words are taken for a need: when the message asks
for something ("I need …"), when it does not, and when it sounds like nothing that a shop sells. Talk of orders, rules
and troubles stays below a third."""

_NAMED = 3
"""Words of a message that does no more than name something."""
_FEW = 2
"""Words of a message that may be said to be unknown; more than these are no need."""


class EmbeddedDecider:
    """Decides with vocabulary, grammar and the sentence encoder; deterministic and thread-safe."""

    def __init__(self, recommender: Recommender, embedder: Embedder) -> None:
        """Compile the vocabulary of the recommender's catalogue."""
        self._recommender = recommender
        self._vocabulary = Vocabulary(recommender.catalogue)
        self._guesser = IntentGuesser(embedder)
        self._service_terms = self._guesser.service_terms
        self._is_word: Callable[[str], bool] = getattr(embedder, "knows", lambda word: False)
        self._requests = Requests(self._vocabulary)
        self._desk = DeskActs(self._guesser, self._requests)
        self._profile = ProfileActs(self.read)
        self._sets = SetActs(self.read, lambda: self._vocabulary)
        self._opinions = OpinionActs(lambda: recommender.serving)

    async def decide(self, context: TurnContext) -> Decision:
        """Return the decision; the work runs in a worker thread."""
        return await asyncio.to_thread(self.decide_now, context)

    def learn(self) -> None:
        """Learn the words of a catalogue that was rebuilt while serving."""
        vocabulary = Vocabulary(self._recommender.catalogue)
        self._requests, self._vocabulary = Requests(vocabulary), vocabulary
        self._desk = DeskActs(self._guesser, self._requests)

    @property
    def vocabulary(self) -> Vocabulary:
        """The shop's vocabulary as it is now."""
        return self._vocabulary

    def read(self, context: TurnContext) -> Message:
        """Read a message without deciding anything; what is decided then knows the part that was read."""
        context = replace(context, message=read_part(context.message))
        vocabulary, state = self._vocabulary, context.state
        reading = read(context.message, vocabulary.lexicon, self._is_word)
        category = next(
            (str(c.value) for c in state.wants.constraints if c.field == "category" and c.op is Op.EQ), None
        )
        held, question = state.wants.constraints, state.question.field if state.question else None
        asked = allows(reading, held) or question
        needs = NeedsReader(reading, vocabulary, category, asked, held).needs()
        needs = allowing(needs, reading, held, question)
        references = resolve(reading, needs, state, context.on_screen, vocabulary)
        message = Message(context, reading, needs, references, frozenset(reading.cues()))
        words = unheard(reading, vocabulary.stopwords, self._is_word, self._recommender.mentions)
        words = tuple(dict.fromkeys((*needs.unstated, *words)))
        return replace(message, mentions_service=self._mentions_service(message), unheard=words)

    def says_yes(self, context: TurnContext) -> bool:
        """Tell whether a message is an explicit yes and nothing else (CPU-bound, a few milliseconds)."""
        return is_yes(self.read(context), read_desk(context.message))

    def decide_now(self, context: TurnContext) -> Decision:
        """Return the decision (CPU-bound, a few milliseconds)."""
        message = self.read(context)
        whole = all_of(message, self._decide(message), self.read, self._decide)
        return self._profile.noted(message, whole)

    def _decide(self, message: Message) -> Decision:
        acts = (
            self._profile, self._sets.change, self._opinions, self._desk.first, self._eligible, self._rewind,
            self._handoff, self._desk.then, self._service, self._sets.ask, self._compare, self._explain, self._similar,
            self._feedback, self._more, self._details, self._answer, self._shop, self._insulted, self._chat,
        )  # fmt: skip
        for act in acts:
            decision = act(message)
            if decision is not None:
                return decision
        return self._guess(message)

    def _rewind(self, message: Message) -> Decision | None:
        if "reset" in message.cues:
            calls = () if message.needs.empty else (self._requests.recommend(message, fresh=True),)
            intents = (Intent.RESET, Intent.RECOMMEND) if calls else (Intent.RESET,)
            return Decision(intents, calls, rewind="reset")
        if "undo" in message.cues and message.needs.empty:
            state = message.context.state
            if not state.past:
                return Decision((Intent.UNDO,), note="nothing_to_undo")
            before = state.past[-1]
            calls = (again(before),) if before.constraints or before.text or before.bundle else ()
            return Decision((Intent.UNDO,), calls, rewind="undo")
        return None

    def _handoff(self, message: Message) -> Decision | None:
        if "handoff" not in message.cues:
            return None
        return self._desk.hand_off(message)

    def _service(self, message: Message) -> Decision | None:
        """Look for a service intent when words of the service examples occur outside of the shop's own phrases."""
        context = message.context
        if "profile" in message.cues:
            return Decision((Intent.PROFILE,), (ToolCall("show_profile"),))
        if message.reading.roles("any") and not message.needs.unknown:
            return None  # "no preference" answers a question; it asks for no service
        points = message.cues & {"compare", "explain", "similar"} and message.references.ids
        if points or not message.mentions_service:
            return None
        guess = self._guesser.guess(context.message, context.language)
        if guess.intent not in SERVICE or not guess.sure or self._otherwise(message, guess):
            return None
        return self._serve(message, guess)

    def _serve(self, message: Message, guess: Guess) -> Decision:
        text, intent = message.context.message, guess.intent
        if intent is Intent.POLICY:
            call = ToolCall("search_policies", {"question": text})
        elif intent is Intent.PROFILE:
            call = ToolCall("show_profile")
        elif intent is Intent.ORDER_STATUS:
            ids = order_ids(read_desk(text).text, digits=True)
            call = ToolCall("order_status", {"order_id": ids[0]} if ids else {})
        elif intent is Intent.HANDOFF:
            return self._desk.hand_off(message)
        elif intent is Intent.COMPLAINT:
            return self._desk.complaint(message, guess.score)
        elif intent is Intent.CART:
            return self._desk.cart(message)
        else:
            # What is wanted of an order but does not say of which: the policies tell how it works.
            call = ToolCall("search_policies", {"question": text})
        return Decision((intent,), (call,), confidence=guess.score)

    def _otherwise(self, message: Message, guess: Guess) -> bool:  # "我喜欢科幻片" tells a taste, and asks for none
        tells = guess.intent is Intent.PROFILE and (not message.needs.empty or message.references.ids)
        corrects = guess.intent is Intent.POLICY and message.needs.constraints and message.reading.roles("correction")
        return bool(tells or corrects) or (guess.intent is Intent.CART and not self._desk.buys(message))

    def _mentions_service(self, message: Message) -> bool:
        free = [element.text for element in message.reading.elements if not element.is_shop()]
        joiner = "" if message.context.language == "zh" else " "
        # A single Chinese character says too little.
        found = {term for term in terms(joiner.join(free)) if len(term) > 1}
        return bool((found - self._vocabulary.stopwords) & self._service_terms)

    # What is on screen

    def _compare(self, message: Message) -> Decision | None:
        if "compare" not in message.cues and not message.asks_for_the_best:
            return None
        shown = tuple(item.id for item in message.context.on_screen)
        ids = message.references.ids
        if message.references.out_of_range:
            return Decision((Intent.COMPARE,), note="which_item", note_data={"shown": len(shown)})
        if len(ids) == 1:
            ids = tuple(dict.fromkeys((*ids, *message.context.state.focus, *shown)))[:2]
        ids = ids if len(ids) > 1 else shown
        if len(ids) < 2:
            return None if not message.needs.empty else Decision((Intent.COMPARE,), note="nothing_shown")
        return Decision((Intent.COMPARE,), (ToolCall("compare_items", {"item_ids": list(ids[:6])}),))

    def _explain(self, message: Message) -> Decision | None:
        if "explain" not in message.cues:
            return None
        ids = message.references.ids
        if message.references.out_of_range and not ids:
            return Decision((Intent.EXPLAIN,), note="which_item", note_data={"shown": len(message.context.on_screen)})
        if not ids:
            return Decision((Intent.EXPLAIN,), note="nothing_shown")
        return Decision((Intent.EXPLAIN,), (ToolCall("explain_items", {"item_ids": list(ids[:5])}),))

    def _similar(self, message: Message) -> Decision | None:
        if "similar" not in message.cues:
            return None
        references = message.references
        if references.out_of_range and not references.ids:
            return Decision((Intent.SIMILAR,), note="which_item", note_data={"shown": len(message.context.on_screen)})
        if not references.ids and message.needs.empty:  # had the shop such a thing, it would have been pointed at
            words = codes(message.context.message) or self._not_here(message)
            return Decision((Intent.SIMILAR,), note="not_here", note_data={"words": words[:_FEW]}) if words else None
        if not references.ids or (references.vague and not message.needs.empty):
            return None
        call = self._requests.similar(message, references.ids[:1] if references.vague else references.ids)
        return Decision((Intent.SIMILAR,), (call,))

    def _feedback(self, message: Message) -> Decision | None:
        """Take "love the first", "not my style", "seen it"; a plain "I like quiet ones" is a need instead."""
        liked = "like" in message.cues and "dislike" not in message.cues
        disliked, owned = "dislike" in message.cues, "owned" in message.cues
        ids = message.references.ids
        if (
            not (liked or disliked or owned)
            or not ids
            or (liked and not message.needs.empty and message.references.vague)
        ):
            return None
        if message.references.vague and liked:
            ids = ids[:1] if len(message.context.on_screen) == 1 else ()
            if not ids:
                return Decision(
                    (Intent.FEEDBACK,), note="which_item", note_data={"shown": len(message.context.on_screen)}
                )
        call = self._requests.feedback(message, ids, liked=liked, disliked=disliked)
        return Decision((Intent.FEEDBACK,), (call,))

    def _details(self, message: Message) -> Decision | None:
        """Answer a question about an item: it is pointed at, and nothing new is asked of the catalogue."""
        references, needs = message.references, message.needs
        asks = "details" in message.cues or message.asks
        if needs.unstated or (needs.constraints and message.reading.roles("correction")):
            return None  # "what I meant is the finish should be matte" asks nothing
        focus = message.context.state.focus
        if asks and focus and needs.facets and needs.empty and not references.ids and not references.out_of_range:
            references = References(focus, vague=len(focus) > 1)  # "导演是谁？" asks about what was spoken of last
        if not references.ids or needs.critiques or needs.different or needs.category or needs.sorts:
            return None
        if not asks and (needs.constraints or not (references.named or message.reading.elements)):
            return None
        pointed = references.named or not references.vague
        if not pointed and not asks:
            return None
        if references.vague and not needs.facets:
            return Decision((Intent.DETAILS,), note="which_item", note_data={"shown": len(message.context.on_screen)})
        arguments = {"item_ids": list(references.ids[:5]), "fields": list(needs.facets)}
        return Decision((Intent.DETAILS,), (ToolCall("item_details", arguments),))

    # Shopping

    def _answer(self, message: Message) -> Decision | None:
        """Take an elliptical answer to the open question: an option's label, or "any"."""
        question, wants = message.context.state.question, message.context.state.wants
        indifferent = bool(message.reading.roles("any")) and message.needs.empty and not message.needs.unknown
        if question is None:
            going_on = indifferent and (wants.constraints or wants.text)
            return Decision((Intent.REFINE,), (ToolCall("recommend_items", {}),)) if going_on else None
        text = normalise(message.context.message).strip(" .!。！")
        for option in question.options:
            if option.constraint is not None and normalise(option.label).strip() == text:
                return Decision((Intent.REFINE,), (self._requests.choose(message, option.constraint),))
        return Decision((Intent.REFINE,), (ToolCall("recommend_items", {}),)) if indifferent else None

    def _eligible(self, message: Message) -> Decision | None:
        """Take the answer to the shop's question whether the user may be shown something."""
        question = message.context.state.question
        if question is None or not question.field.startswith(ELIGIBILITY):
            return None
        refuses = "deny" in message.cues or bool(message.reading.roles("negator"))
        if not refuses and ("confirm" in message.cues or message.reading.roles("affirm")):
            key = question.field.removeprefix(ELIGIBILITY)
            return Decision((Intent.CONFIRM, Intent.REFINE), (again(message.context.state.wants, key),))
        if refuses and message.needs.empty:
            return Decision((Intent.DENY,), note="not_eligible")
        return None

    def _more(self, message: Message) -> Decision | None:
        wants_others = message.reading.roles("else", "other") or refuses(message.reading)
        if not wants_others or message.references.named or not message.needs.empty or message.needs.unknown:
            return None
        if message.needs.facets:  # "does it come in other colours?"
            return None
        if not message.context.state.seen:
            return Decision((Intent.RECOMMEND,), (ToolCall("recommend_items", {}),))
        return Decision((Intent.REFINE,), (self._requests.more(message),))

    def _shop(self, message: Message) -> Decision | None:
        if message.needs.empty:
            return None
        wants = message.context.state.wants
        started = bool(wants.constraints or wants.text or wants.sorts)
        fresh = not self._requests.continues(message)
        intent = Intent.REFINE if started and not fresh else Intent.RECOMMEND
        return Decision((intent,), (self._requests.recommend(message, fresh=fresh and started),))

    def _insulted(self, message: Message) -> Decision | None:
        """Stay friendly once where a message has nothing but an insult; call a person when it comes again."""
        if "insult" not in message.cues or message.references.named:
            return None
        if message.context.state.topic is Intent.COMPLAINT:
            return self._desk.complaint(message, 1.0)
        return Decision((Intent.COMPLAINT,), note="insulted")

    def _chat(self, message: Message) -> Decision | None:
        """Answer courtesies that come alone; with other content they are passed over."""
        if message.needs.unknown:
            return None
        intent = next((_CHAT[cue] for cue in message.reading.cues() if cue in _CHAT), None)
        if intent in (Intent.CONFIRM, Intent.DENY) and (message.needs.facets or message.asks):
            return None  # 是 in "导演是谁？" is no yes
        if intent is Intent.CONFIRM and message.context.state.question is not None:
            return Decision((Intent.REFINE,), (ToolCall("recommend_items", {}),))
        return Decision((intent,)) if intent else None

    def _guess(self, message: Message) -> Decision:
        """Tie free words to the catalogue or to an intent by meaning; ask rather than guess when neither is near."""
        context = message.context
        if not any(char.isalnum() for char in context.message):
            return self._lost(message)
        guess = self._guesser.guess(context.message, context.language)
        serves = guess.sure and guess.intent in SERVICE and bool(message.needs.unknown)
        if serves and not self._otherwise(message, guess):
            return self._serve(message, guess)
        # No meaning is near a name that the catalogue does not have.
        named = any(not self._recommender.mentions(name) for name in bilingual().names(context.message))
        near = self._recommender.affinity(context.message) if self._sensible(message) and not named else 0.0
        # What is out of scope elsewhere may be what this shop is about: "a heist in Paris" among films.
        elsewhere = guess.intent is Intent.OUT_OF_SCOPE and near < IN_SCOPE_AFTER_ALL
        if guess.sure and (guess.intent is Intent.SMALLTALK or elsewhere):
            return Decision((guess.intent,), confidence=guess.score)
        wanted = guess.sure and guess.intent in (Intent.RECOMMEND, Intent.REFINE)
        near_enough = near >= (NEAR if wanted or message.polite else SURELY_NEAR)
        if near_enough or (wanted and not message.needs.unknown) or self._asked_in_its_words(message):
            started = bool(context.state.wants.text or context.state.wants.constraints)
            # An encoder may know what a word means that the catalogue has not; of Chinese it knows nothing.
            call = self._requests.meant(message, () if context.message.isascii() else self._not_here(message))
            return Decision((Intent.REFINE if started else Intent.RECOMMEND,), (call,), confidence=near)
        greeting = next((_CHAT[cue] for cue in message.reading.cues() if cue in _CHAT), None)
        if greeting in (Intent.GREET, Intent.THANKS, Intent.GOODBYE):
            return Decision((greeting,), confidence=guess.score)
        return self._lost(message, guess.score)

    def _lost(self, message: Message, score: float = 0.0) -> Decision:
        """Ask again; after the same a few times over, let a person do it."""
        if self._desk.lost(message):
            return self._desk.hand_off(message, "misunderstood")
        words = self._not_here(message)
        if words and len(words) <= _FEW and (message.polite or message.context.state.wants.constraints):
            return Decision((Intent.OUT_OF_SCOPE,), note="not_here", note_data={"words": words}, confidence=score)
        return Decision((Intent.OUT_OF_SCOPE,), note="unclear", confidence=score)

    def _not_here(self, message: Message) -> list[str]:
        """Return the free words of a message that no item's text has."""
        free = runs(message.reading, self._vocabulary.stopwords)
        return list(message.unheard) or [word for word in free if not self._recommender.mentions(word)]

    def _asked_in_its_words(self, message: Message) -> bool:
        """Tell whether items are asked for in Chinese words that the catalogue has: "USB数据线" alone does so, too."""
        if message.context.message.isascii():
            return False
        free, strange = runs(message.reading, self._vocabulary.stopwords), self._not_here(message)
        known = not (strange or message.cues or message.asks or message.context.state.wants.constraints)
        named = known and 0 < len(free) <= _NAMED
        return named or (message.polite and (len(strange) < len(free) or not free))

    def _sensible(self, message: Message) -> bool:
        """Tell whether most of the words that nothing explains are words at all: an encoder finds a place for any."""
        unknown = message.needs.unknown
        words = [word for word in unknown if self._is_word(word) or self._recommender.mentions(word)]
        return not unknown or len(words) * 2 > len(unknown)
