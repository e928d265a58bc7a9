"""Names of sessions: issued ids, private storage keys, and the keys of history snapshots (DESIGN 4.2)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from core.conversation import Message
from core.events import SessionRef

_PREFIX = "s_"


class SessionNames:
    """Makes and checks the names of sessions with the server's secret; pure and cheap."""

    def __init__(self, secret: bytes) -> None:
        """Use the secret of this server."""
        self._secret = secret

    def issue(self, scope: str, *, stateless: bool = False) -> SessionRef:
        """Return a new session with an id that only this server can have made."""
        random = secrets.token_urlsafe(15)
        session_id = f"{_PREFIX}{random}.{self._mark(random, scope)}"
        return SessionRef(session_id, self.key(session_id, scope), True, scope, stateless)

    def named(self, session_id: str, scope: str) -> SessionRef:
        """Return the session that a client names; it counts as issued only when the id carries our mark."""
        random, _, mark = session_id.removeprefix(_PREFIX).partition(".")
        issued = session_id.startswith(_PREFIX) and hmac.compare_digest(
            mark.encode(), self._mark(random, scope).encode()
        )
        return SessionRef(session_id, self.key(session_id, scope), issued, scope)

    def key(self, session_id: str, scope: str) -> str:
        """Return the private storage key of a session."""
        return "session:" + self._digest("session", scope, session_id)

    def history_key(self, messages: Sequence[Message], scope: str) -> str:
        """Return the key of the snapshot after some messages; white space at the ends does not count."""
        parts = [part for message in messages for part in (message.role, message.content.strip())]
        return "history:" + self._digest("history", scope, *parts)

    def _mark(self, random: str, scope: str) -> str:
        return self._digest("issued", scope, random)[:16]

    def _digest(self, *parts: str) -> str:
        text = b"".join(len(encoded).to_bytes(4, "big") + encoded for part in parts for encoded in [part.encode()])
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()
