"""What the operator sees of the model: doctor and /metrics."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from core.errors import ModelUnavailable, SettingsError, WrongModel
from core.settings import Settings
from server import vllm_doctor
from server.model import ModelCollector, acquainted
from server.vllm_machine import Gpu
from tests.llm import fake_vllm
from tests.llm.asking import ASK, WITH_TOOLS
from tests.llm.scripted import ScriptedServer, call, fail, say

L4 = Gpu("NVIDIA L4", 22.5, 8.9)


def page(client):
    registry = CollectorRegistry()
    registry.register(ModelCollector(lambda: client))
    return generate_latest(registry).decode()


async def test_metrics_show_tokens_retries_and_the_breaker(server, client):
    server.script = [fail(500), say("Hello there."), call("recommend_items", query="x"), *[fail(500)] * 6]
    await client.complete(ASK)
    await client.complete(WITH_TOOLS)
    assert 'floorwalker_llm_breaker{state="closed"} 1.0' in page(client)
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            await client.complete(ASK)
    text = page(client)
    assert 'floorwalker_llm_calls_total{outcome="ok"} 2.0' in text
    assert 'floorwalker_llm_calls_total{outcome="model_unavailable"} 3.0' in text
    assert 'floorwalker_llm_retries_total{model="scripted"} 4.0' in text
    assert 'floorwalker_llm_tool_calls_total{found_in="wire"} 1.0' in text
    assert 'floorwalker_llm_breaker{state="open"} 1.0' in text
    used = client.report().tokens
    assert used["completion"] > 3
    assert f'floorwalker_llm_tokens_total{{kind="completion"}} {float(used["completion"])}' in text


def test_without_a_model_there_is_nothing_to_measure():
    assert page(None) == ""


async def test_the_model_is_asked_at_start_what_it_can_do(server, client, caplog):
    async with acquainted(client):
        assert client.capabilities.tools == "native"
        assert len(server.probes) == 2


async def test_a_server_that_is_down_at_start_is_told_and_no_obstacle(server, client, caplog):
    server.down = True
    async with acquainted(client):
        assert "The embedded model answers" in caplog.text


def test_doctor_asks_an_address():
    with ScriptedServer(key="k", native=False) as server:
        said = vllm_doctor.answers(Settings(llm=server.url, llm_key="k"))
        assert "scripted: plans in JSON instead of tool calls, 32,768 tokens of context" in said
        with pytest.raises(WrongModel, match="The embedded model would answer"):
            vllm_doctor.answers(Settings(llm=server.url, llm_key="k", llm_model="gone"))


def test_doctor_says_what_this_machine_can_run(monkeypatch, tmp_path):
    python = fake_vllm.make(tmp_path)
    settings = Settings(vllm_python=python)
    monkeypatch.setattr(vllm_doctor, "gpus", lambda: (L4,))
    assert vllm_doctor.gpu(settings) == "NVIDIA L4, 22 GiB"
    assert vllm_doctor.fits(settings) == "Qwen/Qwen3.5-9B (qwen3.5, fp8)"
    assert vllm_doctor.answers(settings) == "--llm auto: Qwen/Qwen3.5-9B (qwen3.5, fp8)"
    assert vllm_doctor.vllm(settings) == f"9.9 at {python}"
    monkeypatch.setattr(vllm_doctor, "gpus", lambda: ())
    assert "no CUDA card" in vllm_doctor.gpu(settings)
    assert "the embedded model" in vllm_doctor.answers(settings)
    monkeypatch.setattr(vllm_doctor, "gpus", lambda: (Gpu("old", 2.0, 6.1),))
    assert "nothing" in vllm_doctor.fits(settings) or "no model" in vllm_doctor.fits(settings)
    assert "the embedded model" in vllm_doctor.answers(settings)


def test_doctor_complains_of_a_vllm_that_was_named_and_is_not_there(tmp_path):
    with pytest.raises(SettingsError, match="make vllm"):
        vllm_doctor.vllm(Settings(vllm_python=tmp_path / "none"))
    with pytest.raises(SettingsError, match="no vLLM"):
        vllm_doctor.answers(Settings(llm="vllm:org/model", vllm_python=tmp_path / "none"))
