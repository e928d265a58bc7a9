"""One small shop for all tests of the agent: opened once; those that change it open one of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.assistant import Assistant
from agent.embedded.needs import Needs, NeedsReader
from agent.embedded.reading import Reading, read
from agent.embedded.vocabulary import Vocabulary
from core.settings import Settings
from core.shop import load_shop
from retrieval.catalogue import Catalogue
from retrieval.loading import read_catalogue
from tests import shops
from tests.agent.gadgets import gadgets

WORDS = frozenset("the something plain weather horse".split())
"""Words that the tests' reader takes for words, and hence never for typos."""


@pytest.fixture(scope="session")
def gadget_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return read_catalogue(load_shop(gadgets(tmp_path_factory.mktemp("gadgets") / "shop")))[0]


@pytest.fixture(scope="session")
def vocabulary(gadget_catalogue: Catalogue) -> Vocabulary:
    return Vocabulary(gadget_catalogue)


@pytest.fixture(scope="session")
def film_vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    return Vocabulary(read_catalogue(load_shop(shops.films(tmp_path_factory.mktemp("films") / "shop")))[0])


def reading_of(message: str, vocabulary: Vocabulary) -> Reading:
    return read(message, vocabulary.lexicon, WORDS.__contains__)


def needs_of(message: str, vocabulary: Vocabulary, category: str | None = None, asked: str | None = None) -> Needs:
    return NeedsReader(reading_of(message, vocabulary), vocabulary, category, asked).needs()


@pytest.fixture(scope="session")
def open_shop(data_folder: Callable[[Path], Path]) -> Iterator[Callable[..., Assistant]]:
    """Return a function that opens a shop folder over a data folder with the shared encoder."""
    opened: list[Assistant] = []

    def run(folder: Path, data: Path, **options: Any) -> Assistant:
        opened.append(Assistant.open(Settings(shop=folder, data_dir=data_folder(data), watch=False, **options)))
        return opened[-1]

    yield run
    for assistant in opened:
        assistant.close()


@pytest.fixture(scope="session")
def assistant(open_shop: Callable[..., Assistant], tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """Return an assistant over the gadgets that all tests share: each takes sessions and users of its own."""
    base = tmp_path_factory.mktemp("assistant")
    return open_shop(gadgets(base / "shop"), base / "data")
