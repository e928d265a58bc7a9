"""The tools by name: validated, run, and bound for LangChain."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from core.conversation import StateChange
from core.errors import BackendUnavailable, ToolRetry
from tools import aftercare, cart, desk, opinions, orders, profile, service, sets, shopping
from tools import arguments as args
from tools import desk_arguments as desk_args
from tools.context import ToolContext
from tools.results import ToolResult, Unreachable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may call."""

    name: str
    arguments: type[BaseModel]
    function: Callable[[Any, ToolContext], ToolResult]
    writes: bool = False
    """Whether it changes anything outside of the conversation: such a tool needs a confirmation."""

    @property
    def description(self) -> str:
        """What the model is told of it: the function's docstring."""
        return (self.function.__doc__ or "").strip().splitlines()[0]


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("recommend_items", args.RecommendItems, shopping.recommend_items),
        Tool("similar_items", args.SimilarItems, shopping.similar_items),
        Tool("recommend_set", args.RecommendSet, sets.recommend_set),
        Tool("item_details", args.ItemDetails, shopping.item_details),
        Tool("compare_items", args.CompareItems, shopping.compare_items),
        Tool("explain_items", args.ItemIds, shopping.explain_items),
        Tool("what_reviewers_say", args.WhatReviewersSay, opinions.what_reviewers_say),
        Tool("search_policies", args.SearchPolicies, desk.search_policies),
        Tool("order_status", args.OrderStatus, orders.order_status),
        Tool("list_orders", desk_args.ListOrders, orders.list_orders),
        Tool("refund_status", desk_args.RefundStatus, orders.refund_status),
        Tool("prepare_changes", desk_args.PrepareChanges, service.prepare_changes),
        Tool("confirm_changes", desk_args.ConfirmChanges, service.confirm_changes, writes=True),
        Tool("drop_changes", desk_args.DropChanges, service.drop_changes),
        Tool("put_in_cart", desk_args.PutInCart, cart.put_in_cart, writes=True),
        Tool("show_cart", desk_args.ShowCart, cart.show_cart),
        Tool("show_history", desk_args.ShowHistory, aftercare.show_history),
        Tool("ask_satisfaction", desk_args.AskSatisfaction, aftercare.ask_satisfaction),
        Tool("rate_service", desk_args.RateService, aftercare.rate_service, writes=True),
        Tool("goods_for_order", desk_args.GoodsForOrder, aftercare.goods_for_order),
        Tool("note_restock", desk_args.NoteRestock, aftercare.note_restock, writes=True),
        Tool("show_profile", args.ShowProfile, desk.show_profile),
        Tool("change_profile", args.ChangeProfile, profile.change_profile, writes=True),
        Tool("forget_user", args.ForgetUser, profile.forget_user, writes=True),
        Tool("hand_off", args.HandOff, desk.hand_off),
        Tool("take_back", desk_args.TakeBack, desk.take_back),
    )
}


_WAITING = frozenset({
    "order_status", "list_orders", "refund_status", "prepare_changes", "confirm_changes", "put_in_cart", "show_cart"
})  # fmt: skip


def waits(name: str) -> bool:
    """Return whether a tool asks the shop's order system, which may be on another machine."""
    return name in _WAITING


def writes(name: str) -> bool:
    """Return whether a tool changes anything outside of the conversation."""
    return name in TOOLS and TOOLS[name].writes


def run_tool(name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    """Validate a call and run it.

    Raises:
        ToolRetry: there is no such tool, or its arguments are wrong; the message says how to mend the call.
        ToolFailed: the tool cannot do it.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise ToolRetry(f"there is no tool {name!r}; there are {', '.join(TOOLS)}")
    try:
        parsed = tool.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors(include_url=False))
        raise ToolRetry(f"{name}: " + "; ".join(faults)) from error
    try:
        return tool.function(parsed, context)
    except BackendUnavailable as fault:
        logger.error("%s: %s", name, fault)
        return _unreachable(fault, context)


def _unreachable(fault: BackendUnavailable, context: ToolContext) -> ToolResult:
    """Tell that the shop's order system does not answer; the conversation stays where it was."""
    text = "the shop's order system does not answer now: say so, and that nothing was changed"
    if fault.unknown:
        text = (
            "the shop's order system gave no answer: say that it is not known whether the change was made, and that "
            "saying yes again in a minute finds out and does nothing twice"
        )
    return ToolResult(text, Unreachable(fault.unknown, context.state.awaiting), StateChange())


def langchain_tools(context: ToolContext) -> list[Any]:
    """Return the tools bound to a turn for LangChain: each returns (text for the model, ToolResult as artifact)."""
    from langchain_core.tools import StructuredTool

    def bound(tool: Tool) -> Any:
        def call(**arguments: Any) -> tuple[str, ToolResult]:
            result = run_tool(tool.name, arguments, context)
            return result.text, result

        return StructuredTool.from_function(
            call, name=tool.name, description=tool.description, args_schema=tool.arguments,
            response_format="content_and_artifact",
        )  # fmt: skip

    return [bound(tool) for tool in TOOLS.values()]
