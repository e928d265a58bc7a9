"""The widget's server side: who may frame it, what a site token opens, and what leaves with which headers."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import jwt
import pytest

from core.errors import RequestError, SettingsError
from core.settings import Settings
from server.app import create_app
from server.auth import Gate
from server.widget_tokens import LIFE, RENEWABLE, SiteTokens, origin_of, origins_of
from tests.server.fakes import FakeAssistant
from tests.server.serving import served
from tests.server.test_chat import error

SHOP = "https://shop.example"
KEY = {"Authorization": "Bearer k1"}
LAMP = {"messages": [{"role": "user", "content": "a lamp"}]}


@pytest.fixture(scope="module")
def exposed(shop_folder, tmp_path_factory) -> Iterator[tuple[str, FakeAssistant]]:
    assistant = FakeAssistant(shop_folder)
    settings = Settings(
        shop=shop_folder, data_dir=tmp_path_factory.mktemp("site"), host="0.0.0.0", api_key="k1", widget_origins=SHOP
    )
    with served(create_app(assistant, settings, page=False, keep_alive=0.1)) as url:
        yield url, assistant


@pytest.fixture
def site(exposed) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=exposed[0], timeout=10) as client:
        yield client


def token(site, **more) -> str:
    response = site.post("/widget/token", json={"origin": SHOP, **more})
    assert response.status_code == 200, response.text
    return response.json()["token"]


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


def subject(value: str) -> str:
    return jwt.decode(value.removeprefix("fws_"), options={"verify_signature": False})["sub"]


def test_the_loader_is_small_plain_and_for_everybody(site):
    response = site.get("/widget.js")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(response.content) <= 30_000
    for forbidden in ("eval(", "innerHTML", "Function(", "document.write", 'postMessage(message, "*")'):
        assert forbidden not in response.text


@pytest.mark.parametrize(
    "name", ["widget_app.js", "widget_api.js", "widget_view.js", "widget_markdown.js", "widget_texts.js"]
)
def test_the_frames_scripts_parse_no_html(site, name):
    text = site.get(f"/widget/{name}").text
    assert text
    for forbidden in ("eval(", "innerHTML", "outerHTML", "insertAdjacentHTML", "Function(", "document.write"):
        assert forbidden not in text
    assert not re.search(r'postMessage\([^;]*"\*"', text)


def test_no_other_file_is_served(site):
    for name in ("widget.py", "auth.py", "widget.html", "..%2fauth.py", "page.js"):
        assert site.get(f"/widget/{name}").status_code == 404


def test_a_site_of_the_setting_may_frame_it_and_no_other(site):
    response = site.get("/widget", params={"origin": SHOP})
    policy = response.headers["content-security-policy"]
    assert policy.endswith(f"frame-ancestors {SHOP}")
    for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"):
        assert part in policy
    assert "unsafe" not in policy
    assert "x-frame-options" not in response.headers
    assert "<script>" not in response.text
    for other in ("https://evil.example", "http://shop.example", f"{SHOP}.evil.example", "null", "*", "https://a b",
                  f"{SHOP}; script-src *", "http://127.0.0.1:8000"):  # fmt: skip
        refused = site.get("/widget", params={"origin": other})
        assert refused.status_code == 403, other
        assert refused.headers["x-frame-options"] == "SAMEORIGIN"
        assert site.post("/widget/token", json={"origin": other}).status_code == 403


def test_on_loopback_pages_of_this_machine_may_frame_it(http):
    assert http.get("/widget", params={"origin": "http://localhost:8080"}).status_code == 200
    assert http.get("/widget").headers["content-security-policy"].endswith("frame-ancestors 'self'")
    assert http.get("/widget", params={"origin": SHOP}).status_code == 403


def test_texts_of_the_shop_stay_text(site, exposed):
    page = site.get("/widget", params={"origin": SHOP}).text
    assert "Test shop" in page
    assert 'data-config="{&quot;' in page


def test_a_token_opens_the_chat_for_its_visitor(site, exposed):
    value = token(site)
    assert site.post("/v1/chat/completions", json=LAMP).status_code == 401
    response = site.post("/v1/chat/completions", json={**LAMP, "user": "somebody-else"}, headers=bearer(value))
    assert response.status_code == 200
    assert exposed[1].requests[-1].user_id == subject(value)
    assert site.get("/v1/models", headers=bearer(value)).status_code == 200
    assert site.post("/v1/responses", json={"input": "a lamp"}, headers=bearer(value)).status_code == 200


def test_visitors_share_no_session(site):
    first, second = bearer(token(site)), bearer(token(site))
    session = {"metadata": {"session_id": "mine"}}
    answers = [
        site.post("/v1/chat/completions", json={**LAMP, **session}, headers=key).json()
        for key in (first, first, second, KEY)
    ]
    said = [answer["choices"][0]["message"]["content"].split("\n")[0] for answer in answers]
    assert said == [
        "You said: a lamp.", "You said: a lamp | a lamp.", "You said: a lamp.", "You said: a lamp.",
    ]  # fmt: skip


def test_a_visitors_events_are_their_own(site, exposed):
    value = token(site)
    event = {"event": "like", "item_id": "lamp-1", "user": "somebody-else", "event_id": "w1"}
    assert site.post("/v1/events", json=[event], headers=bearer(value)).json()["recorded"] == 1
    assert exposed[1].interactions["w1"].user_id == subject(value)


def test_a_token_opens_nothing_else(site):
    key = bearer(token(site))
    for method, path in (
        ("GET", "/v1/profile?user=u1"), ("DELETE", "/v1/profile?user=u1"), ("POST", "/mcp"), ("GET", "/metrics"),
    ):  # fmt: skip
        assert site.request(method, path, headers=key).status_code in (401, 403), path


def test_pages_of_other_sites_get_and_use_no_token(site):
    foreign = {"Origin": "https://evil.example"}
    assert site.post("/widget/token", json={"origin": SHOP}, headers=foreign).status_code == 403
    assert site.post("/widget/token", json={"origin": SHOP}, headers={"Origin": "null"}).status_code == 403
    value = token(site)
    refused = site.post("/v1/chat/completions", json=LAMP, headers={**bearer(value), **foreign})
    assert (refused.status_code, error(refused)["code"]) == (403, "origin_not_allowed")


def test_wrong_tokens(site):
    value = token(site)
    for wrong in (value[:-2] + "xx", "fws_", "fws_a.b.c", value + "x" * 3000):
        refused = site.post("/v1/chat/completions", json=LAMP, headers=bearer(wrong))
        assert (refused.status_code, error(refused)["code"]) == (401, "invalid_site_token")
    claims = jwt.decode(value.removeprefix("fws_"), options={"verify_signature": False})
    forged = "fws_" + jwt.encode(claims, "x" * 32, algorithm="HS256")
    assert site.post("/v1/chat/completions", json=LAMP, headers=bearer(forged)).status_code == 401
    unsigned = "fws_" + jwt.encode(claims, "", algorithm="none")
    assert site.post("/v1/chat/completions", json=LAMP, headers=bearer(unsigned)).status_code == 401


def test_labels_put_chips_into_words(site):
    chips = [{"id": "c1", "field": "price", "op": "<=", "value": 50, "unit": "USD"}]
    key = bearer(token(site))
    assert site.post("/widget/labels", json={"constraints": chips}, headers=key).json() == ["Under $50"]
    assert site.post("/widget/labels", json={"constraints": chips}).status_code == 401
    assert site.post("/widget/labels", json={"constraints": [{"field": "x"}]}, headers=key).status_code == 400


def test_tokens_expire_and_are_renewed_for_the_same_visitor():
    clock = [time.time()]
    tokens = SiteTokens(lambda: b"s" * 32, clock=lambda: clock[0])
    first = tokens.issue(SHOP)
    visitor = tokens.visitor(first)
    assert visitor.origin == SHOP
    clock[0] += LIFE + 1
    with pytest.raises(RequestError) as expired:
        tokens.visitor(first)
    assert (expired.value.status, expired.value.code) == (401, "site_token_expired")
    assert tokens.visitor(tokens.issue(SHOP, first)).id == visitor.id
    assert tokens.visitor(tokens.issue("https://other.example", first)).id != visitor.id
    clock[0] += RENEWABLE
    assert tokens.visitor(tokens.issue(SHOP, first)).id != visitor.id
    with pytest.raises(RequestError):
        SiteTokens(lambda: b"t" * 32).visitor(first)


def test_origins():
    assert origins_of(" https://Shop.example/ , http://a.example:8080 ") == {SHOP, "http://a.example:8080"}
    assert origin_of("https://shop.example:443/cart?x=1") == SHOP
    for wrong in ("*", "shop.example", "https://*.example", "https://shop.example/path", "javascript:alert(1)",
                  "https://u@shop.example", "https://"):  # fmt: skip
        with pytest.raises(SettingsError, match="origin"):
            Gate(Settings(widget_origins=wrong))
