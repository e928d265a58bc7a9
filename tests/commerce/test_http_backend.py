"""The back end over HTTP: the contract against a real server, and servers that are slow, broken, lying or rude."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commerce.changes import CancelOrder, PendingAction
from commerce.http_answers import read_answer
from commerce.http_backend import HttpBackend
from commerce.http_transport import ATTEMPTS, LARGEST_ANSWER, Transport
from commerce.orders import OrderDesk
from commerce.records import OrderStatus
from core.errors import BackendUnavailable, ServiceError, SettingsError
from core.shop import BackendConfig
from tests.commerce.backend_contract import RED, BackendContract, pending
from tests.commerce.described import Description
from tests.commerce.desk_data import write_shop
from tests.commerce.reference_backend import reference_app
from tests.commerce.rude_server import Behaviour, drips, hangs_up, rude, says, sleeps
from tests.commerce.test_sqlite_backend import opened
from tests.server.serving import served

KEY = "the-shop-s-own-key"
KEY_ENV = "FLOORWALKER_BACKEND_KEY"
DESCRIPTION = Description()


OPEN: list[HttpBackend] = []


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv(KEY_ENV, KEY)
    yield
    while OPEN:
        OPEN.pop().close()


def over(url: str, *, timeout: float = 5.0, pauses: list[float] | None = None) -> HttpBackend:
    record = [] if pauses is None else pauses
    config = BackendConfig(kind="http", url=url, key_env=KEY_ENV, timeout=timeout)
    OPEN.append(HttpBackend(Transport(config, pause=record.append)))
    return OPEN[-1]


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[HttpBackend]:
    behind = opened(tmp_path, write_shop(tmp_path))
    DESCRIPTION.broken.clear()
    with served(reference_app(behind, KEY, DESCRIPTION)) as url:
        yield over(url)
    behind.close()
    assert DESCRIPTION.broken == []


class TestHttpBackend(BackendContract):
    def test_every_operation_that_is_described_is_sent(self, backend: HttpBackend) -> None:
        DESCRIPTION.seen.clear()
        backend.customer("ann")
        backend.customers_named("Ann Lee", "AB12")
        backend.customers_with("ann.lee@example.com")
        backend.order("FW-1")
        backend.orders_of("ann")
        backend.offer(RED)
        receipt = backend.apply(pending(backend, CancelOrder("FW-2")))
        assert backend.receipt("key", "ann") == receipt
        assert backend.put_in_cart("s", RED, 1) == backend.cart("s")
        assert backend.checkout_link("s") is not None
        assert DESCRIPTION.seen == DESCRIPTION.operations


def test_names_that_are_no_names(backend: HttpBackend):
    for name in ("", "..", "../orders", "a/b", "a\\b", "a?b#c", "x" * 3000, "日本", "%2e%2e", "\x00", "a b", "a%2fb"):
        assert backend.customer(name) is None
        assert backend.order(name) is None
        assert backend.orders_of(name) == ()
        assert backend.offer(name) is None


# -- servers that misbehave --------------------------------------------------------------------------------------------


def customer(**more: Any) -> dict[str, Any]:
    return {"id": "ann", "name": "Ann", "email": "a@b.example", **more}


def order(**more: Any) -> dict[str, Any]:
    known = {"id": "FW-1", "customer_id": "ann", "status": "paid", "created_at": "2026-01-01T00:00:00Z"}
    return {**known, "items": [], "total": 1.0, "currency": "USD", **more}


NOT_FOUND = {"error": {"code": "not_found"}}
REFUSED = {"error": {"code": "window_over", "message": "too late", "data": {"days": 30, "nested": {"a": 1}}}}


@pytest.mark.parametrize(
    "trouble",
    [says(500, b"<h1>oops</h1>"), says(503, b"", Retry_After="1"), says(429, b"slow down"), hangs_up,
     says(200, b"not json"), says(200, b"[1, 2]"), says(200, b""), says(200, {"id": "ann"}, Content_Encoding="gzip"),
     says(200, b" " * (LARGEST_ANSWER + 10))],
    ids=["error", "closed", "busy", "silent", "no json", "a list", "empty", "no gzip", "huge"],
)  # fmt: skip
def test_a_read_is_tried_again_and_then_given_up(trouble: Behaviour):
    with rude(trouble) as (url, seen):
        pauses: list[float] = []
        with pytest.raises(BackendUnavailable) as fault:
            over(url, pauses=pauses).customer("ann")
        assert len(seen) == ATTEMPTS
        assert not fault.value.unknown, "nothing can have been changed"
        assert all(0 < pause <= 2 for pause in pauses)
    with rude(trouble, says(200, customer())) as (url, seen):
        found = over(url).customer("ann")
        assert found is not None
        assert len(seen) == 2


@pytest.mark.parametrize("trouble", [sleeps(1.5), drips], ids=["silent", "dripping"])
def test_a_slow_answer_is_not_waited_for(trouble: Behaviour):
    with rude(trouble) as (url, _):
        start = time.monotonic()
        with pytest.raises(BackendUnavailable):
            over(url, timeout=0.3).customer("ann")
        assert time.monotonic() - start < 60, "it ends at all"


def test_nobody_listens():
    with rude(says(200, customer())) as (url, _):
        pass
    with pytest.raises(BackendUnavailable) as fault:
        over(url).apply(action())
    assert not fault.value.unknown, "without a connection nothing was sent"


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, NOT_FOUND), (403, {"error": "no"}), (404, b"<h1>404</h1>"), (404, {}), (302, b""), (400, b"bad"),
     (418, {"detail": "x"})],
)  # fmt: skip
def test_what_breaks_the_contract_is_the_operators_and_not_repeated(status: int, body: Any):
    with rude(says(status, body)) as (url, seen):
        with pytest.raises(BackendUnavailable):
            over(url).order("FW-1")
        assert len(seen) == 1


def test_not_there():
    with rude(says(404, NOT_FOUND)) as (url, _):
        backend = over(url)
        assert (backend.customer("x"), backend.order("x"), backend.offer("x"), backend.receipt("k", "x")) == (None,) * 4
        assert (backend.orders_of("x"), backend.cart("x"), backend.checkout_link("x")) == ((), (), None)


LIES = [
    ("customer", ("ann",), customer(id="bob")),
    ("order", ("FW-1",), order(id="FW-2")),
    ("orders_of", ("ann",), {"orders": [order(), order(id="FW-5", customer_id="bob")]}),
    ("offer", ("mug",), {"id": "lamp", "title": "Lamp"}),
    ("order", ("FW-1",), order(status="teleported")),
    ("order", ("FW-1",), order(total="a lot")),
    ("order", ("FW-1",), order(created_at="yesterday")),
    ("offer", ("mug",), {"id": "mug", "title": "Mug", "stock": -4}),
    ("cart", ("s",), {"items": [{"item_id": "mug", "quantity": "many"}]}),
    ("preview", ("ann", [CancelOrder("FW-1")]), {"effects": [], "versions": {}}),
]


@pytest.mark.parametrize(("method", "arguments", "body"), LIES)
def test_what_was_not_asked_for_is_never_shown(method: str, arguments: tuple[Any, ...], body: Any, caplog):
    with rude(says(200, body)) as (url, _), pytest.raises(BackendUnavailable) as fault:
        getattr(over(url), method)(*arguments)
    assert "bob" not in str(fault.value)


def test_a_search_that_finds_too_much_proves_nobody():
    body = {"customers": [customer(), customer(id="bob", email="other@b.example", name="Bo")]}
    with rude(says(200, body)) as (url, seen):
        backend = over(url)
        assert [each.id for each in backend.customers_with("A@b.example ")] == ["ann"]
        assert backend.customers_named("Nobody", "1") == ()
        assert all("a@b.example" not in path.lower() for _, path, _, _ in seen)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example", "https://x y", "data:text/html,x"])
def test_a_checkout_link_is_a_web_address(url: str):
    with rude(says(200, {"url": url})) as (base, _):
        assert over(base).checkout_link("s") is None


def test_times_without_a_zone_are_utc():
    with rude(says(200, order(created_at="2026-01-01T00:00:00"))) as (url, _):
        found = over(url).order("fw-1")
    assert found is not None
    assert found.created_at.tzinfo is not None


# -- refusals and writes -----------------------------------------------------------------------------------------------


def action(key: str = "key-1") -> PendingAction:
    return PendingAction(key, "ann", (CancelOrder("FW-1"),), (), {"FW-1": 0}, 9e9)


def receipt(key: str = "key-1", **more: Any) -> dict[str, Any]:
    return {"key": key, "customer_id": "ann", "effects": [{"kind": "cancel", "order_id": "FW-1"}], "time": 1.0, **more}


@pytest.mark.parametrize("status", [200, 201, 400, 409, 422])
def test_a_refusal_is_an_error_whatever_its_status(status: int):
    with rude(says(status, REFUSED)) as (url, seen):
        with pytest.raises(ServiceError) as refused:
            over(url).apply(action())
        assert (refused.value.code, refused.value.data) == ("window_over", {"days": 30})
        assert len(seen) == 1, "a no is not asked for twice"


@pytest.mark.parametrize(
    "body",
    [{"ok": False}, {"ok": False, "error": {"code": "stale"}}, {"success": False}, {"status": "rejected"},
     {**receipt(), "status": "REJECTED"}, {**receipt(), "ok": False}, {"error": "no"},
     {"error": {"code": "DROP TABLE", "message": "x\x1b[31m"}}],
)  # fmt: skip
def test_a_no_under_status_200(body: dict[str, Any]):
    with rude(says(200, body)) as (url, seen):
        with pytest.raises(ServiceError) as refused:
            over(url).apply(action())
        assert refused.value.code in ("backend_refused", "stale")
        assert str(refused.value).isprintable()
        assert len(seen) == 1


def test_a_write_without_an_answer_is_repeated_once_under_its_key():
    with rude(hangs_up, says(200, receipt(repeated=True))) as (url, seen):
        assert over(url).apply(action()).repeated
    assert [headers["idempotency-key"] for _, _, headers, _ in seen] == ["key-1", "key-1"]
    assert seen[0][3] == seen[1][3]


UNKNOWN = [hangs_up, says(500, b""), says(200, b"<html>"), says(200, {}), says(200, receipt("other")), sleeps(1.0)]


@pytest.mark.parametrize("trouble", UNKNOWN, ids=["silent", "error", "html", "empty", "another's", "slow"])
def test_a_write_without_an_answer_is_looked_up(trouble: Behaviour):
    def behave(*looked_up: Behaviour) -> list[Behaviour]:
        return [trouble, trouble, *looked_up] if trouble not in UNKNOWN[3:5] else [trouble, *looked_up]

    with rude(*behave(says(200, receipt()))) as (url, seen):
        assert over(url, timeout=0.5).apply(action()).key == "key-1"
        assert seen[-1][1] == "/customers/ann/receipts/key-1"
    for looked_up in (says(404, NOT_FOUND), says(500, b"")):
        with rude(*behave(looked_up)) as (url, seen):
            with pytest.raises(BackendUnavailable) as fault:
                over(url, timeout=0.5).apply(action())
            assert fault.value.unknown
            assert sum(method == "POST" for method, *_ in seen) <= 2


def test_a_no_after_silence_is_checked_before_it_is_believed():
    no = says(422, {"error": {"code": "wrong_status"}})
    with rude(hangs_up, no, says(200, receipt())) as (url, _):
        assert over(url).apply(action()).key == "key-1", "the first attempt had been carried out"
    with rude(hangs_up, no, says(404, NOT_FOUND)) as (url, _), pytest.raises(ServiceError) as refused:
        over(url).apply(action())
    assert refused.value.code == "wrong_status"


def test_the_same_write_under_way_is_waited_for():
    busy = says(409, {"error": {"code": "in_progress"}})
    with rude(busy, says(200, receipt())) as (url, seen):
        assert over(url).apply(action()).key == "key-1"
        assert len(seen) == 2


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "error", "status", "ok", "code", "effects", "x"]), inner, max_size=5),
        max_leaves=10,
    ),
    st.sampled_from([200, 204, 301, 400, 401, 404, 409, 422]),
)  # fmt: skip
def test_no_answer_makes_anything_else_than_our_errors(body: Any, status: int):
    with suppress(ServiceError):
        answer = read_answer(status, orjson.dumps(body))
        assert answer.fault or answer.busy or answer.body is None or isinstance(answer.body, dict)


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "key_env"),
    [("http://shop.example/api", KEY_ENV), ("ftp://127.0.0.1", KEY_ENV), ("https://", KEY_ENV), ("", KEY_ENV),
     ("https://user:pass@shop.example", KEY_ENV), ("https://shop.example/?key=1", KEY_ENV),
     ("https://shop.example", None), ("http://127.0.0.1.evil.example", KEY_ENV), ("https://shop.example", "UNSET_X")],
)  # fmt: skip
def test_customers_data_goes_only_where_it_is_safe(url: str, key_env: str | None, monkeypatch):
    monkeypatch.delenv("UNSET_X", raising=False)
    config = BackendConfig.model_construct(kind="http", url=url, key_env=key_env, timeout=5.0)
    with pytest.raises(SettingsError):
        Transport(config)


@pytest.mark.parametrize(
    "name", ["FLOORWALKER_API_KEY", "AWS_SECRET_ACCESS_KEY", "HOME", "FLOORWALKER_IDENTITY_SECRET"]
)
def test_a_shop_folder_cannot_send_the_machines_other_secrets_anywhere(name: str):
    with pytest.raises(ValueError, match="key_env"):
        BackendConfig(kind="http", url="https://evil.example", key_env=name)


def test_the_key_is_sent_and_never_told(caplog):
    with rude(says(401, {"error": {"code": "unauthorized"}})) as (url, seen):
        with pytest.raises(BackendUnavailable) as fault:
            over(url).customer("ann-lee-77")
        assert seen[0][2]["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(fault.value) + caplog.text
    assert "ann-lee-77" not in str(fault.value) + caplog.text


def test_a_desk_over_http(backend: HttpBackend, tmp_path: Path):
    url = backend._transport._base
    shop = write_shop(tmp_path).model_copy(
        update={"backend": BackendConfig(kind="http", url=url, key_env=KEY_ENV), "identity": ["order_email"]}
    )
    desk = OrderDesk.open(shop, tmp_path / "data")
    identity = desk.verify("fw-2", "ann.lee@example.com", session="one")
    assert identity is not None
    assert identity.customer_id == "ann"
    assert desk.verify("fw-2", "bob@example.com", session="two") is None
    prepared = desk.prepare(identity, [CancelOrder("FW-2")])
    assert desk.confirm(identity, prepared).repeated is False
    assert desk.confirm(identity, prepared).repeated is True
    assert desk.order(identity, "FW-2").status is OrderStatus.CANCELLED
    with pytest.raises(ServiceError, match="no order"):
        desk.order(identity, "FW-5")
    desk.close()


def test_many_at_once_share_the_connections(backend: HttpBackend):
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(backend.customer("ann"))) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [each.id for each in found] == ["ann"] * 60


def test_a_write_that_was_read_back_from_stale_data_is_refused(backend: HttpBackend):
    first, second = pending(backend, CancelOrder("FW-6"), key="a"), pending(backend, CancelOrder("FW-6"), key="b")
    backend.apply(first)
    with pytest.raises(ServiceError) as refused:
        backend.apply(second)
    assert (refused.value.code, refused.value.data["cause"]) == ("stale", "wrong_status")
