"""Whatever is sent, the server answers in OpenAI's shape, and never with a 500."""

from __future__ import annotations

import json

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
texts = st.text(max_size=40).filter(lambda text: "/" not in text)
roles = st.sampled_from(["user", "assistant", "system", "developer", "tool", "", "USER"]) | values
parts = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "image_url"]) | values, "text": texts | values}), max_size=2
)
messages = (
    st.lists(st.fixed_dictionaries({"role": roles, "content": texts | parts | values}) | values, max_size=4) | values
)
edits = st.fixed_dictionaries(
    {},
    optional={
        "remove": st.lists(st.text(max_size=5), max_size=2) | values,
        "set": st.lists(
            st.fixed_dictionaries({
                "field": st.sampled_from(["price", "nose"]) | values,
                "op": st.sampled_from(["<=", "between", "in", "contains", "=="]) | values,
                "value": st.lists(st.floats(), max_size=3) | values,
            })
            | values,
            max_size=2,
        ),
    },
)  # fmt: skip
bodies = st.fixed_dictionaries(
    {"messages": messages},
    optional={
        "model": st.just("floorwalker") | values,
        "stream": st.booleans() | values,
        "stream_options": st.fixed_dictionaries({"include_usage": st.booleans()}) | values,
        "tools": values,
        "user": texts | values,
        "metadata": st.fixed_dictionaries(
            {}, optional={"edit": edits | values, "session_id": values, "language": values}
        )
        | values,
    },
)
events = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["like", "view", "rating"]) | values,
        "item_id": st.just("lamp-1") | values,
        "user": st.text(max_size=8) | values,
    },
    optional={
        "time": st.datetimes().map(str) | st.floats(allow_nan=False) | values,
        "value": values,
        "event_id": values,
    },
)


def answered(response: httpx.Response) -> None:
    assert response.status_code in (200, 400, 404), response.text
    if response.status_code != 200:
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def post(http: httpx.Client, path: str, body) -> httpx.Response:
    try:
        content = orjson.dumps(body)
    except TypeError:  # integers beyond 64 bits, lone surrogates
        content = json.dumps(body).encode()
    return http.post(path, content=content, headers={"content-type": "application/json"})


@FEW
@given(body=bodies | values)
def test_chat(http, body):
    answered(post(http, "/v1/chat/completions", body))


@FEW
@given(body=events | st.lists(events, max_size=3) | values)
def test_events(http, body):
    answered(post(http, "/v1/events", body))


@FEW
@given(content=st.binary(max_size=60))
def test_bytes(http, content):
    response = http.post("/v1/chat/completions", content=content, headers={"content-type": "application/json"})
    answered(response)


@FEW
@given(
    name=st.sampled_from(
        ["x-session-id", "x-openwebui-chat-id", "idempotency-key", "x-stainless-retry-count", "x-request-id"]
    ),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
)
def test_headers(http, name, value):
    try:
        headers = [(name.encode(), value.strip().encode("latin-1"))]
        response = http.post(
            "/v1/chat/completions", json={"messages": [{"role": "user", "content": "x"}]}, headers=headers
        )
    except httpx.HTTPError:
        pytest.fail("no answer")
    answered(response)


@FEW
@given(user=st.text(max_size=300))
def test_profiles(http, user):
    answered(http.get("/v1/profile", params={"user": user.encode("utf-8", "replace")}))
