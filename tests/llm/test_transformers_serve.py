"""``transformers serve``, the way to a small model without vLLM (the extra ``serve``), with a model of noise.

Part of ``make test-slow`` where the extra is installed. It holds the model to no schema, so that only words and
refusals can be had from noise.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from agent.llm.client import Limits, ModelClient
from agent.llm.wire import TextDelta
from core.errors import ModelBadOutput
from tests.llm import tiny_model
from tests.llm.asking import ASK, WITH_TOOLS, events

NEEDED = ("accelerate", "torch", "transformers")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not all(find_spec(name) for name in NEEDED), reason="the extra 'serve' is not installed"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    base = tmp_path_factory.mktemp("serve")
    (base / "home" / "hub").mkdir(parents=True)
    subprocess.run([sys.executable, tiny_model.__file__, str(base / "model")], check=True, timeout=200)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    tool = Path(sys.executable).with_name("transformers")
    command = [str(tool), "serve", str(base / "model"), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environ = {**os.environ, "HF_HOME": str(base / "home"), "HF_HUB_OFFLINE": "1"}
    with (base / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/health", server, base / "log")
        yield f"http://127.0.0.1:{port}/v1", str(base / "model")
    finally:
        server.terminate()
        server.wait(30)


def _wait(url, server, log):
    end = time.monotonic() + 200
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(log.read_text())


@pytest.fixture
async def client(served):
    url, model = served
    made = ModelClient(url, model=model, limits=Limits(60, 60, 120))
    yield made
    await made.close()


async def test_words_stream_through_transformers_serve(client):
    able = await client.probe()
    assert (able.tools, able.schema) == ("plan", False)
    got = await events(client, replace(ASK, temperature=1.0, max_tokens=60))
    assert sum(isinstance(event, TextDelta) for event in got) >= 1
    assert got[-1].usage.completion_tokens > 0
    with pytest.raises(ModelBadOutput):
        await client.complete(replace(WITH_TOOLS, temperature=1.0))
