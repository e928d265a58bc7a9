"""Chooses model and options of vLLM's server: one table, the machine, and what the operator says, which wins."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.errors import SettingsError
from server.vllm_machine import Gpu

TABLE = Path(__file__).with_name("vllm_models.yaml")
NAME = "floorwalker-llm"
"""The name under which the model is served, whatever it is."""


@dataclass(frozen=True, slots=True)
class Family:
    """How models of one kind call tools and think."""

    name: str
    tool_parser: str
    reasoning_parser: str | None
    thinking_off: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start."""

    model: str
    """A hub id or a folder."""
    options: tuple[str, ...]
    """The server's, as on a command line."""
    words: str
    """For the operator: model and why."""

    def command(self, port: int) -> list[str]:
        """Return the options with the address: loopback, since the key guards only a part of the routes."""
        return _merged(["--host", "127.0.0.1", "--port", str(port)], self.options)


def plan(named: str, gpus: Sequence[Gpu], extra: str) -> Plan:
    """Return what to start.

    Args:
        named: the operator's model: hub id, folder, or empty.
        gpus: the cards of this machine.
        extra: the operator's own options, which win over the table's.

    Raises:
        SettingsError: nothing in the table fits, or the options cannot be read.
    """
    table = _table()
    given = _split(extra)
    chosen, parallel = ({}, 1) if named else _fitting(table["models"], gpus)
    model = named or chosen.get("id", "")
    if not model:
        room = ", ".join(gpu.words() for gpu in gpus) or "no GPU"
        smallest = min(entry["memory"] for entry in table["models"])
        raise SettingsError(
            f"no model of the table fits this machine ({room}); the smallest needs {smallest} GiB. "
            "Name one with --llm vllm:MODEL, or use --llm embedded"
        )
    family = family_of(model)
    options = ["--model", model, "--served-model-name", NAME, *_common(family)]
    context = chosen.get("context") or _shorter(model, table["context"])
    options += ["--max-model-len", str(context)] if context else []
    if not gpus:
        # vLLM 0.32's CPU build dies of a seeded request whose prompt it reads in pieces.
        options += ["--no-enable-chunked-prefill", "--max-num-batched-tokens", str(max(context or 0, 8192))]
    if chosen.get("quantization"):
        options += ["--quantization", chosen["quantization"]]
    if parallel > 1:
        options += ["--tensor-parallel-size", str(parallel)]
    how = f", {chosen['quantization']}" if chosen.get("quantization") else ""
    how += f", on {parallel} GPUs" if parallel > 1 else ""
    return Plan(model, tuple(_merged(options, given)), f"{model} ({family.name}{how})")


def family_of(model: str) -> Family:
    """Return how a model calls tools, by its name: for a folder also by the architecture in its config."""
    name = model.lower()
    config = Path(model) / "config.json"
    if config.is_file():
        kind = json.loads(config.read_text(encoding="utf-8")).get("model_type", "")
        name = f"{Path(model).name.lower()} {_spelled(str(kind))}"
    for entry in _table()["families"]:
        if re.search(entry["pattern"], name):
            thinking = entry.get("thinking_off") or {}
            return Family(entry["name"], entry["tool_parser"], entry.get("reasoning_parser"), thinking)
    raise AssertionError("the table's last family fits every name")


def _spelled(kind: str) -> str:
    """Return an architecture's name as models are named: ``qwen3_5_moe`` is Qwen 3.5, ``qwen2`` was called 2.5."""
    spelled = re.sub(r"(\d)_(\d)", r"\1.\2", kind.lower())
    return {"qwen2": "qwen2.5"}.get(spelled, spelled)


def _common(family: Family) -> list[str]:
    options = ["--enable-auto-tool-choice", "--tool-call-parser", family.tool_parser]
    if family.reasoning_parser:
        options += ["--reasoning-parser", family.reasoning_parser]
    if family.thinking_off:
        options += ["--default-chat-template-kwargs", json.dumps(dict(family.thinking_off))]
    grammar = {"backend": "xgrammar", "disable_any_whitespace": True}  # else answers are padded with blanks
    options += ["--structured-outputs-config", json.dumps(grammar)]
    return [*options, "--enable-prefix-caching", "--enable-prompt-tokens-details", "--disable-uvicorn-access-log"]


def _fitting(models: Iterable[Mapping[str, Any]], gpus: Sequence[Gpu]) -> tuple[Mapping[str, Any], int]:
    """Return the first entry that fits one card, or else several equal ones, and their number."""
    if not gpus:
        return {}, 1
    card = max(gpus, key=lambda gpu: gpu.memory)
    equal = sum(gpu.name == card.name for gpu in gpus)
    most = max(number for number in (1, 2, 4, 8) if number <= equal)
    for entry in models:
        if card.capability < entry.get("capability", 0):
            continue
        for number in (1, 2, 4, 8):
            if number <= most and card.memory * number >= entry["memory"]:
                return entry, number
    return {}, 1


def _shorter(model: str, context: int) -> int | None:
    """Return the context to ask for: no more than a local model has; None for hub ids, whose own is not known here."""
    config = Path(model) / "config.json"
    if not config.is_file():
        return context if "/" in model and not Path(model).exists() else None
    parsed = json.loads(config.read_text(encoding="utf-8"))
    own = parsed.get("max_position_embeddings") or parsed.get("text_config", {}).get("max_position_embeddings")
    return min(context, int(own)) if own else None


def _split(extra: str) -> list[str]:
    try:
        return shlex.split(extra)
    except ValueError as error:
        raise SettingsError(f"--vllm-args (FLOORWALKER_VLLM_ARGS) cannot be read: {error}") from None


def _merged(ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """Return options of which the second list's win: ``--x`` and ``--no-x`` there take away ``--x`` here."""
    said = {word.split("=", 1)[0].removeprefix("--no-").removeprefix("--") for word in theirs if word.startswith("--")}
    kept: list[str] = []
    dropping = False
    for word in ours:
        if word.startswith("--"):
            dropping = word.removeprefix("--") in said
        if not dropping:
            kept.append(word)
    return [*kept, *theirs]


def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return table
