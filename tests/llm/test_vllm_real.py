"""A real vLLM, started by our launcher, with a model of noise: what holds is the wire and the life of the process.

Not part of ``make test``: ``make test-vllm``. Such a model calls no tool by itself, so calls are forced by grammars.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from agent.llm.client import Limits, ModelClient
from agent.llm.salvage import arguments_of, json_in
from agent.llm.wire import Finished, ModelCall, TextDelta
from core.errors import ContextOverflow, ModelError, ModelUnavailable, WrongModel
from core.settings import Settings
from server.vllm import VllmServer
from server.vllm_machine import environment, gpus
from server.vllm_plan import plan

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(600)]

MAKE = Path(__file__).with_name("tiny_model.py")
PATIENT = Limits(first_token=60, stall=60, call=120)
TOOL = {
    "type": "function",
    "function": {
        "name": "recommend_items",
        "description": "Recommend items.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {
                "max_price": {"type": "integer", "minimum": 1, "maximum": 999},
                "kind": {"type": "string", "enum": ["lamp", "desk"]},
            },
            "required": ["max_price", "kind"],
            "additionalProperties": False,
        },
    },
}
ASK = ModelCall(({"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}), max_tokens=40)


@pytest.fixture(scope="module")
def found():
    environ = os.environ.get("FLOORWALKER_VLLM_PYTHON")
    there = environment(Settings(vllm_python=Path(environ))) if environ else None
    if there is None:
        pytest.skip("FLOORWALKER_VLLM_PYTHON names no vLLM environment: make test-vllm")
    return there


@pytest.fixture(scope="module")
def model(found, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    subprocess.run([str(found.python), str(MAKE), str(folder)], check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def vllm(found, model, tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "0-1"}.items():
            monkeypatch.setenv(name, value)
        server = VllmServer(found, plan(str(model), gpus(), "--enforce-eager"), tmp_path_factory.mktemp("log"))
        server.start()
        try:
            server.ready(limit=400)
            yield server
        finally:
            started = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
            server.stop()
            assert not [one for one in started if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
async def client(vllm):
    endpoint = vllm.endpoint
    made = ModelClient(endpoint.url, model=endpoint.model, key=endpoint.key, limits=PATIENT)
    yield made
    await made.close()


def running(vllm):
    request = urllib.request.Request(
        vllm.endpoint.url.removesuffix("/v1") + "/metrics",
        headers={"Authorization": f"Bearer {vllm.endpoint.key}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return float(re.search(r"^vllm:num_requests_running\S* (\S+)", answer.read().decode(), re.MULTILINE)[1])


async def test_the_probe_finds_a_model_that_needs_plans(client):
    able = await client.probe()
    assert (able.tools, able.schema, able.context) == ("plan", True, 8192)


async def test_words_stream_with_usage(client):
    async with aclosing(client.stream(ASK)) as stream:
        got = [event async for event in stream]
    assert sum(isinstance(event, TextDelta) for event in got) > 3
    assert isinstance(got[-1], Finished)
    assert 0 < got[-1].usage.completion_tokens <= 40
    assert got[-1].model == "floorwalker-llm"


@pytest.mark.parametrize("seed", range(5))
async def test_plans_follow_the_tools_schemas(client, seed):
    asked = replace(ASK, tools=(TOOL,), tool_choice="required", max_tokens=2000, seed=seed)
    done = await client.complete(asked)
    assert done.calls
    for one in done.calls:
        arguments = arguments_of(one)
        assert one.name == "recommend_items"
        assert 1 <= arguments["max_price"] <= 999
        assert arguments["kind"] in ("lamp", "desk")


@pytest.mark.parametrize("seed", range(5))
async def test_native_calls_stream_when_a_grammar_forces_them(client, seed):
    client._capabilities = replace(await client.probe(), tools="native")
    done = await client.complete(replace(ASK, tools=(TOOL,), tool_choice="required", max_tokens=2000, seed=seed))
    assert done.calls
    assert {one.name for one in done.calls} == {"recommend_items"}
    assert set(arguments_of(done.calls[0])) == {"max_price", "kind"}


async def test_an_answer_follows_a_schema(client):
    schema = {"type": "object", "properties": {"order": {"type": "array", "minItems": 3, "maxItems": 3,
              "items": {"type": "integer", "minimum": 1, "maximum": 3}}}, "required": ["order"],
              "additionalProperties": False}  # fmt: skip
    done = await client.complete(replace(ASK, schema=schema, max_tokens=400))
    assert len(json_in(done.text)["order"]) == 3


async def test_the_history_of_tools_passes_the_template(client):
    client._capabilities = replace(await client.probe(), tools="native")
    call = {"id": "c1", "type": "function", "function": {"name": "recommend_items", "arguments": '{"max_price": 5}'}}
    history = (
        *ASK.messages,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "name": "recommend_items", "content": json.dumps({"items": []})},
    )
    done = await client.complete(replace(ASK, messages=history, tools=(TOOL,), tool_choice="none"))
    assert done.text
    assert not done.calls


async def test_the_prefix_is_cached(client):
    words = " ".join(f"rule {at}: be kind." for at in range(60))
    asked = replace(ASK, messages=({"role": "system", "content": words}, {"role": "user", "content": "hello"}))
    await client.complete(asked)
    again = await client.complete(replace(asked, messages=(asked.messages[0], {"role": "user", "content": "again"})))
    assert again.finished.usage.cached_tokens > 100


async def test_leaving_aborts_the_request_upstream(vllm, client):
    client._transport._extra["ignore_eos"] = True
    asked = replace(ASK, max_tokens=7000)
    async with aclosing(client.stream(asked)) as stream:
        async for event in stream:
            assert isinstance(event, TextDelta)
            break
        assert await asyncio.to_thread(running, vllm) == 1
    for _ in range(40):
        if await asyncio.to_thread(running, vllm) == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("vLLM goes on with a request that nobody waits for")


async def test_errors_are_told_apart(vllm, client):
    with pytest.raises(ContextOverflow):
        await client.complete(replace(ASK, messages=({"role": "user", "content": "hello " * 20_000},)))
    wrong = ModelClient(vllm.endpoint.url, key="wrong", limits=PATIENT)
    with pytest.raises(ModelUnavailable, match="refuses the key"):
        await wrong.complete(ASK)
    await wrong.close()
    other = ModelClient(vllm.endpoint.url, model="other", key=vllm.endpoint.key, limits=PATIENT)
    with pytest.raises(WrongModel, match="serves floorwalker-llm, not other"):
        await other.complete(ASK)
    await other.close()
    renamed = replace(await client.probe(), model="other")
    client._capabilities = renamed
    with pytest.raises(WrongModel, match="does not exist"):
        await client.complete(ASK)


async def test_a_long_seeded_prompt_does_not_kill_the_engine(vllm, client):
    asked = replace(ASK, messages=({"role": "user", "content": "a lamp " * 600},), seed=7)
    done = await asyncio.gather(*(client.complete(replace(asked, seed=at)) for at in range(4)), return_exceptions=True)
    assert any(not isinstance(one, BaseException) for one in done), done
    assert vllm.restarts == 0


async def test_many_at_once(client):
    done = await asyncio.gather(*(client.complete(replace(ASK, seed=at)) for at in range(32)), return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in done) >= 30, done  # noise may be empty twice


async def test_after_a_crash_the_same_address_answers_again(vllm, client):
    await client.probe()
    victim = vllm.pid
    workers = psutil.Process(victim).children(recursive=True)
    os.kill(victim, signal.SIGKILL)
    with pytest.raises(ModelError):
        await client.complete(ASK)
    end = time.monotonic() + 300
    while not (vllm.pid != victim and vllm.healthy()):
        assert time.monotonic() < end
        await asyncio.sleep(0.5)
    assert not [one for one in workers if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    client.breaker.succeeded()
    assert (await client.complete(ASK)).finished.usage.completion_tokens
    assert vllm.restarts == 1


def test_a_folder_without_a_model_is_told(found, tmp_path):
    server = VllmServer(found, plan(str(tmp_path), gpus(), ""), tmp_path / "log")
    server.start()
    with pytest.raises(ModelUnavailable, match="the model cannot be found"):
        server.ready(limit=200)
    server.stop()
