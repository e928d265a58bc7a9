"""The optional last stage of retrieval: asked, obeyed within what constraints allow, and skipped when it fails."""

from __future__ import annotations

import http.server
import json
import threading

import pytest

from agent.llm.client import Limits, ModelClient
from agent.llm.reranker import LlmReranker, ServedReranker, reranker_of
from core.entities import Constraint, Op, Query, Sort
from core.settings import Settings
from retrieval import index
from tests.llm.scripted import ScriptedServer, fail, say
from tests.retrieval.garden import T0, write_garden

NEED = Query(text="garden tools", limit=6)


@pytest.fixture(scope="module")
def garden(tmp_path_factory, encoder):
    folder = write_garden(tmp_path_factory.mktemp("garden") / "shop")
    data = folder.parent / "data"
    return index.open(folder, data, Settings(shop=folder, data_dir=data), embedder=encoder, clock=lambda: T0 + 1000.0)


@pytest.fixture
def plain(garden):
    garden.reranker = None
    yield garden
    garden.reranker = None


class Backwards:
    asked: tuple = ()

    def order(self, need, documents):
        self.asked = (need, tuple(documents))
        return list(range(len(documents)))[::-1]


class Says:
    def __init__(self, order):
        self.said = order

    def order(self, need, documents):
        return self.said


def ids(ranking):
    return [entry.item.id for entry in ranking.items]


def test_the_best_candidates_change_places_and_nothing_else_comes_in(plain):
    before = plain.recommend(NEED)
    few = Query(text="garden tools", limit=3)
    plain.reranker = reranker = Backwards()
    after = plain.recommend(NEED)
    assert ids(after) != ids(before)
    assert reranker.asked[0] == "garden tools"
    scores = [entry.score for entry in after.items]
    assert scores == sorted(scores, reverse=True)
    assert any(entry.parts.get("rerank") for entry in after.items)
    assert len(ids(plain.recommend(few))) == 3


def test_constraints_hold_whatever_it_says(plain):
    cheap = Query(text="garden tools", limit=6, constraints=(Constraint("c1", "price", Op.LT, 50.0),))
    plain.reranker = Backwards()
    assert all(entry.item.price < 50 for entry in plain.recommend(cheap).items)


@pytest.mark.parametrize("said", [None, [], [99, -1, 0], [0, 0, 0]])
def test_an_order_that_says_nothing_changes_nothing(plain, said):
    before = ids(plain.recommend(NEED))
    plain.reranker = Says(said)
    assert ids(plain.recommend(NEED)) == before


@pytest.mark.parametrize("query", [Query(limit=6), Query(text="garden", sorts=(Sort("price", False),), limit=6)])
def test_without_words_or_with_a_sort_it_is_not_asked(plain, query):
    plain.reranker = reranker = Backwards()
    plain.recommend(query)
    assert not reranker.asked


# -- the LLM and a server as re-rankers --------------------------------------------------------------------------------


def test_the_llm_puts_numbers_in_order(plain):
    with ScriptedServer([say('{"order": [2, 0]}')]) as server:
        client = ModelClient(server.url, limits=Limits(5, 5, 5))
        assert LlmReranker(client).order("a spade", ["rake", "hoe", "spade"]) == [2, 0]
        asked = server.requests[0]
        assert asked["response_format"]["json_schema"]["schema"]["properties"]["order"]["items"]["maximum"] == 2
        assert '<item number="2">' in asked["messages"][0]["content"]
        assert client.report().reranks == {"done": 1}


@pytest.mark.parametrize("answer", [fail(500), say("no"), say('{"order": "all"}'), say('{"order": [true]}'), say("")])
def test_an_llm_that_fails_is_skipped_and_counted(plain, answer):
    with ScriptedServer([answer] * 2) as server:
        client = ModelClient(server.url, limits=Limits(5, 5, 5))
        plain.reranker = LlmReranker(client)
        assert plain.recommend(NEED).items
        assert client.report().reranks == {"failed": 1}


def test_an_open_breaker_is_not_tried(plain):
    client = ModelClient("http://127.0.0.1:9/v1")
    for _ in range(3):
        client.breaker.failed()
    assert LlmReranker(client).order("x", ["a", "b", "c"]) is None
    assert client.report().reranks == {"skipped": 1}


class Cohere(http.server.BaseHTTPRequestHandler):
    broken = False

    def do_GET(self):
        self._answer({"data": [{"id": "cross-encoder"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert (body["model"], self.path) == ("cross-encoder", "/v1/rerank")
        scored = [{"index": at, "relevance_score": len(text)} for at, text in enumerate(body["documents"])]
        self._answer({"oops": 1} if self.broken else {"results": scored})

    def _answer(self, value):
        text = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


@pytest.mark.parametrize("broken", [False, True])
def test_a_rerank_server_is_asked(monkeypatch, broken):
    monkeypatch.setattr(Cohere, "broken", broken)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cohere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        reranker = ServedReranker(f"http://127.0.0.1:{server.server_port}/v1")
        assert reranker.order("x", ["a", "ccc", "bb"]) == (None if broken else [1, 2, 0])
        server.shutdown()


def test_the_setting_chooses(caplog):
    client = ModelClient("http://127.0.0.1:9/v1")
    assert reranker_of(Settings(), client) is None
    assert isinstance(reranker_of(Settings(rerank="llm"), client), LlmReranker)
    assert isinstance(reranker_of(Settings(rerank="http://x/v1"), None), ServedReranker)
    assert reranker_of(Settings(rerank="llm"), None) is None
    assert "nothing is re-ranked" in caplog.text
