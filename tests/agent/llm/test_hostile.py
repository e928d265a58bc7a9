"""Whatever the model does: no forbidden write, no foreign data, no item outside the constraints, no wrong price."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.assistant import Assistant
from tests.agent.llm.hostile import Findings, Hostile, attack, planted_shop
from tests.llm.scripted import ScriptedServer


async def _run(open_shop: Callable[..., Assistant], base: Path, mode: str, turns: int, seed: int) -> Findings:
    with ScriptedServer(default=Hostile(seed)) as model:
        assistant = open_shop(planted_shop(base / "shop"), base / "data", llm=model.url, mode=mode)
        client = assistant.client
        assert client is not None
        client.breaker.failed = lambda: None  # type: ignore[method-assign]  # every turn shall meet the model
        found = await attack(assistant, turns, seed)
        await client.close()
    return found


def _clean(found: Findings) -> None:
    assert not found.writes, found.writes[:5]
    assert not found.foreign, found.foreign[:5]
    assert not found.items, found.items[:5]
    assert not found.prices, found.prices[:5]


@pytest.mark.parametrize("mode", ["agent", "hybrid"])
async def test_a_hostile_model_does_no_harm(open_shop: Callable[..., Assistant], tmp_path: Path, mode: str) -> None:
    found = await _run(open_shop, tmp_path, mode, 60, 1)
    assert found.dropped > 10
    _clean(found)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("mode", "turns"), [("agent", 7_000), ("hybrid", 3_000)])
async def test_ten_thousand_hostile_turns(
    open_shop: Callable[..., Assistant], tmp_path: Path, mode: str, turns: int
) -> None:
    found = await _run(open_shop, tmp_path, mode, turns, 7)
    print(f"{mode}: {found.turns} turns, {found.degraded} degraded, {found.dropped} sentences dropped")  # noqa: T201
    _clean(found)
