"""Keys, host names, headers, health, metrics, pictures, documentation."""

from __future__ import annotations

import json
import logging

import httpx
import pytest
from pydantic import SecretStr

from core.errors import SettingsError
from core.settings import Settings
from core.version import VERSION
from server.app import create_app
from server.auth import Gate
from server.pictures import find_picture
from tests.server.fakes import FakeAssistant
from tests.server.serving import served
from tests.server.test_chat import ask, error


@pytest.fixture(scope="module")
def exposed(shop_folder):
    """A server as it is when other machines reach it."""
    settings = Settings(shop=shop_folder, host="0.0.0.0", api_key=SecretStr("key one"), operator_key=SecretStr("boss"))
    with served(create_app(FakeAssistant(shop_folder), settings, page=False)) as url:
        with httpx.Client(base_url=url) as http:
            yield http


CLIENTS = ("httpx", "uvicorn.access")
"""The test's own client logs, and so would uvicorn at level info; launch.py keeps it at warnings."""


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_an_exposed_server_wants_a_key_everywhere_under_v1(exposed):
    for method, path in (
        ("GET", "/v1/models"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/events"),
        ("GET", "/v1/profile?user=u"),
        ("DELETE", "/v1/profile?user=u"),
        ("GET", "/v1/nothing"),
    ):
        for headers in (
            {},
            bearer("wrong"),
            {"Authorization": "Basic a2V5"},
            {"Authorization": "Bearer"},
            bearer("boss"),
        ):
            response = exposed.request(method, path, headers=headers)
            assert (path, response.status_code) == (path, 401)
            assert error(response)["code"] == "invalid_api_key"
            assert response.headers["www-authenticate"] == "Bearer"
    assert exposed.get("/v1/models", headers=bearer("key one")).status_code == 200
    assert ask(exposed, headers=bearer("key one")).status_code == 200


def test_health_is_open_and_metrics_are_the_operators(exposed):
    assert exposed.get("/health").status_code == 200
    assert exposed.get("/ready").status_code == 200
    assert exposed.get("/metrics").status_code == 401
    assert exposed.get("/metrics", headers=bearer("key one")).status_code == 401
    assert exposed.get("/metrics", headers=bearer("boss")).status_code == 200


def test_metrics_of_an_exposed_server_without_an_operators_key_are_closed(shop_folder):
    settings = Settings(shop=shop_folder, host="0.0.0.0", api_key=SecretStr("k"))
    with served(create_app(FakeAssistant(shop_folder), settings, page=False)) as url:
        response = httpx.get(f"{url}/metrics", headers=bearer("k"))
    assert response.status_code == 403
    assert "FLOORWALKER_OPERATOR_KEY" in error(response)["message"]


def test_an_exposed_server_does_not_start_without_a_key(tmp_path):
    for host in ("0.0.0.0", "::", "192.168.1.5", "shop.example"):
        for key in (None, SecretStr(""), SecretStr(" , ")):
            with pytest.raises(SettingsError, match="FLOORWALKER_API_KEY"):
                create_app(FakeAssistant(tmp_path), Settings(host=host, api_key=key), page=False)
    for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        Gate(Settings(host=host))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200), ("127.0.0.1", 200), ("[::1]:9", 200), ("a.localhost", 200), ("LOCALHOST.", 200),
        ("evil.example", 421), ("localhost.evil.example:80", 421), ("10.0.0.1", 421), ("[::2]", 421),
    ],
)  # fmt: skip
def test_a_loopback_server_answers_to_its_own_names_only(http, host, status):
    for path in ("/health", "/v1/models"):
        assert http.get(path, headers={"Host": host}).status_code == status


def test_a_proxys_host_can_be_allowed(settings):
    gate = Gate(settings.model_copy(update={"allowed_hosts": "shop.example, Chat.Example"}))
    assert gate.host_allowed("shop.example")
    assert gate.host_allowed("chat.example:443")
    assert not gate.host_allowed("evil.example")


def test_other_sites_are_not_let_in(http):
    response = http.options(
        "/v1/chat/completions", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert "access-control-allow-origin" not in response.headers
    assert "access-control-allow-origin" not in ask(http, headers={"Origin": "https://evil.example"}).headers


def test_every_response_carries_the_headers(http):
    for response in (http.get("/health"), http.get("/nothing"), ask(http, "/bug"), ask(http, stream=True)):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "SAMEORIGIN"
        assert response.headers["x-request-id"].startswith("req_")
    given = http.get("/health", headers={"X-Request-Id": "mine-1"})
    assert given.headers["x-request-id"] == "mine-1"
    odd = http.get("/health", headers={"X-Request-Id": "a b<script>"})
    assert odd.headers["x-request-id"].startswith("req_")


def test_the_log_names_no_words_users_or_keys(http, caplog):
    with caplog.at_level(logging.INFO):
        ask(http, "my secret wish", headers=bearer("sk-hidden"), user="anna@example.com")
        http.get("/v1/profile", params={"user": "anna@example.com"})
    entries = [json.loads(record.message) for record in caplog.records if record.name == "floorwalker.access"]
    assert [(entry["method"], entry["path"], entry["status"]) for entry in entries] == [
        ("POST", "/v1/chat/completions", 200),
        ("GET", "/v1/profile", 200),
    ]
    assert all(set(entry) == {"request_id", "method", "path", "status", "ms"} for entry in entries)
    for word in ("secret wish", "sk-hidden", "anna"):
        assert all(word not in record.getMessage() for record in caplog.records if not record.name.startswith(CLIENTS))


def test_health_and_readiness(http, assistant):
    assert http.get("/health").json() == {"status": "ok", "version": VERSION}
    assert http.get("/ready").json() == {"status": "ready", "model": "embedded", "mode": "embedded"}
    assistant.is_ready = False
    try:
        assert http.get("/ready").status_code == 503
        assert http.get("/health").status_code == 200
    finally:
        assistant.is_ready = True


def test_metrics(shop_folder, settings):
    with (
        served(create_app(FakeAssistant(shop_folder), settings, page=False)) as url,
        httpx.Client(base_url=url) as http,
    ):
        ask(http)
        ask(http, stream=True)
        ask(http, "/bug")
        http.post("/v1/events", json={"event": "like", "item_id": "lamp-1", "user": "u"})
        lines = http.get("/metrics").text.splitlines()
    for line in (
        'floorwalker_turns_total{intent="recommend",language="en",mode="embedded"} 2.0',
        'floorwalker_turns_unfinished_total{cause="failed"} 1.0',
        "floorwalker_turns_degraded_total 0.0",
        'floorwalker_tool_calls_total{tool="recommend_items"} 2.0',
        'floorwalker_tokens_total{kind="prompt"} 14.0',
        "floorwalker_turn_seconds_count 2.0",
        "floorwalker_first_text_seconds_count 2.0",
        "floorwalker_items_seconds_count 2.0",
        "floorwalker_turns_under_way 0.0",
        'floorwalker_events_total{event="like"} 1.0',
        'floorwalker_http_requests_total{method="POST",route="/v1/chat/completions",status="200"} 2.0',
    ):
        assert line in lines


def test_pictures(http):
    response = http.get("/shop/images/lamp%201.svg")
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/svg+xml"
    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert http.get("/shop/images/dot.png").headers["content-type"] == "image/png"
    assert http.head("/shop/images/dot.png").status_code == 200
    shown = ask(http).json()["floorwalker"]["items"][0]["image_url"]
    assert http.get(shown).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "shop.yaml", "orders.jsonl", "images", "images/", "", "images/none.svg", "../outside.svg",
        "images/../../outside.svg", "%2e%2e/outside.svg", "images/%2e%2e/%2e%2e/outside.svg", "images//dot.png",
        "/etc/passwd", "images/link.svg", "images/orders.svg", "images/.hidden/x.svg", "images\\dot.png",
        "images/dot.png%00.svg", "a" * 3000 + ".svg",
    ],
)  # fmt: skip
def test_nothing_else_of_the_shop_is_served(http, path):
    response = http.get(f"/shop/{path}")
    assert response.status_code == 404
    assert "<svg" not in response.text
    assert "order_id" not in response.text


def test_the_path_check_itself(shop_folder):
    assert find_picture(shop_folder, "images/dot.png") is not None
    for path in ("../outside.svg", "images/../images/dot.png", "/images/dot.png", "images/./dot.png", "images\x00.svg"):
        assert find_picture(shop_folder, path) is None


def test_the_documentation_loads_nothing_from_elsewhere(http):
    page = http.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
        assert f"docs/{name}" in page.text
        assert http.get(f"/docs/{name}").status_code == 200
    assert http.get("/docs/index.html").status_code == 404


def test_the_openapi_document(http):
    document = http.get("/openapi.json").json()
    assert document["openapi"].startswith("3.0")
    assert {"/v1/chat/completions", "/v1/models", "/v1/events", "/v1/profile", "/health", "/ready", "/metrics"} <= set(
        document["paths"]
    )
    text = json.dumps(document)
    assert '"null"' not in text
    assert '"const"' not in text
    for reference in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert reference in document["components"]["schemas"]


def test_an_unknown_page_is_told_in_the_same_shape(http):
    assert error(http.get("/nothing"))["code"] == "not_found"
