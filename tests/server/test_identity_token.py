"""A shop's site tells over HTTP who is signed in: which sessions hold it, what it opens, and what is never said."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from agent.assistant import Assistant
from commerce.tokens import sign_token
from core.errors import SettingsError
from core.settings import Settings
from server.app import create_app
from tests.server.serving import served
from tests.service_shop import service

SECRET = "a-secret-of-the-shop-and-its-site-only"
URL = "/v1/chat/completions"


@pytest.fixture(scope="module")
def settings(tmp_path_factory, data_folder) -> Settings:
    base = tmp_path_factory.mktemp("tokens")
    data_folder(base / "data")
    folder = service(base / "shop")
    config = yaml.safe_load((folder / "shop.yaml").read_text(encoding="utf-8"))
    (folder / "shop.yaml").write_text(yaml.safe_dump({**config, "identity": "token", "slug": "fashion"}), "utf-8")
    return Settings(shop=folder, data_dir=base / "data", watch=False, identity_secret=f"{SECRET},{'n' * 32}")


@pytest.fixture(scope="module")
def http(settings) -> Iterator[httpx.Client]:
    assistant = Assistant.open(settings)
    with served(create_app(assistant, settings, page=False)) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client
    assistant.close()


def token(customer: str = "ann", **more: Any) -> str:
    return sign_token(SECRET, customer, "fashion", **more)


def say(http: httpx.Client, text: str, shown: str = "", session: str = "", **metadata: Any) -> httpx.Response:
    headers = {"X-Floorwalker-Identity": shown} if shown else {}
    if session:
        headers["X-Session-Id"] = session
    body = {"messages": [{"role": "user", "content": text}], "metadata": metadata or None}
    return http.post(URL, json=body, headers=headers)


def answer(response: httpx.Response) -> tuple[str, str]:
    assert response.status_code == 200, response.text
    return response.json()["floorwalker"]["session_id"], response.json()["choices"][0]["message"]["content"]


def test_signed_in_nobody_is_asked_for_anything(http):
    session, text = answer(say(http, "where is my order FW-1003?", token()))
    assert "FW-1003" in text
    assert "Everyday Tee" in text
    _, text = answer(say(http, "and where is FW-1002?", "", session))
    assert "Trail Trousers" in text, "the session holds it"


def test_as_metadata_and_a_secret_that_is_being_replaced(http):
    old = sign_token("n" * 32, "ann", "fashion")
    assert "Everyday Tee" in answer(say(http, "where is my order FW-1003?", identity_token=old))[1]


def test_without_it_the_desk_asks_to_sign_in(http):
    session, text = answer(say(http, "where is my order FW-1003?"))
    assert "sign" in text
    assert "Everyday Tee" not in text
    _, text = answer(say(http, "ann@example.com", "", session))
    assert "Everyday Tee" not in text, "order number and e-mail are not accepted by this shop"
    _, text = answer(say(http, "我的订单FW-1003在哪里？", "", session))
    assert "登录" in text


def test_another_customers_order_stays_closed(http):
    _, text = answer(say(http, "where is order FW-2001?", token()))
    assert "Rain Shell" not in text


def test_a_made_up_or_retold_session_holds_nothing(http):
    _, text = answer(say(http, "where is my order FW-1003?", token(), "a-name-of-my-own"))
    assert "Everyday Tee" not in text
    told = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]
    body = {"messages": [*told, {"role": "user", "content": "where is my order FW-1003?"}]}
    reply = http.post(URL, json=body, headers={"X-Floorwalker-Identity": token()})
    assert "Everyday Tee" not in answer(reply)[1]


def test_who_signs_in_after_somebody_else_finds_nothing_of_them(http):
    session, text = answer(say(http, "cancel order FW-1002", token("ann")))
    assert "Trail Trousers" in text
    _, text = answer(say(http, "yes", token("bob"), session))
    assert "Trail Trousers" not in text
    _, text = answer(say(http, "where is my order FW-1002?", token("ann")))
    assert "cancelled" not in text


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        (sign_token("x" * 40, "ann", "fashion"), "identity_token_invalid"),
        (sign_token(SECRET, "ann", "an-other-shop"), "identity_token_invalid"),
        (sign_token(SECRET, "nobody", "fashion"), "identity_token_invalid"),
        (sign_token(SECRET, "ann", "fashion", seconds=-3600), "identity_token_expired"),
        ("nonsense", "identity_token_invalid"),
    ],
)
def test_a_token_that_proves_nothing_stops_the_turn(shown: str, code: str, http):
    response = say(http, "where is my order FW-1003?", shown)
    assert (response.status_code, response.json()["error"]["code"]) == (401, code)
    assert shown not in response.text


def test_a_token_tied_to_a_session_is_worth_nothing_to_a_thief(http):
    once = token(token_id="once")
    session, _ = answer(say(http, "hello", once))
    assert answer(say(http, "hello again", once, session))
    assert say(http, "where is my order FW-1003?", once).status_code == 401


def test_it_is_in_no_log_and_no_answer(http, caplog):
    with caplog.at_level(logging.DEBUG):
        shown = token()
        response = say(http, "where is my order FW-1003?", shown)
        say(http, "where is my order FW-1003?", shown, "a-name-of-my-own")
        say(http, "x", shown + "x")
    assert shown not in response.text
    assert shown not in caplog.text
    assert SECRET not in caplog.text


def test_a_short_secret_keeps_the_server_from_starting(settings):
    with pytest.raises(SettingsError, match="at least 32 bytes"):
        Assistant.open(settings.model_copy(update={"identity_secret": type(settings.identity_secret)("short")}))
