"""The LLM at index time: fuller descriptions, what items are good for, digests of reviews; resumable, one call an item.

What is written goes into a journal line by line, and into ``retrieval.generated.FILE`` in one step when the run ends,
also by Ctrl-C. A run that was killed leaves its journal, and the next one goes on from there.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from agent.llm.breaker import Breaker
from agent.llm.client import Limits, ModelClient
from agent.llm.salvage import json_in
from agent.llm.wire import ModelCall
from core.errors import (
    ModelBadOutput,
    ModelError,
    ModelOverloaded,
    ModelTimeout,
    ModelUnavailable,
    SettingsError,
    WrongModel,
)
from core.ports import Progress
from core.settings import Settings
from core.shop import Shop, load_shop
from prompts.templates import FOLDER, known, standard
from retrieval.catalogue import Catalogue
from retrieval.generated import (
    FILE,
    LONGEST,
    MOST_ASPECTS,
    Aspect,
    Generated,
    by_item,
    digest_of,
    plain,
    read_generated,
    reviews_digest,
)
from retrieval.loading import read_catalogue, read_reviews
from retrieval.records import Review

logger = logging.getLogger(__name__)

JOURNAL = "generated/items.part.jsonl"
AT_ONCE = 8
"""Items asked for at the same time."""
MOST_REVIEWS = 12
TOKENS = 700
LIMITS = Limits(first_token=60.0, stall=30.0, call=120.0)
PAUSES: tuple[float, ...] = (1.0, 5.0, 20.0)
"""Seconds before another try of an item whose server failed."""
MOST_IN_A_ROW = 2 * AT_ONCE
"""Items that a server may fail on without one success between, until it counts as gone."""


@dataclass
class Outcome:
    """What a run did."""

    path: Path
    written: int = 0
    kept: int = 0
    """Items whose text was there already."""
    failed: list[str] = field(default_factory=list)
    """Ids of items that no valid text came for; the next run asks for them again."""


@dataclass(frozen=True)
class _Source:
    """An item as the model is to read it."""

    id: str
    text: str
    """In all languages: what the record is valid for."""
    told: str
    reviews: tuple[Review, ...]

    def fits(self, record: Generated | None, model: str, prompt: str) -> bool:
        """Tell whether a record needs no writing anew."""
        return record is not None and (record.text, record.reviewed, record.model, record.prompt) == (
            digest_of([self.text]), reviews_digest(self.reviews), model, prompt
        )  # fmt: skip


class _Patient(Breaker):
    """Never opens: nobody waits here, and the run counts the failures itself."""

    def failed(self) -> None:
        """Count nothing."""


def enrich(settings: Settings, progress: Progress | None = None) -> Outcome:
    """Write what is missing of the generated texts of ``settings.shop``, with the server at ``settings.llm``.

    Raises:
        ShopError: the shop's files cannot be used.
        SettingsError: ``llm`` is no address, the file cannot be written, or another run writes it.
        ModelError: the server cannot be used, or is gone; what was written until then stays.
    """
    if not settings.llm.startswith(("http://", "https://")):
        raise SettingsError("enrich needs a generative model: --llm http://…/v1, or --llm vllm (docs/llm.md)")
    shop = load_shop(settings.shop)
    catalogue, _ = read_catalogue(shop, progress)
    reviews, _ = read_reviews(shop, catalogue, progress)
    key = settings.llm_key.get_secret_value() if settings.llm_key is not None else ""
    client = ModelClient(settings.llm, model=settings.llm_model, key=key, limits=LIMITS)
    client.breaker = _Patient()
    with _journal(shop.root) as journal:
        run = _Run(client, shop, list(_sources(shop, catalogue, reviews)), progress)
        try:
            try:
                asyncio.run(run.all(journal))
            finally:
                run.settle()
        except OSError as error:
            raise SettingsError(f"cannot write below {shop.root}: {error}; what was written stays") from error
    return run.outcome


class _Run:
    """One run over a shop's items."""

    def __init__(
        self, client: ModelClient, shop: Shop, sources: Sequence[_Source], progress: Progress | None
    ) -> None:  # fmt: skip
        """Read what earlier runs wrote."""
        self._client, self._shop, self._sources, self._progress = client, shop, sources, progress
        self._records = read_generated(shop.root / FILE) | read_generated(shop.root / JOURNAL)
        self._prompt = _prompt_digest(shop.language)
        self._in_a_row = 0
        self._gone: ModelError | None = None
        self.outcome = Outcome(shop.root / FILE)

    async def all(self, journal: IO[bytes]) -> None:
        """Ask for every item that has no valid record.

        Raises:
            ModelError: the server cannot be used.
        """
        try:
            model = (await self._client.probe()).model
            todo = [one for one in self._sources if not one.fits(self._records.get(one.id), model, self._prompt)]
            self.outcome.kept = len(self._sources) - len(todo)
            self._tell(len(todo))
            queue = iter(todo)
            await asyncio.gather(*(self._work(queue, model, journal, len(todo)) for _ in range(AT_ONCE)))
        finally:
            await self._client.close()
        if self._gone is not None:
            raise ModelUnavailable(f"{self._gone}. What was written stays; the same command goes on") from self._gone

    def settle(self) -> None:
        """Put what is valid into the file in one step, and delete the journal."""
        valid = [self._records.get(one.id) for one in self._sources]
        texts = [digest_of([one.text]) for one in self._sources]
        path = self._shop.root / FILE
        content = b"".join(
            record.line()
            for record, text in zip(valid, texts, strict=True)
            if record is not None and record.text == text
        )
        if content != (path.read_bytes() if path.exists() else b""):
            draft = path.with_name(f"{path.name}.draft")  # one writer: the journal is locked
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        (self._shop.root / JOURNAL).unlink(missing_ok=True)

    async def _work(self, queue: Iterator[_Source], model: str, journal: IO[bytes], total: int) -> None:
        """Take items off the queue until it is empty or the server is gone."""
        while self._gone is None and (source := next(queue, None)) is not None:
            try:
                description, good_for, aspects = await self._written(source)
            except ModelError as error:
                self._failed(source, error)
            else:
                record = Generated(
                    source.id, digest_of([source.text]), reviews_digest(source.reviews), self._prompt, model,
                    description, good_for, aspects,
                )  # fmt: skip
                journal.write(record.line())
                journal.flush()
                self._records[source.id] = record
                self._in_a_row = 0
                self.outcome.written += 1
            self._tell(total)

    def _failed(self, source: _Source, error: ModelError) -> None:
        logger.info("nothing was written of item %s: %s", source.id, error)
        self.outcome.failed.append(source.id)
        down = isinstance(error, ModelUnavailable | ModelOverloaded | ModelTimeout)
        self._in_a_row = self._in_a_row + 1 if down else 0
        if isinstance(error, WrongModel) or self._in_a_row >= MOST_IN_A_ROW:
            self._gone = error

    async def _written(self, source: _Source) -> tuple[str, str, tuple[Aspect, ...]]:
        """Ask for one item; a server that fails is asked again.

        Raises:
            ModelError: it fails still, or the answer is not what was asked for.
        """
        shown = source.reviews[:MOST_REVIEWS]
        prompt = standard().render(
            "enrich", self._shop.language, answer_in=self._shop.language, text=source.told,
            reviews=[review.text for review in shown], most=MOST_ASPECTS,
        )  # fmt: skip
        asked = ModelCall(({"role": "user", "content": prompt},), schema=_schema(len(shown)), max_tokens=TOKENS)
        for pause in PAUSES:
            try:
                return _read((await self._client.complete(asked)).text, shown)
            except (ModelUnavailable, ModelOverloaded):
                if self._gone is not None:
                    raise
                await asyncio.sleep(pause)
        return _read((await self._client.complete(asked)).text, shown)

    def _tell(self, total: int) -> None:
        if self._progress and total:
            self._progress("describing items", self.outcome.written + len(self.outcome.failed), total)


def _sources(shop: Shop, catalogue: Catalogue, reviews: Sequence[Review]) -> Iterator[_Source]:
    grouped = by_item(reviews)
    for row, item_id in enumerate(catalogue.ids):
        told = catalogue.texts(row, (shop.language,))
        yield _Source(item_id, catalogue.texts(row), told, tuple(grouped.get(item_id, ())))


def _prompt_digest(language: str) -> str:
    """Return what names the prompt's version: it changes with its words and with what is asked for."""
    text = (FOLDER / f"enrich.{known(language)}.md.j2").read_text(encoding="utf-8")
    return digest_of([text, json.dumps(_schema(1), sort_keys=True), str(MOST_REVIEWS)])


def _schema(reviews: int) -> Mapping[str, Any]:
    """Return the schema of an answer about an item with so many reviews."""

    def text(kind: str) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": LONGEST[kind]}

    properties: dict[str, Any] = {"description": text("description"), "good_for": text("good_for")}
    if reviews:
        number = {"type": "integer", "minimum": 0, "maximum": reviews - 1}
        numbers = {"type": "array", "items": number, "minItems": 1, "maxItems": reviews}
        one = {"aspect": text("aspect"), "praised": {"type": "boolean"}, "reviews": numbers}
        aspect = {"type": "object", "properties": one, "required": list(one), "additionalProperties": False}
        properties["aspects"] = {"type": "array", "items": aspect, "maxItems": MOST_ASPECTS}
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _read(text: str, reviews: Sequence[Review]) -> tuple[str, str, tuple[Aspect, ...]]:
    """Check an answer.

    Raises:
        ModelBadOutput: it is not what was asked for.
    """
    value = json_in(text)
    if not isinstance(value, dict):
        raise ModelBadOutput("the answer is no object")
    texts = [value.get(name) for name in ("description", "good_for")]
    if not all(isinstance(each, str) and each.strip() for each in texts):
        raise ModelBadOutput("the answer lacks a text")
    listed = value.get("aspects", [])
    if not isinstance(listed, list):
        raise ModelBadOutput("the aspects are no list")
    found = [aspect for one in listed[:MOST_ASPECTS] if (aspect := _aspect(one, reviews)) is not None]
    return plain(str(texts[0]), "description"), plain(str(texts[1]), "good_for"), tuple(found)


def _aspect(value: Any, reviews: Sequence[Review]) -> Aspect | None:
    """Return an aspect with the ids of its reviews; None when it names none that the model was given."""
    if not isinstance(value, dict) or not isinstance(value.get("aspect"), str):
        return None
    praised, numbers = value.get("praised"), value.get("reviews")
    if not isinstance(praised, bool) or not isinstance(numbers, list):
        return None
    ids = dict.fromkeys(reviews[at].id for at in numbers if type(at) is int and 0 <= at < len(reviews))
    name = plain(value["aspect"], "aspect")
    return Aspect(name, praised, tuple(ids)) if ids and name else None


@contextmanager
def _journal(root: Path) -> Iterator[IO[bytes]]:
    """Open the journal for one writer; a line that a kill cut is ended first.

    Raises:
        SettingsError: it cannot be written, or another run holds it.
    """
    path = root / JOURNAL
    try:
        path.parent.mkdir(exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror}; make the shop's folder writable") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"another run writes {path}; wait for its end, or stop it") from None
        if file.tell() and not path.read_bytes().endswith(b"\n"):
            file.write(b"\n")
            file.flush()
        yield file
