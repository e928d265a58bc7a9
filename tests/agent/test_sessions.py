"""Names of sessions: issued ids, scopes, history keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sessions import SessionNames
from core.conversation import Message

NAMES = SessionNames(b"secret of the tests")
HELLO = (Message("user", "a laptop"), Message("assistant", "Here are three."))


def test_an_issued_id_is_known_again() -> None:
    issued = NAMES.issue("scope")
    assert issued.issued
    assert NAMES.named(issued.session_id, "scope") == replace(issued, stateless=False)


def test_ids_differ() -> None:
    assert len({NAMES.issue("").session_id for _ in range(100)}) == 100


def test_an_issued_id_is_worth_nothing_elsewhere() -> None:
    issued = NAMES.issue("ann")
    assert not NAMES.named(issued.session_id, "ben").issued
    assert NAMES.named(issued.session_id, "ben").key != issued.key
    assert not SessionNames(b"another server").named(issued.session_id, "ann").issued


@pytest.mark.parametrize("forged", ["", "s_", "s_.", "s_abc.", "mine", "s_abc.0123456789abcdef", "s_é.é", "x" * 5000])
def test_other_ids_are_not_issued(forged: str) -> None:
    assert not NAMES.named(forged, "").issued


@given(st.text(max_size=60), st.text(max_size=20))
def test_no_text_passes_for_an_issued_id(session_id: str, scope: str) -> None:
    assert not NAMES.named(session_id, scope).issued


def test_a_tampered_id_is_not_issued() -> None:
    session_id = NAMES.issue("").session_id
    random, _, mark = session_id.partition(".")
    assert not NAMES.named(f"{random}x.{mark}", "").issued
    assert not NAMES.named(f"{random}.{mark[::-1]}x", "").issued


def test_keys_tell_neither_id_nor_scope() -> None:
    key = NAMES.key("my-session", "my-scope")
    assert "my-session" not in key
    assert "my-scope" not in key


def test_history_keys() -> None:
    key = NAMES.history_key(HELLO, "")
    assert key == NAMES.history_key([Message("user", " a laptop\n"), Message("assistant", "Here are three. ")], "")
    others = [
        NAMES.history_key(HELLO, "ann"),
        NAMES.history_key(HELLO[:1], ""),
        NAMES.history_key(HELLO[::-1], ""),
        NAMES.history_key([Message("assistant", "a laptop"), Message("user", "Here are three.")], ""),
        NAMES.history_key([*HELLO, Message("user", "cheaper")], ""),
        SessionNames(b"other").history_key(HELLO, ""),
    ]
    assert len({key, *others}) == len(others) + 1


def test_parts_of_a_history_do_not_run_together() -> None:
    one = NAMES.history_key([Message("user", "ab"), Message("user", "c")], "")
    other = NAMES.history_key([Message("user", "a"), Message("user", "bc")], "")
    assert one != other


def test_a_session_and_a_history_never_share_a_key() -> None:
    assert not NAMES.key("a", "").startswith("history:")
    assert NAMES.history_key([], "").startswith("history:")
