"""Whole turns with an LLM on a GPU, beside ``vllm bench serve`` on the same server: ``python -m benchmarks.gpu``.

Starts vLLM with a model of real shape and random weights, our server with that model, and drives streamed turns at
several levels of concurrency in modes ``agent`` and ``hybrid``. With such weights the answers are noise: the checks
count what they would drop and let it pass (``benchmarks.counting``), so that the whole answer is streamed as with a
real model; with ``--address`` they mend as always.

    python -m benchmarks.gpu --shape 8b                                  # on a CUDA machine, after make vllm
    python -m benchmarks.gpu --shape tiny --levels 1 4 --turns 12        # on any: shows that it works, nothing else
    python -m benchmarks.gpu --address http://…/v1                       # a model that runs already
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import gpu_model
from benchmarks.gpu_load import Level, drive
from benchmarks.performance_page import machine
from benchmarks.served import DOOR, serving
from core.errors import SettingsError
from core.settings import CHECKOUT, Settings
from server.vllm import Endpoint, VllmServer
from server.vllm_machine import Environment, environment, gpus
from server.vllm_plan import plan

RESULTS = CHECKOUT / "benchmarks" / "results"
BENCH = (
    "import argparse; from vllm.benchmarks.serve import add_cli_args, main; "
    "parser = argparse.ArgumentParser(); add_cli_args(parser); main(parser.parse_args())"
)
KEPT = ("request_throughput", "output_throughput", "mean_ttft_ms", "median_ttft_ms", "p99_ttft_ms", "mean_tpot_ms")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write a file under ``benchmarks/results``."""
    options = _parser().parse_args(arguments)
    console = Console(width=200)
    found = environment(Settings())
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        with _model(options, found, work, console) as (endpoint, folder):
            result: dict[str, Any] = {
                "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "machine": machine(),
                "gpus": [asdict(card) for card in gpus()], "vllm": found.version if found else None,
                "model": options.address or f"Qwen3's shape, {options.shape}, random weights",
                "vllm_args": options.vllm_args, "modes": {}, "vllm_bench": [],
            }  # fmt: skip
            for mode in options.modes:
                levels = _levels(endpoint, mode, options, work, console)
                result["modes"][mode] = [level.row() for level in levels]
            if folder is not None and found is not None and not options.no_bench:
                rows = result["modes"][options.modes[0]]
                result["vllm_bench"] = [_bench(endpoint, found, folder, row, work, console) for row in rows]
    _write(result, options.out, console)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=tuple(gpu_model.SHAPES), default="8b")
    parser.add_argument(
        "--address", default="", help="a server that runs already, instead of vLLM (FLOORWALKER_LLM_KEY)"
    )
    parser.add_argument("--modes", nargs="+", default=["agent", "hybrid"], choices=("agent", "hybrid"))
    parser.add_argument("--levels", nargs="+", type=int, default=[1, 16, 64, 128])
    parser.add_argument(
        "--turns", type=int, default=0, help="of each level; default: eight for each session, at least 40"
    )
    parser.add_argument("--shop", type=Path, default=CHECKOUT / "shops" / "electronics")
    parser.add_argument("--vllm-args", default="")
    parser.add_argument("--no-bench", action="store_true", help="leave out vllm bench serve")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser


@contextmanager
def _model(
    options: argparse.Namespace, found: Environment | None, work: Path, console: Console
) -> Iterator[tuple[Endpoint, Path | None]]:
    """Yield where the model is, and its folder where it is ours."""
    if options.address:
        yield Endpoint(options.address, os.environ.get("FLOORWALKER_LLM_KEY", ""), ""), None
        return
    if found is None:
        raise SettingsError("there is no vLLM environment: run make vllm, or name a server with --address")
    folder = gpu_model.make(options.shape, work / "model")
    chosen = plan(str(folder), gpus(), f"--load-format dummy {options.vllm_args}")
    server = VllmServer(found, chosen, work / "vllm")
    server.start()
    try:
        with console.status("vLLM starts") as status:
            endpoint = server.ready(lambda seconds, line: status.update(f"vLLM starts: {seconds:.0f} s"))
        yield endpoint, folder
    finally:
        server.stop()


def _levels(endpoint: Endpoint, mode: str, options: argparse.Namespace, work: Path, console: Console) -> list[Level]:
    """Start our server in a mode and drive every level."""
    settings = {
        "FLOORWALKER_LLM": endpoint.url, "FLOORWALKER_LLM_KEY": endpoint.key, "FLOORWALKER_LLM_MODEL": endpoint.model,
        "FLOORWALKER_MODE": mode,
    }  # fmt: skip
    base = endpoint.url.removesuffix("/v1")
    levels = []
    door = DOOR if options.address else ("-m", "benchmarks.counting")
    with serving(options.shop, work / "data", work / f"{mode}.log", settings, door) as server:
        drive(server.url, 1, 3)  # warm
        for sessions in options.levels:
            turns = options.turns or max(40, 8 * sessions)
            level = drive(server.url, sessions, turns, "" if options.address else base, endpoint.key)
            figures = level.row()
            console.print(
                f"{mode:7} {sessions:4} sessions: {figures['turns_per_second']:6.2f} turns/s, "
                f"first text p50 {figures['first_text_p50']:.2f} s, "
                f"turn p50 {figures['turn_p50']:.2f} s, p95 {figures['turn_p95']:.2f} s, "
                f"LLM {figures['llm_seconds_per_turn']:.2f} s, ours {figures['our_seconds_per_turn']:.3f} s, "
                f"degraded {level.degraded}, failures {len(level.failures)}"
            )
            levels.append(level)
    return levels


def _bench(
    endpoint: Endpoint, found: Environment, folder: Path, row: dict[str, Any], work: Path, console: Console
) -> dict[str, Any]:
    """Run vLLM's own benchmark with as many tokens a call, and as many at once, as our turns had."""
    sessions, out = row["sessions"], work / f"bench-{row['sessions']}.json"
    command = [
        str(found.python), "-P", "-c", BENCH, "--backend", "openai-chat",
        "--base-url", endpoint.url.removesuffix("/v1"), "--endpoint", "/v1/chat/completions",
        "--model", endpoint.model, "--tokenizer", str(folder),
        "--dataset-name", "random", "--random-input-len", str(max(16, round(row["prompt_tokens_per_call"]))),
        "--random-output-len", str(max(8, round(row["completion_tokens_per_call"]))),
        "--num-prompts", str(max(16, row["turns"])), "--max-concurrency", str(sessions),
        "--save-result", "--result-dir", str(out.parent), "--result-filename", out.name,
    ]  # fmt: skip
    environ = {**os.environ, "OPENAI_API_KEY": endpoint.key, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    if not out.exists():
        console.print(f"vllm bench serve failed: {done.stderr.strip()[-300:]}", markup=False)
        return {"sessions": sessions, "failed": done.stderr.strip()[-300:]}
    measured = json.loads(out.read_text(encoding="utf-8"))
    kept = {name: measured.get(name) for name in KEPT}
    console.print(f"vllm bench serve, {sessions} at once: {kept}")
    return {"sessions": sessions, **kept}


def _write(result: dict[str, Any], folder: Path, console: Console) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"gpu-{datetime.now(UTC):%Y%m%d-%H%M}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    console.print(f"Written: {path}")


if __name__ == "__main__":
    sys.exit(main())
