"""What people say of what is known about them: a lasting taste, its correction, forgetting one thing or everything.

Only the frame of such a sentence is known here ("I'm not into …", "忘掉我喜欢…"); what fills it is read with the shop's
own vocabulary, as any need is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.embedded.desk_parts import is_yes
from agent.embedded.desk_words import read_desk
from agent.embedded.message import Message
from agent.ports import Decision, ToolCall, TurnContext
from core.conversation import Intent
from core.entities import Op
from retrieval.comparing import NEGATIONS
from tools.profile import FORGOTTEN, REMEMBERED

_ALL = re.compile(
    r"\b(?:forget|delete|erase|remove|wipe|clear)\s+(?:please\s+)?(?:"
    r"(?:everything|anything|all|whatever)\b[^.!?]{0,30}?\b(?:about|of|on|know)\s+me\b"
    r"|(?:everything|anything|all|whatever)\b[^.!?]{0,20}?\byou\s+(?:know|have|keep|hold|remember|stored?|saved?)\b"
    r"|(?:all\s+)?(?:of\s+)?my\s+(?:(?:whole|entire|complete|personal|stored|own)\s+)*"
    r"(?:data|profile|personal information|info(?:rmation)?)\b(?!\s+(?:sheet|plan|cable))"
    r"|(?:about\s+)?me\s*(?:please)?\s*[.!]*$)"
    r"|(?:删除|删掉|删了|清除|清空|抹掉|抹去|忘掉|忘记|忘了)(?:掉|所有|全部|一切|有)*(?:关于|有关)?我(?:的|本人)?"
    r"(?:所有|全部|一切|个人|整个|的)*(?:资料|数据|信息|档案|画像|记录|一切|所有|全部|事情?)"
    r"|(?:忘掉|忘记|忘了)我吧?[。！]*$"
    r"|(?:把|将)(?:关于|有关)?我的?(?:所有|全部|一切|个人|的)*(?:资料|数据|信息|档案|画像|记录|一切)(?:都|全|全部|统统)*"
    r"(?:删|清|抹|忘)",
    re.IGNORECASE,
)
_OPENING = (
    r"^(?P<mark>(?:\s*(?:no+|nope|wrong|(?:that|this)(?:'s| is) (?:wrong|not (?:right|true|correct))|that isn't "
    r"(?:right|true)|you(?:'re| are) wrong|不|不是|不对|错了|你?记错了|你?搞错了|这不对)[\s,.;:!，。；！]+)*)"
    r"(?:(?:actually|sorry|well|please|but|and|by the way|其实|对了|请|请你|麻烦你?|帮我|你)[\s,，]*)*"
)
_OFTEN = r"(?:(?:really|do|also|now|just|quite|especially|always|absolutely|very much)\s+)*"
_FANCY = r"(?:like|love|enjoy|adore|fancy)"
_INTO = r"(?:into|fond of|keen on|a (?:big |huge )?fan of|interested in)"
_AGAINST = (
    rf"i\s+(?:do not|don't|dont|did not|didn't)\s+{_OFTEN}{_FANCY}"
    rf"|i\s+(?P<over>no longer|stopped|quit)\s+{_OFTEN}(?:{_FANCY}|liking|loving|enjoying)"
    rf"|(?:i'm|i am|im)\s+(?:not|never|(?P<past>no longer))\s+{_OFTEN}{_INTO}|i\s+{_OFTEN}(?:hate|dislike|detest)"
    r"|我(?P<already>已经|现在|再也|早就)*(?:也|都)?(?:不(?:(?P<again>再)|太|怎么|是很)?(?:喜欢|爱)|讨厌|反感)(?:看|听|用|穿|住|吃|玩|买)?"
)
_FOR = (
    rf"i\s+{_OFTEN}{_FANCY}|(?:i'm|i am|im)\s+{_OFTEN}{_INTO}"
    r"|我(?:很|挺|特别|最|也|现在|一直|比较|非常|还是)*(?:喜欢|爱|偏爱)(?:看|听|用|穿|住|吃|玩|买)?"
)
_CLOSING = r"(?P<more>\s*\b(?:any ?more|any longer|these days)\b)?(?P<le>了)?\s*[.!。！]*\s*$"
_CORRECTED = re.compile(rf"{_OPENING}(?:{_AGAINST})\s*(?P<what>.+?){_CLOSING}", re.IGNORECASE)
_LIKED = re.compile(rf"{_OPENING}(?:{_FOR})\s*(?P<what>.+?)\s*[.!。！]*$", re.IGNORECASE)
_FORGET = re.compile(
    rf"{_OPENING}(?:(?:forget|stop remembering|don't remember|do not remember|delete|erase)\s+(?:the fact\s+)?"
    r"(?:that\s+|about\s+)?(?=(?:i|i'm|im)\s)"
    r"|(?:忘掉|忘记|忘了|删掉|删除|别再?记(?:得|着|住)?|不要再?记(?:得|着|住)?)(?=我))",
    re.IGNORECASE,
)
_TRAILER = re.compile(r"(?:的)?(?:这件事|这一?点|这一?条|的事|事情)?吧?\s*[.!。！]*$")
_ASKED = ("?", "？", "吗", "呢")
_THAT = re.compile(
    r"^\s*(?:(?:please|no|oh|actually|sorry)[\s,]+)*(?:forget|scratch|disregard|ignore)\s+"
    r"(?:(?:about\s+)?(?:that|it|this)|what i (?:just )?said|the last (?:one|thing|bit))"
    r"(?:\s+(?:please|again|then))?\s*[.!]*$"
    r"|^\s*(?:(?:请|帮我|你)[\s,，]*)*(?:忘掉|忘记|忘了|别记|不用记|删掉)(?:我?刚才?(?:说的|的)?(?:那个|那句|话)?|这个|那个|它|这条|那条|这一?点"
    r"|上一?条|上一?句)(?:吧|好了|了)?\s*[.!。！]*$|^\s*(?:就)?当我没说(?:过)?(?:吧)?\s*[.!。！]*$",
    re.IGNORECASE,
)
"""What takes back the last thing said, whatever it was."""
_FORGET_ITEM = re.compile(
    r"^\s*(?:(?:please|actually)[\s,]+)*(?:forget|stop remembering|don't remember|do not remember)\b"
    r"|^\s*(?:请|帮我)?(?:忘掉|忘记|忘了|别记)",
    re.IGNORECASE,
)


class ProfileActs:
    """Reads what is said of the profile; immutable and thread-safe."""

    def __init__(self, read: Callable[[TurnContext], Message]) -> None:
        """Use a reader of messages with the shop's vocabulary."""
        self._read = read

    def __call__(self, message: Message) -> Decision | None:
        """Return the decision on a message that is only about the profile, or None."""
        context = message.context
        if context.state.desk.get("handoff"):
            return None
        if context.state.awaiting == "erasure":
            if is_yes(message, read_desk(context.message)):
                return Decision((Intent.PROFILE, Intent.CONFIRM), (ToolCall("forget_user"),))
            if "deny" in message.cues and message.needs.empty:
                return Decision((Intent.PROFILE, Intent.DENY), (ToolCall("forget_user", {"keep": True}),))
        text = _plain(context.message)
        if text.endswith(_ASKED):
            return None
        if _ALL.search(text):
            return Decision((Intent.PROFILE,), (ToolCall("forget_user"),))
        if (taken_back := _taken_back(message, text)) is not None:
            return taken_back
        if (head := _FORGET.match(text)) is not None:
            return self._forget(context, text[head.end() :])
        corrected = _CORRECTED.match(text)
        if corrected is None or context.user_id is None or not _is_correction(corrected):
            return None
        call = self._change(context, corrected["what"], likes=False)
        return Decision((Intent.PROFILE,), (call,)) if call else None

    def noted(self, message: Message, decision: Decision) -> Decision:
        """Return a shopping decision that keeps what a known user says to like or not, if the message says so."""
        context = message.context
        shops = len(decision.calls) == 1 and decision.calls[0].name == "recommend_items"
        gift = context.state.wants.gift or message.reading.roles("gift")
        points = message.references.ids and not message.references.vague
        if not shops or context.user_id is None or gift or points:
            return decision
        text = _plain(context.message)
        against = _CORRECTED.match(text)
        said = against or _LIKED.match(text)
        if said is None or text.endswith(_ASKED):
            return decision
        call = self._change(context, said["what"], likes=against is None)
        return replace(decision, calls=(call, *decision.calls)) if call else decision

    def _forget(self, context: TurnContext, text: str) -> Decision | None:
        """Forget one thing; where it names nothing that the shop knows, show what is known."""
        said = _CORRECTED.match(text) or _LIKED.match(text)
        if said is None:
            return None  # "forget that I said red" is about this conversation
        values = self._values(context, _TRAILER.sub("", said["what"]))
        forget = [value for value, _ in values]
        call = ToolCall("change_profile", {"forget": forget}) if forget else ToolCall("show_profile")
        return Decision((Intent.PROFILE,), (call,))

    def _change(self, context: TurnContext, what: str, *, likes: bool) -> ToolCall | None:
        values = self._values(context, what)
        arguments: dict[str, Any] = {
            "likes": [value for value, straight in values if straight is likes],
            "dislikes": [value for value, straight in values if straight is not likes],
        }
        return ToolCall("change_profile", {k: v for k, v in arguments.items() if v}) if values else None

    def _values(self, context: TurnContext, what: str) -> list[tuple[dict[str, str], bool]]:
        """Return the facet values that words name, each with whether they are named without a "not"."""
        facets = context.catalogue.facets
        found: list[tuple[dict[str, str], bool]] = []
        heard = self._read(replace(context, message=what))
        if heard.unheard:
            return []  # "Sony headphones" where no Sony is sold says nothing of headphones
        for one in heard.needs.constraints:
            values: Sequence[Any] = one.value if isinstance(one.value, tuple) else (one.value,)
            if one.op in (Op.EQ, Op.IN, Op.CONTAINS, *NEGATIONS) and one.field in facets:
                straight = one.op not in NEGATIONS
                found += [({"field": one.field, "value": v}, straight) for v in values if isinstance(v, str)]
        # The kind of thing only carries what is said of it: who likes horror films likes horror, and who likes cheap
        # laptops says nothing of laptops.
        needs = heard.needs
        alone = len(needs.constraints) == 1 and not (needs.sorts or needs.critiques)
        return [entry for entry in found if alone or entry[0]["field"] != "category"]


def _taken_back(message: Message, text: str) -> Decision | None:
    """Forget an item, or the last thing that was remembered ("forget that"); remember what was forgotten ("undo")."""
    if _FORGET_ITEM.match(text) and message.references.ids and not message.references.vague:
        ids = [str(one) for one in message.references.ids[:5]]
        return Decision((Intent.PROFILE,), (ToolCall("change_profile", {"forget_items": ids}),))
    state = message.context.state
    forgotten = _note(message, FORGOTTEN)
    if "undo" in message.cues and forgotten and forgotten["turn"] == state.turn - 1:
        tastes = forgotten["tastes"]
        arguments = {
            name: [{"field": one["field"], "value": one["value"]} for one in tastes if one["likes"] is likes]
            for name, likes in (("likes", True), ("dislikes", False))
        }
        again = ToolCall("change_profile", {name: some for name, some in arguments.items() if some})
        return Decision((Intent.PROFILE, Intent.UNDO), (again,))
    if not _THAT.match(text):
        return None
    before = state.past[-1] if state.past else None
    said = [one for one in state.wants.liked if before is not None and one not in before.liked]
    remembered = _note(message, REMEMBERED)
    fresh = remembered is not None and remembered["turn"] == state.turn - 1
    if said and not fresh:
        return Decision((Intent.PROFILE,), (ToolCall("change_profile", {"forget_items": [str(said[-1])]}),))
    if remembered is not None and message.context.user_id is not None:
        forget = [{"field": one["field"], "value": one["value"]} for one in remembered["tastes"]]
        return Decision((Intent.PROFILE,), (ToolCall("change_profile", {"forget": forget}),))
    if before is None:
        return Decision((Intent.UNDO,), note="nothing_to_undo")
    calls = (ToolCall("recommend_items", {"again": True}),) if before.constraints or before.text else ()
    return Decision((Intent.UNDO,), calls, rewind="undo")


def _note(message: Message, name: str) -> Mapping[str, Any] | None:
    found = message.context.state.desk.get(name)
    return found if isinstance(found, Mapping) and found.get("tastes") else None


def _plain(text: str) -> str:
    return text.replace("’", "'").strip()


def _is_correction(said: re.Match[str]) -> bool:
    """Tell whether what is said corrects what was known, rather than asking for something else now."""
    return any(said[name] and said[name].strip() for name in ("mark", "over", "past", "already", "again", "more", "le"))
