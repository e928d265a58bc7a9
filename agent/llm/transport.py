"""HTTP to an OpenAI-compatible server, through OpenAI's own client: requests out, raw chunks in, our errors.

The chunks are plain dictionaries: LangChain's ``ChatOpenAI`` drops ``reasoning`` and loses the tool calls of servers
that leave out ``index``, and making objects of every token costs more than all else here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import openai
from openai import AsyncStream

from agent.llm.faults import RefusedParameter, fault
from agent.llm.wire import ModelCall
from core.errors import ModelError, ModelTimeout

LATER = (429, 502, 503, 504, 529)
"""What a server, or the proxy before it, answers while it cannot."""
OPTIONAL = frozenset({"chat_template_kwargs", "seed", "stream_options", "temperature", "max_tokens"})
"""Parameters that some server does not know: left out after it has said so."""
CONNECT = 3.0
"""Seconds until a connection stands."""
AFTERWARDS = 0.5
"""Seconds that a server has to close an answer that is complete."""


class Transport:
    """The requests; one pool of connections for each event loop that calls."""

    def __init__(self, base_url: str, key: str, extra: dict[str, object]) -> None:
        """Keep address, key and what every request's body has besides."""
        self.where = _shown(base_url)
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._extra = extra
        self._refused: set[str] = set()
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, openai.AsyncOpenAI] = WeakKeyDictionary()

    async def models(self, limit: float) -> list[dict[str, Any]]:
        """Return what the server lists.

        Raises:
            ModelError: it does not answer within the seconds given, or refuses.
        """
        try:
            async with asyncio.timeout(max(0.05, limit)):
                listed: Any = await self._client().get("/models", cast_to=object)
            found = listed.get("data") if isinstance(listed, dict) else None
            return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        except Exception as error:  # whatever the SDK raises becomes one of our kinds
            raise fault(error, self.where) from error

    async def look(self, limit: float) -> None:
        """See whether anybody is there: any answer will do but one that says to come back later.

        Raises:
            ModelError: nobody answers within the seconds given.
        """
        try:
            await self.models(limit)
        except ModelError as error:
            if not refused(error):
                raise

    async def chat(self, model: str, call: ModelCall, *, schema: bool = True) -> AsyncGenerator[Any, None]:
        """Yield the chunks of an answer as dictionaries; closing it ends the request.

        Args:
            model: the served model's name.
            call: what to ask.
            schema: whether the server takes a JSON schema.

        Raises:
            ModelError: the request fails.
        """
        stream: AsyncStream[object] | None = None
        try:
            while stream is None:
                try:
                    stream = await self._client().post(
                        "/chat/completions",
                        cast_to=object,
                        body=self._body(model, call, schema=schema),
                        stream=True,
                        stream_cls=AsyncStream[object],
                    )
                except openai.APIStatusError as error:
                    found = fault(error, self.where, OPTIONAL - self._refused)
                    if not isinstance(found, RefusedParameter):
                        raise
                    self._refused.add(found.name)
            async for chunk in stream:
                yield chunk
        except Exception as error:  # whatever the SDK raises becomes one of our kinds
            raise fault(error, self.where) from error
        finally:
            if stream is not None:
                await stream.close()

    async def next(self, chunks: AsyncGenerator[Any, None], end: float, *, over: bool) -> Any | None:
        """Return the next chunk, or None at the end of the answer.

        Args:
            chunks: what :meth:`chat` yields.
            end: the time (``time.monotonic``) until which to wait.
            over: the answer is complete; nothing more has to come.

        Raises:
            ModelError: it does not come in time, or the stream breaks.
        """
        seconds = max(0.0, end - time.monotonic())
        try:
            async with asyncio.timeout(min(seconds, AFTERWARDS) if over else seconds):
                return await anext(chunks, None)
        except TimeoutError as error:
            if over:
                return None
            raise ModelTimeout(f"the model's server at {self.where} kept silent for {seconds:.1f} s") from error

    async def post(self, path: str, body: dict[str, Any], limit: float) -> Any:
        """Post JSON and return the answer's.

        Raises:
            ModelError: it fails.
        """
        try:
            async with asyncio.timeout(limit):
                return await self._client().post(path, cast_to=object, body=body)
        except Exception as error:  # whatever the SDK raises becomes one of our kinds
            raise fault(error, self.where) from error

    async def close(self) -> None:
        """Close the running event loop's connections."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    def _client(self) -> openai.AsyncOpenAI:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = openai.AsyncOpenAI(
                base_url=self._base_url,
                api_key=self._key or "none",
                max_retries=0,  # the one retry is the client's own: it knows what has been said already
                http_client=openai.DefaultAsyncHttpx2Client(
                    trust_env=not _local(self._base_url),  # a proxy of the environment does not reach this machine
                    timeout=openai.Timeout(None, connect=CONNECT),
                ),
            )
            self._clients[loop] = client
        return client

    def _body(self, model: str, call: ModelCall, *, schema: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": model,
            "messages": [dict(message) for message in call.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": call.temperature,
            "max_tokens": call.max_tokens,
            "chat_template_kwargs": {"enable_thinking": False},
            **self._extra,
        }
        if call.seed is not None:
            body["seed"] = call.seed
        if call.tools:
            body["tools"] = [dict(tool) for tool in call.tools]
            body["tool_choice"] = call.tool_choice
        if call.schema is not None and schema:
            form = {"name": "answer", "schema": dict(call.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        if "max_tokens" in self._refused:
            body["max_completion_tokens"] = body["max_tokens"]
        return {name: value for name, value in body.items() if name not in self._refused}


def refused(error: ModelError) -> bool:
    """Tell whether somebody is there who only does not do what was asked."""
    cause = error.__cause__
    return isinstance(cause, openai.APIStatusError) and cause.status_code not in LATER


def _local(url: str) -> bool:
    return (urlsplit(url).hostname or "") in ("127.0.0.1", "localhost", "::1")


def _shown(url: str) -> str:
    """Return an address without a password that it may hold."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
