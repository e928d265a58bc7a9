"""The chat page at ``/``: one Gradio component shows what ``Assistant.stream`` emits and sends back what people do.

Gradio carries events and streams; the page's own look is ``page_shell.html``, ``page.css`` and ``page.js``. The browser
tab remembers its session id, so nothing about a conversation lives in the web server.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from fastapi import FastAPI
from pydantic import BaseModel, Field, ValidationError

from core.entities import EventKind, Interaction, ItemId, UserId
from core.errors import FloorwalkerError, RequestError
from core.events import ConstraintEdit, SessionRef, TurnRequest
from core.settings import Settings
from server.bodies import Id
from server.page_drop import DroppedShops
from server.page_guard import PageGuard
from server.page_parts import model_lines, prose_html
from server.page_port import Shopfront, guest
from server.page_turn import TurnView
from server.page_words import esc, texts, ui_language, word
from storage.handoffs import HandoffStore

_HERE = Path(__file__).parent
_SCOPE = "page"
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' "
    "rx='9' fill='%23175c4c'/%3E%3Cpath d='M8 24V13.5a8 8 0 0 1 16 0V24zM16 5.5V24' fill='none' stroke='white' "
    "stroke-width='2'/%3E%3C/svg%3E"
)
_BROKEN = "() => { document.dispatchEvent(new Event('floorwalker-broken')); }"

log = logging.getLogger(__name__)


class Said(BaseModel):
    """What the page's script sends for a turn."""

    turn: str = Field(max_length=64)
    message: str
    session: str = Field("", max_length=200)
    user: str = Field("", max_length=200)
    language: str = Field("en", max_length=20)
    remove: list[str] = Field(default=[], max_length=100)


class Marked(BaseModel):
    """What the page's script sends when somebody likes, dislikes or opens a card."""

    session: str = Field(max_length=200)
    user: str = Field("", max_length=200)
    item: str = Field(max_length=500)
    turn: str = Field("", max_length=200)
    position: int = Field(ge=1, le=1000)
    event: Literal["like", "dislike", "click"]


class Asked(BaseModel):
    """What the page's script sends to hear what a person said."""

    session: str = Field(max_length=200)
    after: Id = 0


class ChatPage:
    """What the page's events do; one per server, without state of its own."""

    def __init__(self, assistant: Shopfront, settings: Settings) -> None:
        """Keep what every turn needs."""
        self._assistant, self._settings = assistant, settings

    def boot(self) -> dict[str, Any]:
        """Return what the script needs before the first turn, as plain JSON."""
        assistant, languages = self._assistant, list(texts())
        shop = assistant.shop
        return {
            "texts": {language: dict(texts()[language]) for language in languages},
            "shop": shop.name,
            "greeting": {language: assistant.greeting(language) or word("welcome", language) for language in languages},
            "examples": {language: assistant.examples(language) for language in languages},
            "people": assistant.personas(),
            "model": model_lines(assistant.model, assistant.mode),
            "longest": self._settings.max_message,
            "drop": not (self._settings.exposed or self._settings.allowed_hosts) or bool(self._settings.operator_key),
            "storage": "floorwalker-" + hashlib.sha256(str(shop.root.resolve()).encode()).hexdigest()[:12],
        }

    async def say(self, data: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Run a turn and yield what the browser shall show of it, again and again, whole each time."""
        try:
            said = Said.model_validate(data)
        except ValidationError:
            log.warning("the page sent a turn that is not understood")
            return
        session = self._session(said.session)
        assistant = self._assistant
        view = TurnView(
            said.turn,
            session.session_id,
            said.language,
            assistant.recommender.catalogue.facets,
            assistant.shop.currency,
        )
        yield view.value()
        try:
            async with aclosing(assistant.stream(self._request(said, session))) as events:
                async for event in events:
                    view.apply(event)
                    yield view.value()
        except RequestError as error:
            view.fail(str(error))
            yield view.value()
        except FloorwalkerError as error:
            log.warning("a turn on the page failed: %s", error)
            view.fail()
            yield view.value()
        except Exception:  # the last door before a person: whatever broke, they get an apology and a way to go on
            log.exception("a turn on the page failed")
            view.fail()
            yield view.value()

    def named(self, data: Any, dropped: DroppedShops | None) -> ChatPage | None:
        """Return the page of the shop that the script names: this one, one of a dropped shop, or None: it is gone."""
        shop = data.get("shop") if isinstance(data, dict) else None
        if not shop:
            return self
        front = dropped.assistant(str(shop)) if dropped else None
        return ChatPage(front, self._settings) if front is not None else None

    async def gone(self, data: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Tell that the shop that a turn was meant for is closed."""
        said = Said.model_validate(data)
        view = TurnView(said.turn, "", said.language, {}, None)
        view.fail(word("drop_gone", said.language))
        yield view.value()

    async def heard(self, data: Any) -> dict[str, Any]:
        """Return what a person said in a conversation that was handed over, and whether they still have it."""
        try:
            asked = Asked.model_validate(data)
        except ValidationError:
            return {"words": [], "open": False}
        store: HandoffStore | None = getattr(self._assistant, "handoffs", None)
        if store is None or not asked.session:
            return {"words": [], "open": False}
        key = self._session(asked.session).key
        words = await asyncio.to_thread(store.words, key, asked.after)
        still = await asyncio.to_thread(store.of_session, key)
        told = [{"id": entry.id, "role": entry.role, "html": prose_html(entry.text)} for entry in words]
        return {"words": told, "open": still is not None}

    async def mark(self, data: Any) -> bool:
        """Record a like, dislike or click; return whether it was stored."""
        try:
            marked = Marked.model_validate(data)
            if not marked.session:
                return False
            await self._assistant.record([self._interaction(marked)])
        except (ValidationError, FloorwalkerError) as error:
            log.warning("a mark on the page was not recorded: %s", error)
            return False
        return True

    def _session(self, session_id: str) -> SessionRef:
        if not session_id:
            return self._assistant.new_session(_SCOPE)
        return self._assistant.session(session_id, _SCOPE)

    def _request(self, said: Said, session: SessionRef) -> TurnRequest:
        edit = ConstraintEdit(remove=tuple(said.remove)) if said.remove else None
        return TurnRequest(
            message=said.message,
            session=session,
            user_id=self._user(said.user, session),
            language=ui_language(said.language) if not said.message.strip() else None,
            edit=edit,
        )

    def _user(self, user: str, session: SessionRef) -> UserId:
        """The page lets nobody name a user but those offered; a guest is a user of their own, so that likes count."""
        if user in self._assistant.personas():
            return UserId(user)
        return guest(session)

    def _interaction(self, marked: Marked) -> Interaction:
        session = self._session(marked.session)
        return Interaction(
            user_id=self._user(marked.user, session),
            item_id=ItemId(marked.item),
            event=EventKind(marked.event),
            time=datetime.now(UTC),
            session_id=session.session_id,
            turn_id=marked.turn or None,
            position=marked.position,
            event_id=f"{session.session_id}:{marked.turn}:{marked.item}:{marked.event}",
        )


def build_page(assistant: Shopfront, settings: Settings, dropped: DroppedShops | None = None) -> gr.Blocks:
    """Return the page as Gradio blocks; nothing of it is offered as an API."""
    page = ChatPage(assistant, settings)

    async def say(event: gr.EventData) -> AsyncGenerator[Any, None]:
        front = page.named(event._data, dropped)
        async with aclosing(front.say(event._data) if front else page.gone(event._data)) as values:
            async for value in values:
                yield value

    async def mark(data: Any) -> bool:
        return (front := page.named(data, dropped)) is not None and await front.mark(data)

    async def heard(data: Any) -> dict[str, Any]:
        return await page.heard(data)

    boot = page.boot()
    name = next(iter(boot["shop"].values()))
    blocks: gr.Blocks = gr.Blocks(title=str(name), analytics_enabled=False, fill_width=True)
    with blocks:
        view = gr.HTML(
            value="",
            html_template=(_HERE / "page_shell.html").read_text(encoding="utf-8"),
            js_on_load="".join((_HERE / name).read_text(encoding="utf-8") for name in ("page.js", "page_drop.js")),
            apply_default_css=False,
            server_functions=[mark, heard],
            elem_id="floorwalker",
            boot=boot,
        )
        turn = view.say(
            say,
            inputs=None,
            outputs=view,
            api_visibility="private",
            show_progress="hidden",
            concurrency_limit=None,
            trigger_mode="multiple",
        )
        turn.failure(None, js=_BROKEN, api_visibility="private")
        view.stop(None, cancels=[turn], api_visibility="private")
    return blocks


def theme() -> gr.themes.Base:
    """Return a theme whose fonts come with Gradio itself; the page asks no other host for anything."""
    sans = [gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)), gr.themes.LocalFont("Lora", weights=(400, 600))]
    return gr.themes.Base(font=[*sans, "system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])


def mount_page(app: FastAPI, assistant: Shopfront, settings: Settings) -> FastAPI:
    """Mount the page at ``/``; call it last, since it answers every path that no route took."""
    app.add_middleware(PageGuard)
    app.state.page_boot = lambda front: ChatPage(front, settings).boot()

    async def mounted() -> FastAPI:
        return _mount(app, assistant, settings)

    try:
        asyncio.get_running_loop()
    except RuntimeError:  # Gradio leaves unclosed event loops behind when it is built outside one
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(mounted())
    return _mount(app, assistant, settings)


def _mount(app: FastAPI, assistant: Shopfront, settings: Settings) -> FastAPI:
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    name = next(iter(assistant.shop.name.values()))
    head = (
        f'<style>{style}</style><link rel="icon" href="{_ICON}"><meta name="color-scheme" content="light dark">'
        f'<meta name="description" content="{esc(name)}">'
    )
    served: FastAPI = gr.mount_gradio_app(
        app,
        build_page(assistant, settings, getattr(app.state, "dropped", None)),
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        theme=theme(),
        head=head,
    )
    return served
