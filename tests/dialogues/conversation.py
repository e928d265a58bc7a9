"""Dialogues as readable files: what a person says, and what must be true of each answer.

A file holds a list of dialogues: ``name``, ``shop``, optional ``user``, ``turns``, and ``fresh: true`` for those that
write to the shop's database and so need a copy of their own. A turn has ``say`` and any of

- ``intent``: the first intent (or a list: all of them, in order);
- ``has``: constraints that hold after the turn, ``field op value``; ``~`` before it means a wish, else a must;
- ``lacks``: fields that have no constraint after the turn;
- ``tools``: the tools that ran, in order;
- ``items``: how many items the answer shows (a number, or ``some``);
- ``every``: conditions that every shown item meets, ``field op value`` (also ``title``);
- ``first``: the id of the first item; ``ids``: all ids in order;
- ``says`` / ``never``: texts that the answer has, or has not (case does not count);
- ``cites``: the beginning of a citation's source;
- ``event``: an interaction to record before the message, ``{item, event}``;
- ``actions``: the kinds of the answer's actions;
- ``orders``: the end state of orders in the database, ``number: status``, or a mapping of fields to texts they hold;
- ``change``: an order that changes elsewhere before the message, ``number: status``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from agent.assistant import Assistant
from commerce.records import OrderStatus
from commerce.sqlite_backend import SqliteBackend
from commerce.tables import rewrite
from core.entities import Constraint, Item, Op, Strength, UserId
from tests.dialogues.doors import Answer, Door, InProcess, OverHttp

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


async def play(assistant: Assistant, dialogue: Mapping[str, Any], url: str | None = None) -> None:
    """Play a dialogue; raise AssertionError with the dialogue up to the first wrong turn.

    Args:
        assistant: whose conversation it is.
        dialogue: one entry of a file.
        url: where a server serves the assistant: then every turn and event goes over HTTP, else by Python.
    """
    user = UserId(dialogue["user"]) if "user" in dialogue else None
    door: Door = InProcess(assistant, user) if url is None else OverHttp(assistant, user, url)
    said: list[str] = []
    for turn in dialogue["turns"]:
        if event := turn.get("event"):
            await door.record(event)
        for order_id, status in turn.get("change", {}).items():
            change_order(assistant, order_id, status)
        reply = await door.say(turn["say"])
        said += [f"  you: {turn['say']}", f"  bot: {reply.text}"]
        faults = [*wrong(turn, reply), *wrong_orders(assistant, turn.get("orders", {}))]
        if faults:
            state = ", ".join(f"{c.field} {c.op} {c.value!r} ({c.strength})" for c in reply.constraints)
            story = "\n".join(said)
            raise AssertionError(
                f"{dialogue['file']}: {dialogue['name']}\n{story}\n  [{state}]\n  - " + "\n  - ".join(faults)
            )


def wrong(turn: Mapping[str, Any], reply: Answer) -> list[str]:
    """Return what is wrong about an answer."""
    faults: list[str] = []

    def expect(true: bool, fault: str) -> None:
        if not true:
            faults.append(fault)

    if fault := _wrong_intent(turn.get("intent"), reply):
        faults.append(fault)
    for text in turn.get("has", ()):
        expect(any(_same(text, constraint) for constraint in reply.constraints), f"no constraint {text!r}")
    for field in turn.get("lacks", ()):
        expect(not any(c.field == field for c in reply.constraints), f"there is a constraint on {field}")
    if "tools" in turn:
        names = list(reply.tools)
        expect(names == turn["tools"], f"tools are {names}, not {turn['tools']}")
    if "items" in turn:
        count = len(reply.items)
        expect(count > 0 if turn["items"] == "some" else count == turn["items"], f"{count} items, not {turn['items']}")
    for text in turn.get("every", ()):
        bad = [item.id for item in reply.items if not _meets(item, text)]
        expect(not bad, f"{bad} break {text!r}")
    ids = [item.id for item in reply.items]
    if "first" in turn:
        expect(ids[:1] == [turn["first"]], f"first is {ids[:1]}, not {turn['first']}")
    if "ids" in turn:
        expect(ids == turn["ids"], f"items are {ids}, not {turn['ids']}")
    for text in turn.get("says", ()):
        expect(str(text).lower() in reply.text.lower(), f"does not say {text!r}")
    for text in turn.get("never", ()):
        expect(str(text).lower() not in reply.text.lower(), f"says {text!r}")
    if "actions" in turn:
        kinds = list(reply.actions)
        expect(kinds == turn["actions"], f"actions are {kinds}, not {turn['actions']}")
    if "cites" in turn:
        sources = list(reply.cited)
        expect(any(source.startswith(turn["cites"]) for source in sources), f"cites {sources}, not {turn['cites']}")
    return faults


def _wrong_intent(wanted: Any, reply: Answer) -> str:
    own = list(reply.intents)
    if not wanted or wanted == (own[0] if isinstance(wanted, str) else own):
        return ""
    return f"intents are {own}, not {wanted}"


def wrong_orders(assistant: Assistant, wanted: Mapping[str, Any]) -> list[str]:
    """Return how orders in the database differ from what they should be."""
    faults = []
    for order_id, expected in wanted.items():
        order = assistant.desk.backend.order(order_id)
        assert order is not None, f"there is no order {order_id}"
        fields = {"status": expected} if isinstance(expected, str) else expected
        for name, text in fields.items():
            own = order.status.value if name == "status" else str(getattr(order, name, order.shipping.address))
            if name == "address":
                own = str(order.shipping.address)
            if str(text) not in own or (name == "status" and own != text):
                faults.append(f"{order_id}: {name} is {own!r}, not {text!r}")
    return faults


def change_order(assistant: Assistant, order_id: str, status: str) -> None:
    """Let an order change its status behind the conversation's back, as a warehouse would."""
    backend = assistant.desk.backend
    order = backend.order(order_id)
    assert isinstance(backend, SqliteBackend)
    assert order is not None
    with backend._database.transaction() as connection:
        rewrite(connection, replace(order, status=OrderStatus(status), version=order.version + 1))


def _parsed(text: str) -> tuple[bool, str, Op, Any]:
    match = _CONDITION.match(text)
    assert match, f"not a condition: {text!r}"
    wish, field, op, value = match.groups()
    return bool(wish), field, Op(op), yaml.safe_load(value)


def _same(text: str, constraint: Constraint) -> bool:
    wish, field, op, value = _parsed(text)
    strength = Strength.WISH if wish else Strength.MUST
    own: Any = list(constraint.value) if isinstance(constraint.value, tuple) else constraint.value
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
