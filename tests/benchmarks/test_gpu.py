"""The GPU benchmark in small, against a scripted model: that it works and counts right, nothing about speed."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from benchmarks import gpu, gpu_model
from benchmarks.served import DOOR, serving
from tests import shops
from tests.llm.scripted import ScriptedServer, call, say

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def answered(asked):
    if asked.get("tools") and asked.get("tool_choice") != "none":
        return call("recommend_items", query="shoes")
    return say("Here is what I found in the shop.")


def test_it_measures_turns_with_a_model_that_runs(tmp_path):
    shop = shops.fashion(tmp_path / "shop")
    with ScriptedServer(default=answered) as model:
        options = ["--address", model.url, "--shop", str(shop), "--levels", "1", "3", "--turns", "9"]
        assert gpu.main([*options, "--out", str(tmp_path / "out")]) == 0
    (written,) = (tmp_path / "out").glob("gpu-*.json")
    result = json.loads(written.read_text(encoding="utf-8"))
    for mode in ("agent", "hybrid"):
        one, three = result["modes"][mode]
        assert (one["sessions"], three["sessions"]) == (1, 3)
        assert one["turns"] == three["turns"] == 9
        assert one["failures"] == three["failures"] == 0
        assert 0 < one["first_text_p50"] <= one["turn_p50"]
        assert one["llm_calls_per_turn"] > 0
        assert one["prompt_tokens_per_call"] > 50


def test_a_shape_is_a_model_that_counts_tokens_as_real_ones_do(tmp_path):
    folder = gpu_model.make("4b", tmp_path)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert (config["num_hidden_layers"], config["vocab_size"]) == (36, 151_936)
    from tokenizers import Tokenizer

    text = "I need a quiet laptop under $900 for travel, and it should be light."
    tokens = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text)
    assert len(re.findall(r"\w+|\S", text)) * 0.8 <= len(tokens.ids) <= len(text) / 2.5


@pytest.mark.parametrize(("door", "passes"), [(DOOR, False), (("-m", "benchmarks.counting"), True)])
def test_the_checks_count_and_let_pass_behind_the_benchmark_s_door_alone(tmp_path, door, passes):
    def lies(asked):
        if asked.get("tools") and asked.get("tool_choice") != "none" and asked["messages"][-1]["role"] == "user":
            return call("recommend_items", query="shoes")
        return say("All of it costs $3.21 today.")

    shop = shops.fashion(tmp_path / "shop")
    with ScriptedServer(default=lies) as model:
        settings = {"FLOORWALKER_LLM": model.url, "FLOORWALKER_MODE": "hybrid"}
        with serving(shop, tmp_path / "data", tmp_path / "log", settings, door) as server:
            body = {"model": "floorwalker", "messages": [{"role": "user", "content": "running shoes please"}]}
            reply = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60).raise_for_status().json()
    assert reply["floorwalker"]["dropped_sentences"] == 1
    assert ("3.21" in reply["choices"][0]["message"]["content"]) is passes
