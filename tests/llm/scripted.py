"""A model's server for tests: vLLM's wire format over real HTTP, answers from a script, faults on demand.

The format was taken from vLLM 0.32: role chunk first, ``reasoning`` beside ``content``, tool-call deltas (name first,
then the arguments in pieces), a usage chunk without choices, ``[DONE]``, and its wording of errors.

    with ScriptedServer([say("Hello."), call("recommend_items", query="laptop"), say("Here.")]) as server:
        ModelClient(server.url)
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

MODEL = "scripted"
CONTEXT = 32_768


@dataclass(frozen=True)
class Answer:
    """What the server does with one request."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    """Name and arguments as text, which need not be JSON."""
    deltas: tuple[dict[str, Any], ...] | None = None
    """Deltas as they are, instead of text, reasoning and calls."""
    raw: bytes | None = None
    """The body of the stream as it is, instead of everything."""
    finish: str = ""
    piece: int = 6
    """Characters of text or arguments in a chunk."""
    status: int = 200
    error: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    """Seconds before the first byte."""
    gap: float = 0.0
    """Seconds between chunks."""
    cut: int | None = None
    """The connection breaks after so many chunks."""
    stop: int | None = None
    """The stream ends cleanly after so many chunks: no finish reason, no usage, no ``[DONE]``."""
    usage: bool = True


def say(text: str, **options: Any) -> Answer:
    """Answer in words."""
    return Answer(text=text, **options)


def call(name: str, **arguments: Any) -> Answer:
    """Call a tool."""
    return Answer(calls=((name, json.dumps(arguments, ensure_ascii=False)),))


def calls(*listed: tuple[str, Any], **options: Any) -> Answer:
    """Call several tools at once; arguments that are no text become JSON."""
    written = tuple(
        (name, text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)) for name, text in listed
    )
    return Answer(calls=written, **options)


def fail(status: int, message: str = "it failed", *, kind: str = "InternalServerError", param: str | None = None,
         **options: Any) -> Answer:  # fmt: skip
    """Refuse, in vLLM's error shape."""
    error = {"error": {"message": message, "type": kind, "param": param, "code": status}}
    return Answer(status=status, error=error, **options)


def overflow(tokens: int = CONTEXT) -> Answer:
    """Refuse a prompt that is too long, as vLLM words it."""
    text = (
        f"This model's maximum context length is {tokens} tokens. However, your prompt contains at least {tokens + 1} "
        "input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input "
        f"prompt. (parameter=input_tokens, value={tokens + 1})"
    )
    return fail(400, text, kind="BadRequestError", param="input_tokens")


def overloaded(status: int = 503, after: str = "0") -> Answer:
    """Refuse for want of room."""
    return fail(status, "too many requests", kind="ServiceUnavailable", headers={"Retry-After": after})


Responder = Callable[[dict[str, Any]], Answer]


class ScriptedServer:
    """Runs in a thread of its own; a request takes the next answer of the script, and the probe is answered aside."""

    def __init__(
        self, script: Iterable[Answer | Responder] = (), *, default: Answer | Responder | None = None,
        native: bool = True, schema: bool = True, key: str = "", model: str = MODEL,
    ) -> None:  # fmt: skip
        """Start with :meth:`start` or ``with``.

        Args:
            script: one answer for each request to come, or functions from its body to an answer.
            default: what is answered when the script is over; else status 500.
            native: the model calls tools; else it answers the probe in words.
            schema: the server takes JSON schemas.
            key: the bearer token that it wants.
            model: the name of its model.
        """
        self.script: list[Answer | Responder] = list(script)
        self.default = default
        self.native, self.schema, self.key, self.model = native, schema, key, model
        self.listed: list[str] | None = [model]
        """The models that it lists; None: the list fails."""
        self.requests: list[dict[str, Any]] = []
        """Bodies of the chat requests, the probe's apart."""
        self.probes: list[dict[str, Any]] = []
        self.looks = 0
        """How often the list of models was asked for."""
        self.aborted = 0
        """Streams that the client left before their end."""
        self.down = False
        """Connections are closed at once."""
        self.port = 0
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="scripted-model", daemon=True)
        self._stopped: asyncio.Event

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> ScriptedServer:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> ScriptedServer:
        """Listen on a free port."""
        ready = threading.Event()
        self._loop.call_soon(lambda: self._loop.create_task(self._serve(ready)))
        self._thread.start()
        assert ready.wait(10)
        return self

    def stop(self) -> None:
        """End every connection."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stopped.wait()
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._loop.stop()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not self.down and (head := await _head(reader)) is not None:
                method, path, headers, body = head
                if not await self._answer(method, path, headers, body, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # cancelled by stop(): this is the whole task
        finally:
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes,
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
    ) -> bool:  # fmt: skip
        """Answer one request; tell whether the connection may be used again."""
        if path == "/health":
            return _json(writer, 200, {})
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            return _json(writer, 401, {"error": "Unauthorized"})
        if path == "/v1/models":
            self.looks += 1
            if self.listed is None:
                return _json(writer, 500, {"detail": "Internal Server Error"})
            shape = {"object": "model", "owned_by": "vllm", "max_model_len": CONTEXT}
            return _json(writer, 200, {"object": "list", "data": [{"id": name, **shape} for name in self.listed]})
        if path != "/v1/chat/completions" or method != "POST":
            return _json(writer, 404, {"detail": "Not Found"})
        asked = json.loads(body)
        if asked["model"] != self.model:
            text = f"The model `{asked['model']}` does not exist. Valid aliases: {self.model}."
            refused = fail(404, text, kind="NotFoundError", param="model")
            return _json(writer, 404, refused.error)
        return await self._speak(self._next(asked), asked, reader, writer)

    def _next(self, asked: dict[str, Any]) -> Answer:
        from agent.llm.probe import ASKED  # late: a fake of vLLM's process need not load it to start

        if str(asked["messages"][-1]["content"]).startswith(ASKED):
            self.probes.append(asked)
            return self._probed(asked)
        self.requests.append(asked)
        found = self.script.pop(0) if self.script else self.default or fail(500, "the script is over")
        return found if isinstance(found, Answer) else found(asked)

    def _probed(self, asked: dict[str, Any]) -> Answer:
        if asked.get("tools"):
            return call("report_state", state="ready") if self.native else say("It is ready, I think.")
        return say('{"state": "ready"}') if self.schema else fail(400, "no grammars here", kind="BadRequestError")

    async def _speak(
        self, answer: Answer, asked: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if await _left(reader, answer.wait):
            self.aborted += 1
            return False
        if answer.error is not None:
            return _json(writer, answer.status, answer.error, answer.headers)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            for at, line in enumerate(self._lines(answer, asked)):
                if at == answer.cut:
                    writer.transport.abort()
                    return False
                if at == answer.stop:
                    break
                writer.write(b"%x\r\n%b\r\n" % (len(line), line))
                await writer.drain()
                if await _left(reader, answer.gap):
                    self.aborted += 1
                    return False
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        except ConnectionError:
            self.aborted += 1
            return False
        return True

    def _lines(self, answer: Answer, asked: dict[str, Any]) -> Iterable[bytes]:
        if answer.raw is not None:
            yield answer.raw
            return
        base: dict[str, Any] = {"id": f"chatcmpl-{next(self._numbers)}", "object": "chat.completion.chunk"}
        base |= {"created": 1, "model": self.model}
        deltas = list(answer.deltas if answer.deltas is not None else _deltas(answer))
        finish = answer.finish or ("tool_calls" if answer.calls else "stop")
        for at, delta in enumerate([{"role": "assistant", "content": ""}, *deltas]):
            last = finish if at == len(deltas) else None
            yield _line({**base, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": last}]})
        if answer.usage and asked.get("stream_options", {}).get("include_usage"):
            prompt = sum(len(str(message.get("content"))) for message in asked["messages"]) // 4
            usage = {
                "prompt_tokens": prompt, "completion_tokens": len(deltas), "total_tokens": prompt + len(deltas),
                "prompt_tokens_details": {"cached_tokens": prompt // 2},
            }  # fmt: skip
            yield _line({**base, "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"


def _deltas(answer: Answer) -> Iterable[dict[str, Any]]:
    for piece in _pieces(answer.reasoning, answer.piece):
        yield {"reasoning": piece}
    for piece in _pieces(answer.text, answer.piece):
        yield {"content": piece}
    for index, (name, arguments) in enumerate(answer.calls):
        begun = {"id": f"chatcmpl-tool-{index}", "type": "function", "index": index, "function": {"name": name}}
        yield {"content": None, "tool_calls": [begun]}
        for piece in _pieces(arguments, answer.piece):
            yield {"content": None, "tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _pieces(text: str, length: int) -> Iterable[str]:
    return (text[start : start + length] for start in range(0, len(text), length))


def _line(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


async def _left(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Wait; tell whether the client has closed its side meanwhile."""
    end = asyncio.get_running_loop().time() + seconds
    while not reader.at_eof():
        left = end - asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, min(0.02, left)))
        if left <= 0:
            return reader.at_eof()
    return True


async def _head(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes] | None:
    line = await reader.readline()
    if not line.strip():
        return None
    method, path, _ = line.decode().split(" ", 2)
    headers: dict[str, str] = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode().partition(":")
        headers[name.strip().lower()] = value.strip()
    return method, path, headers, await reader.readexactly(int(headers.get("content-length", 0)))


def _json(writer: asyncio.StreamWriter, status: int, value: Any, headers: dict[str, str] | None = None) -> bool:
    body = json.dumps(value).encode()
    lines = "".join(f"{name}: {text}\r\n" for name, text in (headers or {}).items())
    writer.write(
        f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{lines}content-length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return True


def slowly(answer: Answer, gap: float) -> Answer:
    """Return an answer that comes bit by bit."""
    return replace(answer, gap=gap)
