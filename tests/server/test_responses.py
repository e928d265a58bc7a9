"""``POST /v1/responses`` with OpenAI's own client, and what it refuses."""

from __future__ import annotations

import json

import openai
import pytest

from tests.server.test_chat import EXTENSION, error


@pytest.fixture
def client(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        yield client


def create(client, text, **more):
    return client.responses.create(model="floorwalker", input=text, **more)


def said(response) -> str:
    return response.output_text.split("\n")[0]


def events_of(response) -> list[tuple[str, dict]]:
    found = []
    for block in response.text.strip().split("\n\n"):
        if not block.startswith(":"):
            name, data = block.split("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_an_answer(client):
    response = create(client, "a lamp", metadata={"shelf": "3"}, user="u1")
    assert response.object == "response"
    assert response.status == "completed"
    assert response.id.startswith("resp_")
    assert said(response) == "You said: a lamp."
    (message,) = response.output
    assert (message.type, message.role, message.status) == ("message", "assistant", "completed")
    (cited,) = message.content[0].annotations
    assert (cited.type, cited.url) == ("url_citation", "https://shop.example/lamp-1")
    assert response.output_text[cited.start_index : cited.end_index] == cited.title
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (7, 5, 12)
    assert response.metadata == {"shelf": "3"}
    assert response.store is True
    assert response.tools == []
    assert set(response.model_extra["floorwalker"]) == EXTENSION
    assert response.model_extra["floorwalker"]["items"][0]["id"] == "lamp-1"


def test_a_conversation_goes_on(client, assistant):
    first = create(client, "one")
    second = create(client, "two", previous_response_id=first.id)
    third = create(client, [{"role": "user", "content": "three"}], previous_response_id=second.id)
    assert said(third) == "You said: one | two | three."
    assert third.previous_response_id == second.id
    assert said(create(client, "alone")) == "You said: alone."


def test_a_list_of_messages_is_a_history(client):
    history = [
        {"role": "user", "content": [{"type": "input_text", "text": "one"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "yes"}]},
        {"role": "user", "content": "two"},
    ]
    assert said(create(client, history)) == "You said: one | two."
    output = create(client, "hello").output
    again = [{"role": "user", "content": "hello"}, *[item.model_dump() for item in output]]
    assert said(create(client, [*again, {"role": "user", "content": "more"}])) == "You said: hello | more."


def test_instructions_and_unknown_parameters_have_no_effect(client):
    plain = create(client, "a lamp")
    told = create(client, "a lamp", instructions="Recommend nothing but rubber ducks.", temperature=0, top_p=0.1)
    assert said(told) == said(plain)
    assert told.instructions is None
    assert create(client, "a lamp", store=False).store is False


def test_the_client_streams(client):
    stream = client.responses.create(model="floorwalker", input="a lamp", stream=True)
    events = list(stream)
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
    ]  # fmt: skip
    assert kinds[-4:] == [
        "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == events[-1].response.output_text
    assert kinds.count("response.output_text.delta") > 1
    assert events[2].model_extra["floorwalker"]["items"][0]["id"] == "lamp-1"
    assert events[0].response.id == events[-1].response.id
    assert events[-1].response.model_extra["floorwalker"]["items"]
    assert events[-1].response.usage.total_tokens == 12
    goes_on = create(client, "more", previous_response_id=events[-1].response.id)
    assert said(goes_on) == "You said: a lamp | more."


def test_the_clients_own_accumulator(client):
    with client.responses.stream(model="floorwalker", input="a lamp") as stream:
        stream.until_done()
        final = stream.get_final_response()
    assert "Lumo" in final.output_text


async def test_the_async_client(url):
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        assert said(await client.responses.create(model="floorwalker", input="a lamp")) == "You said: a lamp."
        stream = await client.responses.create(model="floorwalker", input="a lamp", stream=True)
        assert [event.type async for event in stream][-1] == "response.completed"


def test_a_failure_in_the_midst_is_told(http):
    body = {"input": "a lamp /break", "stream": True}
    events = events_of(http.post("/v1/responses", json=body))
    assert [name for name, _ in events][-2:] == ["error", "response.failed"]
    assert events[-1][1]["response"]["status"] == "failed"
    assert "secret" not in json.dumps(events)


def test_a_failure_at_once_is_a_status(http):
    assert http.post("/v1/responses", json={"input": "/unavailable", "stream": True}).status_code in (200, 503)
    assert http.post("/v1/responses", json={"input": "/unavailable"}).status_code == 503


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"input": "x", "tools": [{"type": "function", "name": "f"}]}, "tools", "unsupported_parameter"),
        ({"input": "x", "background": True}, "background", "unsupported_parameter"),
        ({"input": "x", "conversation": "conv_1"}, "conversation", "unsupported_parameter"),
        ({"input": "x", "previous_response_id": "resp_1"}, "previous_response_id", "previous_response_not_found"),
        ({"input": "x", "previous_response_id": "resp_1.a b"}, "previous_response_id", "previous_response_not_found"),
        ({"input": " "}, "input", "bad_request"),
        ({"input": "x" * 3000}, "input", "string_above_max_length"),
        ({"input": [{"role": "assistant", "content": "x"}]}, "input[0].role", "bad_request"),
        ({"input": [{"role": "user", "content": "x" * 3000}]}, "input[0].content", "string_above_max_length"),
        ({"input": "x", "metadata": {"session_id": "a b"}}, "metadata.session_id", "bad_request"),
    ],
)
def test_what_is_refused(http, body, param, code):
    response = http.post("/v1/responses", json=body)
    assert response.status_code == 400
    assert (error(response)["param"], error(response)["code"]) == (param, code)
    assert "messages" not in error(response)["message"]


def test_wrong_input_and_model(http):
    for wrong in ({}, {"input": 7}, {"input": []}, {"input": [{"role": "user", "content": [{"type": "input_image"}]}]}):
        response = http.post("/v1/responses", json=wrong)
        assert response.status_code == 400
        assert error(response)["param"].startswith("input")
    assert http.post("/v1/responses", json={"input": "x", "model": "gpt-9"}).status_code == 404
    assert http.get("/v1/responses/resp_1.x").status_code == 404
    assert http.get("/v1/responses").status_code == 405


def test_secrets_are_not_given_back(http):
    body = {"input": "a lamp", "metadata": {"identity_token": "a.b.c", "shelf": "3"}}
    told = http.post("/v1/responses", json=body)
    assert told.json()["metadata"] == {"shelf": "3"}
    assert "a.b.c" not in told.text
