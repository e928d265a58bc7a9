"""``launch.py chat``: the same turns in a terminal, with Rich; line by line when input or output is a pipe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from core.entities import EventKind, Interaction, Language, UserId
from core.errors import FloorwalkerError
from core.events import ConstraintEdit, ItemsFound, Reply, SessionRef, TextDelta, TurnDone, TurnRequest
from core.settings import Settings
from server.page_port import Shopfront, guest
from server.page_words import ui_language, visible, word
from server.terminal_views import Choice, cards_view, chips_view, choices, trace_view

_SCOPE = "terminal"


@dataclass
class _Talk:
    """What a terminal remembers of its conversation."""

    session: SessionRef
    language: Language = "en"
    user: UserId | None = None
    trace: bool = False
    reply: Reply | None = None
    choices: list[Choice] = field(default_factory=list)


class Terminal:
    """A conversation in a terminal."""

    def __init__(self, assistant: Shopfront, settings: Settings, console: Console, lines: TextIO | None = None) -> None:
        """Prepare; ``lines`` replaces standard input."""
        self._assistant, self._settings, self._console = assistant, settings, console
        self._lines = lines or sys.stdin
        self._rich = console.is_terminal and self._lines.isatty()
        self._talk = _Talk(assistant.new_session(_SCOPE))
        self._commands: dict[str, Callable[[str], None]] = {
            "new": self._new,
            "lang": self._lang,
            "user": self._user,
            "trace": self._trace,
            "help": self._help,
        }

    def run(self) -> None:
        """Talk until ``/quit``, the end of input, or Ctrl-C at the prompt; during an answer Ctrl-C stops the answer."""
        self._welcome()
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            for line in self._input():
                if line.strip() in ("/quit", "/exit"):
                    break
                try:
                    self._take(line.strip(), runner)
                except KeyboardInterrupt:
                    self._note(word("stopped", self._talk.language))
        if self._rich:
            self._note(word("term_bye", self._talk.language))

    def _input(self) -> Iterable[str]:
        if not self._rich:
            yield from self._lines
            return
        while True:
            try:
                yield self._console.input(Text("\n› ", style="bold green"))
            except (EOFError, KeyboardInterrupt):
                return

    def _take(self, line: str, runner: asyncio.Runner) -> None:
        """Act on one line: a command, a number of what was offered, or a message."""
        if line.startswith("/"):
            self._command(line[1:], runner)
        elif line.isdigit() and 1 <= int(line) <= len(self._talk.choices):
            choice = self._talk.choices[int(line) - 1]
            self._turn(choice.say, choice.remove, runner)
        elif line:
            self._turn(line, (), runner)

    def _command(self, line: str, runner: asyncio.Runner) -> None:
        name, _, rest = line.partition(" ")
        rest = rest.strip()
        if name in ("like", "dislike"):
            self._mark(name, rest, runner)
        elif name == "drop":
            self._drop(rest, runner)
        elif name in self._commands:
            self._commands[name](rest)
        else:
            self._note(word("term_unknown", self._talk.language, command=visible("/" + name)))

    def _turn(self, message: str, remove: tuple[str, ...], runner: asyncio.Runner) -> None:
        talk = self._talk
        edit = ConstraintEdit(remove=remove) if remove else None
        language = talk.language if not message else None
        request = TurnRequest(message, talk.session, self._who(), language=language, edit=edit)
        try:
            runner.run(self._show(request))
        except FloorwalkerError as error:
            self._console.print(Text(visible(str(error)), style="red"))

    async def _show(self, request: TurnRequest) -> None:
        """Print a turn's events as they come: cards, prose, then what may be said next."""
        async with aclosing(self._assistant.stream(request)) as events:
            if not self._rich:
                async for event in events:
                    if isinstance(event, TextDelta):
                        self._plain(event.text)
                    elif isinstance(event, TurnDone):
                        self._done(event.reply)
                return
            text = ""
            with Live(console=self._console, refresh_per_second=12, vertical_overflow="visible") as live:
                async for event in events:
                    if isinstance(event, ItemsFound) and event.partial.items:
                        live.console.print(cards_view(event.partial, self._console.width))
                    elif isinstance(event, TextDelta):
                        text += event.text
                        live.update(Markdown(visible(text), hyperlinks=False))
                    elif isinstance(event, TurnDone):
                        live.update(Markdown(visible(event.reply.text), hyperlinks=False))
                        self._talk.reply = event.reply
            if self._talk.reply is not None:
                self._done(self._talk.reply)

    def _plain(self, text: str) -> None:
        self._console.out(visible(text), end="", highlight=False)

    def _done(self, reply: Reply) -> None:
        """Keep the reply; show constraints, offers and the trace below the prose."""
        talk = self._talk
        facets = self._assistant.recommender.catalogue.facets
        talk.reply, talk.choices = reply, choices(reply, facets, self._assistant.shop.currency)
        if not self._rich:
            self._console.out("" if reply.text.endswith("\n") else "\n")
        else:
            if reply.constraints:
                self._console.print(chips_view(reply, facets, self._assistant.shop.currency))
            for place, choice in enumerate(talk.choices, start=1):
                self._console.print(Text.assemble((f"  [{place}] ", "bold green"), choice.shown, (choice.count, "dim")))
        if talk.trace:
            self._console.print(trace_view(reply))

    def _mark(self, kind: str, place: str, runner: asyncio.Runner) -> None:
        """Record a like or dislike of a card on screen."""
        talk = self._talk
        shown = talk.reply.items if talk.reply else ()
        if talk.reply is None or not place.isdigit() or not 1 <= int(place) <= len(shown):
            self._note(word("term_nothing", talk.language))
            return
        item = shown[int(place) - 1].item
        interaction = Interaction(
            user_id=self._who(),
            item_id=item.id,
            event=EventKind(kind),
            time=datetime.now(UTC),
            session_id=talk.session.session_id,
            turn_id=talk.reply.turn_id,
            position=int(place),
            event_id=f"{talk.session.session_id}:{talk.reply.turn_id}:{item.id}:{kind}",
        )
        runner.run(self._record(interaction))
        self._note(word(kind + "d", talk.language))

    def _who(self) -> UserId:
        """A guest is a user of their own, so that their likes count."""
        return self._talk.user or guest(self._talk.session)

    async def _record(self, interaction: Interaction) -> None:
        await self._assistant.record([interaction])

    def _drop(self, place: str, runner: asyncio.Runner) -> None:
        active = self._talk.reply.constraints if self._talk.reply else ()
        if not place.isdigit() or not 1 <= int(place) <= len(active):
            self._note(word("term_nothing", self._talk.language))
            return
        self._turn("", (active[int(place) - 1].id,), runner)

    def _new(self, _: str) -> None:
        talk = self._talk
        self._talk = _Talk(self._assistant.new_session(_SCOPE), talk.language, talk.user, talk.trace)
        self._welcome()

    def _lang(self, wanted: str) -> None:
        other = "en" if self._talk.language == "zh" else "zh"
        self._talk.language = ui_language(wanted) if wanted else other
        self._note(word("term_language", self._talk.language))

    def _user(self, wanted: str) -> None:
        """Choose a profile by id or the start of its name; anything else is a guest."""
        people = self._assistant.personas()
        match = [key for key, name in people.items() if wanted and (key == wanted or _starts(name, wanted))]
        self._talk.user = UserId(match[0]) if match else None
        name = people[match[0]] if match else word("guest", self._talk.language)
        names = ", ".join(people.values())
        self._note(word("term_user", self._talk.language, name=visible(name), names=visible(names)))

    def _trace(self, _: str) -> None:
        self._talk.trace = not self._talk.trace
        self._note(word("term_trace_on" if self._talk.trace else "term_trace_off", self._talk.language))

    def _help(self, _: str) -> None:
        language = self._talk.language
        self._note(f"{word('term_help', language)}; {word('term_pick', language)}")

    def _welcome(self) -> None:
        if not self._rich:
            return
        language = self._talk.language
        self._console.print(Text(visible(self._assistant.greeting(language)), style="bold"))
        for text in self._assistant.examples(language):
            self._console.print(Text("  " + visible(text), style="dim"))
        self._help("")

    def _note(self, text: str) -> None:
        self._console.print(Text(text, style="dim"))


def _starts(name: str, wanted: str) -> bool:
    return name.casefold().startswith(wanted.casefold())


def run_chat(assistant: Shopfront, settings: Settings, console: Console) -> None:
    """Hold a conversation in the terminal until the user leaves; the caller closes the assistant."""
    Terminal(assistant, settings, console).run()
