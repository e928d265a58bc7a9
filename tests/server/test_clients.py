"""The official client and LangChain's, against a live server."""

from __future__ import annotations

import openai
import pytest
from langchain_openai import ChatOpenAI

from server.app import create_app
from tests.server.fakes import FakeAssistant
from tests.server.serving import served

HELLO = [{"role": "user", "content": "a lamp"}]


@pytest.fixture
def client(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        yield client


def test_openai(client):
    assert [model.id for model in client.models.list()] == ["floorwalker"]
    completion = client.chat.completions.create(model="floorwalker", messages=HELLO)
    assert "Lumo" in completion.choices[0].message.content
    assert completion.choices[0].message.annotations[0].url_citation.url == "https://shop.example/lamp-1"
    assert completion.usage.total_tokens == 12
    assert completion.model_extra["floorwalker"]["items"][0]["id"] == "lamp-1"


def test_openai_streams(client):
    stream = client.chat.completions.create(
        model="floorwalker", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert "Lumo" in text
    assert chunks[-1].usage.total_tokens == 12
    assert chunks[1].model_extra["floorwalker"]["items"][0]["id"] == "lamp-1"
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_openais_stream_accumulator(client):
    with client.chat.completions.stream(model="floorwalker", messages=HELLO) as stream:
        stream.until_done()
        assert "Lumo" in stream.get_final_completion().choices[0].message.content


def test_openai_raises_its_own_errors(client):
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="gpt-9", messages=HELLO)
    assert missing.value.code == "model_not_found"
    assert missing.value.request_id
    with pytest.raises(openai.BadRequestError) as tools:
        client.chat.completions.create(
            model="floorwalker", messages=HELLO, tools=[{"type": "function", "function": {"name": "f"}}]
        )
    assert tools.value.param == "tools"
    with pytest.raises(openai.APIError, match="failed on this request"):
        list(
            client.chat.completions.create(
                model="floorwalker", messages=[{"role": "user", "content": "/break"}], stream=True
            )
        )


async def test_openai_async(url):
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any") as client:
        completion = await client.chat.completions.create(model="floorwalker", messages=HELLO)
        assert "Lumo" in completion.choices[0].message.content
        stream = await client.chat.completions.create(model="floorwalker", messages=HELLO, stream=True)
        texts = [chunk.choices[0].delta.content or "" async for chunk in stream]
        assert "Lumo" in "".join(texts)


def test_a_retried_request_gets_the_same_reply_once(url, assistant):
    """The first attempt's time runs out; the client repeats it, as it does by itself."""
    turns = len(assistant.requests)
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=2, timeout=0.2) as client:
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(
                model="floorwalker",
                messages=[{"role": "user", "content": "/pause"}],
                extra_headers={"X-Session-Id": "retry-session"},
            )
    keys = {request.retry_key for request in assistant.requests[turns:]}
    assert len(assistant.requests) - turns == 3
    assert len(keys) == 1
    assert None not in keys


def test_langchain(url):
    model = ChatOpenAI(base_url=f"{url}/v1", api_key="any", model="floorwalker", stream_usage=True)
    answer = model.invoke("a lamp")
    assert "Lumo" in answer.content
    assert answer.usage_metadata["total_tokens"] == 12
    pieces = list(model.stream([("system", "Be kind."), ("human", "a lamp")]))
    assert "Lumo" in "".join(piece.content for piece in pieces)


async def test_langchain_async(url):
    model = ChatOpenAI(base_url=f"{url}/v1", api_key="any", model="floorwalker")
    assert "Lumo" in (await model.ainvoke("a lamp")).content
    assert "Lumo" in "".join([piece.content async for piece in model.astream("a lamp")])


def test_the_key_is_the_clients_own(settings, tmp_path):
    guarded = settings.model_copy(update={"api_key": _secret("k1,k2")})
    with served(create_app(FakeAssistant(tmp_path), guarded, page=False)) as url:
        for key in ("k1", "k2"):
            with openai.OpenAI(base_url=f"{url}/v1", api_key=key) as client:
                assert client.models.list().data
        with (
            openai.OpenAI(base_url=f"{url}/v1", api_key="k3") as client,
            pytest.raises(openai.AuthenticationError) as refused,
        ):
            client.models.list()
        assert refused.value.code == "invalid_api_key"
        assert "k1" not in str(refused.value)


def _secret(value):
    from pydantic import SecretStr

    return SecretStr(value)
