"""Dialogues as readable files: what a person says, and what must be true of each answer.

A file holds a list of dialogues: ``name``, ``shop``, optional ``user``, and ``turns``. A turn has ``say`` and any of

- ``intent``: the first intent (or a list: all of them, in order);
- ``has``: constraints that hold after the turn, ``field op value``; ``~`` before it means a wish, else a must;
- ``lacks``: fields that have no constraint after the turn;
- ``tools``: the tools that ran, in order;
- ``items``: how many items the answer shows (a number, or ``some``);
- ``every``: conditions that every shown item meets, ``field op value`` (also ``title``);
- ``first``: the id of the first item; ``ids``: all ids in order;
- ``says`` / ``never``: texts that the answer has, or has not (case does not count);
- ``cites``: the beginning of a citation's source;
- ``event``: an interaction to record before the message, ``{item, event}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from agent.assistant import Assistant
from core.entities import Constraint, EventKind, Interaction, Item, ItemId, Op, Strength, UserId
from core.events import Reply, TurnRequest

FOLDER = Path(__file__).parent
_CONDITION = re.compile(
    r"^(~?)\s*([\w@\u4e00-\u9fff]+)\s+(<=|>=|==|!=|<|>|in|not_in|contains|not_contains|between)\s+(.+)$"
)


def load_dialogues() -> list[dict[str, Any]]:
    """Return all dialogues, each with the file it stands in."""
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for dialogue in yaml.safe_load(path.read_text(encoding="utf-8")):
            found.append({**dialogue, "file": path.name})
    return found


async def play(assistant: Assistant, dialogue: Mapping[str, Any]) -> None:
    """Play a dialogue; raise AssertionError with the dialogue up to the first wrong turn."""
    session = assistant.new_session()
    user = UserId(dialogue["user"]) if "user" in dialogue else None
    said: list[str] = []
    for turn in dialogue["turns"]:
        if event := turn.get("event"):
            kind = EventKind(event["event"])
            await assistant.record([Interaction(user or UserId("somebody"), ItemId(event["item"]), kind)])
        reply = await assistant.reply(TurnRequest(turn["say"], session, user))
        said += [f"  you: {turn['say']}", f"  bot: {reply.text}"]
        faults = list(wrong(turn, reply))
        if faults:
            state = ", ".join(f"{c.field} {c.op} {c.value!r} ({c.strength})" for c in reply.constraints)
            story = "\n".join(said)
            raise AssertionError(
                f"{dialogue['file']}: {dialogue['name']}\n{story}\n  [{state}]\n  - " + "\n  - ".join(faults)
            )


def wrong(turn: Mapping[str, Any], reply: Reply) -> list[str]:
    """Return what is wrong about an answer."""
    faults: list[str] = []

    def expect(true: bool, fault: str) -> None:
        if not true:
            faults.append(fault)

    wanted = turn.get("intent")
    if isinstance(wanted, str):
        expect(reply.intents[0] == wanted, f"intent is {reply.intents[0]}, not {wanted}")
    elif wanted:
        expect(list(reply.intents) == wanted, f"intents are {list(reply.intents)}, not {wanted}")
    for text in turn.get("has", ()):
        expect(any(_same(text, constraint) for constraint in reply.constraints), f"no constraint {text!r}")
    for field in turn.get("lacks", ()):
        expect(not any(c.field == field for c in reply.constraints), f"there is a constraint on {field}")
    if "tools" in turn:
        names = [run.name for run in reply.tool_calls]
        expect(names == turn["tools"], f"tools are {names}, not {turn['tools']}")
    if "items" in turn:
        count = len(reply.items)
        expect(count > 0 if turn["items"] == "some" else count == turn["items"], f"{count} items, not {turn['items']}")
    for text in turn.get("every", ()):
        bad = [entry.item.id for entry in reply.items if not _meets(entry.item, text)]
        expect(not bad, f"{bad} break {text!r}")
    ids = [entry.item.id for entry in reply.items]
    if "first" in turn:
        expect(ids[:1] == [turn["first"]], f"first is {ids[:1]}, not {turn['first']}")
    if "ids" in turn:
        expect(ids == turn["ids"], f"items are {ids}, not {turn['ids']}")
    for text in turn.get("says", ()):
        expect(str(text).lower() in reply.text.lower(), f"does not say {text!r}")
    for text in turn.get("never", ()):
        expect(str(text).lower() not in reply.text.lower(), f"says {text!r}")
    if "cites" in turn:
        sources = [citation.source for citation in reply.citations]
        expect(any(source.startswith(turn["cites"]) for source in sources), f"cites {sources}, not {turn['cites']}")
    return faults


def _parsed(text: str) -> tuple[bool, str, Op, Any]:
    match = _CONDITION.match(text)
    assert match, f"not a condition: {text!r}"
    wish, field, op, value = match.groups()
    return bool(wish), field, Op(op), yaml.safe_load(value)


def _same(text: str, constraint: Constraint) -> bool:
    wish, field, op, value = _parsed(text)
    strength = Strength.WISH if wish else Strength.MUST
    own = list(constraint.value) if isinstance(constraint.value, tuple) else constraint.value
    if (constraint.field, constraint.op, constraint.strength) != (field, op, strength):
        return False
    return sorted(own) == sorted(value) if isinstance(own, list) and isinstance(value, list) else own == value


def _meets(item: Item, text: str) -> bool:
    _, field, op, value = _parsed(text)
    own: Any = getattr(item, field) if hasattr(item, field) else item.facets.get(field)
    if op is Op.NE:
        return bool(own != value)
    if own is None:
        return op in (Op.NOT_CONTAINS, Op.NOT_IN)
    compare = {
        Op.LE: lambda: own <= value, Op.LT: lambda: own < value, Op.GE: lambda: own >= value,
        Op.GT: lambda: own > value, Op.EQ: lambda: own == value, Op.CONTAINS: lambda: value in own,
        Op.NOT_CONTAINS: lambda: value not in own, Op.IN: lambda: own in value, Op.NOT_IN: lambda: own not in value,
        Op.BETWEEN: lambda: value[0] <= own <= value[1],
    }  # fmt: skip
    return bool(compare[op]())
