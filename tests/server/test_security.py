"""Attacks on the doors that once went through: proxies, blank secrets, guesses, uploads, endless numbers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from core.errors import SettingsError
from core.events import Action, Reply
from core.settings import Settings
from server import bodies
from server.app import create_app
from server.bodies import MAX_BODY
from server.channels.setup import channels_of
from server.rendering import extension, to_json
from tests.server.channels.assistant import ChannelAssistant
from tests.server.channels.kits import KITS
from tests.server.fake_assistant import ScriptedAssistant
from tests.server.serving import served

FROM_OUTSIDE = (
    {"Host": "shop.example"},
    {"X-Forwarded-For": "203.0.113.9"},
    {"Forwarded": "for=203.0.113.9"},
    {"X-Real-IP": "203.0.113.9"},
)
"""What requests look like that a proxy on this machine passes on."""


def site(folder: Path, data: Path, **options: object) -> Iterator[httpx.Client]:
    assistant = ChannelAssistant(folder, data)
    settings = Settings(shop=folder, data_dir=data, allowed_hosts="shop.example", **options)  # type: ignore[arg-type]
    with served(create_app(assistant, settings, page=False)) as url, httpx.Client(base_url=url, timeout=10) as http:
        yield http
    assistant.handoffs.close()


@pytest.fixture
def keyless(shop_folder: Path, tmp_path: Path) -> Iterator[httpx.Client]:
    yield from site(shop_folder, tmp_path)


@pytest.fixture
def keyed(shop_folder: Path, tmp_path: Path) -> Iterator[httpx.Client]:
    yield from site(shop_folder, tmp_path, operator_key="boss", api_key="client")


@pytest.mark.parametrize("headers", FROM_OUTSIDE)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/inbox/api/handoffs"), ("POST", "/inbox/api/handoffs/1/reply"), ("GET", "/metrics"),
        ("POST", "/operator/shops"), ("GET", "/v1/profile?user=anna"), ("DELETE", "/v1/profile?user=anna"),
        ("POST", "/v1/chat/completions"), ("POST", "/mcp"),
    ],
)  # fmt: skip
def test_what_a_proxy_passes_on_is_not_from_this_machine(keyless, method: str, path: str, headers: dict[str, str]):
    refused = keyless.request(method, path, headers=headers, json={"text": "x"})
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] in ("operator_key_unset", "api_key_unset")
    assert "FLOORWALKER_" in refused.json()["error"]["message"]


def test_this_machine_itself_needs_no_key(keyless):
    assert keyless.get("/inbox/api/handoffs").status_code == 200
    assert keyless.get("/metrics").status_code == 200
    assert keyless.get("/v1/models").status_code == 200


@pytest.mark.parametrize("headers", FROM_OUTSIDE)
def test_with_keys_a_proxy_may_pass_requests_on(keyed, headers: dict[str, str]):
    assert keyed.get("/inbox/api/handoffs", headers={**headers, "Authorization": "Bearer boss"}).status_code == 200
    assert keyed.get("/v1/models", headers={**headers, "Authorization": "Bearer client"}).status_code == 200
    assert keyed.get("/health", headers=headers).status_code == 200


@pytest.mark.parametrize("blank", ["", "  ", "\t\n"])
@pytest.mark.parametrize("kit", KITS, ids=[kit.name for kit in KITS])
def test_a_blank_secret_never_turns_a_channel_on(kit, blank: str):
    """Anybody could sign with it; an empty line in an environment file means that the channel is not used."""
    name = {"chatwoot": "chatwoot_secret", "slack": "slack_secret", "feishu": "feishu_key", "rasa": "rasa_token",
            "webhook": "webhook_secret"}[kit.name]  # fmt: skip
    settings = Settings(**{**kit.settings("https://service.example"), name: blank})
    try:
        assert channels_of(settings) == {}
    except SettingsError:
        pass


@pytest.mark.parametrize("number", [10**18, 2**63, 10**30, -1])
def test_a_number_beyond_the_database_is_the_callers_mistake(keyed, number: int):
    boss, client = {"Authorization": "Bearer boss"}, {"Authorization": "Bearer client"}
    assert keyed.get(f"/inbox/api/handoffs/{number}", headers=boss).status_code in (400, 404, 422)
    for act in ("reply", "return", "close"):
        sent = keyed.post(f"/inbox/api/handoffs/{number}/{act}", headers=boss, json={"text": "x"})
        assert sent.status_code in (400, 404, 422)
    heard = keyed.get("/v1/sessions/abc/messages", params={"after": number}, headers=client)
    assert heard.status_code in (200, 400, 422)


def test_metadata_is_given_back_only_as_far_as_it_is_plain(keyed):
    deep = b'{"input": "a lamp", "metadata": {"note": "x", "deep": ' + b"[" * 900 + b"]" * 900 + b"}}"
    headers = {"Authorization": "Bearer client", "Content-Type": "application/json"}
    answer = keyed.post("/v1/responses", content=deep, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["metadata"] == {"note": "x"}


@pytest.fixture(scope="module")
def page() -> Iterator[TestClient]:
    with TestClient(create_app(ScriptedAssistant(), Settings()), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.mark.parametrize(
    "path",
    ["upload", "upload_progress", "file=/etc/hostname", "proxy=http://127.0.0.1", "run/predict", "api/predict",
     "call/predict", "dev/reload", "deep_link", "stream/x", "runs", "openapi.json", "", "/upload", "queue/../upload"],
)  # fmt: skip
def test_the_pages_library_offers_strangers_nothing_else(page, path: str):
    for answer in (
        page.get(f"/gradio_api/{path}"),
        page.post(f"/gradio_api/{path}", files={"files": ("a.html", b"x")}),
    ):
        assert answer.status_code in (404, 405)


def test_no_file_is_kept_of_a_stranger(page, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    page.post("/gradio_api/upload", files={"files": ("a.html", b"x" * 100_000)})
    assert list(tmp_path.rglob("*.html")) == []


def test_another_sites_page_starts_no_turn(page):
    event = {"data": [], "fn_index": 0, "session_hash": "x"}
    foreign = page.post("/gradio_api/queue/join", json=event, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert page.post("/gradio_api/queue/join", json=event).status_code == 200


def test_what_is_sent_to_the_page_is_bounded(page):
    large = b'{"data": ["' + b"x" * (MAX_BODY + 1) + b'"]}'
    assert page.post("/gradio_api/queue/join", content=large).status_code == 413
    chunked = page.post("/gradio_api/queue/join", content=iter([large[: MAX_BODY // 2]] * 3))
    assert chunked.status_code >= 400


def test_other_customers_cases_stay_inside():
    data = {"why": "requested", "similar_cases": [{"problem": "my kettle broke"}]}
    reply = Reply("s", "t", "A colleague takes over.", "en", (), actions=(Action("handoff", "x", data),))
    assert "kettle" not in to_json(extension(reply)).decode()
    assert extension(reply)["actions"][0]["data"] == {"why": "requested"}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/events", "/widget/token"])
def test_a_body_that_never_ends_is_not_waited_for(keyed, monkeypatch, path: str):
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)
    with socket.create_connection((keyed.base_url.host, keyed.base_url.port), timeout=10) as slow:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer client\r\n"
        slow.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 408")
