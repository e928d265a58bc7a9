"""Puts channels, their queue and the hand-off desk into an application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from fastapi import FastAPI

from core.settings import Settings
from server.channels.setup import channels_of
from server.channels.switchboard import Switchboard
from server.channels.turns import ChannelTurns
from server.handoffs import HandoffDesk, Talker
from server.port import Conversation
from storage.arrivals import Arrivals
from storage.handoffs import HandoffStore


def connect(app: FastAPI, assistant: Conversation, settings: Settings) -> None:
    """Set ``app.state.handoffs``, ``.channel_turns`` and ``.switchboard`` (None where there is nothing to serve).

    Raises:
        SettingsError: a channel is on and lacks a setting.
        StorageError: the queue's file cannot be used.
    """
    channels = channels_of(settings)
    store: HandoffStore | None = getattr(assistant, "handoffs", None)
    desk = HandoffDesk(store, cast("Talker", assistant), channels) if store is not None else None
    app.state.handoffs, app.state.channel_turns, app.state.switchboard = desk, None, None
    if not channels:
        return
    # Beside the conversations of this shop, so that no other shop's server answers them.
    folder = store.folder if store is not None else settings.data_dir
    turns = ChannelTurns(assistant, desk, settings)
    switchboard = Switchboard(channels, turns, Arrivals(folder / "channels.db"), settings)
    app.state.channel_turns, app.state.switchboard = turns, switchboard
    if desk is not None:
        desk.outbox, desk.addresses = switchboard.send, switchboard.arrivals.address


@asynccontextmanager
async def answering(app: FastAPI) -> AsyncIterator[None]:
    """Work on the channels' queue while the application runs."""
    switchboard: Switchboard | None = app.state.switchboard
    if switchboard is None:
        yield
        return
    await switchboard.start()
    try:
        yield
    finally:
        await switchboard.stop()
