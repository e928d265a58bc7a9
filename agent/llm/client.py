"""The one way to a served model: streaming, one retry, time limits, circuit breaker.

Whatever the server does, a call either yields events that end with :class:`~agent.llm.wire.Finished`, or raises one of
the :class:`~core.errors.ModelError` kinds within its limit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from agent.llm.breaker import Breaker
from agent.llm.faults import retry_after
from agent.llm.meter import Meter, ModelReport
from agent.llm.plan import planned
from agent.llm.plan import read as read_plan
from agent.llm.probe import Capabilities, probe
from agent.llm.reading import Reading
from agent.llm.transport import Transport
from agent.llm.wire import CalledTool, Completion, Finished, ModelCall, ModelEvent, TextDelta, ToolCalls
from core.errors import ModelBadOutput, ModelError, ModelOverloaded, ModelTimeout, ModelUnavailable

LONGEST_PAUSE = 1.0
"""Seconds that a retry waits at most, whatever the server asks for."""
SHORTEST_TRY = 1.0
"""Seconds that must be left of the limit for a retry to make sense."""
LOOK = 2.0
"""Seconds that a server under suspicion has to list its models before a real call is risked."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a call may take."""

    first_token: float = 8.0
    stall: float = 8.0
    """Between two tokens."""
    call: float = 30.0
    """The whole call, retry included, where the call itself names no limit."""


class ModelClient:
    """Talks to one OpenAI-compatible server; safe for concurrent calls, also from several event loops."""

    def __init__(
        self,
        base_url: str,
        *,
        model: str = "",
        key: str = "",
        limits: Limits | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            base_url: where the API is, with its ``/v1``.
            model: the name to ask for; empty: the first that the server lists.
            key: sent as a bearer token.
            limits: time limits.
            extra: more of the request's body, for servers that need it.
        """
        self.limits = limits or Limits()
        self.breaker = Breaker()
        self._named = model
        self._transport = Transport(base_url, key, extra or {})
        self.meter = Meter()
        self._capabilities: Capabilities | None = None

    @property
    def model(self) -> str:
        """The name under which the server serves the model; empty until it is known."""
        return self._capabilities.model if self._capabilities else self._named

    @property
    def capabilities(self) -> Capabilities | None:
        """What the probe found; None before it."""
        return self._capabilities

    def report(self) -> ModelReport:
        """Return the counters."""
        return self.meter.report(self.model, self.breaker.state, self.breaker.openings)

    async def probe(self, limit: float = 60.0) -> Capabilities:
        """Find out what the server serves and what the model can do; a later call returns what was found.

        Raises:
            ModelError: the server cannot be used; the message says why.
        """
        if self._capabilities is None:
            self._capabilities = await probe(self._transport, self._named, limit)
        return self._capabilities

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        """Yield the answer's events; leaving the iteration early (``aclose``, cancellation) aborts the work upstream.

        A failure is retried once while nothing has been yielded. Text that was yielded stays valid when an error
        follows: the caller finishes the answer otherwise.

        Raises:
            ModelUnavailable: no connection, a refusal, a server error, a cut in mid-stream, or an open breaker.
            ModelOverloaded: 429 or 503, also after the retry.
            ModelTimeout: no first token in time, or the limit is over.
            ContextOverflow: the prompt does not fit the model's context.
            WrongModel: the server does not serve the model that is named.
            ModelBadOutput: an empty answer, endless repetition, or broken JSON where a schema was given.
        """
        began = time.monotonic()
        deadline = began + (self.limits.call if call.limit is None else call.limit)
        admitted = self.breaker.admit()
        if admitted == "refuse":
            self.meter.calls["refused"] += 1
            raise ModelUnavailable(
                f"the model's server failed lately; it is asked again in {self.breaker.retry_in():.0f} s"
            )
        settled = False
        try:
            await self._prepare(deadline, suspicious=admitted == "probe")
            async with aclosing(self._tries(call, began, deadline)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        settled = True
                        self.breaker.succeeded()
                        self.meter.finished(event)
                    yield event
        except ModelError as error:
            settled = True
            self.meter.calls[error.code] += 1
            if error.code == "context_overflow":
                self.breaker.succeeded()  # the server is well; the prompt was too long
            else:
                self.breaker.failed()
            raise
        finally:
            if not settled:
                self.meter.calls["left"] += 1
                self.breaker.left(probe=admitted == "probe")

    async def complete(self, call: ModelCall) -> Completion:
        """Return the whole answer. Raises like :meth:`stream`."""
        text: list[str] = []
        calls: tuple[CalledTool, ...] = ()
        finished = Finished()
        async with aclosing(self.stream(call)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    text.append(event.text)
                elif isinstance(event, ToolCalls):
                    calls = event.calls
                else:
                    finished = event
        return Completion("".join(text), calls, finished)

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        await self._transport.close()

    async def _prepare(self, deadline: float, *, suspicious: bool) -> None:
        left = deadline - time.monotonic()
        if suspicious:
            await self._transport.look(min(LOOK, left))
        if self._capabilities is None:
            await self.probe(max(0.1, min(left, self.limits.first_token)))

    async def _tries(self, call: ModelCall, began: float, deadline: float) -> AsyncGenerator[ModelEvent, None]:
        """Yield the events of the first try that works: at most two."""
        attempt, spoken, current = 1, False, call
        while True:
            try:
                async with aclosing(self._try(current, began, deadline, attempt)) as events:
                    async for event in events:
                        spoken = True
                        yield event
                return
            except ModelError as error:
                pause = min(max(0.2, retry_after(error.__cause__)), LONGEST_PAUSE)
                hopeless = isinstance(error, ModelTimeout) or not isinstance(
                    error, ModelUnavailable | ModelOverloaded | ModelBadOutput
                )
                late = deadline - time.monotonic() < pause + SHORTEST_TRY
                if spoken or attempt > 1 or hopeless or late:
                    raise
                if isinstance(error, ModelBadOutput):  # the same question would get the same answer
                    current = replace(call, seed=(call.seed or 0) + 1, temperature=max(call.temperature, 0.3))
            self.meter.retries += 1
            attempt += 1
            await asyncio.sleep(pause)

    async def _try(
        self, call: ModelCall, began: float, deadline: float, attempt: int
    ) -> AsyncGenerator[ModelEvent, None]:
        able = await self.probe()
        plan = bool(call.tools) and able.tools != "native"
        asked = planned(call) if plan else call
        plan = plan and asked.schema is not None
        reading = Reading(asked, aloud=able.aloud)
        first = [0.0]
        pieces: list[str] = []
        async with aclosing(self._events(asked, reading, deadline, began, first)) as events:
            async for event in events:
                if isinstance(event, TextDelta) and plan:
                    pieces.append(event.text)
                    continue
                if isinstance(event, ToolCalls):
                    self.meter.called(event)
                yield event
        if plan:
            calls, answer = read_plan("".join(pieces))
            if calls:
                found = ToolCalls(calls, "plan")
                self.meter.called(found)
                yield found
            else:
                yield TextDelta(answer)
        seconds = time.monotonic() - began
        yield Finished(reading.usage, reading.model or able.model, reading.cut, attempt, first[0], seconds)

    async def _events(
        self, call: ModelCall, reading: Reading, deadline: float, began: float, first: list[float]
    ) -> AsyncGenerator[TextDelta | ToolCalls, None]:
        """Yield what one request brings; ``first`` takes the seconds until its first token."""
        able = await self.probe()
        chunks = self._transport.chat(able.model, call, schema=able.schema)
        async with aclosing(chunks):
            patience = self.limits.first_token
            while not reading.cut:
                end = min(deadline, time.monotonic() + patience)
                chunk = await self._transport.next(chunks, end, over=reading.complete)
                if chunk is None:
                    break
                for piece in reading.take(chunk):
                    yield piece
                if reading.begun and not first[0]:
                    first[0], patience = time.monotonic() - began, self.limits.stall
        if not (reading.complete or reading.cut):
            raise ModelUnavailable("the model's server broke off in the middle of an answer")
        for event in reading.end():
            yield event
