"""The tests' own walls: no connection leaves the machine, no operator's setting gets in."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest

from core.settings import CHECKOUT, Settings
from tests.conftest import NetworkBlocked


def test_a_connection_to_another_machine_is_refused():
    with socket.socket() as client, pytest.raises(NetworkBlocked, match="loopback"):
        client.connect(("192.0.2.1", 80))


def test_a_look_up_of_another_machine_is_refused():
    with pytest.raises(NetworkBlocked, match=r"example\.org"):
        socket.getaddrinfo("example.org", 443)


async def test_asyncio_is_refused_too():
    with pytest.raises(NetworkBlocked):
        await asyncio.open_connection("192.0.2.1", 80)


def test_loopback_works():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_the_operators_settings_are_away():
    assert not [name for name in os.environ if name.startswith("FLOORWALKER_SHOP")]
    assert Settings().shop == CHECKOUT / "shops" / "electronics"
