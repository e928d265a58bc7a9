"""Every error of the project.

FloorwalkerError(code)
├ SettingsError             the operator: a setting is wrong
├ ShopError                 the shop's engineer: a shop folder is wrong; carries every problem with file, row and field
├ IndexFault               the operator: the index is missing, half-written or made for another encoder
│  ├ IndexMissing
│  └ IndexMismatch
├ EncoderError              the operator: the text encoder's files are missing or not the ones expected
├ StorageError              the operator: the data folder cannot be used
├ PromptError               the developer: a prompt lacks a variable
├ RequestError              the caller: a request is wrong (status 400 unless it says otherwise)
│  └ ItemNotFound           the caller: no such item
├ ToolError                 the model
│  ├ ToolRetry              it can mend its call; the message says how
│  └ ToolFailed             it cannot; tell the user
├ ServiceError              the customer: identity, policy or back end refuses
├ BackendUnavailable        the operator: the shop's own order system does not answer, or not as it should
└ ModelError                the LLM: the embedded model finishes the turn
   ├ ModelUnavailable       its server does not answer, refuses, or breaks off
   ├ ModelOverloaded        its server has too much to do
   ├ ModelTimeout           too slow
   ├ ModelBadOutput         an answer that cannot be used: empty, endless, broken JSON
   ├ ContextOverflow        the prompt does not fit
   └ WrongModel             the operator: the server does not serve the model that is named
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class FloorwalkerError(Exception):
    """The root. ``code`` is stable and machine-readable; the message is for people and says what to do."""

    code = "floorwalker_error"


class SettingsError(FloorwalkerError):
    """A setting is wrong."""

    code = "bad_setting"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in a shop folder."""

    file: str
    message: str
    row: int | None = None
    """The line's number as an editor shows it (the header is line 1)."""
    field: str | None = None
    fatal: bool = True
    """False for what is skipped and counted."""

    def __str__(self) -> str:
        """Return ``file:row: field: message``."""
        place = self.file if self.row is None else f"{self.file}:{self.row}"
        return f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"


class ShopError(FloorwalkerError):
    """A shop folder cannot be used."""

    code = "bad_shop"

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems; the message lists the first twenty."""
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems[:20]]
        if len(self.problems) > 20:
            lines.append(f"... and {len(self.problems) - 20} more")
        super().__init__("\n".join(lines))


class IndexFault(FloorwalkerError):
    """The index cannot be served."""

    code = "bad_index"


class IndexMissing(IndexFault):
    """There is no complete index."""

    code = "index_missing"


class IndexMismatch(IndexFault):
    """The index was made with another encoder or format."""

    code = "index_mismatch"


class EncoderError(FloorwalkerError):
    """The text encoder cannot be loaded."""

    code = "bad_encoder"


class StorageError(FloorwalkerError):
    """The data folder cannot be used."""

    code = "bad_storage"


class PromptError(FloorwalkerError):
    """A prompt or wording lacks a variable."""

    code = "bad_prompt"


class RequestError(FloorwalkerError):
    """A request is wrong; ``param`` names the part."""

    code = "bad_request"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        """Say what is wrong and where."""
        super().__init__(message)
        self.param = param
        self.status = status
        if code:
            self.code = code


class ItemNotFound(RequestError):
    """No such item in the catalogue."""

    code = "item_not_found"

    def __init__(self, item_id: str) -> None:
        """Name the item."""
        super().__init__(f"there is no item {item_id!r} in this shop", param="item_id", status=404)


class ToolError(FloorwalkerError):
    """A tool call went wrong."""

    code = "tool_error"


class ToolRetry(ToolError):
    """The model can mend its call."""

    code = "tool_retry"


class ToolFailed(ToolError):
    """The tool cannot do it."""

    code = "tool_failed"


class ServiceError(FloorwalkerError):
    """The service desk refuses."""

    code = "service_refused"

    def __init__(self, message: str, *, code: str | None = None, data: Mapping[str, Any] | None = None) -> None:
        """Say what is refused and why; ``code`` names the rule, ``data`` holds the values that its wording needs."""
        super().__init__(message)
        self.data = dict(data or {})
        if code:
            self.code = code


class BackendUnavailable(FloorwalkerError):
    """The shop's own order system does not answer, refuses our key, or breaks the contract (docs/backend.md)."""

    code = "backend_unavailable"

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        """Say what happened; ``unknown`` when a write may have been carried out all the same."""
        super().__init__(message)
        self.unknown = unknown


class ModelError(FloorwalkerError):
    """The LLM failed."""

    code = "model_error"


class ModelUnavailable(ModelError):
    """The LLM's server does not answer or refuses."""

    code = "model_unavailable"


class ModelOverloaded(ModelError):
    """The LLM's server has too much to do."""

    code = "model_overloaded"


class ModelTimeout(ModelError):
    """The LLM took too long."""

    code = "model_timeout"


class ModelBadOutput(ModelError):
    """The LLM's answer cannot be used."""

    code = "model_bad_output"


class ContextOverflow(ModelError):
    """The prompt does not fit the model."""

    code = "context_overflow"


class WrongModel(ModelError):
    """The LLM's server does not serve the model that is named."""

    code = "wrong_model"
