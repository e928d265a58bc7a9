"""The parts of the turn benchmark, against a scripted server on loopback."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from benchmarks.driving import Load, drive, percentile
from benchmarks.large_shop import spread
from benchmarks.performance_page import ShopResult, page
from benchmarks.stages import Clock, clocked
from benchmarks.turns import time_spent


class Scripted(BaseHTTPRequestHandler):
    """Answers every turn but those that say "cheaper"."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        failing = body["messages"][-1]["content"] == "cheaper"
        extension = {
            "session_id": self.headers["X-Session-Id"],
            "intent": "recommend",
            "tool_calls": [{"name": "recommend_items", "arguments": {}, "ms": 2.5}],
        }
        content = json.dumps({"floorwalker": extension}).encode()
        self.send_response(500 if failing else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_shoppers_stop_at_the_number_of_turns(url):
    load = drive(url, 4, turns=40, seconds=30)
    assert 40 <= len(load.latencies) + len(load.failures) < 40 + 4
    assert load.rate > 0
    assert set(load.by_intent) == {"recommend"}
    assert load.tool_ms[0] == 2.5


def test_a_refused_turn_is_counted_and_named(url):
    load = drive(url, 1, turns=3, seconds=30)
    assert len(load.failures) == 1
    assert load.failures[0].startswith("500 at 'cheaper'")


def test_percentiles_are_nearest_rank():
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7
    assert percentile([], 0.5) == 0


def test_time_is_read_from_the_servers_measurements():
    before = {"floorwalker_turn_seconds_sum": 1.0, "floorwalker_turn_seconds_count": 10.0}
    after = {
        "floorwalker_turn_seconds_sum": 1.5,
        "floorwalker_turn_seconds_count": 20.0,
        'floorwalker_tool_seconds_sum{tool="recommend_items"}': 0.2,
        'floorwalker_tool_seconds_count{tool="recommend_items"}': 5.0,
        "floorwalker_http_requests_total": 20.0,
    }
    turn, tool = time_spent(before, after, turns=10)
    assert turn[0] == "turn"
    assert turn[1:] == pytest.approx((50.0, 1.0))
    assert tool[0] == "tool: recommend_items"
    assert tool[1:] == pytest.approx((40.0, 0.5))


class Steps:
    """Something to be timed, in each of its three forms."""

    def plain(self):
        return "plain"

    async def waited(self):
        return "waited"

    async def pieces(self):
        yield "a"
        yield "b"


async def test_every_form_of_a_method_is_timed_and_put_back():
    clock, steps, original = Clock(), Steps(), Steps.plain
    with ExitStack() as stack:
        for name in ("plain", "waited", "pieces"):
            stack.enter_context(clocked(clock, name, Steps, name))
        assert steps.plain() == "plain"
        assert await steps.waited() == "waited"
        assert [piece async for piece in steps.pieces()] == ["a", "b"]
    assert set(clock.seconds) == {"plain", "waited", "pieces"}
    assert Steps.plain is original


class LengthEmbedder:
    """Puts a text's vector on the axis of its length."""

    name, dimensions = "length", 8

    def embed(self, texts):
        return np.eye(8, dtype=np.float32)[[len(text) % 8 for text in texts]]


def test_spread_vectors_are_unit_seeded_and_near_their_category():
    texts = ["a"] * 200 + ["bb"] * 200
    groups = {"A": np.arange(200), "B": np.arange(200, 400)}
    vectors, encoded = spread(texts, groups, LengthEmbedder())
    again, _ = spread(texts, groups, LengthEmbedder())
    assert encoded == 96
    assert np.array_equal(vectors, again)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.all(vectors[:200, 1] > 0.7)
    assert np.all(vectors[200:, 2] > 0.7)
    assert 90 < np.sum(np.isclose(vectors, 1.0).any(axis=1)) < 110


def test_the_page_shows_every_level_of_load():
    loads = [Load(1, 2.0, [0.01, 0.03], {"recommend": [0.01, 0.03]}), Load(32, 1.0, [0.5] * 40, {}, [], ["500 at 'x'"])]
    text = page(
        [
            ShopResult(
                "default",
                1200,
                "spread vectors.",
                21.5,
                6.25,
                400,
                512,
                loads,
                [("whole turn", 8.25)],
                [("turn", 9.5, 1.0)],
            )
        ]
    )
    assert "| default (1,200 items) | 1 | 2 | 10 | 30 | 1.0 | 0 |" in text
    assert "| default (1,200 items) | 32 | 40 | 500 | 500 | 40.0 | 1 |" in text
    assert "| default | 21.5 | 6.2 | 400 | 512 |" in text
    assert "| whole turn | 8.2 |" in text
    assert "| turn | 9.5 | 1.00 |" in text
    assert "| recommend | 2 | 10 | 30 |" in text
