from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.server.test_chat import error

LIKE = {"event": "like", "item_id": "lamp-1", "user": "u1"}


def test_one_event(http, assistant):
    sent = {**LIKE, "event_id": "e-one", "session_id": "s", "turn_id": "t", "position": 2, "more": "ignored"}
    assert http.post("/v1/events", json=sent).json() == {"recorded": 1, "duplicates": 0, "errors": []}
    kept = assistant.interactions["e-one"]
    assert (kept.user_id, kept.item_id, kept.event, kept.session_id, kept.turn_id, kept.position) == (
        "u1", "lamp-1", "like", "s", "t", 2,
    )  # fmt: skip
    assert kept.time.utcoffset() == timedelta(0)


def test_sending_again_is_harmless(http):
    sent = {**LIKE, "event_id": "e-again"}
    assert http.post("/v1/events", json=sent).json()["recorded"] == 1
    assert http.post("/v1/events", json=sent).json() == {"recorded": 0, "duplicates": 1, "errors": []}
    assert http.post("/v1/events", json=[sent, sent]).json()["duplicates"] == 2


def test_events_without_an_id_are_all_different(http):
    assert http.post("/v1/events", json=[LIKE, LIKE]).json()["recorded"] == 2


def test_a_list_keeps_what_is_right(http):
    answer = http.post(
        "/v1/events",
        json=[{**LIKE, "event_id": "e-list"}, {**LIKE, "item_id": "nothing"}, 3, {**LIKE, "event": "sing"}],
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["recorded"] == 1
    assert [(entry["index"], entry["param"], entry["code"]) for entry in body["errors"]] == [
        (1, "item_id", "item_not_found"),
        (2, None, "bad_request"),
        (3, "event", "bad_request"),
    ]


def test_an_empty_list_is_no_mistake(http):
    assert http.post("/v1/events", json=[]).json()["recorded"] == 0


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"event": "sing"}, "event"),
        ({"event": "impression"}, "event"),
        ({"event": "rating"}, "value"),
        ({"event": "rating", "value": -1}, "value"),
        ({"user": ""}, "user"),
        ({"user": None}, "user"),
        ({"user": "a\x00b"}, "user"),
        ({"item_id": ["lamp-1"]}, "item_id"),
        ({"position": -1}, "position"),
        ({"time": "yesterday"}, "time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time"),
        ({"time": (datetime.now(UTC) + timedelta(days=3)).isoformat()}, "time"),
        ({"event_id": ""}, "event_id"),
    ],
)
def test_a_wrong_event_is_explained(http, change, param):
    for body in ({**LIKE, **change}, [{**LIKE, **change}]):
        response = http.post("/v1/events", json=body)
        assert response.status_code == 400
        assert error(response)["param"] == param


def test_an_unknown_item(http):
    response = http.post("/v1/events", json={**LIKE, "item_id": "nothing"})
    assert response.status_code == 404
    assert error(response)["code"] == "item_not_found"


def test_too_many_at_once(http):
    assert http.post("/v1/events", json=[LIKE] * 1001).status_code == 400


def test_times(http, assistant):
    events = [
        {**LIKE, "event_id": "e-epoch", "time": 86400},
        {**LIKE, "event_id": "e-iso", "time": "1970-01-02T08:00:00+08:00"},
        {**LIKE, "event_id": "e-naive", "time": "1970-01-02T00:00:00"},
    ]
    assert http.post("/v1/events", json=events).json()["recorded"] == 3
    for event in events:
        assert assistant.interactions[event["event_id"]].time == datetime(1970, 1, 2, tzinfo=UTC)


def test_a_profile_is_read_changed_and_forgotten(http):
    where = {"user": "p1"}
    assert http.get("/v1/profile", params=where).json() == {"user": "p1"}
    assert http.patch("/v1/profile", params=where, json={"like": ["lamp-1"]}).json() == {
        "user": "p1",
        "like": ["lamp-1"],
    }
    assert http.get("/v1/profile", params=where).json() == {"user": "p1", "like": ["lamp-1"]}
    assert http.delete("/v1/profile", params=where).json() == {"deleted": {"profiles": 1}}
    assert http.delete("/v1/profile", params=where).json() == {"deleted": {"profiles": 0}}


def test_a_profile_needs_a_user(http):
    for response in (http.get("/v1/profile"), http.get("/v1/profile", params={"user": ""}), http.delete("/v1/profile")):
        assert response.status_code == 400
        assert error(response)["param"] == "user"


def test_wrong_changes_of_a_profile(http):
    for body in ([1], {"unknown": 1}, {"like": 3}, {"like": "lamp-1"}, {"like": [None]}):
        response = http.patch("/v1/profile", params={"user": "p2"}, json=body)
        assert response.status_code == 400
        error(response)
