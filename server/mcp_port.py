"""Who calls over MCP, and what the tools use of an assistant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from agent.direct import DirectCall
from core.conversation import ConversationState
from core.entities import Language
from core.events import SessionRef
from retrieval.pipeline import Recommender
from server.page_port import Shopfront
from server.protocol import primary_language
from server.sessions import SESSION_ID, identity_token_of, scope_of
from tools.results import Evidence, ToolResult, Unreachable


class Refused(Exception):
    """A call that cannot be served; the message is for the model and says how to mend it."""


class Toolbox(Shopfront, Protocol):
    """An assistant whose tools may be called one by one."""

    @property
    def recommender(self) -> Recommender:
        """Retrieval and ranking, and the catalogue."""
        ...

    async def call(self, call: DirectCall) -> ToolResult:
        """Run one tool as a turn of its own."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """One call's surroundings."""

    assistant: Toolbox
    key: str
    """The digest of the caller's API key; empty on an open loopback server."""
    headers: Mapping[str, str]
    base: str
    """This server's address as the caller wrote it."""

    def scope(self, user: str | None = None) -> str:
        """Return what sessions are scoped to."""
        return scope_of(self.key, user)

    def language(self, tag: str | None) -> Language:
        """Return the language to answer in."""
        return primary_language(tag) or self.assistant.shop.language

    def session(self, session_id: str | None, user: str | None = None) -> SessionRef:
        """Return the session that is named, or a new one.

        Raises:
            Refused: no session id looks like that.
        """
        if session_id is None:
            return self.assistant.new_session(self.scope(user))
        if not SESSION_ID.fullmatch(session_id):
            raise Refused("session_id: no session of this server looks like that; leave it out to begin a new one")
        return self.assistant.session(session_id, self.scope(user))

    async def run(
        self,
        name: str,
        arguments: Mapping[str, Any],
        session: SessionRef,
        language: str | None,
        check: Callable[[ConversationState], None] | None = None,
    ) -> Evidence:
        """Run a tool as a turn of a session and return its evidence.

        Raises:
            Refused: the shop's own system does not answer; says whether something may have been changed.
        """
        tag = self.language(language) if language else None
        call = DirectCall(
            session, name, arguments, tag, check=check, consent=check is not None,
            identity_token=identity_token_of(self.headers, None),
        )  # fmt: skip
        result = await self.assistant.call(call)
        if isinstance(result.evidence, Unreachable):
            raise Refused(result.text)
        return result.evidence
