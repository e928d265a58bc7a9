"""An environment that looks like vLLM's to the launcher: its server answers, crashes, or fails as it is told."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER = """
import os, signal, subprocess, sys, threading, time
def option(name, default=""):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default
key, port, model = os.environ["VLLM_API_KEY"], int(option("--port")), option("--model")
assert not any(key in word for word in sys.argv), "the key stands in argv"
assert not any(name.startswith("FLOORWALKER_") for name in os.environ), "our settings are passed on"
folder = os.environ["FAKE_VLLM"]
def note(name, text):
    with open(os.path.join(folder, name), "a") as file:
        file.write(text + "\\n")
note("argv", " ".join(sys.argv[1:]))
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
note("pids", f"{os.getpid()} {worker.pid}")
failure = os.path.join(folder, "failure")
if os.path.exists(failure):
    print("INFO 11-22 20:00:00 [launcher.py:1] loading", flush=True)
    sys.exit(open(failure).read())
time.sleep(float(os.environ.get("FAKE_VLLM_SECONDS", "0")))
from tests.llm.scripted import ScriptedServer, say
server = ScriptedServer(default=say("Hello from the child."), key=key, model=option("--served-model-name"))
server.port = port
def leave(*_):
    worker.kill()
    note("left", "in order")
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
try:
    server.start()
except AssertionError:
    sys.exit("OSError: [Errno 98] Address already in use")
while True:
    time.sleep(0.05)
    if os.path.exists(os.path.join(folder, "stuck")):
        server.stop()
        os.unlink(os.path.join(folder, "stuck"))
"""


def make(folder: Path) -> Path:
    """Write the environment to a folder and return its Python."""
    package = folder / "site" / "vllm" / "entrypoints" / "openai"
    package.mkdir(parents=True)
    for path in (package, package.parent, package.parent.parent):
        (path / "__init__.py").touch()
    (package / "api_server.py").write_text(SERVER, encoding="utf-8")
    metadata = folder / "site" / "vllm-9.9.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 9.9\n", encoding="utf-8")
    python = folder / "python"
    found = f"{folder / 'site'}:{ROOT}"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{found}" exec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return python
