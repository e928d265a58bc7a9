"""Every way in which a model's server fails, over real HTTP: what is retried, what is told, and what is aborted."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from agent.llm.client import Limits, ModelClient
from agent.llm.wire import Finished, TextDelta, ToolCalls
from core.errors import (
    ContextOverflow,
    ModelBadOutput,
    ModelOverloaded,
    ModelTimeout,
    ModelUnavailable,
    WrongModel,
)
from tests.llm.asking import ASK, LONG, QUICK, WITH_TOOLS, events
from tests.llm.scripted import Answer, ScriptedServer, call, calls, fail, overflow, overloaded, say

# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [
    fail(500), fail(502), overloaded(503), overloaded(429), say("Hi there, you", cut=0), say("", cut=2),
    say("", stop=1), say("", stop=0), say(""), say("<think>hm, hm</think>"), Answer(raw=b"data: {nonsense\n\n"),
    Answer(raw=b'data: {"error": {"message": "engine died", "code": 500}}\n\n'), Answer(raw=b"data: [DONE]\n\n"),
])  # fmt: skip
async def test_a_failure_before_the_first_word_is_retried_once(server, client, answer):
    server.script = [answer, say("Here you are.")]
    done = await client.complete(ASK)
    assert done.text == "Here you are."
    assert done.finished.attempts == 2
    assert client.report().retries == 1


@pytest.mark.parametrize(("answer", "kind"), [
    (fail(500), ModelUnavailable), (overloaded(429), ModelOverloaded), (overloaded(503), ModelOverloaded),
    (say("", cut=1), ModelUnavailable), (say(""), ModelBadOutput), (Answer(raw=b"data: 7\n\n"), ModelUnavailable),
])  # fmt: skip
async def test_after_the_retry_the_failure_is_told(server, client, answer, kind):
    server.script = [answer, answer, say("too late")]
    with pytest.raises(kind):
        await client.complete(ASK)
    assert len(server.requests) == 2


async def test_a_cut_in_mid_stream_keeps_what_was_said_and_repeats_nothing(server, client):
    server.script = [say("The first sentence. The second one", cut=5), say("never asked")]
    got = []

    async def read():
        async for event in client.stream(ASK):
            got.append(event)

    with pytest.raises(ModelUnavailable):
        await read()
    assert "".join(event.text for event in got) == "The first sentence. The "
    assert len(server.requests) == 1


@pytest.mark.parametrize("how", ["cut", "stop"])
async def test_tool_calls_that_break_off_are_not_called(server, client, how):
    server.script = [replace(call("recommend_items", query="a long query"), **{how: 4})] * 2
    with pytest.raises(ModelUnavailable):
        await client.complete(WITH_TOOLS)


async def test_a_prompt_that_is_too_long_is_not_retried_and_no_fault_of_the_server(server, client):
    server.script = [overflow()] * 9
    for _ in range(5):
        with pytest.raises(ContextOverflow):
            await client.complete(ASK)
    assert len(server.requests) == 5
    assert client.breaker.state == "closed"


async def test_silence_before_the_first_token_is_a_timeout(server, client):
    client.limits = Limits(first_token=0.3, stall=5, call=5)
    await client.probe()
    server.script = [say("Late.", wait=30), say("never asked")]
    with pytest.raises(ModelTimeout):
        await client.complete(ASK)
    assert len(server.requests) == 1


async def test_silence_between_tokens_is_a_timeout(server, client):
    client.limits = Limits(first_token=5, stall=0.3, call=5)
    server.script = [say("One two three", gap=0.8)]
    with pytest.raises(ModelTimeout):
        await client.complete(ASK)


async def test_the_limit_of_a_call_holds_while_tokens_come(server, client):
    await client.probe()
    server.script = [say(LONG, gap=0.05)]
    with pytest.raises(ModelTimeout):
        await client.complete(replace(ASK, limit=0.6))


async def test_a_wrong_name_is_told_with_the_right_ones(server):
    client = ModelClient(server.url, model="gone", limits=QUICK)
    with pytest.raises(WrongModel, match="serves scripted, not gone"):
        await client.complete(ASK)
    await client.close()


@pytest.mark.parametrize("listed", ["nothing", "another", "an error"])
async def test_a_named_model_need_not_be_listed(server, listed):
    server.listed = {"nothing": [], "another": ["cached"], "an error": None}[listed]
    server.script = [say("Served on demand.")]
    client = ModelClient(server.url, model="scripted", limits=QUICK)
    for _ in range(3):
        client.breaker.failed()
    client.breaker._clock = lambda: 1e9  # half-open: the look before the probe takes any answer
    assert (await client.complete(ASK)).text == "Served on demand."
    await client.close()


async def test_a_model_that_disappears_is_told(server, client):
    await client.probe()
    server.model = "another"
    with pytest.raises(WrongModel, match="Valid aliases: another"):
        await client.complete(ASK)


async def test_a_wrong_key_is_told():
    with ScriptedServer(key="right") as server:
        client = ModelClient(server.url, key="wrong", limits=QUICK)
        with pytest.raises(ModelUnavailable, match="refuses the key"):
            await client.complete(ASK)
        await client.close()


async def test_no_server_is_told_with_its_address_and_without_a_password():
    client = ModelClient("http://me:secret@127.0.0.1:9/v1", limits=QUICK)
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9") as told:
        await client.complete(ASK)
    assert "secret" not in str(told.value)
    await client.close()


@pytest.mark.parametrize(
    "text", ["I am a lamp. ", "很好，很好，这个非常好。", "ab", "\n", "the quick brown fox jumps over the dog "]
)
async def test_endless_repetition_is_cut(server, client, text):
    server.script = [say("Here it is: " + text * (9000 // len(text)))]
    done = await client.complete(ASK)
    assert done.finished.cut == "repetition"
    assert len(done.text) < 1500


async def test_a_table_is_no_repetition(server, client):
    rows = "\n".join(f"| Lamp {at} | {at * 3}.00 USD | yes |" for at in range(12))
    text = f"| Name | Price | Stock |\n|{'-' * 60}|{'-' * 60}|{'-' * 60}|\n{rows}\n"
    server.script = [say(text)]
    done = await client.complete(ASK)
    assert (done.text, done.finished.cut) == (text, "")


async def test_arguments_without_end_are_bad_output(server, client):
    server.script = [calls(("recommend_items", '{"query": "' + "very " * 5000))] * 2
    with pytest.raises(ModelBadOutput, match="do not end"):
        await client.complete(WITH_TOOLS)


async def test_an_answer_that_used_all_its_tokens_is_marked(server, client):
    server.script = [say("one two three four five six", piece=1)]
    assert (await client.complete(replace(ASK, max_tokens=10))).finished.cut == "length"


async def test_a_parameter_that_the_server_does_not_know_is_left_out(server, client):
    def picky(asked):
        for name in ("chat_template_kwargs", "max_tokens"):
            if name in asked:
                return fail(400, f"Unsupported parameter: '{name}'", kind="invalid_request_error", param=name)
        return say("Done.")

    server.default = picky
    assert (await client.complete(ASK)).text == "Done."
    assert (await client.complete(ASK)).text == "Done."
    assert len(server.requests) == 4
    assert server.requests[-1]["max_completion_tokens"] == ASK.max_tokens


# -- leaving, breaker --------------------------------------------------------------------------------------------------


async def test_leaving_the_iteration_aborts_the_request(server, client):
    server.script = [say(LONG, gap=0.02)]
    async with aclosing(client.stream(ASK)) as stream:
        async for _ in stream:
            break
    await _until(lambda: server.aborted == 1)
    assert client.report().calls == {"left": 1}


@pytest.mark.parametrize("after", [0.05, 0.4])
async def test_cancelling_aborts_the_request(server, client, after):
    await client.probe()
    server.script = [say(LONG, wait=0.2 if after < 0.1 else 0.0, gap=0.02)]
    task = asyncio.create_task(client.complete(ASK))
    await asyncio.sleep(after)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until(lambda: server.aborted == 1)


async def test_the_breaker_opens_and_a_probe_closes_it(server, client):
    now = [0.0]
    client.breaker._clock = lambda: now[0]
    await client.probe()
    server.default = fail(500)
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            await client.complete(ASK)
    assert client.breaker.state == "open"
    asked = len(server.requests)
    with pytest.raises(ModelUnavailable, match="asked again in 5 s"):
        await client.complete(ASK)
    assert len(server.requests) == asked
    now[0] = 6.0
    with pytest.raises(ModelUnavailable, match="failed with status 500"):
        await client.complete(ASK)
    assert client.breaker.retry_in() == 10
    now[0] = 17.0
    server.default = say("Well again.")
    assert (await client.complete(ASK)).text == "Well again."
    assert client.breaker.state == "closed"
    assert client.report().breaker_openings == 1
    assert client.report().calls["refused"] == 1


async def test_a_probe_that_is_left_lets_the_next_one_look(server, client):
    now = [0.0]
    client.breaker._clock = lambda: now[0]
    await client.probe()
    for _ in range(3):
        client.breaker.failed()
    now[0] = 6.0
    server.script = [say(LONG, gap=0.02), say("Back.")]
    async with aclosing(client.stream(ASK)) as stream:
        async for _ in stream:
            with pytest.raises(ModelUnavailable):  # one probe at a time
                await client.complete(ASK)
            break
    assert (await client.complete(ASK)).text == "Back."


async def test_a_server_that_starts_later_is_found():
    server = ScriptedServer([say("Here.")])
    client = ModelClient("http://127.0.0.1:9/v1", limits=QUICK)
    with pytest.raises(ModelUnavailable):
        await client.complete(ASK)
    await client.close()
    with server:
        client = ModelClient(server.url, limits=QUICK)
        assert (await client.complete(ASK)).text == "Here."
        await client.close()


async def test_many_calls_at_once(server, client):
    server.default = lambda asked: say(f"You said {asked['messages'][-1]['content']}.", gap=0.002)
    asked = [replace(ASK, messages=({"role": "user", "content": f"number {at}"},)) for at in range(40)]
    done = await asyncio.gather(*(client.complete(one) for one in asked))
    assert [one.text for one in done] == [f"You said number {at}." for at in range(40)]


async def test_events_come_in_order(server, client):
    server.script = [Answer(text="Let me look. ", calls=(("recommend_items", '{"query": "x"}'),))]
    kinds = [type(event) for event in await events(client, WITH_TOOLS)]
    assert kinds[-2:] == [ToolCalls, Finished]
    assert set(kinds[:-2]) == {TextDelta}


async def _until(condition, seconds=5.0):
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true")
