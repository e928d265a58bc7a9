"""The launcher of vLLM, with an environment that looks like it: start, causes of failure, restart, and every end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.errors import ModelUnavailable, SettingsError
from core.settings import Settings
from server import vllm as launcher
from server import vllm_machine, vllm_start
from server.vllm import VllmServer
from server.vllm_causes import cause
from server.vllm_machine import Environment, Gpu, environment, gpus
from server.vllm_plan import family_of, plan
from tests.llm import fake_vllm

ROOT = Path(__file__).resolve().parent.parent.parent
H200 = Gpu("NVIDIA H200", 139.8, 9.0)
L4 = Gpu("NVIDIA L4", 22.5, 8.9)
A10 = Gpu("NVIDIA A10G", 22.5, 8.6)
T4 = Gpu("Tesla T4", 15.0, 7.5)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_VLLM", str(tmp_path))
    monkeypatch.setattr(launcher, "LOOK", 0.2)
    monkeypatch.setattr(launcher, "FIRST_PAUSE", 0.05)
    return tmp_path


@pytest.fixture
def python(folder):
    return fake_vllm.make(folder / "environment")


@pytest.fixture
def server(folder, python):
    made = VllmServer(Environment(python, "9.9", False), plan("org/model", (), ""), folder / "run")
    yield made
    made.stop()


def pids(folder):
    return [int(pid) for line in (folder / "pids").read_text().splitlines() for pid in line.split()]


def alive(folder):
    def runs(pid):
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return [pid for pid in pids(folder) if runs(pid)]


def eventually(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come true")


# -- start and end -----------------------------------------------------------------------------------------------------


async def test_it_starts_answers_and_leaves_nothing_behind(server, folder, monkeypatch):
    from agent.llm.client import ModelClient
    from agent.llm.wire import ModelCall

    monkeypatch.setenv("FLOORWALKER_API_KEY", "ours")  # must not reach the child
    monkeypatch.setenv("FAKE_VLLM_SECONDS", "0.7")
    told = []
    server.start()
    endpoint = server.ready(lambda seconds, line: told.append(seconds))
    assert told
    client = ModelClient(endpoint.url, model=endpoint.model, key=endpoint.key)
    assert (await client.complete(ModelCall(({"role": "user", "content": "hi"},)))).text == "Hello from the child."
    await client.close()
    assert len(alive(folder)) == 2
    server.stop()
    eventually(lambda: not alive(folder))
    assert (folder / "left").read_text() == "in order\n"
    assert "--host 127.0.0.1" in (folder / "argv").read_text()


FAILURES = {
    "no GPU": ("RuntimeError: Failed to infer device type", "no GPU that it can use"),
    "driver": ("ImportError: libcuda.so.1: cannot open shared object file", "no GPU that it can use"),
    "weights": ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "does not fit into memory"),
    "share": (
        "ValueError: Free memory on device (3.1/22.0 GiB) on startup is less than desired GPU memory utilization",
        "does not fit into memory",
    ),
    "cache": ("ValueError: No available memory for the cache blocks.", "does not fit into memory"),
    "unknown": (
        "OSError: org/model is not a local folder and is not a valid model identifier listed on 'https://hub'",
        "cannot be found",
    ),
    "offline": (
        "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder",
        "cannot be found",
    ),
    "gated": ("OSError: You are trying to access a gated repo. 401 Client Error.", "HF_TOKEN"),
    "port": ("OSError: [Errno 98] error while attempting to bind: address already in use", "port is in use"),
    "option": ("api_server.py: error: unrecognized arguments: --nonsense", "--vllm-args"),
    "architecture": ("ValueError: Model architectures ['Foo'] are not supported for now.", "newer vLLM"),
    "something new": ("ZeroDivisionError: the moon is in the wrong house", "the moon is in the wrong house"),
}


@pytest.mark.parametrize(("line", "words"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failed_start_tells_the_cause(server, folder, line, words):
    (folder / "failure").write_text(f"Traceback (most recent call last):\n  File x\n{line}\n")
    server.start()
    with pytest.raises(ModelUnavailable, match="vLLM did not start") as told:
        server.ready()
    assert words in str(told.value)
    assert str(server.log) in str(told.value)
    eventually(lambda: not alive(folder))


def test_prefixes_of_the_log_are_left_out():
    line = "(EngineCore pid=12) ERROR 11-22 19:28:34 [core.py:1] torch.OutOfMemoryError: CUDA out of memory."
    assert cause(f"{line}\nlater\n").endswith("(torch.OutOfMemoryError: CUDA out of memory.)")
    assert cause("") == "it said nothing"


def test_a_port_in_use_is_told(folder, python):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        options = f"--port {listener.getsockname()[1]}"
        made = VllmServer(Environment(python, "9.9", False), plan("org/model", (), options), folder / "run")
        made.start()
        with pytest.raises(ModelUnavailable, match="port is in use"):
            made.ready()


def test_a_crash_is_followed_by_a_restart_on_the_same_port(server, folder):
    server.start()
    first = server.ready()
    victim = server.pid
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: server.restarts == 1 and server.pid != victim and server.healthy())
    assert server.ready() == first
    assert len(alive(folder)) == 2, "the crashed one's worker is gone too"


def test_a_server_that_is_stuck_is_started_again(server, folder):
    server.start()
    server.ready()
    (folder / "stuck").touch()
    eventually(lambda: server.restarts == 1 and server.healthy())
    assert len(alive(folder)) == 2


def test_a_start_can_be_given_up(server, folder, monkeypatch):
    monkeypatch.setenv("FAKE_VLLM_SECONDS", "100")
    server.start()
    with pytest.raises(ModelUnavailable, match="not ready after"):
        server.ready(limit=1.0)
    eventually(lambda: not alive(folder))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_goes_down_with_us_however_we_end(folder, python, end):
    script = f"""
import signal, time
from contextlib import suppress
from pathlib import Path
from core.settings import Settings
from server.vllm_start import model_server
signal.signal(signal.SIGTERM, signal.default_int_handler)
settings = Settings(llm="vllm:org/model", vllm_python=Path({str(python)!r}), data_dir=Path({str(folder)!r}))
with suppress(KeyboardInterrupt), model_server(settings) as found:
    print(found.llm, flush=True)
    time.sleep(100)
"""
    ours = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert ours.stdout.readline().startswith("http://127.0.0.1:")
    assert len(alive(folder)) == 2
    ours.send_signal(end)
    ours.wait(30)
    ours.stdout.close()
    eventually(lambda: not alive(folder))


# -- what to start -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cards", "model", "more"), [
    ([H200], "Qwen/Qwen3.6-35B-A3B", []),
    ([L4], "Qwen/Qwen3.5-9B", ["--quantization fp8"]),
    ([L4, L4], "Qwen/Qwen3.5-9B", ["--tensor-parallel-size 2"]),
    ([A10], "Qwen/Qwen3.5-4B", []),
    ([T4], "Qwen/Qwen3.5-4B", []),
    ([T4, H200], "Qwen/Qwen3.6-35B-A3B", []),
    ([Gpu("small", 8.0, 8.9)], "Qwen/Qwen3.5-4B", ["--quantization fp8", "--max-model-len 16384"]),
    ([Gpu("small", 4.0, 7.5)], "Qwen/Qwen3.5-0.8B", []),
])  # fmt: skip
def test_the_model_is_chosen_by_memory_and_chip(cards, model, more):
    found = plan("", cards, "")
    text = " ".join(found.options)
    assert found.model == model
    assert "--tool-call-parser qwen3_coder --reasoning-parser qwen3" in text
    assert '{"enable_thinking": false}' in text
    assert all(option in text for option in more)
    assert ("--quantization" in text) == any("--quantization" in option for option in more)


@pytest.mark.parametrize("cards", [[], [Gpu("tiny", 2.0, 7.5)]])
def test_where_nothing_fits_it_says_so(cards):
    with pytest.raises(SettingsError, match="no model of the table fits"):
        plan("", cards, "")


@pytest.mark.parametrize(("name", "tools", "thought"), [
    ("Qwen/Qwen3.6-27B-FP8", "qwen3_coder", "qwen3"), ("Qwen/Qwen3-8B-AWQ", "hermes", "qwen3"),
    ("Qwen/Qwen2.5-7B-Instruct", "hermes", None), ("openai/gpt-oss-20b", "openai", "openai_gptoss"),
    ("google/gemma-4-12b-it", "gemma4", "gemma4"), ("mistralai/Ministral-3-8B", "mistral", None),
    ("meta-llama/Llama-3.3-70B-Instruct", "llama3_json", None), ("zai-org/GLM-4.7-Flash", "glm47", "glm47"),
    ("ibm-granite/granite-4.0-h-tiny", "granite4", None), ("acme/something", "hermes", None),
])  # fmt: skip
def test_parsers_follow_the_family(name, tools, thought):
    found = family_of(name)
    assert (found.tool_parser, found.reasoning_parser) == (tools, thought)


@pytest.mark.parametrize(("kind", "tools"), [("qwen3_5_moe", "qwen3_coder"), ("qwen2", "hermes"), ("lfm2", "lfm2")])
def test_a_folder_is_known_by_its_config(tmp_path, kind, tools):
    (tmp_path / "config.json").write_text(f'{{"model_type": "{kind}", "max_position_embeddings": 4096}}')
    assert family_of(str(tmp_path)).tool_parser == tools
    assert "--max-model-len 4096" in " ".join(plan(str(tmp_path), (), "").options)


def test_the_build_for_cpus_reads_prompts_whole():
    assert "--no-enable-chunked-prefill --max-num-batched-tokens 32768" in " ".join(plan("org/model", (), "").options)
    assert "chunked" not in " ".join(plan("org/model", (L4,), "").options)


def test_what_the_operator_says_wins():
    said = "--tool-call-parser hermes --max-model-len=8192 --no-enable-prefix-caching --lora-modules a=/x b=/y"
    options = " ".join(plan("Qwen/Qwen3.5-9B", (L4,), said).command(8123))
    assert options.count("--tool-call-parser") == 1
    assert "--tool-call-parser hermes" in options
    assert "32768" not in options
    assert "--enable-prefix-caching" not in options.replace("--no-enable-prefix-caching", "")
    assert options.endswith("--lora-modules a=/x b=/y")
    with pytest.raises(SettingsError, match="FLOORWALKER_VLLM_ARGS"):
        plan("org/model", (), "--x 'unclosed")


# -- the machine -------------------------------------------------------------------------------------------------------


def fake_smi(folder, text, status=0):
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\ncat <<'EOF'\n{text}\nEOF\nexit {status}\n")
    tool.chmod(0o755)
    return str(folder)


CARDS = "0, GPU-aa, NVIDIA L4, 23034, 8.9\n1, GPU-bb, NVIDIA H200, 143771, 9.0"


@pytest.mark.parametrize(("visible", "names"), [
    (None, ["NVIDIA L4", "NVIDIA H200"]), ("1", ["NVIDIA H200"]), ("GPU-aa", ["NVIDIA L4"]), ("", []), ("-1", []),
])  # fmt: skip
def test_cards_are_seen(tmp_path, monkeypatch, visible, names):
    monkeypatch.setenv("PATH", fake_smi(tmp_path, CARDS), prepend=":")
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    found = gpus()
    assert [gpu.name for gpu in found] == names
    assert all(20 < gpu.memory < 145 for gpu in found)


def test_a_driver_that_fails_is_no_card(tmp_path, monkeypatch):
    broken = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
    monkeypatch.setenv("PATH", fake_smi(tmp_path, broken, 9), prepend=":")
    assert gpus() == ()


def test_an_environment_is_asked_for_its_vllm(python, tmp_path):
    found = environment(Settings(vllm_python=python))
    assert (found.version, found.python) == ("9.9", python)
    assert environment(Settings(vllm_python=tmp_path / "none")) is None
    assert environment(Settings(vllm_python=Path("/bin/true"))) is None


def test_auto_serves_embedded_without_a_card_and_says_how_to_get_more(monkeypatch, python):
    monkeypatch.setattr(vllm_start, "gpus", lambda: ())
    settings = Settings(llm="auto", vllm_python=python)
    with vllm_start.model_server(settings) as found:
        assert found.llm == "embedded"
    assert "make vllm" in vllm_start.more(settings)


def test_auto_starts_vllm_where_card_and_environment_are(monkeypatch, python, folder):
    monkeypatch.setattr(vllm_start, "gpus", lambda: (L4,))
    settings = Settings(llm="auto", vllm_python=python, data_dir=folder)
    with vllm_start.model_server(settings) as found:
        assert found.llm.startswith("http://127.0.0.1:")
        assert found.llm_key.get_secret_value()
    eventually(lambda: not alive(folder))
    assert "--model Qwen/Qwen3.5-9B" in (folder / "argv").read_text()


def test_auto_serves_embedded_when_vllm_fails(monkeypatch, python, folder, caplog):
    (folder / "failure").write_text("RuntimeError: CUDA out of memory")
    monkeypatch.setattr(vllm_start, "gpus", lambda: (L4,))
    with vllm_start.model_server(Settings(llm="auto", vllm_python=python, data_dir=folder)) as found:
        assert found.llm == "embedded"
    assert "does not fit into memory" in caplog.text


def test_vllm_that_is_asked_for_and_missing_is_an_error(tmp_path):
    settings = Settings(llm="vllm:org/model", vllm_python=tmp_path / "none")
    with pytest.raises(SettingsError, match="make vllm"), vllm_start.model_server(settings):
        pass


def test_an_address_is_left_alone():
    settings = Settings(llm="http://localhost:1234/v1")
    with vllm_start.model_server(settings) as found:
        assert found is settings
    assert vllm_machine.python_of(settings).name == "python"
