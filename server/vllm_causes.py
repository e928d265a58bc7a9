"""Tells from a log of vLLM why it did not start, in plain words and with what to do."""

from __future__ import annotations

import re

CAUSES: tuple[tuple[str, str], ...] = (
    (r"address already in use", "its port is in use: leave --port out of --vllm-args, or name a free one"),
    (
        r"failed to infer device type|no cuda gpus are available|found no nvidia driver|libcuda\.so|"
        r"cuda driver version is insufficient|no supported device detected",
        "there is no GPU that it can use: look at nvidia-smi, or use --llm embedded or an address",
    ),
    (
        r"cuda out of memory|outofmemoryerror|free memory on device .* is less than desired|"
        r"no available memory for the cache blocks|larger than the available kv cache memory|"
        r"larger than the maximum number of tokens that can be stored in kv cache|"
        r"not enough (?:available )?(?:gpu|cpu)? ?memory|unable to allocate|cannot allocate memory",
        "the model does not fit into memory: name a smaller one, or try --vllm-args with --quantization fp8, a smaller "
        "--max-model-len, a smaller --gpu-memory-utilization when others use the card, or --tensor-parallel-size",
    ),
    (
        r"is not a local folder and is not a valid model identifier|repository ?not ?found|repositorynotfounderror|"
        r"localentrynotfounderror|invalid repository id|hfvalidationerror|couldn't connect to|offlinemodeisenabled|"
        r"cannot find the requested files|can't load the configuration|does not appear to have a file named|"
        r"no such file or directory: .*config\.json|outgoing traffic has been disabled",
        "the model cannot be found: name a folder, or a hub id that this machine can download",
    ),
    (
        r"gated repo|401 client error|access to model .* is restricted",
        "the model is gated: accept its licence and set HF_TOKEN",
    ),
    (
        r"architectures? .* (?:are|is) not supported|model type .* but transformers does not recognize",
        "this vLLM does not know the model's architecture: take a newer vLLM (make vllm) or another model",
    ),
    (
        r"unrecognized arguments|invalid choice|error: argument|tool[- ]?(?:call )?parser .* (?:invalid|not found)",
        "an option is wrong: look at --vllm-args and at the line below",
    ),
    (r"no module named", "its environment is incomplete: build it again (rm -r .venv-vllm; make vllm)"),
    (r"no space left on device", "the disk is full"),
)
_PREFIX = re.compile(r"^\(?\w*(?: pid=\d+\))?\s*(?:(?:ERROR|INFO|WARNING) [\d-]+ [\d:]+ \[[^\]]*\]\s*)?")
_TELLING = re.compile(r"(?:error|exception)\b.*:|error:", re.IGNORECASE)
LONGEST = 400


def cause(log: str) -> str:
    """Return why the server stopped: the known cause, what to do, and the log's own line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for pattern, words in CAUSES:
        found = re.compile(pattern, re.IGNORECASE)
        line = next((line for line in reversed(lines) if found.search(line)), None)
        if line is not None:
            return f"{words} ({_short(line)})"
    line = next((line for line in reversed(lines) if _TELLING.search(line)), lines[-1] if lines else "")
    return _short(line) if line else "it said nothing"


def _short(line: str) -> str:
    text = _PREFIX.sub("", line, count=1).strip() or line
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
