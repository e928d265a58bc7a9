"""A scripted assistant for the page and the terminal: realistic events, and everything done to it is written down."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from core.conversation import Intent, Message
from core.entities import (
    Constraint,
    Facet,
    FacetType,
    Interaction,
    Item,
    ItemId,
    Op,
    Option,
    Question,
    Reason,
    ReasonKind,
    Recommendation,
    Relaxation,
    Source,
    Strength,
    UserId,
)
from core.errors import RequestError
from core.events import (
    Action,
    Citation,
    ItemsFound,
    Reply,
    SessionRef,
    TextDelta,
    ToolFinished,
    ToolRun,
    ToolStarted,
    TurnDone,
    TurnEvent,
    TurnRequest,
    TurnStarted,
)
from core.shop import Shop

PROBE = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>\x1b[31m'

FACETS = {
    "price": Facet("price", FacetType.NUMBER, unit="USD", labels={"en": "Price", "zh": "价格"}),
    "brand": Facet("brand", FacetType.CATEGORY, labels={"en": "Brand", "zh": "品牌"}),
    "category": Facet("category", FacetType.CATEGORY, labels={"en": "Category", "zh": "类别"}),
    "noise": Facet("noise", FacetType.NUMBER, unit="dB", labels={"en": "Noise", "zh": "噪音"}),
}


def _reasons(price: str, language: str) -> tuple[Reason, ...]:
    english = (
        f"{price} is within your $900, and $140 below the middle of its kind.",
        "One of the three quietest of 41 that fit: 24 dB.",
        "“I cannot hear it even in a library.”",
        "Bought by people who liked the Norrland case.",
    )
    chinese = (
        f"{price},符合您 900 美元的预算,比同类中位价低 140 美元。",
        "在 41 款符合条件的商品中,安静程度排前三:24 分贝。",
        "“在图书馆里也听不到声音。”",
        "喜欢 Norrland 保护套的顾客也买了它。",
    )
    text = chinese if language == "zh" else english
    return (
        Reason(ReasonKind.CONSTRAINT, Source("facet", "price"), {"field": "price"}, 0.5, text[0]),
        Reason(ReasonKind.ATTRIBUTE, Source("facet", "noise"), {"field": "noise"}, 0.3, text[1]),
        Reason(ReasonKind.REVIEW, Source("review", "rv-2071"), {}, 0.1, text[2]),
        Reason(ReasonKind.COLLABORATIVE, Source("interaction", "case-7"), {}, 0.1, text[3]),
    )


ROWS = (
    (
        "lap-01",
        "Fjell Air 14 Travel Laptop, 16 GB",
        "Fjell Air 14 旅行笔记本 16GB/512GB",
        799.0,
        14,
        4.6,
        213,
        False,
    ),
    ("lap-02", "Morrow Slate 13", "Morrow Slate 13 轻薄本", 649.5, 3, 4.2, 88, True),
    (
        "lap-03",
        "Quillon Pro 15 Studio, Matte Display",
        "Quillon Pro 15 哑光屏",
        889.0,
        0,
        3.9,
        12,
        False,
    ),
)


def items(language: str = "en") -> tuple[Recommendation, ...]:
    """Return three cards that show everything a card may have to show."""
    found = []
    for key, title, chinese, price, stock, rating, count, sponsored in ROWS:
        item = Item(
            id=ItemId(key),
            title=title,
            price=price,
            currency="USD",
            brand=title.split()[0],
            category=("Computers", "Laptops"),
            url=f"https://shop.example/{key}",
            image_url=f"images/{key}.svg",
            stock=stock,
            rating=rating,
            rating_count=count,
            sponsored=sponsored,
            texts={"title": {"zh": chinese}},
        )
        disclosures = ("sponsored",) if sponsored else ()
        reasons = _reasons(f"${price:,.0f}", language)
        found.append(
            Recommendation(item, 0.8, reasons, unknown=("weight",) if stock == 0 else (), disclosures=disclosures)
        )
    return tuple(found)


CONSTRAINTS = (
    Constraint("c1", "category", Op.EQ, "Laptops", turn=1),
    Constraint("c2", "price", Op.LE, 900.0, "USD", turn=1),
    Constraint("c3", "brand", Op.NE, "Halden", turn=1),
    Constraint("c4", "noise", Op.LE, 30.0, "dB", strength=Strength.WISH, turn=1),
)

TEXT = {
    "en": (
        "Three quiet laptops under $900 fit, none of them from Halden.\n\n",
        "1. **[Fjell Air 14](https://shop.example/lap-01)** is the lightest and 24 dB quiet.\n",
        "2. **Morrow Slate 13** costs least.\n3. **Quillon Pro 15** has the largest display, but is out of stock.\n\n",
        "How large should the display be?",
    ),
    "zh": (
        "有三款 900 美元以内的安静笔记本符合要求,都不是 Halden 的。\n\n",
        "1. **Fjell Air 14** 最轻,噪音只有 24 分贝。\n",
        "2. **Morrow Slate 13** 最便宜。\n3. **Quillon Pro 15** 屏幕最大,但目前缺货。\n\n",
        "屏幕要多大?",
    ),
}
COMPARISON = (
    "Here they are side by side.\n\n| | Fjell Air 14 | Morrow Slate 13 |\n|---|---|---|\n"
    "| Price | $799 | $649.50 |\n| Noise | 24 dB | 29 dB |\n"
)


def _question(language: str) -> Question:
    labels = ("13-14 寸", "15-16 寸", "17 寸") if language == "zh" else ("13-14 in", "15-16 in", "17 in")
    options = tuple(Option(label, count) for label, count in zip(labels, (12, 19, 4), strict=True))
    return Question("screen", options, 1.2, "屏幕要多大?" if language == "zh" else "How large should the display be?")


@dataclass
class ScriptedAssistant:
    """Answers by keywords; ``requests``, ``recorded`` and ``cancelled`` tell what the doors did."""

    pause: float = 0.0
    requests: list[TurnRequest] = field(default_factory=list)
    recorded: list[Interaction] = field(default_factory=list)
    cancelled: int = 0
    model: str = "embedded"
    mode: str = "embedded"
    shop: Shop = field(default_factory=lambda: Shop(name={"en": "Lantern & Co.", "zh": "灯笼百货"}, currency="USD"))
    recommender: Any = field(
        default_factory=lambda: SimpleNamespace(catalogue=SimpleNamespace(facets=FACETS, has=lambda item_id: True))
    )
    active: dict[str, tuple[Constraint, ...]] = field(default_factory=dict)

    def ready(self) -> bool:
        """It always is."""
        return True

    def new_session(self, scope: str = "") -> SessionRef:
        """Issue a session."""
        return self.session(secrets.token_hex(8), scope)

    def session(self, session_id: str, scope: str) -> SessionRef:
        """Return a session."""
        return SessionRef(session_id, f"{scope}:{session_id}", issued=True, scope=scope)

    def stateless(self, history: Sequence[Message], scope: str) -> SessionRef:
        """Return a session of a client that names none."""
        return replace(self.session(f"h{len(history)}", scope), stateless=True)

    def greeting(self, language: str) -> str:
        """Welcome."""
        return "欢迎光临,想找点什么?" if language == "zh" else "Good evening. What may I help you find?"

    def examples(self, language: str) -> list[str]:
        """Offer openers."""
        if language == "zh":
            return ["有没有降噪耳机,500 以内?", "安静的笔记本,旅行用,预算 900", "退货政策是怎样的?"]
        return [
            "I need a quiet laptop under $900 for travel",
            "A gift for someone who loves cooking",
            "How do returns work?",
        ]

    def personas(self) -> dict[str, str]:
        """Offer profiles."""
        return {"u1": "Mira, photographer", "u2": "Jun, student"}

    async def record(self, interactions: Sequence[Interaction]) -> int:
        """Write down."""
        self.recorded.extend(interactions)
        return len(interactions)

    async def profile(self, user_id: UserId) -> Mapping[str, Any]:
        """Know nothing."""
        return {}

    async def update_profile(self, user_id: UserId, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Know nothing."""
        return {}

    async def forget(self, user_id: UserId) -> Mapping[str, Any]:
        """Know nothing."""
        return {}

    async def stream(self, request: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        """Answer by keyword."""
        self.requests.append(request)
        if len(request.message) > 20_000:
            raise RequestError("the message is too long", param="message")
        if "broken" in request.message:
            raise RuntimeError("secret detail")
        reply, texts = self._answer(request)
        try:
            yield TurnStarted(reply.session_id, reply.turn_id)
            yield ToolStarted("recommend_items", {"query": request.message})
            await asyncio.sleep(self.pause)
            yield ToolFinished(reply.tool_calls[0])
            if reply.items or reply.constraints:
                yield ItemsFound(replace(reply, text=""))
            for text in texts:
                await asyncio.sleep(self.pause if "slow" not in request.message else 0.7)
                yield TextDelta(text)
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise
        yield TurnDone(reply)

    def _answer(self, request: TurnRequest) -> tuple[Reply, tuple[str, ...]]:
        message, key = request.message, request.session.key
        chinese = any("\u4e00" <= char <= "\u9fff" for char in message) or (not message and request.language == "zh")
        language = "zh" if chinese else "en"
        removed = request.edit.remove if request.edit else ()
        active = tuple(entry for entry in self.active.get(key, CONSTRAINTS) if entry.id not in removed)
        self.active[key] = active
        run = ToolRun("recommend_items", {"query": message, "limit": 3}, 12.4)
        reply = Reply(
            request.session.session_id, secrets.token_hex(6), "", language, (Intent.RECOMMEND,), tool_calls=(run,)
        )
        texts: tuple[str, ...]
        if "return" in message or "退货" in message:
            quote = Citation("policies/returns.md#window", "You may return most things within 30 days of delivery.")
            action = Action("handoff", "Maria from the service desk reads this conversation and answers by e-mail.")
            reply = replace(reply, intents=(Intent.POLICY,), citations=(quote,), actions=(action,))
            texts = ("You may return most things within **30 days** of delivery.",)
        elif "nothing" in message:
            reply = replace(reply, constraints=active, relaxed=(Relaxation(("c2",), 4), Relaxation(("c3", "c4"), 2)))
            texts = ("Nothing in the shop fits all of that.",)
        elif "ompare" in message:
            reply = replace(reply, intents=(Intent.COMPARE,), items=items()[:2], constraints=active)
            texts = (COMPARISON,)
        elif "probe" in message:
            evil = replace(
                items()[0], item=replace(items()[0].item, title=PROBE, brand=PROBE, url="javascript:alert(1)")
            )
            reply = replace(reply, items=(evil,), constraints=active)
            texts = (f"{PROBE} [x](javascript:alert(1)) ![y](https://evil.example/p.png)",)
        else:
            reply = replace(reply, items=items(language), constraints=active, question=_question(language))
            texts = TEXT[language]
        return replace(reply, text="".join(texts)), texts
