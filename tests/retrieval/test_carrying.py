"""Tastes from another shop."""

import logging

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.entities import EventKind, Interaction, ItemId, Query, UserId
from retrieval.carrying import PROFILES, Carrier, write_profiles
from retrieval.ease import Ease
from retrieval.histories import Event

SIZE, WIDTH = 60, 8


def test_a_vector_of_texts_leads_to_what_users_of_such_items_take():
    draw = np.random.default_rng(1)
    camps = np.arange(SIZE) % 2
    vectors = draw.normal(0.0, 0.1, (SIZE, WIDTH)).astype(np.float32)
    vectors[np.arange(SIZE), camps] += 1.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    users = np.zeros((80, SIZE), dtype=np.float32)
    for user in range(80):
        users[user, draw.choice(np.flatnonzero(camps == user % 2), 8, replace=False)] = 1.0
    carrier = Carrier.fit(Ease.fit(csr_matrix(users), 20.0), users.sum(axis=0), vectors)
    told = np.zeros((1, WIDTH), dtype=np.float32)
    told[0, 0] = 1.0
    found = carrier.tastes(told)[0]
    assert found[camps == 0].min() > found[camps == 1].max()


def _written(opened, folder, **changes):
    """Let a user elsewhere like hoses, and give that to the garden shop as it is on disk."""
    shop = opened()
    hoses = [row for row in range(len(shop.catalogue)) if shop.catalogue.item_at(row).category[-1] == "Watering"]
    events = {"ann": [Event(row, EventKind.LIKE, 1.0, 0.0) for row in hoses], "bob": []}
    encoder = changes.get("encoder", shop.embedder.name)
    assert write_profiles(folder / PROFILES, events, shop.serving.vectors, encoder) == 1
    return opened()


def _kinds(shop, user):
    return [each.item.category[-1] for each in shop.recommend(Query(user_id=UserId(user), limit=6)).items]


def test_a_new_user_whose_taste_elsewhere_is_known_is_shown_the_like(opened, tmp_path):
    shop = _written(opened, tmp_path / "shop")
    # "carried" alone decides nothing where nothing was learned; the garden's tastes are few.
    scores = shop.source_scores(Query(user_id=UserId("ann")))[1]
    assert "carried" in scores
    assert "carried" not in shop.source_scores(Query(user_id=UserId("bob")))[1]
    assert "carried" not in shop.source_scores(Query(user_id=UserId("ann"), personal=False))[1]
    assert _kinds(shop, "ann").count("Watering") >= _kinds(shop, "bob").count("Watering")


def test_who_asks_to_be_forgotten_is_forgotten_here_too(opened, tmp_path):
    shop = _written(opened, tmp_path / "shop")
    shop.record([Interaction(UserId("ann"), ItemId("g0"), EventKind.VIEW)])
    shop.forget(UserId("ann"))
    assert "carried" not in shop.source_scores(Query(user_id=UserId("ann")))[1]
    assert "carried" not in opened().source_scores(Query(user_id=UserId("ann")))[1]


def test_no_id_stands_in_the_file(opened, tmp_path):
    _written(opened, tmp_path / "shop")
    with np.load(tmp_path / "shop" / PROFILES, allow_pickle=False) as content:
        assert "ann" not in content["users"].tolist()
        assert content["profiles"].shape[0] == 1
    assert (tmp_path / "shop" / PROFILES).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("wrong", ["encoder", "damaged"])
def test_what_cannot_be_used_is_left_out_with_a_word(opened, tmp_path, caplog, wrong):
    with caplog.at_level(logging.WARNING):
        if wrong == "encoder":
            shop = _written(opened, tmp_path / "shop", encoder="another")
        else:
            opened()
            (tmp_path / "shop" / PROFILES).write_bytes(b"no archive")
            shop = opened()
    assert "no tastes are taken over" in caplog.text
    assert shop.recommend(Query(user_id=UserId("ann"))).items
