"""The index: atomic, fingerprinted, reusing what has not changed; live changes."""

import threading
from pathlib import Path

import pytest

from core.entities import Constraint, ItemId, Op, Query, UserId
from core.errors import IndexMismatch, IndexMissing, ShopError
from core.settings import Settings
from retrieval import index
from tests.retrieval.garden import items, write_garden


class Counting:
    """An encoder that counts the texts it embeds."""

    def __init__(self, inner, name="counting"):
        self.inner, self.name, self.dimensions, self.texts = inner, name, inner.dimensions, 0

    def embed(self, texts):
        self.texts += len(texts)
        return self.inner.embed(texts)


def build(tmp_path: Path, **options):
    return index.build(tmp_path / "shop", tmp_path / "data", Settings(), **options)


def root(tmp_path: Path) -> Path:
    return next((tmp_path / "data" / "indexes").iterdir())


def answers(recommender):
    query = Query(text="quiet mower", user_id=UserId("u1"), limit=5)
    return [(each.item.id, each.score) for each in recommender.recommend(query).items]


def test_unchanged_input_builds_nothing_and_changed_items_alone_are_embedded(tmp_path, encoder):
    write_garden(tmp_path / "shop")
    counting = Counting(encoder)
    first = build(tmp_path, embedder=counting)
    assert counting.texts == 48
    assert build(tmp_path, embedder=counting) == first
    rows = items()
    rows[3]["description"] = "It was rewritten altogether."
    rows[4]["price"] = 1
    write_garden(tmp_path / "shop", [*rows[:10], *rows[11:], {**rows[0], "id": "fresh", "title": "Brand new spade"}])
    second = build(tmp_path, embedder=counting)
    assert second != first
    assert counting.texts == 50
    opened = index.open(tmp_path / "shop", tmp_path / "data", Settings(), embedder=counting)
    assert opened.catalogue.has("fresh")
    assert not opened.catalogue.has("g10")
    assert opened.serving.dense.count() == 48
    assert opened.serving.dense.vectors(["fresh"])[0] == pytest.approx(opened.serving.vectors[47], abs=1e-5)


def test_two_builds_answer_the_same(tmp_path, opened):
    first = answers(opened())
    build(tmp_path, embedder=opened().embedder, force=True)
    assert answers(opened()) == first


def test_a_crash_in_the_middle_leaves_the_old_index_serving(tmp_path, opened, encoder):
    serving = opened()
    before = answers(serving)
    write_garden(tmp_path / "shop", items()[:44])

    def crash(stage, done, total):
        if stage == "storing vectors":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, embedder=encoder, progress=crash)
    assert answers(serving) == before
    assert len(opened(rebuild=False).catalogue) == 48
    assert serving.refresh()
    assert len(serving.catalogue) == 44
    assert not list(root(tmp_path).glob(f"{index.DRAFT}*"))


def test_a_half_written_or_damaged_index_is_ignored_and_cleaned(tmp_path, opened):
    before = answers(opened())
    half = root(tmp_path) / f"{index.DRAFT}dead"
    half.mkdir()
    (root(tmp_path) / index.CURRENT).write_text("gone")
    assert answers(opened()) == before
    assert not half.exists()
    current = root(tmp_path) / (root(tmp_path) / index.CURRENT).read_text()
    (current / "vectors.npy").write_bytes(b"no array")
    assert answers(opened()) == before


@pytest.mark.parametrize("piece", ["history/rows.npy", "lexical/indptr.csc.index.npy", "reviews/data.npy"])
def test_an_index_with_an_empty_file_is_made_anew(tmp_path, opened, piece):
    before = answers(opened())
    current = root(tmp_path) / (root(tmp_path) / index.CURRENT).read_text()
    (current / piece).write_bytes(b"")
    assert answers(opened()) == before


def test_refuses_another_encoder_only_when_it_may_not_rebuild(tmp_path, opened, encoder):
    with pytest.raises(IndexMissing, match=r"launch\.py index"):
        opened(rebuild=False)
    opened()
    with pytest.raises(IndexMismatch, match=r"launch\.py index"):
        opened(rebuild=False, embedder=Counting(encoder, "other"))
    assert opened(embedder=Counting(encoder, "other")).recommend(Query(text="mower")).items


def test_a_broken_shop_file_leaves_the_old_index_serving(tmp_path, opened):
    serving = opened()
    before = answers(serving)
    (tmp_path / "shop" / "items.csv").write_text("nothing,of,use\n1,2,3\n")
    with pytest.raises(ShopError):
        serving.refresh()
    assert answers(serving) == before


def test_refresh_takes_over_changes_and_keeps_what_was_recorded(tmp_path, opened):
    from core.entities import EventKind, Interaction

    serving = opened()
    assert not serving.refresh()
    serving.record([Interaction(UserId("me"), ItemId("g5"), EventKind.LIKE, event_id="e1")])
    serving.record([Interaction(UserId("me"), ItemId("g5"), EventKind.LIKE, event_id="e1")])
    version = serving.version
    rows = items()
    rows[5]["price"] = 3
    write_garden(tmp_path / "shop", rows)
    assert serving.refresh()
    assert serving.version != version
    assert serving.catalogue.item("g5").price == 3
    assert serving.user_items(UserId("me")) == {"g5": (EventKind.LIKE,)}


def test_live_price_and_stock_count_at_once(opened):
    serving = opened()
    cheap = Query(constraints=(Constraint("c", "price", Op.LT, 10),))
    assert not serving.recommend(cheap).items
    serving.catalogue.patch("g4", {"price": 5.0, "stock": 2})
    ranking = serving.recommend(cheap)
    assert [(each.item.id, each.item.price) for each in ranking.items] == [("g4", 5.0)]
    serving.catalogue.patch("g4", {"stock": 0})
    assert not serving.recommend(cheap).items


def test_live_changes_outlast_a_refresh_unless_the_files_say_something_newer(opened, tmp_path):
    serving = opened()
    rows = items()
    serving.catalogue.patch("g4", {"price": 5.0, "stock": 2})
    serving.catalogue.patch("g4", {"price": 6.0})
    serving.catalogue.patch("g5", {"price": 1.0})
    rows[5]["price"] = 3
    rows[7]["title"] = "Renamed"
    write_garden(tmp_path / "shop", rows)
    assert serving.refresh()
    assert (serving.catalogue.item("g4").price, serving.catalogue.item("g4").stock) == (6.0, 2)
    assert serving.catalogue.item("g5").price == 3


def test_builders_wait_for_each_other(tmp_path, encoder):
    write_garden(tmp_path / "shop")
    folders = []
    threads = [
        threading.Thread(target=lambda: folders.append(build(tmp_path, embedder=encoder))) for _ in range(3)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 1
    assert len(folders) == 3


def test_many_threads_get_the_same_answers(garden):
    queries = [Query(text=text, user_id=UserId(f"u{n}")) for n in range(4) for text in ("mower", "hose", "")]
    alone = [[each.item.id for each in garden.recommend(query).items] for query in queries]
    found: dict[int, list] = {}

    def work(number):
        found[number] = [[each.item.id for each in garden.recommend(query).items] for query in queries]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[number] == alone for number in range(4))


def test_a_shop_of_one_item_and_nothing_else_works(tmp_path, encoder):
    from tests.shops import write_shop

    folder = write_shop(tmp_path / "shop", {"name": "One"}, [{"id": "1", "title": "A lamp"}])
    opened = index.open(folder, tmp_path / "data", Settings(), embedder=encoder)
    ranking = opened.recommend(Query(text="lamp", user_id=UserId("x")))
    assert [each.item.id for each in ranking.items] == ["1"]
    assert opened.reviews(ItemId("1"), "x") == []
    assert opened.related(ItemId("1")) == []
