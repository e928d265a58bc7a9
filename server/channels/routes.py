"""``POST /channels/{name}``: what channels call; and Rasa's own addresses, which are answered at once."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import RequestError
from server.bodies import read_raw
from server.channels.port import Channel, Delivery, Inbound
from server.channels.rasa import action_response, rest_response
from server.channels.switchboard import Busy, Switchboard
from server.channels.turns import ChannelTurns
from server.errors import error_response
from server.rendering import to_json

MAX_DELIVERY = 1024 * 1024
"""Bytes; no channel's events come near it."""


def channels_router() -> APIRouter:
    """Return the routes; ``app.state.switchboard`` holds the channels that are on."""
    router = APIRouter(tags=["channels"])

    @router.post("/channels/{name}", summary="A delivery of a messaging channel")
    async def deliver(request: Request, name: str) -> Response:
        switchboard: Switchboard | None = request.app.state.switchboard
        channel = _channel(switchboard, name)
        if switchboard is None or not channel.pushes:
            raise _off(name)
        try:
            answer = await switchboard.accept(channel, await _delivery(request))
        except Busy as busy:
            response = error_response(busy)
            response.headers["Retry-After"] = str(busy.wait)
            return response
        return _json(dict(answer))

    @router.get("/channels/rasa", include_in_schema=False)
    @router.get("/channels/rasa/health", include_in_schema=False)
    @router.get("/webhooks/rest/", include_in_schema=False)
    async def health(request: Request) -> Response:
        _channel(request.app.state.switchboard, "rasa")
        return _json({"status": "ok"})

    @router.post("/channels/rasa/webhook", summary="Rasa: a call of action_floorwalker")
    async def action(request: Request) -> Response:
        posts, handed_off, _ = await _at_once(request)
        return _json(action_response(posts, handed_off))

    @router.post("/webhooks/rest/webhook", summary="Rasa: a message of the REST channel")
    async def rest(request: Request) -> Response:
        posts, _, inbound = await _at_once(request)
        return _json(rest_response(posts, inbound.user))

    return router


async def _at_once(request: Request) -> tuple[tuple[Any, ...], bool, Inbound]:
    """Take a turn and wait for it; what a person said meanwhile comes first."""
    channel = _channel(request.app.state.switchboard, "rasa")
    turns: ChannelTurns = request.app.state.channel_turns
    delivery = await _delivery(request)
    channel.verify(delivery, time.time())
    (inbound,) = channel.parse(delivery).inbound
    switchboard: Switchboard = request.app.state.switchboard
    await switchboard.admit(channel, inbound)
    waiting = await turns.waiting(channel, inbound)
    if not inbound.text.strip() and not inbound.drop:
        return waiting, await turns.handed_off(channel, inbound), inbound
    posts, handed_off = await turns.answer(channel, inbound, time.time())
    return (*waiting, *posts), handed_off, inbound


async def _delivery(request: Request) -> Delivery:
    body = await read_raw(request, MAX_DELIVERY)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Delivery(body, headers, dict(request.query_params))


def _channel(switchboard: Switchboard | None, name: str) -> Channel:
    channel = switchboard.channels.get(name) if switchboard is not None else None
    if channel is None:
        raise _off(name)
    return channel


def _off(name: str) -> RequestError:
    return RequestError(
        f"there is no channel {name[:40]!r} here, or it is off (docs/channels.md)", code="not_found", status=404
    )


def _json(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json")
