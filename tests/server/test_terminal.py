"""The terminal chat: the same turns, line by line and drawn."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from core.entities import EventKind
from core.settings import Settings
from server.terminal import Terminal, run_chat
from server.terminal_views import cards_view, choices
from tests.server.fake_assistant import FACETS, PROBE, ScriptedAssistant


class Keyboard(io.StringIO):
    """Standard input that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def talk(assistant: ScriptedAssistant, lines: list[str], *, rich: bool, width: int = 120) -> str:
    console = Console(file=io.StringIO(), force_terminal=rich, width=width, color_system=None)
    source = Keyboard() if rich else io.StringIO("\n".join(lines))
    terminal = Terminal(assistant, Settings(), console, source)
    if rich:
        typed = iter(lines)
        terminal._input = lambda: typed  # type: ignore[method-assign]
    terminal.run()
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_pipe_gets_the_answers_and_nothing_else():
    output = talk(ScriptedAssistant(), ["a quiet laptop", "how do returns work"], rich=False)
    assert output.startswith("Three quiet laptops under $900 fit")
    assert output.rstrip().endswith("within **30 days** of delivery.")
    assert "\x1b" not in output


def test_a_terminal_shows_cards_before_prose_then_chips_and_numbered_offers():
    output = talk(ScriptedAssistant(), ["a quiet laptop"], rich=True)
    order = [output.index(text) for text in ("#1 Fjell Air 14", "Three quiet laptops", "Looking for", "[1] 13-14 in")]
    assert order == sorted(order)
    assert "$649.50" in output
    assert "Sponsored" in output
    assert "[4] Cheaper" in output


@pytest.mark.parametrize("width", [60, 140])
def test_cards_fit_narrow_and_wide_terminals(width):
    output = talk(ScriptedAssistant(), ["a quiet laptop"], rich=True, width=width)
    assert "Morrow Slate 13" in output


def test_a_number_says_what_was_offered_and_a_dead_end_offers_what_to_drop():
    assistant = ScriptedAssistant()
    talk(assistant, ["a quiet laptop", "4", "nothing", "1", "/drop 1"], rich=True)
    assert assistant.requests[1].message == "Cheaper"
    assert assistant.requests[3].edit is not None
    assert assistant.requests[3].edit.remove == ("c2",)
    assert assistant.requests[4].edit is not None
    assert assistant.requests[4].edit.remove == ("c1",)


def test_commands_choose_user_language_trace_and_record_likes():
    assistant = ScriptedAssistant()
    lines = ["/user mira", "laptop", "/like 2", "/like 9", "/lang zh", "/trace", "laptop", "/nonsense", "/new", "/quit"]
    output = talk(assistant, lines, rich=True)
    assert assistant.requests[0].user_id == "u1"
    (liked,) = assistant.recorded
    assert (liked.item_id, liked.event, liked.position, liked.user_id) == ("lap-02", EventKind.LIKE, 2, "u1")
    assert "recommend_items" in output
    assert "没有 /nonsense 这个命令" in output


def test_catalogue_text_cannot_steer_the_terminal():
    output = talk(ScriptedAssistant(), ["probe"], rich=True)
    assert "\x1b[31m" not in output
    assert "␛[31m" in output or "␛" in output


def test_an_error_is_told_and_the_talk_goes_on():
    output = talk(ScriptedAssistant(), ["x" * 20_001, "laptop"], rich=False)
    assert "the message is too long" in output
    assert "Three quiet laptops" in output


def test_run_chat_reads_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("laptop\n"))
    console = Console(file=io.StringIO())
    run_chat(ScriptedAssistant(), Settings(), console)
    assert "Three quiet laptops" in console.file.getvalue()  # type: ignore[attr-defined]


def test_probe_is_shown_as_text_in_choices_and_cards():
    assistant = ScriptedAssistant()
    console = Console(file=io.StringIO(), width=200)
    request_reply, _ = assistant._answer(_request(assistant, "probe"))
    console.print(cards_view(request_reply, 200))
    assert PROBE[:20] in console.file.getvalue()  # type: ignore[attr-defined]
    assert all("\x1b" not in choice.shown for choice in choices(request_reply, FACETS, "USD"))


def _request(assistant: ScriptedAssistant, message: str):
    from core.events import TurnRequest

    return TurnRequest(message, assistant.new_session())
