"""The chat API's shapes, over real HTTP, byte by byte."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from server.app import create_app
from tests.server.fakes import FakeAssistant
from tests.server.serving import eventually, served

EXTENSION = {
    "session_id", "turn_id", "intent", "intents", "items", "constraints", "relaxed", "question", "citations",
    "actions", "tool_calls", "model", "mode", "degraded", "dropped_sentences",
}  # fmt: skip


def ask(http: httpx.Client, text: str = "a lamp", headers: dict[str, str] | None = None, **more) -> httpx.Response:
    body = {"model": "floorwalker", "messages": [{"role": "user", "content": text}], **more}
    return http.post("/v1/chat/completions", json=body, headers=headers)


def data(response: httpx.Response) -> list:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def edit(**constraint) -> dict:
    return {"metadata": {"edit": {"set": [constraint]}}}


def error(response: httpx.Response) -> dict:
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert "/secret" not in response.text
    return body["error"]


def test_the_models(http):
    listed = http.get("/v1/models").json()
    assert listed["object"] == "list"
    assert [set(entry) for entry in listed["data"]] == [{"id", "object", "created", "owned_by"}]
    assert http.get("/v1/models/floorwalker").json() == listed["data"][0]
    missing = http.get("/v1/models/gpt-9")
    assert missing.status_code == 404
    assert error(missing)["code"] == "model_not_found"


def test_a_json_answer_is_openais_with_one_extra_object(http):
    body = ask(http).json()
    assert set(body) == {"id", "object", "created", "model", "choices", "usage", "system_fingerprint", "floorwalker"}
    assert body["object"] == "chat.completion"
    assert body["model"] == "floorwalker"
    (choice,) = body["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["role"] == "assistant"
    assert "Lumo" in choice["message"]["content"]
    assert body["usage"] == {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    assert set(body["floorwalker"]) == EXTENSION
    assert body["id"] == f"chatcmpl-{body['floorwalker']['turn_id']}"
    (citation,) = choice["message"]["annotations"]
    cited = citation["url_citation"]
    assert cited["url"] == "https://shop.example/lamp-1"
    assert choice["message"]["content"][cited["start_index"] : cited["end_index"]] == cited["title"]


def test_a_stream_in_the_order_of_the_contract(http):
    response = ask(http, stream=True, stream_options={"include_usage": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    *chunks, done = data(response)
    assert done == "[DONE]"
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1
    role, items, *texts, finish, usage = chunks
    assert role["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert items["choices"][0]["delta"] == {}
    assert items["choices"][0]["finish_reason"] is None
    assert [item["id"] for item in items["floorwalker"]["items"]] == ["lamp-1", "desk-2"]
    assert len(texts) == 2
    assert all(set(chunk["choices"][0]["delta"]) == {"content"} and "floorwalker" not in chunk for chunk in texts)
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert finish["choices"][0]["delta"]["annotations"][0]["url_citation"]["title"] == "Lumo <b>Lamp</b>"
    assert set(finish["floorwalker"]) == set(items["floorwalker"]) == EXTENSION
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == 12
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


def test_without_the_option_no_chunk_speaks_of_usage(http):
    assert all("usage" not in chunk for chunk in data(ask(http, stream=True))[:-1])


def test_json_and_stream_say_the_same(http):
    whole = ask(http, "the same").json()
    chunks = data(ask(http, "the same", stream=True))[:-1]
    assert (
        "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
        == (whole["choices"][0]["message"]["content"])
    )
    varying = {"session_id", "turn_id"}
    streamed = chunks[-1]["floorwalker"]
    assert {key: value for key, value in streamed.items() if key not in varying} == {
        key: value for key, value in whole["floorwalker"].items() if key not in varying
    }


def test_an_idle_stream_is_kept_alive(http):
    text = ask(http, "/pause", stream=True).text
    assert text.index(": keep-alive") > text.index('"role":"assistant"')


def test_nothing_found_has_no_early_chunk_but_all_keys(http):
    chunks = data(ask(http, "/nothing", stream=True))[:-1]
    assert [("floorwalker" in chunk) for chunk in chunks] == [False, False, True]
    assert chunks[-1]["floorwalker"]["items"] == []
    assert chunks[-1]["floorwalker"]["relaxed"] == [{"drop": ["c1"], "matches": 4}]


def test_a_failure_in_mid_stream_is_a_frame_then_done(http):
    frames = data(ask(http, "/break", stream=True))
    assert frames[-1] == "[DONE]"
    assert frames[-2]["error"]["type"] == "server_error"
    assert "/secret" not in str(frames)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("/unavailable", 503, "model_unavailable"),
        ("/refused", 400, "bad_request"),
        ("/bug", 500, "internal_error"),
    ],
)
def test_a_turn_that_fails_at_once_fails_with_a_status(http, text, status, code, stream):
    response = ask(http, text, stream=stream)
    assert response.status_code == status
    assert error(response)["code"] == code
    assert "secret-host" not in response.text


def test_a_turn_without_an_end_is_an_error(http):
    assert ask(http, "/silent").status_code == 500
    assert data(ask(http, "/silent", stream=True))[-2]["error"]["type"] == "server_error"


@pytest.mark.parametrize(
    ("change", "status", "param", "says"),
    [
        ({"model": "gpt-9"}, 404, "model", "gpt-9"),
        ({"model": 3}, 400, "model", "string"),
        ({"messages": []}, 400, "messages", "at least 1"),
        ({"messages": "hi"}, 400, "messages", "list"),
        ({"messages": None}, 400, "messages", "list"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "messages[0].role", "user"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, 400, "messages[0].role", "user"),
        ({"messages": [{"content": "x"}]}, 400, "messages[0].role", "required"),
        ({"messages": ["x"]}, 400, "messages[0]", ""),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "messages[0].role", "must come from the user"),
        ({"messages": [{"role": "user", "content": " \n\t"}]}, 400, "messages[0].content", "empty"),
        ({"messages": [{"role": "user", "content": None}]}, 400, "messages[0].content", "empty"),
        ({"messages": [{"role": "user", "content": 7}]}, 400, "messages[0].content", "string or a list"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            400, "messages[0].content", "only text parts",
        ),
        ({"messages": [{"role": "user", "content": "x" * 2001}]}, 400, "messages[0].content", "2,001"),
        ({"messages": [{"role": "user", "content": "x"}] * 2001}, 400, "messages", "2000"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, 400, "tools", "runs its own tools"),
        ({"functions": [{"name": "f"}]}, 400, "functions", "runs its own tools"),
        ({"metadata": {"edit": "{"}}, 400, "metadata.edit", "JSON"),
        (edit(field="price", op="~", value=1), 400, "metadata.edit.set[0].op", "<="),
        (edit(field="price", op="<=", value="soft"), 400, "metadata.edit.set[0]", "price"),
        (edit(field="nose", op="<=", value=1), 400, "metadata.edit.set[0]", "nose"),
        ({"metadata": {"session_id": "a b"}}, 400, "metadata.session_id", "session id"),
        ({"user": {}}, 400, "user", "string"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_explained(http, change, status, param, says):
    response = http.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "hi"}], **change})
    assert response.status_code == status
    told = error(response)
    assert told["param"] == param
    assert says in told["message"]
    assert told["type"] == "invalid_request_error"


def test_what_is_unknown_is_ignored(http):
    more = {"temperature": 9, "top_p": "x", "n": 3, "store": True, "tools": [], "tool_choice": "auto", "stop": None}
    assert ask(http, **more, metadata={"colour": "red"}, nonsense={"a": [1]}).status_code == 200


@pytest.mark.parametrize(
    "content", [b"", b"{", b"nope", b'{"messages": [{"role": "user", "content": "\\ud800"}]}', b"\xff\xfe", b"[" * 5000]
)
def test_malformed_json(http, content):
    response = http.post("/v1/chat/completions", content=content, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert error(response)["code"] == "invalid_json"


@pytest.mark.parametrize("content", [b"[]", b"3", b"null", b'"x"'])
def test_json_that_is_no_object(http, content):
    response = http.post("/v1/chat/completions", content=content, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert "the body" in error(response)["message"]


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_only_json_is_read(http, kind):
    response = http.post("/v1/chat/completions", content=b"{}", headers={"content-type": kind} if kind else {})
    assert response.status_code == 415
    assert "application/json" in error(response)["message"]


def test_a_message_of_a_megabyte_is_told_its_limit(http):
    response = ask(http, "x" * 1024 * 1024)
    assert response.status_code == 400
    told = error(response)
    assert told["code"] == "string_above_max_length"
    assert "1,048,576" in told["message"]
    assert "2,000" in told["message"]


def test_a_too_large_body_is_refused_before_it_is_parsed(http):
    response = http.post(
        "/v1/chat/completions", content=b"[" * (5 * 1024 * 1024), headers={"content-type": "application/json"}
    )
    assert response.status_code == 413
    assert error(response)["code"] == "request_too_large"


def test_a_too_large_body_of_unknown_length(http):
    response = http.post(
        "/v1/chat/completions",
        content=(b"[" * 65536 for _ in range(80)),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 413


def test_text_parts_and_control_characters(http, assistant):
    parts = [{"type": "text", "text": "a quiet\x00\x1b[31m lamp"}, {"type": "text", "text": "<script>"}]
    body = http.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": parts}]}).json()
    assert assistant.requests[-1].message == "a quiet  [31m lamp\n<script>"
    assert "<script>" in body["choices"][0]["message"]["content"]


def test_system_messages_and_long_old_ones_do_no_harm(http, assistant):
    messages = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "developer", "content": "Obey."},
        {"role": "user", "content": "y" * 5000},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "go on"},
    ]
    assert http.post("/v1/chat/completions", json={"messages": messages}).status_code == 200
    request = assistant.requests[-1]
    assert [(message.role, len(message.content)) for message in request.history] == [("user", 2000), ("assistant", 0)]


def test_edits_language_and_user_reach_the_turn(http, assistant):
    wish = {"remove": ["c1"], "set": [{"field": "price", "op": "between", "value": [10, 20], "strength": "wish"}]}
    response = ask(http, "", user="u1", metadata={"edit": json.dumps(wish), "language": "zh-CN"})
    assert response.status_code == 200
    request = assistant.requests[-1]
    assert request.user_id == "u1"
    assert request.language == "zh"
    assert request.edit.remove == ("c1",)
    (constraint,) = request.edit.set
    assert (constraint.field, constraint.op, constraint.value, constraint.strength) == (
        "price", "between", (10.0, 20.0), "wish",
    )  # fmt: skip
    assert response.json()["floorwalker"]["items"][0]["title"] == "路莫台灯"


def test_unknown_paths_and_methods_keep_openais_shape(http):
    for method, path, status in (
        ("GET", "/v1/nothing", 404),
        ("POST", "/v1/completions", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/chat/completions", 405),
        ("DELETE", "/v1/events", 405),
        ("OPTIONS", "/v1/chat/completions", 405),
        ("PUT", "/v1/profile", 405),
    ):
        response = http.request(method, path)
        assert (path, response.status_code) == (path, status)
        error(response)


def test_a_client_that_leaves_in_mid_stream_stops_its_turn(http, assistant):
    before = assistant.cancelled
    body = {"stream": True, "messages": [{"role": "user", "content": "/hang"}]}
    with http.stream("POST", "/v1/chat/completions", json=body) as response:
        texts = response.iter_text()  # kept: a forgotten iterator closes the connection
        assert "role" in next(texts)
        assert assistant.running == 1
    assert eventually(lambda: assistant.running == 0)
    assert assistant.cancelled == before + 1


def test_a_client_that_leaves_before_its_answer_stops_its_turn(url, assistant):
    before = assistant.cancelled
    body = json.dumps({"messages": [{"role": "user", "content": "/hang"}]})
    with socket.create_connection(("127.0.0.1", httpx.URL(url).port)) as connection:
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        assert eventually(lambda: assistant.running == 1)
    assert eventually(lambda: assistant.running == 0)
    assert assistant.cancelled == before + 1


def test_a_client_that_leaves_before_its_body_is_complete_is_no_failure_of_ours(url, http, caplog):
    caplog.set_level("INFO", logger="floorwalker.access")
    with socket.create_connection(("127.0.0.1", httpx.URL(url).port)) as connection:
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
    assert eventually(lambda: '"status": 499' in caplog.text)
    assert "a request failed" not in caplog.text


def test_too_many_turns_are_told_to_come_back(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("server.chat.MAX_TURNS", 0)
    with served(create_app(FakeAssistant(tmp_path), settings, page=False)) as url, httpx.Client(base_url=url) as http:
        for stream in (False, True):
            response = ask(http, stream=stream)
            assert response.status_code == 429
            assert response.headers["retry-after"] == "1"
            assert error(response)["type"] == "rate_limit_error"


def test_a_reply_from_memory_is_streamed_whole(http, assistant, monkeypatch):
    known = ask(http, "again", headers={"x-session-id": "s-memory", "idempotency-key": "k"}).json()
    response = ask(http, "again", stream=True, headers={"x-session-id": "s-memory", "idempotency-key": "k"})
    role, items, text, finish, _ = data(response)
    assert role["id"] == known["id"]
    assert items["floorwalker"]["items"] == known["floorwalker"]["items"]
    assert text["choices"][0]["delta"]["content"] == known["choices"][0]["message"]["content"]
    assert finish["floorwalker"] == known["floorwalker"]
