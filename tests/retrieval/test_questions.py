"""Questions about list facets: an answer names one of the values that an item lists."""

from __future__ import annotations

import numpy as np
import pytest

from core.entities import Op
from core.shop import load_shop
from retrieval.catalogue import Catalogue
from retrieval.constraints import satisfied
from retrieval.loading import read_catalogue
from retrieval.questions import questions
from tests import shops


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return read_catalogue(load_shop(shops.films(tmp_path_factory.mktemp("films") / "shop")))[0]


def test_a_list_is_asked_about_with_counts_of_what_each_answer_leaves(films: Catalogue) -> None:
    rows = np.arange(len(films))
    others = [name for name in films.facets if name != "genre"]
    (question,) = questions(films, rows, np.zeros(len(rows)), others)
    assert question.field == "genre"
    assert len(question.options) >= 2
    for option in question.options:
        assert option.constraint is not None
        assert option.constraint.op is Op.CONTAINS
        assert option.count == int(satisfied(films, option.constraint).sum())


def test_what_all_list_is_not_asked(films: Catalogue) -> None:
    (question,) = questions(
        films, np.arange(len(films)), np.zeros(len(films)), [n for n in films.facets if n != "genre"]
    )
    option = question.options[0].constraint
    assert option is not None
    rows = np.flatnonzero(satisfied(films, option))
    again = questions(films, rows, np.zeros(len(rows)), [name for name in films.facets if name != "genre"])
    assert all(each.gain < question.gain for each in again)
