"""The one way to a served model: streaming, one retry, time limits, circuit breaker.

Whatever the server does, a call either yields events that end with :class:`~agent.llm.wire.Finished`, or raises one of
the :class:`~core.errors.ModelError` kinds within its limit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from agent.llm.wire import Completion, ModelCall, ModelEvent


class ModelClient:
    """Talks to one OpenAI-compatible server; safe for concurrent calls on one event loop."""

    model: str
    """The name under which the server serves the model."""

    async def stream(self, call: ModelCall) -> AsyncIterator[ModelEvent]:
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
        raise NotImplementedError
        yield  # makes this an asynchronous generator

    async def complete(self, call: ModelCall) -> Completion:
        """Return the whole answer. Raises like :meth:`stream`."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close the connections."""
