"""The composition root: settings and a shop folder become an assistant; every door drives this class."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

from agent.apart import apart
from agent.direct import DirectCall
from agent.embedded.decider import EmbeddedDecider
from agent.embedded.text import language_of
from agent.handover import keep_handoff
from agent.identity import holds_identity, identified
from agent.llm.client import ModelClient
from agent.llm.prompting import KEPT_MESSAGES
from agent.llm.seats import seated
from agent.opening import folder_name, offers_of, sound
from agent.ports import TurnContext
from agent.profile import UserRecords, erased
from agent.replying import Turn
from agent.sessions import SessionNames
from agent.state import begin, finish, merge
from agent.turn import TurnGraph, repeated, with_consent
from commerce.cases import CaseBook
from commerce.orders import OrderDesk
from commerce.policies import PolicyBook
from core.conversation import ConversationState, Message
from core.entities import EventKind, Interaction, ItemId, Language, UserId
from core.errors import RequestError
from core.events import Reply, SessionRef, TurnDone, TurnEvent, TurnRequest, TurnStarted
from core.ports import Progress
from core.settings import Settings
from core.shop import Shop
from retrieval import index
from retrieval.encoder import build_embedder
from retrieval.pipeline import Recommender
from storage.events import Shown
from storage.secrets import server_secret
from storage.sessions import Utterance
from tools.context import Memory, Services, ToolContext
from tools.registry import run_tool
from tools.results import ToolResult

logger = logging.getLogger(__name__)

FOLDED_MESSAGES = 20
"""User messages of a history that an unknown state is rebuilt from."""
WATCH_SECONDS = 2.0
KEPT_DAYS = 30


class Assistant:
    """A shop's assistant: takes turns, records events. One for a process; safe for concurrent turns."""

    def __init__(self, settings: Settings, services: Services, records: UserRecords, secret: bytes) -> None:
        """Put the parts together; use :meth:`open`."""
        self.settings = settings
        self.shop: Shop = services.shop
        self.recommender: Recommender = services.recommender
        self.desk: OrderDesk = services.orders
        self.events, self.handoffs = records.events, records.handoffs
        self._services, self._records = services, records
        self._sessions = records.sessions
        self._names = SessionNames(secret)
        self._decider = EmbeddedDecider(services.recommender, services.recommender.embedder)
        self._seats = seated(settings, self._decider, services.recommender)
        self._graph = TurnGraph(services, self._seats.decider, self._seats.writer, self._decider, self._seats.imagine)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def model(self) -> str:
        """Who answers: the served model's name, or ``embedded``."""
        return self._seats.model

    @property
    def mode(self) -> str:
        """Who decides and who words: ``agent``, ``hybrid`` or ``embedded``."""
        return self._seats.mode

    @property
    def client(self) -> ModelClient | None:
        """The way to the LLM; None without one."""
        return self._seats.client

    @classmethod
    def open(cls, settings: Settings, progress: Progress | None = None) -> Assistant:
        """Open a shop, building its index when it is new or has changed.

        Raises:
            ShopError: the shop folder is wrong.
            IndexFault, EncoderError, StorageError: index, encoder or data folder cannot be used.
        """
        data = settings.data_dir
        embedder = build_embedder(settings)
        recommender = index.open(settings.shop, data, settings, progress, embedder=embedder)
        shop = recommender.catalogue.shop
        policies = PolicyBook.open(shop, embedder, data)
        desk = OrderDesk.open(shop, data, offers_of(recommender), secrets=settings.identity_secrets())
        place = data / "conversations" / folder_name(settings.shop)
        records = UserRecords.open(place, desk, recommender, KEPT_DAYS)
        memory = Memory(records.tastes, records.erase)
        services = Services(shop, recommender, policies, desk, CaseBook.open(shop, embedder), memory)
        assistant = cls(settings, services, records, server_secret(data))
        assistant.recommender.follow(records.events, place)
        if settings.watch:
            assistant._watch()
        return assistant

    def close(self) -> None:
        """Stop watching and close the files."""
        self._closing.set()
        if self._watcher is not None:
            self._watcher.join(timeout=10)
        self._records.close()
        self._services.orders.close()

    async def stream(self, request: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        """Take one turn. Turns of one session run one after the other; closing the iteration stops the work.

        Raises:
            RequestError: the message is empty or too long, or an edited chip does not fit the shop.
        """
        self._checked(request)
        request = replace(request, message=sound(request.message))
        lock = self._locks.setdefault(request.session.key, asyncio.Lock())
        async with lock:
            if request.retry_key and (known := await asyncio.to_thread(self._sessions.find_reply, request.retry_key)):
                for told in repeated(known):
                    yield told
                return
            request = await asyncio.to_thread(self._remembering, request)
            await self._seats.known()
            state = await identified(self.desk, request, await self._state(request))
            turn = self._turn(request, begin(state, self._language(request, state), request.edit), request.message)
            turn = await with_consent(turn, self._decider.says_yes)
            yield TurnStarted(turn.session_id, turn.turn_id)
            async for event in self._graph.run(turn):
                if isinstance(event, tuple):
                    reply, state = event
                    reply = await asyncio.to_thread(self._with_transcript, request, reply)
                    await asyncio.to_thread(self._keep, request, reply, state)
                    yield TurnDone(reply)
                else:
                    yield event

    async def reply(self, request: TurnRequest) -> Reply:
        """Take one turn and return its whole answer. Raises like :meth:`stream`."""
        async for event in self.stream(request):
            if isinstance(event, TurnDone):
                return event.reply
        raise RuntimeError("a turn ended without an answer")

    async def call(self, call: DirectCall) -> ToolResult:
        """Run one tool as a turn of its own: for doors whose callers choose the tools themselves.

        Session, lock, identity and gate are the conversation's: what one call read back, only a later one confirms.

        Raises:
            ToolRetry: there is no such tool, or its arguments are wrong.
            ToolFailed: the tool cannot do it.
        """
        session = call.session
        async with self._locks.setdefault(session.key, asyncio.Lock()):
            known = await asyncio.to_thread(self._sessions.load, session.key) if call.keep else None
            request = TurnRequest("", session, identity_token=call.identity_token)
            state = await identified(self.desk, request, known or ConversationState())
            state = begin(state, call.language or state.language or self.shop.language, None)
            if call.check is not None:
                call.check(state)
            who = (state.language, session.key, session.issued, call.user_id, call.consent)
            context = ToolContext(self._services, state, *who)
            result = await apart(self.desk.threads, run_tool, call.name, call.arguments, context)
            if call.keep:
                state = finish(merge(state, result.change), (), (result.evidence,), None, False)
                blank, save = erased(state), self._sessions.save
                user = None if blank else call.user_id
                await asyncio.to_thread(save, [session.key], blank or state, issued=session.issued, user_id=user)
        return result

    def new_session(self, scope: str = "") -> SessionRef:
        """Issue a session: only such a session may hold an identity."""
        return self._names.issue(scope)

    def session(self, session_id: str, scope: str = "") -> SessionRef:
        """Return the session that a client names; an unknown one starts empty."""
        return self._names.named(session_id, scope)

    def stateless(self, history: Sequence[Message], scope: str = "") -> SessionRef:
        """Return where a turn of a client without a session reads and writes: a fork of its own each time."""
        return self._names.issue(scope, stateless=True)

    def _checked(self, request: TurnRequest) -> None:
        if not request.message.strip() and request.edit is None:
            raise RequestError("the message is empty: write what you are looking for", param="messages")
        if len(request.message) > self.settings.max_message:
            limit = self.settings.max_message
            raise RequestError(
                f"the message is longer than {limit} characters", param="messages", code="message_too_long"
            )
        for constraint in request.edit.set if request.edit else ():
            if constraint.field not in self.recommender.catalogue.facets:
                raise RequestError(f"there is no field {constraint.field!r} in this shop", param="metadata.edit")

    def _remembering(self, request: TurnRequest) -> TurnRequest:
        """Give an LLM what was said before in a session; clients without one send it themselves."""
        if self.client is None or request.session.stateless or request.history:
            return request
        said = self._sessions.transcript(request.session.key)[-KEPT_MESSAGES:]
        return replace(request, history=tuple(Message(line.role, line.text) for line in said))

    async def _state(self, request: TurnRequest) -> ConversationState:
        """Return the state before the turn: the session's, the snapshot's, or one rebuilt from the history."""
        session = request.session
        if not session.stateless:
            return await asyncio.to_thread(self._sessions.load, session.key) or ConversationState()
        if not request.history:
            return ConversationState()
        key = self._names.history_key(request.history, session.scope)
        known = await asyncio.to_thread(self._sessions.load, key)
        return known or await self._folded(request)

    async def _folded(self, request: TurnRequest) -> ConversationState:
        state = ConversationState()
        said = [message.content for message in request.history if message.role == "user"][-FOLDED_MESSAGES:]
        for text in said:
            if text.strip():
                language = language_of(text, state.language or self.shop.language)
                message = text[: self.settings.max_message]
                # What is only retold proves no identity and confirms nothing.
                retold = replace(request, history=(), session=replace(request.session, issued=False))
                turn = self._turn(retold, begin(state, language, None), message)
                state = await self._graph.understand(turn)
        return state

    def _language(self, request: TurnRequest, state: ConversationState) -> Language:
        return request.language or language_of(request.message, state.language or self.shop.language)

    def _turn(self, request: TurnRequest, state: ConversationState, message: str) -> Turn:
        catalogue = self.recommender.catalogue
        shown = tuple(catalogue.items(item_id for item_id in state.shown if catalogue.has(item_id)))
        seed = hashlib.blake2b(f"{request.session.scope}{state.turn}{message}".encode(), digest_size=4).digest()
        context = TurnContext(
            message=message,
            language=state.language,
            state=state,
            shop=self.shop,
            catalogue=catalogue,
            on_screen=shown,
            user_id=request.user_id,
            history=request.history,
            seed=int.from_bytes(seed, "big"),
            until=time.monotonic() + self.settings.turn_limit,
        )
        session = request.session
        turn_id = f"t_{secrets.token_urlsafe(12)}"
        issued = holds_identity(request)
        kind = (self.model, self.mode, request.read_only)
        return Turn(turn_id, session.session_id, session.key, issued, context, *kind)

    def _with_transcript(self, request: TurnRequest, reply: Reply) -> Reply:
        """Give a hand-off what was said so far, for the person who takes over."""
        if not any(action.kind == "handoff" for action in reply.actions):
            return reply
        said = [{"role": line.role, "text": line.text} for line in self._sessions.transcript(request.session.key)]
        said = said or [{"role": line.role, "text": line.content} for line in request.history]
        said += [{"role": "user", "text": request.message}]
        actions = (replace(a, data={**a.data, "transcript": said}) if a.kind == "handoff" else a for a in reply.actions)
        return replace(reply, actions=tuple(actions))

    def _keep(self, request: TurnRequest, reply: Reply, state: ConversationState) -> None:
        """Store a turn: state, transcript, reply and impressions."""
        session, snapshots = request.session, []
        if blank := erased(state):  # who had everything deleted leaves nothing behind but the answer that says so
            key = request.retry_key
            return self._sessions.save([session.key], blank, issued=session.issued, retry_key=key, reply=reply)
        keep_handoff(self.handoffs, request, reply)
        if session.stateless:
            said = (*request.history, Message("user", request.message), Message("assistant", reply.text))
            snapshots.append(self._names.history_key(said, session.scope))
        self._sessions.save(
            [session.key],
            state,
            issued=session.issued,
            snapshots=snapshots,
            transcript=[Utterance("user", request.message), Utterance("assistant", reply.text)],
            user_id=request.user_id,
            retry_key=request.retry_key,
            reply=reply,
        )
        if reply.items and any(run.name in ("recommend_items", "similar_items") for run in reply.tool_calls):
            shown = [Shown(r.item.id, at, r.score, r.parts, r.propensity) for at, r in enumerate(reply.items, start=1)]
            self.events.impressions(reply.turn_id, session.session_id, request.user_id, shown, self.recommender.version)

    def transcript(self, key: str) -> tuple[Utterance, ...]:
        """Return what was said under a session's private key, oldest first."""
        return self._sessions.transcript(key)

    async def give_back(self, session: SessionRef) -> bool:
        """Let the assistant answer again in a session that was handed to a person; tell whether it was."""
        lock = self._locks.setdefault(session.key, asyncio.Lock())
        async with lock:
            state = await asyncio.to_thread(self._sessions.load, session.key)
            if state is None or not state.desk.get("handoff"):
                return False
            state = replace(state, desk={**state.desk, "handoff": None}, unclear=0)
            await asyncio.to_thread(self._sessions.save, [session.key], state, issued=session.issued)
        return True

    # -- users ---------------------------------------------------------------------------------------------------------

    async def record(self, interactions: Sequence[Interaction]) -> int:
        """Record events; the next recommendation uses them. Return how many were new.

        Raises:
            ItemNotFound: an event names an unknown item; none is recorded then.
        """
        for interaction in interactions:
            self.recommender.catalogue.row(interaction.item_id)
        stamped = [i if i.time else replace(i, time=datetime.now(UTC)) for i in interactions]
        new = await asyncio.to_thread(self.events.add, stamped)
        self.recommender.record(new)
        return len(new)

    async def profile(self, user_id: UserId) -> dict[str, Any]:
        """Return what is known of a user as plain JSON: likes, dislikes, purchases, views."""
        return await asyncio.to_thread(self._records.profile, user_id)

    async def update_profile(self, user_id: UserId, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Add likes and dislikes (``{"like": [ids], "dislike": [ids]}``) and return the profile.

        Raises:
            RequestError: an unknown key, or an unknown item.
        """
        unknown = set(changes) - {"like", "dislike"}
        if unknown:
            raise RequestError(
                f"a profile has no {sorted(unknown)[0]!r}; it takes like and dislike", param=min(unknown)
            )
        events = [
            Interaction(user_id, ItemId(str(item_id)), EventKind(kind)) for kind in changes for item_id in changes[kind]
        ]
        await self.record(events)
        return await self.profile(user_id)

    async def forget(self, user_id: UserId) -> dict[str, int]:
        """Delete a user's events, conversations and tastes everywhere; return how much was deleted."""
        return await asyncio.to_thread(self._records.erase, user_id)

    def greeting(self, language: Language) -> str:
        """Return the shop's words of welcome."""
        return self.shop.greeting.get(language) or self.shop.greeting.get(self.shop.language, "")

    def examples(self, language: Language) -> list[str]:
        """Return opening messages that work in this shop."""
        return self.shop.examples.get(language) or self.shop.examples.get(self.shop.language, [])

    def personas(self) -> dict[str, str]:
        """Return the customer profiles that may be tried: user id -> name."""
        return dict(self.shop.personas)

    def ready(self) -> bool:
        """Return whether turns can be taken."""
        return not self._closing.is_set()

    # -- upkeep --------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        self._watcher = threading.Thread(target=self._follow, name="shop-watcher", daemon=True)
        self._watcher.start()

    def _follow(self) -> None:
        """Take over changed files of the shop folder; a broken file is reported and what was served stays."""
        while not self._closing.wait(WATCH_SECONDS):
            try:
                if self.recommender.refresh():
                    self._decider.learn()
                    logger.info("the shop changed: %s items are served", len(self.recommender.catalogue))
            except Exception:  # a watcher that dies would leave stale prices for good
                logger.exception("the changed shop folder cannot be used; the former state is served on")
