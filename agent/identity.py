"""Takes the identity token that came with a turn into the conversation."""

from __future__ import annotations

import logging
from dataclasses import replace

from agent.apart import apart
from commerce.orders import OrderDesk
from core.conversation import ConversationState
from core.errors import BackendUnavailable
from core.events import TurnRequest

logger = logging.getLogger(__name__)


def holds_identity(request: TurnRequest) -> bool:
    """Return whether who somebody is may be kept: not in a session with a made-up name, nor in a retold history."""
    return request.session.issued and not (request.session.stateless and request.history)


async def identified(desk: OrderDesk, request: TurnRequest, state: ConversationState) -> ConversationState:
    """Return the state with the identity that the request's token proves, where the session may hold one.

    What the desk noted of another customer before goes: who signs in after somebody else begins with an empty desk.

    Raises:
        RequestError: the token proves nothing, or none is taken here.
    """
    if request.identity_token is None:
        return state
    if not holds_identity(request):
        logger.info("an identity token came with a session that holds none: it has no effect")
        return state
    try:
        key = request.session.key
        identity = await apart(desk.threads, desk.verify_token, request.identity_token, session=key)
    except BackendUnavailable as error:
        # The shop's system is down: recommending goes on, and the desk will say so when it is asked.
        logger.warning("an identity token cannot be checked now: %s", error)
        return state
    if state.identity is not None and state.identity.customer_id != identity.customer_id:
        kept = {name: value for name, value in state.desk.items() if name == "handoff"}
        state = replace(state, desk=kept, awaiting=None)
    return replace(state, identity=identity)
